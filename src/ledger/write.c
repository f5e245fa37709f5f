/* How each write reaches its tables (ledger/schema.c). What must not be written is refused here: a second vote in one place, a leaf out of
 * order, a height whose checkpoint is not that of the log. Each comes again unchanged when a full disk undid it, and finds then what it
 * found the first time. */
#include "ledger/write.h"

#include "base/check.h"
#include "crypto/sha256.h"
#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/snapshot.h"
#include "wire/frame.h"

/* The id of a held batch and the height that executed it, 0 when none has. */
static enum status find_batch(struct ledger *ledger, const struct hash *hash, uint64_t *ret_id,
                              uint64_t *ret_height) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_FIND_BATCH];
    database_bind_prefix_and_hash(statement, 1, hash);
    TRY(ledger_row(ledger, STATEMENT_FIND_BATCH));
    *ret_id = column_number(statement, 0);
    *ret_height = column_number(statement, 1);
    ledger_release(ledger);
    return STATUS_OK;
}

static enum status add_contents(struct ledger *ledger, uint64_t batch, struct slice contents) {
    struct frame_contents cursor;
    uint32_t index;
    struct slice content;
    TRY(frame_contents_open(contents, &cursor));
    enum status status;
    while ((status = frame_contents_next(&cursor, &index, &content)) == STATUS_OK) {
        struct hash sha256;
        sha256_of(content, &sha256);
        sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_CONTENT];
        database_bind_number(statement, 1, batch);
        database_bind_number(statement, 2, index);
        database_bind_hash(statement, 3, &sha256);
        database_bind_bytes(statement, 4, content);
        TRY(database_run(statement));
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_batch(struct ledger *ledger, const struct write *write) {
    struct slice contents = write->pieces[2];
    sqlite3_stmt *batch = ledger->statements[STATEMENT_ADD_BATCH];
    database_bind_prefix_and_hash(batch, 1, &write->hash);
    database_bind_number(batch, 3, write->member);
    database_bind_number(batch, 4, write->number);
    database_bind_number(batch, 5, write->time_us);
    database_bind_number(batch, 6, write->count);
    database_bind_number(batch, 7, write->bytes);
    TRY(database_run(batch));
    uint64_t id = (uint64_t)sqlite3_last_insert_rowid(ledger->database);
    sqlite3_stmt *bytes = ledger->statements[STATEMENT_ADD_BODY];
    database_bind_number(bytes, 1, id);
    database_bind_bytes(bytes, 2, write->pieces[0]);
    database_bind_bytes(bytes, 3, write->pieces[1]);
    TRY(database_run(bytes));
    return contents.bytes > 0 ? add_contents(ledger, id, contents) : STATUS_OK;
}

static enum status keep_batch(struct ledger *ledger, const struct write *write) {
    static const uint8_t NO_CONTENTS[] = {0x80}; /* the empty CBOR array */
    uint64_t id, height;
    enum status status = find_batch(ledger, &write->hash, &id, &height);
    if (status != STATUS_NOT_FOUND) return status;
    TRY(add_batch(ledger, write));
    struct slice contents = write->pieces[2];
    if (contents.bytes == 0) contents = slice_of(NO_CONTENTS, sizeof NO_CONTENTS);
    cache_put(&ledger->cache, &write->hash, write->pieces[0], write->pieces[1], contents);
    return STATUS_OK;
}

/* A second vote of one kind in one view must be the first one: whatever else asks for it, it is never sent. */
static enum status same_vote(struct ledger *ledger, const struct vote *vote) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_FIND_VOTE];
    database_bind_number(statement, 1, vote->epoch);
    database_bind_number(statement, 2, vote->view);
    database_bind_number(statement, 3, (uint64_t)vote->kind);
    TRY(ledger_row(ledger, STATEMENT_FIND_VOTE));
    struct hash block;
    enum status status = column_hash(statement, 0, &block);
    ledger_release(ledger);
    if (status != STATUS_OK) return status;
    return hash_equal(&block, &vote->block) ? STATUS_OK : STATUS_CONFLICT;
}

static enum status keep_vote(struct ledger *ledger, const struct write *write) {
    const struct vote *vote = &write->vote;
    uint8_t bytes[VOTE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    vote_put(&writer, vote);
    TRY(writer_status(&writer));
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_VOTE];
    database_bind_number(statement, 1, vote->epoch);
    database_bind_number(statement, 2, vote->view);
    database_bind_number(statement, 3, (uint64_t)vote->kind);
    database_bind_hash(statement, 4, &vote->block);
    database_bind_bytes(statement, 5, writer_slice(&writer));
    TRY(database_run(statement));
    return sqlite3_changes(ledger->database) == 1 ? STATUS_OK : same_vote(ledger, vote);
}

static enum status keep_certificate(struct ledger *ledger, const struct write *write) {
    struct vote_certificate certificate;
    struct reader reader = reader_of(write->pieces[0]);
    TRY(vote_certificate_take(&reader, &certificate));
    if (certificate.view != write->number || certificate.kind != write->vote.kind) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_CERTIFICATE];
    database_bind_number(statement, 1, certificate.epoch);
    database_bind_number(statement, 2, certificate.view);
    database_bind_number(statement, 3, (uint64_t)certificate.kind);
    database_bind_bytes(statement, 4, write->pieces[0]);
    return database_run(statement);
}

static enum status keep_block(struct ledger *ledger, const struct write *write) {
    struct block block;
    struct hash found;
    TRY(block_read(write->pieces[0], &ledger->chain, &block, &found));
    if (block.view != write->number || !hash_equal(&found, &write->hash)) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_BLOCK];
    database_bind_hash(statement, 1, &write->hash);
    database_bind_number(statement, 2, block.epoch);
    database_bind_number(statement, 3, block.view);
    database_bind_bytes(statement, 4, write->pieces[0]);
    return database_run(statement);
}

static enum status add_leaf(struct ledger *ledger, const struct write *write) {
    sqlite3_stmt *leaf = ledger->statements[STATEMENT_ADD_LEAF];
    database_bind_number(leaf, 1, write->number);
    database_bind_hash(leaf, 2, &write->hash);
    database_bind_bytes(leaf, 3, write->pieces[0]);
    return database_run(leaf);
}

static enum status add_node(struct ledger *ledger, uint32_t level, uint64_t index, const struct hash *hash) {
    sqlite3_stmt *node = ledger->statements[STATEMENT_ADD_NODE];
    database_bind_number(node, 1, level);
    database_bind_number(node, 2, index);
    database_bind_hash(node, 3, hash);
    return database_run(node);
}

/* The genesis comes again at every start. In a ledger that began with a snapshot it stands apart. */
static enum status keep_genesis(struct ledger *ledger, const struct write *write) {
    struct hash kept;
    enum status status = ledger_read_node(ledger, 0, 0, &kept);
    if (status == STATUS_OK) return hash_equal(&kept, &write->hash) ? STATUS_OK : STATUS_CONFLICT;
    if (status != STATUS_NOT_FOUND || ledger->now.base <= 1) return status;
    return add_leaf(ledger, write);
}

static enum status same_leaf(struct ledger *ledger, uint64_t index, const struct hash *leaf_hash) {
    struct hash kept;
    TRY(ledger_read_node(ledger, 0, index, &kept));
    return hash_equal(&kept, leaf_hash) ? STATUS_OK : STATUS_CONFLICT;
}

static enum status keep_leaf(struct ledger *ledger, const struct write *write) {
    struct merkle_frontier *frontier = &ledger->now.frontier;
    uint64_t index = write->number;
    if (index == 0 && frontier->count > 0) return keep_genesis(ledger, write);
    if (index < frontier->count) return same_leaf(ledger, index, &write->hash);
    if (index > frontier->count) return STATUS_CONFLICT;
    TRY(add_leaf(ledger, write));
    struct hash nodes[MERKLE_LEVELS_MAX];
    uint32_t levels = merkle_append_nodes(frontier, &write->hash, nodes);
    ledger->height_begun = index > 0;
    for (uint32_t level = 1; level < levels; level++) TRY(add_node(ledger, level, index >> level, &nodes[level]));
    return STATUS_OK;
}

static enum status keep_executed(struct ledger *ledger, const struct write *write) {
    uint64_t id, executed, height = write->number;
    enum status status = find_batch(ledger, &write->hash, &id, &executed);
    if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_MISSING : status;
    if (executed != 0) return executed == height ? STATUS_OK : STATUS_CONFLICT;
    if (height != ledger->now.height + 1) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_EXECUTE_BATCH];
    database_bind_number(statement, 1, id);
    database_bind_number(statement, 2, height);
    TRY(database_run(statement));
    ledger->height_begun = true;
    cache_drop(&ledger->cache, &write->hash);
    return STATUS_OK;
}

static enum status same_height(struct ledger *ledger, uint64_t height, const struct hash *block_hash) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_FIND_HEIGHT];
    database_bind_number(statement, 1, height);
    TRY(ledger_row(ledger, STATEMENT_FIND_HEIGHT));
    struct hash kept;
    enum status status = column_hash(statement, 0, &kept);
    ledger_release(ledger);
    if (status != STATUS_OK) return status;
    return hash_equal(&kept, block_hash) ? STATUS_OK : STATUS_CONFLICT;
}

/* What was needed to agree on views up to that of an executed block is needed no more. */
static enum status prune(struct ledger *ledger, const struct block *block) {
    static const enum statement STATEMENTS[] = {STATEMENT_PRUNE_VOTES, STATEMENT_PRUNE_CERTIFICATES,
                                                STATEMENT_PRUNE_BLOCKS};
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof STATEMENTS[0]; i++) {
        sqlite3_stmt *statement = ledger->statements[STATEMENTS[i]];
        database_bind_number(statement, 1, block->epoch);
        database_bind_number(statement, 2, block->view);
        TRY(database_run(statement));
    }
    return STATUS_OK;
}

/* The log as kept here must be the log that the checkpoint speaks of. */
static enum status height_fits(const struct ledger *ledger, uint64_t height, const struct checkpoint *checkpoint) {
    struct hash root;
    merkle_frontier_root(&ledger->now.frontier, &root);
    bool fits = height == ledger->now.height + 1 && checkpoint->height == height &&
                checkpoint->size == ledger->now.frontier.count && hash_equal(&root, &checkpoint->root);
    return fits ? STATUS_OK : STATUS_CONFLICT;
}

static enum status add_height(struct ledger *ledger, const struct write *write, struct slice block,
                              struct slice finalization) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_HEIGHT];
    database_bind_checkpoint(statement, 1, &write->checkpoint);
    database_bind_hash(statement, 7, &write->hash);
    database_bind_bytes(statement, 8, block);
    database_bind_bytes(statement, 9, finalization);
    database_bind_number(statement, 10, write->time_us);
    return database_run(statement);
}

static enum status keep_height(struct ledger *ledger, const struct write *write) {
    struct block block;
    struct hash found;
    if (write->number <= ledger->now.height) return same_height(ledger, write->number, &write->hash);
    TRY(height_fits(ledger, write->number, &write->checkpoint));
    TRY(block_read(write->pieces[0], &ledger->chain, &block, &found));
    if (!hash_equal(&found, &write->hash)) return STATUS_CONFLICT;
    TRY(add_height(ledger, write, write->pieces[0], write->pieces[1]));
    if (ledger->now.base == 0) ledger->now.base = write->number;
    ledger->now.height = write->number;
    ledger->height_begun = false;
    return prune(ledger, &block);
}

/* True when the kept certificate is of a later height, or as large and of the same. */
static enum status certified_is_better(struct ledger *ledger, uint64_t height, uint32_t count, bool *ret_better) {
    sqlite3_stmt *statement = ledger->statements[STATEMENT_FIND_CERTIFIED];
    enum status status = ledger_row(ledger, STATEMENT_FIND_CERTIFIED);
    bool better = false;
    if (status == STATUS_OK) {
        uint64_t kept = column_number(statement, 0);
        better = kept > height || (kept == height && column_number(statement, 1) >= count);
    }
    ledger_release(ledger);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    *ret_better = better;
    return STATUS_OK;
}

static enum status keep_certified(struct ledger *ledger, const struct write *write) {
    bool better;
    TRY(certified_is_better(ledger, write->checkpoint.height, write->count, &better));
    if (better) return STATUS_OK;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_SET_CERTIFIED];
    database_bind_checkpoint(statement, 1, &write->checkpoint);
    database_bind_number(statement, 7, write->count);
    database_bind_bytes(statement, 8, write->pieces[0]);
    return database_run(statement);
}

static enum status keep_proof(struct ledger *ledger, const struct write *write) {
    sqlite3_stmt *find = ledger->statements[STATEMENT_FIND_PROOF];
    database_bind_number(find, 1, write->member);
    database_bind_bytes(find, 2, write->pieces[0]);
    TRY(ledger_row(ledger, STATEMENT_FIND_PROOF));
    uint64_t kept = column_number(find, 0);
    bool known = sqlite3_column_double(find, 1) > 0;
    ledger_release(ledger);
    if (known || kept >= PROOFS_PER_MEMBER_MAX) return STATUS_OK;
    sqlite3_stmt *add = ledger->statements[STATEMENT_ADD_PROOF];
    database_bind_number(add, 1, write->member);
    database_bind_number(add, 2, kept);
    database_bind_bytes(add, 3, write->pieces[0]);
    return database_run(add);
}

static enum status keep_epoch(struct ledger *ledger, const struct write *write) {
    sqlite3_stmt *add = ledger->statements[STATEMENT_ADD_EPOCH];
    database_bind_number(add, 1, write->number);
    database_bind_number(add, 2, write->member);
    database_bind_bytes(add, 3, write->pieces[0]);
    database_bind_bytes(add, 4, write->pieces[1]);
    return database_run(add);
}

/* --- snapshots --- */

static enum status keep_snapshot(struct ledger *ledger, const struct write *write) {
    sqlite3_stmt *add = ledger->statements[STATEMENT_ADD_SNAPSHOT];
    if (write->number != ledger->now.height) return STATUS_CONFLICT;
    database_bind_number(add, 1, write->number);
    database_bind_number(add, 2, write->time_us);
    database_bind_hash(add, 3, &write->hash);
    return database_run(add);
}

static enum status keep_chunk(struct ledger *ledger, const struct write *write) {
    sqlite3_stmt *add = ledger->statements[STATEMENT_ADD_CHUNK];
    database_bind_number(add, 1, write->number);
    database_bind_number(add, 2, write->count);
    database_bind_bytes(add, 3, write->pieces[0]);
    return database_run(add);
}

static enum status run_each(struct ledger *ledger, const enum statement *statements, size_t count, uint64_t number) {
    for (size_t i = 0; i < count; i++) {
        database_bind_number(ledger->statements[statements[i]], 1, number);
        TRY(database_run(ledger->statements[statements[i]]));
    }
    return STATUS_OK;
}

static enum status forget_snapshots(struct ledger *ledger, const struct write *write) {
    static const enum statement STATEMENTS[] = {STATEMENT_PRUNE_SNAPSHOTS, STATEMENT_PRUNE_CHUNKS};
    return run_each(ledger, STATEMENTS, sizeof STATEMENTS / sizeof STATEMENTS[0], write->number);
}

static enum status prune_heights(struct ledger *ledger, const struct write *write) {
    static const enum statement STATEMENTS[] = {STATEMENT_PRUNE_CONTENTS, STATEMENT_PRUNE_BODIES,
                                                STATEMENT_PRUNE_BATCHES, STATEMENT_PRUNE_HEIGHTS};
    struct record_snapshot record;
    if (write->number <= ledger->now.base) return STATUS_OK;
    TRY(ledger_find_snapshot(ledger, write->number, &record));
    if (record.height != write->number) return STATUS_CONFLICT;
    TRY(run_each(ledger, STATEMENTS, sizeof STATEMENTS / sizeof STATEMENTS[0], write->number));
    ledger->now.base = write->number;
    return STATUS_OK;
}

/* The peaks of the log before, then its newest leaf, which is the state record of the height. */
static enum status begin_log(struct ledger *ledger, const struct write *write) {
    struct merkle_frontier *frontier = &ledger->now.frontier;
    CHECK(write->pieces[1].bytes == sizeof *frontier);
    memcpy(frontier, write->pieces[1].data, sizeof *frontier);
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++)
        if ((frontier->count >> level & 1) != 0)
            TRY(add_node(ledger, level, (frontier->count >> level) - 1, &frontier->peaks[level]));
    struct write leaf = {.kind = WRITE_LEAF, .number = frontier->count, .pieces = {write->pieces[0]}};
    merkle_leaf(write->pieces[0], &leaf.hash);
    return keep_leaf(ledger, &leaf);
}

static enum status seed(struct ledger *ledger, const struct write *write) {
    struct hash root;
    TRY(begin_log(ledger, write));
    merkle_frontier_root(&ledger->now.frontier, &root);
    bool fits = write->checkpoint.height == write->number && hash_equal(&root, &write->checkpoint.root) &&
                write->checkpoint.size == ledger->now.frontier.count;
    if (!fits) return STATUS_CONFLICT;
    TRY(add_height(ledger, write, slice_of("", 0), slice_of("", 0)));
    ledger->now.height = ledger->now.base = write->number;
    ledger->height_begun = false;
    return STATUS_OK;
}

enum status write_apply(struct ledger *ledger, const struct write *write) {
    static enum status (*const KEEP[WRITE_KINDS])(struct ledger * ledger, const struct write *write) = {
        [WRITE_BATCH] = keep_batch,        [WRITE_VOTE] = keep_vote,         [WRITE_CERTIFICATE] = keep_certificate,
        [WRITE_BLOCK] = keep_block,        [WRITE_LEAF] = keep_leaf,         [WRITE_EXECUTED] = keep_executed,
        [WRITE_HEIGHT] = keep_height,      [WRITE_PROOF] = keep_proof,       [WRITE_CERTIFIED] = keep_certified,
        [WRITE_EPOCH] = keep_epoch,        [WRITE_SNAPSHOT] = keep_snapshot, [WRITE_CHUNK] = keep_chunk,
        [WRITE_FORGET] = forget_snapshots, [WRITE_PRUNE] = prune_heights,    [WRITE_SEED] = seed,
    };
    CHECK(write->kind < WRITE_KINDS);
    return KEEP[write->kind](ledger, write);
}
