/* What the two halves of the memory ledger share: the journal and what it amounts to. Inside this room only. */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "ledger/memory.h"

/* Bytes that journals share. */
struct blob {
    uint32_t owners;
    size_t bytes;
    uint8_t data[];
};

enum entry_kind {
    ENTRY_BATCH,
    ENTRY_VOTE,
    ENTRY_CERTIFICATE,
    ENTRY_BLOCK,
    ENTRY_LEAF,
    ENTRY_EXECUTED,
    ENTRY_HEIGHT,
    ENTRY_CERTIFIED,
    ENTRY_PROOF,
    ENTRY_EPOCH,
};

enum { ENTRY_BLOBS = 3 };

/* One write. What the fields mean depends on the kind; see the persist functions. */
struct entry {
    enum entry_kind kind;
    uint64_t epoch;
    uint64_t number; /* seq, view, index, height, count */
    uint64_t member; /* or kind of vote, or time */
    struct hash hash;
    struct checkpoint checkpoint;
    struct blob *blobs[ENTRY_BLOBS];
};

/* A growing array of positions in the journal. */
struct list {
    uint32_t *entries;
    size_t count;
    size_t capacity;
};

struct batch_slot {
    uint32_t entry;
    uint32_t next;   /* in the same bucket, plus one; 0 ends */
    uint64_t height; /* 0 until executed */
};

enum { BUCKETS = 65536 };

/* What the journal amounts to. */
struct state {
    struct batch_slot *batches; /* by arrival */
    size_t batches_count;
    size_t batches_capacity;
    uint32_t buckets[BUCKETS];      /* slot plus one */
    struct list lanes[MEMBERS_MAX]; /* slots, by seq */
    struct list leaves;
    struct list heights;
    struct list votes;
    struct list certificates;
    struct list blocks;
    struct list proofs;
    struct list epochs;
    struct hash *nodes[MERKLE_LEVELS_MAX];
    size_t nodes_capacity[MERKLE_LEVELS_MAX];
    struct merkle_frontier frontier;
    bool height_begun;
    bool has_certified;
    uint32_t certified;
};

struct memory_ledger {
    struct hash chain;
    struct entry *journal;
    size_t count;
    size_t durable; /* entries that a crash leaves */
    size_t capacity;
    enum status failure;
    uint32_t full_commits; /* how many commits more find the disk full */
    struct state state;
};

static inline struct slice journal_bytes(const struct blob *blob) { return slice_of(blob->data, blob->bytes); }

/* A copy of bytes, with one owner: the entry that it is put into. */
struct blob *journal_blob(struct slice bytes);
/* Adds an entry and applies it. What must not be written was refused before. */
void journal_append(struct memory_ledger *ledger, struct entry entry);
/* NULL when it is not held. */
struct batch_slot *journal_batch(struct memory_ledger *ledger, const struct hash *hash);
/* The entry of an executed height, or NULL. */
const struct entry *journal_height(const struct memory_ledger *ledger, uint64_t height);

#endif
