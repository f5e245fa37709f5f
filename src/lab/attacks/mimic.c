/* Mimic (Karimireddy, He & Jaggi 2022): all liars say what one honest member says, so its noise counts many times. The
 * lie is in the number, not in the value. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    attack_take(scene, scene->victim, report);
}

const struct attack attack_mimic = {
    .name = "mimic", .text = "all say what one honest member says, at the same time as it", .tell = tell};
