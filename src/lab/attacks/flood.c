/* Sybil flood of items: the same observation again and again, and observations that nobody else saw. */
#include "lab/attacks/attack.h"

enum { MORE = 20 };

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    attack_push(scene, attack->strength, report);
    report->flood = MORE;
}

const struct attack attack_flood = {.name = "flood",
                                    .text = "two spreads against the truth, in 21 items instead of one",
                                    .strength = 2,
                                    .tell = tell};
