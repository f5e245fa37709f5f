/* The offline check: opens the file for reading, lets SQLite check its structure, finds the keys in leaf 0, and walks every table.
 * The log is in check_log.c, the batches are in check_batch.c. */
#include "ledger/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/checking.h"
#include "ledger/database.h"
#include "wire/block.h"
#include "wire/handover.h"
#include "wire/proof.h"
#include "wire/snapshot.h"

void checking_found(struct checking *checking, const char *table, uint64_t row, const char *what) {
    checking->checked.findings += 1;
    if (checking->finding != NULL) checking->finding(checking->context, table, (int64_t)row, what);
}

bool checking_expect(struct checking *checking, const char *table, uint64_t row, enum status status,
                     const char *what) {
    if (status == STATUS_OK) return true;
    char text[256];
    (void)snprintf(text, sizeof text, "%s: %s", what, status_text(status));
    checking_found(checking, table, row, text);
    return false;
}

bool checking_require(struct checking *checking, const char *table, uint64_t row, bool holds, const char *what) {
    if (!holds) checking_found(checking, table, row, what);
    return holds;
}

enum status checking_end(struct checking *checking, const char *table, enum status status) {
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_CORRUPT) return status;
    checking_found(checking, table, 0, sqlite3_errmsg(checking->database));
    return STATUS_OK;
}

enum status checking_walk(struct checking *checking, const char *table, const char *text, checking_row *row) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(checking->database, text, -1, &statement, NULL);
    enum status status = database_status(checking->database, code);
    while (status == STATUS_OK) {
        status = database_row(statement);
        if (status == STATUS_OK) row(checking, statement);
    }
    status = checking_end(checking, table, status);
    (void)sqlite3_finalize(statement);
    return status;
}

const struct roster *checking_roster(const struct checking *checking, uint64_t epoch) {
    return epoch < checking->rosters_count ? &checking->rosters[epoch] : NULL;
}

/* Without leaf 0 that is said of the leaf, once. */
static bool roster_missing(struct checking *checking, const char *table, uint64_t row) {
    if (checking->rosters_count == 0) return true;
    return checking_require(checking, table, row, false, "it is of an epoch that the log does not have");
}

bool checking_certificate(struct checking *checking, const char *table, uint64_t row, struct slice bytes,
                          struct vote_certificate *ret_certificate) {
    struct reader reader = reader_of(bytes);
    enum status status = vote_certificate_take(&reader, ret_certificate);
    if (status == STATUS_OK) status = reader_end(&reader);
    if (!checking_expect(checking, table, row, status, "the certificate")) return false;
    const struct roster *roster = checking_roster(checking, ret_certificate->epoch);
    if (roster == NULL) return roster_missing(checking, table, row);
    struct keyring keyring = roster_keyring(roster);
    status = vote_certificate_verify(ret_certificate, &checking->chain, &keyring, roster->threshold);
    return checking_expect(checking, table, row, status, "the certificate");
}

static void check_structure_row(struct checking *checking, sqlite3_stmt *statement) {
    const char *said = (const char *)sqlite3_column_text(statement, 0);
    if (said == NULL || strcmp(said, "ok") != 0) checking_found(checking, "database", 0, said != NULL ? said : "");
}

static void check_block(struct checking *checking, sqlite3_stmt *statement) {
    struct block block;
    struct hash hash, kept;
    uint64_t view = column_number(statement, 2);
    checking->checked.others += 1;
    enum status status = block_read(column_bytes(statement, 3), &checking->chain, &block, &hash);
    if (!checking_expect(checking, "block", view, status, "the block")) return;
    bool same = column_hash(statement, 0, &kept) == STATUS_OK && hash_equal(&hash, &kept);
    (void)checking_require(checking, "block", view, same, "its hash is another one");
    same = block.epoch == column_number(statement, 1) && block.view == view;
    (void)checking_require(checking, "block", view, same, "epoch or view is not that of the block");
}

static void check_vote(struct checking *checking, sqlite3_stmt *statement) {
    struct reader reader = reader_of(column_bytes(statement, 4));
    struct vote vote;
    struct hash kept;
    uint64_t view = column_number(statement, 1);
    checking->checked.others += 1;
    enum status status = vote_take(&reader, &vote);
    if (status == STATUS_OK) status = reader_end(&reader);
    if (!checking_expect(checking, "vote", view, status, "the vote")) return;
    bool same = vote.epoch == column_number(statement, 0) && vote.view == view &&
                (uint64_t)vote.kind == column_number(statement, 2) && vote.member == checking->member &&
                column_hash(statement, 3, &kept) == STATUS_OK && hash_equal(&vote.block, &kept);
    (void)checking_require(checking, "vote", view, same, "a column is not that of the vote");
    const struct roster *roster = checking_roster(checking, vote.epoch);
    if (roster == NULL) {
        (void)roster_missing(checking, "vote", view);
        return;
    }
    struct keyring keyring = roster_keyring(roster);
    status = vote_verify(&vote, &checking->chain, &keyring);
    (void)checking_expect(checking, "vote", view, status, "the vote");
}

static void check_certificate(struct checking *checking, sqlite3_stmt *statement) {
    struct vote_certificate certificate;
    uint64_t view = column_number(statement, 1);
    checking->checked.others += 1;
    if (!checking_certificate(checking, "certificate", view, column_bytes(statement, 3), &certificate)) return;
    bool same = certificate.epoch == column_number(statement, 0) && certificate.view == view &&
                (uint64_t)certificate.kind == column_number(statement, 2);
    (void)checking_require(checking, "certificate", view, same, "a column is not that of the certificate");
}

static void check_certified(struct checking *checking, sqlite3_stmt *statement) {
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count = 0;
    uint64_t height = column_number(statement, 0);
    checking->checked.others += 1;
    enum status status = column_checkpoint(statement, 0, &checkpoint);
    if (status == STATUS_OK) status = column_signatures(statement, 6, signatures, &count);
    if (!checking_expect(checking, "certified", height, status, "the certificate")) return;
    const struct roster *roster = checking_roster(checking, checkpoint.epoch);
    if (roster == NULL) {
        (void)roster_missing(checking, "certified", height);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t member = signatures[i].member;
        bool known = roster_has(roster, member) && (i == 0 || member > signatures[i - 1].member);
        if (!checking_require(checking, "certified", height, known, "signers do not ascend within the members"))
            return;
        status = checkpoint_verify(&checkpoint, &checking->chain, roster->keys[member], signatures[i].signature);
        (void)checking_expect(checking, "certified", height, status, "a signature of the checkpoint");
    }
}

/* Under the keys of the epochs, the newest first: it holds when it holds in one of them. */
static enum status verify_proof(const struct checking *checking, struct slice bytes, struct proof *ret_proof) {
    enum status status = STATUS_NOT_FOUND;
    for (size_t i = checking->rosters_count; i > 0 && status != STATUS_OK; i--) {
        struct keyring keyring = roster_keyring(&checking->rosters[i - 1]);
        status = proof_verify(bytes, &checking->chain, &keyring, ret_proof);
    }
    return status;
}

/* Position 0 is a handover, the others are void blocks. */
static void check_epoch(struct checking *checking, sqlite3_stmt *statement) {
    uint64_t epoch = column_number(statement, 0);
    struct slice bytes = column_bytes(statement, 2);
    struct block block;
    struct hash hash;
    checking->checked.others += 1;
    if (column_number(statement, 1) > 0) {
        enum status read = block_read(bytes, &checking->chain, &block, &hash);
        if (!checking_expect(checking, "epoch", epoch, read, "the block")) return;
        (void)checking_require(checking, "epoch", epoch, block.epoch == epoch, "the block is of another epoch");
        return;
    }
    const struct roster *roster = checking_roster(checking, epoch);
    struct handover *handover = malloc(sizeof *handover);
    struct roster *next = malloc(sizeof *next);
    enum status status = handover == NULL || next == NULL ? STATUS_NO_SPACE
                         : roster == NULL                 ? STATUS_MISSING
                                                          : handover_read(bytes, handover);
    if (status == STATUS_OK) status = handover_verify(handover, &checking->chain, roster, next);
    (void)checking_expect(checking, "epoch", epoch, status, "the handover");
    free(handover);
    free(next);
}

static void check_proof(struct checking *checking, sqlite3_stmt *statement) {
    struct proof proof;
    uint64_t member = column_number(statement, 0);
    struct slice bytes = column_bytes(statement, 2);
    checking->checked.others += 1;
    enum status status = proof_read(bytes, &checking->chain, &proof);
    if (status == STATUS_OK && checking->rosters_count > 0) status = verify_proof(checking, bytes, &proof);
    if (!checking_expect(checking, "proof", member, status, "the proof")) return;
    (void)checking_require(checking, "proof", member, proof.member == member, "it is against another member");
}

static uint64_t chunks_of(struct checking *checking, uint64_t height, struct snapshot_hasher *hasher) {
    static const char TEXT[] = "SELECT bytes, idx FROM chunk WHERE height = ?1 ORDER BY idx";
    sqlite3_stmt *statement = NULL;
    uint64_t count = 0;
    if (sqlite3_prepare_v2(checking->database, TEXT, -1, &statement, NULL) != SQLITE_OK) return 0;
    database_bind_number(statement, 1, height);
    while (database_row(statement) == STATUS_OK && column_number(statement, 1) == count) {
        struct slice chunk = column_bytes(statement, 0);
        if (chunk.bytes == 0 || chunk.bytes > SNAPSHOT_CHUNK_BYTES) break;
        snapshot_hash_chunk(hasher, chunk);
        count++;
    }
    (void)sqlite3_finalize(statement);
    return count;
}

static void check_snapshot(struct checking *checking, sqlite3_stmt *statement) {
    uint64_t height = column_number(statement, 0), bytes = column_number(statement, 1);
    struct snapshot_hasher hasher;
    struct hash root;
    checking->checked.others += 1;
    snapshot_hasher_init(&hasher);
    bool whole = chunks_of(checking, height, &hasher) == snapshot_chunks(bytes);
    struct record_snapshot found = snapshot_hasher_record(&hasher, height);
    bool same = whole && found.bytes == bytes && column_hash(statement, 2, &root) == STATUS_OK &&
                hash_equal(&root, &found.root);
    (void)checking_require(checking, "snapshot", height, same, "its chunks do not give the root");
}

static enum status check_rest(struct checking *checking) {
    static const struct {
        const char *table;
        const char *text;
        checking_row *row;
    } TABLES[] = {
        {"block", "SELECT hash, epoch, view, bytes FROM block", check_block},
        {"vote", "SELECT epoch, view, kind, block, bytes FROM vote", check_vote},
        {"certificate", "SELECT epoch, view, kind, bytes FROM certificate", check_certificate},
        {"certified",
         "SELECT height, size, root, epoch, threshold_numerator, threshold_denominator, signers, signatures "
         "FROM certified",
         check_certified},
        {"proof", "SELECT member, n, bytes FROM proof", check_proof},
        {"epoch", "SELECT epoch, position, bytes FROM epoch", check_epoch},
        {"snapshot", "SELECT height, bytes, root FROM snapshot", check_snapshot},
    };
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++)
        TRY(checking_walk(checking, TABLES[i].table, TABLES[i].text, TABLES[i].row));
    return STATUS_OK;
}

static bool add_roster(struct checking *checking, const struct roster *roster) {
    struct roster *grown = realloc(checking->rosters, (checking->rosters_count + 1) * sizeof *grown);
    if (grown == NULL) return false;
    checking->rosters = grown;
    checking->rosters[checking->rosters_count++] = *roster;
    return true;
}

/* Leaf 0 is the genesis: it hashes to the chain id and has the keys of the first members. */
static void find_keys(struct checking *checking, sqlite3_stmt *statement) {
    struct hash chain;
    struct genesis genesis;
    struct roster roster;
    enum status status = genesis_read(column_bytes(statement, 0), &genesis);
    if (!checking_expect(checking, "leaf", 0, status, "the genesis")) return;
    genesis_chain(&genesis, &chain);
    if (!checking_require(checking, "leaf", 0, hash_equal(&chain, &checking->chain),
                          "the genesis is not that of the chain id"))
        return;
    roster_of(&genesis, &roster);
    (void)checking_require(checking, "leaf", 0, add_roster(checking, &roster), "there is no memory for the keys");
}

/* What came before a snapshot that the ledger began with is told by the handovers that it has. */
static void find_earlier_roster(struct checking *checking, sqlite3_stmt *statement) {
    struct handover *handover = malloc(sizeof *handover);
    struct roster roster;
    if (checking->rosters_count > 0 && handover != NULL &&
        handover_read(column_bytes(statement, 0), handover) == STATUS_OK &&
        roster_read(handover->roster, &roster) == STATUS_OK && roster.epoch == checking->rosters_count)
        (void)checking_require(checking, "epoch", 0, add_roster(checking, &roster),
                               "there is no memory for the keys");
    free(handover);
}

/* The log itself is checked elsewhere; a record that is not whole there is no roster here. */
static void find_roster(struct checking *checking, sqlite3_stmt *statement) {
    struct roster roster;
    if (checking->rosters_count == 0 || roster_read(column_bytes(statement, 0), &roster) != STATUS_OK) return;
    if (roster.epoch < checking->rosters_count) return; /* a handover said so */
    bool follows = roster.epoch == checking->rosters_count;
    if (!checking_require(checking, "leaf", column_number(statement, 1), follows, "an epoch is missing")) return;
    (void)checking_require(checking, "leaf", 0, add_roster(checking, &roster), "there is no memory for the keys");
}

static enum status read_meta(struct checking *checking, const struct hash *expected) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(checking->database,
                                  "SELECT (SELECT value FROM meta WHERE key = 'chain'), "
                                  "(SELECT value FROM meta WHERE key = 'member')",
                                  -1, &statement, NULL);
    enum status status = database_status(checking->database, code);
    if (status == STATUS_OK) status = database_row(statement);
    if (status == STATUS_OK) status = column_hash(statement, 0, &checking->chain);
    if (status == STATUS_OK) checking->member = column_number(statement, 1);
    (void)sqlite3_finalize(statement);
    if (status != STATUS_OK) return status;
    return expected == NULL || hash_equal(expected, &checking->chain) ? STATUS_OK : STATUS_WRONG_CHAIN;
}

static enum status open_to_read(struct checking *checking, const char *path) {
    if (access(path, F_OK) != 0) return STATUS_NOT_FOUND;
    int code = sqlite3_open_v2(path, &checking->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    TRY(database_status(checking->database, code));
    TRY(database_execute(checking->database, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN"));
    uint64_t application = 0, version = 0;
    TRY(database_number(checking->database, "PRAGMA application_id", &application));
    TRY(database_number(checking->database, "PRAGMA user_version", &version));
    if (application != SCHEMA_APPLICATION_ID) return STATUS_BAD_FORMAT;
    return version == SCHEMA_VERSION ? STATUS_OK : STATUS_VERSION;
}

static enum status check_everything(struct checking *checking) {
    TRY(checking_walk(checking, "database", "PRAGMA integrity_check", check_structure_row));
    TRY(checking_walk(checking, "leaf", "SELECT bytes FROM leaf WHERE idx = 0", find_keys));
    TRY(checking_walk(checking, "epoch",
                      "SELECT bytes FROM epoch WHERE position = 0 AND NOT EXISTS (SELECT 1 FROM leaf WHERE idx = 1) "
                      "AND EXISTS (SELECT 1 FROM leaf WHERE idx > 1) ORDER BY epoch",
                      find_earlier_roster));
    /* How a roster record begins: an array of six, kind 20 (wire/roster.h). */
    TRY(checking_walk(checking, "leaf",
                      "SELECT bytes, idx FROM leaf WHERE substr(bytes, 1, 2) = x'8614' ORDER BY idx", find_roster));
    TRY(checking_batches(checking));
    TRY(checking_log(checking));
    return check_rest(checking);
}

enum status ledger_check(const char *path, const struct hash *chain, ledger_finding *finding, void *context,
                         struct ledger_checked *ret_checked) {
    struct checking *checking = calloc(1, sizeof *checking);
    if (checking == NULL) return STATUS_IO;
    checking->finding = finding;
    checking->context = context;
    enum status status = open_to_read(checking, path);
    if (status == STATUS_OK) status = read_meta(checking, chain);
    if (status == STATUS_OK) {
        status = check_everything(checking);
    } else if (status == STATUS_CORRUPT) {
        checking_found(checking, "database", 0, sqlite3_errmsg(checking->database));
    }
    if (status == STATUS_OK && checking->checked.findings > 0) status = STATUS_CORRUPT;
    if (status == STATUS_OK || status == STATUS_CORRUPT) *ret_checked = checking->checked;
    (void)sqlite3_close(checking->database);
    free(checking->rosters);
    free(checking);
    return status;
}
