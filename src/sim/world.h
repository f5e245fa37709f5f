/* The world's own state; private to this room. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/prng.h"
#include "sim/sim.h"

enum event_kind { ON_TIMER, ON_ARRIVAL, ON_SUBMIT, ON_CRASH, ON_RESTART, ON_CUT, ON_HEAL, ON_CLOCK_STEP };

/* Bytes of a frame on its way, shared by all its receivers. */
struct flying {
    uint32_t references;
    size_t bytes;
    uint8_t data[];
};

struct event {
    uint64_t at_us;
    uint64_t order; /* ties go by the order of scheduling */
    enum event_kind kind;
    uint32_t member;
    uint32_t from;
    uint64_t life; /* of the member: events of an earlier life are void */
    struct flying *frame;
};

struct outgoing {
    uint32_t to;
    struct flying *frame;
};

struct sim_member {
    struct sim *sim;
    uint32_t number;
    struct replica *replica; /* NULL: down */
    void *memory;
    void *disk;
    uint64_t life;
    uint64_t timer_us; /* the pending timer event; 0: none */
    int64_t clock_us;  /* offset of its wall clock */
    uint8_t secret[SECRET_BYTES];
    struct outgoing *outgoing;
    size_t outgoing_count;
    size_t outgoing_capacity;
    uint64_t acknowledged_seq; /* own batches that were durable at least once */
    uint64_t observations;
};

/* What was final first at a height, by anybody. */
struct final_height {
    struct hash block;
    struct hash root;
};

struct sim {
    struct sim_config config;
    const struct sim_disk *disk;
    struct genesis genesis;
    struct hash chain;
    struct replica_config replica_config;
    size_t replica_bytes;
    struct prng network;
    struct prng workload;
    struct prng chaos;
    uint64_t now_us;
    struct event *events; /* binary heap */
    size_t events_count;
    size_t events_capacity;
    uint64_t order;
    struct sim_member *members;
    uint8_t *side;
    bool *blocked;               /* [from * n + to] */
    bool quiet;                  /* no more faults and submissions */
    struct final_height *finals; /* by height - 1 */
    size_t finals_count;
    size_t finals_capacity;
    struct question_id questions[64];
    uint32_t questions_count;
    struct sim_report report;
};

#define SIM_EPOCH_US UINT64_C(1700000000000000)

/* world.c */
void sim_schedule(struct sim *sim, struct event event);
struct replica_time sim_time(const struct sim_member *member);
void sim_after_input(struct sim_member *member);
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* network.c */
void sim_port_send(void *context, uint32_t to, struct slice frame);
void sim_deliver(struct sim *sim, const struct event *event);
void sim_release(struct sim_member *member);
void sim_frame_drop(struct flying *frame);
bool sim_connected(const struct sim *sim, uint32_t a, uint32_t b);
void sim_links_changed(struct sim *sim);

/* checkers.c */
void sim_violation(struct sim *sim, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
void sim_check_height(struct sim_member *member, uint64_t height, const struct hash *block_hash,
                      const struct checkpoint *checkpoint);
void sim_check_proof(struct sim_member *member, uint32_t guilty);
void sim_check_certified(struct sim_member *member, const struct checkpoint *checkpoint,
                         const struct checkpoint_signature *signatures, uint32_t count);
bool sim_check_settled(struct sim *sim);

/* workload.c */
void sim_start_chaos(struct sim *sim);
void sim_on_submit(struct sim *sim, struct sim_member *member);
void sim_on_fault(struct sim *sim, const struct event *event);

#endif
