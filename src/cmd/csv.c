/* CSV (cmd/csv.h). */
#include "cmd/csv.h"

struct csv csv_of(char *text, size_t bytes) {
    struct csv csv = {text, text + bytes, 1};
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) csv.at += 3;
    return csv;
}

static bool at_break(const char *at, const char *end) {
    return at == end || *at == ',' || *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n') ||
           (*at == '\r' && at + 1 == end);
}

/* From the character after the opening quote; doubled quotes become one. */
static enum status take_quoted(char **at, char *end, uint64_t *lines, struct slice *ret_field) {
    char *from = *at;
    char *to = from;
    for (char *next = from;; next++) {
        if (next == end) return STATUS_TRUNCATED;
        if (*next == '"') {
            bool doubled = next + 1 < end && next[1] == '"';
            if (!doubled) {
                *ret_field = slice_of(from, (size_t)(to - from));
                *at = next + 1;
                return at_break(*at, end) ? STATUS_OK : STATUS_BAD_FORMAT;
            }
            next++;
        }
        *lines += *next == '\n';
        *to++ = *next;
    }
}

static enum status take_bare(char **at, const char *end, struct slice *ret_field) {
    char *from = *at;
    while (!at_break(*at, end)) {
        if (**at == '"') return STATUS_BAD_FORMAT;
        (*at)++;
    }
    *ret_field = slice_of(from, (size_t)(*at - from));
    return STATUS_OK;
}

/* Passes over the end of a line; false when there is none here. */
static bool take_line_end(struct csv *csv) {
    size_t left = (size_t)(csv->end - csv->at);
    size_t bytes = left >= 2 && csv->at[0] == '\r' && csv->at[1] == '\n' ? 2
                   : left >= 1 && csv->at[0] == '\n'                     ? 1
                                                                         : 0;
    /* The last line may end in a carriage return alone. */
    if (left == 1 && csv->at[0] == '\r') bytes = 1;
    if (bytes == 0) return false;
    csv->at += bytes;
    csv->line++;
    return true;
}

enum status csv_next(struct csv *csv, struct csv_record *ret_record) {
    uint64_t lines = 0;
    while (take_line_end(csv)) continue;
    if (csv->at >= csv->end) return STATUS_NOT_FOUND;
    char *at = csv->at;
    struct csv_record record = {.line = csv->line};
    for (;;) {
        if (record.count == CSV_FIELDS_MAX) return STATUS_TOO_MANY;
        struct slice *field = &record.fields[record.count++];
        bool quoted = at < csv->end && *at == '"';
        if (quoted) at++;
        TRY(quoted ? take_quoted(&at, csv->end, &lines, field) : take_bare(&at, csv->end, field));
        if (at == csv->end || *at != ',') break;
        at++;
    }
    csv->at = at;
    csv->line += lines;
    (void)take_line_end(csv);
    *ret_record = record;
    return STATUS_OK;
}
