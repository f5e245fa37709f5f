/* SHA-256 against NIST's published examples. */
#include "crypto/sha256.h"

#include "base/prng.h"
#include "vectors.h"

static struct hash hash_of_repeats(struct slice message, uint64_t times) {
    struct sha256 sha256;
    struct hash hash;
    sha256_begin(&sha256);
    for (uint64_t i = 0; i < times; i++) sha256_add(&sha256, message.data, message.bytes);
    sha256_end(&sha256, &hash);
    return hash;
}

static void published_examples_then_published_hashes(void **state) {
    (void)state;
    json_t *file = vectors_load("sha256/nist.json");
    size_t i;
    json_t *example;
    json_array_foreach(json_object_get(file, "cases"), i, example) {
        uint8_t buffer[256];
        struct slice message = vectors_bytes(vectors_text(example, "message"), buffer, sizeof buffer);
        uint64_t times = vectors_number(example, "times");
        struct hash hash = hash_of_repeats(message, times);
        struct hash expected = vectors_hash(vectors_text(example, "hash"));
        assert_memory_equal(hash.bytes, expected.bytes, HASH_BYTES);
        if (times != 1) continue;
        sha256_of(message, &hash);
        assert_memory_equal(hash.bytes, expected.bytes, HASH_BYTES);
    }
    assert_int_equal(i, 10);
    json_decref(file);
}

static void message_in_any_pieces_then_same_hash(void **state) {
    (void)state;
    uint64_t seed = 20;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    uint8_t message[300];
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)prng_next(&prng);
    struct hash whole;
    sha256_of(slice_of(message, sizeof message), &whole);
    for (int round = 0; round < 200; round++) {
        struct sha256 sha256;
        struct hash pieces;
        sha256_begin(&sha256);
        for (size_t at = 0; at < sizeof message;) {
            size_t piece = (size_t)prng_below(&prng, sizeof message - at + 1);
            sha256_add(&sha256, message + at, piece);
            at += piece;
        }
        sha256_end(&sha256, &pieces);
        assert_memory_equal(pieces.bytes, whole.bytes, HASH_BYTES);
    }
}

static void two_contexts_interleaved_then_independent(void **state) {
    (void)state;
    struct sha256 a, b;
    struct hash hash_a, hash_b, expected;
    sha256_begin(&a);
    sha256_begin(&b);
    sha256_add(&a, "ab", 2);
    sha256_add(&b, "x", 1);
    sha256_add(&a, "c", 1);
    sha256_end(&b, &hash_b);
    sha256_end(&a, &hash_a);
    sha256_of(slice_of_text("abc"), &expected);
    assert_memory_equal(hash_a.bytes, expected.bytes, HASH_BYTES);
    sha256_of(slice_of_text("x"), &expected);
    assert_memory_equal(hash_b.bytes, expected.bytes, HASH_BYTES);
}

static void nothing_added_then_hash_of_the_empty_message(void **state) {
    (void)state;
    struct sha256 sha256;
    struct hash added, empty;
    sha256_begin(&sha256);
    sha256_add(&sha256, NULL, 0);
    sha256_end(&sha256, &added);
    sha256_of(slice_of(NULL, 0), &empty);
    assert_memory_equal(added.bytes, empty.bytes, HASH_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_then_published_hashes),
        cmocka_unit_test(message_in_any_pieces_then_same_hash),
        cmocka_unit_test(two_contexts_interleaved_then_independent),
        cmocka_unit_test(nothing_added_then_hash_of_the_empty_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
