/* Plays the script: one network without delays worth the name, that loses one batch of nine. The stage of the victim is saved in the middle,
 * frames are kept to the end. */
#include "replica_world.h"

#include <sys/mman.h>
#include <unistd.h>

#include "crypto/ed25519.h"
#include "ledger/restorer.h"
#include "wire/item.h"

#define EPOCH_US UINT64_C(1767225600000000)

struct member {
    struct world *world;
    uint32_t number;
    void *memory;
    struct replica *replica;
    struct memory_ledger *ledger;
    struct message *outbox; /* waits for the commit */
    struct message **outbox_end;
};

/* On its way; a list in order. */
struct message {
    struct message *next;
    uint32_t from;
    uint32_t to;
    size_t bytes;
    uint8_t data[];
};

/* One playing of the script. */
struct play {
    struct world *world;
    struct world_stage *stage; /* where frames are kept */
    struct member members[WORLD_MEMBERS];
    struct replica_time now;
    bool away[WORLD_MEMBERS];
    struct message *wire;
    struct message **wire_end;
};

static struct play play;

/* --- ports --- */

static void put_message(struct message ***end, uint32_t from, uint32_t to, struct slice bytes) {
    struct message *message = malloc(sizeof *message + bytes.bytes);
    require(message != NULL);
    *message = (struct message){.from = from, .to = to, .bytes = bytes.bytes};
    memcpy(message->data, bytes.data, bytes.bytes);
    **end = message;
    *end = &message->next;
}

static void on_send(void *context, uint32_t to, struct slice frame) {
    struct member *member = context;
    for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
        if (m != member->number && (to == REPLICA_EVERYONE || to == m))
            put_message(&member->outbox_end, member->number, m, frame);
    }
}

static void on_event(void *context, const struct replica_event *event) {
    (void)context;
    require(event->kind != EVENT_DIVERGED);
}

#define LEDGER(context) (((struct member *)(context))->ledger)
static void persist_batch(void *c, const struct header *header, const struct hash *hash, struct slice bytes,
                          struct slice body, struct slice contents) {
    memory_ledger_persist_batch(LEDGER(c), header, hash, bytes, body, contents);
}
static void persist_vote(void *c, const struct vote *vote) { memory_ledger_persist_vote(LEDGER(c), vote); }
static void persist_certificate(void *c, uint64_t view, enum vote_kind kind, struct slice certificate) {
    memory_ledger_persist_certificate(LEDGER(c), view, kind, certificate);
}
static void persist_block(void *c, const struct hash *hash, uint64_t view, struct slice block) {
    memory_ledger_persist_block(LEDGER(c), hash, view, block);
}
static void persist_leaf(void *c, uint64_t index, struct slice bytes, const struct hash *hash) {
    memory_ledger_persist_leaf(LEDGER(c), index, bytes, hash);
}
static void persist_executed(void *c, const struct hash *batch, uint64_t height) {
    memory_ledger_persist_executed(LEDGER(c), batch, height);
}
static void persist_height(void *c, uint64_t height, const struct hash *hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    memory_ledger_persist_height(LEDGER(c), height, hash, block, finalization, time_us, checkpoint);
}
static void persist_certified(void *c, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    memory_ledger_persist_certified(LEDGER(c), checkpoint, signatures, count);
}
static void persist_proof(void *c, uint32_t member, struct slice proof) {
    memory_ledger_persist_proof(LEDGER(c), member, proof);
}
static enum status read_batch(void *c, const struct hash *hash, struct slice *header, struct slice *body,
                              struct slice *contents) {
    return memory_ledger_read_batch(LEDGER(c), hash, header, body, contents);
}
static enum status read_lane(void *c, uint32_t member, uint64_t seq, struct hash *hash) {
    return memory_ledger_read_lane(LEDGER(c), member, seq, hash);
}
static enum status read_height(void *c, uint64_t height, struct slice *block, struct slice *finalization) {
    return memory_ledger_read_height(LEDGER(c), height, block, finalization);
}
static void persist_epoch(void *c, uint64_t epoch, uint32_t position, struct slice bytes, struct slice finalization) {
    memory_ledger_persist_epoch(LEDGER(c), epoch, position, bytes, finalization);
}
static enum status read_epoch(void *c, uint64_t epoch, uint32_t position, struct slice *bytes,
                              struct slice *finalization) {
    return memory_ledger_read_epoch(LEDGER(c), epoch, position, bytes, finalization);
}
static enum status read_leaf(void *c, uint64_t index, struct slice *bytes) {
    return memory_ledger_read_leaf(LEDGER(c), index, bytes);
}

static const struct replica_ports member_ports = {.persist_batch = persist_batch,
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

/* --- ledgers --- */

enum status world_restore(struct memory_ledger *ledger, struct replica *replica) {
    const struct ledger_visitor visitor = ledger_restorer(replica);
    return memory_ledger_visit(ledger, &visitor);
}

/* --- memory --- */

static void *map(void *at, size_t bytes, int flags, int file) {
    int fixed = at != NULL ? MAP_FIXED : 0;
    void *memory = mmap(at, bytes, PROT_READ | PROT_WRITE, flags | fixed | MAP_NORESERVE, file, 0);
    require(memory != MAP_FAILED);
    return memory;
}

void world_map_zeros(struct world *world) {
    world->victim_memory = map(world->victim_memory, world->victim_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void world_map_stage(struct world *world, const struct world_stage *stage) {
    (void)map(world->victim_memory, world->victim_bytes, MAP_PRIVATE, stage->image);
}

/* Pages that were never written stay holes. */
static void save_image(struct world *world, struct world_stage *stage) {
    static const uint8_t zeros[4096];
    stage->image = memfd_create("victim", 0);
    require(stage->image >= 0 && ftruncate(stage->image, (off_t)world->victim_bytes) == 0);
    size_t pages = world->victim_bytes / sizeof zeros;
    enum { AT_ONCE = 65536 };
    static unsigned char present[AT_ONCE];
    for (size_t first = 0; first < pages; first += AT_ONCE) {
        size_t count = pages - first < AT_ONCE ? pages - first : AT_ONCE;
        uint8_t *at = (uint8_t *)world->victim_memory + first * sizeof zeros;
        require(mincore(at, count * sizeof zeros, present) == 0);
        for (size_t i = 0; i < count; i++) {
            const uint8_t *page = at + i * sizeof zeros;
            if ((present[i] & 1) == 0 || memcmp(page, zeros, sizeof zeros) == 0) continue;
            off_t offset = (off_t)((first + i) * sizeof zeros);
            require(pwrite(stage->image, page, sizeof zeros, offset) == (ssize_t)sizeof zeros);
        }
    }
}

/* --- learning what can be referred to --- */

static void learn_block(const struct world *world, struct world_stage *stage, struct slice bytes) {
    static struct block block;
    struct hash hash;
    if (block_read(bytes, &world->chain, &block, &hash) != STATUS_OK) return;
    uint32_t room = sizeof stage->blocks / sizeof stage->blocks[0];
    for (uint32_t i = 0; i < stage->blocks_count; i++) {
        if (hash_equal(&stage->blocks[i].hash, &hash)) return;
    }
    if (stage->blocks_count < room)
        stage->blocks[stage->blocks_count++] = (struct world_block){hash, block.parent, block.view, block.height};
}

static void learn_tip(struct world_stage *stage, const struct tip *tip) {
    uint32_t room = sizeof stage->tips / sizeof stage->tips[0];
    for (uint32_t i = 0; i < stage->tips_count; i++) {
        if (hash_equal(&stage->tips[i].hash, &tip->hash)) return;
    }
    if (stage->tips_count < room) stage->tips[stage->tips_count++] = *tip;
}

static struct slice copy_of(struct slice bytes) {
    uint8_t *copy = malloc(bytes.bytes + 1);
    require(copy != NULL);
    memcpy(copy, bytes.data, bytes.bytes);
    return slice_of(copy, bytes.bytes);
}

void world_learn(const struct world *world, struct world_stage *stage, struct slice bytes) {
    static struct frame frame;
    static struct header header;
    struct hash hash;
    if (frame_read(bytes, &frame) != STATUS_OK) return;
    if (frame.type == FRAME_PROPOSAL) learn_block(world, stage, frame.proposal.block);
    if (frame.type == FRAME_BLOCK) learn_block(world, stage, frame.block);
    for (uint32_t i = 0; frame.type == FRAME_RANGE && i < frame.range.count; i++)
        learn_block(world, stage, frame.range.blocks[i]);
    if (frame.type == FRAME_BATCH && header_read(frame.batch.header, &world->chain, &header, &hash) == STATUS_OK)
        learn_tip(stage, &(struct tip){header.member, header.seq, hash});
}

/* --- what members sign in the script --- */

static void say(struct world_stage *stage, uint32_t member, uint64_t view, uint32_t kind, const struct hash *hash) {
    for (uint32_t i = 0; i < stage->said_count; i++) {
        const struct world_said *said = &stage->said[i];
        if (said->member == member && said->view == view && said->kind == kind && hash_equal(&said->hash, hash))
            return;
    }
    require(stage->said_count < WORLD_SAID_MAX);
    stage->said[stage->said_count++] = (struct world_said){member, view, kind, *hash};
}

static void note_said(struct world_stage *stage, struct slice bytes) {
    static struct frame frame;
    static struct header header;
    static struct block block;
    struct hash hash;
    require(frame_read(bytes, &frame) == STATUS_OK);
    if (frame.type == FRAME_VOTE)
        say(stage, frame.vote.member, frame.vote.view, (uint32_t)frame.vote.kind, &frame.vote.block);
    if (frame.type == FRAME_PROPOSAL &&
        block_read(frame.proposal.block, &play.world->chain, &block, &hash) == STATUS_OK)
        say(stage, (uint32_t)(block.view % WORLD_MEMBERS), block.view, VOTE_NOTARIZE, &hash);
    if (frame.type == FRAME_BATCH && header_read(frame.batch.header, &play.world->chain, &header, &hash) == STATUS_OK)
        say(stage, header.member, header.seq, 0, &hash);
}

static void keep_frame(struct world_stage *stage, const struct message *message) {
    struct slice bytes = slice_of(message->data, message->bytes);
    uint32_t same_type = 0;
    for (uint32_t i = 0; i < stage->frames_count; i++) {
        if (slice_equal(stage->frames[i].bytes, bytes)) return;
        same_type += stage->frames[i].bytes.data[1] == bytes.data[1];
    }
    if (message->from == VICTIM || same_type == WORLD_FRAMES_TYPE_MAX || stage->frames_count == WORLD_FRAMES_MAX)
        return;
    stage->frames[stage->frames_count++] = (struct world_frame){copy_of(bytes), message->from};
    static struct frame frame;
    uint32_t room = sizeof stage->certificates / sizeof stage->certificates[0];
    require(frame_read(stage->frames[stage->frames_count - 1].bytes, &frame) == STATUS_OK);
    if (frame.type == FRAME_CERTIFICATE && stage->certificates_count < room)
        stage->certificates[stage->certificates_count++] = frame.certificate;
}

/* --- the script --- */

static void boot(struct member *member, enum replica_memory memory) {
    struct replica_config config = play.world->victim_config;
    struct replica_ports ports = member_ports;
    ports.context = member;
    config.self = member->number;
    config.secret = play.world->secrets[member->number];
    member->ledger = memory_ledger_open(&play.world->chain);
    member->replica = replica_init(member->memory, play.world->victim_bytes, &config, &ports);
    replica_start(member->replica, play.now, memory);
}

/* The end of a turn: what waited for the commit leaves. */
static void end_turn(struct member *member) {
    replica_flush(member->replica, play.now);
    require(memory_ledger_commit(member->ledger) == STATUS_OK);
    *member->outbox_end = NULL;
    for (struct message *message = member->outbox, *next; message != NULL; message = next) {
        next = message->next;
        struct slice bytes = slice_of(message->data, message->bytes);
        note_said(play.stage, bytes);
        world_learn(play.world, play.stage, bytes);
        keep_frame(play.stage, message);
        if (!play.away[message->from] && !play.away[message->to])
            put_message(&play.wire_end, message->from, message->to, bytes);
        free(message);
    }
    member->outbox = NULL;
    member->outbox_end = &member->outbox;
}

static void deliver_all(void) {
    *play.wire_end = NULL;
    struct message *first = play.wire;
    play.wire = NULL;
    play.wire_end = &play.wire;
    for (struct message *message = first, *next; message != NULL; message = next) {
        next = message->next;
        struct member *to = &play.members[message->to];
        /* One batch of nine is lost on its way, so that it has to be fetched. */
        static uint32_t batches;
        bool lost = message->data[1] == FRAME_BATCH && ++batches % 9 == 0;
        if (!lost && !play.away[message->from] && !play.away[message->to]) {
            replica_on_frame(to->replica, play.now, message->from, slice_of(message->data, message->bytes));
            end_turn(to);
        }
        free(message);
    }
}

static void run_for(uint64_t us) {
    uint64_t until_us = play.now.mono_us + us;
    while (play.now.mono_us < until_us) {
        play.now.mono_us += 2000;
        play.now.wall_us += 2000;
        deliver_all();
        for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
            struct member *member = &play.members[m];
            if (play.away[m] || replica_deadline_us(member->replica) > play.now.mono_us) continue;
            replica_on_tick(member->replica, play.now);
            end_turn(member);
        }
    }
}

static void set_away(uint32_t number, bool away) {
    play.away[number] = away;
    for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
        if (m == number || play.away[m]) continue;
        replica_on_link(play.members[m].replica, play.now, number, !away);
        replica_on_link(play.members[number].replica, play.now, m, !away);
        end_turn(&play.members[m]);
        end_turn(&play.members[number]);
    }
}

static struct question_id questions[2];

void world_item(uint32_t dice, struct writer *ret_bytes) {
    static const char *const texts[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct item item = {.kind = (enum item_kind)(1 + dice % 4)};
    struct slice text = slice_of_text(texts[dice / 16 % 8]);
    struct question_id question = questions[dice / 4 % 2];
    if (item.kind == ITEM_ASK) {
        item.ask =
            (struct item_ask){.title = text, .hypotheses_count = 2, .mode = dice / 8 % 2 ? MODE_POOL : MODE_PANEL};
        item.ask.hypotheses[0] = slice_of_text("yes");
        item.ask.hypotheses[1] = slice_of_text("no");
        item.ask.cap = 10 * QUANTA_PER_NAT;
        item.ask.decide_at = dice / 4 % 2 ? PARAMETER_LIMIT_QUANTA : 3 * QUANTA_PER_NAT;
        item.ask.window_us = 1000000;
        item.ask.deadline_us = dice / 128 % 2 ? 2000000 : 0;
    } else if (item.kind == ITEM_TELL) {
        item.tell = (struct item_tell){.question = question, .observation = text, .loglik_count = 1};
        item.tell.loglik[0] = ((int64_t)(dice / 128 % 256) - 128) * 20000000;
    } else if (item.kind == ITEM_RETRACT) {
        item.retract.question = question;
        item.retract.observation = text;
    } else {
        item.close.question = question;
    }
    item_put(ret_bytes, &item);
}

static void submit(uint32_t number, uint32_t dice) {
    uint8_t bytes[256];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    world_item(dice, &writer);
    struct member *member = &play.members[number];
    enum status status =
        replica_submit(member->replica, play.now, writer_slice(&writer), slice_of(NULL, 0), &seq, &index);
    (void)status; /* the question may not be known there yet */
    end_turn(member);
}

/* The first two asks: their ids are known before anything runs. */
static void name_questions(void) {
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t bytes[256];
        struct writer writer = writer_of(bytes, sizeof bytes);
        world_item(i == 0 ? 4 : 4 + 8, &writer);
        item_question_id(1 + i, writer_slice(&writer), &questions[i]);
    }
}

static void play_round(uint32_t round) {
    if (round == 0) {
        submit(1, 4);
        submit(2, 4 + 8);
        run_for(300000);
    }
    for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
        if (!play.away[m]) submit(m, 1 + 16 * (round + m) + 4 * (m & 1) + 128 * (100 + 50 * m));
    }
    if (round == 3) submit(2, 2 + 16 * 2);
    run_for(round == 4 ? 1500000 : 400000);
}

/* The liar's second batch at a place where it has one: its owner's proof of guilt. */
static void play_fork(void) {
    struct world *world = play.world;
    uint8_t bytes[1024], body[] = {0x80};
    struct writer writer = writer_of(bytes, sizeof bytes), framed;
    static struct frame frame;
    struct hash hash;
    struct header header = {.member = LIAR, .seq = 1, .wall_us = EPOCH_US, .bytes = 1};
    require(items_check(slice_of(body, 1), 0, &header.root) == STATUS_OK);
    header_sign(&header, &world->chain, world->secrets[LIAR], &writer, &hash);
    frame = (struct frame){.type = FRAME_BATCH, .batch = {writer_slice(&writer), slice_of(body, 1), {NULL, 0}}};
    uint8_t whole[2048];
    framed = writer_of(whole, sizeof whole);
    frame_put(&framed, &frame);
    put_message(&play.wire_end, LIAR, 1, writer_slice(&framed));
    run_for(600000);
}

static void keep_put(struct world_stage *stage, const struct frame *frame) {
    static uint8_t bytes[1 << 20];
    struct writer writer = writer_of(bytes, sizeof bytes);
    if (stage->frames_count == WORLD_FRAMES_MAX) return;
    frame_put(&writer, frame);
    world_learn(play.world, stage, writer_slice(&writer));
    stage->frames[stage->frames_count++] = (struct world_frame){copy_of(writer_slice(&writer)), 1};
}

/* As many final blocks from `height` on as have a finalization at their end. A memory ledger never moves its bytes. */
static bool range_from(struct memory_ledger *ledger, uint64_t height, struct frame *ret_frame) {
    struct slice blocks[RANGE_BLOCKS_MAX], finalization;
    uint32_t count = 0;
    *ret_frame = (struct frame){.type = FRAME_RANGE};
    while (count < RANGE_BLOCKS_MAX &&
           memory_ledger_read_height(ledger, height + count, &blocks[count], &finalization) == STATUS_OK) {
        count++;
        if (finalization.bytes == 0) continue;
        ret_frame->range.count = count;
        ret_frame->range.finalization = finalization;
    }
    memcpy(ret_frame->range.blocks, blocks, count * sizeof *blocks);
    return ret_frame->range.count > 0;
}

bool world_answer(const struct world_stage *stage, const struct frame *request, struct frame *ret_answer) {
    struct hash hash;
    if (request->type == FRAME_FETCH_RANGE) return range_from(stage->history, request->fetch_range, ret_answer);
    if (request->type != FRAME_FETCH_BATCH) return false;
    const struct tip *tip = &request->fetch_batch;
    hash = tip->hash;
    if (hash_is_zero(&hash) && memory_ledger_read_lane(stage->history, tip->member, tip->seq, &hash) != STATUS_OK)
        return false;
    *ret_answer = (struct frame){.type = FRAME_BATCH};
    return memory_ledger_read_batch(stage->history, &hash, &ret_answer->batch.header, &ret_answer->batch.body,
                                    &ret_answer->batch.contents) == STATUS_OK;
}

/* Some ranges and blocks, and a request that the script did not need. */
static void keep_ranges(struct world_stage *stage) {
    static struct frame frame;
    struct memory_ledger *ledger = play.members[1].ledger;
    for (uint64_t from = 1; range_from(ledger, from, &frame); from += 3) {
        keep_put(stage, &frame);
        frame = (struct frame){.type = FRAME_BLOCK, .block = frame.range.blocks[0]};
        keep_put(stage, &frame);
    }
    frame = (struct frame){.type = FRAME_FETCH_VIEWS, .fetch_views = {1, 8}};
    keep_put(stage, &frame);
}

/* The victim's own batches, as others hand them back to it. */
static void keep_victims_batches(struct world_stage *stage) {
    static struct frame frame;
    for (uint32_t i = 0; i < stage->tips_count; i++) {
        frame = (struct frame){.type = FRAME_BATCH};
        if (stage->tips[i].member != VICTIM) continue;
        if (memory_ledger_read_batch(play.members[1].ledger, &stage->tips[i].hash, &frame.batch.header,
                                     &frame.batch.body, &frame.batch.contents) != STATUS_OK)
            continue;
        keep_put(stage, &frame);
    }
}

static void save_stage(struct world_stage *stage) {
    struct member *victim = &play.members[VICTIM];
    save_image(play.world, stage);
    stage->ledger = memory_ledger_clone(victim->ledger);
    stage->now = play.now;
}

static void begin(struct world *world, struct world_stage *stage, bool with_victim) {
    play = (struct play){.world = world, .stage = stage, .now = {1000000, EPOCH_US + 1000000}};
    play.wire_end = &play.wire;
    play.away[VICTIM] = !with_victim;
    world_map_zeros(world);
    for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
        struct member *member = &play.members[m];
        *member = (struct member){.world = world, .number = m, .outbox_end = &member->outbox};
        member->memory =
            m == VICTIM ? world->victim_memory : map(NULL, world->victim_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        boot(member, MEMORY_WHOLE);
        end_turn(member);
    }
    if (!with_victim) save_stage(stage);
    for (uint32_t m = with_victim ? 0 : 1; m < WORLD_MEMBERS; m++) {
        for (uint32_t peer = with_victim ? 0 : 1; peer < WORLD_MEMBERS; peer++) {
            if (peer != m) replica_on_link(play.members[m].replica, play.now, peer, true);
        }
        end_turn(&play.members[m]);
    }
}

/* The liar starts again without its ledger and asks. */
static void play_amnesia(void) {
    struct member *member = &play.members[LIAR];
    set_away(LIAR, true);
    memory_ledger_close(member->ledger);
    member->memory = map(member->memory, play.world->victim_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    boot(member, MEMORY_LOST);
    set_away(LIAR, false);
    run_for(1200000);
}

static void finish(void) {
    struct world_stage *stage = play.stage;
    keep_ranges(stage);
    keep_victims_batches(stage);
    play_fork();
    play_amnesia();
    for (uint32_t m = 1; m < LIAR; m++) {
        struct replica_status status;
        replica_status(play.members[m].replica, &status);
        if (status.view > stage->honest_view) stage->honest_view = status.view;
    }
    stage->history = memory_ledger_clone(play.members[1].ledger);
    for (uint32_t m = 0; m < WORLD_MEMBERS; m++) {
        memory_ledger_close(play.members[m].ledger);
        if (m != VICTIM) (void)munmap(play.members[m].memory, play.world->victim_bytes);
    }
    *play.wire_end = NULL;
    for (struct message *message = play.wire, *next; message != NULL; message = next) {
        next = message->next;
        free(message);
    }
}

static void play_fresh(struct world *world) {
    begin(world, &world->stages[STAGE_FRESH], false);
    for (uint32_t round = 0; round < 6; round++) play_round(round);
    finish();
}

static void play_away(struct world *world) {
    struct world_stage *stage = &world->stages[STAGE_AWAY];
    begin(world, stage, true);
    for (uint32_t round = 0; round < 3; round++) {
        set_away(2, round == 1);
        play_round(round);
    }
    set_away(VICTIM, true);
    save_stage(stage);
    for (uint32_t round = 3; round < 7; round++) play_round(round);
    finish();
}

/* The same world; the victim begins without anything. */
static void make_amnesia(struct world *world) {
    struct world_stage *stage = &world->stages[STAGE_AMNESIA];
    *stage = world->stages[STAGE_AWAY];
    play = (struct play){.world = world, .stage = stage, .now = stage->now};
    struct member *victim = &play.members[VICTIM];
    *victim = (struct member){.world = world, .number = VICTIM, .outbox_end = &victim->outbox};
    world_map_zeros(world);
    victim->memory = world->victim_memory;
    boot(victim, MEMORY_LOST);
    play.away[VICTIM] = true;
    end_turn(victim);
    save_stage(stage);
    memory_ledger_close(victim->ledger);
}

static void make_genesis(struct world *world) {
    struct genesis *genesis = &world->genesis;
    *genesis = (struct genesis){.name = "fuzzed",
                                .created_us = EPOCH_US,
                                .threshold = THRESHOLD_DEFAULT,
                                .members = WORLD_MEMBERS,
                                .state_bytes_max = STATE_BYTES_MIN};
    for (uint32_t i = 0; i < WORLD_MEMBERS; i++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1)};
        ed25519_from_seed(seed, world->secrets[i], genesis->keys[i]);
        genesis->member_names[i][0] = 'm';
        genesis->member_names[i][1] = (char)('0' + i);
    }
    genesis_chain(genesis, &world->chain);
    world->keyring = (struct keyring){.keys = (const uint8_t(*)[KEY_BYTES])genesis->keys, .members = WORLD_MEMBERS};
    world->victim_config =
        (struct replica_config){.genesis = genesis, .self = VICTIM, .secret = world->secrets[VICTIM]};
    world->victim_bytes = (replica_bytes(&world->victim_config) + 4095) / 4096 * 4096;
}

struct world *world_make(void) {
    struct world *world = calloc(1, sizeof *world);
    require(world != NULL);
    make_genesis(world);
    name_questions();
    play_fresh(world);
    play_away(world);
    make_amnesia(world);
    return world;
}
