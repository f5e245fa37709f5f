/* Erasing (ledger/erase.h): look through all batches for the tell, take its content's bytes away in one transaction, then leave no trace
 * of them in the file and its log. Batches are found by reading them, because an index over observations would be for this alone. */
#include "ledger/erase.h"

#include "base/check.h"
#include "ledger/database.h"
#include "ledger/fold.h"

/* Large transactions may spill here, unlike those of a running member, and what is temporary is a file. */
static const char SETTINGS[] = "PRAGMA secure_delete = ON; PRAGMA cache_spill = ON; PRAGMA temp_store = FILE;";

struct search {
    struct ledger *ledger;
    const struct ledger_erasure *erasure;
    sqlite3_stmt *find;
    sqlite3_stmt *erase;
    sqlite3_stmt *note;
    struct ledger_erased erased;
};

/* The content of one tell. A batch that came without it has no row: this member never had the bytes. */
static enum status erase_content(struct search *search, uint64_t batch, uint64_t item) {
    database_bind_number(search->find, 1, batch);
    database_bind_number(search->find, 2, item);
    enum status status = database_row(search->find);
    uint64_t bytes = column_number(search->find, 0);
    bool was_erased = status == STATUS_OK && sqlite3_column_type(search->find, 0) == SQLITE_NULL;
    (void)sqlite3_reset(search->find);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    TRY(status);
    search->erased.before += was_erased;
    if (was_erased) return STATUS_OK;
    database_bind_number(search->erase, 1, batch);
    database_bind_number(search->erase, 2, item);
    TRY(database_run(search->erase));
    database_bind_number(search->note, 1, batch);
    database_bind_number(search->note, 2, item);
    TRY(database_run(search->note));
    search->erased.contents += 1;
    search->erased.bytes += bytes;
    return STATUS_OK;
}

static enum status look_at_tell(struct search *search, uint64_t batch, uint64_t index, uint32_t member,
                                const struct item_tell *tell) {
    const struct ledger_erasure *erasure = search->erasure;
    if (!question_id_equal(&tell->question, &erasure->question)) return STATUS_OK;
    search->erased.question_known = true;
    bool is_theirs = erasure->member == MEMBERS_MAX || erasure->member == member;
    if (!is_theirs || !slice_equal(tell->observation, erasure->observation)) return STATUS_OK;
    search->erased.tells += 1;
    return tell->has_content ? erase_content(search, batch, index) : STATUS_OK;
}

static enum status look_at_item(struct search *search, uint64_t batch, uint64_t index, uint32_t member,
                                const struct item *item, struct slice bytes) {
    struct question_id asked;
    if (item->kind == ITEM_TELL) return look_at_tell(search, batch, index, member, &item->tell);
    if (item->kind != ITEM_ASK) return STATUS_OK;
    item_question_id(member, bytes, &asked);
    search->erased.question_known |= question_id_equal(&asked, &search->erasure->question);
    return STATUS_OK;
}

/* Columns: id, member, items, body. */
static enum status look_through_batch(struct search *search, sqlite3_stmt *batch) {
    struct item_cursor cursor;
    struct item item;
    struct slice bytes;
    uint64_t count = column_number(batch, 2);
    if (count > BATCH_ITEMS_MAX || items_open(column_bytes(batch, 3), (uint32_t)count, &cursor) != STATUS_OK)
        return STATUS_CORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        if (items_next(&cursor, &item, &bytes) != STATUS_OK) return STATUS_CORRUPT;
        TRY(look_at_item(search, column_number(batch, 0), i, (uint32_t)column_number(batch, 1), &item, bytes));
    }
    return STATUS_OK;
}

static enum status look_through_all(struct search *search) {
    static const char TEXT[] = "SELECT b.id, b.member, b.items, d.items FROM batch b JOIN body d ON d.batch = b.id";
    sqlite3 *database = search->ledger->database;
    sqlite3_stmt *batches = NULL;
    enum status status = database_status(database, sqlite3_prepare_v2(database, TEXT, -1, &batches, NULL));
    while (status == STATUS_OK && (status = database_row(batches)) == STATUS_OK)
        status = look_through_batch(search, batches);
    (void)sqlite3_finalize(batches);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The same bytes under other tells are other people's word; they stay, and whoever erases is told. */
static enum status count_elsewhere(struct search *search) {
    static const char TEXT[] =
        "SELECT count(*) FROM content WHERE bytes IS NOT NULL AND sha256 IN "
        "(SELECT c.sha256 FROM content c JOIN erased_now e ON c.batch = e.batch AND c.item = e.item)";
    return database_number(search->ledger->database, TEXT, &search->erased.elsewhere);
}

static enum status prepare(struct search *search) {
    sqlite3 *database = search->ledger->database;
    static const char FIND[] = "SELECT length(bytes) FROM content WHERE batch = ?1 AND item = ?2";
    static const char ERASE[] = "UPDATE content SET bytes = NULL WHERE batch = ?1 AND item = ?2";
    static const char NOTE[] = "INSERT INTO temp.erased_now VALUES (?1, ?2)";
    TRY(database_execute(database, "CREATE TEMP TABLE IF NOT EXISTS erased_now (batch INTEGER, item INTEGER);"
                                   "DELETE FROM temp.erased_now"));
    TRY(database_status(database, sqlite3_prepare_v2(database, FIND, -1, &search->find, NULL)));
    TRY(database_status(database, sqlite3_prepare_v2(database, ERASE, -1, &search->erase, NULL)));
    return database_status(database, sqlite3_prepare_v2(database, NOTE, -1, &search->note, NULL));
}

static enum status erase_rows(struct search *search) {
    sqlite3 *database = search->ledger->database;
    enum status status = prepare(search);
    if (status == STATUS_OK) status = database_execute(database, "BEGIN IMMEDIATE");
    if (status == STATUS_OK) status = look_through_all(search);
    if (status == STATUS_OK) status = count_elsewhere(search);
    if (status == STATUS_OK) status = database_execute(database, "COMMIT");
    if (status != STATUS_OK) ledger_say(search->ledger, status, "erasing");
    if (sqlite3_get_autocommit(database) == 0) (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    (void)sqlite3_finalize(search->find);
    (void)sqlite3_finalize(search->erase);
    (void)sqlite3_finalize(search->note);
    return status;
}

/* The file anew, and the log to nothing; the first column of the checkpoint's row says whether somebody was in the way. */
static enum status write_anew(struct search *search) {
    uint64_t in_the_way = 1;
    enum status status = database_execute(search->ledger->database, "VACUUM");
    if (status == STATUS_OK)
        status = database_number(search->ledger->database, "PRAGMA wal_checkpoint(TRUNCATE)", &in_the_way);
    if (status == STATUS_OK && in_the_way != 0) status = STATUS_LOCKED;
    if (status != STATUS_OK) ledger_say(search->ledger, status, "writing the file anew");
    return status;
}

enum status ledger_erase(struct ledger *ledger, const struct ledger_erasure *erasure,
                         struct ledger_erased *ret_erased) {
    CHECK(!ledger->writing);
    struct search search = {.ledger = ledger, .erasure = erasure};
    ledger_release(ledger);
    if (!fold_keep_copies_away(ledger)) return STATUS_LOCKED;
    fold_neglect(ledger); /* it would let copies in */
    enum status status = database_execute(ledger->database, SETTINGS);
    if (status == STATUS_OK) status = erase_rows(&search);
    cache_clear(&ledger->cache);
    if (status == STATUS_OK && search.erased.contents + search.erased.before > 0) status = write_anew(&search);
    fold_attend(ledger);
    fold_allow_copies(ledger);
    if (status == STATUS_OK) *ret_erased = search.erased;
    return status;
}
