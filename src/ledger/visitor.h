/* The visitor: how a ledger hands a replica back what it kept (docs/protocol.md 2: "after a crash it continues its
 * lane from the ledger"). The functions have the shapes of replica_restore_* and are called in the order in which
 * those are wanted:
 *
 *     heights (ascending), batches not executed yet, candidate blocks, certificates, own votes, the newest
 * certificate, proofs
 *
 * Batches come in the order of their arrival: a batch is persisted only with all its ancestors and deps held, so each
 * comes after what it refers to, and the batches of a lane ascend by seq. Blocks, certificates and votes ascend by
 * epoch and view; only those above the view of the last executed height are left.
 *
 * Slices and pointers are valid until the called function returns, also across reads of the same ledger from inside
 * it. A function must not write to the ledger. The first status other than STATUS_OK ends the visit and is what the
 * visit returns. A function that is NULL is passed over. */
#ifndef LEDGER_VISITOR_H
#define LEDGER_VISITOR_H

#include "wire/checkpoint.h"
#include "wire/vote.h"

struct ledger_visitor {
    void *context;
    enum status (*height)(void *context, uint64_t height, struct slice block, struct slice finalization,
                          const struct checkpoint *checkpoint);
    enum status (*batch)(void *context, struct slice header, struct slice body, struct slice contents);
    enum status (*block)(void *context, const struct hash *hash, struct slice block);
    enum status (*certificate)(void *context, struct slice certificate);
    enum status (*vote)(void *context, const struct vote *vote);
    enum status (*certified)(void *context, const struct checkpoint *checkpoint,
                             const struct checkpoint_signature *signatures, uint32_t count);
    enum status (*proof)(void *context, struct slice proof);
};

#endif
