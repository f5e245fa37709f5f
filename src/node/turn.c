#include "node/turn.h"

void turn_init(struct turn *turn, struct replica *replica, const struct turn_host *host) {
    *turn = (struct turn){.replica = replica, .host = *host};
}

bool turn_is_open(const struct turn *turn) { return turn->state == TURN_OPEN; }

/* Frames and states of links of the time in between are lost; whoever is linked now is greeted as if it had just come. */
static void catch_up(struct turn *turn, struct replica_time now) {
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) {
        struct replica_peer peer;
        if (!turn->link_moved[m]) continue;
        turn->link_moved[m] = false;
        replica_peer(turn->replica, m, &peer);
        if (peer.link_up) replica_on_link(turn->replica, now, m, false);
        if (turn->link_up[m]) replica_on_link(turn->replica, now, m, true);
    }
    replica_on_tick(turn->replica, now);
    turn->dirty = true;
}

static void commit(struct turn *turn, struct replica_time now) {
    enum status status = turn->host.commit(turn->host.context);
    bool waited = turn->state == TURN_WAITING;
    if (status == STATUS_DISK_FULL) {
        if (!waited) turn->waiting_since_us = now.mono_us;
        turn->state = TURN_WAITING;
        turn->retry_us = now.mono_us + TURN_RETRY_US;
        return;
    }
    turn->state = status == STATUS_OK ? TURN_OPEN : TURN_FAILED;
    if (status != STATUS_OK) return;
    turn->host.durable(turn->host.context);
    if (waited) catch_up(turn, now);
}

void turn_on_frame(struct turn *turn, struct replica_time now, uint32_t from, struct slice bytes) {
    if (!turn_is_open(turn)) {
        turn->passed_over++;
        return;
    }
    turn->dirty = true;
    replica_on_frame(turn->replica, now, from, bytes);
}

void turn_on_link(struct turn *turn, struct replica_time now, uint32_t member, bool up) {
    if (!turn_is_open(turn)) {
        turn->link_moved[member] = true;
        turn->link_up[member] = up;
        return;
    }
    turn->dirty = true;
    replica_on_link(turn->replica, now, member, up);
}

void turn_on_tick(struct turn *turn, struct replica_time now) {
    if (turn->state == TURN_WAITING && now.mono_us >= turn->retry_us) {
        commit(turn, now);
    } else if (turn_is_open(turn)) {
        turn->dirty = true;
        replica_on_tick(turn->replica, now);
    }
}

void turn_touched(struct turn *turn) { turn->dirty = true; }

uint64_t turn_deadline_us(const struct turn *turn) {
    switch (turn->state) {
    case TURN_OPEN: return replica_deadline_us(turn->replica);
    case TURN_WAITING: return turn->retry_us;
    case TURN_FAILED: break;
    }
    return UINT64_MAX;
}

void turn_end(struct turn *turn, struct replica_time now) {
    if (!turn_is_open(turn) || !turn->dirty) return;
    turn->dirty = false;
    replica_flush(turn->replica, now);
    commit(turn, now);
}
