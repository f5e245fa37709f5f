#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/prng.h"
#include "standing/reputation.h"

enum { ONE = 65536 };

static void newcomer_then_full(void **state) {
    (void)state;
    struct reputation reputation = {0};
    assert_int_equal(reputation_value(&reputation), ONE);
    reputation_epoch(&reputation);
    assert_int_equal(reputation_value(&reputation), ONE);
}

static void only_good_then_exactly_full(void **state) {
    (void)state;
    struct reputation reputation = {0};
    for (int epoch = 0; epoch < 1000; epoch++) {
        reputation_add(&reputation, ONE, 0);
        reputation_epoch(&reputation);
        assert_int_equal(reputation_value(&reputation), ONE);
    }
}

static void events_of_an_epoch_then_counted_at_its_end(void **state) {
    (void)state;
    struct reputation reputation = {0};
    reputation_add(&reputation, 0, 8 * ONE);
    assert_int_equal(reputation_value(&reputation), ONE);
    reputation_epoch(&reputation);
    /* 8 / (8 + 8) */
    assert_int_equal(reputation_value(&reputation), ONE / 2);
}

static void one_missing_answer_among_many_right_then_costs_little(void **state) {
    (void)state;
    struct reputation reputation = {0};
    for (int epoch = 0; epoch < 500; epoch++) {
        reputation_add(&reputation, ONE, 0);
        reputation_epoch(&reputation);
    }
    reputation_add(&reputation, 0, ONE);
    reputation_epoch(&reputation);
    /* 64 good counts fade to 63: 71/72 of the weight stays. */
    assert_in_range(reputation_value(&reputation), ONE * 70 / 72, ONE * 71 / 72);
}

static void sin_then_half_forgotten_in_forty_four_epochs(void **state) {
    (void)state;
    struct reputation reputation = {0};
    reputation_add(&reputation, 0, 64 * ONE);
    reputation_epoch(&reputation);
    assert_int_equal(reputation_value(&reputation), ONE * 8 / 72);
    for (int epoch = 0; epoch < 44; epoch++) reputation_epoch(&reputation);
    /* 64 * (63/64)^44 = 32.003 */
    assert_in_range(reputation_value(&reputation), ONE * 8 / 40 - 20, ONE * 8 / 40 + 20);
}

static void sin_then_gone_after_long_enough(void **state) {
    (void)state;
    struct reputation reputation = {0};
    reputation_add(&reputation, 0, UINT64_MAX);
    reputation_epoch(&reputation);
    assert_true(reputation_value(&reputation) < 10);
    assert_true(reputation_value(&reputation) > 0);
    for (int epoch = 0; epoch < 2000; epoch++) reputation_epoch(&reputation);
    assert_int_equal(reputation_value(&reputation), ONE);
}

static void largest_counts_for_ever_then_saturated_and_in_range(void **state) {
    (void)state;
    struct reputation reputation = {0};
    for (int epoch = 0; epoch < 3000; epoch++) {
        for (int event = 0; event < 3; event++) reputation_add(&reputation, UINT64_MAX, UINT64_MAX);
        reputation_epoch(&reputation);
        assert_true(reputation.a <= REPUTATION_COUNT_MAX && reputation.b <= REPUTATION_COUNT_MAX);
        assert_in_range(reputation_value(&reputation), ONE / 2, ONE / 2 + 16);
    }
}

static void random_events_then_as_the_real_numbers_say(void **state) {
    (void)state;
    uint64_t seed = 20;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    struct reputation reputation = {0};
    double a = 0, b = 0;
    for (int epoch = 0; epoch < 5000; epoch++) {
        double good = 0, bad = 0;
        for (uint64_t events = prng_below(&prng, 4); events > 0; events--) {
            uint64_t right = prng_below(&prng, ONE + 1), wrong = prng_below(&prng, ONE + 1);
            reputation_add(&reputation, right, wrong);
            good += (double)right / ONE;
            bad += (double)wrong / ONE;
        }
        reputation_epoch(&reputation);
        a = a * 63 / 64 + good;
        b = b * 63 / 64 + bad;
        /* 64 roundings of a bit each stand in a count. */
        assert_true(fabs((a + 8) / (a + b + 8) * ONE - reputation_value(&reputation)) < 2);
    }
}

static void certain_truth_and_certain_lie_then_the_ends_of_the_range(void **state) {
    (void)state;
    const uint32_t sure[] = {0, ONE, 0};
    assert_int_equal(canary_gain(sure, 3, 1), ONE);
    assert_int_equal(canary_gain(sure, 3, 0), -ONE);
    const uint32_t even[] = {ONE / 2, ONE / 2};
    assert_int_equal(canary_gain(even, 2, 0), ONE / 2);
    /* 1 - (0.3^2 + 0.1^2 + 0.2^2) = 0.86 */
    const uint32_t three[] = {45875, 6554, 13107};
    assert_in_range(canary_gain(three, 3, 0), 56359, 56363);
}

static void probabilities_rounded_up_then_still_scored(void **state) {
    (void)state;
    const uint32_t rounded_up[] = {ONE / 2 + 1, ONE / 2 + 1};
    assert_in_range(canary_gain(rounded_up, 2, 0), ONE / 2 - 2, ONE / 2 + 2);
    uint32_t all[HYPOTHESES_MAX];
    for (uint32_t j = 0; j < HYPOTHESES_MAX; j++) all[j] = ONE / HYPOTHESES_MAX;
    assert_in_range(canary_gain(all, HYPOTHESES_MAX, 63), 1023, 1025 + 1024);
}

/* The expected gain of telling q when one believes p is largest for q = p. */
static double expected(const uint32_t *belief, const uint32_t *told, uint32_t k) {
    double sum = 0;
    for (uint32_t truth = 0; truth < k; truth++) sum += (double)belief[truth] / ONE * canary_gain(told, k, truth);
    return sum;
}

static void random_probabilities(struct prng *prng, uint32_t k, uint32_t *ret_probability) {
    uint64_t parts[HYPOTHESES_MAX], sum = 0;
    for (uint32_t j = 0; j < k; j++) sum += parts[j] = 1 + prng_below(prng, 1000);
    for (uint32_t j = 0; j < k; j++) ret_probability[j] = (uint32_t)(parts[j] * ONE / sum);
}

static void any_other_report_than_the_belief_then_no_better(void **state) {
    (void)state;
    uint64_t seed = 21;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    for (int round = 0; round < 5000; round++) {
        uint32_t k = 2 + (uint32_t)prng_below(&prng, 5);
        uint32_t belief[HYPOTHESES_MAX], told[HYPOTHESES_MAX];
        random_probabilities(&prng, k, belief);
        random_probabilities(&prng, k, told);
        assert_true(expected(belief, told, k) <= expected(belief, belief, k) + 4);
    }
}

static void canaries_then_reputation_linear_in_the_score(void **state) {
    (void)state;
    for (int32_t gain = -ONE; gain <= ONE; gain += ONE / 8) {
        struct reputation reputation = {0};
        for (int epoch = 0; epoch < 2000; epoch++) {
            reputation_add_canary(&reputation, gain);
            reputation_epoch(&reputation);
        }
        /* 64 events stand; of 72 with the prior, 64 * (1 + gain) / 2 + 8 are good. */
        double right = (64 * (1 + (double)gain / ONE) / 2 + 8) / 72;
        assert_true(fabs(right * ONE - reputation_value(&reputation)) < 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcomer_then_full),
        cmocka_unit_test(only_good_then_exactly_full),
        cmocka_unit_test(events_of_an_epoch_then_counted_at_its_end),
        cmocka_unit_test(one_missing_answer_among_many_right_then_costs_little),
        cmocka_unit_test(sin_then_half_forgotten_in_forty_four_epochs),
        cmocka_unit_test(sin_then_gone_after_long_enough),
        cmocka_unit_test(largest_counts_for_ever_then_saturated_and_in_range),
        cmocka_unit_test(random_events_then_as_the_real_numbers_say),
        cmocka_unit_test(certain_truth_and_certain_lie_then_the_ends_of_the_range),
        cmocka_unit_test(probabilities_rounded_up_then_still_scored),
        cmocka_unit_test(any_other_report_than_the_belief_then_no_better),
        cmocka_unit_test(canaries_then_reputation_linear_in_the_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
