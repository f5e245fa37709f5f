#include "base/prng.h"

#include "base/check.h"
#include "base/num.h"

static uint64_t rotated(uint64_t x, int k) { return x << k | x >> (64 - k); }

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

struct prng prng_seeded(uint64_t seed) {
    struct prng prng;
    for (int i = 0; i < 4; i++) prng.state[i] = splitmix(&seed);
    return prng;
}

uint64_t prng_next(struct prng *prng) {
    uint64_t *s = prng->state;
    uint64_t result = rotated(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound) {
    CHECK(bound >= 1);
    /* Lemire's multiplication, rejecting the low products that would be drawn once too often. */
    uint64_t threshold = -bound % bound;
    for (;;) {
        uint128 product = (uint128)prng_next(prng) * bound;
        if ((uint64_t)product >= threshold) return (uint64_t)(product >> 64);
    }
}

int64_t prng_between(struct prng *prng, int64_t low, int64_t high) {
    CHECK(low <= high);
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t offset = span == UINT64_MAX ? prng_next(prng) : prng_below(prng, span + 1);
    return (int64_t)((uint64_t)low + offset);
}

bool prng_chance(struct prng *prng, uint64_t parts, uint64_t whole) { return prng_below(prng, whole) < parts; }

struct prng prng_fork(struct prng *prng) {
    return prng_seeded(prng_next(prng));
}
