/* Commitment: what a question of this member's hides until it is revealed, an ordinary question or a canary with its
 * true answer (wire/item.h, commitment_of; docs/belief.md, "Canaries").
 *
 *     salt = SHA-256("credimus/salt/1" || seed of the member's key || SHA-256(question))
 *     question = len(title) || title || count || (len || hypothesis) ... || mode || len(family) || family
 *
 * lengths, count and mode being 4 bytes each, big-endian.
 *
 * Why the salt is derived and not drawn:
 * - It must stay secret until the reveal, or everybody tries the few hypotheses and knows the canaries: the seed is as
 *   secret as a member's key, and 32 bytes of chance.
 * - It needs no storage, so it can't be lost with the ledger, and there is nothing to back up but the key.
 * - The same ask gives the same bytes, so asking again after a time-out does nothing; what hides a canary differs from
 *   what hides an ordinary question in the commitment alone, and that looks like any other hash.
 * - What it depends on stays in the state, so the question alone is enough to reveal it. The other parameters of an
 *   ask do not stay there. So two questions of one member that agree in title, hypotheses, mode and family share their
 *   salt, and revealing one shows what the other hides: canaries want titles of their own.
 *
 * The question goes in as a hash, so that what is hashed with the seed has one length: nobody who was shown a salt can
 * extend it to that of a longer question. The prefix is in no other use of the seed.
 *
 * Invariants: the seed and the salt are wiped from whatever memory this uses; nothing of them is logged. */
#ifndef NODE_COMMITMENT_H
#define NODE_COMMITMENT_H

#include "base/bytes.h"
#include "base/status.h"
#include "wire/item.h"

/* What the salt depends on besides the key. Borrowed. */
struct commitment_question {
    struct slice title;
    uint32_t hypotheses_count; /* at most HYPOTHESES_MAX (checked) */
    const struct slice *hypotheses;
    enum question_mode mode;
    struct slice family; /* empty: of none */
};

/* What hides `hypothesis`, the true one of a canary by its index, or OPENING_ORDINARY. */
void commitment_make(const uint8_t secret[SECRET_BYTES], const struct commitment_question *question,
                     uint32_t hypothesis, struct hash *ret_commitment);

/* What it hides: tries OPENING_ORDINARY and each hypothesis, at most HYPOTHESES_MAX + 1 short hashes.
 * STATUS_WRONG_OPENING: nothing that this key could have hidden. `ret_salt` is a secret until the reveal is out; who
 * does not send it wipes it (crypto_wipe). */
enum status commitment_open(const uint8_t secret[SECRET_BYTES], const struct commitment_question *question,
                            const struct hash *commitment, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
                            uint32_t *ret_hypothesis) MUST_USE;

#endif
