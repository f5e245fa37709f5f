/* Levels: the boundaries of the table, counted in another way for every n, and who can raise the threshold. */
#include "quorum/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"

static const struct threshold three_quarters = {3, 4};

/* For each n the most that may be missing at degraded, and at major. */
static void boundaries_then_the_level_of_the_table(void **state) {
    (void)state;
    static const struct {
        uint32_t n, degraded, major;
    } rows[] = {{4, 0, 1}, {5, 0, 1}, {8, 0, 2}, {10, 1, 2}, {16, 1, 4}, {100, 10, 25}, {256, 25, 64}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t n = rows[i].n;
        assert_int_equal(level_of(n, 0), LEVEL_CONNECTED);
        for (uint32_t missing = 1; missing < n; missing++) {
            enum level expected = missing <= rows[i].degraded ? LEVEL_DEGRADED
                                  : missing <= rows[i].major  ? LEVEL_MAJOR
                                                              : LEVEL_SEVERE;
            assert_int_equal(level_of(n, missing), expected);
        }
    }
}

static void every_size_then_in_hundredths_of_the_group(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= MEMBERS_MAX; n++) {
        for (uint32_t missing = 1; missing <= n; missing++) {
            uint64_t hundredths = 100 * (uint64_t)missing; /* of n */
            enum level level = level_of(n, missing);
            assert_int_equal(level == LEVEL_DEGRADED, hundredths <= 10 * (uint64_t)n);
            assert_int_equal(level == LEVEL_SEVERE, hundredths > 25 * (uint64_t)n);
            assert_true(level >= level_of(n, missing - 1));
        }
    }
}

/* As many as the quorum does without may all be lying, and raise nothing; one more can't be liars alone. */
static void one_more_than_may_be_missing_then_raised(void **state) {
    (void)state;
    static const struct threshold bases[] = {{667, 1000}, {7, 10}, {3, 4}, {4, 5}, {89, 100}, {9, 10}, {1, 1}};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        for (uint32_t n = 1; n <= MEMBERS_MAX; n++) {
            uint32_t missing = n - quorum_size(n, bases[i]);
            assert_false(level_raises(n, bases[i], missing));
            assert_int_equal(threshold_compare(level_threshold(n, bases[i], missing), bases[i]), 0);
            assert_true(level_raises(n, bases[i], missing + 1));
            struct threshold raised = level_threshold(n, bases[i], missing + 1);
            assert_int_equal(threshold_check(raised), STATUS_OK);
            assert_true(threshold_compare(raised, bases[i]) >= 0);
            assert_true(threshold_compare(raised, (struct threshold){9, 10}) <= 0 ||
                        threshold_compare(raised, bases[i]) == 0);
        }
    }
    struct threshold raised = level_threshold(100, three_quarters, 26);
    assert_int_equal(quorum_size(100, raised), 90);
}

static void names_then_stable(void **state) {
    (void)state;
    static const char *const names[LEVELS] = {"connected", "degraded", "major", "severe"};
    for (int level = 0; level < LEVELS; level++) {
        assert_string_equal(level_name((enum level)level), names[level]);
        assert_int_equal(level_is_apart((enum level)level), level >= 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries_then_the_level_of_the_table),
        cmocka_unit_test(every_size_then_in_hundredths_of_the_group),
        cmocka_unit_test(one_more_than_may_be_missing_then_raised),
        cmocka_unit_test(names_then_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
