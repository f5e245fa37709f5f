#include "calibration/choice.h"

#include <string.h>

enum {
    CHOICE_HEADS_MAX = FIXED_ONE / 2, /* Q12: a mean head of one half is one threshold, and more is not more */
    CHOICE_HIT = FIXED_ONE / 2,       /* counted: what one right canary adds to a score */
    CHOICE_BITS = 8,                  /* weighed: so many bits are one threshold */
    CHOICE_BITS_MAX = 4 * FIXED_ONE,  /* weighed: the most that one canary can cost */
};

/* ---- Leaks ---- */

/* The first of the labels that most answers of one side give; `labels` when the side is silent. */
static uint32_t side_says(const uint32_t *votes, uint32_t labels) {
    uint32_t most = 0;
    for (uint32_t c = 1; c < labels; c++)
        if (votes[c] > votes[most]) most = c;
    return votes[most] > 0 ? most : labels;
}

/* Both sides answered, and whether they agree. */
struct meeting {
    bool met;
    bool agreed;
};

static struct meeting meet_sides(const struct answers *answers, const int32_t *skill, uint32_t question) {
    uint32_t votes[2][HYPOTHESES_MAX] = {{0}};
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        uint32_t row = answers->row[i];
        votes[skill[answers->row_member[row]] < 0][answers->row_label[row]]++;
    }
    uint32_t above = side_says(votes[0], answers->labels);
    uint32_t below = side_says(votes[1], answers->labels);
    bool met = above < answers->labels && below < answers->labels;
    return (struct meeting){met, met && above == below};
}

/* Two proportions: x is their difference times both sample sizes, and a / b the one elsewhere with a pseudo-count of
 * each kind. Counts are at most 2^19, so 4 x^2 is below 2^82. */
static bool agree_more_often(int64_t agreed, int64_t met, int64_t agreed_elsewhere, int64_t met_elsewhere) {
    int64_t a = agreed_elsewhere + 1;
    int64_t b = met_elsewhere + 2;
    int64_t x = agreed * b - met * a;
    int128 variance = 4 * (int128)met * a * (b - a) + (int128)b * b;
    return x > 0 && 4 * (int128)x * x > 9 * variance;
}

bool choice_leaked(const struct answers *answers, const int32_t *skill, struct canaries canaries) {
    int64_t met[2] = {0};
    int64_t agreed[2] = {0};
    uint32_t next = 0;
    for (uint32_t question = 0; question < answers->questions; question++) {
        bool is_canary = next < canaries.count && canaries.list[next].question == question;
        struct meeting meeting = meet_sides(answers, skill, question);
        met[is_canary] += meeting.met;
        agreed[is_canary] += meeting.agreed;
        next += is_canary;
    }
    return agree_more_often(agreed[1], met[1], agreed[0], met[0]);
}

/* ---- The winner ---- */

static const uint16_t *shares_of(const uint16_t *belief, uint32_t labels, uint32_t question) {
    return belief + (size_t)question * labels;
}

/* Bits, Q12, at most 0: the logarithm of the share of the true label. A share that rounding made 0 counts as the
 * smallest there is, and no canary costs more than a candidate may be sure of in earnest. */
static int64_t canary_bits(const struct fixed_tables *tables, const uint16_t *share, uint32_t label) {
    int64_t bits = fixed_log2(tables, share[label] > 0 ? share[label] : 1) - FIXED_BITS * FIXED_ONE;
    return bits > -CHOICE_BITS_MAX ? bits : -CHOICE_BITS_MAX;
}

static int64_t weighed(const struct fixed_tables *tables, const uint16_t *above, uint32_t labels,
                       struct canaries canaries) {
    int64_t bits = 0;
    for (uint32_t i = 0; i < canaries.count; i++)
        bits += canary_bits(tables, shares_of(above, labels, canaries.list[i].question), canaries.list[i].label);
    return fixed_divide(bits, CHOICE_BITS);
}

static int64_t counted(const uint16_t *above, uint32_t labels, struct canaries canaries) {
    int64_t hits = 0;
    for (uint32_t i = 0; i < canaries.count; i++) {
        const uint16_t *share = shares_of(above, labels, canaries.list[i].question);
        hits += fixed_first_largest(share, labels) == canaries.list[i].label;
    }
    return hits * CHOICE_HIT;
}

int64_t choice_score(const struct fixed_tables *tables, enum calibration_rule rule, int32_t heads,
                     const uint16_t *above, uint32_t labels, struct canaries canaries) {
    int64_t head = fixed_clamp(heads, -CHOICE_HEADS_MAX, CHOICE_HEADS_MAX) * FIXED_ONE / CHOICE_HEADS_MAX;
    if (rule == CALIBRATION_COUNTED) return head + counted(above, labels, canaries);
    return head + weighed(tables, above, labels, canaries);
}

uint32_t choice_winner(struct calibration_candidate *candidates, uint32_t count) {
    int64_t largest = 0;
    uint32_t winner = count;
    for (uint32_t i = 0; i < count; i++) largest = candidates[i].mass > largest ? candidates[i].mass : largest;
    for (uint32_t i = 0; i < count; i++) {
        candidates[i].kept = 2 * candidates[i].mass >= largest;
        if (!candidates[i].kept) continue;
        if (winner == count || candidates[i].score > candidates[winner].score) winner = i;
    }
    return winner;
}

int64_t choice_margin(const struct calibration_candidate *candidates, uint32_t count, uint32_t winner) {
    int64_t margin = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (!candidates[i].kept || candidates[i].differs == 0) continue;
        int64_t ahead = candidates[winner].score - candidates[i].score;
        if (ahead < margin) margin = ahead;
    }
    return margin;
}

/* ---- What is decided ---- */

bool choice_overconfident(const uint16_t *above, uint32_t labels, struct canaries canaries) {
    int64_t gap = 0;
    int64_t variance = 0;
    for (uint32_t i = 0; i < canaries.count; i++) {
        const uint16_t *share = shares_of(above, labels, canaries.list[i].question);
        uint32_t first = fixed_first_largest(share, labels);
        int64_t sure = share[first];
        gap += sure - (first == canaries.list[i].label ? FIXED_ONE : 0);
        variance += sure * (FIXED_ONE - sure);
    }
    return gap > 0 && gap * gap > 9 * FIXED_ONE * (variance / FIXED_ONE + FIXED_ONE / 4);
}

static bool has_large_majority(const struct answers *answers, uint32_t question) {
    uint32_t votes[HYPOTHESES_MAX] = {0};
    uint32_t most = 0;
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        uint32_t count = ++votes[answers->row_label[answers->row[i]]];
        if (count > most) most = count;
    }
    return 4 * most >= 3 * answers_of(answers, question);
}

static void compare_labels(const struct answers *answers, const uint8_t *label, const uint8_t *winners, bool is_rival,
                           struct calibration_candidate *candidate, uint8_t *decided) {
    candidate->differs = 0;
    for (uint32_t question = 0; question < answers->questions; question++) {
        if (label[question] == winners[question]) continue;
        candidate->differs++;
        if (is_rival) decided[question] = 0;
    }
}

uint32_t choice_decide(const struct answers *answers, uint8_t *const *label, struct calibration_candidate *candidates,
                       uint32_t count, uint32_t winner, bool alarm, uint8_t *ret_decided) {
    uint32_t decided = 0;
    for (uint32_t question = 0; question < answers->questions; question++)
        ret_decided[question] =
            answers_of(answers, question) > 0 && (!alarm || has_large_majority(answers, question));
    for (uint32_t i = 0; i < count; i++) {
        bool is_rival = candidates[i].kept && candidates[winner].score - candidates[i].score < FIXED_ONE;
        compare_labels(answers, label[i], label[winner], is_rival, &candidates[i], ret_decided);
    }
    for (uint32_t question = 0; question < answers->questions; question++) decided += ret_decided[question];
    return decided;
}
