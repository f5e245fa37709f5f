/* The ports of a simulated member: its disk's, with checkers in between, and crashes at a chosen write.
 *
 * A crash at a write is a crash of the whole step: nothing that a step hands to `send` leaves before its commit, so what the replica does
 * after the write and before the end of the step reaches nobody. For a torn step the writes up to the chosen one are committed, unless
 * they are part of a height, which the ledger's contract keeps whole; the crash drops the rest. */
#include "base/check.h"
#include "sim/world.h"

static void after_write(struct sim_member *body) {
    if (body->doomed_write == 0 || ++body->writes != body->doomed_write) return;
    body->doomed = true;
    if (body->doom != FAULT_CRASH_TORN || body->in_height) return;
    enum status committed = body->sim->disk->commit(body->disk);
    (void)committed; /* a failing disk keeps nothing of the step, which is a crash as well */
}

static void port_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                        struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    struct sim_member *body = context;
    body->sim->disk_ports.persist_height(body->disk, height, block_hash, block, finalization, time_us, checkpoint);
    body->in_height = false;
    if (sim_honest(body)) sim_check_height(body, height, block_hash, block, checkpoint);
    after_write(body);
}

static void port_certified(void *context, const struct checkpoint *checkpoint,
                           const struct checkpoint_signature *signatures, uint32_t count) {
    struct sim_member *body = context;
    body->sim->disk_ports.persist_certified(body->disk, checkpoint, signatures, count);
    if (sim_honest(body)) sim_check_certified(body, checkpoint, signatures, count);
    after_write(body);
}

static void port_batch(void *context, const struct header *header, const struct hash *hash, struct slice bytes,
                       struct slice body_bytes, struct slice contents) {
    struct sim_member *body = context;
    body->sim->disk_ports.persist_batch(body->disk, header, hash, bytes, body_bytes, contents);
    sim_witness_kept(body, header, hash);
    after_write(body);
}

/* The genesis is a leaf outside any height. */
static void port_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *hash) {
    struct sim_member *body = context;
    body->in_height = index > 0;
    body->sim->disk_ports.persist_leaf(body->disk, index, bytes, hash);
    after_write(body);
}

static void port_executed(void *context, const struct hash *batch, uint64_t height) {
    struct sim_member *body = context;
    body->in_height = true;
    body->sim->disk_ports.persist_executed(body->disk, batch, height);
    after_write(body);
}

static void port_vote(void *context, const struct vote *vote) {
    struct sim_member *body = context;
    body->sim->disk_ports.persist_vote(body->disk, vote);
    sim_watch_vote(body, vote);
    after_write(body);
}

static void port_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice bytes) {
    struct sim_member *body = context;
    body->sim->disk_ports.persist_certificate(body->disk, view, kind, bytes);
    sim_watch_certificate(body, view, kind, bytes);
    after_write(body);
}

#define FORWARD(name, parameters, arguments)                                                                         \
    static void port_##name parameters {                                                                             \
        struct sim_member *body = context;                                                                           \
        body->sim->disk_ports.persist_##name arguments;                                                              \
        after_write(body);                                                                                           \
    }
FORWARD(block, (void *context, const struct hash *hash, uint64_t view, struct slice bytes),
        (body->disk, hash, view, bytes))
FORWARD(proof, (void *context, uint32_t guilty, struct slice bytes), (body->disk, guilty, bytes))
FORWARD(epoch, (void *context, uint64_t epoch, uint32_t position, struct slice bytes, struct slice finalization),
        (body->disk, epoch, position, bytes, finalization))
#undef FORWARD

#define READ(name, parameters, arguments)                                                                            \
    static enum status port_read_##name parameters {                                                                 \
        struct sim_member *body = context;                                                                           \
        return body->sim->disk_ports.read_##name arguments;                                                          \
    }
READ(batch,
     (void *context, const struct hash *hash, struct slice *header, struct slice *batch, struct slice *contents),
     (body->disk, hash, header, batch, contents))
READ(lane, (void *context, uint32_t lane, uint64_t seq, struct hash *hash), (body->disk, lane, seq, hash))
READ(height, (void *context, uint64_t height, struct slice *block, struct slice *finalization),
     (body->disk, height, block, finalization))
READ(epoch, (void *context, uint64_t epoch, uint32_t position, struct slice *bytes, struct slice *finalization),
     (body->disk, epoch, position, bytes, finalization))
READ(leaf, (void *context, uint64_t index, struct slice *bytes), (body->disk, index, bytes))
#undef READ

static void port_event(void *context, const struct replica_event *event) {
    struct sim_member *body = context;
    struct sim *sim = body->sim;
    if (event->kind == EVENT_MISBEHAVIOUR) sim_witness_proof(body, event->member);
    if (event->kind == EVENT_DIVERGED && sim_honest(body))
        sim_violation(sim, "an honest member diverged", "member %u at height %llu", body->number,
                      (unsigned long long)event->height);
    if (event->kind == EVENT_LEVEL) sim_trace(sim, "m%u stands at %s", body->number, level_name(event->level));
    if (event->kind == EVENT_PEER_REFUSED)
        sim_trace(sim, "m%u refuses a frame of m%u: %s", body->number, event->member, status_text(event->status));
    /* What a new key signed does not verify for those who are still in the epoch before. */
    bool is_early = sim->config.changes > 0 && event->status == STATUS_BAD_SIGNATURE;
    if (event->kind == EVENT_PEER_REFUSED && sim->liars == 0 && !is_early)
        sim_violation(sim, "an honest member's frame was refused",
                      "member %u refused one of type %u of member %u: %s", body->number, sim->hearing, event->member,
                      status_text(event->status));
}

struct replica_ports sim_ports_of(struct sim_member *body) {
    return (struct replica_ports){.context = body,
                                  .persist_batch = port_batch,
                                  .persist_vote = port_vote,
                                  .persist_certificate = port_certificate,
                                  .persist_block = port_block,
                                  .persist_leaf = port_leaf,
                                  .persist_executed = port_executed,
                                  .persist_height = port_height,
                                  .persist_certified = port_certified,
                                  .persist_proof = port_proof,
                                  .persist_epoch = port_epoch,
                                  .read_epoch = port_read_epoch,
                                  .read_batch = port_read_batch,
                                  .read_lane = port_read_lane,
                                  .read_height = port_read_height,
                                  .read_leaf = port_read_leaf,
                                  .send = sim_port_send,
                                  .event = port_event};
}
