/* Tests of wire/proof.h. */
#include "wire/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample.h"

struct object {
    uint8_t buffer[1024];
    struct slice bytes;
};

static struct hash chain_of_proofs(void) { return sample_hash_of(0x17); }

static void make_header(uint32_t member, uint64_t seq, uint64_t wall_us, const struct hash *chain,
                        struct object *ret_header) {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct hash hash;
    struct header header = {.member = member, .seq = seq, .wall_us = wall_us, .bytes = 1};
    if (seq > 1) header.prev = sample_hash_of(1);
    sample_key(member, secret, key);
    struct writer writer = writer_of(ret_header->buffer, sizeof ret_header->buffer);
    header_sign(&header, chain, secret, &writer, &hash);
    ret_header->bytes = writer_slice(&writer);
}

static void make_vote(enum vote_kind kind, uint8_t block, uint32_t member, const struct hash *chain,
                      struct object *ret_vote) {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct vote vote = {.view = 8, .kind = kind, .block = sample_hash_of(block), .member = member};
    sample_key(member, secret, key);
    vote_sign(&vote, chain, secret);
    struct writer writer = writer_of(ret_vote->buffer, sizeof ret_vote->buffer);
    vote_put(&writer, &vote);
    ret_vote->bytes = writer_slice(&writer);
}

static enum status verify(enum proof_kind kind, const struct object *a, const struct object *b,
                          struct proof *ret_proof) {
    uint8_t buffer[4096];
    struct genesis genesis;
    struct hash chain = chain_of_proofs();
    sample_genesis(4, &genesis);
    struct keyring keyring = sample_keyring(&genesis);
    struct writer writer = writer_of(buffer, sizeof buffer);
    proof_put(&writer, kind, a->bytes, b->bytes);
    return proof_verify(writer_slice(&writer), &chain, &keyring, ret_proof);
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    struct proof proof;
    TRY(proof_read(bytes, context, &proof));
    proof_put(ret_again, proof.kind, proof.b, proof.a);
    return STATUS_OK;
}

static void two_headers_at_one_seq_then_a_fork_is_proven(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    struct object a;
    struct object b;
    struct proof proof;
    make_header(2, 5, 100, &chain, &a);
    make_header(2, 5, 101, &chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_OK);
    assert_int_equal(proof.kind, PROOF_FORK);
    assert_int_equal(proof.member, 2);
    assert_int_equal(proof.at, 5);
    assert_int_equal(verify(PROOF_FORK, &b, &a, &proof), STATUS_OK);
}

static void headers_that_may_both_be_then_nothing_is_proven(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    struct object a;
    struct object b;
    struct proof proof;
    make_header(2, 5, 100, &chain, &a);
    make_header(2, 6, 101, &chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_NOT_PROOF);
    make_header(3, 5, 101, &chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_NOT_PROOF);
    b = a;
    b.bytes = slice_of(b.buffer, a.bytes.bytes);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_NOT_CANONICAL);
    /* The same header under another signature is no second header. */
    b.buffer[b.bytes.bytes - 1] ^= 1;
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_NOT_PROOF);
}

static void forged_or_strange_headers_then_refused(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    struct hash other_chain = sample_hash_of(0x18);
    struct object a;
    struct object b;
    struct proof proof;
    make_header(2, 5, 100, &chain, &a);
    make_header(2, 5, 101, &chain, &b);
    b.buffer[b.bytes.bytes - 1] ^= 1;
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_BAD_SIGNATURE);
    assert_int_equal(verify(PROOF_FORK, &b, &a, &proof), STATUS_BAD_SIGNATURE);
    make_header(2, 5, 101, &chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_OK);
    a.buffer[a.bytes.bytes - 1] ^= 1;
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_BAD_SIGNATURE);
    a.buffer[a.bytes.bytes - 1] ^= 1;
    make_header(2, 5, 101, &other_chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_BAD_SIGNATURE);
    make_header(4, 5, 100, &chain, &a);
    make_header(4, 5, 101, &chain, &b);
    assert_int_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_UNKNOWN_MEMBER);
    assert_int_not_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_OK);
}

static void two_votes_that_break_a_never_then_proven(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    struct object a;
    struct object b;
    struct proof proof;
    make_vote(VOTE_NOTARIZE, 1, 3, &chain, &a);
    make_vote(VOTE_NOTARIZE, 2, 3, &chain, &b);
    assert_int_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_OK);
    assert_int_equal(proof.member, 3);
    assert_int_equal(proof.at, 8);
    make_vote(VOTE_NULLIFY, 0, 3, &chain, &a);
    make_vote(VOTE_FINALIZE, 2, 3, &chain, &b);
    assert_int_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_OK);
    assert_int_equal(verify(PROOF_VOTE, &b, &a, &proof), STATUS_OK);
}

static void votes_that_may_both_be_or_are_forged_then_refused(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    struct object a;
    struct object b;
    struct proof proof;
    make_vote(VOTE_NOTARIZE, 1, 3, &chain, &a);
    make_vote(VOTE_FINALIZE, 1, 3, &chain, &b);
    assert_int_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_NOT_PROOF);
    make_vote(VOTE_NOTARIZE, 2, 2, &chain, &b);
    assert_int_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_NOT_PROOF);
    make_vote(VOTE_NOTARIZE, 2, 3, &chain, &b);
    b.buffer[b.bytes.bytes - 1] ^= 1;
    assert_int_equal(verify(PROOF_VOTE, &a, &b, &proof), STATUS_BAD_SIGNATURE);
    assert_int_not_equal(verify(PROOF_FORK, &a, &b, &proof), STATUS_OK);
}

static void proofs_then_strict(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    uint8_t buffer[4096];
    struct object a;
    struct object b;
    struct writer writer = writer_of(buffer, sizeof buffer);
    make_header(2, 5, 100, &chain, &a);
    make_header(2, 5, 101, &chain, &b);
    proof_put(&writer, PROOF_FORK, a.bytes, b.bytes);
    sample_check_strict(writer_slice(&writer), rewrite, &chain);
    writer = writer_of(buffer, sizeof buffer);
    make_vote(VOTE_NOTARIZE, 1, 3, &chain, &a);
    make_vote(VOTE_NOTARIZE, 2, 3, &chain, &b);
    proof_put(&writer, PROOF_VOTE, a.bytes, b.bytes);
    sample_check_strict(writer_slice(&writer), rewrite, &chain);
}

static void objects_in_the_wrong_order_then_refused(void **state) {
    (void)state;
    struct hash chain = chain_of_proofs();
    uint8_t buffer[512];
    uint8_t swapped[512];
    struct object a;
    struct object b;
    struct proof proof;
    struct writer writer = writer_of(buffer, sizeof buffer);
    make_vote(VOTE_NOTARIZE, 1, 3, &chain, &a);
    make_vote(VOTE_NOTARIZE, 2, 3, &chain, &b);
    proof_put(&writer, PROOF_VOTE, a.bytes, b.bytes);
    size_t each = (writer.bytes - 2) / 2;
    memcpy(swapped, buffer, 2);
    memcpy(swapped + 2, buffer + 2 + each, each);
    memcpy(swapped + 2 + each, buffer + 2, each);
    assert_int_equal(proof_read(slice_of(buffer, writer.bytes), &chain, &proof), STATUS_OK);
    assert_int_equal(proof_read(slice_of(swapped, writer.bytes), &chain, &proof), STATUS_NOT_CANONICAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_headers_at_one_seq_then_a_fork_is_proven),
        cmocka_unit_test(headers_that_may_both_be_then_nothing_is_proven),
        cmocka_unit_test(forged_or_strange_headers_then_refused),
        cmocka_unit_test(two_votes_that_break_a_never_then_proven),
        cmocka_unit_test(votes_that_may_both_be_or_are_forged_then_refused),
        cmocka_unit_test(proofs_then_strict),
        cmocka_unit_test(objects_in_the_wrong_order_then_refused),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
