/* Execution: final blocks wait here until all their batches are held, then the machine runs them, one height at a time
 * (docs/protocol.md 5). Everything of one height reaches the ledger in one transaction. */
#include "base/check.h"
#include "replica/state.h"

static struct slice keep(struct replica *r, struct slice bytes) {
    if (bytes.bytes == 0) return slice_of(NULL, 0);
    uint8_t *copy = pool_take(&r->pool, bytes.bytes);
    CHECK(copy != NULL); /* the pool has room for a full queue, see replica.c */
    memcpy(copy, bytes.data, bytes.bytes);
    return slice_of(copy, bytes.bytes);
}

static void give(struct replica *r, struct slice bytes) {
    if (bytes.bytes > 0) pool_give(&r->pool, (void *)(uintptr_t)bytes.data, bytes.bytes);
}

enum status replica_queue_block(struct replica *r, const struct hash *hash, const struct block *block,
                                struct slice bytes, struct slice finalization) {
    struct member_set seals;
    TRY(replica_seals(r, block, &seals));
    if (r->queue_count == EXECUTION_QUEUE_MAX) return STATUS_BUSY;
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        if (entry->member >= r->members || entry->seq <= r->final_cut.tips[entry->member].seq) return STATUS_STALE;
    }
    cut_apply(&r->final_cut, block, &seals);
    r->queue[(r->queue_first + r->queue_count++) % EXECUTION_QUEUE_MAX] =
        (struct queued_block){.hash = *hash,
                              .view = block->view,
                              .height = block->height,
                              .bytes = keep(r, bytes),
                              .finalization = keep(r, finalization)};
    return STATUS_OK;
}

void replica_finalized(void *context, const struct agreement_block *block, struct slice finalization) {
    struct replica *r = context;
    struct hash hash;
    enum status status = block_read(block->bytes, &r->chain, r->block, &hash);
    CHECK(status == STATUS_OK);
    /* Queue room first: what is final is executed as far as its batches are here. */
    if (r->queue_count == EXECUTION_QUEUE_MAX) replica_execute_next(r);
    status = block_read(block->bytes, &r->chain, r->block, &hash);
    CHECK(status == STATUS_OK);
    /* A final block was judged valid by a quorum, of which more are honest than could lie: refusing it would be a broken invariant. */
    status = replica_queue_block(r, &hash, r->block, block->bytes, finalization);
    CHECK(status == STATUS_OK);
    r->lanes_moved = true;
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

/* Own tells of an executed batch are no longer on their way. */
static void forget_own(struct replica *r, const struct batch *batch) {
    struct slice header, body, contents, bytes;
    struct item_cursor cursor;
    struct item item;
    enum status status = r->ports.read_batch(r->ports.context, &batch->hash, &header, &body, &contents);
    if (status != STATUS_OK || items_open(body, batch->count, &cursor) != STATUS_OK) return;
    while (items_next(&cursor, &item, &bytes) == STATUS_OK) {
        if (item.kind == ITEM_TELL) own_forget_tell(&r->own, &item.tell);
    }
}

static void after_batch(void *context, const struct batch *batch) {
    struct execution *e = context;
    struct replica *r = e->replica;
    if (!r->restoring) r->ports.persist_executed(r->ports.context, &batch->hash, e->height);
    if (batch->member != r->self) return;
    if (r->own.tells_count > 0) forget_own(r, batch);
}

static void tell_own_executed(struct replica *r, const struct block *block, uint64_t height) {
    for (uint32_t i = 0; i < block->entries_count; i++) {
        if (block->entries[i].member != r->self) continue;
        replica_event(
            r, &(struct replica_event){
                   .kind = EVENT_BATCH_EXECUTED, .member = r->self, .seq = block->entries[i].seq, .height = height});
    }
}

/* All batches that the block includes, when they are all held; otherwise what is missing is asked for. */
static bool gather(struct replica *r, const struct block *block) {
    bool held = true;
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        if (lanes_find(&r->lanes, entry->member, entry->seq, &entry->hash) != NULL) continue;
        held = false;
        replica_want(r, entry, 0);
        replica_want_lane(r, entry->member, entry->seq, 0);
    }
    if (!held) return false;
    r->batches_count = 0;
    lanes_each_included(&r->lanes, &r->executed_cut, block, add_batch, r);
    return true;
}

static void finish(struct replica *r, const struct queued_block *queued, const struct checkpoint *checkpoint) {
    struct execution e = {r, queued->height};
    struct member_set seals;
    struct block *block = r->block;
    lanes_each_included(&r->lanes, &r->executed_cut, block, after_batch, &e);
    if (!r->restoring)
        r->ports.persist_height(r->ports.context, queued->height, &queued->hash, queued->bytes, queued->finalization,
                                machine_time_us(r->machine), checkpoint);
    enum status sealed = replica_seals(r, block, &seals);
    CHECK(sealed == STATUS_OK);
    lanes_execute(&r->lanes, block);
    cut_apply(&r->executed_cut, block, &seals);
    for (uint32_t m = member_set_next(&seals, 0); m < r->members; m = member_set_next(&seals, m + 1))
        lanes_seal(&r->lanes, m);
    for (uint32_t i = 0; i < block->proofs_count; i++) replica_proof_executed(r, block->proofs[i]);
    r->counters.blocks++;
    tell_own_executed(r, block, queued->height);
    replica_attest(r, checkpoint);
    r->lanes_moved = true;
}

/* Executes the next final block when its batches are here. False: nothing was done. */
bool replica_execute_next(struct replica *r) {
    if (r->queue_count == 0 || r->diverged) return false;
    struct queued_block *queued = &r->queue[r->queue_first];
    struct hash hash;
    enum status status = block_read(queued->bytes, &r->chain, r->block, &hash);
    CHECK(status == STATUS_OK);
    CHECK(queued->height == machine_height(r->machine) + 1);
    if (!gather(r, r->block)) return false;
    struct execution e = {r, queued->height};
    struct machine_ports ports = {
        .context = &e, .read_batch = read_batch, .leaf = on_leaf, .refused = on_refused, .changed = on_changed};
    struct checkpoint checkpoint;
    machine_execute(r->machine, r->block, &queued->hash, r->batches, r->batches_count, &ports, &checkpoint);
    finish(r, queued, &checkpoint);
    replica_event(r, &(struct replica_event){.kind = EVENT_EXECUTED, .height = queued->height});
    give(r, queued->bytes);
    give(r, queued->finalization);
    r->queue_first = (r->queue_first + 1) % EXECUTION_QUEUE_MAX;
    r->queue_count--;
    replica_retry_pending(r);
    return true;
}
