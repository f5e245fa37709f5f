/* Tests of wire/roster.h. The pinned record was made by an independent implementation. */
#include "wire/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "sample.h"

#define ROSTER_HEX                                                                                                   \
    "861401184d82030407858300686d656d6265722d3058208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b4"       \
    "0f6f5c8301686d656d6265722d3158208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b3948302686d"       \
    "656d6265722d325820ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d18303686d656d6265722d33"       \
    "5820ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c8305686e6577636f6d657258208a875fff1e"       \
    "b38451577acd5afee405456568dd7c89e090863a0557bc7af49f17"

/* Seven places, of which the last three are vacant. */
static void first_roster(struct roster *ret_roster) {
    struct genesis genesis;
    sample_genesis(4, &genesis);
    genesis.members = 7;
    genesis.vacant = 3;
    roster_of(&genesis, ret_roster);
}

static struct reconfigure change_of(enum change change, uint32_t member, const char *name, uint32_t key) {
    struct reconfigure made = {.change = change, .member = member, .name = slice_of_text(name)};
    uint8_t secret[SECRET_BYTES];
    if (change == CHANGE_ADD || change == CHANGE_KEY) sample_key(key, secret, made.key);
    return made;
}

static struct reconfigure threshold_of(uint32_t numerator, uint32_t denominator) {
    return (struct reconfigure){.change = CHANGE_THRESHOLD, .threshold = {numerator, denominator}};
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    static struct roster roster;
    TRY(roster_read(bytes, &roster));
    roster_put(ret_again, &roster);
    return STATUS_OK;
}

static void genesis_then_the_roster_of_its_members(void **state) {
    (void)state;
    static struct roster roster;
    struct genesis genesis;
    sample_genesis(4, &genesis);
    first_roster(&roster);
    assert_int_equal(roster.epoch, 0);
    assert_int_equal(roster.height, 0);
    assert_int_equal(roster.members, 7);
    assert_int_equal(roster_heads(&roster), 4);
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) assert_int_equal(roster_has(&roster, m), m < 4);
    struct keyring keyring = roster_keyring(&roster);
    assert_int_equal(keyring.members, 7);
    assert_int_equal(keyring_heads(&keyring), 4);
    assert_true(keyring_has(&keyring, 3) && !keyring_has(&keyring, 4) && !keyring_has(&keyring, 7));
    assert_memory_equal(keyring.keys[3], genesis.keys[3], KEY_BYTES);
}

static void member_added_then_the_pinned_record(void **state) {
    (void)state;
    static struct roster roster, read;
    static uint8_t buffer[RECORD_EPOCH_BYTES_MAX];
    uint8_t expected[sizeof ROSTER_HEX / 2];
    struct reconfigure add = change_of(CHANGE_ADD, 5, "newcomer", 5);
    struct writer writer = writer_of(buffer, sizeof buffer);
    first_roster(&roster);
    assert_int_equal(roster_check(&roster, &add), STATUS_OK);
    roster_apply(&roster, &add, 77);
    roster_put(&writer, &roster);
    assert_int_equal(bytes_from_hex(slice_of_text(ROSTER_HEX), expected, sizeof expected), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    assert_int_equal(roster_read(writer_slice(&writer), &read), STATUS_OK);
    assert_memory_equal(&read, &roster, sizeof read);
    sample_check_strict(writer_slice(&writer), rewrite, NULL);
}

static void changes_then_what_they_say_and_nothing_else(void **state) {
    (void)state;
    static struct roster roster, before;
    struct reconfigure change = change_of(CHANGE_ADD, 6, "newcomer", 9);
    first_roster(&roster);
    before = roster;
    roster_apply(&roster, &change, 10);
    assert_int_equal(roster.epoch, 1);
    assert_true(roster_has(&roster, 6) && !roster_has(&roster, 5));
    assert_string_equal(roster.names[6], "newcomer");
    assert_memory_equal(roster.keys[6], change.key, KEY_BYTES);
    change = change_of(CHANGE_KEY, 2, "", 12);
    change.epoch = 1;
    roster_apply(&roster, &change, 20);
    assert_memory_equal(roster.keys[2], change.key, KEY_BYTES);
    assert_string_equal(roster.names[2], "member-2");
    change = threshold_of(4, 5);
    change.epoch = 2;
    roster_apply(&roster, &change, 30);
    assert_int_equal(roster.threshold.numerator, 4);
    change = change_of(CHANGE_REMOVE, 6, "", 0);
    change.epoch = 3;
    roster_apply(&roster, &change, 40);
    assert_int_equal(roster.epoch, 4);
    assert_int_equal(roster.height, 40);
    /* But for what was changed and not taken back it is the first one. */
    memcpy(roster.keys[2], before.keys[2], KEY_BYTES);
    roster.threshold = before.threshold;
    roster.epoch = roster.height = 0;
    assert_memory_equal(&roster, &before, sizeof roster);
}

static void changes_that_cannot_be_made_then_refused(void **state) {
    (void)state;
    static struct roster roster, before;
    first_roster(&roster);
    before = roster;
    const struct {
        struct reconfigure change;
        enum status status;
    } rows[] = {
        {change_of(CHANGE_ADD, 4, "newcomer", 9), STATUS_OK},
        {change_of(CHANGE_ADD, 3, "newcomer", 9), STATUS_CONFLICT},
        {change_of(CHANGE_ADD, 7, "newcomer", 9), STATUS_UNKNOWN_MEMBER},
        {change_of(CHANGE_ADD, MEMBERS_MAX - 1, "newcomer", 9), STATUS_UNKNOWN_MEMBER},
        {change_of(CHANGE_ADD, 4, "member-0", 9), STATUS_DUPLICATE},
        {change_of(CHANGE_ADD, 4, "newcomer", 3), STATUS_DUPLICATE},
        {change_of(CHANGE_REMOVE, 3, "", 0), STATUS_BAD_VALUE}, /* four are the fewest */
        {change_of(CHANGE_REMOVE, 4, "", 0), STATUS_UNKNOWN_MEMBER},
        {change_of(CHANGE_KEY, 0, "", 9), STATUS_OK},
        {change_of(CHANGE_KEY, 0, "", 0), STATUS_DUPLICATE},
        {change_of(CHANGE_KEY, 0, "", 1), STATUS_DUPLICATE},
        {change_of(CHANGE_KEY, 5, "", 9), STATUS_UNKNOWN_MEMBER},
        {threshold_of(4, 5), STATUS_OK},
        {threshold_of(6, 8), STATUS_DUPLICATE}, /* three quarters as well */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reconfigure change = rows[i].change;
        assert_int_equal(roster_check(&roster, &change), rows[i].status);
        change.epoch = 1;
        assert_int_equal(roster_check(&roster, &change), STATUS_WRONG_EPOCH);
    }
    assert_memory_equal(&roster, &before, sizeof roster);
    struct reconfigure add = change_of(CHANGE_ADD, 4, "newcomer", 9);
    struct reconfigure remove = change_of(CHANGE_REMOVE, 3, "", 0);
    roster_apply(&roster, &add, 5);
    remove.epoch = 1;
    assert_int_equal(roster_check(&roster, &remove), STATUS_OK);
}

static void proposals_that_differ_in_any_field_then_not_equal(void **state) {
    (void)state;
    struct reconfigure a = change_of(CHANGE_ADD, 4, "newcomer", 9), b = a;
    char name[] = "newcomer";
    b.name = slice_of_text(name);
    assert_true(reconfigure_equal(&a, &b));
    b.epoch++;
    assert_false(reconfigure_equal(&a, &b));
    b = a;
    b.member++;
    assert_false(reconfigure_equal(&a, &b));
    b = a;
    b.name.bytes--;
    assert_false(reconfigure_equal(&a, &b));
    b = a;
    b.key[31] ^= 1;
    assert_false(reconfigure_equal(&a, &b));
    a = threshold_of(3, 4);
    b = threshold_of(6, 8);
    assert_false(reconfigure_equal(&a, &b));
    b = a;
    b.change = CHANGE_REMOVE;
    assert_false(reconfigure_equal(&a, &b));
}

/* A roster record with anything of it replaced; names by `name`. */
struct fields {
    uint64_t epoch;
    uint64_t height;
    uint64_t numerator;
    uint64_t places;
    uint64_t count;
    uint64_t numbers[5];
    const char *name; /* of the last; NULL: of its own */
    uint32_t key;     /* of the last */
};
#define FIELDS                                                                                                       \
    { .epoch = 1, .height = 7, .numerator = 3, .places = 6, .count = 4, .numbers = {0, 1, 3, 5, 5}, .key = 5 }

static enum status read_fields(const struct fields *fields) {
    static uint8_t buffer[RECORD_EPOCH_BYTES_MAX];
    static struct roster roster;
    struct writer writer = writer_of(buffer, sizeof buffer);
    cbor_put_array(&writer, 6);
    cbor_put_uint(&writer, RECORD_EPOCH);
    cbor_put_uint(&writer, fields->epoch);
    cbor_put_uint(&writer, fields->height);
    cbor_put_array(&writer, 2);
    cbor_put_uint(&writer, fields->numerator);
    cbor_put_uint(&writer, 4);
    cbor_put_uint(&writer, fields->places);
    cbor_put_array(&writer, fields->count);
    for (uint32_t i = 0; i < fields->count; i++) {
        static const char *const names[] = {"a", "b", "c", "d", "e"};
        uint8_t secret[SECRET_BYTES], key[KEY_BYTES];
        bool is_last = i + 1 == fields->count;
        sample_key(is_last ? fields->key : i, secret, key);
        cbor_put_array(&writer, 3);
        cbor_put_uint(&writer, fields->numbers[i]);
        cbor_put_text(&writer, slice_of_text(is_last && fields->name != NULL ? fields->name : names[i]));
        cbor_put_bytes(&writer, slice_of(key, sizeof key));
    }
    return roster_read(writer_slice(&writer), &roster);
}

#define READ(change, expected)                                                                                       \
    do {                                                                                                             \
        struct fields fields = FIELDS;                                                                               \
        change;                                                                                                      \
        assert_int_equal(read_fields(&fields), expected);                                                            \
    } while (0)

static void records_that_are_no_roster_then_refused(void **state) {
    (void)state;
    READ((void)fields, STATUS_OK);
    READ(fields.epoch = 0, STATUS_BAD_VALUE);
    READ(fields.height = 0, STATUS_BAD_VALUE);
    READ(fields.numerator = 5, STATUS_BAD_VALUE);
    READ(fields.numerator = 2, STATUS_BAD_VALUE);
    READ(fields.places = MEMBERS_MAX, STATUS_OK);
    READ(fields.places = MEMBERS_MAX + 1, STATUS_BAD_VALUE);
    READ(fields.places = 5, STATUS_BAD_VALUE); /* somebody is at place 5 */
    READ(fields.places = 3, STATUS_BAD_VALUE);
    READ(fields.count = 3, STATUS_BAD_VALUE);
    READ(fields.numbers[1] = 0, STATUS_NOT_CANONICAL);
    READ(fields.numbers[1] = 4, STATUS_NOT_CANONICAL);
    READ(fields.count = 5, STATUS_NOT_CANONICAL);
    READ(fields.name = "a", STATUS_DUPLICATE);
    READ(fields.name = "two words", STATUS_BAD_FORMAT);
    READ(fields.name = "", STATUS_BAD_FORMAT);
    READ(fields.key = 1, STATUS_DUPLICATE);
}

static void largest_roster_then_it_fits_and_is_read(void **state) {
    (void)state;
    static uint8_t buffer[RECORD_EPOCH_BYTES_MAX + 1];
    static struct roster roster;
    static struct genesis genesis;
    sample_genesis(MEMBERS_MAX, &genesis);
    roster_of(&genesis, &roster);
    roster.epoch = roster.height = UINT64_MAX;
    roster.threshold = (struct threshold){667, 1000};
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) {
        memset(roster.names[m], 'n', MEMBER_NAME_BYTES_MAX);
        roster.names[m][0] = (char)('a' + m / 16);
        roster.names[m][1] = (char)('a' + m % 16);
    }
    struct writer writer = writer_of(buffer, RECORD_EPOCH_BYTES_MAX);
    roster_put(&writer, &roster);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    sample_require_strict(writer_slice(&writer), rewrite, NULL);
    assert_int_equal(roster_read(writer_slice(&writer), &roster), STATUS_OK);
    assert_int_equal(roster_read(slice_of(buffer, sizeof buffer), &roster), STATUS_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_then_the_roster_of_its_members),
        cmocka_unit_test(member_added_then_the_pinned_record),
        cmocka_unit_test(changes_then_what_they_say_and_nothing_else),
        cmocka_unit_test(changes_that_cannot_be_made_then_refused),
        cmocka_unit_test(proposals_that_differ_in_any_field_then_not_equal),
        cmocka_unit_test(records_that_are_no_roster_then_refused),
        cmocka_unit_test(largest_roster_then_it_fits_and_is_read),
    };
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
