/* Reads: the read ports (replica/ports.h), the log's leaves and nodes, what was recorded for a height. Slices are borrowed from
 * SQLite's row or from the cache, and given back by the next call (ledger_release).
 *
 * What is read back is not verified here: a replica checks what it restores, a peer what it is sent, and ledger/check.h everything. */
#include "ledger/database.h"
#include "ledger/ledger.h"

enum status ledger_read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    const struct cache_entry *entry = cache_get(&ledger->cache, hash);
    if (entry != NULL) {
        *ret_header = entry->header;
        *ret_body = entry->body;
        *ret_contents = entry->contents;
        return STATUS_OK;
    }
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_BATCH];
    database_bind_prefix_and_hash(statement, 1, hash);
    TRY(ledger_row(ledger, STATEMENT_READ_BATCH));
    struct slice contents;
    TRY(ledger_contents(ledger, column_number(statement, 0), &ledger->contents, &contents));
    *ret_header = column_bytes(statement, 1);
    *ret_body = column_bytes(statement, 2);
    *ret_contents = contents;
    return STATUS_OK;
}

/* One hash of one row. */
static enum status read_hash(struct ledger *ledger, enum statement statement, struct hash *ret_hash) {
    TRY(ledger_row(ledger, statement));
    enum status status = column_hash(ledger->statements[statement], 0, ret_hash);
    ledger_release(ledger);
    return status;
}

enum status ledger_read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    database_bind_number(ledger->statements[STATEMENT_READ_LANE], 1, member);
    database_bind_number(ledger->statements[STATEMENT_READ_LANE], 2, seq);
    return read_hash(ledger, STATEMENT_READ_LANE, ret_hash);
}

enum status ledger_read_executed(void *context, const struct hash *batch, uint64_t *ret_height) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_FIND_BATCH];
    database_bind_prefix_and_hash(statement, 1, batch);
    TRY(ledger_row(ledger, STATEMENT_FIND_BATCH));
    uint64_t height = column_number(statement, 1); /* 0 for NULL: none has */
    ledger_release(ledger);
    if (height == 0) return STATUS_NOT_FOUND;
    *ret_height = height;
    return STATUS_OK;
}

enum status ledger_read_height(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_HEIGHT];
    database_bind_number(statement, 1, height);
    TRY(ledger_row(ledger, STATEMENT_READ_HEIGHT));
    if (column_bytes(statement, 0).bytes == 0) return STATUS_NOT_FOUND; /* this ledger began with its snapshot */
    *ret_block = column_bytes(statement, 0);
    *ret_finalization = column_bytes(statement, 1);
    return STATUS_OK;
}

enum status ledger_read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                              struct slice *ret_finalization) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_EPOCH];
    database_bind_number(statement, 1, epoch);
    database_bind_number(statement, 2, position);
    TRY(ledger_row(ledger, STATEMENT_READ_EPOCH));
    *ret_bytes = column_bytes(statement, 0);
    *ret_finalization = column_bytes(statement, 1);
    return STATUS_OK;
}

uint64_t ledger_leaves(const struct ledger *ledger) { return ledger->now.frontier.count; }

uint64_t ledger_height(const struct ledger *ledger) { return ledger->now.height; }

enum status ledger_read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_LEAF];
    database_bind_number(statement, 1, index);
    TRY(ledger_row(ledger, STATEMENT_READ_LEAF));
    *ret_bytes = column_bytes(statement, 0);
    return STATUS_OK;
}

enum status ledger_read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    if (level == 0) {
        database_bind_number(ledger->statements[STATEMENT_READ_LEAF_HASH], 1, index);
        enum status status = read_hash(ledger, STATEMENT_READ_LEAF_HASH, ret_hash);
        if (status != STATUS_NOT_FOUND) return status;
    }
    database_bind_number(ledger->statements[STATEMENT_READ_NODE], 1, level);
    database_bind_number(ledger->statements[STATEMENT_READ_NODE], 2, index);
    return read_hash(ledger, STATEMENT_READ_NODE, ret_hash);
}

enum status ledger_read_checkpoint(void *context, uint64_t height, struct checkpoint *ret_checkpoint,
                                   uint64_t *ret_time_us) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_CHECKPOINT];
    database_bind_number(statement, 1, height);
    TRY(ledger_row(ledger, STATEMENT_READ_CHECKPOINT));
    enum status status = column_checkpoint(statement, 0, ret_checkpoint);
    if (status == STATUS_OK) *ret_time_us = column_number(statement, 6);
    ledger_release(ledger);
    return status;
}

enum status ledger_read_certified(void *context, struct checkpoint *ret_checkpoint,
                                  struct checkpoint_signature *ret_signatures, uint32_t *ret_count) {
    struct ledger *ledger = context;
    ledger_release(ledger);
    sqlite3_stmt *statement = ledger->statements[STATEMENT_READ_CERTIFIED];
    TRY(ledger_row(ledger, STATEMENT_READ_CERTIFIED));
    struct checkpoint checkpoint;
    enum status status = column_checkpoint(statement, 0, &checkpoint);
    if (status == STATUS_OK) status = column_signatures(statement, 6, ret_signatures, ret_count);
    if (status == STATUS_OK) *ret_checkpoint = checkpoint;
    ledger_release(ledger);
    return status;
}
