/* Quorum arithmetic: the protocol's table, the boundary with one below and one above it, and the definitions checked
 * by plain counting for every n. */
#include "quorum/quorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"

static const struct threshold three_quarters = {3, 4};
static const struct threshold nine_tenths = {9, 10};

static void table_of_the_protocol_then_these_numbers(void **state) {
    (void)state;
    static const struct {
        uint32_t n, quorum, safe, live, quorum_nine_tenths;
    } rows[] = {{4, 3, 1, 1, 4}, {5, 4, 2, 1, 5}, {8, 6, 3, 2, 8}, {16, 12, 7, 4, 15}, {100, 75, 49, 25, 90}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(quorum_size(rows[i].n, three_quarters), rows[i].quorum);
        assert_int_equal(quorum_safe(rows[i].n, three_quarters), rows[i].safe);
        assert_int_equal(quorum_live(rows[i].n, three_quarters), rows[i].live);
        assert_int_equal(quorum_available(rows[i].n, three_quarters), rows[i].safe + 1);
        assert_int_equal(quorum_size(rows[i].n, nine_tenths), rows[i].quorum_nine_tenths);
    }
}

static void heads_at_one_below_and_one_above_the_boundary_then_met_or_not(void **state) {
    (void)state;
    static const struct {
        uint32_t n, three_quarters, nine_tenths, all;
    } rows[] = {{4, 3, 4, 4}, {5, 4, 5, 5},   {6, 5, 6, 6},      {7, 6, 7, 7},
                {8, 6, 8, 8}, {10, 8, 9, 10}, {100, 75, 90, 100}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct {
            struct threshold threshold;
            uint32_t quorum;
        } cases[] = {
            {three_quarters, rows[i].three_quarters}, {nine_tenths, rows[i].nine_tenths}, {{1, 1}, rows[i].all}};
        for (size_t j = 0; j < 3; j++) {
            uint32_t n = rows[i].n, quorum = cases[j].quorum;
            assert_false(quorum_met(quorum - 1, n, cases[j].threshold));
            assert_true(quorum_met(quorum, n, cases[j].threshold));
            if (quorum < n) assert_true(quorum_met(quorum + 1, n, cases[j].threshold));
        }
    }
}

static void every_size_then_the_definitions_hold(void **state) {
    (void)state;
    static const struct threshold thresholds[] = {{667, 1000}, {7, 10}, {3, 4}, {4, 5}, {9, 10}, {999, 1000}, {1, 1}};
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        struct threshold t = thresholds[i];
        for (uint32_t n = 1; n <= MEMBERS_MAX; n++) {
            uint32_t quorum = 0;
            while (quorum * t.denominator < n * t.numerator) quorum++;
            assert_int_equal(quorum_size(n, t), quorum);
            assert_true(quorum <= n && quorum >= 1);
            /* Two quorums share a member who is not one of `safe` liars; one more liar and they need not. */
            uint32_t safe = quorum_safe(n, t);
            assert_true(quorum + quorum > n + safe);
            assert_false(quorum + quorum > n + safe + 1);
            assert_true(n - quorum_live(n, t) == quorum);
            assert_true(quorum_live(n, t) <= safe);
        }
    }
}

static void threshold_within_range_then_accepted_else_refused(void **state) {
    (void)state;
    static const struct threshold good[] = {{3, 4}, {1, 1}, {9, 10}, {667, 1000}, {1000, 1000}, {668, 1000}, {6, 8}};
    static const struct threshold bad[] = {{2, 3},
                                           {666, 1000},
                                           {1, 2},
                                           {0, 1},
                                           {0, 0},
                                           {1, 0},
                                           {5, 4},
                                           {1001, 1000},
                                           {751, 1001},
                                           {1001, 1001},
                                           {3, 0},
                                           {664, 996},
                                           {UINT32_MAX, UINT32_MAX},
                                           {UINT32_MAX, 1}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_int_equal(threshold_check(good[i]), STATUS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(threshold_check(bad[i]), STATUS_BAD_VALUE);
    }
    assert_int_equal(threshold_check(THRESHOLD_DEFAULT), STATUS_OK);
}

static void text_of_a_threshold_then_read(void **state) {
    (void)state;
    struct threshold threshold = {0, 0};
    assert_int_equal(threshold_parse(slice_of_text("3/4"), &threshold), STATUS_OK);
    assert_int_equal(threshold.numerator, 3);
    assert_int_equal(threshold.denominator, 4);
    assert_int_equal(threshold_parse(slice_of_text("1000/1000"), &threshold), STATUS_OK);
    assert_int_equal(threshold.numerator, 1000);
    assert_int_equal(threshold.denominator, 1000);
    assert_int_equal(threshold_parse(slice_of("9/10 and more", 4), &threshold), STATUS_OK);
    assert_int_equal(threshold.denominator, 10);
}

static void other_text_then_refused_and_output_untouched(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"", STATUS_BAD_FORMAT},
        {"3", STATUS_BAD_FORMAT},
        {"3/", STATUS_BAD_FORMAT},
        {"/4", STATUS_BAD_FORMAT},
        {" 3/4", STATUS_BAD_FORMAT},
        {"3/4 ", STATUS_BAD_FORMAT},
        {"3 /4", STATUS_BAD_FORMAT},
        {"+3/4", STATUS_BAD_FORMAT},
        {"-3/4", STATUS_BAD_FORMAT},
        {"03/4", STATUS_BAD_FORMAT},
        {"3/04", STATUS_BAD_FORMAT},
        {"3/4/5", STATUS_BAD_FORMAT},
        {"0.75", STATUS_BAD_FORMAT},
        {"75%", STATUS_BAD_FORMAT},
        {"3//4", STATUS_BAD_FORMAT},
        {"2/3", STATUS_BAD_VALUE},
        {"0/1", STATUS_BAD_VALUE},
        {"1/0", STATUS_BAD_VALUE},
        {"5/4", STATUS_BAD_VALUE},
        {"801/1001", STATUS_BAD_VALUE},
        {"4294967299/4", STATUS_BAD_VALUE},
        {"3/4294967300", STATUS_BAD_VALUE},
        {"99999999999999999999999/99999999999999999999999", STATUS_BAD_VALUE},
    };
    struct threshold threshold = {11, 12};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(threshold_parse(slice_of_text(cases[i].text), &threshold), cases[i].status);
        assert_int_equal(threshold.numerator, 11);
        assert_int_equal(threshold.denominator, 12);
    }
}

static void thresholds_compared_then_by_value(void **state) {
    (void)state;
    assert_int_equal(threshold_compare(three_quarters, (struct threshold){6, 8}), 0);
    assert_true(threshold_compare(three_quarters, nine_tenths) < 0);
    assert_true(threshold_compare((struct threshold){1, 1}, nine_tenths) > 0);
    assert_true(threshold_compare((struct threshold){667, 1000}, (struct threshold){2, 3}) > 0);
    assert_true(threshold_compare((struct threshold){UINT32_MAX, UINT32_MAX - 1}, (struct threshold){1, 1}) > 0);
}

static void assert_raised(struct threshold base, uint32_t numerator, uint32_t denominator) {
    struct threshold raised = threshold_raised(base);
    assert_int_equal(raised.numerator, numerator);
    assert_int_equal(raised.denominator, denominator);
}

static void base_raised_then_fifteen_hundredths_more_up_to_nine_tenths(void **state) {
    (void)state;
    assert_raised(three_quarters, 9, 10);
    assert_raised((struct threshold){6, 8}, 9, 10);
    assert_raised((struct threshold){7, 10}, 17, 20);
    assert_raised((struct threshold){667, 1000}, 817, 1000);
    assert_raised((struct threshold){4, 5}, 9, 10);
    assert_raised((struct threshold){9, 10}, 9, 10);
    assert_raised((struct threshold){18, 20}, 18, 20);
    assert_raised((struct threshold){19, 20}, 19, 20);
    assert_raised((struct threshold){1, 1}, 1, 1);
    /* 670/997 + 3/20 = 16391/19940 = 0.82201..., up to the next thousandth. */
    assert_raised((struct threshold){670, 997}, 823, 1000);
}

static void any_base_raised_then_allowed_and_never_below(void **state) {
    (void)state;
    for (uint32_t denominator = 1; denominator <= THRESHOLD_DENOMINATOR_MAX; denominator++) {
        for (uint32_t numerator = 2 * denominator / 3; numerator <= denominator; numerator++) {
            struct threshold base = {numerator, denominator};
            if (threshold_check(base) != STATUS_OK) continue;
            struct threshold raised = threshold_raised(base);
            assert_int_equal(threshold_check(raised), STATUS_OK);
            assert_true(threshold_compare(raised, base) >= 0);
            struct threshold sum = {20 * numerator + 3 * denominator, 20 * denominator};
            struct threshold least = threshold_compare(sum, nine_tenths) < 0 ? sum : nine_tenths;
            assert_true(threshold_compare(raised, least) >= 0);
            if (threshold_compare(base, nine_tenths) <= 0) assert_true(threshold_compare(raised, nine_tenths) <= 0);
        }
    }
}

static void weight_at_one_below_and_one_above_three_quarters_then_met_or_not(void **state) {
    (void)state;
    static const uint64_t totals[] = {
        4, 5, 6, 7, 8, 10, 100, UINT64_C(1) << 32, UINT64_MAX / 4, UINT64_MAX - 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        uint64_t total = totals[i];
        /* The smallest w with 4 w >= 3 W, without overflow: W less the floor of its quarter. */
        uint64_t least = total - total / 4;
        assert_false(quorum_weight_met(least - 1, total, three_quarters));
        assert_true(quorum_weight_met(least, total, three_quarters));
        if (least < total) assert_true(quorum_weight_met(least + 1, total, three_quarters));
        assert_true(quorum_weight_met(total, total, (struct threshold){1, 1}));
        assert_false(quorum_weight_met(total - 1, total, (struct threshold){1, 1}));
    }
}

static void no_weight_at_all_then_not_met(void **state) {
    (void)state;
    assert_false(quorum_weight_met(0, 0, three_quarters));
    assert_false(quorum_weight_met(0, 1, three_quarters));
    assert_true(quorum_weight_met(1, 1, three_quarters));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_the_protocol_then_these_numbers),
        cmocka_unit_test(heads_at_one_below_and_one_above_the_boundary_then_met_or_not),
        cmocka_unit_test(every_size_then_the_definitions_hold),
        cmocka_unit_test(threshold_within_range_then_accepted_else_refused),
        cmocka_unit_test(text_of_a_threshold_then_read),
        cmocka_unit_test(other_text_then_refused_and_output_untouched),
        cmocka_unit_test(thresholds_compared_then_by_value),
        cmocka_unit_test(base_raised_then_fifteen_hundredths_more_up_to_nine_tenths),
        cmocka_unit_test(any_base_raised_then_allowed_and_never_below),
        cmocka_unit_test(weight_at_one_below_and_one_above_three_quarters_then_met_or_not),
        cmocka_unit_test(no_weight_at_all_then_not_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
