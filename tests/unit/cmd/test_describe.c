/* Amounts in words: exact, with no digit more than there is. Items and records in one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cmd/describe.h"
#include "crypto/ed25519.h"

static void quanta_are_written_exactly(void **state) {
    static const struct {
        int64_t quanta;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "+0.000000001"},
        {-1, "-0.000000001"},
        {1500000000, "+1.5"},
        {-50000000000, "-50"},
        {1234567890, "+1.23456789"},
        {INT64_MAX, "+9223372036.854775807"},
        {INT64_MIN, "-9223372036.854775808"},
    };
    char text[QUANTA_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe_quanta(cases[i].quanta, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* What `describe` prints for an item, without the line break. */
static void expect_line(const struct item *item, struct slice bytes, const char *expected) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    describe_print_item(out, 1, item, bytes);
    assert_int_equal(fclose(out), 0);
    assert_true(size > 0 && text[size - 1] == '\n');
    text[size - 1] = '\0';
    assert_string_equal(text, expected);
    free(text);
}

static void expect_json(const struct item *item, struct slice bytes, const char *expected) {
    json_t *json = describe_item(1, item, bytes);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_32 ZEROS_16 ZEROS_16

static void each_kind_of_item_then_one_line_and_json(void **state) {
    static const struct slice nothing;
    struct item item = {.kind = ITEM_REVEAL};
    (void)state;
    item.reveal.hypothesis = 1;
    expect_line(&item, nothing, "reveal " ZEROS_16 " a canary, hypothesis 2 is true");
    expect_json(&item, nothing,
                "{\"kind\":\"reveal\",\"question\":\"" ZEROS_16 "\",\"salt\":\"" ZEROS_32 "\",\"hypothesis\":1}");
    item.reveal.hypothesis = OPENING_ORDINARY;
    expect_line(&item, nothing, "reveal " ZEROS_16 " an ordinary question");
    expect_json(&item, nothing,
                "{\"kind\":\"reveal\",\"question\":\"" ZEROS_16 "\",\"salt\":\"" ZEROS_32 "\",\"hypothesis\":null}");
    item = (struct item){.kind = ITEM_ANSWER, .answer = {.height = 64, .digest = {{0xab}}}};
    expect_line(&item, nothing, "answer to the challenge of height 64  ab00000000000000");
    item = (struct item){.kind = ITEM_LEVEL, .level = LEVEL_MAJOR};
    expect_line(&item, nothing, "stands at level major");
    expect_json(&item, nothing, "{\"kind\":\"level\",\"level\":\"major\"}");
    item = (struct item){.kind = ITEM_CLOSE_FAMILY, .close_family = {slice_of_text("birds")}};
    expect_line(&item, nothing, "close family birds");
    expect_json(&item, nothing, "{\"kind\":\"close_family\",\"family\":\"birds\"}");
    item = (struct item){.kind = ITEM_CLOSE};
    expect_line(&item, nothing, "close " ZEROS_16);
    item = (struct item){.kind = ITEM_RETRACT, .retract = {.observation = slice_of_text("o")}};
    expect_line(&item, nothing, "retract " ZEROS_16 " o");
    expect_json(&item, nothing, "{\"kind\":\"retract\",\"question\":\"" ZEROS_16 "\",\"observation\":\"o\"}");
}

static void ask_of_a_family_then_named_and_a_canary_looks_like_any(void **state) {
    struct item item = {.kind = ITEM_ASK};
    (void)state;
    item.ask = (struct item_ask){.title = slice_of_text("t"),
                                 .hypotheses_count = 2,
                                 .hypotheses = {slice_of_text("a"), slice_of_text("b")},
                                 .family = slice_of_text("birds")};
    expect_line(&item, slice_of_text("x"),
                "ask dd2d2264523bd4aa55acf7f685bf49a2 \"t\" panel: a | b  (of the family birds)");
    item.ask.family = slice_of(NULL, 0);
    item.ask.commitment.bytes[0] = 0x5a;
    expect_line(&item, slice_of_text("x"), "ask dd2d2264523bd4aa55acf7f685bf49a2 \"t\" panel: a | b");
}

/* The line of a leaf, "" when it has none. */
static void expect_record(const struct roster *roster, struct slice leaf, const char *expected) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    bool is_shown = describe_print_record(out, "  ", roster, leaf);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(is_shown, *expected != '\0');
    assert_string_equal(text, expected);
    free(text);
}

static void records_of_interest_then_one_line_and_others_none(void **state) {
    static struct roster roster = {.members = 5, .names = {"m0", "m1", "m2", "m3"}, .absent = {{1 << 4}}};
    struct record_suspicion suspicion = {.member = 2, .detector = 3, .ratio = 72090, .height = 9};
    struct record_calibration calibration = {.family = slice_of_text("birds"),
                                             .labels = 2,
                                             .questions = 12,
                                             .decided = 11,
                                             .canaries = 2,
                                             .members = 0,
                                             .height = 9};
    struct record_state last = {.height = 9};
    uint8_t bytes[1024];
    (void)state;
    struct writer writer = writer_of(bytes, sizeof bytes);
    record_suspicion_put(&writer, &suspicion);
    expect_record(&roster, writer_slice(&writer), "  suspicion of m2: collusion at 110 % of its threshold\n");
    json_t *json = describe_record(writer_slice(&writer));
    assert_string_equal(json_string_value(json_object_get(json, "detector")), "collusion");
    json_decref(json);
    bytes[writer.bytes - 1] = 0xff;
    expect_record(&roster, writer_slice(&writer), "  a record that cannot be read\n");
    assert_null(describe_record(writer_slice(&writer)));
    writer = writer_of(bytes, sizeof bytes);
    record_calibration_put(&writer, &calibration);
    expect_record(&roster, writer_slice(&writer),
                  "  calibration of the family birds: 11 of 12 questions decided, 2 canaries, results "
                  "0000000000000000\n");
    writer = writer_of(bytes, sizeof bytes);
    record_state_put(&writer, &last);
    expect_record(&roster, writer_slice(&writer), "");
    assert_null(describe_record(writer_slice(&writer)));
    expect_record(&roster, slice_of_text("\xd2header"), "");
    expect_record(&roster, slice_of_text(""), "");
}

static void epoch_that_begins_then_who_is_at_which_place(void **state) {
    static struct roster roster = {
        .epoch = 2, .height = 40, .threshold = {4, 5}, .members = 5, .names = {"a", "", "c", "d", "e"}};
    uint8_t bytes[1024];
    (void)state;
    member_set_clear(&roster.absent);
    member_set_add(&roster.absent, 1);
    for (uint32_t m = 0; m < roster.members; m++) {
        uint8_t seed[ED25519_SEED_BYTES];
        uint8_t secret[SECRET_BYTES];
        memset(seed, (int)m + 1, sizeof seed);
        if (m != 1) ed25519_from_seed(seed, secret, roster.keys[m]);
    }
    struct writer writer = writer_of(bytes, sizeof bytes);
    roster_put(&writer, &roster);
    expect_record(&roster, writer_slice(&writer),
                  "  epoch 2 begins: 4 members at 5 places, threshold 4/5: 0 a, 2 c, 3 d, 4 e\n");
    json_t *json = describe_record(writer_slice(&writer));
    const json_t *members = json_object_get(json, "members");
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "epoch");
    assert_int_equal(json_integer_value(json_object_get(json, "epoch")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "after")), 40);
    assert_int_equal(json_array_size(members), 4);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(members, 1), "place")), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(members, 1), "name")), "c");
    assert_string_equal(json_string_value(json_object_get(json_array_get(members, 0), "key")),
                        "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c");
    json_decref(json);
    /* Cut short. */
    expect_record(&roster, slice_of(bytes, writer.bytes - 1), "  a record that cannot be read\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quanta_are_written_exactly),
        cmocka_unit_test(each_kind_of_item_then_one_line_and_json),
        cmocka_unit_test(ask_of_a_family_then_named_and_a_canary_looks_like_any),
        cmocka_unit_test(records_of_interest_then_one_line_and_others_none),
        cmocka_unit_test(epoch_that_begins_then_who_is_at_which_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
