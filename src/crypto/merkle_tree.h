/* An updatable Merkle tree of the RFC 9162 shape in memory of the caller's: the trees over the state (questions,
 * members, stances), whose leaves change in place. Roots and proofs are those of crypto/merkle.h over the same
 * leaves.
 *
 * All complete nodes are kept, a level after another, and every append or set updates the complete ancestors of its
 * leaf at once: O(log n) hashes. Invariant: every complete node below `count` is the hash of its two children.
 *
 * Memory is touched only where nodes are written, so a capacity far above what is ever used costs address space and
 * no pages. */
#ifndef CRYPTO_MERKLE_TREE_H
#define CRYPTO_MERKLE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/merkle.h"

struct merkle_tree {
    struct hash *nodes; /* the caller's memory, all of level 0 first */
    uint64_t capacity;  /* leaves */
    uint64_t count;     /* leaves in use */
};

/* What merkle_tree_init needs for `capacity` leaves, in bytes; SIZE_MAX when no memory is large enough. */
size_t merkle_tree_bytes(uint64_t capacity);

/* An empty tree. `memory` holds merkle_tree_bytes(capacity) bytes, of any content, and must outlive the tree. It is
 * not written here. */
void merkle_tree_init(struct merkle_tree *tree, void *memory, uint64_t capacity);

/* Appends a leaf. STATUS_STATE_FULL when the capacity is used up. */
enum status merkle_tree_append(struct merkle_tree *tree, const struct hash *leaf_hash) MUST_USE;

/* Replaces the leaf at `index`, which must be below the count: indexes are the caller's own, not a peer's. */
void merkle_tree_set(struct merkle_tree *tree, uint64_t index, const struct hash *leaf_hash);

uint64_t merkle_tree_count(const struct merkle_tree *tree);

/* The root over all leaves; SHA-256("") when there are none. */
void merkle_tree_root(const struct merkle_tree *tree, struct hash *ret_root);

/* The inclusion proof of the leaf at `index` under the present root. STATUS_BAD_VALUE unless index < count. */
enum status merkle_tree_inclusion(const struct merkle_tree *tree, uint64_t index,
                                  struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) MUST_USE;

#endif
