/* A seed is a history: the same one each time, another one for another seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/memory_disk.h"
#include "sim/sim.h"

static struct sim_report run(uint64_t seed, const struct sim_fault *schedule, uint32_t count) {
    struct sim_config config = {.members = 4,
                                .seed = seed,
                                .submit_every_us = 500000,
                                .byzantine = 1,
                                .run_us = 15000000,
                                .faults = {20, 10, 10, 30},
                                .schedule = schedule,
                                .schedule_count = count};
    struct sim_report report;
    bool good = sim_run(&config, memory_disk(), &report);
    if (!good) print_message("seed %llu: %s: %s\n", (unsigned long long)seed, report.violation, report.detail);
    assert_true(good);
    return report;
}

static void one_seed_twice_then_the_same_history(void **state) {
    (void)state;
    struct sim_report first = run(3, NULL, 0);
    struct sim_report second = run(3, NULL, 0);
    assert_memory_equal(&first.root, &second.root, sizeof first.root);
    assert_int_equal(first.events, second.events);
    assert_int_equal(first.frames, second.frames);
    assert_int_equal(first.lies, second.lies);
}

static void two_seeds_then_two_histories(void **state) {
    (void)state;
    struct sim_report first = run(3, NULL, 0);
    struct sim_report second = run(4, NULL, 0);
    assert_memory_not_equal(&first.root, &second.root, sizeof first.root);
}

/* What shrinking relies on: faults that are given instead of drawn change nothing else. */
static void the_drawn_faults_given_then_the_same_history(void **state) {
    (void)state;
    struct sim_config config = {.members = 4,
                                .seed = 3,
                                .submit_every_us = 500000,
                                .byzantine = 1,
                                .run_us = 15000000,
                                .faults = {20, 10, 10, 30}};
    struct sim *sim = sim_open(&config, memory_disk());
    uint32_t count;
    struct sim_fault faults[64];
    const struct sim_fault *drawn = sim_schedule_of(sim, &count);
    assert_in_range(count, 1, 64);
    for (uint32_t i = 0; i < count; i++) faults[i] = drawn[i];
    sim_close(sim);
    struct sim_report first = run(3, NULL, 0);
    struct sim_report second = run(3, faults, count);
    assert_memory_equal(&first.root, &second.root, sizeof first.root);
    assert_int_equal(first.events, second.events);
}

static void nobody_does_anything_then_only_heartbeats(void **state) {
    (void)state;
    struct sim_config config = {.members = 4, .seed = 1, .run_us = 1000000};
    struct sim *sim = sim_open(&config, memory_disk());
    assert_true(sim_settle(sim, 1000000));
    assert_true(sim_idle(sim));
    struct sim_report report;
    sim_report(sim, &report);
    assert_int_equal(report.heights, 0);
    sim_close(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_twice_then_the_same_history),
        cmocka_unit_test(two_seeds_then_two_histories),
        cmocka_unit_test(the_drawn_faults_given_then_the_same_history),
        cmocka_unit_test(nobody_does_anything_then_only_heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
