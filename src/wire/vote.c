/* Votes and their certificates: encode, sign, decode, verify (docs/protocol.md 4).
 *
 * Invariant: what a vote signs is a function of chain, epoch, view, kind and block, of fixed width, so no two
 * different votes sign the same bytes, and no signature of another use verifies as a vote. */
#include "wire/vote.h"

#include "base/canary.h"
#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "quorum/tally.h"
#include "wire/field.h"

#define VOTE_PREFIX "credimus/vote/1"

enum {
    VOTE_FIELDS = 6,
    CERTIFICATE_FIELDS = 5,
    VOTE_PREFIX_BYTES = sizeof VOTE_PREFIX - 1,
    SIGNED_BYTES = VOTE_PREFIX_BYTES + HASH_BYTES + 8 + 8 + 1 + HASH_BYTES,
};

/* What the votes of a certificate have in common. */
struct subject {
    uint64_t epoch;
    uint64_t view;
    enum vote_kind kind;
    struct hash block;
};

static struct subject vote_subject(const struct vote *vote) {
    return (struct subject){vote->epoch, vote->view, vote->kind, vote->block};
}

static struct subject certificate_subject(const struct vote_certificate *certificate) {
    return (struct subject){certificate->epoch, certificate->view, certificate->kind, certificate->block};
}

static bool subject_valid(const struct subject *subject) {
    if (subject->kind < VOTE_NOTARIZE || subject->kind > VOTE_FINALIZE) return false;
    return subject->view >= 1 && hash_is_zero(&subject->block) == (subject->kind == VOTE_NULLIFY);
}

static void signed_bytes(const struct subject *subject, const struct hash *chain, uint8_t ret_bytes[SIGNED_BYTES]) {
    struct writer writer = writer_of(ret_bytes, SIGNED_BYTES);
    writer_put_text(&writer, VOTE_PREFIX);
    writer_put(&writer, chain->bytes, HASH_BYTES);
    writer_put_u64(&writer, subject->epoch);
    writer_put_u64(&writer, subject->view);
    writer_put_u8(&writer, (uint8_t)subject->kind);
    writer_put(&writer, subject->block.bytes, HASH_BYTES);
    CHECK(!writer.overflowed && writer.bytes == SIGNED_BYTES);
}

void vote_sign(struct vote *vote, const struct hash *chain, const uint8_t secret[SECRET_BYTES]) {
    struct subject subject = vote_subject(vote);
    CHECK(subject_valid(&subject));
    uint8_t bytes[SIGNED_BYTES];
    signed_bytes(&subject, chain, bytes);
    ed25519_sign(secret, slice_of(bytes, sizeof bytes), vote->signature);
}

enum status vote_verify(const struct vote *vote, const struct hash *chain, const struct keyring *keyring) {
    if (!keyring_has(keyring, vote->member)) return STATUS_UNKNOWN_MEMBER;
    struct subject subject = vote_subject(vote);
    uint8_t bytes[SIGNED_BYTES];
    signed_bytes(&subject, chain, bytes);
    return ed25519_verify(keyring->keys[vote->member], slice_of(bytes, sizeof bytes), vote->signature);
}

static void subject_put(struct writer *writer, const struct subject *subject) {
    CHECK(subject_valid(subject));
    cbor_put_uint(writer, subject->epoch);
    cbor_put_uint(writer, subject->view);
    cbor_put_uint(writer, subject->kind);
    cbor_put_bytes(writer, slice_of(subject->block.bytes, HASH_BYTES));
}

static enum status subject_take(struct reader *reader, struct subject *ret_subject) {
    uint32_t kind;
    TRY(cbor_take_uint(reader, &ret_subject->epoch));
    TRY(cbor_take_uint(reader, &ret_subject->view));
    TRY(field_take_u32(reader, VOTE_FINALIZE, &kind));
    TRY(cbor_take_hash(reader, &ret_subject->block));
    ret_subject->kind = (enum vote_kind)kind;
    return subject_valid(ret_subject) ? STATUS_OK : STATUS_BAD_VALUE;
}

static void signature_put(struct writer *writer, uint32_t member, const uint8_t signature[SIGNATURE_BYTES]) {
    CHECK(member < MEMBERS_MAX);
    cbor_put_uint(writer, member);
    cbor_put_bytes(writer, slice_of(signature, SIGNATURE_BYTES));
}

static enum status signature_take(struct reader *reader, uint32_t *ret_member,
                                  uint8_t ret_signature[SIGNATURE_BYTES]) {
    TRY(field_take_u32(reader, MEMBERS_MAX - 1, ret_member));
    return cbor_take_bytes_exactly(reader, ret_signature, SIGNATURE_BYTES);
}

void vote_put(struct writer *writer, const struct vote *vote) {
    struct subject subject = vote_subject(vote);
    cbor_put_array(writer, VOTE_FIELDS);
    subject_put(writer, &subject);
    signature_put(writer, vote->member, vote->signature);
}

enum status vote_take(struct reader *reader, struct vote *ret_vote) {
    struct reader after = *reader;
    struct subject subject;
    struct vote vote;
    TRY(cbor_take_array_exactly(&after, VOTE_FIELDS));
    TRY(subject_take(&after, &subject));
    TRY(signature_take(&after, &vote.member, vote.signature));
    vote.epoch = subject.epoch;
    vote.view = subject.view;
    vote.kind = subject.kind;
    vote.block = subject.block;
    *ret_vote = vote;
    *reader = after;
    return STATUS_OK;
}

void vote_certificate_put(struct writer *writer, const struct vote_certificate *certificate) {
    CHECK(certificate->count >= 1 && certificate->count <= MEMBERS_MAX);
    struct subject subject = certificate_subject(certificate);
    cbor_put_array(writer, CERTIFICATE_FIELDS);
    subject_put(writer, &subject);
    cbor_put_array(writer, certificate->count);
    for (uint32_t i = 0; i < certificate->count; i++) {
        const struct vote_signature *vote = &certificate->votes[i];
        CHECK(i == 0 || vote->member > certificate->votes[i - 1].member);
        cbor_put_array(writer, 2);
        signature_put(writer, vote->member, vote->signature);
    }
}

static enum status signatures_take(struct reader *reader, struct vote_certificate *ret_certificate) {
    TRY(field_take_count(reader, MEMBERS_MAX, &ret_certificate->count));
    if (ret_certificate->count == 0) return STATUS_BAD_VALUE;
    for (uint32_t i = 0; i < ret_certificate->count; i++) {
        struct vote_signature *vote = &ret_certificate->votes[i];
        TRY(cbor_take_array_exactly(reader, 2));
        TRY(signature_take(reader, &vote->member, vote->signature));
        if (i > 0 && vote->member <= ret_certificate->votes[i - 1].member) return STATUS_NOT_CANONICAL;
    }
    return STATUS_OK;
}

enum status vote_certificate_take(struct reader *reader, struct vote_certificate *ret_certificate) {
    struct reader after = *reader;
    struct subject subject;
    TRY(cbor_take_array_exactly(&after, CERTIFICATE_FIELDS));
    TRY(subject_take(&after, &subject));
    TRY(signatures_take(&after, ret_certificate));
    ret_certificate->epoch = subject.epoch;
    ret_certificate->view = subject.view;
    ret_certificate->kind = subject.kind;
    ret_certificate->block = subject.block;
    *reader = after;
    return STATUS_OK;
}

/* Who voted; a member who is named twice is one head. */
static enum status certificate_members(const struct vote_certificate *certificate, const struct keyring *keyring,
                                       struct member_set *ret_members) {
    member_set_clear(ret_members);
    for (uint32_t i = 0; i < certificate->count; i++) {
        if (!keyring_has(keyring, certificate->votes[i].member) && !CANARY(INDEX_NOT_BOUNDS_CHECKED))
            return STATUS_UNKNOWN_MEMBER;
        member_set_add(ret_members, certificate->votes[i].member);
    }
    return STATUS_OK;
}

enum status vote_certificate_verify(const struct vote_certificate *certificate, const struct hash *chain,
                                    const struct keyring *keyring, struct threshold threshold) {
    struct member_set members;
    TRY(certificate_members(certificate, keyring, &members));
    bool enough = member_set_quorum(&members, keyring_heads(keyring), threshold);
    if (CANARY(QUORUM_ONE_TOO_LOW))
        enough = member_set_count(&members) + 1 >= quorum_size(keyring_heads(keyring), threshold);
    if (!enough) return STATUS_BELOW_THRESHOLD;
    struct subject subject = certificate_subject(certificate);
    uint8_t bytes[SIGNED_BYTES];
    signed_bytes(&subject, chain, bytes);
    for (uint32_t i = 0; i < certificate->count; i++) {
        const struct vote_signature *vote = &certificate->votes[i];
        TRY(ed25519_verify(keyring->keys[vote->member], slice_of(bytes, sizeof bytes), vote->signature));
    }
    return STATUS_OK;
}

bool vote_conflicts(const struct vote *a, const struct vote *b) {
    if (a->member != b->member || a->epoch != b->epoch || a->view != b->view) return false;
    if (a->kind == b->kind) return !hash_equal(&a->block, &b->block);
    return (a->kind == VOTE_NULLIFY && b->kind == VOTE_FINALIZE) ||
           (a->kind == VOTE_FINALIZE && b->kind == VOTE_NULLIFY);
}
