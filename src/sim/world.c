/* The world: opened, run from event to event, closed (sim/sim.h). */
#include "sim/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/num.h"
#include "crypto/ed25519.h"

void sim_trace(struct sim *sim, const char *format, ...) {
    if (sim->config.trace == NULL) return;
    fprintf(sim->config.trace, "%8llu.%03llu ms  ", (unsigned long long)(sim->now_us / 1000),
            (unsigned long long)(sim->now_us % 1000));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(sim->config.trace, format, arguments);
    va_end(arguments);
    fputc('\n', sim->config.trace);
}

/* --- the run --- */

static void handle(struct sim *sim, const struct event *event) {
    switch (event->kind) {
    case ON_TIMER: sim_on_timer(sim, event); break;
    case ON_ARRIVAL: sim_deliver(sim, event); break;
    case ON_SUBMIT: sim_on_submit(sim, event->body); break;
    case ON_ATTACK: sim_on_attack(sim, event); break;
    case ON_CHANGE: sim_on_change(sim); break;
    case ON_RESTART:
    case ON_FAULT:
    case ON_COPY_BACK:
    case ON_LINK: sim_on_fault(sim, event); break;
    }
}

bool sim_run_until(struct sim *sim, uint64_t until_us) {
    while (sim->report.violation == NULL && sim->events_count > 0 && sim->events[0].at_us <= until_us) {
        struct event event = sim_next_event(sim);
        sim->now_us = event.at_us;
        sim->report.events++;
        handle(sim, &event);
        sim_check_busy(sim);
    }
    if (sim->report.violation == NULL) sim->now_us = num_max_u64(sim->now_us, until_us);
    return sim->report.violation == NULL;
}

uint64_t sim_now(const struct sim *sim) { return sim->now_us; }

static void sum_up(const struct sim *sim, struct sim_report *report) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->members[i].replica == NULL || sim->liar[i]) continue;
        struct replica_status status;
        replica_status(sim->members[i].replica, &status);
        report->items = num_max_u64(report->items, status.counters.items);
        report->nullified = num_max_u64(report->nullified, status.counters.views_nullified);
    }
}

void sim_report(const struct sim *sim, struct sim_report *ret_report) {
    *ret_report = sim->report;
    ret_report->virtual_us = sim->now_us;
    ret_report->heights = sim->finals_count;
    if (sim->finals_count > 0) ret_report->root = sim->finals[sim->finals_count - 1].root;
    sum_up(sim, ret_report);
}

/* --- opening --- */

static void make_genesis(struct sim *sim) {
    struct genesis *genesis = &sim->genesis;
    snprintf(genesis->name, sizeof genesis->name, "simulated");
    genesis->created_us = SIM_EPOCH_US;
    genesis->threshold = sim->config.threshold;
    genesis->members = sim->config.members;
    genesis->state_bytes_max = STATE_BYTES_MIN;
    for (uint32_t i = 0; i < genesis->members; i++) {
        sim_key(i, 0, sim->secrets[i], genesis->keys[i]);
        snprintf(genesis->member_names[i], sizeof genesis->member_names[i], "m%u", i);
    }
    genesis_chain(genesis, &sim->chain);
    sim->keyring = (struct keyring){.keys = (const uint8_t(*)[KEY_BYTES])genesis->keys, .members = genesis->members};
    sim->quorum = quorum_size(genesis->members, genesis->threshold);
}

static void *cleared(size_t count, size_t bytes) {
    void *memory = calloc(count, bytes);
    CHECK(memory != NULL);
    return memory;
}

static void take_memory(struct sim *sim) {
    size_t n = sim->config.members;
    sim->members = cleared(2 * n, sizeof *sim->members);
    sim->liar = cleared(n, sizeof *sim->liar);
    sim->lost = cleared(n, sizeof *sim->lost);
    sim->clock_us = cleared(n, sizeof *sim->clock_us);
    sim->drift = cleared(n, sizeof *sim->drift);
    sim->drift_us = cleared(n, sizeof *sim->drift_us);
    sim->side = cleared(n, sizeof *sim->side);
    sim->blocked = cleared(n * n, sizeof *sim->blocked);
    sim->arrive_us = cleared(n * n, sizeof *sim->arrive_us);
    sim->said = cleared(n, sizeof *sim->said);
}

bool sim_corrupt(struct sim *sim, uint32_t member, const char *attack) {
    if (!sim_attack_known(attack)) return false;
    sim->liars += !sim->liar[member];
    sim->liar[member] = true;
    sim_attacker_new(&sim->members[member], attack);
    return true;
}

static void add_twin(struct sim *sim, uint32_t member) {
    uint32_t index = sim->bodies++;
    sim_body_open(sim, index, member);
    sim_attacker_new(&sim->members[index], "twins");
}

/* Which members lie is drawn before anything else. In a mix one liar of four is a pair of twins. */
static void draw_liars(struct sim *sim) {
    for (uint32_t count = 0; count < sim->config.byzantine; count++) {
        uint32_t member = (uint32_t)prng_below(&sim->chaos, sim->config.members);
        while (sim->liar[member]) member = (member + 1) % sim->config.members;
        bool mixed = sim->config.attack == NULL;
        bool twins = mixed ? prng_chance(&sim->chaos, 1, 4) : sim_attack_has_twin(sim->config.attack);
        bool known = sim_corrupt(sim, member, twins ? "twins" : mixed ? "mix" : sim->config.attack);
        CHECK(known);
        if (twins) add_twin(sim, member);
    }
}

/* A given schedule replaces the drawn one after the dice were thrown, so that everything else stays as the seed has it. */
static void plan_faults(struct sim *sim) {
    sim_draw_faults(sim);
    if (sim->config.schedule != NULL) {
        free(sim->faults);
        sim->faults = cleared(sim->config.schedule_count + 1, sizeof *sim->faults);
        memcpy(sim->faults, sim->config.schedule, sim->config.schedule_count * sizeof *sim->faults);
        sim->faults_count = sim->config.schedule_count;
    }
    for (uint32_t i = 0; i < sim->faults_count; i++)
        sim_schedule(sim, (struct event){.at_us = sim->faults[i].at_us, .kind = ON_FAULT, .from = i});
}

struct sim *sim_open(const struct sim_config *config, const struct sim_disk *disk) {
    CHECK(config->members >= MEMBERS_MIN && config->members <= MEMBERS_MAX && config->byzantine < config->members);
    struct sim *sim = cleared(1, sizeof *sim);
    sim->config = *config;
    if (sim->config.threshold.denominator == 0) sim->config.threshold = THRESHOLD_DEFAULT;
    sim->disk = disk;
    disk->fill(&sim->disk_ports);
    struct prng prng = prng_seeded(config->seed);
    sim->network = prng_fork(&prng);
    sim->workload = prng_fork(&prng);
    sim->chaos = prng_fork(&prng);
    take_memory(sim);
    make_genesis(sim);
    sim->replica_config = (struct replica_config){
        .genesis = &sim->genesis, .secret = sim->secrets[0], .delta_us = sim_delta_us(config->network)};
    sim->replica_bytes = replica_bytes(&sim->replica_config);
    sim->bodies = config->members;
    for (uint32_t i = 0; i < config->members; i++) sim_body_open(sim, i, i);
    draw_liars(sim);
    plan_faults(sim);
    for (uint32_t i = 0; i < sim->bodies; i++) sim_body_restart(&sim->members[i]);
    sim_start_workload(sim);
    return sim;
}

void sim_close(struct sim *sim) {
    if (sim == NULL) return;
    for (uint32_t i = 0; i < sim->bodies; i++) sim_body_close(&sim->members[i]);
    for (size_t i = 0; i < sim->events_count; i++) sim_frame_drop(sim->events[i].frame);
    sim_witness_close(sim);
    sim_lose_nothing(sim);
    sim_certificates_close(sim);
    void *pieces[] = {sim->members, sim->liar, sim->lost,    sim->clock_us,  sim->drift,  sim->drift_us, sim->side,
                      sim->faults,  sim->said, sim->blocked, sim->arrive_us, sim->events, sim->finals};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) free(pieces[i]);
    free(sim);
}
