/* Lab: attacks on the belief, run against the real machine on evidence drawn from a seed (docs/belief.md, "What the lab
 * measures"). A run is one group that judges one question after another, each of a few observations, while some members
 * lie; the machine decides, suspects and weighs as it does in a member, and the lab, which knows the truth, counts. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "base/bytes.h"
#include "lab/attacks/attack.h"
#include "lab/estimators.h"
#include "standing/standing.h"

/* Half of the members or more can make any answer look as good as the true one. */
#define LAB_PERCENT_MAX 49

struct lab_config {
    const struct attack *attack; /* NULL: nobody lies */
    uint32_t members;            /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t hypotheses;         /* HYPOTHESES_MIN .. HYPOTHESES_MAX */
    uint32_t percent;            /* liars, rounded down to whole members; 0 .. LAB_PERCENT_MAX */
    bool is_pool;
    enum evidence_kind evidence;
    uint64_t panels; /* observations of the run, >= 1 */
    int64_t cap;     /* quanta; 0: one honest spread */
    uint32_t rounds; /* observations of a question that is not decided before; 0: 16 */
    bool is_endless; /* one question that is never decided */
};

struct lab_estimate {
    uint64_t flips; /* questions that ended with another hypothesis on top than the true one */
    uint64_t wrong; /* of those, by more than decide-at */
    double shift;   /* sum over questions: distance to the honest mean, spreads an observation */
    double squares; /* sum over observations: squared error of the ratio, quanta^2 */
};

/* What runs came to, added up. */
struct lab_figures {
    uint64_t runs;
    uint64_t panels;
    uint64_t voided; /* observations that moved nothing for want of reports */
    uint64_t reports;
    uint64_t door;    /* reports that did not get past the reading of numbers or the range of an item */
    uint64_t refused; /* items that execution refused */
    uint64_t questions;
    uint64_t right; /* decided by the machine, for the truth */
    uint64_t wrong; /* decided by the machine, for another */
    uint64_t undecided;
    uint64_t broken; /* wrong with a margin above the number of liars: must be 0 */
    struct lab_estimate estimates[ESTIMATORS];
    uint64_t liars; /* over all runs */
    uint64_t liars_alarmed;
    uint64_t liars_first_by[DETECTORS]; /* by the detector that raised the first alarm */
    uint64_t liars_proven;              /* lost all weight */
    uint64_t liars_weight;              /* sum of their weights at the end */
    uint64_t honest;
    uint64_t honest_alarmed;
    uint32_t lowest_honest; /* weight at any time, of 65536 */
    uint64_t *delays;       /* of alarmed liars: observations from the first lie to the first alarm; owned */
    uint64_t delays_room;
    uint64_t unlike_sum; /* pool: questions whose belief was not the sum of what was told, to the quantum */
    int64_t lead;        /* of the last question at its end, truth over rival, quanta */
    struct hash root;    /* of the last run's log */
};

struct lab_figures lab_figures_none(void);
void lab_figures_free(struct lab_figures *figures);
/* The median over all liars, those without an alarm counting as infinite: UINT64_MAX. UINT64_MAX without liars. Sorts
 * the delays. */
uint64_t lab_median_delay(struct lab_figures *figures);

/* One run; adds to `figures`. The same configuration and seed give the same figures. The configuration must be within
 * its ranges (checked). */
void lab_run(const struct lab_config *config, uint64_t seed, struct lab_figures *figures);

/* Members that lie. */
static inline uint32_t lab_liars(uint32_t members, uint32_t percent) { return members * percent / 100; }

#endif
