#include "lab/sweep.h"

#include <stdlib.h>

#include "base/check.h"

static size_t cells_of(const struct sweep_plan *plan) {
    size_t modes = (size_t)plan->panel + plan->pool;
    return (size_t)plan->members.count * plan->hypotheses.count * modes * plan->attacks_count * plan->percents.count;
}

size_t sweep_runs(const struct sweep_plan *plan) { return cells_of(plan) * plan->seeds; }

struct progress_of_runs {
    void (*at)(void *context, size_t done);
    void *context;
    size_t done;
};

static void run_cell(const struct sweep_plan *plan, struct sweep_cell *cell, struct progress_of_runs *progress) {
    cell->figures = lab_figures_none();
    for (uint64_t s = 0; s < plan->seeds; s++) {
        lab_run(&cell->config, plan->seed + s, &cell->figures);
        if (progress->at != NULL) progress->at(progress->context, ++progress->done);
    }
    cell->delay = lab_median_delay(&cell->figures);
}

/* The attacks and percents of one group of members, hypotheses and mode. */
static void add_group(struct sweep *sweep, const struct lab_config *config, struct progress_of_runs *progress) {
    const struct sweep_plan *plan = &sweep->plan;
    for (uint32_t a = 0; a < plan->attacks_count; a++) {
        for (uint32_t p = 0; p < plan->percents.count; p++) {
            struct sweep_cell *cell = &sweep->cells[sweep->count++];
            cell->config = *config;
            cell->config.attack = plan->attacks[a];
            cell->config.percent = plan->percents.values[p];
            run_cell(plan, cell, progress);
        }
    }
}

static void add_modes(struct sweep *sweep, struct lab_config *config, struct progress_of_runs *progress) {
    config->is_pool = false;
    if (sweep->plan.panel) add_group(sweep, config, progress);
    config->is_pool = true;
    if (sweep->plan.pool) add_group(sweep, config, progress);
}

struct sweep sweep_run(const struct sweep_plan *plan, void (*at)(void *context, size_t done), void *context) {
    struct sweep sweep = {.plan = *plan};
    struct progress_of_runs progress = {at, context, 0};
    struct lab_config config = {.evidence = plan->evidence, .panels = plan->panels};
    sweep.cells = calloc(cells_of(plan), sizeof *sweep.cells);
    CHECK(sweep.cells != NULL);
    for (uint32_t m = 0; m < plan->members.count; m++) {
        config.members = plan->members.values[m];
        for (uint32_t k = 0; k < plan->hypotheses.count; k++) {
            config.hypotheses = plan->hypotheses.values[k];
            add_modes(&sweep, &config, &progress);
        }
    }
    return sweep;
}

void sweep_free(struct sweep *sweep) {
    for (size_t i = 0; i < sweep->count; i++) lab_figures_free(&sweep->cells[i].figures);
    free(sweep->cells);
}

uint64_t sweep_broken(const struct sweep *sweep) {
    uint64_t broken = 0;
    for (size_t i = 0; i < sweep->count; i++) broken += sweep->cells[i].figures.broken;
    return broken;
}
