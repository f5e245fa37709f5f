/* Tests of wire/header.h. The pinned bytes were made by an independent CBOR and Ed25519 implementation. */
#include "wire/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "codec/cose.h"
#include "sample.h"

#define CHAIN_HEX "0f42a723f2112e752f9eac43e1ba89b1f0ea39a0800c0b87cc7f92777e07404b"
#define HASH_HEX  "a83c93cf70a14f5e3a0f35f913cff3d398b5309a0caa12c7213c83f381217dc0"
#define HEADER_HEX                                                                                                   \
    "d28447a2012704420002a058a2890102071b00060a24181e40015820111111111111111111111111111111111111111111111111111111" \
    "111111"                                                                                                         \
    "11118283000358202222222222222222222222222222222222222222222222222222222222222222830319012c58203333333333333333" \
    "3333333"                                                                                                        \
    "33333333333333333333333333333333333333333582044444444444444444444444444444444444444444444444444444444444444440" \
    "51903e8"                                                                                                        \
    "58406d3a8939b597a006cbea899dd3bc5d46474a0d5e7c1eed3972f67af0895e3667bd71a84d2dc23086c23443f87dbba53f1a4fbebae2" \
    "9dd85e"                                                                                                         \
    "5103eed090273d02"

static struct hash chain_of_vectors(void) {
    struct hash chain;
    assert_int_equal(bytes_from_hex(slice_of_text(CHAIN_HEX), chain.bytes, HASH_BYTES), STATUS_OK);
    return chain;
}

static void valid_header(struct header *ret_header) {
    *ret_header = (struct header){.member = 2,
                                  .seq = 7,
                                  .wall_us = 1700000000000001,
                                  .prev = sample_hash_of(0x11),
                                  .deps_count = 2,
                                  .deps = {{0, 3, sample_hash_of(0x22)}, {3, 300, sample_hash_of(0x33)}},
                                  .root = sample_hash_of(0x44),
                                  .count = 5,
                                  .bytes = 1000};
}

struct signing {
    struct hash chain;
    uint8_t secrets[MEMBERS_MAX][SECRET_BYTES];
};

/* A signature is not part of what a header means: it is carried over, the rest is written again. */
static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    const struct signing *signing = context;
    struct header header;
    struct hash hash;
    struct hash hash_again;
    TRY(header_read(bytes, &signing->chain, &header, &hash));
    header_sign(&header, &signing->chain, signing->secrets[header.member], ret_again, &hash_again);
    assert_true(hash_equal(&hash, &hash_again));
    memcpy(ret_again->data + ret_again->bytes - SIGNATURE_BYTES, bytes.data + bytes.bytes - SIGNATURE_BYTES,
           SIGNATURE_BYTES);
    return STATUS_OK;
}

static void header_signed_then_the_pinned_bytes_and_hash(void **state) {
    (void)state;
    uint8_t expected[sizeof HEADER_HEX / 2];
    uint8_t buffer[HEADER_BYTES_MAX];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct hash chain = chain_of_vectors();
    struct hash expected_hash;
    struct hash hash;
    struct header header;
    struct writer writer = writer_of(buffer, sizeof buffer);
    valid_header(&header);
    sample_key(2, secret, key);
    header_sign(&header, &chain, secret, &writer, &hash);
    assert_int_equal(bytes_from_hex(slice_of_text(HEADER_HEX), expected, sizeof expected), STATUS_OK);
    assert_int_equal(bytes_from_hex(slice_of_text(HASH_HEX), expected_hash.bytes, HASH_BYTES), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_true(hash_equal(&hash, &expected_hash));
    assert_int_equal(header_verify(writer_slice(&writer), &chain, key), STATUS_OK);
}

static void another_chain_key_or_signature_then_not_verified(void **state) {
    (void)state;
    uint8_t bytes[sizeof HEADER_HEX / 2];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    uint8_t other_key[KEY_BYTES];
    struct hash chain = chain_of_vectors();
    struct hash other_chain = sample_hash_of(1);
    assert_int_equal(bytes_from_hex(slice_of_text(HEADER_HEX), bytes, sizeof bytes), STATUS_OK);
    struct slice whole = slice_of(bytes, sizeof bytes);
    sample_key(2, secret, key);
    sample_key(3, secret, other_key);
    assert_int_equal(header_verify(whole, &chain, key), STATUS_OK);
    assert_int_equal(header_verify(whole, &other_chain, key), STATUS_BAD_SIGNATURE);
    assert_int_equal(header_verify(whole, &chain, other_key), STATUS_BAD_SIGNATURE);
    bytes[sizeof bytes - 1] ^= 1;
    assert_int_equal(header_verify(whole, &chain, key), STATUS_BAD_SIGNATURE);
    bytes[0] = 0;
    assert_int_equal(header_verify(whole, &chain, key), STATUS_BAD_TYPE);
}

static void other_chain_or_other_signature_then_hash_of_content_alone(void **state) {
    (void)state;
    uint8_t bytes[sizeof HEADER_HEX / 2];
    struct hash chain = chain_of_vectors();
    struct hash other_chain = sample_hash_of(1);
    struct hash hash;
    struct hash same;
    struct hash other;
    struct header header;
    assert_int_equal(bytes_from_hex(slice_of_text(HEADER_HEX), bytes, sizeof bytes), STATUS_OK);
    assert_int_equal(header_read(slice_of(bytes, sizeof bytes), &chain, &header, &hash), STATUS_OK);
    bytes[sizeof bytes - 1] ^= 1;
    assert_int_equal(header_read(slice_of(bytes, sizeof bytes), &chain, &header, &same), STATUS_OK);
    assert_int_equal(header_read(slice_of(bytes, sizeof bytes), &other_chain, &header, &other), STATUS_OK);
    assert_true(hash_equal(&hash, &same));
    assert_false(hash_equal(&hash, &other));
}

/* The framing says one member, the payload another. */
static void key_id_of_another_member_then_refused(void **state) {
    (void)state;
    uint8_t bytes[sizeof HEADER_HEX / 2];
    uint8_t changed[HEADER_BYTES_MAX];
    struct hash chain = chain_of_vectors();
    struct hash hash;
    struct header header;
    struct cose_sign1 object;
    assert_int_equal(bytes_from_hex(slice_of_text(HEADER_HEX), bytes, sizeof bytes), STATUS_OK);
    assert_int_equal(cose_sign1_read(slice_of(bytes, sizeof bytes), &object), STATUS_OK);
    struct writer writer = writer_of(changed, sizeof changed);
    cose_sign1_put(&writer, 3, object.payload, object.signature);
    assert_int_equal(header_read(writer_slice(&writer), &chain, &header, &hash), STATUS_BAD_VALUE);
}

static void fields_at_their_limits_then_valid(void **state) {
    (void)state;
    struct header header;
    valid_header(&header);
    assert_int_equal(header_valid(&header), STATUS_OK);
    header.member = MEMBERS_MAX - 1;
    header.count = BATCH_ITEMS_MAX;
    header.bytes = BATCH_BYTES_MAX;
    header.deps[0].seq = UINT64_MAX;
    assert_int_equal(header_valid(&header), STATUS_OK);
    header.count = 0;
    header.bytes = 1;
    header.deps_count = 0;
    header.wall_us = UINT64_MAX;
    header.seq = UINT64_MAX;
    assert_int_equal(header_valid(&header), STATUS_OK);
    header.seq = 1;
    header.prev = sample_hash_of(0);
    assert_int_equal(header_valid(&header), STATUS_OK);
}

#define REFUSED(change, expected)                                                                                    \
    do {                                                                                                             \
        valid_header(&header);                                                                                       \
        change;                                                                                                      \
        assert_int_equal(header_valid(&header), expected);                                                           \
    } while (0)

static void fields_beyond_their_limits_then_refused(void **state) {
    (void)state;
    struct header header;
    REFUSED(header.member = MEMBERS_MAX, STATUS_BAD_VALUE);
    REFUSED(header.seq = 0, STATUS_BAD_VALUE);
    REFUSED(header.seq = 1, STATUS_BAD_VALUE);
    REFUSED(header.prev = sample_hash_of(0), STATUS_BAD_VALUE);
    REFUSED(header.count = BATCH_ITEMS_MAX + 1, STATUS_TOO_MANY);
    REFUSED(header.bytes = 0, STATUS_BAD_VALUE);
    REFUSED(header.bytes = BATCH_BYTES_MAX + 1, STATUS_TOO_LARGE);
    REFUSED(header.deps[0].seq = 0, STATUS_BAD_VALUE);
    REFUSED(header.deps[0].member = 2, STATUS_BAD_VALUE);
    REFUSED(header.deps[0].member = 3, STATUS_BAD_VALUE);
    REFUSED(header.deps[0].member = 4, STATUS_BAD_VALUE);
    REFUSED(header.deps[1].member = MEMBERS_MAX, STATUS_BAD_VALUE);
    REFUSED(header.deps_count = MEMBERS_MAX + 1, STATUS_BAD_VALUE);
}

static void every_other_member_a_dep_then_it_fits(void **state) {
    (void)state;
    uint8_t buffer[HEADER_BYTES_MAX];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct hash chain = sample_hash_of(9);
    struct hash hash;
    struct header header;
    struct header read;
    valid_header(&header);
    header.member = 255;
    header.seq = UINT64_MAX;
    header.wall_us = UINT64_MAX;
    header.count = BATCH_ITEMS_MAX;
    header.bytes = BATCH_BYTES_MAX;
    header.deps_count = 255;
    for (uint32_t i = 0; i < 255; i++) header.deps[i] = (struct tip){i, UINT64_MAX, sample_hash_of((uint8_t)i)};
    struct writer writer = writer_of(buffer, sizeof buffer);
    sample_key(255, secret, key);
    header_sign(&header, &chain, secret, &writer, &hash);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(header_read(writer_slice(&writer), &chain, &read, &hash), STATUS_OK);
    assert_int_equal(read.deps_count, 255);
    for (uint32_t i = 0; i < 255; i++) {
        assert_int_equal(read.deps[i].member, i);
        assert_true(read.deps[i].seq == UINT64_MAX);
        assert_true(hash_equal(&read.deps[i].hash, &header.deps[i].hash));
    }
}

static void random_header_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    struct signing *signing = calloc(1, sizeof *signing);
    uint8_t key[KEY_BYTES];
    assert_non_null(signing);
    signing->chain = sample_hash(&prng);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) sample_key(i, signing->secrets[i], key);
    for (int round = 0; round < 5; round++) {
        uint8_t buffer[HEADER_BYTES_MAX];
        struct header header;
        struct hash hash;
        struct writer writer = writer_of(buffer, sizeof buffer);
        sample_header(&prng, 4, &header);
        header_sign(&header, &signing->chain, signing->secrets[header.member], &writer, &hash);
        sample_check_strict(writer_slice(&writer), rewrite, signing);
    }
    free(signing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_signed_then_the_pinned_bytes_and_hash),
        cmocka_unit_test(another_chain_key_or_signature_then_not_verified),
        cmocka_unit_test(other_chain_or_other_signature_then_hash_of_content_alone),
        cmocka_unit_test(key_id_of_another_member_then_refused),
        cmocka_unit_test(fields_at_their_limits_then_valid),
        cmocka_unit_test(fields_beyond_their_limits_then_refused),
        cmocka_unit_test(every_other_member_a_dep_then_it_fits),
        cmocka_unit_test(random_header_then_strict),
    };
    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
