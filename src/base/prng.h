/* Seeded pseudo-random numbers (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64): for the simulator,
 * tests and anything that must replay from a seed. Never for keys. */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

struct prng prng_seeded(uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound), without modulo bias; bound >= 1. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* Uniform in [low, high], both included. */
int64_t prng_between(struct prng *prng, int64_t low, int64_t high);
/* True with probability parts / whole. */
bool prng_chance(struct prng *prng, uint64_t parts, uint64_t whole);
/* A new independent generator, derived from this one. */
struct prng prng_fork(struct prng *prng);

#endif
