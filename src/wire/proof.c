/* Misbehaviour proofs: two conflicting signed objects, whole (docs/protocol.md 2, 4).
 *
 * Invariant: a proof that proof_verify accepts can't be made without the guilty member's own key, and one pair of
 * objects has one encoding, in whichever order they were seen. */
#include "wire/proof.h"

#include "base/check.h"
#include "base/num.h"
#include "codec/cbor.h"
#include "wire/field.h"

enum { PROOF_FIELDS = 3 };

_Static_assert(VOTE_BYTES_MAX <= HEADER_BYTES_MAX, "two votes fit PROOF_BYTES_MAX as two headers do");

/* Bytewise, a prefix before what it is a prefix of. */
static int slice_compare(struct slice a, struct slice b) {
    size_t common = num_min_size(a.bytes, b.bytes);
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

void proof_put(struct writer *writer, enum proof_kind kind, struct slice a, struct slice b) {
    bool ordered = slice_compare(a, b) < 0;
    cbor_put_array(writer, PROOF_FIELDS);
    cbor_put_uint(writer, kind);
    cbor_put_bytes(writer, ordered ? a : b);
    cbor_put_bytes(writer, ordered ? b : a);
}

/* The two objects and whether they conflict: what reading a proof finds out. */
static enum status forks_read(const struct proof *proof, const struct hash *chain, struct tip *ret_a,
                              bool *ret_conflict) {
    struct header header;
    struct hash hash_a;
    struct hash hash_b;
    TRY(header_read(proof->a, chain, &header, &hash_a));
    *ret_a = (struct tip){header.member, header.seq, hash_a};
    TRY(header_read(proof->b, chain, &header, &hash_b));
    *ret_conflict = header.member == ret_a->member && header.seq == ret_a->seq && !hash_equal(&hash_a, &hash_b);
    return STATUS_OK;
}

static enum status vote_read(struct slice bytes, struct vote *ret_vote) {
    struct reader reader = reader_of(bytes);
    TRY(vote_take(&reader, ret_vote));
    return reader_end(&reader);
}

static enum status votes_read(const struct proof *proof, struct vote *ret_a, struct vote *ret_b) {
    TRY(vote_read(proof->a, ret_a));
    return vote_read(proof->b, ret_b);
}

static enum status pair_read(struct slice bytes, struct proof *ret_proof) {
    if (bytes.bytes > PROOF_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    uint32_t kind;
    TRY(cbor_take_array_exactly(&reader, PROOF_FIELDS));
    TRY(field_take_u32(&reader, PROOF_VOTE, &kind));
    if (kind < PROOF_FORK) return STATUS_BAD_VALUE;
    TRY(field_take_blob(&reader, HEADER_BYTES_MAX, &ret_proof->a));
    TRY(field_take_blob(&reader, HEADER_BYTES_MAX, &ret_proof->b));
    TRY(reader_end(&reader));
    ret_proof->kind = (enum proof_kind)kind;
    return slice_compare(ret_proof->a, ret_proof->b) < 0 ? STATUS_OK : STATUS_NOT_CANONICAL;
}

static enum status objects_read(struct proof *proof, const struct hash *chain, bool *ret_conflict) {
    if (proof->kind == PROOF_FORK) {
        struct tip a;
        TRY(forks_read(proof, chain, &a, ret_conflict));
        proof->member = a.member;
        proof->at = a.seq;
    } else {
        struct vote a;
        struct vote b;
        TRY(votes_read(proof, &a, &b));
        *ret_conflict = vote_conflicts(&a, &b);
        proof->member = a.member;
        proof->at = a.view;
    }
    return STATUS_OK;
}

enum status proof_read(struct slice bytes, const struct hash *chain, struct proof *ret_proof) {
    struct proof proof;
    bool conflict;
    TRY(pair_read(bytes, &proof));
    TRY(objects_read(&proof, chain, &conflict));
    *ret_proof = proof;
    return STATUS_OK;
}

static enum status object_verify(enum proof_kind kind, struct slice object, uint32_t member, const struct hash *chain,
                                 const struct keyring *keyring) {
    if (kind == PROOF_FORK) return header_verify(object, chain, keyring->keys[member]);
    struct vote vote;
    TRY(vote_read(object, &vote));
    return vote_verify(&vote, chain, keyring);
}

enum status proof_verify(struct slice bytes, const struct hash *chain, const struct keyring *keyring,
                         struct proof *ret_proof) {
    struct proof proof;
    bool conflict;
    TRY(pair_read(bytes, &proof));
    TRY(objects_read(&proof, chain, &conflict));
    if (!conflict) return STATUS_NOT_PROOF;
    if (!keyring_has(keyring, proof.member)) return STATUS_UNKNOWN_MEMBER;
    TRY(object_verify(proof.kind, proof.a, proof.member, chain, keyring));
    TRY(object_verify(proof.kind, proof.b, proof.member, chain, keyring));
    *ret_proof = proof;
    return STATUS_OK;
}
