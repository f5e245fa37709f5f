/* Adds next to nothing, always: 1e-13 nat, which evidence can't carry and the door refuses, and one quantum. */
#include "lab/attacks/attack.h"

static void tell_finer(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                       struct report *report) {
    (void)attack;
    (void)scene;
    (void)liar;
    (void)dice;
    report->finer = "0001";
}

static void tell_quantum(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                         struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    report->loglik[scene->rival] += 1;
}

const struct attack attack_drip_finer = {
    .name = "drip-1e-13", .text = "1e-13 nat more for the rival, every time", .tell = tell_finer};
const struct attack attack_drip_quantum = {
    .name = "drip-quantum", .text = "one quantum more for the rival, every time", .tell = tell_quantum};
