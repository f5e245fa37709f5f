/* The own lane: what is submitted, sealed into batches, kept and sent (docs/protocol.md 2).
 *
 * Invariants: a position of the lane is signed once; a batch is handed to the ledger before it is sent. */
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* A member that waits for block time to pass a window writes an empty batch at most this often. */
#define TICK_BATCH_US UINT64_C(1000000)

/* Places that are kept free in the own lane: for the batch that one more item may begin, and for one that tells the
 * time. */
enum { OWN_PLACES_KEPT = 5 };

/* An answer is the longest of what a member says by itself. */
enum { SAID_BYTES_MAX = 64 };

/* Whether the next position of the own lane may be signed. Not when it is unknown what was signed before; not in a
 * lane that nobody follows any more; not when a batch for that very position is on hold. */
bool replica_may_write(const struct replica *r) {
    const struct lane *lane = &r->lanes.lanes[r->self];
    struct tip next = {.member = r->self, .seq = lanes_tip(&r->lanes, r->self).seq + 1};
    return r->signer != NULL && !r->diverged && !r->lane_closed && !lane->forked && !lane->sealed &&
           !replica_holds_back(r, &next);
}

static enum status why_not(const struct replica *r) {
    if (r->diverged) return STATUS_DIVERGED;
    if (r->signer == NULL) return STATUS_NOT_ALLOWED;
    if (r->lane_closed) return STATUS_LANE_CLOSED;
    return r->lanes.lanes[r->self].forked || r->lanes.lanes[r->self].sealed ? STATUS_FORKED : STATUS_BUSY;
}

static enum status check_content(const struct item *item, struct slice content) {
    struct hash hash;
    if (content.bytes == 0) return STATUS_OK;
    if (content.bytes > CONTENT_BYTES_MAX) return STATUS_TOO_LARGE;
    sha256_of(content, &hash);
    bool named = item->kind == ITEM_TELL && item->tell.has_content && hash_equal(&hash, &item->tell.content);
    return named ? STATUS_OK : STATUS_BAD_HASH;
}

/* What execution would say, as far as it is known here. A retract may follow its tell before that one is executed. */
static enum status check_item(const struct replica *r, const struct item *item, struct slice bytes) {
    enum status status = machine_check_item(r->machine, r->self, item, bytes);
    if (status != STATUS_UNKNOWN_OBSERVATION || item->kind != ITEM_RETRACT) return status;
    return own_has_told(&r->own, &item->retract.question, item->retract.observation) ? STATUS_OK : status;
}

enum status replica_submit(struct replica *r, struct replica_time now, struct slice bytes, struct slice content,
                           uint64_t *ret_seq, uint32_t *ret_index) {
    struct reader reader = reader_of(bytes);
    struct item item;
    uint32_t batch;
    r->now = now;
    if (!replica_may_write(r)) return why_not(r);
    TRY(item_take(&reader, &item, NULL));
    TRY(reader_end(&reader));
    TRY(check_content(&item, content));
    /* Somebody honest then has the handover of each epoch that ended, or a light client could never pass it. */
    if (item.kind == ITEM_RECONFIGURE && r->pending.is_open) return STATUS_HANDING_OVER;
    if (lanes_outstanding(&r->lanes, r->self) + r->own.batches >= LANE_OUTSTANDING_MAX - OWN_PLACES_KEPT)
        return STATUS_BUSY;
    TRY(check_item(r, &item, bytes));
    TRY(own_append(&r->own, &item, bytes, content, &batch, ret_index));
    *ret_seq = lanes_tip(&r->lanes, r->self).seq + 1 + batch;
    return STATUS_OK;
}

struct replica_mark replica_mark(const struct replica *r) {
    return own_mark(&r->own);
}

void replica_rewind(struct replica *r, struct replica_mark mark) { own_rewind(&r->own, mark); }

/* Signs a batch of `count` items, keeps it durably and sends it to everyone: in this order, by the contract of the
 * ports. */
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
    header_sign(header, &r->chain, r->signer, &writer, &hash);
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

/* Seals all that is filled. The body and contents of one batch are encoded behind each other in the scratch. */
void replica_seal(struct replica *r) {
    uint32_t item = 0, byte = 0, content = 0;
    if (r->own.items_count == 0 || !replica_may_write(r)) return;
    while (item < r->own.items_count) {
        struct writer body = writer_of(r->scratch, BATCH_BYTES_MAX);
        struct writer contents = writer_of(r->scratch + BATCH_BYTES_MAX, BATCH_CONTENT_BYTES_MAX);
        uint32_t count = own_take_batch(&r->own, &item, &byte, &content, &body, &contents);
        CHECK(count > 0 && writer_status(&body) == STATUS_OK && writer_status(&contents) == STATUS_OK);
        seal_batch(r, writer_slice(&body), count, writer_slice(&contents));
    }
    own_clear(&r->own);
}

/* Only a member that is up to date with what is final knows what it has said and what it owes. */
void replica_say(struct replica *r, const struct item *item) {
    uint8_t bytes[SAID_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    if (r->queue_count > 0 || !replica_may_write(r)) return;
    item_put(&writer, item);
    CHECK(writer_status(&writer) == STATUS_OK);
    /* Refused when it is on its way already, or when the lane is full and something of it will be executed soon. */
    enum status status = replica_submit(r, r->now, writer_slice(&writer), slice_of(NULL, 0), &seq, &index);
    if (status == STATUS_OK) replica_seal(r);
}

/* Answers the challenge that is under way, in the own lane as everybody does (docs/protocol.md 7). An answer that was
 * sealed before a restart is remembered with the lane. */
void replica_answer_challenge(struct replica *r) {
    struct item item = {.kind = ITEM_ANSWER};
    enum status owed = machine_challenge(r->machine, r->self, &item.answer.height, &item.answer.digest);
    if (owed == STATUS_OK) replica_say(r, &item);
}

/* Block time only moves with lanes: when something is due and nothing moves, an empty batch tells the time. */
void replica_tell_time(struct replica *r) {
    uint64_t due_us = machine_next_due_us(r->machine);
    if (due_us > r->now.wall_us || machine_time_us(r->machine) >= due_us || !replica_may_write(r)) return;
    if (r->own.items_count > 0 || lanes_outstanding(&r->lanes, r->self) > 0) return;
    if (r->tick_batch_us != 0 && r->now.mono_us < r->tick_batch_us + TICK_BATCH_US) return;
    r->tick_batch_us = r->now.mono_us;
    static const uint8_t empty_array[] = {0x80};
    seal_batch(r, slice_of(empty_array, 1), 0, slice_of(empty_array, 1));
}
