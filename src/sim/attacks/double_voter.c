/* Votes for two things at once: half of the members get the vote that the replica cast, the other half another one that must not stand
 * beside it (docs/protocol.md 4, the two Nevers). Now and then somebody gets both. */
#include "sim/attacks/attack.h"

static void vote_otherwise(struct attacker *a, uint32_t to, const struct vote *vote) {
    struct hash other = attack_random_hash(a);
    if (vote->kind == VOTE_FINALIZE && prng_chance(&a->dice, 1, 2)) {
        attack_send_vote(a, to, vote->view, VOTE_NULLIFY, NULL);
    } else if (vote->kind == VOTE_NULLIFY) {
        attack_send_vote(a, to, vote->view, VOTE_FINALIZE, &other);
    } else {
        attack_send_vote(a, to, vote->view, vote->kind, &other);
    }
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    if (a->frame->type != FRAME_VOTE || a->frame->vote.member != a->number) {
        attack_pass(a, to, bytes);
        return;
    }
    struct vote vote = a->frame->vote;
    bool both = prng_chance(&a->dice, 1, 8);
    if (to % 2 == 0 || both) attack_pass(a, to, bytes);
    if (to % 2 == 1 || both) vote_otherwise(a, to, &vote);
}

const struct attack attack_double_voter = {
    .name = "double-voter", .text = "votes for different things at different members", .on_send = on_send};
