/* Evidence as JSON: tell, retract, close (docs/belief.md 1), and lists of them. */
#include "http/form.h"

#include "base/decimal.h"
#include "codec/base64.h"
#include "crypto/sha256.h"
#include "http/number.h"

enum status form_read_question(struct slice text, struct question_id *ret_question) {
    return bytes_from_hex(text, ret_question->bytes, QUESTION_ID_BYTES);
}

enum status form_read_number(struct slice text, uint64_t most, uint64_t *ret_number) {
    int64_t number;
    for (size_t i = 0; i < text.bytes; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return STATUS_BAD_FORMAT;
    if (text.bytes > 1 && text.data[0] == '0') return STATUS_BAD_FORMAT;
    if (decimal_parse(text, 0, &number) != STATUS_OK || (uint64_t)number > most) return STATUS_BAD_FORMAT;
    *ret_number = (uint64_t)number;
    return STATUS_OK;
}

static enum status take_id(struct json *json, struct question_id *ret_question) {
    struct slice text;
    TRY(json_take_string(json, &text));
    return form_read_question(text, ret_question);
}

static enum status take_question(struct json *json, void *form) {
    return take_id(json, &((struct draft *)form)->item.tell.question);
}

/* What is too long is told apart from what is not a name at all. */
static enum status take_name(struct json *json, struct slice *ret_observation) {
    TRY(json_take_string(json, ret_observation));
    return ret_observation->bytes <= OBSERVATION_BYTES_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status take_observation(struct json *json, void *form) {
    return take_name(json, &((struct draft *)form)->item.tell.observation);
}

static enum status take_llr(struct json *json, void *form) {
    struct item_tell *tell = &((struct draft *)form)->item.tell;
    TRY(number_take_quanta(json, &tell->loglik[0]));
    tell->loglik_count = 1;
    return STATUS_OK;
}

static enum status take_loglik(struct json *json, void *form) {
    struct item_tell *tell = &((struct draft *)form)->item.tell;
    TRY(number_take_many(json, 9, HYPOTHESES_MAX, tell->loglik, &tell->loglik_count));
    return tell->loglik_count >= HYPOTHESES_MIN ? STATUS_OK : STATUS_WRONG_HYPOTHESES;
}

static enum status take_probability(struct json *json, void *form) {
    struct item_tell *tell = &((struct draft *)form)->item.tell;
    TRY(number_take_odds(json, &tell->loglik[0]));
    tell->loglik_count = 1;
    return STATUS_OK;
}

static enum status take_content(struct json *json, void *form) {
    struct draft *draft = form;
    TRY(json_take_string(json, &draft->content));
    if (draft->content.bytes == 0) return STATUS_BAD_VALUE;
    return draft->content.bytes <= CONTENT_BYTES_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status take_content_base64(struct json *json, void *form) {
    struct draft *draft = form;
    struct slice text;
    size_t bytes;
    TRY(json_take_string(json, &text));
    enum status status = base64_decode(text, draft->scratch, CONTENT_BYTES_MAX, &bytes);
    if (status != STATUS_OK) return status == STATUS_NO_SPACE ? STATUS_TOO_LARGE : status;
    if (bytes == 0) return STATUS_BAD_VALUE;
    draft->content = slice_of(draft->scratch, bytes);
    return STATUS_OK;
}

static enum status take_observed_at(struct json *json, void *form) {
    return number_take_time(json, &((struct draft *)form)->item.tell.observed_us);
}

enum { QUESTION, OBSERVATION, LLR, LOGLIK, PROBABILITY, CONTENT, CONTENT_BASE64, OBSERVED_AT, TELL_FIELDS };

static const struct json_field tell_fields[TELL_FIELDS] = {
    [QUESTION] = {"question", take_question, true},
    [OBSERVATION] = {"observation", take_observation, true},
    [LLR] = {"llr", take_llr, false},
    [LOGLIK] = {"loglik", take_loglik, false},
    [PROBABILITY] = {"probability", take_probability, false},
    [CONTENT] = {"content", take_content, false},
    [CONTENT_BASE64] = {"content_base64", take_content_base64, false},
    [OBSERVED_AT] = {"observed_at", take_observed_at, false},
};

/* How many of the fields in `mask` are there. */
static unsigned count_of(uint32_t present, uint32_t mask) { return (unsigned)__builtin_popcount(present & mask); }

static enum status check_tell(struct draft *draft, uint32_t present, struct refusal *ret_refusal) {
    unsigned values = count_of(present, 1u << LLR | 1u << LOGLIK | 1u << PROBABILITY);
    if (values == 0) return refusal_say(ret_refusal, STATUS_MISSING, "one of llr, loglik and probability is needed");
    if (values > 1)
        return refusal_say(ret_refusal, STATUS_DUPLICATE, "only one of llr, loglik and probability may be there");
    if (count_of(present, 1u << CONTENT | 1u << CONTENT_BASE64) > 1)
        return refusal_say(ret_refusal, STATUS_DUPLICATE, "only one of content and content_base64 may be there");
    enum status status = item_valid(&draft->item);
    if (status == STATUS_OK) return STATUS_OK;
    return refusal_of(ret_refusal, status, status == STATUS_BAD_FORMAT ? "observation" : NULL);
}

enum status form_take_tell(struct json *json, struct draft *draft, struct refusal *ret_refusal) {
    struct item_tell *tell = &draft->item.tell;
    uint32_t present;
    draft->item.kind = ITEM_TELL;
    draft->content = slice_of(NULL, 0);
    tell->observed_us = 0;
    TRY(json_take_object(json, tell_fields, TELL_FIELDS, draft, &present, ret_refusal));
    tell->has_content = draft->content.bytes > 0;
    tell->content = (struct hash){{0}};
    TRY(check_tell(draft, present, ret_refusal));
    if (tell->has_content) sha256_of(draft->content, &tell->content);
    return STATUS_OK;
}

static enum status take_retract_question(struct json *json, void *form) {
    return take_id(json, &((struct draft *)form)->item.retract.question);
}

static enum status take_retract_observation(struct json *json, void *form) {
    return take_name(json, &((struct draft *)form)->item.retract.observation);
}

enum status form_take_retract(struct json *json, struct draft *draft, struct refusal *ret_refusal) {
    static const struct json_field fields[] = {
        {"question", take_retract_question, true},
        {"observation", take_retract_observation, true},
    };
    uint32_t present;
    draft->item.kind = ITEM_RETRACT;
    draft->content = slice_of(NULL, 0);
    TRY(json_take_object(json, fields, sizeof fields / sizeof fields[0], draft, &present, ret_refusal));
    enum status status = item_valid(&draft->item);
    return status == STATUS_OK ? STATUS_OK : refusal_of(ret_refusal, status, "observation");
}

static enum status take_close_question(struct json *json, void *form) {
    return take_id(json, &((struct draft *)form)->item.close.question);
}

enum status form_take_close(struct json *json, struct draft *draft, struct refusal *ret_refusal) {
    static const struct json_field fields[] = {{"question", take_close_question, true}};
    uint32_t present;
    draft->item.kind = ITEM_CLOSE;
    draft->content = slice_of(NULL, 0);
    return json_take_object(json, fields, sizeof fields / sizeof fields[0], draft, &present, ret_refusal);
}

/* Lists. */

struct form_list form_list_of(uint8_t *text, size_t bytes, form_take take, bool is_lines) {
    struct form_list list = {.json = json_of(text, bytes), .take = take, .is_lines = is_lines, .is_first = true};
    list.is_array = !is_lines && json_peek(&list.json) == '[';
    list.line = list.json.line;
    if (list.is_array) list.json.at++;
    return list;
}

/* The place of the next object; STATUS_NOT_FOUND behind the last one. */
static enum status find_next(struct form_list *list, struct refusal *ret_refusal) {
    bool more = true;
    if (list->is_array && json_next_element(&list->json, &list->is_first, &more) != STATUS_OK)
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "not JSON: a comma or a closing bracket was expected");
    if (list->is_array && !more) {
        list->is_array = false;
        if (json_end(&list->json) == STATUS_OK) return STATUS_NOT_FOUND;
        return refusal_of(ret_refusal, STATUS_TRAILING_BYTES, "after the array");
    }
    if (!list->is_array && json_end(&list->json) == STATUS_OK) return STATUS_NOT_FOUND;
    return STATUS_OK;
}

enum status form_list_next(struct form_list *list, struct draft *draft, struct refusal *ret_refusal) {
    list->index += list->last_line > 0;
    enum status found = find_next(list, ret_refusal);
    (void)json_peek(&list->json);
    list->line = list->json.line;
    TRY(found);
    if (list->is_lines && list->line == list->last_line)
        return refusal_say(ret_refusal, STATUS_TRAILING_BYTES, "each object stands on a line of its own");
    TRY(list->take(&list->json, draft, ret_refusal));
    list->last_line = list->json.line;
    if (list->is_lines && list->last_line != list->line)
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "not JSON Lines: the object goes on after its line");
    return STATUS_OK;
}
