/* Speaks in the last moment, when it has seen everybody's report: the honest mean, turned over. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    for (uint32_t j = 0; j < scene->hypotheses; j++) report->loglik[j] = (int64_t)-scene->mean[j];
    report->is_late = true;
    report->sees_others = true;
}

const struct attack attack_late = {
    .name = "late", .text = "waits for all reports, then says the opposite of their mean", .tell = tell};
