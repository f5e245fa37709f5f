/* Tests of calibration/fixed.h: the tables against the definition by exact inequalities in integers, and rounding. */
#include "fixture.h"

static struct fixed_tables tables;

static int fill_tables(void **state) {
    (void)state;
    fixed_tables_init(&tables);
    return 0;
}

static void powers_of_two_then_exact_logarithms(void **state) {
    (void)state;
    for (uint32_t e = 0; e < 50; e++) assert_int_equal(fixed_log2(&tables, UINT64_C(1) << e), e * FIXED_ONE);
}

/* log2(3) = 1.58496250, log2(10) = 3.32192809, log2(1000003) = 19.93157290. */
static void known_numbers_then_known_logarithms(void **state) {
    (void)state;
    assert_int_equal(fixed_log2(&tables, 3), 6492);
    assert_int_equal(fixed_log2(&tables, 10), 13606);
    assert_in_range(fixed_log2(&tables, 1000003), 81637, 81639);
    assert_in_range(fixed_log2(&tables, (UINT64_C(1) << 50) - 1), 50 * FIXED_ONE - 2, 50 * FIXED_ONE - 1);
}

static void larger_number_then_no_smaller_logarithm(void **state) {
    (void)state;
    for (uint64_t x = 2; x < 20000; x++) assert_true(fixed_log2(&tables, x - 1) <= fixed_log2(&tables, x));
}

/* 2^(-f/4096) * 2^(-(4096-f)/4096) = 1/2: two entries, each rounded down by less than one, multiply to just below. */
static void complementary_fractions_then_powers_multiply_to_a_half(void **state) {
    (void)state;
    assert_int_equal(tables.exp[0], 65536);
    assert_int_equal(tables.exp[2048], 46340);
    for (uint32_t f = 1; f < FIXED_ONE; f++) {
        uint64_t a = tables.exp[f];
        uint64_t b = tables.exp[FIXED_ONE - f];
        assert_true(a < tables.exp[f - 1]);
        assert_true(a * b <= UINT64_C(1) << 31);
        assert_true((a + 2) * (b + 2) > UINT64_C(1) << 31);
    }
}

static void any_scores_then_shares_sum_to_one_and_keep_their_order(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct prng prng = prng_seeded(seed);
        int64_t score[HYPOTHESES_MAX];
        uint16_t share[HYPOTHESES_MAX];
        uint32_t count = 1 + (uint32_t)prng_below(&prng, HYPOTHESES_MAX);
        uint32_t sum = 0;
        for (uint32_t i = 0; i < count; i++) score[i] = (int64_t)prng_below(&prng, 200000) - 100000;
        fixed_softmax(&tables, score, count, share);
        for (uint32_t i = 0; i < count; i++) {
            sum += share[i];
            for (uint32_t j = 0; j < count; j++) assert_seeded(score[i] <= score[j] || share[i] >= share[j], seed);
        }
        assert_seeded(sum == FIXED_ONE, seed);
    }
}

static void equal_scores_then_the_rest_goes_to_the_first(void **state) {
    (void)state;
    const int64_t score[] = {-7, 5, 5, 5};
    uint16_t share[4];
    fixed_softmax(&tables, score + 1, 3, share);
    assert_int_equal(share[0], 1366);
    assert_int_equal(share[1], 1365);
    assert_int_equal(share[2], 1365);
    fixed_softmax(&tables, score, 4, share);
    assert_true(share[0] < share[2]);
    assert_true(share[1] > share[2] && share[2] == share[3]);
}

static void seventeen_bits_below_then_no_share(void **state) {
    (void)state;
    const int64_t far[] = {0, -17 * FIXED_ONE};
    const int64_t one_bit[] = {-FIXED_ONE, 0};
    uint16_t share[2];
    fixed_softmax(&tables, far, 2, share);
    assert_int_equal(share[0], FIXED_ONE);
    fixed_softmax(&tables, one_bit, 2, share);
    assert_int_equal(share[0], 1365);
    assert_int_equal(share[1], 2731);
}

static void any_number_then_its_root_is_the_floor(void **state) {
    (void)state;
    assert_int_equal(fixed_root(0), 0);
    assert_true(fixed_root(~(uint128)0) == UINT64_MAX);
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        struct prng prng = prng_seeded(seed);
        uint128 x = ((uint128)prng_next(&prng) << 64 | prng_next(&prng)) >> prng_below(&prng, 128);
        uint128 root = fixed_root(x);
        assert_seeded(root * root <= x, seed);
        assert_seeded(root == UINT64_MAX || (root + 1) * (root + 1) > x, seed);
    }
    for (uint64_t root = 1; root < 3000; root++) {
        assert_int_equal(fixed_root(root * root), root);
        assert_int_equal(fixed_root(root * root - 1), root - 1);
    }
}

static void negative_numbers_then_rounded_down(void **state) {
    (void)state;
    assert_int_equal(fixed_divide(-1, 819), -1);
    assert_int_equal(fixed_divide(-819, 819), -1);
    assert_int_equal(fixed_divide(-820, 819), -2);
    assert_int_equal(fixed_divide(818, 819), 0);
    assert_int_equal(fixed_shift(-1), -1);
    assert_int_equal(fixed_shift(-4096), -1);
    assert_int_equal(fixed_shift(-4097), -2);
    assert_int_equal(fixed_shift(4095), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_two_then_exact_logarithms),
        cmocka_unit_test(known_numbers_then_known_logarithms),
        cmocka_unit_test(larger_number_then_no_smaller_logarithm),
        cmocka_unit_test(complementary_fractions_then_powers_multiply_to_a_half),
        cmocka_unit_test(any_scores_then_shares_sum_to_one_and_keep_their_order),
        cmocka_unit_test(equal_scores_then_the_rest_goes_to_the_first),
        cmocka_unit_test(seventeen_bits_below_then_no_share),
        cmocka_unit_test(any_number_then_its_root_is_the_floor),
        cmocka_unit_test(negative_numbers_then_rounded_down),
    };
    return cmocka_run_group_tests(tests, fill_tables, NULL);
}
