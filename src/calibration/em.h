/* EM: annealed inference of labels and confusion tables (README.md, section 2).
 *
 * A belief is one share for each label of each question, Q12, that sum to 4096 (but for the vote, to which rounding
 * down may leave less). From a belief follow expected confusion counts, how often a member said l where c was right;
 * from the counts, with a Dirichlet prior that holds members to be right, follows the next belief (Dawid & Skene 1979).
 * A prior that begins strong and weakens in stages keeps the majority's story from being given up before there is
 * evidence against it: deterministic annealing. */
#ifndef CALIBRATION_EM_H
#define CALIBRATION_EM_H

#include "calibration/answers.h"
#include "calibration/fixed.h"

/* Pseudo-counts of the prior: `right` on the diagonal, `wrong` shared by the other labels; and how many rounds. */
struct em_stage {
    uint32_t right;
    uint32_t wrong;
    uint32_t rounds;
};

/* A schedule is a list of stages that ends with one of no rounds. */
extern const struct em_stage EM_HOT[], EM_END[], EM_COLD[], EM_LOW[];

struct em {
    const struct answers *answers;
    const struct fixed_tables *tables;
    uint32_t *count;                /* [row * labels + right label], Q12: below 2^31 */
    int32_t *evidence;              /* the same shape: log2 P(said | right), Q12, in -2^18 .. 0 */
    uint64_t total[HYPOTHESES_MAX]; /* Q12: the sum of beliefs by label */
};

struct em em_take(struct arena *arena, const struct answers *answers, const struct fixed_tables *tables);

/* Fills count and total from a belief. O(entries * labels), as is each of the following. */
void em_count(struct em *em, const uint16_t *belief);
/* Fills evidence from count, with a prior. */
void em_weigh(struct em *em, uint32_t right, uint32_t wrong);
/* log2 of the share of each label, Q24, up to a constant. */
void em_prior(const struct em *em, int64_t *ret_prior);

/* The share of the weighted votes that each label has; all equal where there are none. `counted` marks members, NULL
 * for all. weight[answer] is at most 4096. */
void em_vote(const struct answers *answers, const uint16_t *weight, const bool *counted, uint16_t *ret_belief);

/* Refines a belief in place by a schedule; a stage ends early when a round changes nothing. Afterwards count and total
 * are those of the belief. */
void em_run(struct em *em, const uint16_t *weight, const struct em_stage *schedule, uint16_t *belief);

#endif
