/* Liars that act on a signal: small lies, each at a plausible moment, but all at the same. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    attack_push(scene, attack->strength, report);
    report->offset_us = scene->coin % (scene->window_us / 2) + prng_below(dice, scene->window_us / 200);
}

const struct attack attack_timing = {.name = "timing",
                                     .text = "a quarter of a spread against the truth, all at one moment",
                                     .strength = 0.25,
                                     .tell = tell};
