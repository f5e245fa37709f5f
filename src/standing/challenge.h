/* Challenge: what a member must answer to show that it holds the log and computes as the protocol says (docs/protocol.md,
 * section 7). The pure part: from the beacon follow 16 leaves of the log and a synthetic panel; from the leaves' bytes,
 * the panel's location and the member's number follows the answer.
 *
 * The beacon is the hash of a block that was just finalized, so nobody could prepare an answer. The leaves enter as
 * SHA-256(prefix || beacon || bytes): the hashes of the Merkle tree, which a member could keep instead of the log, are
 * of no use. The answer is bound to its member, so it can't be copied from another's lane.
 *
 * The location of the panel is computed with belief/huber.h by the caller, weights and cap as given here; the answer
 * holds the exact fraction in lowest terms.
 *
 * Cost of an answer: 16 leaves hashed (a leaf is at most a batch header or a verdict, a few KiB), one location of 16
 * values, one short hash. Checking the answers of n members: the leaves and the location once, then n hashes of about
 * 600 bytes. */
#ifndef STANDING_CHALLENGE_H
#define STANDING_CHALLENGE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/num.h"

#define CHALLENGE_LEAVES  16
#define CHALLENGE_MEMBERS 16
/* The panel's cap: 2 nats. Its values are spread over 8 nats to either side, so that some are clipped. */
#define CHALLENGE_CAP   (2 * QUANTA_PER_NAT)
#define CHALLENGE_RANGE (8 * QUANTA_PER_NAT)

/* The log leaf that is asked for as number i < CHALLENGE_LEAVES (checked), below `size`, the number of leaves that the
 * log had when the beacon's block was executed, at least 1 (checked). The same leaf may come up twice. 128 bits of
 * hash are reduced modulo the size: no leaf is likelier than another by more than one part in 2^64. */
uint64_t challenge_leaf_index(const struct hash *beacon, uint64_t size, uint32_t i);

/* The panel: CHALLENGE_MEMBERS values in [-CHALLENGE_RANGE, CHALLENGE_RANGE] and weights in [1, 65536]. */
void challenge_panel(const struct hash *beacon, int64_t *ret_values, uint32_t *ret_weights);

/* The leaves on their way into an answer; the same for every member. */
struct challenge_digest {
    struct hash beacon;
    struct hash leaves[CHALLENGE_LEAVES];
    uint32_t count;
};
void challenge_begin(struct challenge_digest *digest, const struct hash *beacon);
/* The raw bytes of the next leaf, in the order of challenge_leaf_index; exactly CHALLENGE_LEAVES times (checked). */
void challenge_add_leaf(struct challenge_digest *digest, struct slice leaf);
/* The answer of one member; may be called for many. numerator / denominator is the panel's location; the denominator
 * is positive (checked). */
void challenge_finish(const struct challenge_digest *digest, int128 numerator, int64_t denominator, uint32_t member,
                      struct hash *ret_answer);

#endif
