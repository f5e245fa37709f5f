/* Table: what was told about a question, found by (observation, member) or by observation alone.
 *
 * Entries are only added, never removed: what was retracted, sealed or void must stay known to be refused. They stay
 * in chunks and never move; an open-addressing index of hashes finds them. The layout of the index has no influence
 * on anything but time. Everything lives in a pool of the caller's, and every byte is charged. */
#ifndef BELIEF_TABLE_H
#define BELIEF_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "base/status.h"

/* Pieces of a pool, and what they add up to. */
struct holder {
    struct pool *pool;
    size_t *charge; /* pool_rounded bytes alive */
};

/* NULL when the pool has no room or the piece would be too large for any pool. Cleared. */
void *holder_take(struct holder holder, size_t bytes);
/* NULL is ignored. */
void holder_give(struct holder holder, void *piece, size_t bytes);

/* How every entry begins. `state` and what follows it belong to the mode of the question. */
struct entry {
    struct hash observation;
    uint32_t member; /* 0 where entries are per observation */
    uint32_t state;
};

#define TABLE_NONE UINT32_MAX

struct table {
    size_t entry_bytes; /* whole size of an entry, a multiple of 8 */
    uint64_t *slots;    /* high half: hash, low half: entry number + 1; 0 is empty */
    uint32_t slot_count;
    uint32_t count; /* entries */
    uint8_t **chunks;
    uint32_t chunk_capacity;
};

void table_init(struct table *table, size_t entry_bytes);
/* Gives everything back and leaves an empty table. */
void table_free(struct table *table, struct holder holder);
/* `copy` must be uninitialised or empty. STATUS_STATE_FULL: the copy is empty. */
enum status table_clone(const struct table *table, struct holder holder, struct table *copy) MUST_USE;

/* The number of the entry, or TABLE_NONE. */
uint32_t table_find(const struct table *table, const struct hash *observation, uint32_t member);
/* Makes sure that the next table_add has room. STATUS_STATE_FULL. */
enum status table_reserve(struct table *table, struct holder holder) MUST_USE;
/* Adds an entry that is not there yet, after table_reserve; what follows its key is zero. */
uint32_t table_add(struct table *table, const struct hash *observation, uint32_t member);
/* Valid until the table is freed. */
struct entry *table_entry(const struct table *table, uint32_t number);

#endif
