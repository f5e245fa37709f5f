/* Leads as slowly as it can without being skipped: proposals leave just under the view timer's 3 delta. */
#include "sim/attacks/attack.h"

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    if (a->frame->type == FRAME_PROPOSAL) {
        attack_delay(a, to, bytes, sim_delta_us(a->sim->config.network) * 28 / 10);
    } else {
        attack_pass(a, to, bytes);
    }
}

const struct attack attack_slow_leader = {
    .name = "slow-leader", .text = "proposes just before the others lose patience", .on_send = on_send};
