/* What clients do, drawn from the seed. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "belief/question.h"
#include "sim/world.h"

/* How long everybody can see the same. */
#define SHARED_SIGHT_US UINT64_C(5000000)

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
    if (item->kind == ITEM_ASK)
        item_question_id(number, writer_slice(&writer), &sim->questions[sim->questions_count++ % 64]);
    sim->report.submitted++;
    sim_after_input(body);
    return STATUS_OK;
}

/* Each member has one family of its own at a time. */
static struct slice family_of(const struct sim_member *member, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "number %u of m%u", member->families, member->number);
    return slice_of_text(text);
}

/* A third of the questions are canaries, a third are of a family, which then has canaries too. */
static void draw_purpose(struct sim *sim, uint32_t member, struct item_ask *ask, char *family, size_t bytes) {
    struct sim_secret *secret = &sim->members[member].secret;
    for (size_t i = 0; i < COMMITMENT_SALT_BYTES; i++) secret->salt[i] = (uint8_t)prng_next(&sim->workload);
    bool is_canary = prng_chance(&sim->workload, 1, 3);
    secret->hypothesis = is_canary ? (uint32_t)prng_below(&sim->workload, 2) : OPENING_ORDINARY;
    commitment_of(secret->salt, secret->hypothesis, &ask->commitment);
    if (ask->mode == MODE_PANEL && prng_chance(&sim->workload, 2, 3))
        ask->family = family_of(&sim->members[member], family, bytes);
}

enum status sim_ask(struct sim *sim, uint32_t member, const char *title, uint64_t deadline_us) {
    struct question_parameters defaults = question_parameters_default(2, QUESTION_POOL);
    struct item item = {.kind = ITEM_ASK};
    char family[32];
    item.ask.title = slice_of_text(title);
    item.ask.hypotheses_count = 2;
    item.ask.hypotheses[0] = slice_of_text("yes");
    item.ask.hypotheses[1] = slice_of_text("no");
    item.ask.mode = prng_chance(&sim->workload, 1, 2) ? MODE_PANEL : MODE_POOL;
    item.ask.cap = defaults.cap;
    item.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    item.ask.window_us = 5000000;
    item.ask.deadline_us = deadline_us;
    draw_purpose(sim, member, &item.ask, family, sizeof family);
    enum status status = submit(sim, member, &item);
    sim->members[member].secret.is_kept = status == STATUS_OK;
    if (status == STATUS_OK) sim->members[member].secret.question = sim->questions[(sim->questions_count - 1) % 64];
    return status;
}

/* Opens the commitment of the question that it asked last; its own replica says no before the verdict. */
static void reveal(struct sim *sim, uint32_t member) {
    struct sim_secret *secret = &sim->members[member].secret;
    struct item item = {.kind = ITEM_REVEAL};
    if (!secret->is_kept) return;
    item.reveal.question = secret->question;
    item.reveal.hypothesis = secret->hypothesis;
    memcpy(item.reveal.salt, secret->salt, COMMITMENT_SALT_BYTES);
    if (submit(sim, member, &item) == STATUS_OK) secret->is_kept = false;
}

static void close_family(struct sim *sim, uint32_t member) {
    struct item item = {.kind = ITEM_CLOSE_FAMILY};
    char family[32];
    item.close_family.family = family_of(&sim->members[member], family, sizeof family);
    if (submit(sim, member, &item) == STATUS_OK) sim->members[member].families++;
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

static void change_later(struct sim *sim) {
    uint64_t pause_us = 1 + prng_below(&sim->workload, 2 * UINT64_C(60000000) / sim->config.changes);
    sim_schedule(sim, (struct event){.at_us = sim->now_us + pause_us, .kind = ON_CHANGE});
}

/* Whoever is up proposes to end the epoch that it is in. A refusal is an answer, here too. */
void sim_on_change(struct sim *sim) {
    if (sim->quiet) return;
    change_later(sim);
    for (uint32_t m = 0; m < sim->config.members; m++) {
        struct item item = {.kind = ITEM_RECONFIGURE};
        struct replica_status status;
        if (sim->liar[m] || sim->members[m].replica == NULL) continue;
        replica_status(sim->members[m].replica, &status);
        item.reconfigure = sim_change_of(sim, status.epoch);
        enum status submitted = submit(sim, m, &item);
        (void)submitted;
    }
}

static void submit_later(struct sim *sim, uint32_t member) {
    uint64_t pause_us = 1 + prng_below(&sim->workload, 2 * sim->config.submit_every_us);
    sim_schedule(sim, (struct event){.at_us = sim->now_us + pause_us, .kind = ON_SUBMIT, .body = member});
}

void sim_start_workload(struct sim *sim) {
    for (uint32_t i = 0; i < sim->config.members && sim->config.submit_every_us > 0; i++) submit_later(sim, i);
    if (sim->config.changes > 0) change_later(sim);
}

/* Half of the questions end with a verdict, and are followed by another one. */
static uint64_t draw_deadline_us(struct sim *sim) {
    if (prng_chance(&sim->workload, 1, 2)) return 0;
    return (uint64_t)prng_between(&sim->workload, 2000000, 10000000);
}

void sim_on_submit(struct sim *sim, uint32_t member) {
    if (sim->quiet) return;
    submit_later(sim, member);
    if (prng_chance(&sim->workload, 1, 8)) reveal(sim, member);
    if (prng_chance(&sim->workload, 1, 80)) close_family(sim, member);
    char text[64];
    /* Half of what is seen is seen by everybody at that time, so that panels fill; the rest by one member alone. */
    if (prng_chance(&sim->workload, 1, 2)) {
        snprintf(text, sizeof text, "seen at %llu", (unsigned long long)(sim->now_us / SHARED_SIGHT_US));
    } else {
        snprintf(text, sizeof text, "m%u says %llu", member, (unsigned long long)++sim->members[member].observations);
    }
    int64_t llr = prng_between(&sim->workload, -3 * QUANTA_PER_NAT, 3 * QUANTA_PER_NAT);
    bool ask = sim->questions_count == 0 || prng_chance(&sim->workload, 1, 50);
    enum status status = ask ? STATUS_QUESTION_CLOSED : sim_tell(sim, member, text, llr);
    if (status == STATUS_QUESTION_CLOSED) status = sim_ask(sim, member, text, draw_deadline_us(sim));
    /* A refusal is an answer: the question may not be agreed on yet, the member may be down or busy. */
    (void)status;
}
