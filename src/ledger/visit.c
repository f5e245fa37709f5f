/* The visit: everything that a replica wants back after a restart, in the order of ledger/visitor.h. Every table has a statement and
 * a function that hands one row over; one loop walks them all.
 *
 * The statements and the buffer are the visit's own, so that the visitor may read from the same ledger in between. */
#include "ledger/database.h"
#include "ledger/ledger.h"

#include <stdlib.h>

struct visit {
    struct ledger *ledger;
    const struct ledger_visitor *visitor;
    struct ledger_buffer contents;
    uint64_t height; /* the next one that must come */
};

/* Hands the row that `statement` stands on to the visitor. */
typedef enum status visit_row(struct visit *visit, sqlite3_stmt *statement);

static enum status walk(struct visit *visit, const char *text, uint64_t from, visit_row *row) {
    sqlite3 *database = visit->ledger->database;
    sqlite3_stmt *statement = NULL;
    TRY(database_status(database, sqlite3_prepare_v2(database, text, -1, &statement, NULL)));
    if (sqlite3_bind_parameter_count(statement) > 0) database_bind_number(statement, 1, from);
    enum status status;
    while ((status = database_row(statement)) == STATUS_OK) {
        status = row(visit, statement);
        if (status != STATUS_OK) break;
    }
    bool at_end = status == STATUS_NOT_FOUND && sqlite3_stmt_busy(statement) == 0;
    (void)sqlite3_finalize(statement);
    return at_end ? STATUS_OK : status;
}

static enum status visit_height(struct visit *visit, sqlite3_stmt *statement) {
    struct checkpoint checkpoint;
    TRY(column_checkpoint(statement, 0, &checkpoint));
    if (checkpoint.height != visit->height) return STATUS_CORRUPT;
    visit->height += 1;
    return visit->visitor->height(visit->visitor->context, checkpoint.height, column_bytes(statement, 6),
                                  column_bytes(statement, 7), &checkpoint);
}

static enum status visit_batch(struct visit *visit, sqlite3_stmt *statement) {
    if (sqlite3_column_type(statement, 1) != SQLITE_BLOB) return STATUS_CORRUPT;
    struct slice contents;
    TRY(ledger_contents(visit->ledger, column_number(statement, 0), &visit->contents, &contents));
    return visit->visitor->batch(visit->visitor->context, column_bytes(statement, 1), column_bytes(statement, 2),
                                 contents);
}

static enum status visit_block(struct visit *visit, sqlite3_stmt *statement) {
    struct hash hash;
    TRY(column_hash(statement, 0, &hash));
    return visit->visitor->block(visit->visitor->context, &hash, column_bytes(statement, 1));
}

static enum status visit_certificate(struct visit *visit, sqlite3_stmt *statement) {
    return visit->visitor->certificate(visit->visitor->context, column_bytes(statement, 0));
}

static enum status visit_vote(struct visit *visit, sqlite3_stmt *statement) {
    struct reader reader = reader_of(column_bytes(statement, 0));
    struct vote vote;
    if (vote_take(&reader, &vote) != STATUS_OK || reader_end(&reader) != STATUS_OK) return STATUS_CORRUPT;
    return visit->visitor->vote(visit->visitor->context, &vote);
}

static enum status visit_proof(struct visit *visit, sqlite3_stmt *statement) {
    return visit->visitor->proof(visit->visitor->context, column_bytes(statement, 0));
}

static enum status visit_certified(struct ledger *ledger, const struct ledger_visitor *visitor) {
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    enum status status = ledger_read_certified(ledger, &checkpoint, signatures, &count);
    if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    return visitor->certified(visitor->context, &checkpoint, signatures, count);
}

enum status ledger_visit_heights(struct ledger *ledger, uint64_t from, const struct ledger_visitor *visitor) {
    ledger_release(ledger);
    struct visit visit = {.ledger = ledger, .visitor = visitor, .height = from > 0 ? from : 1};
    return visitor->height != NULL ? walk(&visit, VISIT_HEIGHTS, visit.height, visit_height) : STATUS_OK;
}

enum status ledger_visit(struct ledger *ledger, const struct ledger_visitor *visitor) {
    return ledger_visit_from(ledger, 1, visitor);
}

enum status ledger_visit_from(struct ledger *ledger, uint64_t from, const struct ledger_visitor *visitor) {
    TRY(ledger_visit_heights(ledger, from, visitor));
    struct visit visit = {.ledger = ledger, .visitor = visitor};
    enum status status = STATUS_OK;
    if (visitor->batch != NULL) status = walk(&visit, VISIT_BATCHES, 0, visit_batch);
    free(visit.contents.data);
    if (status != STATUS_OK) return status;
    if (visitor->block != NULL) TRY(walk(&visit, VISIT_BLOCKS, 0, visit_block));
    if (visitor->certificate != NULL) TRY(walk(&visit, VISIT_CERTIFICATES, 0, visit_certificate));
    if (visitor->vote != NULL) TRY(walk(&visit, VISIT_VOTES, 0, visit_vote));
    if (visitor->certified != NULL) TRY(visit_certified(ledger, visitor));
    return visitor->proof != NULL ? walk(&visit, VISIT_PROOFS, 0, visit_proof) : STATUS_OK;
}
