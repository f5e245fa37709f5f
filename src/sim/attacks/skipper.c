/* The leader that skips: its block leaves out the one before, which is notarized and may be final any moment, and extends the one before
 * that. Nothing proves that the view between was nullified, because it was not (docs/protocol.md 4, rule 2). */
#include "sim/attacks/attack.h"

static const struct hash *final_at(const struct sim *sim, uint64_t height) {
    if (height == 0) return &sim->chain;
    return height <= sim->finals_count ? &sim->finals[height - 1].block : NULL;
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    struct hash hash;
    const struct hash *earlier = NULL;
    if (a->frame->type == FRAME_PROPOSAL &&
        block_read(a->frame->proposal.block, &a->sim->chain, a->block, &hash) == STATUS_OK && a->block->height >= 2)
        earlier = final_at(a->sim, a->block->height - 2);
    if (earlier == NULL) {
        attack_pass(a, to, bytes);
        return;
    }
    a->block->height--;
    a->block->parent = *earlier;
    attack_send_proposal(a, to);
}

const struct attack attack_skipper = {
    .name = "skipper", .text = "leads with a block that leaves out the one before it", .on_send = on_send};
