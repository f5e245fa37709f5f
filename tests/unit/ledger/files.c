#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

void file_make(char ret_path[PATH_BYTES]) {
    const char *base = getenv("TMPDIR");
    char directory[PATH_BYTES - 16];
    int length = snprintf(directory, sizeof directory, "%s/ledger.XXXXXX", base != NULL ? base : "/tmp");
    assert_true(length > 0 && (size_t)length < sizeof directory);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(ret_path, PATH_BYTES, "%s/" LEDGER_FILE, directory);
}

void file_remove(const char *path) {
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_BYTES + 16];
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, SUFFIXES[i]);
        (void)unlink(name);
    }
    (void)snprintf(name, sizeof name, "%s", path);
    *strrchr(name, '/') = '\0';
    assert_int_equal(rmdir(name), 0);
}

struct ledger *file_open(const char *path, const struct hash *chain) {
    struct ledger *ledger = NULL;
    char detail[256];
    enum status status = ledger_open(path, chain, SAMPLE_SELF, &ledger, detail, sizeof detail);
    if (status != STATUS_OK) print_error("%s\n", detail);
    assert_int_equal(status, STATUS_OK);
    return ledger;
}

void file_sql(const char *path, const char *text) {
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    int code = sqlite3_exec(database, text, NULL, NULL, NULL);
    if (code != SQLITE_OK) print_error("%s: %s\n", text, sqlite3_errmsg(database));
    assert_int_equal(code, SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}
