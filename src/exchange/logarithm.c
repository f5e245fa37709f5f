/* ln in integers (exchange/logarithm.h). */
#include "exchange/logarithm.h"

#include "base/check.h"

enum { FRACTION_BITS = 48, FACTOR_BITS = 30 };

/* 1e9 * ln 2 * 2^30, to nearest: 693147180.559945309417... * 1073741824. */
static const int64_t QUANTA_PER_DOUBLING = INT64_C(744261117954893018);

static int bits_of(uint128 x) {
    uint64_t high = (uint64_t)(x >> 64);
    return high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)x);
}

/* floor of log2(x) * 2^48, but for the last bit. */
static int64_t log2_of(uint128 x) {
    CHECK(x > 0);
    int bits = bits_of(x);
    /* The mantissa in 1 .. 2, with 63 bits after the point. */
    uint64_t mantissa = bits > 64 ? (uint64_t)(x >> (bits - 64)) : (uint64_t)x << (64 - bits);
    int64_t result = bits - 1;
    for (int i = 0; i < FRACTION_BITS; i++) {
        uint128 square = (uint128)mantissa * mantissa; /* in 1 .. 4, 126 bits after the point */
        int bit = (int)(square >> 127);
        mantissa = (uint64_t)(square >> (63 + bit));
        result = result * 2 + bit;
    }
    return result;
}

int64_t logarithm_ratio(uint128 a, uint128 b) {
    int64_t difference = log2_of(a) - log2_of(b);
    uint128 magnitude = (uint128)(difference < 0 ? -difference : difference) * (uint128)QUANTA_PER_DOUBLING;
    int shift = FRACTION_BITS + FACTOR_BITS;
    int64_t quanta = (int64_t)((magnitude + ((uint128)1 << (shift - 1))) >> shift);
    return difference < 0 ? -quanta : quanta;
}
