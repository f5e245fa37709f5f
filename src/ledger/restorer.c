#include "ledger/restorer.h"

static enum status on_height(void *replica, uint64_t height, struct slice block, struct slice finalization,
                             const struct checkpoint *checkpoint) {
    return replica_restore_height(replica, height, block, finalization, checkpoint);
}
static enum status on_batch(void *replica, struct slice header, struct slice body, struct slice contents) {
    return replica_restore_batch(replica, header, body, contents);
}
static enum status on_block(void *replica, const struct hash *hash, struct slice block) {
    return replica_restore_block(replica, hash, block);
}
static enum status on_certificate(void *replica, struct slice certificate) {
    return replica_restore_certificate(replica, certificate);
}
static enum status on_vote(void *replica, const struct vote *vote) { return replica_restore_vote(replica, vote); }
static enum status on_certified(void *replica, const struct checkpoint *checkpoint,
                                const struct checkpoint_signature *signatures, uint32_t count) {
    return replica_restore_certified(replica, checkpoint, signatures, count);
}
static enum status on_proof(void *replica, struct slice proof) { return replica_restore_proof(replica, proof); }

struct ledger_visitor ledger_restorer(struct replica *replica) {
    return (struct ledger_visitor){.context = replica,
                                   .height = on_height,
                                   .batch = on_batch,
                                   .block = on_block,
                                   .certificate = on_certificate,
                                   .vote = on_vote,
                                   .certified = on_certified,
                                   .proof = on_proof};
}
