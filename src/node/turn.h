/* The turn: everything that arrived goes into the replica, what it wrote is committed once, and only then may anything leave
 * (replica/ports.h, the ordering contract).
 *
 * A full disk is waited for. The replica is ahead of its ledger by the step that found no room, so until that step is committed it is
 * handed nothing: frames are passed over, which the protocol bears as it bears any loss, of the links the newest state is remembered, no
 * timer runs, and the owner takes no submissions. Reads go on. The commit is tried again every TURN_RETRY_US; when there is room the same
 * step is committed, what it wants sent leaves, the links are told, and life goes on.
 *
 * Invariants: between a refused commit and the next successful one no function of the replica is called that changes it, and
 * turn_host.durable is not; memory does not grow with the time of waiting. */
#ifndef NODE_TURN_H
#define NODE_TURN_H

#include "replica/replica.h"

#define TURN_RETRY_US UINT64_C(1000000)

enum turn_state {
    TURN_OPEN,
    TURN_WAITING, /* for room on the disk */
    TURN_FAILED,  /* for good: the member must stop */
};

struct turn_host {
    void *context;
    /* Of the ledger, as ledger_commit. */
    enum status (*commit)(void *context);
    /* Everything so far is durable: what was held back may leave. Calls nothing of this header. */
    void (*durable)(void *context);
};

struct turn {
    struct replica *replica;
    struct turn_host host;
    enum turn_state state;
    bool dirty; /* something came in since the last commit */
    /* What happened to links while it waits: the newest state of those that moved. */
    bool link_moved[MEMBERS_MAX];
    bool link_up[MEMBERS_MAX];
    uint64_t waiting_since_us;
    uint64_t retry_us;
    uint64_t passed_over; /* frames, while waiting for room */
};

/* `replica` may be put in later, before the first input. */
void turn_init(struct turn *turn, struct replica *replica, const struct turn_host *host);
/* Whether the replica may be handed anything: false while the disk is full and after a failure. */
bool turn_is_open(const struct turn *turn);

/* Inputs, as the replica's own; something was submitted or started, which the owner did itself. */
void turn_on_frame(struct turn *turn, struct replica_time now, uint32_t from, struct slice bytes);
void turn_on_link(struct turn *turn, struct replica_time now, uint32_t member, bool up);
void turn_on_tick(struct turn *turn, struct replica_time now);
void turn_touched(struct turn *turn);
/* When turn_on_tick is wanted at the latest, monotonic. */
uint64_t turn_deadline_us(const struct turn *turn);

/* Before the owner waits for more: commits what came in. Look at the state afterwards, also after turn_on_tick. */
void turn_end(struct turn *turn, struct replica_time now);

#endif
