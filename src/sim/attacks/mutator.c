/* Changes one thing in a frame that was valid: a byte, or a field that is signed again, so that the frame is well-formed, signed, and wrong
 * or stale. */
#include "sim/attacks/attack.h"

static void flip_a_byte(struct attacker *a, uint32_t to, const struct flying *bytes) {
    memcpy(a->buffer, bytes->data, bytes->bytes);
    a->buffer[prng_below(&a->dice, bytes->bytes)] ^= (uint8_t)(1u << prng_below(&a->dice, 8));
    attack_send_bytes(a, to, slice_of(a->buffer, bytes->bytes));
}

static void cut_short(struct attacker *a, uint32_t to, const struct flying *bytes) {
    attack_send_bytes(a, to, slice_of(bytes->data, (size_t)prng_below(&a->dice, bytes->bytes)));
}

static void mutate_batch(struct attacker *a, uint32_t to, struct flying *bytes) {
    struct hash hash;
    bool own = header_read(a->frame->batch.header, &a->sim->chain, a->header, &hash) == STATUS_OK &&
               a->header->member == a->number;
    if (!own) {
        attack_pass(a, to, bytes);
        return;
    }
    switch (prng_below(&a->dice, 6)) {
    case 0: a->header->seq += 1 + prng_below(&a->dice, 300); break;
    case 1: a->header->prev = attack_random_hash(a); break;
    case 2: a->header->root = attack_random_hash(a); break;
    case 3: a->header->count++; break;
    case 4: a->header->bytes++; break;
    case 5: a->header->wall_us = 1; break;
    }
    attack_send_batch(a, to, NULL);
}

static void mutate_vote(struct attacker *a, uint32_t to) {
    struct frame frame = *a->frame;
    uint64_t far = prng_below(&a->dice, 40);
    frame.vote.view = prng_chance(&a->dice, 1, 2) ? frame.vote.view + far
                      : frame.vote.view > far     ? frame.vote.view - far
                                                  : 1;
    if (prng_chance(&a->dice, 1, 4)) frame.vote.member = attack_random_peer(a);
    vote_sign(&frame.vote, &a->sim->chain, a->secret);
    attack_send_frame(a, to, &frame);
}

static void mutate_block(struct attacker *a) {
    struct block *block = a->block;
    struct tip *entry = &block->entries[prng_below(&a->dice, MEMBERS_MAX) % (block->entries_count + 1)];
    switch (prng_below(&a->dice, 7)) {
    case 0: block->height++; break;
    case 1: block->parent = attack_random_hash(a); break;
    case 2: entry->seq++; break;
    case 3: entry->hash = attack_random_hash(a); break;
    case 4: entry->seq = 1; break;
    case 5: block->epoch++; break;
    case 6: block->view += a->members; break;
    }
}

static void mutate_proposal(struct attacker *a, uint32_t to) {
    struct hash hash;
    if (block_read(a->frame->proposal.block, &a->sim->chain, a->block, &hash) != STATUS_OK) return;
    mutate_block(a);
    if (prng_chance(&a->dice, 1, 3) && a->frame->proposal.nullifications_count > 0)
        a->frame->proposal.nullifications_count--;
    attack_send_proposal(a, to);
}

static void mutate_attestation(struct attacker *a, uint32_t to) {
    struct frame frame = *a->frame;
    frame.attestation.checkpoint.root = attack_random_hash(a);
    if (prng_chance(&a->dice, 1, 3)) frame.attestation.checkpoint.height += prng_below(&a->dice, 64);
    checkpoint_sign(&frame.attestation.checkpoint, &a->sim->chain, a->secret, frame.attestation.signature);
    attack_send_frame(a, to, &frame);
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    switch (prng_below(&a->dice, 6)) {
    case 0: flip_a_byte(a, to, bytes); return;
    case 1: cut_short(a, to, bytes); return;
    case 2: attack_pass(a, to, bytes); return;
    default: break;
    }
    switch (a->frame->type) {
    case FRAME_BATCH: mutate_batch(a, to, bytes); break;
    case FRAME_VOTE: mutate_vote(a, to); break;
    case FRAME_PROPOSAL: mutate_proposal(a, to); break;
    case FRAME_ATTESTATION: mutate_attestation(a, to); break;
    default: attack_pass(a, to, bytes);
    }
}

const struct attack attack_mutator = {
    .name = "mutator", .text = "changes one field of what would have been valid", .on_send = on_send};
