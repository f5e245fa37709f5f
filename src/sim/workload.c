/* What clients do, and what goes wrong, drawn from the seed. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "belief/question.h"
#include "sim/world.h"

static uint64_t pause_us(struct prng *prng, uint64_t mean_us) { return 1 + prng_below(prng, 2 * mean_us); }

static enum status submit(struct sim *sim, uint32_t number, const struct item *item) {
    struct sim_member *member = &sim->members[number];
    if (member->replica == NULL) return STATUS_UNAVAILABLE;
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, item);
    CHECK(writer_status(&writer) == STATUS_OK);
    uint64_t seq;
    uint32_t index;
    TRY(replica_submit(member->replica, sim_time(member), writer_slice(&writer), slice_of(NULL, 0), &seq, &index));
    if (item->kind == ITEM_ASK) item_question_id(writer_slice(&writer), &sim->questions[sim->questions_count++ % 64]);
    sim->report.submitted++;
    sim_after_input(member);
    return STATUS_OK;
}

enum status sim_ask(struct sim *sim, uint32_t member, const char *title) {
    struct question_parameters defaults = question_parameters_default(2, QUESTION_POOL);
    struct item item = {.kind = ITEM_ASK};
    item.ask.title = slice_of_text(title);
    item.ask.hypotheses_count = 2;
    item.ask.hypotheses[0] = slice_of_text("yes");
    item.ask.hypotheses[1] = slice_of_text("no");
    item.ask.mode = prng_chance(&sim->workload, 1, 2) ? MODE_PANEL : MODE_POOL;
    item.ask.cap = defaults.cap;
    item.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    item.ask.window_us = 5000000;
    return submit(sim, member, &item);
}

enum status sim_tell(struct sim *sim, uint32_t member, const char *observation, int64_t llr_quanta) {
    if (sim->questions_count == 0) return STATUS_UNKNOWN_QUESTION;
    struct item item = {.kind = ITEM_TELL};
    item.tell.question = sim->questions[(sim->questions_count - 1) % 64];
    item.tell.observation = slice_of_text(observation);
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = llr_quanta;
    return submit(sim, member, &item);
}

void sim_on_submit(struct sim *sim, struct sim_member *member) {
    if (sim->quiet) return;
    sim_schedule(sim, (struct event){.at_us = sim->now_us + pause_us(&sim->workload, sim->config.submit_every_us),
                                     .kind = ON_SUBMIT,
                                     .member = member->number});
    char text[64];
    snprintf(text, sizeof text, "m%u says %llu", member->number, (unsigned long long)++member->observations);
    int64_t llr = prng_between(&sim->workload, -3 * QUANTA_PER_NAT, 3 * QUANTA_PER_NAT);
    bool ask = sim->questions_count == 0 || prng_chance(&sim->workload, 1, 50);
    enum status status = ask ? sim_ask(sim, member->number, text) : sim_tell(sim, member->number, text, llr);
    /* A refusal is an answer: the question may not be agreed on yet, the member may be down or busy. */
    (void)status;
}

#define HOUR_US UINT64_C(3600000000)

static void schedule_fault(struct sim *sim, enum event_kind kind, uint32_t member, uint32_t per_hour) {
    if (per_hour == 0) return;
    sim_schedule(sim, (struct event){.at_us = sim->now_us + pause_us(&sim->chaos, HOUR_US / per_hour),
                                     .kind = kind,
                                     .member = member});
}

static void schedule_end(struct sim *sim, enum event_kind kind, uint32_t member, uint64_t mean_us) {
    sim_schedule(
        sim, (struct event){.at_us = sim->now_us + pause_us(&sim->chaos, mean_us), .kind = kind, .member = member});
}

void sim_start_chaos(struct sim *sim) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->config.submit_every_us > 0)
            sim_schedule(sim, (struct event){.at_us = pause_us(&sim->workload, sim->config.submit_every_us),
                                             .kind = ON_SUBMIT,
                                             .member = i});
        schedule_fault(sim, ON_CRASH, i, sim->config.faults.crashes_per_hour);
        schedule_fault(sim, ON_CLOCK_STEP, i, sim->config.faults.clock_steps_per_hour);
    }
    schedule_fault(sim, ON_CUT, 0, sim->config.faults.partitions_per_hour);
}

static void random_cut(struct sim *sim) {
    uint8_t side[MEMBERS_MAX];
    for (uint32_t i = 0; i < sim->config.members; i++) side[i] = (uint8_t)prng_below(&sim->chaos, 2);
    sim_cut(sim, side);
}

void sim_on_fault(struct sim *sim, const struct event *event) {
    switch (event->kind) {
    case ON_CRASH:
        if (sim->quiet) return;
        sim_crash(sim, event->member);
        schedule_end(sim, ON_RESTART, event->member, 5000000);
        schedule_fault(sim, ON_CRASH, event->member, sim->config.faults.crashes_per_hour);
        break;
    case ON_RESTART: sim_restart(sim, event->member, false); break;
    case ON_CUT:
        if (sim->quiet) return;
        random_cut(sim);
        schedule_end(sim, ON_HEAL, 0, 10000000);
        break;
    case ON_HEAL:
        if (sim->quiet) return;
        sim_heal(sim);
        schedule_fault(sim, ON_CUT, 0, sim->config.faults.partitions_per_hour);
        break;
    case ON_CLOCK_STEP:
        if (sim->quiet) return;
        sim_step_clock(sim, event->member, prng_between(&sim->chaos, -(int64_t)HOUR_US, (int64_t)HOUR_US));
        schedule_fault(sim, ON_CLOCK_STEP, event->member, sim->config.faults.clock_steps_per_hour);
        break;
    case ON_TIMER:
    case ON_ARRIVAL:
    case ON_SUBMIT: CHECK(!"not a fault");
    }
}
