/* Sensor models (exchange/model.h). */
#include "exchange/model.h"

#include "base/check.h"
#include "base/decimal.h"
#include "exchange/logarithm.h"
#include "wire/field.h"

enum { PROBABILITY_SCALE = 18, REPEAT_SCALE = 3 };

/* The default. Its reasons are in docs/exchange.md: each row says how often one source, at one occasion, says this of
 * what is malicious and of what is benign, in hundredths. */
static const struct {
    enum report_kind kind;
    uint8_t malicious;
    uint8_t benign;
} defaults[] = {
    {REPORT_PUBLISHED, 40, 10},
    {REPORT_REVOKED, 2, 8},
    {REPORT_SEEN, 50, 25},
    {REPORT_NOT_SEEN, 30, 30},
    {REPORT_FALSE_POSITIVE, 3, 24},
    {REPORT_EXPIRED, 10, 10},
    {REPORT_STRONGLY_DISAGREE, 5, 30},
    {REPORT_DISAGREE, 15, 30},
    {REPORT_NEUTRAL, 20, 20},
    {REPORT_AGREE, 30, 15},
    {REPORT_STRONGLY_AGREE, 30, 5},
};
enum { DEFAULT_REPEAT = 500 };

void model_default(struct model *ret_model) {
    struct model_table *table = &ret_model->table;
    memset(ret_model, 0, sizeof *ret_model);
    ret_model->hypotheses_count = 2;
    memcpy(ret_model->hypotheses[0], "malicious", 10);
    memcpy(ret_model->hypotheses[1], "benign", 7);
    table->repeat = DEFAULT_REPEAT;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        table->has[defaults[i].kind] = true;
        table->probability[defaults[i].kind][0] = defaults[i].malicious * (MODEL_ONE / 100);
        table->probability[defaults[i].kind][1] = defaults[i].benign * (MODEL_ONE / 100);
    }
}

/* Reading. */

static enum status expect(struct tokens *tokens, enum token wanted, const char *what) {
    enum token token;
    TRY(tokens_next(tokens, &token));
    if (token == wanted) return STATUS_OK;
    return tokens_blame(tokens, STATUS_BAD_TYPE, "%s was expected here", what);
}

/* A decimal, as a number or as a text. */
static enum status take_decimal(struct tokens *tokens, uint32_t scale, int64_t *ret_value) {
    enum token token;
    TRY(tokens_next(tokens, &token));
    if (token != TOKEN_NUMBER && token != TOKEN_TEXT)
        return tokens_blame(tokens, STATUS_BAD_TYPE, "a number was expected here");
    enum status status = tokens->text_cut ? STATUS_TOO_LARGE : decimal_parse(tokens_text(tokens), scale, ret_value);
    if (status == STATUS_TOO_FINE)
        return tokens_blame(tokens, status, "at most %u decimal places can be said here", (unsigned)scale);
    return status == STATUS_OK ? STATUS_OK : tokens_blame(tokens, status, "%s", status_text(status));
}

static enum status take_probability(struct tokens *tokens, uint64_t *ret_probability) {
    int64_t value = 0;
    TRY(take_decimal(tokens, PROBABILITY_SCALE, &value));
    if (value == 0)
        return tokens_blame(tokens, STATUS_BAD_VALUE,
                            "a probability of 0 would make one report a proof; say how rare it is instead");
    if (value < 0 || (uint64_t)value > MODEL_ONE)
        return tokens_blame(tokens, STATUS_BAD_VALUE, "a probability is above 0 and at most 1");
    *ret_probability = (uint64_t)value;
    return STATUS_OK;
}

static enum status take_repeat(struct tokens *tokens, struct model_table *table) {
    int64_t value = 0;
    TRY(take_decimal(tokens, REPEAT_SCALE, &value));
    if (value < 0 || value > MODEL_REPEAT_FULL)
        return tokens_blame(tokens, STATUS_BAD_VALUE, "repeat is a share from 0 to 1");
    table->repeat = (uint32_t)value;
    return STATUS_OK;
}

static enum status take_hypotheses(struct tokens *tokens, struct model *model) {
    enum token token;
    TRY(expect(tokens, TOKEN_ARRAY, "a list of hypotheses"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_ARRAY_END) break;
        if (token != TOKEN_TEXT || tokens->text_cut || !field_text_valid(tokens_text(tokens), HYPOTHESIS_BYTES_MAX))
            return tokens_blame(tokens, STATUS_BAD_TYPE, "a hypothesis is a text of 1 to %d bytes",
                                HYPOTHESIS_BYTES_MAX);
        if (model->hypotheses_count == HYPOTHESES_MAX)
            return tokens_blame(tokens, STATUS_TOO_MANY, "at most %d hypotheses", HYPOTHESES_MAX);
        for (uint32_t i = 0; i < model->hypotheses_count; i++) {
            if (tokens_text_is(tokens, model->hypotheses[i]))
                return tokens_blame(tokens, STATUS_DUPLICATE, "this hypothesis comes twice");
        }
        memcpy(model->hypotheses[model->hypotheses_count++], tokens->text, tokens->text_bytes + 1);
    }
    if (model->hypotheses_count >= HYPOTHESES_MIN) return STATUS_OK;
    return tokens_blame(tokens, STATUS_BAD_VALUE, "at least two hypotheses are needed");
}

static enum status take_row(struct tokens *tokens, uint32_t hypotheses, uint64_t *ret_row) {
    enum token token;
    TRY(expect(tokens, TOKEN_ARRAY, "a list with one probability for each hypothesis"));
    for (uint32_t i = 0; i < hypotheses; i++) TRY(take_probability(tokens, &ret_row[i]));
    TRY(tokens_next(tokens, &token));
    if (token == TOKEN_ARRAY_END) return STATUS_OK;
    return tokens_blame(tokens, STATUS_TOO_MANY, "there are %u hypotheses, and this is one probability more",
                        (unsigned)hypotheses);
}

/* What excludes each other can't be likelier than 1 together. At most 11 rows of at most 1e18. */
static enum status check_sums(struct tokens *tokens, const struct model *model, const struct model_table *table) {
    static const char *const channels[CHANNELS] = {"published and revoked",
                                                   "seen, not-seen, false-positive and expired", "the five opinions"};
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        for (uint32_t h = 0; h < model->hypotheses_count; h++) {
            uint64_t sum = 0;
            for (unsigned kind = 0; kind < REPORT_KINDS_COUNT; kind++) {
                if (report_kind_channel((enum report_kind)kind) == channel) sum += table->probability[kind][h];
            }
            if (sum > MODEL_ONE)
                return tokens_blame(tokens, STATUS_BAD_VALUE,
                                    "under hypothesis %u the probabilities of %s add up to more than 1",
                                    (unsigned)h + 1, channels[channel]);
        }
    }
    return STATUS_OK;
}

static enum status take_reports(struct tokens *tokens, const struct model *model, struct model_table *table) {
    enum token token;
    enum report_kind kind;
    if (model->hypotheses_count == 0)
        return tokens_blame(tokens, STATUS_MISSING, "hypotheses must be named before any probabilities");
    TRY(expect(tokens, TOKEN_OBJECT, "an object with a row for each kind of report"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) break;
        if (report_kind_find(tokens_text(tokens), &kind) != STATUS_OK)
            return tokens_blame(tokens, STATUS_BAD_VALUE, "there is no such kind of report");
        TRY(take_row(tokens, model->hypotheses_count, table->probability[kind]));
        table->has[kind] = true;
    }
    return check_sums(tokens, model, table);
}

static enum status take_name(struct tokens *tokens, char *ret_name, uint32_t *ret_bytes) {
    if (tokens->text_cut || tokens->text_bytes == 0 || tokens->text_bytes > MODEL_NAME_BYTES_MAX)
        return tokens_blame(tokens, STATUS_TOO_LARGE, "a name here has 1 to %d bytes", MODEL_NAME_BYTES_MAX);
    memcpy(ret_name, tokens->text, tokens->text_bytes);
    *ret_bytes = (uint32_t)tokens->text_bytes;
    return STATUS_OK;
}

/* A source begins with what holds for all; its rows replace those of the same kind. */
static enum status take_source(struct tokens *tokens, const struct model *model, struct model_source *source) {
    enum token token;
    source->table = model->table;
    TRY(expect(tokens, TOKEN_OBJECT, "an object with reports or repeat"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) return STATUS_OK;
        if (tokens_text_is(tokens, "reports")) {
            TRY(take_reports(tokens, model, &source->table));
        } else if (tokens_text_is(tokens, "repeat")) {
            TRY(take_repeat(tokens, &source->table));
        } else {
            return tokens_blame(tokens, STATUS_BAD_VALUE, "a source has reports and repeat, nothing else");
        }
    }
}

static enum status take_sources(struct tokens *tokens, struct model *model, bool has_reports) {
    enum token token;
    if (!has_reports) return tokens_blame(tokens, STATUS_MISSING, "reports must come before sources");
    TRY(expect(tokens, TOKEN_OBJECT, "an object with a name for each source"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) return STATUS_OK;
        if (model->sources_count == MODEL_SOURCES_MAX)
            return tokens_blame(tokens, STATUS_TOO_MANY, "at most %d sources", MODEL_SOURCES_MAX);
        struct model_source *source = &model->sources[model->sources_count];
        TRY(take_name(tokens, source->name, &source->name_bytes));
        TRY(take_source(tokens, model, source));
        model->sources_count++;
    }
}

static enum status take_questions(struct tokens *tokens, struct model *model) {
    enum token token;
    uint8_t id[MODEL_QUESTION_BYTES / 2];
    TRY(expect(tokens, TOKEN_OBJECT, "an object with a question for each subject"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) return STATUS_OK;
        if (model->questions_count == MODEL_QUESTIONS_MAX)
            return tokens_blame(tokens, STATUS_TOO_MANY, "at most %d questions", MODEL_QUESTIONS_MAX);
        struct model_question *question = &model->questions[model->questions_count];
        TRY(take_name(tokens, question->subject, &question->subject_bytes));
        TRY(expect(tokens, TOKEN_TEXT, "the id of a question"));
        if (bytes_from_hex(tokens_text(tokens), id, sizeof id) != STATUS_OK)
            return tokens_blame(tokens, STATUS_BAD_FORMAT, "the id of a question is 32 hexadecimal digits");
        bytes_to_hex(id, sizeof id, question->question);
        question->question[MODEL_QUESTION_BYTES] = '\0';
        model->questions_count++;
    }
}

static enum status take_version(struct tokens *tokens) {
    int64_t version = 0;
    TRY(take_decimal(tokens, 0, &version));
    if (version == MODEL_VERSION) return STATUS_OK;
    return tokens_blame(tokens, STATUS_VERSION, "this reads models of version %d", MODEL_VERSION);
}

static enum status take_field(struct tokens *tokens, struct model *model, bool *has_reports) {
    if (tokens_text_is(tokens, "credimus_model")) return take_version(tokens);
    if (tokens_text_is(tokens, "hypotheses")) return take_hypotheses(tokens, model);
    if (tokens_text_is(tokens, "repeat") && model->sources_count > 0)
        return tokens_blame(tokens, STATUS_BAD_VALUE, "repeat must come before sources, which begin with it");
    if (tokens_text_is(tokens, "repeat")) return take_repeat(tokens, &model->table);
    if (tokens_text_is(tokens, "questions")) return take_questions(tokens, model);
    if (tokens_text_is(tokens, "sources")) return take_sources(tokens, model, *has_reports);
    if (!tokens_text_is(tokens, "reports"))
        return tokens_blame(tokens, STATUS_BAD_VALUE,
                            "a model has credimus_model, hypotheses, repeat, reports, sources and questions");
    *has_reports = true;
    return take_reports(tokens, model, &model->table);
}

enum status model_read(struct tokens *tokens, struct model *ret_model) {
    enum token token;
    bool has_reports = false;
    bool has_version = false;
    memset(ret_model, 0, sizeof *ret_model);
    ret_model->table.repeat = DEFAULT_REPEAT;
    TRY(expect(tokens, TOKEN_OBJECT, "an object: the model"));
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) break;
        has_version = has_version || tokens_text_is(tokens, "credimus_model");
        TRY(take_field(tokens, ret_model, &has_reports));
    }
    if (!has_version) return tokens_blame(tokens, STATUS_MISSING, "\"credimus_model\": %d is missing", MODEL_VERSION);
    if (!has_reports) return tokens_blame(tokens, STATUS_MISSING, "reports are missing");
    return tokens_next(tokens, &token);
}

const char *model_question_of(const struct model *model, struct slice subject) {
    for (uint32_t i = 0; i < model->questions_count; i++) {
        const struct model_question *question = &model->questions[i];
        if (slice_equal(subject, slice_of(question->subject, question->subject_bytes))) return question->question;
    }
    return NULL;
}

/* Weighing. */

static const struct model_table *table_of(const struct model *model, struct slice source) {
    for (uint32_t i = 0; i < model->sources_count; i++) {
        const struct model_source *found = &model->sources[i];
        if (slice_equal(source, slice_of(found->name, found->name_bytes))) return &found->table;
    }
    return &model->table;
}

/* round(quanta * E(n)), half away from zero. |quanta| < 2^37 and n < 2^47, so the product is below 2^94. */
static int128 repeated(int64_t quanta, uint64_t n, uint32_t repeat) {
    if (n == 0) return 0;
    int128 above = (int128)quanta * (int128)n * MODEL_REPEAT_FULL;
    int128 below = (int128)MODEL_REPEAT_FULL + (int128)(n - 1) * repeat;
    return (above + (above < 0 ? -(below / 2) : below / 2)) / below;
}

/* c P + (1 - c) mean, times 100 k: at most 6400 * 1e18 for each part. */
static uint128 mixed(const uint64_t *row, uint32_t hypotheses, uint32_t h, uint32_t confidence) {
    uint128 sum = 0;
    for (uint32_t i = 0; i < hypotheses; i++) sum += row[i];
    return (uint128)row[h] * hypotheses * confidence + sum * (CONFIDENCE_FULL - confidence);
}

static int128 worth(const struct report *report, uint32_t repeat, uint128 a, uint128 b) {
    int64_t quanta = logarithm_ratio(a, b);
    return repeated(quanta, report->before + report->count, repeat) - repeated(quanta, report->before, repeat);
}

enum status model_weigh(const struct model *model, const struct reports *reports, const struct report *report,
                        int64_t ret_quanta[HYPOTHESES_MAX], uint32_t *ret_count) {
    const struct model_table *table = table_of(model, reports_text(reports, report->source));
    uint32_t k = model->hypotheses_count;
    uint128 weights[HYPOTHESES_MAX];
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t best = k == 2 ? 1 : 0;
    CHECK(k >= HYPOTHESES_MIN && k <= HYPOTHESES_MAX && report->confidence <= CONFIDENCE_FULL);
    if (!table->has[report->kind]) return STATUS_NOT_FOUND;
    for (uint32_t h = 0; h < k; h++) {
        weights[h] = mixed(table->probability[report->kind], k, h, report->confidence);
        if (k > 2 && weights[h] > weights[best]) best = h;
    }
    uint32_t count = k == 2 ? 1 : k;
    for (uint32_t h = 0; h < count; h++) {
        int128 value = worth(report, table->repeat, weights[h], weights[best]);
        if (value > ITEM_LIMIT_QUANTA || value < -ITEM_LIMIT_QUANTA) return STATUS_OVER_ITEM_LIMIT;
        quanta[h] = (int64_t)value;
    }
    memcpy(ret_quanta, quanta, count * sizeof quanta[0]);
    *ret_count = count;
    return STATUS_OK;
}
