/* Copying a ledger (ledger/backup.h): hold the lock, copy the file, copy the log behind it, let go; then put both together, check, and
 * give the copy its name.
 *
 * The log is begun anew in its own file once it is folded as a whole. That can happen at most once while the lock is held, for a fold
 * that was complete before; the header then has new salts, and the log is copied again. */
#include "ledger/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/database.h"
#include "ledger/detail.h"

enum {
    STEP_BYTES = 1024 * 1024,
    NAME_BYTES = 4096,
    LOG_HEADER_BYTES = 32, /* of SQLite's log: its salts tell one log from the next in the same file */
    LOG_TRIES = 3,
    FILE_HEADER_BYTES = 100, /* of an SQLite file; the size of its pages stands in it, big-endian */
    PAGE_BYTES_AT = 16,
    LOCK_TRIES = 100, /* folding takes a moment; these are 10 s */
    LOCK_PAUSE_MS = 100,
    SCHEMA_TEXT_BYTES = 65536,
};

static const char EXISTS[] = "there is a file already, and it stays as it is";

struct copying {
    const struct ledger_copy *copy;
    const struct detail *detail;
    int source;
    int target;
    uint8_t *step; /* STEP_BYTES */
    uint64_t done_bytes;
    uint64_t total_bytes;
    char source_log[NAME_BYTES];
    char name[NAME_BYTES]; /* of the copy, until it is whole */
    char log[NAME_BYTES];
};

static enum status explain_errno(const struct copying *copying, const char *what, int error) {
    bool full = error == ENOSPC || error == EDQUOT;
    enum status status = full ? STATUS_DISK_FULL : error == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    return detail_explain(copying->detail, status, what, strerror(error));
}

static enum status write_all(int file, const uint8_t *data, size_t bytes) {
    while (bytes > 0) {
        ssize_t written = write(file, data, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return STATUS_IO;
        data += written;
        bytes -= (size_t)written;
    }
    return STATUS_OK;
}

static enum status announce(struct copying *copying, uint64_t bytes) {
    const struct ledger_copy *copy = copying->copy;
    copying->done_bytes += bytes;
    if (copying->done_bytes > copying->total_bytes) copying->total_bytes = copying->done_bytes;
    if (copy->copied == NULL || copy->copied(copy->context, copying->done_bytes, copying->total_bytes))
        return STATUS_OK;
    return detail_say(copying->detail, STATUS_UNAVAILABLE, "stopped before it was whole; nothing is left of it");
}

/* From the beginning of one file to the end of the other, up to the end that the first one has when it is reached. */
static enum status copy_bytes(struct copying *copying, int from, int to) {
    for (uint64_t at = 0;;) {
        ssize_t got = pread(from, copying->step, STEP_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return explain_errno(copying, "reading the ledger", errno);
        if (got == 0) return STATUS_OK;
        if (write_all(to, copying->step, (size_t)got) != STATUS_OK)
            return explain_errno(copying, "writing the copy", errno);
        at += (uint64_t)got;
        TRY(announce(copying, (uint64_t)got));
    }
}

/* Waits for a fold that is under way. */
static enum status hold(const struct copying *copying) {
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(copying->source, LOCK_SH | LOCK_NB) == 0) return STATUS_OK;
        if (errno != EWOULDBLOCK && errno != EINTR) return explain_errno(copying, "locking the ledger", errno);
        (void)nanosleep(&pause, NULL);
    }
    return detail_say(copying->detail, STATUS_LOCKED,
                      "somebody writes to the file itself, an erasure perhaps; try again later");
}

static enum status create(const struct copying *copying, const char *name, int *ret_file) {
    int file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return explain_errno(copying, "creating the copy", errno);
    *ret_file = file;
    return STATUS_OK;
}

static enum status log_header(int log, uint8_t ret_header[LOG_HEADER_BYTES], size_t *ret_bytes) {
    ssize_t got = pread(log, ret_header, LOG_HEADER_BYTES, 0);
    if (got < 0) return STATUS_IO;
    *ret_bytes = (size_t)got;
    return STATUS_OK;
}

/* One try. `ret_same`: it was the same log from the beginning to the end. */
static enum status copy_log_once(struct copying *copying, int from, int to, bool *ret_same) {
    uint8_t before[LOG_HEADER_BYTES], after[LOG_HEADER_BYTES];
    size_t before_bytes = 0, after_bytes = 0;
    if (ftruncate(to, 0) != 0 || lseek(to, 0, SEEK_SET) != 0)
        return explain_errno(copying, "writing the copy", errno);
    if (log_header(from, before, &before_bytes) != STATUS_OK) return explain_errno(copying, "reading the log", errno);
    TRY(copy_bytes(copying, from, to));
    if (log_header(from, after, &after_bytes) != STATUS_OK) return explain_errno(copying, "reading the log", errno);
    *ret_same = before_bytes == after_bytes && memcmp(before, after, before_bytes) == 0;
    return STATUS_OK;
}

static enum status copy_open_log(struct copying *copying, int from, int to) {
    for (int i = 0; i < LOG_TRIES; i++) {
        bool same = false;
        TRY(copy_log_once(copying, from, to, &same));
        if (same) return STATUS_OK;
    }
    return detail_say(copying->detail, STATUS_STALE, "its log is begun anew all the time; try again");
}

/* A member at rest has no log. */
static enum status copy_log(struct copying *copying) {
    int to = -1;
    int from = open(copying->source_log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0) return errno == ENOENT ? STATUS_OK : explain_errno(copying, "opening the log", errno);
    enum status status = create(copying, copying->log, &to);
    if (status == STATUS_OK) status = copy_open_log(copying, from, to);
    if (to >= 0) (void)close(to);
    (void)close(from);
    return status;
}

static uint64_t size_of(int file) {
    struct stat found;
    return fstat(file, &found) == 0 && found.st_size > 0 ? (uint64_t)found.st_size : 0;
}

/* SQLite takes what is missing of the last page for zeros, which may be right; a file that was cut is refused all the same. */
static enum status check_size(const struct copying *copying, uint64_t bytes) {
    uint8_t header[FILE_HEADER_BYTES];
    uint32_t page_bytes = 0;
    if (pread(copying->source, header, sizeof header, 0) == (ssize_t)sizeof header)
        page_bytes = (uint32_t)header[PAGE_BYTES_AT] << 8 | header[PAGE_BYTES_AT + 1];
    if (page_bytes == 1) page_bytes = 65536; /* what two bytes can't say */
    bool whole = page_bytes >= 512 && bytes % page_bytes == 0;
    return detail_say(copying->detail, whole ? STATUS_OK : STATUS_CORRUPT,
                      "it is no database, or one that was cut short: it does not end with a page");
}

static enum status copy_both(struct copying *copying) {
    struct stat before, after;
    if (fstat(copying->source, &before) != 0) return explain_errno(copying, "reading the ledger", errno);
    copying->total_bytes = size_of(copying->source);
    TRY(check_size(copying, copying->total_bytes));
    TRY(copy_bytes(copying, copying->source, copying->target));
    TRY(copy_log(copying));
    if (fstat(copying->source, &after) != 0) return explain_errno(copying, "reading the ledger", errno);
    bool still = before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
    return detail_say(copying->detail, still ? STATUS_OK : STATUS_STALE,
                      "the file itself was written to while it was copied; try again, to a faster disk");
}

/* Puts the log into the copy, which is then one file for good. */
static enum status fold_copy(const struct copying *copying, struct ledger_copied *copied) {
    static const char TEXT[] =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE;";
    sqlite3 *database = NULL;
    int code = sqlite3_open_v2(copying->name, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    enum status status = database_status(database, code);
    uint64_t application = 0, version = SCHEMA_VERSION;
    if (status == STATUS_OK) status = database_execute(database, TEXT);
    if (status == STATUS_OK) status = database_number(database, "PRAGMA application_id", &application);
    if (status == STATUS_OK && application != SCHEMA_APPLICATION_ID) status = STATUS_BAD_FORMAT;
    if (status == STATUS_OK) status = database_number(database, "PRAGMA user_version", &version);
    if (status == STATUS_OK && version != SCHEMA_VERSION) status = STATUS_VERSION;
    if (status == STATUS_OK)
        status = database_number(database, "SELECT coalesce(max(height), 0) FROM height", &copied->height);
    status = detail_explain(copying->detail, status, "reading the copy",
                            status == STATUS_BAD_FORMAT ? "another kind of file"
                            : status == STATUS_VERSION  ? ""
                                                        : sqlite3_errmsg(database));
    (void)sqlite3_close(database);
    return status;
}

/* All statements that make up the tables, in one text. */
static enum status schema_text(sqlite3 *database, char ret_text[SCHEMA_TEXT_BYTES]) {
    static const char TEXT[] = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema "
                               "ORDER BY type, name";
    sqlite3_stmt *statement = NULL;
    size_t used = 0;
    enum status status = database_status(database, sqlite3_prepare_v2(database, TEXT, -1, &statement, NULL));
    while (status == STATUS_OK && (status = database_row(statement)) == STATUS_OK) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        int length = snprintf(ret_text + used, SCHEMA_TEXT_BYTES - used, "%s\n", text != NULL ? text : "");
        if (length < 0 || (size_t)length >= SCHEMA_TEXT_BYTES - used) status = STATUS_TOO_LARGE;
        used += status == STATUS_OK ? (size_t)length : 0;
    }
    (void)sqlite3_finalize(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The tables must be those of ledger/schema.c to the letter: a trigger that somebody put into a backup would run inside the member. */
static enum status same_schema(sqlite3 *database, bool *ret_same) {
    char *texts = calloc(2, SCHEMA_TEXT_BYTES);
    sqlite3 *fresh = NULL;
    if (texts == NULL) return STATUS_IO;
    enum status status = database_status(fresh, sqlite3_open(":memory:", &fresh));
    for (size_t i = 0; status == STATUS_OK && i < SCHEMA_TABLES_COUNT; i++)
        status = database_execute(fresh, SCHEMA_TABLES[i]);
    if (status == STATUS_OK) status = schema_text(fresh, texts);
    if (status == STATUS_OK) status = schema_text(database, texts + SCHEMA_TEXT_BYTES);
    if (status == STATUS_OK) *ret_same = strcmp(texts, texts + SCHEMA_TEXT_BYTES) == 0;
    (void)sqlite3_close(fresh);
    free(texts);
    return status == STATUS_TOO_LARGE ? STATUS_BAD_FORMAT : status;
}

static enum status check_owner(const struct copying *copying) {
    sqlite3 *database = NULL;
    uint64_t member = 0;
    bool same = false;
    enum status status =
        database_status(database, sqlite3_open_v2(copying->name, &database, SQLITE_OPEN_READONLY, NULL));
    if (status == STATUS_OK) status = same_schema(database, &same);
    if (status == STATUS_OK && !same) status = STATUS_BAD_FORMAT;
    if (status == STATUS_OK)
        status = database_number(database, "SELECT value FROM meta WHERE key = 'member'", &member);
    bool theirs = status == STATUS_OK && member != copying->copy->member;
    status = detail_explain(copying->detail, status, "reading the copy",
                            status == STATUS_BAD_FORMAT ? "its tables are not those of a ledger"
                                                        : sqlite3_errmsg(database));
    (void)sqlite3_close(database);
    if (!theirs) return status;
    return detail_say(copying->detail, STATUS_WRONG_CHAIN, "it is the ledger of another member");
}

/* The first thing that is wrong is what people are told. */
static void take_finding(void *context, const char *table, int64_t row, const char *what) {
    char text[512];
    (void)snprintf(text, sizeof text, "table %s, row %lld: %s", table, (long long)row, what);
    (void)detail_explain(((struct copying *)context)->detail, STATUS_CORRUPT, "checking the copy", text);
}

static enum status check_copy(struct copying *copying, struct ledger_copied *copied) {
    TRY(check_owner(copying));
    enum status status = ledger_check(copying->name, copying->copy->chain, take_finding, copying, &copied->checked);
    if (status == STATUS_WRONG_CHAIN)
        return detail_say(copying->detail, status, "it is of another chain: its chain id is not that of the genesis");
    return detail_explain(copying->detail, status, "checking the copy", "");
}

static int sync_directory(const char *path) {
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "%s", path);
    int directory = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int error = fsync(directory) == 0 ? 0 : errno;
    (void)close(directory);
    return error;
}

/* A link never replaces what is there; a rename would. */
static enum status give_name(const struct copying *copying) {
    const struct ledger_copy *copy = copying->copy;
    if (copy->ready != NULL)
        TRY(detail_explain(copying->detail, copy->ready(copy->context), "finishing the copy", ""));
    if (link(copying->name, copy->path) != 0) {
        if (errno == EEXIST) return detail_say(copying->detail, STATUS_CONFLICT, EXISTS);
        return explain_errno(copying, "naming the copy", errno);
    }
    int error = sync_directory(copy->path);
    if (error == 0) return STATUS_OK;
    (void)unlink(copy->path);
    return explain_errno(copying, "naming the copy", error);
}

static enum status make(struct copying *copying, struct ledger_copied *copied) {
    TRY(hold(copying));
    enum status status = copy_both(copying);
    (void)flock(copying->source, LOCK_UN);
    TRY(status);
    TRY(fold_copy(copying, copied));
    TRY(check_copy(copying, copied));
    TRY(announce(copying, 0));
    if (fsync(copying->target) != 0) return explain_errno(copying, "writing the copy", errno);
    copied->bytes = size_of(copying->target);
    return give_name(copying);
}

static void remove_leftovers(const struct copying *copying) {
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
    char name[NAME_BYTES + 16];
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", copying->name, SUFFIXES[i]);
        (void)unlink(name);
    }
}

static enum status name_files(struct copying *copying) {
    const struct ledger_copy *copy = copying->copy;
    struct stat found;
    int length = snprintf(copying->name, sizeof copying->name, "%s.%ld.part", copy->path, (long)getpid());
    int log = snprintf(copying->log, sizeof copying->log, "%s.%ld.part-wal", copy->path, (long)getpid());
    int source = snprintf(copying->source_log, sizeof copying->source_log, "%s-wal", copy->source);
    if (length < 0 || log < 0 || source < 0 || (size_t)log >= NAME_BYTES || (size_t)source >= NAME_BYTES)
        return explain_errno(copying, "copying the ledger", ENAMETOOLONG);
    if (lstat(copy->path, &found) == 0) return detail_say(copying->detail, STATUS_CONFLICT, EXISTS);
    return STATUS_OK;
}

static enum status run(struct copying *copying, struct ledger_copied *copied) {
    TRY(name_files(copying));
    copying->source = open(copying->copy->source, O_RDONLY | O_CLOEXEC);
    if (copying->source < 0) return explain_errno(copying, "opening the ledger", errno);
    TRY(create(copying, copying->name, &copying->target));
    enum status status = make(copying, copied);
    remove_leftovers(copying);
    return status;
}

enum status ledger_copy(const struct ledger_copy *copy, struct ledger_copied *ret_copied, char *ret_detail,
                        size_t detail_bytes) {
    struct detail detail = {ret_detail, detail_bytes};
    if (detail_bytes > 0) ret_detail[0] = '\0';
    struct ledger_copied copied = {0};
    struct copying *copying = calloc(1, sizeof *copying);
    uint8_t *step = malloc(STEP_BYTES);
    enum status status = STATUS_IO;
    if (copying != NULL && step != NULL) {
        *copying = (struct copying){.copy = copy, .detail = &detail, .source = -1, .target = -1, .step = step};
        status = run(copying, &copied);
        if (copying->target >= 0) (void)close(copying->target);
        if (copying->source >= 0) (void)close(copying->source);
    }
    free(step);
    free(copying);
    if (status == STATUS_OK) *ret_copied = copied;
    return status;
}
