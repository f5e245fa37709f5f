#include "calibration/fixed.h"

#include "base/check.h"

enum { ROOT_BITS = 60 }; /* the roots of 1/2 have so many fractional bits */

/* Twelve squarings give twelve bits of the logarithm: squaring doubles it, and a carry past 2 is its next bit. */
static uint16_t log_entry(uint32_t mantissa) {
    uint64_t x = (uint64_t)mantissa << 18; /* 30 fractional bits, 1 <= x < 2 */
    uint32_t result = 0;
    for (int i = 0; i < FIXED_BITS; i++) {
        x = x * x >> 30;
        uint64_t carry = x >> 31;
        result = 2 * result + (uint32_t)carry;
        x >>= carry;
    }
    return (uint16_t)result;
}

/* 2^(-f / 4096) is the product of those of 2^-1/2, 2^-1/4 ... whose bits f has. */
static uint32_t exp_entry(const uint64_t *roots, uint32_t f) {
    uint64_t x = UINT64_C(1) << ROOT_BITS;
    for (int bit = 0; bit < FIXED_BITS; bit++)
        if ((f >> (FIXED_BITS - 1 - bit) & 1) != 0) x = (uint64_t)((uint128)x * roots[bit] >> ROOT_BITS);
    return (uint32_t)(x >> (ROOT_BITS - 16));
}

void fixed_tables_init(struct fixed_tables *tables) {
    uint64_t roots[FIXED_BITS];
    roots[0] = fixed_root((uint128)1 << (2 * ROOT_BITS - 1));
    for (int i = 1; i < FIXED_BITS; i++) roots[i] = fixed_root((uint128)roots[i - 1] << ROOT_BITS);
    for (uint32_t i = 0; i < FIXED_ONE; i++) {
        tables->log[i] = log_entry(FIXED_ONE + i);
        tables->exp[i] = exp_entry(roots, i);
    }
}

/* 2^16 * 2^(-below / 4096); nothing is left of it 17 halvings down. */
static uint32_t power(const struct fixed_tables *tables, uint64_t below) {
    if (below >= (uint64_t)17 << FIXED_BITS) return 0;
    return tables->exp[below & (FIXED_ONE - 1)] >> (below >> FIXED_BITS);
}

void fixed_softmax(const struct fixed_tables *tables, const int64_t *score, uint32_t count,
                   uint16_t *ret_probability) {
    uint32_t weight[HYPOTHESES_MAX];
    uint32_t first = 0;
    uint32_t total = 0;
    uint32_t given = 0;
    CHECK(count >= 1 && count <= HYPOTHESES_MAX);
    for (uint32_t i = 1; i < count; i++)
        if (score[i] > score[first]) first = i;
    for (uint32_t i = 0; i < count; i++) {
        weight[i] = power(tables, (uint64_t)(score[first] - score[i]));
        total += weight[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        ret_probability[i] = (uint16_t)(weight[i] * FIXED_ONE / total);
        given += ret_probability[i];
    }
    ret_probability[first] = (uint16_t)(ret_probability[first] + FIXED_ONE - given);
}

static uint64_t root_of_64(uint64_t x) {
    uint64_t root = 0;
    if (x == 0) return 0;
    for (uint64_t bit = UINT64_C(1) << ((63 - __builtin_clzll(x)) & ~1); bit != 0; bit >>= 2) {
        bool fits = x >= root + bit;
        if (fits) x -= root + bit;
        root = (root >> 1) + (fits ? bit : 0);
    }
    return root;
}

/* Digit by digit, from the highest power of four. */
uint64_t fixed_root(uint128 x) {
    uint128 root = 0;
    if (x >> 64 == 0) return root_of_64((uint64_t)x);
    for (uint128 bit = (uint128)1 << 126; bit != 0; bit >>= 2) {
        bool fits = x >= root + bit;
        if (fits) x -= root + bit;
        root = (root >> 1) + (fits ? bit : 0);
    }
    return (uint64_t)root;
}
