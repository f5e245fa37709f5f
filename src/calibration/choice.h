/* Choice: which candidate is believed, and which questions it may decide (README.md, section 3).
 *
 * A score, Q12, adds up the head count, at most one decision threshold either way, and what the
 * candidate's good members made of the canaries. A candidate that scores within one threshold of the winner is a rival, and what
 * rivals disagree on stays undecided. */
#ifndef CALIBRATION_CHOICE_H
#define CALIBRATION_CHOICE_H

#include "calibration/skill.h"

/* Canaries in the order of their questions; borrowed. */
struct canaries {
    const struct calibration_canary *list;
    uint32_t count;
};

/* Do the members below chance and the others agree on canaries more often than elsewhere, by 3 standard deviations of
 * the difference? Then those below chance knew them. O(entries). */
bool choice_leaked(const struct answers *answers, const int32_t *skill, struct canaries canaries);

/* The score of a candidate from its mean head and its posterior without members below chance. O(canaries * labels). */
int64_t choice_score(const struct fixed_tables *tables, enum calibration_rule rule, int32_t heads,
                     const uint16_t *above, uint32_t labels, struct canaries canaries);

/* Marks the candidates that are in the choice: those with at least half of the largest mass. Returns the one of them
 * with the highest score, the first of several. At least one candidate. */
uint32_t choice_winner(struct calibration_candidate *candidates, uint32_t count);

/* Is the posterior surer of canaries than it is right, by 3 standard deviations? O(canaries * labels). */
bool choice_overconfident(const uint16_t *above, uint32_t labels, struct canaries canaries);

/* Fills decided[question] from the labels of every candidate, and each candidate's `differs`. Under an alarm only what
 * 3/4 of the answers say is decided. O(entries + questions * candidates). Returns how many are decided. */
uint32_t choice_decide(const struct answers *answers, uint8_t *const *label, struct calibration_candidate *candidates,
                       uint32_t count, uint32_t winner, bool alarm, uint8_t *ret_decided);

/* By how much the winner is ahead of the best kept candidate that labels anything otherwise; INT64_MAX: of none. */
int64_t choice_margin(const struct calibration_candidate *candidates, uint32_t count, uint32_t winner);

#endif
