/* A crash at every write of a short run, one run for each: before the commit, torn, and committed with nothing sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/memory_disk.h"
#include "sim/sim.h"

/* Writes of one member in two seconds of four members that all submit: every kind of write is among them. */
enum { WRITES = 40 };

static void sweep(enum sim_fault_kind kind, uint32_t member) {
    uint64_t crashes = 0;
    for (int64_t write = 1; write <= WRITES; write++) {
        struct sim_fault fault = {.kind = kind, .member = member, .for_us = 300000, .amount = write};
        struct sim_config config = {.members = 4,
                                    .seed = 11,
                                    .submit_every_us = 200000,
                                    .run_us = 2000000,
                                    .schedule = &fault,
                                    .schedule_count = 1};
        struct sim_report report;
        bool good = sim_run(&config, memory_disk(), &report);
        if (!good) print_message("at write %lld: %s: %s\n", (long long)write, report.violation, report.detail);
        assert_true(good);
        crashes += report.crashes;
    }
    assert_int_equal(crashes, WRITES);
}

static void crash_before_the_commit_then_nothing_is_contradicted(void **state) {
    (void)state;
    sweep(FAULT_CRASH_WRITE, 1);
}

static void crash_with_a_torn_step_then_nothing_is_contradicted(void **state) {
    (void)state;
    sweep(FAULT_CRASH_TORN, 2);
}

static void crash_after_the_commit_then_nothing_is_lost(void **state) {
    (void)state;
    sweep(FAULT_CRASH_SENT, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_before_the_commit_then_nothing_is_contradicted),
        cmocka_unit_test(crash_with_a_torn_step_then_nothing_is_contradicted),
        cmocka_unit_test(crash_after_the_commit_then_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
