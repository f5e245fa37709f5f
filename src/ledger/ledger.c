/* Opening and closing. Opening holds the file alone (SQLite's exclusive locking mode), so that one member can never run twice and
 * sign twice; it finds damage of the structure and a newest root that does not fit its leaves before anything is believed.
 *
 * Durability: WAL with synchronous=FULL, so that a commit is one sync of the log file; ledger/fold.h says when the log is folded back. */
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/database.h"
#include "ledger/detail.h"
#include "ledger/fold.h"

enum {
    BUSY_TIMEOUT_MS = 1000, /* a member that was just stopped may need this long to let go of its file */
    /* Files up to this size are checked as a whole when they are opened, larger ones in their small tables only. */
    WHOLE_CHECK_BYTES_MAX = 64 * 1024 * 1024,
};

static const char SETTINGS[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = OFF;"
    "PRAGMA cache_size = -131072;" /* KiB */
    /* Nothing is written before the commit, so a full disk shows there and nowhere else. */
    "PRAGMA cache_spill = OFF;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

static enum status explain_errno(const struct detail *detail, const char *what, int error) {
    bool full = error == ENOSPC || error == EDQUOT;
    return detail_explain(detail, full ? STATUS_DISK_FULL : STATUS_IO, what, strerror(error));
}

/* A name in a directory is durable once the directory is. */
static int sync_directory(const char *path) {
    char copy[4096];
    if (strlen(path) >= sizeof copy) return ENAMETOOLONG;
    (void)snprintf(copy, sizeof copy, "%s", path);
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int error = fsync(directory) == 0 ? 0 : errno;
    (void)close(directory);
    return error;
}

/* SQLite would create the file for everybody to read; its log takes over the mode of the file. */
static enum status create_file(const char *path, const struct detail *detail) {
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return errno == EEXIST ? STATUS_OK : explain_errno(detail, "creating the ledger", errno);
    (void)close(file);
    int error = sync_directory(path);
    return error == 0 ? STATUS_OK : explain_errno(detail, "creating the ledger", error);
}

/* What copies are locked out by. Its closing would take SQLite's own locks away, so it is opened before and closed after. */
static enum status open_lock(struct ledger *ledger, const char *path, const struct detail *detail) {
    ledger->file = open(path, O_RDONLY | O_CLOEXEC);
    return ledger->file >= 0 ? STATUS_OK : explain_errno(detail, "opening the ledger", errno);
}

static enum status connect_database(struct ledger *ledger, const char *path, const struct detail *detail) {
    int code = sqlite3_open_v2(path, &ledger->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (ledger->database == NULL) return detail_explain(detail, STATUS_IO, "opening the ledger", "out of memory");
    (void)sqlite3_extended_result_codes(ledger->database, 1);
    (void)sqlite3_busy_timeout(ledger->database, BUSY_TIMEOUT_MS);
    enum status status = database_status(ledger->database, code);
    if (status == STATUS_OK) status = database_execute(ledger->database, SETTINGS);
    fold_attend(ledger);
    return detail_explain(detail, status, "opening the ledger", sqlite3_errmsg(ledger->database));
}

static enum status set_meta(sqlite3 *database, const char *key, const struct hash *hash, uint64_t number) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "INSERT INTO meta (key, value) VALUES (?1, ?2)", -1, &statement, NULL);
    TRY(database_status(database, code));
    (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (hash != NULL) {
        database_bind_hash(statement, 2, hash);
    } else {
        database_bind_number(statement, 2, number);
    }
    enum status status = database_run(statement);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status fill_tables(struct ledger *ledger) {
    char text[128];
    TRY(database_execute(ledger->database, "BEGIN IMMEDIATE"));
    for (size_t i = 0; i < SCHEMA_TABLES_COUNT; i++) TRY(database_execute(ledger->database, SCHEMA_TABLES[i]));
    TRY(set_meta(ledger->database, "chain", &ledger->chain, 0));
    TRY(set_meta(ledger->database, "member", NULL, ledger->member));
    (void)snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION_ID,
                   SCHEMA_VERSION);
    TRY(database_execute(ledger->database, text));
    return database_execute(ledger->database, "COMMIT");
}

/* Makes the tables in an empty file, recognizes one's own in any other. */
static enum status recognize(struct ledger *ledger, const struct detail *detail) {
    sqlite3 *database = ledger->database;
    uint64_t objects = 0, application = 0, version = 0;
    enum status status = database_number(database, "SELECT count(*) FROM sqlite_schema", &objects);
    if (status == STATUS_OK) status = database_number(database, "PRAGMA application_id", &application);
    if (status == STATUS_OK) status = database_number(database, "PRAGMA user_version", &version);
    if (status != STATUS_OK) return detail_explain(detail, status, "reading the ledger", sqlite3_errmsg(database));
    ledger->is_new = objects == 0;
    if (ledger->is_new)
        return detail_explain(detail, fill_tables(ledger), "creating the tables", sqlite3_errmsg(database));
    if (application != SCHEMA_APPLICATION_ID)
        return detail_explain(detail, STATUS_BAD_FORMAT, "reading the ledger", "another kind of database");
    return detail_explain(detail, version == SCHEMA_VERSION ? STATUS_OK : STATUS_VERSION, "reading the ledger", "");
}

/* SQLite's own check of its structure; the first thing it finds goes to the detail. */
static enum status quick_check(sqlite3 *database, const char *text, const struct detail *detail) {
    sqlite3_stmt *statement = NULL;
    enum status status = database_status(database, sqlite3_prepare_v2(database, text, -1, &statement, NULL));
    if (status == STATUS_OK) status = database_row(statement);
    if (status == STATUS_OK) {
        const char *said = (const char *)sqlite3_column_text(statement, 0);
        if (said == NULL || strcmp(said, "ok") != 0)
            status = detail_explain(detail, STATUS_CORRUPT, "checking the ledger", said != NULL ? said : "");
    }
    (void)detail_explain(detail, status, "checking the ledger", sqlite3_errmsg(database));
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status check_structure(struct ledger *ledger, const struct detail *detail) {
    static const char *const SMALL_TABLES[] = {
        "PRAGMA quick_check('meta')",  "PRAGMA quick_check('vote')",      "PRAGMA quick_check('certificate')",
        "PRAGMA quick_check('block')", "PRAGMA quick_check('certified')", "PRAGMA quick_check('proof')",
    };
    uint64_t pages = 0, page_bytes = 0;
    enum status status = database_number(ledger->database, "PRAGMA page_count", &pages);
    if (status == STATUS_OK) status = database_number(ledger->database, "PRAGMA page_size", &page_bytes);
    if (status != STATUS_OK)
        return detail_explain(detail, status, "checking the ledger", sqlite3_errmsg(ledger->database));
    if (pages <= WHOLE_CHECK_BYTES_MAX / page_bytes)
        return quick_check(ledger->database, "PRAGMA quick_check(1)", detail);
    for (size_t i = 0; i < sizeof SMALL_TABLES / sizeof SMALL_TABLES[0]; i++)
        TRY(quick_check(ledger->database, SMALL_TABLES[i], detail));
    return STATUS_OK;
}

static enum status check_meta(struct ledger *ledger, const struct detail *detail) {
    static const char TEXT[] = "SELECT (SELECT value FROM meta WHERE key = 'chain'), "
                               "(SELECT value FROM meta WHERE key = 'member')";
    sqlite3_stmt *statement = NULL;
    enum status status =
        database_status(ledger->database, sqlite3_prepare_v2(ledger->database, TEXT, -1, &statement, NULL));
    if (status == STATUS_OK) status = database_row(statement);
    struct hash chain;
    uint64_t member = 0;
    if (status == STATUS_OK) status = column_hash(statement, 0, &chain);
    if (status == STATUS_OK) member = column_number(statement, 1);
    (void)sqlite3_finalize(statement);
    TRY(detail_explain(detail, status, "reading the ledger's meta table", ""));
    if (!hash_equal(&chain, &ledger->chain))
        return detail_explain(detail, STATUS_WRONG_CHAIN, "reading the ledger",
                              "its chain id is not that of the genesis");
    if (member != ledger->member)
        return detail_explain(detail, STATUS_WRONG_CHAIN, "reading the ledger", "it is the ledger of another member");
    return STATUS_OK;
}

static enum status prepare(struct ledger *ledger, const struct detail *detail) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(ledger->database, STATEMENT_TEXTS[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &ledger->statements[i], NULL);
        enum status status = database_status(ledger->database, code);
        if (status != STATUS_OK)
            return detail_explain(detail, status, "reading the tables", sqlite3_errmsg(ledger->database));
    }
    return STATUS_OK;
}

/* The frontier over the kept leaves: its peaks are complete nodes. A missing one is a damaged ledger. */
static enum status load_frontier(struct ledger *ledger, uint64_t leaves) {
    struct merkle_frontier *frontier = &ledger->now.frontier;
    merkle_frontier_init(frontier);
    frontier->count = leaves;
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((leaves >> level & 1) == 0) continue;
        enum status status = ledger_read_node(ledger, level, (leaves >> level) - 1, &frontier->peaks[level]);
        if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    return STATUS_OK;
}

/* The log must end where the newest height says, with its root; before the first height there is the genesis at most. */
static enum status check_position(struct ledger *ledger) {
    const struct ledger_position *now = &ledger->now;
    if (now->height == 0) return now->frontier.count <= 1 ? STATUS_OK : STATUS_CORRUPT;
    struct checkpoint checkpoint;
    uint64_t time_us;
    TRY(ledger_read_checkpoint(ledger, now->height, &checkpoint, &time_us));
    struct hash root;
    merkle_frontier_root(&now->frontier, &root);
    bool fits = checkpoint.size == now->frontier.count && hash_equal(&root, &checkpoint.root);
    return fits ? STATUS_OK : STATUS_CORRUPT;
}

static enum status load_position(struct ledger *ledger, const struct detail *detail) {
    sqlite3 *database = ledger->database;
    uint64_t leaves = 0;
    enum status status =
        database_number(database, "SELECT coalesce(max(height), 0) FROM height", &ledger->now.height);
    if (status == STATUS_OK)
        status = database_number(database, "SELECT coalesce(min(height), 0) FROM height", &ledger->now.base);
    if (status == STATUS_OK)
        status = database_number(database, "SELECT coalesce(max(idx) + 1, 0) FROM leaf", &leaves);
    if (status == STATUS_OK) status = load_frontier(ledger, leaves);
    if (status == STATUS_OK) status = check_position(ledger);
    ledger->committed = ledger->now;
    return detail_explain(detail, status, "loading the log", "the leaves do not give the root of the newest height");
}

enum status ledger_open(const char *path, const struct hash *chain, uint32_t member, struct ledger **ret_ledger,
                        char *ret_detail, size_t detail_bytes) {
    struct detail detail = {ret_detail, detail_bytes};
    if (detail_bytes > 0) ret_detail[0] = '\0';
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) return detail_explain(&detail, STATUS_IO, "opening the ledger", "out of memory");
    ledger->chain = *chain;
    ledger->member = member;
    ledger->file = -1;
    enum status status = create_file(path, &detail);
    if (status == STATUS_OK) status = open_lock(ledger, path, &detail);
    if (status == STATUS_OK) status = connect_database(ledger, path, &detail);
    if (status == STATUS_OK) status = recognize(ledger, &detail);
    if (status == STATUS_OK) status = check_structure(ledger, &detail);
    if (status == STATUS_OK) status = check_meta(ledger, &detail);
    if (status == STATUS_OK) status = prepare(ledger, &detail);
    if (status == STATUS_OK) status = load_position(ledger, &detail);
    if (status != STATUS_OK) {
        ledger_close(ledger);
        return status;
    }
    *ret_ledger = ledger;
    return STATUS_OK;
}

void ledger_close(struct ledger *ledger) {
    if (ledger == NULL) return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) (void)sqlite3_finalize(ledger->statements[i]);
    fold_before_close(ledger);
    (void)sqlite3_close(ledger->database);
    if (ledger->file >= 0) (void)close(ledger->file);
    cache_clear(&ledger->cache);
    pending_clear(&ledger->pending);
    free(ledger->contents.data);
    free(ledger);
}

bool ledger_is_new(const struct ledger *ledger) { return ledger->is_new; }

const char *ledger_error_text(const struct ledger *ledger) { return ledger->error; }
