/* SQLite's integers have 64 bits and a sign; numbers of the protocol have none. They are stored by their bits, and nothing that stays
 * below 2^63, as counters and clocks do, looks different. */
#include "ledger/database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "wire/frame.h"

enum status database_status(sqlite3 *database, int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STATUS_OK;
    case SQLITE_FULL: return STATUS_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STATUS_LOCKED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT: return STATUS_CORRUPT;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return STATUS_CONFLICT;
    case SQLITE_IOERR: {
        int error = database != NULL ? sqlite3_system_errno(database) : 0;
        return error == ENOSPC || error == EDQUOT ? STATUS_DISK_FULL : STATUS_IO;
    }
    default: return STATUS_IO;
    }
}

void database_bind_number(sqlite3_stmt *statement, int parameter, uint64_t number) {
    (void)sqlite3_bind_int64(statement, parameter, (int64_t)number);
}

void database_bind_bytes(sqlite3_stmt *statement, int parameter, struct slice bytes) {
    const void *data = bytes.bytes > 0 ? bytes.data : (const uint8_t *)"";
    (void)sqlite3_bind_blob64(statement, parameter, data, bytes.bytes, SQLITE_STATIC);
}

void database_bind_hash(sqlite3_stmt *statement, int parameter, const struct hash *hash) {
    database_bind_bytes(statement, parameter, slice_of(hash->bytes, HASH_BYTES));
}

void database_bind_prefix_and_hash(sqlite3_stmt *statement, int parameter, const struct hash *hash) {
    struct reader reader = reader_of(slice_of(hash->bytes, HASH_BYTES));
    uint64_t prefix = 0;
    CHECK(reader_u64(&reader, &prefix) == STATUS_OK);
    database_bind_number(statement, parameter, prefix);
    database_bind_hash(statement, parameter + 1, hash);
}

void database_bind_checkpoint(sqlite3_stmt *statement, int parameter, const struct checkpoint *checkpoint) {
    database_bind_number(statement, parameter, checkpoint->height);
    database_bind_number(statement, parameter + 1, checkpoint->size);
    database_bind_hash(statement, parameter + 2, &checkpoint->root);
    database_bind_number(statement, parameter + 3, checkpoint->epoch);
    database_bind_number(statement, parameter + 4, checkpoint->threshold.numerator);
    database_bind_number(statement, parameter + 5, checkpoint->threshold.denominator);
}

enum status database_row(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return STATUS_OK;
    if (code == SQLITE_DONE) return STATUS_NOT_FOUND;
    return database_status(sqlite3_db_handle(statement), code);
}

enum status database_run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    enum status status = database_status(sqlite3_db_handle(statement), code);
    (void)sqlite3_reset(statement);
    return status;
}

enum status database_execute(sqlite3 *database, const char *text) {
    return database_status(database, sqlite3_exec(database, text, NULL, NULL, NULL));
}

enum status database_number(sqlite3 *database, const char *text, uint64_t *ret_number) {
    sqlite3_stmt *statement = NULL;
    TRY(database_status(database, sqlite3_prepare_v2(database, text, -1, &statement, NULL)));
    enum status status = database_row(statement);
    if (status == STATUS_OK) *ret_number = column_number(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

uint64_t column_number(sqlite3_stmt *statement, int column) {
    return (uint64_t)sqlite3_column_int64(statement, column);
}

struct slice column_bytes(sqlite3_stmt *statement, int column) {
    const void *data = sqlite3_column_blob(statement, column);
    size_t bytes = (size_t)sqlite3_column_bytes(statement, column);
    return data != NULL ? slice_of(data, bytes) : slice_of("", 0);
}

enum status column_hash(sqlite3_stmt *statement, int column, struct hash *ret_hash) {
    struct slice bytes = column_bytes(statement, column);
    if (bytes.bytes != HASH_BYTES) return STATUS_CORRUPT;
    memcpy(ret_hash->bytes, bytes.data, HASH_BYTES);
    return STATUS_OK;
}

enum status column_checkpoint(sqlite3_stmt *statement, int column, struct checkpoint *ret_checkpoint) {
    uint64_t numerator = column_number(statement, column + 4);
    uint64_t denominator = column_number(statement, column + 5);
    if (numerator > UINT32_MAX || denominator > UINT32_MAX) return STATUS_CORRUPT;
    struct checkpoint checkpoint = {
        .height = column_number(statement, column),
        .size = column_number(statement, column + 1),
        .epoch = column_number(statement, column + 3),
        .threshold = {(uint32_t)numerator, (uint32_t)denominator},
    };
    if (threshold_check(checkpoint.threshold) != STATUS_OK) return STATUS_CORRUPT;
    TRY(column_hash(statement, column + 2, &checkpoint.root));
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

enum status column_signatures(sqlite3_stmt *statement, int column, struct checkpoint_signature *ret_signatures,
                              uint32_t *ret_count) {
    uint64_t count = column_number(statement, column);
    struct slice bytes = column_bytes(statement, column + 1);
    if (count > MEMBERS_MAX || bytes.bytes != count * SIGNATURE_ENTRY_BYTES) return STATUS_CORRUPT;
    struct reader reader = reader_of(bytes);
    for (uint64_t i = 0; i < count; i++) {
        struct slice signature = {0};
        TRY(reader_u32(&reader, &ret_signatures[i].member));
        TRY(reader_take(&reader, SIGNATURE_BYTES, &signature));
        memcpy(ret_signatures[i].signature, signature.data, SIGNATURE_BYTES);
    }
    *ret_count = (uint32_t)count;
    return STATUS_OK;
}

void ledger_release(struct ledger *ledger) {
    if (ledger->held == NULL) return;
    (void)sqlite3_reset(ledger->held);
    ledger->held = NULL;
}

enum status ledger_row(struct ledger *ledger, enum statement statement) {
    sqlite3_stmt *prepared = ledger->statements[statement];
    CHECK(ledger->held == NULL);
    enum status status = database_row(prepared);
    if (status == STATUS_OK) {
        ledger->held = prepared;
    } else {
        (void)sqlite3_reset(prepared);
    }
    return status;
}

static enum status buffer_grow(struct ledger_buffer *buffer, size_t bytes) {
    if (bytes <= buffer->capacity) return STATUS_OK;
    uint8_t *data = realloc(buffer->data, bytes);
    if (data == NULL) return STATUS_NO_SPACE;
    *buffer = (struct ledger_buffer){data, bytes};
    return STATUS_OK;
}

static enum status contents_measure(struct ledger *ledger, uint64_t batch, uint64_t *ret_count, uint64_t *ret_bytes) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_MEASURE_CONTENTS];
    database_bind_number(statement, 1, batch);
    enum status status = database_row(statement);
    if (status == STATUS_OK) {
        *ret_count = column_number(statement, 0);
        *ret_bytes = column_number(statement, 1);
    }
    (void)sqlite3_reset(statement);
    return status;
}

enum status ledger_contents(struct ledger *ledger, uint64_t batch, struct ledger_buffer *buffer,
                            struct slice *ret_contents) {
    enum { OVERHEAD_BYTES = 16 }; /* CBOR around one content: pair, index, length */
    uint64_t count = 0, bytes = 0;
    TRY(contents_measure(ledger, batch, &count, &bytes));
    if (count > BATCH_ITEMS_MAX || bytes > FRAME_BYTES_MAX) return STATUS_CORRUPT;
    TRY(buffer_grow(buffer, (size_t)(bytes + (count + 1) * OVERHEAD_BYTES)));
    struct writer writer = writer_of(buffer->data, buffer->capacity);
    frame_contents_put(&writer, (uint32_t)count);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_CONTENTS];
    database_bind_number(statement, 1, batch);
    enum status status = database_row(statement);
    while (status == STATUS_OK) {
        frame_content_put(&writer, (uint32_t)column_number(statement, 0), column_bytes(statement, 1));
        status = database_row(statement);
    }
    (void)sqlite3_reset(statement);
    if (status != STATUS_NOT_FOUND) return status;
    if (writer.overflowed) return STATUS_CORRUPT;
    *ret_contents = writer_slice(&writer);
    return STATUS_OK;
}

void ledger_say(struct ledger *ledger, enum status status, const char *what) {
    int code = sqlite3_errcode(ledger->database) & 0xff;
    bool fine = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;
    const char *said = fine ? "" : sqlite3_errmsg(ledger->database);
    (void)snprintf(ledger->error, sizeof ledger->error, "%s: %s%s%s", what, status_text(status),
                   said[0] != '\0' ? ": " : "", said);
}

void ledger_fail(struct ledger *ledger, enum status status, const char *what) {
    if (ledger->failure != STATUS_OK) return;
    /* A full disk that waiting does not heal, which the commit's STATUS_DISK_FULL would promise. */
    ledger->failure = status == STATUS_DISK_FULL ? STATUS_IO : status;
    ledger_say(ledger, status, what);
}
