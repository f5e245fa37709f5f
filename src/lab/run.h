/* Run: the insides of one run of the lab, shared by run.c, asking.c and tally.c alone. */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include "lab/group.h"
#include "lab/lab.h"

/* Observations of a question, unless it is decided before. */
#define RUN_ROUNDS    16
#define RUN_WINDOW_US UINT64_C(1000000)
/* Time from one observation to the next: enough for the window and a block after it. */
#define RUN_STEP_US (4 * RUN_WINDOW_US)

/* The question that is open. */
struct asking {
    bool is_open;
    struct question_id id;
    uint64_t index; /* in the machine */
    uint32_t truth;
    uint32_t rounds; /* so far */
    bool is_canary;
    uint8_t salt[COMMITMENT_SALT_BYTES];
    int64_t lead;                            /* truth over rival by the machine, quanta */
    double honest[HYPOTHESES_MAX];           /* sums of the mean of all, had nobody lied; scale k */
    double sums[ESTIMATORS][HYPOTHESES_MAX]; /* panel: of locations; pool: the newest locations of totals; scale k */
    int64_t totals[MEMBERS_MAX][HYPOTHESES_MAX]; /* pool: of what was told, centred; scale k */
};

struct run {
    struct lab_config config;
    struct lab_figures *figures;
    struct group *group;
    struct prng nature; /* evidence and truth */
    struct prng dice;   /* of the liars */
    bool is_liar[MEMBERS_MAX];
    uint32_t asker; /* an honest one */
    uint64_t time_us;
    struct scene scene;
    int64_t *honest; /* members * hypotheses */
    double mean[HYPOTHESES_MAX];
    struct report reports[MEMBERS_MAX];
    struct asking asking;
    uint64_t first_alarm[MEMBERS_MAX]; /* observations until then; UINT64_MAX: none */
    bool answered_first;               /* a challenge answer was given in the round */
};

/* asking.c */
/* Asks the next question. */
void asking_open(struct run *run);
/* After an observation: whether the machine has given its verdict, or the question is over anyway; then it is closed,
 * counted, and opened when it is a canary. */
void asking_settle(struct run *run);

/* tally.c */
/* Adds what was told of the observation to the estimators' sums. */
void tally_observation(struct run *run);
/* The question is over, with this verdict. */
void tally_verdict(struct run *run, const struct record_belief *belief);
void tally_weights(struct run *run);
void tally_end(struct run *run);

#endif
