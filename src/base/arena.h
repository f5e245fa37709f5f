/* Arena: takes pieces of a region of the caller's, one after another; all are given back at once by reset.
 * Pieces are aligned to 16 bytes and not cleared. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *region;
    size_t capacity;
    size_t used;
};

/* `region` must outlive the arena and be aligned to 16 bytes. */
void arena_init(struct arena *arena, void *region, size_t capacity);
/* NULL when the region has no room left. */
void *arena_take(struct arena *arena, size_t bytes);
/* As arena_take, for a region that was sized by arena_rounded: that it has room is checked. */
void *arena_need(struct arena *arena, size_t bytes);
/* As arena_take, the piece cleared to zeros. */
void *arena_take_zeroed(struct arena *arena, size_t bytes);
static inline void arena_reset(struct arena *arena) { arena->used = 0; }

/* `bytes` rounded up to what arena_take uses: add these up to size a region. SIZE_MAX when it overflows. */
size_t arena_rounded(size_t bytes);

#endif
