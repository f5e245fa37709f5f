/* Amounts in words: exact, with no digit more than there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/describe.h"

static void quanta_are_written_exactly(void **state) {
    static const struct {
        int64_t quanta;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "+0.000000001"},
        {-1, "-0.000000001"},
        {1500000000, "+1.5"},
        {-50000000000, "-50"},
        {1234567890, "+1.23456789"},
        {INT64_MAX, "+9223372036.854775807"},
        {INT64_MIN, "-9223372036.854775808"},
    };
    char text[QUANTA_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe_quanta(cases[i].quanta, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quanta_are_written_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
