/* The cache: recent batches that are not executed yet, in memory, so that executing them right after their arrival reads no file.
 * Bounded by bytes; the oldest goes first. What does not fit or cannot be allocated is simply not cached. */
#ifndef LEDGER_CACHE_H
#define LEDGER_CACHE_H

#include <stdbool.h>

#include "base/bytes.h"

#define CACHE_BYTES_MAX (64u * 1024 * 1024)
/* One bucket for each batch that all lanes of a large group have outstanding at a time, more or less. */
enum { CACHE_BUCKETS = 4096 };

struct cache_entry {
    struct cache_entry *chain; /* same bucket */
    struct cache_entry *newer;
    struct cache_entry *older;
    size_t bytes; /* of the allocation */
    struct hash hash;
    struct slice header; /* all three point behind the entry */
    struct slice body;
    struct slice contents;
};

struct cache {
    struct cache_entry *buckets[CACHE_BUCKETS];
    struct cache_entry *newest;
    struct cache_entry *oldest;
    size_t bytes;
};

/* A cache of zeros is empty. */
/* Copies a batch in; one that is there already stays as it is. */
void cache_put(struct cache *cache, const struct hash *hash, struct slice header, struct slice body,
               struct slice contents);
/* NULL when it is not there. Valid until the next put, drop or clear. */
const struct cache_entry *cache_get(const struct cache *cache, const struct hash *hash);
void cache_drop(struct cache *cache, const struct hash *hash);
void cache_clear(struct cache *cache);

#endif
