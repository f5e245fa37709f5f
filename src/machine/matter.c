#include "machine/matter.h"

#include "base/check.h"
#include "crypto/sha256.h"
#include "machine/sheet.h"

_Static_assert((int)MODE_PANEL == (int)QUESTION_PANEL && (int)MODE_POOL == (int)QUESTION_POOL, "modes agree");

/* Budget. */

/* What a new question, or one tell beyond the doubling of its tables, can add at most: sums and reports of n members
 * with k values, bounds for n / 2 coalitions, a chunk of the table of what was told; each may be rounded up by a
 * half. */
static uint64_t growth_bytes(uint32_t members, uint32_t hypotheses) {
    uint64_t n = members;
    uint64_t k = hypotheses;
    return 36 * n * k + 48 * n + 256 * k + 4096;
}

static bool has_room(const struct setting *setting, uint64_t bytes) {
    uint64_t needed;
    return num_add_u64(setting->charged, bytes, &needed) && needed <= setting->budget;
}

/* Tables double when they are full, so a tell may double the charge, rarely as that happens. */
static bool has_room_to_tell(const struct setting *setting, const struct question *question) {
    uint32_t k = question_parameters(question)->hypotheses;
    return has_room(setting, question_charge(question) + growth_bytes(setting->context.members, k));
}

/* Room for the record of this question whatever its numbers become: one size for its whole life. */
static uint32_t record_capacity(const struct item_ask *ask) {
    enum { FIXED_BYTES = 256, BYTES_PER_HYPOTHESIS = 16 };
    size_t bytes = FIXED_BYTES + ask->title.bytes;
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) bytes += BYTES_PER_HYPOTHESIS + ask->hypotheses[i].bytes;
    bytes += ask->family.bytes;
    return (uint32_t)bytes;
}

/* Asking. */

static struct question_parameters parameters_of(const struct item_ask *ask) {
    struct question_parameters parameters = {
        .hypotheses = ask->hypotheses_count,
        .mode = ask->mode,
        .cap = ask->cap,
        .decide_at = ask->decide_at,
        .min_margin = ask->min_margin,
        .rho_thousandths = ask->rho_thousandths,
        .window_us = ask->window_us,
        .deadline_us = ask->deadline_us,
    };
    memcpy(parameters.prior, ask->prior, ask->hypotheses_count * sizeof ask->prior[0]);
    return parameters;
}

enum status matter_check_ask(const struct setting *setting, const struct item_ask *ask) {
    struct question_parameters parameters = parameters_of(ask);
    TRY(question_parameters_check(&parameters));
    uint64_t fixed = MATTER_CHARGE + pool_rounded(record_capacity(ask));
    bool fits = has_room(setting, fixed + growth_bytes(setting->context.members, ask->hypotheses_count));
    return fits ? STATUS_OK : STATUS_STATE_FULL;
}

static void write_record(struct matter *matter, const struct record_belief *belief) {
    /* Texts may be borrowed from the record that is replaced, so the new one is made beside it. */
    uint8_t bytes[RECORD_BELIEF_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    record_belief_put(&writer, RECORD_QUESTION, belief);
    CHECK(writer_status(&writer) == STATUS_OK && writer.bytes <= matter->record_capacity);
    memcpy(matter->record, bytes, writer.bytes);
    matter->record_bytes = (uint32_t)writer.bytes;
}

/* The record before the first evaluation: the texts, and numbers that say nothing. */
static void write_first_record(const struct setting *setting, struct matter *matter, const struct item_ask *ask) {
    struct record_belief belief = {
        .question = matter->id,
        .title = ask->title,
        .hypotheses_count = ask->hypotheses_count,
        .mode = ask->mode,
        .status = QUESTION_OPEN,
        .threshold = setting->threshold,
        .height = setting->height,
        .commitment = ask->commitment,
        .opening = OPENING_NONE,
        .family = ask->family,
    };
    memcpy(belief.hypotheses, ask->hypotheses, ask->hypotheses_count * sizeof ask->hypotheses[0]);
    write_record(matter, &belief);
}

enum status matter_ask(struct setting *setting, uint32_t member, const struct question_id *id,
                       const struct item_ask *ask, struct matter *ret_matter) {
    TRY(matter_check_ask(setting, ask));
    struct question_parameters parameters = parameters_of(ask);
    struct matter matter = {
        .id = *id,
        .asker = member,
        .record_capacity = record_capacity(ask),
        .commitment = ask->commitment,
        .opening = OPENING_NONE,
        .family = MATTER_ALONE,
        .is_wanted_by_family = ask->family.bytes > 0,
    };
    /* The budget was kept, and the pool is larger than the budget: it has room. */
    CHECK(question_create(setting->pool, &parameters, setting->now_us, &matter.question) == STATUS_OK);
    matter.record = pool_take(setting->pool, matter.record_capacity);
    CHECK(matter.record != NULL);
    write_first_record(setting, &matter, ask);
    setting->charged += MATTER_CHARGE + pool_rounded(matter.record_capacity) + question_charge(matter.question);
    *ret_matter = matter;
    return STATUS_OK;
}

/* Evidence. */

const struct question_id *matter_of_item(const struct item *item) {
    switch (item->kind) {
    case ITEM_TELL: return &item->tell.question;
    case ITEM_RETRACT: return &item->retract.question;
    case ITEM_CLOSE: return &item->close.question;
    case ITEM_REVEAL: return &item->reveal.question;
    case ITEM_ASK:
    case ITEM_ANSWER:
    case ITEM_RECONFIGURE:
    case ITEM_LEVEL:
    case ITEM_CLOSE_FAMILY: break;
    }
    CHECK(false); /* the machine asks only for items that name a question */
    return NULL;
}

/* One number for two hypotheses is log P(data | first) - log P(data | second). */
static bool is_ratio(const struct question *question, const struct item_tell *tell) {
    return tell->loglik_count == 1 && question_parameters(question)->hypotheses == 2;
}

static enum status check_tell(const struct setting *setting, const struct question *question,
                              const struct item_tell *tell) {
    bool matches = tell->loglik_count == question_parameters(question)->hypotheses;
    if (!matches && !is_ratio(question, tell)) return STATUS_WRONG_HYPOTHESES;
    return has_room_to_tell(setting, question) ? STATUS_OK : STATUS_STATE_FULL;
}

static enum status check_close(const struct matter *matter, uint32_t member) {
    if (member != matter->asker) return STATUS_NOT_ALLOWED;
    return matter->is_closing ? STATUS_QUESTION_CLOSED : STATUS_OK;
}

/* Opening too early shows everybody the truth while they can still use it. */
static enum status check_reveal(const struct setting *setting, const struct matter *matter, uint32_t member,
                                const struct item *item) {
    struct hash commitment;
    if (member != matter->asker || matter->is_orphan) return STATUS_NOT_ALLOWED;
    if (matter->opening != OPENING_NONE || matter->is_spoilt) return STATUS_OPENED;
    commitment_of(item->reveal.salt, item->reveal.hypothesis, &commitment);
    if (!hash_equal(&commitment, &matter->commitment)) return STATUS_WRONG_OPENING;
    if (matter->question != NULL) return STATUS_TOO_EARLY;
    return setting->now_us < matter->opening_until_us ? STATUS_OK : STATUS_EXPIRED;
}

/* The reasons outside the evidence itself. */
static enum status check_outside(const struct setting *setting, const struct matter *matter, uint32_t member,
                                 const struct item *item) {
    const struct question *question = matter->question;
    if (item->kind == ITEM_REVEAL) return check_reveal(setting, matter, member, item);
    if (question == NULL || question_deadline_us(question) <= setting->now_us) return STATUS_QUESTION_CLOSED;
    switch (item->kind) {
    case ITEM_TELL: return check_tell(setting, question, &item->tell);
    case ITEM_RETRACT: return STATUS_OK;
    case ITEM_CLOSE: return check_close(matter, member);
    default: return STATUS_BAD_VALUE;
    }
    return STATUS_BAD_VALUE;
}

/* The k log-likelihoods that a tell stands for; `ratio` is room for those of a single number. */
static const int64_t *logliks_of(const struct question *question, const struct item_tell *tell, int64_t ratio[2]) {
    if (!is_ratio(question, tell)) return tell->loglik;
    ratio[0] = tell->loglik[0];
    ratio[1] = 0;
    return ratio;
}

enum status matter_check(const struct setting *setting, const struct matter *matter, uint32_t member,
                         const struct item *item) {
    struct hash observation;
    int64_t ratio[2];
    TRY(check_outside(setting, matter, member, item));
    if (item->kind == ITEM_CLOSE || item->kind == ITEM_REVEAL) return STATUS_OK;
    sha256_of(item->kind == ITEM_TELL ? item->tell.observation : item->retract.observation, &observation);
    if (item->kind == ITEM_RETRACT)
        return question_check_retract(matter->question, &setting->context, member, &observation);
    return question_check_tell(matter->question, &setting->context, member, &observation,
                               logliks_of(matter->question, &item->tell, ratio));
}

/* Enough of a hash to tell contents apart; never 0, which means none. */
static uint64_t content_tag(const struct item_tell *tell) {
    uint64_t tag = 0;
    if (!tell->has_content) return 0;
    for (int i = 0; i < 8; i++) tag = tag << 8 | tell->content.bytes[i];
    return tag != 0 ? tag : 1;
}

static enum status apply_tell(struct setting *setting, struct question *question, const struct machine_origin *origin,
                              const struct item_tell *tell) {
    struct hash observation;
    int64_t ratio[2];
    struct question_evidence evidence = {
        .member = origin->member,
        .observation = &observation,
        .loglik = logliks_of(question, tell, ratio),
        .seq = origin->seq,
        .clock_us = origin->wall_us,
        .content = content_tag(tell),
    };
    sha256_of(tell->observation, &observation);
    return question_tell(question, setting->pool, &setting->context, &evidence, setting->now_us);
}

static enum status apply_retract(struct setting *setting, struct question *question, uint32_t member,
                                 struct slice text) {
    struct hash observation;
    sha256_of(text, &observation);
    return question_retract(question, setting->pool, &setting->context, member, &observation, setting->now_us);
}

static enum status apply_item(struct setting *setting, struct matter *matter, const struct machine_origin *origin,
                              const struct item *item) {
    switch (item->kind) {
    case ITEM_TELL: return apply_tell(setting, matter->question, origin, &item->tell);
    case ITEM_RETRACT: return apply_retract(setting, matter->question, origin->member, item->retract.observation);
    case ITEM_CLOSE: matter->is_closing = true; return STATUS_OK;
    default: return STATUS_BAD_VALUE;
    }
}

static enum status apply_reveal(struct setting *setting, struct matter *matter, uint32_t member,
                                const struct item *item) {
    enum status status = check_reveal(setting, matter, member, item);
    if (status == STATUS_TOO_EARLY) matter->is_spoilt = true;
    if (status != STATUS_OK) return status;
    struct record_belief belief;
    matter->opening = item->reveal.hypothesis;
    matter_belief(matter, &belief);
    /* Beyond the question's own hypotheses it names none: an ordinary question. */
    if (matter->opening >= belief.hypotheses_count) matter->opening = OPENING_ORDINARY;
    belief.opening = matter->opening;
    belief.height = setting->height;
    write_record(matter, &belief);
    return STATUS_OK;
}

enum status matter_apply(struct setting *setting, struct matter *matter, const struct machine_origin *origin,
                         const struct item *item, bool *ret_changed) {
    *ret_changed = false;
    if (item->kind == ITEM_REVEAL) {
        TRY(apply_reveal(setting, matter, origin->member, item));
        *ret_changed = true;
        return STATUS_OK;
    }
    TRY(check_outside(setting, matter, origin->member, item));
    bool was_due = question_next_due_us(matter->question) <= setting->now_us;
    size_t before = question_charge(matter->question);
    enum status status = apply_item(setting, matter, origin, item);
    setting->charged = setting->charged - before + question_charge(matter->question);
    *ret_changed = status == STATUS_OK || was_due;
    return status;
}

/* Settling. */

static struct record_interval interval_of(const struct question_interval *interval, uint32_t hypotheses) {
    struct record_interval record = {.members = interval->turned};
    question_interval_quanta(interval, hypotheses, &record.low, &record.high);
    return record;
}

static void fill_numbers(const struct question *question, const struct question_result *result,
                         struct record_belief *belief) {
    struct question_counts counts = question_counts(question);
    belief->top = result->top;
    for (uint32_t j = 0; j < belief->hypotheses_count; j++) belief->log_odds[j] = question_log_odds(result, j);
    belief->contributors = result->contributors;
    belief->items = counts.told - counts.retracted;
    belief->flip_margin = result->flip_margin;
    belief->margin_exact = result->margin_is_exact;
    belief->live = interval_of(&result->live, result->hypotheses);
    belief->safe = interval_of(&result->safe, result->hypotheses);
}

/* Closed by its asker, or with its family, or past its deadline. */
static bool is_over(const struct setting *setting, const struct matter *matter) {
    return matter->is_closing || question_deadline_us(matter->question) <= setting->now_us;
}

static enum question_status status_of(const struct setting *setting, const struct matter *matter,
                                      const struct question_result *result) {
    if (result->decided) return QUESTION_DECIDED;
    return is_over(setting, matter) ? QUESTION_UNDECIDED : QUESTION_OPEN;
}

/* What members said takes less than what it is made from, which is given back. */
static void keep_sheet(struct setting *setting, struct matter *matter) {
    uint32_t members = setting->context.members;
    struct question_counts counts = question_counts(matter->question);
    if (!num_add_u64(setting->now_us, OPENING_WINDOW_US, &matter->opening_until_us))
        matter->opening_until_us = UINT64_MAX;
    if (counts.told == counts.retracted) return;
    uint32_t bytes = (uint32_t)sheet_bytes(members, question_parameters(matter->question)->hypotheses);
    matter->sheet = pool_take(setting->pool, bytes);
    CHECK(matter->sheet != NULL);
    matter->sheet_bytes = bytes;
    fixed_tables_need(setting->tables);
    sheet_fill(matter->sheet, matter->question, members, setting->tables);
    setting->charged += pool_rounded(bytes);
}

static void forget_sheet(struct setting *setting, struct matter *matter) {
    bool is_over =
        matter->opening != OPENING_NONE || matter->is_spoilt || setting->now_us >= matter->opening_until_us;
    if (matter->sheet == NULL || !is_over || matter->is_wanted_by_family) return;
    setting->charged -= pool_rounded(matter->sheet_bytes);
    pool_give(setting->pool, matter->sheet, matter->sheet_bytes);
    matter->sheet = NULL;
}

void matter_leave_family(struct matter *matter, struct setting *setting) {
    matter->is_wanted_by_family = false;
    forget_sheet(setting, matter);
}

uint64_t matter_next_due_us(const struct matter *matter) {
    if (matter->question != NULL) return question_next_due_us(matter->question);
    return matter->sheet != NULL && !matter->is_wanted_by_family ? matter->opening_until_us : UINT64_MAX;
}

static void give_back_evidence(struct setting *setting, struct matter *matter) {
    keep_sheet(setting, matter);
    setting->charged -= question_charge(matter->question);
    question_free(matter->question, setting->pool);
    matter->question = NULL;
}

void matter_settle(struct setting *setting, struct matter *matter, struct record_belief *ret_belief) {
    struct question_result result;
    size_t before = question_charge(matter->question);
    /* The end of a question is the end of its windows: what a quorum has reported counts. */
    uint64_t until_us = is_over(setting, matter) ? UINT64_MAX : setting->now_us;
    (void)question_advance(matter->question, setting->pool, &setting->context, until_us);
    setting->charged = setting->charged - before + question_charge(matter->question);
    question_evaluate(matter->question, &setting->context, &result);
    matter_belief(matter, ret_belief);
    fill_numbers(matter->question, &result, ret_belief);
    ret_belief->status = status_of(setting, matter, &result);
    ret_belief->threshold = setting->threshold;
    ret_belief->height = setting->height;
    write_record(matter, ret_belief);
    /* Numbers may have changed their length, and the texts their place: they are read again from where they are now.
     */
    matter_belief(matter, ret_belief);
    if (ret_belief->status != QUESTION_OPEN) give_back_evidence(setting, matter);
}

void matter_rest(struct setting *setting, struct matter *matter, struct record_belief *ret_belief) {
    forget_sheet(setting, matter);
    matter_belief(matter, ret_belief);
}

void matter_belief(const struct matter *matter, struct record_belief *ret_belief) {
    enum record_kind kind;
    CHECK(record_belief_read(slice_of(matter->record, matter->record_bytes), &kind, ret_belief) == STATUS_OK);
}

void matter_depart(struct matter *matter, uint32_t members, uint32_t member) {
    struct record_belief belief;
    if (matter->asker == member) matter->is_orphan = true;
    if (matter->sheet != NULL) {
        matter_belief(matter, &belief);
        sheet_silence(matter->sheet, members, belief.hypotheses_count, member);
    }
    if (matter->question != NULL) question_depart(matter->question, member);
}

void matter_clone(const struct matter *matter, struct setting *setting, struct matter *ret_copy) {
    struct matter copy = *matter;
    copy.record = pool_take(setting->pool, matter->record_capacity);
    CHECK(copy.record != NULL);
    memcpy(copy.record, matter->record, matter->record_bytes);
    copy.sheet = NULL;
    if (matter->question != NULL) CHECK(question_clone(matter->question, setting->pool, &copy.question) == STATUS_OK);
    *ret_copy = copy;
}

/* Snapshots. */

OUTLET_COVERS(struct matter, 136);

/* The record says most of it: id, texts, commitment, opening, status. */
void matter_save(const struct matter *matter, uint32_t members, struct outlet *outlet) {
    struct record_belief belief;
    outlet_put_u32(outlet, matter->asker);
    outlet_put_u32(outlet, matter->record_bytes);
    outlet_put(outlet, matter->record, matter->record_bytes);
    outlet_put_flag(outlet, matter->is_orphan);
    outlet_put_flag(outlet, matter->is_spoilt);
    if (matter->question != NULL) {
        question_save(matter->question, outlet);
        return;
    }
    outlet_put_u64(outlet, matter->verdict);
    outlet_put_u64(outlet, matter->opening_until_us);
    outlet_put_flag(outlet, matter->sheet != NULL);
    if (matter->sheet == NULL) return;
    matter_belief(matter, &belief);
    CHECK(matter->sheet_bytes == sheet_bytes(members, belief.hypotheses_count));
    outlet_put(outlet, matter->sheet, matter->sheet_bytes);
}

/* The part of the ask that the record has. */
static void ask_of(const struct record_belief *belief, struct item_ask *ret_ask) {
    *ret_ask = (struct item_ask){
        .title = belief->title,
        .hypotheses_count = belief->hypotheses_count,
        .mode = belief->mode,
        .commitment = belief->commitment,
        .family = belief->family,
    };
    memcpy(ret_ask->hypotheses, belief->hypotheses, belief->hypotheses_count * sizeof belief->hypotheses[0]);
}

static enum status load_record(struct setting *setting, struct reader *reader, struct matter *matter,
                               struct record_belief *ret_belief, struct item_ask *ret_ask) {
    struct slice bytes;
    uint32_t count;
    enum record_kind kind;
    TRY(reader_u32_to(reader, RECORD_BELIEF_BYTES_MAX, &count));
    TRY(reader_take(reader, count, &bytes));
    TRY(record_belief_read(bytes, &kind, ret_belief));
    if (kind != RECORD_QUESTION || ret_belief->height > setting->height) return STATUS_BAD_VALUE;
    ask_of(ret_belief, ret_ask);
    matter->record_capacity = record_capacity(ret_ask);
    if (count > matter->record_capacity) return STATUS_TOO_LARGE;
    matter->record = pool_take(setting->pool, matter->record_capacity);
    if (matter->record == NULL) return STATUS_STATE_FULL;
    memcpy(matter->record, bytes.data, count);
    matter->record_bytes = count;
    /* The texts are those of the copy from now on. */
    matter_belief(matter, ret_belief);
    ask_of(ret_belief, ret_ask);
    setting->charged += MATTER_CHARGE + pool_rounded(matter->record_capacity);
    return STATUS_OK;
}

static enum status load_evidence(struct setting *setting, struct reader *reader, const struct record_belief *belief,
                                 struct matter *matter) {
    struct question *question;
    TRY(question_load(setting->pool, setting->context.members, reader, &question));
    matter->question = question;
    setting->charged += question_charge(question);
    const struct question_parameters *parameters = question_parameters(question);
    bool fits = parameters->hypotheses == belief->hypotheses_count && parameters->mode == (uint32_t)belief->mode;
    return fits && matter->opening == OPENING_NONE ? STATUS_OK : STATUS_CONFLICT;
}

static enum status load_verdict(struct setting *setting, uint64_t leaves, struct reader *reader, uint32_t hypotheses,
                                struct matter *matter) {
    struct slice bytes;
    bool has_sheet;
    TRY(reader_u64_to(reader, leaves - 1, &matter->verdict));
    TRY(reader_u64(reader, &matter->opening_until_us));
    TRY(reader_flag(reader, &has_sheet));
    if (matter->verdict == 0) return STATUS_BAD_VALUE;
    if (!has_sheet) return STATUS_OK;
    matter->sheet_bytes = (uint32_t)sheet_bytes(setting->context.members, hypotheses);
    TRY(reader_take(reader, matter->sheet_bytes, &bytes));
    if (!sheet_is_valid(bytes.data, setting->context.members, hypotheses)) return STATUS_BAD_VALUE;
    matter->sheet = pool_take(setting->pool, matter->sheet_bytes);
    if (matter->sheet == NULL) return STATUS_STATE_FULL;
    memcpy(matter->sheet, bytes.data, bytes.bytes);
    setting->charged += pool_rounded(matter->sheet_bytes);
    return STATUS_OK;
}

enum status matter_load(struct setting *setting, uint64_t leaves, struct reader *reader, struct matter *ret_matter,
                        struct item_ask *ret_ask) {
    struct matter matter = {.family = MATTER_ALONE};
    struct record_belief belief;
    TRY(reader_u32_to(reader, setting->context.members - 1, &matter.asker));
    TRY(load_record(setting, reader, &matter, &belief, ret_ask));
    matter.id = belief.question;
    matter.commitment = belief.commitment;
    matter.opening = belief.opening;
    TRY(reader_flag(reader, &matter.is_orphan));
    TRY(reader_flag(reader, &matter.is_spoilt));
    if (belief.status == QUESTION_OPEN)
        TRY(load_evidence(setting, reader, &belief, &matter));
    else
        TRY(load_verdict(setting, leaves, reader, belief.hypotheses_count, &matter));
    *ret_matter = matter;
    return STATUS_OK;
}
