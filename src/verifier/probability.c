/* An upper bound of the sum of exponentials, compared by cross multiplication.
 *
 * exp(-x) = exp(-x / 2^10)^(2^10): the series for the small argument alternates, and ends with a term that is added, so it
 * is an upper bound; then ten squarings. Invariant: `decay` is never below exp(-x), and above it by less than 2^-46. */
#include "verifier/probability.h"

#include "base/check.h"
#include "base/num.h"

enum { FRACTION_BITS = 62, SQUARINGS = 10, TERMS = 14, SUM_BITS = 50, DECAY_NATS_MAX = 64 };

#define ONE ((uint64_t)1 << FRACTION_BITS)
/* Series and squarings err by less: 2^10 times some 30 units of the last place. */
#define DECAY_ERROR ((uint64_t)1 << (FRACTION_BITS - 46))

static uint64_t times(uint64_t a, uint64_t b) { return (uint64_t)(((uint128)a * b) >> FRACTION_BITS); }

/* exp(-x) for x in quanta, in units of 2^-62, rounded up. What is further than 64 nats counts as 64. */
static uint64_t decay(uint64_t quanta) {
    if (quanta == 0) return ONE;
    quanta = num_min_u64(quanta, (uint64_t)DECAY_NATS_MAX * (uint64_t)QUANTA_PER_NAT);
    uint64_t x = (uint64_t)(((uint128)quanta << (FRACTION_BITS - SQUARINGS)) / (uint64_t)QUANTA_PER_NAT);
    uint64_t sum = ONE;
    for (uint64_t term = TERMS; term > 0; term--) sum = ONE - times(x, sum) / term; /* Horner */
    for (int i = 0; i < SQUARINGS; i++) sum = times(sum, sum);
    return num_min_u64(sum + DECAY_ERROR, ONE);
}

/* A distance of two int64 always fits a uint64, and unsigned subtraction gives it exactly. */
static uint64_t distance(int64_t below) { return (uint64_t)0 - (uint64_t)below; }

bool probability_reaches(const struct record_belief *belief, int64_t least) {
    uint128 sum = 0;
    CHECK(least >= 0 && least <= PROBABILITY_ONE);
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        CHECK(belief->log_odds[i] <= 0);
        sum += decay(distance(belief->log_odds[i]));
    }
    const uint128 unit = (uint128)1 << (FRACTION_BITS - SUM_BITS);
    sum = (sum + unit - 1) / unit;
    return sum * (uint64_t)least <= (uint128)PROBABILITY_ONE << SUM_BITS;
}
