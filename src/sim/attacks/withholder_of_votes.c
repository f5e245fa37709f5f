/* Withholds votes, certificates and attestations, or gives them to one member only, so that views differ as much as they can. */
#include "sim/attacks/attack.h"

static bool about_agreement(const struct frame *frame) {
    return frame->type == FRAME_VOTE || frame->type == FRAME_CERTIFICATE || frame->type == FRAME_ATTESTATION ||
           frame->type == FRAME_RANGE;
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    bool chosen = to == a->sim->now_us / 2000000 % a->members;
    if (about_agreement(a->frame) && !chosen) {
        attack_withhold(a);
    } else {
        attack_pass(a, to, bytes);
    }
}

const struct attack attack_withholder_of_votes = {.name = "withholder-of-votes",
                                                  .text = "gives votes and certificates to one member at a time",
                                                  .on_send = on_send};
