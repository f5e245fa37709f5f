/* Filling batches: limits, marks, and what is on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "replica/own.h"

static struct own own;
static void *memory;

static int fresh_own(void **state) {
    (void)state;
    memory = calloc(1, own_bytes());
    assert_non_null(memory);
    own_init(&own, memory, own_bytes());
    return 0;
}

static int free_own(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static struct item tell_of(const char *text) {
    struct item item = {.kind = ITEM_TELL};
    item.tell.observation = slice_of_text(text);
    item.tell.loglik_count = 1;
    return item;
}

/* Appends an item whose encoding is `bytes` long; what the bytes are is not looked at here. */
static enum status append(const struct item *item, size_t bytes, size_t content, uint32_t *ret_batch,
                          uint32_t *ret_index) {
    static uint8_t data[CONTENT_BYTES_MAX];
    return own_append(&own, item, slice_of(data, bytes), slice_of(data, content), ret_batch, ret_index);
}

static enum status append_tell(const char *text, size_t bytes, size_t content) {
    struct item item = tell_of(text);
    uint32_t batch, index;
    return append(&item, bytes, content, &batch, &index);
}

static void same_item_twice_then_refused_until_executed(void **state) {
    (void)state;
    uint8_t ask_bytes[] = {1, 2, 3};
    struct item tell = tell_of("seen");
    struct item retract = {.kind = ITEM_RETRACT}, close = {.kind = ITEM_CLOSE}, ask = {.kind = ITEM_ASK};
    const struct {
        struct item *item;
        enum status twice;
    } cases[] = {{&tell, STATUS_DUPLICATE_OBSERVATION},
                 {&retract, STATUS_UNKNOWN_OBSERVATION},
                 {&close, STATUS_QUESTION_CLOSED},
                 {&ask, STATUS_QUESTION_EXISTS}};
    retract.retract.observation = slice_of_text("seen");
    for (size_t i = 0; i < 4; i++) {
        uint32_t batch = 9, index = 9;
        struct slice bytes = slice_of(ask_bytes, 3), none = slice_of(NULL, 0);
        assert_int_equal(own_append(&own, cases[i].item, bytes, none, &batch, &index), STATUS_OK);
        assert_int_equal(batch, 0);
        assert_int_equal(index, i);
        assert_int_equal(own_append(&own, cases[i].item, bytes, none, &batch, &index), cases[i].twice);
    }
    own_clear(&own);
    for (size_t i = 0; i < 4; i++) {
        uint32_t batch, index;
        struct slice bytes = slice_of(ask_bytes, 3), none = slice_of(NULL, 0);
        assert_int_equal(own_append(&own, cases[i].item, bytes, none, &batch, &index), cases[i].twice);
        own_forget(&own, cases[i].item, bytes);
        assert_int_equal(own_append(&own, cases[i].item, bytes, none, &batch, &index), STATUS_OK);
    }
}

static void told_on_its_way_then_may_be_retracted_once(void **state) {
    (void)state;
    struct item tell = tell_of("seen");
    struct item retract = {.kind = ITEM_RETRACT};
    retract.retract.observation = slice_of_text("seen");
    uint32_t batch, index;
    assert_false(own_has_told(&own, &tell.tell.question, tell.tell.observation));
    assert_int_equal(append(&tell, 10, 0, &batch, &index), STATUS_OK);
    assert_true(own_has_told(&own, &tell.tell.question, tell.tell.observation));
    assert_false(own_has_told(&own, &tell.tell.question, slice_of_text("seen too")));
    assert_int_equal(append(&retract, 10, 0, &batch, &index), STATUS_OK);
    assert_false(own_has_told(&own, &tell.tell.question, tell.tell.observation));
}

static void rewound_then_nothing_of_it_is_left(void **state) {
    (void)state;
    assert_int_equal(append_tell("kept", 100, 50), STATUS_OK);
    struct replica_mark outer = own_mark(&own);
    assert_int_equal(append_tell("a", 100, 50), STATUS_OK);
    struct replica_mark inner = own_mark(&own);
    assert_int_equal(append_tell("b", 100, 50), STATUS_OK);
    own_rewind(&own, inner);
    assert_int_equal(own.items_count, 2);
    assert_int_equal(append_tell("a", 100, 50), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(append_tell("b", 100, 50), STATUS_OK);
    own_rewind(&own, outer);
    assert_int_equal(own.items_count, 1);
    assert_int_equal(own.bytes, 100);
    assert_int_equal(own.content_bytes, 50);
    assert_int_equal(own.keys_count, 1);
    assert_int_equal(own.batches, 1);
    assert_int_equal(append_tell("kept", 100, 50), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(append_tell("a", 100, 50), STATUS_OK);
}

/* Whatever is appended is taken as it was said, batch and place, and no batch passes its limits. */
static void items_of_any_sizes_then_batches_as_announced(void **state) {
    (void)state;
    enum { ITEMS_MAX = 70000 };
    static struct { uint32_t batch, index; } said[ITEMS_MAX];
    uint8_t *body_bytes = malloc(BATCH_BYTES_MAX), *contents_bytes = malloc(BATCH_CONTENT_BYTES_MAX);
    assert_non_null(body_bytes);
    assert_non_null(contents_bytes);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct prng prng = prng_seeded(seed);
        print_message("seed %llu\n", (unsigned long long)seed);
        size_t largest = seed % 3 == 0 ? 40 : ITEM_BYTES_MAX;
        size_t content_max = seed % 2 == 0 ? CONTENT_BYTES_MAX : 10;
        uint32_t count = 0;
        for (; count < ITEMS_MAX; count++) {
            char text[32];
            snprintf(text, sizeof text, "%u", count);
            struct item item = tell_of(text);
            size_t bytes = 1 + prng_below(&prng, largest), content = prng_below(&prng, content_max);
            if (append(&item, bytes, content, &said[count].batch, &said[count].index) != STATUS_OK) break;
        }
        uint32_t batches = own.batches, item = 0, byte = 0, content = 0, batch = 0;
        assert_true(batches > 1 && batches < 16);
        while (item < own.items_count) {
            struct writer body = writer_of(body_bytes, BATCH_BYTES_MAX);
            struct writer contents = writer_of(contents_bytes, BATCH_CONTENT_BYTES_MAX);
            uint32_t first = item;
            uint32_t taken = own_take_batch(&own, &item, &byte, &content, &body, &contents);
            assert_in_range(taken, 1, BATCH_ITEMS_MAX);
            assert_int_equal(writer_status(&body), STATUS_OK);
            assert_int_equal(writer_status(&contents), STATUS_OK);
            for (uint32_t i = 0; i < taken; i++) {
                assert_int_equal(said[first + i].batch, batch);
                assert_int_equal(said[first + i].index, i);
            }
            batch++;
        }
        assert_int_equal(batch, batches);
        assert_int_equal(item, count);
        own_rewind(&own, (struct replica_mark){0});
        assert_int_equal(own.keys_count, 0);
        own_clear(&own);
    }
    free(body_bytes);
    free(contents_bytes);
}

/* The table of keys against a plain list: keys come and go, those left are found. */
static void keys_come_and_go_then_those_left_are_known(void **state) {
    (void)state;
    enum { NAMES = 3000 };
    static bool known[NAMES];
    struct prng prng = prng_seeded(11);
    print_message("seed 11\n");
    for (uint32_t step = 0; step < 60000; step++) {
        uint32_t name = (uint32_t)prng_below(&prng, NAMES);
        char text[32];
        snprintf(text, sizeof text, "%u", name);
        struct item item = tell_of(text);
        assert_int_equal(own_has_told(&own, &item.tell.question, item.tell.observation), known[name]);
        if (prng_below(&prng, 2) == 0) {
            own_remember(&own, &item, slice_of(NULL, 0));
            known[name] = true;
        } else {
            own_forget(&own, &item, slice_of(NULL, 0));
            known[name] = false;
        }
    }
    uint32_t left = 0;
    for (uint32_t i = 0; i < NAMES; i++) left += known[i];
    assert_int_equal(own.keys_count, left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_item_twice_then_refused_until_executed, fresh_own, free_own),
        cmocka_unit_test_setup_teardown(told_on_its_way_then_may_be_retracted_once, fresh_own, free_own),
        cmocka_unit_test_setup_teardown(rewound_then_nothing_of_it_is_left, fresh_own, free_own),
        cmocka_unit_test_setup_teardown(items_of_any_sizes_then_batches_as_announced, fresh_own, free_own),
        cmocka_unit_test_setup_teardown(keys_come_and_go_then_those_left_are_known, fresh_own, free_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
