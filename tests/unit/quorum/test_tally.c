/* Sets of members against an array of flags. */
#include "quorum/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/prng.h"

static void check_against(const struct member_set *set, const bool *in) {
    uint32_t count = 0, next = member_set_next(set, 0);
    for (uint32_t member = 0; member < MEMBERS_MAX; member++) {
        assert_int_equal(member_set_has(set, member), in[member]);
        if (!in[member]) continue;
        count++;
        assert_int_equal(next, member);
        next = member_set_next(set, member + 1);
    }
    assert_int_equal(next, MEMBERS_MAX);
    assert_int_equal(member_set_count(set), count);
}

static void random_members_added_then_each_counts_once(void **state) {
    (void)state;
    uint64_t seed = 7;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    struct member_set set;
    bool in[MEMBERS_MAX] = {false};
    member_set_clear(&set);
    check_against(&set, in);
    for (int i = 0; i < 600; i++) {
        uint32_t member = (uint32_t)prng_below(&prng, MEMBERS_MAX);
        assert_int_equal(member_set_add(&set, member), !in[member]);
        in[member] = true;
        check_against(&set, in);
    }
    member_set_clear(&set);
    assert_int_equal(member_set_count(&set), 0);
}

static void members_at_the_edges_of_words_then_found(void **state) {
    (void)state;
    static const uint32_t edges[] = {0, 63, 64, 127, 128, 191, 192, 255};
    struct member_set set = {{0}};
    bool in[MEMBERS_MAX] = {false};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        assert_true(member_set_add(&set, edges[i]));
        assert_false(member_set_add(&set, edges[i]));
        in[edges[i]] = true;
        check_against(&set, in);
    }
    assert_int_equal(member_set_next(&set, 1), 63);
    assert_int_equal(member_set_next(&set, 255), 255);
    assert_int_equal(member_set_next(&set, MEMBERS_MAX), MEMBERS_MAX);
}

static void union_of_two_then_members_of_either(void **state) {
    (void)state;
    struct prng prng = prng_seeded(9);
    for (int round = 0; round < 50; round++) {
        struct member_set a = {{0}}, b = {{0}};
        bool in[MEMBERS_MAX] = {false};
        for (int i = 0; i < 100; i++) {
            uint32_t member = (uint32_t)prng_below(&prng, MEMBERS_MAX);
            member_set_add(i % 2 == 0 ? &a : &b, member);
            in[member] = true;
        }
        member_set_union(&a, &b);
        check_against(&a, in);
    }
}

static void one_member_speaks_often_then_no_quorum(void **state) {
    (void)state;
    struct member_set set = {{0}};
    for (int i = 0; i < 10; i++) member_set_add(&set, 2);
    assert_false(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
    member_set_add(&set, 0);
    assert_false(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
    member_set_add(&set, 3);
    assert_true(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
    member_set_add(&set, 1);
    assert_true(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
}

/* Members are known by their places, and some of those may be vacant: five places, four members. */
static void places_beyond_the_number_of_members_then_counted_as_heads(void **state) {
    (void)state;
    struct member_set set = {{0}};
    member_set_add(&set, 4);
    member_set_add(&set, 3);
    assert_false(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
    member_set_add(&set, 0);
    assert_true(member_set_quorum(&set, 4, THRESHOLD_DEFAULT));
}

static void weights_of_a_set_then_their_sum_up_to_the_largest(void **state) {
    (void)state;
    uint64_t weights[MEMBERS_MAX] = {0};
    struct member_set set = {{0}};
    assert_int_equal(member_set_weight(&set, weights, 4), 0);
    weights[0] = 5;
    weights[1] = 100;
    weights[255] = 7;
    member_set_add(&set, 0);
    member_set_add(&set, 255);
    assert_int_equal(member_set_weight(&set, weights, MEMBERS_MAX), 12);
    weights[255] = UINT64_MAX - 5;
    assert_true(member_set_weight(&set, weights, MEMBERS_MAX) == UINT64_MAX);
    weights[255] = UINT64_MAX - 4;
    assert_true(member_set_weight(&set, weights, MEMBERS_MAX) == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_members_added_then_each_counts_once),
        cmocka_unit_test(members_at_the_edges_of_words_then_found),
        cmocka_unit_test(union_of_two_then_members_of_either),
        cmocka_unit_test(one_member_speaks_often_then_no_quorum),
        cmocka_unit_test(places_beyond_the_number_of_members_then_counted_as_heads),
        cmocka_unit_test(weights_of_a_set_then_their_sum_up_to_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
