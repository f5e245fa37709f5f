/* Pieces: arrays out of an arena. An arena without a region measures: it counts what would be taken, and hands out
 * NULL. So one function both sizes the memory of this room and lays it out. */
#ifndef CALIBRATION_PIECES_H
#define CALIBRATION_PIECES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/check.h"

/* The sizes come from a checked input, so they cannot overflow; running out of memory is a bug of ours. */
static inline void *pieces_take(struct arena *arena, size_t count, size_t bytes_each) {
    if (arena->region == NULL) {
        arena->used += arena_rounded(count * bytes_each);
        return NULL;
    }
    void *piece = arena_take(arena, count * bytes_each);
    CHECK(piece != NULL);
    return piece;
}

/* Room for `count` of what `pointer` points to. */
#define PIECES(arena, pointer, count) pieces_take(arena, count, sizeof *(pointer))

#endif
