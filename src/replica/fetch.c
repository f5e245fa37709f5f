/* Asking for what is missing, and answering (docs/protocol.md 3, 9). Bounded: a table of wants, each asked of one member after another
 * with growing pauses; what nobody has falls out and comes back when somebody names it again. */
#include "base/check.h"
#include "base/num.h"
#include "replica/state.h"

static struct want *find_want(struct replica *r, const struct tip *tip) {
    for (uint32_t i = 0; i < WANTS_MAX; i++) {
        struct want *want = &r->wants[i];
        if (want->tip.seq == tip->seq && want->tip.member == tip->member && hash_equal(&want->tip.hash, &tip->hash))
            return want;
    }
    return NULL;
}

static bool have(const struct replica *r, const struct tip *tip) {
    if (hash_is_zero(&tip->hash)) return lanes_tip(&r->lanes, tip->member).seq >= tip->seq;
    return lanes_holds(&r->lanes, tip->member, tip->seq, &tip->hash);
}

void replica_want(struct replica *r, const struct tip *tip, uint64_t delay_us) {
    if (tip->member >= r->members || tip->seq == 0 || have(r, tip)) return;
    uint64_t due_us = r->now.mono_us + delay_us;
    struct want *want = find_want(r, tip);
    if (want != NULL) {
        if (want->attempts == 0) want->due_us = num_min_u64(want->due_us, due_us);
        return;
    }
    for (uint32_t i = 0; i < WANTS_MAX; i++) {
        if (r->wants[i].tip.seq != 0) continue;
        r->wants[i] = (struct want){.tip = *tip, .due_us = due_us, .asked = tip->member};
        return;
    }
}

void replica_want_lane(struct replica *r, uint32_t member, uint64_t seq, uint64_t delay_us) {
    uint64_t tip = lanes_tip(&r->lanes, member).seq;
    for (uint64_t next = tip + 1; next <= seq && next <= tip + FETCH_WINDOW; next++)
        replica_want(r, &(struct tip){.member = member, .seq = next}, delay_us);
}

void replica_got(struct replica *r, const struct tip *tip) {
    struct tip any = {.member = tip->member, .seq = tip->seq};
    for (int i = 0; i < 2; i++) {
        struct want *want = find_want(r, i == 0 ? tip : &any);
        if (want != NULL) *want = (struct want){0};
    }
}

/* The next one to ask: somebody who claims to hold it, going round; the owner when nobody does. */
static uint32_t whom_to_ask(const struct replica *r, const struct want *want) {
    for (uint32_t i = 1; i <= r->members; i++) {
        uint32_t peer = (want->asked + i) % r->members;
        if (peer == r->self || !r->peers[peer].known.link_up) continue;
        if (lanes_peer_claims(&r->lanes, peer, want->tip.member, want->tip.seq)) return peer;
    }
    return want->tip.member;
}

static void ask(struct replica *r, struct want *want) {
    uint32_t peer = whom_to_ask(r, want);
    want->asked = peer;
    want->attempts++;
    want->due_us = r->now.mono_us + r->delta_us * num_min_u64(want->attempts, 8);
    if (peer == r->self) return;
    r->counters.fetches++;
    r->out->type = FRAME_FETCH_BATCH;
    r->out->fetch_batch = want->tip;
    replica_send_frame(r, peer, r->out);
}

void replica_fetch_tick(struct replica *r) {
    for (uint32_t i = 0; i < WANTS_MAX; i++) {
        struct want *want = &r->wants[i];
        if (want->tip.seq == 0 || r->now.mono_us < want->due_us) continue;
        if (have(r, &want->tip) || want->attempts >= WANT_ATTEMPTS_MAX) {
            *want = (struct want){0};
        } else {
            ask(r, want);
        }
    }
}

uint64_t replica_fetch_deadline(const struct replica *r) {
    uint64_t deadline = UINT64_MAX;
    for (uint32_t i = 0; i < WANTS_MAX; i++) {
        if (r->wants[i].tip.seq != 0) deadline = num_min_u64(deadline, r->wants[i].due_us);
    }
    return deadline;
}

/* --- answering --- */

static enum status hash_of_own_version(struct replica *r, const struct tip *tip, struct hash *ret_hash) {
    const struct lane *lane = &r->lanes.lanes[tip->member];
    if (tip->seq <= lane->base.seq) return r->ports.read_lane(r->ports.context, tip->member, tip->seq, ret_hash);
    if (lane->tip == NULL || tip->seq > lane->tip->seq) return STATUS_NOT_FOUND;
    *ret_hash = lane_ancestor(lane->tip, tip->seq)->hash;
    return STATUS_OK;
}

enum status replica_on_fetch_batch(struct replica *r, uint32_t from, const struct tip *tip) {
    if (tip->member >= r->members) return STATUS_UNKNOWN_MEMBER;
    struct hash hash = tip->hash;
    if (hash_is_zero(&hash)) TRY(hash_of_own_version(r, tip, &hash));
    r->out->type = FRAME_BATCH;
    TRY(r->ports.read_batch(r->ports.context, &hash, &r->out->batch.header, &r->out->batch.body,
                            &r->out->batch.contents));
    replica_send_frame(r, from, r->out);
    return STATUS_OK;
}

/* Finalized blocks from `height` on, up to and including the first that has its own finalization. The blocks are copied behind each
 * other into a piece of the pool, because a read is only good until the next one. */
enum status replica_on_fetch_range(struct replica *r, uint32_t from, uint64_t height) {
    uint64_t last = machine_height(r->machine);
    if (height == 0 || height > last) return STATUS_NOT_FOUND;
    size_t capacity = FRAME_BYTES_MAX - 65536;
    uint8_t *copy = pool_take(&r->pool, capacity);
    if (copy == NULL) return STATUS_BUSY;
    size_t used = 0;
    enum status status = STATUS_NOT_FOUND;
    r->out->type = FRAME_RANGE;
    r->out->range.count = 0;
    for (; height <= last && r->out->range.count < RANGE_BLOCKS_MAX; height++) {
        struct slice block, finalization;
        status = r->ports.read_height(r->ports.context, height, &block, &finalization);
        if (status != STATUS_OK) break;
        status = STATUS_NOT_FOUND;
        if (block.bytes + finalization.bytes > capacity - used) break;
        memcpy(copy + used, block.data, block.bytes);
        r->out->range.blocks[r->out->range.count++] = slice_of(copy + used, block.bytes);
        used += block.bytes;
        if (finalization.bytes == 0) continue;
        memcpy(copy + used, finalization.data, finalization.bytes);
        r->out->range.finalization = slice_of(copy + used, finalization.bytes);
        replica_send_frame(r, from, r->out);
        status = STATUS_OK;
        break;
    }
    pool_give(&r->pool, copy, capacity);
    return status;
}

void replica_ask_range(struct replica *r, uint32_t peer) {
    /* One range at a time per peer, again after a while; and not while much waits for execution already. */
    if (r->queue_count > EXECUTION_QUEUE_MAX - RANGE_BLOCKS_MAX) return;
    struct peer *p = &r->peers[peer];
    if (p->range_asked_us != 0 && r->now.mono_us < p->range_asked_us + 4 * r->delta_us) return;
    p->range_asked_us = r->now.mono_us;
    r->out->type = FRAME_FETCH_RANGE;
    r->out->fetch_range = agreement_final_height(r->agreement) + 1;
    replica_send_frame(r, peer, r->out);
}
