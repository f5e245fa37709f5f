/* Items in words (cmd/describe.h). Texts of items are UTF-8 without control characters, which wire/ has seen to. */
#include "cmd/describe.h"

#include "base/check.h"

enum { QUANTUM_DIGITS = 9 };

void describe_quanta(int64_t quanta, char ret_text[QUANTA_TEXT_BYTES]) {
    uint64_t size = quanta < 0 ? 0 - (uint64_t)quanta : (uint64_t)quanta;
    uint64_t fraction = size % (uint64_t)QUANTA_PER_NAT;
    int digits = QUANTUM_DIGITS;
    const char *sign = quanta < 0 ? "-" : quanta > 0 ? "+" : "";
    for (; digits > 0 && fraction % 10 == 0; digits--) fraction /= 10;
    int bytes =
        snprintf(ret_text, QUANTA_TEXT_BYTES, "%s%llu", sign, (unsigned long long)(size / (uint64_t)QUANTA_PER_NAT));
    if (digits > 0) {
        (void)snprintf(ret_text + bytes, (size_t)(QUANTA_TEXT_BYTES - bytes), ".%0*llu", digits,
                       (unsigned long long)fraction);
    }
}

static void id_text(const struct question_id *id, char ret_text[2 * QUESTION_ID_BYTES + 1]) {
    bytes_to_hex(id->bytes, QUESTION_ID_BYTES, ret_text);
}

static void print_text(FILE *out, struct slice text) { (void)fwrite(text.data, 1, text.bytes, out); }

static void print_ask(FILE *out, const struct item_ask *ask, struct slice bytes) {
    struct question_id id;
    char hex[2 * QUESTION_ID_BYTES + 1];
    item_question_id(bytes, &id);
    id_text(&id, hex);
    (void)fprintf(out, "ask %s \"", hex);
    print_text(out, ask->title);
    (void)fprintf(out, "\" %s:", ask->mode == MODE_POOL ? "pool" : "panel");
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        (void)fputs(i > 0 ? " | " : " ", out);
        print_text(out, ask->hypotheses[i]);
    }
}

static void print_tell(FILE *out, const struct item_tell *tell) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    char number[QUANTA_TEXT_BYTES];
    id_text(&tell->question, hex);
    (void)fprintf(out, "tell %s ", hex);
    print_text(out, tell->observation);
    for (uint32_t i = 0; i < tell->loglik_count; i++) {
        describe_quanta(tell->loglik[i], number);
        (void)fprintf(out, "%s%s", i > 0 ? ", " : "  ", number);
    }
    if (tell->has_content) (void)fputs("  (with content)", out);
}

void describe_print_item(FILE *out, const struct item *item, struct slice bytes) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    if (item->kind == ITEM_ASK) print_ask(out, &item->ask, bytes);
    if (item->kind == ITEM_TELL) print_tell(out, &item->tell);
    if (item->kind == ITEM_RETRACT) {
        id_text(&item->retract.question, hex);
        (void)fprintf(out, "retract %s ", hex);
        print_text(out, item->retract.observation);
    }
    if (item->kind == ITEM_CLOSE) {
        id_text(&item->close.question, hex);
        (void)fprintf(out, "close %s", hex);
    }
    (void)fputc('\n', out);
}

static json_t *text_json(struct slice text) { return json_stringn((const char *)text.data, text.bytes); }

static json_t *ask_json(const struct item_ask *ask, struct slice bytes) {
    struct question_id id;
    char hex[2 * QUESTION_ID_BYTES + 1];
    json_t *hypotheses = json_array();
    item_question_id(bytes, &id);
    id_text(&id, hex);
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        CHECK(json_array_append_new(hypotheses, text_json(ask->hypotheses[i])) == 0);
    }
    return json_pack("{s:s, s:s, s:o, s:s, s:o}", "kind", "ask", "question", hex, "title", text_json(ask->title),
                     "mode", ask->mode == MODE_POOL ? "pool" : "panel", "hypotheses", hypotheses);
}

static json_t *tell_json(const struct item_tell *tell) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    json_t *quanta = json_array();
    json_t *content = json_null();
    id_text(&tell->question, hex);
    for (uint32_t i = 0; i < tell->loglik_count; i++) {
        CHECK(json_array_append_new(quanta, json_integer(tell->loglik[i])) == 0);
    }
    if (tell->has_content) {
        char hash[2 * HASH_BYTES + 1];
        bytes_to_hex(tell->content.bytes, HASH_BYTES, hash);
        content = json_string(hash);
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I}", "kind", "tell", "question", hex, "observation",
                     text_json(tell->observation), "quanta", quanta, "content", content, "observed_us",
                     (json_int_t)tell->observed_us);
}

json_t *describe_item(const struct item *item, struct slice bytes) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    json_t *json = NULL;
    if (item->kind == ITEM_ASK) json = ask_json(&item->ask, bytes);
    if (item->kind == ITEM_TELL) json = tell_json(&item->tell);
    if (item->kind == ITEM_RETRACT) {
        id_text(&item->retract.question, hex);
        json = json_pack("{s:s, s:s, s:o}", "kind", "retract", "question", hex, "observation",
                         text_json(item->retract.observation));
    }
    if (item->kind == ITEM_CLOSE) {
        id_text(&item->close.question, hex);
        json = json_pack("{s:s, s:s}", "kind", "close", "question", hex);
    }
    CHECK(json != NULL);
    return json;
}
