/* Files of evidence: what is sent for them, and the line that is named when they are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cmd/upload.h"

typedef enum status upload_from(char *text, size_t bytes, const char *question, struct upload *ret_upload,
                                uint64_t *ret_line, struct config_detail *ret_detail);

static char sent[2048];
static uint64_t line;
static struct config_detail detail;

/* What is sent for a file's text, in `sent`. */
static enum status convert(upload_from *from, const char *text, const char *question) {
    char copy[1024];
    struct upload upload;
    (void)snprintf(copy, sizeof copy, "%s", text);
    line = 0;
    enum status status = from(copy, strlen(copy), question, &upload, &line, &detail);
    (void)snprintf(sent, sizeof sent, "%.*s", (int)upload.bytes, upload.text != NULL ? upload.text : "");
    upload_free(&upload);
    return status;
}

static void json_lines_are_passed_on_to_the_digit(void **state) {
    (void)state;
    assert_int_equal(convert(upload_from_jsonl, "{\"llr\": 0.1000000000000000055}\r\n\n  \n{\"llr\":1e-3}", NULL),
                     STATUS_OK);
    assert_string_equal(sent, "{\"llr\": 0.1000000000000000055}\r\n{\"llr\":1e-3}\n");
}

static void missing_question_is_filled_in_and_a_given_one_stays(void **state) {
    (void)state;
    assert_int_equal(convert(upload_from_jsonl, " {\"llr\":0.10}\n{\"question\":\"b\",\"llr\":2}\n{}\n", "a"),
                     STATUS_OK);
    assert_string_equal(sent,
                        " {\"question\":\"a\",\"llr\":0.10}\n{\"question\":\"b\",\"llr\":2}\n{\"question\":\"a\"}\n");
}

static void line_that_is_no_object_is_refused_by_number(void **state) {
    (void)state;
    assert_int_equal(convert(upload_from_jsonl, "{}\n\n{\"llr\":}\n", "a"), STATUS_BAD_FORMAT);
    assert_int_equal(line, 3);
    assert_int_equal(convert(upload_from_jsonl, "{}\n[1]\n", "a"), STATUS_BAD_FORMAT);
    assert_int_equal(line, 2);
    assert_int_equal(convert(upload_from_jsonl, "{\"llr\":1,\"llr\":2}\n", "a"), STATUS_BAD_FORMAT);
}

static void rows_become_objects_without_their_empty_fields(void **state) {
    (void)state;
    const char *text = "question,observation,llr,loglik,content\n"
                       "q,o1,-0.50,,\"a \"\"b\"\", c\"\n"
                       "q,o2,,0;-1.5;2,\n";
    assert_int_equal(convert(upload_from_csv, text, NULL), STATUS_OK);
    assert_string_equal(
        sent, "{\"question\":\"q\",\"observation\":\"o1\",\"llr\":\"-0.50\",\"content\":\"a \\\"b\\\", c\"}\n"
              "{\"question\":\"q\",\"observation\":\"o2\",\"loglik\":[\"0\",\"-1.5\",\"2\"]}\n");
}

static void question_of_the_row_goes_before_that_of_the_command(void **state) {
    (void)state;
    assert_int_equal(convert(upload_from_csv, "question,llr\n,1\nb,2\n", "a"), STATUS_OK);
    assert_string_equal(sent, "{\"question\":\"a\",\"llr\":\"1\"}\n{\"question\":\"b\",\"llr\":\"2\"}\n");
}

static void wrong_tables_are_refused_by_line_and_reason(void **state) {
    static const struct {
        const char *text;
        enum status status;
        uint64_t line;
        const char *says;
    } cases[] = {
        {"observation,lrr\n", STATUS_BAD_VALUE, 1, "\"lrr\" is unknown"},
        {"llr,llr\n", STATUS_BAD_VALUE, 1, "there twice"},
        {"observation,llr\no1,1\no2\n", STATUS_BAD_FORMAT, 3, "1 fields, but the header has 2"},
        {"observation,llr\no1,1,2\n", STATUS_BAD_FORMAT, 2, "3 fields"},
        {"observation,llr\no\"1,1\n", STATUS_BAD_FORMAT, 2, "quote"},
        {"observation,llr\no1,1\n\"o2,2\n", STATUS_TRUNCATED, 3, "never closed"},
        {"observation,llr\no\xff,1\n", STATUS_BAD_FORMAT, 2, "UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(convert(upload_from_csv, cases[i].text, NULL), cases[i].status);
        assert_int_equal(line, cases[i].line);
        if (strstr(detail.text, cases[i].says) == NULL) fail_msg("%s", detail.text);
    }
}

static void chunks_cover_every_line_and_remember_where_it_stood(void **state) {
    char text[] = "\"aaaa\"\n\n\"bb\"\n\"cccccccccccc\"\n\"d\"\n";
    struct upload upload;
    (void)state;
    assert_int_equal(upload_from_jsonl(text, strlen(text), NULL, &upload, &line, &detail), STATUS_OK);
    assert_int_equal(upload.count, 4);
    assert_int_equal(upload.lines[1].line, 3);
    assert_int_equal(upload_chunk(&upload, 0, 12, 10), 2); /* 7 + 5 bytes */
    assert_int_equal(upload_chunk(&upload, 0, 11, 10), 1);
    assert_int_equal(upload_chunk(&upload, 2, 1, 10), 3); /* a line is never split */
    assert_int_equal(upload_chunk(&upload, 0, 1000, 3), 3);
    assert_int_equal(upload_chunk(&upload, 3, 1000, 10), 4);
    assert_int_equal(upload_begin(&upload, 2), 12);
    upload_free(&upload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_are_passed_on_to_the_digit),
        cmocka_unit_test(missing_question_is_filled_in_and_a_given_one_stays),
        cmocka_unit_test(line_that_is_no_object_is_refused_by_number),
        cmocka_unit_test(rows_become_objects_without_their_empty_fields),
        cmocka_unit_test(question_of_the_row_goes_before_that_of_the_command),
        cmocka_unit_test(wrong_tables_are_refused_by_line_and_reason),
        cmocka_unit_test(chunks_cover_every_line_and_remember_where_it_stood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
