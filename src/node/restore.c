/* Bringing a replica back from its ledger: every hash, signature and root on the way is checked again. */
#include <inttypes.h>

#include <stdlib.h>

#include "ledger/snapshot.h"
#include "node/state.h"

struct restoring {
    struct node *node;
    uint64_t heights;
    uint64_t batches;
};

static enum status said(enum status status, const char *what, uint64_t at) {
    if (status != STATUS_OK)
        node_log(LOG_ERROR, "the ledger's %s %" PRIu64 " is refused: %s", what, at, status_text(status));
    return status;
}

static enum status on_height(void *context, uint64_t height, struct slice block, struct slice finalization,
                             const struct checkpoint *checkpoint) {
    struct restoring *restoring = context;
    restoring->heights++;
    return said(replica_restore_height(restoring->node->replica, height, block, finalization, checkpoint), "height",
                height);
}

static enum status on_batch(void *context, struct slice header, struct slice body, struct slice contents) {
    struct restoring *restoring = context;
    return said(replica_restore_batch(restoring->node->replica, header, body, contents), "waiting batch",
                ++restoring->batches);
}

static enum status on_block(void *context, const struct hash *hash, struct slice block) {
    return said(replica_restore_block(((struct restoring *)context)->node->replica, hash, block),
                "candidate block after height", ((struct restoring *)context)->heights);
}

static enum status on_certificate(void *context, struct slice certificate) {
    return said(replica_restore_certificate(((struct restoring *)context)->node->replica, certificate),
                "certificate after height", ((struct restoring *)context)->heights);
}

static enum status on_vote(void *context, const struct vote *vote) {
    return said(replica_restore_vote(((struct restoring *)context)->node->replica, vote), "own vote in view",
                vote->view);
}

static enum status on_certified(void *context, const struct checkpoint *checkpoint,
                                const struct checkpoint_signature *signatures, uint32_t count) {
    return said(
        replica_restore_certified(((struct restoring *)context)->node->replica, checkpoint, signatures, count),
        "certificate of height", checkpoint->height);
}

static enum status on_proof(void *context, struct slice proof) {
    return said(replica_restore_proof(((struct restoring *)context)->node->replica, proof), "misbehaviour proof of",
                proof.bytes);
}

/* The state comes out as it was: with the root that the ledger has for that height. */
static enum status load_snapshot(struct node *node, const struct record_snapshot *record, struct slice bytes) {
    struct checkpoint expected, loaded;
    uint64_t time_us;
    struct slice block, finalization;
    if (ledger_read_height(node->ledger, record->height, &block, &finalization) != STATUS_OK)
        finalization = slice_of(NULL, 0);
    TRY(replica_restore_snapshot(node->replica, bytes, record, finalization));
    TRY(ledger_read_checkpoint(node->ledger, record->height, &expected, &time_us));
    machine_checkpoint(replica_machine(node->replica), &loaded);
    return checkpoint_equal(&loaded, &expected) ? STATUS_OK : STATUS_CORRUPT;
}

/* A ledger that does not go back to the first block has a snapshot to begin with. */
static enum status begin(struct node *node, uint64_t *ret_next) {
    struct record_snapshot record;
    uint8_t *bytes = NULL;
    *ret_next = 1;
    if (ledger_base(node->ledger) <= 1) return STATUS_OK;
    enum status status = ledger_base_snapshot(node->ledger, &record);
    if (status == STATUS_OK) status = ledger_load_snapshot(node->ledger, &record, &bytes);
    if (status == STATUS_OK) status = load_snapshot(node, &record, slice_of(bytes, record.bytes));
    free(bytes);
    if (status != STATUS_OK)
        return said(status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status, "snapshot behind height",
                    ledger_base(node->ledger) - 1);
    node_log(LOG_INFO, "began with the snapshot of height %" PRIu64, record.height);
    *ret_next = record.height + 1;
    return STATUS_OK;
}

enum status node_restore(struct node *node) {
    uint64_t next;
    TRY(begin(node, &next));
    struct restoring restoring = {.node = node};
    const struct ledger_visitor visitor = {.context = &restoring,
                                           .height = on_height,
                                           .batch = on_batch,
                                           .block = on_block,
                                           .certificate = on_certificate,
                                           .vote = on_vote,
                                           .certified = on_certified,
                                           .proof = on_proof};
    enum status status = ledger_visit_from(node->ledger, next, &visitor);
    if (status != STATUS_OK) return status;
    node_log(LOG_INFO, "restored %" PRIu64 " heights and %" PRIu64 " waiting batches from the ledger",
             restoring.heights, restoring.batches);
    return STATUS_OK;
}
