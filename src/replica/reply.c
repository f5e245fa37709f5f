/* How much one member can make this one send. Questions are small and their answers are not: a batch, a range, certificates. So each
 * member has an allowance of bytes, filled with time up to a burst, and what is sent to it alone is taken from it (base/limits.h says
 * how much and why). A question beyond it is passed over: an honest asker asks somebody else, and here again soon.
 *
 * Invariant: over any time t a member is sent at most REPLY_BURST_BYTES + t * REPLY_BYTES_PER_S and one answer more, and no more
 * answers than that makes at REPLY_BYTES_MIN each; what others ask for takes nothing from it. */
#include "base/num.h"
#include "replica/state.h"

static void fill(struct peer *peer, uint64_t now_us) {
    const uint64_t full_us = (uint64_t)2 * REPLY_BURST_BYTES * 1000000 / REPLY_BYTES_PER_S;
    uint64_t elapsed_us = now_us - num_min_u64(peer->allowance_us, now_us);
    bool first = peer->allowance_us == 0;
    peer->allowance_us = now_us;
    if (first) peer->allowance = REPLY_BURST_BYTES;
    /* Longer than any debt takes is as good as full, and the product below stays small. */
    int64_t added = (int64_t)(num_min_u64(elapsed_us, full_us) * REPLY_BYTES_PER_S / 1000000);
    peer->allowance += added;
    if (peer->allowance > REPLY_BURST_BYTES) peer->allowance = REPLY_BURST_BYTES;
}

bool replica_may_reply(struct replica *r, uint32_t from) {
    struct peer *peer = &r->peers[from];
    fill(peer, r->now.mono_us);
    if (peer->allowance <= 0) {
        r->counters.replies_withheld++;
        return false;
    }
    peer->allowance -= REPLY_BYTES_MIN;
    return true;
}

void replica_charge(struct replica *r, uint32_t to, size_t bytes) {
    if (to < r->members) r->peers[to].allowance -= (int64_t)bytes;
}

/* A member says once each heartbeat where it stands; whoever says so more often is not answered more often. */
bool replica_may_reply_to_heartbeat(struct replica *r, uint32_t from) {
    struct peer *peer = &r->peers[from];
    if (peer->heartbeat_replied_us != 0 && r->now.mono_us < peer->heartbeat_replied_us + r->heartbeat_us / 2)
        return false;
    if (!replica_may_reply(r, from)) return false;
    peer->heartbeat_replied_us = r->now.mono_us;
    return true;
}
