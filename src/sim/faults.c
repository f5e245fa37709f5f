/* Faults: a schedule drawn from the seed before the world begins, so that a run that fails can be repeated with a part of it
 * (sim/shrink.c). Each entry is complete in itself: what it breaks, it puts right again. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

#define HOUR_US INT64_C(3600000000)

/* How a kind is drawn: how often in comparison with others, how long on average until it is put right, and how large its amount may be.
 * Kinds that take away a disk strike one member of a run only: more of them together are more than a group promises to survive. */
static const struct {
    const char *text;
    uint32_t weight;
    uint64_t for_us;
    int64_t amount_min;
    int64_t amount_max;
    bool loses_disk;
} kinds[FAULT_KINDS] = {
    [FAULT_CRASH] = {"crash", 6, 3000000, 0, 0, false},
    [FAULT_CRASH_WRITE] = {"crash at a write, nothing committed", 6, 2000000, 1, 40, false},
    [FAULT_CRASH_TORN] = {"crash at a write, torn", 6, 2000000, 1, 40, false},
    [FAULT_CRASH_SENT] = {"crash at a write, committed but not sent", 6, 2000000, 1, 40, false},
    [FAULT_FORGET] = {"lose the disk", 2, 4000000, 0, 0, true},
    [FAULT_OLD_COPY] = {"go back to an old copy of the disk", 2, 3000000, 100000, 10000000, true},
    [FAULT_FLIP] = {"flip a bit on the disk", 2, 3000000, 0, 0, true},
    [FAULT_IO] = {"the disk fails", 3, 3000000, 0, 0, false},
    [FAULT_FULL] = {"the disk is full", 3, 3000000, 0, 0, false},
    [FAULT_CUT] = {"cut the network in two", 6, 8000000, 0, 0, false},
    [FAULT_BRIDGE] = {"cut the network but for a bridge", 4, 8000000, 0, 0, false},
    [FAULT_ONE_WAY] = {"lose frames of some directions", 4, 8000000, 0, 0, false},
    [FAULT_CLOCK_STEP] = {"step the clock", 3, 0, -HOUR_US, HOUR_US, false},
    [FAULT_CLOCK_DRIFT] = {"let the clock drift", 2, 0, -5000, 5000, false},
};

void sim_fault_print(FILE *out, const struct sim_fault *fault) {
    fprintf(out, "%10.3f s  m%-3" PRIu32 " %-42s for %.3f s, amount %" PRId64 "\n", (double)fault->at_us / 1e6,
            fault->member, kinds[fault->kind].text, (double)fault->for_us / 1e6, fault->amount);
}

/* --- drawing --- */

static enum sim_fault_kind draw_kind(struct prng *prng, bool may_lose_disk) {
    uint32_t total = 0;
    for (int k = 0; k < FAULT_KINDS; k++) total += may_lose_disk || !kinds[k].loses_disk ? kinds[k].weight : 0;
    uint64_t dice = prng_below(prng, total);
    for (int k = 0; k < FAULT_KINDS; k++) {
        uint32_t weight = may_lose_disk || !kinds[k].loses_disk ? kinds[k].weight : 0;
        if (dice < weight) return (enum sim_fault_kind)k;
        dice -= weight;
    }
    CHECK(false); /* the dice are below the sum of the weights */
    return FAULT_CRASH;
}

/* The one member whose disk may be lost. A liar's disk is nobody's concern. */
static uint32_t draw_victim(struct sim *sim) {
    uint32_t victim = (uint32_t)prng_below(&sim->chaos, sim->config.members);
    while (sim->liar[victim]) victim = (victim + 1) % sim->config.members;
    return victim;
}

void sim_draw_faults(struct sim *sim) {
    const struct sim_config *config = &sim->config;
    uint32_t count = (uint32_t)num_min_u64(SIM_FAULTS_MAX, config->run_us * config->faults.per_minute / 60000000);
    sim->faults = calloc(count + 1, sizeof *sim->faults);
    CHECK(sim->faults != NULL);
    bool may_lose_disk = config->byzantine < quorum_safe(config->members, config->threshold);
    uint32_t victim = may_lose_disk ? draw_victim(sim) : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_fault *fault = &sim->faults[i];
        /* One in each share of the time, so that the schedule is in order. */
        uint64_t share_us = config->run_us / count;
        fault->at_us = i * share_us + prng_below(&sim->chaos, share_us);
        fault->kind = draw_kind(&sim->chaos, may_lose_disk);
        fault->member = (uint32_t)prng_below(&sim->chaos, config->members);
        if (kinds[fault->kind].loses_disk) fault->member = victim;
        fault->for_us = 1000 + prng_below(&sim->chaos, 2 * kinds[fault->kind].for_us + 1);
        fault->amount = prng_between(&sim->chaos, kinds[fault->kind].amount_min, kinds[fault->kind].amount_max);
        fault->dice = prng_next(&sim->chaos) | 1;
    }
    sim->faults_count = count;
}

const struct sim_fault *sim_schedule_of(const struct sim *sim, uint32_t *ret_count) {
    *ret_count = sim->faults_count;
    return sim->faults;
}

/* --- links --- */

/* Which directions the fault blocks: blocks[from * n + to]. */
static void blocked_by(const struct sim *sim, const struct sim_fault *fault, bool *blocks) {
    uint32_t n = sim->config.members;
    struct prng prng = prng_seeded(fault->dice);
    bool side[MEMBERS_MAX];
    for (uint32_t i = 0; i < n; i++) side[i] = prng_chance(&prng, 1, 2);
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < n; b++) {
            bool bridged = fault->kind == FAULT_BRIDGE && (a == fault->member || b == fault->member);
            bool dice = fault->kind == FAULT_ONE_WAY ? prng_chance(&prng, 1, 4) : side[a] != side[b];
            blocks[a * n + b] = a != b && dice && !bridged;
        }
    }
}

/* Swizzled healing: the directions come back one at a time, in any order, within two seconds. */
static void cut(struct sim *sim, const struct sim_fault *fault) {
    uint32_t n = sim->config.members;
    bool *blocks = calloc((size_t)n * n, sizeof *blocks);
    CHECK(blocks != NULL);
    blocked_by(sim, fault, blocks);
    struct prng prng = prng_seeded(~fault->dice);
    for (uint32_t from = 0; from < n; from++) {
        for (uint32_t to = 0; to < n; to++) {
            if (!blocks[from * n + to]) continue;
            sim_block(sim, from, to);
            sim_schedule(sim, (struct event){.at_us = sim->now_us + fault->for_us + prng_below(&prng, 2000000),
                                             .kind = ON_LINK,
                                             .from = from,
                                             .body = to,
                                             .life = sim->links_life});
        }
    }
    free(blocks);
}

/* --- members --- */

static void restart_later(struct sim *sim, struct sim_member *body, uint64_t for_us) {
    sim_schedule(sim, (struct event){
                          .at_us = sim->now_us + for_us, .kind = ON_RESTART, .body = body->body, .life = body->life});
}

static void crash(struct sim *sim, struct sim_member *body, uint64_t for_us, enum sim_start how) {
    if (body->replica == NULL) return; /* it is down already, for another reason that will end */
    sim_body_crash(body);
    body->restart = how;
    restart_later(sim, body, for_us);
}

static void doom(struct sim_member *body, const struct sim_fault *fault) {
    body->doom = fault->kind;
    body->doomed_write = body->writes + (uint64_t)fault->amount;
    body->down_us = fault->for_us;
}

/* The copy is taken now, and comes back when it is `amount` old. */
static void copy(struct sim *sim, struct sim_member *body, const struct sim_fault *fault) {
    if (body->copy != NULL) return;
    body->copy = sim->disk->clone(body->disk);
    sim_schedule(sim, (struct event){.at_us = sim->now_us + (uint64_t)fault->amount,
                                     .kind = ON_COPY_BACK,
                                     .body = body->body,
                                     .extra = fault->for_us});
}

static void fail(struct sim *sim, struct sim_member *body, const struct sim_fault *fault) {
    body->down_us = fault->for_us;
    body->failing = true;
    sim->disk->fail(body->disk, fault->kind == FAULT_IO ? STATUS_IO : STATUS_DISK_FULL);
}

static void drift(struct sim *sim, const struct sim_fault *fault) {
    uint32_t m = fault->member;
    sim->clock_us[m] += (int64_t)((sim->now_us - sim->drift_us[m]) / 1000) * sim->drift[m] / 1000;
    sim->drift_us[m] = sim->now_us;
    sim->drift[m] = fault->amount;
}

static void strike_body(struct sim *sim, struct sim_member *body, const struct sim_fault *fault) {
    if (body->replica == NULL) return;
    switch (fault->kind) {
    case FAULT_CRASH: crash(sim, body, fault->for_us, START_KEPT); break;
    case FAULT_FORGET: crash(sim, body, fault->for_us, START_FORGOTTEN); break;
    case FAULT_FLIP:
        crash(sim, body, fault->for_us, START_KEPT);
        body->flip = fault->dice;
        break;
    case FAULT_CRASH_WRITE:
    case FAULT_CRASH_TORN:
    case FAULT_CRASH_SENT: doom(body, fault); break;
    case FAULT_OLD_COPY: copy(sim, body, fault); break;
    case FAULT_IO:
    case FAULT_FULL: fail(sim, body, fault); break;
    default: CHECK(false); /* the others are not of a body */
    }
}

void sim_fault(struct sim *sim, const struct sim_fault *fault) {
    sim->report.faults++;
    sim_trace(sim, "fault: m%u: %s", fault->member, kinds[fault->kind].text);
    switch (fault->kind) {
    case FAULT_CUT:
    case FAULT_BRIDGE:
    case FAULT_ONE_WAY: cut(sim, fault); break;
    case FAULT_CLOCK_STEP: sim_step_clock(sim, fault->member, fault->amount); break;
    case FAULT_CLOCK_DRIFT: drift(sim, fault); break;
    default: strike_body(sim, &sim->members[fault->member], fault);
    }
}

void sim_on_fault(struct sim *sim, const struct event *event) {
    struct sim_member *body = &sim->members[event->body];
    switch (event->kind) {
    case ON_FAULT:
        if (!sim->quiet) sim_fault(sim, &sim->faults[event->from]);
        break;
    case ON_RESTART:
        if (event->life == body->life) sim_body_restart(body);
        break;
    case ON_COPY_BACK:
        if (!sim->quiet) crash(sim, body, event->extra, START_COPY);
        break;
    case ON_LINK:
        if (event->life == sim->links_life) sim_unblock(sim, event->from, event->body);
        break;
    default: CHECK(false); /* sim_run_until hands over no others */
    }
}
