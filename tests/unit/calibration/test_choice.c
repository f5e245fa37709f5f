/* Tests of calibration/choice.h: scores, rivals, leaks and alarms at their thresholds. */
#include "fixture.h"

#include "calibration/choice.h"

enum { QUESTIONS = 120 };

static struct fixed_tables tables;

static int fill_tables(void **state) {
    (void)state;
    fixed_tables_init(&tables);
    return 0;
}

static int64_t score(enum calibration_rule rule, int32_t heads, const uint16_t *above, uint32_t count) {
    const struct calibration_canary list[] = {{0, 1}, {1, 1}, {2, 0}};
    return choice_score(&tables, rule, heads, above, 2, (struct canaries){list, count});
}

static void heads_then_at_most_one_threshold(void **state) {
    (void)state;
    assert_int_equal(score(CALIBRATION_WEIGHED, 1000, NULL, 0), 2000);
    assert_int_equal(score(CALIBRATION_WEIGHED, -1001, NULL, 0), -2002);
    assert_int_equal(score(CALIBRATION_WEIGHED, 4096, NULL, 0), FIXED_ONE);
    assert_int_equal(score(CALIBRATION_COUNTED, -4096, NULL, 0), -FIXED_ONE);
}

static void canaries_counted_then_half_a_threshold_each(void **state) {
    (void)state;
    const uint16_t above[] = {2047, 2049, 2049, 2047, 2048, 2048};
    assert_int_equal(score(CALIBRATION_COUNTED, 0, above, 1), 2048);
    assert_int_equal(score(CALIBRATION_COUNTED, 0, above, 2), 2048);
    assert_int_equal(score(CALIBRATION_COUNTED, 0, above, 3), 4096);
}

/* A sure and right canary costs nothing, an even one 1 bit, a quarter 2, and none more than 4. */
static void canaries_weighed_then_by_the_bits_they_cost(void **state) {
    (void)state;
    const uint16_t sure[] = {0, 4096, 0, 4096, 4096, 0};
    const uint16_t even[] = {2048, 2048, 3072, 1024, 4096, 0};
    const uint16_t wrong[] = {3841, 255, 4096, 0, 3840, 256};
    assert_int_equal(score(CALIBRATION_WEIGHED, 500, sure, 3), 1000);
    assert_int_equal(score(CALIBRATION_WEIGHED, 500, even, 1), 1000 - 512);
    assert_int_equal(score(CALIBRATION_WEIGHED, 500, even, 3), 1000 - 512 - 1024);
    assert_int_equal(score(CALIBRATION_WEIGHED, 500, wrong, 1), 1000 - 2048);
    assert_int_equal(score(CALIBRATION_WEIGHED, 500, wrong, 2), 1000 - 4096);
    assert_true(score(CALIBRATION_WEIGHED, 500, wrong, 3) < 1000 - 4096);
}

static void winner_then_highest_of_those_with_half_the_mass(void **state) {
    (void)state;
    struct calibration_candidate candidates[] = {
        {.mass = 1000, .score = 5},
        {.mass = 499, .score = 900},
        {.mass = 500, .score = 7},
        {.mass = 700, .score = 7},
    };
    assert_int_equal(choice_winner(candidates, 4), 2);
    assert_true(candidates[0].kept && candidates[2].kept && candidates[3].kept);
    assert_false(candidates[1].kept);
    assert_int_equal(choice_winner(candidates + 1, 1), 0);
}

static const char *const four_questions[] = {"000", "001", "...", "110"};

static void rival_within_a_threshold_then_its_questions_are_undecided(void **state) {
    (void)state;
    struct answers answers = fixture_answers(2, four_questions, 4);
    uint8_t labels[3][4] = {{0, 0, 0, 1}, {0, 1, 0, 1}, {1, 0, 1, 0}};
    uint8_t *const label[] = {labels[0], labels[1], labels[2]};
    uint8_t decided[4];
    struct calibration_candidate candidates[] = {
        {.kept = true, .score = 4096},
        {.kept = true, .score = 1},
        {.kept = true, .score = 0},
    };
    assert_int_equal(choice_decide(&answers, label, candidates, 3, 0, false, decided), 2);
    assert_memory_equal(decided, ((uint8_t[]){1, 0, 0, 1}), 4);
    assert_int_equal(candidates[0].differs, 0);
    assert_int_equal(candidates[1].differs, 1);
    assert_int_equal(candidates[2].differs, 3);
    assert_int_equal(choice_margin(candidates, 3, 0), 4095);
    candidates[1].kept = false;
    assert_int_equal(choice_decide(&answers, label, candidates, 3, 0, false, decided), 3);
    assert_int_equal(choice_margin(candidates, 3, 0), 4096);
    candidates[2].differs = 0;
    assert_true(choice_margin(candidates, 3, 0) == INT64_MAX);
}

static void alarm_then_only_three_quarters_decide(void **state) {
    (void)state;
    const char *const questions[] = {"0001", "0011", "1112", "...."};
    struct answers answers = fixture_answers(3, questions, 4);
    uint8_t labels[4] = {0, 0, 1, 0};
    uint8_t *const label[] = {labels};
    uint8_t decided[4];
    struct calibration_candidate candidate = {.kept = true};
    assert_int_equal(choice_decide(&answers, label, &candidate, 1, 0, false, decided), 3);
    assert_int_equal(choice_decide(&answers, label, &candidate, 1, 0, true, decided), 2);
    assert_memory_equal(decided, ((uint8_t[]){1, 0, 1, 0}), 4);
}

/* Fifty canaries at 3/4: 37.5 should be right with a deviation of 3.06 (and a half for the rounding), so 9 too few
 * are not alarming yet and 10 too few are. */
static void fewer_right_than_sure_then_alarm_at_three_deviations(void **state) {
    (void)state;
    uint16_t above[100];
    struct calibration_canary list[50];
    for (uint32_t right = 20; right <= 50; right++) {
        for (uint32_t i = 0; i < 50; i++) {
            above[2 * i] = 3072;
            above[2 * i + 1] = 1024;
            list[i] = (struct calibration_canary){i, i < right ? 0 : 1};
        }
        bool alarm = choice_overconfident(above, 2, (struct canaries){list, 50});
        assert_int_equal(alarm, right <= 28);
    }
    assert_false(choice_overconfident(above, 2, (struct canaries){list, 0}));
}

/* Two sides of two that disagree on all of 110 questions, and agree on `agreed` of ten canaries. With pseudo-counts
 * 1/112 of ten is 0.09 +- 0.58: two are no leak, three are. */
static bool leaks(uint32_t agreed) {
    static const char *questions[QUESTIONS];
    struct calibration_canary list[10];
    const int32_t skill[] = {500, 500, -500, -500};
    for (uint32_t i = 0; i < QUESTIONS; i++) questions[i] = i % 12 == 0 && i / 12 < agreed ? "1111" : "1100";
    for (uint32_t i = 0; i < 10; i++) list[i] = (struct calibration_canary){12 * i, 1};
    struct answers answers = fixture_answers(2, questions, QUESTIONS);
    return choice_leaked(&answers, skill, (struct canaries){list, 10});
}

static void sides_agree_on_canaries_then_a_leak(void **state) {
    (void)state;
    assert_false(leaks(0));
    assert_false(leaks(1));
    assert_true(leaks(2));
    assert_true(leaks(10));
}

static void one_side_silent_then_no_leak(void **state) {
    (void)state;
    const char *const questions[] = {"11..", "..11", "1111"};
    const int32_t skill[] = {0, 500, -1, -500};
    struct answers answers = fixture_answers(2, questions, 3);
    const struct calibration_canary list[] = {{0, 1}, {1, 1}};
    assert_false(choice_leaked(&answers, skill, (struct canaries){list, 2}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_then_at_most_one_threshold),
        cmocka_unit_test(canaries_counted_then_half_a_threshold_each),
        cmocka_unit_test(canaries_weighed_then_by_the_bits_they_cost),
        cmocka_unit_test(winner_then_highest_of_those_with_half_the_mass),
        cmocka_unit_test(rival_within_a_threshold_then_its_questions_are_undecided),
        cmocka_unit_test(alarm_then_only_three_quarters_decide),
        cmocka_unit_test(fewer_right_than_sure_then_alarm_at_three_deviations),
        cmocka_unit_test(sides_agree_on_canaries_then_a_leak),
        cmocka_unit_test(one_side_silent_then_no_leak),
    };
    return cmocka_run_group_tests(tests, fill_tables, NULL);
}
