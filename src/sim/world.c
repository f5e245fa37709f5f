/* The world: members, their lives, virtual time (sim/sim.h). */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/num.h"
#include "crypto/ed25519.h"
#include "sim/world.h"

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

/* --- the queue of events: a binary heap by (time, order) --- */

static bool earlier(const struct event *a, const struct event *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_schedule(struct sim *sim, struct event event) {
    if (sim->events_count == sim->events_capacity) {
        sim->events_capacity = sim->events_capacity == 0 ? 1024 : 2 * sim->events_capacity;
        sim->events = realloc(sim->events, sim->events_capacity * sizeof *sim->events);
        CHECK(sim->events != NULL);
    }
    event.order = sim->order++;
    size_t at = sim->events_count++;
    while (at > 0 && earlier(&event, &sim->events[(at - 1) / 2])) {
        sim->events[at] = sim->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->events[at] = event;
}

static struct event take_event(struct sim *sim) {
    struct event first = sim->events[0];
    struct event last = sim->events[--sim->events_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= sim->events_count) break;
        if (child + 1 < sim->events_count && earlier(&sim->events[child + 1], &sim->events[child])) child++;
        if (!earlier(&sim->events[child], &last)) break;
        sim->events[at] = sim->events[child];
        at = child;
    }
    if (sim->events_count > 0) sim->events[at] = last;
    return first;
}

/* --- members --- */

struct replica_time sim_time(const struct sim_member *member) {
    uint64_t now = member->sim->now_us;
    return (struct replica_time){now + 1, (uint64_t)((int64_t)(SIM_EPOCH_US + now) + member->clock_us)};
}

static void port_event(void *context, const struct replica_event *event) {
    struct sim_member *member = context;
    struct sim *sim = member->sim;
    if (event->kind == EVENT_MISBEHAVIOUR) sim_check_proof(member, event->member);
    if (event->kind == EVENT_DIVERGED)
        sim_violation(sim, "an honest member diverged", "member %u at height %llu", member->number,
                      (unsigned long long)event->height);
    if (event->kind == EVENT_PEER_REFUSED)
        sim_trace(sim, "m%u refuses a frame of m%u: %s", member->number, event->member, status_text(event->status));
}

/* The disk's ports get the disk; these wrappers put checkers in between. */
static void port_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                        struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    struct sim_member *member = context;
    struct replica_ports ports;
    member->sim->disk->fill(&ports);
    ports.persist_height(member->disk, height, block_hash, block, finalization, time_us, checkpoint);
    sim_check_height(member, height, block_hash, checkpoint);
}

static void port_certified(void *context, const struct checkpoint *checkpoint,
                           const struct checkpoint_signature *signatures, uint32_t count) {
    struct sim_member *member = context;
    struct replica_ports ports;
    member->sim->disk->fill(&ports);
    ports.persist_certified(member->disk, checkpoint, signatures, count);
    sim_check_certified(member, checkpoint, signatures, count);
}

#define FORWARD(name, parameters, arguments)                                                                         \
    static void port_##name parameters {                                                                             \
        struct sim_member *member = context;                                                                         \
        struct replica_ports ports;                                                                                  \
        member->sim->disk->fill(&ports);                                                                             \
        ports.persist_##name arguments;                                                                              \
    }
FORWARD(batch,
        (void *context, const struct header *header, const struct hash *hash, struct slice bytes, struct slice body,
         struct slice contents),
        (member->disk, header, hash, bytes, body, contents))
FORWARD(vote, (void *context, const struct vote *vote), (member->disk, vote))
FORWARD(certificate, (void *context, uint64_t view, enum vote_kind kind, struct slice bytes),
        (member->disk, view, kind, bytes))
FORWARD(block, (void *context, const struct hash *hash, uint64_t view, struct slice bytes),
        (member->disk, hash, view, bytes))
FORWARD(leaf, (void *context, uint64_t index, struct slice bytes, const struct hash *hash),
        (member->disk, index, bytes, hash))
FORWARD(executed, (void *context, const struct hash *batch, uint64_t height), (member->disk, batch, height))
FORWARD(proof, (void *context, uint32_t guilty, struct slice bytes), (member->disk, guilty, bytes))
#undef FORWARD

#define READ(name, parameters, arguments)                                                                            \
    static enum status port_read_##name parameters {                                                                 \
        struct sim_member *member = context;                                                                         \
        struct replica_ports ports;                                                                                  \
        member->sim->disk->fill(&ports);                                                                             \
        return ports.read_##name arguments;                                                                          \
    }
READ(batch,
     (void *context, const struct hash *hash, struct slice *header, struct slice *body, struct slice *contents),
     (member->disk, hash, header, body, contents))
READ(lane, (void *context, uint32_t lane, uint64_t seq, struct hash *hash), (member->disk, lane, seq, hash))
READ(height, (void *context, uint64_t height, struct slice *block, struct slice *finalization),
     (member->disk, height, block, finalization))
#undef READ

static struct replica_ports ports_of(struct sim_member *member) {
    return (struct replica_ports){.context = member,
                                  .persist_batch = port_batch,
                                  .persist_vote = port_vote,
                                  .persist_certificate = port_certificate,
                                  .persist_block = port_block,
                                  .persist_leaf = port_leaf,
                                  .persist_executed = port_executed,
                                  .persist_height = port_height,
                                  .persist_certified = port_certified,
                                  .persist_proof = port_proof,
                                  .read_batch = port_read_batch,
                                  .read_lane = port_read_lane,
                                  .read_height = port_read_height,
                                  .send = sim_port_send,
                                  .event = port_event};
}

static void schedule_timer(struct sim_member *member) {
    uint64_t deadline_us = replica_deadline_us(member->replica);
    if (deadline_us == UINT64_MAX) return;
    uint64_t at_us = num_max_u64(deadline_us, member->sim->now_us + 1);
    if (member->timer_us != 0 && member->timer_us <= at_us) return;
    member->timer_us = at_us;
    sim_schedule(member->sim,
                 (struct event){.at_us = at_us, .kind = ON_TIMER, .member = member->number, .life = member->life});
}

/* What the daemon does at the end of a turn of its loop: flush, commit, and only then let the sends go. */
void sim_after_input(struct sim_member *member) {
    struct sim *sim = member->sim;
    replica_flush(member->replica, sim_time(member));
    enum status committed = sim->disk->commit(member->disk);
    if (committed != STATUS_OK) {
        sim_trace(sim, "m%u: its disk fails: %s", member->number, status_text(committed));
        sim_crash(sim, member->number);
        return;
    }
    struct replica_lane own;
    replica_lane(member->replica, member->number, &own);
    member->acknowledged_seq = num_max_u64(member->acknowledged_seq, own.tip.seq);
    sim_release(member);
    schedule_timer(member);
}

static void start(struct sim_member *member, bool amnesia) {
    struct sim *sim = member->sim;
    CHECK(member->replica == NULL);
    member->memory =
        mmap(NULL, sim->replica_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(member->memory != MAP_FAILED);
    struct replica_config config = sim->replica_config;
    struct replica_ports ports = ports_of(member);
    config.self = member->number;
    config.secret = member->secret;
    struct replica *replica = replica_init(member->memory, sim->replica_bytes, &config, &ports);
    enum status restored = sim->disk->restore(member->disk, replica);
    if (restored != STATUS_OK)
        sim_violation(sim, "a ledger that only crashed can't be restored", "member %u: %s", member->number,
                      status_text(restored));
    member->life++;
    member->timer_us = 0;
    replica_start(replica, sim_time(member), amnesia);
    member->replica = replica;
    for (uint32_t peer = 0; peer < sim->config.members; peer++) {
        if (peer == member->number || sim->members[peer].replica == NULL || !sim_connected(sim, member->number, peer))
            continue;
        replica_on_link(replica, sim_time(member), peer, true);
    }
    sim_after_input(member);
}

void sim_crash(struct sim *sim, uint32_t number) {
    struct sim_member *member = &sim->members[number];
    if (member->replica == NULL) return;
    sim_trace(sim, "m%u crashes", number);
    sim->report.crashes++;
    member->replica = NULL;
    member->life++;
    munmap(member->memory, sim->replica_bytes);
    for (size_t i = 0; i < member->outgoing_count; i++) sim_frame_drop(member->outgoing[i].frame);
    member->outgoing_count = 0;
    sim->disk->crash(member->disk);
    for (uint32_t peer = 0; peer < sim->config.members; peer++) {
        struct sim_member *other = &sim->members[peer];
        if (peer == number || other->replica == NULL || !sim_connected(sim, number, peer)) continue;
        replica_on_link(other->replica, sim_time(other), number, false);
        sim_after_input(other);
    }
}

void sim_restart(struct sim *sim, uint32_t number, bool amnesia) {
    struct sim_member *member = &sim->members[number];
    if (member->replica != NULL) return;
    sim_trace(sim, "m%u starts%s", number, amnesia ? " without its memory" : "");
    if (amnesia) {
        sim->disk->close(member->disk);
        member->disk = sim->disk->open(&sim->chain);
    }
    start(member, amnesia);
    for (uint32_t peer = 0; peer < sim->config.members; peer++) {
        struct sim_member *other = &sim->members[peer];
        if (peer == number || other->replica == NULL || !sim_connected(sim, number, peer)) continue;
        replica_on_link(other->replica, sim_time(other), number, true);
        sim_after_input(other);
    }
}

void sim_step_clock(struct sim *sim, uint32_t number, int64_t by_us) {
    sim_trace(sim, "m%u: its clock steps by %lld us", number, (long long)by_us);
    sim->members[number].clock_us += by_us;
}

struct replica *sim_replica(struct sim *sim, uint32_t member) {
    return sim->members[member].replica;
}

/* --- the run --- */

static void on_timer(struct sim *sim, const struct event *event) {
    struct sim_member *member = &sim->members[event->member];
    if (member->replica == NULL || event->life != member->life) return;
    if (member->timer_us == event->at_us) member->timer_us = 0;
    if (replica_deadline_us(member->replica) <= sim_time(member).mono_us)
        replica_on_tick(member->replica, sim_time(member));
    sim_after_input(member);
}

static void handle(struct sim *sim, const struct event *event) {
    switch (event->kind) {
    case ON_TIMER: on_timer(sim, event); break;
    case ON_ARRIVAL: sim_deliver(sim, event); break;
    case ON_SUBMIT: sim_on_submit(sim, &sim->members[event->member]); break;
    case ON_CRASH:
    case ON_RESTART:
    case ON_CUT:
    case ON_HEAL:
    case ON_CLOCK_STEP: sim_on_fault(sim, event); break;
    }
}

bool sim_run_until(struct sim *sim, uint64_t until_us) {
    while (sim->report.violation == NULL && sim->events_count > 0 && sim->events[0].at_us <= until_us) {
        struct event event = take_event(sim);
        sim->now_us = event.at_us;
        sim->report.events++;
        handle(sim, &event);
    }
    if (sim->report.violation == NULL) sim->now_us = num_max_u64(sim->now_us, until_us);
    return sim->report.violation == NULL;
}

bool sim_settle(struct sim *sim, uint64_t limit_us) {
    sim->quiet = true;
    sim_heal(sim);
    for (uint32_t i = 0; i < sim->config.members; i++) sim_restart(sim, i, false);
    uint64_t until_us = sim->now_us + limit_us;
    while (sim->now_us < until_us) {
        if (!sim_run_until(sim, sim->now_us + 100000)) return false;
        if (sim_check_settled(sim)) return true;
    }
    for (uint32_t i = 0; i < sim->config.members; i++) {
        struct replica_status s;
        struct replica_lane own;
        replica_status(sim->members[i].replica, &s);
        replica_lane(sim->members[i].replica, i, &own);
        sim_trace(sim, "m%u stands at view %llu, height %llu, final %llu, certified %llu, own lane %llu of %llu", i,
                  (unsigned long long)s.view, (unsigned long long)s.checkpoint.height,
                  (unsigned long long)s.finalized_height, (unsigned long long)s.certified_height,
                  (unsigned long long)own.committed_seq, (unsigned long long)own.tip.seq);
    }
    sim_violation(sim, "no progress after the network healed", "within %llu ms",
                  (unsigned long long)(limit_us / 1000));
    return false;
}

uint64_t sim_now(const struct sim *sim) { return sim->now_us; }

static void sum_up(const struct sim *sim, struct sim_report *report) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->members[i].replica == NULL) continue;
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

static void make_genesis(struct sim *sim) {
    struct genesis *genesis = &sim->genesis;
    snprintf(genesis->name, sizeof genesis->name, "simulated");
    genesis->created_us = SIM_EPOCH_US;
    genesis->threshold = sim->config.threshold;
    genesis->members = sim->config.members;
    genesis->state_bytes_max = STATE_BYTES_MIN;
    for (uint32_t i = 0; i < genesis->members; i++) {
        /* Keys are the same for every seed: only what happens to them differs. */
        uint8_t seed[32] = {0};
        for (int b = 0; b < 4; b++) seed[b] = (uint8_t)(i >> (8 * b));
        ed25519_from_seed(seed, sim->members[i].secret, genesis->keys[i]);
        snprintf(genesis->member_names[i], sizeof genesis->member_names[i], "m%u", i);
    }
    genesis_chain(genesis, &sim->chain);
}

struct sim *sim_open(const struct sim_config *config, const struct sim_disk *disk) {
    CHECK(config->members >= MEMBERS_MIN && config->members <= MEMBERS_MAX);
    struct sim *sim = calloc(1, sizeof *sim);
    CHECK(sim != NULL);
    sim->config = *config;
    if (sim->config.threshold.denominator == 0) sim->config.threshold = (struct threshold){3, 4};
    if (sim->config.delay_min_us == 0) sim->config.delay_min_us = 200;
    if (sim->config.delay_max_us == 0) sim->config.delay_max_us = 2000;
    sim->config.delay_max_us = num_max_u64(sim->config.delay_max_us, sim->config.delay_min_us);
    sim->disk = disk;
    struct prng prng = prng_seeded(config->seed);
    sim->network = prng_fork(&prng);
    sim->workload = prng_fork(&prng);
    sim->chaos = prng_fork(&prng);
    uint32_t n = config->members;
    sim->members = calloc(n, sizeof *sim->members);
    sim->side = calloc(n, 1);
    sim->blocked = calloc((size_t)n * n, sizeof *sim->blocked);
    CHECK(sim->members != NULL && sim->side != NULL && sim->blocked != NULL);
    make_genesis(sim);
    sim->replica_config = (struct replica_config){.genesis = &sim->genesis, .secret = sim->members[0].secret};
    sim->replica_bytes = replica_bytes(&sim->replica_config);
    for (uint32_t i = 0; i < n; i++) {
        sim->members[i].sim = sim;
        sim->members[i].number = i;
        sim->members[i].disk = disk->open(&sim->chain);
        sim_restart(sim, i, false);
    }
    sim_start_chaos(sim);
    return sim;
}

void sim_close(struct sim *sim) {
    if (sim == NULL) return;
    for (uint32_t i = 0; i < sim->config.members; i++) {
        struct sim_member *member = &sim->members[i];
        if (member->replica != NULL) munmap(member->memory, sim->replica_bytes);
        for (size_t k = 0; k < member->outgoing_count; k++) sim_frame_drop(member->outgoing[k].frame);
        free(member->outgoing);
        sim->disk->close(member->disk);
    }
    for (size_t i = 0; i < sim->events_count; i++) sim_frame_drop(sim->events[i].frame);
    free(sim->events);
    free(sim->members);
    free(sim->side);
    free(sim->blocked);
    free(sim->finals);
    free(sim);
}
