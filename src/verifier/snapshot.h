/* The offline check of a snapshot (docs/protocol.md 9): a certificate that verify_certificate accepted, of the snapshot's
 * height or a later one that still names it, and the bytes. What it establishes: the quorum that signed the certificate
 * vouches for this very state. What the bytes mean is the machine's to read.
 *
 * A newcomer that fetches a snapshot in chunks checks each as it comes, so nobody can make it hold more than it asked for. */
#ifndef VERIFIER_SNAPSHOT_H
#define VERIFIER_SNAPSHOT_H

#include "verifier/verify.h"
#include "wire/snapshot.h"

/* The first chunk, or more: chain and height are those of the certificate. STATUS_NOT_FOUND when the certified state names
 * no snapshot; STATUS_CONFLICT when this one is of another height than the one that is named; what snapshot_head_take
 * says. It binds nothing yet: only the chunk's proof does. */
enum status verify_snapshot_head(const struct verify_result *certified, const struct genesis *genesis,
                                 struct slice bytes, struct snapshot_head *ret_head) MUST_USE;

/* Chunk `index` of the snapshot that is named, by its inclusion proof: as snapshot_chunk_check, and STATUS_NOT_FOUND. */
enum status verify_snapshot_chunk(const struct verify_result *certified, uint64_t index, struct slice chunk,
                                  const struct hash *proof, size_t proof_count) MUST_USE;

/* The whole of it: the head as above, and the root as snapshot_check says. */
enum status verify_snapshot(const struct verify_result *certified, const struct genesis *genesis, struct slice bytes,
                            struct snapshot_head *ret_head) MUST_USE;

#endif
