/* What the parts of the offline check share (ledger/check.h). Inside this room only. */
#ifndef LEDGER_CHECKING_H
#define LEDGER_CHECKING_H

#include <sqlite3.h>

#include "ledger/check.h"
#include "wire/roster.h"

struct checking {
    sqlite3 *database;
    struct hash chain;
    uint64_t member;
    struct roster *rosters; /* by epoch, as the log has them; none while leaf 0 is not there: then no signature can be
                               judged */
    size_t rosters_count;
    ledger_finding *finding;
    void *context;
    struct ledger_checked checked;
};

/* Reports something wrong with a row. */
void checking_found(struct checking *checking, const char *table, uint64_t row, const char *what);
/* As checking_found when `status` is not STATUS_OK, with the reason in words. Returns whether it is STATUS_OK. */
bool checking_expect(struct checking *checking, const char *table, uint64_t row, enum status status,
                     const char *what);
/* As checking_found unless `holds`. Returns `holds`. */
bool checking_require(struct checking *checking, const char *table, uint64_t row, bool holds, const char *what);
/* The end of a walk over a table: STATUS_NOT_FOUND (no more rows) is the good one. Damage of the structure is a finding; returns what
 * must stop the check: STATUS_OK, STATUS_IO, STATUS_LOCKED. */
enum status checking_end(struct checking *checking, const char *table, enum status status) MUST_USE;

/* The roster of an epoch, by number; NULL when the log has none. */
const struct roster *checking_roster(const struct checking *checking, uint64_t epoch);
/* Calls `row` for every row of `text`. */
typedef void checking_row(struct checking *checking, sqlite3_stmt *statement);
enum status checking_walk(struct checking *checking, const char *table, const char *text, checking_row *row) MUST_USE;

/* A certificate of votes: form and signatures. `ret_certificate` is filled in when true is returned. */
bool checking_certificate(struct checking *checking, const char *table, uint64_t row, struct slice bytes,
                          struct vote_certificate *ret_certificate);

/* Batches, their bodies and contents. */
enum status checking_batches(struct checking *checking) MUST_USE;
/* Leaves, nodes and heights. */
enum status checking_log(struct checking *checking) MUST_USE;

#endif
