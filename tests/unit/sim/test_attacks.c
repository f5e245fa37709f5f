/* Every attack by itself, against a group that tolerates it: nothing is decided twice, everything goes on, and contradictions are proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cmd/memory_disk.h"
#include "sim/sim.h"

static struct sim_report run(const char *attack, uint32_t members, uint32_t byzantine, uint64_t seed) {
    struct sim_config config = {.members = members,
                                .seed = seed,
                                .submit_every_us = 700000,
                                .byzantine = byzantine,
                                .attack = attack,
                                .run_us = 12000000};
    struct sim_report report;
    bool good = sim_run(&config, memory_disk(), &report);
    if (!good)
        print_message("%s, seed %llu: %s: %s\n", attack, (unsigned long long)seed, report.violation, report.detail);
    assert_true(good);
    assert_true(report.heights > 3);
    return report;
}

static void one_of_four_lies_then_the_others_go_on(void **state) {
    (void)state;
    const char *name;
    for (uint32_t i = 0; (name = sim_attack_name(i, NULL)) != NULL; i++) {
        struct sim_report report = run(name, 4, 1, 5 + i);
        if (strcmp(name, "twins") != 0) assert_true(report.lies > 0);
    }
}

static void votes_or_lanes_contradict_then_there_are_proofs(void **state) {
    (void)state;
    static const char *const provable[] = {"double-voter", "equivocator", "forked-lane", "twins"};
    for (size_t i = 0; i < sizeof provable / sizeof *provable; i++) {
        struct sim_report report = run(provable[i], 4, 1, 9);
        if (report.proofs == 0) print_message("%s: no proof\n", provable[i]);
        assert_true(report.proofs > 0);
    }
}

static void nobody_contradicts_then_there_is_no_proof(void **state) {
    (void)state;
    assert_int_equal(run("silent", 4, 1, 2).proofs, 0);
    assert_int_equal(run("slow-leader", 4, 1, 2).proofs, 0);
    assert_int_equal(run("withholder-of-votes", 4, 1, 2).proofs, 0);
}

static void an_unknown_attack_then_it_is_refused(void **state) {
    (void)state;
    struct sim_config config = {.members = 4, .seed = 1};
    struct sim *sim = sim_open(&config, memory_disk());
    assert_false(sim_corrupt(sim, 1, "kindness"));
    assert_true(sim_corrupt(sim, 1, "silent"));
    sim_close(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_four_lies_then_the_others_go_on),
        cmocka_unit_test(votes_or_lanes_contradict_then_there_are_proofs),
        cmocka_unit_test(nobody_contradicts_then_there_is_no_proof),
        cmocka_unit_test(an_unknown_attack_then_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
