#include "crowd.h"

#include "standing/constants.h"
#include "standing/drift.h"

enum { ONE = 65536 };

struct fixture {
    struct crowd *crowd;
    struct drift drift;
    void *memory;
};

static struct fixture fixture_of(uint32_t members, uint32_t hypotheses, int64_t cap, uint64_t seed) {
    struct fixture fixture = {.crowd = crowd_new(members, hypotheses, cap, seed)};
    fixture.memory = calloc(1, drift_bytes(members));
    drift_init(&fixture.drift, fixture.memory, members);
    return fixture;
}

static void fixture_end(struct fixture *fixture) {
    free(fixture->memory);
    free(fixture->crowd);
}

static void speak(struct fixture *fixture) { drift_on_panel(&fixture->drift, crowd_speak(fixture->crowd)); }

static uint32_t ratio_of(const struct fixture *fixture, uint32_t member) {
    return drift_ratio(&fixture->drift, member, false);
}

static uint32_t largest_ratio(const struct fixture *fixture, uint32_t from) {
    uint32_t largest = 0;
    for (uint32_t i = from; i < fixture->crowd->members; i++) {
        if (ratio_of(fixture, i) > largest) largest = ratio_of(fixture, i);
    }
    return largest;
}

static void nothing_told_then_nothing_shown(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 1);
    for (uint32_t i = 0; i < 16; i++) assert_int_equal(ratio_of(&fixture, i), 0);
    assert_int_equal(drift_ratio(&fixture.drift, 0, true), 0);
    fixture_end(&fixture);
}

static void one_report_at_the_cap_then_the_increment_of_the_table(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 1);
    for (uint32_t i = 0; i < 16; i++) crowd_tell(fixture.crowd, i, 0);
    crowd_tell(fixture.crowd, 3, 5 * SPREAD);
    speak(&fixture);
    /* Nothing is known of the variance yet, so theta is that of variance 1: 40498 * (1 - 0.3) over
     * ln 10^6 + ln 16 + ln 7, each with 16 fractional bits. */
    uint32_t sum = (uint32_t)((uint64_t)40498 * (65536 - 19661) / 65536);
    uint32_t threshold = 905414 + 181705 + 127528;
    assert_int_equal(ratio_of(&fixture, 3), (uint64_t)sum * ONE / threshold);
    assert_int_equal(drift_ratio(&fixture.drift, 3, true), (uint64_t)sum * ONE / (threshold - 905414 + 603609));
    /* The others look away from it by next to nothing. */
    assert_int_equal(ratio_of(&fixture, 2), 0);
    fixture_end(&fixture);
}

static void steady_bias_then_alarmed_and_nobody_else(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 2);
    uint32_t panel = 0;
    while (ratio_of(&fixture, 5) < ONE) {
        assert_true(++panel < 120);
        (void)crowd_honest(fixture.crowd);
        crowd_tell(fixture.crowd, 5, fixture.crowd->y[5][0] + SPREAD);
        speak(&fixture);
    }
    for (uint32_t i = 0; i < 16; i++) {
        if (i != 5) assert_true(ratio_of(&fixture, i) < ONE);
    }
    fixture_end(&fixture);
}

static void bias_of_five_in_sixteen_then_the_liars_and_no_honest_member(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 3);
    for (uint32_t panel = 0; panel < 400; panel++) {
        (void)crowd_honest(fixture.crowd);
        for (uint32_t i = 0; i < 5; i++) crowd_tell(fixture.crowd, i, fixture.crowd->y[i][0] - SPREAD);
        speak(&fixture);
        /* The location gives way by a third of a spread and stays there: here nobody is weighed down. */
        assert_true(largest_ratio(&fixture, 5) < ONE);
    }
    for (uint32_t i = 0; i < 5; i++) assert_true(ratio_of(&fixture, i) >= ONE);
    fixture_end(&fixture);
}

static void always_against_the_truth_then_the_outcome_frame_sees_it(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 4);
    for (uint32_t panel = 0; panel < 400; panel++) {
        int64_t truth = crowd_honest(fixture.crowd);
        crowd_tell(fixture.crowd, 7, fixture.crowd->y[7][0] - truth * SPREAD);
        speak(&fixture);
    }
    assert_true(ratio_of(&fixture, 7) >= ONE);
    /* As the truth is a coin, its pushes cancel in the frame of a hypothesis: no sum there is near the threshold. */
    for (uint32_t s = 0; s < 4; s++)
        assert_true(fixture.drift.streams[(7 + s) * 16 + 7] < fixture.drift.threshold / 2);
    fixture_end(&fixture);
}

static void push_for_the_fourth_hypothesis_then_seen(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(10, 4, 2 * SPREAD, 5);
    for (uint32_t panel = 0; panel < 300; panel++) {
        for (uint32_t i = 0; i < 10; i++) {
            int64_t told[4], sum = 0;
            for (uint32_t j = 0; j < 4; j++) {
                told[j] = crowd_normal(fixture.crowd, SPREAD * 7 / 10) + (i == 9 && j == 3 ? SPREAD : 0);
                sum += told[j];
            }
            for (uint32_t j = 0; j < 4; j++) fixture.crowd->y[i][j] = 4 * told[j] - sum;
        }
        speak(&fixture);
    }
    assert_true(ratio_of(&fixture, 9) >= ONE);
    for (uint32_t i = 0; i < 9; i++) assert_true(ratio_of(&fixture, i) < ONE);
    fixture_end(&fixture);
}

static void honest_groups_then_no_alarm(void **state) {
    (void)state;
    uint32_t permille[16];
    for (uint32_t i = 0; i < 16; i++) permille[i] = 800;
    for (uint32_t labels = 0; labels < 2; labels++) {
        struct fixture fixture = fixture_of(16, 2, labels ? 2 * SPREAD : SPREAD, 6);
        for (uint32_t panel = 0; panel < 3000; panel++) {
            if (labels)
                (void)crowd_label(fixture.crowd, permille);
            else
                (void)crowd_honest(fixture.crowd);
            speak(&fixture);
            assert_true(largest_ratio(&fixture, 0) < ONE);
        }
        fixture_end(&fixture);
    }
}

static void noisy_member_then_no_alarm(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 7);
    for (uint32_t panel = 0; panel < 3000; panel++) {
        int64_t truth = crowd_honest(fixture.crowd);
        crowd_tell(fixture.crowd, 0, truth * SPREAD + crowd_normal(fixture.crowd, 3 * SPREAD));
        speak(&fixture);
        assert_true(largest_ratio(&fixture, 0) < ONE);
    }
    fixture_end(&fixture);
}

static void lie_ends_then_the_sum_falls_back(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 8);
    for (uint32_t panel = 0; panel < 1300; panel++) {
        (void)crowd_honest(fixture.crowd);
        if (panel < 300) crowd_tell(fixture.crowd, 4, 9 * SPREAD);
        speak(&fixture);
        if (panel == 299) assert_int_equal(ratio_of(&fixture, 4), ONE + ONE / 4 - 1);
    }
    /* The slow scale comes down by k theta a panel, from 5/4 of the threshold in some seven hundred panels. */
    assert_true(ratio_of(&fixture, 4) < ONE / 2);
    fixture_end(&fixture);
}

static void absent_or_alone_then_unmoved(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(16, 2, SPREAD, 9);
    for (uint32_t panel = 0; panel < 20; panel++) {
        (void)crowd_honest(fixture.crowd);
        crowd_tell(fixture.crowd, 2, 9 * SPREAD);
        speak(&fixture);
    }
    uint32_t before = ratio_of(&fixture, 2);
    assert_true(before > 0);
    for (uint32_t panel = 0; panel < 20; panel++) {
        (void)crowd_honest(fixture.crowd);
        fixture.crowd->absent[2] = true;
        speak(&fixture);
    }
    assert_int_equal(ratio_of(&fixture, 2), before);
    struct voice_report alone = {2, VOICE_ORIGINAL, 0, fixture.crowd->y[2], NULL};
    struct voice voice = {.hypotheses = 2, .cap = SPREAD, .reports = 1, .report = &alone};
    drift_on_panel(&fixture.drift, &voice);
    assert_int_equal(ratio_of(&fixture, 2), before);
    fixture_end(&fixture);
}

/* Two groups that say the same in another unit, or with the hypotheses exchanged. */
static void other_unit_or_other_order_of_hypotheses_then_the_same(void **state) {
    (void)state;
    for (uint32_t mirror = 0; mirror < 2; mirror++) {
        struct fixture one = fixture_of(9, 2, SPREAD, 10), two = fixture_of(9, 2, mirror ? SPREAD : SPREAD << 30, 10);
        for (uint32_t panel = 0; panel < 200; panel++) {
            (void)crowd_honest(one.crowd);
            crowd_tell(one.crowd, 1, one.crowd->y[1][0] + SPREAD / 2);
            drift_on_panel(&one.drift, crowd_speak(one.crowd));
            for (uint32_t i = 0; i < 9; i++) {
                for (uint32_t j = 0; j < 2; j++) {
                    two.crowd->y[i][j] = mirror ? -one.crowd->y[i][j] : one.crowd->y[i][j] * (INT64_C(1) << 30);
                    two.crowd->without[i][j] =
                        mirror ? -one.crowd->without[i][j] : one.crowd->without[i][j] * (INT64_C(1) << 30);
                    two.crowd->report[i] = one.crowd->report[i];
                    two.crowd->report[i].y = two.crowd->y[i];
                    two.crowd->report[i].without = two.crowd->without[i];
                }
            }
            struct voice voice = one.crowd->voice;
            voice.report = two.crowd->report;
            voice.cap = two.crowd->cap;
            drift_on_panel(&two.drift, &voice);
            for (uint32_t i = 0; i < 9; i++) assert_int_equal(ratio_of(&one, i), ratio_of(&two, i));
        }
        fixture_end(&one);
        fixture_end(&two);
    }
}

static void largest_values_then_nothing_overflows(void **state) {
    (void)state;
    struct fixture fixture = fixture_of(MEMBERS_MAX, HYPOTHESES_MAX, 1, 11);
    int64_t caps[] = {1, 3, SPREAD, INT64_C(1) << 46, (INT64_C(1) << 51) - 1};
    int64_t large = INT64_C(1) << 57;
    struct crowd *crowd = fixture.crowd;
    for (uint32_t panel = 0; panel < 40; panel++) {
        for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
            for (uint32_t j = 0; j < HYPOTHESES_MAX; j++) {
                crowd->y[i][j] = prng_between(&crowd->prng, -large, large);
                crowd->without[i][j] = prng_between(&crowd->prng, -large, large);
            }
            crowd->report[i] = (struct voice_report){(uint16_t)i, VOICE_ORIGINAL, 0, crowd->y[i], crowd->without[i]};
        }
        struct voice voice = {.hypotheses = HYPOTHESES_MAX, .reports = MEMBERS_MAX, .report = crowd->report};
        voice.cap = caps[panel % 5];
        drift_on_panel(&fixture.drift, &voice);
    }
    assert_true(largest_ratio(&fixture, 0) <= ONE + ONE / 4);
    fixture_end(&fixture);
}

/* The naive model: a structure a member and frame, the definition in the head of drift.h, nothing shared. */
struct naive {
    int32_t sum[4];
    int32_t mean, square;
    int32_t count;
};

static int64_t naive_residual(const struct voice_report *report, uint32_t j, int64_t cap) {
    int64_t e = report->y[j] - report->without[j];
    if (e > cap) e = cap;
    if (e < -cap) e = -cap;
    return e * ONE / cap;
}

static int32_t naive_variance(const struct naive *its) {
    int64_t mean = its->mean / 256;
    int64_t variance = ONE - its->square / 256 - mean * mean / ONE;
    return variance < 0 ? 0 : (int32_t)variance;
}

static int naive_order(const void *a, const void *b) { return *(const int32_t *)a - *(const int32_t *)b; }

static void naive_see(struct naive *its, int64_t y, int32_t offset, int32_t variance, bool outcome, int32_t cap) {
    static const int sides[4] = {1, -1, -1, 1};
    if (naive_variance(its) > variance) variance = naive_variance(its);
    int cell = (variance * 64 + ONE - 1) / ONE;
    for (int s = 0; s < 4; s++) {
        int64_t theta = s < 2 ? DRIFT_THETA_FAST[cell] : DRIFT_THETA_SLOW[cell];
        int64_t step = theta * (sides[s] * (y - offset) - (s < 2 ? 19661 : 6554)) / ONE;
        int64_t next = its->sum[s] + step;
        if (outcome && s == 3) next = 0;
        its->sum[s] = (int32_t)(next < 0 ? 0 : next > cap ? cap : next);
    }
    int32_t mean_of = its->count < 64 ? its->count + 1 : 64;
    int32_t square_of = its->count + 8 < 128 ? its->count + 9 : 128;
    its->mean += ((int32_t)y * 256 - its->mean) / mean_of;
    its->square += ((int32_t)(ONE - y * y / ONE) * 256 - its->square) / square_of;
    if (its->count < 128) its->count++;
}

static void naive_group(const struct naive *members, uint32_t n, int32_t *offset, int32_t *variance) {
    int32_t means[16], variances[16];
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (members[i].count < 16) continue;
        means[count] = members[i].mean / 256;
        variances[count++] = naive_variance(&members[i]);
    }
    if (count < 4) return;
    qsort(means, count, sizeof *means, naive_order);
    qsort(variances, count, sizeof *variances, naive_order);
    *offset = (means[(count - 1) / 2] + means[count / 2]) / 2;
    if (*offset > ONE / 2) *offset = ONE / 2;
    if (*offset < -ONE / 2) *offset = -ONE / 2;
    *variance = variances[count / 2];
}

static void random_reports_then_equal_to_the_definition(void **state) {
    (void)state;
    enum { N = 7, K = 3 };
    struct fixture fixture = fixture_of(N, K, SPREAD, 12);
    static struct naive naive[1 + K][N];
    memset(naive, 0, sizeof naive);
    int32_t offset[1 + K] = {0}, variance[1 + K] = {ONE, ONE, ONE, ONE};
    int32_t threshold = LN_RUN_LENGTH + LN[N] + LN[4 * (1 + K) - 1];
    for (uint32_t panel = 1; panel <= 2000; panel++) {
        struct crowd *crowd = fixture.crowd;
        for (uint32_t i = 0; i < N; i++) {
            int64_t told[K], sum = 0;
            for (uint32_t j = 0; j < K; j++) {
                told[j] = crowd_normal(crowd, SPREAD * (1 + i) / 4) + (i == 0 && j == 1 ? SPREAD / 2 : 0);
                sum += told[j];
            }
            for (uint32_t j = 0; j < K; j++) crowd->y[i][j] = K * told[j] - sum;
            crowd->absent[i] = prng_chance(&crowd->prng, i, 20);
        }
        const struct voice *voice = crowd_speak(crowd);
        for (uint32_t r = 0; r < voice->reports; r++) {
            const struct voice_report *report = &voice->report[r];
            uint32_t top = 0;
            for (uint32_t j = 0; j < K; j++) {
                naive_see(&naive[1 + j][report->member], naive_residual(report, j, SPREAD), offset[1 + j],
                          variance[1 + j], false, threshold + threshold / 4);
                if (report->without[j] > report->without[top]) top = j;
            }
            naive_see(&naive[0][report->member], naive_residual(report, top, SPREAD), offset[0], variance[0], true,
                      threshold + threshold / 4);
        }
        for (uint32_t f = 0; panel % 16 == 0 && f <= K; f++) naive_group(naive[f], N, &offset[f], &variance[f]);
        drift_on_panel(&fixture.drift, voice);
        for (uint32_t i = 0; i < N; i++) {
            int32_t largest = 0;
            for (uint32_t s = 0; s < 4 * (1 + K); s++) {
                if (naive[s / 4][i].sum[s % 4] > largest) largest = naive[s / 4][i].sum[s % 4];
            }
            assert_int_equal(ratio_of(&fixture, i), (int64_t)largest * ONE / threshold);
        }
    }
    assert_true(largest_ratio(&fixture, 0) > ONE);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_told_then_nothing_shown),
        cmocka_unit_test(one_report_at_the_cap_then_the_increment_of_the_table),
        cmocka_unit_test(steady_bias_then_alarmed_and_nobody_else),
        cmocka_unit_test(bias_of_five_in_sixteen_then_the_liars_and_no_honest_member),
        cmocka_unit_test(always_against_the_truth_then_the_outcome_frame_sees_it),
        cmocka_unit_test(push_for_the_fourth_hypothesis_then_seen),
        cmocka_unit_test(honest_groups_then_no_alarm),
        cmocka_unit_test(noisy_member_then_no_alarm),
        cmocka_unit_test(lie_ends_then_the_sum_falls_back),
        cmocka_unit_test(absent_or_alone_then_unmoved),
        cmocka_unit_test(other_unit_or_other_order_of_hypotheses_then_the_same),
        cmocka_unit_test(largest_values_then_nothing_overflows),
        cmocka_unit_test(random_reports_then_equal_to_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
