/* What was said before, against a naive list. */
#include "http/told.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

struct said {
    struct item item;
    uint8_t bytes[ITEM_BYTES_MAX];
    struct slice slice;
};

static void say(enum item_kind kind, const char *observation, int64_t llr, struct said *ret_said) {
    struct writer writer = writer_of(ret_said->bytes, sizeof ret_said->bytes);
    ret_said->item = (struct item){.kind = kind};
    if (kind == ITEM_TELL) {
        ret_said->item.tell.observation = slice_of_text(observation);
        ret_said->item.tell.loglik_count = 1;
        ret_said->item.tell.loglik[0] = llr;
    } else if (kind == ITEM_RETRACT) {
        ret_said->item.retract.observation = slice_of_text(observation);
    }
    item_put(&writer, &ret_said->item);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    ret_said->slice = writer_slice(&writer);
}

static enum told_answer find(const struct told *told, enum item_kind kind, const char *observation, int64_t llr,
                             struct told_place *ret_place) {
    static struct said said;
    say(kind, observation, llr, &said);
    return told_find(told, &said.item, said.slice, ret_place);
}

static void add(struct told *told, enum item_kind kind, const char *observation, int64_t llr, uint64_t seq,
                uint32_t index) {
    static struct said said;
    say(kind, observation, llr, &said);
    told_add(told, &said.item, said.slice, (struct told_place){seq, index});
}

static void said_once_then_known_by_its_words(void **state) {
    (void)state;
    struct told *told = calloc(1, sizeof *told);
    struct told_place place = {0, 0};
    assert_int_equal(find(told, ITEM_TELL, "o", 1, &place), TOLD_UNKNOWN);
    add(told, ITEM_TELL, "o", 1, 7, 65535);
    assert_int_equal(find(told, ITEM_TELL, "o", 1, &place), TOLD_SAME);
    assert_true(place.seq == 7 && place.index == 65535);
    assert_int_equal(find(told, ITEM_TELL, "o", 2, &place), TOLD_OTHERWISE);
    assert_int_equal(find(told, ITEM_TELL, "p", 1, &place), TOLD_UNKNOWN);
    assert_int_equal(find(told, ITEM_RETRACT, "o", 0, &place), TOLD_UNKNOWN);
    add(told, ITEM_RETRACT, "o", 0, 8, 0);
    assert_int_equal(find(told, ITEM_TELL, "o", 1, &place), TOLD_RETRACTED);
    assert_int_equal(find(told, ITEM_RETRACT, "o", 0, &place), TOLD_SAME);
    told_free(told);
    free(told);
}

static void refused_when_executed_then_as_if_not_said(void **state) {
    (void)state;
    struct told *told = calloc(1, sizeof *told);
    struct told_place place;
    add(told, ITEM_TELL, "o", 1, 7, 3);
    told_refused(told, (struct told_place){7, 3});
    assert_int_equal(find(told, ITEM_TELL, "o", 1, &place), TOLD_UNKNOWN);
    add(told, ITEM_TELL, "o", 2, 9, 0);
    assert_int_equal(find(told, ITEM_TELL, "o", 2, &place), TOLD_SAME);
    add(told, ITEM_TELL, "o", 1, 7, 3); /* read back late, it does not hide what came after it */
    assert_int_equal(find(told, ITEM_TELL, "o", 2, &place), TOLD_SAME);
    assert_true(place.seq == 9);
    told_free(told);
    free(told);
}

/* Random additions and rewinds beside a list that is searched from its end. */
enum { NAMES = 512, ROUNDS = 400 };
static void random_additions_and_rewinds_then_as_a_list_has_it(void **state) {
    (void)state;
    static int64_t expected[NAMES];
    static int64_t before[NAMES];
    const char *text = getenv("SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20261122;
    struct prng prng = prng_seeded(seed);
    struct told *told = calloc(1, sizeof *told);
    uint64_t seq = 0;
    print_message("SEED=%" PRIu64 "\n", seed);
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(before, expected, sizeof before);
        told_mark(told);
        uint64_t count = prng_below(&prng, 20);
        for (uint64_t i = 0; i < count; i++) {
            char name[16];
            uint64_t n = prng_below(&prng, NAMES);
            if (expected[n] != 0) continue; /* the replica would have refused a second one */
            (void)snprintf(name, sizeof name, "n%" PRIu64, n);
            expected[n] = (int64_t)prng_below(&prng, 3) + 1;
            add(told, ITEM_TELL, name, expected[n], ++seq, 0);
        }
        if (prng_below(&prng, 3) == 0) {
            told_rewind(told);
            memcpy(expected, before, sizeof expected);
        }
        for (unsigned n = 0; n < NAMES; n++) {
            char name[16];
            struct told_place place;
            (void)snprintf(name, sizeof name, "n%u", n);
            enum told_answer answer = find(told, ITEM_TELL, name, 2, &place);
            assert_int_equal(answer, expected[n] == 0 ? TOLD_UNKNOWN : expected[n] == 2 ? TOLD_SAME : TOLD_OTHERWISE);
        }
    }
    told_free(told);
    free(told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(said_once_then_known_by_its_words),
        cmocka_unit_test(refused_when_executed_then_as_if_not_said),
        cmocka_unit_test(random_additions_and_rewinds_then_as_a_list_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
