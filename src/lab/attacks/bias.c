/* Adds a constant to what it saw, always for the same hypothesis. Well inside the honest spread on each observation;
 * only the sum over many shows it. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    report->loglik[0] += (int64_t)(attack->strength * scene->spread);
}

const struct attack attack_bias_1 = {
    .name = "bias-1", .text = "what it saw, and one spread for the first hypothesis", .strength = 1, .tell = tell};
const struct attack attack_bias_half = {.name = "bias-1/2",
                                        .text = "what it saw, and half a spread for the first hypothesis",
                                        .strength = 0.5,
                                        .tell = tell};
