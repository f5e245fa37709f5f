/* STIX bundles (OASIS STIX 2.1; section numbers are of that standard). One object at a time is kept, and of it only the
 * fields below; which of them matter is settled when the object is over, because "type" may come last.
 *
 * Where this deviates: identifiers are taken with any UUID after the dashes, and a bundle of version 2.0 is read too,
 * because its sightings mean the same. */
#include "exchange/exchange.h"
#include "exchange/value.h"

#include <stdio.h>

#include "base/num.h"

enum { REFS_MAX = 64, ID_BYTES_MAX = 120 };

enum field {
    TYPE,
    ID,
    SPEC_VERSION,
    MODIFIED,
    CREATED,
    CREATED_BY_REF,
    CONFIDENCE,
    REVOKED,
    COUNT,
    FIRST_SEEN,
    LAST_SEEN,
    SIGHTING_OF_REF,
    OPINION,
    NAME,
    PATTERN,
    FIELDS,
};

static const char *const names[FIELDS] = {
    "type",  "id",         "spec_version", "modified",        "created", "created_by_ref", "confidence", "revoked",
    "count", "first_seen", "last_seen",    "sighting_of_ref", "opinion", "name",           "pattern",
};

/* A list of references; only texts can be in one. */
struct refs {
    enum value_kind kind;
    uint64_t line;
    uint32_t count;
    struct value list[REFS_MAX];
};

struct stix {
    struct tokens *tokens;
    struct reports *reports;
    struct value fields[FIELDS];
    struct refs where;    /* where_sighted_refs */
    struct refs objects;  /* object_refs */
    const char *bad_list; /* one with too many or something else than texts; judged when the type is known */
};

/* Reading one object. */

static enum status take_refs(struct stix *stix, enum token token, const char *name, struct refs *refs) {
    struct tokens *tokens = stix->tokens;
    refs->line = tokens->line;
    refs->kind = token == TOKEN_ARRAY ? VALUE_LIST : VALUE_TEXT;
    if (token != TOKEN_ARRAY) return tokens_skip(tokens, token);
    for (;;) {
        struct value other;
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_ARRAY_END) return STATUS_OK;
        bool fits = refs->count < REFS_MAX && token == TOKEN_TEXT;
        if (!fits) stix->bad_list = name;
        TRY(value_take(tokens, token, fits ? &refs->list[refs->count++] : &other));
    }
}

static enum status take_field(struct stix *stix) {
    struct tokens *tokens = stix->tokens;
    enum token token;
    unsigned field = 0;
    struct refs *refs = tokens_text_is(tokens, "where_sighted_refs") ? &stix->where
                        : tokens_text_is(tokens, "object_refs")      ? &stix->objects
                                                                     : NULL;
    while (field < FIELDS && !tokens_text_is(tokens, names[field])) field++;
    TRY(tokens_next(tokens, &token));
    if (refs != NULL)
        return take_refs(stix, token, refs == &stix->where ? "where_sighted_refs" : "object_refs", refs);
    if (field < FIELDS) return value_take(tokens, token, &stix->fields[field]);
    return tokens_skip(tokens, token);
}

static enum status take_fields(struct stix *stix) {
    enum token token;
    for (unsigned i = 0; i < FIELDS; i++) stix->fields[i].kind = VALUE_ABSENT;
    stix->where.kind = stix->objects.kind = VALUE_ABSENT;
    stix->where.count = stix->objects.count = 0;
    stix->bad_list = NULL;
    for (;;) {
        TRY(tokens_next(stix->tokens, &token));
        if (token == TOKEN_OBJECT_END) return STATUS_OK;
        TRY(take_field(stix));
    }
}

/* Judging it. */

static const struct value *field_of(const struct stix *stix, enum field field) { return &stix->fields[field]; }

static bool has_type(const struct stix *stix, const char *type) {
    const struct value *value = field_of(stix, TYPE);
    return !value->is_cut && slice_equal(value_text(value), slice_of_text(type));
}

/* An identifier (2.9): a type, two dashes, a UUID. */
static enum status check_id(struct stix *stix, const char *name, const struct value *value) {
    TRY(value_as_text(stix->tokens, name, value, ID_BYTES_MAX));
    const char *dashes = memmem(value->text, value->bytes, "--", 2);
    if (dashes != NULL && dashes != value->text && value->text + value->bytes - (dashes + 2) == 36) return STATUS_OK;
    return value_blame(stix->tokens, name, value, STATUS_BAD_FORMAT,
                       "an identifier such as indicator--9299f726-ce06-492e-8472-2b52ccb53191 was expected");
}

static enum status check_list(struct stix *stix, const char *name, const struct refs *refs) {
    char place[64];
    if (refs->kind == VALUE_ABSENT) return STATUS_OK;
    struct value list = {.kind = refs->kind, .line = refs->line};
    if (refs->kind != VALUE_LIST)
        return value_blame(stix->tokens, name, &list, STATUS_BAD_TYPE, "a list of identifiers was expected");
    if (stix->bad_list == name || refs->count == 0)
        return value_blame(stix->tokens, name, &list, STATUS_BAD_TYPE,
                           "a list of 1 to %d identifiers, all of them texts, was expected", REFS_MAX);
    for (uint32_t i = 0; i < refs->count; i++) {
        (void)snprintf(place, sizeof place, "%s[%u]", name, (unsigned)i);
        TRY(check_id(stix, place, &refs->list[i]));
    }
    return STATUS_OK;
}

/* What sightings, opinions and indicators have in common (3.2). */
static enum status take_common(struct stix *stix, struct report *report, bool *ret_revoked) {
    struct tokens *tokens = stix->tokens;
    uint64_t confidence = CONFIDENCE_FULL;
    const struct value *version = field_of(stix, SPEC_VERSION);
    *report = (struct report){.count = 1, .line = field_of(stix, TYPE)->line};
    *ret_revoked = false;
    if (!value_is_there(field_of(stix, ID))) return value_missing(tokens, "id");
    TRY(check_id(stix, "id", field_of(stix, ID)));
    if (value_is_there(version)) {
        TRY(value_as_text(tokens, "spec_version", version, ID_BYTES_MAX));
        if (version->bytes != 3 || memcmp(version->text, "2.", 2) != 0)
            return value_blame(tokens, "spec_version", version, STATUS_VERSION, "this reads versions 2.0 and 2.1");
    }
    TRY(value_as_whole(tokens, "confidence", field_of(stix, CONFIDENCE), CONFIDENCE_FULL, &confidence));
    TRY(value_as_bool(tokens, "revoked", field_of(stix, REVOKED), ret_revoked));
    TRY(value_as_moment(tokens, "created", field_of(stix, CREATED), &report->at_us));
    report->version_us = report->at_us;
    TRY(value_as_moment(tokens, "modified", field_of(stix, MODIFIED), &report->version_us));
    if (value_is_there(field_of(stix, CREATED_BY_REF)))
        TRY(check_id(stix, "created_by_ref", field_of(stix, CREATED_BY_REF)));
    report->confidence = (uint32_t)confidence;
    return STATUS_OK;
}

static enum status keep(struct stix *stix, struct slice text, struct report_text *ret_text) {
    enum status status = reports_keep(stix->reports, text, ret_text);
    if (status == STATUS_OK) return STATUS_OK;
    return tokens_blame(stix->tokens, status, "the texts of all reports take more than 32 MiB; split the file");
}

static enum status add(struct stix *stix, struct report *report, struct slice subject, struct slice source,
                       uint32_t index) {
    char id[ID_BYTES_MAX + 16];
    const struct value *own = field_of(stix, ID);
    int bytes =
        snprintf(id, sizeof id, index > 0 ? "%.*s#%u" : "%.*s", (int)own->bytes, own->text, (unsigned)index + 1);
    TRY(keep(stix, slice_of(id, (size_t)bytes), &report->id));
    TRY(keep(stix, subject, &report->subject));
    TRY(keep(stix, source, &report->source));
    enum status status = reports_add(stix->reports, report);
    if (status == STATUS_OK) return STATUS_OK;
    return tokens_blame(stix->tokens, status, "more than %d reports in one file; split it", REPORTS_MAX);
}

static struct slice creator_of(const struct stix *stix) {
    const struct value *creator = field_of(stix, CREATED_BY_REF);
    return value_is_there(creator) ? value_text(creator) : slice_of_text("unknown");
}

/* An indicator (4.7) is a claim of its creator. */
static enum status judge_indicator(struct stix *stix) {
    struct report report;
    struct report_text name = {0};
    bool is_revoked;
    TRY(take_common(stix, &report, &is_revoked));
    const struct value *pattern = field_of(stix, PATTERN);
    const struct value *label = value_is_there(pattern) ? pattern : field_of(stix, NAME);
    if (!value_is_there(pattern)) return value_missing(stix->tokens, "pattern");
    if (pattern->kind != VALUE_TEXT || pattern->bytes == 0)
        return value_blame(stix->tokens, "pattern", pattern, STATUS_BAD_TYPE, "a text was expected");
    if (label->is_cut && field_of(stix, NAME)->kind == VALUE_TEXT) label = field_of(stix, NAME);
    report.kind = is_revoked ? REPORT_REVOKED : REPORT_PUBLISHED;
    TRY(keep(stix, value_text(label), &name));
    TRY(add(stix, &report, value_text(field_of(stix, ID)), creator_of(stix), 0));
    const struct report *added = &stix->reports->list[stix->reports->count - 1];
    return reports_add_subject(stix->reports, added->subject, name) == STATUS_OK
               ? STATUS_OK
               : tokens_blame(stix->tokens, STATUS_TOO_MANY, "more than %d indicators", REPORTS_MAX);
}

/* Who saw it: the one place of the sighting; with several or none, whoever says so. */
static struct slice observer_of(const struct stix *stix) {
    return stix->where.count == 1 ? value_text(&stix->where.list[0]) : creator_of(stix);
}

/* A sighting (5.2). A count of 0 says that it was looked for and not seen. */
static enum status judge_sighting(struct stix *stix) {
    struct tokens *tokens = stix->tokens;
    struct report report;
    uint64_t last_us = 0;
    bool is_revoked;
    TRY(take_common(stix, &report, &is_revoked));
    if (!value_is_there(field_of(stix, SIGHTING_OF_REF))) return value_missing(tokens, "sighting_of_ref");
    TRY(check_id(stix, "sighting_of_ref", field_of(stix, SIGHTING_OF_REF)));
    TRY(check_list(stix, "where_sighted_refs", &stix->where));
    TRY(value_as_whole(tokens, "count", field_of(stix, COUNT), REPORT_COUNT_MAX, &report.count));
    TRY(value_as_moment(tokens, "first_seen", field_of(stix, FIRST_SEEN), &report.at_us));
    TRY(value_as_moment(tokens, "last_seen", field_of(stix, LAST_SEEN), &last_us));
    if (value_is_there(field_of(stix, FIRST_SEEN)) && value_is_there(field_of(stix, LAST_SEEN)) &&
        last_us < report.at_us)
        return value_blame(tokens, "last_seen", field_of(stix, LAST_SEEN), STATUS_BAD_VALUE, "before first_seen");
    if (is_revoked) {
        stix->reports->ignored++;
        return STATUS_OK;
    }
    report.kind = report.count == 0 ? REPORT_NOT_SEEN : REPORT_SEEN;
    if (report.count == 0) report.count = 1;
    return add(stix, &report, value_text(field_of(stix, SIGHTING_OF_REF)), observer_of(stix), 0);
}

static enum status find_opinion(struct stix *stix, enum report_kind *ret_kind) {
    const struct value *opinion = field_of(stix, OPINION);
    if (!value_is_there(opinion)) return value_missing(stix->tokens, "opinion");
    TRY(value_as_text(stix->tokens, "opinion", opinion, ID_BYTES_MAX));
    if (report_kind_find(value_text(opinion), ret_kind) == STATUS_OK &&
        report_kind_channel(*ret_kind) == CHANNEL_OPINION)
        return STATUS_OK;
    return value_blame(stix->tokens, "opinion", opinion, STATUS_BAD_VALUE,
                       "one of strongly-disagree, disagree, neutral, agree, strongly-agree was expected");
}

/* An opinion (4.15) is about each of its objects. */
static enum status judge_opinion(struct stix *stix) {
    struct report report;
    bool is_revoked;
    TRY(take_common(stix, &report, &is_revoked));
    TRY(find_opinion(stix, &report.kind));
    if (stix->objects.kind == VALUE_ABSENT) return value_missing(stix->tokens, "object_refs");
    TRY(check_list(stix, "object_refs", &stix->objects));
    if (is_revoked) stix->reports->ignored++;
    for (uint32_t i = 0; i < stix->objects.count && !is_revoked; i++) {
        struct report own = report;
        TRY(add(stix, &own, value_text(&stix->objects.list[i]), creator_of(stix), i));
    }
    return STATUS_OK;
}

static enum status judge_object(struct stix *stix) {
    static const struct {
        const char *type;
        enum status (*judge)(struct stix *stix);
    } types[] = {
        {"indicator", judge_indicator},
        {"sighting", judge_sighting},
        {"opinion", judge_opinion},
    };
    if (!value_is_there(field_of(stix, TYPE))) return value_missing(stix->tokens, "type");
    TRY(value_as_text(stix->tokens, "type", field_of(stix, TYPE), ID_BYTES_MAX));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (has_type(stix, types[i].type)) return types[i].judge(stix);
    }
    stix->reports->ignored++;
    return STATUS_OK;
}

/* The bundle. */

static enum status take_objects(struct stix *stix) {
    enum token token;
    TRY(tokens_next(stix->tokens, &token));
    if (token != TOKEN_ARRAY) return tokens_blame(stix->tokens, STATUS_BAD_TYPE, "a list of objects was expected");
    for (;;) {
        TRY(tokens_next(stix->tokens, &token));
        if (token == TOKEN_ARRAY_END) return STATUS_OK;
        if (token != TOKEN_OBJECT) return tokens_blame(stix->tokens, STATUS_BAD_TYPE, "an object was expected");
        TRY(take_fields(stix));
        TRY(judge_object(stix));
    }
}

static enum status take_bundle(struct stix *stix) {
    struct tokens *tokens = stix->tokens;
    struct value type = {.kind = VALUE_ABSENT};
    enum token token;
    TRY(tokens_next(tokens, &token));
    if (token != TOKEN_OBJECT) return tokens_blame(tokens, STATUS_BAD_TYPE, "a STIX bundle is an object");
    for (;;) {
        TRY(tokens_next(tokens, &token));
        if (token == TOKEN_OBJECT_END) break;
        if (tokens_text_is(tokens, "objects")) {
            TRY(take_objects(stix));
        } else {
            bool is_type = tokens_text_is(tokens, "type");
            TRY(tokens_next(tokens, &token));
            struct value other;
            TRY(value_take(tokens, token, is_type ? &type : &other));
        }
    }
    if (type.kind != VALUE_TEXT || !slice_equal(value_text(&type), slice_of_text("bundle")))
        return tokens_blame(tokens, STATUS_BAD_TYPE, "not a STIX bundle: its type is not \"bundle\"");
    return tokens_next(tokens, &token);
}

enum status exchange_read_stix(struct tokens *tokens, struct reports *reports) {
    struct stix stix = {.tokens = tokens, .reports = reports};
    uint64_t line = 0;
    TRY(take_bundle(&stix));
    tokens->line = 0;
    if (reports->count == 0)
        return tokens_blame(tokens, STATUS_NOT_FOUND, "the bundle holds no indicator, sighting or opinion");
    enum status status = reports_order(reports, &line);
    if (status == STATUS_OK) return STATUS_OK;
    tokens->line = line;
    return tokens_blame(tokens, status, "this object was there before, with the same version but another content");
}
