/* Temper: the posterior that is reported for a belief (README.md, section 4).
 *
 * Good members err together on hard questions, so n answers are worth less than n independent ones: each is weighed by
 * 1 / (1 + rho * (answers - 1) + copy mass), with rho the measured correlation of the errors of good members that copy
 * nobody. Members worse than chance carry information as well, turned round; but it is they who would gain from being
 * believed the wrong way round, so all of them together move the log-odds by at most 3 bits. */
#ifndef CALIBRATION_TEMPER_H
#define CALIBRATION_TEMPER_H

#include "calibration/em.h"

struct temper {
    uint16_t *recall; /* [member * labels + right label], Q12 */
    uint16_t *spread; /* the same shape: the standard deviation of being right, Q12 */
    int32_t *skill;   /* [member], Q12: of the belief that came in */
    int32_t rho;      /* Q12, 0 .. 1024 */
};

struct temper temper_take(struct arena *arena, const struct answers *answers);

/* Replaces a belief by its tempered posterior, and writes the posterior without the members worse than chance. Leaves
 * skill and rho in `temper`, and uses the tables of `em`. copy_mass[answer] is Q12, at most 255 * 4096. O(entries *
 * labels). */
void temper_belief(struct temper *temper, struct em *em, const uint32_t *copy_mass, uint16_t *belief,
                   uint16_t *ret_above);

#endif
