/* Places and who is there: n counts heads, and of who has gone only what is sealed stays. */
#include "oracle.h"

#include "base/prng.h"
#include "belief/question.h"

#define NAT QUANTA_PER_NAT

static _Alignas(16) uint8_t region[16 << 20];
static struct pool pool;

static const uint32_t full[] = {65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536};
static const struct question_context four = {.members = 4, .heads = 4, .quorum = 3, .weights = full};

static int fresh_pool(void **state) {
    (void)state;
    pool_init(&pool, region, sizeof region);
    return 0;
}

static struct hash name(uint64_t number) { return (struct hash){{(uint8_t)number, 1}}; }

static struct question *ask(const struct question_parameters *parameters) {
    struct question *question = NULL;
    assert_int_equal(question_create(&pool, parameters, 1000, &question), STATUS_OK);
    return question;
}

static enum status tell(struct question *question, const struct question_context *context, uint32_t member,
                        const struct hash *observation, const int64_t *loglik) {
    struct question_evidence evidence = {
        .member = member, .observation = observation, .loglik = loglik, .seq = 1, .clock_us = 2000};
    return question_tell(question, &pool, context, &evidence, 2000);
}

static struct question_result evaluate(const struct question *question, const struct question_context *context) {
    struct question_result result;
    question_evaluate(question, context, &result);
    return result;
}

static bool results_equal(const struct question_result *a, const struct question_result *b) {
    bool same = a->top == b->top && a->runner_up == b->runner_up && a->lead == b->lead &&
                a->contributors == b->contributors && a->flip_margin == b->flip_margin && a->decided == b->decided &&
                a->live.low == b->live.low && a->live.high == b->live.high && a->safe.low == b->safe.low &&
                a->safe.high == b->safe.high && a->safe.low_unbounded == b->safe.low_unbounded;
    for (uint32_t j = 0; j < a->hypotheses; j++) same = same && a->posterior[j] == b->posterior[j];
    return same;
}

struct word {
    uint32_t member;
    uint64_t observation;
    int64_t loglik[4];
};

static struct question *tell_all(const struct question_parameters *parameters, const struct question_context *context,
                                 const struct word *words, size_t count) {
    struct question *question = ask(parameters);
    for (size_t i = 0; i < count; i++) {
        struct hash hash = name(words[i].observation);
        assert_int_equal(tell(question, context, words[i].member, &hash, words[i].loglik), STATUS_OK);
    }
    return question;
}

static size_t random_words(struct prng *prng, const uint32_t *members, size_t members_count, struct word *ret_words) {
    size_t count = 0;
    for (size_t i = 0; i < members_count; i++) {
        for (uint64_t observation = 0; observation < 20; observation++) {
            if (prng_chance(prng, 1, 20)) continue;
            ret_words[count].member = members[i];
            ret_words[count].observation = observation;
            for (size_t j = 0; j < 4; j++) ret_words[count].loglik[j] = prng_between(prng, -9 * NAT, 9 * NAT);
            count++;
        }
    }
    return count;
}

/* Four members at eight places are four members. */
static void vacant_places_then_the_same_numbers_as_without_them(void **state) {
    (void)state;
    static const uint32_t here[] = {0, 2, 5, 7};
    static const uint32_t sparse[] = {65536, 0, 65536, 0, 0, 65536, 0, 65536};
    const struct question_context places = {.members = 8, .heads = 4, .quorum = 3, .weights = sparse};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct prng prng = prng_seeded(seed);
        struct question_parameters parameters =
            question_parameters_default(2 + (uint32_t)prng_below(&prng, 3), (uint32_t)prng_below(&prng, 2));
        struct word words[80];
        size_t count = random_words(&prng, here, 4, words);
        fresh_pool(NULL);
        struct question *spread = tell_all(&parameters, &places, words, count);
        for (size_t i = 0; i < count; i++) {
            uint32_t number = 0;
            while (here[number] != words[i].member) number++;
            words[i].member = number;
        }
        struct question *dense = tell_all(&parameters, &four, words, count);
        (void)question_advance(spread, &pool, &places, UINT64_MAX);
        (void)question_advance(dense, &pool, &four, UINT64_MAX);
        struct question_result a = evaluate(spread, &places);
        struct question_result b = evaluate(dense, &four);
        assert_seeded(results_equal(&a, &b), seed);
        assert_seeded(a.live.turned == 1 && a.safe.turned == 1, seed);
    }
}

/* Member 7 says nothing, so that nothing seals before member 6 has gone. */
static void departed_before_anything_seals_then_as_if_it_had_told_nothing(void **state) {
    (void)state;
    static const uint32_t speakers[] = {0, 1, 2, 3, 4, 5, 6};
    const struct question_context context = {.members = 8, .heads = 8, .quorum = 5, .weights = full};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct prng prng = prng_seeded(seed);
        struct question_parameters parameters =
            question_parameters_default(2 + (uint32_t)prng_below(&prng, 3), (uint32_t)prng_below(&prng, 2));
        struct word words[140];
        size_t others = random_words(&prng, speakers, 6, words);
        size_t count = others + random_words(&prng, speakers + 6, 1, words + others);
        fresh_pool(NULL);
        struct question *left = tell_all(&parameters, &context, words, count);
        struct question *never = tell_all(&parameters, &context, words, others);
        question_depart(left, 6);
        struct question_counts counts = question_counts(left);
        assert_seeded(counts.told == count && counts.retracted == count - others, seed);
        assert_seeded(question_told_by(left, 6) == NULL, seed);
        /* Who comes to the place may tell the same. */
        struct hash hash = name(words[others].observation);
        enum status status = question_check_tell(left, &context, 6, &hash, words[others].loglik);
        assert_seeded(status == STATUS_OK, seed);
        assert_seeded(question_check_retract(left, &context, 6, &hash) == STATUS_UNKNOWN_OBSERVATION, seed);
        (void)question_advance(left, &pool, &context, UINT64_MAX);
        (void)question_advance(never, &pool, &context, UINT64_MAX);
        struct question_result a = evaluate(left, &context);
        struct question_result b = evaluate(never, &context);
        assert_seeded(results_equal(&a, &b), seed);
    }
}

static void departed_after_the_seal_then_it_stays_in_and_is_nobodys(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_PANEL);
    struct question *question = ask(&parameters);
    struct hash hash = name(1);
    const int64_t loglik[] = {NAT, 0};
    for (uint32_t member = 0; member < 4; member++)
        assert_int_equal(tell(question, &four, member, &hash, loglik), STATUS_OK);
    int128 before = evaluate(question, &four).lead;
    assert_true(before > 0);
    assert_non_null(question_told_by(question, 3));
    question_depart(question, 3);
    assert_true(evaluate(question, &four).lead == before);
    assert_null(question_told_by(question, 3));
    assert_int_equal(evaluate(question, &four).contributors, 3);
    assert_int_equal(question_counts(question).retracted, 0);
    assert_int_equal(tell(question, &four, 3, &hash, loglik), STATUS_SEALED);
    question_close(question, &pool);
    question_depart(question, 2);
    assert_non_null(question_told_by(question, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vacant_places_then_the_same_numbers_as_without_them, fresh_pool),
        cmocka_unit_test_setup(departed_before_anything_seals_then_as_if_it_had_told_nothing, fresh_pool),
        cmocka_unit_test_setup(departed_after_the_seal_then_it_stays_in_and_is_nobodys, fresh_pool),
    };
    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
