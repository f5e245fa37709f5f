/* Forks its own lane: members with an odd number get a second version of every batch, which links to the second version before it. Both
 * lanes are valid by themselves (docs/protocol.md 2, fork proofs and seals). */
#include "sim/attacks/attack.h"

/* Whether a->header can be changed into the second version: the chain of those begins anywhere and has no gaps. */
static bool second_version(struct attacker *a) {
    struct header *header = a->header;
    if (header->seq == a->shadow_seq + 1 && a->shadow_seq > 0) header->prev = a->shadow;
    header->wall_us++;
    return true;
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    struct hash hash;
    bool own = a->frame->type == FRAME_BATCH && to % 2 == 1 &&
               header_read(a->frame->batch.header, &a->sim->chain, a->header, &hash) == STATUS_OK &&
               a->header->member == a->number && second_version(a);
    if (!own) {
        attack_pass(a, to, bytes);
        return;
    }
    uint64_t seq = a->header->seq;
    attack_send_batch(a, to, &hash);
    /* The last of the odd receivers moves the chain on. */
    if (to + 2 < a->members) return;
    a->shadow = hash;
    a->shadow_seq = seq;
}

const struct attack attack_forked_lane = {
    .name = "forked-lane", .text = "shows different versions of its lane to different members", .on_send = on_send};
