/* Order: the one order in which every member executes the batches of a block, and the time of the block
 * (docs/protocol.md 5). */
#ifndef MACHINE_ORDER_H
#define MACHINE_ORDER_H

#include "machine/machine.h"

/* Batches that one block can newly include: what the lanes may have outstanding. */
static inline uint32_t order_batches_max(uint32_t members) { return members * LANE_OUTSTANDING_MAX; }
/* Numbers of scratch that order_batches needs for `count` batches. */
static inline size_t order_scratch_count(size_t count) { return 2 * count; }

/* Sorts in place: every batch after the previous one of its lane and after all its deps that are among `batches`; of
 * those that could come next, the one of the smallest member. The result does not depend on the order that the
 * batches come in. The seqs of a lane follow each other without gaps, deps name no circle: both checked, they are
 * what makes a cut. */
void order_batches(struct machine_batch *batches, size_t count, uint32_t *scratch);

/* A wall clock with the weight of the member that wrote it. */
struct order_clock {
    uint64_t wall_us;
    uint32_t weight;
};
/* The lower weighted median: the smallest clock that, together with all that are not later, has at least half of the
 * weight. False, and the output untouched, when the clocks have no weight at all. Sorts in place. */
bool order_median(struct order_clock *clocks, uint32_t count, uint64_t *ret_wall_us);

#endif
