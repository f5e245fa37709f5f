/* Inner-product manipulation (Xie, Koyejo & Gupta 2019): all liars tell -epsilon times the honest mean, so that the
 * mean of all turns against the truth while each lie stays small. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    for (uint32_t j = 0; j < scene->hypotheses; j++)
        report->loglik[j] = (int64_t)(-attack->strength * scene->mean[j]);
}

const struct attack attack_product_tenth = {
    .name = "product-0.1", .text = "inner product: -0.1 of the honest mean", .strength = 0.1, .tell = tell};
const struct attack attack_product_1 = {
    .name = "product-1", .text = "inner product: minus the honest mean", .strength = 1, .tell = tell};
const struct attack attack_product_5 = {
    .name = "product-5", .text = "inner product: -5 times the honest mean", .strength = 5, .tell = tell};
