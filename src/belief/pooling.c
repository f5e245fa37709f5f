/* Pooling: every member holds its own evidence; its items add up to its total, and the totals are fused by one robust
 * location, times the effective number of members (docs/belief.md, "Mode pool").
 *
 * Invariants: totals[m] is the sum of m's live items and never passes TOTAL_LIMIT_QUANTA; live[m] counts them. With a
 * cap beyond the spread, equal weights and rho = 0 the result is the plain sum of all totals, to the last digit: T is
 * their exact mean, multiplied by their number before the one rounding. */
#include <string.h>

#include "base/check.h"
#include "belief/huber.h"
#include "belief/margin.h"
#include "belief/state.h"

size_t pooling_entry_bytes(uint32_t hypotheses) {
    return sizeof(struct pooled_item) + (hypotheses - 1) * sizeof(int64_t);
}

static size_t totals_bytes(const struct question *question, uint32_t members) {
    return (size_t)members * question->parameters.hypotheses * sizeof(int64_t);
}

static size_t live_bytes(uint32_t members) { return members * sizeof(uint32_t); }

void pooling_free(struct question *question, struct holder holder) {
    struct pooling *pooling = &question->pooling;
    holder_give(holder, pooling->totals, totals_bytes(question, pooling->members));
    holder_give(holder, pooling->live, live_bytes(pooling->members));
    *pooling = (struct pooling){0};
}

enum status pooling_widen(struct question *question, struct holder holder, uint32_t members) {
    struct pooling *pooling = &question->pooling;
    if (members <= pooling->members) return STATUS_OK;
    int64_t *totals = holder_take(holder, totals_bytes(question, members));
    uint32_t *live = holder_take(holder, live_bytes(members));
    if (totals == NULL || live == NULL) {
        holder_give(holder, totals, totals_bytes(question, members));
        holder_give(holder, live, live_bytes(members));
        return STATUS_STATE_FULL;
    }
    if (pooling->members > 0) {
        memcpy(totals, pooling->totals, totals_bytes(question, pooling->members));
        memcpy(live, pooling->live, live_bytes(pooling->members));
    }
    pooling_free(question, holder);
    *pooling = (struct pooling){totals, live, members};
    return STATUS_OK;
}

enum status pooling_clone(const struct question *question, struct holder holder, struct question *copy) {
    const struct pooling *pooling = &question->pooling;
    if (pooling->members == 0) return STATUS_OK;
    TRY(pooling_widen(copy, holder, pooling->members));
    memcpy(copy->pooling.totals, pooling->totals, totals_bytes(question, pooling->members));
    memcpy(copy->pooling.live, pooling->live, live_bytes(pooling->members));
    return STATUS_OK;
}

/* Whether the totals of the member plus sign * y stay within the limit. Both operands are far below 2^62, so the sum
 * itself is safe. A member beyond the arrays has told nothing yet. */
static enum status check_totals(const struct question *question, uint32_t member, const int64_t *y, int64_t sign) {
    uint32_t k = question->parameters.hypotheses;
    if (member >= question->pooling.members) return STATUS_OK;
    const int64_t *totals = question->pooling.totals + (size_t)member * k;
    for (uint32_t j = 0; j < k; j++) {
        int64_t total = totals[j] + sign * y[j];
        if (total > TOTAL_LIMIT_QUANTA || total < -TOTAL_LIMIT_QUANTA) return STATUS_OVER_TOTAL_LIMIT;
    }
    return STATUS_OK;
}

static void add_to_totals(struct question *question, uint32_t member, const int64_t *y, int64_t sign) {
    uint32_t k = question->parameters.hypotheses;
    int64_t *totals = question->pooling.totals + (size_t)member * k;
    for (uint32_t j = 0; j < k; j++) totals[j] += sign * y[j];
}

_Static_assert((HYPOTHESES_MAX - 1) * ITEM_LIMIT_QUANTA <= TOTAL_LIMIT_QUANTA, "one item fits an empty total");

enum status pooling_check_tell(const struct question *question, uint32_t member, const struct hash *observation,
                               const int64_t *y) {
    if (table_find(&question->table, observation, member) != TABLE_NONE) return STATUS_DUPLICATE_OBSERVATION;
    return check_totals(question, member, y, 1);
}

enum status pooling_tell(struct question *question, struct holder holder, const struct question_context *context,
                         const struct question_evidence *evidence, const int64_t *y) {
    uint32_t k = question->parameters.hypotheses;
    uint32_t member = evidence->member;
    TRY(pooling_check_tell(question, member, evidence->observation, y));
    TRY(pooling_widen(question, holder, context->members));
    TRY(table_reserve(&question->table, holder));
    add_to_totals(question, member, y, 1);
    uint32_t number = table_add(&question->table, evidence->observation, member);
    struct pooled_item *item = (struct pooled_item *)(void *)table_entry(&question->table, number);
    memcpy(item->y, y, (k - 1) * sizeof *y);
    question->pooling.live[member]++;
    question->counts.told++;
    return STATUS_OK;
}

/* The live item of `member`, and all its k values. */
static enum status find_for_retract(const struct question *question, uint32_t member, const struct hash *observation,
                                    struct pooled_item **ret_item, int64_t *ret_y) {
    uint32_t k = question->parameters.hypotheses;
    uint32_t number = table_find(&question->table, observation, member);
    if (number == TABLE_NONE) return STATUS_UNKNOWN_OBSERVATION;
    struct pooled_item *item = (struct pooled_item *)(void *)table_entry(&question->table, number);
    if (item->entry.state == ITEM_RETRACTED) return STATUS_UNKNOWN_OBSERVATION;
    int64_t y[HYPOTHESES_MAX] = {0};
    memcpy(y, item->y, (k - 1) * sizeof *y);
    for (uint32_t j = 0; j + 1 < k; j++) y[k - 1] -= y[j];
    TRY(check_totals(question, member, y, -1));
    *ret_item = item;
    memcpy(ret_y, y, k * sizeof *y);
    return STATUS_OK;
}

enum status pooling_check_retract(const struct question *question, uint32_t member, const struct hash *observation) {
    struct pooled_item *item;
    int64_t y[HYPOTHESES_MAX];
    return find_for_retract(question, member, observation, &item, y);
}

enum status pooling_retract(struct question *question, uint32_t member, const struct hash *observation) {
    struct pooled_item *item;
    int64_t y[HYPOTHESES_MAX];
    TRY(find_for_retract(question, member, observation, &item, y));
    add_to_totals(question, member, y, -1);
    item->entry.state = ITEM_RETRACTED;
    question->pooling.live[member]--;
    question->counts.retracted++;
    return STATUS_OK;
}

void pooling_depart(struct question *question, uint32_t member) {
    struct pooling *pooling = &question->pooling;
    if (member >= pooling->members) return;
    for (uint32_t i = 0; i < question->table.count; i++) {
        struct entry *entry = table_entry(&question->table, i);
        if (entry->member != member) continue;
        entry->member = POOL_NOBODY;
        entry->state = ITEM_RETRACTED;
    }
    question->counts.retracted += pooling->live[member];
    pooling->live[member] = 0;
    memset(pooling->totals + (size_t)member * question->parameters.hypotheses, 0, totals_bytes(question, 1));
}

/* The totals of the contributors for one hypothesis. */
struct contributors {
    uint32_t count;
    uint64_t weight;
    uint32_t weights[MEMBERS_MAX];
    int64_t x[MEMBERS_MAX];
};

static void collect(const struct question *question, const struct question_context *context, uint32_t hypothesis,
                    struct contributors *ret_contributors) {
    const struct pooling *pooling = &question->pooling;
    uint32_t k = question->parameters.hypotheses;
    uint32_t count = 0;
    ret_contributors->weight = 0;
    for (uint32_t i = 0; i < context->members && i < pooling->members; i++) {
        if (pooling->live[i] == 0 || context->weights[i] == 0) continue;
        ret_contributors->weights[count] = context->weights[i];
        ret_contributors->x[count++] = pooling->totals[(size_t)i * k + hypothesis];
        ret_contributors->weight += context->weights[i];
    }
    ret_contributors->count = count;
}

/* The effective number of members W / (1 + (W - 1) * rho), with W = weight / HUBER_WEIGHT_ONE: at most 2^35 over
 * 2^35.1. Below one full member there is nobody to share evidence with. */
struct effective {
    int64_t multiplier;
    int64_t divisor;
};

static struct effective effective_members(const struct question *question, uint64_t weight) {
    uint64_t shared = weight > HUBER_WEIGHT_ONE ? weight - HUBER_WEIGHT_ONE : 0;
    return (struct effective){
        .multiplier = (int64_t)(weight * 1000),
        .divisor = (int64_t)(UINT64_C(1000) * HUBER_WEIGHT_ONE + shared * question->parameters.rho_thousandths),
    };
}

void pooling_posterior(const struct question *question, const struct question_context *context,
                       struct question_result *result) {
    uint32_t k = question->parameters.hypotheses;
    struct contributors contributors;
    struct huber_point points[MEMBERS_MAX];
    for (uint32_t j = 0; j < k; j++) {
        collect(question, context, j, &contributors);
        result->contributors = contributors.count;
        result->posterior[j] = (int128)k * question->parameters.prior[j];
        if (contributors.count == 0) continue;
        struct ratio location;
        struct effective members = effective_members(question, contributors.weight);
        huber_location(contributors.x, contributors.weights, contributors.count, question_scaled_cap(question),
                       points, &location);
        result->posterior[j] += ratio_round(location, members.multiplier, members.divisor);
    }
}

const int64_t *pooling_told_by(const struct question *question, uint32_t member) {
    const struct pooling *pooling = &question->pooling;
    if (member >= pooling->members || pooling->live[member] == 0) return NULL;
    return pooling->totals + (size_t)member * question->parameters.hypotheses;
}

struct span pooling_span(const struct question *question, const struct question_context *context, uint32_t turned,
                         uint32_t hypothesis) {
    struct contributors contributors;
    struct huber_point points[MEMBERS_MAX];
    collect(question, context, hypothesis, &contributors);
    if (contributors.count == 0) return (struct span){0};
    struct effective members = effective_members(question, contributors.weight);
    struct huber_sample sample = huber_sample_of(contributors.x, contributors.weights, contributors.count,
                                                 question_scaled_cap(question), points);
    if (turned > sample.count) turned = sample.count;
    struct span span = {0};
    struct ratio end;
    span.low_unbounded = !margin_low(&sample, turned, &end);
    if (!span.low_unbounded) span.low = ratio_round(end, members.multiplier, members.divisor);
    huber_sample_mirror(&sample);
    span.high_unbounded = !margin_low(&sample, turned, &end);
    if (!span.high_unbounded) span.high = -ratio_round(end, members.multiplier, members.divisor);
    return span;
}

/* With two hypotheses T_b = -T_a, so L_a - L_b = 2 * (p + R(E * T_a)) with p the difference of the priors, E the
 * effective number of members and R the rounding. Decided means R(E * T_a) >= B with the integer B = decide_at - p,
 * and R being to nearest with ties to even that is E * T_a > B - 1/2, or E * T_a = B - 1/2 with B even. */
uint32_t pooling_flip(const struct question *question, const struct question_context *context, uint32_t top) {
    const struct question_parameters *parameters = &question->parameters;
    struct contributors contributors;
    struct huber_point points[MEMBERS_MAX];
    CHECK(parameters->hypotheses == 2);
    collect(question, context, top, &contributors);
    struct effective members = effective_members(question, contributors.weight);
    struct huber_sample sample = huber_sample_of(contributors.x, contributors.weights, contributors.count,
                                                 question_scaled_cap(question), points);
    int64_t bound = parameters->decide_at - (parameters->prior[top] - parameters->prior[1 - top]);
    struct margin_boundary boundary = {
        .at = {(int128)(2 * bound - 1) * members.divisor, 2 * members.multiplier},
        .holds_at = bound % 2 == 0,
    };
    return margin_flip(&sample, &boundary);
}
