/* Bringing a replica back from its ledger: every hash, signature and root on the way is checked again. */
#include <inttypes.h>

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

enum status node_restore(struct node *node) {
    struct restoring restoring = {.node = node};
    const struct ledger_visitor visitor = {.context = &restoring,
                                           .height = on_height,
                                           .batch = on_batch,
                                           .block = on_block,
                                           .certificate = on_certificate,
                                           .vote = on_vote,
                                           .certified = on_certified,
                                           .proof = on_proof};
    enum status status = ledger_visit(node->ledger, &visitor);
    if (status != STATUS_OK) return status;
    node_log(LOG_INFO, "restored %" PRIu64 " heights and %" PRIu64 " waiting batches from the ledger",
             restoring.heights, restoring.batches);
    return STATUS_OK;
}
