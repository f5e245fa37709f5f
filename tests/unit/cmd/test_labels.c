/* Files of answers: what is taken, and each way of being refused, by file and line. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/labels.h"

static const struct command command = {.name = "sample", .arguments = "", .help = "A sample"};
static const struct invocation invocation = {.command = &command};

static char folder[] = "/tmp/credimus-labels-XXXXXX";
static char labels_path[64];
static char truth_path[64];
static char said[1024];

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return 1;
    (void)snprintf(labels_path, sizeof labels_path, "%s/labels.csv", folder);
    (void)snprintf(truth_path, sizeof truth_path, "%s/truth.csv", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    (void)unlink(labels_path);
    (void)unlink(truth_path);
    return rmdir(folder);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Reads both files; what was said on standard error is in `said`. */
static int read_both(const char *labels_text, const char *truth_text, struct labels *ret_labels) {
    FILE *caught = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(caught);
    write_file(labels_path, labels_text);
    write_file(truth_path, truth_text);
    (void)fflush(stderr);
    assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
    int code = labels_read(&invocation, labels_path, truth_path, ret_labels);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(caught);
    said[fread(said, 1, sizeof said - 1, caught)] = '\0';
    (void)fclose(caught);
    return code;
}

#define TRUTH  "task,label\nfirst,1\nsecond,3\n"
#define LABELS "task,worker,label\nfirst,a,1\nfirst,b,2\nsecond,c,3\nsecond,d,3\n"

static void refused(const char *labels_text, const char *truth_text, const char *place, const char *what) {
    struct labels labels;
    char wanted[96];
    assert_int_equal(read_both(labels_text, truth_text, &labels), COMMAND_REFUSED);
    (void)snprintf(wanted, sizeof wanted, "%s/%s", folder, place);
    if (strstr(said, wanted) == NULL || strstr(said, what) == NULL)
        fail_msg("wanted %s and %s, said: %s", wanted, what, said);
}

static void a_plain_pair_of_files_is_taken(void **state) {
    struct labels labels;
    (void)state;
    assert_int_equal(read_both(LABELS, TRUTH, &labels), COMMAND_DONE);
    assert_int_equal(labels.answers, 4);
    assert_int_equal(labels.crowd.people, 4);
    assert_int_equal(labels.crowd.tasks, 2);
    assert_int_equal(labels.crowd.labels, 3);
    const uint8_t silent = CROWD_SILENT;
    const uint8_t wanted[] = {0, 1, silent, silent, silent, silent, 2, 2};
    assert_memory_equal(labels.crowd.answer, wanted, sizeof wanted);
    assert_int_equal(labels.crowd.truth[0], 0);
    assert_int_equal(labels.crowd.truth[1], 2);
    labels_free(&labels);
}

static void tasks_keep_the_order_of_the_truth(void **state) {
    struct labels labels;
    (void)state;
    assert_int_equal(read_both(LABELS, "task,label\nsecond,3\nfirst,1\n", &labels), COMMAND_DONE);
    assert_int_equal(labels.crowd.truth[0], 2);
    assert_int_equal(labels.crowd.answer[0], CROWD_SILENT);
    assert_int_equal(labels.crowd.answer[2], 2);
    labels_free(&labels);
}

static void quotes_and_carriage_returns_are_taken_as_spreadsheets_write_them(void **state) {
    struct labels labels;
    (void)state;
    assert_int_equal(
        read_both("task,worker,label\r\n\"first\",\"a,1\",1\r\nfirst,b,2\r\nsecond,c,3\r\nsecond,d,3\r\n", TRUTH,
                  &labels),
        COMMAND_DONE);
    assert_int_equal(labels.crowd.people, 4);
    labels_free(&labels);
}

static void numbers_that_are_none_are_refused(void **state) {
    (void)state;
    refused("task,worker,label\nfirst,a,one\n", TRUTH, "labels.csv:2:", "\"one\" is not a whole number");
    refused("task,worker,label\nfirst,a,1.5\n", TRUTH, "labels.csv:2:", "not a whole number");
    refused("task,worker,label\nfirst,a,-1\n", TRUTH, "labels.csv:2:", "not a whole number");
    refused("task,worker,label\nfirst,a,\n", TRUTH, "labels.csv:2:", "not a whole number");
    refused("task,worker,label\nfirst,a,99999999999999999999999\n", TRUTH, "labels.csv:2:", "not a whole number");
    refused(LABELS, "task,label\nfirst,x\n", "truth.csv:2:", "not a whole number");
}

static void labels_outside_those_of_the_truth_are_refused(void **state) {
    (void)state;
    refused(LABELS "second,a,4\n", TRUTH, "labels.csv:6:", "\"4\" is outside");
    refused(LABELS "second,a,0\n", TRUTH, "labels.csv:6:", "\"0\" is outside");
}

static void rows_that_come_twice_are_refused(void **state) {
    (void)state;
    refused(LABELS "first,a,2\n", TRUTH, "labels.csv:6:", "worker \"a\" answered this task already");
    refused(LABELS, TRUTH "first,1\n", "truth.csv:4:", "\"first\" is given twice");
}

static void missing_truth_and_unknown_tasks_are_refused(void **state) {
    (void)state;
    refused(LABELS "third,a,1\n", TRUTH, "labels.csv:6:", "no task \"third\"");
    refused(LABELS, TRUTH "third,1\n", "truth.csv:4:", "nobody answered task \"third\"");
}

static void what_is_no_table_is_refused(void **state) {
    (void)state;
    refused("", TRUTH, "labels.csv:1:", "empty");
    refused("worker,task,label\nfirst,a,1\n", TRUTH, "labels.csv:1:", "header");
    refused("task,worker,label\nfirst,a\n", TRUTH, "labels.csv:2:", "2 fields where task,worker,label are wanted");
    refused("task,worker,label\nfirst,\"a,1\n", TRUTH, "labels.csv:2:", "quote");
    refused("task,worker,label\nfirst,,1\n", TRUTH, "labels.csv:2:", "1 to 64 characters");
}

static void one_label_or_too_few_people_are_refused(void **state) {
    (void)state;
    refused(LABELS, "task,label\nfirst,1\nsecond,1\n", "truth.csv:", "2 to 64 labels");
    refused(LABELS, "task,label\nfirst,1\nsecond,900\n", "truth.csv:", "2 to 64 labels");
    refused("task,worker,label\nfirst,a,1\nsecond,b,3\n", TRUTH, "labels.csv:", "2 workers; a group has 4 at least");
}

static void more_people_than_a_group_has_are_refused(void **state) {
    static char text[8192] = "task,worker,label\n";
    size_t bytes = strlen(text);
    (void)state;
    for (int worker = 0; worker < 257; worker++)
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "first,w%d,1\n", worker);
    refused(text, TRUTH, "labels.csv:258:", "257th");
}

static void a_file_that_is_not_there_is_refused(void **state) {
    struct labels labels;
    (void)state;
    assert_int_equal(labels_read(&invocation, "/nonexistent/labels.csv", "/nonexistent/truth.csv", &labels),
                     COMMAND_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_pair_of_files_is_taken),
        cmocka_unit_test(tasks_keep_the_order_of_the_truth),
        cmocka_unit_test(quotes_and_carriage_returns_are_taken_as_spreadsheets_write_them),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(labels_outside_those_of_the_truth_are_refused),
        cmocka_unit_test(rows_that_come_twice_are_refused),
        cmocka_unit_test(missing_truth_and_unknown_tasks_are_refused),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(one_label_or_too_few_people_are_refused),
        cmocka_unit_test(more_people_than_a_group_has_are_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
