#include "cmd/memory_disk.h"

#include "ledger/memory.h"

static void *disk_open(const struct hash *chain) { return memory_ledger_open(chain); }
static void disk_close(void *disk) { memory_ledger_close(disk); }
static enum status disk_commit(void *disk) { return memory_ledger_commit(disk); }
static void disk_crash(void *disk) { memory_ledger_crash(disk); }
static void *disk_clone(const void *disk) { return memory_ledger_clone(disk); }
static void disk_fail(void *disk, enum status status) { memory_ledger_fail(disk, status); }

static void disk_fill(struct replica_ports *ports) {
    ports->persist_batch = memory_ledger_persist_batch;
    ports->persist_vote = memory_ledger_persist_vote;
    ports->persist_certificate = memory_ledger_persist_certificate;
    ports->persist_block = memory_ledger_persist_block;
    ports->persist_leaf = memory_ledger_persist_leaf;
    ports->persist_executed = memory_ledger_persist_executed;
    ports->persist_height = memory_ledger_persist_height;
    ports->persist_certified = memory_ledger_persist_certified;
    ports->persist_proof = memory_ledger_persist_proof;
    ports->read_batch = memory_ledger_read_batch;
    ports->read_lane = memory_ledger_read_lane;
    ports->read_height = memory_ledger_read_height;
}

static enum status on_height(void *replica, uint64_t height, struct slice block, struct slice finalization,
                             const struct checkpoint *checkpoint) {
    return replica_restore_height(replica, height, block, finalization, checkpoint);
}
static enum status on_batch(void *replica, struct slice header, struct slice body, struct slice contents) {
    return replica_restore_batch(replica, header, body, contents);
}
static enum status on_block(void *replica, struct slice block) { return replica_restore_block(replica, block); }
static enum status on_certificate(void *replica, struct slice certificate) {
    return replica_restore_certificate(replica, certificate);
}
static enum status on_vote(void *replica, const struct vote *vote) { return replica_restore_vote(replica, vote); }
static enum status on_certified(void *replica, const struct checkpoint *checkpoint,
                                const struct checkpoint_signature *signatures, uint32_t count) {
    return replica_restore_certified(replica, checkpoint, signatures, count);
}
static enum status on_proof(void *replica, struct slice proof) { return replica_restore_proof(replica, proof); }

static enum status disk_restore(void *disk, struct replica *replica) {
    const struct ledger_visitor visitor = {.context = replica,
                                           .height = on_height,
                                           .batch = on_batch,
                                           .block = on_block,
                                           .certificate = on_certificate,
                                           .vote = on_vote,
                                           .certified = on_certified,
                                           .proof = on_proof};
    return memory_ledger_visit(disk, &visitor);
}

const struct sim_disk *memory_disk(void) {
    static const struct sim_disk disk = {.open = disk_open,
                                         .close = disk_close,
                                         .fill = disk_fill,
                                         .commit = disk_commit,
                                         .crash = disk_crash,
                                         .clone = disk_clone,
                                         .fail = disk_fail,
                                         .restore = disk_restore};
    return &disk;
}
