/* Withholds data: a batch goes to the leader only, or to one member, and nobody who asks for it gets it (docs/protocol.md 3: voters fetch
 * from those who acknowledged). */
#include "sim/attacks/attack.h"

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    uint64_t view = a->body->replica != NULL ? attack_view(a) : 0;
    bool chosen = to == view % a->members || to == (a->number + 1) % a->members;
    if (a->frame->type == FRAME_BATCH && !chosen) {
        attack_withhold(a);
    } else {
        attack_pass(a, to, bytes);
    }
}

const struct attack attack_withholder_of_batches = {
    .name = "withholder-of-batches", .text = "sends its batches to the leader and one more only", .on_send = on_send};
