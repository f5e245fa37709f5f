/* Timing: members that report at the same moments more than the others do (docs/belief.md, "Detectors").
 *
 * The value of a report is where it stands in the order of its panel, from -1 (first) to 1 (last), equal times sharing
 * the middle of their places. Ranks take out what all reports of a panel have in common, a slow day or a busy hour,
 * which would make all habitually late members look like accomplices. The member's own mean is taken off: always
 * being late is no collusion. Where all answer at once, in the same tick of 1/65536 of the window, all ranks are 0 and
 * there is nothing to judge by.
 *
 * Honest members may share a cause, a feed or an office hour, so this allows for an agreement of 1/8 + 2/(n - 1). What it
 * cannot see: liars that keep a fixed place in the order, and liars that add noise of their own to the time; they gain
 * nothing by the time then. A report's time is its reporter's own word; a false one only hides what it hides. */
#ifndef STANDING_TIMING_H
#define STANDING_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/pairs.h"
#include "standing/voice.h"

struct timing {
    struct pairs pairs;
};

size_t timing_bytes(uint32_t members);
/* `zeroed_memory` is aligned to 16 bytes and outlives `timing`. */
void timing_init(struct timing *timing, void *zeroed_memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void timing_forget(struct timing *timing, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void timing_resize(struct timing *timing, uint32_t heads);
/* A panel of fewer than 3 reports has no order to speak of and is left out. O(reports) comparisons a report, and every
 * 64 panels a look at all pairs (standing/pairs.h). */
void timing_on_panel(struct timing *timing, const struct voice *voice);
/* S/h with 16 fractional bits, at most 5/4. O(1). */
uint32_t timing_ratio(const struct timing *timing, uint32_t member, bool enhanced);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void timing_save(const struct timing *timing, struct outlet *outlet);
enum status timing_load(struct timing *timing, struct reader *reader) MUST_USE;

#endif
