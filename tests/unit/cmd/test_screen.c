/* Text for people: nothing that steers a terminal gets through, and columns are counted right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/screen.h"

static void check_clean(const char *text, const char *expected) {
    char copy[64];
    (void)snprintf(copy, sizeof copy, "%s", text);
    screen_clean(copy);
    assert_string_equal(copy, expected);
}

static void text_without_controls_stays(void **state) {
    (void)state;
    check_clean("", "");
    check_clean("plain", "plain");
    check_clean("gr\u00fc\u00df \u2588 \U0001f600", "gr\u00fc\u00df \u2588 \U0001f600");
}

static void controls_and_broken_utf8_become_question_marks(void **state) {
    (void)state;
    check_clean("a\x1b[2Jb", "a?[2Jb");
    check_clean("a\nb\x7f", "a?b?");
    check_clean("a\xc2\x9b"
                "b",
                "a??b");
    check_clean("a\xff\xc3\xa9", "a???");
    check_clean("end\xc2", "end?");
}

static void bars_are_as_long_as_their_share(void **state) {
    char bar[SCREEN_BAR_BYTES];
    (void)state;
    screen_bar(0, 4, bar);
    assert_string_equal(bar, "\u00b7\u00b7\u00b7\u00b7");
    screen_bar(1, 4, bar);
    assert_string_equal(bar, "\u2588\u2588\u2588\u2588");
    screen_bar(0.5, 4, bar);
    assert_string_equal(bar, "\u2588\u2588\u00b7\u00b7");
    screen_bar(0.375, 4, bar);
    assert_string_equal(bar, "\u2588\u258c\u00b7\u00b7");
    screen_bar(7, 4, bar);
    assert_int_equal(screen_columns(bar), 4);
    screen_bar(-1, 1000, bar);
    assert_int_equal(screen_columns(bar), 40);
}

static void cells_are_filled_up_or_cut_at_a_character(void **state) {
    char out[64] = "";
    FILE *file = fmemopen(out, sizeof out, "w");
    (void)state;
    assert_non_null(file);
    screen_print_cell(file, "\u00fcb", 4);
    (void)fputc('|', file);
    screen_print_cell(file, "\u00fc\u00fc\u00fc\u00fc\u00fc", 4);
    (void)fputc('|', file);
    screen_print_cell(file, "abcd", 4);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(out, "\u00fcb  |\u00fc\u00fc\u00fc\u2026|abcd");
}

static void percentages_are_certain_only_when_they_are(void **state) {
    static const struct {
        double share;
        const char *text;
    } cases[] = {
        {0, "   0.00 %"},    {0.5, "  50.00 %"},    {1, " 100.00 %"},      {0.99999999, " >99.99 %"},
        {1e-9, "  <0.01 %"}, {0.9999, "  99.99 %"}, {0.0001, "   0.01 %"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32] = "";
        FILE *file = fmemopen(out, sizeof out, "w");
        assert_non_null(file);
        screen_print_percent(file, cases[i].share);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(out, cases[i].text);
    }
}

static void text_of_others_is_cut_and_cleaned(void **state) {
    char buffer[8];
    (void)state;
    assert_string_equal(screen_cleaned("a\x1b[2J", buffer, sizeof buffer), "a?[2J");
    assert_string_equal(screen_cleaned("longer than that", buffer, sizeof buffer), "longer ");
    /* Cut in the middle of a character it is no UTF-8 any more. */
    assert_string_equal(screen_cleaned("sixsix\u00fc", buffer, sizeof buffer), "sixsix?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_without_controls_stays),
        cmocka_unit_test(controls_and_broken_utf8_become_question_marks),
        cmocka_unit_test(bars_are_as_long_as_their_share),
        cmocka_unit_test(percentages_are_certain_only_when_they_are),
        cmocka_unit_test(text_of_others_is_cut_and_cleaned),
        cmocka_unit_test(cells_are_filled_up_or_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
