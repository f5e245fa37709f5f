/* STIX bundles: what becomes of each object, and what is refused, with line and path. */
#include "exchange/exchange.h"

#include "text_source.h"

static struct tokens tokens;
static struct reports reports;

static enum status read_pieces(struct slice text, size_t piece) {
    struct text_source source;
    reports_free(&reports);
    tokens_of(&tokens, &source, text, piece);
    return exchange_read_stix(&tokens, &reports);
}

#define UUID      "11111111-2222-4333-8444-555555555555"
#define SIGHTING  "\"type\":\"sighting\",\"id\":\"sighting--" UUID "\""
#define OF        "\"sighting_of_ref\":\"indicator--" UUID "\""
#define OPINION   "\"type\":\"opinion\",\"id\":\"opinion--" UUID "\""
#define INDICATOR "\"type\":\"indicator\",\"id\":\"indicator--" UUID "\",\"pattern\":\"[a:b = 'c']\""

/* A bundle with one object of these fields on its second line. */
static enum status read_object(const char *fields) {
    char text[8192];
    int bytes = snprintf(text, sizeof text, "{\"type\":\"bundle\",\"objects\":[{},\n{%s}]}", fields);
    assert_true(bytes > 0 && (size_t)bytes < sizeof text);
    /* The first object is none that a bundle may hold; it is there to move the second off the first line. */
    char *first = strstr(text, "{}");
    memcpy(first, "  ", 2);
    *strchr(first, ',') = ' ';
    return read_pieces(slice_of_text(text), SIZE_MAX);
}

static int tear_down(void **state) {
    (void)state;
    reports_free(&reports);
    return 0;
}

static bool text_is(struct report_text text, const char *expected) {
    return slice_equal(reports_text(&reports, text), slice_of_text(expected));
}

static void example_bundle_becomes_its_reports_in_pieces_of_any_size(void **state) {
    struct slice text = file_text(EXAMPLES "/stix/bundle.json");
    (void)state;
    for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
        assert_int_equal(read_pieces(text, piece), STATUS_OK);
        assert_int_equal(reports.count, 6);
        assert_int_equal(reports.ignored, 2);
        assert_int_equal(reports.subjects_count, 2);
    }
    const struct report *seen = &reports.list[1];
    assert_int_equal(reports.list[0].kind, REPORT_PUBLISHED);
    assert_int_equal(reports.list[0].confidence, 85);
    assert_int_equal(seen->kind, REPORT_SEEN);
    assert_int_equal(seen->count, 12);
    assert_int_equal(seen->confidence, 90);
    assert_true(seen->at_us == UINT64_C(1790925600000000)); /* first_seen */
    assert_true(text_is(seen->id, "sighting--4fa16e78-9e42-4192-8d42-709eb35f6154"));
    assert_true(text_is(seen->subject, "indicator--2d8f4c56-7c20-4f70-8b20-5e7c913d4f32"));
    assert_true(text_is(seen->source, "identity--1c7e3b45-6b1f-4e6f-9a1f-4d6b802c3e21"));
    assert_true(reports.list[2].before == 12);
    assert_int_equal(reports.list[4].kind, REPORT_NOT_SEEN);
    assert_int_equal(reports.list[5].kind, REPORT_STRONGLY_DISAGREE);
    assert_true(slice_equal(reports_subject_name(&reports, reports_text(&reports, seen->subject)),
                            slice_of_text("[domain-name:value = 'login-harbor.example']")));
    free((void *)(uintptr_t)text.data);
}

static void bundle_cut_anywhere_is_refused(void **state) {
    struct slice text = file_text(EXAMPLES "/stix/bundle.json");
    (void)state;
    size_t end = text.bytes;
    while (text.data[end - 1] != '}') end--;
    for (size_t bytes = 0; bytes < end; bytes++) {
        if (read_pieces(slice_of(text.data, bytes), 4096) != STATUS_TRUNCATED) fail_msg("cut at %zu", bytes);
    }
    free((void *)(uintptr_t)text.data);
}

static void sighting_without_count_is_one_and_count_zero_is_not_seen(void **state) {
    (void)state;
    assert_int_equal(read_object(SIGHTING "," OF), STATUS_OK);
    assert_int_equal(reports.list[0].count, 1);
    assert_int_equal(reports.list[0].kind, REPORT_SEEN);
    assert_int_equal(reports.list[0].confidence, CONFIDENCE_FULL);
    assert_true(text_is(reports.list[0].source, "unknown"));
    assert_int_equal(read_object(OF ",\"count\":0," SIGHTING), STATUS_OK);
    assert_int_equal(reports.list[0].kind, REPORT_NOT_SEEN);
    assert_int_equal(read_object(SIGHTING "," OF ",\"count\":999999999"), STATUS_OK);
    assert_true(reports.list[0].count == REPORT_COUNT_MAX);
    assert_int_equal(read_object(SIGHTING "," OF ",\"count\":1.2e1"), STATUS_OK);
    assert_true(reports.list[0].count == 12);
}

static void observer_is_the_one_place_else_the_creator(void **state) {
    (void)state;
#define BY  "\"created_by_ref\":\"identity--" UUID "\""
#define AT1 "\"location--00000000-2222-4333-8444-555555555555\""
#define AT2 "\"location--22222222-2222-4333-8444-555555555555\""
    assert_int_equal(read_object(SIGHTING "," OF "," BY ",\"where_sighted_refs\":[" AT1 "]"), STATUS_OK);
    assert_true(text_is(reports.list[0].source, "location--00000000-2222-4333-8444-555555555555"));
    assert_int_equal(read_object(SIGHTING "," OF "," BY ",\"where_sighted_refs\":[" AT1 "," AT2 "]"), STATUS_OK);
    assert_true(text_is(reports.list[0].source, "identity--" UUID));
}

static void opinion_is_about_each_of_its_objects(void **state) {
    (void)state;
    assert_int_equal(
        read_object(OPINION ",\"opinion\":\"agree\",\"object_refs\":[\"indicator--" UUID "\",\"malware--" UUID "\"]"),
        STATUS_OK);
    assert_int_equal(reports.count, 2);
    assert_int_equal(reports.list[0].kind, REPORT_AGREE);
    assert_true(text_is(reports.list[0].id, "opinion--" UUID));
    assert_true(text_is(reports.list[1].id, "opinion--" UUID "#2"));
}

static void revoked_indicator_says_so_and_revoked_sighting_says_nothing(void **state) {
    (void)state;
    assert_int_equal(read_object(INDICATOR ",\"revoked\":true"), STATUS_OK);
    assert_int_equal(reports.list[0].kind, REPORT_REVOKED);
    assert_int_equal(read_object(SIGHTING "," OF ",\"revoked\":true"), STATUS_NOT_FOUND);
    assert_int_equal(reports.ignored, 1);
}

static void version_two_dot_zero_is_read_and_three_is_not(void **state) {
    (void)state;
    assert_int_equal(read_object(SIGHTING "," OF ",\"spec_version\":\"2.1\""), STATUS_OK);
    assert_int_equal(read_object(SIGHTING "," OF ",\"spec_version\":\"3.0\""), STATUS_VERSION);
    assert_string_equal(tokens.blame.path, "objects[0].spec_version");
}

static void object_of_another_type_may_hold_anything(void **state) {
    (void)state;
    assert_int_equal(read_object("\"count\":\"many\",\"confidence\":[],\"where_sighted_refs\":7,\"type\":\"x-own\""),
                     STATUS_NOT_FOUND);
    assert_int_equal(reports.ignored, 1);
}

static void wrong_types_and_values_are_refused_with_line_and_path(void **state) {
    static const struct {
        const char *fields;
        enum status status;
        const char *path;
    } rows[] = {
        {SIGHTING "," OF ",\"count\":\"3\"", STATUS_BAD_TYPE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":true", STATUS_BAD_TYPE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":null", STATUS_BAD_TYPE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":[3]", STATUS_BAD_TYPE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":-1", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":1.5", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":1000000000", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":9223372036854775808", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":-9223372036854775809", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"count\":1e99999", STATUS_BAD_VALUE, "objects[0].count"},
        {SIGHTING "," OF ",\"confidence\":101", STATUS_BAD_VALUE, "objects[0].confidence"},
        {SIGHTING "," OF ",\"confidence\":\"high\"", STATUS_BAD_TYPE, "objects[0].confidence"},
        {SIGHTING "," OF ",\"revoked\":\"false\"", STATUS_BAD_TYPE, "objects[0].revoked"},
        {SIGHTING "," OF ",\"first_seen\":1488231431", STATUS_BAD_TYPE, "objects[0].first_seen"},
        {SIGHTING "," OF ",\"first_seen\":\"yesterday\"", STATUS_BAD_FORMAT, "objects[0].first_seen"},
        {SIGHTING "," OF ",\"last_seen\":\"2017-02-30T00:00:00Z\"", STATUS_BAD_FORMAT, "objects[0].last_seen"},
        {SIGHTING "," OF ",\"first_seen\":\"2017-02-03T00:00:00Z\",\"last_seen\":\"2017-02-02T23:59:59Z\"",
         STATUS_BAD_VALUE, "objects[0].last_seen"},
        {SIGHTING "," OF ",\"created\":{}", STATUS_BAD_TYPE, "objects[0].created"},
        {SIGHTING "," OF ",\"modified\":\"\"", STATUS_BAD_FORMAT, "objects[0].modified"},
        {SIGHTING "," OF ",\"created_by_ref\":\"me\"", STATUS_BAD_FORMAT, "objects[0].created_by_ref"},
        {SIGHTING "," OF ",\"where_sighted_refs\":\"identity--" UUID "\"", STATUS_BAD_TYPE,
         "objects[0].where_sighted_refs"},
        {SIGHTING "," OF ",\"where_sighted_refs\":[]", STATUS_BAD_TYPE, "objects[0].where_sighted_refs"},
        {SIGHTING "," OF ",\"where_sighted_refs\":[7]", STATUS_BAD_TYPE, "objects[0].where_sighted_refs"},
        {SIGHTING "," OF ",\"where_sighted_refs\":[\"identity--" UUID "\",\"x\"]", STATUS_BAD_FORMAT,
         "objects[0].where_sighted_refs[1]"},
        {SIGHTING ",\"sighting_of_ref\":[]", STATUS_BAD_TYPE, "objects[0].sighting_of_ref"},
        {SIGHTING ",\"sighting_of_ref\":\"--" UUID "\"", STATUS_BAD_FORMAT, "objects[0].sighting_of_ref"},
        {SIGHTING ",\"sighting_of_ref\":\"in\\u001bd--" UUID "\"", STATUS_BAD_FORMAT, "objects[0].sighting_of_ref"},
        {SIGHTING, STATUS_MISSING, "objects[0]"},
        {"\"type\":\"sighting\"," OF, STATUS_MISSING, "objects[0]"},
        {"\"type\":\"sighting\",\"id\":12," OF, STATUS_BAD_TYPE, "objects[0].id"},
        {"\"id\":\"x\"", STATUS_MISSING, "objects[0]"},
        {"\"type\":{}", STATUS_BAD_TYPE, "objects[0].type"},
        {OPINION ",\"opinion\":\"maybe\",\"object_refs\":[\"indicator--" UUID "\"]", STATUS_BAD_VALUE,
         "objects[0].opinion"},
        {OPINION ",\"opinion\":\"seen\",\"object_refs\":[\"indicator--" UUID "\"]", STATUS_BAD_VALUE,
         "objects[0].opinion"},
        {OPINION ",\"opinion\":3,\"object_refs\":[\"indicator--" UUID "\"]", STATUS_BAD_TYPE, "objects[0].opinion"},
        {OPINION ",\"opinion\":\"agree\"", STATUS_MISSING, "objects[0]"},
        {OPINION ",\"object_refs\":[\"indicator--" UUID "\"]", STATUS_MISSING, "objects[0]"},
        {"\"type\":\"indicator\",\"id\":\"indicator--" UUID "\"", STATUS_MISSING, "objects[0]"},
        {"\"type\":\"indicator\",\"id\":\"indicator--" UUID "\",\"pattern\":5", STATUS_BAD_TYPE,
         "objects[0].pattern"},
        {SIGHTING "," OF ",\"count\":1,\"count\":1", STATUS_DUPLICATE, "objects[0].count"},
        {SIGHTING "," OF ",\"name\":\"\\ud800\"", STATUS_BAD_FORMAT, "objects[0].name"},
        {SIGHTING "," OF ",\"name\":\"\xc3(\"", STATUS_BAD_FORMAT, "objects[0].name"},
        {SIGHTING "," OF ",\"x\":{\"y\":[tru]}", STATUS_BAD_FORMAT, "objects[0].x.y[0]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum status status = read_object(rows[i].fields);
        if (status != rows[i].status || strcmp(tokens.blame.path, rows[i].path) != 0)
            fail_msg("%s: %s at %s: %s", rows[i].fields, status_name(status), tokens.blame.path, tokens.blame.text);
        assert_int_equal(tokens.blame.line, 2);
    }
}

static void what_is_no_bundle_is_refused(void **state) {
    static const struct {
        const char *text;
        enum status status;
    } rows[] = {
        {"[]", STATUS_BAD_TYPE},
        {"7", STATUS_BAD_TYPE},
        {"{}", STATUS_BAD_TYPE},
        {"{\"type\":\"report\"}", STATUS_BAD_TYPE},
        {"{\"type\":[\"bundle\"]}", STATUS_BAD_TYPE},
        {"{\"objects\":{}}", STATUS_BAD_TYPE},
        {"{\"objects\":[7]}", STATUS_BAD_TYPE},
        {"{\"objects\":[[]]}", STATUS_BAD_TYPE},
        {"{\"type\":\"bundle\"}", STATUS_NOT_FOUND},
        {"{\"objects\":[],\"type\":\"bundle\"}", STATUS_NOT_FOUND},
        {"{\"objects\":[],\"objects\":[],\"type\":\"bundle\"}", STATUS_DUPLICATE},
        {"{\"objects\":[],\"type\":\"bundle\"}}", STATUS_TRAILING_BYTES},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (read_pieces(slice_of_text(rows[i].text), SIZE_MAX) != rows[i].status) fail_msg("%s", rows[i].text);
    }
}

static void deep_nesting_is_refused_where_it_gets_too_deep(void **state) {
    static char text[1 << 16];
    (void)state;
    int bytes = snprintf(text, sizeof text, "{\"type\":\"bundle\",\"objects\":[{\"x\":");
    memset(text + bytes, '[', sizeof text - (size_t)bytes);
    assert_int_equal(read_pieces(slice_of(text, sizeof text), SIZE_MAX), STATUS_TOO_DEEP);
    assert_non_null(strstr(tokens.blame.path, "objects[0].x[0]"));
}

static void newer_version_of_a_sighting_replaces_it_and_a_conflict_is_refused(void **state) {
#define VERSION(time, count) "{" SIGHTING "," OF ",\"modified\":\"" time "\",\"count\":" count "}"
    (void)state;
    assert_int_equal(read_pieces(slice_of_text("{\"type\":\"bundle\",\"objects\":[" VERSION(
                                     "2026-01-02T00:00:00Z", "5") "," VERSION("2026-01-01T00:00:00Z", "9") "]}"),
                                 SIZE_MAX),
                     STATUS_OK);
    assert_int_equal(reports.count, 1);
    assert_int_equal(reports.list[0].count, 5);
    assert_int_equal(read_pieces(slice_of_text("{\"type\":\"bundle\",\"objects\":[\n" VERSION(
                                     "2026-01-02T00:00:00Z", "5") ",\n" VERSION("2026-01-02T00:00:00Z", "9") "]}"),
                                 SIZE_MAX),
                     STATUS_CONFLICT);
    assert_true(tokens.blame.line == 2 || tokens.blame.line == 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(example_bundle_becomes_its_reports_in_pieces_of_any_size, tear_down),
        cmocka_unit_test_teardown(bundle_cut_anywhere_is_refused, tear_down),
        cmocka_unit_test_teardown(sighting_without_count_is_one_and_count_zero_is_not_seen, tear_down),
        cmocka_unit_test_teardown(observer_is_the_one_place_else_the_creator, tear_down),
        cmocka_unit_test_teardown(opinion_is_about_each_of_its_objects, tear_down),
        cmocka_unit_test_teardown(revoked_indicator_says_so_and_revoked_sighting_says_nothing, tear_down),
        cmocka_unit_test_teardown(version_two_dot_zero_is_read_and_three_is_not, tear_down),
        cmocka_unit_test_teardown(object_of_another_type_may_hold_anything, tear_down),
        cmocka_unit_test_teardown(wrong_types_and_values_are_refused_with_line_and_path, tear_down),
        cmocka_unit_test_teardown(what_is_no_bundle_is_refused, tear_down),
        cmocka_unit_test_teardown(deep_nesting_is_refused_where_it_gets_too_deep, tear_down),
        cmocka_unit_test_teardown(newer_version_of_a_sighting_replaces_it_and_a_conflict_is_refused, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
