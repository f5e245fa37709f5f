/* The offline check of the batches: header, signature, columns, items, contents. */
#include "ledger/checking.h"

#include "crypto/sha256.h"
#include "ledger/database.h"
#include "wire/header.h"
#include "wire/item.h"

/* Columns of the walk over the batches. */
enum { ID, PREFIX, HASH, MEMBER, SEQ, WALL_US, ITEMS, BYTES, HEADER, BODY };

static const char BATCHES[] = "SELECT b.id, b.prefix, b.hash, b.member, b.seq, b.wall_us, b.items, b.bytes, "
                              "d.header, d.items FROM batch b LEFT JOIN body d ON d.batch = b.id ORDER BY b.id";

static bool columns_match(sqlite3_stmt *statement, const struct header *header, const struct hash *hash) {
    struct hash kept;
    struct reader reader = reader_of(slice_of(hash->bytes, HASH_BYTES));
    uint64_t prefix = 0;
    return column_hash(statement, HASH, &kept) == STATUS_OK && hash_equal(&kept, hash) &&
           reader_u64(&reader, &prefix) == STATUS_OK && column_number(statement, PREFIX) == prefix &&
           column_number(statement, MEMBER) == header->member && column_number(statement, SEQ) == header->seq &&
           column_number(statement, WALL_US) == header->wall_us && column_number(statement, ITEMS) == header->count &&
           column_number(statement, BYTES) == header->bytes;
}

/* The hash that the item at `index` names, among those that `cursor` has not passed yet; indexes ascend. */
static bool item_content(struct item_cursor *cursor, uint64_t *position, uint64_t index, struct hash *ret_hash) {
    struct item item;
    struct slice bytes;
    while (*position <= index) {
        if (items_next(cursor, &item, &bytes) != STATUS_OK) return false;
        *position += 1;
    }
    if (*position != index + 1 || item.kind != ITEM_TELL || !item.tell.has_content) return false;
    *ret_hash = item.tell.content;
    return true;
}

static void check_content(struct checking *checking, uint64_t id, sqlite3_stmt *statement, const struct hash *named) {
    struct hash kept, found;
    checking->checked.contents += 1;
    bool same = column_hash(statement, 1, &kept) == STATUS_OK && (named == NULL || hash_equal(&kept, named));
    (void)checking_require(checking, "content", id, same, "the hash of a content is not the one that its item names");
    if (sqlite3_column_type(statement, 2) == SQLITE_NULL) return;
    sha256_of(column_bytes(statement, 2), &found);
    (void)checking_require(checking, "content", id, same ? hash_equal(&found, &kept) : named == NULL,
                           "a content does not match its hash");
}

/* `body` is NULL when it is damaged itself: then contents are compared with their own hashes only. */
static enum status check_contents(struct checking *checking, uint64_t id, const struct slice *body, uint32_t count) {
    static const char TEXT[] = "SELECT item, sha256, bytes FROM content WHERE batch = ?1 ORDER BY item";
    sqlite3_stmt *statement = NULL;
    TRY(database_status(checking->database, sqlite3_prepare_v2(checking->database, TEXT, -1, &statement, NULL)));
    database_bind_number(statement, 1, id);
    struct item_cursor cursor;
    uint64_t position = 0;
    bool readable = body != NULL && items_open(*body, count, &cursor) == STATUS_OK;
    enum status status;
    while ((status = database_row(statement)) == STATUS_OK) {
        struct hash named;
        bool found = readable && item_content(&cursor, &position, column_number(statement, 0), &named);
        if (readable && !found) checking_found(checking, "content", id, "a content that no item of the batch names");
        check_content(checking, id, statement, found ? &named : NULL);
    }
    status = checking_end(checking, "content", status);
    (void)sqlite3_finalize(statement);
    return status;
}

static void check_signature(struct checking *checking, uint64_t id, struct slice bytes, const struct header *header) {
    if (checking->rosters_count == 0) return;
    const struct roster *roster = checking_roster(checking, seq_epoch(header->seq));
    enum status status = roster != NULL && roster_has(roster, header->member)
                             ? header_verify(bytes, &checking->chain, roster->keys[header->member])
                             : STATUS_UNKNOWN_MEMBER;
    (void)checking_expect(checking, "body", id, status, "the header");
}

static bool check_items(struct checking *checking, uint64_t id, struct slice body, const struct header *header) {
    struct hash root;
    enum status status = body.bytes == header->bytes ? items_check(body, header->count, &root) : STATUS_TRUNCATED;
    if (!checking_expect(checking, "body", id, status, "the items")) return false;
    return checking_require(checking, "body", id, hash_equal(&root, &header->root),
                            "the items do not give the root in the header");
}

static void check_batch(struct checking *checking, sqlite3_stmt *statement) {
    uint64_t id = column_number(statement, ID);
    struct slice body = column_bytes(statement, BODY);
    struct slice bytes = column_bytes(statement, HEADER);
    struct header header = {.count = 0};
    struct hash hash;
    bool intact = false;
    checking->checked.batches += 1;
    enum status status = header_read(bytes, &checking->chain, &header, &hash);
    if (checking_expect(checking, "body", id, status, "the header")) {
        (void)checking_require(checking, "batch", id, columns_match(statement, &header, &hash),
                               "hash or a number is not that of the header");
        check_signature(checking, id, bytes, &header);
        intact = check_items(checking, id, body, &header);
    }
    status = check_contents(checking, id, intact ? &body : NULL, header.count);
    (void)checking_expect(checking, "content", id, status, "reading the contents");
}

static void check_orphan(struct checking *checking, sqlite3_stmt *statement) {
    checking_found(checking, (const char *)sqlite3_column_text(statement, 0), column_number(statement, 1),
                   "belongs to no batch");
}

enum status checking_batches(struct checking *checking) {
    TRY(checking_walk(checking, "batch", BATCHES, check_batch));
    return checking_walk(checking, "body",
                         "SELECT 'body', batch FROM body WHERE batch NOT IN (SELECT id FROM batch) UNION ALL "
                         "SELECT DISTINCT 'content', batch FROM content WHERE batch NOT IN (SELECT id FROM batch)",
                         check_orphan);
}
