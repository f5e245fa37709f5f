#include "ledger/snapshot.h"

#include <stdlib.h>

#include "ledger/database.h"

static enum status read_record(struct ledger *ledger, enum statement which, uint64_t height,
                               struct record_snapshot *ret_record) {
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[which];
    struct record_snapshot record;
    database_bind_number(statement, 1, height);
    TRY(ledger_row(ledger, which));
    record.height = column_number(statement, 0);
    record.bytes = column_number(statement, 1);
    enum status status = column_hash(statement, 2, &record.root);
    ledger_release(ledger);
    if (status == STATUS_OK) *ret_record = record;
    return status;
}

enum status ledger_find_snapshot(struct ledger *ledger, uint64_t most, struct record_snapshot *ret_record) {
    return read_record(ledger, STATEMENT_NEWEST_SNAPSHOT, most, ret_record);
}

enum status ledger_base_snapshot(struct ledger *ledger, struct record_snapshot *ret_record) {
    return read_record(ledger, STATEMENT_OLDEST_SNAPSHOT, ledger->now.base, ret_record);
}

enum status ledger_read_snapshot(struct ledger *ledger, uint64_t height, uint64_t index, struct slice *ret_chunk) {
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_CHUNK];
    database_bind_number(statement, 1, height);
    database_bind_number(statement, 2, index);
    TRY(ledger_row(ledger, STATEMENT_READ_CHUNK));
    *ret_chunk = column_bytes(statement, 0);
    return STATUS_OK;
}

static enum status load(struct ledger *ledger, const struct record_snapshot *record, uint8_t *bytes) {
    uint64_t at = 0;
    for (uint64_t index = 0; at < record->bytes; index++) {
        struct slice chunk;
        enum status status = ledger_read_snapshot(ledger, record->height, index, &chunk);
        if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
        if (chunk.bytes != snapshot_chunk_bytes(record->bytes, index)) return STATUS_CORRUPT;
        memcpy(bytes + at, chunk.data, chunk.bytes);
        at += chunk.bytes;
    }
    return STATUS_OK;
}

enum status ledger_load_snapshot(struct ledger *ledger, const struct record_snapshot *record, uint8_t **ret_bytes) {
    if (record->bytes == 0 || record->bytes > STATE_BYTES_MAX) return STATUS_CORRUPT;
    uint8_t *bytes = malloc(record->bytes);
    if (bytes == NULL) return STATUS_NO_SPACE;
    enum status status = load(ledger, record, bytes);
    if (status == STATUS_OK) {
        *ret_bytes = bytes;
    } else {
        free(bytes);
    }
    return status;
}

uint64_t ledger_base(const struct ledger *ledger) { return ledger->now.base > 1 ? ledger->now.base + 1 : 1; }
