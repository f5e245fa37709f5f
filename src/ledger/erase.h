/* Erasing the contents of an observation from one ledger (docs/backup.md, "Erasing content"). What is signed is the hash of a
 * content, so everything else still verifies: the batch, its lane, the log, every certificate.
 *
 * The bytes go from the file, not only from the table: freed places are overwritten (secure_delete), the file is written
 * anew as a whole (VACUUM, because parts of rows may stand where the row stood before), and the log is folded and cut to
 * nothing. What the file system or the disk keeps of blocks that were freed is beyond this, and so are backups and other
 * members. */
#ifndef LEDGER_ERASE_H
#define LEDGER_ERASE_H

#include <stdbool.h>

#include "ledger/ledger.h"
#include "wire/item.h"

struct ledger_erasure {
    struct question_id question;
    struct slice observation;
    uint32_t member; /* whose tell; MEMBERS_MAX: anybody's */
};

struct ledger_erased {
    bool question_known;
    uint64_t tells;     /* of the observation */
    uint64_t contents;  /* erased now */
    uint64_t bytes;     /* of those */
    uint64_t before;    /* contents that had been erased already */
    uint64_t elsewhere; /* contents of other tells with the same bytes: they stay */
};

/* Durable when this returns STATUS_OK, also when there was nothing to erase; what there was is in `ret_erased`, filled in
 * on STATUS_OK only. A ledger with erased contents is always written anew, so a call that was cut short is finished by the next
 * one. STATUS_LOCKED: a copy is being made of it. STATUS_CORRUPT, STATUS_DISK_FULL (writing anew takes twice the room of
 * the file for a while), STATUS_IO: nothing is erased, or it is and may still stand in places of the file that nothing refers to;
 * ledger_error_text says more. Takes as long as reading and writing the whole ledger. Not with writes that are not committed (CHECK). */
enum status ledger_erase(struct ledger *ledger, const struct ledger_erasure *erasure,
                         struct ledger_erased *ret_erased) MUST_USE;

#endif
