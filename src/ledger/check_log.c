/* The offline check of the log: the tree is built again from the bytes of the leaves, and every kept node and every height's root is
 * compared with it. */
#include "ledger/checking.h"

#include "crypto/merkle.h"
#include "ledger/database.h"
#include "wire/block.h"
#include "wire/record.h"

struct log {
    struct checking *checking;
    sqlite3_stmt *leaves;
    sqlite3_stmt *node;
    sqlite3_stmt *last;
    struct merkle_frontier frontier;
    struct hash parent;  /* block hash of the height before */
    uint64_t height;     /* the height before */
    uint64_t nodes;      /* that the leaves so far complete, above level 0, and those that the log began with */
    uint64_t first;      /* the first height that is kept */
    bool leaves_ended;   /* a statement that has ended would start again */
    bool began_late;     /* with a snapshot: leaves before it are not there */
    bool root_is_broken; /* reported once: all later roots differ as well */
};

static enum status read_node(struct log *log, uint32_t level, uint64_t index, struct hash *ret_hash) {
    database_bind_number(log->node, 1, level);
    database_bind_number(log->node, 2, index);
    enum status status = database_row(log->node);
    if (status == STATUS_OK) status = column_hash(log->node, 0, ret_hash);
    (void)sqlite3_reset(log->node);
    log->nodes += status == STATUS_OK;
    return status;
}

static void check_node(struct log *log, uint32_t level, uint64_t index, const struct hash *hash) {
    struct hash kept;
    bool same = read_node(log, level, index, &kept) == STATUS_OK && hash_equal(&kept, hash);
    (void)checking_require(log->checking, "node", index << level, same, "not the hash of its two children");
}

/* Takes the leaf that the statement stands on. */
static void check_leaf(struct log *log) {
    uint64_t index = column_number(log->leaves, 0);
    struct hash found, kept;
    struct hash nodes[MERKLE_LEVELS_MAX];
    log->checking->checked.leaves += 1;
    merkle_leaf(column_bytes(log->leaves, 2), &found);
    bool same = column_hash(log->leaves, 1, &kept) == STATUS_OK && hash_equal(&found, &kept);
    (void)checking_require(log->checking, "leaf", index, same, "the bytes do not match the hash");
    /* The genesis stands apart in a log that began with a snapshot. */
    if (index == 0 && log->frontier.count > 0) return;
    (void)checking_require(log->checking, "leaf", index, index == log->frontier.count, "the leaves have a gap");
    uint64_t position = log->frontier.count;
    uint32_t levels = merkle_append_nodes(&log->frontier, &found, nodes);
    for (uint32_t level = 1; level < levels; level++) check_node(log, level, position >> level, &nodes[level]);
}

/* Takes leaves until there are `size`. STATUS_NOT_FOUND when they end before. */
static enum status take_leaves(struct log *log, uint64_t size) {
    while (log->frontier.count < size) {
        enum status status = log->leaves_ended ? STATUS_NOT_FOUND : database_row(log->leaves);
        log->leaves_ended = status != STATUS_OK;
        TRY(status);
        check_leaf(log);
    }
    return STATUS_OK;
}

static void check_height_block(struct log *log, sqlite3_stmt *statement, uint64_t height) {
    struct block block;
    struct hash hash, kept;
    bool is_first = height == log->first && height > 1;
    if (is_first && log->began_late && column_bytes(statement, 7).bytes == 0) {
        (void)checking_expect(log->checking, "height", height, column_hash(statement, 6, &log->parent),
                              "the block's hash");
        return;
    }
    enum status status = block_read(column_bytes(statement, 7), &log->checking->chain, &block, &hash);
    if (!checking_expect(log->checking, "height", height, status, "the block")) return;
    bool same = column_hash(statement, 6, &kept) == STATUS_OK && hash_equal(&kept, &hash) && block.height == height;
    (void)checking_require(log->checking, "height", height, same, "the block does not match its hash");
    (void)checking_require(log->checking, "height", height, is_first || hash_equal(&block.parent, &log->parent),
                           "the block does not extend the one before");
    log->parent = hash;
    struct slice finalization = column_bytes(statement, 8);
    struct vote_certificate certificate;
    if (finalization.bytes == 0 || !checking_certificate(log->checking, "height", height, finalization, &certificate))
        return;
    same = certificate.kind == VOTE_FINALIZE && hash_equal(&certificate.block, &hash);
    (void)checking_require(log->checking, "height", height, same, "the finalization is of another block");
}

/* The last leaf of a height is its state record. */
static void check_height_state(struct log *log, sqlite3_stmt *statement, uint64_t height, uint64_t size) {
    struct record_state state = {.height = 0};
    struct hash kept;
    database_bind_number(log->last, 1, size - 1);
    enum status status = database_row(log->last);
    if (status == STATUS_OK) status = record_state_read(column_bytes(log->last, 0), &state);
    (void)sqlite3_reset(log->last);
    if (!checking_expect(log->checking, "height", height, status, "the state record in its last leaf")) return;
    bool same = state.height == height && state.time_us == column_number(statement, 9) &&
                column_hash(statement, 6, &kept) == STATUS_OK && hash_equal(&kept, &state.block);
    (void)checking_require(log->checking, "height", height, same,
                           "the state record in its last leaf is another one's");
}

static void check_height_root(struct log *log, const struct checkpoint *checkpoint) {
    struct hash root;
    merkle_frontier_root(&log->frontier, &root);
    bool same = checkpoint->size == log->frontier.count && hash_equal(&root, &checkpoint->root);
    if (!same && !log->root_is_broken)
        checking_found(log->checking, "height", checkpoint->height,
                       "the leaves do not give the root (later heights are not compared)");
    log->root_is_broken = log->root_is_broken || !same;
}

static enum status check_height(struct log *log, sqlite3_stmt *statement) {
    struct checkpoint checkpoint = {.height = 0};
    log->checking->checked.heights += 1;
    enum status status = column_checkpoint(statement, 0, &checkpoint);
    uint64_t height = column_number(statement, 0);
    (void)checking_require(log->checking, "height", height, height == log->height + 1, "the heights have a gap");
    log->height = height;
    check_height_block(log, statement, height);
    if (!checking_expect(log->checking, "height", height, status, "size, root or threshold")) return STATUS_OK;
    if (!checking_require(log->checking, "height", height, checkpoint.size > log->frontier.count,
                          "it has no leaves of its own"))
        return STATUS_OK;
    status = take_leaves(log, checkpoint.size);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    check_height_root(log, &checkpoint);
    if (status == STATUS_OK) check_height_state(log, statement, height, checkpoint.size);
    return STATUS_OK;
}

static enum status check_heights(struct log *log) {
    static const char TEXT[] =
        "SELECT height, size, root, epoch, threshold_numerator, threshold_denominator, block_hash, block, "
        "finalization, time_us FROM height ORDER BY height";
    sqlite3_stmt *statement = NULL;
    sqlite3 *database = log->checking->database;
    TRY(database_status(database, sqlite3_prepare_v2(database, TEXT, -1, &statement, NULL)));
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = database_row(statement);
        if (status == STATUS_OK) status = check_height(log, statement);
    }
    status = checking_end(log->checking, "height", status);
    (void)sqlite3_finalize(statement);
    return status;
}

/* Before the first height there is the genesis at most; after it nothing that no height covers. */
static enum status check_rest(struct log *log) {
    uint64_t covered = log->height == 0 ? 1 : log->frontier.count;
    enum status status = take_leaves(log, UINT64_MAX);
    status = checking_end(log->checking, "leaf", status);
    (void)checking_require(log->checking, "leaf", covered, log->frontier.count <= covered,
                           "leaves that no height covers");
    uint64_t nodes = 0;
    if (status == STATUS_OK) status = database_number(log->checking->database, "SELECT count(*) FROM node", &nodes);
    (void)checking_require(log->checking, "node", 0, nodes <= log->nodes, "nodes that no leaves complete");
    return status;
}

static enum status prepare(struct log *log) {
    static const char *const TEXTS[] = {"SELECT idx, hash, bytes FROM leaf ORDER BY idx",
                                        "SELECT hash FROM node WHERE level = ?1 AND idx = ?2",
                                        "SELECT bytes FROM leaf WHERE idx = ?1"};
    sqlite3_stmt **statements[] = {&log->leaves, &log->node, &log->last};
    sqlite3 *database = log->checking->database;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        TRY(database_status(database, sqlite3_prepare_v2(database, TEXTS[i], -1, statements[i], NULL)));
    return STATUS_OK;
}

/* What is there of the log before a snapshot that the ledger began with: the complete nodes. */
static enum status take_peaks(struct log *log, uint64_t leaves) {
    log->frontier.count = leaves;
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((leaves >> level & 1) == 0) continue;
        enum status status = read_node(log, level, (leaves >> level) - 1, &log->frontier.peaks[level]);
        if (status == STATUS_NOT_FOUND)
            checking_found(log->checking, "node", leaves, "a node is missing that the log began with");
        else
            TRY(status);
    }
    return STATUS_OK;
}

/* A ledger that does not go back to the first block was pruned, and has all leaves, or began with a snapshot. */
static enum status find_beginning(struct log *log) {
    sqlite3 *database = log->checking->database;
    uint64_t leaves = 0, snapshots = 0;
    TRY(database_number(database, "SELECT coalesce(min(height), 1) FROM height", &log->first));
    log->height = log->first - 1;
    if (log->first <= 1) return STATUS_OK;
    TRY(database_number(database, "SELECT count(*) FROM snapshot WHERE height >= (SELECT min(height) FROM height)",
                        &snapshots));
    (void)checking_require(log->checking, "height", log->first, snapshots > 0,
                           "the heights before are missing, and there is no snapshot to begin with");
    TRY(database_number(database, "SELECT coalesce(min(idx), 1) FROM leaf WHERE idx > 0", &leaves));
    log->began_late = leaves > 1;
    return log->began_late ? take_peaks(log, leaves) : STATUS_OK;
}

enum status checking_log(struct checking *checking) {
    struct log log = {.checking = checking, .parent = checking->chain};
    merkle_frontier_init(&log.frontier);
    enum status status = prepare(&log);
    if (status == STATUS_OK) status = find_beginning(&log);
    if (status == STATUS_OK) status = check_heights(&log);
    if (status == STATUS_OK) status = check_rest(&log);
    (void)sqlite3_finalize(log.leaves);
    (void)sqlite3_finalize(log.node);
    (void)sqlite3_finalize(log.last);
    return status;
}
