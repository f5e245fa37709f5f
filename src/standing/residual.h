/* The residual of a report: how far it is from the location without it, in units of the question's cap. */
#ifndef STANDING_RESIDUAL_H
#define STANDING_RESIDUAL_H

#include <stdint.h>

#include "standing/voice.h"

/* clamp(y_j - without_j, -cap, cap) / cap with 16 fractional bits, in [-STANDING_ONE, STANDING_ONE], cut towards zero.
 * Both values are below 2^62 in magnitude. A cap of more than 46 bits loses bits first, so that nothing overflows. */
static inline int32_t residual(const struct voice_report *report, uint32_t hypothesis, int64_t cap) {
    int64_t e = report->y[hypothesis] - report->without[hypothesis];
    if (e >= cap) return STANDING_ONE;
    if (e <= -cap) return -STANDING_ONE;
    while (cap >= INT64_C(1) << 46) {
        cap /= 2;
        e /= 2;
    }
    return (int32_t)(e * STANDING_ONE / cap);
}

/* The outcome as the others see it: the hypothesis of the largest location without this report, the lowest index among
 * equals. What the reporter says has no part in it. */
static inline uint32_t outcome_without(const struct voice_report *report, uint32_t hypotheses) {
    uint32_t top = 0;
    for (uint32_t j = 1; j < hypotheses; j++) {
        if (report->without[j] > report->without[top]) top = j;
    }
    return top;
}

#endif
