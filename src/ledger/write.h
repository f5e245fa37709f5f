/* A write: one thing that a persist port was handed, as a value. So it can be applied to the open transaction, kept until that one is
 * committed, and applied once more when the disk was full. Inside this room only. */
#ifndef LEDGER_WRITE_H
#define LEDGER_WRITE_H

#include "wire/checkpoint.h"
#include "wire/vote.h"

struct ledger;

enum write_kind {
    WRITE_BATCH,
    WRITE_VOTE,
    WRITE_CERTIFICATE,
    WRITE_BLOCK,
    WRITE_LEAF,
    WRITE_EXECUTED,
    WRITE_HEIGHT,
    WRITE_CERTIFIED,
    WRITE_PROOF,
    WRITE_EPOCH,
    WRITE_SNAPSHOT,
    WRITE_CHUNK,
    WRITE_FORGET,
    WRITE_PRUNE,
    WRITE_SEED,
    WRITE_KINDS,
};

enum { WRITE_PIECES = 3 };

/* Which fields mean something depends on the kind; pieces are the bytes, in the order in which the port has them. */
struct write {
    enum write_kind kind;
    uint32_t member; /* batch: whose lane; proof: against whom; epoch: position */
    uint32_t count;  /* batch: items; certified: signatures; chunk: index */
    uint32_t bytes;  /* batch: of its items */
    uint64_t
        number; /* batch: seq; certificate, block: view; leaf: index; executed, snapshot and what is about it: height; epoch: itself */
    uint64_t time_us; /* batch: wall clock; height, seed: block time; snapshot: its length */
    struct hash
        hash; /* batch, executed: of the batch; block, height: of the block; leaf: of the leaf; snapshot: its root */
    struct vote vote;             /* vote; of a certificate the kind alone */
    struct checkpoint checkpoint; /* height, certified */
    struct slice pieces[WRITE_PIECES];
};

/* Applies it to the open transaction. STATUS_CONFLICT: something else is kept in that place; STATUS_MISSING: what it speaks of is not
 * there; or what SQLite or the bytes are to blame for. */
enum status write_apply(struct ledger *ledger, const struct write *write) MUST_USE;

#endif
