/* Fuzz target: a replica at the mercy of the network, of its clock and of its disk. The input is a program: each step
 * delivers a frame of the world (replica_world.h), whole or changed, or one of the liar's own, or raw bytes; or time
 * passes, a link flaps, a client submits, the process crashes and comes up again from what was committed.
 *
 * The world is the one that the protocol is made for: of four members, whose quorum is three, one lies. What the other
 * two say is what they said in the script, and votes and answers that honest members could give. With the first bit
 * of the input set everybody but the victim lies; then less is promised.
 *
 * Invariants:
 * - no CHECK, no report of a sanitizer, whatever comes;
 * - what is sent is a well-formed frame, and an own vote or batch in it was handed to the ledger before;
 * - the Nevers: no two notarize votes in a view, no nullify beside a finalize, no two batches at one place, also
 *   across crashes;
 * - the ledger accepts everything, and after a crash gives back the committed height and root;
 * - queues stay within their limits;
 * - with one liar: no honest member looks guilty, and the victim does not diverge. */
#include <stdlib.h>

#include "replica/state.h"
#include "replica_mutate.h"

enum {
    STEPS_MAX = 48,
    FRAMES_AT_ONCE_MAX = 64,
    FRAMES_MAX = 256,
    OWN_SAID_MAX = 4096,
    RAW_BYTES_MAX = 255,
    ASKED_MAX = 32
};

struct run {
    struct world *world;
    struct world_stage *stage;
    struct replica *replica;
    struct memory_ledger *ledger;
    struct replica_time now;
    struct dice dice;
    bool all_lie;
    struct world_said own[OWN_SAID_MAX]; /* by the victim, in this run and before */
    uint32_t own_count;
    uint32_t own_committed;
    uint32_t frames;               /* delivered in this run */
    uint64_t nonce;                /* of its newest question after amnesia */
    struct frame asked[ASKED_MAX]; /* its requests that were not answered yet, the newest ones */
    uint32_t asked_count;
    struct checkpoint committed;
    enum replica_memory memory; /* as committed: what the next start has to say */
    uint8_t last[65536];        /* the last small frame that it sent */
    size_t last_bytes;
};

static struct run run;
static uint8_t frame_memory[FRAME_BYTES_MAX];

/* --- what the victim signs --- */

static bool contradict(const struct world_said *a, const struct world_said *b) {
    if (a->member != b->member || a->view != b->view) return false;
    if (a->kind == b->kind) return !hash_equal(&a->hash, &b->hash);
    return (a->kind == VOTE_NULLIFY && b->kind == VOTE_FINALIZE) ||
           (a->kind == VOTE_FINALIZE && b->kind == VOTE_NULLIFY);
}

static bool own_said(const struct world_said *said) {
    for (uint32_t i = 0; i < run.own_count; i++) {
        const struct world_said *own = &run.own[i];
        if (own->kind == said->kind && own->view == said->view && hash_equal(&own->hash, &said->hash)) return true;
    }
    return false;
}

static void say(uint64_t view, uint32_t kind, const struct hash *hash) {
    struct world_said said = {VICTIM, view, kind, *hash};
    if (own_said(&said)) return;
    for (uint32_t i = 0; i < run.own_count; i++) require(!contradict(&run.own[i], &said));
    require(run.own_count < OWN_SAID_MAX);
    run.own[run.own_count++] = said;
}

static void check_said(uint64_t view, uint32_t kind, const struct hash *hash) {
    struct world_said said = {VICTIM, view, kind, *hash};
    require(own_said(&said));
}

/* --- its ports --- */

static void persist_batch(void *c, const struct header *header, const struct hash *hash, struct slice bytes,
                          struct slice body, struct slice contents) {
    (void)c;
    if (header->member == VICTIM) say(header->seq, 0, hash);
    memory_ledger_persist_batch(run.ledger, header, hash, bytes, body, contents);
}
static void persist_vote(void *c, const struct vote *vote) {
    (void)c;
    require(vote->member == VICTIM);
    say(vote->view, (uint32_t)vote->kind, &vote->block);
    memory_ledger_persist_vote(run.ledger, vote);
}
static void persist_certificate(void *c, uint64_t view, enum vote_kind kind, struct slice certificate) {
    (void)c;
    memory_ledger_persist_certificate(run.ledger, view, kind, certificate);
}
static void persist_block(void *c, const struct hash *hash, uint64_t view, struct slice block) {
    (void)c;
    memory_ledger_persist_block(run.ledger, hash, view, block);
}
static void persist_leaf(void *c, uint64_t index, struct slice bytes, const struct hash *hash) {
    (void)c;
    memory_ledger_persist_leaf(run.ledger, index, bytes, hash);
}
static void persist_executed(void *c, const struct hash *batch, uint64_t height) {
    (void)c;
    memory_ledger_persist_executed(run.ledger, batch, height);
}
static void persist_height(void *c, uint64_t height, const struct hash *hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    (void)c;
    memory_ledger_persist_height(run.ledger, height, hash, block, finalization, time_us, checkpoint);
}
static void persist_certified(void *c, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    (void)c;
    memory_ledger_persist_certified(run.ledger, checkpoint, signatures, count);
}
static void persist_proof(void *c, uint32_t member, struct slice proof) {
    (void)c;
    memory_ledger_persist_proof(run.ledger, member, proof);
}
static enum status read_batch(void *c, const struct hash *hash, struct slice *header, struct slice *body,
                              struct slice *contents) {
    (void)c;
    return memory_ledger_read_batch(run.ledger, hash, header, body, contents);
}
static enum status read_lane(void *c, uint32_t member, uint64_t seq, struct hash *hash) {
    (void)c;
    return memory_ledger_read_lane(run.ledger, member, seq, hash);
}
static enum status read_height(void *c, uint64_t height, struct slice *block, struct slice *finalization) {
    (void)c;
    return memory_ledger_read_height(run.ledger, height, block, finalization);
}
static void persist_epoch(void *c, uint64_t epoch, uint32_t position, struct slice bytes, struct slice finalization) {
    (void)c;
    memory_ledger_persist_epoch(run.ledger, epoch, position, bytes, finalization);
}
static enum status read_epoch(void *c, uint64_t epoch, uint32_t position, struct slice *bytes,
                              struct slice *finalization) {
    (void)c;
    return memory_ledger_read_epoch(run.ledger, epoch, position, bytes, finalization);
}
static enum status read_leaf(void *c, uint64_t index, struct slice *bytes) {
    (void)c;
    return memory_ledger_read_leaf(run.ledger, index, bytes);
}

static void check_proposal(const struct frame *frame) {
    static struct block block;
    struct hash hash;
    require(block_read(frame->proposal.block, &run.world->chain, &block, &hash) == STATUS_OK);
    check_said(block.view, VOTE_NOTARIZE, &hash);
}

static void check_batch(const struct frame *frame) {
    static struct header header;
    struct hash hash;
    require(header_read(frame->batch.header, &run.world->chain, &header, &hash) == STATUS_OK);
    if (header.member == VICTIM) check_said(header.seq, 0, &hash);
}

static void on_send(void *c, uint32_t to, struct slice bytes) {
    static struct frame frame;
    (void)c;
    require(to == REPLICA_EVERYONE || (to < WORLD_MEMBERS && to != VICTIM));
    require(frame_read(bytes, &frame) == STATUS_OK);
    if (frame.type == FRAME_VOTE && frame.vote.member == VICTIM)
        check_said(frame.vote.view, (uint32_t)frame.vote.kind, &frame.vote.block);
    if (frame.type == FRAME_PROPOSAL) check_proposal(&frame);
    if (frame.type == FRAME_BATCH) check_batch(&frame);
    if (frame.type == FRAME_RECOVER) run.nonce = frame.recover.nonce;
    if (frame.type == FRAME_FETCH_BATCH || frame.type == FRAME_FETCH_RANGE)
        run.asked[run.asked_count++ % ASKED_MAX] = frame;
    world_learn(run.world, run.stage, bytes);
    if (bytes.bytes > sizeof run.last) return;
    memcpy(run.last, bytes.data, bytes.bytes);
    run.last_bytes = bytes.bytes;
}

static void on_event(void *c, const struct replica_event *event) {
    (void)c;
    if (event->kind == EVENT_MISBEHAVIOUR) require(run.all_lie ? event->member != VICTIM : event->member == LIAR);
    if (event->kind == EVENT_DIVERGED) require(run.all_lie);
}

static const struct replica_ports victim_ports = {.persist_batch = persist_batch,
                                                  .persist_vote = persist_vote,
                                                  .persist_certificate = persist_certificate,
                                                  .persist_block = persist_block,
                                                  .persist_leaf = persist_leaf,
                                                  .persist_executed = persist_executed,
                                                  .persist_height = persist_height,
                                                  .persist_certified = persist_certified,
                                                  .persist_proof = persist_proof,
                                                  .persist_epoch = persist_epoch,
                                                  .read_epoch = read_epoch,
                                                  .read_batch = read_batch,
                                                  .read_lane = read_lane,
                                                  .read_height = read_height,
                                                  .read_leaf = read_leaf,
                                                  .send = on_send,
                                                  .event = on_event};

/* --- its life --- */

static void check_limits(void) {
    struct replica_status status;
    replica_status(run.replica, &status);
    require(status.outstanding <= LANE_OUTSTANDING_MAX && status.finalized_height >= status.checkpoint.height &&
            status.certified_height <= status.checkpoint.height);
    require(run.replica->held_count <= WORLD_MEMBERS * HELD_LANE_MAX &&
            run.replica->queue_count <= EXECUTION_QUEUE_MAX);
}

static void end_turn(void) {
    struct replica_status status;
    replica_flush(run.replica, run.now);
    require(memory_ledger_commit(run.ledger) == STATUS_OK);
    run.own_committed = run.own_count;
    replica_status(run.replica, &status);
    run.committed = status.checkpoint;
    run.memory = status.forgetful ? MEMORY_LOST : status.lane_closed ? MEMORY_LANE_LOST : MEMORY_WHOLE;
    check_limits();
}

static void crash(void) {
    memory_ledger_crash(run.ledger);
    run.own_count = run.own_committed;
    world_map_zeros(run.world);
    run.replica =
        replica_init(run.world->victim_memory, run.world->victim_bytes, &run.world->victim_config, &victim_ports);
    require(world_restore(run.ledger, run.replica) == STATUS_OK);
    struct checkpoint restored;
    machine_checkpoint(replica_machine(run.replica), &restored);
    require(restored.height == run.committed.height && restored.size == run.committed.size &&
            hash_equal(&restored.root, &run.committed.root));
    replica_start(run.replica, run.now, run.memory);
    end_turn();
}

/* --- honest members, as far as they are not in the script --- */

static bool honest_may(const struct world_said *vote) {
    bool known = false;
    uint32_t notarized = 0;
    for (uint32_t i = 0; i < run.stage->said_count; i++) {
        const struct world_said *said = &run.stage->said[i];
        if (said->kind == 0) continue;
        if (contradict(said, vote)) return false;
        bool same = said->kind == VOTE_NOTARIZE && said->view == vote->view && hash_equal(&said->hash, &vote->hash);
        known |= same && said->member != LIAR;
        notarized += same && said->member != LIAR && said->member != VICTIM;
    }
    struct world_said own = {VICTIM, vote->view, VOTE_NOTARIZE, vote->hash};
    bool by_victim = own_said(&own);
    /* A block is good when an honest member voted for it. It is notarized with two of those and the liar. */
    if (vote->kind == VOTE_NOTARIZE) return known || by_victim;
    if (vote->kind == VOTE_FINALIZE) return notarized + by_victim >= 2;
    return true;
}

static void deliver(uint32_t from, struct slice frame) {
    if (run.frames++ < FRAMES_MAX) replica_on_frame(run.replica, run.now, from, frame);
}

static void deliver_frame(uint32_t from, const struct frame *frame) {
    struct writer writer = writer_of(frame_memory, sizeof frame_memory);
    frame_put(&writer, frame);
    deliver(from, writer_slice(&writer));
}

/* A vote that member 1 or 2 may cast, for one of the blocks that exist, or to leave a view. */
static void honest_vote(void) {
    uint32_t way = dice_u8(&run.dice), which = dice_u8(&run.dice);
    struct frame frame = {.type = FRAME_VOTE};
    struct vote *vote = &frame.vote;
    *vote = (struct vote){.kind = (enum vote_kind)(1 + way / 2 % 3), .view = 1 + which, .member = 1 + way % 2};
    if (vote->kind != VOTE_NULLIFY) {
        if (run.stage->blocks_count == 0) return;
        const struct world_block *block =
            &run.stage->blocks[run.stage->blocks_count - 1 - which % run.stage->blocks_count];
        vote->view = block->view;
        vote->block = block->hash;
    }
    struct world_said said = {vote->member, vote->view, (uint32_t)vote->kind, vote->block};
    if (!honest_may(&said) || run.stage->said_count == WORLD_SAID_MAX) return;
    run.stage->said[run.stage->said_count++] = said;
    if (vote->view + 1 > run.stage->honest_view) run.stage->honest_view = vote->view + 1;
    vote_sign(vote, &run.world->chain, run.world->secrets[vote->member]);
    deliver_frame(vote->member, &frame);
}

/* What members 1 and 2 know of the victim: its newest batch, and a view that they have not passed. */
static void honest_reminder(uint32_t member) {
    struct frame frame = {.type = FRAME_RECOVERED};
    frame.recovered.nonce = run.nonce;
    frame.recovered.tip.member = VICTIM;
    for (uint32_t i = 0; i < run.own_committed; i++) {
        if (run.own[i].kind != 0 || run.own[i].view <= frame.recovered.tip.seq) continue;
        frame.recovered.tip = (struct tip){VICTIM, run.own[i].view, run.own[i].hash};
    }
    uint64_t view = run.stage->honest_view;
    frame.recovered.view = frame.recovered.signed_view = view;
    deliver_frame(member, &frame);
}

/* An honest member answers what it was asked. */
static void honest_answers(uint32_t member) {
    static struct frame answer, asked[ASKED_MAX];
    uint32_t count = run.asked_count < ASKED_MAX ? run.asked_count : ASKED_MAX;
    memcpy(asked, run.asked, count * sizeof *asked);
    run.asked_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (world_answer(run.stage, &asked[i], &answer)) deliver_frame(member, &answer);
    }
}

/* The victim's own root, signed by another; the liar may sign another root. */
static void attest(uint32_t way) {
    struct frame frame = {.type = FRAME_ATTESTATION};
    struct checkpoint *checkpoint = &frame.attestation.checkpoint;
    uint32_t member = 1 + way % 3;
    machine_checkpoint(replica_machine(run.replica), checkpoint);
    if (checkpoint->height == 0) return;
    if (member == LIAR) checkpoint->root.bytes[way / 4 % HASH_BYTES] ^= way & 128;
    checkpoint_sign(checkpoint, &run.world->chain, run.world->secrets[member], frame.attestation.signature);
    deliver_frame(member, &frame);
}

/* --- steps --- */

static const struct world_frame *pick(void) {
    return &run.stage->frames[dice_u16(&run.dice) % run.stage->frames_count];
}

static struct mutation mutation(void) { return (struct mutation){run.world, run.stage, &run.dice, run.all_lie}; }

static uint32_t liar(void) { return run.all_lie ? 1 + dice_u8(&run.dice) % 3 : LIAR; }

static void step_frame(void) {
    const struct world_frame *frame = pick();
    deliver(frame->from, frame->bytes);
}

static void step_frames(void) {
    uint32_t first = dice_u16(&run.dice), count = dice_u8(&run.dice) % FRAMES_AT_ONCE_MAX;
    for (uint32_t i = 0; i < count && first + i < run.stage->frames_count; i++)
        deliver(run.stage->frames[first + i].from, run.stage->frames[first + i].bytes);
}

static void step_mutated(void) {
    struct writer writer = writer_of(frame_memory, sizeof frame_memory);
    struct mutation m = mutation();
    mutate_frame(&m, pick()->bytes, &writer);
    deliver(liar(), writer_slice(&writer));
}

static void step_bytes(void) {
    struct writer writer = writer_of(frame_memory, sizeof frame_memory);
    struct slice bytes = pick()->bytes;
    writer_put(&writer, bytes.data, bytes.bytes);
    mutate_bytes(&run.dice, &writer);
    deliver(liar(), writer_slice(&writer));
}

static void step_raw(void) {
    uint8_t bytes[RAW_BYTES_MAX];
    uint32_t count = dice_u8(&run.dice);
    for (uint32_t i = 0; i < count; i++) bytes[i] = (uint8_t)dice_u8(&run.dice);
    deliver(liar(), slice_of(bytes, count));
}

static void step_time(void) {
    uint64_t us = UINT64_C(1000) << dice_u8(&run.dice) % 14;
    run.now.mono_us += us;
    run.now.wall_us += us;
    replica_on_tick(run.replica, run.now);
}

static void step_link(void) {
    uint32_t way = dice_u8(&run.dice);
    replica_on_link(run.replica, run.now, way % 5, (way & 64) != 0);
}

static void step_submit(void) {
    uint8_t bytes[256];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    uint32_t dice = dice_u16(&run.dice);
    struct replica_mark mark = replica_mark(run.replica);
    world_item(dice, &writer);
    enum status status = replica_submit(run.replica, run.now, writer_slice(&writer), slice_of(NULL, 0), &seq, &index);
    if (status == STATUS_OK && dice % 32 == 31) replica_rewind(run.replica, mark);
}

static void step_clock(void) { run.now.wall_us += (uint64_t)(((int64_t)dice_u8(&run.dice) - 128) * 50000); }

static void step_liar(void) {
    struct writer writer = writer_of(frame_memory, sizeof frame_memory);
    struct mutation m = mutation();
    craft_frame(&m, run.now.wall_us, &writer);
    world_learn(run.world, run.stage, writer_slice(&writer));
    deliver(liar(), writer_slice(&writer));
}

static void step_answer(void) {
    uint32_t way = dice_u8(&run.dice);
    if (way < 64) honest_reminder(1 + way % 3);
    if (way >= 64 && way < 160) honest_answers(1 + way % 2);
    if (way >= 160) attest(way);
}

static void step_echo(void) {
    static uint8_t last[sizeof run.last];
    struct writer writer = writer_of(frame_memory, sizeof frame_memory);
    struct mutation m = mutation();
    memcpy(last, run.last, run.last_bytes);
    if (run.last_bytes == 0) return;
    mutate_frame(&m, slice_of(last, run.last_bytes), &writer);
    deliver(liar(), writer_slice(&writer));
}

static void (*const steps[16])(void) = {step_frame, step_frames, step_mutated, step_mutated, step_bytes, step_raw,
                                        step_time,  step_link,   step_submit,  step_clock,   crash,      honest_vote,
                                        step_liar,  step_liar,   step_answer,  step_echo};

static void begin(struct world *world, uint32_t head) {
    run.world = world;
    run.all_lie = (head & 128) != 0;
    run.stage = &world->stages[head % STAGES];
    run.ledger = memory_ledger_clone(run.stage->ledger);
    run.now = run.stage->now;
    run.own_count = run.frames = run.asked_count = 0;
    run.last_bytes = 0;
    run.nonce = 0;
    world_map_stage(world, run.stage);
    run.replica = world->victim_memory;
    run.replica->ports = victim_ports;
    for (uint32_t i = 0; i < run.stage->said_count; i++) {
        if (run.stage->said[i].member == VICTIM) run.own[run.own_count++] = run.stage->said[i];
    }
    end_turn();
    for (uint32_t m = 1; m < WORLD_MEMBERS && (head & 64) == 0; m++) replica_on_link(run.replica, run.now, m, true);
    end_turn();
}

/* With as many features as this target has, weighing them (entropic) and counting how often each comes takes far longer
 * than the runs themselves. Flags of the command line come after these and prevail. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static char quick[] = "-entropic=0", plain[] = "-use_counters=0";
    char **longer = calloc((size_t)*argc + 3, sizeof *longer);
    require(longer != NULL);
    longer[0] = (*argv)[0];
    longer[1] = quick;
    longer[2] = plain;
    for (int i = 1; i < *argc; i++) longer[i + 2] = (*argv)[i];
    *argc += 2;
    *argv = longer;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct world *world;
    if (world == NULL) world = world_make();
    run.dice = (struct dice){data, bytes};
    uint32_t head = dice_u8(&run.dice);
    struct world_stage *stage = &world->stages[head % STAGES];
    uint32_t said = stage->said_count, blocks = stage->blocks_count, tips = stage->tips_count;
    uint64_t view = stage->honest_view;
    begin(world, head);
    for (uint32_t i = 0; i < STEPS_MAX && run.dice.bytes > 0; i++) {
        uint32_t step = dice_u8(&run.dice);
        steps[step % 16]();
        if (step < 128) end_turn();
    }
    crash();
    memory_ledger_close(run.ledger);
    stage->said_count = said;
    stage->blocks_count = blocks;
    stage->tips_count = tips;
    stage->honest_view = view;
    return 0;
}
