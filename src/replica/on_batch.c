/* Batches of other lanes: checked, accepted when everything that they build on is held, put on hold until then
 * (docs/protocol.md 2). Invariant: what is acknowledged is durable, verified, and has all its ancestors and deps
 * here. */
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* Every content must belong to a tell that names its hash. Contents may be missing: they can be erased, the batch
 * can't. */
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
        if (index >= count) return STATUS_BAD_VALUE;
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
    if (!keyring_has(&r->keyring, ret_header->member)) return STATUS_UNKNOWN_MEMBER;
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

/* Own items that come from elsewhere (the own ledger, or other members after a loss) are on their way, too. */
static void remember_own(struct replica *r, struct slice body, uint32_t count) {
    struct item_cursor cursor;
    struct item item;
    struct slice bytes;
    if (items_open(body, count, &cursor) != STATUS_OK) return;
    while (items_next(&cursor, &item, &bytes) == STATUS_OK) own_remember(&r->own, &item, bytes);
}

/* The clock that a lane is held against. What is final is taken whatever the own clock says: a quorum saw it in time.
 * The own lane needs no clock either. */
static uint64_t clock_for(const struct replica *r, const struct header *header) {
    bool agreed = header->seq <= r->final_cut.tips[header->member].seq;
    return agreed || r->restoring || header->member == r->self ? UINT64_MAX : r->now.wall_us;
}

/* What is missing may be on hold itself, waiting for something else, and so on down to what is not here. Asked for in the name of the
 * lane that needs it, it has a place of its own (fetch.c): whatever else waits in a liar's lane, and for what, takes none of it. */
static struct tip root_of(const struct replica *r, struct tip missing) {
    for (uint32_t step = 0; step < HELD_LANE_MAX; step++) {
        const struct held *held = replica_held(r, &missing);
        if (held == NULL || held->root.seq == 0) break;
        missing = held->root;
    }
    return missing;
}

/* Offers a checked batch to its lane; on acceptance it is kept durably. */
static enum status offer(struct replica *r, const struct header *header, const struct hash *hash,
                         struct slice header_bytes, struct slice body, struct slice contents, struct tip *ret_root) {
    struct batch *batch;
    struct tip missing;
    struct hash rival;
    *ret_root = (struct tip){0};
    enum status status = lanes_offer(&r->lanes, header, hash, clock_for(r, header), &batch, &missing, &rival);
    if (status == STATUS_OK) {
        if (!r->restoring) r->ports.persist_batch(r->ports.context, header, hash, header_bytes, body, contents);
        if (header->member == r->self) remember_own(r, body, header->count);
        r->counters.batches++;
        r->counters.items += header->count;
        replica_accepted(r, batch);
    }
    if (!hash_is_zero(&rival)) replica_fork_seen(r, header_bytes, &rival);
    /* What is missing is mostly on its way: asked for after a fraction of delta. */
    if (status == STATUS_MISSING) {
        *ret_root = root_of(r, missing);
        replica_want_up_to(r, ret_root, header->member, r->delta_us / 4);
    }
    return status;
}

static bool worth_waiting(enum status status) {
    return status == STATUS_MISSING || status == STATUS_CLOCK_AHEAD || status == STATUS_TOO_MANY;
}

static bool retry_lane(struct replica *r, struct hold *hold) {
    bool moved = false;
    for (uint32_t i = 0; i < HELD_LANE_MAX && hold->count > 0; i++) {
        struct held *held = &hold->places[i];
        if (held->header == NULL) continue;
        enum status status =
            offer(r, held->header, &held->hash, held->header_bytes, held->body, held->contents, &held->root);
        if (worth_waiting(status)) continue;
        moved = moved || status == STATUS_OK;
        replica_release(r, held);
    }
    return moved;
}

/* Each acceptance may let others follow, so this goes round until nothing moves: every round accepts at least one. */
void replica_retry_held(struct replica *r) {
    r->retry = false;
    for (bool moved = r->held_count > 0; moved;) {
        moved = false;
        for (uint32_t m = 0; m < r->members; m++) {
            if (retry_lane(r, &r->holds[m])) moved = true;
        }
    }
}

static enum status take_batch(struct replica *r, const struct header *header, const struct hash *hash,
                              struct slice header_bytes, struct slice body, struct slice contents) {
    struct tip root;
    enum status status = offer(r, header, hash, header_bytes, body, contents, &root);
    replica_goal_came(r, header, hash, status);
    if (!worth_waiting(status)) return status;
    bool held = replica_hold(r, header, hash, header_bytes, body, contents, &root);
    if (!held && r->restoring && header->member == r->self) r->own_lost = true;
    return status;
}

enum status replica_on_batch(struct replica *r, uint32_t from, const struct frame *frame) {
    struct slice header_bytes = frame->batch.header;
    struct hash hash;
    TRY(header_read(header_bytes, &r->chain, r->header, &hash));
    if (r->header->member >= r->members) return STATUS_UNKNOWN_MEMBER;
    struct tip tip = {r->header->member, r->header->seq, hash};
    /* Cheap answers first: most repeated batches end here, before any signature is looked at. */
    if (lanes_holds(&r->lanes, tip.member, tip.seq, &hash) || replica_holds_back(r, &tip)) return STATUS_DUPLICATE;
    TRY(replica_check_batch(r, header_bytes, frame->batch.body, frame->batch.contents, r->header, &hash));
    /* Only now: whoever forges a batch must not make this member stop asking for the real one. */
    replica_got(r, &tip);
    lanes_ack(&r->lanes, from, &tip);
    enum status status = take_batch(r, r->header, &hash, header_bytes, frame->batch.body, frame->batch.contents);
    if (status == STATUS_OK) replica_retry_held(r);
    return status;
}

/* Batches of the ledger that are not executed yet. One whose dep went with another version of a forked lane waits
 * until that lane is sealed. */
enum status replica_restore_batch(struct replica *r, struct slice header_bytes, struct slice body,
                                  struct slice contents) {
    CHECK(r->restoring);
    struct hash hash;
    if (header_read(header_bytes, &r->chain, r->header, &hash) != STATUS_OK) return STATUS_CORRUPT;
    if (r->header->member >= r->members) return STATUS_CORRUPT;
    /* Signed with a key that is no longer this member's, at a place that its lane has left behind. */
    bool left_behind =
        !keyring_has(&r->keyring, r->header->member) || lanes_skipped(&r->lanes, r->header->member, r->header->seq);
    if (left_behind) return STATUS_OK;
    if (replica_check_batch(r, header_bytes, body, contents, r->header, &hash) != STATUS_OK) return STATUS_CORRUPT;
    enum status status = take_batch(r, r->header, &hash, header_bytes, body, contents);
    /* Other versions of an executed position, or batches of a sealed lane, are leftovers that mean nothing any
     * more. */
    bool leftover = status == STATUS_DUPLICATE || status == STATUS_STALE || status == STATUS_NOT_LINKED;
    return status == STATUS_OK || leftover || worth_waiting(status) ? STATUS_OK : STATUS_CORRUPT;
}
