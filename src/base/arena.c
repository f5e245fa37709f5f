#include "base/arena.h"

#include <string.h>

#include "base/check.h"

enum { ARENA_ALIGNMENT = 16 };

size_t arena_rounded(size_t bytes) {
    if (bytes > SIZE_MAX - (ARENA_ALIGNMENT - 1)) return SIZE_MAX;
    return (bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
}

void arena_init(struct arena *arena, void *region, size_t capacity) {
    CHECK(region != NULL || capacity == 0);
    CHECK((uintptr_t)region % ARENA_ALIGNMENT == 0);
    *arena = (struct arena){region, capacity, 0};
}

void *arena_take(struct arena *arena, size_t bytes) {
    size_t rounded = arena_rounded(bytes);
    if (rounded > arena->capacity - arena->used) return NULL;
    void *piece = arena->region + arena->used;
    arena->used += rounded;
    return piece;
}

void *arena_need(struct arena *arena, size_t bytes) {
    void *piece = arena_take(arena, bytes);
    CHECK(piece != NULL);
    return piece;
}

void *arena_take_zeroed(struct arena *arena, size_t bytes) {
    void *piece = arena_take(arena, bytes);
    if (piece != NULL) memset(piece, 0, bytes);
    return piece;
}
