/* The partition monitor: whom it misses and when, what it takes for its level to fall, and what it does not blame on others. */
#include "partition/monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"

/* A heartbeat; everybody who is not cut off is heard each time. */
#define BEAT_US  UINT64_C(250000)
#define START_US UINT64_C(7000000)

struct bench {
    struct monitor monitor;
    uint64_t now_us;
    uint32_t changes;
};

static struct bench bench_of(uint32_t members) {
    struct bench bench = {.now_us = START_US};
    monitor_init(&bench.monitor, members, 0, MONITOR_REACH_US, START_US);
    return bench;
}

/* Time goes on for `us`, in heartbeats, with the last `missing` members out of reach. */
static void live(struct bench *bench, uint64_t us, uint32_t missing) {
    uint32_t heard = bench->monitor.members - missing;
    for (uint64_t at = 0; at < us; at += BEAT_US) {
        bench->now_us += BEAT_US;
        for (uint32_t m = 1; m < heard; m++) {
            monitor_heard(&bench->monitor, m, bench->now_us);
            bench->changes += monitor_tick(&bench->monitor, bench->now_us);
        }
        bench->changes += monitor_tick(&bench->monitor, bench->now_us);
    }
}

static struct bench bench_at_work(uint32_t members) {
    struct bench bench = bench_of(members);
    live(&bench, 2 * MONITOR_GRACE_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    assert_int_equal(bench.changes, 0);
    return bench;
}

static void members_missing_then_the_level_of_the_table(void **state) {
    (void)state;
    static const struct {
        uint32_t n, missing;
        enum level level;
    } rows[] = {{4, 1, LEVEL_MAJOR},    {4, 2, LEVEL_SEVERE},    {5, 1, LEVEL_MAJOR},       {5, 2, LEVEL_SEVERE},
                {8, 1, LEVEL_MAJOR},    {8, 2, LEVEL_MAJOR},     {8, 3, LEVEL_SEVERE},      {10, 1, LEVEL_DEGRADED},
                {10, 2, LEVEL_MAJOR},   {10, 3, LEVEL_SEVERE},   {16, 1, LEVEL_DEGRADED},   {16, 2, LEVEL_MAJOR},
                {16, 4, LEVEL_MAJOR},   {16, 5, LEVEL_SEVERE},   {100, 10, LEVEL_DEGRADED}, {100, 11, LEVEL_MAJOR},
                {100, 25, LEVEL_MAJOR}, {100, 26, LEVEL_SEVERE}, {100, 99, LEVEL_SEVERE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench = bench_at_work(rows[i].n);
        uint64_t cut_us = bench.now_us;
        live(&bench, MONITOR_REACH_US - BEAT_US, rows[i].missing);
        assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
        live(&bench, BEAT_US, rows[i].missing);
        assert_int_equal(bench.monitor.level, rows[i].level);
        assert_int_equal(member_set_count(&bench.monitor.missing), rows[i].missing);
        for (uint32_t m = 0; m < rows[i].n; m++)
            assert_int_equal(member_set_has(&bench.monitor.missing, m), m >= rows[i].n - rows[i].missing);
        assert_int_equal(bench.monitor.since_us, cut_us + MONITOR_REACH_US);
        assert_int_equal(bench.changes, 1);
    }
}

static void heard_again_then_the_level_falls_after_the_whole_window(void **state) {
    (void)state;
    struct bench bench = bench_at_work(8);
    live(&bench, 5000000, 3);
    assert_int_equal(bench.monitor.level, LEVEL_SEVERE);
    uint64_t healed_us = bench.now_us + BEAT_US;
    live(&bench, MONITOR_HEAL_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_SEVERE);
    assert_int_equal(bench.monitor.seen, LEVEL_CONNECTED);
    assert_int_equal(monitor_deadline_us(&bench.monitor) <= healed_us + MONITOR_HEAL_US, true);
    live(&bench, BEAT_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    assert_int_equal(bench.monitor.since_us, healed_us + MONITOR_HEAL_US);
    assert_int_equal(monitor_calm_since_us(&bench.monitor), healed_us);
}

/* A heal in two steps: from severe no lower than to what was still missing in the last half minute. */
static void half_healed_then_it_falls_step_by_step(void **state) {
    (void)state;
    struct bench bench = bench_at_work(8);
    live(&bench, 5000000, 3);
    live(&bench, 20000000, 1);
    live(&bench, 10000000, 0);
    assert_int_equal(bench.monitor.level, LEVEL_SEVERE);
    live(&bench, BEAT_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    live(&bench, 20000000 - BEAT_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    live(&bench, BEAT_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
}

static void flapping_every_two_seconds_for_a_minute_then_one_rise_and_one_fall(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    for (int i = 0; i < 15; i++) {
        live(&bench, 2000000, 1);
        assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
        live(&bench, 2000000, 0);
        assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    }
    assert_int_equal(bench.changes, 1);
    live(&bench, MONITOR_HEAL_US, 0);
    assert_int_equal(bench.changes, 2);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
}

/* A rise in the last moment of the window begins it anew. */
static void rise_within_the_window_then_it_begins_anew(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    live(&bench, 2000000, 1);
    live(&bench, MONITOR_HEAL_US - MONITOR_REACH_US, 0);
    live(&bench, MONITOR_REACH_US, 1);
    live(&bench, MONITOR_HEAL_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    live(&bench, BEAT_US, 0);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
}

static void lost_frames_within_the_reach_then_nobody_is_missing(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    for (int i = 0; i < 20; i++) {
        live(&bench, 500000, 3);
        live(&bench, BEAT_US, 0);
    }
    assert_int_equal(bench.changes, 0);
}

static void just_started_then_nobody_is_missing_before_the_grace_is_over(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    live(&bench, MONITOR_GRACE_US - BEAT_US, 3);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    live(&bench, BEAT_US, 3);
    assert_int_equal(bench.monitor.level, LEVEL_SEVERE);
    assert_int_equal(bench.monitor.since_us, START_US + MONITOR_GRACE_US);
}

/* The grace is for links that were never up: who was heard once has none. */
static void heard_once_after_the_start_then_missing_after_the_reach(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    live(&bench, BEAT_US, 0);
    live(&bench, MONITOR_REACH_US, 3);
    assert_int_equal(bench.monitor.level, LEVEL_SEVERE);
}

static void stood_still_itself_then_it_blames_nobody(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    bench.now_us += 60000000;
    assert_false(monitor_tick(&bench.monitor, bench.now_us));
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    /* What is still silent after that is missing. */
    live(&bench, MONITOR_REACH_US - BEAT_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    live(&bench, BEAT_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    /* Whoever was missing before stays missing. */
    bench.now_us += 60000000;
    assert_false(monitor_tick(&bench.monitor, bench.now_us));
    assert_true(member_set_has(&bench.monitor.missing, 3));
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
}

static void own_number_and_strangers_then_nothing_happens(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    struct monitor before = bench.monitor;
    monitor_heard(&bench.monitor, 0, bench.now_us);
    monitor_heard(&bench.monitor, 4, bench.now_us);
    monitor_heard(&bench.monitor, UINT32_MAX, bench.now_us);
    assert_memory_equal(&before, &bench.monitor, sizeof before);
    /* An earlier time counts as the latest. */
    assert_false(monitor_tick(&bench.monitor, START_US));
    assert_int_equal(bench.monitor.now_us, bench.now_us);
}

/* By definition, from the whole history: the highest level seen in the last MONITOR_HEAL_US. */
static void random_silences_then_the_highest_level_of_the_last_window(void **state) {
    (void)state;
    enum { BEATS = 4000, MEMBERS = 8 };
    static enum level seen[BEATS];
    uint64_t seed = (uint64_t)rand();
    struct prng prng = prng_seeded(seed);
    struct bench bench = bench_of(MEMBERS);
    uint64_t heard_us[MEMBERS];
    printf("seed %llu\n", (unsigned long long)seed);
    live(&bench, BEAT_US, 0);
    for (uint32_t m = 0; m < MEMBERS; m++) heard_us[m] = bench.now_us;
    uint32_t silent = 0;
    for (int beat = 0; beat < BEATS; beat++) {
        if (prng_chance(&prng, 1, 60))
            silent = (uint32_t)prng_below(&prng, 1 << MEMBERS) & (uint32_t)prng_next(&prng);
        if (prng_chance(&prng, 1, 40)) silent = 0;
        bench.now_us += BEAT_US;
        uint32_t missing = 0;
        for (uint32_t m = 1; m < MEMBERS; m++) {
            if ((silent >> m & 1) == 0) {
                monitor_heard(&bench.monitor, m, bench.now_us);
                heard_us[m] = bench.now_us;
            }
            missing += bench.now_us - heard_us[m] >= MONITOR_REACH_US;
        }
        (void)monitor_tick(&bench.monitor, bench.now_us);
        seen[beat] = missing == 0 ? LEVEL_CONNECTED : missing <= 2 ? LEVEL_MAJOR : LEVEL_SEVERE;
        enum level highest = seen[beat];
        /* What was seen at a beat held until the next one. */
        for (int b = beat - 1; b >= 0 && (uint64_t)(beat - b - 1) * BEAT_US < MONITOR_HEAL_US; b--)
            if (seen[b] > highest) highest = seen[b];
        assert_int_equal(bench.monitor.level, highest);
    }
}

/* The deadline is early enough: who ticks at deadlines alone, and hears nothing, learns of everything in time. */
static void ticks_at_deadlines_then_nothing_is_late(void **state) {
    (void)state;
    struct bench bench = bench_at_work(4);
    uint64_t cut_us = bench.now_us;
    while (bench.monitor.level == LEVEL_CONNECTED) {
        uint64_t next_us = monitor_deadline_us(&bench.monitor);
        assert_true(next_us >= bench.now_us && next_us <= cut_us + MONITOR_REACH_US);
        bench.now_us = num_min_u64(next_us, bench.now_us + BEAT_US);
        (void)monitor_tick(&bench.monitor, bench.now_us);
    }
    assert_int_equal(bench.monitor.since_us, cut_us + MONITOR_REACH_US);
}

static struct member_set set_of(uint32_t from, uint32_t to) {
    struct member_set set = {{0}};
    for (uint32_t m = from; m < to; m++) member_set_add(&set, m);
    return set;
}

static void places_where_nobody_is_then_neither_missing_nor_counted(void **state) {
    (void)state;
    /* Four of ten places are taken: one of four missing is major; of ten it would be degraded. */
    struct bench bench = bench_of(10);
    struct member_set absent = set_of(4, 10);
    monitor_set_absent(&bench.monitor, &absent, bench.now_us);
    live(&bench, 3 * MONITOR_GRACE_US, 6);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    assert_int_equal(member_set_count(&bench.monitor.missing), 0);
    live(&bench, 2 * MONITOR_REACH_US, 7);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    assert_int_equal(member_set_count(&bench.monitor.missing), 1);
    assert_true(member_set_has(&bench.monitor.missing, 3));
    /* What claims to come from a vacant place is nothing. */
    monitor_heard(&bench.monitor, 7, bench.now_us);
    assert_int_equal(member_set_count(&bench.monitor.missing), 1);
}

static void missing_member_removed_then_nobody_is_missing(void **state) {
    (void)state;
    struct bench bench = bench_at_work(5);
    live(&bench, 2 * MONITOR_REACH_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    struct member_set absent = set_of(4, 5);
    monitor_set_absent(&bench.monitor, &absent, bench.now_us);
    assert_int_equal(member_set_count(&bench.monitor.missing), 0);
    monitor_tick(&bench.monitor, bench.now_us);
    assert_int_equal(bench.monitor.seen, LEVEL_CONNECTED);
    live(&bench, MONITOR_HEAL_US + MONITOR_REACH_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
}

static void member_that_comes_then_it_has_as_long_as_after_a_start(void **state) {
    (void)state;
    struct bench bench = bench_of(5);
    struct member_set absent = set_of(4, 5), none = {{0}};
    monitor_set_absent(&bench.monitor, &absent, bench.now_us);
    live(&bench, 3 * MONITOR_GRACE_US, 1);
    monitor_set_absent(&bench.monitor, &none, bench.now_us);
    live(&bench, MONITOR_GRACE_US - BEAT_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_CONNECTED);
    live(&bench, 2 * BEAT_US, 1);
    assert_int_equal(bench.monitor.level, LEVEL_MAJOR);
    assert_true(member_set_has(&bench.monitor.missing, 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_where_nobody_is_then_neither_missing_nor_counted),
        cmocka_unit_test(missing_member_removed_then_nobody_is_missing),
        cmocka_unit_test(member_that_comes_then_it_has_as_long_as_after_a_start),
        cmocka_unit_test(members_missing_then_the_level_of_the_table),
        cmocka_unit_test(heard_again_then_the_level_falls_after_the_whole_window),
        cmocka_unit_test(half_healed_then_it_falls_step_by_step),
        cmocka_unit_test(flapping_every_two_seconds_for_a_minute_then_one_rise_and_one_fall),
        cmocka_unit_test(rise_within_the_window_then_it_begins_anew),
        cmocka_unit_test(lost_frames_within_the_reach_then_nobody_is_missing),
        cmocka_unit_test(just_started_then_nobody_is_missing_before_the_grace_is_over),
        cmocka_unit_test(heard_once_after_the_start_then_missing_after_the_reach),
        cmocka_unit_test(stood_still_itself_then_it_blames_nobody),
        cmocka_unit_test(own_number_and_strangers_then_nothing_happens),
        cmocka_unit_test(random_silences_then_the_highest_level_of_the_last_window),
        cmocka_unit_test(ticks_at_deadlines_then_nothing_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
