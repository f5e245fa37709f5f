/* A hash table of chains and one list by age. The keys are SHA-256 hashes of signed headers: their first bytes spread well enough,
 * and who makes them collide on purpose slows down a table that holds LANE_OUTSTANDING_MAX batches of his. */
#include "ledger/cache.h"

#include <stdlib.h>

static struct cache_entry **bucket_of(struct cache *cache, const struct hash *hash) {
    uint32_t index = (uint32_t)hash->bytes[0] << 8 | hash->bytes[1];
    return &cache->buckets[index % CACHE_BUCKETS];
}

const struct cache_entry *cache_get(const struct cache *cache, const struct hash *hash) {
    uint32_t index = (uint32_t)hash->bytes[0] << 8 | hash->bytes[1];
    const struct cache_entry *entry = cache->buckets[index % CACHE_BUCKETS];
    while (entry != NULL && !hash_equal(&entry->hash, hash)) entry = entry->chain;
    return entry;
}

static void unlink_entry(struct cache *cache, struct cache_entry *entry) {
    if (entry->newer != NULL) entry->newer->older = entry->older;
    if (entry->older != NULL) entry->older->newer = entry->newer;
    if (cache->newest == entry) cache->newest = entry->older;
    if (cache->oldest == entry) cache->oldest = entry->newer;
}

void cache_drop(struct cache *cache, const struct hash *hash) {
    struct cache_entry **link = bucket_of(cache, hash);
    while (*link != NULL && !hash_equal(&(*link)->hash, hash)) link = &(*link)->chain;
    struct cache_entry *entry = *link;
    if (entry == NULL) return;
    *link = entry->chain;
    unlink_entry(cache, entry);
    cache->bytes -= entry->bytes;
    free(entry);
}

static struct slice copy_behind(uint8_t **end, struct slice bytes) {
    if (bytes.bytes > 0) memcpy(*end, bytes.data, bytes.bytes);
    struct slice copy = slice_of(*end, bytes.bytes);
    *end += bytes.bytes;
    return copy;
}

void cache_put(struct cache *cache, const struct hash *hash, struct slice header, struct slice body,
               struct slice contents) {
    size_t bytes = sizeof(struct cache_entry) + header.bytes + body.bytes + contents.bytes;
    if (bytes > CACHE_BYTES_MAX || cache_get(cache, hash) != NULL) return;
    while (cache->bytes + bytes > CACHE_BYTES_MAX) {
        struct hash oldest = cache->oldest->hash;
        cache_drop(cache, &oldest);
    }
    struct cache_entry *entry = malloc(bytes);
    if (entry == NULL) return;
    uint8_t *end = (uint8_t *)(entry + 1);
    struct cache_entry **bucket = bucket_of(cache, hash);
    *entry = (struct cache_entry){.chain = *bucket, .older = cache->newest, .bytes = bytes, .hash = *hash};
    entry->header = copy_behind(&end, header);
    entry->body = copy_behind(&end, body);
    entry->contents = copy_behind(&end, contents);
    *bucket = entry;
    if (cache->newest != NULL) cache->newest->newer = entry;
    if (cache->oldest == NULL) cache->oldest = entry;
    cache->newest = entry;
    cache->bytes += bytes;
}

void cache_clear(struct cache *cache) {
    struct cache_entry *entry = cache->newest;
    while (entry != NULL) {
        struct cache_entry *older = entry->older;
        free(entry);
        entry = older;
    }
    *cache = (struct cache){.bytes = 0};
}
