#include "base/pool.h"

#include <string.h>

#include "base/check.h"

enum { POOL_MIN_BYTES = 16, POOL_MAX_BITS = 26 };

/* Class 2i is 16 * 2^i bytes, class 2i + 1 is 24 * 2^i rounded up to the alignment. */
static size_t class_bytes(size_t class) {
    size_t power = (size_t)POOL_MIN_BYTES << (class / 2);
    if (class % 2 == 0) return power;
    return (power + power / 2 + 15) & ~(size_t)15;
}

static size_t class_of(size_t bytes) {
    size_t class = 0;
    while (class_bytes(class) < bytes) class ++;
    return class;
}

void pool_init(struct pool *pool, void *region, size_t capacity) {
    CHECK(region != NULL);
    CHECK((uintptr_t)region % 16 == 0);
    *pool = (struct pool){.region = region, .capacity = capacity};
}

void *pool_take_raw(struct pool *pool, size_t bytes) {
    CHECK(bytes > 0 && bytes <= (size_t)1 << POOL_MAX_BITS);
    size_t class = class_of(bytes);
    size_t size = class_bytes(class);
    void *piece = pool->free[class];
    if (piece != NULL) {
        memcpy(&pool->free[class], piece, sizeof(void *));
    } else {
        if (size > pool->capacity - pool->used) return NULL;
        piece = pool->region + pool->used;
        pool->used += size;
    }
    pool->live += size;
    return piece;
}

void *pool_take(struct pool *pool, size_t bytes) {
    void *piece = pool_take_raw(pool, bytes);
    if (piece != NULL) memset(piece, 0, bytes);
    return piece;
}

void pool_give(struct pool *pool, void *piece, size_t bytes) {
    if (piece == NULL) return;
    size_t class = class_of(bytes);
    CHECK(pool->live >= class_bytes(class));
    pool->live -= class_bytes(class);
    memcpy(piece, &pool->free[class], sizeof(void *));
    pool->free[class] = piece;
}

size_t pool_rounded(size_t bytes) { return class_bytes(class_of(bytes)); }

size_t pool_region_bytes(size_t live_bytes) {
    /* A class holds at most live_bytes at its own peak, and only classes up to live_bytes can be used at all. */
    size_t classes =
        class_of(live_bytes < ((size_t)1 << POOL_MAX_BITS) ? live_bytes : (size_t)1 << POOL_MAX_BITS) + 1;
    return live_bytes * classes;
}
