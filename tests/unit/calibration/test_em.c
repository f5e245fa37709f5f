/* Tests of calibration/em.h: votes, counts and evidence by hand, and where inference ends. */
#include "fixture.h"

#include "calibration/em.h"

enum { QUESTIONS = 60 };

static uint16_t weight[1 << 12];
static uint16_t belief[1 << 12];

static void weigh_all(uint16_t value) {
    for (size_t i = 0; i < sizeof weight / sizeof weight[0]; i++) weight[i] = value;
}

static void two_against_one_then_two_thirds_rounded_down(void **state) {
    (void)state;
    const char *const questions[] = {"110", "..."};
    struct answers answers = fixture_answers(2, questions, 2);
    weigh_all(4096);
    em_vote(&answers, weight, NULL, belief);
    assert_int_equal(belief[0], 1365);
    assert_int_equal(belief[1], 2730);
    assert_int_equal(belief[2], 2048);
    assert_int_equal(belief[3], 2048);
}

static void lighter_or_uncounted_votes_then_less_share(void **state) {
    (void)state;
    const char *const questions[] = {"110"};
    const bool last[] = {false, false, true};
    const bool nobody[] = {false, false, false};
    struct answers answers = fixture_answers(3, questions, 1);
    weigh_all(1024);
    weight[2] = 4096;
    em_vote(&answers, weight, NULL, belief);
    assert_int_equal(belief[0], 4096 * 4 / 6);
    assert_int_equal(belief[1], 4096 * 2 / 6);
    em_vote(&answers, weight, last, belief);
    assert_int_equal(belief[0], 4096);
    em_vote(&answers, weight, nobody, belief);
    assert_int_equal(belief[0], 1365);
}

/* One answer "1" where the belief is 1/4 against 3/4. The prior {2, 1} adds 2 to the diagonal and 1 beside it:
 * P(1 | right 1) = 2.75 / 3.75 and P(1 | right 0) = 1.25 / 3.25. */
static void one_answer_then_evidence_as_by_hand(void **state) {
    (void)state;
    const char *const questions[] = {"1"};
    struct answers answers = fixture_answers(2, questions, 1);
    struct em em = em_take(&fixture_arena, &answers, &fixture_tables);
    belief[0] = 1024;
    belief[1] = 3072;
    em_count(&em, belief);
    assert_int_equal(em.count[0] + em.count[1], 0);
    assert_int_equal(em.count[2], 1024);
    assert_int_equal(em.count[3], 3072);
    assert_int_equal(em.total[1], 3072);
    em_weigh(&em, 2, 1);
    assert_in_range(-em.evidence[3], 1832 - 2, 1832 + 2); /* -log2(0.7333) = 0.4475 */
    assert_in_range(-em.evidence[2], 5646 - 2, 5646 + 2); /* -log2(0.3846) = 1.3785 */
}

/* Three members are always right and two say the opposite: the votes lean only three to two, the inference is sure, and
 * the liars' answers are worth as much as the others'. */
static void liars_in_the_minority_then_turned_round(void **state) {
    (void)state;
    static const char *questions[QUESTIONS];
    for (uint32_t i = 0; i < QUESTIONS; i++) questions[i] = i % 3 == 0 ? "00011" : "11100";
    struct answers answers = fixture_answers(2, questions, QUESTIONS);
    struct em em = em_take(&fixture_arena, &answers, &fixture_tables);
    weigh_all(4096);
    em_vote(&answers, weight, NULL, belief);
    em_run(&em, weight, EM_HOT, belief);
    for (uint32_t i = 0; i < QUESTIONS; i++) assert_int_equal(belief[2 * i + (i % 3 == 0 ? 0 : 1)], 4096);
    assert_true(em.evidence[(3 * 2 + 0) * 2 + 1] > em.evidence[(3 * 2 + 0) * 2 + 0]);
}

/* After a run the counts are those of the belief, as if counted anew; and a fixed point stays. */
static void run_then_counts_belong_to_the_belief(void **state) {
    (void)state;
    static char text[QUESTIONS][10];
    static const char *questions[QUESTIONS];
    static uint16_t again[3 * QUESTIONS];
    uint32_t before[9 * 3 * 3];
    struct prng prng = prng_seeded(7);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        for (uint32_t j = 0; j < 9; j++) text[i][j] = prng_chance(&prng, 7, 10) ? (char)('0' + i % 3) : '2';
        questions[i] = text[i];
    }
    struct answers answers = fixture_answers(3, questions, QUESTIONS);
    struct em em = em_take(&fixture_arena, &answers, &fixture_tables);
    weigh_all(3000);
    em_vote(&answers, weight, NULL, belief);
    em_run(&em, weight, EM_COLD, belief);
    memcpy(before, em.count, sizeof before);
    uint64_t total = em.total[2];
    em_count(&em, belief);
    assert_memory_equal(before, em.count, sizeof before);
    assert_true(total == em.total[2]);
    memcpy(again, belief, sizeof again);
    em_run(&em, weight, EM_END, belief);
    assert_memory_equal(again, belief, sizeof again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_against_one_then_two_thirds_rounded_down),
        cmocka_unit_test(lighter_or_uncounted_votes_then_less_share),
        cmocka_unit_test(one_answer_then_evidence_as_by_hand),
        cmocka_unit_test(liars_in_the_minority_then_turned_round),
        cmocka_unit_test(run_then_counts_belong_to_the_belief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
