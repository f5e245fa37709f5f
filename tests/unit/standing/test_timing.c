#include "crowd.h"

#include "standing/timing.h"

enum { ONE = STANDING_ONE };

static void *fresh(struct timing *timing, uint32_t members) {
    void *memory = calloc(1, timing_bytes(members));
    timing_init(timing, memory, members);
    return memory;
}

static uint32_t highest(const struct timing *timing, uint32_t from, uint32_t to) {
    uint32_t most = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t ratio = timing_ratio(timing, i, false);
        if (ratio > most) most = ratio;
    }
    return most;
}

static uint32_t lowest(const struct timing *timing, uint32_t from, uint32_t to) {
    uint32_t least = UINT32_MAX;
    for (uint32_t i = from; i < to; i++) {
        uint32_t ratio = timing_ratio(timing, i, false);
        if (ratio < least) least = ratio;
    }
    return least;
}

/* Only the times matter here, so nobody is asked for an opinion. */
static const struct voice *speak(struct crowd *crowd) {
    uint32_t reports = 0;
    for (uint32_t i = 0; i < crowd->members; i++) {
        if (crowd->absent[i]) continue;
        crowd->report[reports++] =
            (struct voice_report){(uint16_t)i, VOICE_ORIGINAL, crowd->offset[i], crowd->y[i], NULL};
    }
    crowd->voice = (struct voice){.hypotheses = 2, .cap = SPREAD, .reports = reports, .report = crowd->report};
    return &crowd->voice;
}

typedef void set_times(struct crowd *crowd);

static void any_time(struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->members; i++) crowd->offset[i] = (int32_t)prng_below(&crowd->prng, ONE);
}

/* Delays that scale with the panel, times a habit of each member's, skewed as delays are. */
static void habits_on_slow_and_fast_days(struct crowd *crowd) {
    uint64_t scale = UINT64_C(1) << prng_below(&crowd->prng, 10);
    for (uint32_t i = 0; i < crowd->members; i++) {
        uint64_t delay = (1 + prng_below(&crowd->prng, 8) * prng_below(&crowd->prng, 8)) * scale * (1 + i % 4);
        crowd->offset[i] = delay < ONE ? (int32_t)delay : ONE;
    }
}

/* Programs that answer in the first tick, every now and then a tick later. */
static void all_at_once(struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->members; i++) crowd->offset[i] = prng_chance(&crowd->prng, 1, 50);
}

/* Two programs among people. */
static void two_always_first(struct crowd *crowd) {
    any_time(crowd);
    crowd->offset[0] = 0;
    crowd->offset[1] = 0;
}

static void two_always_last(struct crowd *crowd) {
    any_time(crowd);
    for (uint32_t i = 0; i < 2; i++) crowd->offset[i] = ONE - (int32_t)prng_below(&crowd->prng, 100);
}

/* Out of the window, and silent: still the same order. */
static void wild_with_gaps(struct crowd *crowd) {
    any_time(crowd);
    for (uint32_t i = 0; i < crowd->members; i++) {
        if (prng_chance(&crowd->prng, 1, 10))
            crowd->offset[i] = prng_chance(&crowd->prng, 1, 2) ? INT32_MAX : INT32_MIN;
        crowd->absent[i] = prng_chance(&crowd->prng, i, 2 * crowd->members);
    }
}

static void nobody_in(set_times *times, uint32_t members, uint32_t panels, uint64_t seed) {
    struct crowd *crowd = crowd_new(members, 2, SPREAD, seed);
    struct timing timing;
    void *memory = fresh(&timing, members);
    for (uint32_t t = 1; t <= panels; t++) {
        times(crowd);
        timing_on_panel(&timing, speak(crowd));
        if (t % PAIRS_BLOCK == 0) assert_true(highest(&timing, 0, members) < ONE / 5);
    }
    free(memory);
    free(crowd);
}

static void independent_times_then_nobody(void **state) {
    (void)state;
    nobody_in(any_time, 16, 100000, 71);
    nobody_in(any_time, 100, 2000, 72);
}

static void honest_habits_then_nobody(void **state) {
    (void)state;
    set_times *kinds[] = {habits_on_slow_and_fast_days, all_at_once, two_always_first, two_always_last,
                          wild_with_gaps};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        nobody_in(kinds[i], 16, 20000, 80 + i);
        nobody_in(kinds[i], 7, 10000, 90 + i);
    }
}

/* Liars report within a thousandth of the window of a moment that they agreed on. */
static uint32_t delay(uint32_t members, uint32_t liars, uint32_t before, uint64_t seed) {
    struct crowd *crowd = crowd_new(members, 2, SPREAD, seed);
    struct timing timing;
    void *memory = fresh(&timing, members);
    uint32_t found = 0;
    for (uint32_t t = 1; t <= before + 4096 && found == 0; t++) {
        any_time(crowd);
        int32_t moment = (int32_t)prng_below(&crowd->prng, ONE - 65);
        for (uint32_t i = 0; t > before && i < liars; i++) {
            crowd->offset[i] = moment + (int32_t)prng_below(&crowd->prng, 65);
        }
        timing_on_panel(&timing, speak(crowd));
        assert_true(highest(&timing, liars, members) < ONE);
        if (t > before && lowest(&timing, 0, liars) >= ONE) found = t - before;
    }
    free(memory);
    free(crowd);
    return found;
}

static void moments_agreed_on_then_flagged(void **state) {
    (void)state;
    assert_in_range(delay(16, 2, 0, 101), 64, 320);
    assert_in_range(delay(16, 5, 0, 102), 64, 3000);
    assert_in_range(delay(16, 5, 4096, 103), 64, 3000);
    assert_in_range(delay(16, 7, 0, 104), 64, 3000);
    assert_in_range(delay(100, 32, 0, 105), 64, 3000);
}

static void too_few_to_have_an_order_then_nothing(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(2, 2, SPREAD, 106);
    struct timing timing;
    void *memory = fresh(&timing, 16);
    for (uint32_t t = 0; t < 1024; t++) {
        crowd->offset[0] = crowd->offset[1] = (int32_t)prng_below(&crowd->prng, ONE);
        timing_on_panel(&timing, speak(crowd));
    }
    assert_int_equal(highest(&timing, 0, 16), 0);
    free(memory);
    free(crowd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_times_then_nobody),
        cmocka_unit_test(honest_habits_then_nobody),
        cmocka_unit_test(moments_agreed_on_then_flagged),
        cmocka_unit_test(too_few_to_have_an_order_then_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
