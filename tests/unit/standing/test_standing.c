#include "crowd.h"

#include "standing/standing.h"

enum { ONE = 65536, FIFTH = 13107 };

static struct standing *standing_of(uint32_t members, void **ret_memory) {
    size_t bytes = standing_bytes(members);
    *ret_memory = calloc(1, bytes);
    return standing_init(*ret_memory, bytes, members);
}

static struct standing_member member_of(const struct standing *standing, uint32_t member) {
    struct standing_member found;
    standing_member(standing, member, &found);
    return found;
}

static void new_group_then_everybody_at_full_weight(void **state) {
    (void)state;
    void *memory;
    struct standing *standing = standing_of(16, &memory);
    assert_int_equal(standing_members(standing), 16);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 16; i++) {
            struct standing_member its = member_of(standing, i);
            assert_int_equal(standing_weight(standing, i), ONE);
            assert_int_equal(standing_weights(standing)[i], ONE);
            assert_int_equal(its.weight, ONE);
            assert_int_equal(its.reputation, ONE);
            assert_int_equal(its.suspicion, 0);
            assert_int_equal(its.ratio, 0);
            assert_int_equal(its.reason, DETECTORS);
            assert_false(its.alarmed);
            assert_false(its.proven);
            assert_int_equal(its.probation_left, 0);
            assert_int_equal(standing_cluster(standing, i, 3), i);
        }
        standing_end_block(standing, 1 + round, false);
    }
    struct standing_alarm alarm;
    assert_false(standing_take_alarm(standing, &alarm));
    free(memory);
}

static void names_then_stable(void **state) {
    (void)state;
    static const char *const names[] = {"drift", "sign", "collusion", "timing", "copying", "omission", "none"};
    for (uint32_t d = 0; d <= DETECTORS; d++) assert_string_equal(detector_name((enum detector)d), names[d]);
    static const char *const proofs[] = {"none", "fork", "vote", "answer", "reveal"};
    for (uint32_t p = 0; p < STANDING_PROOFS; p++)
        assert_string_equal(standing_proof_name((enum standing_proof)p), proofs[p]);
}

static void proof_then_no_weight_from_the_next_block_on(void **state) {
    (void)state;
    void *memory;
    struct standing *standing = standing_of(4, &memory);
    standing_on_proof(standing, 2, STANDING_PROOF_FORK);
    standing_on_proof(standing, 2, STANDING_PROOF_VOTE);
    assert_int_equal(standing_weight(standing, 2), ONE);
    assert_true(member_of(standing, 2).proven);
    standing_end_block(standing, 1, false);
    assert_int_equal(standing_weight(standing, 2), 0);
    assert_int_equal(standing_weight(standing, 1), ONE);
    assert_int_equal(member_of(standing, 2).proof, STANDING_PROOF_FORK);
    for (uint64_t height = 2; height < 3000; height++) standing_end_block(standing, height, false);
    assert_int_equal(standing_weight(standing, 2), 0);
    free(memory);
}

static void reinstated_then_full_weight_again(void **state) {
    (void)state;
    void *memory;
    struct standing *standing = standing_of(4, &memory);
    standing_on_proof(standing, 2, STANDING_PROOF_REVEAL);
    standing_end_block(standing, 1, false);
    standing_reinstate(standing, 2);
    assert_int_equal(standing_weight(standing, 2), 0);
    standing_end_block(standing, 2, false);
    assert_int_equal(standing_weight(standing, 2), ONE);
    assert_int_equal(member_of(standing, 2).proof, STANDING_PROOF_NONE);
    free(memory);
}

static void newcomer_then_half_weight_and_the_rest_over_256_blocks(void **state) {
    (void)state;
    void *memory;
    struct standing *standing = standing_of(4, &memory);
    standing_admit(standing, 3, 1000);
    uint32_t before = 0;
    for (uint64_t height = 1000; height <= 1256; height++) {
        standing_end_block(standing, height, false);
        uint32_t weight = standing_weight(standing, 3);
        assert_int_equal(weight, ONE / 2 + (height - 1000) * (ONE / 2) / 256);
        assert_int_equal(member_of(standing, 3).probation_left, 1256 - height);
        assert_true(weight > before);
        before = weight;
    }
    assert_int_equal(before, ONE);
    assert_int_equal(standing_weight(standing, 0), ONE);
    free(memory);
}

static void challenges_then_reputation_at_the_end_of_the_epoch(void **state) {
    (void)state;
    void *memory;
    struct standing *standing = standing_of(4, &memory);
    standing_on_challenge(standing, 0, CHALLENGE_RIGHT);
    standing_on_challenge(standing, 1, CHALLENGE_MISSING);
    standing_on_challenge(standing, 2, CHALLENGE_WRONG);
    standing_on_canary(standing, 3, 0);
    standing_end_block(standing, 63, false);
    assert_int_equal(standing_weight(standing, 1), ONE);
    assert_int_equal(standing_weight(standing, 2), 0);
    standing_end_block(standing, 64, false);
    assert_int_equal(standing_weight(standing, 0), ONE);
    assert_int_equal(standing_weight(standing, 1), ONE * 8 / 9);
    assert_int_equal(member_of(standing, 2).reputation, ONE / 2);
    assert_int_equal(member_of(standing, 2).proof, STANDING_PROOF_ANSWER);
    /* (8 + 1/2) / (8 + 1) */
    assert_int_equal(standing_weight(standing, 3), ONE * 17 / 18);
    free(memory);
}

/* Runs a group in which those below `liars` push up by `bias` and returns how many panels that took until `until` of
 * them were alarmed. */
struct run {
    struct crowd *crowd;
    struct standing *standing;
    void *memory;
    uint64_t height;
    uint32_t alarms;
    uint32_t honest_alarms;
};

static struct run run_of(uint32_t members, uint64_t seed) {
    struct run run = {.crowd = crowd_new(members, 2, SPREAD, seed)};
    run.standing = standing_of(members, &run.memory);
    return run;
}

static void run_end(struct run *run) {
    free(run->memory);
    free(run->crowd);
}

static void assert_weights(const struct run *run) {
    uint32_t members = run->crowd->members;
    uint32_t suspected = 0;
    for (uint32_t i = 0; i < members; i++) {
        struct standing_member its = member_of(run->standing, i);
        assert_true(its.suspicion * 5 <= 4 * ONE);
        assert_int_equal(its.weight, ONE - its.suspicion);
        assert_true(its.weight > FIFTH);
        assert_true(its.ratio <= ONE + ONE / 4);
        suspected += its.suspicion > 0;
        /* Who is not weighed down although he is suspect has as many before him as may be. */
        if (its.suspicion > 0 || its.ratio <= FIFTH + 1) continue;
        uint32_t before = 0;
        for (uint32_t j = 0; j < members; j++) {
            uint32_t other = member_of(run->standing, j).ratio;
            before += other > its.ratio || (other == its.ratio && j < i);
        }
        assert_true(before >= (members - 1) / 3);
    }
    assert_true(suspected <= (members - 1) / 3);
}

static void run_panel(struct run *run, uint32_t liars, int64_t bias) {
    (void)crowd_honest(run->crowd);
    for (uint32_t i = 0; i < liars; i++) crowd_tell(run->crowd, i, run->crowd->y[i][0] + bias);
    for (uint32_t i = 0; i < run->crowd->members; i++)
        run->crowd->offset[i] = (int32_t)prng_below(&run->crowd->prng, ONE);
    standing_on_panel(run->standing, crowd_speak(run->crowd));
    standing_end_block(run->standing, ++run->height, false);
    struct standing_alarm alarm;
    while (standing_take_alarm(run->standing, &alarm)) {
        assert_true(alarm.ratio >= ONE && alarm.ratio <= ONE + ONE / 4);
        run->alarms++;
        run->honest_alarms += alarm.member >= liars;
    }
}

static void liars_then_a_fifth_of_their_weight_and_the_honest_keep_theirs(void **state) {
    (void)state;
    struct run run = run_of(16, 1);
    for (uint32_t panel = 0; panel < 400; panel++) {
        run_panel(&run, 5, SPREAD);
        assert_weights(&run);
    }
    for (uint32_t i = 0; i < 16; i++) {
        struct standing_member its = member_of(run.standing, i);
        if (i < 5) {
            assert_int_equal(its.weight, FIFTH + 1);
            assert_true(its.alarmed);
            assert_int_equal(its.reason, DETECTOR_DRIFT);
        } else {
            assert_int_equal(its.weight, ONE);
            assert_false(its.alarmed);
        }
    }
    assert_true(run.alarms >= 5);
    assert_int_equal(run.honest_alarms, 0);
    run_end(&run);
}

/* The members of the crowd at places of a larger group: three are vacant in the middle. */
static const struct voice *spread_out(const struct voice *voice, struct voice *ret_voice,
                                      struct voice_report *ret_reports) {
    enum { BEFORE = 4, VACANT = 3 };
    *ret_voice = *voice;
    for (uint32_t r = 0; r < voice->reports; r++) {
        ret_reports[r] = voice->report[r];
        if (ret_reports[r].member >= BEFORE) ret_reports[r].member += VACANT;
    }
    ret_voice->report = ret_reports;
    return ret_voice;
}

static uint32_t spread_place(uint32_t member) { return member < 4 ? member : member + 3; }

static void vacant_places_then_the_same_weights_as_without_them(void **state) {
    (void)state;
    enum { MEMBERS = 9, PANELS = 600 };
    struct run run = run_of(MEMBERS, 7);
    void *memory;
    struct standing *spread = standing_of(MEMBERS + 3, &memory);
    static struct voice_report reports[MEMBERS_MAX];
    for (uint32_t place = 4; place < 7; place++) standing_vacate(spread, place);
    uint32_t alarms = 0;
    for (uint64_t panel = 1; panel <= PANELS; panel++) {
        struct voice voice;
        struct standing_alarm alarm;
        (void)crowd_honest(run.crowd);
        for (uint32_t i = 0; i < 2; i++) crowd_tell(run.crowd, i, run.crowd->y[i][0] + 2 * SPREAD);
        for (uint32_t i = 2; i < MEMBERS; i++) run.crowd->absent[i] = prng_chance(&run.crowd->prng, 1, 8);
        const struct voice *spoken = crowd_speak(run.crowd);
        standing_on_panel(run.standing, spoken);
        standing_on_panel(spread, spread_out(spoken, &voice, reports));
        standing_end_block(run.standing, panel, panel > PANELS / 2);
        standing_end_block(spread, panel, panel > PANELS / 2);
        while (standing_take_alarm(run.standing, &alarm)) {
            struct standing_alarm other;
            assert_true(standing_take_alarm(spread, &other));
            assert_int_equal(other.member, spread_place(alarm.member));
            assert_int_equal(other.detector, alarm.detector);
            assert_int_equal(other.ratio, alarm.ratio);
            alarms++;
        }
        assert_false(standing_take_alarm(spread, &alarm));
        for (uint32_t i = 0; i < MEMBERS; i++) {
            struct standing_member a = member_of(run.standing, i), b = member_of(spread, spread_place(i));
            assert_int_equal(a.weight, b.weight);
            assert_memory_equal(a.ratios, b.ratios, sizeof a.ratios);
        }
        for (uint32_t place = 4; place < 7; place++) assert_int_equal(standing_weight(spread, place), 0);
    }
    assert_true(alarms >= 2);
    free(memory);
    run_end(&run);
}

static void place_vacated_and_filled_then_nothing_is_known_of_who_comes(void **state) {
    (void)state;
    struct run run = run_of(16, 8);
    for (uint32_t panel = 0; panel < 300; panel++) run_panel(&run, 3, 2 * SPREAD);
    standing_on_proof(run.standing, 1, STANDING_PROOF_VOTE);
    standing_on_challenge(run.standing, 1, CHALLENGE_MISSING);
    standing_end_block(run.standing, 320, false);
    assert_true(member_of(run.standing, 1).alarmed && member_of(run.standing, 0).alarmed);
    standing_vacate(run.standing, 1);
    struct standing_member gone = member_of(run.standing, 1);
    assert_int_equal(gone.weight, 0);
    assert_int_equal(gone.suspicion, 0);
    assert_int_equal(gone.reason, DETECTORS);
    assert_int_equal(gone.proof, STANDING_PROOF_VOTE);
    assert_int_equal(gone.reputation, ONE * 8 / 9);
    assert_false(gone.alarmed);
    assert_int_equal(standing_cluster(run.standing, 1, 0), 1);
    /* Whoever was like it still is what it was. */
    assert_true(member_of(run.standing, 0).alarmed && member_of(run.standing, 2).alarmed);
    for (uint64_t height = 321; height < 1000; height++) standing_end_block(run.standing, height, false);
    assert_int_equal(member_of(run.standing, 1).reputation, ONE * 8 / 9);
    assert_int_equal(standing_weight(run.standing, 1), 0);
    standing_fill(run.standing, 1, 1000);
    struct standing_member come = member_of(run.standing, 1);
    assert_int_equal(come.weight, ONE / 2);
    assert_int_equal(come.reputation, ONE);
    assert_int_equal(come.proof, STANDING_PROOF_NONE);
    assert_int_equal(come.probation_left, STANDING_PROBATION_BLOCKS);
    standing_end_block(run.standing, 1000, false);
    assert_int_equal(standing_weight(run.standing, 1), ONE / 2);
    /* It is honest, and nothing of who was there before makes it look otherwise. */
    run.height = 1000;
    for (uint32_t panel = 0; panel < STANDING_PROBATION_BLOCKS; panel++) {
        run_panel(&run, 1, SPREAD);
        assert_false(member_of(run.standing, 1).alarmed);
    }
    assert_true(standing_weight(run.standing, 1) > ONE * 9 / 10);
    run_end(&run);
}

static void more_suspects_than_a_third_then_only_a_third_weighed_down(void **state) {
    (void)state;
    struct run run = run_of(16, 2);
    /* Two camps of eight that pull apart: all are off, and F = 5 of them pay. */
    for (uint32_t panel = 0; panel < 600; panel++) {
        (void)crowd_honest(run.crowd);
        for (uint32_t i = 0; i < 16; i++)
            crowd_tell(run.crowd, i, run.crowd->y[i][0] + (i < 8 ? 3 * SPREAD : -3 * SPREAD));
        standing_on_panel(run.standing, crowd_speak(run.crowd));
        standing_end_block(run.standing, ++run.height, false);
        assert_weights(&run);
    }
    uint32_t alarmed = 0, weighed_down = 0;
    for (uint32_t i = 0; i < 16; i++) {
        alarmed += member_of(run.standing, i).alarmed;
        weighed_down += standing_weight(run.standing, i) < ONE;
    }
    assert_true(alarmed > 5);
    assert_int_equal(weighed_down, 5);
    run_end(&run);
}

static void proven_suspect_then_takes_nobodys_place(void **state) {
    (void)state;
    struct run run = run_of(4, 3);
    /* F = 1: of two who drift, the lower number pays. */
    for (uint32_t panel = 0; panel < 200; panel++) {
        (void)crowd_honest(run.crowd);
        crowd_tell(run.crowd, 0, 50 * SPREAD);
        crowd_tell(run.crowd, 1, -50 * SPREAD);
        standing_on_panel(run.standing, crowd_speak(run.crowd));
        standing_end_block(run.standing, ++run.height, false);
    }
    assert_int_equal(standing_weight(run.standing, 0), FIFTH + 1);
    assert_int_equal(standing_weight(run.standing, 1), ONE);
    assert_int_equal(member_of(run.standing, 1).ratio, member_of(run.standing, 0).ratio);
    standing_on_proof(run.standing, 0, STANDING_PROOF_VOTE);
    standing_end_block(run.standing, ++run.height, false);
    assert_int_equal(standing_weight(run.standing, 0), 0);
    assert_int_equal(standing_weight(run.standing, 1), FIFTH + 1);
    run_end(&run);
}

static void alarm_then_once_until_it_fell_below_half(void **state) {
    (void)state;
    struct run run = run_of(16, 4);
    for (uint32_t round = 1; round <= 2; round++) {
        while (!member_of(run.standing, 0).alarmed) run_panel(&run, 1, 2 * SPREAD);
        uint32_t alarms = run.alarms;
        assert_true(alarms >= 1);
        for (uint32_t panel = 0; panel < 100; panel++) run_panel(&run, 1, 2 * SPREAD);
        uint32_t largest = 0;
        for (uint32_t panel = 0; panel < 3000; panel++) run_panel(&run, 0, 0);
        struct standing_member its = member_of(run.standing, 0);
        for (uint32_t d = 0; d < DETECTORS; d++) largest = its.ratios[d] > largest ? its.ratios[d] : largest;
        assert_true(largest < ONE / 2);
        assert_false(its.alarmed);
        /* Drift and sign may both have seen it, each once a round. */
        assert_true(run.alarms <= 2 * round);
    }
    assert_true(run.alarms >= 2);
    run_end(&run);
}

static void alarms_of_a_block_then_in_order_and_dropped_by_the_next(void **state) {
    (void)state;
    static const int64_t zeros[2];
    void *memory;
    struct standing *standing = standing_of(8, &memory);
    /* Members 5 and 2 leave out all panels of families 7 and 1, and cross in the same block. */
    for (uint32_t p = 0; p < 20; p++) {
        for (uint32_t family = 1; family <= 7; family += 6) {
            struct voice_report reports[8];
            struct voice voice = {.family = family, .hypotheses = 2, .cap = 1, .report = reports};
            voice.missed[0] = 1u << 5 | 1u << 2;
            for (uint16_t i = 0; i < 8; i++) {
                if (i == 2 || i == 5) continue;
                reports[voice.reports++] = (struct voice_report){i, VOICE_ORIGINAL, 0, zeros, zeros};
            }
            standing_on_panel(standing, &voice);
        }
    }
    standing_end_block(standing, 1, false);
    static const uint32_t expected[4][2] = {{2, 1}, {2, 7}, {5, 1}, {5, 7}};
    struct standing_alarm alarm;
    for (uint32_t a = 0; a < 4; a++) {
        assert_true(standing_take_alarm(standing, &alarm));
        assert_int_equal(alarm.member, expected[a][0]);
        assert_int_equal(alarm.family, expected[a][1]);
        assert_int_equal(alarm.detector, DETECTOR_OMISSION);
    }
    assert_false(standing_take_alarm(standing, &alarm));
    struct standing_member its = member_of(standing, 2);
    assert_int_equal(its.reason, DETECTOR_OMISSION);
    assert_int_equal(its.family, 1);
    standing_end_block(standing, 2, false);
    assert_false(standing_take_alarm(standing, &alarm));
    assert_true(member_of(standing, 2).alarmed);
    free(memory);

    /* The same without anybody taking them. */
    standing = standing_of(8, &memory);
    for (uint32_t p = 0; p < 20; p++) {
        struct voice_report reports[4];
        struct voice voice = {.hypotheses = 2, .cap = 1, .report = reports, .reports = 4, .missed = {1u << 7}};
        for (uint16_t i = 0; i < 4; i++) reports[i] = (struct voice_report){i, VOICE_ORIGINAL, 0, zeros, zeros};
        standing_on_panel(standing, &voice);
    }
    standing_end_block(standing, 1, false);
    standing_end_block(standing, 2, false);
    assert_false(standing_take_alarm(standing, &alarm));
    free(memory);
}

static void enhanced_then_alarmed_earlier_and_only_while_it_lasts(void **state) {
    (void)state;
    static const int64_t zeros[2];
    void *memory;
    struct standing *standing = standing_of(8, &memory);
    for (uint32_t p = 0; p < 8; p++) {
        struct voice_report reports[4];
        struct voice voice = {.hypotheses = 2, .cap = 1, .report = reports, .reports = 4, .missed = {1u << 7}};
        for (uint16_t i = 0; i < 4; i++) reports[i] = (struct voice_report){i, VOICE_ORIGINAL, 0, zeros, zeros};
        standing_on_panel(standing, &voice);
    }
    struct standing_alarm alarm;
    standing_end_block(standing, 1, false);
    assert_false(standing_take_alarm(standing, &alarm));
    uint32_t normal = member_of(standing, 7).ratio;
    standing_end_block(standing, 2, true);
    assert_true(standing_take_alarm(standing, &alarm));
    assert_int_equal(alarm.member, 7);
    assert_true(member_of(standing, 7).ratio > normal);
    standing_end_block(standing, 3, false);
    assert_int_equal(member_of(standing, 7).ratio, normal);
    free(memory);
}

static void families_then_each_with_its_own_streams(void **state) {
    (void)state;
    struct run run = run_of(16, 5);
    for (uint32_t panel = 0; panel < 200; panel++) {
        run.crowd->voice.family = panel % 2 == 0 ? 15 : 4;
        run_panel(&run, panel % 2 == 0 ? 1 : 0, SPREAD);
    }
    struct standing_member its = member_of(run.standing, 0);
    assert_true(its.alarmed);
    assert_int_equal(its.family, 15);
    assert_int_equal(run.honest_alarms, 0);
    run_end(&run);
}

static void honest_group_then_nobody_alarmed_and_little_weight_lost(void **state) {
    (void)state;
    struct run run = run_of(16, 6);
    uint64_t lost = 0;
    for (uint32_t panel = 0; panel < 4000; panel++) {
        run_panel(&run, 0, 0);
        for (uint32_t i = 0; i < 16; i++) lost += ONE - standing_weight(run.standing, i);
    }
    assert_weights(&run);
    assert_int_equal(run.alarms, 0);
    assert_true(lost < (uint64_t)4000 * 16 * ONE / 50);
    run_end(&run);
}

static void same_calls_then_the_same_bytes(void **state) {
    (void)state;
    struct run one = run_of(12, 7), two = run_of(12, 7);
    for (uint32_t panel = 0; panel < 300; panel++) {
        run_panel(&one, 3, SPREAD);
        run_panel(&two, 3, SPREAD);
        for (uint32_t i = 0; i < 12; i++) {
            struct standing_member a = member_of(one.standing, i), b = member_of(two.standing, i);
            assert_int_equal(a.weight, b.weight);
            assert_memory_equal(a.ratios, b.ratios, sizeof a.ratios);
        }
    }
    run_end(&one);
    run_end(&two);
}

static void largest_group_then_within_its_memory(void **state) {
    (void)state;
    struct run run = run_of(MEMBERS_MAX, 8);
    for (uint32_t panel = 0; panel < 70; panel++) {
        run.crowd->voice.family = panel < 65 ? 0 : STANDING_FAMILIES_MAX - 1;
        run_panel(&run, 0, 0);
    }
    assert_int_equal(run.alarms, 0);
    run_end(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_group_then_everybody_at_full_weight),
        cmocka_unit_test(names_then_stable),
        cmocka_unit_test(vacant_places_then_the_same_weights_as_without_them),
        cmocka_unit_test(place_vacated_and_filled_then_nothing_is_known_of_who_comes),
        cmocka_unit_test(proof_then_no_weight_from_the_next_block_on),
        cmocka_unit_test(reinstated_then_full_weight_again),
        cmocka_unit_test(newcomer_then_half_weight_and_the_rest_over_256_blocks),
        cmocka_unit_test(challenges_then_reputation_at_the_end_of_the_epoch),
        cmocka_unit_test(liars_then_a_fifth_of_their_weight_and_the_honest_keep_theirs),
        cmocka_unit_test(more_suspects_than_a_third_then_only_a_third_weighed_down),
        cmocka_unit_test(proven_suspect_then_takes_nobodys_place),
        cmocka_unit_test(alarm_then_once_until_it_fell_below_half),
        cmocka_unit_test(alarms_of_a_block_then_in_order_and_dropped_by_the_next),
        cmocka_unit_test(enhanced_then_alarmed_earlier_and_only_while_it_lasts),
        cmocka_unit_test(families_then_each_with_its_own_streams),
        cmocka_unit_test(honest_group_then_nobody_alarmed_and_little_weight_lost),
        cmocka_unit_test(same_calls_then_the_same_bytes),
        cmocka_unit_test(largest_group_then_within_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
