/* Marks: invariant, a bit of an upper level is set exactly when the word below it is not zero. */
#include "machine/marks.h"

#include "base/check.h"

static uint32_t words_of(uint32_t bits) { return bits / 64 + (bits % 64 != 0); }

size_t marks_bytes(uint32_t capacity) {
    size_t words = 0;
    uint32_t bits = capacity;
    for (uint32_t level = 0; level < MARKS_LEVELS; level++) {
        bits = words_of(bits);
        words += bits;
    }
    return words * sizeof(uint64_t);
}

void marks_init(struct marks *marks, void *memory, uint32_t capacity) {
    uint64_t *words = memory;
    uint32_t bits = capacity;
    marks->capacity = capacity;
    for (uint32_t level = 0; level < MARKS_LEVELS; level++) {
        marks->levels[level] = words;
        bits = words_of(bits);
        words += bits;
    }
    CHECK(bits == 1);
}

void marks_set(struct marks *marks, uint32_t number) {
    CHECK(number < marks->capacity);
    for (uint32_t level = 0; level < MARKS_LEVELS; level++) {
        marks->levels[level][number / 64] |= UINT64_C(1) << (number % 64);
        number /= 64;
    }
}

static void clear(struct marks *marks, uint32_t number) {
    for (uint32_t level = 0; level < MARKS_LEVELS; level++) {
        uint64_t *word = &marks->levels[level][number / 64];
        *word &= ~(UINT64_C(1) << (number % 64));
        if (*word != 0) return;
        number /= 64;
    }
}

bool marks_take(struct marks *marks, uint32_t *ret_number) {
    uint32_t number = 0;
    for (uint32_t level = MARKS_LEVELS; level-- > 0;) {
        uint64_t word = marks->levels[level][number];
        if (word == 0) return false;
        number = number * 64 + (uint32_t)__builtin_ctzll(word);
    }
    clear(marks, number);
    *ret_number = number;
    return true;
}
