/* The partition monitor: whom of the group this member hears, and the level that follows (docs/protocol.md 6).
 *
 * A member is missing when nothing authenticated came from it for `reach_us`. The level rises at once, and falls only
 * after MONITOR_HEAL_US at the lower level: it is the highest level that was seen in that time. So a link that comes
 * and goes keeps it where it is, and whoever cuts links at the right moments gains nothing by it.
 *
 * What counts is this member's own ears, so two things are not blamed on the others:
 * - A start. Links take time: TLS, and a dialler that waits up to 5 s before it tries again. Whoever was never heard
 *   since the start counts as missing MONITOR_GRACE_US after it, not before. Whoever was heard once is held to
 *   `reach_us` from then on.
 * - A standstill of this member itself (stopped, suspended, a disk that hangs): when the monitor was not asked for
 *   half of `reach_us`, nobody is missing before another `reach_us` has passed.
 *
 * No clock and no memory of its own: times are the caller's monotonic microseconds; an earlier one than before counts as
 * that one. */
#ifndef PARTITION_MONITOR_H
#define PARTITION_MONITOR_H

#include "quorum/level.h"
#include "quorum/tally.h"

/* Four heartbeats. */
#define MONITOR_REACH_US UINT64_C(1000000)
/* Twice the longest pause between two attempts to connect. */
#define MONITOR_GRACE_US UINT64_C(10000000)
#define MONITOR_HEAL_US  UINT64_C(30000000)

struct monitor {
    uint32_t members; /* places */
    uint32_t self;
    struct member_set absent; /* places where nobody is: neither heard nor missing, nor counted */
    uint64_t reach_us;
    uint64_t started_us;
    uint64_t now_us;              /* when it was asked last */
    uint64_t due_us[MEMBERS_MAX]; /* when each member will be missing unless it is heard */
    struct member_set missing;    /* as of now_us */
    enum level seen;              /* what that makes, without any patience */
    enum level level;             /* the highest seen within MONITOR_HEAL_US */
    uint64_t since_us;            /* when the level became what it is */
    uint64_t seen_us[LEVELS];     /* when this level or a higher one was seen last, as far as it was */
    bool has_seen[LEVELS];
    uint64_t next_us; /* nobody becomes missing before */
};

/* Somebody is at every place and within reach, the level is connected. n is 1 .. MEMBERS_MAX, self below it (checked); `reach_us` is
 * not 0. */
void monitor_init(struct monitor *monitor, uint32_t members, uint32_t self, uint64_t reach_us, uint64_t now_us);
/* From now on nobody is at these places, and somebody at all others. Who comes to a place has as long as after a start
 * to be heard. */
void monitor_set_absent(struct monitor *monitor, const struct member_set *absent, uint64_t now_us);
/* Something authenticated came from `member`. O(1) unless it was missing. */
void monitor_heard(struct monitor *monitor, uint32_t member, uint64_t now_us);
/* Time has passed. To be called at least every half of reach_us, and at monitor_deadline_us. True when the level has
 * changed since the last call of either function. O(1) mostly; O(n) when somebody may have become missing. */
bool monitor_tick(struct monitor *monitor, uint64_t now_us);
/* When monitor_tick is wanted, at the latest: when somebody may be missing, or the level may fall. */
uint64_t monitor_deadline_us(const struct monitor *monitor);

/* Since when nothing worse than the present level was seen, at the earliest since the start. What an earlier life of this
 * member said holds until that is MONITOR_HEAL_US ago. */
uint64_t monitor_calm_since_us(const struct monitor *monitor);

#endif
