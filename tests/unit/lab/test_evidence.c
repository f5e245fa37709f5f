/* Evidence: the same from the same seed, with the mean and the spread that it says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/evidence.h"

enum { MEMBERS = 100, ROUNDS = 400 };

static void ratios(enum evidence_kind kind, uint32_t hypotheses, double *ret_mean, double *ret_spread) {
    static int64_t loglik[MEMBERS * HYPOTHESES_MAX];
    struct prng prng = prng_seeded(7);
    double sum = 0, squares = 0;
    for (int round = 0; round < ROUNDS; round++) {
        evidence_draw(&prng, kind, MEMBERS, hypotheses, 1, loglik);
        for (uint32_t m = 0; m < MEMBERS; m++) {
            double ratio = (double)(loglik[m * hypotheses + 1] - loglik[m * hypotheses]);
            sum += ratio;
            squares += ratio * ratio;
        }
    }
    *ret_mean = sum / (MEMBERS * ROUNDS);
    *ret_spread = sqrt(squares / (MEMBERS * ROUNDS) - *ret_mean * *ret_mean);
}

static void has_its_moments(enum evidence_kind kind, uint32_t hypotheses) {
    double mean, spread;
    ratios(kind, hypotheses, &mean, &spread);
    double wanted = (double)evidence_spread(kind);
    assert_true(fabs(spread - wanted) < 0.02 * wanted);
    assert_true(fabs(mean - (double)evidence_signal(kind)) < 0.02 * wanted);
}

static void mean_and_spread_are_those_declared(void **state) {
    (void)state;
    has_its_moments(EVIDENCE_GAUSSIAN, 2);
    has_its_moments(EVIDENCE_GAUSSIAN, 4);
    has_its_moments(EVIDENCE_LABELS, 2);
}

static void the_same_seed_gives_the_same_evidence_and_another_does_not(void **state) {
    int64_t first[8], again[8], other[8];
    struct prng a = prng_seeded(1), b = prng_seeded(1), c = prng_seeded(2);
    (void)state;
    evidence_draw(&a, EVIDENCE_GAUSSIAN, 4, 2, 0, first);
    evidence_draw(&b, EVIDENCE_GAUSSIAN, 4, 2, 0, again);
    evidence_draw(&c, EVIDENCE_GAUSSIAN, 4, 2, 0, other);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

static void a_label_names_one_hypothesis_alone(void **state) {
    int64_t loglik[5 * 4];
    struct prng prng = prng_seeded(3);
    (void)state;
    evidence_draw(&prng, EVIDENCE_LABELS, 5, 4, 2, loglik);
    for (int m = 0; m < 5; m++) {
        int named = 0;
        for (int j = 0; j < 4; j++) named += loglik[m * 4 + j] != 0;
        assert_int_equal(named, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_spread_are_those_declared),
        cmocka_unit_test(the_same_seed_gives_the_same_evidence_and_another_does_not),
        cmocka_unit_test(a_label_names_one_hypothesis_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
