/* Huber: the weighted Huber location with a declared cap, as an exact rational (docs/belief.md, "The estimator").
 *
 * For values x_i with weights w_i and a cap c > 0, T solves
 *
 *     F(t) = sum_i w_i * clamp(x_i - t, -c, +c) = 0
 *
 * and is the midpoint where F is zero on an interval. F is piecewise linear and never increases (Huber 1964): the
 * breakpoints x_i - c and x_i + c are walked in order and the one segment that crosses zero is solved in integers.
 * Nothing is rounded here, so the order of the values cannot matter and no rounding can be farmed.
 *
 * Room: |x| <= 2^57, c < 2^51, w <= 2^17, at most 256 values. So the weights add up to at most 2^25, |F| < 2^77, and
 * a location has a numerator below 2^83 and a denominator of at most 2^25. */
#ifndef BELIEF_HUBER_H
#define BELIEF_HUBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/num.h"

/* Weights are fixed point with 16 fractional bits: this is one full member. */
#define HUBER_WEIGHT_ONE UINT32_C(65536)
/* No member ever counts for more than two. */
#define HUBER_WEIGHT_MAX (UINT32_C(1) << 17)
/* The largest cap, at scale k = HYPOTHESES_MAX. */
#define HUBER_CAP_MAX (PARAMETER_LIMIT_QUANTA * (HYPOTHESES_MAX / 2))

/* numerator / denominator, not necessarily in lowest terms; the denominator is positive. */
struct ratio {
    int128 numerator;
    int64_t denominator;
};

/* Below, at or above 0 as a is smaller than, equal to or larger than b. Both cross products must fit 127 bits: true
 * for two locations, and for a location and a boundary with a numerator below 2^100 and a denominator below 2^40. */
int ratio_compare(struct ratio a, struct ratio b);

/* (value.numerator * multiplier) / (value.denominator * divisor) rounded once to the nearest integer, ties to even.
 * divisor > 0. |numerator * multiplier| and denominator * divisor must stay below 2^126, which is checked. */
int128 ratio_round(struct ratio value, int64_t multiplier, int64_t divisor);

/* One value with its weight. */
struct huber_point {
    int64_t value;
    uint32_t weight;
};

/* The values that count, in ascending order, with their cap. */
struct huber_sample {
    struct huber_point *points; /* the caller's scratch, which must outlive the sample */
    uint32_t count;
    int64_t cap;
    uint64_t weight;    /* of all points together */
    bool equal_weights; /* all points weigh the same */
};

/* Where F is zero: a single point (left equals right), or an interval. The ends of a true interval are integers, with
 * denominator 1. */
struct huber_zeros {
    struct ratio left;
    struct ratio right;
};

/* Sorts the values of positive weight into `points`, which has room for n. n <= MEMBERS_MAX, |x| <=
 * TOTAL_LIMIT_QUANTA, w <= HUBER_WEIGHT_MAX, 0 < cap <= HUBER_CAP_MAX: these are checked. O(n log n). The sample may
 * turn out empty. */
struct huber_sample huber_sample_of(const int64_t *x, const uint32_t *w, size_t n, int64_t cap,
                                    struct huber_point *points);

/* Every value negated: the location changes its sign and nothing else. In place, O(n). */
void huber_sample_mirror(struct huber_sample *sample);

/* The zeros of F when the points marked in `turned` (count bytes, or NULL for none) are replaced by values below
 * everything. False, and the output untouched, when F has no zero that bounds it from below: when the turned points
 * hold at least half of the weight. The sample must not be empty. O(n). */
bool huber_zeros(const struct huber_sample *sample, const uint8_t *turned, struct huber_zeros *ret_zeros);

/* The midpoint of the zeros. */
struct ratio huber_midpoint(const struct huber_zeros *zeros);

/* Room for huber_without: the breakpoints of a sample, and F at each. */
struct huber_steps {
    int64_t at[2 * MEMBERS_MAX];
    int128 force[2 * MEMBERS_MAX];
};

/* The location of the sample without one point at a time: ret_locations[i] is round(T) of all points but (x[i], w[i]),
 * for n points that are in the sample or have weight 0. Where nothing of positive weight is left, the output is x[i]
 * itself. `steps` is scratch. O(n log n) for all of them together. */
void huber_without(const struct huber_sample *sample, const int64_t *x, const uint32_t *w, size_t n,
                   struct huber_steps *steps, int64_t *ret_locations);

/* The location T of n values; at least one weight must be positive, which is checked, as are the ranges (see
 * huber_sample_of). `scratch` has room for n points. O(n log n), and the same whatever the order of the values. */
void huber_location(const int64_t *x, const uint32_t *w, size_t n, int64_t cap, struct huber_point *scratch,
                    struct ratio *ret_location);

#endif
