/* Checked arithmetic on values that come from outside. True means "fits" and the result is written; on false it is
 * untouched. All of these compile to one instruction and a branch. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128-bit integers: what the exact arithmetic of belief is done in. __extension__ keeps -Wpedantic quiet. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#define NUM_CHECKED(name, type, builtin)                                                                             \
    static inline bool name(type a, type b, type *ret_result) {                                                      \
        type result;                                                                                                 \
        if (builtin(a, b, &result)) return false;                                                                    \
        *ret_result = result;                                                                                        \
        return true;                                                                                                 \
    }

NUM_CHECKED(num_add_u64, uint64_t, __builtin_add_overflow)
NUM_CHECKED(num_sub_u64, uint64_t, __builtin_sub_overflow)
NUM_CHECKED(num_mul_u64, uint64_t, __builtin_mul_overflow)
NUM_CHECKED(num_add_i64, int64_t, __builtin_add_overflow)
NUM_CHECKED(num_sub_i64, int64_t, __builtin_sub_overflow)
NUM_CHECKED(num_mul_i64, int64_t, __builtin_mul_overflow)
NUM_CHECKED(num_add_i128, int128, __builtin_add_overflow)
NUM_CHECKED(num_mul_i128, int128, __builtin_mul_overflow)
NUM_CHECKED(num_add_size, size_t, __builtin_add_overflow)
NUM_CHECKED(num_mul_size, size_t, __builtin_mul_overflow)
#undef NUM_CHECKED

static inline uint64_t num_min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t num_max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
static inline size_t num_min_size(size_t a, size_t b) { return a < b ? a : b; }

#endif
