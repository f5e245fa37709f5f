/* Frames from other members: decoded strictly, then handed to the room that knows what they mean (a table, by
 * type). */
#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"
#include "replica/state.h"

void replica_send_frame(struct replica *r, uint32_t to, const struct frame *frame) {
    struct writer writer = writer_of(r->buffer, FRAME_BYTES_MAX);
    frame_put(&writer, frame);
    CHECK(writer_status(&writer) == STATUS_OK);
    replica_charge(r, to, writer.bytes);
    r->ports.send(r->ports.context, to, writer_slice(&writer));
}

void replica_event(struct replica *r, const struct replica_event *event) {
    if (!r->restoring) r->ports.event(r->ports.context, event);
}

typedef enum status frame_handler(struct replica *r, uint32_t from, const struct frame *frame);

static enum status on_hello(struct replica *r, uint32_t from, const struct frame *frame) {
    if (!hash_equal(&frame->hello.chain, &r->chain)) return STATUS_WRONG_CHAIN;
    if (frame->hello.member != from) return STATUS_UNKNOWN_MEMBER;
    r->known[from].height = frame->hello.height;
    replica_ask_range(r);
    if (replica_may_reply(r, from)) replica_send_attestation(r, from);
    return STATUS_OK;
}

static enum status on_ack(struct replica *r, uint32_t from, const struct frame *frame) {
    for (uint32_t i = 0; i < frame->ack.count; i++) {
        const struct tip *tip = &frame->ack.tips[i];
        if (tip->member >= r->members) return STATUS_UNKNOWN_MEMBER;
        lanes_ack(&r->lanes, from, tip);
        /* Of the own lane nobody has more than this member, unless it lost its ledger. */
        if (tip->member == r->self && !r->recovering) continue;
        /* The batch itself is mostly on its way from its owner: asked for only when it does not come. */
        replica_want_lane(r, tip->member, tip->seq, r->delta_us);
    }
    return STATUS_OK;
}

static enum status on_heartbeat(struct replica *r, uint32_t from, const struct frame *frame) {
    struct replica_peer *peer = &r->known[from];
    peer->view = frame->heartbeat.view;
    uint64_t least = CANARY(CLAIMED_HEIGHT_BELIEVED) ? peer->height : 0;
    peer->height = num_max_u64(frame->heartbeat.height, least);
    peer->certified = frame->heartbeat.certified;
    bool answered = replica_may_reply_to_heartbeat(r, from);
    if (answered) agreement_on_heartbeat(r->agreement, from, frame->heartbeat.view);
    replica_ask_range(r);
    if (answered && peer->certified < machine_height(r->machine)) replica_send_attestation(r, from);
    return STATUS_OK;
}

static enum status on_proposal(struct replica *r, uint32_t from, const struct frame *frame) {
    r->counters.proposals++;
    return agreement_on_proposal(r->agreement, r->now.mono_us, from, frame);
}

static enum status on_vote(struct replica *r, uint32_t from, const struct frame *frame) {
    return agreement_on_vote(r->agreement, r->now.mono_us, from, &frame->vote);
}

static enum status on_certificate(struct replica *r, uint32_t from, const struct frame *frame) {
    return agreement_on_certificate(r->agreement, r->now.mono_us, from, frame->certificate);
}

static enum status on_fetch_batch(struct replica *r, uint32_t from, const struct frame *frame) {
    return replica_on_fetch_batch(r, from, &frame->fetch_batch);
}

static enum status on_fetch_block(struct replica *r, uint32_t from, const struct frame *frame) {
    enum status status = agreement_on_fetch_block(r->agreement, from, &frame->fetch_block);
    if (status != STATUS_NOT_FOUND) return status;
    /* Asked for something that is final here already: then the range helps. */
    return replica_send_range(r, from, r->known[from].height + 1);
}

static enum status on_block(struct replica *r, uint32_t from, const struct frame *frame) {
    (void)from;
    return agreement_on_block(r->agreement, r->now.mono_us, frame->block);
}

static enum status on_fetch_range(struct replica *r, uint32_t from, const struct frame *frame) {
    return replica_on_fetch_range(r, from, frame->fetch_range);
}

static enum status on_range(struct replica *r, uint32_t from, const struct frame *frame) {
    TRY(agreement_on_range(r->agreement, r->now.mono_us, frame->range.blocks, frame->range.count,
                           frame->range.finalization));
    replica_got_range(r, from);
    return STATUS_OK;
}

static enum status on_fetch_views(struct replica *r, uint32_t from, const struct frame *frame) {
    return agreement_on_fetch_views(r->agreement, from, frame->fetch_views.from, frame->fetch_views.to);
}

static enum status on_recover(struct replica *r, uint32_t from, const struct frame *frame) {
    return replica_on_recover(r, from, frame->recover.nonce);
}

static enum status on_proof(struct replica *r, uint32_t from, const struct frame *frame) {
    (void)from;
    return replica_take_proof(r, frame->proof, true);
}

static enum status on_fetch_handover(struct replica *r, uint32_t from, const struct frame *frame) {
    return replica_on_fetch_handover(r, from, frame->fetch_handover);
}

static enum status on_handover(struct replica *r, uint32_t from, const struct frame *frame) {
    (void)from;
    return replica_on_handover(r, frame->handover);
}

static frame_handler *const handlers[FRAME_TYPE_COUNT] = {
    [FRAME_HELLO] = on_hello,
    [FRAME_BATCH] = replica_on_batch,
    [FRAME_ACK] = on_ack,
    [FRAME_HEARTBEAT] = on_heartbeat,
    [FRAME_PROPOSAL] = on_proposal,
    [FRAME_VOTE] = on_vote,
    [FRAME_CERTIFICATE] = on_certificate,
    [FRAME_ATTESTATION] = replica_on_attestation,
    [FRAME_FETCH_BATCH] = on_fetch_batch,
    [FRAME_FETCH_BLOCK] = on_fetch_block,
    [FRAME_BLOCK] = on_block,
    [FRAME_FETCH_RANGE] = on_fetch_range,
    [FRAME_RANGE] = on_range,
    [FRAME_FETCH_VIEWS] = on_fetch_views,
    [FRAME_RECOVER] = on_recover,
    [FRAME_RECOVERED] = replica_on_recovered,
    [FRAME_PROOF] = on_proof,
    [FRAME_FETCH_HANDOVER] = on_fetch_handover,
    [FRAME_HANDOVER] = on_handover,
};

/* Messages that may make blocks final are not taken while much that is final waits for its batches: this member
 * catches up first, and asks for the rest then. */
static bool too_early(const struct replica *r, enum frame_type type) {
    switch (type) {
    case FRAME_PROPOSAL:
    case FRAME_VOTE:
    case FRAME_CERTIFICATE:
    case FRAME_BLOCK:
    case FRAME_RANGE: return r->queue_count >= EXECUTION_BACKLOG_MAX;
    default: return false;
    }
}

/* A canary: what a peer claims is believed for good, and nobody takes part before it has caught up with that. */
static bool believes_to_be_behind(const struct replica *r) {
    for (uint32_t m = 0; m < r->members; m++) {
        if (r->known[m].height > agreement_final_height(r->agreement) + RANGE_BLOCKS_MAX) return true;
    }
    return false;
}

/* Messages that do nothing but ask. */
static bool is_question(enum frame_type type) {
    switch (type) {
    case FRAME_FETCH_BATCH:
    case FRAME_FETCH_BLOCK:
    case FRAME_FETCH_RANGE:
    case FRAME_FETCH_VIEWS:
    case FRAME_FETCH_HANDOVER:
    case FRAME_RECOVER: return true;
    default: return false;
    }
}

static enum status handle(struct replica *r, uint32_t from) {
    CHECK(r->frame->type < FRAME_TYPE_COUNT && handlers[r->frame->type] != NULL);
    if (CANARY(CLAIMED_HEIGHT_BELIEVED) && r->frame->type == FRAME_PROPOSAL && believes_to_be_behind(r))
        return STATUS_BUSY;
    if (too_early(r, r->frame->type)) return STATUS_BUSY;
    if (is_question(r->frame->type) && !replica_may_reply(r, from)) return STATUS_BUSY;
    return handlers[r->frame->type](r, from, r->frame);
}

/* Late, repeated or early messages are no fault of their sender. */
static bool blameless(enum status status) {
    return status == STATUS_OK || status == STATUS_STALE || status == STATUS_DUPLICATE || status == STATUS_MISSING ||
           status == STATUS_BUSY || status == STATUS_TOO_MANY || status == STATUS_CLOCK_AHEAD ||
           status == STATUS_NOT_FOUND || status == STATUS_WRONG_EPOCH;
}

void replica_on_frame(struct replica *r, struct replica_time now, uint32_t from, struct slice bytes) {
    if (!keyring_has(&r->keyring, from) || from == r->self || r->diverged) return;
    r->now = now;
    r->counters.frames_in++;
    r->known[from].heard_us = now.mono_us;
    replica_watch_heard(r, from);
    enum status status = frame_read(bytes, r->frame);
    if (status == STATUS_OK) status = handle(r, from);
    if (!blameless(status)) {
        r->counters.frames_refused++;
        replica_event(r, &(struct replica_event){.kind = EVENT_PEER_REFUSED, .member = from, .status = status});
    }
    replica_settle(r);
}

static void look_for_available(struct replica *r) {
    uint32_t needed = quorum_available(r->heads, r->roster.threshold);
    uint64_t tip = lanes_tip(&r->lanes, r->self).seq;
    while (r->available_seq < tip && lanes_holders(&r->lanes, r->self, r->self, r->available_seq + 1) >= needed) {
        r->available_seq++;
        replica_event(
            r, &(struct replica_event){.kind = EVENT_BATCH_AVAILABLE, .member = r->self, .seq = r->available_seq});
    }
}

/* What one round does may let another one do more; what is left after a few is done with the next input. */
enum { SETTLE_ROUNDS_MAX = 8 };

void replica_settle(struct replica *r) {
    if (r->restoring) return;
    for (int round = 0; round < SETTLE_ROUNDS_MAX && !r->diverged; round++) {
        if (r->retry) replica_retry_held(r);
        while (replica_execute_next(r)) {
        }
        if (r->diverged || !r->lanes_moved) break;
        r->lanes_moved = false;
        agreement_payload_changed(r->agreement, r->now.mono_us);
        replica_look_for_work(r);
    }
    if (r->diverged) return;
    look_for_available(r);
    replica_ask_range(r);
}
