/* Items in words (cmd/describe.h). Texts of items are UTF-8 without control characters, which wire/ has seen to. */
#include "cmd/describe.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "standing/standing.h"

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

static void print_ask(FILE *out, uint32_t member, const struct item_ask *ask, struct slice bytes) {
    struct question_id id;
    char hex[2 * QUESTION_ID_BYTES + 1];
    item_question_id(member, bytes, &id);
    id_text(&id, hex);
    (void)fprintf(out, "ask %s \"", hex);
    print_text(out, ask->title);
    (void)fprintf(out, "\" %s:", ask->mode == MODE_POOL ? "pool" : "panel");
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        (void)fputs(i > 0 ? " | " : " ", out);
        print_text(out, ask->hypotheses[i]);
    }
    if (ask->family.bytes == 0) return;
    (void)fputs("  (of the family ", out);
    print_text(out, ask->family);
    (void)fputs(")", out);
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

static void print_reveal(FILE *out, const struct item *item) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    id_text(&item->reveal.question, hex);
    (void)fprintf(out, "reveal %s ", hex);
    if (item->reveal.hypothesis == OPENING_ORDINARY) {
        (void)fputs("an ordinary question", out);
    } else {
        (void)fprintf(out, "a canary, hypothesis %u is true", item->reveal.hypothesis + 1);
    }
}

static void print_answer(FILE *out, const struct item *item) {
    char hex[2 * HASH_BYTES + 1];
    bytes_to_hex(item->answer.digest.bytes, HASH_BYTES, hex);
    (void)fprintf(out, "answer to the challenge of height %llu  %.16s", (unsigned long long)item->answer.height, hex);
}

static void print_about(FILE *out, const char *verb, const struct question_id *question, struct slice what) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    id_text(question, hex);
    (void)fprintf(out, "%s %s%s", verb, hex, what.bytes > 0 ? " " : "");
    print_text(out, what);
}

static const char *change_name(enum change change) {
    switch (change) {
    case CHANGE_ADD: return "add";
    case CHANGE_REMOVE: return "remove";
    case CHANGE_KEY: return "replace-key";
    case CHANGE_THRESHOLD: return "threshold";
    }
    return "unknown";
}

static void print_reconfigure(FILE *out, const struct reconfigure *change) {
    (void)fprintf(out, "proposes to end epoch %llu: %s", (unsigned long long)change->epoch,
                  change_name(change->change));
    if (change->change == CHANGE_THRESHOLD) {
        (void)fprintf(out, " %u/%u", change->threshold.numerator, change->threshold.denominator);
        return;
    }
    (void)fprintf(out, " at place %u ", change->member);
    print_text(out, change->name);
}

void describe_print_item(FILE *out, uint32_t member, const struct item *item, struct slice bytes) {
    switch (item->kind) {
    case ITEM_ASK: print_ask(out, member, &item->ask, bytes); break;
    case ITEM_TELL: print_tell(out, &item->tell); break;
    case ITEM_RETRACT: print_about(out, "retract", &item->retract.question, item->retract.observation); break;
    case ITEM_CLOSE: print_about(out, "close", &item->close.question, slice_of("", 0)); break;
    case ITEM_ANSWER: print_answer(out, item); break;
    case ITEM_RECONFIGURE: print_reconfigure(out, &item->reconfigure); break;
    case ITEM_LEVEL: (void)fprintf(out, "stands at level %s", level_name(item->level)); break;
    case ITEM_REVEAL: print_reveal(out, item); break;
    case ITEM_CLOSE_FAMILY:
        (void)fputs("close family ", out);
        print_text(out, item->close_family.family);
        break;
    }
    (void)fputc('\n', out);
}

static json_t *text_json(struct slice text) { return json_stringn((const char *)text.data, text.bytes); }

static json_t *ask_json(uint32_t member, const struct item_ask *ask, struct slice bytes) {
    struct question_id id;
    char commitment[2 * HASH_BYTES + 1];
    char hex[2 * QUESTION_ID_BYTES + 1];
    json_t *hypotheses = json_array();
    item_question_id(member, bytes, &id);
    id_text(&id, hex);
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        CHECK(json_array_append_new(hypotheses, text_json(ask->hypotheses[i])) == 0);
    }
    bytes_to_hex(ask->commitment.bytes, HASH_BYTES, commitment);
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:o}", "kind", "ask", "question", hex, "title",
                     text_json(ask->title), "mode", ask->mode == MODE_POOL ? "pool" : "panel", "hypotheses",
                     hypotheses, "commitment", commitment, "family",
                     ask->family.bytes > 0 ? text_json(ask->family) : json_null());
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

static json_t *about_json(const char *kind, const struct question_id *question) {
    char hex[2 * QUESTION_ID_BYTES + 1];
    id_text(question, hex);
    return json_pack("{s:s, s:s}", "kind", kind, "question", hex);
}

static json_t *retract_json(const struct item *item) {
    json_t *json = about_json("retract", &item->retract.question);
    CHECK(json_object_set_new(json, "observation", text_json(item->retract.observation)) == 0);
    return json;
}

/* The salt is the proof: whoever has it and the ask can check the opening. */
static json_t *reveal_json(const struct item *item) {
    char salt[2 * COMMITMENT_SALT_BYTES + 1];
    bool is_canary = item->reveal.hypothesis != OPENING_ORDINARY;
    json_t *json = about_json("reveal", &item->reveal.question);
    bytes_to_hex(item->reveal.salt, COMMITMENT_SALT_BYTES, salt);
    CHECK(json_object_set_new(json, "salt", json_string(salt)) == 0);
    CHECK(json_object_set_new(json, "hypothesis", is_canary ? json_integer(item->reveal.hypothesis) : json_null()) ==
          0);
    return json;
}

static json_t *answer_json(const struct item *item) {
    char hex[2 * HASH_BYTES + 1];
    bytes_to_hex(item->answer.digest.bytes, HASH_BYTES, hex);
    return json_pack("{s:s, s:I, s:s}", "kind", "answer", "height", (json_int_t)item->answer.height, "digest", hex);
}

static json_t *reconfigure_json(const struct reconfigure *change) {
    char key[2 * KEY_BYTES + 1];
    bytes_to_hex(change->key, KEY_BYTES, key);
    bool has_key = change->change == CHANGE_ADD || change->change == CHANGE_KEY;
    json_t *json = json_pack("{s:s, s:I, s:s}", "kind", "reconfigure", "epoch", (json_int_t)change->epoch, "change",
                             change_name(change->change));
    if (change->change == CHANGE_THRESHOLD) {
        char threshold[32];
        (void)snprintf(threshold, sizeof threshold, "%u/%u", change->threshold.numerator,
                       change->threshold.denominator);
        CHECK(json_object_set_new(json, "threshold", json_string(threshold)) == 0);
        return json;
    }
    CHECK(json_object_set_new(json, "place", json_integer(change->member)) == 0);
    if (change->name.bytes > 0) CHECK(json_object_set_new(json, "name", text_json(change->name)) == 0);
    if (has_key) CHECK(json_object_set_new(json, "key", json_string(key)) == 0);
    return json;
}

static json_t *item_json(uint32_t member, const struct item *item, struct slice bytes) {
    switch (item->kind) {
    case ITEM_ASK: return ask_json(member, &item->ask, bytes);
    case ITEM_TELL: return tell_json(&item->tell);
    case ITEM_RETRACT: return retract_json(item);
    case ITEM_CLOSE: return about_json("close", &item->close.question);
    case ITEM_ANSWER: return answer_json(item);
    case ITEM_RECONFIGURE: return reconfigure_json(&item->reconfigure);
    case ITEM_LEVEL: return json_pack("{s:s, s:s}", "kind", "level", "level", level_name(item->level));
    case ITEM_REVEAL: return reveal_json(item);
    case ITEM_CLOSE_FAMILY:
        return json_pack("{s:s, s:o}", "kind", "close_family", "family", text_json(item->close_family.family));
    }
    return NULL;
}

json_t *describe_item(uint32_t member, const struct item *item, struct slice bytes) {
    json_t *json = item_json(member, item, bytes);
    CHECK(json != NULL);
    return json;
}

/* Records. */

/* "drift" for 1 and so on; what is written there was made by an honest quorum, and is shown as a number if not known. */
static const char *detector_text(uint32_t detector, char buffer[16]) {
    if (detector >= 1 && detector <= DETECTORS) return detector_name((enum detector)(detector - 1));
    (void)snprintf(buffer, 16, "%u", detector);
    return buffer;
}

static const char *name_of(const struct roster *roster, uint32_t member) {
    return roster_has(roster, member) ? roster->names[member] : "?";
}

static const char *status_of(const struct record_belief *belief) {
    static const char *const names[] = {"open", "decided", "undecided"};
    return names[belief->status];
}

static json_t *verdict_json(struct slice leaf) {
    struct record_belief belief;
    enum record_kind kind;
    if (record_belief_read(leaf, &kind, &belief) != STATUS_OK) return NULL;
    json_t *json = about_json("verdict", &belief.question);
    CHECK(json_object_set_new(json, "title", text_json(belief.title)) == 0);
    CHECK(json_object_set_new(json, "status", json_string(status_of(&belief))) == 0);
    CHECK(json_object_set_new(json, "top", text_json(belief.hypotheses[belief.top])) == 0);
    CHECK(json_object_set_new(json, "flip_margin", json_integer(belief.flip_margin)) == 0);
    return json;
}

static json_t *suspicion_json(struct slice leaf) {
    struct record_suspicion suspicion;
    char buffer[16];
    if (record_suspicion_read(leaf, &suspicion) != STATUS_OK) return NULL;
    return json_pack("{s:s, s:i, s:s, s:i, s:f}", "kind", "suspicion", "member", (int)suspicion.member, "detector",
                     detector_text(suspicion.detector, buffer), "family", (int)suspicion.family, "ratio",
                     (double)suspicion.ratio / STANDING_ONE);
}

static json_t *calibration_json(struct slice leaf) {
    struct record_calibration calibration;
    char root[2 * HASH_BYTES + 1];
    if (record_calibration_read(leaf, &calibration) != STATUS_OK) return NULL;
    bytes_to_hex(calibration.results.bytes, HASH_BYTES, root);
    return json_pack("{s:s, s:o, s:i, s:i, s:i, s:i, s:b, s:b, s:s}", "kind", "calibration", "family",
                     text_json(calibration.family), "labels", (int)calibration.labels, "questions",
                     (int)calibration.questions, "decided", (int)calibration.decided, "canaries",
                     (int)calibration.canaries, "leak", calibration.leak, "alarm", calibration.alarm, "results",
                     root);
}

/* The members that it names, each with its place. */
static json_t *epoch_json(struct slice leaf) {
    struct roster roster;
    char threshold[32];
    if (roster_read(leaf, &roster) != STATUS_OK) return NULL;
    json_t *members = json_array();
    for (uint32_t m = 0; m < roster.members; m++) {
        char key[2 * KEY_BYTES + 1];
        if (!roster_has(&roster, m)) continue;
        bytes_to_hex(roster.keys[m], KEY_BYTES, key);
        CHECK(json_array_append_new(
                  members, json_pack("{s:i, s:s, s:s}", "place", (int)m, "name", roster.names[m], "key", key)) == 0);
    }
    (void)snprintf(threshold, sizeof threshold, "%u/%u", roster.threshold.numerator, roster.threshold.denominator);
    return json_pack("{s:s, s:I, s:I, s:s, s:i, s:o}", "kind", "epoch", "epoch", (json_int_t)roster.epoch, "after",
                     (json_int_t)roster.height, "threshold", threshold, "places", (int)roster.members, "members",
                     members);
}

static bool print_epoch(FILE *out, const struct roster *roster, struct slice leaf) {
    struct roster next;
    bool is_first = true;
    (void)roster;
    if (roster_read(leaf, &next) != STATUS_OK) return false;
    (void)fprintf(out, "epoch %llu begins: %u members at %u places, threshold %u/%u:", (unsigned long long)next.epoch,
                  roster_heads(&next), next.members, next.threshold.numerator, next.threshold.denominator);
    for (uint32_t m = 0; m < next.members; m++) {
        if (!roster_has(&next, m)) continue;
        (void)fprintf(out, "%s %u %s", is_first ? "" : ",", m, next.names[m]);
        is_first = false;
    }
    (void)fputc('\n', out);
    return true;
}

static bool print_verdict(FILE *out, const struct roster *roster, struct slice leaf) {
    struct record_belief belief;
    enum record_kind kind;
    (void)roster;
    if (record_belief_read(leaf, &kind, &belief) != STATUS_OK) return false;
    print_about(out, "verdict", &belief.question, belief.title);
    (void)fprintf(out, "  %s: ", status_of(&belief));
    print_text(out, belief.hypotheses[belief.top]);
    (void)fprintf(out, ", flip margin %u\n", belief.flip_margin);
    return true;
}

static bool print_suspicion(FILE *out, const struct roster *roster, struct slice leaf) {
    struct record_suspicion suspicion;
    char buffer[16];
    if (record_suspicion_read(leaf, &suspicion) != STATUS_OK) return false;
    (void)fprintf(out, "suspicion of %s: %s at %.0f %% of its threshold\n", name_of(roster, suspicion.member),
                  detector_text(suspicion.detector, buffer), 100.0 * suspicion.ratio / STANDING_ONE);
    return true;
}

static bool print_calibration(FILE *out, const struct roster *roster, struct slice leaf) {
    struct record_calibration calibration;
    char root[2 * HASH_BYTES + 1];
    (void)roster;
    if (record_calibration_read(leaf, &calibration) != STATUS_OK) return false;
    bytes_to_hex(calibration.results.bytes, HASH_BYTES, root);
    (void)fputs("calibration of the family ", out);
    print_text(out, calibration.family);
    (void)fprintf(out, ": %u of %u questions decided, %u canaries, results %.16s\n", calibration.decided,
                  calibration.questions, calibration.canaries, root);
    return true;
}

/* The kinds that are of interest beside the batches of a height, and that are in no batch. */
static const struct {
    enum record_kind kind;
    bool (*print)(FILE *out, const struct roster *roster, struct slice leaf);
    json_t *(*json)(struct slice leaf);
} records[] = {
    {RECORD_VERDICT, print_verdict, verdict_json},
    {RECORD_SUSPICION, print_suspicion, suspicion_json},
    {RECORD_CALIBRATION, print_calibration, calibration_json},
    {RECORD_EPOCH, print_epoch, epoch_json},
};
enum { RECORDS = sizeof records / sizeof records[0] };

/* The row of a leaf, or RECORDS: headers are tagged, and all records begin with an array and a number. */
static size_t row_of(struct slice leaf) {
    struct reader reader = reader_of(leaf);
    uint64_t count;
    uint64_t kind;
    size_t row = 0;
    if (cbor_take_array(&reader, &count) != STATUS_OK || cbor_take_uint(&reader, &kind) != STATUS_OK) return RECORDS;
    while (row < RECORDS && (uint64_t)records[row].kind != kind) row++;
    return row;
}

bool describe_print_record(FILE *out, const char *indent, const struct roster *roster, struct slice leaf) {
    size_t row = row_of(leaf);
    if (row == RECORDS) return false;
    (void)fputs(indent, out);
    if (!records[row].print(out, roster, leaf)) (void)fputs("a record that cannot be read\n", out);
    return true;
}

json_t *describe_record(struct slice leaf) {
    size_t row = row_of(leaf);
    return row < RECORDS ? records[row].json(leaf) : NULL;
}
