/* Tests of verifier/probability.h. The expected probabilities were computed apart, to sixty digits; random beliefs are
 * compared with the exponentials of libm. */
#include "verifier/probability.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

static struct record_belief belief_of(const int64_t *log_odds, uint32_t count) {
    struct record_belief belief = {.hypotheses_count = count};
    for (uint32_t i = 0; i < count; i++) belief.log_odds[i] = log_odds[i];
    return belief;
}

static void known_beliefs_then_the_last_of_eleven_places_decides(void **state) {
    (void)state;
    static const struct {
        int64_t log_odds[4];
        uint32_t count;
        int64_t reached; /* the probability, rounded down and up at the eleventh place or finer */
        int64_t missed;
    } rows[] = {
        {{0, -1}, 2, INT64_C(500000000249900000), INT64_C(500000000250100000)},
        {{0, -3000000000}, 2, INT64_C(952574126822400000), INT64_C(952574126822500000)},
        {{0, -2197224577}, 2, INT64_C(899999999969700000), INT64_C(899999999969800000)},
        {{0, -63999999999, -1, -5}, 4, INT64_C(333333333999000000), INT64_C(333333334001000000)},
        {{-7, 0, -123456789012, -1}, 4, INT64_C(333333334222000000), INT64_C(333333334223000000)},
        {{0, -64000000000}, 2, INT64_C(999999999990000000), PROBABILITY_ONE},
        {{0, INT64_MIN}, 2, INT64_C(999999999990000000), PROBABILITY_ONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record_belief belief = belief_of(rows[i].log_odds, rows[i].count);
        assert_true(probability_reaches(&belief, rows[i].reached));
        assert_false(probability_reaches(&belief, rows[i].missed));
    }
}

/* A tie of n is 1 / n, where alone both sides can be equal. */
static void all_as_probable_then_compared_exactly(void **state) {
    (void)state;
    static const int64_t zeros[HYPOTHESES_MAX];
    struct record_belief two = belief_of(zeros, 2);
    struct record_belief all = belief_of(zeros, HYPOTHESES_MAX);
    assert_true(probability_reaches(&two, PROBABILITY_ONE / 2));
    assert_false(probability_reaches(&two, PROBABILITY_ONE / 2 + 1));
    assert_true(probability_reaches(&all, PROBABILITY_ONE / HYPOTHESES_MAX));
    assert_false(probability_reaches(&all, PROBABILITY_ONE / HYPOTHESES_MAX + 1));
}

static void nothing_asked_then_reached(void **state) {
    (void)state;
    static const int64_t zeros[HYPOTHESES_MAX];
    struct record_belief all = belief_of(zeros, HYPOTHESES_MAX);
    assert_true(probability_reaches(&all, 0));
}

static void random_beliefs_then_as_libm_has_it(void **state) {
    (void)state;
    const char *text = getenv("SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20261122;
    struct prng prng = prng_seeded(seed);
    printf("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 20000; round++) {
        struct record_belief belief = {.hypotheses_count = (uint32_t)prng_between(&prng, 2, HYPOTHESES_MAX)};
        long double sum = 0;
        int64_t span = prng_between(&prng, 1, INT64_C(1) << prng_between(&prng, 1, 37));
        for (uint32_t i = 0; i < belief.hypotheses_count; i++) {
            belief.log_odds[i] = i == 0 ? 0 : -prng_between(&prng, 0, span);
            sum += expl((long double)belief.log_odds[i] / 1e9L);
        }
        long double probability = 1e18L / sum;
        int64_t below = (int64_t)(probability * (1 - 1e-11L));
        int64_t above = (int64_t)(probability * (1 + 1e-15L)) + 2;
        if (!probability_reaches(&belief, below) || (above < PROBABILITY_ONE && probability_reaches(&belief, above)))
            fail_msg("seed %llu, round %d", (unsigned long long)seed, round);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_beliefs_then_the_last_of_eleven_places_decides),
        cmocka_unit_test(all_as_probable_then_compared_exactly),
        cmocka_unit_test(nothing_asked_then_reached),
        cmocka_unit_test(random_beliefs_then_as_libm_has_it),
    };
    return cmocka_run_group_tests_name("probability", tests, NULL, NULL);
}
