/* The sweep as a table on a terminal: a block for each size, number of hypotheses and mode. */
#include <inttypes.h>

#include "lab/sweep.h"

static double each(double sum, uint64_t count) { return count == 0 ? 0 : sum / (double)count; }
static double percent(uint64_t part, uint64_t whole) { return 100 * each((double)part, whole); }

static void print_delay(FILE *out, const struct sweep_cell *cell) {
    const struct lab_figures *figures = &cell->figures;
    if (figures->liars == 0) {
        (void)fprintf(out, "%8s", "-");
    } else if (cell->delay == UINT64_MAX) {
        (void)fprintf(out, " %3.0f %% in", percent(figures->liars_alarmed, figures->liars));
    } else {
        (void)fprintf(out, "%8" PRIu64, cell->delay);
    }
}

static void print_head(FILE *out, const struct lab_config *config, const struct sweep *sweep) {
    static const char *const short_names[ESTIMATORS] = {"sum", "median", "trimmed", "huber", "machine"};
    (void)fprintf(out, "\n%u members, %u hypotheses, %s, %s evidence, %" PRIu64 " x %" PRIu64 " observations\n",
                  config->members, config->hypotheses, config->is_pool ? "pool" : "panel",
                  evidence_name(config->evidence), sweep->plan.seeds, config->panels);
    (void)fprintf(out, "%-21s %-18s %-40s %-13s %s\n", "", "verdicts, %", "   shift, spreads an observation",
                  "weights", "  first");
    (void)fprintf(out, "%-15s %5s %5s %5s %6s", "attack", "liars", "right", "wrong", "open");
    for (uint32_t e = 0; e < ESTIMATORS; e++) (void)fprintf(out, " %7s", short_names[e]);
    (void)fprintf(out, "  %6s %6s %7s\n", "liars", "honest", "alarm");
}

/* A shift with a mark when it put the wrong hypothesis on top in any question. */
static void print_shift(FILE *out, const struct sweep_cell *cell, enum estimator estimator) {
    const struct lab_estimate *estimate = &cell->figures.estimates[estimator];
    (void)fprintf(out, " %6.2f%c", each(estimate->shift, cell->figures.questions), estimate->flips > 0 ? '!' : ' ');
}

static void print_row(FILE *out, const struct sweep_cell *cell) {
    const struct lab_figures *figures = &cell->figures;
    (void)fprintf(out, "%-15s %3u %% %5.0f %5.0f %6.0f", cell->config.attack->name, cell->config.percent,
                  percent(figures->right, figures->questions), percent(figures->wrong, figures->questions),
                  percent(figures->undecided, figures->questions));
    for (uint32_t e = 0; e < ESTIMATORS; e++) print_shift(out, cell, (enum estimator)e);
    if (figures->liars == 0) {
        (void)fprintf(out, "  %6s", "-");
    } else {
        (void)fprintf(out, "  %6.2f", each((double)figures->liars_weight / 65536, figures->liars));
    }
    (void)fprintf(out, " %6.2f", (double)figures->lowest_honest / 65536);
    print_delay(out, cell);
    (void)fprintf(out, figures->broken > 0 ? "  BROKEN MARGIN\n" : "\n");
}

static bool same_block(const struct lab_config *a, const struct lab_config *b) {
    return a->members == b->members && a->hypotheses == b->hypotheses && a->is_pool == b->is_pool;
}

void sweep_print_table(FILE *out, const struct sweep *sweep) {
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_cell *cell = &sweep->cells[i];
        if (i == 0 || !same_block(&cell->config, &sweep->cells[i - 1].config)) print_head(out, &cell->config, sweep);
        print_row(out, cell);
    }
    (void)fprintf(
        out,
        "\nshift: from the mean of what all would have told honestly, by each estimator on the same reports; ! where "
        "the\nwrong hypothesis ended on top. weights: of liars at the end, of honest members at the lowest. first "
        "alarm:\nmedian of all liars, observations; else how many were alarmed at all.\n");
}
