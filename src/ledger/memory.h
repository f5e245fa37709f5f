/* The memory ledger: the ledger of tests and of the simulator. The same ports and visits as ledger/ledger.h, and a
 * disk that can lose what was not synced.
 *
 * It is its journal: every persist appends one entry, a commit moves the mark up to which entries are durable, a
 * crash cuts the journal back to that mark, and what can be read is always the replay of the journal. Bytes are
 * shared between copies and never changed, so copies are cheap.
 *
 * Same rules as the SQLite ledger: handing over again what is kept changes nothing, a conflict fails the commit, a
 * height is never split (CHECK). */
#ifndef LEDGER_MEMORY_H
#define LEDGER_MEMORY_H

#include "crypto/merkle.h"
#include "ledger/visitor.h"
#include "replica/ports.h"

struct memory_ledger;

/* An empty ledger of this chain; to be given to memory_ledger_close. Running out of memory stops the process. */
struct memory_ledger *memory_ledger_open(const struct hash *chain);
void memory_ledger_close(struct memory_ledger *ledger);

/* As ledger_commit. */
enum status memory_ledger_commit(struct memory_ledger *ledger) MUST_USE;
/* Drops what was persisted since the last commit: what a machine finds when it comes up again. Forgets failures too.
 */
void memory_ledger_crash(struct memory_ledger *ledger);
/* A copy of what is durable, on its own from now on: a backup to be restored later. */
struct memory_ledger *memory_ledger_clone(const struct memory_ledger *ledger);
/* From now on every commit fails with `status` (STATUS_DISK_FULL, STATUS_IO) until memory_ledger_crash: a member that stops. */
void memory_ledger_fail(struct memory_ledger *ledger, enum status status);
/* The disk is full: the next `commits` commits say STATUS_DISK_FULL and make nothing durable, but all is kept for the one after them, as
 * ledger_commit has it. */
void memory_ledger_fill(struct memory_ledger *ledger, uint32_t commits);

void memory_ledger_persist_batch(void *context, const struct header *header, const struct hash *hash,
                                 struct slice header_bytes, struct slice body, struct slice contents);
void memory_ledger_persist_vote(void *context, const struct vote *vote);
void memory_ledger_persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate);
void memory_ledger_persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block);
void memory_ledger_persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash);
void memory_ledger_persist_executed(void *context, const struct hash *batch, uint64_t height);
void memory_ledger_persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                                  struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint);
void memory_ledger_persist_certified(void *context, const struct checkpoint *checkpoint,
                                     const struct checkpoint_signature *signatures, uint32_t count);
void memory_ledger_persist_proof(void *context, uint32_t member, struct slice proof);
void memory_ledger_persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                                 struct slice finalization);

enum status memory_ledger_read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                                     struct slice *ret_body, struct slice *ret_contents) MUST_USE;
enum status memory_ledger_read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) MUST_USE;
enum status memory_ledger_read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                                     struct slice *ret_finalization) MUST_USE;
enum status memory_ledger_read_height(void *context, uint64_t height, struct slice *ret_block,
                                      struct slice *ret_finalization) MUST_USE;

uint64_t memory_ledger_leaves(const struct memory_ledger *ledger);
enum status memory_ledger_read_leaf(void *context, uint64_t index, struct slice *ret_bytes) MUST_USE;
/* A merkle_read of crypto/merkle.h. */
enum status memory_ledger_read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) MUST_USE;
uint64_t memory_ledger_height(const struct memory_ledger *ledger);

enum status memory_ledger_visit(struct memory_ledger *ledger, const struct ledger_visitor *visitor) MUST_USE;

#endif
