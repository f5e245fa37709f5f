/* Copies an honest member after having seen its report: a free ride, and one voice that counts many times. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    attack_take(scene, scene->victim, report);
    report->sees_others = true;
}

const struct attack attack_copycat = {
    .name = "copycat", .text = "repeats an honest member's report after having seen it", .tell = tell};
