/* Names of families on their way into a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/client.h"

static int parse(const char *text, char ret_path[FAMILY_PATH_BYTES]) {
    static const struct command command = {.name = "family"};
    const struct invocation invocation = {.command = &command};
    return family_parse(&invocation, text, ret_path);
}

static void family_with_any_characters_then_escaped(void **state) {
    static const struct {
        const char *name;
        const char *path;
    } cases[] = {
        {"birds-7_a.b~", "birds-7_a.b~"},
        {"a b/c", "a%20b%2Fc"},
        {"100 %?#", "100%20%25%3F%23"},
        {"\u00fc", "%C3%BC"},
        {"a\nb", "a%0Ab"},
    };
    char path[FAMILY_PATH_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].name, path), COMMAND_DONE);
        assert_string_equal(path, cases[i].path);
    }
}

static void family_of_the_largest_size_then_it_fits_and_one_more_is_refused(void **state) {
    char name[FAMILY_BYTES_MAX + 2];
    char path[FAMILY_PATH_BYTES];
    (void)state;
    memset(name, '/', sizeof name);
    name[FAMILY_BYTES_MAX] = '\0';
    assert_int_equal(parse(name, path), COMMAND_DONE);
    assert_int_equal(strlen(path), 3 * FAMILY_BYTES_MAX);
    name[FAMILY_BYTES_MAX] = '/';
    name[FAMILY_BYTES_MAX + 1] = '\0';
    assert_int_equal(parse(name, path), COMMAND_USAGE);
    assert_int_equal(parse("", path), COMMAND_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(family_with_any_characters_then_escaped),
        cmocka_unit_test(family_of_the_largest_size_then_it_fits_and_one_more_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
