#include "crowd.h"

#include "standing/collusion.h"

enum { ONE = STANDING_ONE };

static void *fresh(struct collusion *collusion, uint32_t members) {
    void *memory = calloc(1, collusion_bytes(members));
    collusion_init(collusion, memory, members);
    return memory;
}

static uint32_t highest(const struct collusion *collusion, uint32_t from, uint32_t to) {
    uint32_t most = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t ratio = collusion_ratio(collusion, i, false);
        if (ratio > most) most = ratio;
    }
    return most;
}

static uint32_t lowest(const struct collusion *collusion, uint32_t from, uint32_t to) {
    uint32_t least = UINT32_MAX;
    for (uint32_t i = from; i < to; i++) {
        uint32_t ratio = collusion_ratio(collusion, i, false);
        if (ratio < least) least = ratio;
    }
    return least;
}

/* -------- nobody lies */

typedef void honest_tell(struct crowd *crowd);

static void tell_normal(struct crowd *crowd) { crowd_honest(crowd); }

static void tell_labels(struct crowd *crowd) {
    uint32_t permille[MEMBERS_MAX];
    for (uint32_t i = 0; i < crowd->members; i++) permille[i] = 800;
    crowd_label(crowd, permille);
}

static void tell_unequal_skills(struct crowd *crowd) {
    uint32_t permille[MEMBERS_MAX];
    for (uint32_t i = 0; i < crowd->members; i++) permille[i] = 550 + 400 * i / (crowd->members - 1);
    crowd_label(crowd, permille);
}

static void tell_two_experts(struct crowd *crowd) {
    uint32_t permille[MEMBERS_MAX];
    for (uint32_t i = 0; i < crowd->members; i++) permille[i] = i < 2 ? 950 : 650;
    crowd_label(crowd, permille);
}

/* Half of the members like one answer, half the other. */
static void tell_with_likings(struct crowd *crowd) {
    int64_t truth = crowd_truth(crowd);
    for (uint32_t i = 0; i < crowd->members; i++) {
        bool right = prng_chance(&crowd->prng, (i % 2 == 0) == (truth > 0) ? 900 : 650, 1000);
        crowd_tell(crowd, i, (right ? truth : -truth) * 2 * SPREAD);
    }
}

/* All err together on some questions, hardly ever on others. */
static void tell_hard_questions(struct crowd *crowd) {
    uint32_t permille[MEMBERS_MAX], hard = (uint32_t)prng_below(&crowd->prng, 500);
    for (uint32_t i = 0; i < crowd->members; i++) permille[i] = 970 - hard;
    crowd_label(crowd, permille);
}

static void tell_one_three_times_as_noisy(struct crowd *crowd) {
    int64_t truth = crowd_honest(crowd);
    crowd_tell(crowd, 3, truth * SPREAD + crowd_normal(crowd, 3 * SPREAD));
}

static void tell_two_three_times_as_precise(struct crowd *crowd) {
    int64_t truth = crowd_honest(crowd);
    for (uint32_t i = 0; i < 2; i++) crowd_tell(crowd, i, truth * SPREAD + crowd_normal(crowd, SPREAD / 3));
}

/* Everybody's spread goes up and down with the question, from a quarter to four. */
static void tell_changing_spreads(struct crowd *crowd) {
    int64_t truth = crowd_truth(crowd), spread = (SPREAD / 4) << prng_below(&crowd->prng, 5);
    for (uint32_t i = 0; i < crowd->members; i++) crowd_tell(crowd, i, truth * SPREAD + crowd_normal(crowd, spread));
}

/* Skewed to one side, and some silent. */
static void tell_skewed_with_gaps(struct crowd *crowd) {
    crowd_honest(crowd);
    for (uint32_t i = 0; i < crowd->members; i++) {
        int64_t noise = crowd_normal(crowd, SPREAD);
        crowd_tell(crowd, i, noise > 0 ? 3 * noise : noise / 2);
        crowd->absent[i] = prng_chance(&crowd->prng, i, 4 * crowd->members);
    }
}

static void nobody_in(honest_tell *tell, uint32_t members, uint32_t panels, uint64_t seed) {
    struct crowd *crowd = crowd_new(members, 2, SPREAD, seed);
    struct collusion collusion;
    void *memory = fresh(&collusion, members);
    for (uint32_t t = 1; t <= panels; t++) {
        tell(crowd);
        collusion_on_panel(&collusion, crowd_speak(crowd));
        /* A fifth of the threshold is where suspicion begins; far fewer than 1 look in 1000 gets there. */
        if (t % PAIRS_BLOCK == 0) assert_true(highest(&collusion, 0, members) < ONE / 5);
    }
    for (uint32_t i = 0; i < members; i++) assert_int_equal(collusion_cluster(&collusion, i), i);
    free(memory);
    free(crowd);
}

static void honest_normal_members_then_nobody(void **state) {
    (void)state;
    nobody_in(tell_normal, 16, 100000, 21);
}

static void honest_labels_then_nobody(void **state) {
    (void)state;
    nobody_in(tell_labels, 16, 100000, 22);
}

static void honest_members_unlike_each_other_then_nobody(void **state) {
    (void)state;
    honest_tell *kinds[] = {tell_unequal_skills,
                            tell_two_experts,
                            tell_with_likings,
                            tell_hard_questions,
                            tell_one_three_times_as_noisy,
                            tell_two_three_times_as_precise,
                            tell_changing_spreads,
                            tell_skewed_with_gaps};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        nobody_in(kinds[i], 16, 10000, 30 + i);
        nobody_in(kinds[i], 9, 5000, 40 + i);
    }
}

static void one_hundred_honest_members_then_nobody(void **state) {
    (void)state;
    nobody_in(tell_normal, 100, 1280, 23);
    nobody_in(tell_labels, 100, 1280, 24);
}

/* -------- some lie */

typedef int64_t told_lie(struct crowd *crowd, uint32_t liar, uint32_t liars, int64_t truth, int64_t common,
                         bool coin);

/* The truth with one error for all of them. */
static int64_t one_error(struct crowd *crowd, uint32_t liar, uint32_t liars, int64_t truth, int64_t common,
                         bool coin) {
    (void)crowd, (void)liar, (void)liars, (void)coin;
    return truth * SPREAD + common;
}

/* A common push of two spreads this way or that on top of what each saw. */
static int64_t joint_push(struct crowd *crowd, uint32_t liar, uint32_t liars, int64_t truth, int64_t common,
                          bool coin) {
    (void)liars, (void)truth, (void)common;
    return crowd->y[liar][0] + (coin ? 2 : -2) * SPREAD;
}

/* Two halves push against the truth, never both. */
static int64_t in_turn(struct crowd *crowd, uint32_t liar, uint32_t liars, int64_t truth, int64_t common, bool coin) {
    (void)common;
    return crowd->y[liar][0] - (coin == (liar < liars / 2) ? 2 * truth * SPREAD : 0);
}

/* What the last member told, with a little noise. */
static int64_t mimicry(struct crowd *crowd, uint32_t liar, uint32_t liars, int64_t truth, int64_t common, bool coin) {
    (void)liar, (void)liars, (void)truth, (void)common, (void)coin;
    return crowd->y[crowd->members - 1][0] + crowd_normal(crowd, SPREAD / 4);
}

static void panel_with(struct crowd *crowd, struct collusion *collusion, told_lie *lie, uint32_t liars) {
    int64_t truth = crowd_honest(crowd), common = crowd_normal(crowd, SPREAD);
    bool coin = prng_chance(&crowd->prng, 1, 2);
    for (uint32_t i = 0; i < liars; i++) crowd_tell(crowd, i, lie(crowd, i, liars, truth, common, coin));
    collusion_on_panel(collusion, crowd_speak(crowd));
}

/* After how many panels every liar's ratio has been at least 1; that no honest member's ever was is checked, but for
 * the `victims` last ones. 0: not within `panels`. */
static uint32_t delay(told_lie *lie, uint32_t members, uint32_t liars, uint32_t victims, uint32_t before,
                      uint32_t panels, uint64_t seed) {
    struct crowd *crowd = crowd_new(members, 2, SPREAD, seed);
    struct collusion collusion;
    void *memory = fresh(&collusion, members);
    uint32_t found = 0;
    for (uint32_t t = 1; t <= before + panels && found == 0; t++) {
        panel_with(crowd, &collusion, lie, t > before ? liars : 0);
        assert_true(highest(&collusion, liars, members - victims) < ONE);
        if (t > before && lowest(&collusion, 0, liars) >= ONE) found = t - before;
    }
    free(memory);
    free(crowd);
    return found;
}

static void two_with_one_error_then_flagged_soon(void **state) {
    (void)state;
    uint32_t at_once = delay(one_error, 16, 2, 0, 0, 1024, 51);
    uint32_t later = delay(one_error, 16, 2, 0, 4096, 1024, 52);
    assert_in_range(at_once, 64, 192);
    assert_in_range(later, 64, 320);
}

static void a_third_of_the_members_with_one_error_then_flagged(void **state) {
    (void)state;
    assert_in_range(delay(one_error, 16, 5, 0, 0, 1024, 53), 64, 256);
    assert_in_range(delay(one_error, 100, 32, 0, 0, 1024, 54), 64, 256);
}

static void joint_pushes_then_flagged_and_no_honest_member(void **state) {
    (void)state;
    assert_in_range(delay(joint_push, 16, 5, 0, 0, 2048, 55), 64, 512);
    assert_in_range(delay(joint_push, 16, 7, 0, 0, 2048, 56), 64, 512);
}

static void coalition_split_in_two_then_flagged_later(void **state) {
    (void)state;
    assert_in_range(delay(in_turn, 16, 6, 0, 0, 6000, 57), 64, 6000);
    assert_in_range(delay(in_turn, 100, 32, 0, 0, 2048, 58), 64, 1024);
}

static void mimics_of_an_honest_member_then_mimics_flagged_too_and_the_victim_recovers(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 59);
    struct collusion collusion;
    void *memory = fresh(&collusion, 16);
    for (uint32_t t = 0; t < 1024; t++) panel_with(crowd, &collusion, mimicry, 5);
    assert_true(lowest(&collusion, 0, 5) >= ONE);
    assert_true(highest(&collusion, 5, 15) < ONE);
    assert_true(collusion_ratio(&collusion, 15, false) <= ONE + ONE / 4);
    assert_int_equal(collusion_cluster(&collusion, 15), 0);
    for (uint32_t t = 0; t < 4096; t++) panel_with(crowd, &collusion, mimicry, 0);
    assert_true(highest(&collusion, 0, 16) < ONE / 5);
    free(memory);
    free(crowd);
}

/* Members 0, 1 share one error, members 2, 3, 4 another. */
static void two_conspiracies_then_two_clusters(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 60);
    struct collusion collusion;
    void *memory = fresh(&collusion, 16);
    for (uint32_t t = 0; t < 512; t++) {
        int64_t truth = crowd_honest(crowd), errors[2] = {crowd_normal(crowd, SPREAD), crowd_normal(crowd, SPREAD)};
        for (uint32_t i = 0; i < 5; i++) crowd_tell(crowd, i, truth * SPREAD + errors[i >= 2]);
        collusion_on_panel(&collusion, crowd_speak(crowd));
    }
    const uint32_t expected[16] = {0, 0, 2, 2, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (uint32_t i = 0; i < 16; i++) assert_int_equal(collusion_cluster(&collusion, i), expected[i]);
    free(memory);
    free(crowd);
}

/* Four hypotheses; the truth is hypothesis 0, and liars share an error that moves rival 2 alone. */
static void push_for_one_rival_then_flagged(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 4, 4 * SPREAD, 61);
    struct collusion collusion;
    void *memory = fresh(&collusion, 16);
    for (uint32_t t = 0; t < 2048; t++) {
        int64_t common = crowd_normal(crowd, 5 * SPREAD);
        for (uint32_t i = 0; i < 16; i++) {
            int64_t told[4], sum = 0;
            for (int h = 0; h < 4; h++) told[h] = (h == 0 ? 4 * SPREAD : 0) + crowd_normal(crowd, SPREAD);
            if (i < 4) told[2] += common;
            for (int h = 0; h < 4; h++) sum += told[h];
            for (int h = 0; h < 4; h++) crowd->y[i][h] = 4 * told[h] - sum;
        }
        collusion_on_panel(&collusion, crowd_speak(crowd));
    }
    assert_true(highest(&collusion, 0, 4) >= ONE);
    assert_true(lowest(&collusion, 0, 4) > ONE / 2);
    assert_true(highest(&collusion, 4, 16) < ONE / 5);
    free(memory);
    free(crowd);
}

/* The same reports 2^25 times as large, with the cap: nothing changes. */
static void larger_units_then_the_same(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 62);
    struct collusion small, large;
    void *memory[] = {fresh(&small, 16), fresh(&large, 16)};
    for (uint32_t t = 0; t < 512; t++) {
        panel_with(crowd, &small, one_error, 3);
        struct voice_report report[16];
        int64_t y[16][2], without[16][2];
        for (uint32_t i = 0; i < 16; i++) {
            report[i] = crowd->report[i];
            for (int h = 0; h < 2; h++) {
                y[i][h] = crowd->y[i][h] * (INT64_C(1) << 25);
                without[i][h] = crowd->without[i][h] * (INT64_C(1) << 25);
            }
            report[i].y = y[i];
            report[i].without = without[i];
        }
        struct voice voice = crowd->voice;
        voice.cap <<= 25;
        voice.report = report;
        collusion_on_panel(&large, &voice);
    }
    for (uint32_t i = 0; i < 16; i++) {
        int64_t difference = (int64_t)collusion_ratio(&small, i, false) - collusion_ratio(&large, i, false);
        assert_in_range(difference + 256, 0, 512);
    }
    assert_true(collusion_ratio(&large, 0, false) >= ONE);
    free(memory[0]);
    free(memory[1]);
    free(crowd);
}

/* A report that stood alone has no location to be compared with. */
static void report_without_a_location_then_left_out(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 63);
    struct collusion collusion;
    void *memory = fresh(&collusion, 16);
    for (uint32_t t = 0; t < 512; t++) {
        int64_t truth = crowd_honest(crowd), common = crowd_normal(crowd, SPREAD);
        for (uint32_t i = 0; i < 3; i++) crowd_tell(crowd, i, truth * SPREAD + common);
        crowd_speak(crowd);
        crowd->report[0].without = NULL;
        collusion_on_panel(&collusion, &crowd->voice);
    }
    assert_int_equal(collusion_ratio(&collusion, 0, false), 0);
    assert_true(collusion_ratio(&collusion, 1, false) >= ONE);
    free(memory);
    free(crowd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_normal_members_then_nobody),
        cmocka_unit_test(honest_labels_then_nobody),
        cmocka_unit_test(honest_members_unlike_each_other_then_nobody),
        cmocka_unit_test(one_hundred_honest_members_then_nobody),
        cmocka_unit_test(two_with_one_error_then_flagged_soon),
        cmocka_unit_test(a_third_of_the_members_with_one_error_then_flagged),
        cmocka_unit_test(joint_pushes_then_flagged_and_no_honest_member),
        cmocka_unit_test(coalition_split_in_two_then_flagged_later),
        cmocka_unit_test(mimics_of_an_honest_member_then_mimics_flagged_too_and_the_victim_recovers),
        cmocka_unit_test(two_conspiracies_then_two_clusters),
        cmocka_unit_test(push_for_one_rival_then_flagged),
        cmocka_unit_test(larger_units_then_the_same),
        cmocka_unit_test(report_without_a_location_then_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
