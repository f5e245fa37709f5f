/* Writes: the persist ports (replica/ports.h) and the commit. The first write after a commit opens a transaction; nothing is synced
 * before the next commit, which is the group commit that docs/protocol.md 2 and 4 ask for before anything is sent.
 *
 * Invariant: after a failure nothing more is written, and the commit rolls everything back to the last one. */
#include "ledger/database.h"
#include "ledger/ledger.h"

#include "base/check.h"
#include "crypto/sha256.h"
#include "wire/frame.h"

/* Opens a transaction when there is none; false when the ledger has failed. */
static bool ready_to_write(struct ledger *ledger) {
    ledger_release(ledger);
    if (ledger->failure != STATUS_OK) return false;
    if (ledger->writing) return true;
    enum status status = database_run(ledger->statements[STATEMENT_BEGIN]);
    if (status != STATUS_OK) ledger_fail(ledger, status, "beginning a transaction");
    ledger->writing = status == STATUS_OK;
    return ledger->writing;
}

static void note(struct ledger *ledger, enum status status, const char *what) {
    if (status != STATUS_OK) ledger_fail(ledger, status, what);
}

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

static enum status add_batch(struct ledger *ledger, const struct header *header, const struct hash *hash,
                             struct slice header_bytes, struct slice body, struct slice contents) {
    sqlite3_stmt *batch = ledger->statements[STATEMENT_ADD_BATCH];
    database_bind_prefix_and_hash(batch, 1, hash);
    database_bind_number(batch, 3, header->member);
    database_bind_number(batch, 4, header->seq);
    database_bind_number(batch, 5, header->wall_us);
    database_bind_number(batch, 6, header->count);
    database_bind_number(batch, 7, header->bytes);
    TRY(database_run(batch));
    uint64_t id = (uint64_t)sqlite3_last_insert_rowid(ledger->database);
    sqlite3_stmt *bytes = ledger->statements[STATEMENT_ADD_BODY];
    database_bind_number(bytes, 1, id);
    database_bind_bytes(bytes, 2, header_bytes);
    database_bind_bytes(bytes, 3, body);
    TRY(database_run(bytes));
    return contents.bytes > 0 ? add_contents(ledger, id, contents) : STATUS_OK;
}

void ledger_persist_batch(void *context, const struct header *header, const struct hash *hash,
                          struct slice header_bytes, struct slice body, struct slice contents) {
    static const uint8_t NO_CONTENTS[] = {0x80}; /* the empty CBOR array */
    struct ledger *ledger = context;
    if (!ready_to_write(ledger)) return;
    uint64_t id, height;
    enum status status = find_batch(ledger, hash, &id, &height);
    if (status == STATUS_NOT_FOUND) {
        status = add_batch(ledger, header, hash, header_bytes, body, contents);
        if (contents.bytes == 0) contents = slice_of(NO_CONTENTS, sizeof NO_CONTENTS);
        if (status == STATUS_OK) cache_put(&ledger->cache, hash, header_bytes, body, contents);
    }
    note(ledger, status, "keeping a batch");
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

static enum status add_vote(struct ledger *ledger, const struct vote *vote) {
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

void ledger_persist_vote(void *context, const struct vote *vote) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger)) note(ledger, add_vote(ledger, vote), "keeping an own vote");
}

static enum status add_certificate(struct ledger *ledger, uint64_t view, enum vote_kind kind, struct slice bytes) {
    struct vote_certificate certificate;
    struct reader reader = reader_of(bytes);
    TRY(vote_certificate_take(&reader, &certificate));
    if (certificate.view != view || certificate.kind != kind) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_CERTIFICATE];
    database_bind_number(statement, 1, certificate.epoch);
    database_bind_number(statement, 2, view);
    database_bind_number(statement, 3, (uint64_t)kind);
    database_bind_bytes(statement, 4, bytes);
    return database_run(statement);
}

void ledger_persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger))
        note(ledger, add_certificate(ledger, view, kind, certificate), "keeping a certificate of votes");
}

static enum status add_block(struct ledger *ledger, const struct hash *hash, uint64_t view, struct slice bytes) {
    struct block block;
    struct hash found;
    TRY(block_read(bytes, &ledger->chain, &block, &found));
    if (block.view != view || !hash_equal(&found, hash)) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_BLOCK];
    database_bind_hash(statement, 1, hash);
    database_bind_number(statement, 2, block.epoch);
    database_bind_number(statement, 3, view);
    database_bind_bytes(statement, 4, bytes);
    return database_run(statement);
}

void ledger_persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger)) note(ledger, add_block(ledger, hash, view, block), "keeping a candidate block");
}

static enum status same_leaf(struct ledger *ledger, uint64_t index, const struct hash *leaf_hash) {
    struct hash kept;
    TRY(ledger_read_node(ledger, 0, index, &kept));
    return hash_equal(&kept, leaf_hash) ? STATUS_OK : STATUS_CONFLICT;
}

static enum status add_leaf(struct ledger *ledger, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    struct merkle_frontier *frontier = &ledger->now.frontier;
    if (index < frontier->count) return same_leaf(ledger, index, leaf_hash);
    if (index > frontier->count) return STATUS_CONFLICT;
    sqlite3_stmt *leaf = ledger->statements[STATEMENT_ADD_LEAF];
    database_bind_number(leaf, 1, index);
    database_bind_hash(leaf, 2, leaf_hash);
    database_bind_bytes(leaf, 3, bytes);
    TRY(database_run(leaf));
    struct hash nodes[MERKLE_LEVELS_MAX];
    uint32_t levels = merkle_append_nodes(frontier, leaf_hash, nodes);
    ledger->height_begun = index > 0;
    sqlite3_stmt *node = ledger->statements[STATEMENT_ADD_NODE];
    for (uint32_t level = 1; level < levels; level++) {
        database_bind_number(node, 1, level);
        database_bind_number(node, 2, index >> level);
        database_bind_hash(node, 3, &nodes[level]);
        TRY(database_run(node));
    }
    return STATUS_OK;
}

void ledger_persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger)) note(ledger, add_leaf(ledger, index, bytes, leaf_hash), "keeping a leaf of the log");
}

static enum status execute_batch(struct ledger *ledger, const struct hash *hash, uint64_t height) {
    uint64_t id, executed;
    enum status status = find_batch(ledger, hash, &id, &executed);
    if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_MISSING : status;
    if (executed != 0) return executed == height ? STATUS_OK : STATUS_CONFLICT;
    if (height != ledger->now.height + 1) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_EXECUTE_BATCH];
    database_bind_number(statement, 1, id);
    database_bind_number(statement, 2, height);
    TRY(database_run(statement));
    ledger->height_begun = true;
    cache_drop(&ledger->cache, hash);
    return STATUS_OK;
}

void ledger_persist_executed(void *context, const struct hash *batch, uint64_t height) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger)) note(ledger, execute_batch(ledger, batch, height), "noting an executed batch");
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

static enum status add_height(struct ledger *ledger, const struct hash *block_hash, struct slice block_bytes,
                              struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    struct block block;
    struct hash found;
    TRY(block_read(block_bytes, &ledger->chain, &block, &found));
    if (!hash_equal(&found, block_hash)) return STATUS_CONFLICT;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_ADD_HEIGHT];
    database_bind_checkpoint(statement, 1, checkpoint);
    database_bind_hash(statement, 7, block_hash);
    database_bind_bytes(statement, 8, block_bytes);
    database_bind_bytes(statement, 9, finalization);
    database_bind_number(statement, 10, time_us);
    TRY(database_run(statement));
    ledger->now.height = checkpoint->height;
    ledger->height_begun = false;
    return prune(ledger, &block);
}

void ledger_persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    struct ledger *ledger = context;
    if (!ready_to_write(ledger)) return;
    enum status status;
    if (height <= ledger->now.height) {
        status = same_height(ledger, height, block_hash);
    } else {
        status = height_fits(ledger, height, checkpoint);
        if (status == STATUS_OK) status = add_height(ledger, block_hash, block, finalization, time_us, checkpoint);
    }
    note(ledger, status, "keeping an executed height");
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

static enum status set_certified(struct ledger *ledger, const struct checkpoint *checkpoint,
                                 const struct checkpoint_signature *signatures, uint32_t count) {
    uint8_t bytes[MEMBERS_MAX * SIGNATURE_ENTRY_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    for (uint32_t i = 0; i < count; i++) {
        writer_put_u32(&writer, signatures[i].member);
        writer_put(&writer, signatures[i].signature, SIGNATURE_BYTES);
    }
    TRY(writer_status(&writer));
    bool better;
    TRY(certified_is_better(ledger, checkpoint->height, count, &better));
    if (better) return STATUS_OK;
    sqlite3_stmt *statement = ledger->statements[STATEMENT_SET_CERTIFIED];
    database_bind_checkpoint(statement, 1, checkpoint);
    database_bind_number(statement, 7, count);
    database_bind_bytes(statement, 8, writer_slice(&writer));
    return database_run(statement);
}

void ledger_persist_certified(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger))
        note(ledger, set_certified(ledger, checkpoint, signatures, count), "keeping a certificate");
}

static enum status add_proof(struct ledger *ledger, uint32_t member, struct slice proof) {
    sqlite3_stmt *find = ledger->statements[STATEMENT_FIND_PROOF];
    database_bind_number(find, 1, member);
    database_bind_bytes(find, 2, proof);
    TRY(ledger_row(ledger, STATEMENT_FIND_PROOF));
    uint64_t kept = column_number(find, 0);
    bool known = sqlite3_column_double(find, 1) > 0;
    ledger_release(ledger);
    if (known || kept >= PROOFS_PER_MEMBER_MAX) return STATUS_OK;
    sqlite3_stmt *add = ledger->statements[STATEMENT_ADD_PROOF];
    database_bind_number(add, 1, member);
    database_bind_number(add, 2, kept);
    database_bind_bytes(add, 3, proof);
    return database_run(add);
}

void ledger_persist_proof(void *context, uint32_t member, struct slice proof) {
    struct ledger *ledger = context;
    if (ready_to_write(ledger)) note(ledger, add_proof(ledger, member, proof), "keeping a misbehaviour proof");
}

static void roll_back(struct ledger *ledger) {
    /* SQLite has rolled back by itself after some failures; the file is right either way, so the outcome does not matter. */
    if (sqlite3_get_autocommit(ledger->database) == 0)
        (void)sqlite3_exec(ledger->database, "ROLLBACK", NULL, NULL, NULL);
    ledger->writing = false;
    ledger->height_begun = false;
    ledger->now = ledger->committed;
    cache_clear(&ledger->cache);
}

enum status ledger_commit(struct ledger *ledger) {
    ledger_release(ledger);
    if (ledger->failure == STATUS_OK && ledger->writing) {
        CHECK(!ledger->height_begun);
        note(ledger, database_run(ledger->statements[STATEMENT_COMMIT]), "committing");
    }
    if (ledger->failure != STATUS_OK) {
        roll_back(ledger);
        return ledger->failure;
    }
    ledger->writing = false;
    ledger->committed = ledger->now;
    return STATUS_OK;
}
