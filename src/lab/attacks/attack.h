/* Attack: what a liar tells, given more than any real liar can see. One file an attack; the table is in attacks.c. */
#ifndef LAB_ATTACKS_ATTACK_H
#define LAB_ATTACKS_ATTACK_H

#include <stdbool.h>

#include "base/prng.h"
#include "lab/evidence.h"

/* All that liars know before they speak about one observation: everything that honest members will say about it, the
 * truth, the belief so far, and one another. */
struct scene {
    uint32_t members;
    uint32_t hypotheses;
    uint32_t truth;
    uint32_t rival; /* the wrong hypothesis that all liars of this question push */
    bool is_pool;   /* values are each member's own evidence; else opinions on one observation */
    uint32_t question;
    uint32_t round;  /* of the question */
    uint64_t panel;  /* observations since the run began */
    uint64_t panels; /* that the run will have */
    uint64_t window_us;
    double spread; /* of an honest log-likelihood ratio, quanta */
    uint32_t liars;
    const bool *is_liar;
    uint32_t victim;         /* an honest member that is slandered or copied */
    const int64_t *honest;   /* honest[member * hypotheses + j]: liars' own evidence is here, too; quanta */
    const double *mean;      /* of each hypothesis, over honest members */
    int64_t lead;            /* of the truth over its best rival so far, quanta */
    uint64_t coin;           /* fair bits that all liars of this observation share */
    uint64_t offset_us[256]; /* when each honest member will speak, from the beginning of the window */
};

enum { ATTACK_FLOOD_MAX = 64 };

/* What a member says. It comes filled in honestly, and is then the liar's to change. */
struct report {
    int64_t loglik[HYPOTHESES_MAX]; /* quanta */
    const char *finer;              /* decimals below a quantum that it tries to add to the first one; NULL: none */
    uint64_t offset_us;             /* when it speaks, by its clock, from the beginning of the window */
    bool is_silent;
    bool is_late;       /* at the end of the window, in a block after everybody else's */
    bool sees_others;   /* its batch refers to the batches of all who spoke before it */
    bool copies_answer; /* answers honesty challenges with what another member answered */
    uint32_t flood;     /* that many more items: the same observation again, and invented ones */
};

struct attack {
    const char *name;
    const char *text;  /* one line */
    double strength;   /* what it means is the attack's affair */
    uint32_t canaries; /* percent of questions that are canaries, for attacks on those; 0 none */
    /* The first observation on which liars lie, of so many; NULL: the first one. */
    uint64_t (*begins)(uint64_t panels);
    void (*tell)(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report);
};

/* The attacks in the order of the table; NULL after the last one. */
const struct attack *attack_at(uint32_t index);
/* NULL when there is none of this name. */
const struct attack *attack_find(const char *name);

/* Tools. `spreads` are honest spreads of a log-likelihood ratio. */

/* Moves the ratio of the truth to the rival by so many spreads against the truth. */
void attack_push(const struct scene *scene, double spreads, struct report *report);
/* The mean of what honest members tell, in place of the liar's own. */
void attack_take_mean(const struct scene *scene, struct report *report);
/* The report of another member, in place of the liar's own. */
void attack_take(const struct scene *scene, uint32_t member, struct report *report);
/* The spread of what honest members tell of the truth against the rival, quanta. */
double attack_honest_spread(const struct scene *scene);

#endif
