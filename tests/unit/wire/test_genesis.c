/* Tests of wire/genesis.h. The pinned genesis and chain id were made by an independent implementation. */
#include "wire/genesis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "sample.h"

#define CHAIN_HEX "0f42a723f2112e752f9eac43e1ba89b1f0ea39a0800c0b87cc7f92777e07404b"
#define GENESIS_HEX                                                                                                  \
    "8700016773656e736f72731b00060a24181e40008203048482686d656d6265722d3058208a88e3dd7409f195fd52db2d3cba5d72ca6709" \
    "bf1d"                                                                                                           \
    "94121bf3748801b40f6f5c82686d656d6265722d3158208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394" \
    "8268"                                                                                                           \
    "6d656d6265722d325820ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d182686d656d6265722d335820ca" \
    "93ac"                                                                                                           \
    "1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c1a40000000"
#define VACANT_CHAIN_HEX "fc608aa3e701681a77420c28150e0b6bbc384080b5afb31d0ef0536d016e5e76"
#define VACANT_HEX                                                                                                   \
    "8800016773656e736f72731b00060a24181e40008203048482686d656d6265722d3058208a88e3dd7409f195fd52db2d3cba5d72"       \
    "ca6709bf1d94121bf3748801b40f6f5c82686d656d6265722d3158208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a2"       \
    "5df60f5b8fc9b39482686d656d6265722d325820ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1"       \
    "82686d656d6265722d335820ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c1a4000000003"

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct genesis genesis;
    TRY(genesis_read(bytes, &genesis));
    genesis_put(ret_again, &genesis);
    return STATUS_OK;
}

static void genesis_put_then_the_pinned_bytes_and_chain(void **state) {
    (void)state;
    uint8_t expected[sizeof GENESIS_HEX / 2];
    uint8_t buffer[1024];
    struct hash expected_chain;
    struct hash chain;
    struct genesis genesis;
    struct genesis read;
    struct writer writer = writer_of(buffer, sizeof buffer);
    sample_genesis(4, &genesis);
    genesis_put(&writer, &genesis);
    genesis_chain(&genesis, &chain);
    assert_int_equal(bytes_from_hex(slice_of_text(GENESIS_HEX), expected, sizeof expected), STATUS_OK);
    assert_int_equal(bytes_from_hex(slice_of_text(CHAIN_HEX), expected_chain.bytes, HASH_BYTES), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_true(hash_equal(&chain, &expected_chain));
    assert_int_equal(genesis_read(writer_slice(&writer), &read), STATUS_OK);
    assert_string_equal(read.name, "sensors");
    assert_true(read.created_us == 1700000000000000);
    assert_int_equal(read.threshold.numerator, 3);
    assert_int_equal(read.threshold.denominator, 4);
    assert_int_equal(read.members, 4);
    assert_string_equal(read.member_names[3], "member-3");
    assert_memory_equal(read.keys, genesis.keys, sizeof read.keys);
    assert_true(read.state_bytes_max == STATE_BYTES_DEFAULT);
}

/* Four members and three places for others. */
static void vacant_genesis(struct genesis *ret_genesis) {
    sample_genesis(4, ret_genesis);
    ret_genesis->members = 7;
    ret_genesis->vacant = 3;
}

static void genesis_with_vacant_places_put_then_the_pinned_bytes_and_chain(void **state) {
    (void)state;
    uint8_t expected[sizeof VACANT_HEX / 2];
    uint8_t buffer[1024];
    struct hash expected_chain, chain;
    struct genesis genesis, read;
    struct writer writer = writer_of(buffer, sizeof buffer);
    vacant_genesis(&genesis);
    genesis_put(&writer, &genesis);
    genesis_chain(&genesis, &chain);
    assert_int_equal(bytes_from_hex(slice_of_text(VACANT_HEX), expected, sizeof expected), STATUS_OK);
    assert_int_equal(bytes_from_hex(slice_of_text(VACANT_CHAIN_HEX), expected_chain.bytes, HASH_BYTES), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_true(hash_equal(&chain, &expected_chain));
    assert_int_equal(genesis_read(writer_slice(&writer), &read), STATUS_OK);
    assert_int_equal(read.members, 7);
    assert_int_equal(read.vacant, 3);
    assert_int_equal(genesis_heads(&read), 4);
    assert_memory_equal(&read, &genesis, sizeof read);
    sample_check_strict(writer_slice(&writer), rewrite, NULL);
}

static void vacant_places_beyond_what_there_may_be_then_refused(void **state) {
    (void)state;
    uint8_t buffer[1024];
    struct genesis genesis;
    vacant_genesis(&genesis);
    assert_int_equal(genesis_valid(&genesis), STATUS_OK);
    genesis.members = MEMBERS_MAX;
    genesis.vacant = MEMBERS_MAX - MEMBERS_MIN;
    assert_int_equal(genesis_valid(&genesis), STATUS_OK);
    genesis.members++;
    genesis.vacant++;
    assert_int_equal(genesis_valid(&genesis), STATUS_TOO_MANY);
    vacant_genesis(&genesis);
    genesis.vacant = 4;
    assert_int_equal(genesis_valid(&genesis), STATUS_BAD_VALUE);
    genesis.vacant = 8;
    assert_int_equal(genesis_valid(&genesis), STATUS_BAD_VALUE);
    /* The last byte is their number: none is said by leaving it out, and more places than can be are none. */
    vacant_genesis(&genesis);
    struct writer writer = writer_of(buffer, sizeof buffer);
    genesis_put(&writer, &genesis);
    buffer[writer.bytes - 1] = 0;
    assert_int_equal(genesis_read(writer_slice(&writer), &genesis), STATUS_NOT_CANONICAL);
    buffer[writer.bytes - 1] = 0x19;
    buffer[writer.bytes] = 0x00;
    buffer[writer.bytes + 1] = 0xfd;
    assert_int_equal(genesis_read(slice_of(buffer, writer.bytes + 2), &genesis), STATUS_NOT_CANONICAL);
    buffer[writer.bytes - 1] = 0x18;
    buffer[writer.bytes] = 0xfd;
    assert_int_equal(genesis_read(slice_of(buffer, writer.bytes + 1), &genesis), STATUS_TOO_MANY);
    buffer[writer.bytes] = 0xfc;
    assert_int_equal(genesis_read(slice_of(buffer, writer.bytes + 1), &genesis), STATUS_OK);
    assert_int_equal(genesis.members, MEMBERS_MAX);
}

static void genesis_of_four_then_strict(void **state) {
    (void)state;
    uint8_t buffer[1024];
    struct genesis genesis;
    struct writer writer = writer_of(buffer, sizeof buffer);
    sample_genesis(4, &genesis);
    genesis_put(&writer, &genesis);
    sample_check_strict(writer_slice(&writer), rewrite, NULL);
}

static void genesis_of_256_with_long_names_then_it_fits(void **state) {
    (void)state;
    static uint8_t buffer[GENESIS_BYTES_MAX];
    static struct genesis genesis;
    sample_genesis(MEMBERS_MAX, &genesis);
    genesis.created_us = UINT64_MAX;
    genesis.state_bytes_max = STATE_BYTES_MAX;
    genesis.threshold = (struct threshold){667, 1000};
    memset(genesis.name, 'g', MEMBER_NAME_BYTES_MAX);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        char digits[2 + 1];
        bytes_to_hex(&(uint8_t){(uint8_t)i}, 1, digits);
        memset(genesis.member_names[i], 'n', MEMBER_NAME_BYTES_MAX);
        memcpy(genesis.member_names[i], digits, 2);
    }
    struct writer writer = writer_of(buffer, sizeof buffer);
    genesis_put(&writer, &genesis);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    sample_require_strict(writer_slice(&writer), rewrite, NULL);
}

#define GENESIS(change, expected)                                                                                    \
    do {                                                                                                             \
        sample_genesis(5, &genesis);                                                                                 \
        change;                                                                                                      \
        assert_int_equal(genesis_valid(&genesis), expected);                                                         \
    } while (0)

static void counts_and_numbers_at_their_limits_then_valid_and_beyond_refused(void **state) {
    (void)state;
    static struct genesis genesis;
    GENESIS((void)0, STATUS_OK);
    GENESIS(genesis.members = MEMBERS_MIN, STATUS_OK);
    GENESIS(genesis.members = MEMBERS_MIN - 1, STATUS_BAD_VALUE);
    GENESIS(genesis.members = MEMBERS_MAX + 1, STATUS_TOO_MANY);
    GENESIS(genesis.state_bytes_max = STATE_BYTES_MIN, STATUS_OK);
    GENESIS(genesis.state_bytes_max = STATE_BYTES_MIN - 1, STATUS_BAD_VALUE);
    GENESIS(genesis.state_bytes_max = STATE_BYTES_MAX, STATUS_OK);
    GENESIS(genesis.state_bytes_max = STATE_BYTES_MAX + 1, STATUS_BAD_VALUE);
    GENESIS(genesis.threshold = ((struct threshold){1, 1}), STATUS_OK);
    GENESIS(genesis.threshold = ((struct threshold){667, 1000}), STATUS_OK);
    GENESIS(genesis.threshold = ((struct threshold){2, 3}), STATUS_BAD_VALUE);
    GENESIS(genesis.threshold = ((struct threshold){5, 4}), STATUS_BAD_VALUE);
    GENESIS(genesis.threshold = ((struct threshold){0, 0}), STATUS_BAD_VALUE);
    GENESIS(genesis.threshold = ((struct threshold){1001, 1001}), STATUS_BAD_VALUE);
}

#define NAMED(text, expected) GENESIS(memcpy(genesis.member_names[2], text, sizeof text), expected)

static void names_then_those_of_signed_notes_and_distinct(void **state) {
    (void)state;
    static struct genesis genesis;
    NAMED("a", STATUS_OK);
    NAMED("example.com/b\xc3\xbc", STATUS_OK);
    NAMED("", STATUS_BAD_FORMAT);
    NAMED("two words", STATUS_BAD_FORMAT);
    NAMED("a+b", STATUS_BAD_FORMAT);
    NAMED("a\nb", STATUS_BAD_FORMAT);
    NAMED("a\x7f", STATUS_BAD_FORMAT);
    NAMED("a\xc2\x9b", STATUS_BAD_FORMAT);
    NAMED("a\xc2\xa0", STATUS_BAD_FORMAT);
    NAMED("a\xff", STATUS_BAD_FORMAT);
    NAMED("member-1", STATUS_DUPLICATE);
    GENESIS(memset(genesis.member_names[4], 'x', MEMBER_NAME_BYTES_MAX), STATUS_OK);
    GENESIS(memset(genesis.member_names[4], 'x', MEMBER_NAME_BYTES_MAX + 1), STATUS_BAD_FORMAT);
    GENESIS(memset(genesis.name, 0, sizeof genesis.name), STATUS_BAD_FORMAT);
    GENESIS(memcpy(genesis.name, "two words", 10), STATUS_OK);
    GENESIS(memset(genesis.name, 'x', sizeof genesis.name), STATUS_BAD_FORMAT);
}

static void keys_then_usable_and_distinct(void **state) {
    (void)state;
    static struct genesis genesis;
    GENESIS(memcpy(genesis.keys[3], genesis.keys[1], KEY_BYTES), STATUS_DUPLICATE);
    GENESIS(memset(genesis.keys[3], 0, KEY_BYTES), STATUS_BAD_KEY);
    GENESIS(memset(genesis.keys[3], 0xff, KEY_BYTES), STATUS_BAD_KEY);
    GENESIS((memset(genesis.keys[3], 0, KEY_BYTES), genesis.keys[3][0] = 1), STATUS_BAD_KEY);
}

static void unusable_key_in_the_bytes_then_not_read(void **state) {
    (void)state;
    uint8_t buffer[1024];
    struct genesis genesis;
    struct writer writer = writer_of(buffer, sizeof buffer);
    sample_genesis(4, &genesis);
    memset(genesis.keys[0], 0, KEY_BYTES);
    genesis_put(&writer, &genesis);
    assert_int_equal(genesis_read(writer_slice(&writer), &genesis), STATUS_BAD_KEY);
}

static void name_longer_than_its_limit_in_the_bytes_then_not_read(void **state) {
    (void)state;
    uint8_t buffer[256] = {0x87, 0x00, 0x01, 0x78, MEMBER_NAME_BYTES_MAX + 1};
    struct genesis genesis;
    memset(buffer + 5, 'x', sizeof buffer - 5);
    assert_int_equal(genesis_read(slice_of(buffer, sizeof buffer), &genesis), STATUS_BAD_FORMAT);
    buffer[2] = 2;
    assert_int_equal(genesis_read(slice_of(buffer, sizeof buffer), &genesis), STATUS_VERSION);
    buffer[1] = 1;
    assert_int_equal(genesis_read(slice_of(buffer, sizeof buffer), &genesis), STATUS_BAD_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_put_then_the_pinned_bytes_and_chain),
        cmocka_unit_test(genesis_with_vacant_places_put_then_the_pinned_bytes_and_chain),
        cmocka_unit_test(vacant_places_beyond_what_there_may_be_then_refused),
        cmocka_unit_test(genesis_of_four_then_strict),
        cmocka_unit_test(genesis_of_256_with_long_names_then_it_fits),
        cmocka_unit_test(counts_and_numbers_at_their_limits_then_valid_and_beyond_refused),
        cmocka_unit_test(names_then_those_of_signed_notes_and_distinct),
        cmocka_unit_test(keys_then_usable_and_distinct),
        cmocka_unit_test(unusable_key_in_the_bytes_then_not_read),
        cmocka_unit_test(name_longer_than_its_limit_in_the_bytes_then_not_read),
    };
    return cmocka_run_group_tests_name("genesis", tests, NULL, NULL);
}
