/* A member that listens and never says a word: the plainest fault. */
#include "sim/attacks/attack.h"

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    (void)to;
    (void)bytes;
    attack_withhold(a);
}

const struct attack attack_silent = {.name = "silent", .text = "says nothing", .on_send = on_send};
