#include "oracle.h"

#include "base/prng.h"
#include "belief/huber.h"

static struct ratio locate(const int64_t *x, const uint32_t *w, size_t n, int64_t cap) {
    struct huber_point scratch[MEMBERS_MAX];
    struct ratio location;
    huber_location(x, w, n, cap, scratch, &location);
    return location;
}

static bool is(struct ratio value, int64_t numerator, int64_t denominator) {
    return ratio_compare(value, (struct ratio){numerator, denominator}) == 0;
}

static bool same(struct ratio a, struct oracle_ratio b) {
    return (wide)a.numerator * b.denominator == b.numerator * (wide)a.denominator;
}

static const uint32_t ones[8] = {65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536};

static void known_values_then_known_locations(void **state) {
    (void)state;
    const int64_t one[] = {-7};
    const int64_t three[] = {0, 1, 100};
    const int64_t two[] = {0, 100};
    const int64_t four[] = {0, 1, 1000, 1001};
    assert_true(is(locate(one, ones, 1, 5), -7, 1));
    /* (0 - t) + (1 - t) + 10 = 0 */
    assert_true(is(locate(three, ones, 3, 10), 11, 2));
    /* F is zero from 10 to 90. */
    assert_true(is(locate(two, ones, 2, 10), 50, 1));
    /* F is zero from 11 to 990: the midpoint is not an integer. */
    assert_true(is(locate(four, ones, 4, 10), 1001, 2));
}

static void cap_beyond_the_spread_then_the_weighted_mean(void **state) {
    (void)state;
    const int64_t x[] = {3, -8, 14, 2};
    const uint32_t w[] = {1, 2, 3, 4};
    assert_true(is(locate(x, w, 4, 1000), 3 - 16 + 42 + 8, 10));
}

static void cap_of_one_quantum_then_about_the_median(void **state) {
    (void)state;
    const int64_t x[] = {-1000000, 40, 41, 900000, 950000};
    struct ratio location = locate(x, ones, 5, 1);
    assert_true(ratio_compare(location, (struct ratio){40, 1}) >= 0);
    assert_true(ratio_compare(location, (struct ratio){42, 1}) <= 0);
}

static void weight_zero_then_ignored(void **state) {
    (void)state;
    const int64_t with[] = {5, 1000000, 9};
    const uint32_t weights[] = {65536, 0, 65536};
    assert_true(is(locate(with, weights, 3, 3), 7, 1));
}

static void random_values_then_equal_to_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60000; seed++) {
        struct prng prng = prng_seeded(seed);
        size_t n = 1 + prng_below(&prng, 12);
        int64_t range = (int64_t)1 << prng_below(&prng, 7);
        int64_t cap = 1 + (int64_t)prng_below(&prng, (uint64_t)range);
        uint64_t heaviest = 1 + prng_below(&prng, 4);
        int64_t x[12];
        uint32_t w[12];
        for (size_t i = 0; i < n; i++) {
            x[i] = prng_between(&prng, -range, range);
            w[i] = (uint32_t)prng_below(&prng, heaviest + 1);
        }
        w[0] = 1;
        assert_seeded(same(locate(x, w, n, cap), oracle_location(x, w, n, cap)), seed);
    }
}

static int64_t rounded(struct oracle_ratio value) {
    struct ratio ratio = {(int128)value.numerator, (int64_t)value.denominator};
    return (int64_t)ratio_round(ratio, 1, 1);
}

static void each_point_left_out_then_the_location_of_the_others(void **state) {
    (void)state;
    static struct huber_steps steps;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        struct prng prng = prng_seeded(seed);
        size_t n = 1 + prng_below(&prng, 9);
        int64_t range = (int64_t)1 << prng_below(&prng, 7);
        int64_t cap = 1 + (int64_t)prng_below(&prng, (uint64_t)range);
        uint64_t heaviest = 1 + prng_below(&prng, 4);
        struct huber_point points[9];
        int64_t x[9];
        int64_t without[9];
        uint32_t w[9];
        for (size_t i = 0; i < n; i++) {
            x[i] = prng_between(&prng, -range, range);
            w[i] = (uint32_t)prng_below(&prng, heaviest + 1);
        }
        w[0] = 1;
        struct huber_sample sample = huber_sample_of(x, w, n, cap, points);
        huber_without(&sample, x, w, n, &steps, without);
        for (size_t i = 0; i < n; i++) {
            uint32_t kept = w[i];
            uint64_t rest = 0;
            w[i] = 0;
            for (size_t o = 0; o < n; o++) rest += w[o];
            int64_t expected = rest == 0 ? x[i] : rounded(oracle_location(x, w, n, cap));
            assert_seeded(without[i] == expected, seed);
            w[i] = kept;
        }
    }
}

static void order_shift_and_mirror_then_location_follows(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct prng prng = prng_seeded(seed);
        size_t n = 1 + prng_below(&prng, MEMBERS_MAX);
        int64_t cap = prng_between(&prng, 1, HUBER_CAP_MAX);
        int64_t shift = prng_between(&prng, -1000000, 1000000);
        int64_t x[MEMBERS_MAX];
        int64_t moved[MEMBERS_MAX];
        int64_t mirrored[MEMBERS_MAX];
        uint32_t w[MEMBERS_MAX];
        for (size_t i = 0; i < n; i++) {
            x[i] = prng_between(&prng, -TOTAL_LIMIT_QUANTA / 2, TOTAL_LIMIT_QUANTA / 2);
            w[i] = 1 + (uint32_t)prng_below(&prng, HUBER_WEIGHT_MAX);
        }
        struct ratio before = locate(x, w, n, cap);
        for (size_t i = n; i-- > 1;) {
            size_t j = prng_below(&prng, i + 1);
            int64_t value = x[i];
            uint32_t weight = w[i];
            x[i] = x[j], w[i] = w[j];
            x[j] = value, w[j] = weight;
        }
        for (size_t i = 0; i < n; i++) {
            moved[i] = x[i] + shift;
            mirrored[i] = -x[i];
        }
        struct ratio shuffled = locate(x, w, n, cap);
        assert_seeded(shuffled.numerator == before.numerator && shuffled.denominator == before.denominator, seed);
        struct ratio expected = {before.numerator + (int128)shift * before.denominator, before.denominator};
        assert_seeded(ratio_compare(locate(moved, w, n, cap), expected) == 0, seed);
        expected.numerator = -before.numerator;
        assert_seeded(ratio_compare(locate(mirrored, w, n, cap), expected) == 0, seed);
    }
}

static void largest_of_everything_then_nothing_overflows(void **state) {
    (void)state;
    int64_t x[MEMBERS_MAX];
    uint32_t w[MEMBERS_MAX];
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        x[i] = i % 3 == 0 ? -TOTAL_LIMIT_QUANTA : TOTAL_LIMIT_QUANTA;
        w[i] = HUBER_WEIGHT_MAX;
    }
    struct ratio location = locate(x, w, MEMBERS_MAX, HUBER_CAP_MAX);
    assert_true(ratio_compare(location, (struct ratio){TOTAL_LIMIT_QUANTA, 1}) < 0);
    assert_true(ratio_compare(location, (struct ratio){TOTAL_LIMIT_QUANTA - HUBER_CAP_MAX, 1}) >= 0);
    assert_true(ratio_round(location, INT64_C(256) * 2 * 65536 * 1000, INT64_C(65536) * 1000) > 0);
}

/* For a share e < 1/2 of liars and p = 1 / (2 (1 - e)), T stays within the honest quantiles at 1 - p and p, give or
 * take the cap: with one liar among five, no further than the honest extremes and the cap. */
static void one_huge_liar_then_location_stays_with_the_honest(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct prng prng = prng_seeded(seed);
        int64_t x[5];
        for (size_t i = 0; i < 4; i++) x[i] = prng_between(&prng, -100, 100);
        x[4] = seed % 2 == 0 ? TOTAL_LIMIT_QUANTA : -TOTAL_LIMIT_QUANTA;
        struct ratio location = locate(x, ones, 5, 50);
        assert_seeded(ratio_compare(location, (struct ratio){150, 1}) <= 0, seed);
        assert_seeded(ratio_compare(location, (struct ratio){-150, 1}) >= 0, seed);
    }
}

static void rounding_then_to_nearest_with_ties_to_even(void **state) {
    (void)state;
    for (int64_t numerator = -40; numerator <= 40; numerator++) {
        for (int64_t denominator = 1; denominator <= 8; denominator++) {
            for (int64_t multiplier = 1; multiplier <= 3; multiplier++) {
                struct ratio value = {numerator, denominator};
                assert_true(ratio_round(value, multiplier, 2) ==
                            oracle_round(numerator * multiplier, denominator * 2));
            }
        }
    }
}

static void turned_points_hold_half_then_no_zero(void **state) {
    (void)state;
    struct huber_point points[4];
    const int64_t x[] = {1, 2, 3, 4};
    const uint8_t two[] = {1, 0, 1, 0};
    const uint8_t single[] = {1, 0, 0, 0};
    struct huber_sample sample = huber_sample_of(x, ones, 4, 10, points);
    struct huber_zeros zeros;
    assert_false(huber_zeros(&sample, two, &zeros));
    assert_true(huber_zeros(&sample, single, &zeros));
    /* (2 - t) + (3 - t) + (4 - t) - 10 = 0 */
    assert_true(is(zeros.left, -1, 3) && is(zeros.right, -1, 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_then_known_locations),
        cmocka_unit_test(cap_beyond_the_spread_then_the_weighted_mean),
        cmocka_unit_test(cap_of_one_quantum_then_about_the_median),
        cmocka_unit_test(weight_zero_then_ignored),
        cmocka_unit_test(random_values_then_equal_to_the_definition),
        cmocka_unit_test(each_point_left_out_then_the_location_of_the_others),
        cmocka_unit_test(order_shift_and_mirror_then_location_follows),
        cmocka_unit_test(largest_of_everything_then_nothing_overflows),
        cmocka_unit_test(one_huge_liar_then_location_stays_with_the_honest),
        cmocka_unit_test(rounding_then_to_nearest_with_ties_to_even),
        cmocka_unit_test(turned_points_hold_half_then_no_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
