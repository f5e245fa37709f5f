/* Lists of reports: repetitions and versions dropped, order, what came before. */
#include "exchange/report.h"

#include "text_source.h"

static struct reports reports;

static void add(const char *id, const char *subject, const char *source, enum report_kind kind, uint64_t count,
                uint64_t at_us, uint64_t version_us) {
    struct report report = {.kind = kind,
                            .confidence = CONFIDENCE_FULL,
                            .count = count,
                            .at_us = at_us,
                            .version_us = version_us,
                            .line = reports.count + 1};
    assert_int_equal(reports_keep(&reports, slice_of_text(id), &report.id), STATUS_OK);
    assert_int_equal(reports_keep(&reports, slice_of_text(subject), &report.subject), STATUS_OK);
    assert_int_equal(reports_keep(&reports, slice_of_text(source), &report.source), STATUS_OK);
    assert_int_equal(reports_add(&reports, &report), STATUS_OK);
}

static void check(uint32_t index, const char *id, uint64_t before) {
    assert_true(index < reports.count);
    assert_true(slice_equal(reports_text(&reports, reports.list[index].id), slice_of_text(id)));
    assert_true(reports.list[index].before == before);
}

static int tear_down(void **state) {
    (void)state;
    reports_free(&reports);
    return 0;
}

static void reports_of_one_group_count_on_in_the_order_of_time(void **state) {
    uint64_t line = 0;
    (void)state;
    add("r3", "x", "s", REPORT_SEEN, 5, 30, 0);
    add("r1", "x", "s", REPORT_SEEN, 2, 10, 0);
    add("r2", "x", "t", REPORT_SEEN, 7, 20, 0);
    add("r4", "x", "s", REPORT_FALSE_POSITIVE, 9, 5, 0);
    add("r5", "w", "s", REPORT_SEEN, 1, 40, 0);
    add("r0", "x", "s", REPORT_SEEN, 1, 30, 0);
    assert_int_equal(reports_order(&reports, &line), STATUS_OK);
    check(0, "r5", 0);
    check(1, "r1", 0);
    check(2, "r0", 2);
    check(3, "r3", 3);
    check(4, "r4", 0);
    check(5, "r2", 0);
}

static void newest_version_of_an_id_stands(void **state) {
    uint64_t line = 0;
    (void)state;
    add("r1", "x", "s", REPORT_SEEN, 1, 10, 1);
    add("r1", "x", "s", REPORT_SEEN, 8, 10, 3);
    add("r1", "x", "s", REPORT_SEEN, 4, 10, 2);
    assert_int_equal(reports_order(&reports, &line), STATUS_OK);
    assert_int_equal(reports.count, 1);
    assert_int_equal(reports.list[0].count, 8);
}

static void same_report_twice_counts_once(void **state) {
    uint64_t line = 0;
    (void)state;
    add("r1", "x", "s", REPORT_SEEN, 4, 10, 2);
    add("r1", "x", "s", REPORT_SEEN, 4, 10, 2);
    assert_int_equal(reports_order(&reports, &line), STATUS_OK);
    assert_int_equal(reports.count, 1);
}

static void same_version_with_another_content_is_refused_by_line(void **state) {
    uint64_t line = 0;
    (void)state;
    add("r0", "x", "s", REPORT_SEEN, 4, 10, 2);
    add("r1", "x", "s", REPORT_SEEN, 4, 10, 2);
    add("r1", "x", "s", REPORT_SEEN, 5, 10, 2);
    assert_int_equal(reports_order(&reports, &line), STATUS_CONFLICT);
    assert_true(line == 2 || line == 3);
}

static void one_id_about_two_subjects_is_two_reports(void **state) {
    uint64_t line = 0;
    (void)state;
    add("o1", "x", "s", REPORT_AGREE, 1, 10, 2);
    add("o1", "y", "s", REPORT_AGREE, 1, 10, 2);
    assert_int_equal(reports_order(&reports, &line), STATUS_OK);
    assert_int_equal(reports.count, 2);
}

static void subject_has_the_name_that_any_row_gives_it(void **state) {
    struct report_text id;
    struct report_text name;
    uint64_t line;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "subject-%u", i % 10);
        assert_int_equal(reports_keep(&reports, slice_of_text(text), &id), STATUS_OK);
        assert_int_equal(reports_keep(&reports, slice_of_text(i < 10 ? "" : text + 8), &name), STATUS_OK);
        assert_int_equal(reports_add_subject(&reports, id, name), STATUS_OK);
    }
    assert_int_equal(reports_order(&reports, &line), STATUS_OK);
    assert_int_equal(reports.subjects_count, 10);
    assert_true(slice_equal(reports_subject_name(&reports, slice_of_text("subject-7")), slice_of_text("7")));
    assert_true(slice_equal(reports_subject_name(&reports, slice_of_text("subject-0")), slice_of_text("0")));
    assert_int_equal(reports_subject_name(&reports, slice_of_text("subject-")).bytes, 0);
    assert_int_equal(reports_subject_name(&reports, slice_of_text("zzz")).bytes, 0);
}

static void list_and_texts_are_bounded(void **state) {
    static char text[1 << 20];
    struct report report = {.count = 1};
    struct report_text kept;
    enum status status = STATUS_OK;
    uint32_t added = 0;
    (void)state;
    while (reports_add(&reports, &report) == STATUS_OK) added++;
    assert_int_equal(added, REPORTS_MAX);
    for (added = 0; status == STATUS_OK; added++) status = reports_keep(&reports, slice_of(text, sizeof text), &kept);
    assert_int_equal(status, STATUS_TOO_LARGE);
    assert_int_equal(added - 1, REPORTS_TEXT_BYTES_MAX / sizeof text);
}

static void kind_is_found_by_its_name_only(void **state) {
    enum report_kind kind;
    (void)state;
    for (unsigned i = 0; i < REPORT_KINDS_COUNT; i++) {
        assert_int_equal(report_kind_find(slice_of_text(report_kind_name((enum report_kind)i)), &kind), STATUS_OK);
        assert_int_equal(kind, i);
    }
    assert_int_equal(report_kind_find(slice_of_text("seen "), &kind), STATUS_NOT_FOUND);
    assert_int_equal(report_kind_find(slice_of_text(""), &kind), STATUS_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reports_of_one_group_count_on_in_the_order_of_time, tear_down),
        cmocka_unit_test_teardown(newest_version_of_an_id_stands, tear_down),
        cmocka_unit_test_teardown(same_report_twice_counts_once, tear_down),
        cmocka_unit_test_teardown(same_version_with_another_content_is_refused_by_line, tear_down),
        cmocka_unit_test_teardown(one_id_about_two_subjects_is_two_reports, tear_down),
        cmocka_unit_test_teardown(subject_has_the_name_that_any_row_gives_it, tear_down),
        cmocka_unit_test_teardown(list_and_texts_are_bounded, tear_down),
        cmocka_unit_test(kind_is_found_by_its_name_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
