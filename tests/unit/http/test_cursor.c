/* Cursors, as clients hand them back. */
#include "http/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void cursor_put_then_read_back_the_same(void **state) {
    (void)state;
    static const struct cursor cases[] = {
        {0, 0, 0}, {1, 0, 0}, {255, 18, 65535}, {UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = {0};
        struct cursor cursor;
        char bare[64];
        cursor_put(&text, &cases[i]);
        assert_true(text.bytes >= 2 && text.data[0] == '"' && text.data[text.bytes - 1] == '"');
        (void)snprintf(bare, sizeof bare, "%.*s", (int)text.bytes - 2, text.data + 1);
        assert_int_equal(cursor_read(bare, &cursor), STATUS_OK);
        assert_true(cursor.major == cases[i].major && cursor.minor == cases[i].minor &&
                    cursor.least == cases[i].least);
        text_free(&text);
    }
}

static void other_text_then_refused_and_nothing_written(void **state) {
    (void)state;
    static const char *const cases[] = {"",       ".",       "..",     "1",       "1.2",    "1.2.",
                                        "1.2.3.", "1.2.3.4", "01.2.3", "1.2.03",  "1.2.3 ", " 1.2.3",
                                        "-1.2.3", "1.2.g",   "A.2.3",  "0x1.2.3", "1,2,3",  "1.2.11112222333344445",
                                        "1..3",   "\x01.2.3"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cursor cursor = {7, 8, 9};
        assert_int_equal(cursor_read(cases[i], &cursor), STATUS_BAD_FORMAT);
        assert_true(cursor.major == 7 && cursor.minor == 8 && cursor.least == 9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_put_then_read_back_the_same),
        cmocka_unit_test(other_text_then_refused_and_nothing_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
