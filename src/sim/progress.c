/* Progress: what must happen once the world is well again, and that nothing happens when there is nothing to do. */
#include "base/check.h"
#include "base/num.h"
#include "quorum/quorum.h"
#include "sim/world.h"

/* A group that is well agrees on everything within so many views, per member: some are led by liars or by members that are behind. */
enum { SETTLE_VIEWS_PER_MEMBER = 12 };
#define STEP_US UINT64_C(100000)
#define IDLE_US UINT64_C(20000000)
/* A level falls half a minute after the heal, and is told. */
#define CALM_US UINT64_C(40000000)

uint64_t sim_newest_view(const struct sim *sim) {
    uint64_t newest = 0;
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->liar[i] || sim->members[i].replica == NULL) continue;
        struct replica_status status;
        replica_status(sim->members[i].replica, &status);
        newest = num_max_u64(newest, status.view);
    }
    return newest;
}

/* What was acknowledged and what was final when the world was healed. */
struct duty {
    uint64_t height;
    uint64_t seq[MEMBERS_MAX];
};

static void take_down(const struct sim *sim, struct duty *ret_duty) {
    *ret_duty = (struct duty){.height = sim->finals_count};
    for (uint32_t i = 0; i < sim->config.members; i++)
        ret_duty->seq[i] = sim->liar[i] ? 0 : sim->members[i].acknowledged_seq;
}

/* Certificates wait for more than a quorum while a partition is agreed on, and liars who are silent look like one
 * (docs/protocol.md 6): then only what the honest members can sign alone is asked for. */
static bool is_certifiable(const struct sim *sim, const struct checkpoint *newest) {
    uint32_t n = sim->config.members;
    return n - sim->liars >= quorum_size(n, newest->threshold);
}

bool sim_handed_over(struct replica *replica) {
    struct replica_status status;
    replica_status(replica, &status);
    for (uint64_t epoch = 0; epoch < status.epoch; epoch++) {
        struct slice bytes;
        if (replica_handover(replica, epoch, &bytes) != STATUS_OK) return false;
    }
    return true;
}

/* Without liars nothing at all is left to be done; with them there may always be something. */
static bool member_done(const struct sim *sim, uint32_t member, const struct duty *duty) {
    struct replica *replica = sim->members[member].replica;
    struct replica_status status;
    if (replica == NULL) return false;
    replica_status(replica, &status);
    uint64_t height = sim->liars == 0 ? sim->finals_count : duty->height;
    if (status.recovering || status.checkpoint.height < height || !sim_handed_over(replica)) return false;
    if (status.certified_height < height && is_certifiable(sim, &status.checkpoint)) return false;
    for (uint32_t lane = 0; lane < sim->config.members; lane++) {
        struct replica_lane held;
        replica_lane(replica, lane, &held);
        if (held.committed_seq < duty->seq[lane]) return false;
        if (sim->liars == 0 && held.tip.seq > held.committed_seq) return false;
    }
    return true;
}

static bool all_done(const struct sim *sim, const struct duty *duty) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (!sim->liar[i] && !member_done(sim, i, duty)) return false;
    }
    return true;
}

/* What was acknowledged is executed, as it was signed. A lane that began again with another key says again what was not executed of the one
 * before, in other batches. */
static void check_evidence(struct sim *sim, const struct duty *duty) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->liar[i] || sim->members[i].replica == NULL) continue;
        for (uint32_t lane = 0; lane < sim->config.members; lane++) {
            struct replica_lane held;
            replica_lane(sim->members[i].replica, lane, &held);
            for (uint64_t seq = seq_base(seq_epoch(held.tip.seq)) + 1; seq <= duty->seq[lane]; seq++) {
                const struct hash *said = sim_said_batch(sim, lane, seq);
                struct hash kept;
                enum status read = sim->disk_ports.read_lane(sim->members[i].disk, lane, seq, &kept);
                if (said == NULL || sim->lost[lane] || (read == STATUS_OK && hash_equal(said, &kept))) continue;
                sim_violation(sim, "acknowledged evidence is lost", "batch %llu of member %u at member %u",
                              (unsigned long long)seq, lane, i);
            }
        }
    }
}

static void tell_where_they_stand(struct sim *sim) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        struct replica_status s;
        struct replica_lane own;
        if (sim->members[i].replica == NULL) continue;
        replica_status(sim->members[i].replica, &s);
        replica_lane(sim->members[i].replica, i, &own);
        sim_trace(sim,
                  "m%u%s stands at view %llu, height %llu, final %llu, certified %llu, own lane %llu of %llu, votes "
                  "from %llu%s",
                  i, sim->liar[i] ? " (a liar)" : "", (unsigned long long)s.view,
                  (unsigned long long)s.checkpoint.height, (unsigned long long)s.finalized_height,
                  (unsigned long long)s.certified_height, (unsigned long long)own.committed_seq,
                  (unsigned long long)own.tip.seq, (unsigned long long)s.votes_from,
                  s.recovering ? ", recovering" : "");
    }
}

/* Whoever lost its ledger votes for nothing before q others have answered, and then in no view in which it may have voted before. Until
 * the others are past those it is one more of those that the group is without; with as many liars as it can bear, the answers and the
 * votes that are missing are theirs to give. */
static bool is_live(const struct sim *sim) {
    uint32_t without = sim->liars;
    for (uint32_t i = 0; i < sim->config.members; i++) {
        struct replica_status status;
        if (sim->liar[i] || sim->members[i].replica == NULL) continue;
        replica_status(sim->members[i].replica, &status);
        without += status.recovering || status.view < status.votes_from;
    }
    return without <= quorum_live(sim->config.members, sim->config.threshold);
}

/* The latest time in a batch that an honest member has taken. */
static uint64_t latest_taken_us(const struct sim *sim) {
    uint64_t latest_us = 0;
    for (uint32_t i = 0; i < sim->config.members; i++) {
        if (sim->liar[i] || sim->members[i].replica == NULL) continue;
        for (uint32_t lane = 0; lane < sim->config.members; lane++) {
            struct replica_lane held;
            replica_lane(sim->members[i].replica, lane, &held);
            latest_us = num_max_u64(latest_us, held.wall_us);
        }
    }
    return latest_us;
}

/* All clocks of honest members are set to one time, that of the clock that was farthest ahead: batches that it signed, and those of others
 * that it took and refers to, count only when the others' clocks have come there, and this is as if they had. */
static void set_clocks(struct sim *sim) {
    uint64_t latest_us = num_max_u64(SIM_EPOCH_US + sim->now_us, latest_taken_us(sim));
    for (uint32_t i = 0; i < sim->bodies; i++) {
        const struct sim_member *body = &sim->members[i];
        if (!sim_honest(body)) continue;
        latest_us = num_max_u64(latest_us, sim_time(body).wall_us);
        latest_us = num_max_u64(latest_us, body->newest_wall_us);
    }
    for (uint32_t m = 0; m < sim->config.members; m++) {
        sim->clock_us[m] = (int64_t)(latest_us - SIM_EPOCH_US - sim->now_us);
        sim->drift[m] = 0;
        sim->drift_us[m] = sim->now_us;
    }
}

static void heal_everything(struct sim *sim) {
    sim->quiet = true;
    set_clocks(sim);
    sim_heal(sim);
    for (uint32_t i = 0; i < sim->bodies; i++) {
        struct sim_member *body = &sim->members[i];
        body->doomed_write = 0;
        sim_body_restart(body);
    }
    set_clocks(sim); /* again, with what those who were down have in their ledgers */
}

static void check_views(struct sim *sim, uint64_t before) {
    uint64_t newest = sim_newest_view(sim);
    /* Views begin anew with an epoch. */
    sim->report.settled_views = newest >= before ? newest - before : newest;
    uint64_t limit = (uint64_t)SETTLE_VIEWS_PER_MEMBER * sim->config.members;
    if (sim->report.settled_views > limit)
        sim_violation(sim, "too many views until everything was agreed on", "%llu, allowed are %llu",
                      (unsigned long long)sim->report.settled_views, (unsigned long long)limit);
}

bool sim_settle(struct sim *sim, uint64_t limit_us) {
    struct duty duty;
    heal_everything(sim);
    take_down(sim, &duty);
    bool live = sim->liars <= quorum_live(sim->config.members, sim->config.threshold);
    uint64_t until_us = sim->now_us + (live ? limit_us : num_min_u64(limit_us, 10000000));
    uint64_t view = sim_newest_view(sim);
    while (sim->now_us < until_us) {
        if (!sim_run_until(sim, sim->now_us + STEP_US)) return false;
        if (!all_done(sim, &duty)) continue;
        check_evidence(sim, &duty);
        if (live) check_views(sim, view);
        return sim->report.violation == NULL;
    }
    if (!live || !is_live(sim)) return true;
    tell_where_they_stand(sim);
    sim_violation(sim, "no progress after the network healed", "within %llu ms",
                  (unsigned long long)(limit_us / 1000));
    return false;
}

/* Heartbeats carry acknowledgements along, and may ask for a signature that was lost. */
static bool idle_type(uint32_t type) { return type == FRAME_HEARTBEAT || type == FRAME_ACK; }

static bool is_calm(const struct sim *sim) {
    for (uint32_t m = 0; m < sim->config.members; m++) {
        struct replica_reach reach;
        if (sim->members[m].replica == NULL) continue;
        replica_reach(sim->members[m].replica, &reach);
        if (reach.level != machine_member(replica_machine(sim->members[m].replica), m).level) return false;
        if (reach.level != reach.seen) return false;
    }
    return true;
}

bool sim_idle(struct sim *sim) {
    if (sim->liars > 0) return true;
    if (!is_calm(sim) && !sim_run_until(sim, sim->now_us + CALM_US)) return false;
    /* The counts are of the present second. Batches that only tell the time follow until the last window has passed; votes that were not waited for come in. */
    if (!sim_run_until(sim, sim->now_us + IDLE_US)) return false;
    uint64_t until_us = sim->now_us + IDLE_US;
    while (sim->now_us < until_us && sim_run_until(sim, sim->now_us + STEP_US)) {
        for (uint32_t type = 0; type < FRAME_TYPE_COUNT; type++) {
            if (sim->frames_of[type] == 0 || idle_type(type)) continue;
            sim_violation(sim, "an idle world is not silent", "%llu frames of type %u",
                          (unsigned long long)sim->frames_of[type], type);
        }
    }
    return sim->report.violation == NULL;
}
