/* Decision: the belief of a question, whether it is enough, and how many liars it would take to undo it
 * (docs/belief.md, "Decision" and "Flip margin").
 *
 * The bounds take hypotheses apart: over every coalition of m members the lead of a over b is at least
 * k * (prior_a - prior_b) + low_a(m) - high_b(m). No coalition can do worse, though perhaps none can do as much. */
#include "base/check.h"
#include "belief/huber.h"
#include "belief/state.h"

/* Fills top, runner_up and lead from the posterior. */
static void rank(struct question_result *result) {
    uint32_t top = 0;
    for (uint32_t j = 1; j < result->hypotheses; j++) {
        if (result->posterior[j] > result->posterior[top]) top = j;
    }
    uint32_t runner_up = top == 0 ? 1 : 0;
    for (uint32_t j = runner_up + 1; j < result->hypotheses; j++) {
        if (j != top && result->posterior[j] > result->posterior[runner_up]) runner_up = j;
    }
    result->top = top;
    result->runner_up = runner_up;
    result->lead = result->posterior[top] - result->posterior[runner_up];
}

/* At scale k. */
static int128 lead_wanted(const struct question *question) {
    return (int128)question->parameters.hypotheses * question->parameters.decide_at;
}

static struct span span_of(const struct question *question, const struct question_context *context, uint32_t turned,
                           uint32_t hypothesis) {
    if (question->parameters.mode == QUESTION_PANEL) return panel_span(question, turned, hypothesis);
    return pooling_span(question, context, turned, hypothesis);
}

static int128 prior_lead(const struct question *question, uint32_t a, uint32_t b) {
    const struct question_parameters *parameters = &question->parameters;
    return (int128)parameters->hypotheses * (parameters->prior[a] - parameters->prior[b]);
}

/* Whether `turned` members might bring the lead of the top over some rival below what is wanted. */
static bool may_flip(const struct question *question, const struct question_context *context, uint32_t top,
                     uint32_t turned) {
    struct span own = span_of(question, context, turned, top);
    if (own.low_unbounded) return true;
    for (uint32_t j = 0; j < question->parameters.hypotheses; j++) {
        if (j == top) continue;
        struct span rival = span_of(question, context, turned, j);
        if (rival.high_unbounded) return true;
        if (prior_lead(question, top, j) + own.low - rival.high < lead_wanted(question)) return true;
    }
    return false;
}

/* The least size that may flip, by halving: the bounds only get worse with the size. `most` + 1 when none up to
 * `most` may. */
static uint32_t least_flip(const struct question *question, const struct question_context *context, uint32_t top,
                           uint32_t most) {
    uint32_t low = 1;
    uint32_t high = most + 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (may_flip(question, context, top, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void find_margin(const struct question *question, const struct question_context *context,
                        struct question_result *result) {
    result->margin_is_exact = question->parameters.mode == QUESTION_POOL && result->hypotheses == 2;
    result->flip_margin = 0;
    if (result->lead < lead_wanted(question) || result->contributors == 0) return;
    if (result->margin_is_exact) {
        result->flip_margin = pooling_flip(question, context, result->top);
        return;
    }
    uint32_t margin = least_flip(question, context, result->top, (context->heads - 1) / 2);
    result->flip_margin = margin < result->contributors ? margin : result->contributors;
}

static struct question_interval interval_of(const struct question *question, const struct question_context *context,
                                            const struct question_result *result, uint32_t turned) {
    struct span top = span_of(question, context, turned, result->top);
    struct span rival = span_of(question, context, turned, result->runner_up);
    int128 prior = prior_lead(question, result->top, result->runner_up);
    struct question_interval interval = {
        .turned = turned,
        .low_unbounded = top.low_unbounded || rival.high_unbounded,
        .high_unbounded = top.high_unbounded || rival.low_unbounded,
    };
    if (!interval.low_unbounded) interval.low = prior + top.low - rival.high;
    if (!interval.high_unbounded) interval.high = prior + top.high - rival.low;
    return interval;
}

void question_evaluate(const struct question *question, const struct question_context *context,
                       struct question_result *ret_result) {
    const struct question_parameters *parameters = &question->parameters;
    CHECK(context->members <= MEMBERS_MAX && context->heads >= 1 && context->heads <= context->members);
    CHECK(context->quorum <= context->heads);
    uint32_t n = context->heads;
    uint32_t q = context->quorum;
    *ret_result = (struct question_result){.hypotheses = parameters->hypotheses};
    if (parameters->mode == QUESTION_PANEL)
        panel_posterior(question, ret_result);
    else
        pooling_posterior(question, context, ret_result);
    rank(ret_result);
    find_margin(question, context, ret_result);
    ret_result->live = interval_of(question, context, ret_result, n - q);
    ret_result->safe = interval_of(question, context, ret_result, 2 * q > n ? 2 * q - n - 1 : 0);
    uint32_t wanted = parameters->min_margin == 0 ? n / 3 + 1 : parameters->min_margin;
    ret_result->decided = ret_result->lead >= lead_wanted(question) && ret_result->contributors >= q &&
                          ret_result->flip_margin >= wanted;
}

static int64_t saturated(int128 value) {
    if (value > INT64_MAX) return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t question_log_odds(const struct question_result *result, uint32_t hypothesis) {
    CHECK(hypothesis < result->hypotheses);
    int128 behind = result->posterior[hypothesis] - result->posterior[result->top];
    return saturated(ratio_round((struct ratio){behind, 1}, 1, result->hypotheses));
}

static int128 floor_of(int128 value, int64_t divisor) {
    int128 quotient = value / divisor;
    return quotient * divisor > value ? quotient - 1 : quotient;
}

void question_interval_quanta(const struct question_interval *interval, uint32_t hypotheses, int64_t *ret_low,
                              int64_t *ret_high) {
    CHECK(hypotheses >= HYPOTHESES_MIN && hypotheses <= HYPOTHESES_MAX);
    *ret_low = interval->low_unbounded ? INT64_MIN : saturated(floor_of(interval->low, hypotheses));
    *ret_high = interval->high_unbounded ? INT64_MAX : saturated(-floor_of(-interval->high, hypotheses));
}
