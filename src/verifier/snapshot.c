#include "verifier/snapshot.h"

enum status verify_snapshot_head(const struct verify_result *certified, const struct genesis *genesis,
                                 struct slice bytes, struct snapshot_head *ret_head) {
    const struct record_snapshot *named = &certified->parameters.snapshot;
    struct reader reader = reader_of(bytes);
    struct snapshot_head head;
    struct hash chain;
    if (named->height == 0) return STATUS_NOT_FOUND;
    genesis_chain(genesis, &chain);
    TRY(snapshot_head_take(&reader, &chain, &head));
    if (head.height != named->height) return STATUS_CONFLICT;
    *ret_head = head;
    return STATUS_OK;
}

enum status verify_snapshot_chunk(const struct verify_result *certified, uint64_t index, struct slice chunk,
                                  const struct hash *proof, size_t proof_count) {
    if (certified->parameters.snapshot.height == 0) return STATUS_NOT_FOUND;
    return snapshot_chunk_check(&certified->parameters.snapshot, index, chunk, proof, proof_count);
}

enum status verify_snapshot(const struct verify_result *certified, const struct genesis *genesis, struct slice bytes,
                            struct snapshot_head *ret_head) {
    struct snapshot_head head;
    TRY(verify_snapshot_head(certified, genesis, bytes, &head));
    TRY(snapshot_check(&certified->parameters.snapshot, bytes));
    *ret_head = head;
    return STATUS_OK;
}
