#include "calibration/copies.h"

#include <string.h>

#include "calibration/fixed.h"
#include "calibration/pieces.h"

static uint32_t pair_count(uint32_t members) { return members * (members - 1) / 2; }

struct copies copies_take(struct arena *arena, uint32_t members, uint32_t labels) {
    struct copies copies = {0};
    copies.tally = PIECES(arena, copies.tally, (size_t)pair_count(members) * (2 * labels + 1));
    copies.phi = PIECES(arena, copies.phi, pair_count(members));
    copies.mass = PIECES(arena, copies.mass, members);
    copies.near = PIECES(arena, copies.near, members);
    copies.group = PIECES(arena, copies.group, members);
    copies.discounted = PIECES(arena, copies.discounted, members);
    copies.answered = PIECES(arena, copies.answered, members);
    copies.answered_as = PIECES(arena, copies.answered_as, members * labels);
    copies.used = PIECES(arena, copies.used, members);
    copies.same_mass = PIECES(arena, copies.same_mass, COPIES_WINDOW * members);
    copies.same_near = PIECES(arena, copies.same_near, COPIES_WINDOW * members);
    copies.window_mass = PIECES(arena, copies.window_mass, members);
    copies.window_near = PIECES(arena, copies.window_near, members);
    copies.window_voice = PIECES(arena, copies.window_voice, members);
    return copies;
}

/* What phi is made of: over the common questions of a pair, their number, equal answers, and the sums over labels of
 * products of how often the first (f) and the second (s) gave it. */
struct agreement {
    uint64_t common;
    uint64_t equal;
    uint64_t ff;
    uint64_t fs;
    uint64_t ss;
};

/* Cohen's kappa with the geometric mean in the denominator; 0 for what is not above chance. With at most 2^19 common
 * questions both factors of the root are below 2^39, and numerator * 4096 below 2^51. */
static uint32_t phi_of(const struct agreement *pair) {
    uint64_t n = pair->common;
    if (n * pair->equal <= pair->fs) return 0;
    uint64_t numerator = n * pair->equal - pair->fs;
    uint64_t root = fixed_root((uint128)(n * n - pair->ff) * (n * n - pair->ss));
    if (root == 0) return 0;
    return (uint32_t)(num_min_u64(FIXED_ONE, numerator * FIXED_ONE / root) * n / (n + 2));
}

static uint32_t eighth_power(uint32_t f) {
    for (int i = 0; i < 3; i++) f = f * f >> FIXED_BITS;
    return f;
}

/* ---- One window as bits ---- */

/* A pair's common questions of the window, and where they gave the same answer. */
static uint64_t same_answers(const struct copies *copies, uint32_t labels, uint32_t first, uint32_t second) {
    uint64_t same = 0;
    for (uint64_t used = copies->used[first] & copies->used[second]; used != 0; used &= used - 1) {
        uint32_t label = (uint32_t)__builtin_ctzll(used);
        same |= copies->answered_as[first * labels + label] & copies->answered_as[second * labels + label];
    }
    return same;
}

static uint32_t bits(uint64_t word) { return (uint32_t)__builtin_popcountll(word); }

static void load_window(struct copies *copies, const struct answers *answers, uint32_t start, uint32_t end) {
    memset(copies->answered, 0, answers->members * sizeof *copies->answered);
    memset(copies->answered_as, 0, answers->rows * sizeof *copies->answered_as);
    memset(copies->used, 0, answers->members * sizeof *copies->used);
    for (uint32_t question = start; question < end; question++) {
        uint64_t bit = UINT64_C(1) << (question - start);
        for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
            uint32_t row = answers->row[i];
            copies->answered[answers->row_member[row]] |= bit;
            copies->answered_as[row] |= bit;
            copies->used[answers->row_member[row]] |= UINT64_C(1) << answers->row_label[row];
        }
    }
}

/* ---- The whole log ---- */

static void tally_pair(struct copies *copies, uint32_t labels, uint32_t first, uint32_t second, uint32_t *tally) {
    uint64_t common = copies->answered[first] & copies->answered[second];
    uint32_t *by_first = tally + 1;
    uint32_t *by_second = tally + 1 + labels;
    if (common == 0) return;
    tally[0] += bits(same_answers(copies, labels, first, second));
    for (uint64_t used = copies->used[first]; used != 0; used &= used - 1) {
        uint32_t label = (uint32_t)__builtin_ctzll(used);
        by_first[label] += bits(copies->answered_as[first * labels + label] & common);
    }
    for (uint64_t used = copies->used[second]; used != 0; used &= used - 1) {
        uint32_t label = (uint32_t)__builtin_ctzll(used);
        by_second[label] += bits(copies->answered_as[second * labels + label] & common);
    }
}

static void tally_log(struct copies *copies, const struct answers *answers) {
    size_t width = 2 * (size_t)answers->labels + 1;
    memset(copies->tally, 0, pair_count(answers->members) * width * sizeof *copies->tally);
    for (uint32_t start = 0; start < answers->questions; start += COPIES_WINDOW) {
        uint32_t end = (uint32_t)num_min_u64(answers->questions, (uint64_t)start + COPIES_WINDOW);
        uint32_t *tally = copies->tally;
        load_window(copies, answers, start, end);
        for (uint32_t first = 0; first < answers->members; first++)
            for (uint32_t second = first + 1; second < answers->members; second++, tally += width)
                tally_pair(copies, answers->labels, first, second, tally);
    }
}

static struct agreement agreement_of_tally(const uint32_t *tally, uint32_t labels) {
    struct agreement pair = {.equal = tally[0]};
    for (uint32_t label = 0; label < labels; label++) {
        uint64_t f = tally[1 + label];
        uint64_t s = tally[1 + labels + label];
        pair.common += f;
        pair.ff += f * f;
        pair.fs += f * s;
        pair.ss += s * s;
    }
    return pair;
}

/* Groups are trees that point to smaller members; paths are halved on the way. */
static uint16_t group_root(uint16_t *group, uint16_t member) {
    while (group[member] != member) {
        group[member] = group[group[member]];
        member = group[member];
    }
    return member;
}

static void group_join(uint16_t *group, uint16_t first, uint16_t second) {
    first = group_root(group, first);
    second = group_root(group, second);
    if (first < second) group[second] = first;
    if (second < first) group[first] = second;
}

/* What one pair adds to both of its members; `near` begins at 1, the member itself. */
static void add_pair(uint32_t *mass, uint16_t *near, uint32_t first, uint32_t second, uint32_t phi) {
    uint32_t shared = eighth_power(phi);
    uint16_t is_near = phi >= COPIES_NEAR;
    mass[first] += shared;
    mass[second] += shared;
    near[first] = (uint16_t)(near[first] + is_near);
    near[second] = (uint16_t)(near[second] + is_near);
}

/* A member has company when it shares a question with another one; until it has, it has no mass in any sense. */
enum { ALONE = 0 };

static void reset(uint32_t *mass, uint16_t *near, uint32_t members) {
    memset(mass, 0, members * sizeof *mass);
    for (uint32_t i = 0; i < members; i++) near[i] = ALONE;
}

static void meet(uint16_t *near, uint32_t member) {
    if (near[member] == ALONE) near[member] = 1;
}

static uint32_t with_company(const uint16_t *near, uint32_t members) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < members; i++) count += near[i] != ALONE;
    return count;
}

/* Half of those with company or more agree with it nearly: then it is not copying, it is right. */
static bool is_minority(uint16_t near, uint32_t company) { return near != ALONE && 2 * (uint32_t)near <= company; }

static void judge_log(struct copies *copies, const struct answers *answers) {
    uint32_t members = answers->members;
    const uint32_t *tally = copies->tally;
    uint16_t *phi = copies->phi;
    reset(copies->mass, copies->near, members);
    for (uint32_t i = 0; i < members; i++) copies->group[i] = (uint16_t)i;
    for (uint32_t first = 0; first < members; first++)
        for (uint32_t second = first + 1; second < members; second++, tally += 2 * answers->labels + 1, phi++) {
            struct agreement pair = agreement_of_tally(tally, answers->labels);
            *phi = (uint16_t)phi_of(&pair);
            if (pair.common == 0) continue;
            meet(copies->near, first);
            meet(copies->near, second);
            add_pair(copies->mass, copies->near, first, second, *phi);
            if (*phi >= COPIES_NEAR) group_join(copies->group, (uint16_t)first, (uint16_t)second);
        }
    uint32_t company = with_company(copies->near, members);
    for (uint32_t i = 0; i < members; i++) {
        copies->group[i] = group_root(copies->group, (uint16_t)i);
        copies->discounted[i] = is_minority(copies->near[i], company);
    }
}

/* ---- One window ---- */

static struct agreement agreement_in_window(const struct copies *copies, uint32_t labels, uint32_t first,
                                            uint32_t second, uint64_t common) {
    struct agreement pair = {.common = bits(common), .equal = bits(same_answers(copies, labels, first, second))};
    uint64_t both = copies->used[first] | copies->used[second];
    for (; both != 0; both &= both - 1) {
        uint32_t label = (uint32_t)__builtin_ctzll(both);
        uint64_t f = bits(copies->answered_as[first * labels + label] & common);
        uint64_t s = bits(copies->answered_as[second * labels + label] & common);
        pair.ff += f * f;
        pair.fs += f * s;
        pair.ss += s * s;
    }
    return pair;
}

/* Gives each question its part of a pair that agrees too well: near ones are counted where both answered, mass where
 * they answered the same. */
static void spread_pair(struct copies *copies, const struct answers *answers, uint32_t first, uint32_t second,
                        uint32_t phi) {
    uint32_t members = answers->members;
    uint32_t shared = eighth_power(phi);
    uint64_t common = phi >= COPIES_NEAR ? copies->answered[first] & copies->answered[second] : 0;
    uint64_t same = shared > 0 ? same_answers(copies, answers->labels, first, second) : 0;
    for (; common != 0; common &= common - 1) {
        uint16_t *near = copies->same_near + (uint32_t)__builtin_ctzll(common) * members;
        near[first]++;
        near[second]++;
    }
    for (; same != 0; same &= same - 1) {
        uint32_t *mass = copies->same_mass + (uint32_t)__builtin_ctzll(same) * members;
        mass[first] += shared;
        mass[second] += shared;
    }
}

static void judge_window(struct copies *copies, const struct answers *answers) {
    uint32_t members = answers->members;
    const uint16_t *phi = copies->phi;
    reset(copies->window_mass, copies->window_near, members);
    memset(copies->same_mass, 0, (size_t)COPIES_WINDOW * members * sizeof *copies->same_mass);
    memset(copies->same_near, 0, (size_t)COPIES_WINDOW * members * sizeof *copies->same_near);
    for (uint32_t first = 0; first < members; first++)
        for (uint32_t second = first + 1; second < members; second++, phi++) {
            uint64_t common = copies->answered[first] & copies->answered[second];
            if (common == 0) continue;
            struct agreement pair = agreement_in_window(copies, answers->labels, first, second, common);
            uint32_t local = phi_of(&pair);
            meet(copies->window_near, first);
            meet(copies->window_near, second);
            add_pair(copies->window_mass, copies->window_near, first, second, local);
            spread_pair(copies, answers, first, second, local > *phi ? local : *phi);
        }
}

static void weigh_voices(struct copies *copies, uint32_t members) {
    uint32_t company = with_company(copies->window_near, members);
    for (uint32_t i = 0; i < members; i++) {
        uint32_t global = copies->discounted[i] ? copies->mass[i] : 0;
        uint32_t local = is_minority(copies->window_near[i], company) ? copies->window_mass[i] : 0;
        copies->window_voice[i] = (uint16_t)(FIXED_ONE * FIXED_ONE / (FIXED_ONE + (global > local ? global : local)));
    }
}

static void write_window(const struct copies *copies, const struct answers *answers, uint32_t start, uint32_t end,
                         uint32_t *ret_mass, uint16_t *ret_voice) {
    for (uint32_t question = start; question < end; question++) {
        const uint32_t *mass = copies->same_mass + (size_t)(question - start) * answers->members;
        const uint16_t *near = copies->same_near + (size_t)(question - start) * answers->members;
        for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
            uint32_t member = answers->row_member[answers->row[i]];
            bool is_majority = 2 * (1 + (uint32_t)near[member]) > answers_of(answers, question);
            ret_mass[i] = is_majority ? 0 : mass[member];
            ret_voice[i] = copies->window_voice[member];
        }
    }
}

void copies_find(struct copies *copies, const struct answers *answers, uint32_t *ret_mass, uint16_t *ret_voice) {
    tally_log(copies, answers);
    judge_log(copies, answers);
    for (uint32_t start = 0; start < answers->questions; start += COPIES_WINDOW) {
        uint32_t end = (uint32_t)num_min_u64(answers->questions, (uint64_t)start + COPIES_WINDOW);
        load_window(copies, answers, start, end);
        judge_window(copies, answers);
        weigh_voices(copies, answers->members);
        write_window(copies, answers, start, end, ret_mass, ret_voice);
    }
}
