/* Blocks: what is agreed on (docs/protocol.md 3, 4).
 *     [1, chain, epoch, view, height, parent, [[member, seq, hash] ...], [proof ...]]
 * Entries name only the lanes that move, members ascending; proofs are byte strings. The hash of a block is the
 * SHA-256 of its encoding. The block before the first (height 0, view 0) has the chain id as its hash. */
#ifndef WIRE_BLOCK_H
#define WIRE_BLOCK_H

#include "wire/header.h"
#include "wire/proof.h"

struct block {
    uint64_t epoch;
    uint64_t view;   /* >= 1 */
    uint64_t height; /* >= 1 */
    struct hash parent;
    uint32_t proofs_count;
    struct slice proofs[BLOCK_PROOFS_MAX];
    uint32_t entries_count;
    struct tip
        entries[MEMBERS_MAX]; /* last, because mostly only a few of them are in use, and only these are copied */
};

#define BLOCK_BYTES_ENCODED_MAX (MEMBERS_MAX * 48 + BLOCK_PROOFS_MAX * (PROOF_BYTES_MAX + 8) + 256)

void block_put(struct writer *writer, const struct block *block, const struct hash *chain);
/* Strict; refuses another chain (STATUS_WRONG_CHAIN). Proof slices borrow from `bytes`. */
enum status block_read(struct slice bytes, const struct hash *chain, struct block *ret_block,
                       struct hash *ret_hash) MUST_USE;

#endif
