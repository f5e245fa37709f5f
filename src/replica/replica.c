/* The replica's life: memory, start, time and links (replica/replica.h). */
#include "replica/replica.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/num.h"
#include "replica/state.h"

#define DELTA_DEFAULT_US     UINT64_C(100000)
#define HEARTBEAT_DEFAULT_US UINT64_C(250000)
/* Room for what one lane has on hold, pieces of many sizes. */
#define HOLD_REGION_BYTES (2 * HELD_LANE_BYTES_MAX)

static size_t pool_bytes(uint32_t members) { return replica_queue_bytes(members) + replica_proofs_bytes(members); }

static size_t batches_max(uint32_t members) { return (size_t)members * LANE_OUTSTANDING_MAX; }

static size_t wants_bytes(uint32_t members) {
    return arena_rounded((size_t)members * replica_want_row(members) * sizeof(struct want)) +
           arena_rounded(members * sizeof(uint32_t));
}

size_t replica_bytes(const struct replica_config *config) {
    uint32_t n = config->genesis->members;
    return arena_rounded(sizeof(struct replica)) + arena_rounded(n * sizeof(struct replica_peer)) +
           arena_rounded(n * sizeof(struct peer)) +
           arena_rounded((size_t)ATTESTED_HEIGHTS * n * sizeof(struct attestation)) +
           arena_rounded(batches_max(n) * sizeof(struct machine_batch)) + 2 * arena_rounded(sizeof(struct frame)) +
           arena_rounded(sizeof(struct header)) + arena_rounded(sizeof(struct block)) +
           2 * arena_rounded(FRAME_BYTES_MAX) + arena_rounded(machine_bytes(config->genesis)) +
           arena_rounded(agreement_bytes(n)) + arena_rounded(lanes_bytes(n)) + arena_rounded(own_bytes()) +
           arena_rounded(n * sizeof(struct hold)) + n * arena_rounded(HOLD_REGION_BYTES) + wants_bytes(n) +
           arena_rounded(pool_bytes(n));
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
    if (to == r->self) return;
    replica_charge(r, to, frame.bytes);
    r->ports.send(r->ports.context, to, frame);
}

static void init_agreement(struct replica *r, void *memory, size_t bytes) {
    struct agreement_config config = {.members = r->members,
                                      .self = r->self,
                                      .threshold = r->roster.threshold,
                                      .chain = r->chain,
                                      .secret = r->signer,
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

static void init_asking(struct replica *r, struct arena *arena) {
    uint32_t n = r->members;
    r->wants = arena_take(arena, (size_t)n * replica_want_row(n) * sizeof(struct want));
    r->wants_by_lane = arena_take(arena, n * sizeof(uint32_t));
    r->wants_due_us = UINT64_MAX;
    r->holds = arena_take(arena, n * sizeof(struct hold));
    for (uint32_t m = 0; m < n; m++)
        pool_init(&r->holds[m].pool, arena_take(arena, HOLD_REGION_BYTES), HOLD_REGION_BYTES);
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
    memcpy(r->secret, config->secret, SECRET_BYTES);
    r->has_old_secret = config->old_secret != NULL;
    if (r->has_old_secret) memcpy(r->old_secret, config->old_secret, SECRET_BYTES);
    r->has_next_secret = config->next_secret != NULL;
    if (r->has_next_secret) memcpy(r->next_secret, config->next_secret, SECRET_BYTES);
    r->delta_us = config->delta_us != 0 ? config->delta_us : DELTA_DEFAULT_US;
    r->heartbeat_us = config->heartbeat_us != 0 ? config->heartbeat_us : HEARTBEAT_DEFAULT_US;
    r->ports = *ports;
    r->threshold = r->genesis.threshold;
    roster_of(&r->genesis, &r->previous);
    replica_take_roster(r, &r->previous);
    r->known = arena_take(&arena, n * sizeof(struct replica_peer));
    r->peers = arena_take(&arena, n * sizeof(struct peer));
    r->attestations = arena_take(&arena, (size_t)ATTESTED_HEIGHTS * n * sizeof(struct attestation));
    r->batches = arena_take(&arena, batches_max(n) * sizeof(struct machine_batch));
    r->frame = arena_take(&arena, sizeof(struct frame));
    r->out = arena_take(&arena, sizeof(struct frame));
    r->header = arena_take(&arena, sizeof(struct header));
    r->block = arena_take(&arena, sizeof(struct block));
    r->buffer = arena_take(&arena, FRAME_BYTES_MAX);
    r->scratch = arena_take(&arena, FRAME_BYTES_MAX);
    init_asking(r, &arena);
    size_t size = machine_bytes(&r->genesis);
    r->machine = machine_init(arena_take(&arena, size), size, &r->genesis);
    init_agreement(r, arena_take(&arena, agreement_bytes(n)), agreement_bytes(n));
    lanes_init(&r->lanes, arena_take(&arena, lanes_bytes(n)), lanes_bytes(n), n, read_history, r);
    own_init(&r->own, arena_take(&arena, own_bytes()), own_bytes());
    pool_init(&r->pool, arena_take(&arena, pool_bytes(n)), pool_bytes(n));
    cut_init(&r->final_cut, n);
    cut_init(&r->executed_cut, n);
    r->restoring = true;
    replica_watch_start(r);
    return r;
}

void replica_start(struct replica *r, struct replica_time now, enum replica_memory memory) {
    CHECK(!r->started);
    r->started = true;
    r->restoring = false;
    /* In a later epoch than the first nothing durable says that it was asked about this one. */
    bool unsure = memory == MEMORY_LANE_LOST && r->roster.epoch > 0;
    r->recovering = memory == MEMORY_LOST || r->own_lost || unsure;
    r->lane_closed = memory != MEMORY_WHOLE || r->own_lost;
    r->recover_nonce = now.mono_us ^ now.wall_us << 20 ^ r->self;
    r->now = now;
    replica_watch_start(r);
    replica_handover_start(r);
    /* The genesis is leaf 0 of every log, and it has to be in the ledger before the first height. */
    if (machine_height(r->machine) == 0) {
        struct writer writer = writer_of(r->buffer, FRAME_BYTES_MAX);
        struct hash leaf;
        genesis_put(&writer, &r->genesis);
        merkle_leaf(writer_slice(&writer), &leaf);
        r->ports.persist_leaf(r->ports.context, 0, writer_slice(&writer), &leaf);
    }
    agreement_start(r->agreement, now.mono_us, r->recovering);
    r->available_seq = r->lanes.lanes[r->self].base.seq; /* what is executed is available */
    r->lanes_moved = true;
    r->retry = true;
    replica_settle(r);
}

/* --- acknowledgements --- */

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
    replica_seal(r);
    if (member_set_next(&r->dirty, 0) < MEMBERS_MAX) {
        send_acks(r, REPLICA_EVERYONE, &r->dirty);
        member_set_clear(&r->dirty);
    }
    replica_settle(r);
}

/* --- time and links --- */

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
        replica_retry_held(r); /* clocks that were ahead may no longer be */
        replica_answer_challenge(r);
        replica_tell_time(r);
    }
    replica_watch_tick(r);
    replica_fetch_tick(r);
    replica_handover_tick(r);
    if (r->recovering) replica_recover_tick(r);
    agreement_on_tick(r->agreement, now.mono_us);
    replica_settle(r);
}

uint64_t replica_deadline_us(const struct replica *r) {
    if (r->diverged) return UINT64_MAX;
    uint64_t deadline = num_min_u64(r->heartbeat_at_us, agreement_deadline_us(r->agreement));
    if (r->recovering) deadline = num_min_u64(deadline, r->recover_at_us);
    deadline = num_min_u64(deadline, monitor_deadline_us(&r->monitor));
    deadline = num_min_u64(deadline, replica_handover_deadline_us(r));
    return num_min_u64(deadline, r->wants_due_us);
}

void replica_on_link(struct replica *r, struct replica_time now, uint32_t member, bool up) {
    if (member >= r->members || member == r->self) return;
    r->now = now;
    r->known[member].link_up = up;
    if (r->diverged) return;
    if (up) {
        r->peers[member].heartbeat_replied_us = 0;
        r->out->type = FRAME_HELLO;
        r->out->hello.chain = r->chain;
        r->out->hello.member = r->self;
        r->out->hello.height = machine_height(r->machine);
        replica_send_frame(r, member, r->out);
        send_all_acks(r, member);
        r->heartbeat_at_us = now.mono_us;
        r->recover_at_us = now.mono_us;
    }
    agreement_on_link(r->agreement, now.mono_us, member, up);
    replica_settle(r);
}
