/* A body's life: it starts from its disk, runs, crashes. What the daemon does at the end of a turn of its loop is done here: flush,
 * commit, and only then let the sends go. */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

/* Each snapshot binds the whole state into the root that members compare: so often, whatever two of them have different, however deep inside,
 * is seen soon after. */
enum { SNAPSHOT_EVERY = 8 };

bool sim_honest(const struct sim_member *body) { return !body->sim->liar[body->number]; }

struct replica_time sim_time(const struct sim_member *body) {
    const struct sim *sim = body->sim;
    uint32_t m = body->number;
    int64_t drifted = (int64_t)((sim->now_us - sim->drift_us[m]) / 1000) * sim->drift[m] / 1000;
    int64_t wall_us = (int64_t)(SIM_EPOCH_US + sim->now_us) + sim->clock_us[m] + drifted;
    return (struct replica_time){sim->now_us + 1, (uint64_t)wall_us};
}

static void schedule_timer(struct sim_member *body) {
    uint64_t deadline_us = replica_deadline_us(body->replica);
    if (deadline_us == UINT64_MAX) return;
    uint64_t at_us = num_max_u64(deadline_us, body->sim->now_us + 1);
    if (body->timer_us != 0 && body->timer_us <= at_us) return;
    body->timer_us = at_us;
    sim_schedule(body->sim, (struct event){.at_us = at_us, .kind = ON_TIMER, .body = body->body, .life = body->life});
}

void sim_on_timer(struct sim *sim, const struct event *event) {
    struct sim_member *body = &sim->members[event->body];
    if (body->replica == NULL || event->life != body->life) return;
    if (body->timer_us == event->at_us) body->timer_us = 0;
    if (replica_deadline_us(body->replica) <= sim_time(body).mono_us) replica_on_tick(body->replica, sim_time(body));
    sim_after_input(body);
}

/* It stops by itself, because of its disk or at a write that it was to crash at, and is started again later. */
static void stop(struct sim_member *body) {
    uint64_t down_us = body->down_us;
    sim_body_crash(body);
    sim_schedule(body->sim, (struct event){.at_us = body->sim->now_us + num_max_u64(down_us, 1),
                                           .kind = ON_RESTART,
                                           .body = body->body,
                                           .life = body->life});
}

void sim_after_input(struct sim_member *body) {
    struct sim *sim = body->sim;
    replica_flush(body->replica, sim_time(body));
    if (body->doomed && body->doom != FAULT_CRASH_SENT) {
        stop(body);
        return;
    }
    enum status committed = sim->disk->commit(body->disk);
    if (committed != STATUS_OK) {
        sim_trace(sim, "m%u: its disk fails: %s", body->number, status_text(committed));
        /* The ledger's own refusals are of what an honest member never writes. */
        if (committed != STATUS_IO && committed != STATUS_DISK_FULL && sim_honest(body))
            sim_violation(sim, "a ledger refuses what its own member writes", "member %u: %s", body->number,
                          status_text(committed));
        stop(body);
        return;
    }
    if (body->doomed) {
        stop(body);
        return;
    }
    struct replica_lane own;
    struct replica_status status;
    sim_take_key(body);
    replica_lane(body->replica, body->number, &own);
    replica_status(body->replica, &status);
    body->remembers = status.forgetful ? MEMORY_LOST : status.lane_closed ? MEMORY_LANE_LOST : MEMORY_WHOLE;
    body->acknowledged_seq = num_max_u64(body->acknowledged_seq, own.tip.seq);
    body->newest_wall_us = num_max_u64(body->newest_wall_us, own.wall_us);
    sim_release(body);
    schedule_timer(body);
}

static void report_flip(struct sim_member *body, enum status restored, const char *what) {
    if (restored == STATUS_OK)
        sim_violation(body->sim, "a flipped bit was not noticed", "member %u, in %s", body->number, what);
    sim_trace(body->sim, "m%u: a bit of %s has flipped: %s", body->number, what, status_text(restored));
}

/* With a flipped bit the member must not start; what it says is to move the ledger away and to come back without. */
static bool restore_flipped(struct sim_member *body, struct replica *replica) {
    const char *what = "nothing";
    enum status restored = body->sim->disk->restore_flipped(body->disk, replica, body->flip, &what);
    body->flip = 0;
    if (restored == STATUS_NOT_FOUND) return false;
    report_flip(body, restored, what);
    return true;
}

static struct replica *boot(struct sim_member *body) {
    struct sim *sim = body->sim;
    body->memory =
        mmap(NULL, sim->replica_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(body->memory != MAP_FAILED);
    struct replica_config config = sim->replica_config;
    struct replica_ports ports = sim_ports_of(body);
    uint8_t secrets[3][SECRET_BYTES];
    config.self = body->number;
    sim_configure_keys(body, secrets, &config);
    struct replica *replica = replica_init(body->memory, sim->replica_bytes, &config, &ports);
    machine_snapshot_every(replica_machine(replica), SNAPSHOT_EVERY);
    return replica;
}

static void unboot(struct sim_member *body) {
    munmap(body->memory, body->sim->replica_bytes);
    body->memory = NULL;
}

static void start(struct sim_member *body) {
    struct sim *sim = body->sim;
    if (body->restart != START_KEPT) body->remembers = MEMORY_LOST;
    struct replica *replica = boot(body);
    if (body->flip != 0 && restore_flipped(body, replica)) {
        unboot(body);
        sim_body_replace_disk(body, sim->disk->open(&sim->chain));
        body->remembers = MEMORY_LOST;
        replica = boot(body);
    } else if (body->flip != 0) {
        body->flip = 0;
    }
    enum status restored = sim->disk->restore(body->disk, replica);
    if (restored != STATUS_OK && sim_honest(body))
        sim_violation(sim, "a ledger that only crashed can't be restored", "member %u: %s", body->number,
                      status_text(restored));
    body->restart = START_KEPT;
    body->life++;
    body->timer_us = 0;
    body->in_height = body->doomed = body->failing = false;
    body->doomed_write = 0;
    body->replica = replica;
    sim_take_key(body);
    replica_start(replica, sim_time(body), body->remembers);
    for (uint32_t peer = 0; peer < sim->config.members; peer++) {
        bool up = peer != body->number && sim->members[peer].replica != NULL;
        if (up && sim_link_up(sim, body->number, peer)) replica_on_link(replica, sim_time(body), peer, true);
    }
    sim_after_input(body);
}

void sim_body_open(struct sim *sim, uint32_t index, uint32_t number) {
    struct sim_member *body = &sim->members[index];
    body->sim = sim;
    body->body = index;
    body->number = number;
    body->disk = sim->disk->open(&sim->chain);
    body->proven = calloc(sim->config.members, sizeof *body->proven);
    body->heard_since = calloc(sim->config.members, sizeof *body->heard_since);
    CHECK(body->proven != NULL && body->heard_since != NULL);
}

void sim_body_close(struct sim_member *body) {
    if (body->replica != NULL) unboot(body);
    for (size_t k = 0; k < body->outgoing_count; k++) sim_frame_drop(body->outgoing[k].frame);
    free(body->outgoing);
    sim_attacker_close(body);
    sim_witness_crash(body);
    sim_certificates_forget(body);
    free(body->heard_since);
    free(body->proven);
    if (body->copy != NULL) body->sim->disk->close(body->copy);
    body->sim->disk->close(body->disk);
}

/* What was durable on the old disk alone is nobody's duty any more. */
void sim_body_replace_disk(struct sim_member *body, void *disk) {
    body->sim->disk->close(body->disk);
    body->disk = disk;
    body->acknowledged_seq = 0;
    body->sim->lost[body->number] = true;
}

void sim_body_crash(struct sim_member *body) {
    struct sim *sim = body->sim;
    if (body->replica == NULL) return;
    sim_trace(sim, "m%u crashes", body->number);
    sim->report.crashes++;
    body->replica = NULL;
    body->life++;
    unboot(body);
    for (size_t i = 0; i < body->outgoing_count; i++) sim_frame_drop(body->outgoing[i].frame);
    body->outgoing_count = 0;
    sim->disk->crash(body->disk);
    sim_witness_crash(body);
    sim_tell_body(body, false);
}

void sim_body_restart(struct sim_member *body) {
    static const char *const how[] = {"", " without its memory", " from an old copy"};
    if (body->replica != NULL) return;
    struct sim *sim = body->sim;
    if (body->restart == START_COPY && body->copy == NULL) body->restart = START_FORGOTTEN;
    sim_trace(sim, "m%u starts%s", body->number, how[body->restart]);
    if (body->restart == START_FORGOTTEN) sim_body_replace_disk(body, sim->disk->open(&sim->chain));
    if (body->restart == START_COPY) {
        sim_body_replace_disk(body, body->copy);
        body->copy = NULL;
    }
    start(body);
    if (body->replica != NULL) sim_tell_body(body, true);
}

void sim_crash(struct sim *sim, uint32_t member) { sim_body_crash(&sim->members[member]); }

void sim_restart(struct sim *sim, uint32_t member, enum sim_start how) {
    sim->members[member].restart = how;
    sim_body_restart(&sim->members[member]);
}

struct replica *sim_replica(struct sim *sim, uint32_t member) {
    return sim->members[member].replica;
}

void sim_step_clock(struct sim *sim, uint32_t number, int64_t by_us) {
    sim_trace(sim, "m%u: its clock steps by %lld us", number, (long long)by_us);
    sim->clock_us[number] += by_us;
}
