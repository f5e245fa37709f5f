/* Runs: whole ones against the machine, with what must come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/lab.h"

static struct lab_config config_of(const char *attack, uint32_t percent, bool is_pool, uint64_t panels) {
    return (struct lab_config){.attack = attack == NULL ? NULL : attack_find(attack),
                               .members = 16,
                               .hypotheses = 2,
                               .percent = percent,
                               .is_pool = is_pool,
                               .panels = panels};
}

static struct lab_figures one(const struct lab_config *config, uint64_t seed) {
    struct lab_figures figures = lab_figures_none();
    lab_run(config, seed, &figures);
    return figures;
}

static void the_same_seed_ends_in_the_same_log_and_another_does_not(void **state) {
    struct lab_config config = config_of("split", 32, false, 40);
    struct lab_figures first = one(&config, 5), again = one(&config, 5), other = one(&config, 6);
    (void)state;
    assert_memory_equal(&first.root, &again.root, sizeof first.root);
    assert_memory_not_equal(&first.root, &other.root, sizeof first.root);
    lab_figures_free(&first);
    lab_figures_free(&again);
    lab_figures_free(&other);
}

static void without_liars_everything_is_decided_and_right(void **state) {
    for (int pool = 0; pool < 2; pool++) {
        struct lab_config config = config_of(NULL, 0, pool == 1, 100);
        struct lab_figures figures = one(&config, 1);
        assert_true(figures.questions > 5 && figures.right + 1 >= figures.questions);
        assert_int_equal(figures.wrong + figures.liars + figures.honest_alarmed + figures.refused, 0);
        lab_figures_free(&figures);
    }
    (void)state;
}

static void gross_lies_turn_the_plain_sum_and_not_the_machine(void **state) {
    struct lab_config config = config_of("gross-lie", 32, false, 100);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_int_equal(figures.estimates[ESTIMATOR_MEAN].flips, figures.questions);
    assert_int_equal(figures.estimates[ESTIMATOR_MACHINE].flips, 0);
    assert_int_equal(figures.wrong, 0);
    assert_int_equal(figures.liars, 5);
    assert_int_equal(figures.liars_alarmed, 5);
    assert_true(lab_median_delay(&figures) < 60);
    lab_figures_free(&figures);
}

static void a_copied_challenge_answer_is_a_proof(void **state) {
    struct lab_config config = config_of("challenge-copy", 25, false, 100);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_int_equal(figures.liars_proven, 4);
    assert_int_equal(figures.liars_weight, 0);
    lab_figures_free(&figures);
}

static void an_amount_finer_than_a_quantum_does_not_pass_the_door(void **state) {
    struct lab_config config = config_of("drip-1e-13", 25, false, 20);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_int_equal(figures.door, 4 * 20);
    assert_int_equal(figures.reports, 16 * 20);
    lab_figures_free(&figures);
}

static void a_flood_is_refused_or_moves_nothing(void **state) {
    struct lab_config config = config_of("flood", 25, false, 20);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_true(figures.refused >= 4 * 20 * 10);
    assert_int_equal(figures.estimates[ESTIMATOR_MACHINE].flips, 0);
    lab_figures_free(&figures);
}

static void silence_of_more_than_a_quarter_leaves_everything_undecided(void **state) {
    struct lab_config config = config_of("omission", 32, false, 40);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_int_equal(figures.right + figures.wrong, 0);
    lab_figures_free(&figures);
    config.percent = 10;
    figures = one(&config, 1);
    assert_true(figures.right > 0);
    lab_figures_free(&figures);
}

static void who_lies_about_canaries_loses_weight_even_in_a_pool(void **state) {
    struct lab_config config = config_of("canary-guess", 25, true, 400);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_true(figures.liars_weight < 4 * 65536);
    assert_true(figures.lowest_honest > 65536 / 2);
    lab_figures_free(&figures);
}

static void slander_never_takes_more_than_four_fifths(void **state) {
    struct lab_config config = config_of("slander", 32, false, 300);
    struct lab_figures figures = one(&config, 1);
    (void)state;
    assert_in_range(figures.lowest_honest, 13107, 65536);
    lab_figures_free(&figures);
}

static void a_median_over_liars_who_were_never_alarmed_is_infinite(void **state) {
    uint64_t delays[] = {30, 10, 20};
    struct lab_figures figures = {.liars = 5, .liars_alarmed = 3, .delays = delays};
    (void)state;
    assert_int_equal(lab_median_delay(&figures), 30);
    figures.liars = 7;
    assert_true(lab_median_delay(&figures) == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_ends_in_the_same_log_and_another_does_not),
        cmocka_unit_test(without_liars_everything_is_decided_and_right),
        cmocka_unit_test(gross_lies_turn_the_plain_sum_and_not_the_machine),
        cmocka_unit_test(a_copied_challenge_answer_is_a_proof),
        cmocka_unit_test(an_amount_finer_than_a_quantum_does_not_pass_the_door),
        cmocka_unit_test(a_flood_is_refused_or_moves_nothing),
        cmocka_unit_test(silence_of_more_than_a_quarter_leaves_everything_undecided),
        cmocka_unit_test(who_lies_about_canaries_loses_weight_even_in_a_pool),
        cmocka_unit_test(slander_never_takes_more_than_four_fifths),
        cmocka_unit_test(a_median_over_liars_who_were_never_alarmed_is_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
