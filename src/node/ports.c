/* The replica's ports: the ledger's functions as they are, sends into the outbox, events to http and the log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/state.h"
#include "wire/frame.h"

/* The ports' context is the node; the ledger's functions want the ledger. */
static void persist_batch(void *context, const struct header *header, const struct hash *hash, struct slice bytes,
                          struct slice body, struct slice contents) {
    ledger_persist_batch(((struct node *)context)->ledger, header, hash, bytes, body, contents);
}
static void persist_vote(void *context, const struct vote *vote) {
    ledger_persist_vote(((struct node *)context)->ledger, vote);
}
static void persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    ledger_persist_certificate(((struct node *)context)->ledger, view, kind, certificate);
}
static void persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block) {
    ledger_persist_block(((struct node *)context)->ledger, hash, view, block);
}
static void persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    ledger_persist_leaf(((struct node *)context)->ledger, index, bytes, leaf_hash);
}
static void persist_executed(void *context, const struct hash *batch, uint64_t height) {
    ledger_persist_executed(((struct node *)context)->ledger, batch, height);
}
static void persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    ledger_persist_height(((struct node *)context)->ledger, height, block_hash, block, finalization, time_us,
                          checkpoint);
}
static void persist_certified(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    ledger_persist_certified(((struct node *)context)->ledger, checkpoint, signatures, count);
}
static void persist_proof(void *context, uint32_t member, struct slice proof) {
    ledger_persist_proof(((struct node *)context)->ledger, member, proof);
}
static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents) {
    return ledger_read_batch(((struct node *)context)->ledger, hash, ret_header, ret_body, ret_contents);
}
static enum status read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    return ledger_read_lane(((struct node *)context)->ledger, member, seq, ret_hash);
}
static void persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                          struct slice finalization) {
    ledger_persist_epoch(((struct node *)context)->ledger, epoch, position, bytes, finalization);
}

static enum status read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                              struct slice *ret_finalization) {
    return ledger_read_epoch(((struct node *)context)->ledger, epoch, position, ret_bytes, ret_finalization);
}

static enum status read_height(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization) {
    return ledger_read_height(((struct node *)context)->ledger, height, ret_block, ret_finalization);
}
static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    return ledger_read_leaf(((struct node *)context)->ledger, index, ret_bytes);
}

static void *grown(void *old, size_t *capacity, size_t wanted, size_t each) {
    if (wanted <= *capacity) return old;
    size_t next = *capacity == 0 ? 1024 : *capacity;
    while (next < wanted) next *= 2;
    void *memory = realloc(old, next * each);
    CHECK(memory != NULL);
    *capacity = next;
    return memory;
}

static void outbox_put(void *context, uint32_t to, struct slice frame) {
    struct node *node = context;
    node->outbox = grown(node->outbox, &node->outbox_capacity, node->outbox_count + 1, sizeof *node->outbox);
    node->outbox_data = grown(node->outbox_data, &node->outbox_data_capacity, node->outbox_bytes + frame.bytes, 1);
    memcpy(node->outbox_data + node->outbox_bytes, frame.data, frame.bytes);
    node->outbox[node->outbox_count++] = (struct outgoing){to, node->outbox_bytes, frame.bytes};
    node->outbox_bytes += frame.bytes;
}

/* What carries batches and blocks, and what must not overtake them: an acknowledgement speaks of batches, an answer to an amnesiac counts
 * only once its batch is there; a proof can wait. Everything else is short, and somebody waits for it. */
static enum transport_haste haste_of(enum frame_type type) {
    switch (type) {
    case FRAME_BATCH:
    case FRAME_ACK:
    case FRAME_BLOCK:
    case FRAME_RANGE:
    case FRAME_RECOVERED:
    case FRAME_FETCH_HANDOVER:
    case FRAME_HANDOVER:
    case FRAME_PROOF: return TRANSPORT_BULK;
    default: return TRANSPORT_URGENT;
    }
}

/* Frames that a full queue or a dead link refuses are dropped: the protocol asks or says again. */
static void send_to(struct node *node, uint32_t to, struct slice frame) {
    enum status status = transport_send(node->transport, to, haste_of(frame_type_of(frame)), frame);
    (void)status;
}

/* After the commit: what was held back leaves, in order. */
void node_release(struct node *node) {
    for (size_t i = 0; i < node->outbox_count; i++) {
        const struct outgoing *out = &node->outbox[i];
        struct slice frame = slice_of(node->outbox_data + out->offset, out->bytes);
        if (out->to < node->config->genesis.members) {
            send_to(node, out->to, frame);
            continue;
        }
        for (uint32_t peer = 0; peer < node->config->genesis.members; peer++) {
            if (peer != node->config->member) send_to(node, peer, frame);
        }
    }
    node->outbox_count = 0;
    node->outbox_bytes = 0;
    /* One burst must not keep its memory for ever. */
    if (node->outbox_data_capacity > (size_t)64 * 1024 * 1024) {
        free(node->outbox_data);
        node->outbox_data = NULL;
        node->outbox_data_capacity = 0;
    }
}

static void log_threshold(const struct node *node, uint64_t height) {
    struct machine_partition partition;
    machine_partition(replica_machine(node->replica), &partition);
    node_log(partition.is_raised ? LOG_WARNING : LOG_INFO,
             "certificates need the threshold %" PRIu32 "/%" PRIu32 " from height %" PRIu64 " on",
             partition.threshold.numerator, partition.threshold.denominator, height);
}

static void log_epoch(const struct node *node, uint64_t height) {
    const struct roster *roster = replica_roster(node->replica);
    node_log(LOG_INFO,
             "epoch %" PRIu64 " begins after height %" PRIu64 ": %" PRIu32 " members, threshold %" PRIu32 "/%" PRIu32,
             roster->epoch, height, roster_heads(roster), roster->threshold.numerator, roster->threshold.denominator);
}

static void on_event(void *context, const struct replica_event *event) {
    struct node *node = context;
    const char *name = node_member_name(node, event->member);
    switch (event->kind) {
    case EVENT_MISBEHAVIOUR:
        node_log(LOG_WARNING, "proof of misbehaviour against %s, at %" PRIu64, name, event->seq);
        break;
    case EVENT_PEER_REFUSED:
        node_log(LOG_WARNING, "refused a frame of %s: %s", name, status_text(event->status));
        break;
    case EVENT_LEVEL:
        node_log(event->level == LEVEL_CONNECTED ? LOG_INFO : LOG_WARNING, "partition level %s",
                 level_name(event->level));
        break;
    case EVENT_THRESHOLD: log_threshold(node, event->height); break;
    case EVENT_EPOCH:
        log_epoch(node, event->height);
        node->roster_moved = true;
        break;
    case EVENT_DIVERGED:
        node_log(LOG_ERROR, "%s (height %" PRIu64 "); the ledger is kept as it is", status_text(event->status),
                 event->height);
        break;
    case EVENT_REFUSED:
        node_log(LOG_WARNING, "item %" PRIu32 " of own batch %" PRIu64 " changed nothing: %s", event->item,
                 event->seq, status_text(event->status));
        break;
    case EVENT_EXECUTED:
        node_log(LOG_DEBUG, "executed height %" PRIu64, event->height);
        node_certificate_executed(node);
        node_snapshot_executed(node);
        break;
    case EVENT_CERTIFIED:
        node_log(LOG_DEBUG, "certified height %" PRIu64, event->height);
        node_certificate_certified(node, event->height);
        break;
    case EVENT_BATCH_AVAILABLE:
    case EVENT_BATCH_EXECUTED:
    case EVENT_BELIEF: break;
    }
    if (node->http != NULL) http_on_event(node->http, event);
}

struct replica_ports node_ports(struct node *node) {
    return (struct replica_ports){.context = node,
                                  .persist_batch = persist_batch,
                                  .persist_vote = persist_vote,
                                  .persist_certificate = persist_certificate,
                                  .persist_block = persist_block,
                                  .persist_leaf = persist_leaf,
                                  .persist_executed = persist_executed,
                                  .persist_height = persist_height,
                                  .persist_certified = persist_certified,
                                  .persist_proof = persist_proof,
                                  .persist_epoch = persist_epoch,
                                  .read_epoch = read_epoch,
                                  .read_batch = read_batch,
                                  .read_lane = read_lane,
                                  .read_height = read_height,
                                  .read_leaf = read_leaf,
                                  .send = outbox_put,
                                  .event = on_event};
}
