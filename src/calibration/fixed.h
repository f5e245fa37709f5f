/* Fixed: logarithm, power, root and softmax with 12 fractional bits ("Q12"), in integers alone.
 *
 * Two machines that round differently would learn differently, so there is no floating point here, and the tables are
 * computed by integers too. Division and shift of negative numbers round down, everywhere in this room. */
#ifndef CALIBRATION_FIXED_H
#define CALIBRATION_FIXED_H

#include <stdint.h>

#include "base/num.h"
#include "calibration/calibration.h"

enum { FIXED_BITS = 12, FIXED_ONE = CALIBRATION_ONE };

struct fixed_tables {
    uint16_t log[FIXED_ONE]; /* log[m] = floor(2^12 * log2(1 + m / 2^12)), but for the last bit at times */
    uint32_t exp[FIXED_ONE]; /* exp[f] = floor(2^16 * 2^(-f / 2^12)) */
};

/* Fills the tables: 4096 * 24 products of 128 bits, a fraction of a millisecond. */
void fixed_tables_init(struct fixed_tables *tables);
/* The same for tables that may be filled already; all zeros are not. */
static inline void fixed_tables_need(struct fixed_tables *tables) {
    if (tables->exp[0] == 0) fixed_tables_init(tables);
}

/* log2(x) in Q12, 1 <= x < 2^50. Never decreases in x. */
static inline int32_t fixed_log2(const struct fixed_tables *tables, uint64_t x) {
    int exponent = 63 - __builtin_clzll(x);
    return exponent * FIXED_ONE + tables->log[((x << FIXED_BITS) >> exponent) & (FIXED_ONE - 1)];
}

/* Probabilities proportional to 2^(score / 4096), in Q12, that sum to 4096: what rounding left over goes to the first
 * of the largest. `count` scores, 1 .. HYPOTHESES_MAX, whose differences fit int64. */
void fixed_softmax(const struct fixed_tables *tables, const int64_t *score, uint32_t count,
                   uint16_t *ret_probability);

/* floor(sqrt(x)). */
uint64_t fixed_root(uint128 x);

/* floor(a / b), b > 0. */
static inline int64_t fixed_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* floor(a / 4096). The compilers that are supported shift the sign in, and tests hold them to it. */
static inline int64_t fixed_shift(int64_t a) { return a >> FIXED_BITS; }

static inline int64_t fixed_clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The index of the first of the largest. */
static inline uint32_t fixed_first_largest(const uint16_t *value, uint32_t count) {
    uint32_t largest = 0;
    for (uint32_t i = 1; i < count; i++)
        if (value[i] > value[largest]) largest = i;
    return largest;
}

#endif
