/* Snapshot: the whole state of the machine at a height as bytes, which the state itself vouches for (docs/protocol.md 9,
 * docs/formats.md "Snapshot"). This is what can be said of one without a machine: its head, and its root.
 *
 * Every SNAPSHOT_INTERVAL blocks the parameters record names the newest one: [height, bytes, root]. Root is that of the
 * RFC 9162 tree whose leaves are the chunks, SNAPSHOT_CHUNK_BYTES each, the last one shorter. So a certificate of that
 * height, or of any later one while the record stands, proves a snapshot, chunk by chunk if need be. */
#ifndef WIRE_SNAPSHOT_H
#define WIRE_SNAPSHOT_H

#include "base/limits.h"
#include "base/outlet.h"
#include "crypto/merkle.h"
#include "wire/record.h"

/* How it begins: the chain, and where in it this is. The state is the one after the block of `height`, but for what
 * follows from the snapshot: the block's own state record is not in the log yet. */
struct snapshot_head {
    struct hash chain;
    uint64_t height;
    uint64_t epoch;
    uint64_t view; /* of the block */
    struct hash block;
    uint64_t time_us;
    struct merkle_frontier log; /* before the state record; its peaks prove every later leaf */
};

#define SNAPSHOT_HEAD_BYTES_MAX (20 + 2 * HASH_BYTES + 5 * 8 + MERKLE_LEVELS_MAX * HASH_BYTES)
_Static_assert(SNAPSHOT_HEAD_BYTES_MAX < SNAPSHOT_CHUNK_BYTES, "the first chunk has the whole head");

void snapshot_head_put(struct outlet *outlet, const struct snapshot_head *head);
/* Takes the head off the beginning. STATUS_VERSION when it is no snapshot of this format, STATUS_TRUNCATED,
 * STATUS_BAD_VALUE for a height or a log of 0, STATUS_WRONG_CHAIN. Peaks that the log has not are zero. */
enum status snapshot_head_take(struct reader *reader, const struct hash *chain,
                               struct snapshot_head *ret_head) MUST_USE;

/* Chunks of a snapshot of so many bytes. */
static inline uint64_t snapshot_chunks(uint64_t bytes) {
    return bytes / SNAPSHOT_CHUNK_BYTES + (bytes % SNAPSHOT_CHUNK_BYTES != 0);
}
/* What chunk `index` of them holds, bytes; `index` is below their number. */
static inline size_t snapshot_chunk_bytes(uint64_t bytes, uint64_t index) {
    uint64_t left = bytes - index * SNAPSHOT_CHUNK_BYTES;
    return left < SNAPSHOT_CHUNK_BYTES ? (size_t)left : SNAPSHOT_CHUNK_BYTES;
}

/* The root of a snapshot that comes chunk by chunk. */
struct snapshot_hasher {
    struct merkle_frontier chunks;
    uint64_t bytes;
};
void snapshot_hasher_init(struct snapshot_hasher *hasher);
/* The next chunk; `context` is the hasher. For an outlet with pieces of SNAPSHOT_CHUNK_BYTES. */
void snapshot_hash_chunk(void *context, struct slice chunk);
/* The record of a snapshot that is hashed to its end. */
struct record_snapshot snapshot_hasher_record(const struct snapshot_hasher *hasher, uint64_t height);

/* The record of a snapshot that is all there. `height` is what its head says. */
struct record_snapshot snapshot_record_of(struct slice bytes, uint64_t height);

/* Whether this is chunk `index` of the snapshot that the record names: STATUS_BAD_VALUE for an index past the last or a
 * chunk of another size, STATUS_BAD_PROOF. `proof` is the chunk's inclusion (RFC 9162, section 2.1.3.1). */
enum status snapshot_chunk_check(const struct record_snapshot *snapshot, uint64_t index, struct slice chunk,
                                 const struct hash *proof, size_t proof_count) MUST_USE;
/* Whether this is the whole snapshot that the record names: STATUS_NOT_FOUND when it names none, STATUS_TRUNCATED,
 * STATUS_TRAILING_BYTES, STATUS_BAD_HASH. O(bytes). */
enum status snapshot_check(const struct record_snapshot *snapshot, struct slice bytes) MUST_USE;

#endif
