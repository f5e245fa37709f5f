#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "machine/matter.h"
#include "world.h"

#define NAT QUANTA_PER_NAT

/* A world of n members with its own book; most tests need no more. */
static struct world *new_world(uint32_t members, struct book **ret_book) {
    struct genesis genesis;
    world_genesis(members, STATE_BYTES_MIN * 4, &genesis);
    *ret_book = book_new();
    return world_new(&genesis, *ret_book);
}

static void end_world(struct world *world, struct book *book) {
    world_free(world);
    book_free(book);
}

/* One batch with one item, executed as a block of its own. */
static struct question_id execute_one(struct world *world, struct book *book, uint32_t member, uint64_t wall_us,
                                      struct item item) {
    struct question_id id = book_item_of(book, member, &item);
    book_seal(book, member, wall_us, 0, NULL);
    world_block(world, book->count - 1, book->count, NULL);
    return id;
}

/* Members 0 .. count - 1 tell `ratio` each in a batch of its own, all in one block. */
static void execute_tells(struct world *world, struct book *book, uint32_t count, uint64_t wall_us,
                          struct question_id id, const char *observation, int64_t ratio) {
    size_t from = book->count;
    for (uint32_t m = 0; m < count; m++) {
        struct item tell = make_tell(id, observation, ratio);
        book_item(book, &tell);
        book_seal(book, m, wall_us, 0, NULL);
    }
    world_block(world, from, book->count, NULL);
}

static void execute_empty(struct world *world, struct book *book, uint32_t member, uint64_t wall_us) {
    book_seal(book, member, wall_us, 0, NULL);
    world_block(world, book->count - 1, book->count, NULL);
}

static struct record_belief belief_at(const struct world *world, uint64_t index) {
    struct record_belief belief;
    assert_int_equal(machine_belief_at(world->machine, index, &belief), STATUS_OK);
    return belief;
}

/* The beginning. */

static void genesis_alone_then_the_log_is_its_leaf(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    static uint8_t bytes[GENESIS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash leaf;
    struct slice record;
    uint64_t index;
    genesis_put(&writer, &world->genesis);
    merkle_leaf(writer_slice(&writer), &leaf);
    assert_int_equal(world->checkpoint.size, 1);
    assert_memory_equal(world->checkpoint.root.bytes, leaf.bytes, HASH_BYTES);
    assert_int_equal(world->checkpoint.height, 0);
    assert_int_equal(machine_height(world->machine), 0);
    assert_int_equal(machine_time_us(world->machine), 0);
    assert_int_equal(machine_members(world->machine), 4);
    assert_int_equal(machine_weight(world->machine, 3), 65536);
    assert_int_equal(machine_questions_count(world->machine), 0);
    assert_true(machine_next_due_us(world->machine) == UINT64_MAX);
    assert_int_equal(machine_state_record(world->machine, &record, &index), STATUS_NOT_FOUND);
    end_world(world, book);
}

static void empty_block_then_only_a_state_record(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    world_block(world, 0, 0, NULL);
    struct record_state record;
    world_state(world, &record);
    assert_int_equal(world->leaves_count, 2);
    assert_int_equal(record.height, 1);
    assert_int_equal(record.time_us, 0);
    assert_int_equal(world->checkpoint.size, 2);
    assert_int_equal(world->checkpoint.height, 1);
    world_check_included(world, 1);
    end_world(world, book);
}

static void state_record_then_members_and_parameters_are_proven(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(5, &book);
    struct merkle_frontier members, parameters;
    struct record_state record;
    struct hash root;
    uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
    struct hash leaf;
    world_block(world, 0, 0, NULL);
    world_state(world, &record);
    merkle_frontier_init(&members);
    for (uint32_t m = 0; m < 5; m++) {
        struct record_member member;
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct machine_member shown = machine_member(world->machine, m);
        machine_member_record(world->machine, m, &shown, &writer);
        assert_int_equal(record_member_read(writer_slice(&writer), &member), STATUS_OK);
        assert_int_equal(member.number, m);
        assert_int_equal(member.weight, 65536);
        merkle_leaf(writer_slice(&writer), &leaf);
        merkle_append(&members, &leaf);
    }
    merkle_frontier_root(&members, &root);
    assert_memory_equal(root.bytes, record.members.bytes, HASH_BYTES);
    struct writer writer = writer_of(bytes, sizeof bytes);
    record_parameters_put(&writer, &(struct record_parameters){.threshold = world->genesis.threshold});
    merkle_leaf(writer_slice(&writer), &leaf);
    merkle_frontier_init(&parameters);
    merkle_append(&parameters, &leaf);
    merkle_frontier_root(&parameters, &root);
    assert_memory_equal(root.bytes, record.parameters.bytes, HASH_BYTES);
    end_world(world, book);
}

/* Every member has a batch, each refers to the one before: the largest group in one block. */
static void largest_group_then_one_block_decides(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(MEMBERS_MAX, &book);
    struct item ask = make_ask("pool", 2, MODE_POOL);
    struct question_id id = book_item_of(book, MEMBERS_MAX - 1, &ask);
    for (uint32_t m = MEMBERS_MAX; m-- > 0;) {
        struct item tell = make_tell(id, "seen", 3 * NAT);
        uint32_t dep = m + 1;
        book_item(book, &tell);
        book_seal(book, m, 1000 + m, dep < MEMBERS_MAX ? 1 : 0, &dep);
    }
    struct prng prng = prng_seeded(1);
    world_block(world, 0, book->count, &prng);
    assert_int_equal(world->refusals_count, 0);
    assert_int_equal(machine_time_us(world->machine), 1000 + MEMBERS_MAX / 2 - 1);
    assert_int_equal(belief_at(world, 0).status, QUESTION_DECIDED);
    assert_int_equal(belief_at(world, 0).contributors, MEMBERS_MAX);
    /* The lanes come in the order of their deps, which is against that of the members. */
    for (size_t i = 0; i < MEMBERS_MAX; i++)
        assert_memory_equal(world->leaves[1 + i].bytes, book->made[i].header, book->made[i].header_bytes);
    end_world(world, book);
}

/* Order and determinism. */

enum { RANDOM_MEMBERS = 5, RANDOM_BATCHES = 80 };

static struct item random_tell(struct prng *prng, const struct question_id *questions, char *text, size_t bytes) {
    size_t which = (size_t)prng_below(prng, 3);
    snprintf(text, bytes, "observation %u", (unsigned)prng_below(prng, 12));
    struct item tell = make_tell(questions[which], text, prng_between(prng, -3 * NAT, 3 * NAT));
    if (which != 2) return tell;
    tell.tell.loglik_count = 3;
    tell.tell.loglik[1] = prng_between(prng, -NAT, NAT);
    tell.tell.loglik[2] = prng_between(prng, -NAT, NAT);
    return tell;
}

/* A panel, a pool and a pool of three; then tells and some retracts of the pools in lanes that refer to each other at random. Nothing
 * depends on time: the windows outlast the script, and nothing can be decided. */
static void write_random_script(struct prng *prng, struct book *book) {
    static const char *const titles[] = {"panel", "pool", "three"};
    struct question_id questions[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct item ask = make_ask(titles[i], i == 2 ? 3 : 2, i == 0 ? MODE_PANEL : MODE_POOL);
        ask.ask.window_us = UINT64_C(1) << 40;
        ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
        questions[i] = book_item_of(book, 0, &ask);
    }
    book_seal(book, 0, 1000, 0, NULL);
    for (uint32_t b = 1; b < RANDOM_BATCHES; b++) {
        uint32_t member = (uint32_t)prng_below(prng, RANDOM_MEMBERS);
        uint32_t deps[RANDOM_MEMBERS];
        uint32_t deps_count = 0;
        /* Everybody has heard of the questions. */
        if (member != 0) deps[deps_count++] = 0;
        for (uint32_t m = 1; m < RANDOM_MEMBERS; m++) {
            if (m != member && book->seq[m] > 0 && prng_chance(prng, 1, 2)) deps[deps_count++] = m;
        }
        for (uint64_t i = prng_below(prng, 6); i > 0; i--) {
            char text[32];
            struct item item = random_tell(prng, questions, text, sizeof text);
            if (prng_chance(prng, 1, 8)) item = make_retract(questions[1 + prng_below(prng, 2)], text);
            book_item(book, &item);
        }
        book_seal(book, member, 1000 + b, deps_count, deps);
    }
}

static void assert_same_refusals(const struct world *a, const struct world *b) {
    assert_int_equal(a->refusals_count, b->refusals_count);
    for (size_t i = 0; i < a->refusals_count; i++) {
        assert_int_equal(a->refusals[i].member, b->refusals[i].member);
        assert_int_equal(a->refusals[i].seq, b->refusals[i].seq);
        assert_int_equal(a->refusals[i].item, b->refusals[i].item);
        assert_int_equal(a->refusals[i].why, b->refusals[i].why);
    }
}

static void batches_in_any_order_then_the_same_root(void **state) {
    (void)state;
    const uint64_t seed = 909;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    struct genesis genesis;
    world_genesis(RANDOM_MEMBERS, STATE_BYTES_MIN, &genesis);
    for (int round = 0; round < 4; round++) {
        struct book *book = book_new();
        write_random_script(&prng, book);
        struct world *first = world_new(&genesis, book);
        world_block(first, 0, book->count, NULL);
        assert_true(first->refusals_count > 0);
        for (int shuffle = 0; shuffle < 5; shuffle++) {
            struct world *other = world_new(&genesis, book);
            world_block(other, 0, book->count, &prng);
            assert_int_equal(other->checkpoint.size, first->checkpoint.size);
            assert_memory_equal(other->checkpoint.root.bytes, first->checkpoint.root.bytes, HASH_BYTES);
            assert_same_refusals(other, first);
            world_free(other);
        }
        world_free(first);
        book_free(book);
    }
}

/* Only the height of the last change may differ. */
static void assert_same_numbers(const struct record_belief *a, const struct record_belief *b) {
    assert_true(slice_equal(a->title, b->title));
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->top, b->top);
    assert_memory_equal(a->log_odds, b->log_odds, a->hypotheses_count * sizeof a->log_odds[0]);
    assert_int_equal(a->contributors, b->contributors);
    assert_int_equal(a->items, b->items);
    assert_int_equal(a->flip_margin, b->flip_margin);
    assert_int_equal(a->margin_exact, b->margin_exact);
    assert_int_equal(a->live.low, b->live.low);
    assert_int_equal(a->live.high, b->live.high);
    assert_int_equal(a->safe.low, b->safe.low);
    assert_int_equal(a->safe.high, b->safe.high);
}

static void another_split_into_blocks_then_the_same_belief(void **state) {
    (void)state;
    const uint64_t seed = 4711;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    struct genesis genesis;
    world_genesis(RANDOM_MEMBERS, STATE_BYTES_MIN, &genesis);
    struct book *book = book_new();
    write_random_script(&prng, book);
    struct world *whole = world_new(&genesis, book);
    world_block(whole, 0, book->count, NULL);
    for (int round = 0; round < 5; round++) {
        struct world *split = world_new(&genesis, book);
        for (size_t from = 0, to; from < book->count; from = to) {
            to = from + 1 + (size_t)prng_below(&prng, 20);
            if (to > book->count) to = book->count;
            world_block(split, from, to, &prng);
        }
        for (uint64_t q = 0; q < 3; q++) {
            struct record_belief a = belief_at(whole, q), b = belief_at(split, q);
            assert_true(a.items > 0);
            assert_same_numbers(&a, &b);
        }
        world_free(split);
    }
    end_world(whole, book);
}

/* Time. */

static void lanes_disagree_about_time_then_the_median(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    static const uint64_t walls[] = {500, 900, 700, 100};
    /* The first batch of lane 0 is not its entry in the cut: only the last one counts. */
    book_seal(book, 0, 499, 0, NULL);
    for (uint32_t m = 0; m < 4; m++) book_seal(book, m, walls[m], 0, NULL);
    world_block(world, 0, 5, NULL);
    assert_int_equal(machine_time_us(world->machine), 500);
    book_seal(book, 3, 101, 0, NULL);
    world_block(world, 5, 6, NULL);
    assert_int_equal(machine_time_us(world->machine), 500);
    world_block(world, 6, 6, NULL);
    assert_int_equal(machine_time_us(world->machine), 500);
    book_seal(book, 3, 800, 0, NULL);
    world_block(world, 6, 7, NULL);
    assert_int_equal(machine_time_us(world->machine), 800);
    struct record_state record;
    world_state(world, &record);
    assert_int_equal(record.time_us, 800);
    assert_int_equal(record.height, 4);
    end_world(world, book);
}

static void window_ends_by_time_alone_then_the_panel_seals(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 0, 10000, make_ask("panel", 2, MODE_PANEL));
    execute_tells(world, book, 3, 20000, id, "seen", NAT);
    assert_int_equal(belief_at(world, 0).contributors, 0);
    assert_int_equal(belief_at(world, 0).items, 3);
    assert_int_equal(machine_next_due_us(world->machine), 21000);
    execute_empty(world, book, 3, 20999);
    assert_int_equal(belief_at(world, 0).contributors, 0);
    execute_empty(world, book, 3, 21000);
    struct record_belief belief = belief_at(world, 0);
    assert_int_equal(belief.contributors, 3);
    assert_int_equal(belief.log_odds[0], 0);
    assert_int_equal(belief.log_odds[1], -NAT);
    assert_int_equal(belief.height, machine_height(world->machine));
    assert_true(machine_next_due_us(world->machine) == UINT64_MAX);
    end_world(world, book);
}

static void window_ends_without_a_quorum_then_nothing_moves(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 0, 10000, make_ask("panel", 2, MODE_PANEL));
    execute_tells(world, book, 2, 20000, id, "seen", NAT);
    execute_empty(world, book, 3, 30000);
    assert_int_equal(belief_at(world, 0).contributors, 0);
    assert_int_equal(belief_at(world, 0).log_odds[1], 0);
    /* The fourth and the third come too late, even together with the block that ends the window. */
    execute_one(world, book, 2, 30001, make_tell(id, "seen", NAT));
    assert_int_equal(world_last_refusal(world), STATUS_SEALED);
    end_world(world, book);
}

/* A refused tell that arrives after the end of a window still finds it sealed: the belief changes in that block. */
static void window_ends_as_a_late_tell_is_refused_then_it_seals(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 0, 10000, make_ask("panel", 2, MODE_PANEL));
    execute_tells(world, book, 3, 20000, id, "seen", NAT);
    execute_one(world, book, 3, 25000, make_tell(id, "seen", NAT));
    assert_int_equal(world_last_refusal(world), STATUS_SEALED);
    assert_int_equal(belief_at(world, 0).contributors, 3);
    assert_int_equal(belief_at(world, 0).height, machine_height(world->machine));
    end_world(world, book);
}

/* Verdicts. */

static void check_verdict(const struct world *world, uint64_t question, enum question_status status) {
    uint64_t index, leaf;
    enum record_kind kind;
    struct record_belief verdict;
    assert_int_equal(machine_verdict_index(world->machine, question, &leaf), STATUS_OK);
    assert_int_equal(world_count_leaves(world, RECORD_VERDICT, &index), 1);
    assert_int_equal(index, leaf);
    struct slice bytes = slice_of(world->leaves[leaf].bytes, world->leaves[leaf].bytes_count);
    assert_int_equal(record_belief_read(bytes, &kind, &verdict), STATUS_OK);
    assert_int_equal(kind, RECORD_VERDICT);
    assert_int_equal(verdict.status, status);
    struct record_belief belief = belief_at(world, question);
    assert_same_numbers(&verdict, &belief);
    assert_int_equal(verdict.height, belief.height);
    world_check_included(world, leaf);
}

static void check_question_proof(const struct world *world, uint64_t question) {
    uint8_t bytes[RECORD_BELIEF_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash proof[MERKLE_PROOF_MAX];
    struct record_state record;
    struct hash leaf;
    size_t count;
    uint64_t questions;
    world_state(world, &record);
    assert_int_equal(machine_question_proof(world->machine, question, &writer, proof, &count, &questions), STATUS_OK);
    merkle_leaf(writer_slice(&writer), &leaf);
    assert_int_equal(merkle_inclusion_check(&leaf, question, questions, proof, count, &record.questions), STATUS_OK);
    leaf.bytes[0] ^= 1;
    assert_int_equal(merkle_inclusion_check(&leaf, question, questions, proof, count, &record.questions),
                     STATUS_BAD_PROOF);
}

static void enough_evidence_then_one_verdict_that_is_proven(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 1, 100, make_ask("pool", 2, MODE_POOL));
    uint64_t leaf = 77;
    assert_int_equal(machine_verdict_index(world->machine, 0, &leaf), STATUS_NOT_FOUND);
    assert_int_equal(leaf, 77);
    execute_tells(world, book, 4, 200, id, "seen", 9 * NAT);
    assert_int_equal(belief_at(world, 0).status, QUESTION_DECIDED);
    assert_int_equal(belief_at(world, 0).top, 0);
    assert_int_equal(belief_at(world, 0).log_odds[1], -36 * NAT);
    check_verdict(world, 0, QUESTION_DECIDED);
    execute_one(world, book, 1, 300, make_tell(id, "later", NAT));
    assert_int_equal(world_last_refusal(world), STATUS_QUESTION_CLOSED);
    execute_empty(world, book, 2, 100000000);
    check_verdict(world, 0, QUESTION_DECIDED);
    assert_int_equal(belief_at(world, 0).height, 2);
    end_world(world, book);
}

static void many_questions_then_each_is_proven_against_the_state(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    for (uint32_t q = 0; q < 13; q++) {
        char title[32];
        snprintf(title, sizeof title, "question %u", q);
        struct question_id id = execute_one(world, book, q % 4, 100 + q, make_ask(title, 2, MODE_POOL));
        uint64_t index = 99;
        assert_int_equal(machine_find_question(world->machine, &id, &index), STATUS_OK);
        assert_int_equal(index, q);
        if (q % 3 == 0) execute_tells(world, book, 4, 200 + q, id, "seen", 9 * NAT);
    }
    for (uint64_t q = 0; q < 13; q++) check_question_proof(world, q);
    for (size_t i = 1; i < world->leaves_count; i++) world_check_included(world, i);
    end_world(world, book);
}

static void deadline_passes_then_undecided(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct item ask = make_ask("pool", 2, MODE_POOL);
    ask.ask.deadline_us = 5000;
    struct question_id id = execute_one(world, book, 1, 100, ask);
    assert_int_equal(machine_next_due_us(world->machine), 5100);
    execute_tells(world, book, 4, 200, id, "seen", NAT / 10);
    execute_empty(world, book, 0, 5099);
    assert_int_equal(belief_at(world, 0).status, QUESTION_OPEN);
    assert_int_equal(world_count_leaves(world, RECORD_VERDICT, NULL), 0);
    /* What is ordered at the deadline is too late, however strong. */
    execute_tells(world, book, 4, 5100, id, "late", 40 * NAT);
    assert_int_equal(world_last_refusal(world), STATUS_QUESTION_CLOSED);
    check_verdict(world, 0, QUESTION_UNDECIDED);
    check_question_proof(world, 0);
    assert_int_equal(belief_at(world, 0).contributors, 4);
    /* What was said is kept as long as the commitment may still be opened. */
    assert_true(machine_next_due_us(world->machine) == 5100 + OPENING_WINDOW_US);
    execute_empty(world, book, 0, 5100 + OPENING_WINDOW_US);
    assert_true(machine_next_due_us(world->machine) == UINT64_MAX);
    check_question_proof(world, 0);
    end_world(world, book);
}

static void asker_closes_then_the_verdict_counts_the_whole_block(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 0, 100, make_ask("pool", 2, MODE_POOL));
    size_t from = book->count;
    struct item close = make_close(id);
    book_item(book, &close);
    book_item(book, &close);
    book_seal(book, 0, 200, 0, NULL);
    for (uint32_t m = 1; m < 4; m++) {
        struct item tell = make_tell(id, "seen", NAT);
        book_item(book, &tell);
        book_seal(book, m, 200, 0, NULL);
    }
    world_block(world, from, book->count, NULL);
    /* The second close is refused, the tells of the block are not. */
    assert_int_equal(world->refusals_count, 1);
    assert_int_equal(world->refusals[0].why, STATUS_QUESTION_CLOSED);
    assert_int_equal(world->refusals[0].item, 1);
    assert_int_equal(belief_at(world, 0).items, 3);
    check_verdict(world, 0, QUESTION_UNDECIDED);
    end_world(world, book);
}

static void another_member_closes_then_refused_and_open(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    struct question_id id = execute_one(world, book, 0, 100, make_ask("pool", 2, MODE_POOL));
    execute_one(world, book, 1, 200, make_close(id));
    assert_int_equal(world_last_refusal(world), STATUS_NOT_ALLOWED);
    assert_int_equal(belief_at(world, 0).status, QUESTION_OPEN);
    assert_int_equal(world_count_leaves(world, RECORD_VERDICT, NULL), 0);
    end_world(world, book);
}

/* The log. */

static void block_with_everything_then_leaves_in_their_order(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    static const uint8_t evidence[] = {0x83, 0x01, 0x41, 0x61, 0x41, 0x62};
    struct slice proof = slice_of(evidence, sizeof evidence);
    struct item ask = make_ask("pool", 2, MODE_POOL);
    struct question_id id = book_item_of(book, 0, &ask);
    for (uint32_t m = 0; m < 4; m++) {
        struct item tell = make_tell(id, "seen", 9 * NAT);
        uint32_t dep = m == 0 ? 1 : 0;
        book_item(book, &tell);
        book_seal(book, m, 100 + m, m == 0 ? 0 : 1, &dep);
    }
    world_block_with_proofs(world, 0, 4, &proof, 1);
    assert_int_equal(world->leaves_count, 1 + 4 + 1 + 1 + 1);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(world->leaves[1 + i].bytes, book->made[i].header, book->made[i].header_bytes);
    uint8_t expected[32];
    struct writer writer = writer_of(expected, sizeof expected);
    record_proof_put(&writer, proof);
    assert_true(slice_equal(writer_slice(&writer), slice_of(world->leaves[5].bytes, world->leaves[5].bytes_count)));
    uint64_t verdict;
    assert_int_equal(machine_verdict_index(world->machine, 0, &verdict), STATUS_OK);
    assert_int_equal(verdict, 6);
    struct record_state record;
    world_state(world, &record);
    assert_int_equal(world->changed, 1);
    end_world(world, book);
}

/* A fixed script. When this root changes, the format of the log has changed, or the order, or the numbers: every ledger would. */
static void fixed_script_then_the_pinned_root(void **state) {
    (void)state;
    struct book *book;
    struct world *world = new_world(4, &book);
    char root[2 * HASH_BYTES + 1];
    struct item asks[3] = {make_ask("panel", 2, MODE_PANEL), make_ask("pool", 2, MODE_POOL),
                           make_ask("three", 3, MODE_POOL)};
    struct question_id ids[3];
    for (uint32_t i = 0; i < 3; i++) {
        asks[i].ask.rho_thousandths = 100 * i;
        asks[i].ask.prior[1] = -(int64_t)i * 1000;
        ids[i] = execute_one(world, book, i, 1000 + i, asks[i]);
    }
    execute_tells(world, book, 3, 2000, ids[0], "a", NAT);
    execute_tells(world, book, 4, 2100, ids[0], "b", -NAT / 7);
    execute_tells(world, book, 4, 2200, ids[1], "c", 9 * NAT);
    for (uint32_t m = 0; m < 4; m++) {
        struct item tell = make_tell(ids[2], "d", 0);
        tell.tell.loglik_count = 3;
        for (uint32_t j = 0; j < 3; j++) tell.tell.loglik[j] = (int64_t)(m * 3 + j * j) * NAT / 3;
        execute_one(world, book, m, 2300 + m, tell);
    }
    execute_one(world, book, 2, 2400, make_retract(ids[2], "d"));
    execute_one(world, book, 2, 9000, make_close(ids[2]));
    bytes_to_hex(world->checkpoint.root.bytes, HASH_BYTES, root);
    assert_int_equal(world->checkpoint.size, world->leaves_count);
    assert_string_equal(root, "a535ea64efc0d70a8b51431965e34f5c87b25d3aa96e7fbe4a02757f0db8958a");
    end_world(world, book);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_alone_then_the_log_is_its_leaf),
        cmocka_unit_test(empty_block_then_only_a_state_record),
        cmocka_unit_test(state_record_then_members_and_parameters_are_proven),
        cmocka_unit_test(largest_group_then_one_block_decides),
        cmocka_unit_test(batches_in_any_order_then_the_same_root),
        cmocka_unit_test(another_split_into_blocks_then_the_same_belief),
        cmocka_unit_test(lanes_disagree_about_time_then_the_median),
        cmocka_unit_test(window_ends_by_time_alone_then_the_panel_seals),
        cmocka_unit_test(window_ends_without_a_quorum_then_nothing_moves),
        cmocka_unit_test(window_ends_as_a_late_tell_is_refused_then_it_seals),
        cmocka_unit_test(enough_evidence_then_one_verdict_that_is_proven),
        cmocka_unit_test(many_questions_then_each_is_proven_against_the_state),
        cmocka_unit_test(deadline_passes_then_undecided),
        cmocka_unit_test(asker_closes_then_the_verdict_counts_the_whole_block),
        cmocka_unit_test(another_member_closes_then_refused_and_open),
        cmocka_unit_test(block_with_everything_then_leaves_in_their_order),
        cmocka_unit_test(fixed_script_then_the_pinned_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
