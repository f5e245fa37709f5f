/* Tests of wire/vote.h. The pinned vote was made by an independent implementation. */
#include "wire/vote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample.h"

#define VOTE_HEX                                                                                                     \
    "86000901582055555555555555555555555555555555555555555555555555555555555555550158"                               \
    "40d1a128e08656edc674fc2e89aebfef52434e3e58110fbedc8abbacb5f2893116c5a6f62d261d6e41442ac8186289d72c34143b6e1f59" \
    "8941"                                                                                                           \
    "377d6bc1d7832a0a"

static struct hash chain_of(const struct genesis *genesis) {
    struct hash chain;
    genesis_chain(genesis, &chain);
    return chain;
}

static void signed_vote(enum vote_kind kind, uint64_t view, uint8_t block, uint32_t member, const struct hash *chain,
                        struct vote *ret_vote) {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    sample_key(member, secret, key);
    *ret_vote = (struct vote){.view = view, .kind = kind, .block = sample_hash_of(block), .member = member};
    vote_sign(ret_vote, chain, secret);
}

static enum status rewrite_vote(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct reader reader = reader_of(bytes);
    struct vote vote;
    TRY(vote_take(&reader, &vote));
    TRY(reader_end(&reader));
    vote_put(ret_again, &vote);
    return STATUS_OK;
}

static enum status rewrite_certificate(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct reader reader = reader_of(bytes);
    struct vote_certificate certificate;
    TRY(vote_certificate_take(&reader, &certificate));
    TRY(reader_end(&reader));
    vote_certificate_put(ret_again, &certificate);
    return STATUS_OK;
}

static void vote_signed_then_the_pinned_bytes(void **state) {
    (void)state;
    uint8_t expected[sizeof VOTE_HEX / 2];
    uint8_t buffer[VOTE_BYTES_MAX];
    struct genesis genesis;
    struct vote vote;
    sample_genesis(4, &genesis);
    struct hash chain = chain_of(&genesis);
    struct keyring keyring = sample_keyring(&genesis);
    signed_vote(VOTE_NOTARIZE, 9, 0x55, 1, &chain, &vote);
    struct writer writer = writer_of(buffer, sizeof buffer);
    vote_put(&writer, &vote);
    assert_int_equal(bytes_from_hex(slice_of_text(VOTE_HEX), expected, sizeof expected), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_int_equal(vote_verify(&vote, &chain, &keyring), STATUS_OK);
}

#define FORGED(change)                                                                                               \
    do {                                                                                                             \
        struct vote forged = vote;                                                                                   \
        change;                                                                                                      \
        assert_int_equal(vote_verify(&forged, &chain, &keyring), STATUS_BAD_SIGNATURE);                              \
    } while (0)

static void anything_of_a_vote_changed_then_not_verified(void **state) {
    (void)state;
    struct genesis genesis;
    struct vote vote;
    sample_genesis(4, &genesis);
    struct hash chain = chain_of(&genesis);
    struct hash other_chain = sample_hash_of(1);
    struct keyring keyring = sample_keyring(&genesis);
    signed_vote(VOTE_NOTARIZE, 9, 0x55, 1, &chain, &vote);
    assert_int_equal(vote_verify(&vote, &other_chain, &keyring), STATUS_BAD_SIGNATURE);
    FORGED(forged.epoch++);
    FORGED(forged.view++);
    FORGED(forged.kind = VOTE_FINALIZE);
    FORGED(forged.block.bytes[31] ^= 1);
    FORGED(forged.member = 2);
    FORGED(forged.signature[0] ^= 1);
    vote.member = 4;
    assert_int_equal(vote_verify(&vote, &chain, &keyring), STATUS_UNKNOWN_MEMBER);
}

static void form_of_votes_then_ranges_hold(void **state) {
    (void)state;
    static const struct form {
        uint8_t view;
        uint8_t kind;
        uint8_t block;
        bool member_large;
        enum status expected;
    } forms[] = {
        {1, VOTE_NOTARIZE, 1, false, STATUS_OK},
        {1, VOTE_FINALIZE, 1, false, STATUS_OK},
        {1, VOTE_NULLIFY, 0, false, STATUS_OK},
        {0, VOTE_NOTARIZE, 1, false, STATUS_BAD_VALUE},
        {1, 0, 1, false, STATUS_BAD_VALUE},
        {1, 4, 1, false, STATUS_BAD_VALUE},
        {1, VOTE_NULLIFY, 1, false, STATUS_BAD_VALUE},
        {1, VOTE_NOTARIZE, 0, false, STATUS_BAD_VALUE},
        {1, VOTE_FINALIZE, 0, false, STATUS_BAD_VALUE},
        {1, VOTE_NOTARIZE, 1, true, STATUS_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        uint8_t buffer[VOTE_BYTES_MAX];
        uint8_t signature[SIGNATURE_BYTES] = {0};
        struct hash block = sample_hash_of(forms[i].block);
        struct writer writer = writer_of(buffer, sizeof buffer);
        struct vote vote;
        const uint8_t head[] = {0x86, 0x00, forms[i].view, forms[i].kind, 0x58, 0x20};
        writer_put(&writer, head, sizeof head);
        writer_put(&writer, block.bytes, HASH_BYTES);
        if (forms[i].member_large) {
            writer_put(&writer, "\x19\x01\x00", 3);
        } else {
            writer_put(&writer, "\x18\xff", 2);
        }
        writer_put(&writer, "\x58\x40", 2);
        writer_put(&writer, signature, sizeof signature);
        struct reader reader = reader_of(writer_slice(&writer));
        assert_int_equal(vote_take(&reader, &vote), forms[i].expected);
    }
}

static void make_certificate(uint32_t votes, const struct hash *chain, struct vote_certificate *ret_certificate) {
    *ret_certificate =
        (struct vote_certificate){.view = 3, .kind = VOTE_FINALIZE, .block = sample_hash_of(0x66), .count = votes};
    for (uint32_t i = 0; i < votes; i++) {
        struct vote vote;
        signed_vote(VOTE_FINALIZE, 3, 0x66, i, chain, &vote);
        ret_certificate->votes[i].member = i;
        memcpy(ret_certificate->votes[i].signature, vote.signature, SIGNATURE_BYTES);
    }
}

static void quorum_of_votes_then_verified_and_one_less_refused(void **state) {
    (void)state;
    static const struct {
        uint32_t members;
        struct threshold threshold;
        uint32_t quorum;
    } cases[] = {{4, {3, 4}, 3}, {5, {3, 4}, 4}, {7, {3, 4}, 6}, {4, {9, 10}, 4}, {10, {9, 10}, 9}, {4, {1, 1}, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct genesis genesis;
        struct vote_certificate certificate;
        sample_genesis(cases[i].members, &genesis);
        struct hash chain = chain_of(&genesis);
        struct keyring keyring = sample_keyring(&genesis);
        make_certificate(cases[i].quorum, &chain, &certificate);
        assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, cases[i].threshold), STATUS_OK);
        certificate.count--;
        assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, cases[i].threshold),
                         STATUS_BELOW_THRESHOLD);
    }
}

static void one_member_twice_then_one_head(void **state) {
    (void)state;
    struct genesis genesis;
    struct vote_certificate certificate;
    sample_genesis(4, &genesis);
    struct hash chain = chain_of(&genesis);
    struct keyring keyring = sample_keyring(&genesis);
    make_certificate(3, &chain, &certificate);
    certificate.votes[2] = certificate.votes[1];
    assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, THRESHOLD_DEFAULT),
                     STATUS_BELOW_THRESHOLD);
}

static void stranger_or_forgery_in_a_certificate_then_refused(void **state) {
    (void)state;
    struct genesis genesis;
    struct vote_certificate certificate;
    sample_genesis(4, &genesis);
    struct hash chain = chain_of(&genesis);
    struct hash other_chain = sample_hash_of(1);
    struct keyring keyring = sample_keyring(&genesis);
    make_certificate(4, &chain, &certificate);
    assert_int_equal(vote_certificate_verify(&certificate, &other_chain, &keyring, THRESHOLD_DEFAULT),
                     STATUS_BAD_SIGNATURE);
    certificate.votes[3].member = 4;
    assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, THRESHOLD_DEFAULT),
                     STATUS_UNKNOWN_MEMBER);
    certificate.votes[3].member = 3;
    certificate.votes[3].signature[5] ^= 1;
    assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, THRESHOLD_DEFAULT),
                     STATUS_BAD_SIGNATURE);
}

static void certificate_out_of_order_or_empty_then_refused(void **state) {
    (void)state;
    uint8_t buffer[512];
    struct hash chain = sample_hash_of(1);
    struct vote_certificate certificate;
    make_certificate(2, &chain, &certificate);
    struct writer writer = writer_of(buffer, sizeof buffer);
    vote_certificate_put(&writer, &certificate);
    struct slice bytes = writer_slice(&writer);
    size_t first = bytes.bytes - 2 * 68 + 1;
    assert_int_equal(buffer[first], 0);
    buffer[first] = 1;
    struct reader reader = reader_of(bytes);
    assert_int_equal(vote_certificate_take(&reader, &certificate), STATUS_NOT_CANONICAL);
    buffer[first] = 2;
    assert_int_equal(vote_certificate_take(&reader, &certificate), STATUS_NOT_CANONICAL);
    buffer[first - 2] = 0x80;
    reader = reader_of(slice_of(buffer, first - 1));
    assert_int_equal(vote_certificate_take(&reader, &certificate), STATUS_BAD_VALUE);
}

static void two_votes_then_conflict_only_when_a_never_is_broken(void **state) {
    (void)state;
    enum { N = VOTE_NOTARIZE, X = VOTE_NULLIFY, F = VOTE_FINALIZE };
    static const struct {
        uint8_t kind_a;
        uint8_t block_a;
        uint8_t kind_b;
        uint8_t block_b;
        bool conflict;
    } cases[] = {
        {N, 1, N, 1, false}, {N, 1, N, 2, true},  {N, 1, X, 0, false}, {N, 1, F, 1, false},
        {N, 1, F, 2, false}, {X, 0, X, 0, false}, {X, 0, F, 1, true},  {X, 0, N, 1, false},
        {F, 1, F, 1, false}, {F, 1, F, 2, true},  {F, 1, X, 0, true},  {F, 1, N, 2, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vote a = {
            .view = 5, .kind = (enum vote_kind)cases[i].kind_a, .block = sample_hash_of(cases[i].block_a)};
        struct vote b = {
            .view = 5, .kind = (enum vote_kind)cases[i].kind_b, .block = sample_hash_of(cases[i].block_b)};
        b.signature[0] = 1;
        assert_int_equal(vote_conflicts(&a, &b), cases[i].conflict);
        assert_int_equal(vote_conflicts(&b, &a), cases[i].conflict);
        b.view = 6;
        assert_false(vote_conflicts(&a, &b));
        b.view = 5;
        b.epoch = 1;
        assert_false(vote_conflicts(&a, &b));
        b.epoch = 0;
        b.member = 1;
        assert_false(vote_conflicts(&a, &b));
    }
}

static void random_vote_and_certificate_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    for (int round = 0; round < 30; round++) {
        uint8_t buffer[VOTE_CERTIFICATE_BYTES_MAX];
        struct vote vote;
        struct vote_certificate certificate;
        struct writer writer = writer_of(buffer, VOTE_BYTES_MAX);
        sample_vote(&prng, &vote);
        vote_put(&writer, &vote);
        sample_check_strict(writer_slice(&writer), rewrite_vote, NULL);
        writer = writer_of(buffer, sizeof buffer);
        sample_certificate(&prng, 3, &certificate);
        vote_certificate_put(&writer, &certificate);
        sample_check_strict(writer_slice(&writer), rewrite_certificate, NULL);
    }
}

static void largest_certificate_then_it_fits(void **state) {
    (void)state;
    static uint8_t buffer[VOTE_CERTIFICATE_BYTES_MAX];
    static struct vote_certificate certificate;
    struct prng prng = sample_prng();
    sample_certificate(&prng, 1, &certificate);
    certificate.epoch = UINT64_MAX;
    certificate.view = UINT64_MAX;
    certificate.count = MEMBERS_MAX;
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) certificate.votes[i].member = i;
    struct writer writer = writer_of(buffer, sizeof buffer);
    vote_certificate_put(&writer, &certificate);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    sample_require_strict(writer_slice(&writer), rewrite_certificate, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vote_signed_then_the_pinned_bytes),
        cmocka_unit_test(anything_of_a_vote_changed_then_not_verified),
        cmocka_unit_test(form_of_votes_then_ranges_hold),
        cmocka_unit_test(quorum_of_votes_then_verified_and_one_less_refused),
        cmocka_unit_test(one_member_twice_then_one_head),
        cmocka_unit_test(stranger_or_forgery_in_a_certificate_then_refused),
        cmocka_unit_test(certificate_out_of_order_or_empty_then_refused),
        cmocka_unit_test(two_votes_then_conflict_only_when_a_never_is_broken),
        cmocka_unit_test(random_vote_and_certificate_then_strict),
        cmocka_unit_test(largest_certificate_then_it_fits),
    };
    return cmocka_run_group_tests_name("vote", tests, NULL, NULL);
}
