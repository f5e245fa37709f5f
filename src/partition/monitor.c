/* The partition monitor (docs/protocol.md 6).
 *
 * Invariant: `level` is the highest level that was seen within the last MONITOR_HEAL_US, the present moment included.
 * It is kept as the last time at which each level or a higher one was seen, so a rise that is repeated starts the
 * patience for its fall anew, and a fall goes no lower than what was seen in the meantime. */
#include "partition/monitor.h"

#include "base/check.h"
#include "base/num.h"

void monitor_init(struct monitor *monitor, uint32_t members, uint32_t self, uint64_t reach_us, uint64_t now_us) {
    CHECK(members >= 1 && members <= MEMBERS_MAX && self < members && reach_us > 0);
    *monitor = (struct monitor){.members = members,
                                .self = self,
                                .reach_us = reach_us,
                                .started_us = now_us,
                                .now_us = now_us,
                                .since_us = now_us};
    uint64_t grace_us = num_max_u64(reach_us, MONITOR_GRACE_US);
    for (uint32_t m = 0; m < members; m++) monitor->due_us[m] = now_us + grace_us;
    monitor->next_us = now_us + grace_us;
}

/* The level that was seen until now was seen until now; what is seen from now on begins now. */
static void note(struct monitor *monitor) {
    for (int level = LEVEL_CONNECTED; level <= (int)monitor->seen; level++) {
        monitor->seen_us[level] = monitor->now_us;
        monitor->has_seen[level] = true;
    }
}

static enum level highest_of_late(const struct monitor *monitor) {
    int level = LEVEL_SEVERE;
    while (level > LEVEL_CONNECTED &&
           (!monitor->has_seen[level] || monitor->now_us >= monitor->seen_us[level] + MONITOR_HEAL_US))
        level--;
    return (enum level)level;
}

static bool judge(struct monitor *monitor) {
    uint32_t heads = monitor->members - member_set_count(&monitor->absent);
    monitor->seen = level_of(heads, member_set_count(&monitor->missing));
    note(monitor);
    enum level level = highest_of_late(monitor);
    if (level == monitor->level) return false;
    monitor->level = level;
    monitor->since_us = monitor->now_us;
    return true;
}

/* Nobody is blamed for what happened while this member itself stood still. Those who were missing before it stay so:
 * they were not heard in either case. */
static void forgive(struct monitor *monitor) {
    for (uint32_t m = 0; m < monitor->members; m++) {
        if (member_set_has(&monitor->missing, m)) continue;
        monitor->due_us[m] = num_max_u64(monitor->due_us[m], monitor->now_us + monitor->reach_us);
    }
    monitor->next_us = monitor->now_us;
}

static void move_on(struct monitor *monitor, uint64_t now_us) {
    bool stood_still = now_us > monitor->now_us + monitor->reach_us / 2;
    monitor->now_us = num_max_u64(monitor->now_us, now_us);
    if (stood_still) forgive(monitor);
}

/* Who is missing now, and when the next one may be. */
static void look_round(struct monitor *monitor) {
    member_set_clear(&monitor->missing);
    monitor->next_us = UINT64_MAX;
    for (uint32_t m = 0; m < monitor->members; m++) {
        if (m == monitor->self || member_set_has(&monitor->absent, m)) continue;
        if (monitor->due_us[m] <= monitor->now_us) {
            member_set_add(&monitor->missing, m);
        } else {
            monitor->next_us = num_min_u64(monitor->next_us, monitor->due_us[m]);
        }
    }
}

void monitor_set_absent(struct monitor *monitor, const struct member_set *absent, uint64_t now_us) {
    CHECK(member_set_next(absent, monitor->members) == MEMBERS_MAX && member_set_count(absent) < monitor->members);
    move_on(monitor, now_us);
    for (uint32_t m = 0; m < monitor->members; m++) {
        if (member_set_has(absent, m)) member_set_remove(&monitor->missing, m);
        if (!member_set_has(&monitor->absent, m) || member_set_has(absent, m)) continue;
        monitor->due_us[m] = monitor->now_us + num_max_u64(monitor->reach_us, MONITOR_GRACE_US);
    }
    monitor->absent = *absent;
    monitor->next_us = monitor->now_us;
}

/* Whoever was missing is taken out at the next tick of this very moment: the caller ticks after what it heard. */
void monitor_heard(struct monitor *monitor, uint32_t member, uint64_t now_us) {
    if (member >= monitor->members || member == monitor->self || member_set_has(&monitor->absent, member)) return;
    move_on(monitor, now_us);
    monitor->due_us[member] = monitor->now_us + monitor->reach_us;
    bool is_back = member_set_has(&monitor->missing, member);
    monitor->next_us = num_min_u64(monitor->next_us, is_back ? monitor->now_us : monitor->due_us[member]);
}

bool monitor_tick(struct monitor *monitor, uint64_t now_us) {
    move_on(monitor, now_us);
    note(monitor);
    if (monitor->now_us >= monitor->next_us) look_round(monitor);
    return judge(monitor);
}

uint64_t monitor_deadline_us(const struct monitor *monitor) {
    if (monitor->level == monitor->seen) return monitor->next_us;
    return num_min_u64(monitor->next_us, monitor->seen_us[monitor->level] + MONITOR_HEAL_US);
}

uint64_t monitor_calm_since_us(const struct monitor *monitor) {
    int worse = (int)monitor->level + 1;
    bool was_worse = worse < LEVELS && monitor->has_seen[worse];
    return was_worse ? monitor->seen_us[worse] : monitor->started_us;
}
