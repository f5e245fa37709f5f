/* Due: which question waits for which block time. A binary heap with the place of every question in it, so that a
 * time can be changed in O(log n) and a block looks only at the questions whose time has come (docs/protocol.md 5:
 * time is the block's). */
#ifndef MACHINE_DUE_H
#define MACHINE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits for nothing. */
#define DUE_NEVER UINT64_MAX

struct due {
    uint64_t *time_us; /* by question, while it waits */
    uint32_t *heap;    /* questions; none is later than the two below it */
    uint32_t *place;   /* by question: its place in the heap plus 1, 0 when it does not wait */
    uint32_t count;
    uint32_t capacity;
};

/* What due_init needs for the questions 0 .. capacity - 1, bytes. */
size_t due_bytes(uint32_t capacity);
/* Nobody waits. `memory` must be zeroed, aligned to 8, and outlive it. */
void due_init(struct due *due, void *memory, uint32_t capacity);
/* Question `number` waits for `time_us` from now on; DUE_NEVER: for nothing. */
void due_set(struct due *due, uint32_t number, uint64_t time_us);
/* The earliest time that anybody waits for, or DUE_NEVER. */
uint64_t due_next_us(const struct due *due);
/* Takes out one question whose time is `now_us` or earlier; false when there is none. Of equal times any one comes
 * first. */
bool due_take(struct due *due, uint64_t now_us, uint32_t *ret_number);

#endif
