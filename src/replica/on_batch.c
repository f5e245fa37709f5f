/* Batches of other lanes: checked, accepted when everything that they build on is held, put on hold until then
 * (docs/protocol.md 2). Invariant: what is acknowledged is durable, verified, and has all its ancestors and deps here. */
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* Every content must belong to a tell that names its hash. Contents may be missing: they can be erased, the batch can't. */
static enum status check_contents(struct slice body, uint32_t count, struct slice encoded) {
    struct frame_contents contents;
    TRY(frame_contents_open(encoded, &contents));
    if (contents.left == 0) return reader_end(&contents.reader);
    struct item_cursor cursor;
    TRY(items_open(body, count, &cursor));
    uint32_t at = 0, index;
    struct slice content, bytes;
    enum status next;
    while ((next = frame_contents_next(&contents, &index, &content)) == STATUS_OK) {
        struct item item;
        if (index < at) return STATUS_NOT_CANONICAL;
        for (; at <= index; at++) TRY(items_next(&cursor, &item, &bytes));
        if (item.kind != ITEM_TELL || !item.tell.has_content) return STATUS_BAD_HASH;
        struct hash hash;
        sha256_of(content, &hash);
        if (!hash_equal(&hash, &item.tell.content)) return STATUS_BAD_HASH;
    }
    return next == STATUS_NOT_FOUND ? STATUS_OK : next;
}

/* Everything about a batch that needs no other batch: form, signature, items, contents. */
enum status replica_check_batch(struct replica *r, struct slice header_bytes, struct slice body,
                                struct slice contents, struct header *ret_header, struct hash *ret_hash) {
    TRY(header_read(header_bytes, &r->chain, ret_header, ret_hash));
    if (ret_header->member >= r->members) return STATUS_UNKNOWN_MEMBER;
    if (body.bytes != ret_header->bytes) return STATUS_BAD_HASH;
    TRY(header_verify(header_bytes, &r->chain, r->keyring.keys[ret_header->member]));
    struct hash root;
    TRY(items_check(body, ret_header->count, &root));
    if (!hash_equal(&root, &ret_header->root)) return STATUS_BAD_HASH;
    return check_contents(body, ret_header->count, contents);
}

void replica_accepted(struct replica *r, const struct batch *batch) {
    member_set_add(&r->dirty, batch->member);
    r->lanes_moved = true;
    replica_got(r, &(struct tip){batch->member, batch->seq, batch->hash});
}

static bool on_hold(const struct replica *r, const struct hash *hash) {
    for (uint32_t i = 0; i < PENDING_MAX && r->pending_count > 0; i++) {
        if (r->pending[i].header != NULL && hash_equal(&r->pending[i].hash, hash)) return true;
    }
    return false;
}

static void drop_pending(struct replica *r, struct pending *p) {
    pool_give(&r->pool, p->header, sizeof *p->header);
    pool_give(&r->pool, (void *)(uintptr_t)p->header_bytes.data, p->bytes);
    *p = (struct pending){0};
    r->pending_count--;
}

/* A free place within the lane's share; NULL when there is none: the batch will be asked for again. */
static struct pending *free_place(struct replica *r, uint32_t member, size_t bytes) {
    struct pending *place = NULL;
    size_t lane_bytes = bytes;
    uint32_t lane_count = 0;
    for (uint32_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &r->pending[i];
        if (p->header == NULL) {
            if (place == NULL) place = p;
        } else if (p->header->member == member) {
            lane_bytes += p->bytes;
            lane_count++;
        }
    }
    return lane_bytes <= PENDING_LANE_BYTES_MAX && lane_count < PENDING_LANE_MAX ? place : NULL;
}

static void put_on_hold(struct replica *r, uint32_t from, const struct header *header, const struct hash *hash,
                        struct slice header_bytes, struct slice body, struct slice contents) {
    size_t bytes = header_bytes.bytes + body.bytes + contents.bytes;
    struct pending *place = free_place(r, header->member, bytes);
    if (place == NULL) return;
    uint8_t *copy = pool_take(&r->pool, bytes);
    struct header *kept = pool_take(&r->pool, sizeof *kept);
    if (copy == NULL || kept == NULL) {
        pool_give(&r->pool, copy, bytes);
        pool_give(&r->pool, kept, sizeof *kept);
        return;
    }
    *kept = *header;
    memcpy(copy, header_bytes.data, header_bytes.bytes);
    memcpy(copy + header_bytes.bytes, body.data, body.bytes);
    memcpy(copy + header_bytes.bytes + body.bytes, contents.data, contents.bytes);
    *place = (struct pending){.header = kept,
                              .hash = *hash,
                              .header_bytes = slice_of(copy, header_bytes.bytes),
                              .body = slice_of(copy + header_bytes.bytes, body.bytes),
                              .contents = slice_of(copy + header_bytes.bytes + body.bytes, contents.bytes),
                              .bytes = bytes,
                              .from = from};
    r->pending_count++;
}

/* Offers a checked batch to its lane; on acceptance it is kept durably. */
static enum status offer(struct replica *r, const struct header *header, const struct hash *hash,
                         struct slice header_bytes, struct slice body, struct slice contents) {
    struct batch *batch;
    struct tip missing;
    struct hash rival;
    enum status status = lanes_offer(&r->lanes, header, hash, r->now.wall_us, &batch, &missing, &rival);
    if (status == STATUS_OK) {
        r->ports.persist_batch(r->ports.context, header, hash, header_bytes, body, contents);
        r->counters.batches++;
        r->counters.items += header->count;
        replica_accepted(r, batch);
    }
    if (!hash_is_zero(&rival)) replica_fork_seen(r, header_bytes, &rival);
    /* What is missing is mostly on its way: asked for after a fraction of delta. */
    if (status == STATUS_MISSING) replica_want(r, &missing, r->delta_us / 4);
    return status;
}

static bool worth_waiting(enum status status) {
    return status == STATUS_MISSING || status == STATUS_CLOCK_AHEAD || status == STATUS_TOO_MANY;
}

/* Each acceptance may let others follow, so this goes round until nothing moves: every round accepts at least one. */
void replica_retry_pending(struct replica *r) {
    bool moved = r->pending_count > 0;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < PENDING_MAX && r->pending_count > 0; i++) {
            struct pending *p = &r->pending[i];
            if (p->header == NULL) continue;
            enum status status = offer(r, p->header, &p->hash, p->header_bytes, p->body, p->contents);
            if (worth_waiting(status)) continue;
            moved = moved || status == STATUS_OK;
            drop_pending(r, p);
        }
    }
}

enum status replica_on_batch(struct replica *r, uint32_t from, const struct frame *frame) {
    struct slice header_bytes = frame->batch.header;
    struct hash hash;
    TRY(header_read(header_bytes, &r->chain, r->header, &hash));
    uint32_t member = r->header->member;
    if (member >= r->members) return STATUS_UNKNOWN_MEMBER;
    replica_got(r, &(struct tip){member, r->header->seq, hash});
    /* Cheap answers first: most repeated batches end here, before any signature is looked at. */
    if (lanes_holds(&r->lanes, member, r->header->seq, &hash) || on_hold(r, &hash)) return STATUS_DUPLICATE;
    TRY(replica_check_batch(r, header_bytes, frame->batch.body, frame->batch.contents, r->header, &hash));
    lanes_ack(&r->lanes, from, &(struct tip){member, r->header->seq, hash});
    enum status status = offer(r, r->header, &hash, header_bytes, frame->batch.body, frame->batch.contents);
    if (worth_waiting(status))
        put_on_hold(r, from, r->header, &hash, header_bytes, frame->batch.body, frame->batch.contents);
    if (status == STATUS_OK) replica_retry_pending(r);
    return status;
}
