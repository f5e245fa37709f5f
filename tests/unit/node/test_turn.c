/* The turn: what is written is durable before it is told, and a full disk is waited for. Four real replicas behind four turns, with
 * ledgers in memory; frames arrive at once, time is a number. */
#include "node/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "crypto/ed25519.h"
#include "ledger/memory.h"
#include "ledger/restorer.h"
#include "wire/frame.h"

enum { MEMBERS = 4, STEP_US = 5000 };
#define EPOCH_US UINT64_C(1700000000000000)

struct letter {
    struct letter *next;
    uint32_t from;
    uint32_t to;
    size_t bytes;
    uint8_t data[];
};

/* Letters that wait, in order. */
struct letters {
    struct letter *first;
    struct letter **last;
};

struct member {
    uint32_t number;
    bool up;
    struct turn turn;
    struct memory_ledger *ledger;
    void *memory;
    uint8_t secret[SECRET_BYTES];
    struct letters outbox;
    unsigned released; /* how often something durable was let go */
    unsigned commits;
    enum status failure; /* of every commit, when it is not OK */
};

struct world {
    struct genesis genesis;
    size_t replica_bytes;
    struct member members[MEMBERS];
    struct letters network;
    uint64_t now_us;
};

/* The ports' context is the ledger, so that the ledger's functions are ports as they are. */
static struct world *world;

static struct member *member_of(const void *ledger) {
    for (uint32_t i = 0; i < MEMBERS; i++) {
        if (world->members[i].ledger == ledger) return &world->members[i];
    }
    fail_msg("a ledger of nobody");
    return NULL;
}

static struct replica_time now(void) { return (struct replica_time){world->now_us, EPOCH_US + world->now_us}; }

static void put(struct letters *letters, struct letter *letter) {
    letter->next = NULL;
    if (letters->first == NULL) letters->last = &letters->first;
    *letters->last = letter;
    letters->last = &letter->next;
}

static struct letter *take(struct letters *letters) {
    struct letter *letter = letters->first;
    if (letter != NULL) letters->first = letter->next;
    return letter;
}

static void drop_all(struct letters *letters) {
    for (struct letter *letter; (letter = take(letters)) != NULL;) free(letter);
}

static size_t count_of(const struct letters *letters) {
    size_t count = 0;
    for (const struct letter *letter = letters->first; letter != NULL; letter = letter->next) count++;
    return count;
}

static void port_send(void *context, uint32_t to, struct slice frame) {
    struct member *member = member_of(context);
    for (uint32_t peer = 0; peer < MEMBERS; peer++) {
        if (peer == member->number || (to != REPLICA_EVERYONE && to != peer)) continue;
        struct letter *letter = malloc(sizeof *letter + frame.bytes);
        assert_non_null(letter);
        *letter = (struct letter){.from = member->number, .to = peer, .bytes = frame.bytes};
        memcpy(letter->data, frame.data, frame.bytes);
        put(&member->outbox, letter);
    }
}

static void port_event(void *context, const struct replica_event *event) {
    (void)context;
    assert_true(event->kind != EVENT_DIVERGED && event->kind != EVENT_MISBEHAVIOUR);
}

static enum status host_commit(void *context) {
    struct member *member = context;
    member->commits++;
    return member->failure != STATUS_OK ? member->failure : memory_ledger_commit(member->ledger);
}

static void host_durable(void *context) {
    struct member *member = context;
    member->released++;
    for (struct letter *letter; (letter = take(&member->outbox)) != NULL;) put(&world->network, letter);
}

static struct replica_ports ports_of(struct member *member) {
    return (struct replica_ports){.context = member->ledger,
                                  .persist_batch = memory_ledger_persist_batch,
                                  .persist_vote = memory_ledger_persist_vote,
                                  .persist_certificate = memory_ledger_persist_certificate,
                                  .persist_block = memory_ledger_persist_block,
                                  .persist_leaf = memory_ledger_persist_leaf,
                                  .persist_executed = memory_ledger_persist_executed,
                                  .persist_height = memory_ledger_persist_height,
                                  .persist_certified = memory_ledger_persist_certified,
                                  .persist_proof = memory_ledger_persist_proof,
                                  .persist_epoch = memory_ledger_persist_epoch,
                                  .read_epoch = memory_ledger_read_epoch,
                                  .read_batch = memory_ledger_read_batch,
                                  .read_lane = memory_ledger_read_lane,
                                  .read_height = memory_ledger_read_height,
                                  .read_leaf = memory_ledger_read_leaf,
                                  .send = port_send,
                                  .event = port_event};
}

static void start(struct member *member) {
    member->memory =
        mmap(NULL, world->replica_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(member->memory != MAP_FAILED);
    const struct replica_config config = {
        .genesis = &world->genesis, .self = member->number, .secret = member->secret};
    struct replica_ports ports = ports_of(member);
    struct replica *replica = replica_init(member->memory, world->replica_bytes, &config, &ports);
    turn_init(&member->turn, replica, &(struct turn_host){member, host_commit, host_durable});
    const struct ledger_visitor visitor = ledger_restorer(replica);
    assert_int_equal(memory_ledger_visit(member->ledger, &visitor), STATUS_OK);
    replica_start(replica, now(), MEMORY_WHOLE);
    turn_touched(&member->turn);
    member->up = true;
}

/* What it had not committed is gone, and what it had not sent. */
static void crash(struct member *member) {
    drop_all(&member->outbox);
    memory_ledger_crash(member->ledger);
    munmap(member->memory, world->replica_bytes);
    member->up = false;
}

static void tell_link(uint32_t a, uint32_t b, bool up) {
    if (world->members[a].up) turn_on_link(&world->members[a].turn, now(), b, up);
    if (world->members[b].up) turn_on_link(&world->members[b].turn, now(), a, up);
}

static void tell_links(uint32_t number, bool up) {
    for (uint32_t peer = 0; peer < MEMBERS; peer++) {
        if (peer != number) tell_link(number, peer, up);
    }
}

static int set_up(void **state) {
    world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->now_us = 1000000;
    struct genesis *genesis = &world->genesis;
    *genesis = (struct genesis){.name = "turns",
                                .created_us = EPOCH_US,
                                .threshold = {3, 4},
                                .members = MEMBERS,
                                .state_bytes_max = STATE_BYTES_MIN};
    for (uint32_t i = 0; i < MEMBERS; i++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1), 9};
        ed25519_from_seed(seed, world->members[i].secret, genesis->keys[i]);
        (void)snprintf(genesis->member_names[i], sizeof genesis->member_names[i], "member-%u", i);
    }
    assert_int_equal(genesis_valid(genesis), STATUS_OK);
    struct hash chain;
    genesis_chain(genesis, &chain);
    const struct replica_config config = {.genesis = genesis};
    world->replica_bytes = replica_bytes(&config);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        world->members[i].number = i;
        world->members[i].ledger = memory_ledger_open(&chain);
        start(&world->members[i]);
    }
    for (uint32_t a = 0; a < MEMBERS; a++) {
        for (uint32_t b = 0; b < a; b++) tell_link(a, b, true);
    }
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct member *member = &world->members[i];
        if (member->up) crash(member);
        memory_ledger_close(member->ledger);
    }
    drop_all(&world->network);
    free(world);
    return 0;
}

/* Everything that is due now, and what it leads to. */
static void run(uint64_t us) {
    for (uint64_t end = world->now_us + us; world->now_us < end; world->now_us += STEP_US) {
        for (uint32_t i = 0; i < MEMBERS; i++) {
            struct member *member = &world->members[i];
            if (member->up && turn_deadline_us(&member->turn) <= world->now_us) turn_on_tick(&member->turn, now());
            if (member->up) turn_end(&member->turn, now());
        }
        struct letters arriving = world->network;
        world->network.first = NULL;
        for (struct letter *letter; (letter = take(&arriving)) != NULL; free(letter)) {
            struct member *to = &world->members[letter->to];
            if (to->up) turn_on_frame(&to->turn, now(), letter->from, slice_of(letter->data, letter->bytes));
        }
    }
}

static uint64_t height_of(uint32_t member) {
    return machine_height(replica_machine(world->members[member].turn.replica));
}

static struct checkpoint checkpoint_of(uint32_t member) {
    struct replica_status status;
    replica_status(world->members[member].turn.replica, &status);
    return status.checkpoint;
}

static uint64_t durable_height(uint32_t member) {
    struct memory_ledger *durable = memory_ledger_clone(world->members[member].ledger);
    uint64_t height = memory_ledger_height(durable);
    memory_ledger_close(durable);
    return height;
}

static struct question_id ask(uint32_t number, const char *title) {
    struct member *member = &world->members[number];
    struct item item = {.kind = ITEM_ASK,
                        .ask = {.title = slice_of_text(title),
                                .hypotheses_count = 2,
                                .hypotheses = {slice_of_text("yes"), slice_of_text("no")},
                                .mode = MODE_POOL,
                                .cap = 1000 * QUANTA_PER_NAT,
                                .decide_at = 10000 * QUANTA_PER_NAT,
                                .window_us = 1000000}};
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct question_id id;
    uint64_t seq;
    uint32_t index;
    item_put(&writer, &item);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    item_question_id(number, writer_slice(&writer), &id);
    assert_int_equal(
        replica_submit(member->turn.replica, now(), writer_slice(&writer), slice_of(NULL, 0), &seq, &index),
        STATUS_OK);
    turn_touched(&member->turn);
    return id;
}

static bool knows(uint32_t member, const struct question_id *id) {
    uint64_t index;
    return machine_find_question(replica_machine(world->members[member].turn.replica), id, &index) == STATUS_OK;
}

static void assert_all_agree(void) {
    struct checkpoint first = checkpoint_of(0);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct checkpoint other = checkpoint_of(i);
        assert_int_equal(other.height, first.height);
        assert_memory_equal(other.root.bytes, first.root.bytes, HASH_BYTES);
        assert_int_equal(durable_height(i), first.height);
    }
}

static void disk_full_then_nothing_leaves_and_the_same_step_goes_on_later(void **state) {
    (void)state;
    struct member *full = &world->members[0];
    run(2000000);
    struct question_id before = ask(0, "before");
    run(2000000);
    assert_true(knows(3, &before));
    uint64_t height = durable_height(0);
    /* Five commits find no room: that of its own batch and four more tries. */
    memory_ledger_fill(full->ledger, 5);
    struct question_id pending = ask(0, "pending");
    unsigned released = full->released, commits = full->commits;
    turn_end(&full->turn, now());
    assert_int_equal(full->turn.state, TURN_WAITING);
    assert_false(turn_is_open(&full->turn));
    size_t held = count_of(&full->outbox);
    assert_true(held > 0);
    struct question_id elsewhere = ask(1, "elsewhere");
    run(3500000);
    /* Three others are a quorum and go on; this one stands still, and nobody heard of its batch. */
    assert_int_equal(full->turn.state, TURN_WAITING);
    assert_int_equal(full->released, released);
    assert_int_equal(count_of(&full->outbox), held);
    assert_int_equal(full->commits, commits + 4);
    assert_int_equal(durable_height(0), height);
    assert_int_equal(height_of(0), height);
    assert_true(full->turn.passed_over > 0);
    assert_true(knows(1, &elsewhere) && !knows(1, &pending) && knows(0, &before));
    assert_true(height_of(1) > height);
    struct replica_lane lane;
    replica_lane(world->members[2].turn.replica, 0, &lane);
    uint64_t seen = lane.tip.seq;
    replica_lane(full->turn.replica, 0, &lane);
    assert_int_equal(lane.tip.seq, seen + 1);
    /* Room: the batch that waited is the one that the others get, and this member catches up. */
    run(4000000);
    assert_int_equal(full->turn.state, TURN_OPEN);
    for (uint32_t i = 0; i < MEMBERS; i++) assert_true(knows(i, &pending) && knows(i, &elsewhere));
    run(2000000);
    assert_all_agree();
}

/* With three members up each is needed: while one waits nothing can become final, and when it is back everything does. */
static void the_needed_member_has_a_full_disk_then_all_stand_still_and_go_on_together(void **state) {
    (void)state;
    run(2000000);
    crash(&world->members[3]);
    tell_links(3, false);
    run(1000000);
    memory_ledger_fill(world->members[0].ledger, 20);
    struct question_id id = ask(1, "with three");
    run(10000000);
    assert_int_equal(world->members[0].turn.state, TURN_WAITING);
    assert_false(knows(1, &id));
    run(30000000);
    assert_int_equal(world->members[0].turn.state, TURN_OPEN);
    for (uint32_t i = 0; i < 3; i++) assert_true(knows(i, &id));
    start(&world->members[3]);
    tell_links(3, true);
    run(10000000);
    assert_true(knows(3, &id));
    assert_all_agree();
}

static void killed_while_it_waits_then_it_comes_back_without_the_step(void **state) {
    (void)state;
    run(2000000);
    memory_ledger_fill(world->members[0].ledger, 1000);
    struct question_id lost = ask(0, "lost");
    run(2500000);
    assert_int_equal(world->members[0].turn.state, TURN_WAITING);
    crash(&world->members[0]);
    tell_links(0, false);
    run(1000000);
    start(&world->members[0]);
    tell_links(0, true);
    /* Another batch in the place of the one that was never told convicts nobody: events of misbehaviour fail the test. */
    struct question_id other = ask(0, "other");
    run(6000000);
    for (uint32_t i = 0; i < MEMBERS; i++) assert_true(knows(i, &other) && !knows(i, &lost));
    run(2000000);
    assert_all_agree();
}

static void links_move_while_it_waits_then_the_newest_state_counts(void **state) {
    (void)state;
    struct member *full = &world->members[0];
    struct replica_peer peer;
    run(2000000);
    memory_ledger_fill(full->ledger, 3);
    (void)ask(0, "waiting");
    turn_end(&full->turn, now());
    assert_int_equal(full->turn.state, TURN_WAITING);
    tell_link(0, 1, false);
    tell_link(0, 2, false);
    tell_link(0, 2, true);
    replica_peer(full->turn.replica, 1, &peer);
    assert_true(peer.link_up); /* not told yet */
    run(4000000);
    assert_int_equal(full->turn.state, TURN_OPEN);
    replica_peer(full->turn.replica, 1, &peer);
    assert_false(peer.link_up);
    replica_peer(full->turn.replica, 2, &peer);
    assert_true(peer.link_up);
    replica_peer(full->turn.replica, 3, &peer);
    assert_true(peer.link_up);
}

static void commit_fails_otherwise_then_nothing_more_is_taken_or_told(void **state) {
    (void)state;
    struct member *broken = &world->members[0];
    run(2000000);
    broken->failure = STATUS_IO;
    (void)ask(0, "never told");
    unsigned released = broken->released;
    turn_end(&broken->turn, now());
    assert_int_equal(broken->turn.state, TURN_FAILED);
    assert_int_equal(turn_deadline_us(&broken->turn), UINT64_MAX);
    broken->failure = STATUS_OK;
    unsigned commits = broken->commits;
    run(5000000);
    assert_int_equal(broken->turn.state, TURN_FAILED);
    assert_int_equal(broken->commits, commits);
    assert_int_equal(broken->released, released);
}

/* A failure of another kind while it waits ends the waiting. */
static void commit_fails_while_it_waits_then_failed(void **state) {
    (void)state;
    struct member *broken = &world->members[0];
    run(2000000);
    memory_ledger_fill(broken->ledger, 1);
    (void)ask(0, "never told");
    turn_end(&broken->turn, now());
    assert_int_equal(broken->turn.state, TURN_WAITING);
    broken->failure = STATUS_IO;
    unsigned released = broken->released;
    run(2000000);
    assert_int_equal(broken->turn.state, TURN_FAILED);
    assert_int_equal(broken->released, released);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(disk_full_then_nothing_leaves_and_the_same_step_goes_on_later),
        CASE(the_needed_member_has_a_full_disk_then_all_stand_still_and_go_on_together),
        CASE(killed_while_it_waits_then_it_comes_back_without_the_step),
        CASE(links_move_while_it_waits_then_the_newest_state_counts),
        CASE(commit_fails_otherwise_then_nothing_more_is_taken_or_told),
        CASE(commit_fails_while_it_waits_then_failed),
    };
    return cmocka_run_group_tests_name("node turn", tests, NULL, NULL);
}
