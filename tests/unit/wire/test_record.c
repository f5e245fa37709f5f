/* Tests of wire/record.h. */
#include "wire/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "sample.h"

static enum status rewrite_belief(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    enum record_kind kind;
    struct record_belief belief;
    TRY(record_belief_read(bytes, &kind, &belief));
    record_belief_put(ret_again, kind, &belief);
    return STATUS_OK;
}

static enum status rewrite_state(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct record_state record;
    TRY(record_state_read(bytes, &record));
    record_state_put(ret_again, &record);
    return STATUS_OK;
}

static enum status rewrite_member(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct record_member member;
    TRY(record_member_read(bytes, &member));
    record_member_put(ret_again, &member);
    return STATUS_OK;
}

static enum status rewrite_suspicion(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct record_suspicion suspicion;
    TRY(record_suspicion_read(bytes, &suspicion));
    record_suspicion_put(ret_again, &suspicion);
    return STATUS_OK;
}

static enum status rewrite_parameters(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct record_parameters parameters;
    TRY(record_parameters_read(bytes, &parameters));
    record_parameters_put(ret_again, &parameters);
    return STATUS_OK;
}

static void random_belief_then_strict(void **state) {
    (void)state;
    static struct sample_texts texts;
    struct prng prng = sample_prng();
    for (int round = 0; round < 60; round++) {
        uint8_t buffer[RECORD_BELIEF_BYTES_MAX];
        struct record_belief belief;
        struct writer writer = writer_of(buffer, sizeof buffer);
        sample_belief(&prng, &texts, &belief);
        record_belief_put(&writer, prng_chance(&prng, 1, 2) ? RECORD_VERDICT : RECORD_QUESTION, &belief);
        assert_int_equal(writer_status(&writer), STATUS_OK);
        if (writer.bytes < 500) sample_check_strict(writer_slice(&writer), rewrite_belief, NULL);
        sample_require_strict(writer_slice(&writer), rewrite_belief, NULL);
    }
}

static void other_records_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    uint8_t buffer[RECORD_STATE_BYTES_MAX];
    struct writer writer = writer_of(buffer, sizeof buffer);
    struct record_state record = {UINT64_MAX,         sample_hash(&prng), UINT64_MAX,
                                  sample_hash(&prng), sample_hash(&prng), sample_hash(&prng)};
    record_state_put(&writer, &record);
    sample_check_strict(writer_slice(&writer), rewrite_state, NULL);
    struct record_member member = {.number = 255,
                                   .name = slice_of_text("example.org/m"),
                                   .weight = 65536,
                                   .level = 3,
                                   .suspicion = 4000,
                                   .reason = 2};
    writer = writer_of(buffer, RECORD_MEMBER_BYTES_MAX);
    record_member_put(&writer, &member);
    sample_check_strict(writer_slice(&writer), rewrite_member, NULL);
    struct record_suspicion suspicion = {.member = 255, .detector = 3, .family = 15, .ratio = 81920, .height = 77};
    writer = writer_of(buffer, RECORD_SUSPICION_BYTES_MAX);
    record_suspicion_put(&writer, &suspicion);
    sample_check_strict(writer_slice(&writer), rewrite_suspicion, NULL);
    writer = writer_of(buffer, RECORD_PARAMETERS_BYTES_MAX);
    struct record_parameters parameters = {.threshold = {667, 1000}, .is_enhanced = true};
    record_parameters_put(&writer, &parameters);
    sample_check_strict(writer_slice(&writer), rewrite_parameters, NULL);
    parameters.snapshot = (struct record_snapshot){UINT64_MAX, UINT64_MAX, {{9}}};
    writer = writer_of(buffer, RECORD_PARAMETERS_BYTES_MAX);
    record_parameters_put(&writer, &parameters);
    sample_check_strict(writer_slice(&writer), rewrite_parameters, NULL);
}

static void parameters_put_then_the_bytes_of_their_description(void **state) {
    (void)state;
    uint8_t buffer[RECORD_PARAMETERS_BYTES_MAX];
    struct record_parameters parameters = {.threshold = THRESHOLD_DEFAULT};
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_parameters_put(&writer, &parameters);
    assert_true(slice_equal(writer_slice(&writer), slice_of("\x85\x10\x03\x04\x00\xf6", 6)));
    parameters.is_enhanced = true;
    parameters.snapshot = (struct record_snapshot){1024, 300, {{0xab}}};
    writer = writer_of(buffer, sizeof buffer);
    record_parameters_put(&writer, &parameters);
    static const uint8_t expected[] = {0x85, 0x10, 3, 4, 1, 0x83, 0x19, 4, 0, 0x19, 1, 0x2c, 0x58, 32, 0xab};
    assert_memory_equal(buffer, expected, sizeof expected);
    assert_int_equal(writer.bytes, sizeof expected + HASH_BYTES - 1);
}

static void parameters_that_nobody_writes_then_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        enum status status;
    } cases[] = {
        {"\x85\x10\x02\x03\x00\xf6", 6, STATUS_BAD_VALUE}, /* not above two thirds */
        {"\x85\x10\x05\x04\x00\xf6", 6, STATUS_BAD_VALUE}, /* above one */
        {"\x85\x0f\x03\x04\x00\xf6", 6, STATUS_BAD_VALUE}, /* of another kind */
        {"\x85\x10\x03\x04\x02\xf6", 6, STATUS_BAD_VALUE}, /* no flag */
        {"\x85\x10\x03\x04\x00\x82\x01\x01", 8, STATUS_BAD_VALUE},
        {"\x85\x10\x03\x04\x00\x83\x00\x01\x58\x20********************************", 42, STATUS_BAD_VALUE},
        {"\x85\x10\x03\x04\x00\x83\x01\x00\x58\x20********************************", 42, STATUS_BAD_VALUE},
        {"\x85\x10\x03\x04\x00", 5, STATUS_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record_parameters parameters;
        enum status status = record_parameters_read(slice_of(cases[i].bytes, cases[i].count), &parameters);
        assert_int_equal(status, cases[i].status);
    }
}

static void proof_record_put_then_the_proof_as_a_byte_string(void **state) {
    (void)state;
    uint8_t buffer[8 + RECORD_PROOF_BYTES_EXTRA];
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_proof_put(&writer, slice_of("\x01\x02\x03", 3));
    assert_true(slice_equal(writer_slice(&writer), slice_of("\x82\x0b\x43\x01\x02\x03", 6)));
}

static void largest_records_then_they_fit(void **state) {
    (void)state;
    static struct sample_texts texts;
    static uint8_t buffer[RECORD_BELIEF_BYTES_MAX];
    struct record_interval wide = {MEMBERS_MAX, INT64_MIN, INT64_MAX};
    struct record_belief belief = {.hypotheses_count = HYPOTHESES_MAX,
                                   .contributors = MEMBERS_MAX,
                                   .items = UINT64_MAX,
                                   .flip_margin = MEMBERS_MAX,
                                   .live = wide,
                                   .safe = wide,
                                   .threshold = {999, 1000},
                                   .height = UINT64_MAX,
                                   .opening = HYPOTHESES_MAX - 1};
    memset(texts.bytes, 'x', sizeof texts.bytes);
    belief.title = slice_of(texts.bytes[0], TITLE_BYTES_MAX);
    belief.family = slice_of(texts.bytes[0], FAMILY_BYTES_MAX);
    for (size_t i = 0; i < HYPOTHESES_MAX; i++) {
        texts.bytes[1 + i][0] = (uint8_t)('0' + i);
        belief.hypotheses[i] = slice_of(texts.bytes[1 + i], HYPOTHESIS_BYTES_MAX);
        belief.log_odds[i] = i == 0 ? 0 : INT64_MIN;
    }
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_belief_put(&writer, RECORD_VERDICT, &belief);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    struct record_member member = {.number = 255,
                                   .weight = 65536,
                                   .name = slice_of(texts.bytes[0], MEMBER_NAME_BYTES_MAX),
                                   .reputation = 65536,
                                   .suspicion = 65536};
    writer = writer_of(buffer, RECORD_MEMBER_BYTES_MAX);
    record_member_put(&writer, &member);
    assert_int_equal(writer_status(&writer), STATUS_OK);
}

/* A verdict about two hypotheses, each number of one byte, so that a test can change any of them. */
struct plain {
    uint8_t mode;
    uint8_t status;
    uint8_t top;
    uint8_t log_odds[2]; /* as encoded: 0x20 is -1 */
    uint8_t contributors;
    uint8_t margin_exact;
    uint8_t live[3];
    uint8_t threshold[2];
    uint8_t opening; /* as encoded: 0x20 is -1, 0xf6 null */
    const char *second;
    const char *family; /* NULL: null */
};

static const struct plain plain = {.status = 1,
                                   .log_odds = {0, 0x20},
                                   .contributors = 4,
                                   .margin_exact = 1,
                                   .live = {1, 0x20, 1},
                                   .threshold = {3, 4},
                                   .opening = 0xf6,
                                   .second = "no"};

static enum status read_plain(uint8_t kind, const struct plain *from) {
    uint8_t buffer[256];
    struct record_belief belief;
    enum record_kind found;
    struct writer writer = writer_of(buffer, sizeof buffer);
    writer_put(&writer, "\x93", 1);
    writer_put_u8(&writer, kind);
    writer_put_u8(&writer, 0x50);
    writer_put_text(&writer, "0123456789abcdef");
    cbor_put_text(&writer, slice_of_text("Title"));
    cbor_put_array(&writer, 2);
    cbor_put_text(&writer, slice_of_text("yes"));
    cbor_put_text(&writer, slice_of_text(from->second));
    const uint8_t outcome[] = {from->mode, from->status, from->top, 0x82, from->log_odds[0], from->log_odds[1]};
    writer_put(&writer, outcome, sizeof outcome);
    const uint8_t certainty[] = {from->contributors, 9, 1, from->margin_exact, 0x83, from->live[0], from->live[1],
                                 from->live[2]};
    writer_put(&writer, certainty, sizeof certainty);
    const uint8_t rest[] = {0x83, 1, 0, 0, 0x82, from->threshold[0], from->threshold[1], 7};
    writer_put(&writer, rest, sizeof rest);
    cbor_put_bytes(&writer, slice_of("0123456789abcdef0123456789abcdef", HASH_BYTES));
    writer_put_u8(&writer, from->opening);
    if (from->family == NULL) {
        cbor_put_null(&writer);
    } else {
        cbor_put_text(&writer, slice_of_text(from->family));
    }
    return record_belief_read(writer_slice(&writer), &found, &belief);
}

#define BELIEF(change, expected)                                                                                     \
    do {                                                                                                             \
        struct plain changed = plain;                                                                                \
        changed.change;                                                                                              \
        assert_int_equal(read_plain(RECORD_VERDICT, &changed), expected);                                            \
    } while (0)

static void belief_fields_beyond_their_limits_then_refused(void **state) {
    (void)state;
    assert_int_equal(read_plain(RECORD_VERDICT, &plain), STATUS_OK);
    assert_int_equal(read_plain(RECORD_QUESTION, &plain), STATUS_OK);
    assert_int_equal(read_plain(RECORD_STATE, &plain), STATUS_BAD_VALUE);
    assert_int_equal(read_plain(RECORD_GENESIS, &plain), STATUS_BAD_VALUE);
    BELIEF(mode = MODE_POOL, STATUS_OK);
    BELIEF(mode = 2, STATUS_BAD_VALUE);
    BELIEF(status = QUESTION_UNDECIDED, STATUS_OK);
    BELIEF(status = 3, STATUS_BAD_VALUE);
    BELIEF(top = 2, STATUS_BAD_VALUE);
    BELIEF(top = 1, STATUS_BAD_VALUE);
    BELIEF(log_odds[1] = 0, STATUS_OK);
    BELIEF(log_odds[1] = 1, STATUS_BAD_VALUE);
    BELIEF(log_odds[0] = 0x20, STATUS_BAD_VALUE);
    BELIEF(margin_exact = 0, STATUS_OK);
    BELIEF(margin_exact = 2, STATUS_BAD_VALUE);
    BELIEF(live[2] = 0x20, STATUS_OK);
    BELIEF(live[2] = 0x21, STATUS_BAD_VALUE);
    BELIEF(threshold[0] = 4, STATUS_OK);
    BELIEF(threshold[0] = 5, STATUS_BAD_VALUE);
    BELIEF(threshold[0] = 2, STATUS_BAD_VALUE);
    BELIEF(opening = 0x20, STATUS_OK);
    BELIEF(opening = 0x21, STATUS_BAD_VALUE);
    BELIEF(opening = 1, STATUS_OK);
    BELIEF(opening = 2, STATUS_BAD_VALUE);
    BELIEF(family = "birds", STATUS_OK);
    BELIEF(family = "", STATUS_NOT_CANONICAL);
    BELIEF(family = "a\x1b", STATUS_BAD_FORMAT);
    BELIEF(second = "yes", STATUS_BAD_FORMAT);
    BELIEF(second = "", STATUS_BAD_FORMAT);
    BELIEF(second = "a\x1b", STATUS_BAD_FORMAT);
}

static enum status read_standing(uint32_t number, const char *name, uint32_t weight, uint32_t level,
                                 const uint32_t standing[4]) {
    uint8_t buffer[RECORD_MEMBER_BYTES_MAX];
    uint8_t key[KEY_BYTES] = {0};
    struct record_member member;
    struct writer writer = writer_of(buffer, sizeof buffer);
    cbor_put_array(&writer, 10);
    cbor_put_uint(&writer, RECORD_MEMBER);
    cbor_put_uint(&writer, number);
    cbor_put_text(&writer, slice_of_text(name));
    cbor_put_bytes(&writer, slice_of(key, sizeof key));
    cbor_put_uint(&writer, weight);
    cbor_put_uint(&writer, level);
    for (int i = 0; i < 4; i++) cbor_put_uint(&writer, standing[i]);
    return record_member_read(writer_slice(&writer), &member);
}

static enum status read_member(uint32_t number, const char *name, uint32_t weight, uint32_t level) {
    static const uint32_t unknown[4] = {0};
    return read_standing(number, name, weight, level, unknown);
}

static void member_fields_at_their_limits_then_read_and_beyond_refused(void **state) {
    (void)state;
    assert_int_equal(read_member(MEMBERS_MAX - 1, "m", 65536, 3), STATUS_OK);
    assert_int_equal(read_member(0, "m", 0, 0), STATUS_OK);
    assert_int_equal(read_member(MEMBERS_MAX, "m", 1, 0), STATUS_BAD_VALUE);
    assert_int_equal(read_member(0, "m", 65537, 0), STATUS_BAD_VALUE);
    assert_int_equal(read_member(0, "m", 1, 4), STATUS_BAD_VALUE);
    assert_int_equal(read_member(0, "a b", 1, 0), STATUS_BAD_FORMAT);
    assert_int_equal(read_member(0, "", 1, 0), STATUS_NOT_CANONICAL);
    static const uint32_t most[4] = {65536, 65536, RECORD_REASON_MAX, RECORD_REASON_MAX};
    assert_int_equal(read_standing(0, "m", 1, 0, most), STATUS_OK);
    for (int i = 0; i < 4; i++) {
        uint32_t beyond[4];
        memcpy(beyond, most, sizeof beyond);
        beyond[i]++;
        assert_int_equal(read_standing(0, "m", 1, 0, beyond), STATUS_BAD_VALUE);
    }
}

#define VACANT_MEMBER_HEX                                                                                            \
    "8a0f06f65820000000000000000000000000000000000000000000000000000000000000000000001a00010000000004"

static void vacant_place_put_then_the_pinned_bytes_and_strict(void **state) {
    (void)state;
    uint8_t expected[sizeof VACANT_MEMBER_HEX / 2];
    uint8_t buffer[RECORD_MEMBER_BYTES_MAX];
    struct record_member member = {.number = 6, .reputation = 65536, .proof = 4};
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_member_put(&writer, &member);
    assert_int_equal(bytes_from_hex(slice_of_text(VACANT_MEMBER_HEX), expected, sizeof expected), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
    sample_check_strict(writer_slice(&writer), rewrite_member, NULL);
    assert_int_equal(record_member_read(writer_slice(&writer), &member), STATUS_OK);
    assert_true(record_member_vacant(&member));
}

/* At these places of the pinned bytes. */
enum { KEY_AT = 6, WEIGHT_AT = 38, LEVEL_AT = 39, SUSPICION_AT = 45, REASON_AT = 46, PROOF_AT = 47 };

static void vacant_place_with_what_only_a_member_has_then_refused(void **state) {
    (void)state;
    static const size_t refused[] = {KEY_AT, KEY_AT + KEY_BYTES - 1, WEIGHT_AT, LEVEL_AT, SUSPICION_AT, REASON_AT};
    uint8_t bytes[sizeof VACANT_MEMBER_HEX / 2];
    struct record_member member;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(bytes_from_hex(slice_of_text(VACANT_MEMBER_HEX), bytes, sizeof bytes), STATUS_OK);
        assert_int_equal(bytes[refused[i]], 0);
        bytes[refused[i]] = 1;
        assert_int_equal(record_member_read(slice_of(bytes, sizeof bytes), &member), STATUS_BAD_VALUE);
    }
    assert_int_equal(bytes_from_hex(slice_of_text(VACANT_MEMBER_HEX), bytes, sizeof bytes), STATUS_OK);
    bytes[PROOF_AT] = 0;
    assert_int_equal(record_member_read(slice_of(bytes, sizeof bytes), &member), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_belief_then_strict),
        cmocka_unit_test(other_records_then_strict),
        cmocka_unit_test(parameters_put_then_the_bytes_of_their_description),
        cmocka_unit_test(parameters_that_nobody_writes_then_refused),
        cmocka_unit_test(proof_record_put_then_the_proof_as_a_byte_string),
        cmocka_unit_test(largest_records_then_they_fit),
        cmocka_unit_test(belief_fields_beyond_their_limits_then_refused),
        cmocka_unit_test(member_fields_at_their_limits_then_read_and_beyond_refused),
        cmocka_unit_test(vacant_place_put_then_the_pinned_bytes_and_strict),
        cmocka_unit_test(vacant_place_with_what_only_a_member_has_then_refused),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
