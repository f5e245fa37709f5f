/* Batch header: the secure vector clock of a lane (docs/protocol.md 2).
 *
 * On the wire a header is a COSE_Sign1 (RFC 9052) whose payload is the deterministic CBOR array
 *     [1, member, seq, wall_us, prev, deps, root, count, bytes]      deps = [[member, seq, hash] ...], ascending
 * signed by the lane's owner with external_aad = chain id. The hash of a header is the SHA-256 of its Sig_structure,
 * which binds chain, member and payload, and never the signature: no id is derived from signature bytes. */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

/* One entry of a causal frontier or of a cut: batch `seq` of lane `member`, by the hash of its header. */
struct tip {
    uint32_t member;
    uint64_t seq; /* from 1; 0 with a zero hash means "nothing yet" */
    struct hash hash;
};

/* Each key of a place has a stretch of the lane to itself, which begins behind epoch * 2^32, the epoch being the first
 * one with that key (docs/protocol.md 8). */
static inline uint64_t seq_epoch(uint64_t seq) { return seq >> 32; }
static inline uint64_t seq_base(uint64_t epoch) { return epoch << 32; }
static inline bool seq_is_first(uint64_t seq) { return seq == seq_base(seq_epoch(seq)) + 1; }

struct header {
    uint32_t member;
    uint64_t seq;        /* logical time of the lane: 1, 2, 3 ... */
    uint64_t wall_us;    /* microseconds since the Unix epoch, strictly increasing in the lane */
    struct hash prev;    /* hash of the previous header, zeros for seq 1 */
    struct hash root;    /* RFC 9162 Merkle root over the items */
    uint32_t count;      /* items, 0 .. BATCH_ITEMS_MAX (0: a tick that only moves the clock) */
    uint32_t bytes;      /* length of the encoded items, 1 .. BATCH_BYTES_MAX */
    uint32_t deps_count; /* members whose tip moved since the previous batch of this lane */
    struct tip deps[MEMBERS_MAX];
};

/* The bytes of the structure that are in use, from its beginning: mostly a small part of it, and all that a copy needs. */
static inline size_t header_used_bytes(const struct header *header) {
    return offsetof(struct header, deps) + header->deps_count * sizeof header->deps[0];
}

/* Upper bound of an encoded header: 255 deps of at most 47 bytes, fixed fields, COSE framing. */
#define HEADER_BYTES_MAX (MEMBERS_MAX * 48 + 256)

/* Encodes and signs. `ret_bytes` gets the COSE_Sign1, `ret_hash` the header's hash. The fields must satisfy
 * header_valid (CHECK). */
void header_sign(const struct header *header, const struct hash *chain, const uint8_t secret[SECRET_BYTES],
                 struct writer *ret_bytes, struct hash *ret_hash);

/* Decodes strictly: what header_sign would not have written is refused. Nothing is verified but the form.
 * `ret_hash` is the hash under `chain`. */
enum status header_read(struct slice bytes, const struct hash *chain, struct header *ret_header,
                        struct hash *ret_hash) MUST_USE;

/* STATUS_OK when the owner's key signed exactly these bytes under `chain`; reads the form first. */
enum status header_verify(struct slice bytes, const struct hash *chain, const uint8_t key[KEY_BYTES]) MUST_USE;

/* Range rules that need no other header: seq >= 1, prev zero iff seq 1, deps ascending without the own lane, each seq
 * >= 1, count and bytes within limits. */
enum status header_valid(const struct header *header) MUST_USE;

#endif
