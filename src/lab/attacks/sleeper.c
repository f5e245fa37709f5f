/* Honest for half of the run, to be trusted; then it betrays. */
#include "lab/attacks/attack.h"

static uint64_t begins(uint64_t panels) { return panels / 2; }

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    if (scene->panel >= begins(scene->panels)) attack_push(scene, attack->strength, report);
}

const struct attack attack_sleeper = {.name = "sleeper",
                                      .text = "honest for half of the run, then two spreads against the truth",
                                      .strength = 2,
                                      .begins = begins,
                                      .tell = tell};
