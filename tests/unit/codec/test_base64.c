/* Tests of codec/base64.h: the vectors of RFC 4648 section 10, and everything that is not the one encoding. */
#include "codec/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

static const struct {
    const char *data, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void vectors_then_the_same_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct slice data = slice_of_text(vectors[i].data), text = slice_of_text(vectors[i].text);
        char encoded[16] = "";
        uint8_t decoded[16];
        size_t bytes = 99;
        assert_int_equal(base64_encoded_bytes(data.bytes), text.bytes);
        base64_encode(data, encoded);
        assert_string_equal(encoded, vectors[i].text);
        struct writer writer = writer_of(encoded, sizeof encoded);
        base64_put(&writer, data);
        assert_true(slice_equal(writer_slice(&writer), text));
        assert_int_equal(base64_decode(text, decoded, sizeof decoded, &bytes), STATUS_OK);
        assert_true(slice_equal(slice_of(decoded, bytes), data));
    }
}

static void not_the_one_encoding_then_refused_and_nothing_written(void **state) {
    (void)state;
    static const char *const refused[] = {
        "Z",      "Zg",         "Zg=",   "Zm9",     "Zh==",    "Zm9=",    "Zm8",      "Zg==Zg==", "Zm8=Zm9v",
        "=",      "==",         "===",   "====",    "Z===",    "=Zg=",    "Zg=v",     "Zm9v=",    "Zm9v====",
        "Zm9v\n", "Zm9vYg==\n", "Zm 9v", " Zm9v",   "Zm9\nv",  "-_-_",    "Zm9.",     "Zm9@",     "Zm9[",
        "Zm9`",   "Zm9{",       "Zm9:",  "Zm9\x80", "Zm9\xff", "Zm9vZm9", "Zm9vZm9-", "-m9vZm9v",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        uint8_t decoded[16] = {0xaa, 0xaa, 0xaa, 0xaa};
        size_t bytes = 99;
        enum status status = base64_decode(slice_of_text(refused[i]), decoded, sizeof decoded, &bytes);
        if (status != STATUS_BAD_FORMAT) fail_msg("%s: %s", refused[i], status_name(status));
        assert_int_equal(bytes, 99);
        assert_memory_equal(decoded, "\xaa\xaa\xaa\xaa", 4);
    }
}

static void nul_inside_then_refused(void **state) {
    (void)state;
    uint8_t decoded[16];
    size_t bytes;
    assert_int_equal(base64_decode(slice_of("Zm9\0", 4), decoded, sizeof decoded, &bytes), STATUS_BAD_FORMAT);
}

static void too_little_room_then_no_space(void **state) {
    (void)state;
    uint8_t decoded[5] = {0};
    size_t bytes = 99;
    assert_int_equal(base64_decode(slice_of_text("Zm9vYmFy"), decoded, 5, &bytes), STATUS_NO_SPACE);
    assert_int_equal(bytes, 99);
    assert_int_equal(base64_decode(slice_of_text("Zm9vYmE="), decoded, 5, &bytes), STATUS_OK);
    assert_int_equal(bytes, 5);
    assert_int_equal(base64_decode(slice_of(NULL, 0), NULL, 0, &bytes), STATUS_OK);
    assert_int_equal(bytes, 0);
    char text[7];
    struct writer writer = writer_of(text, sizeof text);
    base64_put(&writer, slice_of("foob", 4));
    assert_int_equal(writer_status(&writer), STATUS_NO_SPACE);
}

/* Of the characters that can stand before "==" or "=", those with bits that nothing uses are refused. */
static void last_character_then_accepted_only_with_unused_bits_zero(void **state) {
    (void)state;
    size_t before_two = 0, before_one = 0;
    for (unsigned c = 0; c < 256; c++) {
        if (c == '=') continue;
        uint8_t decoded[3];
        size_t bytes;
        const uint8_t two[4] = {'A', (uint8_t)c, '=', '='}, one[4] = {'A', 'A', (uint8_t)c, '='};
        before_two += base64_decode(slice_of(two, 4), decoded, 3, &bytes) == STATUS_OK;
        before_one += base64_decode(slice_of(one, 4), decoded, 3, &bytes) == STATUS_OK;
    }
    assert_int_equal(before_two, 4);
    assert_int_equal(before_one, 16);
}

static void random_bytes_then_back_again_and_random_text_then_encodes_to_itself(void **state) {
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    for (int round = 0; round < 50000; round++) {
        uint8_t data[96], decoded[96];
        char text[128];
        struct slice from = slice_of(data, (size_t)prng_below(&prng, sizeof data + 1));
        size_t bytes, characters = base64_encoded_bytes(from.bytes);
        for (size_t i = 0; i < from.bytes; i++) data[i] = (uint8_t)prng_next(&prng);
        base64_encode(from, text);
        assert_int_equal(base64_decode(slice_of(text, characters), decoded, sizeof decoded, &bytes), STATUS_OK);
        assert_true(slice_equal(slice_of(decoded, bytes), from));
        if (characters == 0) continue;
        text[prng_below(&prng, characters)] = "=+/AZaz09\n-_ B"[prng_below(&prng, 14)];
        if (base64_decode(slice_of(text, characters), decoded, sizeof decoded, &bytes) != STATUS_OK) continue;
        char again[128];
        base64_encode(slice_of(decoded, bytes), again);
        assert_int_equal(base64_encoded_bytes(bytes), characters);
        assert_memory_equal(again, text, characters);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_then_the_same_both_ways),
        cmocka_unit_test(not_the_one_encoding_then_refused_and_nothing_written),
        cmocka_unit_test(nul_inside_then_refused),
        cmocka_unit_test(too_little_room_then_no_space),
        cmocka_unit_test(last_character_then_accepted_only_with_unused_bits_zero),
        cmocka_unit_test(random_bytes_then_back_again_and_random_text_then_encodes_to_itself),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
