/* Pending: what was written since the last commit, in memory and in order, so that a step that found the disk full can be written once
 * more. It holds copies, so it is bounded by what one turn of its owner hands over. */
#ifndef LEDGER_PENDING_H
#define LEDGER_PENDING_H

#include "ledger/write.h"

struct pending_write;

/* All zeros holds nothing. */
struct pending {
    struct pending_write *first;
    struct pending_write *last;
};

/* Copies a write, its pieces included, behind the others; the copy is kept until pending_clear. STATUS_NO_SPACE: no memory, nothing
 * changed. */
enum status pending_add(struct pending *pending, const struct write *write, const struct write **ret_copy) MUST_USE;
/* Applies all of them in order; the first status other than STATUS_OK ends it. */
enum status pending_apply(const struct pending *pending, struct ledger *ledger) MUST_USE;
void pending_clear(struct pending *pending);

#endif
