/* Tests of codec/utf8.h: every code point, and every sequence of three bytes against a decoder that encodes again. */
#include "codec/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The plain encoding of any number below 2^21, surrogates and all. */
static size_t encode(uint32_t point, uint8_t *ret_bytes) {
    if (point < 0x80) {
        ret_bytes[0] = (uint8_t)point;
        return 1;
    }
    size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = bytes; i-- > 1; point >>= 6) ret_bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
    ret_bytes[0] = (uint8_t)((0xf00 >> bytes & 0xff) | point);
    return bytes;
}

static bool is_scalar(uint32_t point) { return point < 0xd800 || (point > 0xdfff && point <= 0x10ffff); }

static void every_code_point_then_valid_unless_a_surrogate_or_too_large(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 1u << 21; point++) {
        uint8_t bytes[4];
        size_t count = encode(point, bytes);
        if (utf8_valid(slice_of(bytes, count)) != is_scalar(point)) fail_msg("U+%04X", point);
        if (count > 1) assert_false(utf8_valid(slice_of(bytes, count - 1)));
    }
}

/* How many sequences of `bytes` bytes are valid follows from how many code points have each length. */
static void every_sequence_of_three_bytes_then_as_many_valid_as_there_are_texts(void **state) {
    (void)state;
    const uint32_t one = 0x80, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 0x800;
    uint32_t valid = 0;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
        valid += utf8_valid(slice_of(bytes, sizeof bytes));
    }
    assert_int_equal(valid, one * one * one + 2 * one * two + three);
}

static void malformed_then_refused(void **state) {
    (void)state;
    static const char *const malformed[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xf8\x88\x80\x80\x80",
        "a\xc3",
        "\xc3z",
        "\xe2\x80",
        "\xe2\x28\xa1",
        "\xf0\x9f\x98",
        "\xf0\x9f\x28\x80",
        "\xf0\x9f\x98\x28",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        if (utf8_valid(slice_of_text(malformed[i]))) fail_msg("%zu", i);
    }
}

static void well_formed_then_accepted(void **state) {
    (void)state;
    assert_true(utf8_valid(slice_of(NULL, 0)));
    assert_true(utf8_valid(slice_of("\0", 1)));
    assert_true(utf8_valid(slice_of_text("ed \xc3\xa8 subito sera \xe2\x80\x94 \xf0\x9f\x8c\x99")));
    assert_true(utf8_valid(slice_of_text("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_then_valid_unless_a_surrogate_or_too_large),
        cmocka_unit_test(every_sequence_of_three_bytes_then_as_many_valid_as_there_are_texts),
        cmocka_unit_test(malformed_then_refused),
        cmocka_unit_test(well_formed_then_accepted),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
