/* The partition monitor of this member, and its level in its own lane (docs/protocol.md 6).
 *
 * Invariant: at most one level item is on its way, and one is written only when the level differs from the committed
 * one; so however the links behave, a lane gets a handful of them. A fall waits as long as the monitor does, also
 * below what an earlier life of this member committed: a restart makes nobody look well before it is. */
#include "replica/state.h"

/* Four heartbeats, whatever their pause is. */
static uint64_t reach_us(const struct replica *r) { return num_max_u64(MONITOR_REACH_US, 4 * r->heartbeat_us); }

void replica_watch_start(struct replica *r) {
    monitor_init(&r->monitor, r->members, r->self, reach_us(r), r->now.mono_us);
    monitor_set_absent(&r->monitor, &r->roster.absent, r->now.mono_us);
}

static bool is_told(const struct replica *r) {
    enum level committed = machine_member(r->machine, r->self).level;
    if (r->monitor.level == committed) return true;
    bool falls = r->monitor.level < committed;
    return falls && r->now.mono_us < monitor_calm_since_us(&r->monitor) + MONITOR_HEAL_US;
}

static void tell_level(struct replica *r) {
    struct item item = {.kind = ITEM_LEVEL, .level = r->monitor.level};
    if (!is_told(r)) replica_say(r, &item);
}

static void tick(struct replica *r) {
    if (!monitor_tick(&r->monitor, r->now.mono_us)) return;
    replica_event(r, &(struct replica_event){.kind = EVENT_LEVEL, .member = r->self, .level = r->monitor.level});
    tell_level(r);
}

void replica_watch_heard(struct replica *r, uint32_t from) {
    monitor_heard(&r->monitor, from, r->now.mono_us);
    tick(r);
}

void replica_watch_tick(struct replica *r) {
    tick(r);
    tell_level(r);
}

/* A block was executed: who watches is told when the threshold is another one than before. */
void replica_watch_threshold(struct replica *r, const struct checkpoint *checkpoint) {
    bool same = threshold_compare(checkpoint->threshold, r->threshold) == 0;
    r->threshold = checkpoint->threshold;
    if (same || r->restoring) return;
    replica_event(r, &(struct replica_event){.kind = EVENT_THRESHOLD, .height = checkpoint->height});
}

void replica_reach(const struct replica *r, struct replica_reach *ret_reach) {
    *ret_reach = (struct replica_reach){.level = r->monitor.level,
                                        .since_us = r->monitor.since_us,
                                        .seen = r->monitor.seen,
                                        .unreachable = r->monitor.missing};
}
