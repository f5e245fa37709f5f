/* What the detectors have in common: sums that are compared with a threshold, running means, medians over the group.
 *
 * A sum S starts at 0, takes one increment a report, and never falls below 0 (Page 1954). Increments are logarithms of
 * an honest supermartingale with mean 1 (scripts/detector-constants), so the sum over all J streams of
 * Shiryaev-Roberts statistics, which dominate exp S, grows by at most J a panel in expectation; with a threshold of
 * ln(A * J) the mean time to the first false alarm of the group is at least A, however the streams hang together
 * (Lorden 1971; Pollak 1985). Sums and thresholds have 16 fractional bits. */
#ifndef STANDING_CUSUM_H
#define STANDING_CUSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "standing/constants.h"
#include "standing/voice.h"

/* The running means forget with windows of powers of two; group medians are renewed every so many panels of the
 * family, and need this many members with that many reports. */
#define GROUP_INTERVAL 16
#define GROUP_MEMBERS  4
#define GROUP_REPORTS  16

/* ln(A * members * streams), streams being those of one member. */
static inline int32_t cusum_threshold(uint32_t members, uint32_t streams, bool enhanced) {
    CHECK(members > 0 && members < sizeof LN / sizeof LN[0] && streams > 0 && streams < sizeof LN / sizeof LN[0]);
    return (enhanced ? LN_RUN_LENGTH_ENHANCED : LN_RUN_LENGTH) + LN[members] + LN[streams];
}

/* What a sum is held at so that it recovers: 5/4 of the threshold. */
static inline int32_t cusum_cap(int32_t threshold) { return threshold + threshold / 4; }

static inline int32_t cusum_add(int32_t sum, int64_t increment, int32_t cap) {
    int64_t next = sum + increment;
    if (next < 0) return 0;
    return next < cap ? (int32_t)next : cap;
}

/* S/h, at most 5/4. */
static inline uint32_t cusum_ratio(int32_t sum, int32_t threshold) {
    uint32_t ratio = (uint32_t)((uint64_t)sum * (uint64_t)STANDING_ONE / (uint64_t)threshold);
    uint32_t most = (uint32_t)STANDING_ONE + (uint32_t)STANDING_ONE / 4;
    return ratio < most ? ratio : most;
}

/* One step of a running mean: the plain mean of the first `window` values and `prior` more of the initial one, after
 * that exponential. `count` values came before. */
static inline int32_t running_mean(int32_t mean, int32_t value, uint32_t count, uint32_t prior, uint32_t window) {
    if (count + prior < window) return mean + (value - mean) / (int32_t)(count + prior + 1);
    return mean + (value - mean) / (int32_t)window;
}

/* Sorts by insertion: at most MEMBERS_MAX values, now and then. */
static inline void ascending(int32_t *values, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        int32_t value = values[i];
        uint32_t j = i;
        for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

#endif
