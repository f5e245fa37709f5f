/* Panel: members report on the same observation; each observation is fused once, when it seals, and distinct
 * observations add up (docs/belief.md, "Mode panel").
 *
 * Invariants: an observation is open, sealed or void, and leaves `open` once; only an open one holds reports; open
 * ones are listed in the order in which their windows end, which is the order of their first reports, because all
 * windows are equally long and time never goes backwards. */
#include "belief/panel.h"

#include <string.h>

#include "base/check.h"
#include "belief/huber.h"
#include "belief/margin.h"

size_t panel_entry_bytes(void) { return sizeof(struct observation); }

static size_t levels_bytes(const struct question *question, uint32_t levels) {
    return (size_t)levels * question->parameters.hypotheses * sizeof(int64_t);
}

static size_t sum_bytes(const struct question *question) { return levels_bytes(question, 1); }

static size_t told_bytes(const struct question *question, uint32_t members) {
    return levels_bytes(question, members);
}

enum status panel_create(struct question *question, struct holder holder) {
    question->panel.oldest = question->panel.newest = TABLE_NONE;
    question->panel.sum = holder_take(holder, sum_bytes(question));
    return question->panel.sum == NULL ? STATUS_STATE_FULL : STATUS_OK;
}

static void give_reports(const struct question *question, struct holder holder, struct observation *observation) {
    if (observation->reports == NULL) return;
    size_t bytes = reports_bytes(question->parameters.hypotheses, observation->reports->capacity);
    holder_give(holder, observation->reports, bytes);
    observation->reports = NULL;
}

void panel_drop_open(struct question *question, struct holder holder) {
    uint32_t number = question->panel.oldest;
    while (number != TABLE_NONE) {
        struct observation *observation = observation_at(question, number);
        give_reports(question, holder, observation);
        number = observation->newer;
    }
    question->panel.oldest = question->panel.newest = TABLE_NONE;
    question->counts.open = 0;
}

void panel_free(struct question *question, struct holder holder) {
    struct panel *panel = &question->panel;
    panel_drop_open(question, holder);
    holder_give(holder, panel->sum, sum_bytes(question));
    holder_give(holder, panel->low, levels_bytes(question, panel->levels));
    holder_give(holder, panel->high, levels_bytes(question, panel->levels));
    holder_give(holder, panel->told, told_bytes(question, panel->members));
    *panel = (struct panel){.oldest = TABLE_NONE, .newest = TABLE_NONE};
}

enum status panel_widen_levels(struct question *question, struct holder holder, uint32_t levels) {
    struct panel *panel = &question->panel;
    if (levels <= panel->levels) return STATUS_OK;
    int64_t *low = holder_take(holder, levels_bytes(question, levels));
    int64_t *high = holder_take(holder, levels_bytes(question, levels));
    if (low == NULL || high == NULL) {
        holder_give(holder, low, levels_bytes(question, levels));
        holder_give(holder, high, levels_bytes(question, levels));
        return STATUS_STATE_FULL;
    }
    size_t old = (size_t)panel->levels * question->parameters.hypotheses;
    size_t all = (size_t)levels * question->parameters.hypotheses;
    for (size_t i = 0; i < all; i++) {
        bool known = i < old;
        low[i] = known ? panel->low[i] : question->counts.sealed > 0 ? BOUND_BELOW_ALL : 0;
        high[i] = known ? panel->high[i] : question->counts.sealed > 0 ? BOUND_ABOVE_ALL : 0;
    }
    holder_give(holder, panel->low, levels_bytes(question, panel->levels));
    holder_give(holder, panel->high, levels_bytes(question, panel->levels));
    panel->low = low;
    panel->high = high;
    panel->levels = levels;
    return STATUS_OK;
}

enum status panel_widen_told(struct question *question, struct holder holder, uint32_t members) {
    struct panel *panel = &question->panel;
    if (members <= panel->members) return STATUS_OK;
    int64_t *told = holder_take(holder, told_bytes(question, members));
    if (told == NULL) return STATUS_STATE_FULL;
    if (panel->members > 0) memcpy(told, panel->told, told_bytes(question, panel->members));
    holder_give(holder, panel->told, told_bytes(question, panel->members));
    panel->told = told;
    panel->members = members;
    return STATUS_OK;
}

enum status panel_clone(const struct question *question, struct holder holder, struct question *copy) {
    uint32_t k = question->parameters.hypotheses;
    /* The copied table still points to the original's reports. */
    for (uint32_t i = question->panel.oldest; i != TABLE_NONE; i = observation_at(question, i)->newer)
        observation_at(copy, i)->reports = NULL;
    copy->panel.oldest = question->panel.oldest;
    copy->panel.newest = question->panel.newest;
    copy->panel.contributors = question->panel.contributors;
    for (uint32_t i = question->panel.oldest; i != TABLE_NONE; i = observation_at(question, i)->newer) {
        const struct reports *reports = observation_at(question, i)->reports;
        size_t bytes = reports_bytes(k, reports->capacity);
        struct reports *copied = holder_take(holder, bytes);
        if (copied == NULL) return STATUS_STATE_FULL;
        memcpy(copied, reports, bytes);
        observation_at(copy, i)->reports = copied;
    }
    copy->panel.sum = holder_take(holder, sum_bytes(question));
    if (copy->panel.sum == NULL) return STATUS_STATE_FULL;
    memcpy(copy->panel.sum, question->panel.sum, sum_bytes(question));
    TRY(panel_widen_told(copy, holder, question->panel.members));
    if (question->panel.members > 0)
        memcpy(copy->panel.told, question->panel.told, told_bytes(question, question->panel.members));
    if (question->panel.levels == 0) return STATUS_OK;
    TRY(panel_widen_levels(copy, holder, question->panel.levels));
    memcpy(copy->panel.low, question->panel.low, levels_bytes(question, question->panel.levels));
    memcpy(copy->panel.high, question->panel.high, levels_bytes(question, question->panel.levels));
    return STATUS_OK;
}

/* The live reports of members of positive weight: whose word counts. */
struct voices {
    uint32_t count;
    uint32_t weight[MEMBERS_MAX];
    const struct report *report[MEMBERS_MAX];
};

static uint32_t weight_of(const struct question_context *context, uint32_t member) {
    return member < context->members ? context->weights[member] : 0;
}

static void collect_voices(const struct question *question, const struct question_context *context,
                           struct reports *reports, struct voices *ret_voices) {
    ret_voices->count = 0;
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct report *report = report_at(question, reports, i);
        uint32_t weight = weight_of(context, report->member);
        if (weight == 0) continue;
        ret_voices->weight[ret_voices->count] = weight;
        ret_voices->report[ret_voices->count++] = report;
    }
}

/* A quorum has reported, and nobody else of positive weight can still report. */
static bool is_complete(const struct question *question, const struct question_context *context,
                        struct reports *reports) {
    if (reports->count < context->quorum) return false;
    uint32_t heads = 0;
    for (uint32_t i = 0; i < context->members; i++) {
        if (context->weights[i] > 0 && !member_set_has(&reports->spoken, i)) return false;
    }
    for (uint32_t i = 0; i < reports->count; i++)
        heads += weight_of(context, report_at(question, reports, i)->member) > 0 ? 1 : 0;
    return heads >= context->quorum;
}

/* Adds to a sum of bounds; once an end is unbounded it stays so. Past the room of an int64 it is called unbounded
 * too, which is the careful direction. */
static void add_low(int64_t *sum, bool bounded, int128 part) {
    int128 total = *sum + part;
    bool fits = bounded && *sum != BOUND_BELOW_ALL && total > BOUND_BELOW_ALL && total < BOUND_ABOVE_ALL;
    *sum = fits ? (int64_t)total : BOUND_BELOW_ALL;
}

static void add_high(int64_t *sum, bool bounded, int128 part) {
    int128 total = *sum + part;
    bool fits = bounded && *sum != BOUND_ABOVE_ALL && total > BOUND_BELOW_ALL && total < BOUND_ABOVE_ALL;
    *sum = fits ? (int64_t)total : BOUND_ABOVE_ALL;
}

/* Adds the worst cases of one observation for hypothesis j. For k = 2 the second hypothesis is the mirror image of
 * the first. */
static void add_bounds(struct question *question, struct huber_sample *sample, uint32_t j) {
    struct panel *panel = &question->panel;
    uint32_t k = question->parameters.hypotheses;
    struct ratio lows[MEMBERS_MAX];
    for (int side = 0; side < 2; side++) {
        uint32_t bounded = margin_lows(sample, panel->levels, lows);
        for (uint32_t level = 0; level < panel->levels; level++) {
            int128 low = level < bounded ? ratio_round(lows[level], 1, 1) : 0;
            int64_t *row_low = panel->low + (size_t)level * k;
            int64_t *row_high = panel->high + (size_t)level * k;
            if (side == 0) add_low(&row_low[j], level < bounded, low);
            if (side == 0 && k == 2) add_high(&row_high[1], level < bounded, -low);
            if (side == 1) add_high(&row_high[j], level < bounded, -low);
            if (side == 1 && k == 2) add_low(&row_low[1], level < bounded, low);
        }
        huber_sample_mirror(sample);
    }
}

static void fuse(struct question *question, const struct voices *voices, int64_t *ret_location) {
    uint32_t k = question->parameters.hypotheses;
    struct huber_point points[MEMBERS_MAX];
    int64_t x[MEMBERS_MAX];
    for (uint32_t j = 0; j < (k == 2 ? 1 : k); j++) {
        for (uint32_t i = 0; i < voices->count; i++) x[i] = voices->report[i]->y[j];
        struct huber_sample sample =
            huber_sample_of(x, voices->weight, voices->count, question_scaled_cap(question), points);
        struct huber_zeros zeros;
        CHECK(huber_zeros(&sample, NULL, &zeros));
        ret_location[j] = (int64_t)ratio_round(huber_midpoint(&zeros), 1, 1);
        add_bounds(question, &sample, j);
    }
    if (k == 2) ret_location[1] = -ret_location[0];
    for (uint32_t j = 0; j < k; j++) question->panel.sum[j] += ret_location[j];
}

/* Tells the observer, with the reports in the order of the members' numbers. */
static void announce(const struct question *question, const struct question_context *context,
                     struct observation *observation, const int64_t *location) {
    if (context->on_seal == NULL) return;
    const struct report *by_member[MEMBERS_MAX] = {NULL};
    struct question_report reports[MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < observation->reports->count; i++) {
        const struct report *report = report_at(question, observation->reports, i);
        by_member[report->member] = report;
    }
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        const struct report *report = by_member[i];
        if (report == NULL) continue;
        reports[count++] = (struct question_report){i, report->copied, report->clock_us, report->y};
    }
    struct question_seal seal = {
        .question = question,
        .observation = &observation->entry.observation,
        .opened_us = observation->window_end_us - question->parameters.window_us,
        .reports = count,
        .report = reports,
        .location = location,
    };
    context->on_seal(context->user, &seal);
}

static void unlink_observation(struct question *question, const struct observation *observation) {
    struct panel *panel = &question->panel;
    if (observation->older == TABLE_NONE)
        panel->oldest = observation->newer;
    else
        observation_at(question, observation->older)->newer = observation->newer;
    if (observation->newer == TABLE_NONE)
        panel->newest = observation->older;
    else
        observation_at(question, observation->newer)->older = observation->older;
    question->counts.open--;
}

static void count_contribution(struct question *question, const struct report *report) {
    uint32_t k = question->parameters.hypotheses;
    CHECK(report->member < question->panel.members);
    int64_t *told = question->panel.told + (size_t)report->member * k;
    for (uint32_t j = 0; j < k; j++) told[j] += report->y[j];
    member_set_add(&question->panel.contributors, report->member);
}

/* Seals with a quorum of voices, else makes void; either way the reports are given back. */
static void settle(struct question *question, struct holder holder, const struct question_context *context,
                   struct observation *observation) {
    struct voices voices;
    int64_t location[HYPOTHESES_MAX];
    collect_voices(question, context, observation->reports, &voices);
    bool seals = voices.count > 0 && voices.count >= context->quorum;
    if (seals) {
        fuse(question, &voices, location);
        for (uint32_t i = 0; i < voices.count; i++) count_contribution(question, voices.report[i]);
        question->counts.sealed++;
    } else {
        question->counts.voided++;
    }
    observation->entry.state = seals ? OBSERVATION_SEALED : OBSERVATION_VOID;
    unlink_observation(question, observation);
    announce(question, context, observation, seals ? location : NULL);
    give_reports(question, holder, observation);
}

uint32_t panel_advance(struct question *question, struct holder holder, const struct question_context *context) {
    uint32_t settled = 0;
    while (question->panel.oldest != TABLE_NONE) {
        struct observation *observation = observation_at(question, question->panel.oldest);
        if (observation->window_end_us > question->now_us) break;
        settle(question, holder, context, observation);
        settled++;
    }
    return settled;
}

uint64_t panel_next_due_us(const struct question *question) {
    if (question->panel.oldest == TABLE_NONE) return UINT64_MAX;
    return observation_at(question, question->panel.oldest)->window_end_us;
}

/* |round(T_j)| never passes the largest |y_j|, (k - 1) * ITEM_LIMIT_QUANTA: so many observations keep a sum below
 * 2^62. */
static bool has_room(const struct question *question) {
    uint64_t each = (uint64_t)(question->parameters.hypotheses - 1) * (uint64_t)ITEM_LIMIT_QUANTA;
    return question->counts.sealed + question->counts.open < (UINT64_C(1) << 62) / each;
}

static enum status open_observation(struct question *question, struct holder holder,
                                    const struct question_context *context, const struct hash *id,
                                    struct observation **ret_observation) {
    TRY(panel_widen_levels(question, holder, (context->members - 1) / 2));
    TRY(panel_widen_told(question, holder, context->members));
    TRY(table_reserve(&question->table, holder));
    struct reports *reports = holder_take(holder, reports_bytes(question->parameters.hypotheses, REPORTS_FIRST));
    if (reports == NULL) return STATUS_STATE_FULL;
    reports->capacity = REPORTS_FIRST;
    struct panel *panel = &question->panel;
    uint32_t number = table_add(&question->table, id, 0);
    struct observation *observation = observation_at(question, number);
    observation->reports = reports;
    observation->window_end_us = question->now_us + question->parameters.window_us;
    observation->older = panel->newest;
    observation->newer = TABLE_NONE;
    if (panel->newest == TABLE_NONE)
        panel->oldest = number;
    else
        observation_at(question, panel->newest)->newer = number;
    panel->newest = number;
    question->counts.open++;
    *ret_observation = observation;
    return STATUS_OK;
}

static enum status widen_reports(struct question *question, struct holder holder, struct observation *observation) {
    struct reports *old = observation->reports;
    if (old->count < old->capacity) return STATUS_OK;
    uint32_t k = question->parameters.hypotheses;
    struct reports *wider = holder_take(holder, reports_bytes(k, old->capacity * 2));
    if (wider == NULL) return STATUS_STATE_FULL;
    memcpy(wider, old, reports_bytes(k, old->capacity));
    wider->capacity = old->capacity * 2;
    give_reports(question, holder, observation);
    observation->reports = wider;
    return STATUS_OK;
}

/* The open observation that `member` may report on: NULL when it is to be opened first. */
static enum status find_for_tell(const struct question *question, uint32_t member, const struct hash *observation_id,
                                 struct observation **ret_observation) {
    uint32_t number = table_find(&question->table, observation_id, 0);
    if (number == TABLE_NONE && !has_room(question)) return STATUS_OVER_TOTAL_LIMIT;
    struct observation *observation = number == TABLE_NONE ? NULL : observation_at(question, number);
    if (observation != NULL && observation->entry.state != OBSERVATION_OPEN) return STATUS_SEALED;
    if (observation != NULL && member_set_has(&observation->reports->spoken, member))
        return STATUS_DUPLICATE_OBSERVATION;
    *ret_observation = observation;
    return STATUS_OK;
}

enum status panel_check_tell(const struct question *question, uint32_t member, const struct hash *observation_id) {
    struct observation *observation;
    return find_for_tell(question, member, observation_id, &observation);
}

/* Whose report the new one repeats: one that says the same, in the same vector or the same content, and that the
 * reporter's lane had seen. Whoever did not show that it had seen it may have come to it alone. */
static uint32_t copied_from(const struct question *question, const struct question_context *context,
                            struct reports *reports, const struct question_evidence *evidence, const int64_t *y) {
    size_t bytes = question->parameters.hypotheses * sizeof *y;
    if (context->had_seen == NULL) return QUESTION_ORIGINAL;
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct report *other = report_at(question, reports, i);
        bool same_content = evidence->content != 0 && other->content == evidence->content;
        if (!same_content && memcmp(other->y, y, bytes) != 0) continue;
        if (context->had_seen(context->user, evidence->member, other->member, other->seq)) return other->member;
    }
    return QUESTION_ORIGINAL;
}

enum status panel_tell(struct question *question, struct holder holder, const struct question_context *context,
                       const struct question_evidence *evidence, const int64_t *y) {
    struct observation *observation;
    TRY(find_for_tell(question, evidence->member, evidence->observation, &observation));
    if (observation == NULL) {
        TRY(open_observation(question, holder, context, evidence->observation, &observation));
    } else {
        TRY(widen_reports(question, holder, observation));
    }
    struct reports *reports = observation->reports;
    uint32_t copied = copied_from(question, context, reports, evidence, y);
    struct report *report = report_at(question, reports, reports->count++);
    *report = (struct report){evidence->seq, evidence->clock_us, evidence->content, evidence->member, copied};
    memcpy(report->y, y, question->parameters.hypotheses * sizeof *y);
    member_set_add(&reports->spoken, evidence->member);
    question->counts.told++;
    if (is_complete(question, context, reports)) settle(question, holder, context, observation);
    return STATUS_OK;
}

/* The live report of `member` on an open observation. */
static enum status find_for_retract(const struct question *question, uint32_t member,
                                    const struct hash *observation_id, struct reports **ret_reports,
                                    struct report **ret_report) {
    uint32_t number = table_find(&question->table, observation_id, 0);
    if (number == TABLE_NONE) return STATUS_UNKNOWN_OBSERVATION;
    const struct observation *observation = observation_at(question, number);
    if (observation->entry.state != OBSERVATION_OPEN) return STATUS_SEALED;
    for (uint32_t i = 0; i < observation->reports->count; i++) {
        struct report *report = report_at(question, observation->reports, i);
        if (report->member != member) continue;
        *ret_reports = observation->reports;
        *ret_report = report;
        return STATUS_OK;
    }
    return STATUS_UNKNOWN_OBSERVATION;
}

enum status panel_check_retract(const struct question *question, uint32_t member, const struct hash *observation_id) {
    struct reports *reports;
    struct report *report;
    return find_for_retract(question, member, observation_id, &reports, &report);
}

/* The order of the rows means nothing, so the last one fills the gap. */
static void drop_report(struct question *question, struct reports *reports, struct report *report) {
    memmove(report, report_at(question, reports, --reports->count), report_bytes(question->parameters.hypotheses));
    question->counts.retracted++;
}

enum status panel_retract(struct question *question, uint32_t member, const struct hash *observation_id) {
    struct reports *reports;
    struct report *report;
    TRY(find_for_retract(question, member, observation_id, &reports, &report));
    drop_report(question, reports, report);
    return STATUS_OK;
}

static void depart_from(struct question *question, struct reports *reports, uint32_t member) {
    member_set_remove(&reports->spoken, member);
    for (uint32_t i = reports->count; i-- > 0;) {
        struct report *report = report_at(question, reports, i);
        if (report->copied == member) report->copied = QUESTION_ORIGINAL;
        if (report->member == member) drop_report(question, reports, report);
    }
}

void panel_depart(struct question *question, uint32_t member) {
    struct panel *panel = &question->panel;
    for (uint32_t i = panel->oldest; i != TABLE_NONE; i = observation_at(question, i)->newer)
        depart_from(question, observation_at(question, i)->reports, member);
    member_set_remove(&panel->contributors, member);
    if (member < panel->members)
        memset(panel->told + (size_t)member * question->parameters.hypotheses, 0, told_bytes(question, 1));
}

void panel_posterior(const struct question *question, struct question_result *result) {
    uint32_t k = question->parameters.hypotheses;
    for (uint32_t j = 0; j < k; j++)
        result->posterior[j] = (int128)k * question->parameters.prior[j] + question->panel.sum[j];
    result->contributors = member_set_count(&question->panel.contributors);
}

const int64_t *panel_told_by(const struct question *question, uint32_t member) {
    const struct panel *panel = &question->panel;
    if (member >= panel->members || !member_set_has(&panel->contributors, member)) return NULL;
    return panel->told + (size_t)member * question->parameters.hypotheses;
}

struct span panel_span(const struct question *question, uint32_t turned, uint32_t hypothesis) {
    const struct panel *panel = &question->panel;
    int64_t sum = panel->sum[hypothesis];
    if (turned == 0 || question->counts.sealed == 0) return (struct span){false, false, sum, sum};
    if (turned > panel->levels) return (struct span){true, true, 0, 0};
    size_t at = (size_t)(turned - 1) * question->parameters.hypotheses + hypothesis;
    struct span span = {.low_unbounded = panel->low[at] == BOUND_BELOW_ALL,
                        .high_unbounded = panel->high[at] == BOUND_ABOVE_ALL};
    if (!span.low_unbounded) span.low = panel->low[at];
    if (!span.high_unbounded) span.high = panel->high[at];
    return span;
}
