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
    struct question_id pool;
    struct question_id panel;
};

static struct stage stage_new(void) {
    struct stage stage;
    struct item pool = make_ask("pool", 2, MODE_POOL);
    struct item panel = make_ask("panel", 2, MODE_PANEL);
    world_genesis(4, STATE_BYTES_MIN, &stage.genesis);
    stage.book = book_new();
    stage.world = world_new(&stage.genesis, stage.book);
    stage.pool = book_item_of(stage.book, 0, &pool);
    stage.panel = book_item_of(stage.book, 0, &panel);
    book_seal(stage.book, 0, 100, 0, NULL);
    for (uint32_t m = 0; m < 3; m++) {
        struct item a = make_tell(stage.pool, "seen", NAT), b = make_tell(stage.panel, "seen", -NAT);
        book_item(stage.book, &a);
        book_item(stage.book, &b);
        book_seal(stage.book, m, 200, 0, NULL);
    }
    world_block(stage.world, 0, 1, NULL);
    world_block(stage.world, 1, 4, NULL);
    assert_int_equal(world_last_refusal(stage.world), STATUS_OK);
    return stage;
}

static void stage_end(struct stage *stage) {
    world_free(stage->world);
    book_free(stage->book);
}

static void apply(struct stage *stage, uint32_t member, struct item item) {
    static uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, &item);
    struct machine_origin origin = {.member = member, .seq = 1, .wall_us = 1};
    machine_preview_apply(stage->world->machine, &origin, &item, writer_slice(&writer));
}

static struct record_belief preview_end(struct stage *stage) {
    struct record_belief belief;
    assert_int_equal(machine_preview_end(stage->world->machine, &belief), STATUS_OK);
    return belief;
}

static struct record_belief belief_at(const struct stage *stage, uint64_t index) {
    struct record_belief belief;
    assert_int_equal(machine_belief_at(stage->world->machine, index, &belief), STATUS_OK);
    return belief;
}

static void assert_same(const struct record_belief *a, const struct record_belief *b) {
    assert_true(slice_equal(a->title, b->title));
    assert_true(slice_equal(a->hypotheses[1], b->hypotheses[1]));
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->items, b->items);
    assert_int_equal(a->contributors, b->contributors);
    assert_int_equal(a->flip_margin, b->flip_margin);
    assert_memory_equal(a->log_odds, b->log_odds, a->hypotheses_count * sizeof a->log_odds[0]);
    assert_int_equal(a->live.low, b->live.low);
    assert_int_equal(a->safe.high, b->safe.high);
}

static void nothing_applied_then_the_committed_belief(void **state) {
    (void)state;
    struct stage stage = stage_new();
    machine_preview_begin(stage.world->machine, &stage.pool);
    struct record_belief preview = preview_end(&stage), committed = belief_at(&stage, 0);
    assert_same(&preview, &committed);
    assert_int_equal(preview.height, committed.height);
    stage_end(&stage);
}

static void items_applied_then_what_execution_will_say(void **state) {
    (void)state;
    struct stage stage = stage_new();
    struct item tells[] = {make_tell(stage.pool, "more", 2 * NAT), make_tell(stage.panel, "seen", -NAT)};
    struct item retract = make_retract(stage.pool, "seen");
    for (uint64_t q = 0; q < 2; q++) {
        machine_preview_begin(stage.world->machine, q == 0 ? &stage.pool : &stage.panel);
        apply(&stage, 3, tells[0]);
        apply(&stage, 3, tells[1]);
        apply(&stage, 2, retract);
        struct record_belief before = belief_at(&stage, q), preview = preview_end(&stage);
        assert_int_not_equal(preview.contributors, before.contributors + 2);
        assert_true(preview.log_odds[0] != before.log_odds[0] || preview.log_odds[1] != before.log_odds[1]);
    }
    machine_preview_begin(stage.world->machine, &stage.pool);
    apply(&stage, 3, tells[0]);
    apply(&stage, 2, retract);
    struct record_belief preview = preview_end(&stage);
    book_item(stage.book, &retract);
    book_seal(stage.book, 2, 200, 0, NULL);
    book_item(stage.book, &tells[0]);
    book_item(stage.book, &tells[1]);
    book_seal(stage.book, 3, 200, 0, NULL);
    world_block(stage.world, 4, 6, NULL);
    struct record_belief executed = belief_at(&stage, 0);
    assert_same(&preview, &executed);
    stage_end(&stage);
}

static void decisive_items_then_decided_in_the_preview_alone(void **state) {
    (void)state;
    struct stage stage = stage_new();
    machine_preview_begin(stage.world->machine, &stage.pool);
    for (uint32_t m = 0; m < 4; m++) apply(&stage, m, make_tell(stage.pool, "loud", 20 * NAT));
    assert_int_equal(preview_end(&stage).status, QUESTION_DECIDED);
    assert_int_equal(belief_at(&stage, 0).status, QUESTION_OPEN);
    machine_preview_begin(stage.world->machine, &stage.pool);
    apply(&stage, 1, make_close(stage.pool));
    assert_int_equal(preview_end(&stage).status, QUESTION_OPEN);
    machine_preview_begin(stage.world->machine, &stage.pool);
    apply(&stage, 0, make_close(stage.pool));
    assert_int_equal(preview_end(&stage).status, QUESTION_UNDECIDED);
    stage_end(&stage);
}

static void refused_and_foreign_items_then_skipped(void **state) {
    (void)state;
    struct stage stage = stage_new();
    struct item wrong = make_tell(stage.pool, "more", NAT);
    wrong.tell.loglik_count = 3;
    machine_preview_begin(stage.world->machine, &stage.pool);
    apply(&stage, 1, wrong);
    apply(&stage, 1, make_tell(stage.pool, "seen", 9 * NAT));
    apply(&stage, 1, make_tell(stage.panel, "other", 9 * NAT));
    apply(&stage, 9, make_tell(stage.pool, "more", 9 * NAT));
    apply(&stage, 1, make_ask("pool", 2, MODE_POOL));
    struct record_belief preview = preview_end(&stage), committed = belief_at(&stage, 0);
    assert_same(&preview, &committed);
    stage_end(&stage);
}

/* A batch holds items of all kinds; those about no question are none of a preview's. */
static void items_about_no_question_then_skipped(void **state) {
    (void)state;
    struct stage stage = stage_new();
    struct item family = {.kind = ITEM_CLOSE_FAMILY, .close_family = {slice_of_text("birds")}};
    machine_preview_begin(stage.world->machine, &stage.pool);
    struct record_belief before = preview_end(&stage);
    machine_preview_begin(stage.world->machine, &stage.pool);
    apply(&stage, 1, (struct item){.kind = ITEM_RECONFIGURE, .reconfigure = {.change = CHANGE_REMOVE, .member = 2}});
    apply(&stage, 1, (struct item){.kind = ITEM_LEVEL, .level = LEVEL_SEVERE});
    apply(&stage, 1, (struct item){.kind = ITEM_ANSWER, .answer = {.height = 64}});
    apply(&stage, 1, family);
    struct record_belief after = preview_end(&stage);
    assert_true(after.log_odds[1] == before.log_odds[1]);
    assert_int_equal(after.height, before.height);
    stage_end(&stage);
}

static void unknown_question_then_no_belief_unless_asked(void **state) {
    (void)state;
    struct stage stage = stage_new();
    struct item ask = make_ask("only here", 2, MODE_POOL);
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct question_id id;
    struct record_belief belief;
    item_put(&writer, &ask);
    item_question_id(1, writer_slice(&writer), &id);
    machine_preview_begin(stage.world->machine, &id);
    apply(&stage, 1, make_tell(id, "too early", NAT));
    assert_int_equal(machine_preview_end(stage.world->machine, &belief), STATUS_UNKNOWN_QUESTION);
    machine_preview_begin(stage.world->machine, &id);
    apply(&stage, 1, ask);
    apply(&stage, 2, ask);
    apply(&stage, 3, make_tell(id, "seen", NAT));
    belief = preview_end(&stage);
    assert_true(slice_equal(belief.title, slice_of_text("only here")));
    assert_int_equal(belief.items, 1);
    assert_int_equal(belief.log_odds[1], -NAT);
    assert_int_equal(machine_questions_count(stage.world->machine), 2);
    stage_end(&stage);
}

static void closed_question_then_its_verdict_stands(void **state) {
    (void)state;
    struct stage stage = stage_new();
    struct item close = make_close(stage.pool);
    book_item(stage.book, &close);
    book_seal(stage.book, 0, 300, 0, NULL);
    world_block(stage.world, 4, 5, NULL);
    machine_preview_begin(stage.world->machine, &stage.pool);
    for (uint32_t m = 0; m < 4; m++) apply(&stage, m, make_tell(stage.pool, "loud", 20 * NAT));
    struct record_belief preview = preview_end(&stage), committed = belief_at(&stage, 0);
    assert_int_equal(committed.status, QUESTION_UNDECIDED);
    assert_same(&preview, &committed);
    stage_end(&stage);
}

/* Two machines, one of which previews before every block: the same log. */
static void previews_between_blocks_then_the_same_root(void **state) {
    (void)state;
    struct stage plain = stage_new(), previewed = stage_new();
    for (uint32_t round = 0; round < 6; round++) {
        char text[32];
        snprintf(text, sizeof text, "round %u", round);
        for (int q = 0; q < 2; q++) {
            machine_preview_begin(previewed.world->machine, q == 0 ? &previewed.pool : &previewed.panel);
            for (uint32_t m = 0; m < 4; m++) {
                apply(&previewed, m, make_tell(q == 0 ? previewed.pool : previewed.panel, text, 9 * NAT));
                apply(&previewed, 0, make_close(q == 0 ? previewed.pool : previewed.panel));
            }
            (void)preview_end(&previewed);
        }
        for (int w = 0; w < 2; w++) {
            struct stage *stage = w == 0 ? &plain : &previewed;
            struct item tell = make_tell(stage->panel, text, NAT);
            book_item(stage->book, &tell);
            book_seal(stage->book, round % 4, 300 + 900 * round, 0, NULL);
            world_block(stage->world, stage->book->count - 1, stage->book->count, NULL);
        }
        assert_memory_equal(plain.world->checkpoint.root.bytes, previewed.world->checkpoint.root.bytes, HASH_BYTES);
    }
    stage_end(&plain);
    stage_end(&previewed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_applied_then_the_committed_belief),
        cmocka_unit_test(items_applied_then_what_execution_will_say),
        cmocka_unit_test(decisive_items_then_decided_in_the_preview_alone),
        cmocka_unit_test(refused_and_foreign_items_then_skipped),
        cmocka_unit_test(items_about_no_question_then_skipped),
        cmocka_unit_test(unknown_question_then_no_belief_unless_asked),
        cmocka_unit_test(closed_question_then_its_verdict_stands),
        cmocka_unit_test(previews_between_blocks_then_the_same_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
