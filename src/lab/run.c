/* One run: observation after observation, what everybody says about it, and the blocks that carry it. */
#include "lab/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/decimal.h"

/* Who is who. */

static void choose_liars(struct run *run, struct prng *prng) {
    uint32_t n = run->config.members;
    uint32_t order[MEMBERS_MAX] = {0};
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t other = (uint32_t)prng_below(prng, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swapped;
    }
    uint32_t liars = run->config.attack == NULL ? 0 : lab_liars(n, run->config.percent);
    for (uint32_t i = 0; i < liars; i++) run->is_liar[order[i]] = true;
    run->asker = order[n - 1];
    run->scene.victim = order[n - 2];
    run->scene.liars = liars;
}

static void on_alarm(void *context, const struct record_suspicion *suspicion) {
    struct run *run = context;
    uint32_t member = suspicion->member;
    if (run->first_alarm[member] != UINT64_MAX) return;
    run->first_alarm[member] = run->scene.panel;
    /* Records number the detectors from 1. */
    CHECK(suspicion->detector >= 1 && suspicion->detector <= DETECTORS);
    if (run->is_liar[member]) run->figures->liars_first_by[suspicion->detector - 1]++;
}

static void on_refused(void *context, uint32_t member, const struct item *item, enum status why) {
    struct run *run = context;
    (void)member;
    (void)item;
    (void)why;
    run->figures->refused++;
}

static void check_config(const struct lab_config *config) {
    CHECK(config->members >= MEMBERS_MIN && config->members <= MEMBERS_MAX);
    CHECK(config->hypotheses >= HYPOTHESES_MIN && config->hypotheses <= HYPOTHESES_MAX);
    CHECK(config->percent <= LAB_PERCENT_MAX && config->panels >= 1 && config->cap >= 0);
}

static struct run *run_new(const struct lab_config *config, uint64_t seed, struct lab_figures *figures) {
    struct run *run = calloc(1, sizeof *run);
    CHECK(run != NULL);
    check_config(config);
    run->config = *config;
    if (config->cap == 0) run->config.cap = evidence_spread(config->evidence);
    if (config->rounds == 0) run->config.rounds = RUN_ROUNDS;
    if (config->is_endless) run->config.rounds = UINT32_MAX;
    run->figures = figures;
    run->group = group_new(config->members);
    group_listen(run->group, (struct group_ears){run, on_refused, on_alarm});
    run->honest = calloc((size_t)config->members * config->hypotheses, sizeof *run->honest);
    CHECK(run->honest != NULL);
    struct prng prng = prng_seeded(seed);
    struct prng roles = prng_fork(&prng);
    run->nature = prng_fork(&prng);
    run->dice = prng_fork(&prng);
    choose_liars(run, &roles);
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) run->first_alarm[m] = UINT64_MAX;
    run->scene.members = config->members;
    run->scene.hypotheses = config->hypotheses;
    run->scene.is_pool = config->is_pool;
    run->scene.panels = config->panels;
    run->scene.window_us = RUN_WINDOW_US;
    run->scene.spread = (double)evidence_spread(config->evidence);
    run->scene.is_liar = run->is_liar;
    run->scene.honest = run->honest;
    run->scene.mean = run->mean;
    return run;
}

static void run_free(struct run *run) {
    group_free(run->group);
    free(run->honest);
    free(run);
}

/* What everybody says. */

static void draw_honest(struct run *run) {
    const struct lab_config *config = &run->config;
    uint32_t k = config->hypotheses;
    double honest = config->members - run->scene.liars;
    evidence_draw(&run->nature, config->evidence, config->members, k, run->scene.truth, run->honest);
    memset(run->mean, 0, sizeof run->mean);
    for (uint32_t m = 0; m < config->members; m++) {
        struct report *report = &run->reports[m];
        memset(report, 0, sizeof *report);
        memcpy(report->loglik, run->honest + (size_t)m * k, k * sizeof report->loglik[0]);
        report->offset_us = prng_below(&run->nature, RUN_WINDOW_US / 2);
        run->scene.offset_us[m] = report->offset_us;
        for (uint32_t j = 0; j < k && !run->is_liar[m]; j++) run->mean[j] += (double)report->loglik[j] / honest;
    }
}

static void lie(struct run *run) {
    const struct attack *attack = run->config.attack;
    run->scene.round = run->asking.rounds;
    run->scene.lead = run->asking.lead;
    run->scene.coin = prng_next(&run->dice);
    for (uint32_t m = 0; m < run->config.members; m++)
        if (run->is_liar[m]) attack->tell(attack, &run->scene, m, &run->dice, &run->reports[m]);
}

/* The first number as a client would write it, with more decimals: what the door says to that. */
static bool door_takes(int64_t quanta, const char *finer) {
    char text[64];
    int64_t value;
    uint64_t size = quanta < 0 ? (uint64_t)-quanta : (uint64_t)quanta;
    int bytes =
        snprintf(text, sizeof text, "%s%llu.%09llu%s", quanta < 0 ? "-" : "",
                 (unsigned long long)(size / QUANTA_PER_NAT), (unsigned long long)(size % QUANTA_PER_NAT), finer);
    CHECK(bytes > 0 && (size_t)bytes < sizeof text);
    return decimal_parse(slice_of(text, (size_t)bytes), 9, &value) == STATUS_OK;
}

static void name_observation(const struct run *run, uint32_t member, uint32_t copy, char ret_name[48]) {
    bool is_own = run->config.is_pool || copy > 0;
    (void)snprintf(ret_name, 48, is_own ? "o%u of m%u, %u" : "o%u", run->asking.rounds, member, copy);
}

/* Items that are out of range don't get into a batch. */
static void say_tell(struct run *run, uint32_t member, const char *observation) {
    const struct report *report = &run->reports[member];
    struct item item = {.kind = ITEM_TELL};
    item.tell.question = run->asking.id;
    item.tell.observation = slice_of_text(observation);
    item.tell.loglik_count = run->config.hypotheses;
    memcpy(item.tell.loglik, report->loglik, run->config.hypotheses * sizeof report->loglik[0]);
    if (item_valid(&item) == STATUS_OK) {
        group_say(run->group, member, &item);
        run->figures->reports++;
    } else {
        run->figures->door++;
    }
}

/* The lie is refused at the door, and what was seen is told instead. */
static void say_report(struct run *run, uint32_t member) {
    struct report *report = &run->reports[member];
    char name[48];
    if (report->finer != NULL && !door_takes(report->loglik[0], report->finer)) run->figures->door++;
    name_observation(run, member, 0, name);
    say_tell(run, member, name);
    for (uint32_t i = 0; i < report->flood; i++) {
        if (i % 2 == 1 || run->config.is_pool) name_observation(run, member, 1 + i, name);
        say_tell(run, member, name);
    }
}

/* What the member owes, or what it copied from another. */
static void say_answer(struct run *run, uint32_t member) {
    struct item item = {.kind = ITEM_ANSWER};
    if (machine_challenge(group_machine(run->group), member, &item.answer.height, &item.answer.digest) != STATUS_OK)
        return;
    uint64_t height;
    if (run->reports[member].copies_answer)
        (void)!machine_challenge(group_machine(run->group), run->asker, &height, &item.answer.digest);
    group_say(run->group, member, &item);
}

/* Blocks. */

static void seal_first(struct run *run, uint32_t member, bool sees_others) {
    const struct report *report = &run->reports[member];
    if (report->sees_others != sees_others) return;
    say_answer(run, member);
    if (!report->is_silent && !report->is_late) say_report(run, member);
    group_seal(run->group, member, run->time_us + report->offset_us, sees_others && !report->is_late);
}

/* Every lane moves: whoever says nothing writes an empty batch. */
static void seal_later(struct run *run, uint64_t wall_us, bool with_late) {
    for (uint32_t m = 0; m < run->config.members; m++) {
        const struct report *report = &run->reports[m];
        bool speaks = with_late && report->is_late;
        if (speaks) say_report(run, m);
        group_seal(run->group, m, wall_us, speaks && report->sees_others);
    }
    group_block(run->group);
}

static bool anybody_late(const struct run *run) {
    for (uint32_t m = 0; m < run->config.members; m++)
        if (run->reports[m].is_late) return true;
    return false;
}

static void speak(struct run *run) {
    run->time_us += RUN_STEP_US;
    for (uint32_t m = 0; m < run->config.members; m++) seal_first(run, m, false);
    for (uint32_t m = 0; m < run->config.members; m++) seal_first(run, m, true);
    group_block(run->group);
    if (anybody_late(run)) seal_later(run, run->time_us + RUN_WINDOW_US / 10 * 9, true);
    /* Something waits for its window to end: an observation that not everybody reported. */
    if (machine_next_due_us(group_machine(run->group)) < run->time_us + RUN_STEP_US) {
        run->time_us += 2 * RUN_WINDOW_US;
        seal_later(run, run->time_us, false);
    }
}

void lab_run(const struct lab_config *config, uint64_t seed, struct lab_figures *figures) {
    struct run *run = run_new(config, seed, figures);
    while (run->scene.panel < config->panels) {
        if (!run->asking.is_open) asking_open(run);
        draw_honest(run);
        if (run->scene.liars > 0) lie(run);
        speak(run);
        run->asking.rounds++;
        run->scene.panel++;
        tally_observation(run);
        tally_weights(run);
        asking_settle(run);
    }
    tally_end(run);
    run_free(run);
}
