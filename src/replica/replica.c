/* The replica's life: memory, start, the own lane, what it knows (replica/replica.h). */
#include "replica/replica.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/num.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "replica/state.h"

#define DELTA_DEFAULT_US     UINT64_C(100000)
#define HEARTBEAT_DEFAULT_US UINT64_C(250000)
/* A member that waits for block time to pass a window writes an empty batch at most this often. */
#define TICK_BATCH_US UINT64_C(1000000)

/* Frames on hold, queued blocks and proofs: bounded by their own limits; mostly never touched. */
static size_t pool_bytes(uint32_t members) {
    size_t pending = (size_t)members * PENDING_LANE_BYTES_MAX;
    size_t blocks =
        EXECUTION_QUEUE_MAX * (pool_rounded(BLOCK_BYTES_ENCODED_MAX) + pool_rounded(VOTE_CERTIFICATE_BYTES_MAX));
    size_t proofs = (size_t)members * PROOFS_PER_MEMBER_MAX * pool_rounded(PROOF_BYTES_MAX);
    return 2 * (pending + blocks + proofs);
}

static size_t batches_max(uint32_t members) { return (size_t)members * LANE_OUTSTANDING_MAX; }

size_t replica_bytes(const struct replica_config *config) {
    uint32_t n = config->genesis->members;
    return arena_rounded(sizeof(struct replica)) + arena_rounded(n * sizeof(struct peer)) +
           arena_rounded(batches_max(n) * sizeof(struct machine_batch)) + 2 * arena_rounded(sizeof(struct frame)) +
           arena_rounded(sizeof(struct header)) + arena_rounded(sizeof(struct block)) +
           arena_rounded(FRAME_BYTES_MAX) + arena_rounded(machine_bytes(config->genesis)) +
           arena_rounded(agreement_bytes(n)) + arena_rounded(lanes_bytes(n)) + arena_rounded(own_bytes()) +
           pool_bytes(n) + 64;
}

static enum status read_history(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    struct replica *r = context;
    return r->ports.read_lane(r->ports.context, member, seq, ret_hash);
}

static void persist_vote(void *context, const struct vote *vote) {
    struct replica *r = context;
    r->counters.votes++;
    r->ports.persist_vote(r->ports.context, vote);
}

static void persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    struct replica *r = context;
    r->ports.persist_certificate(r->ports.context, view, kind, certificate);
}

static void persist_block(void *context, const struct agreement_block *block) {
    struct replica *r = context;
    r->ports.persist_block(r->ports.context, &block->hash, block->view, block->bytes);
}

static void broadcast(void *context, struct slice frame) {
    struct replica *r = context;
    r->ports.send(r->ports.context, REPLICA_EVERYONE, frame);
}

static void send_one(void *context, uint32_t to, struct slice frame) {
    struct replica *r = context;
    if (to != r->self) r->ports.send(r->ports.context, to, frame);
}

static void init_agreement(struct replica *r, void *memory, size_t bytes) {
    struct agreement_config config = {.members = r->members,
                                      .self = r->self,
                                      .threshold = r->genesis.threshold,
                                      .chain = r->chain,
                                      .secret = r->secret,
                                      .keyring = r->keyring,
                                      .delta_us = r->delta_us};
    struct agreement_host host = {.context = r,
                                  .persist_vote = persist_vote,
                                  .persist_certificate = persist_certificate,
                                  .persist_block = persist_block,
                                  .broadcast = broadcast,
                                  .send = send_one,
                                  .build = replica_build,
                                  .check = replica_check,
                                  .finalized = replica_finalized,
                                  .misbehaved = replica_votes_seen};
    r->agreement = agreement_init(memory, bytes, &config, &host);
}

struct replica *replica_init(void *memory, size_t bytes, const struct replica_config *config,
                             const struct replica_ports *ports) {
    CHECK(bytes >= replica_bytes(config));
    uint32_t n = config->genesis->members;
    CHECK(config->self < n);
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct replica *r = arena_take(&arena, sizeof *r);
    r->genesis = *config->genesis;
    genesis_chain(&r->genesis, &r->chain);
    r->self = config->self;
    r->members = n;
    r->quorum = quorum_size(n, r->genesis.threshold);
    memcpy(r->secret, config->secret, SECRET_BYTES);
    r->keyring = (struct keyring){(const uint8_t(*)[KEY_BYTES])r->genesis.keys, n};
    r->delta_us = config->delta_us != 0 ? config->delta_us : DELTA_DEFAULT_US;
    r->heartbeat_us = config->heartbeat_us != 0 ? config->heartbeat_us : HEARTBEAT_DEFAULT_US;
    r->ports = *ports;
    r->peers = arena_take(&arena, n * sizeof(struct peer));
    r->batches = arena_take(&arena, batches_max(n) * sizeof(struct machine_batch));
    r->frame = arena_take(&arena, sizeof(struct frame));
    r->out = arena_take(&arena, sizeof(struct frame));
    r->header = arena_take(&arena, sizeof(struct header));
    r->block = arena_take(&arena, sizeof(struct block));
    r->buffer = arena_take(&arena, FRAME_BYTES_MAX);
    size_t size = machine_bytes(&r->genesis);
    r->machine = machine_init(arena_take(&arena, size), size, &r->genesis);
    init_agreement(r, arena_take(&arena, agreement_bytes(n)), agreement_bytes(n));
    lanes_init(&r->lanes, arena_take(&arena, lanes_bytes(n)), lanes_bytes(n), n, read_history, r);
    own_init(&r->own, arena_take(&arena, own_bytes()), own_bytes());
    pool_init(&r->pool, arena_take(&arena, pool_bytes(n)), pool_bytes(n));
    cut_init(&r->final_cut, n);
    cut_init(&r->executed_cut, n);
    r->restoring = true;
    return r;
}

void replica_start(struct replica *r, struct replica_time now, bool amnesia) {
    CHECK(!r->started);
    r->started = true;
    r->restoring = false;
    r->recovering = amnesia;
    r->recover_nonce = now.mono_us ^ now.wall_us << 20 ^ r->self;
    r->now = now;
    /* The genesis is leaf 0 of every log, and it has to be in the ledger before the first height. */
    if (machine_height(r->machine) == 0) {
        struct writer writer = writer_of(r->buffer, FRAME_BYTES_MAX);
        struct hash leaf;
        genesis_put(&writer, &r->genesis);
        merkle_leaf(writer_slice(&writer), &leaf);
        r->ports.persist_leaf(r->ports.context, 0, writer_slice(&writer), &leaf);
    }
    agreement_start(r->agreement, now.mono_us, amnesia);
    r->lanes_moved = true;
    replica_settle(r);
}

/* --- the own lane --- */

enum status replica_submit(struct replica *r, struct replica_time now, struct slice bytes, struct slice content,
                           uint64_t *ret_seq, uint32_t *ret_index) {
    r->now = now;
    if (r->diverged) return STATUS_DIVERGED;
    if (r->recovering) return STATUS_BUSY;
    struct reader reader = reader_of(bytes);
    struct item item;
    TRY(item_take(&reader, &item, NULL));
    TRY(reader_end(&reader));
    if (content.bytes > CONTENT_BYTES_MAX) return STATUS_TOO_LARGE;
    if (content.bytes > 0) {
        struct hash hash;
        sha256_of(content, &hash);
        if (item.kind != ITEM_TELL || !item.tell.has_content || !hash_equal(&hash, &item.tell.content))
            return STATUS_BAD_HASH;
    }
    /* One place less than the limit, so that an empty batch can always tell the time. */
    if (lanes_outstanding(&r->lanes, r->self) + r->own.batches >= LANE_OUTSTANDING_MAX - 5) return STATUS_BUSY;
    TRY(machine_check_item(r->machine, r->self, &item, bytes));
    uint32_t batch;
    TRY(own_append(&r->own, &item, bytes, content, &batch, ret_index));
    *ret_seq = lanes_tip(&r->lanes, r->self).seq + 1 + batch;
    return STATUS_OK;
}

struct replica_mark replica_mark(const struct replica *r) {
    return own_mark(&r->own);
}

void replica_rewind(struct replica *r, struct replica_mark mark) { own_rewind(&r->own, mark); }

/* Signs a batch of `count` items, keeps it durably and sends it to everyone: in this order, by the contract of the ports. */
static void seal_batch(struct replica *r, struct slice body, uint32_t count, struct slice contents) {
    struct header *header = r->header;
    lanes_next_header(&r->lanes, r->self, r->now.wall_us, header);
    header->count = count;
    header->bytes = (uint32_t)body.bytes;
    enum status checked = items_check(body, count, &header->root);
    CHECK(checked == STATUS_OK);
    uint8_t bytes[HEADER_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash hash;
    header_sign(header, &r->chain, r->secret, &writer, &hash);
    CHECK(writer_status(&writer) == STATUS_OK);
    struct batch *batch;
    struct tip missing;
    struct hash rival;
    enum status offered = lanes_offer(&r->lanes, header, &hash, header->wall_us, &batch, &missing, &rival);
    CHECK(offered == STATUS_OK);
    r->ports.persist_batch(r->ports.context, header, &hash, writer_slice(&writer), body, contents);
    r->counters.batches++;
    r->counters.items += count;
    replica_accepted(r, batch);
    r->out->type = FRAME_BATCH;
    r->out->batch.header = writer_slice(&writer);
    r->out->batch.body = body;
    r->out->batch.contents = contents;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
}

static void seal_filled(struct replica *r) {
    /* The body and contents of one batch are encoded behind each other in scratch of the queue's pool: they are too large for the stack. */
    uint8_t *scratch = pool_take(&r->pool, BATCH_BYTES_MAX + BATCH_CONTENT_BYTES_MAX);
    if (scratch == NULL) return; /* stays filled, the next flush tries again */
    uint32_t item = 0, byte = 0, content = 0;
    while (item < r->own.items_count) {
        struct writer body = writer_of(scratch, BATCH_BYTES_MAX);
        struct writer contents = writer_of(scratch + BATCH_BYTES_MAX, BATCH_CONTENT_BYTES_MAX);
        uint32_t count = own_take_batch(&r->own, &item, &byte, &content, &body, &contents);
        CHECK(count > 0 && writer_status(&body) == STATUS_OK && writer_status(&contents) == STATUS_OK);
        seal_batch(r, writer_slice(&body), count, writer_slice(&contents));
    }
    own_clear(&r->own);
    pool_give(&r->pool, scratch, BATCH_BYTES_MAX + BATCH_CONTENT_BYTES_MAX);
}

static void send_acks(struct replica *r, uint32_t to, const struct member_set *lanes) {
    r->out->type = FRAME_ACK;
    r->out->ack.count = 0;
    for (uint32_t m = member_set_next(lanes, 0); m < r->members; m = member_set_next(lanes, m + 1)) {
        struct cut_tip tip = lanes_tip(&r->lanes, m);
        if (tip.seq == 0) continue;
        r->out->ack.tips[r->out->ack.count++] = (struct tip){m, tip.seq, tip.hash};
    }
    if (r->out->ack.count > 0) replica_send_frame(r, to, r->out);
}

static void send_all_acks(struct replica *r, uint32_t to) {
    struct member_set all = {0};
    for (uint32_t m = 0; m < r->members; m++) member_set_add(&all, m);
    send_acks(r, to, &all);
}

void replica_flush(struct replica *r, struct replica_time now) {
    r->now = now;
    if (r->diverged) return;
    if (r->own.items_count > 0 && !r->recovering) seal_filled(r);
    if (member_set_next(&r->dirty, 0) < MEMBERS_MAX) {
        send_acks(r, REPLICA_EVERYONE, &r->dirty);
        member_set_clear(&r->dirty);
    }
    replica_settle(r);
}

/* --- time and links --- */

/* Block time only moves with lanes: when something is due and nothing moves, an empty batch tells the time. */
static void tell_time(struct replica *r) {
    uint64_t due_us = machine_next_due_us(r->machine);
    if (due_us > r->now.wall_us || machine_time_us(r->machine) >= due_us || r->recovering) return;
    if (r->own.items_count > 0 || lanes_outstanding(&r->lanes, r->self) > 0) return;
    if (r->tick_batch_us != 0 && r->now.mono_us < r->tick_batch_us + TICK_BATCH_US) return;
    r->tick_batch_us = r->now.mono_us;
    static const uint8_t empty_array[] = {0x80};
    seal_batch(r, slice_of(empty_array, 1), 0, slice_of(empty_array, 1));
}

static void send_heartbeat(struct replica *r) {
    r->out->type = FRAME_HEARTBEAT;
    r->out->heartbeat.view = agreement_view(r->agreement);
    r->out->heartbeat.height = machine_height(r->machine);
    r->out->heartbeat.certified = r->certified.height;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
    /* Acknowledgements that were lost with a link or in a full queue are repeated now and then. */
    if (++r->heartbeats % 4 == 0) send_all_acks(r, REPLICA_EVERYONE);
    r->heartbeat_at_us = r->now.mono_us + r->heartbeat_us;
}

void replica_on_tick(struct replica *r, struct replica_time now) {
    r->now = now;
    if (r->diverged) return;
    if (now.mono_us >= r->heartbeat_at_us) {
        send_heartbeat(r);
        replica_retry_pending(r); /* clocks that were ahead may no longer be */
        tell_time(r);
    }
    replica_fetch_tick(r);
    if (r->recovering) replica_recover_tick(r);
    agreement_on_tick(r->agreement, now.mono_us);
    replica_settle(r);
}

uint64_t replica_deadline_us(const struct replica *r) {
    if (r->diverged) return UINT64_MAX;
    uint64_t deadline = num_min_u64(r->heartbeat_at_us, agreement_deadline_us(r->agreement));
    if (r->recovering) deadline = num_min_u64(deadline, r->recover_at_us);
    return num_min_u64(deadline, replica_fetch_deadline(r));
}

void replica_on_link(struct replica *r, struct replica_time now, uint32_t member, bool up) {
    if (member >= r->members || member == r->self) return;
    r->now = now;
    r->peers[member].known.link_up = up;
    if (up) {
        r->out->type = FRAME_HELLO;
        r->out->hello.chain = r->chain;
        r->out->hello.member = r->self;
        r->out->hello.height = machine_height(r->machine);
        replica_send_frame(r, member, r->out);
        send_all_acks(r, member);
        r->heartbeat_at_us = now.mono_us;
        r->recover_at_us = now.mono_us;
    }
    if (r->diverged) return;
    agreement_on_link(r->agreement, now.mono_us, member, up);
    replica_settle(r);
}

/* --- what it knows --- */

struct machine *replica_machine(struct replica *r) {
    return r->machine;
}

void replica_status(const struct replica *r, struct replica_status *ret_status) {
    *ret_status = (struct replica_status){.self = r->self,
                                          .view = agreement_view(r->agreement),
                                          .finalized_height = agreement_final_height(r->agreement),
                                          .certified_height = r->certified.height,
                                          .recovering = r->recovering,
                                          .diverged = r->diverged,
                                          .outstanding = lanes_outstanding(&r->lanes, r->self),
                                          .counters = r->counters};
    ret_status->counters.views_nullified = agreement_nullified(r->agreement);
    machine_checkpoint(r->machine, &ret_status->checkpoint);
}

void replica_lane(const struct replica *r, uint32_t member, struct replica_lane *ret_lane) {
    CHECK(member < r->members);
    const struct lane *lane = &r->lanes.lanes[member];
    struct cut_tip tip = lanes_tip(&r->lanes, member);
    *ret_lane = (struct replica_lane){.tip = {member, tip.seq, tip.hash},
                                      .committed_seq = lane->base.seq,
                                      .wall_us = lanes_tip_wall_us(&r->lanes, member),
                                      .forked = lane->forked,
                                      .sealed = lane->sealed};
}

void replica_peer(const struct replica *r, uint32_t member, struct replica_peer *ret_peer) {
    CHECK(member < r->members);
    *ret_peer = r->peers[member].known;
    ret_peer->proofs = r->peers[member].proofs;
}

enum status replica_certified(const struct replica *r, struct checkpoint *ret_checkpoint,
                              struct checkpoint_signature *ret_signatures, uint32_t *ret_count) {
    if (r->certified.height == 0) return STATUS_NOT_FOUND;
    *ret_checkpoint = r->certified;
    memcpy(ret_signatures, r->certified_signatures, r->certified_count * sizeof *ret_signatures);
    *ret_count = r->certified_count;
    return STATUS_OK;
}

enum status replica_proof(const struct replica *r, uint32_t member, uint32_t index, struct slice *ret_proof) {
    if (member >= r->members || index >= r->peers[member].proofs) return STATUS_NOT_FOUND;
    *ret_proof = r->peers[member].proof[index].bytes;
    return STATUS_OK;
}

/* Applies the items of one held batch to the preview. `asks` first, then everything: a tell may sort before the ask that it needs. */
static void preview_batch(struct replica *r, const struct batch *batch, bool asks_only) {
    struct slice header, body, contents, bytes;
    if (r->ports.read_batch(r->ports.context, &batch->hash, &header, &body, &contents) != STATUS_OK) return;
    struct item_cursor cursor;
    struct item item;
    if (items_open(body, batch->count, &cursor) != STATUS_OK) return;
    while (items_next(&cursor, &item, &bytes) == STATUS_OK) {
        if ((item.kind == ITEM_ASK) == asks_only) machine_preview_apply(r->machine, batch->member, &item, bytes);
    }
}

enum status replica_local_belief(struct replica *r, const struct question_id *id, struct record_belief *ret_belief) {
    machine_preview_begin(r->machine, id);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t m = 0; m < r->members; m++) {
            const struct lane *lane = &r->lanes.lanes[m];
            for (uint64_t seq = lane->base.seq + 1; lane->tip != NULL && seq <= lane->tip->seq; seq++)
                preview_batch(r, lane_ancestor(lane->tip, seq), pass == 0);
        }
    }
    return machine_preview_end(r->machine, ret_belief);
}
