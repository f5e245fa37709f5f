#include "belief/question.h"

#include <string.h>

#include "base/check.h"
#include "belief/state.h"

struct question_parameters question_parameters_default(uint32_t hypotheses, uint32_t mode) {
    return (struct question_parameters){
        .hypotheses = hypotheses,
        .mode = mode,
        .cap = QUESTION_CAP_DEFAULT,
        .decide_at = QUESTION_DECIDE_AT_DEFAULT,
        .window_us = QUESTION_WINDOW_DEFAULT_US,
    };
}

enum status question_parameters_check(const struct question_parameters *parameters) {
    const struct question_parameters *p = parameters;
    if (p->hypotheses < HYPOTHESES_MIN || p->hypotheses > HYPOTHESES_MAX) return STATUS_BAD_VALUE;
    if (p->mode != QUESTION_PANEL && p->mode != QUESTION_POOL) return STATUS_BAD_VALUE;
    for (uint32_t j = 0; j < p->hypotheses; j++) {
        if (p->prior[j] > PARAMETER_LIMIT_QUANTA || p->prior[j] < -PARAMETER_LIMIT_QUANTA) return STATUS_BAD_VALUE;
    }
    if (p->cap < 1 || p->cap > PARAMETER_LIMIT_QUANTA) return STATUS_BAD_VALUE;
    if (p->decide_at < 1 || p->decide_at > PARAMETER_LIMIT_QUANTA) return STATUS_BAD_VALUE;
    if (p->min_margin > MEMBERS_MAX || p->rho_thousandths > 1000) return STATUS_BAD_VALUE;
    if (p->mode == QUESTION_PANEL && p->window_us == 0) return STATUS_BAD_VALUE;
    if (p->window_us > QUESTION_DURATION_MAX_US || p->deadline_us > QUESTION_DURATION_MAX_US) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

uint64_t question_bounded_time(uint64_t time_us) {
    return num_min_u64(time_us, UINT64_MAX - 1 - QUESTION_DURATION_MAX_US);
}

int64_t question_scaled_cap(const struct question *question) {
    int64_t cap = question->parameters.cap * (int64_t)question->parameters.hypotheses / 2;
    return cap > 1 ? cap : 1;
}

enum status question_create(struct pool *pool, const struct question_parameters *parameters, uint64_t created_us,
                            struct question **ret_question) {
    CHECK(question_parameters_check(parameters) == STATUS_OK);
    struct question *question = pool_take(pool, sizeof *question);
    if (question == NULL) return STATUS_STATE_FULL;
    question->charge = pool_rounded(sizeof *question);
    question->parameters = *parameters;
    question->now_us = question_bounded_time(created_us);
    question->deadline_us = parameters->deadline_us == 0 ? UINT64_MAX : question->now_us + parameters->deadline_us;
    bool is_panel = parameters->mode == QUESTION_PANEL;
    table_init(&question->table, is_panel ? panel_entry_bytes() : pooling_entry_bytes(parameters->hypotheses));
    question->panel.oldest = question->panel.newest = TABLE_NONE;
    if (is_panel && panel_create(question, question_holder(question, pool)) != STATUS_OK) {
        question_free(question, pool);
        return STATUS_STATE_FULL;
    }
    *ret_question = question;
    return STATUS_OK;
}

void question_free(struct question *question, struct pool *pool) {
    if (question == NULL) return;
    struct holder holder = question_holder(question, pool);
    panel_free(question, holder);
    pooling_free(question, holder);
    table_free(&question->table, holder);
    CHECK(question->charge == pool_rounded(sizeof *question));
    pool_give(pool, question, sizeof *question);
}

static enum status clone_parts(const struct question *question, struct holder holder, struct question *copy) {
    TRY(table_clone(&question->table, holder, &copy->table));
    if (question->parameters.mode == QUESTION_PANEL) return panel_clone(question, holder, copy);
    return pooling_clone(question, holder, copy);
}

enum status question_clone(const struct question *question, struct pool *pool, struct question **ret_question) {
    struct question *copy = pool_take(pool, sizeof *copy);
    if (copy == NULL) return STATUS_STATE_FULL;
    *copy = *question;
    copy->charge = pool_rounded(sizeof *copy);
    copy->panel = (struct panel){.oldest = TABLE_NONE, .newest = TABLE_NONE};
    copy->pooling = (struct pooling){0};
    table_init(&copy->table, question->table.entry_bytes);
    if (clone_parts(question, question_holder(copy, pool), copy) != STATUS_OK) {
        question_free(copy, pool);
        return STATUS_STATE_FULL;
    }
    CHECK(copy->charge == question->charge);
    *ret_question = copy;
    return STATUS_OK;
}

/* y_j = k * l_j - sum(l). Only differences matter, so the least value is taken off first and nothing can overflow. */
static enum status centre(const int64_t *loglik, uint32_t k, int64_t *ret_y) {
    int64_t least = loglik[0];
    int64_t most = loglik[0];
    int64_t sum = 0;
    for (uint32_t j = 1; j < k; j++) {
        if (loglik[j] < least) least = loglik[j];
        if (loglik[j] > most) most = loglik[j];
    }
    if ((uint64_t)most - (uint64_t)least > (uint64_t)ITEM_LIMIT_QUANTA) return STATUS_OVER_ITEM_LIMIT;
    for (uint32_t j = 0; j < k; j++) sum += loglik[j] - least;
    for (uint32_t j = 0; j < k; j++) ret_y[j] = (int64_t)k * (loglik[j] - least) - sum;
    return STATUS_OK;
}

static void check_context(const struct question_context *context) {
    CHECK(context->members <= MEMBERS_MAX && context->heads >= 1 && context->heads <= context->members);
    CHECK(context->quorum >= 1 && context->quorum <= context->heads);
}

uint32_t question_advance(struct question *question, struct pool *pool, const struct question_context *context,
                          uint64_t now_us) {
    check_context(context);
    if (question->closed) return 0;
    question->now_us = num_max_u64(question->now_us, question_bounded_time(now_us));
    return panel_advance(question, question_holder(question, pool), context);
}

enum status question_tell(struct question *question, struct pool *pool, const struct question_context *context,
                          const struct question_evidence *evidence, uint64_t now_us) {
    int64_t y[HYPOTHESES_MAX];
    if (question->closed) return STATUS_QUESTION_CLOSED;
    (void)question_advance(question, pool, context, now_us);
    if (evidence->member >= context->members) return STATUS_UNKNOWN_MEMBER;
    TRY(centre(evidence->loglik, question->parameters.hypotheses, y));
    struct holder holder = question_holder(question, pool);
    bool is_panel = question->parameters.mode == QUESTION_PANEL;
    return is_panel ? panel_tell(question, holder, context, evidence, y)
                    : pooling_tell(question, holder, context, evidence, y);
}

enum status question_retract(struct question *question, struct pool *pool, const struct question_context *context,
                             uint32_t member, const struct hash *observation, uint64_t now_us) {
    if (question->closed) return STATUS_QUESTION_CLOSED;
    (void)question_advance(question, pool, context, now_us);
    if (member >= context->members) return STATUS_UNKNOWN_MEMBER;
    bool is_panel = question->parameters.mode == QUESTION_PANEL;
    return is_panel ? panel_retract(question, member, observation) : pooling_retract(question, member, observation);
}

void question_depart(struct question *question, uint32_t member) {
    if (question->closed) return;
    if (question->parameters.mode == QUESTION_PANEL)
        panel_depart(question, member);
    else
        pooling_depart(question, member);
}

enum status question_check_tell(const struct question *question, const struct question_context *context,
                                uint32_t member, const struct hash *observation, const int64_t *loglik) {
    int64_t y[HYPOTHESES_MAX];
    check_context(context);
    if (question->closed) return STATUS_QUESTION_CLOSED;
    if (member >= context->members) return STATUS_UNKNOWN_MEMBER;
    TRY(centre(loglik, question->parameters.hypotheses, y));
    bool is_panel = question->parameters.mode == QUESTION_PANEL;
    return is_panel ? panel_check_tell(question, member, observation)
                    : pooling_check_tell(question, member, observation, y);
}

enum status question_check_retract(const struct question *question, const struct question_context *context,
                                   uint32_t member, const struct hash *observation) {
    check_context(context);
    if (question->closed) return STATUS_QUESTION_CLOSED;
    if (member >= context->members) return STATUS_UNKNOWN_MEMBER;
    bool is_panel = question->parameters.mode == QUESTION_PANEL;
    return is_panel ? panel_check_retract(question, member, observation)
                    : pooling_check_retract(question, member, observation);
}

const int64_t *question_told_by(const struct question *question, uint32_t member) {
    bool is_panel = question->parameters.mode == QUESTION_PANEL;
    return is_panel ? panel_told_by(question, member) : pooling_told_by(question, member);
}

uint64_t question_deadline_us(const struct question *question) { return question->deadline_us; }

uint64_t question_next_due_us(const struct question *question) {
    if (question->closed) return UINT64_MAX;
    return num_min_u64(question->deadline_us, panel_next_due_us(question));
}

void question_close(struct question *question, struct pool *pool) {
    if (question->closed) return;
    struct holder holder = question_holder(question, pool);
    panel_drop_open(question, holder);
    table_free(&question->table, holder);
    question->closed = true;
}

bool question_is_closed(const struct question *question) { return question->closed; }

const struct question_parameters *question_parameters(const struct question *question) {
    return &question->parameters;
}

struct question_counts question_counts(const struct question *question) {
    return question->counts;
}

size_t question_charge(const struct question *question) { return question->charge; }
