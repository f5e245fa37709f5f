/* The table of status codes. */
#include "base/status.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_status_then_a_text_and_a_name_of_its_own(void **state) {
    (void)state;
    for (int status = 0; status < STATUS_COUNT; status++) {
        const char *text = status_text((enum status)status), *name = status_name((enum status)status);
        assert_non_null(text);
        assert_non_null(name);
        assert_true(strlen(text) > 0 && text[strlen(text) - 1] != '.');
        for (const char *c = name; *c != '\0'; c++) assert_true(isupper((unsigned char)*c) || *c == '_');
        for (int other = 0; other < status; other++) {
            assert_string_not_equal(name, status_name((enum status)other));
            assert_string_not_equal(text, status_text((enum status)other));
        }
    }
}

static void success_then_zero(void **state) {
    (void)state;
    assert_int_equal(STATUS_OK, 0);
    assert_string_equal(status_name(STATUS_OK), "OK");
    assert_string_equal(status_name(STATUS_TOO_FINE), "TOO_FINE");
    assert_string_equal(status_text(STATUS_BAD_SIGNATURE), "the signature does not verify");
}

static void number_outside_the_table_then_unknown(void **state) {
    (void)state;
    assert_string_equal(status_name(STATUS_COUNT), "UNKNOWN");
    assert_string_equal(status_text(STATUS_COUNT), "an unknown status");
    assert_string_equal(status_name((enum status) - 1), "UNKNOWN");
}

static enum status tried(enum status status, int *ret_reached) {
    TRY(status);
    *ret_reached = 1;
    return STATUS_OK;
}

static void tried_expression_fails_then_returned_at_once(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(tried(STATUS_BUSY, &reached), STATUS_BUSY);
    assert_int_equal(reached, 0);
    assert_int_equal(tried(STATUS_OK, &reached), STATUS_OK);
    assert_int_equal(reached, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_then_a_text_and_a_name_of_its_own),
        cmocka_unit_test(success_then_zero),
        cmocka_unit_test(number_outside_the_table_then_unknown),
        cmocka_unit_test(tried_expression_fails_then_returned_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
