/* The world's own state; private to this room.
 *
 * A body is one running copy of a member: numbers below `members` are the members themselves, those from there on are twins, second
 * copies of a liar with its key. Faults, links and clocks are of members, lives and disks of bodies. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/prng.h"
#include "sim/sim.h"
#include "wire/frame.h"

#define SIM_EPOCH_US UINT64_C(1700000000000000)

enum event_kind {
    ON_TIMER,
    ON_ARRIVAL,
    ON_SUBMIT,
    ON_RESTART,
    ON_FAULT,
    ON_COPY_BACK,
    ON_LINK,
    ON_ATTACK,
    ON_CHANGE
};

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
    uint32_t body;
    uint32_t from;  /* the sender's body; a member for ON_LINK; a fault for ON_FAULT */
    uint64_t life;  /* of the body, or of the links: events of an earlier life are void */
    uint64_t extra; /* how long it stays down */
    struct flying *frame;
};

struct outgoing {
    uint32_t to;
    struct flying *frame;
};

struct attacker;

/* A growing array of hashes by place, zero where nothing is known. */
struct places {
    struct hash *hashes;
    size_t count;
};

/* Everything that a key signed with a place where it may sign one thing only: batches by seq, votes by view. */
struct said {
    struct places batches;
    struct places notarized;
    struct places finalized;
    struct places nullified;
};

/* What only the asker of a question knows. */
struct sim_secret {
    bool is_kept; /* there is one, and it is not told yet */
    struct question_id question;
    uint8_t salt[COMMITMENT_SALT_BYTES];
    uint32_t hypothesis;
};

struct sim_member {
    struct sim *sim;
    uint32_t body;
    uint32_t number;         /* of the member */
    struct replica *replica; /* NULL: down */
    void *memory;
    void *disk;
    void *copy; /* an old copy of the disk; NULL: none */
    uint64_t life;
    uint64_t timer_us; /* the pending timer event; 0: none */
    struct attacker *attacker;
    struct outgoing *outgoing;
    size_t outgoing_count;
    size_t outgoing_capacity;
    uint64_t acknowledged_seq; /* own batches that were durable on the present disk */
    uint64_t newest_wall_us;   /* the latest that it signed */
    uint64_t observations;

    uint64_t writes;
    uint64_t doomed_write; /* the write at which it crashes; 0: none */
    enum sim_fault_kind doom;
    bool doomed;                   /* that write was done */
    bool in_height;                /* writes of a height are under way */
    bool failing;                  /* its disk takes nothing any more */
    uint64_t down_us;              /* how long it stays down after it stopped by itself */
    enum sim_start restart;        /* how it comes up again */
    enum replica_memory remembers; /* the daemon's own marks on its disk */
    uint32_t generation;           /* of its key, which outlives its disk */
    uint64_t flip;                 /* dice of a flipped bit; 0: none */
    bool *proven;                  /* members that it has a proof against */
    struct said *heard_since;      /* by liar: what it heard in this life */

    struct sim_secret secret; /* of the question that it asked last */
    uint32_t families;        /* that it closed */

    uint64_t certified_seen; /* the newest certified height that certificates.c looked at */
    uint64_t sampled;        /* the height of its last sample */
    bool *judged;            /* by question: the certificate of its verdict was verified */
    uint64_t judged_count;
    uint64_t watched_view; /* told last (watch.c), as are the next two */
    uint64_t watched_proposal;
    const struct flying *watched_frame;
};

/* What was final first at a height, by anybody. */
struct final_height {
    struct hash block;
    struct hash root;
    uint64_t size;
    struct threshold threshold;
};

struct sim {
    struct sim_config config;
    const struct sim_disk *disk;
    struct replica_ports disk_ports;
    struct genesis genesis;
    uint8_t secrets[MEMBERS_MAX][SECRET_BYTES];
    struct hash chain;
    struct keyring keyring;
    uint32_t quorum;
    struct replica_config replica_config;
    size_t replica_bytes;
    struct prng network;
    struct prng workload;
    struct prng chaos;
    uint64_t now_us;
    struct event *events; /* heap */
    size_t events_count;
    size_t events_capacity;
    uint64_t order;
    struct sim_member *members; /* bodies */
    uint32_t bodies;
    bool *liar; /* by member */
    uint32_t liars;
    int64_t *clock_us;   /* by member: offset of its wall clock */
    int64_t *drift;      /* by member: millionths gained since drift_us */
    uint64_t *drift_us;  /* by member */
    uint8_t *side;       /* of the cut made by hand */
    uint8_t *blocked;    /* [from * n + to]: how many reasons there are */
    uint64_t *arrive_us; /* [from * n + to]: when the newest frame of the link arrives */
    uint64_t links_life; /* a heal voids what was to come back later */
    struct sim_fault *faults;
    uint32_t faults_count;
    bool quiet;                  /* no more faults and submissions */
    struct final_height *finals; /* by height - 1 */
    size_t finals_count;
    size_t finals_capacity;
    struct said *said; /* by member */
    bool *lost;        /* members whose disk was lost or replaced */
    struct question_id questions[64];
    uint32_t questions_count;
    uint32_t hearing; /* type of the frame that is being delivered */
    uint64_t busy_us; /* the second that busy_events counts */
    uint64_t busy_events;
    uint64_t frames_of[32]; /* of honest members in that second, by type */
    uint16_t *losses;       /* [from * n + to]: bits of the kinds of frames that are lost by hand; NULL: none */
    struct certificate_room *room; /* where certificate files are made; NULL before the first */
    enum sim_watch watch;

    struct sim_report report;
};

/* queue.c */
void sim_schedule(struct sim *sim, struct event event);
struct event sim_next_event(struct sim *sim);

/* world.c */
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* member.c */
struct replica_time sim_time(const struct sim_member *body);
void sim_after_input(struct sim_member *body);
void sim_on_timer(struct sim *sim, const struct event *event);
void sim_body_open(struct sim *sim, uint32_t body, uint32_t number);
void sim_body_close(struct sim_member *body);
void sim_body_crash(struct sim_member *body);
void sim_body_restart(struct sim_member *body);
void sim_body_replace_disk(struct sim_member *body, void *disk);
bool sim_honest(const struct sim_member *body);

/* ports.c */
struct replica_ports sim_ports_of(struct sim_member *body);

/* network.c */
void sim_port_send(void *context, uint32_t to, struct slice frame);
void sim_deliver(struct sim *sim, const struct event *event);
void sim_release(struct sim_member *body);
void sim_fly(struct sim_member *body, uint32_t to, struct flying *frame, uint64_t extra_us);
struct flying *sim_frame_new(struct slice bytes);
void sim_frame_drop(struct flying *frame);

/* losses.c */
bool sim_loses(const struct sim *sim, uint32_t from, uint32_t to, const struct flying *flying);

/* watch.c */
void sim_watch_vote(const struct sim_member *body, const struct vote *vote);
void sim_watch_certificate(const struct sim_member *body, uint64_t view, enum vote_kind kind, struct slice bytes);
void sim_watch_view(struct sim_member *body, uint64_t view);
void sim_watch_sent(struct sim_member *body, uint32_t to, const struct flying *flying);

/* delays.c */
uint64_t sim_delay_us(struct sim *sim, uint32_t from, uint32_t to);
uint64_t sim_delta_us(enum sim_network network);

/* links.c */
bool sim_carries(const struct sim *sim, uint32_t from, uint32_t to);
bool sim_link_up(const struct sim *sim, uint32_t a, uint32_t b);
bool sim_audible(const struct sim *sim, const struct sim_member *body, uint32_t peer);
void sim_block(struct sim *sim, uint32_t from, uint32_t to);
void sim_unblock(struct sim *sim, uint32_t from, uint32_t to);
void sim_tell_body(struct sim_member *body, bool up);

/* faults.c */
void sim_draw_faults(struct sim *sim);
void sim_on_fault(struct sim *sim, const struct event *event);

/* checkers.c */
void sim_violation(struct sim *sim, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
void sim_check_height(struct sim_member *body, uint64_t height, const struct hash *block_hash, struct slice block,
                      const struct checkpoint *checkpoint);
void sim_check_certified(struct sim_member *body, const struct checkpoint *checkpoint,
                         const struct checkpoint_signature *signatures, uint32_t count);
void sim_check_busy(struct sim *sim);
void sim_check_limits(struct sim_member *body);

/* certificates.c */
void sim_check_certificates(struct sim_member *body, uint64_t certified);
void sim_certificates_forget(struct sim_member *body);
void sim_certificates_close(struct sim *sim);

/* progress.c */
/* Whether the member has a handover for every epoch that has ended. */
bool sim_handed_over(struct replica *replica);
uint64_t sim_newest_view(const struct sim *sim);

/* witness.c */
void sim_witness_said(struct sim_member *body, struct slice frame);
void sim_witness_heard(struct sim_member *body, struct slice frame);
void sim_witness_kept(struct sim_member *body, const struct header *header, const struct hash *hash);
void sim_witness_proof(struct sim_member *body, uint32_t guilty);
void sim_witness_crash(struct sim_member *body);
void sim_witness_close(struct sim *sim);
const struct hash *sim_said_batch(const struct sim *sim, uint32_t member, uint64_t seq);

/* keys.c */
void sim_key(uint32_t member, uint32_t generation, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]);
/* What every honest member proposes to end an epoch with. */
struct reconfigure sim_change_of(const struct sim *sim, uint64_t epoch);
/* The base threshold and the key of a member in an epoch, by those changes. */
struct threshold sim_base(const struct sim *sim, uint64_t epoch);
void sim_key_in(const struct sim *sim, uint32_t member, uint64_t epoch, uint8_t ret_key[KEY_BYTES]);
/* Fills in the keys that the body starts with; `room` stays as long as they are looked at. */
void sim_configure_keys(const struct sim_member *body, uint8_t room[3][SECRET_BYTES], struct replica_config *config);
/* Once the next key stands in the roster it is the body's key. */
void sim_take_key(struct sim_member *body);

/* workload.c */
void sim_start_workload(struct sim *sim);
void sim_on_change(struct sim *sim);
void sim_on_submit(struct sim *sim, uint32_t member);

/* attacks/attacks.c */
void sim_attacker_new(struct sim_member *body, const char *attack);
void sim_attacker_close(struct sim_member *body);
void sim_attacker_send(struct sim_member *body, uint32_t to, struct flying *frame);
void sim_on_attack(struct sim *sim, const struct event *event);
bool sim_attack_has_twin(const char *attack);
bool sim_attack_known(const char *attack);

#endif
