/* Margin: how many liars it would take to move one location across a boundary, and how far m of them could move it
 * (docs/belief.md, "Flip margin").
 *
 * Turning a member replaces its value by the worst one and keeps its weight. At a fixed t, turning point i lowers
 * F(t) by exactly g_i(t) = w_i * (clamp(x_i - t, -c, +c) + c), whatever the others do; and T >= t if and only if F(t)
 * >= 0, flats apart. So the worst coalition of m for a boundary is the one with the m largest g_i.
 *
 * What is exact and what is conservative:
 * - margin_flip is exact for any weights, ties and flats included: equal to trying all coalitions.
 * - margin_low is exact for equal weights. For unequal weights it is the left end of the zeros of
 *   F(t) - (sum of the m largest g_i(t)), which is the exact worst case unless that function is zero on an interval;
 *   then the true worst case lies inside this interval, so the bound is never too high. */
#ifndef BELIEF_MARGIN_H
#define BELIEF_MARGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "belief/huber.h"

/* A decision stands while T > at, and at T == at only when `holds_at`. |at.numerator| < 2^100, at.denominator < 2^40.
 */
struct margin_boundary {
    struct ratio at;
    bool holds_at;
};

/* The least number of points whose values, replaced by the worst lies, could make the decision not stand: 0 when it
 * does not stand anyway, at most `count`. The sample must not be empty. O(n log n), and O(n) more for each coalition
 * size that ends exactly on the boundary. */
uint32_t margin_flip(const struct huber_sample *sample, const struct margin_boundary *boundary);

/* A lower bound of the location over every coalition of `turned` points, turned being at most count. False, and the
 * output untouched, when there is none: some coalition of this size holds at least half of the weight. For an upper
 * bound mirror the sample and negate. O(n) for equal weights; for others a few rounds of O(n). */
bool margin_low(const struct huber_sample *sample, uint32_t turned, struct ratio *ret_low);

/* margin_low for turned = 1 .. most, into ret_lows[turned - 1]. Returns how many there are before the first that is
 * unbounded: from there on all are. Cheaper than one at a time. */
uint32_t margin_lows(const struct huber_sample *sample, uint32_t most, struct ratio *ret_lows);

#endif
