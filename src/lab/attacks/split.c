/* A coalition that takes turns: a fresh random half of the liars pushes on each observation, the others are honest, so
 * that no two of them push together more often than chance has it. */
#include "lab/attacks/attack.h"

/* Liar number `place` pushes when its place in a random order of this observation is in the first half. */
static bool pushes(const struct scene *scene, uint32_t liar) {
    struct prng shared = prng_seeded(scene->coin);
    uint64_t own = 0;
    uint64_t lots[MEMBERS_MAX];
    uint32_t before = 0;
    for (uint32_t m = 0; m < scene->members; m++) {
        lots[m] = prng_next(&shared);
        if (m == liar) own = lots[m];
    }
    for (uint32_t m = 0; m < scene->members; m++) before += scene->is_liar[m] && lots[m] < own;
    return 2 * before < scene->liars;
}

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)dice;
    if (pushes(scene, liar)) attack_push(scene, attack->strength, report);
}

const struct attack attack_split = {.name = "split",
                                    .text = "a fresh half of the liars pushes two spreads each time, the rest rest",
                                    .strength = 2,
                                    .tell = tell};
