/* Crowds: the machine and the calibration alone agree; liars with one story turn the majority and not the verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "calibration/calibration.h"
#include "lab/crowd.h"
#include "lab/family.h"

enum { PEOPLE = 12, TASKS = 60 };

static uint8_t answer[TASKS * PEOPLE];
static uint8_t truth[TASKS];

/* People who are right on four of five tasks, each by chance of its own. */
static struct crowd drawn(uint64_t seed) {
    struct prng prng = prng_seeded(seed);
    for (uint32_t t = 0; t < TASKS; t++) {
        truth[t] = (uint8_t)prng_below(&prng, 2);
        for (uint32_t p = 0; p < PEOPLE; p++) answer[t * PEOPLE + p] = truth[t] ^ prng_chance(&prng, 1, 5);
    }
    return (struct crowd){.people = PEOPLE, .tasks = TASKS, .labels = 2, .answer = answer, .truth = truth};
}

static void scores_of(const struct crowd *crowd, uint32_t percent, uint32_t canaries,
                      struct crowd_score *ret_scores) {
    struct crowd_setting setting = {.percent = percent, .canaries = canaries, .seed = 3};
    assert_int_equal(crowd_run(crowd, &setting, ret_scores), STATUS_OK);
}

/* The input of the calibration, made here from the answers. */
static void calibrate(const struct crowd *crowd, const bool *is_canary, struct verdict_of_task *ret_verdicts) {
    static struct calibration_label labels[TASKS * PEOPLE];
    static struct calibration_canary canaries[TASKS];
    struct calibration_input input = {
        .members = PEOPLE, .labels = 2, .questions = TASKS, .entries = labels, .canaries = canaries};
    struct calibration_result result;
    for (uint32_t t = 0; t < TASKS; t++) {
        for (uint32_t p = 0; p < PEOPLE; p++)
            if (crowd->answer[t * PEOPLE + p] != CROWD_SILENT)
                labels[input.entry_count++] =
                    (struct calibration_label){t, (uint16_t)p, crowd->answer[t * PEOPLE + p]};
        if (is_canary[t]) canaries[input.canary_count++] = (struct calibration_canary){t, crowd->truth[t]};
    }
    size_t bytes = calibration_bytes(&input);
    void *memory = aligned_alloc(16, (bytes + 15) / 16 * 16);
    assert_non_null(memory);
    assert_int_equal(calibration_run(memory, bytes, &input, &result), STATUS_OK);
    for (uint32_t t = 0; t < TASKS; t++)
        ret_verdicts[t] = (struct verdict_of_task){result.label[t], result.decided[t] == 1};
    free(memory);
}

static void a_family_in_the_machine_gives_what_the_calibration_gives(void **state) {
    struct crowd crowd = drawn(1);
    bool is_canary[TASKS] = {false};
    struct verdict_of_task family[TASKS], panel[TASKS], alone[TASKS];
    (void)state;
    for (int t = 0; t < TASKS; t += 7) is_canary[t] = true;
    answer[3 * PEOPLE + 2] = CROWD_SILENT;
    answer[5 * PEOPLE + 0] = CROWD_SILENT;
    family_run(&crowd, is_canary, family, panel);
    calibrate(&crowd, is_canary, alone);
    for (int t = 0; t < TASKS; t++) {
        assert_int_equal(family[t].label, alone[t].label);
        assert_int_equal(family[t].decided, alone[t].decided);
    }
}

static void honest_people_are_believed_by_every_method(void **state) {
    struct crowd crowd = drawn(2);
    struct crowd_score scores[CROWD_METHODS];
    (void)state;
    scores_of(&crowd, 0, 0, scores);
    for (int m = 0; m < CROWD_METHODS; m++) {
        assert_int_equal(scores[m].tasks, TASKS);
        assert_true(scores[m].right * 10 >= TASKS * 9);
    }
}

static void liars_with_one_story_turn_the_majority_and_not_the_calibration(void **state) {
    struct crowd crowd = drawn(2);
    struct crowd_score scores[CROWD_METHODS];
    (void)state;
    scores_of(&crowd, 49, 10, scores);
    assert_int_equal(scores[0].tasks, TASKS - TASKS / 10);
    assert_true(scores[CROWD_MAJORITY].right * 2 < scores[CROWD_MAJORITY].tasks);
    assert_true(scores[CROWD_CALIBRATED].right * 10 >= scores[CROWD_CALIBRATED].tasks * 8);
}

static void a_sparse_crowd_is_no_family_and_is_calibrated_alone(void **state) {
    struct crowd crowd = drawn(4);
    struct crowd_score scores[CROWD_METHODS];
    (void)state;
    assert_true(crowd_fits_family(&crowd));
    for (uint32_t t = 0; t < TASKS; t++)
        for (uint32_t p = 0; p < PEOPLE; p++)
            if ((t + p) % 3 == 0) answer[t * PEOPLE + p] = CROWD_SILENT;
    assert_false(crowd_fits_family(&crowd));
    scores_of(&crowd, 0, 0, scores);
    assert_int_equal(scores[CROWD_PANEL].tasks, 0);
    assert_true(scores[CROWD_CALIBRATED].right * 10 >= TASKS * 8);
}

static void dawid_and_skene_learn_who_answers_the_other_way_round(void **state) {
    struct crowd crowd = drawn(5);
    uint8_t label[TASKS];
    uint32_t right = 0;
    (void)state;
    for (uint32_t t = 0; t < TASKS; t++)
        for (uint32_t p = 0; p < 4; p++) answer[t * PEOPLE + p] = 1 - truth[t];
    dawid_skene(&crowd, label);
    for (uint32_t t = 0; t < TASKS; t++) right += label[t] == truth[t];
    assert_true(right >= TASKS - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_in_the_machine_gives_what_the_calibration_gives),
        cmocka_unit_test(honest_people_are_believed_by_every_method),
        cmocka_unit_test(liars_with_one_story_turn_the_majority_and_not_the_calibration),
        cmocka_unit_test(a_sparse_crowd_is_no_family_and_is_calibrated_alone),
        cmocka_unit_test(dawid_and_skene_learn_who_answers_the_other_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
