/* credimus quorum: the table of docs/protocol.md 1, as the command prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "cmd/options.h"

static char printed[1024];

/* Runs the command with standard output in a file; returns its exit status. */
static int run(const char *n, const char *threshold) {
    struct invocation invocation = {.command = &command_quorum, .json = true, .arguments_count = 1, .arguments = {n}};
    invocation.values[0] = threshold;
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_true(kept >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    int code = command_quorum.run(&invocation);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    assert_int_equal(close(kept), 0);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    return code;
}

static void numbers_are_those_of_the_table(void **state) {
    static const struct {
        const char *n;
        const char *threshold;
        const char *expected;
    } cases[] = {
        {"4", NULL, "{\"n\": 4, \"threshold\": \"3/4\", \"quorum\": 3, \"safe\": 1, \"live\": 1}\n"},
        {"5", NULL, "{\"n\": 5, \"threshold\": \"3/4\", \"quorum\": 4, \"safe\": 2, \"live\": 1}\n"},
        {"8", NULL, "{\"n\": 8, \"threshold\": \"3/4\", \"quorum\": 6, \"safe\": 3, \"live\": 2}\n"},
        {"16", NULL, "{\"n\": 16, \"threshold\": \"3/4\", \"quorum\": 12, \"safe\": 7, \"live\": 4}\n"},
        {"100", NULL, "{\"n\": 100, \"threshold\": \"3/4\", \"quorum\": 75, \"safe\": 49, \"live\": 25}\n"},
        {"4", "9/10", "{\"n\": 4, \"threshold\": \"9/10\", \"quorum\": 4, \"safe\": 3, \"live\": 0}\n"},
        {"16", "9/10", "{\"n\": 16, \"threshold\": \"9/10\", \"quorum\": 15, \"safe\": 13, \"live\": 1}\n"},
        {"100", "9/10", "{\"n\": 100, \"threshold\": \"9/10\", \"quorum\": 90, \"safe\": 79, \"live\": 10}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(run(cases[i].n, cases[i].threshold), COMMAND_DONE);
        assert_string_equal(printed, cases[i].expected);
    }
}

static void what_is_no_group_or_no_threshold_is_misuse(void **state) {
    static const char *const numbers[] = {"0", "257", "-4", "4.0", "four", ""};
    static const char *const thresholds[] = {"2/3", "1/2", "5/4", "0.75", "3/0", "", "3/4 "};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(run(numbers[i], NULL), COMMAND_USAGE);
        assert_non_null(strstr(printed, "\"error\":\"USAGE\""));
    }
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        assert_int_equal(run("4", thresholds[i]), COMMAND_USAGE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_table),
        cmocka_unit_test(what_is_no_group_or_no_threshold_is_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
