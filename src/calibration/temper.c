#include "calibration/temper.h"

#include <string.h>

#include "calibration/pieces.h"
#include "calibration/skill.h"

enum {
    TEMPER_RHO_MAX = FIXED_ONE / 4,
    TEMPER_INVERSION_MAX = 3 * FIXED_ONE, /* Q12: bits by which members worse than chance may move the log-odds */
};

struct temper temper_take(struct arena *arena, const struct answers *answers) {
    struct temper temper = {0};
    temper.recall = PIECES(arena, temper.recall, answers->rows);
    temper.spread = PIECES(arena, temper.spread, answers->rows);
    temper.skill = PIECES(arena, temper.skill, answers->members);
    return temper;
}

static void measure_recalls(struct temper *temper, const struct em *em) {
    uint32_t labels = em->answers->labels;
    for (uint32_t member = 0; member < em->answers->members; member++) {
        const uint32_t *count = em->count + (size_t)member * labels * labels;
        for (uint32_t c = 0; c < labels; c++) {
            uint64_t right = 0;
            for (uint32_t l = 0; l < labels; l++) right += count[l * labels + c];
            uint64_t recall =
                ((uint64_t)count[c * labels + c] + FIXED_ONE) * FIXED_ONE / (right + (uint64_t)labels * FIXED_ONE);
            temper->recall[member * labels + c] = (uint16_t)recall;
            temper->spread[member * labels + c] = (uint16_t)fixed_root(recall * (FIXED_ONE - recall));
        }
    }
}

/* Sums over the pairs of good answers to a question: products of errors, and of what they would be if the errors were
 * one. Either is (a sum)^2 - a sum of squares. */
struct common {
    int64_t errors;
    int64_t spreads;
};

/* With 256 members a sum of errors is below 2^20, its square below 2^40, and over 2^19 questions below 2^59. */
static void add_common(const struct temper *temper, const struct em *em, const uint32_t *copy_mass, uint32_t question,
                       uint32_t label, struct common *common) {
    const struct answers *answers = em->answers;
    int64_t error = 0;
    int64_t error_squares = 0;
    int64_t spread = 0;
    int64_t spread_squares = 0;
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        uint32_t row = answers->row[i];
        uint32_t member = answers->row_member[row];
        if (temper->skill[member] < 0 || 4 * copy_mass[i] >= FIXED_ONE) continue;
        uint32_t expected = member * answers->labels + label;
        int64_t e = (row == expected ? FIXED_ONE : 0) - temper->recall[expected];
        int64_t s = temper->spread[expected];
        error += e;
        error_squares += e * e;
        spread += s;
        spread_squares += s * s;
    }
    common->errors += error * error - error_squares;
    common->spreads += spread * spread - spread_squares;
}

static int32_t measure_rho(const struct temper *temper, const struct em *em, const uint32_t *copy_mass,
                           const uint16_t *belief) {
    struct common common = {0};
    uint32_t labels = em->answers->labels;
    for (uint32_t question = 0; question < em->answers->questions; question++, belief += labels)
        add_common(temper, em, copy_mass, question, fixed_first_largest(belief, labels), &common);
    if (common.spreads <= 0 || common.errors <= 0) return 0;
    int128 rho = (int128)common.errors * FIXED_ONE / common.spreads;
    return rho < TEMPER_RHO_MAX ? (int32_t)rho : TEMPER_RHO_MAX;
}

static void add_answer(int64_t *score, const int32_t *evidence, int64_t weight, uint32_t labels) {
    for (uint32_t c = 0; c < labels; c++) score[c] += weight * evidence[c];
}

/* What the members above chance and those below say, apart. */
static void score_question(const struct temper *temper, const struct em *em, const uint32_t *copy_mass,
                           uint32_t question, int64_t *above, int64_t *below) {
    const struct answers *answers = em->answers;
    uint32_t labels = answers->labels;
    uint32_t others = answers_of(answers, question) - 1;
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        uint32_t row = answers->row[i];
        uint32_t weight = FIXED_ONE * FIXED_ONE / (FIXED_ONE + (uint32_t)temper->rho * others + copy_mass[i]);
        bool is_below = temper->skill[answers->row_member[row]] < 0;
        add_answer(is_below ? below : above, em->evidence + (size_t)row * labels, weight, labels);
    }
}

/* A label can fall at most 3 bits behind by what the members below chance say. */
static void join(const struct em *em, const int64_t *above, const int64_t *below, uint16_t *ret_belief,
                 uint16_t *ret_above) {
    uint32_t labels = em->answers->labels;
    int64_t score[HYPOTHESES_MAX];
    int64_t highest = below[0];
    for (uint32_t c = 1; c < labels; c++) highest = below[c] > highest ? below[c] : highest;
    int64_t lowest = highest - (int64_t)TEMPER_INVERSION_MAX * FIXED_ONE;
    for (uint32_t c = 0; c < labels; c++) score[c] = fixed_shift(above[c] + (below[c] > lowest ? below[c] : lowest));
    fixed_softmax(em->tables, score, labels, ret_belief);
    for (uint32_t c = 0; c < labels; c++) score[c] = fixed_shift(above[c]);
    fixed_softmax(em->tables, score, labels, ret_above);
}

void temper_belief(struct temper *temper, struct em *em, const uint32_t *copy_mass, uint16_t *belief,
                   uint16_t *ret_above) {
    uint32_t labels = em->answers->labels;
    int64_t prior[HYPOTHESES_MAX] = {0};
    em_count(em, belief);
    skill_of(em, temper->skill);
    measure_recalls(temper, em);
    temper->rho = measure_rho(temper, em, copy_mass, belief);
    em_weigh(em, 2, 1);
    em_prior(em, prior);
    for (uint32_t question = 0; question < em->answers->questions;
         question++, belief += labels, ret_above += labels) {
        int64_t above[HYPOTHESES_MAX] = {0};
        int64_t below[HYPOTHESES_MAX] = {0};
        memcpy(above, prior, labels * sizeof *above);
        score_question(temper, em, copy_mass, question, above, below);
        join(em, above, below, belief, ret_above);
    }
}
