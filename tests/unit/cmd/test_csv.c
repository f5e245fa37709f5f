/* CSV: RFC 4180's rules, and refusals where a file breaks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cmd/csv.h"

/* Renders what is read: fields between bars, records between slashes, each with its line; then the status. */
static const char *rendered(const char *text, size_t bytes) {
    static char buffer[256];
    static char out[1024];
    struct csv_record record;
    size_t used = 0;
    enum status status;
    memcpy(buffer, text, bytes);
    struct csv csv = csv_of(buffer, bytes);
    while ((status = csv_next(&csv, &record)) == STATUS_OK) {
        used += (size_t)snprintf(out + used, sizeof out - used, "%u:", (unsigned)record.line);
        for (uint32_t i = 0; i < record.count; i++) {
            used += (size_t)snprintf(out + used, sizeof out - used, "%.*s|", (int)record.fields[i].bytes,
                                     (const char *)record.fields[i].data);
        }
        used += (size_t)snprintf(out + used, sizeof out - used, "/");
    }
    (void)snprintf(out + used, sizeof out - used, "%s@%u", status_name(status), (unsigned)csv.line);
    return out;
}

static void check(const char *text, const char *expected) {
    assert_string_equal(rendered(text, strlen(text)), expected);
}

static void fields_and_records_are_told_apart(void **state) {
    (void)state;
    check("", "NOT_FOUND@1");
    check("a", "1:a|/NOT_FOUND@1");
    check("a,b\nc,d\n", "1:a|b|/2:c|d|/NOT_FOUND@3");
    check("a,b\r\nc,d\r\n", "1:a|b|/2:c|d|/NOT_FOUND@3");
    check(",\n", "1:||/NOT_FOUND@2");
    check("a,\nb", "1:a||/2:b|/NOT_FOUND@2");
    check("a\n\n\nb\n", "1:a|/4:b|/NOT_FOUND@5");
    check(" a , b ", "1: a | b |/NOT_FOUND@1");
    check("a\r", "1:a|/NOT_FOUND@2");
}

static void quoted_fields_keep_commas_quotes_and_line_breaks(void **state) {
    (void)state;
    check("\"a,b\",c", "1:a,b|c|/NOT_FOUND@1");
    check("\"say \"\"no\"\"\",c", "1:say \"no\"|c|/NOT_FOUND@1");
    check("\"\",x", "1:|x|/NOT_FOUND@1");
    check("\"\"\"\"", "1:\"|/NOT_FOUND@1");
    check("\"two\nlines\",x\ny,z", "1:two\nlines|x|/3:y|z|/NOT_FOUND@3");
    check("\"two\r\nlines\",x\r\ny,z", "1:two\r\nlines|x|/3:y|z|/NOT_FOUND@3");
}

static void byte_order_mark_is_passed_over(void **state) {
    (void)state;
    check("\xef\xbb\xbfquestion,llr\n", "1:question|llr|/NOT_FOUND@2");
}

static void stray_quotes_are_refused_with_their_line(void **state) {
    (void)state;
    check("a\nb\"c\n", "1:a|/BAD_FORMAT@2");
    check("a\n\"b\"c\n", "1:a|/BAD_FORMAT@2");
    check("a\n\"b\" ,c\n", "1:a|/BAD_FORMAT@2");
    check("a\n\"b\n\n", "1:a|/TRUNCATED@2");
    check("a\n\"b\"\"\n", "1:a|/TRUNCATED@2");
}

static void lone_carriage_return_is_part_of_a_field(void **state) {
    (void)state;
    check("a\rb,c\n\rd\n", "1:a\rb|c|/2:\rd|/NOT_FOUND@3");
}

static void too_many_fields_are_refused(void **state) {
    char text[2 * CSV_FIELDS_MAX + 2];
    struct csv_record record;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 2 == 0 ? 'a' : ',';
    struct csv fits = csv_of(text, 2 * (size_t)CSV_FIELDS_MAX - 1);
    assert_int_equal(csv_next(&fits, &record), STATUS_OK);
    assert_int_equal(record.count, CSV_FIELDS_MAX);
    struct csv over = csv_of(text, 2 * (size_t)CSV_FIELDS_MAX + 1);
    assert_int_equal(csv_next(&over, &record), STATUS_TOO_MANY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_records_are_told_apart),
        cmocka_unit_test(quoted_fields_keep_commas_quotes_and_line_breaks),
        cmocka_unit_test(byte_order_mark_is_passed_over),
        cmocka_unit_test(stray_quotes_are_refused_with_their_line),
        cmocka_unit_test(lone_carriage_return_is_part_of_a_field),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
