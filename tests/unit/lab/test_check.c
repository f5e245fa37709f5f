/* What must hold under attack, in its short form: docs/belief.md has the figures of the full one (make lab). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/check.h"

static void every_bound_holds(void **state) {
    (void)state;
    assert_int_equal(check_run(stdout, false, NULL, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bound_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
