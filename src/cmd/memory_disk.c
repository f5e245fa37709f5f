#include "cmd/memory_disk.h"

#include <stdlib.h>

#include "base/check.h"
#include "ledger/memory.h"
#include "ledger/restorer.h"

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
    ports->persist_epoch = memory_ledger_persist_epoch;
    ports->read_epoch = memory_ledger_read_epoch;
    ports->read_batch = memory_ledger_read_batch;
    ports->read_lane = memory_ledger_read_lane;
    ports->read_height = memory_ledger_read_height;
    ports->read_leaf = memory_ledger_read_leaf;
}

static enum status disk_restore(void *disk, struct replica *replica) {
    const struct ledger_visitor visitor = ledger_restorer(replica);
    return memory_ledger_visit(disk, &visitor);
}

static enum status disk_read_node(void *disk, uint32_t level, uint64_t index, struct hash *ret_hash) {
    return memory_ledger_read_node(disk, level, index, ret_hash);
}

/* --- restoring with a flipped bit: the same visit, one thing of it changed on the way. What each thing is protected by is the replica's to
 * know: signatures, hashes that others name, or a root that it computes again. --- */

struct flip {
    struct replica *replica;
    uint64_t dice;
    uint64_t at;   /* which of the things visited */
    uint64_t seen; /* how many were */
    const char *what;
};

/* A copy of `bytes`, changed when its turn has come; to be freed. */
static struct slice flipped(struct flip *flip, struct slice bytes, const char *what) {
    uint8_t *copy = malloc(bytes.bytes + 1);
    CHECK(copy != NULL);
    if (bytes.bytes > 0) memcpy(copy, bytes.data, bytes.bytes);
    if (bytes.bytes > 0 && flip->seen++ == flip->at) {
        uint64_t bit = flip->dice % (8 * bytes.bytes);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        flip->what = what;
    }
    return slice_of(copy, bytes.bytes);
}

static void give(struct slice bytes) { free((void *)(uintptr_t)bytes.data); }

static enum status flip_height(void *context, uint64_t height, struct slice block, struct slice finalization,
                               const struct checkpoint *checkpoint) {
    struct flip *flip = context;
    struct slice a = flipped(flip, block, "a block");
    struct slice b = flipped(flip, finalization, "a finalization");
    struct slice root = flipped(flip, slice_of(checkpoint->root.bytes, HASH_BYTES), "a root");
    struct checkpoint changed = *checkpoint;
    memcpy(changed.root.bytes, root.data, HASH_BYTES);
    enum status status = replica_restore_height(flip->replica, height, a, b, &changed);
    give(a);
    give(b);
    give(root);
    return status;
}

static enum status flip_batch(void *context, struct slice header, struct slice body, struct slice contents) {
    struct flip *flip = context;
    struct slice a = flipped(flip, header, "a header"), b = flipped(flip, body, "the items of a batch");
    enum status status = replica_restore_batch(flip->replica, a, b, contents);
    give(a);
    give(b);
    return status;
}

static enum status flip_block(void *context, const struct hash *hash, struct slice block) {
    struct flip *flip = context;
    struct slice changed = flipped(flip, block, "a candidate block");
    enum status status = replica_restore_block(flip->replica, hash, changed);
    give(changed);
    return status;
}

static enum status flip_certificate(void *context, struct slice certificate) {
    struct flip *flip = context;
    struct slice changed = flipped(flip, certificate, "a vote certificate");
    enum status status = replica_restore_certificate(flip->replica, changed);
    give(changed);
    return status;
}

static enum status flip_vote(void *context, const struct vote *vote) {
    struct flip *flip = context;
    struct vote changed = *vote;
    struct slice signature = flipped(flip, slice_of(vote->signature, SIGNATURE_BYTES), "an own vote");
    memcpy(changed.signature, signature.data, SIGNATURE_BYTES);
    give(signature);
    return replica_restore_vote(flip->replica, &changed);
}

static enum status flip_certified(void *context, const struct checkpoint *checkpoint,
                                  const struct checkpoint_signature *signatures, uint32_t count) {
    struct flip *flip = context;
    struct checkpoint changed = *checkpoint;
    struct slice root = flipped(flip, slice_of(checkpoint->root.bytes, HASH_BYTES), "the certified root");
    memcpy(changed.root.bytes, root.data, HASH_BYTES);
    give(root);
    return replica_restore_certified(flip->replica, &changed, signatures, count);
}

static enum status flip_proof(void *context, struct slice proof) {
    struct flip *flip = context;
    struct slice changed = flipped(flip, proof, "a proof");
    enum status status = replica_restore_proof(flip->replica, changed);
    give(changed);
    return status;
}

/* How many things there are to flip: a visit that only counts. */
static enum status count_height(void *context, uint64_t height, struct slice block, struct slice finalization,
                                const struct checkpoint *checkpoint) {
    (void)height;
    (void)block;
    (void)checkpoint;
    *(uint64_t *)context += finalization.bytes > 0 ? 3 : 2;
    return STATUS_OK;
}
static enum status count_batch(void *context, struct slice header, struct slice body, struct slice contents) {
    (void)header;
    (void)body;
    (void)contents;
    *(uint64_t *)context += 2;
    return STATUS_OK;
}
static enum status count_bytes(void *context, struct slice bytes) {
    (void)bytes;
    ++*(uint64_t *)context;
    return STATUS_OK;
}
static enum status count_block(void *context, const struct hash *hash, struct slice bytes) {
    (void)hash;
    return count_bytes(context, bytes);
}
static enum status count_vote(void *context, const struct vote *vote) {
    (void)vote;
    ++*(uint64_t *)context;
    return STATUS_OK;
}
static enum status count_certified(void *context, const struct checkpoint *checkpoint,
                                   const struct checkpoint_signature *signatures, uint32_t count) {
    (void)checkpoint;
    (void)signatures;
    (void)count;
    ++*(uint64_t *)context;
    return STATUS_OK;
}

static enum status flipped_restore(void *disk, struct replica *replica, uint64_t dice, const char **ret_what) {
    uint64_t things = 0;
    const struct ledger_visitor counter = {.context = &things,
                                           .height = count_height,
                                           .batch = count_batch,
                                           .block = count_block,
                                           .certificate = count_bytes,
                                           .vote = count_vote,
                                           .certified = count_certified,
                                           .proof = count_bytes};
    TRY(memory_ledger_visit(disk, &counter));
    if (things == 0) return STATUS_NOT_FOUND;
    struct flip flip = {.replica = replica, .dice = dice >> 16, .at = dice % things};
    const struct ledger_visitor visitor = {.context = &flip,
                                           .height = flip_height,
                                           .batch = flip_batch,
                                           .block = flip_block,
                                           .certificate = flip_certificate,
                                           .vote = flip_vote,
                                           .certified = flip_certified,
                                           .proof = flip_proof};
    enum status status = memory_ledger_visit(disk, &visitor);
    *ret_what = flip.what != NULL ? flip.what : "nothing";
    return status;
}

const struct sim_disk *memory_disk(void) {
    static const struct sim_disk disk = {.open = disk_open,
                                         .close = disk_close,
                                         .fill = disk_fill,
                                         .commit = disk_commit,
                                         .crash = disk_crash,
                                         .clone = disk_clone,
                                         .fail = disk_fail,
                                         .restore = disk_restore,
                                         .restore_flipped = flipped_restore,
                                         .read_leaf = memory_ledger_read_leaf,
                                         .read_node = disk_read_node};
    return &disk;
}
