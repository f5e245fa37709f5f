/* JSON of families: what their questions came to, and what was learnt about the members (docs/belief.md,
 * "Calibration"). */
#include <inttypes.h>

#include "base/check.h"
#include "http/render.h"

enum { ONE_Q12 = 4096 };

static const char *name_of_bool(bool value) { return value ? "true" : "false"; }

static void put_q12(struct text *text, int64_t value) { text_put_double(text, (double)value / ONE_Q12); }

/* What the record says while the family is open is nothing: then its height is 0. */
static void read_record(const struct machine_family *family, struct record_calibration *ret_record) {
    *ret_record = (struct record_calibration){.height = 0};
    if (family->record.bytes > 0) CHECK(record_calibration_read(family->record, ret_record) == STATUS_OK);
}

static const char *finality_of(const struct record_calibration *record, uint64_t certified_height) {
    if (record->height == 0) return "committed";
    return record->height <= certified_height ? "final" : "provisional";
}

/* Everything but the members and the questions; the object stays open. */
static void put_head(struct text *text, const struct machine *machine, const struct machine_family *family,
                     const struct record_calibration *record, uint64_t certified_height) {
    bool is_closed = family->record.bytes > 0;
    text_put_text(text, "{\"family\": ");
    text_put_string(text, family->name);
    text_format(text, ", \"owner\": %" PRIu32 ", \"owner_name\": ", family->owner);
    render_name(text, render_roster(machine), family->owner);
    text_format(text, ", \"labels\": %" PRIu32 ", \"total\": %" PRIu32 ", \"status\": \"%s\", \"finality\": \"%s\"",
                family->hypotheses, family->questions, is_closed ? "closed" : "open",
                finality_of(record, certified_height));
    if (!is_closed) return;
    text_format(text, ", \"answers\": %" PRIu64 ", \"decided\": %" PRIu32 ", \"canaries\": %" PRIu32, record->answers,
                record->decided, record->canaries);
    text_format(text, ", \"leak\": %s, \"alarm\": %s, \"margin\": ", name_of_bool(record->leak),
                name_of_bool(record->alarm));
    if (record->rivalled) {
        put_q12(text, record->margin);
    } else {
        text_put_text(text, "null");
    }
    text_format(text, ", \"height\": %" PRIu64 ", \"leaf\": %" PRIu64 ", \"results\": ", record->height,
                family->leaf);
    text_put_hex(text, record->results.bytes, HASH_BYTES);
}

static void put_page_end(struct text *text, uint64_t at, uint64_t count) {
    text_put_text(text, ", \"next\": ");
    render_next(text, &(struct cursor){.major = at}, at < count);
    text_put_text(text, "}\n");
}

void render_families(struct text *text, const struct machine *machine, uint64_t from, uint64_t limit,
                     uint64_t certified_height) {
    uint64_t count = machine_families_count(machine);
    uint64_t at = from;
    text_put_text(text, "{\"families\": [");
    for (; at < count && at - from < limit; at++) {
        struct machine_family family;
        struct record_calibration record;
        CHECK(machine_family_at(machine, (uint32_t)at, &family) == STATUS_OK);
        read_record(&family, &record);
        if (at > from) text_put_text(text, ", ");
        put_head(text, machine, &family, &record, certified_height);
        text_put_text(text, "}");
    }
    text_format(text, "], \"total\": %" PRIu64, count);
    put_page_end(text, at, count);
}

static void put_skills(struct text *text, const struct machine *machine, const struct record_calibration *record) {
    text_put_text(text, ", \"members\": [");
    const struct roster *roster = render_roster(machine);
    bool is_first = true;
    for (uint32_t m = 0; m < record->members; m++) {
        const struct record_skill *skill = &record->skills[m];
        /* Who has left since is still learnt about; where nobody ever was there is nothing. */
        if (!roster_has(roster, m) && skill->reports == 0) continue;
        text_format(text, "%s{\"member\": %" PRIu32 ", \"name\": ", is_first ? "" : ", ", m);
        is_first = false;
        render_name(text, roster, m);
        text_format(text, ", \"reports\": %" PRIu32 ", \"skill\": ", skill->reports);
        put_q12(text, skill->skill);
        text_format(text, ", \"group\": %" PRIu32 ", \"discounted\": %s}", skill->group,
                    name_of_bool(skill->discounted));
    }
    text_put_text(text, "]");
}

static void put_posterior(struct text *text, const struct record_calibrated *result) {
    text_put_text(text, ", \"posterior\": [");
    for (uint32_t j = 0; j < result->labels; j++) {
        if (j > 0) text_put_text(text, ", ");
        put_q12(text, result->posterior[j]);
    }
    text_put_text(text, "]");
}

static void put_result(struct text *text, const struct record_belief *belief,
                       const struct record_calibrated *result) {
    if (result == NULL) {
        text_put_text(text, ", \"label\": null, \"decided\": null, \"posterior\": null");
        return;
    }
    CHECK(result->label < belief->hypotheses_count);
    text_put_text(text, ", \"label\": ");
    text_put_string(text, belief->hypotheses[result->label]);
    text_format(text, ", \"decided\": %s", name_of_bool(result->decided));
    put_posterior(text, result);
}

static void put_question(struct text *text, const struct machine *machine, uint32_t question,
                         const struct record_calibrated *result) {
    struct record_belief belief;
    CHECK(machine_belief_at(machine, question, &belief) == STATUS_OK);
    text_put_text(text, "{\"question\": ");
    text_put_hex(text, belief.question.bytes, QUESTION_ID_BYTES);
    text_put_text(text, ", \"title\": ");
    text_put_string(text, belief.title);
    render_outcome(text, &belief);
    render_opening(text, &belief);
    put_result(text, &belief, result);
    text_put_text(text, "}");
}

void render_family(struct text *text, const struct machine *machine, uint32_t index, uint64_t from, uint64_t limit,
                   uint64_t certified_height) {
    struct machine_family family;
    struct record_calibration record;
    struct record_calibrated result;
    uint32_t question = UINT32_MAX;
    uint32_t place = 0;
    CHECK(machine_family_at(machine, index, &family) == STATUS_OK);
    read_record(&family, &record);
    put_head(text, machine, &family, &record, certified_height);
    if (family.record.bytes > 0) put_skills(text, machine, &record);
    text_put_text(text, ", \"questions\": [");
    while ((place < from || place - from < limit) && machine_family_next(machine, index, place, &question, &result)) {
        if (place > from) text_put_text(text, ", ");
        if (place >= from) put_question(text, machine, question, family.record.bytes > 0 ? &result : NULL);
        place++;
    }
    text_put_text(text, "]");
    put_page_end(text, place, family.questions);
}
