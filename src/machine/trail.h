/* Trail: how far each lane is executed, and the hashes of its newest executed batches. Nothing in the machine looks at
 * it: it is what a member that starts from a snapshot needs to take up the lanes (docs/protocol.md 3, 9), and the state
 * vouches for it as for the rest.
 *
 * Invariant: it follows from the executed blocks alone. */
#ifndef MACHINE_TRAIL_H
#define MACHINE_TRAIL_H

#include "base/arena.h"
#include "base/outlet.h"
#include "machine/machine.h"

struct trail_lane {
    uint64_t seq; /* of the newest executed batch; 0: none */
    uint64_t wall_us;
    bool is_sealed;
};

struct trail {
    uint32_t members;
    struct trail_lane *lanes;
    struct hash *hashes; /* MACHINE_LANE_HASHES a lane, by seq modulo that */
};

/* What trail_init takes from an arena, bytes. */
size_t trail_bytes(uint32_t members);
/* Nothing is executed. The arena must have room (checked) over zeroed memory. */
void trail_init(struct trail *trail, struct arena *arena, uint32_t members);
/* The batch is executed. */
void trail_batch(struct trail *trail, const struct machine_batch *batch);
/* With this epoch the lane begins again, under another key; the first batch links to the newest one before. */
void trail_reopen(struct trail *trail, uint32_t member, uint64_t epoch);
/* A block carried a fork proof against the member, or it is no member any more. */
void trail_seal(struct trail *trail, uint32_t member);
/* STATUS_NOT_FOUND when it was never executed, too long ago, or under another key. */
enum status trail_hash(const struct trail *trail, uint32_t member, uint64_t seq, struct hash *ret_hash) MUST_USE;

/* For snapshots (machine/snapshot.c); `epoch` is that of the state. */
void trail_save(const struct trail *trail, struct outlet *outlet);
enum status trail_load(struct trail *trail, struct reader *reader, uint64_t epoch) MUST_USE;

#endif
