/* The SQLite connection of a ledger and the few verbs that everything else in this room is written in: bind, step, take a column,
 * turn SQLite's codes into a status. Inside this room, and for the tests that damage a ledger on purpose. */
#ifndef LEDGER_DATABASE_H
#define LEDGER_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "crypto/merkle.h"
#include "ledger/cache.h"
#include "ledger/pending.h"
#include "ledger/schema.h"
#include "wire/checkpoint.h"

enum { LEDGER_ERROR_BYTES = 256 };

/* Where the log stands. Kept twice, so that a rollback finds the way back. */
struct ledger_position {
    uint64_t height; /* executed */
    uint64_t base;   /* the first that is kept; 0 before there is any */
    struct merkle_frontier frontier;
};

/* Encoded contents, put together from their rows. */
struct ledger_buffer {
    uint8_t *data;
    size_t capacity;
};

struct ledger {
    sqlite3 *database;
    int file;       /* the same file, for ledger/fold.h */
    int fold_pages; /* of the log: folded from here on */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    sqlite3_stmt *held; /* its columns were handed out; reset by the next call */
    struct ledger_buffer contents;
    struct hash chain;
    uint32_t member;
    bool is_new;
    bool writing;        /* a transaction is open: `pending` is what is in it */
    bool height_begun;   /* leaves or executed batches of the next height are in it, the height is not */
    enum status failure; /* of a write: sticky */
    char error[LEDGER_ERROR_BYTES];
    struct ledger_position now;
    struct ledger_position committed;
    uint64_t announced;  /* height of the snapshot whose chunks come */
    uint32_t next_chunk; /* of it */
    struct pending pending;
    struct cache cache;
};

/* The status of an SQLite result code (primary or extended) of this connection. */
enum status database_status(sqlite3 *database, int code) MUST_USE;

/* Binding cannot fail but for a lack of memory; then the parameter stays NULL, which no column that matters accepts. */
void database_bind_number(sqlite3_stmt *statement, int parameter, uint64_t number);
/* The bytes are borrowed until the statement is reset. */
void database_bind_bytes(sqlite3_stmt *statement, int parameter, struct slice bytes);
void database_bind_hash(sqlite3_stmt *statement, int parameter, const struct hash *hash);
/* The first 8 bytes of a hash as the integer that batches are indexed by, and the whole hash after it. */
void database_bind_prefix_and_hash(sqlite3_stmt *statement, int parameter, const struct hash *hash);
/* Height, size, root, epoch and threshold, in six parameters from `parameter` on. */
void database_bind_checkpoint(sqlite3_stmt *statement, int parameter, const struct checkpoint *checkpoint);

/* Steps to the next row: STATUS_OK with a row, STATUS_NOT_FOUND without, else what went wrong. */
enum status database_row(sqlite3_stmt *statement) MUST_USE;
/* Steps a statement that returns no rows, and resets it. */
enum status database_run(sqlite3_stmt *statement) MUST_USE;
/* Runs SQL text that returns nothing of interest. */
enum status database_execute(sqlite3 *database, const char *text) MUST_USE;
/* The first column of the first row as a number. */
enum status database_number(sqlite3 *database, const char *text, uint64_t *ret_number) MUST_USE;

uint64_t column_number(sqlite3_stmt *statement, int column);
/* Valid until the statement moves on. */
struct slice column_bytes(sqlite3_stmt *statement, int column);
/* STATUS_CORRUPT unless it is a blob of HASH_BYTES. */
enum status column_hash(sqlite3_stmt *statement, int column, struct hash *ret_hash) MUST_USE;
/* Six columns from `column` on, as database_bind_checkpoint wrote them. STATUS_CORRUPT. */
enum status column_checkpoint(sqlite3_stmt *statement, int column, struct checkpoint *ret_checkpoint) MUST_USE;
/* The signers' column and the signatures after it. STATUS_CORRUPT. `ret_signatures` has room for MEMBERS_MAX. */
enum status column_signatures(sqlite3_stmt *statement, int column, struct checkpoint_signature *ret_signatures,
                              uint32_t *ret_count) MUST_USE;
enum { SIGNATURE_ENTRY_BYTES = 4 + SIGNATURE_BYTES };

/* Ends the loan of the columns that the last read handed out. */
void ledger_release(struct ledger *ledger);
/* As database_row, of one of the kept statements, and holds it: its columns stay valid until ledger_release. A statement without a
 * row is reset. */
enum status ledger_row(struct ledger *ledger, enum statement statement) MUST_USE;
/* The encoded array of the contents of a batch, by its id, in `buffer`. STATUS_CORRUPT when they are beyond every limit. */
enum status ledger_contents(struct ledger *ledger, uint64_t batch, struct ledger_buffer *buffer,
                            struct slice *ret_contents) MUST_USE;
/* Says for people what SQLite stumbled over last; `what` is what it was doing. */
void ledger_say(struct ledger *ledger, enum status status, const char *what);
/* Notes the first failure of a write, and says so. */
void ledger_fail(struct ledger *ledger, enum status status, const char *what);

#endif
