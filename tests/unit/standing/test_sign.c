#include "crowd.h"

#include "standing/sign.h"

enum { ONE = 65536 };

struct fixture {
    struct crowd *crowd;
    struct sign sign;
    void *memory;
};

static struct fixture fixture_of(uint32_t members, uint32_t hypotheses, uint64_t seed) {
    struct fixture fixture = {.crowd = crowd_new(members, hypotheses, SPREAD, seed)};
    fixture.memory = calloc(1, sign_bytes(members));
    sign_init(&fixture.sign, fixture.memory, members);
    return fixture;
}

static void fixture_end(struct fixture *fixture) {
    free(fixture->memory);
    free(fixture->crowd);
}

static uint32_t ratio_of(const struct fixture *fixture, uint32_t member) {
    return sign_ratio(&fixture->sign, member, false);
}

/* A panel of n members of whom those below `up` are a little above the others. */
static void split(struct fixture *fixture, uint32_t up) {
    for (uint32_t i = 0; i < fixture->crowd->members; i++)
        crowd_tell(fixture->crowd, i, i < up ? SPREAD / 1000 : -SPREAD / 1000);
    sign_on_panel(&fixture->sign, crowd_speak(fixture->crowd));
}

static void nothing_told_then_nothing_shown(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(8, 2, 1);
    assert_int_equal(ratio_of(&fixture, 7), 0);
    fixture_end(&fixture);
}

/* Half of the group is up, so a hit is worth theta / 8 for the positive zero of exp(theta / 8) + exp(-7 theta / 8) = 2,
 * which is 5.51 (found by hand): 45162 with 16 fractional bits. h = ln 10^6 + ln 8 + ln 3. */
static void even_panels_then_a_run_of_the_length_of_the_binomial_tail(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(8, 2, 1);
    uint32_t threshold = 905414 + 136279 + 71999;
    uint32_t panels = 0;
    while (ratio_of(&fixture, 0) < ONE) {
        split(&fixture, 4);
        panels++;
        assert_true(panels < 100);
        if (panels == 1) assert_int_equal(ratio_of(&fixture, 0), (uint64_t)45162 * ONE / threshold);
    }
    /* (1/2)^24 is below 1 / (10^6 * 24), (1/2)^25 what the rounding costs. */
    assert_int_equal(panels, 25);
    fixture_end(&fixture);
}

static void one_miss_then_seven_hits_are_gone(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(8, 2, 1);
    for (uint32_t panel = 0; panel < 20; panel++) split(&fixture, 4);
    uint32_t before = ratio_of(&fixture, 0);
    for (uint32_t i = 0; i < 8; i++) crowd_tell(fixture.crowd, i, i < 4 ? -SPREAD / 1000 : SPREAD / 1000);
    sign_on_panel(&fixture.sign, crowd_speak(fixture.crowd));
    assert_in_range(ratio_of(&fixture, 0), before * 12 / 20, before * 14 / 20);
    fixture_end(&fixture);
}

static void all_on_one_side_or_exactly_there_then_nothing(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(8, 2, 1);
    struct crowd *crowd = fixture.crowd;
    for (uint32_t panel = 0; panel < 100; panel++) {
        for (uint32_t i = 0; i < 8; i++) {
            int64_t told = panel % 2 == 0 ? 5 : 0;
            crowd->y[i][0] = told;
            crowd->y[i][1] = -told;
            crowd->without[i][0] = crowd->without[i][1] = 0;
            crowd->report[i] = (struct voice_report){(uint16_t)i, VOICE_ORIGINAL, 0, crowd->y[i], crowd->without[i]};
        }
        struct voice voice = {.hypotheses = 2, .cap = SPREAD, .reports = 8, .report = crowd->report};
        sign_on_panel(&fixture.sign, &voice);
        for (uint32_t i = 0; i < 8; i++) assert_int_equal(ratio_of(&fixture, i), 0);
    }
    fixture_end(&fixture);
}

static void drip_far_below_the_spread_then_alarmed(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, 2);
    struct crowd *crowd = fixture.crowd;
    for (uint32_t panel = 0; panel < 100; panel++) {
        (void)crowd_honest(crowd);
        /* The liar says what the others say, and one thousandth of a spread more. */
        int64_t others = crowd_location(crowd, 0, 3, 0);
        crowd_tell(crowd, 3, others + SPREAD / 1000);
        sign_on_panel(&fixture.sign, crowd_speak(crowd));
    }
    for (uint32_t i = 0; i < 16; i++)
        assert_true(i == 3 ? ratio_of(&fixture, i) >= ONE : ratio_of(&fixture, i) < ONE);
    fixture_end(&fixture);
}

static void drip_of_five_in_sixteen_then_alarmed(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, 3);
    struct crowd *crowd = fixture.crowd;
    for (uint32_t panel = 0; panel < 200; panel++) {
        (void)crowd_honest(crowd);
        for (uint32_t i = 0; i < 5; i++) crowd->absent[i] = true;
        int64_t others = crowd_location(crowd, 0, MEMBERS_MAX, 0);
        for (uint32_t i = 0; i < 5; i++) {
            crowd->absent[i] = false;
            crowd_tell(crowd, i, others + SPREAD / 100);
        }
        sign_on_panel(&fixture.sign, crowd_speak(crowd));
    }
    for (uint32_t i = 0; i < 16; i++) assert_true(i < 5 ? ratio_of(&fixture, i) >= ONE : ratio_of(&fixture, i) < ONE);
    fixture_end(&fixture);
}

static void honest_groups_then_no_alarm(void **state) {
    (void)state;
    uint32_t permille[16];
    for (uint32_t i = 0; i < 16; i++) permille[i] = 800;
    for (uint32_t kind = 0; kind < 3; kind++) {
        struct fixture fixture = fixture_of(16, 2, 4 + kind);
        struct crowd *crowd = fixture.crowd;
        for (uint32_t panel = 0; panel < 4000; panel++) {
            int64_t truth = kind == 0 ? crowd_honest(crowd) : crowd_label(crowd, permille);
            /* The third kind: a question with one truth, so that right labels always have the same sign. */
            for (uint32_t i = 0; kind == 2 && i < 16; i++) crowd_tell(crowd, i, truth * crowd->y[i][0]);
            sign_on_panel(&fixture.sign, crowd_speak(crowd));
            for (uint32_t i = 0; i < 16; i++) assert_true(ratio_of(&fixture, i) < ONE);
        }
        fixture_end(&fixture);
    }
}

static void enhanced_then_a_smaller_threshold(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(8, 2, 1);
    for (uint32_t panel = 0; panel < 10; panel++) split(&fixture, 4);
    assert_int_equal(sign_ratio(&fixture.sign, 0, true), (uint64_t)10 * 45162 * ONE / (603609 + 136279 + 71999));
    assert_true(sign_ratio(&fixture.sign, 0, true) > ratio_of(&fixture, 0));
    fixture_end(&fixture);
}

static void too_few_signs_then_nothing(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(3, 2, 1);
    for (uint32_t panel = 0; panel < 100; panel++) split(&fixture, 1);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(ratio_of(&fixture, i), 0);
    fixture_end(&fixture);
}

static void always_against_the_outcome_then_alarmed_and_with_it_not(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, 8);
    struct crowd *crowd = fixture.crowd;
    for (uint32_t panel = 0; panel < 200; panel++) {
        int64_t truth = crowd_honest(crowd);
        crowd_tell(crowd, 1, crowd_location(crowd, 0, 1, 0) - truth * SPREAD / 10);
        crowd_tell(crowd, 2, crowd_location(crowd, 0, 2, 0) + truth * SPREAD / 10);
        sign_on_panel(&fixture.sign, crowd_speak(crowd));
    }
    assert_true(ratio_of(&fixture, 1) >= ONE);
    assert_true(ratio_of(&fixture, 2) < ONE);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_told_then_nothing_shown),
        cmocka_unit_test(even_panels_then_a_run_of_the_length_of_the_binomial_tail),
        cmocka_unit_test(one_miss_then_seven_hits_are_gone),
        cmocka_unit_test(all_on_one_side_or_exactly_there_then_nothing),
        cmocka_unit_test(drip_far_below_the_spread_then_alarmed),
        cmocka_unit_test(drip_of_five_in_sixteen_then_alarmed),
        cmocka_unit_test(honest_groups_then_no_alarm),
        cmocka_unit_test(enhanced_then_a_smaller_threshold),
        cmocka_unit_test(too_few_signs_then_nothing),
        cmocka_unit_test(always_against_the_outcome_then_alarmed_and_with_it_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
