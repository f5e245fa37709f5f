/* Attacks: each does what its line says, given a scene made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/attacks/attack.h"

enum { MEMBERS = 8, LIARS = 3 };

/* Honest members 3 .. 7 see 10, 11 .. 14 nats for hypothesis 0, which is true; so do the liars 0 .. 2, less. */
struct world {
    bool is_liar[MEMBERS];
    int64_t honest[MEMBERS * 2];
    double mean[2];
    struct scene scene;
};

static struct world *world(void) {
    static struct world w;
    memset(&w, 0, sizeof w);
    for (uint32_t m = 0; m < MEMBERS; m++) {
        w.is_liar[m] = m < LIARS;
        w.honest[2 * m] = (int64_t)(7 + m) * QUANTA_PER_NAT;
    }
    w.mean[0] = 12e9;
    w.scene = (struct scene){.members = MEMBERS,
                             .hypotheses = 2,
                             .truth = 0,
                             .rival = 1,
                             .panels = 100,
                             .window_us = 1000000,
                             .spread = 2e9,
                             .liars = LIARS,
                             .is_liar = w.is_liar,
                             .victim = 5,
                             .honest = w.honest,
                             .mean = w.mean,
                             .coin = 99};
    w.scene.offset_us[5] = 4242;
    return &w;
}

static struct report told(const char *name, const struct world *w, uint32_t liar) {
    const struct attack *attack = attack_find(name);
    struct prng dice = prng_seeded(1);
    struct report report;
    memset(&report, 0, sizeof report);
    assert_non_null(attack);
    memcpy(report.loglik, w->honest + (size_t)2 * liar, 2 * sizeof report.loglik[0]);
    attack->tell(attack, &w->scene, liar, &dice, &report);
    return report;
}

static double nats(const struct report *report) {
    return (double)(report->loglik[0] - report->loglik[1]) / (double)QUANTA_PER_NAT;
}

static void names_are_distinct_and_found(void **state) {
    uint32_t count = 0;
    (void)state;
    while (attack_at(count) != NULL) {
        assert_ptr_equal(attack_find(attack_at(count)->name), attack_at(count));
        count++;
    }
    assert_true(count >= 20);
    assert_null(attack_find("no-such-attack"));
    assert_null(attack_at(count + 1));
}

static void loud_liars_speak_against_the_truth(void **state) {
    struct world *w = world();
    struct report gross = told("gross-lie", w, 0), flip = told("sign-flip", w, 0);
    struct report product = told("product-5", w, 0), late = told("late", w, 0);
    (void)state;
    assert_true(nats(&gross) == -50);
    assert_true(nats(&flip) == -7);
    assert_true(nats(&product) == -60);
    assert_true(nats(&late) == -12 && late.is_late && late.sees_others);
}

static void quiet_liars_stay_near_what_they_saw(void **state) {
    struct world *w = world();
    struct report whole = told("bias-1", w, 1), half = told("bias-1/2", w, 1), drip = told("drip-quantum", w, 1);
    (void)state;
    assert_true(nats(&whole) == 8 + 2 && nats(&half) == 8 + 1);
    assert_int_equal(drip.loglik[1], 1);
    assert_non_null(told("drip-1e-13", w, 1).finer);
}

static void a_little_stays_inside_the_honest_reports(void **state) {
    struct world *w = world();
    struct report little = told("little", w, 0);
    (void)state;
    assert_true(nats(&little) < 12 && nats(&little) >= 10);
}

static void copies_are_of_the_victim(void **state) {
    struct world *w = world();
    struct report mimic = told("mimic", w, 0), copy = told("copycat", w, 0), slander = told("slander", w, 0);
    (void)state;
    assert_true(nats(&mimic) == 12 && nats(&copy) == 12);
    assert_true(copy.sees_others && !mimic.sees_others);
    assert_true(nats(&slander) > 11.8 && nats(&slander) < 12.2);
    assert_int_equal(slander.offset_us, 4242);
}

static void sleepers_and_on_off_lie_at_their_times_only(void **state) {
    struct world *w = world();
    (void)state;
    struct report early = told("sleeper", w, 2);
    w->scene.panel = 50;
    struct report late = told("sleeper", w, 2), resting = told("on-off", w, 2);
    w->scene.panel = 61;
    struct report lying = told("on-off", w, 2);
    assert_true(nats(&early) == 9 && nats(&late) == 5);
    assert_true(nats(&resting) == 9 && nats(&lying) == 5);
}

static void omission_is_silent_when_the_evidence_is_for_the_truth_and_not_otherwise(void **state) {
    struct world *w = world();
    (void)state;
    assert_true(told("omission", w, 0).is_silent);
    w->honest[0] = -1;
    assert_false(told("omission", w, 0).is_silent);
}

static void half_of_a_split_coalition_pushes_each_time_and_not_the_same_half(void **state) {
    struct world *w = world();
    uint32_t seen = 0;
    (void)state;
    for (uint64_t coin = 0; coin < 100; coin++) {
        uint32_t pushing = 0;
        w->scene.coin = coin;
        for (uint32_t m = 0; m < LIARS; m++) {
            struct report report = told("split", w, m);
            if (nats(&report) == 7.0 + m) continue;
            pushing++;
            seen |= 1u << m;
        }
        assert_int_equal(pushing, 2);
    }
    assert_int_equal(seen, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_distinct_and_found),
        cmocka_unit_test(loud_liars_speak_against_the_truth),
        cmocka_unit_test(quiet_liars_stay_near_what_they_saw),
        cmocka_unit_test(a_little_stays_inside_the_honest_reports),
        cmocka_unit_test(copies_are_of_the_victim),
        cmocka_unit_test(sleepers_and_on_off_lie_at_their_times_only),
        cmocka_unit_test(omission_is_silent_when_the_evidence_is_for_the_truth_and_not_otherwise),
        cmocka_unit_test(half_of_a_split_coalition_pushes_each_time_and_not_the_same_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
