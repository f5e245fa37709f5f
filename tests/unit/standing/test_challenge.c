#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "standing/challenge.h"

/* The beacon is 00 01 .. 1f; leaf i is i times the letter 'A' + i. The expected values were made with Python's hashlib
 * from the definition in the header. */
static struct hash beacon(void) {
    struct hash hash;
    for (int i = 0; i < HASH_BYTES; i++) hash.bytes[i] = (uint8_t)i;
    return hash;
}

static struct challenge_digest digest_of(uint32_t changed_leaf) {
    struct hash hash = beacon();
    struct challenge_digest digest;
    challenge_begin(&digest, &hash);
    for (uint32_t i = 0; i < CHALLENGE_LEAVES; i++) {
        uint8_t leaf[CHALLENGE_LEAVES];
        memset(leaf, 'A' + (int)i, sizeof leaf);
        if (i == changed_leaf) leaf[0] ^= 1;
        challenge_add_leaf(&digest, slice_of(leaf, i));
    }
    return digest;
}

static struct hash answer(int128 numerator, int64_t denominator, uint32_t member) {
    struct challenge_digest digest = digest_of(UINT32_MAX);
    struct hash hash;
    challenge_finish(&digest, numerator, denominator, member, &hash);
    return hash;
}

static void assert_hex(struct hash hash, const char *expected) {
    char text[2 * HASH_BYTES + 1];
    bytes_to_hex(hash.bytes, HASH_BYTES, text);
    assert_string_equal(text, expected);
}

static void known_beacon_then_known_leaves(void **state) {
    (void)state;
    const uint64_t of_1000[CHALLENGE_LEAVES] = {621, 633, 437, 718, 172, 871, 246, 858,
                                                677, 836, 43,  989, 422, 864, 516, 799};
    struct hash hash = beacon();
    for (uint32_t i = 0; i < CHALLENGE_LEAVES; i++) {
        assert_int_equal(challenge_leaf_index(&hash, 1000, i), of_1000[i]);
        assert_int_equal(challenge_leaf_index(&hash, 1, i), 0);
    }
    assert_int_equal(challenge_leaf_index(&hash, UINT64_C(1) << 63, 0), 9125998107077811301);
    assert_int_equal(challenge_leaf_index(&hash, UINT64_C(1) << 63, 1), 1197387096802660993);
}

static void other_beacon_then_other_leaves(void **state) {
    (void)state;
    struct hash first = beacon(), second = beacon();
    second.bytes[31] ^= 1;
    uint32_t equal = 0;
    for (uint32_t i = 0; i < CHALLENGE_LEAVES; i++) {
        equal +=
            challenge_leaf_index(&first, UINT64_C(1) << 40, i) == challenge_leaf_index(&second, UINT64_C(1) << 40, i);
    }
    assert_int_equal(equal, 0);
}

static void known_beacon_then_known_panel(void **state) {
    (void)state;
    const int64_t values[CHALLENGE_MEMBERS] = {
        -1766316454, -4289682572, -5961512794, -1208556853, 2198382098,  5261708120, -2819870903, -1877229329,
        6465321244,  -6530900182, -2234557225, -4787918130, -6107326316, 3309854034, 5297529095,  -1582261721};
    const uint32_t weights[CHALLENGE_MEMBERS] = {47276, 15036, 29926, 18002, 41874, 46112, 34347, 32478,
                                                 27188, 2745,  14615, 23028, 24303, 708,   22061, 24695};
    struct hash hash = beacon();
    int64_t drawn_values[CHALLENGE_MEMBERS];
    uint32_t drawn_weights[CHALLENGE_MEMBERS];
    challenge_panel(&hash, drawn_values, drawn_weights);
    assert_memory_equal(drawn_values, values, sizeof values);
    assert_memory_equal(drawn_weights, weights, sizeof weights);
}

static void many_beacons_then_panels_in_range(void **state) {
    (void)state;
    struct hash hash = beacon();
    int64_t lowest = 0, highest = 0;
    for (uint32_t round = 0; round < 2000; round++) {
        int64_t values[CHALLENGE_MEMBERS];
        uint32_t weights[CHALLENGE_MEMBERS];
        hash.bytes[0] = (uint8_t)round;
        hash.bytes[1] = (uint8_t)(round >> 8);
        challenge_panel(&hash, values, weights);
        for (uint32_t i = 0; i < CHALLENGE_MEMBERS; i++) {
            assert_true(values[i] >= -CHALLENGE_RANGE && values[i] <= CHALLENGE_RANGE);
            assert_in_range(weights[i], 1, 65536);
            if (values[i] < lowest) lowest = values[i];
            if (values[i] > highest) highest = values[i];
        }
    }
    /* 32,000 uniform values come near both ends. */
    assert_true(lowest < -CHALLENGE_RANGE + CHALLENGE_RANGE / 1000 &&
                highest > CHALLENGE_RANGE - CHALLENGE_RANGE / 1000);
}

static void known_leaves_and_location_then_known_answer(void **state) {
    (void)state;
    assert_hex(answer(-7, 3, 5), "5f6be41c8a21bdb07510858a781772887aec968395dc1f4240c3c7a2555a5b08");
    const int128 large = (int128)1000000000000 * 1000000000000 + 7;
    assert_hex(answer(large, 65537, 255), "1e250d2ad5e366ab7f7d475e392dd81a4ce7935900c473f2936e7d939946643a");
    assert_hex(answer(0, 1, 0), "deb3eafeda13fa50f316d521dd47650139a774cdf83e3eabfd410f4c49d15c76");
}

static void same_fraction_written_otherwise_then_same_answer(void **state) {
    (void)state;
    struct hash lowest = answer(-7, 3, 5);
    struct hash multiple = answer((int128)-7 * 1234567, INT64_C(3) * 1234567, 5);
    struct hash zero = answer(0, 1, 9);
    struct hash other_zero = answer(0, 77, 9);
    assert_true(hash_equal(&lowest, &multiple));
    assert_true(hash_equal(&zero, &other_zero));
}

static void anything_different_then_another_answer(void **state) {
    (void)state;
    struct hash right = answer(-7, 3, 5);
    struct hash others[] = {answer(-7, 3, 6), answer(7, 3, 5), answer(-7, 4, 5), answer(-8, 3, 5)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) assert_false(hash_equal(&right, &others[i]));
    for (uint32_t leaf = 1; leaf < CHALLENGE_LEAVES; leaf++) {
        struct challenge_digest digest = digest_of(leaf);
        struct hash wrong;
        challenge_finish(&digest, -7, 3, 5, &wrong);
        assert_false(hash_equal(&right, &wrong));
    }
}

static void one_digest_then_answers_of_all_members(void **state) {
    (void)state;
    struct challenge_digest digest = digest_of(UINT32_MAX);
    for (uint32_t member = 0; member < MEMBERS_MAX; member++) {
        struct hash from_one, expected = answer(11, 4, member);
        challenge_finish(&digest, 11, 4, member, &from_one);
        assert_true(hash_equal(&from_one, &expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_beacon_then_known_leaves),
        cmocka_unit_test(other_beacon_then_other_leaves),
        cmocka_unit_test(known_beacon_then_known_panel),
        cmocka_unit_test(many_beacons_then_panels_in_range),
        cmocka_unit_test(known_leaves_and_location_then_known_answer),
        cmocka_unit_test(same_fraction_written_otherwise_then_same_answer),
        cmocka_unit_test(anything_different_then_another_answer),
        cmocka_unit_test(one_digest_then_answers_of_all_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
