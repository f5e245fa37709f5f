#include "crowd.h"

#include "standing/copying.h"

enum { ONE = STANDING_ONE };

static void *fresh(struct copying *copying, uint32_t members) {
    void *memory = calloc(1, copying_bytes(members));
    copying_init(copying, memory, members);
    return memory;
}

static uint32_t highest(const struct copying *copying, uint32_t from, uint32_t to) {
    uint32_t most = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t ratio = copying_ratio(copying, i, false);
        if (ratio > most) most = ratio;
    }
    return most;
}

static bool equal(const struct crowd *crowd, uint32_t i, uint32_t j) {
    return memcmp(crowd->y[i], crowd->y[j], crowd->hypotheses * sizeof(int64_t)) == 0;
}

/* Told one after another in the order of `rank`, everybody having seen all before: the first equal one is named. */
static const struct voice *speak_in_order(struct crowd *crowd, const uint32_t *rank) {
    uint32_t reports = 0;
    for (uint32_t i = 0; i < crowd->members; i++) {
        uint16_t copied = VOICE_ORIGINAL;
        for (uint32_t j = 0; j < crowd->members; j++) {
            if (!crowd->absent[j] && rank[j] < rank[i] && equal(crowd, i, j)) copied = (uint16_t)j;
        }
        if (crowd->absent[i]) continue;
        crowd->report[reports++] = (struct voice_report){(uint16_t)i, copied, 0, crowd->y[i], NULL};
    }
    crowd->voice =
        (struct voice){.hypotheses = crowd->hypotheses, .cap = SPREAD, .reports = reports, .report = crowd->report};
    return &crowd->voice;
}

static const struct voice *speak(struct crowd *crowd) {
    uint32_t rank[MEMBERS_MAX];
    for (uint32_t i = 0; i < crowd->members; i++) rank[i] = i;
    return speak_in_order(crowd, rank);
}

/* -------- the rule straight from the head of copying.h, in floating point, one comparison at a time */

struct naive {
    double usual;
    double panels;
    double sum[MEMBERS_MAX];
};

static double share_alike(const struct crowd *crowd, uint32_t left_out) {
    double alike = 0, others = 0;
    for (uint32_t i = 0; i < crowd->members; i++) {
        if (i == left_out || crowd->absent[i]) continue;
        bool found = false;
        for (uint32_t j = 0; j < crowd->members; j++) {
            found |= j != i && j != left_out && !crowd->absent[j] && equal(crowd, i, j);
        }
        alike += found;
        others++;
    }
    return alike / others;
}

static double share_of_pairs(const struct crowd *crowd, uint32_t left_out) {
    double alike = 0, pairs = 0;
    for (uint32_t i = 0; i < crowd->members; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (i == left_out || j == left_out || crowd->absent[i] || crowd->absent[j]) continue;
            alike += equal(crowd, i, j);
            pairs++;
        }
    }
    return alike / pairs;
}

static double larger(double a, double b) { return a > b ? a : b; }

static void naive_panel(struct naive *naive, const struct crowd *crowd, const struct voice *voice, double cap) {
    if (voice->reports < 4) return;
    for (uint32_t r = 0; r < voice->reports; r++) {
        uint32_t i = voice->report[r].member;
        double base = larger(naive->usual, larger(share_alike(crowd, i), 3 * share_of_pairs(crowd, i)));
        double sum = naive->sum[i] + (voice->report[r].copied != VOICE_ORIGINAL) - base - 0.25;
        naive->sum[i] = sum < 0 ? 0 : sum < cap ? sum : cap;
    }
    naive->panels = naive->panels < 64 ? naive->panels + 1 : 64;
    double window = naive->panels + 4 < 64 ? naive->panels + 4 : 64;
    naive->usual += (share_alike(crowd, MEMBERS_MAX) - naive->usual) / window;
}

static void random_panels_then_as_the_definition(void **state) {
    (void)state;
    /* ln(10^6 * 9) */
    const double threshold = 16.012735;
    struct crowd *crowd = crowd_new(9, 3, SPREAD, 111);
    struct copying copying;
    void *memory = fresh(&copying, 9);
    struct naive naive = {.usual = 1};
    double highest_sum = 0;
    for (uint32_t t = 0; t < 2000; t++) {
        uint32_t values = t % 500 < 100 ? 4 : 400;
        for (uint32_t i = 0; i < 9; i++) {
            for (int h = 0; h < 3; h++) crowd->y[i][h] = (int64_t)prng_below(&crowd->prng, values);
            if (values == 4) crowd->y[i][1] = crowd->y[i][2] = 0;
            crowd->absent[i] = prng_chance(&crowd->prng, 1, 4);
            bool copies = i >= 7 && prng_chance(&crowd->prng, i, 9);
            if (copies) memcpy(crowd->y[i], crowd->y[i - 7], sizeof crowd->y[i]);
        }
        const struct voice *voice = speak(crowd);
        copying_on_panel(&copying, voice);
        naive_panel(&naive, crowd, voice, 1.25 * threshold);
        for (uint32_t i = 0; i < 9; i++) {
            double difference = (double)copying_ratio(&copying, i, false) / ONE - naive.sum[i] / threshold;
            assert_true(difference < 0.01 && difference > -0.01);
            highest_sum = larger(highest_sum, naive.sum[i]);
        }
    }
    assert_true(highest_sum > threshold);
    free(memory);
    free(crowd);
}

/* -------- who is caught, and who never is */

/* Liars 16 - liars .. 15 tell what member 0 told, or each its own model when there is one for each. */
static uint32_t delay(uint32_t liars, bool own_models, uint64_t seed) {
    struct crowd *crowd = crowd_new(16, 2, SPREAD, seed);
    struct copying copying;
    void *memory = fresh(&copying, 16);
    uint32_t found = 0;
    for (uint32_t t = 1; t <= 1024 && found == 0; t++) {
        crowd_honest(crowd);
        for (uint32_t i = 16 - liars; i < 16; i++) crowd_tell(crowd, i, crowd->y[own_models ? 15 - i : 0][0]);
        copying_on_panel(&copying, speak(crowd));
        assert_true(highest(&copying, 0, 16 - liars) < ONE / 5);
        if (copying_ratio(&copying, 15, false) >= ONE) found = t;
    }
    free(memory);
    free(crowd);
    return found;
}

static void continuous_evidence_and_copyists_then_caught(void **state) {
    (void)state;
    assert_in_range(delay(1, false, 112), 20, 64);
    assert_in_range(delay(5, false, 113), 20, 100);
    assert_in_range(delay(5, true, 114), 20, 200);
    assert_in_range(delay(7, false, 115), 20, 300);
}

static void two_labels_then_no_sum_ever_leaves_zero(void **state) {
    (void)state;
    for (uint32_t members = 4; members <= 16; members += 6) {
        for (uint32_t right = 500; right <= 1000; right += 100) {
            struct crowd *crowd = crowd_new(members, 2, SPREAD, 120 + members + right);
            struct copying copying;
            void *memory = fresh(&copying, members);
            uint32_t permille[MEMBERS_MAX];
            for (uint32_t i = 0; i < members; i++) permille[i] = right;
            for (uint32_t t = 0; t < 6000; t++) {
                crowd_label(crowd, permille);
                copying_on_panel(&copying, speak(crowd));
                assert_int_equal(highest(&copying, 0, members), 0);
            }
            free(memory);
            free(crowd);
        }
    }
}

/* Ten labels, 200 to 900 of 1000 right, the last member always having seen all others. */
static void many_labels_and_a_late_member_then_nobody(void **state) {
    (void)state;
    for (uint32_t members = 4; members <= 16; members += 6) {
        for (uint32_t right = 100; right <= 900; right += 200) {
            struct crowd *crowd = crowd_new(members, 10, SPREAD, 140 + members + right);
            struct copying copying;
            void *memory = fresh(&copying, members);
            for (uint32_t t = 0; t < 4000; t++) {
                for (uint32_t i = 0; i < members; i++) {
                    uint64_t label = prng_chance(&crowd->prng, right, 1000) ? 0 : prng_below(&crowd->prng, 10);
                    for (uint32_t h = 0; h < 10; h++) crowd->y[i][h] = h == label ? 9 * SPREAD : -SPREAD;
                }
                copying_on_panel(&copying, speak(crowd));
                assert_true(highest(&copying, 0, members) < ONE / 2);
            }
            free(memory);
            free(crowd);
        }
    }
}

static void claim_of_a_copy_that_is_not_equal_then_no_repeat(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 116);
    struct copying copying;
    void *memory = fresh(&copying, 16);
    for (uint32_t t = 0; t < 512; t++) {
        crowd_honest(crowd);
        crowd_tell(crowd, 1, crowd->y[2][0] + 1);
        crowd_tell(crowd, 15, crowd->y[14][0]);
        crowd->absent[14] = t % 2 == 0;
        speak(crowd);
        uint32_t reports = crowd->voice.reports;
        crowd->report[1].copied = 2;            /* not equal */
        crowd->report[3].copied = 3;            /* itself */
        crowd->report[4].copied = 16;           /* nobody */
        crowd->report[reports - 1].copied = 14; /* equal, but silent every second time */
        copying_on_panel(&copying, &crowd->voice);
        if (t % 16 == 0) assert_true(highest(&copying, 0, 15) < ONE / 5);
    }
    assert_true(copying_ratio(&copying, 15, false) > 0);
    free(memory);
    free(crowd);
}

static void copyist_that_stops_then_recovers(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 117);
    struct copying copying;
    void *memory = fresh(&copying, 16);
    for (uint32_t t = 0; t < 2000; t++) {
        crowd_honest(crowd);
        crowd_tell(crowd, 9, crowd->y[3][0]);
        copying_on_panel(&copying, speak(crowd));
    }
    assert_in_range(copying_ratio(&copying, 9, false), ONE + ONE / 4 - 1, ONE + ONE / 4);
    assert_int_equal(copying_ratio(&copying, 9, true), ONE + ONE / 4);
    assert_int_equal(copying_ratio(&copying, 3, true), 0);
    for (uint32_t t = 0; t < 100; t++) {
        crowd_honest(crowd);
        copying_on_panel(&copying, speak(crowd));
    }
    assert_int_equal(copying_ratio(&copying, 9, false), 0);
    free(memory);
    free(crowd);
}

static void three_reports_then_left_out(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(3, 2, SPREAD, 118);
    struct copying copying;
    void *memory = fresh(&copying, 4);
    for (uint32_t t = 0; t < 500; t++) {
        crowd_honest(crowd);
        crowd_tell(crowd, 2, crowd->y[0][0]);
        copying_on_panel(&copying, speak(crowd));
    }
    assert_int_equal(copying_ratio(&copying, 2, true), 0);
    free(memory);
    free(crowd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_panels_then_as_the_definition),
        cmocka_unit_test(continuous_evidence_and_copyists_then_caught),
        cmocka_unit_test(two_labels_then_no_sum_ever_leaves_zero),
        cmocka_unit_test(many_labels_and_a_late_member_then_nobody),
        cmocka_unit_test(claim_of_a_copy_that_is_not_equal_then_no_repeat),
        cmocka_unit_test(copyist_that_stops_then_recovers),
        cmocka_unit_test(three_reports_then_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
