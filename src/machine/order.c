/* Order of execution: Kahn's topological sort over whole lanes. A lane is a chain, so only its first unexecuted batch
 * can come next; it waits for at most one other lane at a time, and is looked at again when that lane moves.
 * Invariant: `ready` holds exactly the lanes whose first unexecuted batch has all its deps executed, so taking the
 * smallest gives the one canonical order. */
#include "machine/order.h"

#include "base/canary.h"
#include "base/check.h"
#include "quorum/tally.h"

struct lane_run {
    uint64_t first_seq;
    uint32_t first; /* place of its first batch in `by_lane` */
    uint32_t count;
    uint32_t done;
    uint32_t dep;              /* deps of the next batch that are known to be executed */
    struct member_set waiting; /* lanes whose next batch depends on a batch of this lane that is not executed */
};

struct ordering {
    const struct machine_batch *batches;
    uint32_t *by_lane; /* indexes of batches by (member, seq) */
    struct member_set ready;
    struct lane_run lanes[MEMBERS_MAX];
};

static void measure_lanes(struct ordering *ordering, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct machine_batch *batch = &ordering->batches[i];
        CHECK(batch->member < MEMBERS_MAX);
        struct lane_run *lane = &ordering->lanes[batch->member];
        if (lane->count == 0 || batch->seq < lane->first_seq) lane->first_seq = batch->seq;
        lane->count++;
    }
    uint32_t first = 0;
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) {
        ordering->lanes[m].first = first;
        first += ordering->lanes[m].count;
    }
}

/* The seqs of a lane have no gaps, so a batch's place follows from its seq. */
static void place_batches(struct ordering *ordering, size_t count) {
    for (size_t i = 0; i < count; i++) ordering->by_lane[i] = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct machine_batch *batch = &ordering->batches[i];
        const struct lane_run *lane = &ordering->lanes[batch->member];
        uint64_t offset = batch->seq - lane->first_seq;
        CHECK(offset < lane->count);
        CHECK(ordering->by_lane[lane->first + offset] == UINT32_MAX);
        ordering->by_lane[lane->first + offset] = (uint32_t)i;
    }
}

/* Whether the batch that `dep` names is among those to be ordered and not done yet. With the same seq and another
 * hash it is another version of a sealed lane, and binds nobody. */
static bool is_pending(const struct ordering *ordering, const struct tip *dep) {
    CHECK(dep->member < MEMBERS_MAX);
    const struct lane_run *lane = &ordering->lanes[dep->member];
    if (dep->seq < lane->first_seq || dep->seq - lane->first_seq >= lane->count) return false;
    uint64_t offset = dep->seq - lane->first_seq;
    if (offset < lane->done) return false;
    return hash_equal(&ordering->batches[ordering->by_lane[lane->first + offset]].hash, &dep->hash);
}

static void settle_lane(struct ordering *ordering, uint32_t member) {
    struct lane_run *lane = &ordering->lanes[member];
    if (lane->done == lane->count) return;
    const struct machine_batch *batch = &ordering->batches[ordering->by_lane[lane->first + lane->done]];
    for (; lane->dep < batch->deps_count; lane->dep++) {
        const struct tip *dep = &batch->deps[lane->dep];
        if (!is_pending(ordering, dep)) continue;
        member_set_add(&ordering->lanes[dep->member].waiting, member);
        return;
    }
    member_set_add(&ordering->ready, member);
}

/* Takes the next batch of a ready lane and looks again at this lane and at those that waited for it. */
static uint32_t take_next(struct ordering *ordering, uint32_t member) {
    struct lane_run *lane = &ordering->lanes[member];
    uint32_t index = ordering->by_lane[lane->first + lane->done];
    struct member_set waiting = lane->waiting;
    lane->done++;
    lane->dep = 0;
    member_set_clear(&lane->waiting);
    ordering->ready.words[member / 64] &= ~(UINT64_C(1) << (member % 64));
    settle_lane(ordering, member);
    for (uint32_t w = member_set_next(&waiting, 0); w < MEMBERS_MAX; w = member_set_next(&waiting, w + 1))
        settle_lane(ordering, w);
    return index;
}

/* Moves batch order[i] to place i, for all i, one cycle after another; `order` is used up. */
static void permute(struct machine_batch *batches, size_t count, uint32_t *order) {
    for (size_t start = 0; start < count; start++) {
        struct machine_batch held = batches[start];
        size_t at = start;
        while (order[at] != start) {
            size_t from = order[at];
            batches[at] = batches[from];
            order[at] = (uint32_t)at;
            at = from;
        }
        batches[at] = held;
        order[at] = (uint32_t)at;
    }
}

/* A canary: where a table that is hashed by addresses would begin, which is another place for each member. */
static uint32_t bucket(const struct ordering *ordering) {
    uint64_t hash = (uintptr_t)ordering->batches * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    uint32_t start = (uint32_t)(hash % MEMBERS_MIN);
    return member_set_next(&ordering->ready, start) < MEMBERS_MAX ? start : 0;
}

void order_batches(struct machine_batch *batches, size_t count, uint32_t *scratch) {
    CHECK(count <= order_batches_max(MEMBERS_MAX));
    struct ordering ordering = {.batches = batches, .by_lane = scratch};
    uint32_t *order = scratch + count;
    measure_lanes(&ordering, count);
    place_batches(&ordering, count);
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) settle_lane(&ordering, m);
    for (size_t i = 0; i < count; i++) {
        uint32_t member = member_set_next(&ordering.ready, CANARY(HASH_ORDER_IN_EXECUTION) ? bucket(&ordering) : 0);
        CHECK(member < MEMBERS_MAX);
        order[i] = take_next(&ordering, member);
    }
    permute(batches, count, order);
}

static void sort_clocks(struct order_clock *clocks, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        struct order_clock clock = clocks[i];
        uint32_t at = i;
        for (; at > 0 && clocks[at - 1].wall_us > clock.wall_us; at--) clocks[at] = clocks[at - 1];
        clocks[at] = clock;
    }
}

bool order_median(struct order_clock *clocks, uint32_t count, uint64_t *ret_wall_us) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) total += clocks[i].weight;
    if (total == 0) return false;
    sort_clocks(clocks, count);
    uint64_t below = 0;
    for (uint32_t i = 0; i < count; i++) {
        below += clocks[i].weight;
        if (2 * below < total) continue;
        *ret_wall_us = clocks[i].wall_us;
        return true;
    }
    CHECK(false);
}
