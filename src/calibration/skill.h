/* Skill: how much better than chance a member is, and how many heads are (README.md, section 3).
 *
 * The skill J is Youden's index for k labels: (the sum over labels of how often the member says it when it is right,
 * less 1) / (k - 1). 1 is always right, 0 is what blind answers earn, and for two labels -1 is always wrong. */
#ifndef CALIBRATION_SKILL_H
#define CALIBRATION_SKILL_H

#include "calibration/em.h"

enum {
    SKILL_HEAD = 819,      /* Q12: a skill of 0.2 counts as one full head; more does not count more */
    SKILL_REPORTS_MIN = 8, /* a member is a head only after so many answers */
};

/* Every member's skill, Q12, from the counts of a belief; -4096 / (k - 1) for who never answered. Two pseudo-counts for
 * each label, given at the member's own rates, draw it to 0 while there are few. */
void skill_of(const struct em *em, int32_t *ret_skill);

/* Skill as part of a head, Q12, -4096 .. 4096. */
int32_t skill_head(int32_t skill);

struct heads {
    int32_t plain;    /* the mean head, Q12 */
    int32_t by_voice; /* the same, each weighed by its voice, so that copies count once */
    int64_t mass;     /* the sum of absolute heads, Q12 */
};

/* Counts heads; voice[member] is Q12. Means round down. */
struct heads skill_count(const struct answers *answers, const int32_t *skill, const uint16_t *voice);

/* Marks the less skilled half of the heads, rounded down; of two alike the smaller number goes first. O(n^2). */
void skill_low_half(const struct answers *answers, const int32_t *skill, bool *ret_low);

#endif
