/* Omission: who leaves out panels while writing its lane (docs/belief.md, "Detectors").
 *
 * A CUSUM of missed panels
 *
 *     S <- max(0, S + theta * (missed - reference))
 *
 * for p the usual share of missed panels, reference = p + 1/4 (1 - p), and theta the exact solution of
 * E exp(theta (missed - reference)) = 1 for misses of probability p (scripts/detector-constants). p is the median over
 * the group of running shares, but at least 1/8: sensors fail in bursts, and a member may miss a panel in eight for ever
 * without suspicion. A panel that at least half of those concerned missed says nothing about any of them.
 *
 * Who neither reported nor wrote anything is absent, not silent, and does not move. J = n. */
#ifndef STANDING_OMISSION_H
#define STANDING_OMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

struct omission {
    uint32_t members; /* places */
    uint32_t heads;   /* of them, that are taken */
    uint32_t panels;
    int32_t usual;  /* the group's share of missed panels, 16 fractional bits */
    int32_t *sum;   /* by member */
    int32_t *share; /* of missed panels, 24 fractional bits */
    int32_t *count; /* panels that the member reported on or missed */
};

/* Memory for one family: 12 bytes a member. */
size_t omission_bytes(uint32_t members);
/* `memory` is zeroed, aligned to 16 bytes, and outlives the omission. */
void omission_init(struct omission *omission, void *memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void omission_forget(struct omission *omission, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void omission_resize(struct omission *omission, uint32_t heads);
/* O(n), plus every GROUP_INTERVAL panels a median. */
void omission_on_panel(struct omission *omission, const struct voice *voice);
/* S/h of the member, 16 fractional bits, at most 5/4. O(1). */
uint32_t omission_ratio(const struct omission *omission, uint32_t member, bool enhanced);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void omission_save(const struct omission *omission, struct outlet *outlet);
enum status omission_load(struct omission *omission, struct reader *reader) MUST_USE;

#endif
