/* Tests of calibration/skill.h: skill by hand-made counts, and who counts as a head. */
#include "fixture.h"

#include "calibration/skill.h"

enum { QUESTIONS = 40 };

/* Member 0 always says the right label, 1 the other one, 2 always label 0, 3 nothing, 4 is right on 7 questions and
 * silent on the rest. Labels alternate. */
static struct answers make_family(void) {
    static const char *questions[QUESTIONS];
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        if (i < 7) questions[i] = i % 2 == 0 ? "010.0" : "100.1";
        if (i >= 7) questions[i] = i % 2 == 0 ? "010.." : "100..";
    }
    return fixture_answers(2, questions, QUESTIONS);
}

static void skills_of(const struct answers *answers, int32_t *ret_skill) {
    uint16_t belief[2 * QUESTIONS];
    struct em em = em_take(&fixture_arena, answers, &fixture_tables);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        belief[2 * i] = i % 2 == 0 ? FIXED_ONE : 0;
        belief[2 * i + 1] = i % 2 == 0 ? 0 : FIXED_ONE;
    }
    em_count(&em, belief);
    skill_of(&em, ret_skill);
}

/* Twenty of each label and two pseudo-counts at its own rates: the good member has a recall of 21/22 of each, the
 * liar 1/22, the constant one 22/22 and 0/22. */
static void right_wrong_and_constant_then_one_minus_one_and_nothing(void **state) {
    (void)state;
    struct answers answers = make_family();
    int32_t skill[5];
    skills_of(&answers, skill);
    assert_int_equal(skill[0], 2 * (21 * FIXED_ONE / 22) - FIXED_ONE);
    assert_int_equal(skill[1], 2 * (1 * FIXED_ONE / 22) - FIXED_ONE);
    assert_int_equal(skill[2], 0);
    assert_int_equal(skill[3], -FIXED_ONE);
}

static void more_than_a_fifth_then_one_full_head(void **state) {
    (void)state;
    assert_int_equal(skill_head(0), 0);
    assert_int_equal(skill_head(409), 2045);
    assert_int_equal(skill_head(819), FIXED_ONE);
    assert_int_equal(skill_head(FIXED_ONE), FIXED_ONE);
    assert_int_equal(skill_head(-1), -6);
    assert_int_equal(skill_head(-820), -FIXED_ONE);
}

/* The member with seven answers and the silent one are no heads, whatever their skill. */
static void heads_then_counted_by_number_and_by_voice(void **state) {
    (void)state;
    struct answers answers = make_family();
    const int32_t skill[] = {4000, -4000, 200, 4000, 4000};
    const uint16_t voice[] = {FIXED_ONE, FIXED_ONE / 4, FIXED_ONE, 0, FIXED_ONE};
    struct heads heads = skill_count(&answers, skill, voice);
    const int32_t small = 200 * FIXED_ONE / 819;
    assert_int_equal(heads.plain, small / 3);
    assert_int_equal(heads.by_voice, (FIXED_ONE - FIXED_ONE / 4 + small) * 4 / 9);
    assert_int_equal(heads.mass, 2 * FIXED_ONE + small);
}

static void no_heads_then_nothing_to_count(void **state) {
    (void)state;
    const char *const questions[] = {"01", "10"};
    struct answers answers = fixture_answers(2, questions, 2);
    struct heads heads = skill_count(&answers, (const int32_t[]){5, 5}, (const uint16_t[]){4096, 4096});
    bool low[2] = {true, true};
    assert_int_equal(heads.plain, 0);
    assert_int_equal(heads.by_voice, 0);
    assert_int_equal(heads.mass, 0);
    skill_low_half(&answers, (const int32_t[]){5, 5}, low);
    assert_false(low[0] || low[1]);
}

static void low_half_then_rounded_down_and_ties_to_the_smaller_number(void **state) {
    (void)state;
    struct answers answers = make_family();
    bool low[5];
    skill_low_half(&answers, (const int32_t[]){7, 7, 9, -50, -60}, low);
    assert_true(low[0]);
    assert_false(low[1] || low[2] || low[3] || low[4]);
    skill_low_half(&answers, (const int32_t[]){9, 8, 7, -50, -60}, low);
    assert_true(low[2]);
    assert_false(low[0] || low[1] || low[3] || low[4]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_wrong_and_constant_then_one_minus_one_and_nothing),
        cmocka_unit_test(more_than_a_fifth_then_one_full_head),
        cmocka_unit_test(heads_then_counted_by_number_and_by_voice),
        cmocka_unit_test(no_heads_then_nothing_to_count),
        cmocka_unit_test(low_half_then_rounded_down_and_ties_to_the_smaller_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
