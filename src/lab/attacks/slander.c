/* Makes an honest member look like the head of a ring: all liars say nearly what it says, at the same moment, so that
 * its residuals and its times move with theirs. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    attack_take(scene, scene->victim, report);
    attack_push(scene, (double)prng_between(dice, -50, 50) / 1000, report);
    report->offset_us = scene->offset_us[scene->victim];
}

const struct attack attack_slander = {
    .name = "slander", .text = "all shadow one honest member, to make it look colluding", .tell = tell};
