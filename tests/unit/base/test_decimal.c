/* Exact decimals: what a scale holds is read to the last digit, what it does not hold is refused and never rounded.
 */
#include "base/decimal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

static void expect(const char *text, uint32_t scale, int64_t expected) {
    int64_t value = 42;
    enum status status = decimal_parse(slice_of_text(text), scale, &value);
    if (status != STATUS_OK) print_error("%s: %s\n", text, status_name(status));
    assert_int_equal(status, STATUS_OK);
    assert_true(value == expected);
}

static void refuse(const char *text, uint32_t scale, enum status expected) {
    int64_t value = 42;
    enum status status = decimal_parse(slice_of_text(text), scale, &value);
    if (status != expected) print_error("%s: %s\n", text, status_name(status));
    assert_int_equal(status, expected);
    assert_true(value == 42);
}

static void text_within_the_scale_then_its_exact_value(void **state) {
    (void)state;
    expect("0", 9, 0);
    expect("-0.000e5", 9, 0);
    expect("0.1", 9, 100000000);
    expect("+0.1", 9, 100000000);
    expect("-1.5", 9, -1500000000);
    expect("1e-9", 9, 1);
    expect("0.000000001000000000000000000000000000000000", 9, 1);
    expect("49.123456789", 9, 49123456789);
    expect("12E2", 0, 1200);
    expect("1200e-2", 0, 12);
    expect("0000000000000000000000000000000000000000000000000012", 0, 12);
    expect("0e99999999999999999999", 9, 0);
    expect("9223372036.854775807", 9, INT64_MAX);
    expect("-9223372036.854775808", 9, INT64_MIN);
    expect("9223372036854775807", 0, INT64_MAX);
    expect("0.000000000000000001", 18, 1);
}

static void digits_beyond_the_scale_then_too_fine(void **state) {
    (void)state;
    refuse("0.0000000000001", 9, STATUS_TOO_FINE);
    refuse("1e-10", 9, STATUS_TOO_FINE);
    refuse("1e-99999999999999999999", 9, STATUS_TOO_FINE);
    refuse("0.30000000000000004", 9, STATUS_TOO_FINE);
    refuse("1.0000000000000001", 9, STATUS_TOO_FINE);
    refuse("0.1000000000000000000000000000000000000000001", 9, STATUS_TOO_FINE);
    refuse("1.5", 0, STATUS_TOO_FINE);
    refuse("15e-1", 0, STATUS_TOO_FINE);
}

static void value_beyond_64_bits_then_overflow(void **state) {
    (void)state;
    refuse("9223372036.854775808", 9, STATUS_OVERFLOW);
    refuse("-9223372036.854775809", 9, STATUS_OVERFLOW);
    refuse("1e40", 9, STATUS_OVERFLOW);
    refuse("1e999999999999999999999999", 9, STATUS_OVERFLOW);
    refuse("99999999999999999999999999999999999999999999999999", 0, STATUS_OVERFLOW);
}

static void text_that_is_no_decimal_then_not_a_number(void **state) {
    (void)state;
    static const char *const texts[] = {"",   "+",   "-",     ".",   ".5",    "5.",        "1.e2", "e5",
                                        "1e", "1e+", "NaN",   "nan", "inf",   "-Infinity", "0x10", " 1",
                                        "1 ", "1,5", "1_000", "--1", "1.2.3", "1e1.5",     "1f",   "\xd9\xa1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) refuse(texts[i], 9, STATUS_NOT_A_NUMBER);
    int64_t value;
    assert_int_equal(decimal_parse(slice_of("1\0", 2), 9, &value), STATUS_NOT_A_NUMBER);
}

static void wide_values_then_all_their_digits(void **state) {
    (void)state;
    int128 value = 0;
    assert_int_equal(decimal_parse_wide(slice_of_text("0.123456789012345678901234567890123456"), 36, &value),
                     STATUS_OK);
    assert_true(value ==
                (int128)UINT64_C(123456789012345678) * UINT64_C(1000000000000000000) + UINT64_C(901234567890123456));
    assert_int_equal(decimal_parse_wide(slice_of_text("170141183460469231731687303715884105727"), 0, &value),
                     STATUS_OK);
    assert_true(value == (int128)(~(uint128)0 >> 1));
    assert_int_equal(decimal_parse_wide(slice_of_text("170141183460469231731687303715884105728"), 0, &value),
                     STATUS_OVERFLOW);
    assert_int_equal(decimal_parse_wide(slice_of_text("1e-39"), 38, &value), STATUS_TOO_FINE);
}

static void expect_text(int64_t value, uint32_t scale, const char *expected) {
    char text[64] = {0};
    struct writer writer = writer_of(text, sizeof text - 1);
    decimal_put(&writer, value, scale);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_string_equal(text, expected);
}

static void value_written_then_the_shortest_text(void **state) {
    (void)state;
    expect_text(0, 9, "0");
    expect_text(3000000000, 9, "3");
    expect_text(-250000000, 9, "-0.25");
    expect_text(1, 9, "0.000000001");
    expect_text(1010, 3, "1.01");
    expect_text(-7, 0, "-7");
    expect_text(INT64_MIN, 0, "-9223372036854775808");
    expect_text(INT64_MIN, 18, "-9.223372036854775808");
    expect_text(INT64_MAX, 9, "9223372036.854775807");
}

static void any_value_written_then_read_back_the_same(void **state) {
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20260301;
    printf("SEED=%" PRIu64 "\n", seed);
    struct prng prng = prng_seeded(seed);
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)prng_next(&prng) >> prng_below(&prng, 64);
        uint32_t scale = (uint32_t)prng_below(&prng, DECIMAL_SCALE_MAX + 1);
        uint8_t text[64];
        struct writer writer = writer_of(text, sizeof text);
        decimal_put(&writer, value, scale);
        int64_t read = 0;
        assert_int_equal(decimal_parse(writer_slice(&writer), scale, &read), STATUS_OK);
        assert_true(read == value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_within_the_scale_then_its_exact_value),
        cmocka_unit_test(digits_beyond_the_scale_then_too_fine),
        cmocka_unit_test(value_beyond_64_bits_then_overflow),
        cmocka_unit_test(text_that_is_no_decimal_then_not_a_number),
        cmocka_unit_test(wide_values_then_all_their_digits),
        cmocka_unit_test(value_written_then_the_shortest_text),
        cmocka_unit_test(any_value_written_then_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
