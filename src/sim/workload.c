/* What clients do, drawn from the seed. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "belief/question.h"
#include "sim/world.h"

static enum status submit(struct sim *sim, uint32_t number, const struct item *item) {
    struct sim_member *body = &sim->members[number];
    if (body->replica == NULL) return STATUS_UNAVAILABLE;
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, item);
    CHECK(writer_status(&writer) == STATUS_OK);
    uint64_t seq;
    uint32_t index;
    TRY(replica_submit(body->replica, sim_time(body), writer_slice(&writer), slice_of(NULL, 0), &seq, &index));
    if (item->kind == ITEM_ASK) item_question_id(writer_slice(&writer), &sim->questions[sim->questions_count++ % 64]);
    sim->report.submitted++;
    sim_after_input(body);
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

static void submit_later(struct sim *sim, uint32_t member) {
    uint64_t pause_us = 1 + prng_below(&sim->workload, 2 * sim->config.submit_every_us);
    sim_schedule(sim, (struct event){.at_us = sim->now_us + pause_us, .kind = ON_SUBMIT, .body = member});
}

void sim_start_workload(struct sim *sim) {
    for (uint32_t i = 0; i < sim->config.members && sim->config.submit_every_us > 0; i++) submit_later(sim, i);
}

void sim_on_submit(struct sim *sim, uint32_t member) {
    if (sim->quiet) return;
    submit_later(sim, member);
    char text[64];
    snprintf(text, sizeof text, "m%u says %llu", member, (unsigned long long)++sim->members[member].observations);
    int64_t llr = prng_between(&sim->workload, -3 * QUANTA_PER_NAT, 3 * QUANTA_PER_NAT);
    bool ask = sim->questions_count == 0 || prng_chance(&sim->workload, 1, 50);
    enum status status = ask ? sim_ask(sim, member, text) : sim_tell(sim, member, text, llr);
    /* A refusal is an answer: the question may not be agreed on yet, the member may be down or busy. */
    (void)status;
}
