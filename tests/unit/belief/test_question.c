#include "oracle.h"

#include <string.h>

#include "base/prng.h"
#include "belief/question.h"

#define NAT QUANTA_PER_NAT

/* A pool large enough for every test here. */
static _Alignas(16) uint8_t region[64 << 20];
static struct pool pool;

static const uint32_t full[] = {65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536};
static const struct question_context four = {.members = 4, .heads = 4, .quorum = 3, .weights = full};

static int fresh_pool(void **state) {
    (void)state;
    pool_init(&pool, region, sizeof region);
    return 0;
}

static struct hash name(uint64_t number) {
    struct hash hash = {{0}};
    for (size_t i = 0; i < 8; i++) hash.bytes[i] = (uint8_t)(number >> (8 * i));
    return hash;
}

static struct question *ask(const struct question_parameters *parameters) {
    struct question *question = NULL;
    assert_int_equal(question_create(&pool, parameters, 1000, &question), STATUS_OK);
    return question;
}

static struct question *ask_default(uint32_t mode) {
    struct question_parameters parameters = question_parameters_default(2, mode);
    return ask(&parameters);
}

/* Tells a log-likelihood ratio of a question with two hypotheses. What question_check_tell says before is what happens,
 * unless time brings something else first or the pool is used up. */
static enum status tell_at(struct question *question, struct pool *in, const struct question_context *context,
                           uint32_t member, const struct hash *observation, const int64_t *loglik, uint64_t now_us) {
    struct question_evidence evidence = {
        .member = member, .observation = observation, .loglik = loglik, .seq = 1, .clock_us = now_us};
    return question_tell(question, in, context, &evidence, now_us);
}

static enum status tell(struct question *question, uint32_t member, uint64_t observation, int64_t ratio,
                        uint64_t now) {
    struct hash hash = name(observation);
    const int64_t loglik[] = {ratio, 0};
    bool is_due = question_next_due_us(question) <= now;
    enum status checked = question_check_tell(question, &four, member, &hash, loglik);
    enum status told = tell_at(question, &pool, &four, member, &hash, loglik, now);
    if (!is_due && told != STATUS_STATE_FULL) assert_int_equal(checked, told);
    return told;
}

static enum status retract(struct question *question, uint32_t member, uint64_t observation, uint64_t now) {
    struct hash hash = name(observation);
    bool is_due = question_next_due_us(question) <= now;
    enum status checked = question_check_retract(question, &four, member, &hash);
    enum status retracted = question_retract(question, &pool, &four, member, &hash, now);
    if (!is_due) assert_int_equal(checked, retracted);
    return retracted;
}

static struct question_result evaluate(const struct question *question) {
    struct question_result result;
    question_evaluate(question, &four, &result);
    return result;
}

static int64_t log_odds(const struct question *question) {
    struct question_result result = evaluate(question);
    return (int64_t)((result.posterior[0] - result.posterior[1]) / 2);
}

static bool results_equal(const struct question_result *a, const struct question_result *b) {
    bool same = a->hypotheses == b->hypotheses && a->top == b->top && a->runner_up == b->runner_up &&
                a->lead == b->lead && a->contributors == b->contributors && a->flip_margin == b->flip_margin &&
                a->decided == b->decided && a->live.low == b->live.low && a->live.high == b->live.high &&
                a->safe.low == b->safe.low && a->safe.high == b->safe.high &&
                a->safe.low_unbounded == b->safe.low_unbounded;
    for (uint32_t j = 0; j < a->hypotheses; j++) same = same && a->posterior[j] == b->posterior[j];
    return same;
}

static void parameters_in_range_then_accepted_else_refused(void **state) {
    (void)state;
    struct question_parameters good = question_parameters_default(3, QUESTION_PANEL);
    assert_int_equal(question_parameters_check(&good), STATUS_OK);
#define REFUSED(field, value)                                                                                        \
    do {                                                                                                             \
        struct question_parameters bad = good;                                                                       \
        bad.field = value;                                                                                           \
        assert_int_equal(question_parameters_check(&bad), STATUS_BAD_VALUE);                                         \
    } while (0)
    REFUSED(hypotheses, 1);
    REFUSED(hypotheses, HYPOTHESES_MAX + 1);
    REFUSED(mode, 2);
    REFUSED(prior[2], PARAMETER_LIMIT_QUANTA + 1);
    REFUSED(prior[0], -PARAMETER_LIMIT_QUANTA - 1);
    REFUSED(prior[1], INT64_MIN);
    REFUSED(cap, 0);
    REFUSED(cap, PARAMETER_LIMIT_QUANTA + 1);
    REFUSED(decide_at, 0);
    REFUSED(decide_at, PARAMETER_LIMIT_QUANTA + 1);
    REFUSED(min_margin, MEMBERS_MAX + 1);
    REFUSED(rho_thousandths, 1001);
    REFUSED(window_us, 0);
    REFUSED(window_us, QUESTION_DURATION_MAX_US + 1);
    REFUSED(deadline_us, UINT64_MAX);
    good.prior[1] = -PARAMETER_LIMIT_QUANTA;
    good.prior[3] = INT64_MIN; /* beyond k: not looked at */
    good.deadline_us = QUESTION_DURATION_MAX_US;
    assert_int_equal(question_parameters_check(&good), STATUS_OK);
}

static void pool_with_wide_cap_then_the_textbook_sum(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_POOL);
    parameters.cap = PARAMETER_LIMIT_QUANTA;
    parameters.prior[0] = -693147181;
    parameters.prior[1] = -693147180;
    struct question *question = ask(&parameters);
    int64_t sum = -1;
    struct prng prng = prng_seeded(7);
    for (uint64_t i = 0; i < 400; i++) {
        int64_t ratio = prng_between(&prng, -40 * NAT, 40 * NAT);
        sum += ratio;
        assert_int_equal(tell(question, (uint32_t)(i % 4), i, ratio, 2000), STATUS_OK);
    }
    struct question_result result = evaluate(question);
    assert_true(result.posterior[0] - result.posterior[1] == (int128)2 * sum);
    assert_int_equal(log_odds(question), sum);
    assert_int_equal(result.contributors, 4);
}

static void everyone_saw_the_same_then_counted_once(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_POOL);
    parameters.rho_thousandths = 1000;
    struct question *question = ask(&parameters);
    for (uint32_t member = 0; member < 4; member++)
        assert_int_equal(tell(question, member, 1, 3 * NAT, 2000), STATUS_OK);
    assert_int_equal(log_odds(question), 3 * NAT);
}

static void pool_refusals_then_nothing_changes(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_POOL);
    assert_int_equal(tell(question, 0, 1, 5 * NAT, 2000), STATUS_OK);
    assert_int_equal(tell(question, 1, 1, 50 * NAT, 2000), STATUS_OK);
    struct question_result before = evaluate(question);
    struct question_counts counts = question_counts(question);
    size_t charge = question_charge(question);
    assert_int_equal(tell(question, 0, 1, 5 * NAT, 2000), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(tell(question, 0, 2, 50 * NAT + 1, 2000), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(tell(question, 0, 2, -50 * NAT - 1, 2000), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(tell(question, 0, 2, INT64_MAX, 2000), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(tell(question, 0, 2, INT64_MIN, 2000), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(tell(question, 4, 2, NAT, 2000), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(retract(question, 2, 1, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(retract(question, 0, 2, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(retract(question, UINT32_MAX, 1, 2000), STATUS_UNKNOWN_MEMBER);
    struct question_result after = evaluate(question);
    assert_true(results_equal(&before, &after));
    assert_int_equal(question_counts(question).told, counts.told);
    assert_int_equal(question_charge(question), charge);
}

static void only_differences_matter_then_extreme_values_are_fine(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_POOL);
    struct hash hash = name(1);
    const int64_t highest[] = {INT64_MAX, INT64_MAX - NAT};
    const int64_t lowest[] = {INT64_MIN + NAT, INT64_MIN};
    assert_int_equal(tell_at(question, &pool, &four, 0, &hash, highest, 2000), STATUS_OK);
    assert_int_equal(tell_at(question, &pool, &four, 1, &hash, lowest, 2000), STATUS_OK);
    assert_int_equal(log_odds(question), 2 * NAT);
}

static void retracted_then_neutral_and_never_again(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(3, QUESTION_POOL);
    struct question *question = ask(&parameters);
    struct question_result empty = evaluate(question);
    struct hash hash = name(9);
    const int64_t loglik[] = {3 * NAT, -NAT, 0};
    assert_int_equal(tell_at(question, &pool, &four, 2, &hash, loglik, 2000), STATUS_OK);
    assert_int_equal(evaluate(question).contributors, 1);
    assert_int_equal(retract(question, 2, 9, 2000), STATUS_OK);
    struct question_result after = evaluate(question);
    assert_true(results_equal(&empty, &after));
    assert_int_equal(retract(question, 2, 9, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(tell_at(question, &pool, &four, 2, &hash, loglik, 2000), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(question_counts(question).told, 1);
    assert_int_equal(question_counts(question).retracted, 1);
}

static void total_beyond_its_limit_then_refused(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(HYPOTHESES_MAX, QUESTION_POOL);
    struct question *question = ask(&parameters);
    const int64_t up[HYPOTHESES_MAX] = {50 * NAT};
    const int64_t down[HYPOTHESES_MAX] = {-50 * NAT};
    uint64_t room = (uint64_t)(TOTAL_LIMIT_QUANTA / (63 * 50 * NAT));
    for (uint64_t i = 0; i < room; i++) {
        struct hash hash = name(i);
        assert_int_equal(tell_at(question, &pool, &four, 0, &hash, up, 2000), STATUS_OK);
    }
    struct question_result before = evaluate(question);
    struct hash last = name(room);
    size_t charge = question_charge(question);
    struct hash other = name(room + 1);
    assert_int_equal(question_check_tell(question, &four, 0, &last, up), STATUS_OVER_TOTAL_LIMIT);
    assert_int_equal(tell_at(question, &pool, &four, 0, &last, up, 2000), STATUS_OVER_TOTAL_LIMIT);
    assert_int_equal(question_charge(question), charge);
    struct question_result after = evaluate(question);
    assert_true(results_equal(&before, &after));
    /* Another member has its own total; and what is taken back must leave a total within the limit as well. */
    assert_int_equal(tell_at(question, &pool, &four, 1, &last, up, 2000), STATUS_OK);
    assert_int_equal(tell_at(question, &pool, &four, 0, &other, down, 2000), STATUS_OK);
    assert_int_equal(tell_at(question, &pool, &four, 0, &last, up, 2000), STATUS_OK);
    assert_int_equal(retract(question, 0, room + 1, 2000), STATUS_OVER_TOTAL_LIMIT);
    assert_int_equal(retract(question, 0, room, 2000), STATUS_OK);
    assert_int_equal(retract(question, 0, room + 1, 2000), STATUS_OK);
}

static void checked_then_nothing_changes(void **state) {
    (void)state;
    for (uint32_t mode = QUESTION_PANEL; mode <= QUESTION_POOL; mode++) {
        struct question *question = ask_default(mode);
        assert_int_equal(tell(question, 0, 1, NAT, 2000), STATUS_OK);
        struct question_result before = evaluate(question);
        size_t charge = question_charge(question);
        struct hash new = name(2), told = name(1);
        const int64_t loglik[] = {NAT, 0};
        assert_int_equal(question_check_tell(question, &four, 0, &new, loglik), STATUS_OK);
        assert_int_equal(question_check_tell(question, &four, 0, &new, loglik), STATUS_OK);
        assert_int_equal(question_check_retract(question, &four, 0, &told), STATUS_OK);
        assert_int_equal(question_check_retract(question, &four, 0, &told), STATUS_OK);
        assert_int_equal(question_check_retract(question, &four, 1, &told), STATUS_UNKNOWN_OBSERVATION);
        assert_int_equal(question_check_tell(question, &four, 4, &new, loglik), STATUS_UNKNOWN_MEMBER);
        struct question_result after = evaluate(question);
        assert_true(results_equal(&before, &after));
        assert_int_equal(question_counts(question).told, 1);
        assert_int_equal(question_charge(question), charge);
    }
}

static void closed_then_refused_and_belief_stays(void **state) {
    (void)state;
    for (uint32_t mode = QUESTION_PANEL; mode <= QUESTION_POOL; mode++) {
        struct question *question = ask_default(mode);
        for (uint32_t member = 0; member < 4; member++)
            assert_int_equal(tell(question, member, 1, 3 * NAT, 2000), STATUS_OK);
        assert_int_equal(tell(question, 0, 2, 3 * NAT, 2000), STATUS_OK);
        struct question_result before = evaluate(question);
        size_t charge = question_charge(question);
        question_close(question, &pool);
        question_close(question, &pool);
        assert_true(question_is_closed(question));
        assert_true(question_charge(question) < charge);
        struct question_result after = evaluate(question);
        assert_true(results_equal(&before, &after));
        assert_int_equal(tell(question, 1, 7, NAT, 2000), STATUS_QUESTION_CLOSED);
        assert_int_equal(retract(question, 0, 2, 2000), STATUS_QUESTION_CLOSED);
        assert_true(question_next_due_us(question) == UINT64_MAX);
        question_free(question, &pool);
        assert_int_equal(pool.live, 0);
    }
}

static void everybody_reported_then_panel_seals_at_once(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_PANEL);
    const int64_t reports[] = {2 * NAT, 3 * NAT, 4 * NAT, 50 * NAT};
    for (uint32_t member = 0; member < 3; member++)
        assert_int_equal(tell(question, member, 1, reports[member], 2000), STATUS_OK);
    assert_int_equal(question_counts(question).open, 1);
    assert_int_equal(log_odds(question), 0);
    assert_int_equal(tell(question, 3, 1, reports[3], 2500), STATUS_OK);
    struct question_counts counts = question_counts(question);
    assert_int_equal(counts.open, 0);
    assert_int_equal(counts.sealed, 1);
    /* (2 - t) + (3 - t) + (4 - t) + 2 = 0 in nats: 11/3, rounded to a quantum. */
    assert_int_equal(log_odds(question), 3666666667);
    assert_int_equal(evaluate(question).contributors, 4);
    assert_int_equal(tell(question, 3, 1, NAT, 2600), STATUS_SEALED);
    assert_int_equal(retract(question, 3, 1, 2600), STATUS_SEALED);
    assert_int_equal(log_odds(question), 3666666667);
}

static void window_ends_with_a_quorum_then_sealed_else_void(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_PANEL);
    parameters.window_us = 500;
    parameters.deadline_us = 9000;
    struct question *question = ask(&parameters);
    assert_true(question_next_due_us(question) == 10000);
    assert_true(question_deadline_us(question) == 10000);
    for (uint32_t member = 0; member < 3; member++)
        assert_int_equal(tell(question, member, 1, NAT, 2000 + member), STATUS_OK);
    for (uint32_t member = 0; member < 2; member++) assert_int_equal(tell(question, member, 2, NAT, 2100), STATUS_OK);
    assert_true(question_next_due_us(question) == 2500);
    assert_int_equal(question_advance(question, &pool, &four, 2499), 0);
    assert_int_equal(question_advance(question, &pool, &four, 2500), 1);
    assert_int_equal(question_counts(question).sealed, 1);
    assert_int_equal(log_odds(question), NAT);
    assert_true(question_next_due_us(question) == 2600);
    /* What is due happens before what is told at that time. */
    assert_int_equal(tell(question, 2, 2, NAT, 2600), STATUS_SEALED);
    assert_int_equal(question_counts(question).voided, 1);
    assert_int_equal(tell(question, 3, 1, NAT, 2600), STATUS_SEALED);
    assert_int_equal(retract(question, 0, 2, 2600), STATUS_SEALED);
    assert_int_equal(log_odds(question), NAT);
    assert_int_equal(evaluate(question).contributors, 3);
    assert_true(question_next_due_us(question) == 10000);
}

static void panel_refusals_then_the_evidence_stays(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_PANEL);
    assert_int_equal(tell(question, 0, 1, NAT, 2000), STATUS_OK);
    assert_int_equal(tell(question, 0, 1, NAT, 2000), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(tell(question, 1, 1, 51 * NAT, 2000), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(tell(question, 4, 1, NAT, 2000), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(retract(question, 1, 1, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(retract(question, 0, 2, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(retract(question, 0, 1, 2000), STATUS_OK);
    assert_int_equal(retract(question, 0, 1, 2000), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(tell(question, 0, 1, NAT, 2000), STATUS_DUPLICATE_OBSERVATION);
    /* The member that took its word back can add nothing more, so the others complete the panel. */
    for (uint32_t member = 1; member < 4; member++)
        assert_int_equal(tell(question, member, 1, -NAT, 2000), STATUS_OK);
    assert_int_equal(question_counts(question).sealed, 1);
    assert_int_equal(log_odds(question), -NAT);
    assert_int_equal(evaluate(question).contributors, 3);
}

static void weight_zero_then_no_voice(void **state) {
    (void)state;
    const uint32_t weights[] = {65536, 0, 65536, 65536};
    const struct question_context context = {.members = 4, .heads = 4, .quorum = 3, .weights = weights};
    const int64_t loglik[] = {NAT, 0};
    const int64_t lie[] = {-50 * NAT, 0};
    for (uint32_t mode = QUESTION_PANEL; mode <= QUESTION_POOL; mode++) {
        struct question *question = ask_default(mode);
        struct hash hash = name(1);
        assert_int_equal(tell_at(question, &pool, &context, 1, &hash, lie, 2000), STATUS_OK);
        for (uint32_t member = 0; member < 4; member++) {
            if (member == 1) continue;
            assert_int_equal(tell_at(question, &pool, &context, member, &hash, loglik, 2000), STATUS_OK);
        }
        struct question_result result;
        question_evaluate(question, &context, &result);
        assert_int_equal(result.contributors, 3);
        assert_true(result.lead == (mode == QUESTION_PANEL ? 2 : 6) * NAT);
        assert_int_equal(result.top, 0);
    }
}

struct heard {
    uint32_t calls;
    bool is_void;
    uint32_t reports;
    uint16_t member[4];
    int64_t y[4];
    int64_t location;
};

static void listen(void *user, const struct question_seal *seal) {
    struct heard *heard = user;
    heard->calls++;
    heard->is_void = seal->location == NULL;
    heard->reports = seal->reports;
    for (uint32_t i = 0; i < seal->reports; i++) {
        heard->member[i] = (uint16_t)seal->report[i].member;
        heard->y[i] = seal->report[i].y[0];
    }
    if (seal->location != NULL) heard->location = seal->location[0];
}

static void panel_settles_then_the_observer_hears_it_in_order_of_members(void **state) {
    (void)state;
    struct heard heard = {0};
    struct question_context context = four;
    context.on_seal = listen;
    context.user = &heard;
    struct question *question = ask_default(QUESTION_PANEL);
    struct hash hash = name(1);
    const uint32_t order[] = {2, 0, 3, 1};
    for (uint32_t i = 0; i < 4; i++) {
        const int64_t loglik[] = {order[i], 0};
        assert_int_equal(tell_at(question, &pool, &context, order[i], &hash, loglik, 2000), STATUS_OK);
    }
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.reports, 4);
    assert_false(heard.is_void);
    /* (0 + 1 + 2 + 3) / 4 = 1.5, to even. */
    assert_int_equal(heard.location, 2);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(heard.member[i], i);
        assert_int_equal(heard.y[i], i);
    }
    struct hash other = name(2);
    const int64_t loglik[] = {5, 0};
    assert_int_equal(tell_at(question, &pool, &context, 3, &other, loglik, 2000), STATUS_OK);
    assert_int_equal(question_advance(question, &pool, &context, UINT64_MAX), 1);
    assert_true(heard.is_void);
    assert_int_equal(heard.reports, 1);
    assert_int_equal(heard.member[0], 3);
}

/* Lane `member` has seen what `other` told up to this batch. */
static uint64_t seen_up_to[4][4];

static bool had_seen(void *user, uint32_t member, uint32_t other, uint64_t seq) {
    (void)user;
    return seq <= seen_up_to[member][other];
}

struct copies {
    uint32_t copied[4];
    uint64_t opened_us;
};

static void note_copies(void *user, const struct question_seal *seal) {
    struct copies *copies = user;
    copies->opened_us = seal->opened_us;
    for (uint32_t i = 0; i < seal->reports; i++) copies->copied[seal->report[i].member] = seal->report[i].copied;
}

static void same_words_after_having_seen_them_then_a_copy(void **state) {
    (void)state;
    struct copies copies = {.opened_us = 0};
    struct question_context context = four;
    context.on_seal = note_copies;
    context.had_seen = had_seen;
    context.user = &copies;
    struct question *question = ask_default(QUESTION_PANEL);
    struct hash hash = name(1);
    const int64_t same[] = {7, 0};
    const int64_t other[] = {9, 0};
    memset(seen_up_to, 0, sizeof seen_up_to);
    seen_up_to[2][0] = 5;
    seen_up_to[3][0] = 5;
    const struct question_evidence words[] = {
        {.member = 0, .observation = &hash, .loglik = same, .seq = 5, .content = 77},
        {.member = 1, .observation = &hash, .loglik = same, .seq = 1},                /* the same, but unseen */
        {.member = 2, .observation = &hash, .loglik = same, .seq = 1},                /* the same, and seen */
        {.member = 3, .observation = &hash, .loglik = other, .seq = 1, .content = 77} /* another view of one text */
    };
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(question_tell(question, &pool, &context, &words[i], 2000 + i), STATUS_OK);
    assert_int_equal(copies.opened_us, 2000);
    assert_int_equal(copies.copied[0], QUESTION_ORIGINAL);
    assert_int_equal(copies.copied[1], QUESTION_ORIGINAL);
    assert_int_equal(copies.copied[2], 0);
    assert_int_equal(copies.copied[3], 0);
}

static void members_told_then_their_totals_can_be_read(void **state) {
    (void)state;
    for (uint32_t mode = QUESTION_PANEL; mode <= QUESTION_POOL; mode++) {
        struct question *question = ask_default(mode);
        for (uint8_t o = 1; o <= 2; o++) {
            struct hash hash = name(o);
            for (uint32_t member = 0; member < 3; member++) {
                const int64_t loglik[] = {10 * o + member, 0};
                assert_int_equal(tell_at(question, &pool, &four, member, &hash, loglik, 2000), STATUS_OK);
            }
        }
        /* A panel counts what is sealed, and these windows are open. */
        assert_true((question_told_by(question, 1) == NULL) == (mode == QUESTION_PANEL));
        (void)question_advance(question, &pool, &four, UINT64_MAX);
        assert_int_equal(question_told_by(question, 1)[0], 32);
        assert_int_equal(question_told_by(question, 1)[1], -32);
        assert_null(question_told_by(question, 3));
        assert_null(question_told_by(question, MEMBERS_MAX));
    }
}

static void enough_agreement_then_decided_with_its_margin(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_POOL);
    for (uint32_t member = 0; member < 3; member++) {
        assert_false(evaluate(question).decided);
        assert_int_equal(tell(question, member, 1, 4 * NAT, 2000), STATUS_OK);
    }
    /* 12 nats; one liar leaves 3 * (4 - 1), two hold more than half. */
    struct question_result result = evaluate(question);
    assert_true(result.decided);
    assert_true(result.lead == 24 * NAT);
    assert_int_equal(result.flip_margin, 2);
    assert_true(result.margin_is_exact);
    assert_int_equal(result.live.turned, 1);
    assert_true(result.live.low == 18 * NAT && result.live.high == 30 * NAT);
    assert_int_equal(result.safe.turned, 1);
    int64_t low = 0;
    int64_t high = 0;
    question_interval_quanta(&result.live, 2, &low, &high);
    assert_int_equal(low, 9 * NAT);
    assert_int_equal(high, 15 * NAT);
    assert_int_equal(question_log_odds(&result, 0), 0);
    assert_int_equal(question_log_odds(&result, 1), -12 * NAT);
}

static void interval_in_quanta_then_rounded_outward(void **state) {
    (void)state;
    struct question_interval interval = {.low = -7, .high = -7};
    int64_t low = 0;
    int64_t high = 0;
    question_interval_quanta(&interval, 3, &low, &high);
    assert_int_equal(low, -3);
    assert_int_equal(high, -2);
    interval = (struct question_interval){.low_unbounded = true, .high_unbounded = true};
    question_interval_quanta(&interval, 3, &low, &high);
    assert_true(low == INT64_MIN && high == INT64_MAX);
}

static void prior_alone_then_a_lead_but_no_decision(void **state) {
    (void)state;
    struct question_parameters parameters = question_parameters_default(3, QUESTION_PANEL);
    parameters.prior[0] = -30 * NAT;
    parameters.prior[1] = -40 * NAT;
    parameters.prior[2] = -2 * NAT;
    for (parameters.mode = QUESTION_PANEL; parameters.mode <= QUESTION_POOL; parameters.mode++) {
        struct question_result result = evaluate(ask(&parameters));
        assert_int_equal(result.top, 2);
        assert_int_equal(result.runner_up, 0);
        assert_true(result.lead == 3 * 28 * NAT);
        assert_true(result.live.low == result.lead && result.safe.high == result.lead);
        assert_int_equal(result.flip_margin, 0);
        assert_false(result.decided);
    }
}

/* ---- the same evidence in another order, and clones ---- */

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
        assert_int_equal(tell_at(question, &pool, context, words[i].member, &hash, words[i].loglik, 2000), STATUS_OK);
    }
    return question;
}

static void evidence_in_any_order_then_the_same_numbers(void **state) {
    (void)state;
    const struct question_context context = {.members = 8, .heads = 8, .quorum = 6, .weights = full};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct prng prng = prng_seeded(seed);
        struct question_parameters parameters =
            question_parameters_default(2 + (uint32_t)prng_below(&prng, 3), (uint32_t)prng_below(&prng, 2));
        struct word words[160];
        size_t count = 0;
        for (uint32_t member = 0; member < 8; member++) {
            for (uint64_t observation = 0; observation < 20; observation++) {
                if (prng_chance(&prng, 1, 20)) continue;
                words[count].member = member;
                words[count].observation = observation;
                for (size_t j = 0; j < 4; j++) words[count].loglik[j] = prng_between(&prng, -9 * NAT, 9 * NAT);
                count++;
            }
        }
        fresh_pool(NULL);
        struct question *first = tell_all(&parameters, &context, words, count);
        for (size_t i = count; i-- > 1;) {
            size_t j = prng_below(&prng, i + 1);
            struct word moved = words[i];
            words[i] = words[j];
            words[j] = moved;
        }
        struct question *second = tell_all(&parameters, &context, words, count);
        (void)question_advance(first, &pool, &context, UINT64_MAX);
        (void)question_advance(second, &pool, &context, UINT64_MAX);
        struct question_result a;
        struct question_result b;
        question_evaluate(first, &context, &a);
        question_evaluate(second, &context, &b);
        assert_seeded(results_equal(&a, &b), seed);
        assert_seeded(question_counts(first).sealed == question_counts(second).sealed, seed);
    }
}

static void cloned_then_equal_and_independent(void **state) {
    (void)state;
    static _Alignas(16) uint8_t scratch_region[4 << 20];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct prng prng = prng_seeded(seed);
        struct pool scratch;
        pool_init(&scratch, scratch_region, sizeof scratch_region);
        fresh_pool(NULL);
        struct question *question = ask_default((uint32_t)(seed % 2));
        for (uint64_t i = 0; i < 200; i++) {
            uint32_t member = (uint32_t)prng_below(&prng, 4);
            (void)tell(question, member, prng_below(&prng, 60), prng_between(&prng, -NAT, NAT), 2000 + i);
            if (i % 9 == 0) (void)retract(question, member, prng_below(&prng, 60), 2000 + i);
        }
        struct question *copy = NULL;
        assert_int_equal(question_clone(question, &scratch, &copy), STATUS_OK);
        assert_seeded(question_charge(copy) == question_charge(question), seed);
        assert_seeded(question_charge(copy) == scratch.live, seed);
        assert_seeded(question_charge(question) == pool.live, seed);
        struct question_result before = evaluate(question);
        struct question_result same = evaluate(copy);
        assert_seeded(results_equal(&before, &same), seed);
        for (uint32_t member = 0; member < 4; member++) {
            struct hash hash = name(1000);
            const int64_t loglik[] = {20 * NAT, 0};
            assert_int_equal(tell_at(copy, &scratch, &four, member, &hash, loglik, 9000), STATUS_OK);
        }
        (void)question_advance(copy, &scratch, &four, UINT64_MAX);
        struct question_result still = evaluate(question);
        struct question_result moved = evaluate(copy);
        assert_seeded(results_equal(&before, &still), seed);
        assert_seeded(!results_equal(&before, &moved), seed);
        question_free(copy, &scratch);
        question_free(question, &pool);
        assert_seeded(scratch.live == 0 && pool.live == 0, seed);
    }
}

static void pool_used_up_then_state_full_and_nothing_lost(void **state) {
    (void)state;
    struct question_result before;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_PANEL);
    for (parameters.mode = QUESTION_PANEL; parameters.mode <= QUESTION_POOL; parameters.mode++) {
        struct question *question = NULL;
        for (size_t bytes = 0; bytes < 9000; bytes += 112) {
            pool_init(&pool, region, bytes & ~(size_t)15);
            if (question_create(&pool, &parameters, 1000, &question) != STATUS_OK) {
                assert_int_equal(pool.live, 0);
                continue;
            }
            enum status status = STATUS_OK;
            for (uint64_t i = 0; status == STATUS_OK; i++) {
                question_evaluate(question, &four, &before);
                status = tell(question, (uint32_t)(i % 4), i / 4, NAT, 2000);
            }
            assert_int_equal(status, STATUS_STATE_FULL);
            struct question_result after = evaluate(question);
            assert_true(results_equal(&before, &after));
            struct question *copy = NULL;
            size_t live = pool.live;
            if (question_clone(question, &pool, &copy) == STATUS_OK) question_free(copy, &pool);
            assert_int_equal(pool.live, live);
            question_free(question, &pool);
            assert_int_equal(pool.live, 0);
        }
    }
}

static void thousands_of_observations_then_all_found_again(void **state) {
    (void)state;
    struct question *question = ask_default(QUESTION_POOL);
    for (uint64_t i = 0; i < 20000; i++) assert_int_equal(tell(question, i % 4, i, 1, 2000), STATUS_OK);
    for (uint64_t i = 0; i < 20000; i++)
        assert_int_equal(tell(question, i % 4, i, 1, 2000), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(log_odds(question), 20000);
    assert_int_equal(question_charge(question), pool.live);
    question_free(question, &pool);
    assert_int_equal(pool.live, 0);
}

static void members_join_then_earlier_seals_are_unbounded_for_larger_coalitions(void **state) {
    (void)state;
    const struct question_context eight = {.members = 8, .heads = 8, .quorum = 6, .weights = full};
    struct question_parameters parameters = question_parameters_default(2, QUESTION_PANEL);
    struct question *question = ask(&parameters);
    for (uint32_t member = 0; member < 4; member++)
        assert_int_equal(tell(question, member, 1, 20 * NAT, 2000), STATUS_OK);
    struct question_result result;
    question_evaluate(question, &eight, &result);
    assert_true(result.live.low_unbounded && result.safe.low_unbounded);
    assert_int_equal(result.flip_margin, 2);
    const int64_t loglik[] = {20 * NAT, 0};
    for (uint32_t member = 0; member < 8; member++) {
        struct hash hash = name(2);
        assert_int_equal(tell_at(question, &pool, &eight, member, &hash, loglik, 2000), STATUS_OK);
    }
    question_evaluate(question, &eight, &result);
    assert_int_equal(result.contributors, 8);
    assert_int_equal(result.flip_margin, 2);
    assert_true(result.lead == 80 * NAT);
}

/* ---- margins against all coalitions ---- */

enum { SIDE = 7 };

/* Far beyond everything said, and small enough for the plain arithmetic of the oracle. */
#define LIE INT64_C(1000000000)

struct world {
    uint32_t n;
    uint32_t k;
    uint32_t observations; /* 1 for a pool */
    struct question_parameters parameters;
    uint32_t weights[SIDE];
    int64_t loglik[SIDE][3][3]; /* [member][observation][hypothesis] */
};

/* Small numbers, so that ties, flats and rounding come up all the time. */
static struct world random_world(struct prng *prng, uint32_t mode, uint32_t k) {
    struct world world = {.n = 4 + (uint32_t)prng_below(prng, 4), .k = k};
    world.observations = mode == QUESTION_POOL ? 1 : 1 + (uint32_t)prng_below(prng, 3);
    world.parameters = question_parameters_default(k, mode);
    world.parameters.cap = prng_between(prng, 1, 12);
    world.parameters.decide_at = prng_between(prng, 1, 20);
    world.parameters.min_margin = 1;
    world.parameters.rho_thousandths = (uint32_t)(prng_below(prng, 5) * 250);
    for (uint32_t j = 0; j < k; j++) world.parameters.prior[j] = prng_between(prng, -6, 2);
    uint64_t kinds = 1 + prng_below(prng, 4);
    for (uint32_t i = 0; i < world.n; i++) {
        world.weights[i] = 65536 / 4 * (1 + (uint32_t)prng_below(prng, kinds));
        for (uint32_t o = 0; o < world.observations; o++) {
            for (uint32_t j = 0; j < k; j++) world.loglik[i][o][j] = prng_between(prng, j == 0 ? 2 : -6, 12);
        }
    }
    return world;
}

/* What hypothesis j gains from one observation (or the totals) when the coalition reports `lie` for it. */
static wide part_of(const struct world *world, uint32_t o, uint32_t j, unsigned coalition, int64_t lie) {
    int64_t x[SIDE];
    wide weight = 0;
    for (uint32_t i = 0; i < world->n; i++) {
        int64_t sum = 0;
        for (uint32_t h = 0; h < world->k; h++) sum += world->loglik[i][o][h];
        x[i] = (coalition >> i & 1) != 0 ? lie : (int64_t)world->k * world->loglik[i][o][j] - sum;
        weight += world->weights[i];
    }
    int64_t cap = world->parameters.cap * world->k / 2;
    if (cap < 1) cap = 1;
    struct oracle_ratio t = oracle_location(x, world->weights, world->n, cap);
    if (world->parameters.mode == QUESTION_PANEL) return oracle_round(t.numerator, t.denominator);
    wide shared = weight > 65536 ? weight - 65536 : 0;
    return oracle_round(t.numerator * weight * 1000,
                        t.denominator * (65536000 + shared * world->parameters.rho_thousandths));
}

static wide lead_of(const struct world *world, uint32_t a, uint32_t b, unsigned coalition) {
    wide lead = (wide)world->k * (world->parameters.prior[a] - world->parameters.prior[b]);
    for (uint32_t o = 0; o < world->observations; o++)
        lead += part_of(world, o, a, coalition, -LIE) - part_of(world, o, b, coalition, LIE);
    return lead;
}

/* The least coalition that could have undone the decision for `top`; 0 when there is none to undo. */
static uint32_t true_margin(const struct world *world, uint32_t top) {
    int least = (int)world->n + 1;
    for (unsigned coalition = 0; coalition < 1u << world->n; coalition++) {
        if (oracle_popcount(coalition) >= least) continue;
        for (uint32_t b = 0; b < world->k; b++) {
            if (b != top && lead_of(world, top, b, coalition) < (wide)world->k * world->parameters.decide_at)
                least = oracle_popcount(coalition);
        }
    }
    return (uint32_t)least;
}

static struct question_result played(const struct world *world) {
    const struct question_context context = {
        .members = world->n, .heads = world->n, .quorum = world->n * 2 / 3 + 1, .weights = world->weights};
    fresh_pool(NULL);
    struct question *question = ask(&world->parameters);
    for (uint32_t o = 0; o < world->observations; o++) {
        for (uint32_t i = 0; i < world->n; i++) {
            struct hash hash = name(o);
            assert_int_equal(tell_at(question, &pool, &context, i, &hash, world->loglik[i][o], 2000), STATUS_OK);
        }
    }
    struct question_result result;
    question_evaluate(question, &context, &result);
    return result;
}

static void check_posterior(const struct world *world, const struct question_result *result, uint64_t seed) {
    for (uint32_t j = 0; j < world->k; j++) {
        wide expected = (wide)world->k * world->parameters.prior[j];
        for (uint32_t o = 0; o < world->observations; o++) expected += part_of(world, o, j, 0, 0);
        assert_seeded(result->posterior[j] == expected, seed);
    }
}

/* An interval holds every lead that a coalition of its size can bring about. Returns whether it has both ends. */
static bool check_interval(const struct world *world, const struct question_result *result,
                           const struct question_interval *interval, uint64_t seed) {
    uint32_t a = result->top;
    uint32_t b = result->runner_up;
    assert_seeded(interval->turned >= 1 && interval->turned <= 3, seed);
    for (unsigned coalition = 0; coalition < 1u << world->n; coalition++) {
        if (oracle_popcount(coalition) != (int)interval->turned) continue;
        if (!interval->low_unbounded) assert_seeded(lead_of(world, a, b, coalition) >= interval->low, seed);
        if (!interval->high_unbounded) assert_seeded(-lead_of(world, b, a, coalition) <= interval->high, seed);
    }
    return !interval->low_unbounded && !interval->high_unbounded;
}

static void pool_of_two_hypotheses_then_margin_is_exact(void **state) {
    (void)state;
    uint32_t decided = 0;
    uint32_t bounded = 0;
    for (uint64_t seed = 1; seed <= 8000; seed++) {
        struct prng prng = prng_seeded(seed);
        struct world world = random_world(&prng, QUESTION_POOL, 2);
        struct question_result result = played(&world);
        check_posterior(&world, &result, seed);
        bounded += check_interval(&world, &result, &result.live, seed) ? 1 : 0;
        bounded += check_interval(&world, &result, &result.safe, seed) ? 1 : 0;
        assert_seeded(result.margin_is_exact, seed);
        assert_seeded(result.flip_margin == true_margin(&world, result.top), seed);
        assert_seeded(result.decided == (result.flip_margin > 0), seed);
        decided += result.decided ? 1 : 0;
    }
    assert_in_range(decided, 2000, 7000);
    assert_true(bounded > 8000);
}

static void panel_or_more_hypotheses_then_margin_is_never_too_large(void **state) {
    (void)state;
    uint32_t decided = 0;
    uint32_t bounded = 0;
    uint32_t equal = 0;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct prng prng = prng_seeded(seed);
        uint32_t mode = seed % 3 == 0 ? QUESTION_POOL : QUESTION_PANEL;
        struct world world = random_world(&prng, mode, mode == QUESTION_POOL || seed % 2 == 0 ? 3 : 2);
        struct question_result result = played(&world);
        check_posterior(&world, &result, seed);
        bounded += check_interval(&world, &result, &result.live, seed) ? 1 : 0;
        bounded += check_interval(&world, &result, &result.safe, seed) ? 1 : 0;
        uint32_t truth = true_margin(&world, result.top);
        assert_seeded(!result.margin_is_exact, seed);
        assert_seeded(result.flip_margin <= truth, seed);
        assert_seeded((result.flip_margin == 0) == (truth == 0), seed);
        if (truth == 0) continue;
        decided++;
        equal += result.flip_margin == truth ? 1 : 0;
    }
    /* Careful, but not useless. */
    assert_true(bounded > 3000);
    assert_true(decided > 500 && equal * 10 > decided * 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(checked_then_nothing_changes, fresh_pool),
        cmocka_unit_test(parameters_in_range_then_accepted_else_refused),
        cmocka_unit_test_setup(pool_with_wide_cap_then_the_textbook_sum, fresh_pool),
        cmocka_unit_test_setup(everyone_saw_the_same_then_counted_once, fresh_pool),
        cmocka_unit_test_setup(pool_refusals_then_nothing_changes, fresh_pool),
        cmocka_unit_test_setup(only_differences_matter_then_extreme_values_are_fine, fresh_pool),
        cmocka_unit_test_setup(retracted_then_neutral_and_never_again, fresh_pool),
        cmocka_unit_test_setup(total_beyond_its_limit_then_refused, fresh_pool),
        cmocka_unit_test_setup(closed_then_refused_and_belief_stays, fresh_pool),
        cmocka_unit_test_setup(everybody_reported_then_panel_seals_at_once, fresh_pool),
        cmocka_unit_test_setup(window_ends_with_a_quorum_then_sealed_else_void, fresh_pool),
        cmocka_unit_test_setup(panel_refusals_then_the_evidence_stays, fresh_pool),
        cmocka_unit_test_setup(weight_zero_then_no_voice, fresh_pool),
        cmocka_unit_test_setup(panel_settles_then_the_observer_hears_it_in_order_of_members, fresh_pool),
        cmocka_unit_test_setup(enough_agreement_then_decided_with_its_margin, fresh_pool),
        cmocka_unit_test(interval_in_quanta_then_rounded_outward),
        cmocka_unit_test_setup(prior_alone_then_a_lead_but_no_decision, fresh_pool),
        cmocka_unit_test_setup(evidence_in_any_order_then_the_same_numbers, fresh_pool),
        cmocka_unit_test_setup(cloned_then_equal_and_independent, fresh_pool),
        cmocka_unit_test(pool_used_up_then_state_full_and_nothing_lost),
        cmocka_unit_test_setup(same_words_after_having_seen_them_then_a_copy, fresh_pool),
        cmocka_unit_test_setup(members_told_then_their_totals_can_be_read, fresh_pool),
        cmocka_unit_test_setup(thousands_of_observations_then_all_found_again, fresh_pool),
        cmocka_unit_test_setup(members_join_then_earlier_seals_are_unbounded_for_larger_coalitions, fresh_pool),
        cmocka_unit_test(pool_of_two_hypotheses_then_margin_is_exact),
        cmocka_unit_test(panel_or_more_hypotheses_then_margin_is_never_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
