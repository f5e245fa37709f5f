/* Everything as large as it may be, and a little larger: acknowledgements of every lane, headers with deps on everybody, proposals with as
 * many certificates as fit, frames of noise up to the limit. */
#include "sim/attacks/attack.h"

static void noise(struct attacker *a) {
    static const size_t sizes[] = {1, 64, 4096, 65536, 1 << 20};
    size_t bytes = sizes[prng_below(&a->dice, sizeof sizes / sizeof *sizes)];
    for (size_t i = 0; i < bytes; i++) a->buffer[i] = (uint8_t)(i * 31 + bytes);
    a->buffer[0] = (uint8_t)prng_next(&a->dice);
    attack_send_bytes(a, attack_random_peer(a), slice_of(a->buffer, bytes));
}

static void acknowledge_everything(struct attacker *a) {
    struct frame *frame = a->frame;
    frame->type = FRAME_ACK;
    frame->ack.count = MEMBERS_MAX;
    for (uint32_t m = 0; m < MEMBERS_MAX; m++)
        frame->ack.tips[m] = (struct tip){m, UINT64_MAX - prng_below(&a->dice, 9), attack_random_hash(a)};
    attack_send_frame(a, attack_random_peer(a), frame);
}

static void depend_on_everybody(struct attacker *a) {
    static const uint8_t empty[] = {0x80};
    *a->header = (struct header){.member = a->number, .seq = 1 + prng_below(&a->dice, 300), .wall_us = SIM_EPOCH_US};
    if (a->header->seq > 1) a->header->prev = attack_random_hash(a);
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) {
        if (m != a->number)
            a->header->deps[a->header->deps_count++] = (struct tip){m, UINT64_MAX, attack_random_hash(a)};
    }
    a->header->bytes = 1;
    if (items_check(slice_of(empty, 1), 0, &a->header->root) != STATUS_OK) return;
    a->frame->type = FRAME_BATCH;
    a->frame->batch.body = a->frame->batch.contents = slice_of(empty, 1);
    attack_send_batch(a, attack_random_peer(a), NULL);
}

static void propose_everything(struct attacker *a) {
    struct block *block = a->block;
    uint64_t view = attack_view(a);
    *block = (struct block){.view = view + (a->members + a->number - view % a->members) % a->members,
                            .height = UINT64_MAX,
                            .parent = attack_random_hash(a),
                            .entries_count = MEMBERS_MAX};
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) block->entries[m] = (struct tip){m, UINT64_MAX, attack_random_hash(a)};
    struct vote_certificate certificate = {.view = view, .kind = VOTE_NULLIFY, .count = MEMBERS_MAX};
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) certificate.votes[m].member = m;
    uint8_t bytes[VOTE_CERTIFICATE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    vote_certificate_put(&writer, &certificate);
    a->frame->type = FRAME_PROPOSAL;
    a->frame->proposal.parent = writer_slice(&writer);
    a->frame->proposal.nullifications_count = PROPOSAL_NULLIFICATIONS_MAX;
    for (uint32_t i = 0; i < PROPOSAL_NULLIFICATIONS_MAX; i++)
        a->frame->proposal.nullifications[i] = writer_slice(&writer);
    attack_send_proposal(a, attack_random_peer(a));
}

static void on_tick(struct attacker *a) {
    switch (prng_below(&a->dice, 8)) {
    case 0: noise(a); break;
    case 1: acknowledge_everything(a); break;
    case 2: depend_on_everybody(a); break;
    case 3: propose_everything(a); break;
    default: break;
    }
}

const struct attack attack_oversizer = {
    .name = "oversizer", .text = "sends everything as large as it can be", .on_tick = on_tick};
