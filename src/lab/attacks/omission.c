/* Tells only what suits it: silent whenever its own evidence speaks for the truth. Every word of it is true. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    report->is_silent = report->loglik[scene->truth] > report->loglik[scene->rival];
}

const struct attack attack_omission = {
    .name = "omission", .text = "silent whenever its evidence speaks for the truth", .tell = tell};
