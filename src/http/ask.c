/* Questions as JSON (docs/belief.md 1): what is left out has the defaults of belief/question.h. */
#include "http/form.h"

#include "belief/question.h"
#include "http/number.h"

struct ask_form {
    struct item_ask *ask;
    uint32_t prior_count;
    struct slice canary; /* the text of the true hypothesis */
};

static struct item_ask *ask_of(void *form) { return ((struct ask_form *)form)->ask; }

static enum status take_text(struct json *json, size_t bytes_max, struct slice *ret_text) {
    TRY(json_take_string(json, ret_text));
    return ret_text->bytes <= bytes_max ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status take_title(struct json *json, void *form) {
    return take_text(json, TITLE_BYTES_MAX, &ask_of(form)->title);
}

static enum status take_hypotheses(struct json *json, void *form) {
    struct item_ask *ask = ask_of(form);
    bool is_first = true;
    bool more;
    ask->hypotheses_count = 0;
    TRY(json_open_array(json));
    for (;;) {
        TRY(json_next_element(json, &is_first, &more));
        if (!more) break;
        if (ask->hypotheses_count == HYPOTHESES_MAX) return STATUS_TOO_MANY;
        TRY(take_text(json, HYPOTHESIS_BYTES_MAX, &ask->hypotheses[ask->hypotheses_count]));
        ask->hypotheses_count++;
    }
    return ask->hypotheses_count >= HYPOTHESES_MIN ? STATUS_OK : STATUS_WRONG_HYPOTHESES;
}

static enum status take_mode(struct json *json, void *form) {
    struct slice text;
    TRY(json_take_string(json, &text));
    bool is_pool = slice_equal(text, slice_of_text("pool"));
    if (!is_pool && !slice_equal(text, slice_of_text("panel"))) return STATUS_BAD_VALUE;
    ask_of(form)->mode = is_pool ? MODE_POOL : MODE_PANEL;
    return STATUS_OK;
}

static enum status take_prior(struct json *json, void *form) {
    return number_take_prior(json, HYPOTHESES_MAX, ask_of(form)->prior, &((struct ask_form *)form)->prior_count);
}

static enum status take_prior_quanta(struct json *json, void *form) {
    return number_take_many(json, 0, HYPOTHESES_MAX, ask_of(form)->prior, &((struct ask_form *)form)->prior_count);
}

static enum status take_cap(struct json *json, void *form) {
    return number_take(json, 9, 1, PARAMETER_LIMIT_QUANTA, &ask_of(form)->cap);
}

static enum status take_rho(struct json *json, void *form) {
    int64_t thousandths;
    enum status status = number_take(json, 3, 0, 1000, &thousandths);
    if (status != STATUS_OK) return status == STATUS_TOO_FINE ? STATUS_BAD_VALUE : status;
    ask_of(form)->rho_thousandths = (uint32_t)thousandths;
    return STATUS_OK;
}

static enum status take_decide_at(struct json *json, void *form) {
    return number_take(json, 9, 1, PARAMETER_LIMIT_QUANTA, &ask_of(form)->decide_at);
}

static enum status take_min_margin(struct json *json, void *form) {
    int64_t members;
    enum status status = number_take(json, 0, 0, MEMBERS_MAX, &members);
    if (status != STATUS_OK) return status == STATUS_TOO_FINE ? STATUS_BAD_VALUE : status;
    ask_of(form)->min_margin = (uint32_t)members;
    return STATUS_OK;
}

static enum status take_seconds(struct json *json, int64_t low, uint64_t *ret_us) {
    int64_t us;
    enum status status = number_take(json, 6, low, (int64_t)QUESTION_DURATION_MAX_US, &us);
    if (status != STATUS_OK) return status == STATUS_TOO_FINE ? STATUS_BAD_VALUE : status;
    *ret_us = (uint64_t)us;
    return STATUS_OK;
}

static enum status take_window(struct json *json, void *form) {
    return take_seconds(json, 1, &ask_of(form)->window_us);
}

static enum status take_deadline(struct json *json, void *form) {
    return take_seconds(json, 0, &ask_of(form)->deadline_us);
}

static enum status take_canary(struct json *json, void *form) {
    return take_text(json, HYPOTHESIS_BYTES_MAX, &((struct ask_form *)form)->canary);
}

/* An empty name would be the same as none. */
static enum status take_family(struct json *json, void *form) {
    struct slice *family = &ask_of(form)->family;
    TRY(take_text(json, FAMILY_BYTES_MAX, family));
    return family->bytes > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

enum {
    TITLE,
    HYPOTHESES,
    MODE,
    PRIOR,
    PRIOR_QUANTA,
    CAP,
    RHO,
    DECIDE_AT,
    MIN_MARGIN,
    WINDOW,
    DEADLINE,
    CANARY,
    FAMILY,
    ASK_FIELDS
};

static const struct json_field ask_fields[ASK_FIELDS] = {
    [TITLE] = {"title", take_title, true},
    [HYPOTHESES] = {"hypotheses", take_hypotheses, true},
    [MODE] = {"mode", take_mode, true},
    [PRIOR] = {"prior", take_prior, false},
    [PRIOR_QUANTA] = {"prior_quanta", take_prior_quanta, false},
    [CAP] = {"cap", take_cap, false},
    [RHO] = {"rho", take_rho, false},
    [DECIDE_AT] = {"decide_at", take_decide_at, false},
    [MIN_MARGIN] = {"min_margin", take_min_margin, false},
    [WINDOW] = {"window", take_window, false},
    [DEADLINE] = {"deadline", take_deadline, false},
    [CANARY] = {"canary", take_canary, false},
    [FAMILY] = {"family", take_family, false},
};

/* Which hypothesis a canary names. */
static enum status find_canary(const struct item_ask *ask, struct slice canary, uint32_t *ret_opening,
                               struct refusal *ret_refusal) {
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        if (!slice_equal(ask->hypotheses[i], canary)) continue;
        *ret_opening = i;
        return STATUS_OK;
    }
    return refusal_say(ret_refusal, STATUS_BAD_VALUE,
                       "canary: the true answer must be one of the hypotheses, letter by letter");
}

static enum status check_ask(const struct draft *draft, uint32_t present, uint32_t prior_count,
                             struct refusal *ret_refusal) {
    bool has_both = (present >> PRIOR & 1) && (present >> PRIOR_QUANTA & 1);
    bool has_prior = (present >> PRIOR & 1) || (present >> PRIOR_QUANTA & 1);
    if (has_both)
        return refusal_say(ret_refusal, STATUS_DUPLICATE, "only one of prior and prior_quanta may be there");
    if (has_prior && prior_count != draft->item.ask.hypotheses_count)
        return refusal_say(ret_refusal, STATUS_WRONG_HYPOTHESES, "prior: one number for each hypothesis is needed");
    enum status status = item_valid(&draft->item);
    if (status == STATUS_OK) return STATUS_OK;
    if (status == STATUS_DUPLICATE) return refusal_say(ret_refusal, status, "hypotheses: two of them are the same");
    if (status == STATUS_BAD_FORMAT)
        return refusal_say(
            ret_refusal, status,
            "title, hypotheses and family: 1 to %d, %d and %d bytes of text without control characters",
            TITLE_BYTES_MAX, HYPOTHESIS_BYTES_MAX, FAMILY_BYTES_MAX);
    return refusal_of(ret_refusal, status, NULL);
}

enum status form_take_ask(struct json *json, struct draft *draft, struct refusal *ret_refusal) {
    struct item_ask *ask = &draft->item.ask;
    struct ask_form form = {.ask = ask};
    uint32_t present;
    draft->content = slice_of(NULL, 0);
    draft->opening = OPENING_ORDINARY;
    draft->item.kind = ITEM_ASK;
    *ask = (struct item_ask){.cap = QUESTION_CAP_DEFAULT,
                             .decide_at = QUESTION_DECIDE_AT_DEFAULT,
                             .window_us = QUESTION_WINDOW_DEFAULT_US};
    TRY(json_take_object(json, ask_fields, ASK_FIELDS, &form, &present, ret_refusal));
    TRY(check_ask(draft, present, form.prior_count, ret_refusal));
    if (!(present >> CANARY & 1)) return STATUS_OK;
    return find_canary(ask, form.canary, &draft->opening, ret_refusal);
}
