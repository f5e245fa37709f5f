/* Guesses which questions are canaries and is honest about those. A commitment shows nothing, so it can only guess: half
 * of all questions, at random. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    struct prng guess = prng_seeded(scene->question);
    (void)liar;
    (void)dice;
    if (prng_chance(&guess, 1, 2)) attack_push(scene, attack->strength, report);
}

const struct attack attack_canary = {.name = "canary-guess",
                                     .text = "two spreads against the truth, honest where it guesses a canary",
                                     .strength = 2,
                                     .canaries = 20,
                                     .tell = tell};
