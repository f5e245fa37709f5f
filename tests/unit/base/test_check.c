/* CHECK: what holds goes on, what does not ends the process and says where. */
#include "base/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void condition_holds_then_evaluated_once(void **state) {
    (void)state;
    int evaluations = 0;
    CHECK(++evaluations == 1);
    assert_int_equal(evaluations, 1);
}

static void run_broken_child(int error_output) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);
    dup2(error_output, STDERR_FILENO);
    CHECK(1 + 1 == 3);
    _exit(0);
}

static void condition_broken_then_aborted_with_expression_file_and_line(void **state) {
    (void)state;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) run_broken_child(ends[1]);
    close(ends[1]);
    char text[512] = {0};
    size_t used = 0;
    for (ssize_t got; (got = read(ends[0], text + used, sizeof text - 1 - used)) > 0;) used += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "CHECK failed: 1 + 1 == 3 at "));
    assert_non_null(strstr(text, "test_check.c:"));
    assert_int_equal(text[used - 1], '\n');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(condition_holds_then_evaluated_once),
        cmocka_unit_test(condition_broken_then_aborted_with_expression_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
