/* When the log of a ledger is folded into its file (SQLite's checkpoint), and when not: a copy that is being made of the file
 * (ledger/backup.h) holds a shared lock on it, and folding takes an exclusive one. Inside this room only. */
#ifndef LEDGER_FOLD_H
#define LEDGER_FOLD_H

#include <stdbool.h>

struct ledger;

enum {
    FOLD_PAGES = 16000, /* of the log: folded from here on, after a commit */
    /* About a GiB. A copy that takes longer than that is not waited for: whoever makes it finds out and says so. */
    FOLD_PAGES_MAX = 262144,
};

/* Puts the folding of this connection under the lock; fold_neglect: nothing is folded by itself. */
void fold_attend(struct ledger *ledger);
void fold_neglect(struct ledger *ledger);
/* Keeps everybody from copying until fold_allow_copies. False: a copy is being made. */
bool fold_keep_copies_away(struct ledger *ledger);
void fold_allow_copies(struct ledger *ledger);
/* Before closing, which folds as well: then the log stays beside the file when a copy is being made. */
void fold_before_close(struct ledger *ledger);

#endif
