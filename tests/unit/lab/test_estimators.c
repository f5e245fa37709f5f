/* Estimators against values that can be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/estimators.h"

static double of(enum estimator estimator, int64_t cap, uint32_t count, const int64_t *values) {
    int64_t copy[MEMBERS_MAX];
    memcpy(copy, values, count * sizeof *copy);
    return estimator_location(estimator, copy, count, cap);
}

static void each_estimator_gives_what_a_hand_computes(void **state) {
    const int64_t values[] = {4, -100, 2, 3, 5, 8, 6, 40};
    (void)state;
    assert_true(of(ESTIMATOR_MEAN, 1, 8, values) == -4.0);
    assert_true(of(ESTIMATOR_MEDIAN, 1, 8, values) == 4.5);
    /* Two of eight go at either end: 3, 4, 5, 6 are left. */
    assert_true(of(ESTIMATOR_TRIMMED, 1, 8, values) == 4.5);
    /* With a cap of 10 only -100 and 40 are clipped, and cancel: (2 + 3 + 4 + 5 + 6 + 8) / 6. */
    assert_true(of(ESTIMATOR_HUBER, 10, 8, values) == 28.0 / 6);
}

static void the_median_of_an_odd_number_is_the_middle_one(void **state) {
    const int64_t values[] = {9, 1, 5};
    (void)state;
    assert_true(of(ESTIMATOR_MEDIAN, 1, 3, values) == 5);
}

static void a_large_cap_makes_huber_the_mean_and_a_small_one_not(void **state) {
    const int64_t values[] = {1, 2, 3, 90};
    (void)state;
    assert_true(of(ESTIMATOR_HUBER, 1000, 4, values) == of(ESTIMATOR_MEAN, 1, 4, values));
    assert_true(of(ESTIMATOR_HUBER, 2, 4, values) < 4);
}

static void one_wild_value_moves_the_mean_alone_without_bound(void **state) {
    int64_t values[] = {1, 2, 3, 4, 5};
    (void)state;
    for (uint32_t e = 0; e < ESTIMATOR_MACHINE; e++) {
        values[4] = 5;
        double before = of((enum estimator)e, 2, 5, values);
        values[4] = 1000000;
        double moved = of((enum estimator)e, 2, 5, values) - before;
        assert_true(e == ESTIMATOR_MEAN ? moved > 100000 : moved <= 2);
    }
}

static void every_estimator_has_a_name_of_its_own(void **state) {
    (void)state;
    for (uint32_t e = 1; e < ESTIMATORS; e++)
        assert_string_not_equal(estimator_name((enum estimator)e), estimator_name((enum estimator)(e - 1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_estimator_gives_what_a_hand_computes),
        cmocka_unit_test(the_median_of_an_odd_number_is_the_middle_one),
        cmocka_unit_test(a_large_cap_makes_huber_the_mean_and_a_small_one_not),
        cmocka_unit_test(one_wild_value_moves_the_mean_alone_without_bound),
        cmocka_unit_test(every_estimator_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
