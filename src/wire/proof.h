/* Misbehaviour proofs: the two conflicting signed objects, whole; anyone can check them (docs/protocol.md 2, 4).
 *     fork  [1, header a, header b]     COSE_Sign1 byte strings: same member and seq, different hashes
 *     vote  [2, vote a, vote b]         byte strings of encoded votes that break a Never
 * a sorts before b bytewise, so that one pair has one encoding. */
#ifndef WIRE_PROOF_H
#define WIRE_PROOF_H

#include "wire/header.h"
#include "wire/vote.h"

enum proof_kind { PROOF_FORK = 1, PROOF_VOTE = 2 };

struct proof {
    enum proof_kind kind;
    uint32_t member; /* the guilty one */
    uint64_t at;     /* seq of the forked batch, or view of the votes */
    struct slice a;
    struct slice b;
};

#define PROOF_BYTES_MAX (2 * HEADER_BYTES_MAX + 64)

/* Makes a proof of two signed objects in either order; they must prove something (CHECK nothing: proof_verify
 * judges). */
void proof_put(struct writer *writer, enum proof_kind kind, struct slice a, struct slice b);
/* Form only; member and at are filled from the objects inside. Borrows from `bytes`. */
enum status proof_read(struct slice bytes, const struct hash *chain, struct proof *ret_proof) MUST_USE;
/* STATUS_NOT_PROOF when the two objects do not conflict, else the status of the signatures. */
enum status proof_verify(struct slice bytes, const struct hash *chain, const struct keyring *keyring,
                         struct proof *ret_proof) MUST_USE;

#endif
