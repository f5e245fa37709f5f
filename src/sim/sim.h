/* The simulator: a deterministic world of members that run the very code of the daemon (docs/TESTING.md).
 *
 * Everything that happens is an event at a virtual time: a frame arrives, a timer is due, a client submits, a fault strikes, a liar acts.
 * The next event is taken, time jumps to it. All chance comes from one seed, so a run is repeated exactly by its seed. After every event
 * the checkers compare what the honest members said and made final; the first contradiction ends the run.
 *
 * Time in microseconds since the start of the world. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdio.h>

#include "sim/disk.h"

struct sim;

/* What may go wrong, and is put right again after a while. */
enum sim_fault_kind {
    FAULT_CRASH,       /* at once */
    FAULT_CRASH_WRITE, /* at the amount-th write from now on: nothing of that step is committed */
    FAULT_CRASH_TORN, /* the same, but the step's writes up to that one survive, as far as the ledger's contract allows */
    FAULT_CRASH_SENT, /* the same, but the step is committed and none of its frames leave */
    FAULT_FORGET,     /* the disk is lost */
    FAULT_OLD_COPY,   /* the disk is replaced by a copy that is `amount` microseconds old */
    FAULT_FLIP,    /* a bit of the ledger flips while it is down; it has to notice, and starts without its ledger */
    FAULT_IO,      /* the disk fails, then the member stops */
    FAULT_FULL,    /* the disk is full, then the member stops */
    FAULT_CUT,     /* the network falls into two sides */
    FAULT_BRIDGE,  /* two sides that one member still joins */
    FAULT_ONE_WAY, /* some links lose everything in one direction */
    FAULT_CLOCK_STEP,  /* of the wall clock, by `amount` microseconds, for good */
    FAULT_CLOCK_DRIFT, /* the wall clock gains `amount` millionths, for good */
    FAULT_KINDS,
};

struct sim_fault {
    uint64_t at_us;
    enum sim_fault_kind kind;
    uint32_t member;
    uint64_t for_us; /* how long until it is put right */
    int64_t amount;
    uint64_t dice; /* what else the fault has to choose */
};

/* How often things go wrong. All zero: a world without faults. */
struct sim_faults {
    uint32_t loss_thousandths;      /* frames lost */
    uint32_t duplicate_thousandths; /* frames that arrive twice */
    uint32_t reorder_thousandths;   /* frames that overtake others of their link */
    uint32_t per_minute;            /* other faults, of all members together */
};

enum sim_network {
    NETWORK_LAN,      /* 0.2 to 2 ms */
    NETWORK_WAN,      /* five regions, up to 0.16 s apart */
    NETWORK_CALM_WAN, /* the same without queues on the way, which elsewhere hold a frame in 256 up, some for seconds */
};

struct sim_config {
    uint32_t members;
    uint64_t seed;
    struct threshold threshold; /* zero: 3/4 */
    enum sim_network network;
    uint64_t submit_every_us; /* mean pause of a member between submissions; 0: nobody submits */
    struct sim_faults faults;
    /* How often a minute the honest members end the epoch: in turn for the base threshold 7/10, for the first one again, and for
     * another key of one of them (sim/keys.c). */
    uint32_t changes;
    uint32_t byzantine; /* how many members lie; which ones is the seed's */
    const char *attack; /* a name of sim/attacks; NULL: everybody changes attacks every few seconds */
    uint64_t run_us;    /* sim_run stops at this time */
    uint64_t heights;   /* or at this height; 0: any */
    /* The faults that strike instead of those that the seed draws; NULL: those. Borrowed for the life of the world. */
    const struct sim_fault *schedule;
    uint32_t schedule_count;
    FILE *trace; /* NULL: none. One line for each finalized height, fault and refusal */
};

/* What a run came to. */
struct sim_report {
    const char *violation; /* NULL: every checker was content. Static text */
    char detail[256];
    uint64_t virtual_us;
    uint64_t events;
    uint64_t frames;
    uint64_t heights; /* highest final height */
    uint64_t items;   /* executed */
    uint64_t submitted;
    uint64_t nullified;
    uint64_t faults;
    uint64_t crashes;
    uint64_t lies;          /* frames that liars changed, added or kept back */
    uint64_t proofs;        /* first proofs against a liar, one for each honest member that has one */
    uint64_t settled_views; /* views that it took to agree on everything after the heal */
    uint64_t certificates;  /* certificate files of honest members that were verified offline */
    struct hash root;       /* of the highest height: the fingerprint of the run */
};

enum { SIM_FAULTS_MAX = 4096 };

struct sim *sim_open(const struct sim_config *config, const struct sim_disk *disk);
void sim_close(struct sim *sim);

/* Runs until the virtual time is `until_us`; false when a checker fired. */
bool sim_run_until(struct sim *sim, uint64_t until_us);
/* Heals the network, restarts who is down, stops faults and submissions, and runs until every honest member has executed and certified
 * everything that was final or acknowledged by then, at most `limit_us` longer. False: a checker fired, progress among them. With more
 * liars than the group is live for only safety is looked at. */
bool sim_settle(struct sim *sim, uint64_t limit_us);
/* After sim_settle: nothing happens any more but heartbeats. */
bool sim_idle(struct sim *sim);
uint64_t sim_now(const struct sim *sim);
void sim_report(const struct sim *sim, struct sim_report *ret_report);
/* The faults of this world, in order of time. Borrowed. */
const struct sim_fault *sim_schedule_of(const struct sim *sim, uint32_t *ret_count);
void sim_fault_print(FILE *out, const struct sim_fault *fault);

/* One whole life: open, run, settle, idle. True when no checker fired. */
bool sim_run(const struct sim_config *config, const struct sim_disk *disk, struct sim_report *ret_report);

/* The shortest schedule that still ends in `violation`: halves, quarters and so on of the schedule are left out as long as that fails
 * (delta debugging, Zeller and Hildebrandt 2002), in at most `runs` runs. `faults` is shortened in place, `which` (as long) says which of
 * the first ones stayed. Returns how many did. */
uint32_t sim_shrink(const struct sim_config *config, const struct sim_disk *disk, const char *violation,
                    struct sim_fault *faults, uint32_t *which, uint32_t count, uint32_t runs);

/* --- Doing things by hand (scripts, scenario tests) --- */
void sim_fault(struct sim *sim, const struct sim_fault *fault); /* now, whatever its at_us */
void sim_crash(struct sim *sim, uint32_t member);
/* From its disk; without one; from an older copy of it, with the amnesia rule as without one. */
enum sim_start { START_KEPT, START_FORGOTTEN, START_COPY };
void sim_restart(struct sim *sim, uint32_t member, enum sim_start how);
/* side[i] says on which side member i is; frames cross only between equal sides. Replaces the cut before. */
void sim_cut(struct sim *sim, const uint8_t *side);
/* Frames from `from` to `to` are lost from now on, or no longer. */
void sim_block_link(struct sim *sim, uint32_t from, uint32_t to, bool blocked);
void sim_heal(struct sim *sim);
/* Frames of one kind from `from` to `to` are lost from now on, or no longer. False: no such kind (losses.c has their names). */
bool sim_lose(struct sim *sim, const char *what, uint32_t from, uint32_t to, bool lost);
void sim_lose_nothing(struct sim *sim);
/* What the trace tells of the agreement from now on: nothing; proposals, votes, certificates and views; the same, and each time that a
 * vote or a proposal is sent. */
enum sim_watch { WATCH_NOTHING, WATCH_VOTES, WATCH_SENT };
void sim_watch(struct sim *sim, enum sim_watch watch);
void sim_step_clock(struct sim *sim, uint32_t member, int64_t by_us);
/* From now on `member` lies. False: no such attack. */
bool sim_corrupt(struct sim *sim, uint32_t member, const char *attack);
/* One question by `member`, which closes by itself `deadline_us` of block time later (0: never), or one tell about the newest question.
 * STATUS as replica_submit. */
enum status sim_ask(struct sim *sim, uint32_t member, const char *title, uint64_t deadline_us) MUST_USE;
enum status sim_tell(struct sim *sim, uint32_t member, const char *observation, int64_t llr_quanta) MUST_USE;
struct replica *sim_replica(struct sim *sim, uint32_t member); /* NULL while it is down */

/* Runs a script (sim/script.c says which commands there are), writes what it prints to `out`. False when a checker fired or a line was not
 * understood. */
bool sim_script(FILE *script, FILE *out, const struct sim_disk *disk);

/* The n-th attack's name and what it does; NULL past the last. */
const char *sim_attack_name(uint32_t index, const char **ret_text);

#endif
