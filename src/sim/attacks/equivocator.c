/* The equivocating leader: two blocks in one view, each for one half of the members. The second is as valid as the first: the same parent
 * and the same certificates, but fewer entries. Its own further votes follow the block that the receiver was shown. */
#include "base/check.h"
#include "sim/attacks/attack.h"

/* The second block of the proposal in a->frame, into a->block. */
static bool second_block(struct attacker *a) {
    struct hash hash;
    if (block_read(a->frame->proposal.block, &a->sim->chain, a->block, &hash) != STATUS_OK) return false;
    if (a->block->view % a->members != a->number) return false;
    if (a->block->entries_count > 0) {
        a->block->entries_count--;
    } else {
        a->block->height += a->block->height % 2; /* nothing to leave out: a wrong height, sometimes */
    }
    return true;
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    bool other_half = to % 2 == 1;
    if (a->frame->type == FRAME_PROPOSAL && other_half && second_block(a)) {
        attack_send_proposal(a, to);
    } else if (a->frame->type == FRAME_VOTE && other_half && a->frame->vote.kind == VOTE_NOTARIZE) {
        attack_withhold(a); /* its notarize vote for the first block would give it away at once */
    } else {
        attack_pass(a, to, bytes);
    }
}

const struct attack attack_equivocator = {
    .name = "equivocator", .text = "leads with two blocks in a view, one for each half", .on_send = on_send};
