/* Tests of wire/block.h. The pinned block and its hash were made by an independent implementation. */
#include "wire/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "sample.h"

#define CHAIN_HEX "0f42a723f2112e752f9eac43e1ba89b1f0ea39a0800c0b87cc7f92777e07404b"
#define HASH_HEX  "ac16dcb5d9341d5a4fdc489afa9ab9102bf2c6191d309efac8e7eeb77e63d692"
#define BLOCK_HEX                                                                                                    \
    "880158200f42a723f2112e752f9eac43e1ba89b1f0ea39a0800c0b87cc7f92777e07404b00090458206666666666666666666666666666" \
    "66"                                                                                                             \
    "66666666666666666666666666666666668283000358202222222222222222222222222222222222222222222222222222222222222222" \
    "830319"                                                                                                         \
    "012c582033333333333333333333333333333333333333333333333333333333333333338143010203"

static void valid_block(struct block *ret_block) {
    *ret_block = (struct block){.view = 9,
                                .height = 4,
                                .parent = sample_hash_of(0x66),
                                .entries_count = 2,
                                .entries = {{0, 3, sample_hash_of(0x22)}, {3, 300, sample_hash_of(0x33)}},
                                .proofs_count = 1,
                                .proofs = {slice_of("\x01\x02\x03", 3)}};
}

static struct hash pinned_hash(const char *hex) {
    struct hash hash;
    assert_int_equal(bytes_from_hex(slice_of_text(hex), hash.bytes, HASH_BYTES), STATUS_OK);
    return hash;
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    const struct hash *chain = context;
    struct block block;
    struct hash hash;
    TRY(block_read(bytes, chain, &block, &hash));
    block_put(ret_again, &block, chain);
    return STATUS_OK;
}

static void block_put_then_the_pinned_bytes_and_hash(void **state) {
    (void)state;
    uint8_t expected[sizeof BLOCK_HEX / 2];
    uint8_t buffer[512];
    struct hash chain = pinned_hash(CHAIN_HEX);
    struct hash expected_hash = pinned_hash(HASH_HEX);
    struct hash hash;
    struct block block;
    struct writer writer = writer_of(buffer, sizeof buffer);
    valid_block(&block);
    block_put(&writer, &block, &chain);
    assert_int_equal(bytes_from_hex(slice_of_text(BLOCK_HEX), expected, sizeof expected), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_int_equal(block_read(writer_slice(&writer), &chain, &block, &hash), STATUS_OK);
    assert_true(hash_equal(&hash, &expected_hash));
    assert_true(slice_equal(block.proofs[0], slice_of("\x01\x02\x03", 3)));
}

static void block_of_another_chain_or_version_then_refused(void **state) {
    (void)state;
    uint8_t bytes[sizeof BLOCK_HEX / 2];
    struct hash chain = pinned_hash(CHAIN_HEX);
    struct hash other_chain = sample_hash_of(1);
    struct hash hash;
    struct block block;
    assert_int_equal(bytes_from_hex(slice_of_text(BLOCK_HEX), bytes, sizeof bytes), STATUS_OK);
    assert_int_equal(block_read(slice_of(bytes, sizeof bytes), &other_chain, &block, &hash), STATUS_WRONG_CHAIN);
    bytes[1] = 2;
    assert_int_equal(block_read(slice_of(bytes, sizeof bytes), &chain, &block, &hash), STATUS_VERSION);
}

/* Where things stand in the pinned bytes. */
enum {
    AT_VIEW = 37,
    AT_HEIGHT = 38,
    AT_FIRST_MEMBER = 75,
    AT_FIRST_SEQ = 76,
    AT_SECOND_MEMBER = 112,
    AT_PROOF = 151
};

static void fields_beyond_their_limits_then_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{AT_VIEW, 0},         {AT_HEIGHT, 0},        {AT_FIRST_MEMBER, 3},
                   {AT_FIRST_MEMBER, 4}, {AT_SECOND_MEMBER, 0}, {AT_FIRST_SEQ, 0}};
    struct hash chain = pinned_hash(CHAIN_HEX);
    struct hash hash;
    struct block block;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t bytes[sizeof BLOCK_HEX / 2];
        assert_int_equal(bytes_from_hex(slice_of_text(BLOCK_HEX), bytes, sizeof bytes), STATUS_OK);
        assert_int_equal(block_read(slice_of(bytes, sizeof bytes), &chain, &block, &hash), STATUS_OK);
        bytes[changes[i].at] = changes[i].value;
        assert_int_equal(block_read(slice_of(bytes, sizeof bytes), &chain, &block, &hash), STATUS_BAD_VALUE);
    }
}

/* Appends `count` proofs of `bytes` each to the pinned block's other fields. */
static enum status read_with_proofs(uint32_t count, size_t bytes) {
    size_t capacity = BLOCK_BYTES_ENCODED_MAX + PROOF_BYTES_MAX;
    uint8_t *buffer = malloc(capacity);
    uint8_t *proof = calloc(1, bytes + 1);
    uint8_t pinned[sizeof BLOCK_HEX / 2];
    struct hash chain = pinned_hash(CHAIN_HEX);
    struct hash hash;
    struct block block;
    assert_non_null(buffer);
    assert_non_null(proof);
    struct writer writer = writer_of(buffer, capacity);
    assert_int_equal(bytes_from_hex(slice_of_text(BLOCK_HEX), pinned, sizeof pinned), STATUS_OK);
    writer_put(&writer, pinned, sizeof pinned - 5);
    cbor_put_array(&writer, count);
    for (uint32_t i = 0; i < count; i++) cbor_put_bytes(&writer, slice_of(proof, bytes));
    assert_int_equal(writer_status(&writer), STATUS_OK);
    enum status status = block_read(writer_slice(&writer), &chain, &block, &hash);
    free(buffer);
    free(proof);
    return status;
}

static void proofs_at_their_limits_then_accepted_and_beyond_refused(void **state) {
    (void)state;
    assert_int_equal(read_with_proofs(0, 0), STATUS_OK);
    assert_int_equal(read_with_proofs(BLOCK_PROOFS_MAX, 1), STATUS_OK);
    assert_int_equal(read_with_proofs(BLOCK_PROOFS_MAX + 1, 1), STATUS_TOO_MANY);
    assert_int_equal(read_with_proofs(BLOCK_PROOFS_MAX, PROOF_BYTES_MAX), STATUS_OK);
    assert_int_equal(read_with_proofs(1, PROOF_BYTES_MAX + 1), STATUS_TOO_LARGE);
    assert_int_equal(read_with_proofs(1, 0), STATUS_BAD_VALUE);
}

static void largest_block_then_it_fits(void **state) {
    (void)state;
    static uint8_t buffer[BLOCK_BYTES_ENCODED_MAX];
    static uint8_t proof[PROOF_BYTES_MAX];
    static struct block block;
    struct hash chain = sample_hash_of(3);
    block = (struct block){.epoch = UINT64_MAX, .view = UINT64_MAX, .height = UINT64_MAX};
    block.entries_count = MEMBERS_MAX;
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) block.entries[i] = (struct tip){i, UINT64_MAX, sample_hash_of(9)};
    block.proofs_count = BLOCK_PROOFS_MAX;
    for (uint32_t i = 0; i < BLOCK_PROOFS_MAX; i++) block.proofs[i] = slice_of(proof, sizeof proof);
    struct writer writer = writer_of(buffer, sizeof buffer);
    block_put(&writer, &block, &chain);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    sample_require_strict(writer_slice(&writer), rewrite, &chain);
}

static void random_block_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    for (int round = 0; round < 8; round++) {
        uint8_t buffer[4096];
        struct hash chain = sample_hash(&prng);
        struct block block;
        struct writer writer = writer_of(buffer, sizeof buffer);
        sample_block(&prng, 5, &block);
        block_put(&writer, &block, &chain);
        sample_check_strict(writer_slice(&writer), rewrite, &chain);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_put_then_the_pinned_bytes_and_hash),
        cmocka_unit_test(block_of_another_chain_or_version_then_refused),
        cmocka_unit_test(fields_beyond_their_limits_then_refused),
        cmocka_unit_test(proofs_at_their_limits_then_accepted_and_beyond_refused),
        cmocka_unit_test(largest_block_then_it_fits),
        cmocka_unit_test(random_block_then_strict),
    };
    return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
