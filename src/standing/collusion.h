/* Collusion: members whose residuals move together (docs/belief.md, "Detectors").
 *
 * The value of a report is its residual against the location without it, for one hypothesis: with two hypotheses the
 * top, whose residual is all there is (the other's is its negative); with more, the top on every second panel and on
 * the others each of the rest in turn, so that a push for one rival shows at full strength when its turn comes. One
 * number a report instead of k keeps the cost of a pair the same for all k; an inner product of whole vectors would
 * multiply it by k.
 *
 * A residual is clipped at two spreads, the spread being the running median of all |residuals| times 1.4826, followed
 * by steps of 1/32: a minority can move a median no further than to another quantile of the honest residuals. The
 * mean of a member's own is taken off, apart for even and odd hypotheses on top and apart for tops and rivals: what is
 * left is neither skill nor a liking for a label, both of which honest members share.
 *
 * What it cannot see: a constant push (that is drift's), pushes that take turns so that no two members push together,
 * and agreement weaker than 1/16 + 2/(n - 1), which honest members of unequal skill show as well. Who copies an honest
 * member's residuals makes it look like an accomplice: its suspicion is bounded, as everybody's is. */
#ifndef STANDING_COLLUSION_H
#define STANDING_COLLUSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/pairs.h"
#include "standing/voice.h"

struct collusion {
    struct pairs pairs;
    int32_t typical; /* running median of |residual| / cap, 16 fractional bits */
    uint32_t turn;   /* panels so far, modulo twice the rivals of the last one */
};

size_t collusion_bytes(uint32_t members);
/* `zeroed_memory` is aligned to 16 bytes and outlives `collusion`. */
void collusion_init(struct collusion *collusion, void *zeroed_memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void collusion_forget(struct collusion *collusion, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void collusion_resize(struct collusion *collusion, uint32_t heads);
/* O(1) a report, and every 64 panels a look at all pairs (standing/pairs.h). */
void collusion_on_panel(struct collusion *collusion, const struct voice *voice);
/* S/h with 16 fractional bits, at most 5/4. O(1). */
uint32_t collusion_ratio(const struct collusion *collusion, uint32_t member, bool enhanced);
/* The smallest member of the cluster of flagged pairs that this one is in; itself when alone. For people only. */
uint32_t collusion_cluster(const struct collusion *collusion, uint32_t member);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void collusion_save(const struct collusion *collusion, struct outlet *outlet);
enum status collusion_load(struct collusion *collusion, struct reader *reader) MUST_USE;

#endif
