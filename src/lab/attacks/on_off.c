/* Lies for a while, then behaves until what was gathered against it has faded. */
#include "lab/attacks/attack.h"

enum { LYING = 20, RESTING = 40 };

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    if (scene->panel % (LYING + RESTING) < LYING) attack_push(scene, attack->strength, report);
}

const struct attack attack_on_off = {.name = "on-off",
                                     .text = "two spreads against the truth on 20 observations, honest on 40",
                                     .strength = 2,
                                     .tell = tell};
