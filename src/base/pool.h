/* Pool: pieces of many sizes from one region of the caller's, given back one at a time.
 *
 * Sizes are rounded up to a class (powers of two and the steps half-way between them), each class keeps a list of
 * free pieces. Whether a piece can be had depends on history (which classes were used before), so a pool must never
 * decide anything that members have to agree on: the state counts `pool_rounded` bytes of what is alive against a
 * budget of its own, and the region is made so large that the pool cannot be the first to say no (pool_region_bytes).
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum { POOL_CLASSES = 48 };

struct pool {
    uint8_t *region;
    size_t capacity;
    size_t used;              /* high-water mark of the region, bytes */
    size_t live;              /* bytes handed out and not given back, rounded */
    void *free[POOL_CLASSES]; /* lists of pieces given back, by class */
};

/* `region` must outlive the pool and be aligned to 16 bytes. */
void pool_init(struct pool *pool, void *region, size_t capacity);
/* A piece of at least `bytes` (1 .. 2^26), cleared to zeros, aligned to 16 bytes; NULL when the region is used up. */
void *pool_take(struct pool *pool, size_t bytes);
/* The same without the clearing: for a piece that is written before it is read. What is not written costs nothing then. */
void *pool_take_raw(struct pool *pool, size_t bytes);
/* Gives a piece back; `bytes` is what it was taken with. NULL is ignored. */
void pool_give(struct pool *pool, void *piece, size_t bytes);
/* What pool_take uses for `bytes`: the number that budgets are counted in. */
size_t pool_rounded(size_t bytes);
/* A region of this size never runs out while no more than `live_bytes` (rounded) are alive at any time. Mostly
 * untouched address space: each class may reach its peak at another time. */
size_t pool_region_bytes(size_t live_bytes);

#endif
