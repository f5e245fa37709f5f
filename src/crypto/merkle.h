/* Merkle trees of RFC 9162, section 2.1: the log's root, and proofs that an entry is in it (inclusion) or that a
 * longer log extends a shorter one (consistency).
 *
 *     leaf(d)        = SHA-256(0x00 || d)
 *     node(l, r)     = SHA-256(0x01 || l || r)
 *     root(nothing)  = SHA-256("")
 *     root(D, n > 1) = node(root(D[0:k]), root(D[k:n])), k the largest power of two below n
 *
 * A complete node is the root over 2^level leaves starting at index * 2^level. Every root and every proof hash is a
 * complete node or a fold of a few of them, so whoever keeps the complete nodes can make every proof of every size
 * (merkle_read), and one who only appends needs no more than one complete node a level (struct merkle_frontier). */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* Levels of complete nodes: sizes are 64 bits wide. */
#define MERKLE_LEVELS_MAX 64
/* Hashes in the longest proof: one a level, and for consistency the old tree's own node as well. */
#define MERKLE_PROOF_MAX 65

/* The hash of one entry. */
void merkle_leaf(struct slice entry, struct hash *ret_hash);
/* The hash of two children. `ret_hash` may be one of them. */
void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret_hash);

/* The right edge of a growing tree: for every bit set in `count` the complete node of that level. Entries of `peaks`
 * whose bit is not set mean nothing. A value type: copy by assignment. */
struct merkle_frontier {
    uint64_t count;
    struct hash peaks[MERKLE_LEVELS_MAX];
};

void merkle_frontier_init(struct merkle_frontier *frontier);
/* Appends one leaf. `count` must be below UINT64_MAX. */
void merkle_append(struct merkle_frontier *frontier, const struct hash *leaf_hash);
/* As merkle_append, and hands out the nodes that this leaf completes: ret_nodes[level] for every level below the
 * number returned (at least 1, the leaf itself); each has the index (count before the append) >> level. */
uint32_t merkle_append_nodes(struct merkle_frontier *frontier, const struct hash *leaf_hash,
                             struct hash ret_nodes[MERKLE_LEVELS_MAX]);
/* The root over the leaves appended so far. */
void merkle_frontier_root(const struct merkle_frontier *frontier, struct hash *ret_root);

/* RFC 9162, section 2.1.3.2. STATUS_BAD_PROOF unless `proof` shows that the leaf at `index` of the tree of `size`
 * leaves under `root` is `leaf_hash`. `proof` may be NULL when `proof_count` is 0. */
enum status merkle_inclusion_check(const struct hash *leaf_hash, uint64_t index, uint64_t size,
                                   const struct hash *proof, size_t proof_count, const struct hash *root) MUST_USE;

/* RFC 9162, section 2.1.4.2. STATUS_BAD_PROOF unless `proof` shows that the tree of `new_size` leaves under
 * `new_root` begins with the tree of `old_size` leaves under `old_root`. Equal sizes need equal roots and an empty
 * proof; the empty tree is consistent with every tree, by an empty proof, as long as `old_root` is its root. */
enum status merkle_consistency_check(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                     const struct hash *new_root, const struct hash *proof,
                                     size_t proof_count) MUST_USE;

/* Reads one complete node that the owner of `context` keeps. Any status other than STATUS_OK ends the making of the
 * proof with that status. */
typedef enum status merkle_read(void *context, uint32_t level, uint64_t index, struct hash *ret_hash);

/* RFC 9162, section 2.1.3.1: the proof for the leaf at `index` of the first `size` leaves, at most 64 hashes.
 * STATUS_BAD_VALUE unless index < size; else what `read` said. Each complete node is read at most once. */
enum status merkle_inclusion_make(uint64_t index, uint64_t size, merkle_read *read, void *context,
                                  struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) MUST_USE;

/* RFC 9162, section 2.1.4.1: the proof that the first `new_size` leaves extend the first `old_size`; empty when
 * old_size is 0 or equals new_size. STATUS_BAD_VALUE unless old_size <= new_size; else what `read` said. */
enum status merkle_consistency_make(uint64_t old_size, uint64_t new_size, merkle_read *read, void *context,
                                    struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) MUST_USE;

/* The root over the first `size` leaves. Fails only as `read` does. */
enum status merkle_root_of_size(uint64_t size, merkle_read *read, void *context, struct hash *ret_root) MUST_USE;

#endif
