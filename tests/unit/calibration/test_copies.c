/* Tests of calibration/copies.h: who is found to copy, and what is left of the voices. */
#include "fixture.h"

#include "calibration/copies.h"

enum { LONG = 192 };

static char text[LONG][16];
static const char *questions[LONG];
static uint32_t mass[LONG * 16];
static uint16_t voice[LONG * 16];

/* The position of a member's answer when everybody answers everything. */
static uint32_t at(const struct answers *answers, uint32_t question, uint32_t member) {
    return question * answers->members + member;
}

/* Members 0 to 7 answer at random; 8 .. 8 + copies - 1 all give one more random answer, in questions from .. to - 1,
 * and their own outside. */
static struct answers make_family(uint32_t copies, uint32_t from, uint32_t to, uint64_t seed) {
    struct prng prng = prng_seeded(seed);
    for (uint32_t question = 0; question < LONG; question++) {
        char said = (char)('0' + prng_below(&prng, 2));
        for (uint32_t i = 0; i < 8 + copies; i++) {
            bool copied = i >= 8 && question >= from && question < to;
            text[question][i] = copied ? said : (char)('0' + prng_below(&prng, 2));
        }
        text[question][8 + copies] = 0;
        questions[question] = text[question];
    }
    return fixture_answers(2, questions, LONG);
}

static struct copies find(const struct answers *answers) {
    struct copies copies = copies_take(&fixture_arena, answers->members, answers->labels);
    copies_find(&copies, answers, mass, voice);
    return copies;
}

/* phi of two that always agree is 1, shrunk by 192 / 194 to 4053; its eighth power is 3761. */
static void three_copies_then_one_group_that_shares_a_voice(void **state) {
    (void)state;
    struct answers answers = make_family(3, 0, LONG, 1);
    struct copies copies = find(&answers);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(copies.group[i], i);
        assert_in_range(voice[i], 3600, FIXED_ONE);
        assert_true(mass[at(&answers, 5, i)] < 300);
    }
    for (uint32_t i = 8; i < 11; i++) {
        assert_int_equal(copies.group[i], 8);
        assert_true(copies.discounted[i]);
        assert_in_range(mass[at(&answers, 5, i)], 2 * 3761, 2 * 3761 + 300);
        assert_in_range(voice[at(&answers, 5, i)], FIXED_ONE / 3, FIXED_ONE * 2 / 5);
    }
}

static void copies_in_one_window_alone_then_discounted_there_alone(void **state) {
    (void)state;
    struct answers answers = make_family(3, 64, 128, 2);
    struct copies copies = find(&answers);
    for (uint32_t i = 8; i < 11; i++) {
        assert_int_equal(copies.group[i], i);
        assert_true(mass[at(&answers, 63, i)] < 600);
        assert_true(mass[at(&answers, 64, i)] > FIXED_ONE);
        assert_true(mass[at(&answers, 127, i)] > FIXED_ONE);
        assert_true(mass[at(&answers, 128, i)] < 600);
        assert_true(voice[at(&answers, 64, i)] < FIXED_ONE / 2);
        assert_true(voice[at(&answers, 128, i)] > FIXED_ONE * 3 / 4);
    }
}

static void copies_that_are_the_majority_then_not_discounted(void **state) {
    (void)state;
    static const char *const nine_of_twelve[] = {"000000000111", "111111111010", "000000000001", "111111111100"};
    for (uint32_t question = 0; question < LONG; question++) questions[question] = nine_of_twelve[question % 4];
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(copies.group[i], 0);
        assert_false(copies.discounted[i]);
        assert_int_equal(mass[at(&answers, 0, i)], 0);
        assert_int_equal(voice[at(&answers, 0, i)], FIXED_ONE);
    }
}

/* Six of twelve are half of all: discounted over the log, since twice six is not more than twelve. */
static void copies_that_are_exactly_half_then_discounted(void **state) {
    (void)state;
    static const char *const six_of_twelve[] = {"000000010101", "111111001100", "000000110011", "111111100110",
                                                "000000101100", "111111010010", "000000011110", "111111000111"};
    for (uint32_t question = 0; question < LONG; question++) questions[question] = six_of_twelve[question % 8];
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(copies.discounted[i]);
        assert_true(mass[at(&answers, 0, i)] >= 5 * 3761);
    }
}

static void opposite_answers_then_no_agreement(void **state) {
    (void)state;
    for (uint32_t question = 0; question < LONG; question++) questions[question] = question % 2 == 0 ? "010" : "100";
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    assert_int_equal(copies.phi[0], 0);
    assert_int_equal(copies.group[1], 1);
}

/* Always the same label is no evidence of agreement: chance explains it. */
static void constant_answers_then_no_agreement(void **state) {
    (void)state;
    for (uint32_t question = 0; question < LONG; question++) questions[question] = "00";
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    assert_int_equal(copies.phi[0], 0);
    assert_int_equal(voice[0], FIXED_ONE);
}

static void no_common_question_then_no_company(void **state) {
    (void)state;
    for (uint32_t question = 0; question < LONG; question++) questions[question] = question % 2 == 0 ? "0." : ".1";
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    assert_int_equal(copies.near[0], 0);
    assert_false(copies.discounted[0]);
    assert_int_equal(voice[0], FIXED_ONE);
}

/* A chain: 0 is near 1 and 1 is near 2, while 0 and 2 are not: still one group. */
static void chain_of_near_members_then_one_group(void **state) {
    (void)state;
    for (uint32_t question = 0; question < LONG; question++) {
        char a = (char)('0' + question % 2);
        char other = (char)('1' - question % 2);
        char *line = text[question];
        line[0] = question / 2 % 11 == 0 ? other : a;
        line[1] = a;
        line[2] = question / 2 % 11 == 5 ? other : a;
        for (uint32_t i = 3; i < 9; i++) line[i] = (char)('0' + (question >> (i - 2)) % 2);
        line[9] = 0;
        questions[question] = line;
    }
    struct answers answers = fixture_answers(2, questions, LONG);
    struct copies copies = find(&answers);
    assert_true(copies.phi[0] >= COPIES_NEAR);
    assert_true(copies.phi[1] < COPIES_NEAR);
    assert_int_equal(copies.group[1], 0);
    assert_int_equal(copies.group[2], 0);
    assert_int_equal(copies.group[3], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_copies_then_one_group_that_shares_a_voice),
        cmocka_unit_test(copies_in_one_window_alone_then_discounted_there_alone),
        cmocka_unit_test(copies_that_are_the_majority_then_not_discounted),
        cmocka_unit_test(copies_that_are_exactly_half_then_discounted),
        cmocka_unit_test(opposite_answers_then_no_agreement),
        cmocka_unit_test(constant_answers_then_no_agreement),
        cmocka_unit_test(no_common_question_then_no_company),
        cmocka_unit_test(chain_of_near_members_then_one_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
