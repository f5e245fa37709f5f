/* Checkers: what must never happen, looked at after every event (docs/TESTING.md). The first contradiction ends the run. */
#include <stdarg.h>
#include <stdlib.h>

#include "base/check.h"
#include "quorum/tally.h"
#include "sim/world.h"

void sim_violation(struct sim *sim, const char *what, const char *format, ...) {
    if (sim->report.violation != NULL) return;
    sim->report.violation = what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim->report.detail, sizeof sim->report.detail, format, arguments);
    va_end(arguments);
    sim_trace(sim, "VIOLATION: %s (%s)", what, sim->report.detail);
}

/* No two final blocks at a height, and one root for everybody. */
void sim_check_height(struct sim_member *member, uint64_t height, const struct hash *block_hash,
                      const struct checkpoint *checkpoint) {
    struct sim *sim = member->sim;
    if (height > sim->finals_count + 1) {
        sim_violation(sim, "a height was skipped", "member %u at %llu", member->number, (unsigned long long)height);
        return;
    }
    if (height == sim->finals_count + 1) {
        if (sim->finals_count == sim->finals_capacity) {
            sim->finals_capacity = sim->finals_capacity == 0 ? 256 : 2 * sim->finals_capacity;
            sim->finals = realloc(sim->finals, sim->finals_capacity * sizeof *sim->finals);
            CHECK(sim->finals != NULL);
        }
        sim->finals[sim->finals_count++] = (struct final_height){*block_hash, checkpoint->root};
        char hex[17];
        bytes_to_hex(checkpoint->root.bytes, 8, hex);
        sim_trace(sim, "height %llu is final, root %s, first at m%u", (unsigned long long)height, hex,
                  member->number);
        return;
    }
    const struct final_height *first = &sim->finals[height - 1];
    if (!hash_equal(&first->block, block_hash))
        sim_violation(sim, "two final blocks at one height", "height %llu, member %u", (unsigned long long)height,
                      member->number);
    if (!hash_equal(&first->root, &checkpoint->root))
        sim_violation(sim, "two roots at one height", "height %llu, member %u", (unsigned long long)height,
                      member->number);
}

/* Every simulated member is honest here, so none may ever look guilty. */
void sim_check_proof(struct sim_member *member, uint32_t guilty) {
    sim_violation(member->sim, "an honest member looks guilty", "member %u, told by %u", guilty, member->number);
}

void sim_check_certified(struct sim_member *member, const struct checkpoint *checkpoint,
                         const struct checkpoint_signature *signatures, uint32_t count) {
    struct sim *sim = member->sim;
    struct member_set signers = {0};
    for (uint32_t i = 0; i < count; i++) {
        member_set_add(&signers, signatures[i].member);
        if (checkpoint_verify(checkpoint, &sim->chain, sim->genesis.keys[signatures[i].member],
                              signatures[i].signature) != STATUS_OK)
            sim_violation(sim, "a certificate does not verify", "height %llu",
                          (unsigned long long)checkpoint->height);
    }
    if (!member_set_quorum(&signers, sim->config.members, checkpoint->threshold))
        sim_violation(sim, "a certificate below its threshold", "height %llu",
                      (unsigned long long)checkpoint->height);
    bool known = checkpoint->height >= 1 && checkpoint->height <= sim->finals_count;
    if (!known || !hash_equal(&sim->finals[checkpoint->height - 1].root, &checkpoint->root))
        sim_violation(sim, "a certificate of a root that is not final", "height %llu",
                      (unsigned long long)checkpoint->height);
}

/* Everybody has executed everything that was ever acknowledged, and has a certificate for it. */
bool sim_check_settled(struct sim *sim) {
    for (uint32_t i = 0; i < sim->config.members; i++) {
        const struct sim_member *member = &sim->members[i];
        struct replica_status status;
        replica_status(member->replica, &status);
        if (status.checkpoint.height != sim->finals_count || status.certified_height != sim->finals_count)
            return false;
        for (uint32_t lane = 0; lane < sim->config.members; lane++) {
            struct replica_lane held;
            replica_lane(member->replica, lane, &held);
            if (held.committed_seq < sim->members[lane].acknowledged_seq) return false;
        }
    }
    return true;
}
