/* A checker that never fires is worth nothing: a disk that forgets what was committed has to be found out, and the faults that show it have to
 * be few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/memory_disk.h"
#include "sim/sim.h"

enum { SEEDS = 60 };

/* A ledger that comes up empty and says that it is whole. */

static enum status restore_nothing(void *disk, struct replica *replica) {
    (void)disk;
    (void)replica;
    return STATUS_OK;
}

/* A commit that is none: after a crash all is as it was before the first one. */
static enum status commit_nothing(void *disk) {
    (void)disk;
    return STATUS_OK;
}

static const char *find(const struct sim_disk *disk, struct sim_config *config) {
    for (config->seed = 1; config->seed <= SEEDS; config->seed++) {
        struct sim_report report;
        if (!sim_run(config, disk, &report)) {
            print_message("seed %llu: %s\n", (unsigned long long)config->seed, report.violation);
            return report.violation;
        }
    }
    return NULL;
}

static struct sim_config config_of(void) {
    return (struct sim_config){.members = 4,
                               .submit_every_us = 300000,
                               .run_us = 10000000,
                               .faults = {.per_minute = 60, .loss_thousandths = 20}};
}

static void commits_write_nothing_then_a_checker_fires(void **state) {
    (void)state;
    struct sim_disk disk = *memory_disk();
    struct sim_config config = config_of();

    disk.commit = commit_nothing;
    assert_non_null(find(&disk, &config));
}

static void nothing_is_restored_then_a_checker_fires_and_few_faults_suffice(void **state) {
    (void)state;
    static struct sim_fault faults[SIM_FAULTS_MAX];
    static uint32_t which[SIM_FAULTS_MAX];
    struct sim_disk disk = *memory_disk();
    struct sim_config config = config_of();
    disk.restore = restore_nothing;
    const char *violation = find(&disk, &config);
    assert_non_null(violation);
    struct sim *sim = sim_open(&config, &disk);
    uint32_t count;
    const struct sim_fault *drawn = sim_schedule_of(sim, &count);
    for (uint32_t i = 0; i < count; i++) faults[i] = drawn[i];
    sim_close(sim);
    uint32_t left = sim_shrink(&config, &disk, violation, faults, which, count, 100);
    assert_in_range(left, 1, count - 1);
    for (uint32_t i = 1; i < left; i++) assert_true(which[i - 1] < which[i]);
}

static void a_disk_that_keeps_its_word_then_no_checker_fires(void **state) {
    (void)state;
    struct sim_config config = config_of();
    config.seed = 1;
    struct sim_report report;
    assert_true(sim_run(&config, memory_disk(), &report));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_write_nothing_then_a_checker_fires),
        cmocka_unit_test(nothing_is_restored_then_a_checker_fires_and_few_faults_suffice),
        cmocka_unit_test(a_disk_that_keeps_its_word_then_no_checker_fires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
