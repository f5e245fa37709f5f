/* Files of evidence as lines of JSON (cmd/upload.h). */
#include "cmd/upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/num.h"
#include "cmd/csv.h"
#include "cmd/evidence.h"

static void append(struct upload *upload, const void *data, size_t bytes) {
    if (upload->bytes + bytes > upload->capacity) {
        upload->capacity = 2 * (upload->bytes + bytes) + 4096;
        upload->text = realloc(upload->text, upload->capacity);
        CHECK(upload->text != NULL);
    }
    memcpy(upload->text + upload->bytes, data, bytes);
    upload->bytes += bytes;
}

static void end_line(struct upload *upload, uint64_t line) {
    append(upload, "\n", 1);
    if (upload->count == upload->lines_capacity) {
        upload->lines_capacity = 2 * upload->lines_capacity + 64;
        upload->lines = realloc(upload->lines, upload->lines_capacity * sizeof *upload->lines);
        CHECK(upload->lines != NULL);
    }
    upload->lines[upload->count++] = (struct upload_line){upload->bytes, line};
}

void upload_add(struct upload *upload, const json_t *object, uint64_t line) {
    char *text = json_dumps(object, JSON_COMPACT);
    CHECK(text != NULL);
    append(upload, text, strlen(text));
    free(text);
    end_line(upload, line);
}

void upload_free(struct upload *upload) {
    free(upload->text);
    free(upload->lines);
    *upload = (struct upload){0};
}

size_t upload_begin(const struct upload *upload, size_t index) {
    return index == 0 ? 0 : upload->lines[index - 1].end;
}

size_t upload_chunk(const struct upload *upload, size_t from, size_t bytes, size_t count) {
    size_t begin = upload_begin(upload, from);
    size_t to = from + 1;
    while (to < upload->count && to - from < count && upload->lines[to].end - begin <= bytes) to++;
    return to;
}

/* --- JSON Lines --- */

static bool is_blank(struct slice line) {
    for (size_t i = 0; i < line.bytes; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL || line.data[i] == '\0') return false;
    }
    return true;
}

/* Puts the question before the other fields, unless the line names one; the rest keeps its characters. */
static enum status append_with_question(struct upload *upload, struct slice line, const char *question,
                                        struct config_detail *ret_detail) {
    json_error_t error;
    json_t *json = json_loadb((const char *)line.data, line.bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        config_detail_set(ret_detail, "%s", json == NULL ? error.text : "not a JSON object");
        json_decref(json);
        return STATUS_BAD_FORMAT;
    }
    bool complete = json_object_get(json, "question") != NULL;
    bool empty = json_object_size(json) == 0;
    json_decref(json);
    size_t brace = complete ? 0 : (size_t)((const uint8_t *)memchr(line.data, '{', line.bytes) - line.data) + 1;
    append(upload, line.data, brace);
    if (!complete) {
        append(upload, "\"question\":\"", 12);
        append(upload, question, strlen(question));
        append(upload, empty ? "\"" : "\",", empty ? 1 : 2);
    }
    append(upload, line.data + brace, line.bytes - brace);
    return STATUS_OK;
}

// The type of upload_from_csv, which does change it.
// NOLINTNEXTLINE(readability-non-const-parameter)
enum status upload_from_jsonl(char *text, size_t bytes, const char *question, struct upload *ret_upload,
                              uint64_t *ret_line, struct config_detail *ret_detail) {
    const char *end = text + bytes;
    uint64_t number = 0;
    *ret_upload = (struct upload){0};
    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct slice line = slice_of(at, (size_t)((newline != NULL ? newline : end) - at));
        number++;
        at += line.bytes + 1;
        if (is_blank(line)) continue;
        *ret_line = number;
        if (question == NULL) {
            append(ret_upload, line.data, line.bytes);
        } else {
            TRY(append_with_question(ret_upload, line, question, ret_detail));
        }
        end_line(ret_upload, number);
    }
    return STATUS_OK;
}

/* --- CSV --- */

enum column { QUESTION, OBSERVATION, LLR, LOGLIK, PROBABILITY, CONTENT, OBSERVED_AT, COLUMNS };

static const char *const column_names[COLUMNS] = {"question",    "observation", "llr",        "loglik",
                                                  "probability", "content",     "observed_at"};

struct header {
    uint32_t count;
    enum column columns[COLUMNS];
};

static enum status header_from(const struct csv_record *record, struct header *ret_header,
                               struct config_detail *ret_detail) {
    bool seen[COLUMNS] = {false};
    for (uint32_t i = 0; i < record->count; i++) {
        enum column column = QUESTION;
        while (column < COLUMNS && !slice_equal(record->fields[i], slice_of_text(column_names[column]))) column++;
        if (column == COLUMNS || seen[column]) {
            config_detail_set(ret_detail,
                              "column \"%.*s\" is %s; columns are question, observation, llr, loglik, "
                              "probability, content, observed_at",
                              (int)num_min_size(record->fields[i].bytes, 64), (const char *)record->fields[i].data,
                              column == COLUMNS ? "unknown" : "there twice");
            return STATUS_BAD_VALUE;
        }
        seen[column] = true;
        ret_header->columns[i] = column;
    }
    ret_header->count = record->count;
    return STATUS_OK;
}

/* The numbers of a loglik field stay texts. */
static json_t *loglik_from(struct slice field) {
    char text[HYPOTHESES_MAX * 64];
    if (field.bytes >= sizeof text) return NULL;
    memcpy(text, field.data, field.bytes);
    text[field.bytes] = '\0';
    return evidence_list(text, ';');
}

static enum status append_record(struct upload *upload, const struct header *header, const struct csv_record *record,
                                 const char *question, struct config_detail *ret_detail) {
    json_t *json = json_object();
    enum status status = STATUS_OK;
    evidence_set_text(json, "question", question);
    for (uint32_t i = 0; i < record->count && status == STATUS_OK; i++) {
        struct slice field = record->fields[i];
        const char *name = column_names[header->columns[i]];
        if (field.bytes == 0) continue;
        json_t *value =
            header->columns[i] == LOGLIK ? loglik_from(field) : json_stringn((const char *)field.data, field.bytes);
        if (value != NULL && json_object_set_new(json, name, value) == 0) continue;
        config_detail_set(ret_detail, "%s: too long, or not UTF-8", name);
        status = STATUS_BAD_FORMAT;
    }
    if (status == STATUS_OK) upload_add(upload, json, record->line);
    json_decref(json);
    return status;
}

static enum status judge_record(enum status status, const struct header *header, const struct csv_record *record,
                                struct config_detail *ret_detail) {
    if (status == STATUS_BAD_FORMAT) {
        config_detail_set(ret_detail,
                          "a quote stands inside a field, or text after a closing quote; a field with quotes "
                          "is wholly quoted, and its own quotes are doubled");
    }
    if (status == STATUS_TRUNCATED) config_detail_set(ret_detail, "the quote that begins here is never closed");
    if (status == STATUS_TOO_MANY) config_detail_set(ret_detail, "more than %d fields", CSV_FIELDS_MAX);
    if (status != STATUS_OK || record->count == header->count) return status;
    config_detail_set(ret_detail, "%u fields, but the header has %u", record->count, header->count);
    return STATUS_BAD_FORMAT;
}

enum status upload_from_csv(char *text, size_t bytes, const char *question, struct upload *ret_upload,
                            uint64_t *ret_line, struct config_detail *ret_detail) {
    struct csv csv = csv_of(text, bytes);
    struct csv_record record;
    struct header header = {0};
    *ret_upload = (struct upload){0};
    for (bool is_header = true;; is_header = false) {
        enum status status = csv_next(&csv, &record);
        if (status == STATUS_NOT_FOUND) return STATUS_OK;
        *ret_line = status == STATUS_OK ? record.line : csv.line;
        if (is_header && status == STATUS_OK) {
            TRY(header_from(&record, &header, ret_detail));
            continue;
        }
        TRY(judge_record(status, &header, &record, ret_detail));
        TRY(append_record(ret_upload, &header, &record, question, ret_detail));
    }
}
