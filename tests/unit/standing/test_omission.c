#include "crowd.h"

#include "standing/omission.h"

enum { ONE = 65536 };

struct fixture {
    uint32_t members;
    struct omission omission;
    void *memory;
    struct prng prng;
};

static struct fixture fixture_of(uint32_t members, uint64_t seed) {
    struct fixture fixture = {.members = members, .prng = prng_seeded(seed)};
    print_message("seed %llu\n", (unsigned long long)seed);
    fixture.memory = calloc(1, omission_bytes(members));
    omission_init(&fixture.omission, fixture.memory, members);
    return fixture;
}

enum presence { REPORTED, MISSED, ABSENT };

static void panel(struct fixture *fixture, const enum presence *presence) {
    static const int64_t zeros[2];
    struct voice_report reports[MEMBERS_MAX];
    struct voice voice = {.hypotheses = 2, .cap = 1, .report = reports};
    for (uint32_t i = 0; i < fixture->members; i++) {
        if (presence[i] == MISSED) voice.missed[i / 64] |= UINT64_C(1) << (i % 64);
        if (presence[i] == REPORTED)
            reports[voice.reports++] = (struct voice_report){(uint16_t)i, VOICE_ORIGINAL, 0, zeros, zeros};
    }
    omission_on_panel(&fixture->omission, &voice);
}

static uint32_t ratio_of(const struct fixture *fixture, uint32_t member) {
    return omission_ratio(&fixture->omission, member, false);
}

static void one_miss_then_the_gain_of_the_table(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 1);
    enum presence presence[16] = {[3] = MISSED};
    panel(&fixture, presence);
    /* An eighth is usual: exp(21 theta / 32) / 8 + exp(-11 theta / 32) * 7 / 8 = 1 for theta = 2.4468. */
    uint32_t gain = 105230, threshold = 905414 + 181705;
    assert_int_equal(ratio_of(&fixture, 3), (uint64_t)gain * ONE / threshold);
    assert_int_equal(omission_ratio(&fixture.omission, 3, true), (uint64_t)gain * ONE / (603609 + 181705));
    assert_int_equal(ratio_of(&fixture, 2), 0);
    free(fixture.memory);
}

static void always_missing_then_alarmed_after_eleven_and_held(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 1);
    enum presence presence[16] = {[3] = MISSED};
    for (uint32_t p = 1; p <= 11; p++) {
        assert_true(ratio_of(&fixture, 3) < ONE);
        panel(&fixture, presence);
    }
    assert_true(ratio_of(&fixture, 3) >= ONE);
    for (uint32_t p = 0; p < 1000; p++) panel(&fixture, presence);
    assert_int_equal(ratio_of(&fixture, 3), ONE + ONE / 4 - 1);
    /* It reports again: what was held at 5/4 of the threshold is gone after 25 reports. */
    presence[3] = REPORTED;
    for (uint32_t p = 0; p < 25; p++) panel(&fixture, presence);
    assert_int_equal(ratio_of(&fixture, 3), 0);
    free(fixture.memory);
}

static void half_of_the_panels_left_out_then_alarmed(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2);
    enum presence presence[16] = {REPORTED};
    for (uint32_t p = 0; p < 400; p++) {
        /* Four conspire, and leave out what does not suit them. */
        bool suits = prng_chance(&fixture.prng, 1, 2);
        for (uint32_t i = 0; i < 16; i++)
            presence[i] = i < 4 ? suits ? REPORTED : MISSED : prng_chance(&fixture.prng, 1, 50) ? MISSED : REPORTED;
        panel(&fixture, presence);
        for (uint32_t i = 4; i < 16; i++) assert_true(ratio_of(&fixture, i) < ONE);
    }
    for (uint32_t i = 0; i < 4; i++) assert_true(ratio_of(&fixture, i) >= ONE);
    free(fixture.memory);
}

static void one_panel_in_eight_missed_by_all_then_no_alarm(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 3);
    enum presence presence[16];
    for (uint32_t p = 0; p < 10000; p++) {
        for (uint32_t i = 0; i < 16; i++) presence[i] = prng_chance(&fixture.prng, 1, 8) ? MISSED : REPORTED;
        panel(&fixture, presence);
        for (uint32_t i = 0; i < 16; i++) assert_true(ratio_of(&fixture, i) < ONE);
    }
    free(fixture.memory);
}

static void group_that_misses_a_third_then_who_misses_as_much_is_usual(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 4);
    enum presence presence[16];
    for (uint32_t p = 0; p < 5000; p++) {
        /* At first everybody reports rarely enough for the usual share to be learnt. */
        for (uint32_t i = 0; i < 16; i++)
            presence[i] = prng_chance(&fixture.prng, p < 200 ? p / 10 : 20, 60) ? MISSED : REPORTED;
        panel(&fixture, presence);
        for (uint32_t i = 0; i < 16; i++) assert_true(ratio_of(&fixture, i) < ONE);
    }
    free(fixture.memory);
}

static void missed_by_half_or_more_then_says_nothing(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 1);
    enum presence presence[16] = {REPORTED};
    for (uint32_t i = 0; i < 8; i++) presence[i] = MISSED;
    for (uint32_t p = 0; p < 1000; p++) panel(&fixture, presence);
    for (uint32_t i = 0; i < 16; i++) assert_int_equal(ratio_of(&fixture, i), 0);
    /* One fewer, and it does. */
    presence[7] = REPORTED;
    panel(&fixture, presence);
    assert_true(ratio_of(&fixture, 0) > 0);
    free(fixture.memory);
}

static void absent_with_its_lane_at_rest_then_unmoved(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(MEMBERS_MAX, 1);
    static enum presence presence[MEMBERS_MAX];
    presence[255] = MISSED;
    for (uint32_t p = 0; p < 5; p++) panel(&fixture, presence);
    uint32_t before = ratio_of(&fixture, 255);
    assert_true(before > 0);
    presence[255] = ABSENT;
    for (uint32_t p = 0; p < 100; p++) panel(&fixture, presence);
    assert_int_equal(ratio_of(&fixture, 255), before);
    free(fixture.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_miss_then_the_gain_of_the_table),
        cmocka_unit_test(always_missing_then_alarmed_after_eleven_and_held),
        cmocka_unit_test(half_of_the_panels_left_out_then_alarmed),
        cmocka_unit_test(one_panel_in_eight_missed_by_all_then_no_alarm),
        cmocka_unit_test(group_that_misses_a_third_then_who_misses_as_much_is_usual),
        cmocka_unit_test(missed_by_half_or_more_then_says_nothing),
        cmocka_unit_test(absent_with_its_lane_at_rest_then_unmoved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
