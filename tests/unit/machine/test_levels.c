/* Levels that members say, the threshold that follows, and what goes on while it is raised (docs/protocol.md 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/sha256.h"
#include "machine/state.h"
#include "stage.h"

#define SECOND_US UINT64_C(1000000)

static enum status say_level(struct stage *stage, uint32_t member, enum level level) {
    return say(stage, member, (struct item){.kind = ITEM_LEVEL, .level = level}, NULL);
}

static struct machine_partition partition_of(const struct stage *stage) {
    struct machine_partition partition;
    machine_partition(stage->world->machine, &partition);
    return partition;
}

/* What is signed, and what the state is bound to: SHA-256(0 || [16, a, b, enhanced, null]), encoded by hand. */
static void assert_threshold(const struct stage *stage, uint8_t numerator, uint8_t denominator) {
    const uint8_t enhanced = partition_of(stage).is_enhanced ? 1 : 0;
    const uint8_t leaf[] = {0, 0x85, 16, numerator, denominator, enhanced, 0xf6};
    struct record_state state;
    struct hash expected;
    sha256_of(slice_of(leaf, sizeof leaf), &expected);
    world_state(stage->world, &state);
    assert_memory_equal(state.parameters.bytes, expected.bytes, HASH_BYTES);
    assert_int_equal(stage->world->checkpoint.threshold.numerator, numerator);
    assert_int_equal(stage->world->checkpoint.threshold.denominator, denominator);
    assert_int_equal(partition_of(stage).threshold.numerator, numerator);
}

static void more_than_may_be_missing_then_raised_in_that_very_block(void **state) {
    (void)state;
    static const uint32_t sizes[] = {4, 5, 8, 10, 16};
    static const uint32_t live[] = {1, 1, 2, 2, 4}; /* n - ceil(3 n / 4) */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct stage stage = stage_new(sizes[i]);
        uint32_t last = live[i];
        for (uint32_t m = 0; m < last; m++) {
            assert_int_equal(say_level(&stage, m, m % 2 == 0 ? LEVEL_SEVERE : LEVEL_MAJOR), STATUS_OK);
            assert_threshold(&stage, 3, 4);
        }
        assert_int_equal(say_level(&stage, last, LEVEL_DEGRADED), STATUS_OK);
        assert_threshold(&stage, 3, 4);
        assert_false(partition_of(&stage).is_raised);
        assert_int_equal(say_level(&stage, last, LEVEL_MAJOR), STATUS_OK);
        assert_threshold(&stage, 9, 10);
        assert_true(partition_of(&stage).is_raised);
        assert_int_equal(partition_of(&stage).apart, last + 1);
        assert_int_equal(say_level(&stage, 0, LEVEL_CONNECTED), STATUS_OK);
        assert_threshold(&stage, 3, 4);
        assert_int_equal(machine_member(stage.world->machine, last).level, LEVEL_MAJOR);
        stage_end(&stage);
    }
}

/* One of four, and two of eight, may be lying: whatever they say, the others' threshold stays where it is. */
static void minority_says_anything_then_the_threshold_does_not_move(void **state) {
    (void)state;
    struct prng prng = prng_seeded(20270104);
    for (uint32_t n = 4; n <= 8; n += 4) {
        struct stage stage = stage_new(n);
        for (int i = 0; i < 200; i++) {
            uint32_t liar = (uint32_t)prng_below(&prng, n / 4);
            (void)say_level(&stage, liar, (enum level)prng_below(&prng, LEVELS));
            assert_threshold(&stage, 3, 4);
            assert_false(partition_of(&stage).is_enhanced);
        }
        /* All honest members see a partition: nothing that the liars say brings it down. */
        for (uint32_t m = n / 4; m < n; m++) (void)say_level(&stage, m, LEVEL_MAJOR);
        for (int i = 0; i < 200; i++) {
            uint32_t liar = (uint32_t)prng_below(&prng, n / 4);
            (void)say_level(&stage, liar, (enum level)prng_below(&prng, LEVELS));
            assert_threshold(&stage, 9, 10);
        }
        stage_end(&stage);
    }
}

static void level_that_changes_nothing_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct item item = {.kind = ITEM_LEVEL, .level = LEVEL_CONNECTED};
    assert_int_equal(machine_check_item(stage.world->machine, 2, &item, slice_of(NULL, 0)), STATUS_DUPLICATE);
    assert_int_equal(say_level(&stage, 2, LEVEL_CONNECTED), STATUS_DUPLICATE);
    item.level = LEVEL_SEVERE;
    assert_int_equal(machine_check_item(stage.world->machine, 2, &item, slice_of(NULL, 0)), STATUS_OK);
    assert_int_equal(say_level(&stage, 2, LEVEL_SEVERE), STATUS_OK);
    assert_int_equal(say_level(&stage, 2, LEVEL_SEVERE), STATUS_DUPLICATE);
    assert_int_equal(machine_check_item(stage.world->machine, 4, &item, slice_of(NULL, 0)), STATUS_UNKNOWN_MEMBER);
    /* The same of another member is another thing. */
    assert_int_equal(machine_check_item(stage.world->machine, 1, &item, slice_of(NULL, 0)), STATUS_OK);
    stage_end(&stage);
}

/* The level of the record is the committed one, and nothing else of it changes. */
static void level_said_then_in_the_member_s_record(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct record_state before, after;
    empty_block(&stage, 0);
    world_state(stage.world, &before);
    assert_int_equal(say_level(&stage, 3, LEVEL_DEGRADED), STATUS_OK);
    world_state(stage.world, &after);
    assert_false(hash_equal(&before.members, &after.members));
    struct machine_member member = machine_member(stage.world->machine, 3);
    uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct record_member record;
    machine_member_record(stage.world->machine, 3, &member, &writer);
    assert_int_equal(record_member_read(writer_slice(&writer), &record), STATUS_OK);
    assert_int_equal(record.level, LEVEL_DEGRADED);
    assert_int_equal(record.weight, 65536);
    assert_int_equal(say_level(&stage, 3, LEVEL_CONNECTED), STATUS_OK);
    world_state(stage.world, &after);
    assert_true(hash_equal(&before.members, &after.members));
    stage_end(&stage);
}

/* A verdict names the threshold of its own height, also when the level came with the same block. */
static void verdict_in_the_block_that_raises_then_it_names_the_raised_threshold(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    assert_int_equal(say(&stage, 0, make_ask("t", 2, MODE_POOL), &id), STATUS_OK);
    assert_int_equal(say_level(&stage, 1, LEVEL_MAJOR), STATUS_OK);
    struct item close = make_close(id);
    struct item level = {.kind = ITEM_LEVEL, .level = LEVEL_MAJOR};
    book_item(stage.book, &close);
    book_item(stage.book, &level);
    book_seal(stage.book, 0, stage.now_us++, 0, NULL);
    world_block(stage.world, stage.book->count - 1, stage.book->count, NULL);
    uint64_t leaf;
    assert_int_equal(world_count_leaves(stage.world, RECORD_VERDICT, &leaf), 1);
    enum record_kind kind;
    struct record_belief verdict;
    struct slice bytes = slice_of(stage.world->leaves[leaf].bytes, stage.world->leaves[leaf].bytes_count);
    assert_int_equal(record_belief_read(bytes, &kind, &verdict), STATUS_OK);
    assert_int_equal(threshold_compare(verdict.threshold, (struct threshold){9, 10}), 0);
    assert_threshold(&stage, 9, 10);
    stage_end(&stage);
}

static void raised_and_after_then_enhanced_for_two_minutes_of_block_time(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    stage.now_us = 500 * SECOND_US;
    empty_block(&stage, 0);
    assert_false(partition_of(&stage).is_enhanced);
    (void)say_level(&stage, 0, LEVEL_MAJOR);
    (void)say_level(&stage, 1, LEVEL_MAJOR);
    assert_true(partition_of(&stage).is_enhanced);
    stage.now_us += 1000 * SECOND_US;
    empty_block(&stage, 0);
    assert_true(partition_of(&stage).is_enhanced);
    uint64_t raised_us = machine_time_us(stage.world->machine);
    (void)say_level(&stage, 1, LEVEL_CONNECTED);
    assert_false(partition_of(&stage).is_raised);
    assert_true(partition_of(&stage).is_enhanced);
    assert_int_equal(partition_of(&stage).enhanced_until_us, raised_us + 120 * SECOND_US);
    stage.now_us = raised_us + 120 * SECOND_US - 1;
    empty_block(&stage, 0);
    assert_true(partition_of(&stage).is_enhanced);
    stage.now_us = raised_us + 120 * SECOND_US;
    empty_block(&stage, 0);
    assert_false(partition_of(&stage).is_enhanced);
    stage_end(&stage);
}

/* Challenges at multiples of 16 with 8 blocks each, instead of 64 with 32. */
static void enhanced_then_challenges_four_times_as_often(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct hash digest;
    uint64_t height;
    (void)say_level(&stage, 0, LEVEL_MAJOR);
    (void)say_level(&stage, 1, LEVEL_MAJOR);
    for (uint64_t at = 16; at <= 48; at += 16) {
        empty_blocks_until(&stage, at - 1);
        assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_NOT_FOUND);
        empty_blocks_until(&stage, at);
        assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_OK);
        assert_int_equal(height, at);
        empty_blocks_until(&stage, at + 7);
        assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_OK);
        empty_blocks_until(&stage, at + 8);
        assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_NOT_FOUND);
    }
    struct machine_counts counts;
    machine_counts(stage.world->machine, &counts);
    /* Of the lanes only that of member 0 moved. */
    assert_int_equal(counts.answers_missing, 3);
    stage_end(&stage);
}

/* A challenge with the long window goes on to its end: one at a time, and nobody's answer is cut off. */
static void raised_during_a_challenge_then_it_keeps_its_window(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct hash digest;
    uint64_t height;
    empty_blocks_until(&stage, 64);
    (void)say_level(&stage, 0, LEVEL_MAJOR);
    (void)say_level(&stage, 1, LEVEL_MAJOR);
    empty_blocks_until(&stage, 95);
    assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_OK);
    assert_int_equal(height, 64);
    struct item answer = {.kind = ITEM_ANSWER, .answer = {height, digest}};
    assert_int_equal(say(&stage, 2, answer, NULL), STATUS_OK);
    /* It ended with that block, and the next one began. */
    assert_int_equal(machine_challenge(stage.world->machine, 2, &height, &digest), STATUS_OK);
    assert_int_equal(height, 96);
    stage_end(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_may_be_missing_then_raised_in_that_very_block),
        cmocka_unit_test(minority_says_anything_then_the_threshold_does_not_move),
        cmocka_unit_test(level_that_changes_nothing_then_refused),
        cmocka_unit_test(level_said_then_in_the_member_s_record),
        cmocka_unit_test(verdict_in_the_block_that_raises_then_it_names_the_raised_threshold),
        cmocka_unit_test(raised_and_after_then_enhanced_for_two_minutes_of_block_time),
        cmocka_unit_test(enhanced_then_challenges_four_times_as_often),
        cmocka_unit_test(raised_during_a_challenge_then_it_keeps_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
