/* Sightings of MISP in each of their wrappings, and what is refused, with line and path. */
#include "exchange/exchange.h"

#include "text_source.h"

static struct tokens tokens;
static struct reports reports;

static enum status read_pieces(struct slice text, size_t piece) {
    struct text_source source;
    reports_free(&reports);
    tokens_of(&tokens, &source, text, piece);
    return exchange_read_misp(&tokens, &reports);
}

static enum status read_text(const char *text) { return read_pieces(slice_of_text(text), SIZE_MAX); }

static int tear_down(void **state) {
    (void)state;
    reports_free(&reports);
    return 0;
}

static bool text_is(struct report_text text, const char *expected) {
    return slice_equal(reports_text(&reports, text), slice_of_text(expected));
}

#define BODY                                                                                                         \
    "\"uuid\":\"s-1\",\"date_sighting\":\"1603642925\",\"type\":\"1\",\"org_id\":\"3\",\"attribute_uuid\":\"a-1\""

static void check_body(const char *source) {
    assert_int_equal(reports.count, 1);
    assert_int_equal(reports.list[0].kind, REPORT_FALSE_POSITIVE);
    assert_true(reports.list[0].at_us == UINT64_C(1603642925000000));
    assert_true(text_is(reports.list[0].id, "s-1"));
    assert_true(text_is(reports.list[0].subject, "a-1"));
    assert_true(text_is(reports.list[0].source, source));
}

static void sighting_is_found_in_every_wrapping(void **state) {
    static const char *const texts[] = {
        "{\"response\":[{\"Sighting\":{" BODY "}}]}",
        "[{\"Sighting\":{" BODY "}}]",
        "[{" BODY "}]",
        "{" BODY "}",
        "{\"Sighting\":[{" BODY "}]}",
        "{\"Sighting\":{" BODY "}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t piece = 1; piece < 9; piece++) {
            assert_int_equal(read_pieces(slice_of_text(texts[i]), piece), STATUS_OK);
            check_body("org-3");
        }
    }
}

static void organisation_within_names_the_source(void **state) {
    (void)state;
    assert_int_equal(
        read_text("[{\"Sighting\":{" BODY ",\"Organisation\":{\"name\":\"x\",\"uuid\":\"o-1\",\"id\":\"9\"}}}]"),
        STATUS_OK);
    check_body("o-1");
}

static void example_becomes_three_reports(void **state) {
    struct slice text = file_text(EXAMPLES "/misp/sightings.json");
    (void)state;
    assert_int_equal(read_pieces(text, 100), STATUS_OK);
    assert_int_equal(reports.count, 3);
    assert_int_equal(reports.list[0].kind, REPORT_SEEN);
    assert_true(reports.list[1].before == 1); /* the second by the same organisation */
    assert_int_equal(reports.list[2].kind, REPORT_FALSE_POSITIVE);
    assert_true(slice_equal(reports_subject_name(&reports, slice_of_text("94f6b3cd-e397-46e7-9297-c5e308a4b6a9")),
                            slice_of_text("login-harbor.example")));
    for (size_t bytes = 0; bytes + 2 < text.bytes; bytes++)
        assert_int_equal(read_pieces(slice_of(text.data, bytes), 64), STATUS_TRUNCATED);
    free((void *)(uintptr_t)text.data);
}

/* An event as MISP exports it: sightings without an id, within the attribute that they are about, in any order. */
static void sighting_within_an_attribute_is_about_it_wherever_its_uuid_stands(void **state) {
    static const char *const texts[] = {
        "{\"Event\":{\"uuid\":\"e-1\",\"Attribute\":[{\"uuid\":\"a-7\",\"type\":\"AS\",\"value\":\"AS174\","
        "\"Sighting\":"
        "[{\"date_sighting\":\"10\",\"type\":\"0\",\"Organisation\":{\"uuid\":\"o-1\"}},"
        "{\"date_sighting\":\"20\",\"type\":\"2\",\"Organisation\":{\"uuid\":\"o-2\"}}]}]}}",
        "{\"Event\":{\"Attribute\":[{\"Sighting\":"
        "[{\"date_sighting\":10,\"type\":0,\"Organisation\":{\"uuid\":\"o-1\"}},"
        "{\"Organisation\":{\"uuid\":\"o-2\"},\"date_sighting\":20,\"type\":2}],"
        "\"value\":\"AS174\",\"type\":\"AS\",\"uuid\":\"a-7\"}],\"uuid\":\"e-1\"}}",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_text(texts[i]), STATUS_OK);
        assert_int_equal(reports.count, 2);
        assert_true(text_is(reports.list[0].subject, "a-7") && text_is(reports.list[1].subject, "a-7"));
        assert_true(text_is(reports.list[0].source, "o-1") && text_is(reports.list[1].source, "o-2"));
        assert_int_equal(reports.list[1].kind, REPORT_EXPIRED);
        assert_int_equal(reports.list[0].id.bytes, 32);
        assert_false(
            slice_equal(reports_text(&reports, reports.list[0].id), reports_text(&reports, reports.list[1].id)));
        assert_true(slice_equal(reports_subject_name(&reports, slice_of_text("a-7")), slice_of_text("AS174")));
    }
}

static void attribute_within_a_sighting_names_the_subject(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"response\":[{\"Sighting\":{\"id\":\"4\",\"date_sighting\":\"10\",\"type\":\"0\","
                               "\"Attribute\":{\"uuid\":\"a-9\",\"type\":\"domain\",\"value\":\"x.example\"}}}]}"),
                     STATUS_OK);
    assert_true(text_is(reports.list[0].subject, "a-9"));
    assert_true(text_is(reports.list[0].id, "misp-4"));
    assert_true(text_is(reports.list[0].source, "unknown"));
}

static void same_sighting_in_two_places_counts_once(void **state) {
    (void)state;
    assert_int_equal(read_text("[{" BODY "},{\"Sighting\":{" BODY "}}]"), STATUS_OK);
    assert_int_equal(reports.count, 1);
    assert_int_equal(read_text("[{" BODY "},\n{\"uuid\":\"s-1\",\"date_sighting\":\"1603642925\",\"type\":\"0\","
                               "\"org_id\":\"3\",\"attribute_uuid\":\"a-1\"}]"),
                     STATUS_CONFLICT);
}

static void what_is_wrong_is_refused_with_line_and_path(void **state) {
#define FIELDS(type, date) "\"uuid\":\"s\",\"attribute_uuid\":\"a\",\"type\":" type ",\"date_sighting\":" date
    static const struct {
        const char *text;
        enum status status;
        const char *path;
        uint64_t line;
    } rows[] = {
        {"[\n{\"Sighting\":{" FIELDS("\"3\"", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 2},
        {"[{\"Sighting\":{" FIELDS("3", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("-1", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("\"00\"", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("\"\"", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("\"seen\"", "1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("true", "1") "}}]", STATUS_BAD_TYPE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("null", "1") "}}]", STATUS_BAD_TYPE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("[0]", "1") "}}]", STATUS_BAD_TYPE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("{}", "1") "}}]", STATUS_BAD_TYPE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("0", "\"soon\"") "}}]", STATUS_BAD_VALUE, "[0].Sighting.date_sighting", 1},
        {"[{\"Sighting\":{" FIELDS("0", "-1") "}}]", STATUS_BAD_VALUE, "[0].Sighting.date_sighting", 1},
        {"[{\"Sighting\":{" FIELDS("0", "9223372036854775808") "}}]", STATUS_BAD_VALUE, "[0].Sighting.date_sighting",
         1},
        {"[{\"Sighting\":{" FIELDS("0", "1e9") "}}]", STATUS_BAD_VALUE, "[0].Sighting.date_sighting", 1},
        {"[{\"Sighting\":{" FIELDS("0", "{}") "}}]", STATUS_BAD_TYPE, "[0].Sighting.date_sighting", 1},
        {"[{\"Sighting\":{" FIELDS("0", "null") "}}]", STATUS_BAD_TYPE, "[0].Sighting.date_sighting", 1},
        {"[{\"Sighting\":{\"type\":\"0\"}}]", STATUS_MISSING, "[0].Sighting", 1},
        {"[{\"Sighting\":{\"date_sighting\":\"0\"}}]", STATUS_MISSING, "[0].Sighting", 1},
        {"[{\"Sighting\":{\"type\":\"0\",\"date_sighting\":\"0\"}}]", STATUS_MISSING, "[0].Sighting", 1},
        {"[{\"Sighting\":{\"uuid\":\"a\\u0007\",\"type\":\"0\",\"date_sighting\":\"0\"}}]", STATUS_BAD_FORMAT,
         "[0].Sighting.uuid", 1},
        {"{\"Sighting\":7}", STATUS_BAD_TYPE, "Sighting", 1},
        {"{\"Sighting\":[\"x\"]}", STATUS_BAD_TYPE, "Sighting[0]", 1},
        {"{\"Sighting\":null}", STATUS_BAD_TYPE, "Sighting", 1},
        {"{\"Attribute\":[{\"value\":\"x\",\"Sighting\":[{\"type\":\"0\",\"date_sighting\":\"0\"}]}]}",
         STATUS_MISSING, "Attribute[0]", 1},
        {"{\"Sighting\":[]}", STATUS_NOT_FOUND, "", 0},
        {"[]", STATUS_NOT_FOUND, "", 0},
        {"{\"response\":{}}", STATUS_NOT_FOUND, "", 0},
        {"\"x\"", STATUS_BAD_TYPE, "", 1},
        {"[{\"Sighting\":{" FIELDS("0", "1") ",\"type\":1}}]", STATUS_DUPLICATE, "[0].Sighting.type", 1},
        {"[{\"Sighting\":{" FIELDS("0", "1") "}}", STATUS_TRUNCATED, "[0]", 1},
        {"[{\"x\":\"\\udfff\"}]", STATUS_BAD_FORMAT, "[0].x", 1},
        {"[{\"x\":\"\xe2\x28\xa1\"}]", STATUS_BAD_FORMAT, "[0].x", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum status status = read_text(rows[i].text);
        if (status != rows[i].status || strcmp(tokens.blame.path, rows[i].path) != 0 ||
            tokens.blame.line != rows[i].line)
            fail_msg("%s: %s at %s: %s", rows[i].text, status_name(status), tokens.blame.path, tokens.blame.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sighting_is_found_in_every_wrapping, tear_down),
        cmocka_unit_test_teardown(organisation_within_names_the_source, tear_down),
        cmocka_unit_test_teardown(example_becomes_three_reports, tear_down),
        cmocka_unit_test_teardown(sighting_within_an_attribute_is_about_it_wherever_its_uuid_stands, tear_down),
        cmocka_unit_test_teardown(attribute_within_a_sighting_names_the_subject, tear_down),
        cmocka_unit_test_teardown(same_sighting_in_two_places_counts_once, tear_down),
        cmocka_unit_test_teardown(what_is_wrong_is_refused_with_line_and_path, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
