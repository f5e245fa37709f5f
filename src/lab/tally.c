/* Tally: what the lab, which knows the truth, counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "belief/huber.h"
#include "lab/run.h"

/* Figures. */

struct lab_figures lab_figures_none(void) {
    return (struct lab_figures){.lowest_honest = HUBER_WEIGHT_ONE};
}

void lab_figures_free(struct lab_figures *figures) { free(figures->delays); }

static void add_delay(struct lab_figures *figures, uint64_t delay) {
    if (figures->liars_alarmed == figures->delays_room) {
        figures->delays_room = 2 * figures->delays_room + 64;
        figures->delays = realloc(figures->delays, figures->delays_room * sizeof *figures->delays);
        CHECK(figures->delays != NULL);
    }
    figures->delays[figures->liars_alarmed++] = delay;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t lab_median_delay(struct lab_figures *figures) {
    if (figures->liars_alarmed == 0) return UINT64_MAX;
    qsort(figures->delays, figures->liars_alarmed, sizeof *figures->delays, by_size);
    uint64_t middle = (figures->liars - 1) / 2;
    return middle < figures->liars_alarmed ? figures->delays[middle] : UINT64_MAX;
}

/* Observations. */

/* The log-likelihoods at scale k: y_j = k * l_j - sum of l. */
static void centre(const int64_t *loglik, uint32_t hypotheses, int64_t *ret_y) {
    int64_t sum = 0;
    for (uint32_t j = 0; j < hypotheses; j++) sum += loglik[j];
    for (uint32_t j = 0; j < hypotheses; j++) ret_y[j] = (int64_t)hypotheses * loglik[j] - sum;
}

static int64_t scaled_cap(const struct lab_config *config) { return config->cap * config->hypotheses / 2; }

static void add_honest(struct run *run) {
    uint32_t k = run->config.hypotheses;
    for (uint32_t m = 0; m < run->config.members; m++) {
        int64_t y[HYPOTHESES_MAX];
        centre(run->honest + (size_t)m * k, k, y);
        for (uint32_t j = 0; j < k; j++) run->asking.honest[j] += (double)y[j] / run->config.members;
    }
}

/* What was told about hypothesis j: this observation's reports, or totals. Returns how many. */
static uint32_t told_about(const struct run *run, uint32_t j, int64_t *ret_values) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < run->config.members; m++) {
        int64_t y[HYPOTHESES_MAX];
        const struct report *report = &run->reports[m];
        if (report->is_silent && !run->config.is_pool) continue;
        centre(report->loglik, run->config.hypotheses, y);
        ret_values[count++] = run->config.is_pool ? run->asking.totals[m][j] : y[j];
    }
    return count;
}

static void add_totals(struct run *run) {
    for (uint32_t m = 0; m < run->config.members; m++) {
        int64_t y[HYPOTHESES_MAX];
        if (run->reports[m].is_silent) continue;
        centre(run->reports[m].loglik, run->config.hypotheses, y);
        int64_t times = 1 + (int64_t)run->reports[m].flood;
        for (uint32_t j = 0; j < run->config.hypotheses; j++) run->asking.totals[m][j] += times * y[j];
    }
}

static double ratio_of(const struct run *run, const double *sums) {
    return (sums[run->scene.truth] - sums[run->scene.rival]) / run->config.hypotheses;
}

static void add_estimate(struct run *run, enum estimator estimator) {
    int64_t values[MEMBERS_MAX];
    double *sums = run->asking.sums[estimator];
    double before = ratio_of(run, sums);
    for (uint32_t j = 0; j < run->config.hypotheses; j++) {
        uint32_t count = told_about(run, j, values);
        if (count == 0) continue;
        double location = estimator_location(estimator, values, count, scaled_cap(&run->config));
        sums[j] = run->config.is_pool ? location : sums[j] + location;
    }
    double error = ratio_of(run, sums) - before - (double)evidence_signal(run->config.evidence);
    run->figures->estimates[estimator].squares += error * error;
}

/* The machine says a log-posterior for the group; the sums here are of one location, so a pool's is divided by n. */
static void add_machine(struct run *run) {
    struct record_belief belief;
    double *sums = run->asking.sums[ESTIMATOR_MACHINE];
    double before = ratio_of(run, sums);
    double members = run->config.is_pool ? run->config.members : 1;
    CHECK(machine_belief_at(group_machine(run->group), run->asking.index, &belief) == STATUS_OK);
    for (uint32_t j = 0; j < run->config.hypotheses; j++)
        sums[j] = (double)belief.log_odds[j] * run->config.hypotheses / members;
    run->asking.lead = belief.log_odds[run->scene.truth] - belief.log_odds[run->scene.rival];
    double error = ratio_of(run, sums) - before - (double)evidence_signal(run->config.evidence);
    run->figures->estimates[ESTIMATOR_MACHINE].squares += error * error;
}

void tally_observation(struct run *run) {
    add_honest(run);
    if (run->config.is_pool) add_totals(run);
    for (uint32_t e = 0; e < ESTIMATOR_MACHINE; e++) add_estimate(run, (enum estimator)e);
    add_machine(run);
    run->figures->panels++;
}

/* Verdicts. */

static void tally_estimate(struct run *run, enum estimator estimator) {
    const struct asking *asking = &run->asking;
    struct lab_estimate *estimate = &run->figures->estimates[estimator];
    const double *sums = asking->sums[estimator];
    double k = run->config.hypotheses;
    uint32_t top = 0;
    for (uint32_t j = 1; j < run->config.hypotheses; j++)
        if (sums[j] > sums[top]) top = j;
    double lead = INFINITY;
    for (uint32_t j = 0; j < run->config.hypotheses; j++)
        if (j != top) lead = fmin(lead, sums[top] - sums[j]);
    lead *= (run->config.is_pool ? run->config.members : 1) / k;
    bool flipped = sums[top] > sums[asking->truth];
    estimate->flips += flipped;
    estimate->wrong += flipped && lead >= (double)QUESTION_DECIDE_AT_DEFAULT;
    double off = ratio_of(run, asking->honest) - ratio_of(run, sums);
    estimate->shift += fabs(off) / asking->rounds / run->scene.spread;
}

/* Whether the belief is the textbook one: the sum of all that was told, hypothesis against hypothesis. */
static bool is_sum(const struct run *run, const struct record_belief *belief) {
    int64_t k = run->config.hypotheses;
    for (uint32_t j = 0; j < run->config.hypotheses; j++) {
        int128 sum = 0;
        for (uint32_t m = 0; m < run->config.members; m++)
            sum += run->asking.totals[m][j] - run->asking.totals[m][belief->top];
        if (sum != (int128)belief->log_odds[j] * k) return false;
    }
    return true;
}

void tally_verdict(struct run *run, const struct record_belief *belief) {
    struct lab_figures *figures = run->figures;
    bool is_decided = belief->status == QUESTION_DECIDED;
    bool is_wrong = is_decided && belief->top != run->asking.truth;
    figures->questions++;
    figures->right += is_decided && !is_wrong;
    figures->wrong += is_wrong;
    figures->undecided += !is_decided;
    figures->broken += is_wrong && belief->flip_margin > run->scene.liars;
    figures->unlike_sum += run->config.is_pool && !is_sum(run, belief);
    figures->lead = belief->log_odds[run->scene.truth] - belief->log_odds[run->scene.rival];
    for (uint32_t e = 0; e < ESTIMATORS; e++) tally_estimate(run, (enum estimator)e);
}

void tally_weights(struct run *run) {
    for (uint32_t m = 0; m < run->config.members; m++) {
        uint32_t weight = machine_weight(group_machine(run->group), m);
        if (!run->is_liar[m] && weight < run->figures->lowest_honest) run->figures->lowest_honest = weight;
    }
}

void tally_end(struct run *run) {
    struct lab_figures *figures = run->figures;
    const struct attack *attack = run->config.attack;
    uint64_t begins = attack != NULL && attack->begins != NULL ? attack->begins(run->config.panels) : 0;
    for (uint32_t m = 0; m < run->config.members; m++) {
        uint64_t alarm = run->first_alarm[m];
        struct standing_member standing;
        machine_standing(group_machine(run->group), m, &standing);
        if (!run->is_liar[m]) {
            figures->honest++;
            figures->honest_alarmed += alarm != UINT64_MAX;
            continue;
        }
        figures->liars++;
        figures->liars_weight += standing.weight;
        figures->liars_proven += standing.proven;
        if (alarm != UINT64_MAX) add_delay(figures, alarm > begins ? alarm - begins : 0);
    }
    struct checkpoint checkpoint;
    machine_checkpoint(group_machine(run->group), &checkpoint);
    figures->root = checkpoint.root;
    figures->runs++;
}
