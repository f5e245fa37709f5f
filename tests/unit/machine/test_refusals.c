/* What the machine refuses, each beside what it takes; the budget of the state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "world.h"

#define NAT QUANTA_PER_NAT

struct stage {
    struct genesis genesis;
    struct book *book;
    struct world *world;
    struct question_id pool;  /* two hypotheses */
    struct question_id three; /* three hypotheses */
};

/* A world of four members with two pool questions, asked by member 0. */
static struct stage stage_new(uint64_t state_bytes) {
    struct stage stage;
    struct item ask = make_ask("pool", 2, MODE_POOL);
    struct item three = make_ask("three", 3, MODE_POOL);
    world_genesis(4, state_bytes, &stage.genesis);
    stage.book = book_new();
    stage.world = world_new(&stage.genesis, stage.book);
    ask.ask.decide_at = three.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    stage.pool = book_item_of(stage.book, 0, &ask);
    stage.three = book_item_of(stage.book, 0, &three);
    book_seal(stage.book, 0, 100, 0, NULL);
    world_block(stage.world, 0, 1, NULL);
    assert_int_equal(world_last_refusal(stage.world), STATUS_OK);
    return stage;
}

static void stage_end(struct stage *stage) {
    world_free(stage->world);
    book_free(stage->book);
}

static enum status check(const struct stage *stage, uint32_t member, const struct item *item) {
    static uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, item);
    return machine_check_item(stage->world->machine, member, item, writer_slice(&writer));
}

static enum status execute(struct stage *stage, uint32_t member, const struct item *item) {
    book_item_of(stage->book, member, item);
    book_seal(stage->book, member, 1000, 0, NULL);
    world_block(stage->world, stage->book->count - 1, stage->book->count, NULL);
    return world_last_refusal(stage->world);
}

static struct hash questions_root(const struct stage *stage) {
    struct record_state record;
    world_state(stage->world, &record);
    return record.questions;
}

/* The item is refused for `why`, before execution and by it, and the questions stay as they are. */
static void refused(struct stage *stage, uint32_t member, struct item item, enum status why) {
    struct hash before = questions_root(stage);
    assert_int_equal(check(stage, member, &item), why);
    assert_int_equal(execute(stage, member, &item), why);
    struct hash after = questions_root(stage);
    assert_true(hash_equal(&before, &after));
}

static void taken(struct stage *stage, uint32_t member, struct item item) {
    struct hash before = questions_root(stage);
    assert_int_equal(check(stage, member, &item), STATUS_OK);
    assert_int_equal(execute(stage, member, &item), STATUS_OK);
    struct hash after = questions_root(stage);
    assert_false(hash_equal(&before, &after));
}

static void same_ask_again_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item ask = make_ask("pool", 2, MODE_POOL);
    taken(&stage, 1, ask);
    refused(&stage, 1, ask, STATUS_QUESTION_EXISTS);
    ask.ask.cap++;
    taken(&stage, 1, ask);
    assert_int_equal(machine_questions_count(stage.world->machine), 4);
    stage_end(&stage);
}

/* Whoever copies an ask, commitment and all, and is executed first takes nothing from the one that it copied. */
static void ask_copied_by_another_then_both_have_their_own_question(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item ask = make_ask("copied", 2, MODE_POOL);
    struct record_belief thief, asker;
    taken(&stage, 3, ask);
    taken(&stage, 1, ask);
    assert_int_equal(machine_belief_at(stage.world->machine, 2, &thief), STATUS_OK);
    assert_int_equal(machine_belief_at(stage.world->machine, 3, &asker), STATUS_OK);
    assert_false(question_id_equal(&thief.question, &asker.question));
    refused(&stage, 1, make_close(thief.question), STATUS_NOT_ALLOWED);
    taken(&stage, 1, make_close(asker.question));
    stage_end(&stage);
}

static void ask_beyond_ten_thousand_years_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item ask = make_ask("for ever", 2, MODE_POOL);
    ask.ask.deadline_us = QUESTION_DURATION_MAX_US + 1;
    refused(&stage, 1, ask, STATUS_BAD_VALUE);
    ask.ask.deadline_us--;
    taken(&stage, 1, ask);
    stage_end(&stage);
}

static void unknown_question_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct question_id unknown = stage.pool;
    uint64_t index = 5;
    unknown.bytes[15] ^= 1;
    refused(&stage, 1, make_tell(unknown, "seen", NAT), STATUS_UNKNOWN_QUESTION);
    refused(&stage, 1, make_retract(unknown, "seen"), STATUS_UNKNOWN_QUESTION);
    refused(&stage, 0, make_close(unknown), STATUS_UNKNOWN_QUESTION);
    assert_int_equal(machine_find_question(stage.world->machine, &unknown, &index), STATUS_UNKNOWN_QUESTION);
    assert_int_equal(index, 5);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage.world->machine, 2, &belief), STATUS_UNKNOWN_QUESTION);
    taken(&stage, 1, make_tell(stage.pool, "seen", NAT));
    stage_end(&stage);
}

static void wrong_number_of_logliks_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item tell = make_tell(stage.pool, "seen", NAT);
    tell.tell.loglik_count = 3;
    refused(&stage, 1, tell, STATUS_WRONG_HYPOTHESES);
    tell.tell.loglik_count = 2;
    taken(&stage, 1, tell);
    tell = make_tell(stage.three, "seen", NAT);
    refused(&stage, 1, tell, STATUS_WRONG_HYPOTHESES);
    tell.tell.loglik_count = 2;
    refused(&stage, 1, tell, STATUS_WRONG_HYPOTHESES);
    tell.tell.loglik_count = 3;
    taken(&stage, 1, tell);
    stage_end(&stage);
}

static void one_ratio_then_the_same_as_two_logliks(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct stage other = stage_new(STATE_BYTES_MIN);
    struct item two = make_tell(other.pool, "seen", -NAT);
    two.tell.loglik_count = 2;
    two.tell.loglik[1] = 2 * NAT;
    taken(&stage, 1, make_tell(stage.pool, "seen", -3 * NAT));
    taken(&other, 1, two);
    struct hash a = questions_root(&stage), b = questions_root(&other);
    assert_true(hash_equal(&a, &b));
    stage_end(&stage);
    stage_end(&other);
}

static void told_twice_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    taken(&stage, 1, make_tell(stage.pool, "seen", NAT));
    refused(&stage, 1, make_tell(stage.pool, "seen", 2 * NAT), STATUS_DUPLICATE_OBSERVATION);
    taken(&stage, 2, make_tell(stage.pool, "seen", NAT));
    taken(&stage, 1, make_tell(stage.pool, "seen too", NAT));
    stage_end(&stage);
}

static void retract_of_what_was_not_told_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    taken(&stage, 1, make_tell(stage.pool, "seen", NAT));
    refused(&stage, 2, make_retract(stage.pool, "seen"), STATUS_UNKNOWN_OBSERVATION);
    refused(&stage, 1, make_retract(stage.pool, "seen too"), STATUS_UNKNOWN_OBSERVATION);
    taken(&stage, 1, make_retract(stage.pool, "seen"));
    refused(&stage, 1, make_retract(stage.pool, "seen"), STATUS_UNKNOWN_OBSERVATION);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage.world->machine, 0, &belief), STATUS_OK);
    assert_int_equal(belief.items, 0);
    stage_end(&stage);
}

static void sealed_observation_then_refused_at_the_door_too(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item ask = make_ask("panel", 2, MODE_PANEL);
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    taken(&stage, 0, ask);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage.world->machine, 2, &belief), STATUS_OK);
    struct question_id panel = belief.question;
    for (uint32_t m = 0; m < 4; m++) taken(&stage, m, make_tell(panel, "seen", NAT));
    refused(&stage, 1, make_tell(panel, "seen", NAT), STATUS_SEALED);
    refused(&stage, 1, make_retract(panel, "seen"), STATUS_SEALED);
    taken(&stage, 1, make_tell(panel, "seen too", NAT));
    refused(&stage, 1, make_tell(panel, "seen too", NAT), STATUS_DUPLICATE_OBSERVATION);
    stage_end(&stage);
}

static void total_beyond_its_limit_then_refused_at_the_door_too(void **state) {
    (void)state;
    struct stage stage = stage_new(128 * STATE_BYTES_MIN);
    struct item ask = make_ask("wide", HYPOTHESES_MAX, MODE_POOL);
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    taken(&stage, 0, ask);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage.world->machine, 2, &belief), STATUS_OK);
    struct item tell = make_tell(belief.question, "last", 50 * NAT);
    tell.tell.loglik_count = HYPOTHESES_MAX;
    uint64_t room = (uint64_t)(TOTAL_LIMIT_QUANTA / ((HYPOTHESES_MAX - 1) * 50 * NAT));
    for (uint64_t i = 0; i < room; i++) {
        char text[32];
        snprintf(text, sizeof text, "tell %u", (uint32_t)i);
        struct item one = make_tell(belief.question, text, 50 * NAT);
        one.tell.loglik_count = HYPOTHESES_MAX;
        book_item(stage.book, &one);
        if (i % 1000 != 999 && i + 1 != room) continue;
        book_seal(stage.book, 1, 1000, 0, NULL);
        world_block(stage.world, stage.book->count - 1, stage.book->count, NULL);
        assert_int_equal(stage.world->refusals_count, 0);
    }
    refused(&stage, 1, tell, STATUS_OVER_TOTAL_LIMIT);
    taken(&stage, 2, tell);
    stage_end(&stage);
}

static void close_by_another_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    refused(&stage, 1, make_close(stage.pool), STATUS_NOT_ALLOWED);
    taken(&stage, 0, make_close(stage.pool));
    refused(&stage, 0, make_close(stage.pool), STATUS_QUESTION_CLOSED);
    refused(&stage, 1, make_tell(stage.pool, "seen", NAT), STATUS_QUESTION_CLOSED);
    refused(&stage, 1, make_retract(stage.pool, "seen"), STATUS_QUESTION_CLOSED);
    stage_end(&stage);
}

static void member_outside_the_group_then_not_taken(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item tell = make_tell(stage.pool, "seen", NAT);
    assert_int_equal(check(&stage, 4, &tell), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(check(&stage, 3, &tell), STATUS_OK);
    stage_end(&stage);
}

static void refused_item_in_a_batch_then_the_others_count(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    struct item items[] = {make_tell(stage.pool, "a", NAT), make_tell(stage.pool, "a", NAT),
                           make_tell(stage.pool, "b", NAT)};
    for (size_t i = 0; i < 3; i++) book_item(stage.book, &items[i]);
    book_seal(stage.book, 2, 1000, 0, NULL);
    world_block(stage.world, 1, 2, NULL);
    assert_int_equal(stage.world->refusals_count, 1);
    assert_int_equal(stage.world->refusals[0].member, 2);
    assert_int_equal(stage.world->refusals[0].seq, 1);
    assert_int_equal(stage.world->refusals[0].item, 1);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage.world->machine, 0, &belief), STATUS_OK);
    assert_int_equal(belief.items, 2);
    stage_end(&stage);
}

/* Budget. */

/* A full batch of tells of member 1 about one question, executed; returns how many were refused for want of room. */
static size_t flood(struct stage *stage, uint32_t member, struct question_id question, uint32_t from,
                    uint32_t count) {
    char text[32];
    size_t full = 0;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "flood %u", from + i);
        struct item tell = make_tell(question, text, 1);
        tell.tell.loglik_count = question_id_equal(&question, &stage->three) ? 3 : 1;
        book_item(stage->book, &tell);
    }
    book_seal(stage->book, member, 1000, 0, NULL);
    world_block(stage->world, stage->book->count - 1, stage->book->count, NULL);
    for (size_t i = 0; i < stage->world->refusals_count; i++) {
        assert_int_equal(stage->world->refusals[i].why, STATUS_STATE_FULL);
        full++;
    }
    return full;
}

static void too_much_evidence_then_refused_until_a_verdict_makes_room(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    assert_int_equal(flood(&stage, 1, stage.pool, 0, 1000), 0);
    assert_true(flood(&stage, 1, stage.pool, 1000, 20000) > 0);
    refused(&stage, 1, make_tell(stage.pool, "one more", NAT), STATUS_STATE_FULL);
    /* A smaller question still has room, and a retract needs none. */
    struct item small = make_tell(stage.three, "a", NAT);
    small.tell.loglik_count = 3;
    taken(&stage, 1, small);
    taken(&stage, 1, make_retract(stage.pool, "flood 0"));
    taken(&stage, 0, make_close(stage.pool));
    assert_int_equal(flood(&stage, 1, stage.three, 0, 1000), 0);
    stage_end(&stage);
}

static void too_many_questions_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(STATE_BYTES_MIN);
    uint32_t asked = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        char title[32];
        snprintf(title, sizeof title, "question %u", asked);
        struct item ask = make_ask(title, 2, MODE_POOL);
        enum status expected = check(&stage, 1, &ask);
        status = execute(&stage, 1, &ask);
        assert_int_equal(status, expected);
        if (status == STATUS_OK) asked++;
    }
    assert_int_equal(status, STATUS_STATE_FULL);
    assert_true(asked > 100 && asked < STATE_BYTES_MIN / 256);
    assert_int_equal(machine_questions_count(stage.world->machine), asked + 2);
    stage_end(&stage);
}

/* Two histories with the same evidence: in one the questions grow one after the other, in the other by turns, with another question that
 * grew and went in between. Where the pool keeps its pieces differs; what has room must not. */
static void same_state_by_another_path_then_the_same_refusals(void **state) {
    (void)state;
    struct stage straight = stage_new(STATE_BYTES_MIN);
    struct stage winding = stage_new(STATE_BYTES_MIN);
    struct item extra = make_ask("extra", 2, MODE_POOL);
    enum { TELLS = 2000, STEPS = 8 };
    for (int i = 0; i < 2; i++) {
        struct stage *stage = i == 0 ? &straight : &winding;
        taken(stage, 0, extra);
    }
    uint64_t extra_index;
    struct record_belief belief;
    assert_int_equal(machine_belief_at(winding.world->machine, 2, &belief), STATUS_OK);
    struct question_id extra_id = belief.question;
    assert_int_equal(machine_find_question(winding.world->machine, &extra_id, &extra_index), STATUS_OK);
    taken(&straight, 0, make_close(extra_id));
    assert_int_equal(flood(&winding, 1, extra_id, 0, TELLS), 0);
    assert_int_equal(flood(&straight, 1, straight.pool, 0, TELLS), 0);
    assert_int_equal(flood(&straight, 1, straight.three, 0, TELLS), 0);
    for (uint32_t step = 0; step < STEPS; step++) {
        if (step == STEPS / 2) taken(&winding, 0, make_close(extra_id));
        assert_int_equal(flood(&winding, 1, winding.pool, step * (TELLS / STEPS), TELLS / STEPS), 0);
        assert_int_equal(flood(&winding, 1, winding.three, step * (TELLS / STEPS), TELLS / STEPS), 0);
    }
    /* From here on both run into the budget, at the same item. */
    size_t a = flood(&straight, 2, straight.pool, 0, 20000);
    size_t b = flood(&winding, 2, winding.pool, 0, 20000);
    assert_true(a > 0 && a < 20000);
    assert_int_equal(a, b);
    for (size_t i = 0; i < a; i++)
        assert_int_equal(straight.world->refusals[i].item, winding.world->refusals[i].item);
    stage_end(&straight);
    stage_end(&winding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_ask_again_then_refused),
        cmocka_unit_test(ask_copied_by_another_then_both_have_their_own_question),
        cmocka_unit_test(ask_beyond_ten_thousand_years_then_refused),
        cmocka_unit_test(unknown_question_then_refused),
        cmocka_unit_test(wrong_number_of_logliks_then_refused),
        cmocka_unit_test(one_ratio_then_the_same_as_two_logliks),
        cmocka_unit_test(told_twice_then_refused),
        cmocka_unit_test(retract_of_what_was_not_told_then_refused),
        cmocka_unit_test(sealed_observation_then_refused_at_the_door_too),
        cmocka_unit_test(total_beyond_its_limit_then_refused_at_the_door_too),
        cmocka_unit_test(close_by_another_then_refused),
        cmocka_unit_test(member_outside_the_group_then_not_taken),
        cmocka_unit_test(refused_item_in_a_batch_then_the_others_count),
        cmocka_unit_test(too_much_evidence_then_refused_until_a_verdict_makes_room),
        cmocka_unit_test(too_many_questions_then_refused),
        cmocka_unit_test(same_state_by_another_path_then_the_same_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
