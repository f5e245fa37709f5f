/* Writes: the persist ports (replica/ports.h) and the commit. The first write after a commit opens a transaction; nothing is synced
 * before the next commit, which is the group commit that docs/protocol.md 2 and 4 ask for before anything is sent.
 *
 * Invariants: after a failure nothing more is written, and the commit rolls everything back to the last one. A full disk is no failure:
 * the step that found it is undone in the file, as SQLite does it, and stands at once in a new transaction that the next commit tries
 * again. So what can be read never falls behind the replica, and what is durable is always whole steps. */
#include "ledger/database.h"
#include "ledger/ledger.h"

#include "base/check.h"
#include "ledger/snapshot.h"
#include "ledger/write.h"

static enum status begin(struct ledger *ledger) {
    TRY(database_run(ledger->statements[STATEMENT_BEGIN]));
    ledger->writing = true;
    return STATUS_OK;
}

/* What is to be written may be borrowed from what was read last, a batch whose header becomes a leaf: so it is copied before the read
 * is given back. */
static enum status take(struct ledger *ledger, const struct write *write) {
    const struct write *copy;
    enum status status = pending_add(&ledger->pending, write, &copy);
    ledger_release(ledger);
    if (status == STATUS_OK && !ledger->writing) status = begin(ledger);
    return status == STATUS_OK ? write_apply(ledger, copy) : status;
}

static void persist(struct ledger *ledger, const struct write *write) {
    static const char *const WHAT[WRITE_KINDS] = {
        [WRITE_BATCH] = "keeping a batch",
        [WRITE_VOTE] = "keeping an own vote",
        [WRITE_CERTIFICATE] = "keeping a certificate of votes",
        [WRITE_BLOCK] = "keeping a candidate block",
        [WRITE_LEAF] = "keeping a leaf of the log",
        [WRITE_EXECUTED] = "noting an executed batch",
        [WRITE_HEIGHT] = "keeping an executed height",
        [WRITE_CERTIFIED] = "keeping a certificate",
        [WRITE_PROOF] = "keeping a misbehaviour proof",
        [WRITE_EPOCH] = "keeping the end of an epoch",
        [WRITE_SNAPSHOT] = "keeping a snapshot",
        [WRITE_CHUNK] = "keeping a snapshot",
        [WRITE_FORGET] = "forgetting older snapshots",
        [WRITE_PRUNE] = "pruning",
        [WRITE_SEED] = "beginning with a snapshot",
    };
    if (ledger->failure != STATUS_OK) return;
    enum status status = take(ledger, write);
    if (status != STATUS_OK) ledger_fail(ledger, status, WHAT[write->kind]);
}

void ledger_persist_batch(void *context, const struct header *header, const struct hash *hash,
                          struct slice header_bytes, struct slice body, struct slice contents) {
    persist(context, &(struct write){.kind = WRITE_BATCH,
                                     .member = header->member,
                                     .count = header->count,
                                     .bytes = header->bytes,
                                     .number = header->seq,
                                     .time_us = header->wall_us,
                                     .hash = *hash,
                                     .pieces = {header_bytes, body, contents}});
}

void ledger_persist_vote(void *context, const struct vote *vote) {
    persist(context, &(struct write){.kind = WRITE_VOTE, .vote = *vote});
}

void ledger_persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    persist(context, &(struct write){
                         .kind = WRITE_CERTIFICATE, .number = view, .vote = {.kind = kind}, .pieces = {certificate}});
}

void ledger_persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block) {
    persist(context, &(struct write){.kind = WRITE_BLOCK, .number = view, .hash = *hash, .pieces = {block}});
}

void ledger_persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    persist(context, &(struct write){.kind = WRITE_LEAF, .number = index, .hash = *leaf_hash, .pieces = {bytes}});
}

void ledger_persist_executed(void *context, const struct hash *batch, uint64_t height) {
    persist(context, &(struct write){.kind = WRITE_EXECUTED, .number = height, .hash = *batch});
}

void ledger_persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    persist(context, &(struct write){.kind = WRITE_HEIGHT,
                                     .number = height,
                                     .time_us = time_us,
                                     .hash = *block_hash,
                                     .checkpoint = *checkpoint,
                                     .pieces = {block, finalization}});
}

void ledger_persist_certified(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    uint8_t bytes[MEMBERS_MAX * SIGNATURE_ENTRY_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    for (uint32_t i = 0; i < count; i++) {
        writer_put_u32(&writer, signatures[i].member);
        writer_put(&writer, signatures[i].signature, SIGNATURE_BYTES);
    }
    CHECK(writer_status(&writer) == STATUS_OK); /* nobody has more signatures than there can be members */
    persist(context, &(struct write){.kind = WRITE_CERTIFIED,
                                     .count = count,
                                     .checkpoint = *checkpoint,
                                     .pieces = {writer_slice(&writer)}});
}

void ledger_persist_proof(void *context, uint32_t member, struct slice proof) {
    persist(context, &(struct write){.kind = WRITE_PROOF, .member = member, .pieces = {proof}});
}

void ledger_persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                          struct slice finalization) {
    persist(context, &(struct write){
                         .kind = WRITE_EPOCH, .member = position, .number = epoch, .pieces = {bytes, finalization}});
}

/* --- snapshots --- */

void ledger_persist_snapshot(struct ledger *ledger, const struct record_snapshot *record) {
    ledger->announced = record->height;
    ledger->next_chunk = 0;
    persist(ledger,
            &(struct write){
                .kind = WRITE_SNAPSHOT, .number = record->height, .time_us = record->bytes, .hash = record->root});
}

void ledger_persist_snapshot_chunk(void *context, struct slice chunk) {
    struct ledger *ledger = context;
    persist(ledger,
            &(struct write){
                .kind = WRITE_CHUNK, .number = ledger->announced, .count = ledger->next_chunk++, .pieces = {chunk}});
}

void ledger_forget_snapshots(struct ledger *ledger, uint64_t below) {
    persist(ledger, &(struct write){.kind = WRITE_FORGET, .number = below});
}

void ledger_prune(struct ledger *ledger, uint64_t height) {
    persist(ledger, &(struct write){.kind = WRITE_PRUNE, .number = height});
}

void ledger_seed(struct ledger *ledger, const struct ledger_seed *seed) {
    CHECK(ledger->now.height == 0 && ledger->now.frontier.count == 0);
    struct slice before = slice_of((const uint8_t *)&seed->before, sizeof seed->before);
    persist(ledger, &(struct write){.kind = WRITE_SEED,
                                    .number = seed->record.height,
                                    .time_us = seed->time_us,
                                    .hash = seed->block,
                                    .checkpoint = seed->checkpoint,
                                    .pieces = {seed->state, before}});
    ledger_persist_snapshot(ledger, &seed->record);
}

/* --- the commit --- */

static void roll_back(struct ledger *ledger) {
    /* SQLite has rolled back by itself after some failures; the file is right either way, so the outcome does not matter. */
    if (sqlite3_get_autocommit(ledger->database) == 0)
        (void)sqlite3_exec(ledger->database, "ROLLBACK", NULL, NULL, NULL);
    ledger->writing = false;
    ledger->height_begun = false;
    ledger->now = ledger->committed;
    cache_clear(&ledger->cache);
}

/* A sync that failed is never tried again, whatever it says was wrong: the system may have dropped the pages, and a later one would say
 * that all is well. */
static bool sync_failed(const struct ledger *ledger) {
    int code = sqlite3_extended_errcode(ledger->database);
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

/* The disk was full: the same step once more, in a transaction that only needs its commit. */
static enum status put_back(struct ledger *ledger) {
    ledger_say(ledger, STATUS_DISK_FULL, "committing");
    roll_back(ledger);
    enum status status = begin(ledger);
    if (status == STATUS_OK) status = pending_apply(&ledger->pending, ledger);
    if (status == STATUS_OK) return STATUS_DISK_FULL;
    ledger_fail(ledger, status, "putting a step back that found no room on the disk");
    return ledger->failure;
}

static enum status try_commit(struct ledger *ledger) {
    CHECK(!ledger->height_begun);
    enum status status = database_run(ledger->statements[STATEMENT_COMMIT]);
    if (status == STATUS_DISK_FULL && !sync_failed(ledger)) return put_back(ledger);
    if (status != STATUS_OK) ledger_fail(ledger, status, "committing");
    return ledger->failure;
}

enum status ledger_commit(struct ledger *ledger) {
    ledger_release(ledger);
    enum status status = ledger->failure;
    if (status == STATUS_OK && ledger->writing) status = try_commit(ledger);
    if (status == STATUS_DISK_FULL) return status;
    pending_clear(&ledger->pending);
    if (status != STATUS_OK) {
        roll_back(ledger);
        return status;
    }
    ledger->error[0] = '\0';
    ledger->writing = false;
    ledger->committed = ledger->now;
    return STATUS_OK;
}
