/* Slices, hashes, the big-endian writer and reader, and hex. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fields_written_then_big_endian(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
                                       0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 'h',  'i',  'x'};
    uint8_t buffer[sizeof expected];
    struct writer writer = writer_of(buffer, sizeof buffer);
    writer_put_u8(&writer, 0x01);
    writer_put_u16(&writer, 0x0203);
    writer_put_u32(&writer, 0x04050607);
    writer_put_u64(&writer, UINT64_C(0x08090a0b0c0d0e0f));
    writer_put_text(&writer, "hi");
    writer_put(&writer, "x", 1);
    writer_put(&writer, NULL, 0);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_true(slice_equal(writer_slice(&writer), slice_of(expected, sizeof expected)));
}

static void field_does_not_fit_then_no_space_and_nothing_more_written(void **state) {
    (void)state;
    uint8_t buffer[4] = {0, 0, 0, 0xee};
    struct writer writer = writer_of(buffer, 3);
    writer_put_u16(&writer, 0x0102);
    writer_put_u16(&writer, 0x0304);
    writer_put_u8(&writer, 0x05);
    assert_int_equal(writer_status(&writer), STATUS_NO_SPACE);
    assert_int_equal(writer.bytes, 2);
    assert_int_equal(buffer[2], 0);
    assert_int_equal(buffer[3], 0xee);
    writer = writer_of(buffer, 3);
    writer_put(&writer, buffer, SIZE_MAX);
    assert_int_equal(writer_status(&writer), STATUS_NO_SPACE);
}

static void decimals_written_then_shortest_digits(void **state) {
    (void)state;
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {{0, "0"}, {7, "7"}, {10, "10"}, {1000000, "1000000"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t buffer[20];
        struct writer writer = writer_of(buffer, sizeof buffer);
        writer_put_decimal(&writer, cases[i].value);
        assert_int_equal(writer_status(&writer), STATUS_OK);
        assert_true(slice_equal(writer_slice(&writer), slice_of_text(cases[i].text)));
    }
}

static void fields_read_then_the_values_written(void **state) {
    (void)state;
    uint8_t buffer[15 + HASH_BYTES + 2];
    for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = (uint8_t)(i + 1);
    struct reader reader = reader_of(slice_of(buffer, sizeof buffer));
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct hash hash;
    struct slice rest;
    assert_int_equal(reader_u8(&reader, &u8), STATUS_OK);
    assert_int_equal(reader_u16(&reader, &u16), STATUS_OK);
    assert_int_equal(reader_u32(&reader, &u32), STATUS_OK);
    assert_int_equal(reader_u64(&reader, &u64), STATUS_OK);
    assert_int_equal(reader_hash(&reader, &hash), STATUS_OK);
    assert_int_equal(u8, 0x01);
    assert_int_equal(u16, 0x0203);
    assert_int_equal(u32, 0x04050607);
    assert_true(u64 == UINT64_C(0x08090a0b0c0d0e0f));
    assert_memory_equal(hash.bytes, buffer + 15, HASH_BYTES);
    assert_int_equal(reader_end(&reader), STATUS_TRAILING_BYTES);
    assert_int_equal(reader_take(&reader, 2, &rest), STATUS_OK);
    assert_ptr_equal(rest.data, buffer + 15 + HASH_BYTES);
    assert_int_equal(reader_end(&reader), STATUS_OK);
}

static void bytes_end_early_then_truncated_and_all_untouched(void **state) {
    (void)state;
    uint8_t buffer[31] = {0}, u8 = 9;
    uint16_t u16 = 9;
    uint32_t u32 = 9;
    uint64_t u64 = 9;
    struct hash hash = {{9}};
    struct slice slice = {NULL, 9};
    static const size_t lengths[] = {0, 1, 3, 7, 31};
    struct reader readers[5];
    for (size_t i = 0; i < 5; i++) readers[i] = reader_of(slice_of(buffer, lengths[i]));
    assert_int_equal(reader_u8(&readers[0], &u8), STATUS_TRUNCATED);
    assert_int_equal(reader_u16(&readers[1], &u16), STATUS_TRUNCATED);
    assert_int_equal(reader_u32(&readers[2], &u32), STATUS_TRUNCATED);
    assert_int_equal(reader_u64(&readers[3], &u64), STATUS_TRUNCATED);
    assert_int_equal(reader_hash(&readers[4], &hash), STATUS_TRUNCATED);
    assert_int_equal(reader_take(&readers[4], SIZE_MAX, &slice), STATUS_TRUNCATED);
    assert_true(u8 == 9 && u16 == 9 && u32 == 9 && u64 == 9 && hash.bytes[0] == 9 && slice.bytes == 9);
    for (size_t i = 0; i < 5; i++) {
        assert_ptr_equal(readers[i].data, buffer);
        assert_int_equal(readers[i].bytes, lengths[i]);
    }
}

static void hex_of_either_case_then_read_and_written_in_lower_case(void **state) {
    (void)state;
    uint8_t bytes[4];
    char text[2 * sizeof bytes + 1];
    assert_int_equal(bytes_from_hex(slice_of_text("00fFa19C"), bytes, sizeof bytes), STATUS_OK);
    bytes_to_hex(bytes, sizeof bytes, text);
    assert_string_equal(text, "00ffa19c");
    assert_int_equal(bytes_from_hex(slice_of_text(""), bytes, 0), STATUS_OK);
    bytes_to_hex(bytes, 0, text);
    assert_string_equal(text, "");
}

static void other_than_hex_of_that_length_then_refused_and_untouched(void **state) {
    (void)state;
    static const char *const texts[] = {"",   "0",  "000", "00000", "0000zz", "g0",  "0g",    "/0",
                                        ":0", "@0", "`0",  "0x12",  " 12",    "1 2", "12345", "123456"};
    uint8_t bytes[2] = {0xaa, 0xbb};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(bytes_from_hex(slice_of_text(texts[i]), bytes, sizeof bytes), STATUS_BAD_FORMAT);
        assert_int_equal(bytes[0], 0xaa);
        assert_int_equal(bytes[1], 0xbb);
    }
    assert_int_equal(bytes_from_hex(slice_of_text("0g12"), bytes, sizeof bytes), STATUS_BAD_FORMAT);
    assert_int_equal(bytes[0], 0xaa);
}

static void slices_and_hashes_compared_then_by_content(void **state) {
    (void)state;
    struct hash zero = {{0}}, one = {{0}};
    one.bytes[31] = 1;
    assert_true(slice_equal(slice_of_text("ab"), slice_of("abc", 2)));
    assert_false(slice_equal(slice_of_text("ab"), slice_of_text("ac")));
    assert_false(slice_equal(slice_of_text("ab"), slice_of_text("abc")));
    assert_true(slice_equal(slice_of(NULL, 0), slice_of_text("")));
    assert_true(hash_is_zero(&zero));
    assert_false(hash_is_zero(&one));
    assert_false(hash_equal(&zero, &one));
    assert_true(hash_compare(&zero, &one) < 0);
    assert_true(hash_compare(&one, &zero) > 0);
    assert_int_equal(hash_compare(&one, &one), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_written_then_big_endian),
        cmocka_unit_test(field_does_not_fit_then_no_space_and_nothing_more_written),
        cmocka_unit_test(decimals_written_then_shortest_digits),
        cmocka_unit_test(fields_read_then_the_values_written),
        cmocka_unit_test(bytes_end_early_then_truncated_and_all_untouched),
        cmocka_unit_test(hex_of_either_case_then_read_and_written_in_lower_case),
        cmocka_unit_test(other_than_hex_of_that_length_then_refused_and_untouched),
        cmocka_unit_test(slices_and_hashes_compared_then_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
