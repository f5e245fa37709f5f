/* Lies in nothing: what the same liars would have told had they been honest, for comparisons. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)scene;
    (void)liar;
    (void)dice;
    (void)report;
}

const struct attack attack_idle = {.name = "idle", .text = "liars that do not lie, for comparison", .tell = tell};
