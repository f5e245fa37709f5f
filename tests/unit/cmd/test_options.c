/* Command lines: what is taken from them, and every way not to be called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/options.h"

enum { OPTION_COUNT, OPTION_OUTPUT, OPTION_FORCE };

static const struct option_spec options[] = {
    {"count", "N", "how many", 0},
    {"output", "FILE", "where to", 'o'},
    {"force", NULL, "all the same", 0},
    {0},
};

static const struct command command = {
    .name = "sample",
    .arguments = "A [B]",
    .help = "A sample",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .json = true,
};

static struct invocation invocation;
static char error[OPTIONS_ERROR_BYTES];

/* The words are separated by single spaces. */
static enum status parse(const char *words) {
    static char copy[256];
    char *arguments[64];
    int count = 0;
    (void)snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) arguments[count++] = word;
    error[0] = '\0';
    return options_parse(&command, count, arguments, &invocation, error);
}

static void options_and_arguments_are_taken_in_any_order(void **state) {
    (void)state;
    assert_int_equal(parse("a --count 3 b -o out --json"), STATUS_OK);
    assert_int_equal(invocation.arguments_count, 2);
    assert_string_equal(invocation.arguments[1], "b");
    assert_string_equal(option_text(&invocation, OPTION_COUNT, NULL), "3");
    assert_string_equal(option_text(&invocation, OPTION_OUTPUT, NULL), "out");
    assert_false(option_given(&invocation, OPTION_FORCE));
    assert_true(invocation.json);
    assert_int_equal(parse("--force --output=x a"), STATUS_OK);
    assert_true(option_given(&invocation, OPTION_FORCE));
    assert_string_equal(option_text(&invocation, OPTION_COUNT, "none"), "none");
}

static void values_may_be_negative_numbers_and_arguments_anything_after_two_dashes(void **state) {
    (void)state;
    assert_int_equal(parse("a --count -2.5"), STATUS_OK);
    assert_string_equal(option_text(&invocation, OPTION_COUNT, NULL), "-2.5");
    assert_int_equal(parse("-- --count -o"), STATUS_OK);
    assert_string_equal(invocation.arguments[0], "--count");
}

static void help_is_all_that_is_judged(void **state) {
    (void)state;
    assert_int_equal(parse("--help"), STATUS_OK);
    assert_true(invocation.help);
    assert_int_equal(parse("a b c -h"), STATUS_OK);
    assert_true(invocation.help);
}

static void misuse_is_refused_and_named(void **state) {
    static const struct {
        const char *words;
        const char *says;
    } cases[] = {
        {"", "missing"},
        {"a b c", "\"c\""},
        {"a --bogus", "--bogus"},
        {"a --count", "--count"},
        {"a -o", "-o"},
        {"a --count 1 --count 1", "twice"},
        {"a -x", "-x"},
        {"a --force --force", "twice"},
        {"a --force=1", "--force=1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].words), STATUS_USAGE);
        if (strstr(error, cases[i].says) == NULL) fail_msg("%s: %s", cases[i].words, error);
    }
}

static void too_many_words_are_refused_before_they_are_stored(void **state) {
    char words[256] = "a";
    (void)state;
    for (int i = 0; i < 60; i++) (void)strcat(words, " a");
    assert_int_equal(parse(words), STATUS_USAGE);
}

static void numbers_are_plain_digits_within_their_range(void **state) {
    uint64_t number = 7;
    (void)state;
    assert_int_equal(options_number("0", 0, 9, &number), STATUS_OK);
    assert_int_equal(number, 0);
    assert_int_equal(options_number("18446744073709551615", 0, UINT64_MAX, &number), STATUS_OK);
    assert_true(number == UINT64_MAX);
    assert_int_equal(options_number("18446744073709551616", 0, UINT64_MAX, &number), STATUS_BAD_VALUE);
    assert_int_equal(options_number("10", 0, 9, &number), STATUS_BAD_VALUE);
    assert_int_equal(options_number("3", 4, 9, &number), STATUS_BAD_VALUE);
    static const char *const texts[] = {"", "-1", "+1", "01", "1 ", " 1", "0x1", "1.0", "1e3", "nan"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(options_number(texts[i], 0, 9, &number), STATUS_BAD_FORMAT);
    }
    assert_true(number == UINT64_MAX);
}

static void every_command_can_be_called_with_its_help(void **state) {
    char word[] = "--help";
    char *arguments[] = {word};
    (void)state;
    for (const struct command *const *at = commands; *at != NULL; at++) {
        assert_int_equal(options_parse(*at, 1, arguments, &invocation, error), STATUS_OK);
        assert_non_null((*at)->run);
        assert_true((*at)->arguments_min <= (*at)->arguments_max);
        assert_true((*at)->arguments_max <= COMMAND_ARGUMENTS_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_are_taken_in_any_order),
        cmocka_unit_test(values_may_be_negative_numbers_and_arguments_anything_after_two_dashes),
        cmocka_unit_test(help_is_all_that_is_judged),
        cmocka_unit_test(misuse_is_refused_and_named),
        cmocka_unit_test(too_many_words_are_refused_before_they_are_stored),
        cmocka_unit_test(numbers_are_plain_digits_within_their_range),
        cmocka_unit_test(every_command_can_be_called_with_its_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
