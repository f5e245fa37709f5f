/* Says the opposite of what it saw: as plausible in size as the truth. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    for (uint32_t j = 0; j < scene->hypotheses; j++) report->loglik[j] = -report->loglik[j];
}

const struct attack attack_sign_flip = {.name = "sign-flip", .text = "the opposite of what it saw", .tell = tell};
