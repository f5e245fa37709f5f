/* Snapshots in a ledger (docs/protocol.md 9): the newest ones are kept, a ledger may begin with one, and what is older than
 * one may be pruned.
 *
 * Invariant: a ledger that does not go back to the first block has the snapshot of a height that it has, and everything
 * behind that. The log's nodes and, after pruning, its leaves stay, so what was said once is proven as before. */
#ifndef LEDGER_SNAPSHOT_H
#define LEDGER_SNAPSHOT_H

#include "ledger/ledger.h"
#include "wire/snapshot.h"

/* A snapshot that the state of the newest height names; its chunks follow, ascending, in the same commit. Writes as in
 * ledger/ledger.h. */
void ledger_persist_snapshot(struct ledger *ledger, const struct record_snapshot *record);
/* The next chunk of the one that was announced last (by ledger_persist_snapshot or ledger_seed); an outlet_piece.
 * `context` is the ledger. */
void ledger_persist_snapshot_chunk(void *context, struct slice chunk);

/* The newest kept snapshot of a height of at most `most`; STATUS_NOT_FOUND. */
enum status ledger_find_snapshot(struct ledger *ledger, uint64_t most, struct record_snapshot *ret_record) MUST_USE;
/* The one to restore from, of the height before ledger_base. STATUS_NOT_FOUND. */
enum status ledger_base_snapshot(struct ledger *ledger, struct record_snapshot *ret_record) MUST_USE;
/* Chunk `index` (SNAPSHOT_CHUNK_BYTES each, the last one fewer) of the kept snapshot of that height. Valid until the next
 * call; STATUS_NOT_FOUND. */
enum status ledger_read_snapshot(struct ledger *ledger, uint64_t height, uint64_t index,
                                 struct slice *ret_chunk) MUST_USE;
/* The whole of it, memory that the caller frees. STATUS_CORRUPT when its length is not that of the record. */
enum status ledger_load_snapshot(struct ledger *ledger, const struct record_snapshot *record,
                                 uint8_t **ret_bytes) MUST_USE;

/* The first height that is there whole, block and batches: 1, or the one behind the snapshot that this ledger began with or was pruned
 * up to. */
uint64_t ledger_base(const struct ledger *ledger);

/* Snapshots of lower heights go, but for the one that a ledger begins with that does not go back to the first block. */
void ledger_forget_snapshots(struct ledger *ledger, uint64_t below);
/* Blocks below `height` go, and all batches executed up to it. There must be a snapshot of that height, or else nothing is
 * pruned and the commit fails with STATUS_CONFLICT. */
void ledger_prune(struct ledger *ledger, uint64_t height);

/* What a ledger that begins with a snapshot has to know. */
struct ledger_seed {
    struct record_snapshot record;
    struct merkle_frontier before; /* machine_log_before */
    struct slice state;            /* machine_state_record, the leaf behind that */
    struct checkpoint checkpoint;  /* machine_checkpoint */
    struct hash block;             /* machine_block */
    uint64_t time_us;
};
/* Into a ledger that is new (checked): the log goes on behind this height. The chunks follow, then ledger_commit. */
void ledger_seed(struct ledger *ledger, const struct ledger_seed *seed);

#endif
