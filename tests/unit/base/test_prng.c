/* The generator against the published outputs of xoshiro256** and splitmix64, and its derived draws. */
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void state_one_to_four_then_the_published_outputs(void **state) {
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct prng prng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) assert_true(prng_next(&prng) == expected[i]);
}

static void seed_zero_then_the_published_state_and_outputs(void **state) {
    (void)state;
    static const uint64_t splitmix[] = {UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
                                        UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec)};
    static const uint64_t expected[] = {UINT64_C(11091344671253066420), UINT64_C(13793997310169335082),
                                        UINT64_C(1900383378846508768), UINT64_C(7684712102626143532)};
    struct prng prng = prng_seeded(0);
    for (size_t i = 0; i < 4; i++) assert_true(prng.state[i] == splitmix[i]);
    for (size_t i = 0; i < 4; i++) assert_true(prng_next(&prng) == expected[i]);
}

static void same_seed_then_same_numbers_and_other_seed_then_others(void **state) {
    (void)state;
    struct prng a = prng_seeded(17), b = prng_seeded(17), c = prng_seeded(18);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t number = prng_next(&a);
        assert_true(prng_next(&b) == number);
        same += prng_next(&c) == number;
    }
    assert_int_equal(same, 0);
}

static void bound_then_every_number_below_it_about_equally_often(void **state) {
    (void)state;
    struct prng prng = prng_seeded(1);
    enum { BOUND = 7, DRAWS = 70000 };
    int counts[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t number = prng_below(&prng, BOUND);
        assert_true(number < BOUND);
        counts[number]++;
    }
    /* Five standard deviations of a count of mean 10,000 are 463. */
    for (int i = 0; i < BOUND; i++) assert_in_range(counts[i], 10000 - 463, 10000 + 463);
    for (int i = 0; i < 100; i++) assert_true(prng_below(&prng, 1) == 0);
    uint64_t large = UINT64_C(3) << 62;
    for (int i = 0; i < 1000; i++) assert_true(prng_below(&prng, large) < large);
}

static void range_then_both_ends_reached_and_never_left(void **state) {
    (void)state;
    struct prng prng = prng_seeded(2);
    bool low = false, high = false;
    for (int i = 0; i < 1000; i++) {
        int64_t number = prng_between(&prng, -2, 2);
        assert_true(number >= -2 && number <= 2);
        low = low || number == -2;
        high = high || number == 2;
    }
    assert_true(low && high);
    assert_true(prng_between(&prng, 5, 5) == 5);
    assert_true(prng_between(&prng, INT64_MIN, INT64_MIN) == INT64_MIN);
    bool negative = false, positive = false;
    for (int i = 0; i < 100; i++) {
        int64_t number = prng_between(&prng, INT64_MIN, INT64_MAX);
        negative = negative || number < 0;
        positive = positive || number > 0;
    }
    assert_true(negative && positive);
}

static void chance_of_none_or_all_then_never_or_always(void **state) {
    (void)state;
    struct prng prng = prng_seeded(3);
    int hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_false(prng_chance(&prng, 0, 10));
        assert_true(prng_chance(&prng, 10, 10));
        hits += prng_chance(&prng, 1, 4);
    }
    /* Five standard deviations of a count of mean 2,500 are 217. */
    assert_in_range(hits, 2500 - 217, 2500 + 217);
}

static void forked_then_another_sequence_that_replays(void **state) {
    (void)state;
    struct prng a = prng_seeded(4), b = prng_seeded(4);
    struct prng fork_a = prng_fork(&a), fork_b = prng_fork(&b);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t number = prng_next(&fork_a);
        assert_true(prng_next(&fork_b) == number);
        same += prng_next(&a) == number;
    }
    assert_int_equal(same, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_one_to_four_then_the_published_outputs),
        cmocka_unit_test(seed_zero_then_the_published_state_and_outputs),
        cmocka_unit_test(same_seed_then_same_numbers_and_other_seed_then_others),
        cmocka_unit_test(bound_then_every_number_below_it_about_equally_often),
        cmocka_unit_test(range_then_both_ends_reached_and_never_left),
        cmocka_unit_test(chance_of_none_or_all_then_never_or_always),
        cmocka_unit_test(forked_then_another_sequence_that_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
