/* The sweep as CSV: one row for each cell and estimator, counts rather than shares, so that rows can be added. */
#include <inttypes.h>

#include "lab/sweep.h"

/* The detector that raised most of the first alarms; DETECTORS when none did. */
static enum detector most_often(const struct lab_figures *figures) {
    uint32_t most = DETECTORS;
    for (uint32_t d = 0; d < DETECTORS; d++) {
        uint64_t best = most == DETECTORS ? 0 : figures->liars_first_by[most];
        if (figures->liars_first_by[d] > best) most = d;
    }
    return (enum detector)most;
}

static void print_row(FILE *out, const struct sweep_cell *cell, enum estimator estimator) {
    const struct lab_config *config = &cell->config;
    const struct lab_figures *f = &cell->figures;
    const struct lab_estimate *estimate = &f->estimates[estimator];
    (void)fprintf(out, "%s,%u,%u,%u,%s,%s,%" PRIu64 ",%" PRIu64 ",", config->attack->name, config->percent,
                  config->members, config->hypotheses, config->is_pool ? "pool" : "panel",
                  evidence_name(config->evidence), f->runs, f->panels);
    (void)fprintf(out, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6f,", estimator_name(estimator), f->questions,
                  estimate->flips, estimate->wrong, f->questions == 0 ? 0 : estimate->shift / (double)f->questions);
    (void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", f->right, f->wrong, f->undecided,
                  f->broken);
    (void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", f->door, f->refused, f->liars,
                  f->liars_alarmed);
    if (cell->delay != UINT64_MAX) (void)fprintf(out, "%" PRIu64, cell->delay);
    (void)fprintf(out, ",%s", detector_name(most_often(f)));
    (void)fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.4f\n", f->liars_proven, f->honest, f->honest_alarmed,
                  (double)f->lowest_honest / 65536);
}

void sweep_print_csv(FILE *out, const struct sweep *sweep) {
    (void)fprintf(out, "attack,percent,members,hypotheses,mode,evidence,runs,observations,estimator,questions,flips,"
                       "flips_decided,shift_spreads,right,wrong,undecided,broken_margins,refused_at_the_door,refused,"
                       "liars,liars_alarmed,median_delay,first_alarm_mostly_by,liars_proven,honest,honest_alarmed,"
                       "lowest_honest_weight\n");
    for (size_t i = 0; i < sweep->count; i++) {
        for (uint32_t e = 0; e < ESTIMATORS; e++) print_row(out, &sweep->cells[i], (enum estimator)e);
    }
}
