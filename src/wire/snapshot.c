#include "wire/snapshot.h"

#include "base/check.h"
#include "base/num.h"

#define FIRST_LINE "credimus/snapshot/1\n"
enum { FIRST_LINE_BYTES = sizeof FIRST_LINE - 1 };

/* The complete nodes of the log, from the lowest level up. */
static void put_log(struct outlet *outlet, const struct merkle_frontier *log) {
    outlet_put_u64(outlet, log->count);
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++)
        if ((log->count >> level & 1) != 0) outlet_put_hash(outlet, &log->peaks[level]);
}

static enum status take_log(struct reader *reader, struct merkle_frontier *ret_log) {
    *ret_log = (struct merkle_frontier){.count = 0};
    TRY(reader_u64(reader, &ret_log->count));
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++)
        if ((ret_log->count >> level & 1) != 0) TRY(reader_hash(reader, &ret_log->peaks[level]));
    return ret_log->count > 0 && ret_log->count < UINT64_MAX ? STATUS_OK : STATUS_BAD_VALUE;
}

void snapshot_head_put(struct outlet *outlet, const struct snapshot_head *head) {
    outlet_put(outlet, FIRST_LINE, FIRST_LINE_BYTES);
    outlet_put_hash(outlet, &head->chain);
    outlet_put_u64(outlet, head->height);
    outlet_put_u64(outlet, head->epoch);
    outlet_put_u64(outlet, head->view);
    outlet_put_hash(outlet, &head->block);
    outlet_put_u64(outlet, head->time_us);
    put_log(outlet, &head->log);
}

enum status snapshot_head_take(struct reader *reader, const struct hash *chain, struct snapshot_head *ret_head) {
    struct reader rest = *reader;
    struct snapshot_head head;
    struct slice line;
    TRY(reader_take(&rest, FIRST_LINE_BYTES, &line));
    if (!slice_equal(line, slice_of(FIRST_LINE, FIRST_LINE_BYTES))) return STATUS_VERSION;
    TRY(reader_hash(&rest, &head.chain));
    if (!hash_equal(&head.chain, chain)) return STATUS_WRONG_CHAIN;
    TRY(reader_u64(&rest, &head.height));
    TRY(reader_u64(&rest, &head.epoch));
    TRY(reader_u64(&rest, &head.view));
    TRY(reader_hash(&rest, &head.block));
    TRY(reader_u64(&rest, &head.time_us));
    TRY(take_log(&rest, &head.log));
    if (head.height == 0 || head.height == UINT64_MAX) return STATUS_BAD_VALUE;
    *reader = rest;
    *ret_head = head;
    return STATUS_OK;
}

void snapshot_hasher_init(struct snapshot_hasher *hasher) {
    merkle_frontier_init(&hasher->chunks);
    hasher->bytes = 0;
}

void snapshot_hash_chunk(void *context, struct slice chunk) {
    struct snapshot_hasher *hasher = context;
    struct hash leaf;
    CHECK(chunk.bytes > 0 && hasher->bytes % SNAPSHOT_CHUNK_BYTES == 0);
    merkle_leaf(chunk, &leaf);
    merkle_append(&hasher->chunks, &leaf);
    hasher->bytes += chunk.bytes;
}

struct record_snapshot snapshot_hasher_record(const struct snapshot_hasher *hasher, uint64_t height) {
    struct record_snapshot record = {.height = height, .bytes = hasher->bytes};
    merkle_frontier_root(&hasher->chunks, &record.root);
    return record;
}

struct record_snapshot snapshot_record_of(struct slice bytes, uint64_t height) {
    struct snapshot_hasher hasher;
    snapshot_hasher_init(&hasher);
    for (size_t at = 0; at < bytes.bytes; at += SNAPSHOT_CHUNK_BYTES)
        snapshot_hash_chunk(&hasher, slice_of(bytes.data + at, num_min_size(SNAPSHOT_CHUNK_BYTES, bytes.bytes - at)));
    return snapshot_hasher_record(&hasher, height);
}

enum status snapshot_chunk_check(const struct record_snapshot *snapshot, uint64_t index, struct slice chunk,
                                 const struct hash *proof, size_t proof_count) {
    struct hash leaf;
    uint64_t chunks = snapshot_chunks(snapshot->bytes);
    if (index >= chunks || chunk.bytes != snapshot_chunk_bytes(snapshot->bytes, index)) return STATUS_BAD_VALUE;
    merkle_leaf(chunk, &leaf);
    return merkle_inclusion_check(&leaf, index, chunks, proof, proof_count, &snapshot->root);
}

enum status snapshot_check(const struct record_snapshot *snapshot, struct slice bytes) {
    if (snapshot->height == 0) return STATUS_NOT_FOUND;
    if (bytes.bytes < snapshot->bytes) return STATUS_TRUNCATED;
    if (bytes.bytes > snapshot->bytes) return STATUS_TRAILING_BYTES;
    struct record_snapshot found = snapshot_record_of(bytes, snapshot->height);
    return hash_equal(&found.root, &snapshot->root) ? STATUS_OK : STATUS_BAD_HASH;
}
