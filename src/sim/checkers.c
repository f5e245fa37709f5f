/* Checkers: what must never happen, looked at after every event (docs/TESTING.md). The first contradiction ends the run. */
#include <stdarg.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/merkle.h"
#include "quorum/tally.h"
#include "sim/world.h"

/* Consistency with an earlier checkpoint is proven at every so many heights. */
enum { CONSISTENCY_EVERY = 8 };
/* Events in a virtual second, per pair of members: a group at work needs some dozens; thousands are a storm. */
enum { BUSY_EVENTS_MAX = 20000 };
/* Frames that one input may cause, per member. Answers to a request for views are the longest: three certificates for each of 64. */
enum { BURST_MAX = 512 };

void sim_violation(struct sim *sim, const char *what, const char *format, ...) {
    if (sim->report.violation != NULL) return;
    sim->report.violation = what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim->report.detail, sizeof sim->report.detail, format, arguments);
    va_end(arguments);
    sim_trace(sim, "VIOLATION: %s (%s)", what, sim->report.detail);
}

/* The log of this checkpoint begins with the log of an earlier one. */
static void check_append_only(struct sim_member *body, const struct checkpoint *checkpoint) {
    struct sim *sim = body->sim;
    if (checkpoint->height % CONSISTENCY_EVERY != 0 || body->failing) return;
    const struct final_height *old = &sim->finals[checkpoint->height - CONSISTENCY_EVERY / 2 - 1];
    struct hash proof[MERKLE_PROOF_MAX];
    size_t count;
    enum status made =
        merkle_consistency_make(old->size, checkpoint->size, sim->disk->read_node, body->disk, proof, &count);
    if (made == STATUS_OK)
        made = merkle_consistency_check(old->size, &old->root, checkpoint->size, &checkpoint->root, proof, count);
    if (made != STATUS_OK)
        sim_violation(sim, "the log is not append-only", "member %u at height %llu: %s", body->number,
                      (unsigned long long)checkpoint->height, status_text(made));
}

static void first_final(struct sim_member *body, uint64_t height, const struct hash *block_hash, struct slice bytes,
                        const struct checkpoint *checkpoint) {
    struct sim *sim = body->sim;
    struct block block;
    struct hash hash;
    if (sim->finals_count == sim->finals_capacity) {
        sim->finals_capacity = sim->finals_capacity == 0 ? 256 : 2 * sim->finals_capacity;
        sim->finals = realloc(sim->finals, sim->finals_capacity * sizeof *sim->finals);
        CHECK(sim->finals != NULL);
    }
    const struct hash *parent = height == 1 ? &sim->chain : &sim->finals[height - 2].block;
    sim->finals[sim->finals_count++] =
        (struct final_height){*block_hash, checkpoint->root, checkpoint->size, checkpoint->threshold};
    bool linked = block_read(bytes, &sim->chain, &block, &hash) == STATUS_OK && hash_equal(&hash, block_hash) &&
                  block.height == height && hash_equal(&block.parent, parent);
    if (!linked)
        sim_violation(sim, "a final block does not link to the one before", "height %llu",
                      (unsigned long long)height);
    char hex[17];
    bytes_to_hex(checkpoint->root.bytes, 8, hex);
    sim_trace(sim, "height %llu is final, root %s, first at m%u", (unsigned long long)height, hex, body->number);
    struct threshold before = height == 1 ? sim->config.threshold : sim->finals[height - 2].threshold;
    if (threshold_compare(before, checkpoint->threshold) != 0)
        sim_trace(sim, "the threshold is %u/%u from height %llu on", checkpoint->threshold.numerator,
                  checkpoint->threshold.denominator, (unsigned long long)height);
}

/* The threshold of a height is the one that the levels in its state ask for, written down a second time (docs/protocol.md 6): raised by
 * 15/100, to 9/10 at most, as soon as more members see a partition than the quorum does without. */
static bool threshold_fits(const struct sim *sim, uint32_t apart, uint64_t epoch, struct threshold is) {
    struct threshold base = sim_base(sim, epoch);
    bool raised = apart * base.denominator > sim->config.members * (base.denominator - base.numerator);
    bool is_base = is.numerator * base.denominator == base.numerator * is.denominator;
    bool is_nine_tenths = 10 * is.numerator >= 9 * is.denominator;
    bool has_more =
        20 * is.numerator * base.denominator >= is.denominator * (20 * base.numerator + 3 * base.denominator);
    return raised ? is_nine_tenths || has_more : is_base;
}

static void check_threshold(struct sim_member *body, const struct checkpoint *checkpoint) {
    uint32_t apart = 0;
    if (body->replica == NULL) return; /* it executes while it starts */
    const struct machine *machine = replica_machine(body->replica);
    for (uint32_t m = 0; m < body->sim->config.members; m++) apart += machine_member(machine, m).level >= LEVEL_MAJOR;
    if (!threshold_fits(body->sim, apart, checkpoint->epoch, checkpoint->threshold))
        sim_violation(body->sim, "a threshold that the levels do not ask for",
                      "%u/%u at height %llu of member %u, where %u members are apart",
                      checkpoint->threshold.numerator, checkpoint->threshold.denominator,
                      (unsigned long long)checkpoint->height, body->number, apart);
}

/* No two final blocks at a height, and one root for everybody. */
void sim_check_height(struct sim_member *body, uint64_t height, const struct hash *block_hash, struct slice block,
                      const struct checkpoint *checkpoint) {
    struct sim *sim = body->sim;
    if (height > sim->finals_count + 1) {
        sim_violation(sim, "a height was skipped", "member %u at %llu", body->number, (unsigned long long)height);
        return;
    }
    if (height == sim->finals_count + 1) first_final(body, height, block_hash, block, checkpoint);
    const struct final_height *first = &sim->finals[height - 1];
    if (!hash_equal(&first->block, block_hash))
        sim_violation(sim, "two final blocks at one height", "height %llu, member %u", (unsigned long long)height,
                      body->number);
    if (!hash_equal(&first->root, &checkpoint->root) || first->size != checkpoint->size)
        sim_violation(sim, "two roots at one height", "height %llu, member %u", (unsigned long long)height,
                      body->number);
    if (threshold_compare(first->threshold, checkpoint->threshold) != 0)
        sim_violation(sim, "two thresholds at one height", "height %llu, member %u", (unsigned long long)height,
                      body->number);
    check_threshold(body, checkpoint);
    check_append_only(body, checkpoint);
}

void sim_check_certified(struct sim_member *body, const struct checkpoint *checkpoint,
                         const struct checkpoint_signature *signatures, uint32_t count) {
    struct sim *sim = body->sim;
    struct member_set signers = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[KEY_BYTES];
        member_set_add(&signers, signatures[i].member);
        sim_key_in(sim, signatures[i].member, checkpoint->epoch, key);
        if (checkpoint_verify(checkpoint, &sim->chain, key, signatures[i].signature) != STATUS_OK)
            sim_violation(sim, "a certificate does not verify", "height %llu",
                          (unsigned long long)checkpoint->height);
    }
    if (!member_set_quorum(&signers, sim->config.members, checkpoint->threshold))
        sim_violation(sim, "a certificate below its threshold", "height %llu",
                      (unsigned long long)checkpoint->height);
    if (threshold_compare(checkpoint->threshold, sim_base(sim, checkpoint->epoch)) < 0)
        sim_violation(sim, "a certificate below the threshold of the genesis", "height %llu",
                      (unsigned long long)checkpoint->height);
    bool known = checkpoint->height >= 1 && checkpoint->height <= sim->finals_count;
    if (!known || !hash_equal(&sim->finals[checkpoint->height - 1].root, &checkpoint->root))
        sim_violation(sim, "a certificate of a root that is not final", "height %llu",
                      (unsigned long long)checkpoint->height);
    if (known && threshold_compare(checkpoint->threshold, sim->finals[checkpoint->height - 1].threshold) != 0)
        sim_violation(sim, "a certificate at another threshold than that of its height", "height %llu",
                      (unsigned long long)checkpoint->height);
}

/* A storm of messages, or a loop without end at one instant. Nothing is promised to those who are flooded by more liars than the group is
 * live for. */
void sim_check_busy(struct sim *sim) {
    uint64_t second = sim->now_us / 1000000;
    if (second != sim->busy_us) {
        sim->busy_us = second;
        sim->busy_events = 0;
        memset(sim->frames_of, 0, sizeof sim->frames_of);
    }
    uint64_t pairs = (uint64_t)sim->config.members * sim->config.members;
    if (++sim->busy_events <= pairs * BUSY_EVENTS_MAX / 16) return;
    uint32_t most = 0;
    for (uint32_t type = 1; type < FRAME_TYPE_COUNT; type++)
        if (sim->frames_of[type] > sim->frames_of[most]) most = type;
    sim_violation(sim, "a storm of messages", "%llu events in second %llu, %llu frames of type %u",
                  (unsigned long long)sim->busy_events, (unsigned long long)second,
                  (unsigned long long)sim->frames_of[most], most);
}

void sim_check_limits(struct sim_member *body) {
    struct sim *sim = body->sim;
    if (body->outgoing_count > (size_t)BURST_MAX * sim->config.members)
        sim_violation(sim, "one input caused a flood", "member %u sends %zu frames", body->number,
                      body->outgoing_count);
    struct replica_status status;
    replica_status(body->replica, &status);
    sim_watch_view(body, status.view);
    sim_check_certificates(body, status.certified_height);
    if (status.outstanding > LANE_OUTSTANDING_MAX || status.finalized_height < status.checkpoint.height ||
        status.certified_height > status.checkpoint.height)
        sim_violation(sim, "a queue beyond its limit", "member %u: %u batches outstanding", body->number,
                      status.outstanding);
}
