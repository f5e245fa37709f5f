/* CSV (RFC 4180): evidence as spreadsheets write it. Strict where strictness finds mistakes: a quote in the middle of
 * a bare field, text after a closing quote and rows of another length than the header are refused with their line.
 *
 * Invariant: a field comes back with exactly the characters that were meant, quotes undone; what is not a table is
 * never guessed at. */
#ifndef CMD_CSV_H
#define CMD_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum { CSV_FIELDS_MAX = 64 };

/* Where reading stands. Fields are unquoted in place, so the text changes. */
struct csv {
    char *at;
    char *end;
    uint64_t line; /* of the next record, from 1 */
};

struct csv_record {
    uint64_t line; /* where it begins */
    uint32_t count;
    struct slice fields[CSV_FIELDS_MAX];
};

/* A byte order mark at the start is passed over. `text` must outlive the records. */
struct csv csv_of(char *text, size_t bytes);
/* The next record; empty lines are passed over. STATUS_NOT_FOUND at the end. STATUS_BAD_FORMAT: a stray quote,
 * STATUS_TRUNCATED: a quote that is never closed, STATUS_TOO_MANY: fields; `csv->line` is then the record's line. */
enum status csv_next(struct csv *csv, struct csv_record *ret_record) MUST_USE;

#endif
