/* Execution: final blocks wait here until all their batches are held, then the machine runs them, one height at a
 * time (docs/protocol.md 5). Everything of one height reaches the ledger in one transaction. */
#include "base/check.h"
#include "replica/state.h"

/* Pieces of a few sizes, so that those given back can be used again and a full queue always has room: blocks without
 * proofs, blocks with them, certificates. */
static size_t small_block_bytes(uint32_t members) { return (size_t)members * 48 + 256; }

static size_t block_bytes(uint32_t members, size_t bytes) {
    return bytes <= small_block_bytes(members) ? small_block_bytes(members) : BLOCK_BYTES_ENCODED_MAX;
}

static size_t certificate_bytes(uint32_t members) { return (size_t)members * 72 + 80; }

size_t replica_queue_bytes(uint32_t members) {
    return EXECUTION_QUEUE_MAX * (pool_rounded(small_block_bytes(members)) + pool_rounded(BLOCK_BYTES_ENCODED_MAX) +
                                  pool_rounded(certificate_bytes(members)));
}

static struct kept keep(struct replica *r, struct slice bytes, size_t size) {
    if (bytes.bytes == 0) return (struct kept){NULL, 0};
    CHECK(bytes.bytes <= size);
    uint8_t *copy = pool_take_raw(&r->pool, size);
    CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.bytes);
    return (struct kept){copy, bytes.bytes};
}

/* Whether the entries move lanes that are open, forwards. */
static enum status check_entries(const struct replica *r, const struct block *block, const struct member_set *seals) {
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        if (entry->member >= r->members) return STATUS_UNKNOWN_MEMBER;
        if (entry->seq <= r->final_cut.tips[entry->member].seq) return STATUS_STALE;
        if (member_set_has(seals, entry->member) || member_set_has(&r->final_cut.sealed, entry->member))
            return STATUS_FORKED;
    }
    return STATUS_OK;
}

enum status replica_queue_block(struct replica *r, const struct hash *hash, const struct block *block,
                                struct slice bytes, struct slice finalization) {
    struct member_set seals;
    TRY(replica_seals(r, block, &seals));
    TRY(check_entries(r, block, &seals));
    CHECK(r->queue_count < EXECUTION_QUEUE_MAX); /* the backlog is bounded where messages come in (on_frame.c) */
    cut_apply(&r->final_cut, block, &seals);
    for (uint32_t i = 0; i < block->proofs_count; i++) replica_proof_final(r, block->proofs[i]);
    r->queue[(r->queue_first + r->queue_count++) % EXECUTION_QUEUE_MAX] =
        (struct queued_block){.hash = *hash,
                              .view = block->view,
                              .height = block->height,
                              .bytes = keep(r, bytes, block_bytes(r->members, bytes.bytes)),
                              .finalization = keep(r, finalization, certificate_bytes(r->members))};
    return STATUS_OK;
}

/* A final block was judged valid by a quorum, of which one member at least is honest unless more lie than the quorum
 * tolerates. When they do, their history is not one that this member can share: it stops, keeps its ledger, says
 * so. */
void replica_finalized(void *context, const struct agreement_block *block, struct slice finalization) {
    struct replica *r = context;
    struct hash hash;
    if (r->diverged) return;
    enum status status = block_read(block->bytes, &r->chain, r->block, &hash);
    CHECK(status == STATUS_OK);
    status = replica_queue_block(r, &hash, r->block, block->bytes, finalization);
    r->lanes_moved = true;
    r->retry = true;
    if (status == STATUS_OK) return;
    r->diverged = true;
    replica_event(r, &(struct replica_event){.kind = EVENT_DIVERGED, .height = block->height, .status = status});
}

/* --- the machine's ports --- */

struct execution {
    struct replica *replica;
    uint64_t height;
};

static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body) {
    struct replica *r = ((struct execution *)context)->replica;
    struct slice contents;
    return r->ports.read_batch(r->ports.context, hash, ret_header, ret_body, &contents);
}

static void on_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    struct replica *r = ((struct execution *)context)->replica;
    if (!r->restoring) r->ports.persist_leaf(r->ports.context, index, bytes, leaf_hash);
}

static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    struct replica *r = ((struct execution *)context)->replica;
    return r->ports.read_leaf(r->ports.context, index, ret_bytes);
}

static void on_refused(void *context, uint32_t member, uint64_t seq, uint32_t item, enum status why) {
    struct execution *e = context;
    if (member != e->replica->self) return;
    replica_event(
        e->replica,
        &(struct replica_event){
            .kind = EVENT_REFUSED, .member = member, .seq = seq, .height = e->height, .item = item, .status = why});
}

static void on_changed(void *context, const struct record_belief *belief) {
    struct execution *e = context;
    replica_event(e->replica, &(struct replica_event){.kind = EVENT_BELIEF, .height = e->height, .belief = belief});
}

static void add_batch(void *context, const struct batch *batch) {
    struct replica *r = context;
    CHECK(r->batches_count < (size_t)r->members * LANE_OUTSTANDING_MAX);
    r->batches[r->batches_count++] = (struct machine_batch){.member = batch->member,
                                                            .seq = batch->seq,
                                                            .hash = batch->hash,
                                                            .wall_us = batch->wall_us,
                                                            .deps = batch->deps,
                                                            .deps_count = batch->deps_count};
}

/* Own items of an executed batch are no longer on their way. */
static void forget_own(struct replica *r, const struct batch *batch) {
    struct slice header, body, contents, bytes;
    struct item_cursor cursor;
    struct item item;
    enum status status = r->ports.read_batch(r->ports.context, &batch->hash, &header, &body, &contents);
    if (status != STATUS_OK || items_open(body, batch->count, &cursor) != STATUS_OK) return;
    while (items_next(&cursor, &item, &bytes) == STATUS_OK) own_forget(&r->own, &item, bytes);
}

static void after_batch(void *context, const struct batch *batch) {
    struct execution *e = context;
    struct replica *r = e->replica;
    if (!r->restoring) r->ports.persist_executed(r->ports.context, &batch->hash, e->height);
    if (batch->member == r->self && r->own.keys_count > 0) forget_own(r, batch);
}

/* Every own batch above `seq`, which were executed with this block. */
static void tell_own_executed(struct replica *r, uint64_t seq, uint64_t height) {
    while (++seq <= r->executed_cut.tips[r->self].seq) {
        replica_event(r, &(struct replica_event){
                             .kind = EVENT_BATCH_EXECUTED, .member = r->self, .seq = seq, .height = height});
    }
}

/* Everything that final blocks include and that is not here: asked for by place, as far ahead as a window goes. */
static void want_final(struct replica *r) {
    for (uint32_t m = 0; m < r->members; m++) replica_want_lane(r, m, r->final_cut.tips[m].seq, 0);
}

/* A ledger that failed drops what comes after, and its next commit says so: then nothing is executed any more. */
static bool all_readable(struct replica *r) {
    struct slice header, body, contents;
    if (r->restoring) return true; /* each was read from the ledger a moment ago, to be offered to its lane */
    for (size_t i = 0; i < r->batches_count; i++) {
        enum status read = r->ports.read_batch(r->ports.context, &r->batches[i].hash, &header, &body, &contents);
        if (read == STATUS_NOT_FOUND) return false;
    }
    return true;
}

/* All batches that the block includes, when they are all held; otherwise what is missing is asked for. */
static bool gather(struct replica *r, const struct block *block) {
    bool held = true;
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        if (lanes_find(&r->lanes, entry->member, entry->seq, &entry->hash) != NULL) continue;
        held = false;
        replica_want_final(r, entry);
    }
    if (!held) want_final(r);
    if (!held) return false;
    r->batches_count = 0;
    lanes_each_included(&r->lanes, &r->executed_cut, block, add_batch, r);
    return all_readable(r);
}

static void finish(struct replica *r, const struct queued_block *queued, const struct checkpoint *checkpoint) {
    struct execution e = {r, queued->height};
    struct member_set seals;
    struct block *block = r->block;
    uint64_t own_seq = r->executed_cut.tips[r->self].seq;
    lanes_each_included(&r->lanes, &r->executed_cut, block, after_batch, &e);
    if (!r->restoring)
        r->ports.persist_height(r->ports.context, queued->height, &queued->hash, slice_of_kept(queued->bytes),
                                slice_of_kept(queued->finalization), machine_time_us(r->machine), checkpoint);
    enum status sealed = replica_seals(r, block, &seals);
    CHECK(sealed == STATUS_OK);
    lanes_execute(&r->lanes, block);
    cut_apply(&r->executed_cut, block, &seals);
    for (uint32_t m = member_set_next(&seals, 0); m < r->members; m = member_set_next(&seals, m + 1))
        lanes_seal(&r->lanes, m);
    r->counters.blocks++;
    tell_own_executed(r, own_seq, queued->height);
    /* Before the attestation, which may complete the certificate of this height: whoever watches sees them in
     * order. */
    replica_event(r, &(struct replica_event){.kind = EVENT_EXECUTED, .height = queued->height});
    replica_watch_threshold(r, checkpoint);
    replica_attest(r, checkpoint);
    r->lanes_moved = true;
}

void replica_queue_drop_first(struct replica *r) {
    struct queued_block *queued = &r->queue[r->queue_first];
    pool_give(&r->pool, queued->bytes.data, block_bytes(r->members, queued->bytes.bytes));
    pool_give(&r->pool, queued->finalization.data, certificate_bytes(r->members));
    r->queue_first = (r->queue_first + 1) % EXECUTION_QUEUE_MAX;
    r->queue_count--;
}

/* Executes the next final block when its batches are here. False: nothing was done. */
bool replica_execute_next(struct replica *r) {
    if (r->queue_count == 0 || r->diverged) return false;
    struct queued_block *queued = &r->queue[r->queue_first];
    struct hash hash;
    enum status status = block_read(slice_of_kept(queued->bytes), &r->chain, r->block, &hash);
    CHECK(status == STATUS_OK);
    CHECK(queued->height == machine_height(r->machine) + 1);
    if (!gather(r, r->block)) return false;
    struct execution e = {r, queued->height};
    struct machine_ports ports = {.context = &e,
                                  .read_batch = read_batch,
                                  .leaf = on_leaf,
                                  .read_leaf = read_leaf,
                                  .refused = on_refused,
                                  .changed = on_changed};
    struct checkpoint checkpoint;
    machine_execute(r->machine, r->block, &queued->hash, r->batches, r->batches_count, &ports, &checkpoint);
    finish(r, queued, &checkpoint);
    struct queued_block last = *queued;
    replica_queue_drop_first(r);
    r->retry = true;
    if (machine_next_roster(r->machine) != NULL && !r->diverged)
        replica_end_epoch(r, &last, last.finalization.bytes > 0);
    return true;
}
