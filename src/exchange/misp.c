/* Sightings of MISP (the JSON of its API and its exports). They come in several wrappings: an answer with a list under
 * "response", a bare list, events with attributes that carry theirs. So the document is walked once, one frame for each
 * open object, and every object under a key "Sighting", or with a date_sighting, is a sighting. What it is about, and
 * which organisation says so, stands in it, in objects within it, or in the attribute around it, before or after it.
 *
 * Where this deviates: a sighting without an id of its own gets one from what it says, so two that say the same count
 * as one. */
#include "exchange/exchange.h"
#include "exchange/value.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "exchange/moment.h"

enum field { ID, UUID, TYPE, DATE_SIGHTING, ATTRIBUTE_UUID, ATTRIBUTE_ID, ORG_ID, VALUE, FIELDS };

static const char *const names[FIELDS] = {"id",           "uuid",   "type", "date_sighting", "attribute_uuid",
                                          "attribute_id", "org_id", "value"};

enum { TEXT_BYTES_MAX = 100, DERIVED_BYTES = 16, NO_FIELD = FIELDS };

enum role { ROLE_OTHER, ROLE_SIGHTING, ROLE_ATTRIBUTE, ROLE_ORGANISATION };

/* One open object, by its depth. */
struct frame {
    enum role role;
    uint64_t line;
    unsigned field;        /* whose value comes next; NO_FIELD: none of ours */
    uint32_t reports_from; /* of an attribute: how many reports there were before it */
    struct value fields[FIELDS];
    struct value organisation; /* uuid of an Organisation within */
    struct value attribute;    /* uuid of an Attribute within */
    struct value content;      /* its value */
};

struct misp {
    struct tokens *tokens;
    struct reports *reports;
    struct frame frames[TOKENS_DEPTH_MAX];
};

static struct frame *frame_at(struct misp *misp, uint32_t depth) {
    CHECK(depth < TOKENS_DEPTH_MAX);
    return &misp->frames[depth];
}

/* The key under which the value stands that is open at `depth`, also as an element of a list there. */
static bool stands_under(const struct misp *misp, uint32_t depth, const char *key) {
    const struct tokens *tokens = misp->tokens;
    if (depth > 0 && !tokens->levels[depth - 1].is_object) depth--;
    if (depth == 0 || !tokens->levels[depth - 1].is_object) return false;
    const struct tokens_level *level = &tokens->levels[depth - 1];
    return slice_equal(slice_of(level->key, level->key_bytes), slice_of_text(key));
}

static enum role role_of(const struct misp *misp, uint32_t depth) {
    static const struct {
        const char *key;
        enum role role;
    } roles[] = {{"Sighting", ROLE_SIGHTING}, {"Attribute", ROLE_ATTRIBUTE}, {"Organisation", ROLE_ORGANISATION}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (stands_under(misp, depth, roles[i].key)) return roles[i].role;
    }
    return ROLE_OTHER;
}

/* Sightings. */

static bool is_said(const struct value *value) {
    return (value->kind == VALUE_TEXT || value->kind == VALUE_NUMBER) && value->bytes > 0;
}

static enum status keep(struct misp *misp, struct slice text, struct report_text *ret_text) {
    enum status status = reports_keep(misp->reports, text, ret_text);
    if (status == STATUS_OK) return STATUS_OK;
    return tokens_blame(misp->tokens, status, "the texts of all reports take more than 32 MiB; split the file");
}

/* Keeps a field's text with something before it; a number is a name here, too. */
static enum status keep_field(struct misp *misp, const char *name, const char *before, const struct value *value,
                              struct report_text *ret_text) {
    char text[TEXT_BYTES_MAX + 16];
    struct value judged = *value;
    judged.kind = VALUE_TEXT;
    TRY(value_as_text(misp->tokens, name, &judged, TEXT_BYTES_MAX));
    int bytes = snprintf(text, sizeof text, "%s%.*s", before, (int)value->bytes, value->text);
    return keep(misp, slice_of(text, (size_t)bytes), ret_text);
}

static enum status take_kind(struct misp *misp, const struct value *type, enum report_kind *ret_kind) {
    static const enum report_kind kinds[] = {REPORT_SEEN, REPORT_FALSE_POSITIVE, REPORT_EXPIRED};
    if (!value_is_there(type)) return value_missing(misp->tokens, "type");
    if (type->kind != VALUE_TEXT && type->kind != VALUE_NUMBER)
        return value_blame(misp->tokens, "type", type, STATUS_BAD_TYPE, "a number was expected");
    if (type->bytes != 1 || type->text[0] < '0' || type->text[0] > '2')
        return value_blame(misp->tokens, "type", type, STATUS_BAD_VALUE,
                           "unknown type of sighting: it is 0 (seen), 1 (false positive) or 2 (expiration)");
    *ret_kind = kinds[type->text[0] - '0'];
    return STATUS_OK;
}

static enum status take_date(struct misp *misp, const struct value *date, uint64_t *ret_us) {
    if (!value_is_there(date)) return value_missing(misp->tokens, "date_sighting");
    if (date->kind != VALUE_TEXT && date->kind != VALUE_NUMBER)
        return value_blame(misp->tokens, "date_sighting", date, STATUS_BAD_TYPE, "a number was expected");
    if (!date->is_cut && moment_from_epoch(value_text(date), ret_us) == STATUS_OK) return STATUS_OK;
    return value_blame(misp->tokens, "date_sighting", date, STATUS_BAD_VALUE,
                       "whole seconds since 1970 were expected, up to the year 9999");
}

static enum status take_source(struct misp *misp, const struct frame *frame, struct report_text *ret_source) {
    if (is_said(&frame->organisation))
        return keep_field(misp, "Organisation.uuid", "", &frame->organisation, ret_source);
    if (is_said(&frame->fields[ORG_ID]))
        return keep_field(misp, "org_id", "org-", &frame->fields[ORG_ID], ret_source);
    return keep(misp, slice_of_text("unknown"), ret_source);
}

static enum status take_id(struct misp *misp, const struct frame *frame, struct report_text *ret_id) {
    if (is_said(&frame->fields[UUID])) return keep_field(misp, "uuid", "", &frame->fields[UUID], ret_id);
    if (is_said(&frame->fields[ID])) return keep_field(misp, "id", "misp-", &frame->fields[ID], ret_id);
    return STATUS_OK;
}

/* A value that can't be shown is no use as a name; the uuid alone is. */
static enum status add_subject(struct misp *misp, struct report_text subject, const struct value *content) {
    struct report_text name = {0};
    if (is_said(content)) TRY(keep(misp, value_text(content), &name));
    enum status status = reports_add_subject(misp->reports, subject, name);
    if (status == STATUS_OK) return STATUS_OK;
    return tokens_blame(misp->tokens, status, "more than %d subjects in one file; split it", REPORTS_MAX);
}

/* What it is about, from what stands in the sighting itself; left empty when that says nothing. */
static enum status take_subject(struct misp *misp, const struct frame *frame, struct report_text *ret_subject) {
    const struct value *value = is_said(&frame->fields[VALUE]) ? &frame->fields[VALUE] : &frame->content;
    struct report_text subject = {0};
    if (is_said(&frame->fields[ATTRIBUTE_UUID])) {
        TRY(keep_field(misp, "attribute_uuid", "", &frame->fields[ATTRIBUTE_UUID], &subject));
    } else if (is_said(&frame->attribute)) {
        TRY(keep_field(misp, "Attribute.uuid", "", &frame->attribute, &subject));
    } else if (is_said(&frame->fields[ATTRIBUTE_ID])) {
        TRY(keep_field(misp, "attribute_id", "attribute-", &frame->fields[ATTRIBUTE_ID], &subject));
    } else {
        return STATUS_OK;
    }
    *ret_subject = subject;
    return add_subject(misp, subject, value);
}

/* An id for a report that has none: 16 bytes of the SHA-256 over what it says. */
static enum status derive_id(struct misp *misp, struct report *report) {
    char hex[2 * DERIVED_BYTES + 1];
    struct sha256 sha256;
    struct hash hash;
    uint64_t facts[] = {(uint64_t)report->kind, report->at_us, report->subject.bytes, report->source.bytes};
    uint8_t bytes[sizeof facts];
    struct writer writer = writer_of(bytes, sizeof bytes);
    if (report->id.bytes > 0) return STATUS_OK;
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) writer_put_u64(&writer, facts[i]);
    sha256_begin(&sha256);
    sha256_add(&sha256, bytes, sizeof bytes);
    sha256_add(&sha256, reports_text(misp->reports, report->subject).data, report->subject.bytes);
    sha256_add(&sha256, reports_text(misp->reports, report->source).data, report->source.bytes);
    sha256_end(&sha256, &hash);
    bytes_to_hex(hash.bytes, DERIVED_BYTES, hex);
    return keep(misp, slice_of(hex, sizeof hex - 1), &report->id);
}

static bool is_in_attribute(const struct misp *misp) {
    for (uint32_t i = 0; i < misp->tokens->depth; i++) {
        if (misp->tokens->levels[i].is_object && misp->frames[i].role == ROLE_ATTRIBUTE) return true;
    }
    return false;
}

static enum status judge_sighting(struct misp *misp, const struct frame *frame) {
    struct report report = {.count = 1, .confidence = CONFIDENCE_FULL, .line = frame->line};
    TRY(take_kind(misp, &frame->fields[TYPE], &report.kind));
    TRY(take_date(misp, &frame->fields[DATE_SIGHTING], &report.at_us));
    TRY(take_source(misp, frame, &report.source));
    TRY(take_id(misp, frame, &report.id));
    TRY(take_subject(misp, frame, &report.subject));
    if (report.subject.bytes > 0) {
        TRY(derive_id(misp, &report));
    } else if (!is_in_attribute(misp)) {
        return tokens_blame(misp->tokens, STATUS_MISSING, "nothing says what was sighted: attribute_uuid is missing");
    }
    enum status status = reports_add(misp->reports, &report);
    if (status == STATUS_OK) return STATUS_OK;
    return tokens_blame(misp->tokens, status, "more than %d reports in one file; split it", REPORTS_MAX);
}

/* Gives the sightings within an attribute their subject. */
static enum status judge_attribute(struct misp *misp, const struct frame *frame) {
    struct reports *reports = misp->reports;
    struct report_text subject = {0};
    for (uint32_t i = frame->reports_from; i < reports->count; i++) {
        struct report *report = &reports->list[i];
        if (report->subject.bytes > 0) continue;
        if (subject.bytes == 0) {
            if (!is_said(&frame->fields[UUID]))
                return tokens_blame(misp->tokens, STATUS_MISSING, "an attribute with sightings, but without a uuid");
            TRY(keep_field(misp, "uuid", "", &frame->fields[UUID], &subject));
            TRY(add_subject(misp, subject, &frame->fields[VALUE]));
        }
        report->subject = subject;
        TRY(derive_id(misp, report));
    }
    return STATUS_OK;
}

/* The walk. */

static void open_object(struct misp *misp) {
    uint32_t depth = misp->tokens->depth - 1;
    struct frame *frame = frame_at(misp, depth);
    frame->role = role_of(misp, depth);
    frame->line = misp->tokens->line;
    frame->field = NO_FIELD;
    frame->reports_from = misp->reports->count;
    for (unsigned i = 0; i < FIELDS; i++) frame->fields[i].kind = VALUE_ABSENT;
    frame->organisation.kind = frame->attribute.kind = frame->content.kind = VALUE_ABSENT;
}

static enum status close_object(struct misp *misp) {
    uint32_t depth = misp->tokens->depth;
    const struct frame *frame = frame_at(misp, depth);
    struct frame *around = depth > 0 && misp->tokens->levels[depth - 1].is_object ? frame_at(misp, depth - 1) : NULL;
    if (around != NULL && frame->role == ROLE_ORGANISATION) around->organisation = frame->fields[UUID];
    if (around != NULL && frame->role == ROLE_ATTRIBUTE) {
        around->attribute = frame->fields[UUID];
        around->content = frame->fields[VALUE];
    }
    if (frame->role == ROLE_ATTRIBUTE) return judge_attribute(misp, frame);
    bool is_sighting = frame->role == ROLE_SIGHTING || value_is_there(&frame->fields[DATE_SIGHTING]);
    return is_sighting ? judge_sighting(misp, frame) : STATUS_OK;
}

static void take_key(struct misp *misp) {
    struct frame *frame = frame_at(misp, misp->tokens->depth - 1);
    unsigned field = 0;
    while (field < FIELDS && !tokens_text_is(misp->tokens, names[field])) field++;
    frame->field = field;
}

/* A value that is neither an object nor a list. */
static enum status take_scalar(struct misp *misp, enum token token) {
    struct tokens *tokens = misp->tokens;
    if (stands_under(misp, tokens->depth, "Sighting"))
        return tokens_blame(tokens, STATUS_BAD_TYPE, "a sighting, or a list of them, was expected");
    if (tokens->depth == 0) return tokens_blame(tokens, STATUS_BAD_TYPE, "an object or a list was expected");
    if (!tokens->levels[tokens->depth - 1].is_object) return STATUS_OK;
    struct frame *frame = frame_at(misp, tokens->depth - 1);
    return frame->field == NO_FIELD ? STATUS_OK : value_take(tokens, token, &frame->fields[frame->field]);
}

/* An object or a list in the place of one of the fields. */
static void mark_field(struct misp *misp, enum token token) {
    uint32_t depth = misp->tokens->depth - 1;
    if (depth == 0 || !misp->tokens->levels[depth - 1].is_object) return;
    struct frame *frame = frame_at(misp, depth - 1);
    if (frame->field == NO_FIELD) return;
    struct value *value = &frame->fields[frame->field];
    value->kind = token == TOKEN_OBJECT ? VALUE_OBJECT : VALUE_LIST;
    value->line = misp->tokens->line;
}

static enum status walk(struct misp *misp) {
    enum token token;
    for (;;) {
        TRY(tokens_next(misp->tokens, &token));
        switch (token) {
        case TOKEN_END: return STATUS_OK;
        case TOKEN_OBJECT:
            mark_field(misp, token);
            open_object(misp);
            break;
        case TOKEN_ARRAY: mark_field(misp, token); break;
        case TOKEN_OBJECT_END: TRY(close_object(misp)); break;
        case TOKEN_ARRAY_END: break;
        case TOKEN_KEY: take_key(misp); break;
        default: TRY(take_scalar(misp, token)); break;
        }
    }
}

enum status exchange_read_misp(struct tokens *tokens, struct reports *reports) {
    uint64_t line = 0;
    struct misp *misp = calloc(1, sizeof *misp);
    CHECK(misp != NULL);
    misp->tokens = tokens;
    misp->reports = reports;
    enum status status = walk(misp);
    free(misp);
    TRY(status);
    tokens->line = 0;
    if (reports->count == 0) return tokens_blame(tokens, STATUS_NOT_FOUND, "the file holds no sightings");
    status = reports_order(reports, &line);
    if (status == STATUS_OK) return STATUS_OK;
    tokens->line = line;
    return tokens_blame(tokens, status, "this sighting was there before, and said something else");
}
