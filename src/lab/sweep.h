/* Sweep: the runs of a whole table, cell after cell, and what they came to as text, CSV or a page. */
#ifndef LAB_SWEEP_H
#define LAB_SWEEP_H

#include <stdio.h>

#include "lab/lab.h"

enum { SWEEP_CHOICES_MAX = 32 };

struct sweep_numbers {
    uint32_t count;
    uint32_t values[SWEEP_CHOICES_MAX];
};

/* What to combine with what. */
struct sweep_plan {
    uint32_t attacks_count;
    const struct attack *attacks[SWEEP_CHOICES_MAX];
    struct sweep_numbers members;
    struct sweep_numbers hypotheses;
    struct sweep_numbers percents; /* ascending */
    bool panel;
    bool pool;
    enum evidence_kind evidence;
    uint64_t panels; /* observations of a run */
    uint64_t seeds;
    uint64_t seed; /* the first one */
};

struct sweep_cell {
    struct lab_config config;
    struct lab_figures figures;
    uint64_t delay; /* median, UINT64_MAX: more than half of the liars were never alarmed, or there are none */
};

struct sweep {
    struct sweep_plan plan;
    struct sweep_cell *cells; /* by members, hypotheses, mode, attack, percent: the last changes fastest */
    size_t count;
};

/* Runs all of it. `at` is told how many runs are done, of sweep_runs in all; may be NULL. Stops the process when memory
 * is short. */
struct sweep sweep_run(const struct sweep_plan *plan, void (*at)(void *context, size_t done), void *context);
void sweep_free(struct sweep *sweep);
size_t sweep_runs(const struct sweep_plan *plan);

/* Wrong verdicts whose margin was above the number of liars, in all cells: a proof that something is broken. */
uint64_t sweep_broken(const struct sweep *sweep);

/* table.c: for people, one block a mode; csv.c: everything, one row a cell and estimator; page.c: one HTML file with
 * plots that needs nothing else. */
void sweep_print_table(FILE *out, const struct sweep *sweep);
void sweep_print_csv(FILE *out, const struct sweep *sweep);
void sweep_print_page(FILE *out, const struct sweep *sweep);

#endif
