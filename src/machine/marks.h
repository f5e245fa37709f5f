/* Marks: a set of small numbers, taken out in ascending order.
 *
 * The questions that a block touches are marked as they are met and evaluated in the order of their creation; so the
 * order in which items met them leaves no trace. A tree of bits, 64 to a word: setting and taking are a few words
 * each, whatever the size. */
#ifndef MACHINE_MARKS_H
#define MACHINE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MARKS_LEVELS = 4 };

struct marks {
    /* Bit i of level l + 1 says whether word i of level l holds any bit; the last level is one word. */
    uint64_t *levels[MARKS_LEVELS];
    uint32_t capacity;
};

/* What marks_init needs for the numbers 0 .. capacity - 1, bytes; capacity is at most 2^24. */
size_t marks_bytes(uint32_t capacity);
/* The empty set. `memory` must be zeroed, aligned to 8, and outlive it. */
void marks_init(struct marks *marks, void *memory, uint32_t capacity);
void marks_set(struct marks *marks, uint32_t number);
/* Takes the smallest number out; false when the set is empty. */
bool marks_take(struct marks *marks, uint32_t *ret_number);

#endif
