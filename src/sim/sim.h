/* The simulator: a deterministic world of members that run the very code of the daemon (docs/TESTING.md).
 *
 * Everything that happens is an event at a virtual time: a frame arrives, a timer is due, a client submits, a fault strikes. The next
 * event is taken, time jumps to it. All chance comes from one seed, so a run is repeated exactly by its seed. After every event the
 * checkers compare what the honest members have made final; the first contradiction ends the run.
 *
 * Time in microseconds since the start of the world. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdio.h>

#include "sim/disk.h"

struct sim;

/* What may go wrong, as rates. All zero: a world without faults. */
struct sim_faults {
    uint32_t loss_thousandths;      /* frames lost */
    uint32_t duplicate_thousandths; /* frames that arrive twice */
    uint32_t crashes_per_hour;      /* of each honest member; restarted after a while from its disk */
    uint32_t partitions_per_hour;   /* of the network, healed after a while */
    uint32_t clock_steps_per_hour;  /* of each member: up to an hour forwards or backwards */
};

struct sim_config {
    uint32_t members;
    uint64_t seed;
    struct threshold threshold; /* zero: 3/4 */
    uint64_t delay_min_us;      /* of a frame on a link; 0: 200 us */
    uint64_t delay_max_us;      /* 0: 2 ms */
    uint64_t submit_every_us;   /* mean pause of a member between submissions; 0: nobody submits */
    struct sim_faults faults;
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
    uint64_t crashes;
    uint64_t partitions;
    struct hash root; /* of the highest height: the fingerprint of the run */
};

struct sim *sim_open(const struct sim_config *config, const struct sim_disk *disk);
void sim_close(struct sim *sim);

/* Runs until the virtual time is `until_us`; false when a checker fired. */
bool sim_run_until(struct sim *sim, uint64_t until_us);
/* Heals the network, restarts who is down, stops faults and submissions, and runs until every member has executed the same height and nothing
 * waits, at most `limit_us` longer. False: a checker fired, progress among them. */
bool sim_settle(struct sim *sim, uint64_t limit_us);
uint64_t sim_now(const struct sim *sim);
void sim_report(const struct sim *sim, struct sim_report *ret_report);

/* --- Doing things by hand (scripts, scenario tests) --- */
void sim_crash(struct sim *sim, uint32_t member);
void sim_restart(struct sim *sim, uint32_t member, bool amnesia);
/* side[i] says on which side member i is; frames cross only between equal sides. */
void sim_cut(struct sim *sim, const uint8_t *side);
/* Frames from `from` to `to` are lost from now on, or no longer. */
void sim_block_link(struct sim *sim, uint32_t from, uint32_t to, bool blocked);
void sim_heal(struct sim *sim);
void sim_step_clock(struct sim *sim, uint32_t member, int64_t by_us);
/* One question by `member`, or one tell about the newest question. STATUS as replica_submit. */
enum status sim_ask(struct sim *sim, uint32_t member, const char *title) MUST_USE;
enum status sim_tell(struct sim *sim, uint32_t member, const char *observation, int64_t llr_quanta) MUST_USE;
struct replica *sim_replica(struct sim *sim, uint32_t member); /* NULL while it is down */

/* Runs a script (sim/script.c says which commands there are), writes what it prints to `out`. False when a checker fired or a line was not
 * understood. */
bool sim_script(FILE *script, FILE *out, const struct sim_disk *disk);

#endif
