/* The folding of the log, put off while somebody copies the file (ledger/fold.h). A log that is not folded costs room and nothing else:
 * what is committed is durable in it, and the next commit asks again. */
#include "ledger/fold.h"

#include <sys/file.h>

#include "ledger/database.h"

bool fold_keep_copies_away(struct ledger *ledger) { return flock(ledger->file, LOCK_EX | LOCK_NB) == 0; }

void fold_allow_copies(struct ledger *ledger) { (void)flock(ledger->file, LOCK_UN); }

/* SQLite calls this after each commit. What folding stumbles over is not the commit's business: it will be seen again. */
static int on_commit(void *context, sqlite3 *database, const char *name, int pages) {
    struct ledger *ledger = context;
    if (pages < ledger->fold_pages) return SQLITE_OK;
    bool alone = fold_keep_copies_away(ledger);
    if (!alone && pages < FOLD_PAGES_MAX) return SQLITE_OK;
    (void)sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (alone) fold_allow_copies(ledger);
    return SQLITE_OK;
}

void fold_attend(struct ledger *ledger) {
    ledger->fold_pages = FOLD_PAGES;
    (void)sqlite3_wal_hook(ledger->database, on_commit, ledger);
}

void fold_neglect(struct ledger *ledger) { (void)sqlite3_wal_hook(ledger->database, NULL, NULL); }

void fold_before_close(struct ledger *ledger) {
    if (ledger->database == NULL || ledger->file < 0) return;
    if (!fold_keep_copies_away(ledger))
        (void)sqlite3_db_config(ledger->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}
