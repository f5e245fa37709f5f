/* Saving and loading a question, for snapshots of the state (docs/formats.md, "Snapshot").
 *
 * Invariant: a loaded question answers every later call as the saved one does, refusals and charge included. The order
 * of reports and of entries is part of it, for the first of equals is the one that counts; how the index of the table
 * lies in memory is not. */
#include "base/check.h"
#include "belief/panel.h"

OUTLET_COVERS(struct question_parameters, 8 + 8 * HYPOTHESES_MAX + 40);
OUTLET_COVERS(struct table, 40);
OUTLET_COVERS(struct panel, 3 * sizeof(void *) + 8 + sizeof(void *) + 8 + sizeof(struct member_set) + 8);
OUTLET_COVERS(struct pooling, 3 * sizeof(void *));
OUTLET_COVERS(struct question_counts, 40);
OUTLET_COVERS(struct question, sizeof(struct question_parameters) + 32 + sizeof(struct question_counts) +
                                   sizeof(struct table) + sizeof(struct panel) + sizeof(struct pooling));
OUTLET_COVERS(struct observation, sizeof(struct entry) + sizeof(void *) + 16);
OUTLET_COVERS(struct report, 32);
OUTLET_COVERS(struct reports, sizeof(struct member_set) + 8);

/* Saving. */

static void save_parameters(const struct question_parameters *p, struct outlet *outlet) {
    outlet_put_u8(outlet, (uint8_t)p->hypotheses);
    outlet_put_u8(outlet, (uint8_t)p->mode);
    outlet_put_i64s(outlet, p->prior, p->hypotheses);
    outlet_put_u64(outlet, (uint64_t)p->cap);
    outlet_put_u64(outlet, (uint64_t)p->decide_at);
    outlet_put_u32(outlet, p->min_margin);
    outlet_put_u32(outlet, p->rho_thousandths);
    outlet_put_u64(outlet, p->window_us);
    outlet_put_u64(outlet, p->deadline_us);
}

static void save_report(const struct report *report, uint32_t hypotheses, struct outlet *outlet) {
    outlet_put_u64(outlet, report->seq);
    outlet_put_u64(outlet, report->clock_us);
    outlet_put_u64(outlet, report->content);
    outlet_put_u32(outlet, report->member);
    outlet_put_u32(outlet, report->copied);
    outlet_put_i64s(outlet, report->y, hypotheses);
}

static void save_observation(const struct question *question, const struct observation *observation,
                             struct outlet *outlet) {
    outlet_put_hash(outlet, &observation->entry.observation);
    outlet_put_u8(outlet, (uint8_t)observation->entry.state);
    if (observation->entry.state != OBSERVATION_OPEN) return;
    struct reports *reports = observation->reports;
    outlet_put_u64(outlet, observation->window_end_us);
    outlet_put_u64s(outlet, reports->spoken.words, MEMBER_WORDS);
    outlet_put_u32(outlet, reports->capacity);
    outlet_put_u32(outlet, reports->count);
    for (uint32_t i = 0; i < reports->count; i++)
        save_report(report_at(question, reports, i), question->parameters.hypotheses, outlet);
}

/* Before the first observation there is nothing but zeros. */
static void save_panel(const struct question *question, struct outlet *outlet) {
    const struct panel *panel = &question->panel;
    uint32_t k = question->parameters.hypotheses;
    if (question->table.count == 0) return;
    outlet_put_i64s(outlet, panel->sum, k);
    outlet_put_i64s(outlet, panel->low, (size_t)panel->levels * k);
    outlet_put_i64s(outlet, panel->high, (size_t)panel->levels * k);
    outlet_put_u64s(outlet, panel->contributors.words, MEMBER_WORDS);
    for (uint32_t m = 0; m < panel->members; m++)
        if (member_set_has(&panel->contributors, m)) outlet_put_i64s(outlet, panel->told + (size_t)m * k, k);
    for (uint32_t i = 0; i < question->table.count; i++)
        save_observation(question, observation_at(question, i), outlet);
}

/* Nobody asks any more what a retracted item said. */
static void save_pooling(const struct question *question, struct outlet *outlet) {
    for (uint32_t i = 0; i < question->table.count; i++) {
        const struct pooled_item *item = (const struct pooled_item *)(void *)table_entry(&question->table, i);
        outlet_put_hash(outlet, &item->entry.observation);
        outlet_put_u32(outlet, item->entry.member);
        outlet_put_u8(outlet, (uint8_t)item->entry.state);
        if (item->entry.state == ITEM_LIVE) outlet_put_i64s(outlet, item->y, question->parameters.hypotheses - 1);
    }
}

void question_save(const struct question *question, struct outlet *outlet) {
    CHECK(!question->closed);
    save_parameters(&question->parameters, outlet);
    outlet_put_u64(outlet, question->now_us);
    if (question->parameters.deadline_us > 0) outlet_put_u64(outlet, question->deadline_us);
    outlet_put_u64(outlet, question->counts.told);
    outlet_put_u64(outlet, question->counts.retracted);
    outlet_put_u32(outlet, question->table.count);
    if (question->parameters.mode == QUESTION_PANEL)
        save_panel(question, outlet);
    else
        save_pooling(question, outlet);
}

/* Loading. */

struct load {
    struct question *question;
    struct holder holder;
    struct reader *reader;
    uint32_t members;
    uint32_t entries;
    int64_t y_max; /* of one report */
};

static enum status load_parameters(struct reader *reader, struct question_parameters *ret_parameters) {
    struct question_parameters p = {.hypotheses = 0};
    uint8_t hypotheses, mode;
    TRY(reader_u8(reader, &hypotheses));
    TRY(reader_u8(reader, &mode));
    if (hypotheses > HYPOTHESES_MAX) return STATUS_BAD_VALUE;
    p.hypotheses = hypotheses;
    p.mode = mode;
    TRY(reader_i64s(reader, INT64_MIN, INT64_MAX, p.prior, hypotheses));
    TRY(reader_i64s(reader, INT64_MIN, INT64_MAX, &p.cap, 1));
    TRY(reader_i64s(reader, INT64_MIN, INT64_MAX, &p.decide_at, 1));
    TRY(reader_u32(reader, &p.min_margin));
    TRY(reader_u32(reader, &p.rho_thousandths));
    TRY(reader_u64(reader, &p.window_us));
    TRY(reader_u64(reader, &p.deadline_us));
    TRY(question_parameters_check(&p));
    *ret_parameters = p;
    return STATUS_OK;
}

static enum status load_members(struct reader *reader, uint32_t members, struct member_set *ret_set) {
    TRY(reader_u64s(reader, UINT64_MAX, ret_set->words, MEMBER_WORDS));
    for (uint32_t m = members; m < MEMBERS_MAX; m++)
        if (member_set_has(ret_set, m)) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

/* Centred values add up to zero. */
static enum status load_report(const struct load *load, struct report *report) {
    uint32_t k = load->question->parameters.hypotheses;
    int64_t sum = 0;
    TRY(reader_u64(load->reader, &report->seq));
    TRY(reader_u64(load->reader, &report->clock_us));
    TRY(reader_u64(load->reader, &report->content));
    TRY(reader_u32_to(load->reader, load->members - 1, &report->member));
    TRY(reader_u32(load->reader, &report->copied));
    if (report->copied >= load->members && report->copied != QUESTION_ORIGINAL) return STATUS_BAD_VALUE;
    TRY(reader_i64s(load->reader, -load->y_max, load->y_max, report->y, k));
    for (uint32_t j = 0; j < k; j++) sum += report->y[j];
    return sum == 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

/* Rows double when they are full, so there is never more than twice the room that all members could fill. */
static bool is_capacity(uint32_t capacity, uint32_t count, uint32_t members) {
    if (capacity == REPORTS_FIRST) return count <= capacity;
    bool is_doubled = capacity > REPORTS_FIRST && (capacity & (capacity - 1)) == 0;
    return is_doubled && count <= capacity && capacity / 2 < members;
}

static enum status load_reports(const struct load *load, struct observation *observation) {
    struct member_set spoken, live = {{0}};
    uint32_t capacity, count;
    TRY(load_members(load->reader, load->members, &spoken));
    TRY(reader_u32(load->reader, &capacity));
    TRY(reader_u32_to(load->reader, load->members, &count));
    if (!is_capacity(capacity, count, load->members)) return STATUS_BAD_VALUE;
    struct reports *reports =
        holder_take(load->holder, reports_bytes(load->question->parameters.hypotheses, capacity));
    if (reports == NULL) return STATUS_STATE_FULL;
    *reports = (struct reports){.spoken = spoken, .capacity = capacity};
    observation->reports = reports;
    for (; reports->count < count; reports->count++) {
        struct report *report = report_at(load->question, reports, reports->count);
        TRY(load_report(load, report));
        if (member_set_has(&live, report->member) || !member_set_has(&spoken, report->member))
            return STATUS_BAD_VALUE;
        member_set_add(&live, report->member);
    }
    return STATUS_OK;
}

/* Open ones are listed in the order in which they were opened, which is that of their numbers; their windows end in
 * that order too. */
static enum status load_open(const struct load *load, uint32_t number) {
    struct panel *panel = &load->question->panel;
    struct observation *observation = observation_at(load->question, number);
    uint64_t earliest_us = load->question->parameters.window_us;
    TRY(reader_u64(load->reader, &observation->window_end_us));
    if (panel->newest != TABLE_NONE) earliest_us = observation_at(load->question, panel->newest)->window_end_us;
    if (observation->window_end_us < earliest_us) return STATUS_BAD_VALUE;
    observation->older = panel->newest;
    observation->newer = TABLE_NONE;
    if (panel->newest == TABLE_NONE)
        panel->oldest = number;
    else
        observation_at(load->question, panel->newest)->newer = number;
    panel->newest = number;
    load->question->counts.open++;
    return load_reports(load, observation);
}

static enum status load_observation(const struct load *load) {
    struct question *question = load->question;
    struct hash id;
    uint8_t state;
    TRY(reader_hash(load->reader, &id));
    TRY(reader_u8(load->reader, &state));
    if (state > OBSERVATION_VOID) return STATUS_BAD_VALUE;
    if (table_find(&question->table, &id, 0) != TABLE_NONE) return STATUS_DUPLICATE;
    TRY(table_reserve(&question->table, load->holder));
    uint32_t number = table_add(&question->table, &id, 0);
    observation_at(question, number)->entry.state = state;
    if (state == OBSERVATION_SEALED) question->counts.sealed++;
    if (state == OBSERVATION_VOID) question->counts.voided++;
    return state == OBSERVATION_OPEN ? load_open(load, number) : STATUS_OK;
}

static enum status load_bounds(const struct load *load) {
    struct panel *panel = &load->question->panel;
    size_t count = (size_t)panel->levels * load->question->parameters.hypotheses;
    TRY(reader_i64s(load->reader, INT64_MIN, INT64_MAX, panel->low, count));
    TRY(reader_i64s(load->reader, INT64_MIN, INT64_MAX, panel->high, count));
    for (size_t i = 0; i < count; i++)
        if (panel->low[i] > panel->high[i] || panel->low[i] == BOUND_ABOVE_ALL || panel->high[i] == BOUND_BELOW_ALL)
            return STATUS_BAD_VALUE;
    return STATUS_OK;
}

static bool all_within(const int64_t *values, uint32_t count, int64_t most) {
    for (uint32_t i = 0; i < count; i++)
        if (values[i] > most || values[i] < -most) return false;
    return true;
}

/* No sum is further from zero than as many reports as there are sealed observations can bring it. */
static enum status check_sums(const struct load *load) {
    const struct question *question = load->question;
    const struct panel *panel = &question->panel;
    uint32_t k = question->parameters.hypotheses;
    uint64_t room = (UINT64_C(1) << 62) / (uint64_t)load->y_max;
    if (question->counts.sealed + question->counts.open > room) return STATUS_OVER_TOTAL_LIMIT;
    int64_t most = load->y_max * (int64_t)question->counts.sealed;
    if (!all_within(panel->sum, k, most)) return STATUS_BAD_VALUE;
    for (uint32_t m = 0; m < panel->members; m++)
        if (!all_within(panel->told + (size_t)m * k, k, most)) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

static enum status load_panel(const struct load *load) {
    struct question *question = load->question;
    struct panel *panel = &question->panel;
    uint32_t k = question->parameters.hypotheses;
    if (load->entries == 0) return STATUS_OK;
    TRY(panel_widen_levels(question, load->holder, (load->members - 1) / 2));
    TRY(panel_widen_told(question, load->holder, load->members));
    TRY(reader_i64s(load->reader, INT64_MIN, INT64_MAX, panel->sum, k));
    TRY(load_bounds(load));
    TRY(load_members(load->reader, load->members, &panel->contributors));
    for (uint32_t m = 0; m < load->members; m++)
        if (member_set_has(&panel->contributors, m))
            TRY(reader_i64s(load->reader, INT64_MIN, INT64_MAX, panel->told + (size_t)m * k, k));
    for (uint32_t i = 0; i < load->entries; i++) TRY(load_observation(load));
    return check_sums(load);
}

static enum status add_to_total(int64_t *total, int64_t value) {
    return num_add_i64(*total, value, total) ? STATUS_OK : STATUS_OVER_TOTAL_LIMIT;
}

static enum status load_item(const struct load *load) {
    struct question *question = load->question;
    uint32_t k = question->parameters.hypotheses;
    struct hash id;
    uint32_t member;
    uint8_t state;
    int64_t last = 0;
    TRY(reader_hash(load->reader, &id));
    TRY(reader_u32(load->reader, &member));
    TRY(reader_u8(load->reader, &state));
    if (member == POOL_NOBODY ? state != ITEM_RETRACTED : member >= load->members || state > ITEM_RETRACTED)
        return STATUS_BAD_VALUE;
    if (member != POOL_NOBODY && table_find(&question->table, &id, member) != TABLE_NONE) return STATUS_DUPLICATE;
    TRY(table_reserve(&question->table, load->holder));
    uint32_t number = table_add(&question->table, &id, member);
    struct pooled_item *item = (struct pooled_item *)(void *)table_entry(&question->table, number);
    item->entry.state = state;
    if (state == ITEM_RETRACTED) return STATUS_OK;
    int64_t *totals = question->pooling.totals + (size_t)member * k;
    TRY(reader_i64s(load->reader, -load->y_max, load->y_max, item->y, k - 1));
    for (uint32_t j = 0; j + 1 < k; j++) {
        last -= item->y[j];
        TRY(add_to_total(&totals[j], item->y[j]));
    }
    if (last > load->y_max || last < -load->y_max) return STATUS_BAD_VALUE;
    question->pooling.live[member]++;
    return add_to_total(&totals[k - 1], last);
}

static enum status load_pooling(const struct load *load) {
    struct question *question = load->question;
    uint32_t k = question->parameters.hypotheses;
    if (load->entries == 0) return STATUS_OK;
    TRY(pooling_widen(question, load->holder, load->members));
    for (uint32_t i = 0; i < load->entries; i++) TRY(load_item(load));
    bool within = all_within(question->pooling.totals, load->members * k, TOTAL_LIMIT_QUANTA);
    return within ? STATUS_OK : STATUS_OVER_TOTAL_LIMIT;
}

static enum status load_rest(struct load *load) {
    struct question *question = load->question;
    struct question_counts *counts = &question->counts;
    TRY(reader_u64(load->reader, &question->now_us));
    if (question->now_us != question_bounded_time(question->now_us)) return STATUS_BAD_VALUE;
    if (question->parameters.deadline_us > 0) TRY(reader_u64(load->reader, &question->deadline_us));
    if (question->deadline_us < question->parameters.deadline_us) return STATUS_BAD_VALUE;
    TRY(reader_u64(load->reader, &counts->told));
    TRY(reader_u64_to(load->reader, counts->told, &counts->retracted));
    TRY(reader_u32(load->reader, &load->entries));
    return question->parameters.mode == QUESTION_PANEL ? load_panel(load) : load_pooling(load);
}

enum status question_load(struct pool *pool, uint32_t members, struct reader *reader,
                          struct question **ret_question) {
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    struct question_parameters parameters;
    struct question *question;
    TRY(load_parameters(reader, &parameters));
    TRY(question_create(pool, &parameters, 0, &question));
    struct load load = {.question = question,
                        .holder = question_holder(question, pool),
                        .reader = reader,
                        .members = members,
                        .y_max = (int64_t)(parameters.hypotheses - 1) * ITEM_LIMIT_QUANTA};
    enum status status = load_rest(&load);
    if (status != STATUS_OK) {
        question_free(question, pool);
        return status;
    }
    *ret_question = question;
    return STATUS_OK;
}
