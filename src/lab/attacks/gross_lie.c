/* Says the worst that an item can say: 50 nats against the truth. Bounded by the item limit and the cap. */
#include "base/limits.h"
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    for (uint32_t j = 0; j < scene->hypotheses; j++) report->loglik[j] = 0;
    report->loglik[scene->truth] = -ITEM_LIMIT_QUANTA / 2;
    report->loglik[scene->rival] = ITEM_LIMIT_QUANTA / 2;
}

const struct attack attack_gross_lie = {
    .name = "gross-lie", .text = "50 nats against the truth, every time", .tell = tell};
