/* The ledger: everything that one member must not forget, in one SQLite file that an auditor can read with the
 * sqlite3 shell (ledger/schema.c has the tables and their comments).
 *
 * It is the durable side of replica/ports.h: the persist functions collect what a replica hands over in one
 * transaction, and ledger_commit makes all of it durable with one sync (docs/protocol.md 2 and 4: a batch is durable
 * before it is sent, a vote before it is sent). Invariants:
 * - What ledger_commit said STATUS_OK to survives a crash of the process and of the machine; what it did not is gone
 * as a whole.
 * - The leaves, the executed batches and the height of one block are in one transaction, so a height is there whole
 * or not at all.
 * - Every row can be checked on its own: batches and blocks by their hash, votes and certificates by their
 * signatures, leaves by the Merkle nodes and the root of their height, contents by their SHA-256 (ledger/check.h does
 * it).
 *
 * Not for two threads at a time. The port functions take the ledger as their context. Slices that a read returns are
 * valid until the next call with the same ledger, as replica/ports.h has it. */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>

#include "crypto/merkle.h"
#include "ledger/visitor.h"
#include "replica/ports.h"

struct ledger;

/* What the file is called inside a member's directory. */
#define LEDGER_FILE "ledger.db"

/* Opens the file at `path` (its directory exists) and holds it alone until ledger_close; creates it with mode 0600
 * when there is none. `ret_detail` gets a sentence for people when this fails, else the empty text; it may be NULL
 * when `detail_bytes` is 0. STATUS_LOCKED: another process has it. STATUS_WRONG_CHAIN: a ledger of another chain, or
 * of another member of this one. STATUS_BAD_FORMAT: another kind of database. STATUS_VERSION: made by an unknown version. STATUS_CORRUPT: its structure or its
 * newest root is damaged. STATUS_DISK_FULL, STATUS_IO. On success the ledger is the caller's, to be given to
 * ledger_close. */
enum status ledger_open(const char *path, const struct hash *chain, uint32_t member, struct ledger **ret_ledger,
                        char *ret_detail, size_t detail_bytes) MUST_USE;
/* Writes since the last commit are dropped. NULL is ignored. */
void ledger_close(struct ledger *ledger);
/* True when this ledger_open created the file: a member that was told that it has a history has lost it (amnesia). */
bool ledger_is_new(const struct ledger *ledger);

/* Makes everything that was persisted since the last commit durable.
 *
 * STATUS_DISK_FULL: the file is as the last commit left it, nothing is lost, and the next call tries the same again;
 * until one succeeds nothing of it may leave this member. Reads still see it. It is held in memory, so whoever goes on
 * persisting meanwhile bounds that.
 *
 * Anything else is a failure: all of it is rolled back and the status says why: STATUS_IO (a sync that failed
 * included, whatever the reason), STATUS_CORRUPT, STATUS_CONFLICT (something else is kept in that place already). From
 * the first failure on nothing is taken any more and every commit returns the same status, because the replica is then
 * ahead of its ledger; reads go on. Never called between the leaves of a block and its height (CHECK). */
enum status ledger_commit(struct ledger *ledger) MUST_USE;
/* What the last commit stumbled over, for people; the empty text when nothing. Valid until the next commit. */
const char *ledger_error_text(const struct ledger *ledger);

/* The ports (replica/ports.h). Handing over again what is kept already changes nothing. */
void ledger_persist_batch(void *context, const struct header *header, const struct hash *hash,
                          struct slice header_bytes, struct slice body, struct slice contents);
void ledger_persist_vote(void *context, const struct vote *vote);
void ledger_persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate);
void ledger_persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block);
/* Leaves come without gaps, from 0; leaf 0, the genesis, belongs to no height. */
void ledger_persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash);
void ledger_persist_executed(void *context, const struct hash *batch, uint64_t height);
/* Forgets the own votes, certificates and candidate blocks at or below the view of `block` as well. */
void ledger_persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint);
void ledger_persist_certified(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count);
void ledger_persist_proof(void *context, uint32_t member, struct slice proof);
void ledger_persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                          struct slice finalization);

/* STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO. What is not committed yet is read as well. Contents that were erased
 * are left out of the array that `ret_contents` is. */
enum status ledger_read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents) MUST_USE;
enum status ledger_read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) MUST_USE;
enum status ledger_read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                              struct slice *ret_finalization) MUST_USE;
/* The height of the block that executed a batch; STATUS_NOT_FOUND when none has. */
enum status ledger_read_executed(void *context, const struct hash *batch, uint64_t *ret_height) MUST_USE;
enum status ledger_read_height(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization) MUST_USE;

/* The log. ledger_read_node is a merkle_read of crypto/merkle.h, for inclusion and consistency proofs. */
uint64_t ledger_leaves(const struct ledger *ledger);
enum status ledger_read_leaf(void *context, uint64_t index, struct slice *ret_bytes) MUST_USE;
enum status ledger_read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) MUST_USE;

/* The newest executed height, 0 before the first; what was recorded for a height. */
uint64_t ledger_height(const struct ledger *ledger);
enum status ledger_read_checkpoint(void *context, uint64_t height, struct checkpoint *ret_checkpoint,
                                   uint64_t *ret_time_us) MUST_USE;
/* The newest certificate. `ret_signatures` has room for MEMBERS_MAX. */
enum status ledger_read_certified(void *context, struct checkpoint *ret_checkpoint,
                                  struct checkpoint_signature *ret_signatures, uint32_t *ret_count) MUST_USE;

/* Hands everything to the visitor, in the order of ledger/visitor.h. STATUS_CORRUPT, STATUS_IO, or what the visitor
 * said. */
enum status ledger_visit(struct ledger *ledger, const struct ledger_visitor *visitor) MUST_USE;
/* The same without the heights below `from`. */
enum status ledger_visit_from(struct ledger *ledger, uint64_t from, const struct ledger_visitor *visitor) MUST_USE;
/* The heights from `from` on only. */
enum status ledger_visit_heights(struct ledger *ledger, uint64_t from, const struct ledger_visitor *visitor) MUST_USE;

#endif
