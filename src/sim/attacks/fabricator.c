/* Makes up whole lanes and blocks that look right: batches far ahead of its lane with invented ancestors, fetched blocks that nobody asked
 * for, ranges that do not link, proposals for views that others lead. */
#include "sim/attacks/attack.h"

static void batch_from_nowhere(struct attacker *a) {
    static const uint8_t empty[] = {0x80};
    struct replica_lane own;
    replica_lane(a->body->replica, a->number, &own);
    uint64_t seq = own.tip.seq + 2 + prng_below(&a->dice, 200);
    *a->header = (struct header){.member = a->number, .seq = seq, .prev = attack_random_hash(a), .bytes = 1};
    a->header->wall_us = SIM_EPOCH_US + a->sim->now_us;
    if (items_check(slice_of(empty, 1), 0, &a->header->root) != STATUS_OK) return;
    a->frame->type = FRAME_BATCH;
    a->frame->batch.body = a->frame->batch.contents = slice_of(empty, 1);
    attack_send_batch(a, attack_random_peer(a), NULL);
}

static struct slice made_up_block(struct attacker *a, uint64_t view, uint64_t height) {
    *a->block = (struct block){.view = view, .height = height, .parent = attack_random_hash(a)};
    struct writer writer = writer_of(a->piece, FRAME_BYTES_MAX);
    block_put(&writer, a->block, &a->sim->chain);
    return writer_slice(&writer);
}

static void block_that_nobody_wants(struct attacker *a) {
    struct frame frame = {.type = FRAME_BLOCK};
    frame.block = made_up_block(a, attack_view(a), 1 + prng_below(&a->dice, 50));
    attack_send_frame(a, attack_random_peer(a), &frame);
}

static void range_of_nothing(struct attacker *a) {
    struct frame frame = {.type = FRAME_RANGE, .range = {.count = 1}};
    struct vote_certificate certificate = {.view = attack_view(a) + 5, .kind = VOTE_FINALIZE, .count = a->members};
    struct replica_status status;
    replica_status(a->body->replica, &status);
    frame.range.blocks[0] = made_up_block(a, certificate.view, status.finalized_height + 1);
    certificate.block = attack_random_hash(a);
    for (uint32_t m = 0; m < a->members; m++) certificate.votes[m].member = m;
    uint8_t bytes[VOTE_CERTIFICATE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    vote_certificate_put(&writer, &certificate);
    frame.range.finalization = writer_slice(&writer);
    attack_send_frame(a, attack_random_peer(a), &frame);
}

static void proposal_of_another(struct attacker *a) {
    a->frame->type = FRAME_PROPOSAL;
    a->frame->proposal.parent = slice_of(NULL, 0);
    a->frame->proposal.nullifications_count = 0;
    *a->block = (struct block){.view = attack_view(a) + prng_below(&a->dice, 8),
                               .height = 1 + prng_below(&a->dice, 50),
                               .parent = attack_random_hash(a)};
    attack_send_proposal(a, attack_random_peer(a));
}

static void on_tick(struct attacker *a) {
    switch (prng_below(&a->dice, 4)) {
    case 0: batch_from_nowhere(a); break;
    case 1: block_that_nobody_wants(a); break;
    case 2: range_of_nothing(a); break;
    case 3: proposal_of_another(a); break;
    }
}

const struct attack attack_fabricator = {
    .name = "fabricator", .text = "makes up batches, blocks and ranges out of nothing", .on_tick = on_tick};
