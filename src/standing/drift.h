/* Drift: who pushes in one direction for long (docs/belief.md, "Detectors").
 *
 * A two-sided CUSUM (Page 1954) of residuals in two frames: per hypothesis, which shows a constant push, and relative to
 * the outcome, which shows who always speaks against it, whatever it is. In each frame there are two scales, with
 * reference k = 3/10 for large biases and k = 1/10 for small ones:
 *
 *     S <- max(0, S + theta * (y - m - k))        and the same for -(y - m)
 *
 * - y in [-1, 1] is the residual in units of the cap. The outcome is that of the others: for each report the hypothesis
 *   that leads without it.
 * - m is what the residual of a typical member is: the median over the group of running means. It is 0 without liars;
 *   with them it follows the shift of the location, so that they, who are off from the typical member, accumulate, and
 *   honest members do not. Fewer than half of the members cannot move it out of the honest members' range.
 * - theta(v) is the largest that is safe for any residual of variance v (Bennett's two-point distribution,
 *   scripts/detector-constants), with v the larger of the member's own running variance and the median of the group's.
 *   As the increment is in nats, what has been gathered does not change when v does.
 *
 * Of the outcome frame's side towards the outcome only the fast scale is watched: a member that is right more often than
 * the typical one leans to that side too, by less.
 *
 * S is held at 5/4 of the threshold ln(A * J); J counts n members times 4 streams a hypothesis (those of one of them for
 * k = 2, as the other mirrors it) and 3 of the outcome. A member without a report does not move. */
#ifndef STANDING_DRIFT_H
#define STANDING_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

/* The outcome, then the hypotheses. */
#define DRIFT_FRAMES (1 + HYPOTHESES_MAX)

struct drift {
    uint32_t members; /* places */
    uint32_t heads;   /* of them, that are taken */
    uint32_t frames;  /* that any panel of the family has had */
    uint32_t panels;
    int32_t threshold;              /* for the normal run length */
    int32_t offset[DRIFT_FRAMES];   /* m, 16 fractional bits */
    int32_t variance[DRIFT_FRAMES]; /* the group's, 16 fractional bits */
    int32_t *streams;
};

/* Memory for one family: 28 bytes a member and frame. */
size_t drift_bytes(uint32_t members);
/* `memory` is zeroed, aligned to 16 bytes, and outlives the drift. Only frames that occur are touched. */
void drift_init(struct drift *drift, void *memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void drift_forget(struct drift *drift, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void drift_resize(struct drift *drift, uint32_t heads);
/* O(k) a report, about 20 ns a frame, plus every GROUP_INTERVAL panels two medians a frame. */
void drift_on_panel(struct drift *drift, const struct voice *voice);
/* The largest S/h of the member, 16 fractional bits, at most 5/4. O(k). */
uint32_t drift_ratio(const struct drift *drift, uint32_t member, bool enhanced);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void drift_save(const struct drift *drift, struct outlet *outlet);
enum status drift_load(struct drift *drift, struct reader *reader) MUST_USE;

#endif
