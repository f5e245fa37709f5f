/* Holds no log: answers honesty challenges with what another member answered, and reports what it likes. */
#include "lab/attacks/attack.h"

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)liar;
    (void)dice;
    attack_push(scene, attack->strength, report);
    report->copies_answer = true;
}

const struct attack attack_challenge = {.name = "challenge-copy",
                                        .text = "half a spread against the truth; copies others' challenge answers",
                                        .strength = 0.5,
                                        .tell = tell};
