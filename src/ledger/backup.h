/* Whole copies of a ledger: a backup of one that its member goes on writing, and the way back.
 *
 * The file itself is written only when its log (`-wal`) is folded into it; between two folds the log grows and nothing
 * else changes. Whoever copies holds a shared lock (flock) on the file, and a member that finds it puts the folding off
 * (ledger/fold.h). So the file stands still while it is copied, and every commit that was durable when the copy of the log
 * began is in it: one consistent state. The member is never kept waiting. The lock is another one than the one that
 * lets a member run only once.
 *
 * The copy is made under another name, checked row by row (ledger/check.h), and gets its name only then; a file that has the
 * name already stays. Whatever goes wrong, nothing of it is left. */
#ifndef LEDGER_BACKUP_H
#define LEDGER_BACKUP_H

#include <stdbool.h>

#include "ledger/check.h"

struct ledger_copy {
    const char *source;       /* a ledger: in use, at rest, or a backup */
    const char *path;         /* of the copy; nothing has this name yet */
    const struct hash *chain; /* what the source has to be of */
    uint32_t member;
    void *context;
    /* After every step of at most 1 MiB; false ends the copying. May be NULL. */
    bool (*copied)(void *context, uint64_t done_bytes, uint64_t total_bytes);
    /* When the copy is whole and checked, right before it gets its name; another status than STATUS_OK ends it. May be
     * NULL. */
    enum status (*ready)(void *context);
};

struct ledger_copied {
    uint64_t height; /* the newest one executed in it */
    uint64_t bytes;
    struct ledger_checked checked;
};

/* Mode 0600, durable when this returns STATUS_OK. Otherwise `ret_detail` gets a sentence for people. STATUS_NOT_FOUND: no
 * source. STATUS_CONFLICT: something has the name already. STATUS_WRONG_CHAIN: of another chain or member. STATUS_BAD_FORMAT,
 * STATUS_VERSION: not a ledger, or of another version. STATUS_CORRUPT: a row does not match its hash or signature, or the
 * structure is damaged. STATUS_STALE: the source was folded while it was copied, because its log had become too long to wait.
 * STATUS_LOCKED: it is being folded all the time, or erased from. STATUS_UNAVAILABLE: `copied` said so. STATUS_DISK_FULL, STATUS_IO, or what
 * `ready` said. Reads the source once and the copy twice. */
enum status ledger_copy(const struct ledger_copy *copy, struct ledger_copied *ret_copied, char *ret_detail,
                        size_t detail_bytes) MUST_USE;

#endif
