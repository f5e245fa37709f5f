/* Quorum arithmetic: how many heads, or how much weight, a threshold t asks for, and what that tolerates.
 *
 * With n members and a quorum of q = ceil(n * t), any two quorums share at least 2q - n members. As long as fewer
 * than that many lie, two opposite decisions cannot both gather a quorum (safe); as long as no more than n - q are
 * missing, a quorum can still gather (live). t above 2/3 keeps q out of reach of two disjoint camps with a third of
 * liars. Everything is exact integer arithmetic. This room is the only one that counts heads or weight. */
#ifndef QUORUM_QUORUM_H
#define QUORUM_QUORUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* A share of the members, or of their weight: numerator / denominator. */
struct threshold {
    uint32_t numerator;
    uint32_t denominator;
};

#define THRESHOLD_DEFAULT         ((struct threshold){3, 4})
#define THRESHOLD_DENOMINATOR_MAX 1000

/* STATUS_BAD_VALUE unless 2/3 < t <= 1 and the denominator is 1 .. THRESHOLD_DENOMINATOR_MAX. It need not be in
 * lowest terms. */
enum status threshold_check(struct threshold threshold) MUST_USE;

/* Reads "3/4": two decimal numbers without sign, space or leading zero. STATUS_BAD_FORMAT for any other text,
 * STATUS_BAD_VALUE when threshold_check refuses the value. The numbers are kept as written. */
enum status threshold_parse(struct slice text, struct threshold *ret_threshold) MUST_USE;

/* Below, at or above 0 as a is smaller than, equal to or larger than b, by value: 3/4 equals 6/8. */
int threshold_compare(struct threshold a, struct threshold b);

/* The threshold in force while a partition is agreed on: min(9/10, base + 15/100) in lowest terms, but never below
 * `base`, which is returned as it is when it is 9/10 or more. A sum that needs a denominator above
 * THRESHOLD_DENOMINATOR_MAX is rounded up to the next thousandth, so that whatever is in force passes threshold_check
 * and can be written and read like any other. */
struct threshold threshold_raised(struct threshold base);

/* n is 1 .. MEMBERS_MAX and `threshold` one that threshold_check accepts, or such a one raised, in all that follows.
 */

/* Heads in a quorum: q = ceil(n * t). */
uint32_t quorum_size(uint32_t n, struct threshold threshold);
/* Members that any two quorums have in common at least: 2q - n. */
uint32_t quorum_available(uint32_t n, struct threshold threshold);
/* Liars tolerated without two opposite decisions: the largest f < 2q - n. */
uint32_t quorum_safe(uint32_t n, struct threshold threshold);
/* Members that may be missing while the others still decide: n - q. */
uint32_t quorum_live(uint32_t n, struct threshold threshold);

/* Whether `heads` distinct members, no more than n, are a quorum of n. */
bool quorum_met(uint32_t heads, uint32_t n, struct threshold threshold);
/* Whether `weight` out of `total` reaches the threshold: weight / total >= t, without rounding and for all 64-bit
 * values. Nothing out of nothing is no majority: false when `total` is 0. */
bool quorum_weight_met(uint64_t weight, uint64_t total, struct threshold threshold);

#endif
