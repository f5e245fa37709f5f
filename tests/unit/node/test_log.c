/* The log: what a line looks like, and that no message can make two of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "node/log.h"

enum { CAPTURED_BYTES = 8192 };

/* 2026-01-02T03:04:05.006007Z */
static const uint64_t some_time_us = UINT64_C(1767323045006007);

static void text_line_has_time_level_message(void **state) {
    char line[LOG_LINE_BYTES];
    static const char expected[] = "2026-01-02T03:04:05.006Z warning partition level \"degraded\"\n";
    (void)state;
    size_t bytes = log_line(LOG_TEXT, LOG_WARNING, some_time_us, "partition level \"degraded\"", line);
    assert_string_equal(line, expected);
    assert_int_equal(bytes, strlen(expected));
}

static void json_line_reads_back_as_what_was_said(void **state) {
    char line[LOG_LINE_BYTES];
    static const char message[] = "a \"quoted\" C:\\path, \xc3\xbc \xe2\x82\xac \xf0\x9f\x8d\x8e";
    (void)state;
    size_t bytes = log_line(LOG_JSON, LOG_ERROR, some_time_us, message, line);
    assert_int_equal(bytes, strlen(line));
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_int_equal(json_object_size(json), 3);
    assert_string_equal(json_string_value(json_object_get(json, "time")), "2026-01-02T03:04:05.006Z");
    assert_string_equal(json_string_value(json_object_get(json, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(json, "message")), message);
    json_decref(json);
}

/* Line feeds, escapes of terminals, C1 controls, bytes that are not UTF-8 and half a character. */
static void message_of_an_attacker_stays_one_line_of_text(void **state) {
    static const char message[] = "a\nb\r\tc\x1b[31m\x7f \xc2\x85 \xff\xc0\x80 \xe2\x82";
    char line[LOG_LINE_BYTES];
    (void)state;
    for (unsigned format = 0; format < LOG_FORMATS; format++) {
        size_t bytes = log_line((enum log_format)format, LOG_INFO, some_time_us, message, line);
        assert_ptr_equal(strchr(line, '\n'), line + bytes - 1);
        assert_non_null(strstr(line, "a?b??c?[31m? ? ??? ??"));
        for (size_t i = 0; i + 1 < bytes; i++) assert_in_range((unsigned char)line[i], ' ', '~');
    }
}

static void longest_message_still_fits(void **state) {
    char message[LOG_MESSAGE_BYTES];
    char line[LOG_LINE_BYTES];
    (void)state;
    memset(message, '"', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    size_t bytes = log_line(LOG_JSON, LOG_WARNING, some_time_us, message, line);
    json_t *json = json_loadb(line, bytes, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "message")), message);
    json_decref(json);
}

static void names_are_read_back_and_others_are_not(void **state) {
    enum log_level level;
    enum log_format format;
    (void)state;
    for (unsigned i = 0; i < LOG_LEVELS; i++) {
        assert_true(log_level_parse(log_level_name((enum log_level)i), &level));
        assert_int_equal(level, i);
    }
    for (unsigned i = 0; i < LOG_FORMATS; i++) {
        assert_true(log_format_parse(log_format_name((enum log_format)i), &format));
        assert_int_equal(format, i);
    }
    assert_false(log_level_parse("INFO", &level));
    assert_false(log_level_parse("", &level));
    assert_false(log_format_parse("jso", &format));
}

/* What node_log wrote to standard error while `level` was the lowest. */
static void capture(enum log_level lowest, enum log_format format, char ret_text[CAPTURED_BYTES]) {
    struct folder folder = folder_new();
    int kept = dup(STDERR_FILENO);
    int file = open(folder_file(&folder, "a"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && file >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    log_configure(lowest, format);
    node_log(LOG_DEBUG, "of level %d", 0);
    node_log(LOG_INFO, "of level %d", 1);
    node_log(LOG_WARNING, "of level %d", 2);
    node_log(LOG_ERROR, "of level %d", 3);
    log_configure(LOG_INFO, LOG_TEXT);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t bytes = pread(file, ret_text, CAPTURED_BYTES - 1, 0);
    assert_true(bytes >= 0);
    ret_text[bytes] = '\0';
    (void)close(kept);
    (void)close(file);
    folder_delete(&folder);
}

static void lower_levels_are_passed_over(void **state) {
    char text[CAPTURED_BYTES];
    char message[32];
    (void)state;
    for (unsigned lowest = 0; lowest < LOG_LEVELS; lowest++) {
        capture((enum log_level)lowest, LOG_TEXT, text);
        for (unsigned level = 0; level < LOG_LEVELS; level++) {
            (void)snprintf(message, sizeof message, "of level %u", level);
            assert_int_equal(strstr(text, message) != NULL, level >= lowest);
        }
    }
    capture(LOG_ERROR, LOG_JSON, text);
    assert_non_null(strstr(text, "\"level\":\"error\",\"message\":\"of level 3\"}\n"));
    assert_null(strstr(text, "of level 2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_line_has_time_level_message),
        cmocka_unit_test(json_line_reads_back_as_what_was_said),
        cmocka_unit_test(message_of_an_attacker_stays_one_line_of_text),
        cmocka_unit_test(longest_message_still_fits),
        cmocka_unit_test(names_are_read_back_and_others_are_not),
        cmocka_unit_test(lower_levels_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
