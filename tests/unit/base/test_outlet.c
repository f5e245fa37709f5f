/* The outlet and the takes that read its fields back. */
#include "base/outlet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct sink {
    uint8_t bytes[256];
    size_t count;
    size_t pieces[128];
    uint32_t pieces_count;
};

static void keep(void *context, struct slice piece) {
    struct sink *sink = context;
    assert_true(piece.bytes > 0);
    memcpy(sink->bytes + sink->count, piece.data, piece.bytes);
    sink->count += piece.bytes;
    sink->pieces[sink->pieces_count++] = piece.bytes;
}

static void put_all(struct outlet *outlet) {
    static const int16_t i16[] = {-1, 2};
    static const int32_t i32[] = {INT32_MIN, 3};
    static const int64_t i64[] = {-2, INT64_MAX};
    static const uint64_t u64[] = {4, UINT64_MAX};
    static const uint32_t u32[] = {5, 6};
    outlet_put_u8(outlet, 0x11);
    outlet_put_u16(outlet, 0x2233);
    outlet_put_u32(outlet, 0x44556677);
    outlet_put_u64(outlet, UINT64_C(0x8899aabbccddeeff));
    outlet_put_flag(outlet, true);
    outlet_put_i16s(outlet, i16, 2);
    outlet_put_i32s(outlet, i32, 2);
    outlet_put_i64s(outlet, i64, 2);
    outlet_put_u64s(outlet, u64, 2);
    outlet_put_u32s(outlet, u32, 2);
    outlet_put(outlet, NULL, 0);
}

static const uint8_t expected[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
                                   0xff, 1,    0xff, 0xff, 0,    2,    0x80, 0,    0,    0,    0,    0,    0,    3,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0,    0,    0,    0,    0,    0,    0,    4,    0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0,    0,    0,    5,    0,    0,    0,    6};

static void fields_put_then_big_endian_in_pieces_of_every_size(void **state) {
    (void)state;
    for (size_t size = 1; size <= sizeof expected + 1; size++) {
        uint8_t buffer[sizeof expected + 1];
        struct sink sink = {.count = 0};
        struct outlet outlet;
        outlet_open(&outlet, buffer, size, keep, &sink);
        put_all(&outlet);
        assert_int_equal(sink.count, sizeof expected / size * size);
        outlet_close(&outlet);
        assert_int_equal(outlet.bytes, sizeof expected);
        assert_int_equal(sink.count, sizeof expected);
        assert_memory_equal(sink.bytes, expected, sizeof expected);
        for (uint32_t i = 0; i + 1 < sink.pieces_count; i++) assert_int_equal(sink.pieces[i], size);
    }
}

static void nobody_takes_the_pieces_then_bytes_are_counted(void **state) {
    (void)state;
    uint8_t buffer[3];
    struct outlet outlet;
    outlet_open(&outlet, buffer, sizeof buffer, NULL, NULL);
    put_all(&outlet);
    outlet_close(&outlet);
    assert_int_equal(outlet.bytes, sizeof expected);
}

static void numbers_read_then_only_within_their_ranges(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 7};
    struct reader reader = reader_of(slice_of(bytes, sizeof bytes));
    int32_t i32[2];
    int16_t i16[4];
    int64_t i64;
    uint64_t u64;
    uint32_t u32;
    bool flag;
    assert_int_equal(reader_i32s(&reader, -2, 7, i32, 2), STATUS_OK);
    assert_int_equal(i32[0], -2);
    assert_int_equal(i32[1], 7);
    assert_int_equal(reader_end(&reader), STATUS_OK);
    assert_int_equal(reader_i32s(&reader, -2, 7, i32, 1), STATUS_TRUNCATED);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i32s(&reader, -1, 7, i32, 2), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i32s(&reader, -2, 6, i32, 2), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i16s(&reader, -2, 7, i16, 4), STATUS_OK);
    assert_int_equal(i16[1], -2);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i16s(&reader, -1, 7, i16, 4), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i64s(&reader, INT64_MIN, 0, &i64, 1), STATUS_OK);
    assert_true(i64 == -INT64_C(0x1fffffff9));
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_i64s(&reader, 0, INT64_MAX, &i64, 1), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_u64s(&reader, UINT64_C(0xfffffffe00000006), &u64, 1), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(reader_u64_to(&reader, UINT64_C(0xfffffffe00000007), &u64), STATUS_OK);
    reader = reader_of(slice_of(bytes + 4, 4));
    assert_int_equal(reader_u32_to(&reader, 6, &u32), STATUS_BAD_VALUE);
    reader = reader_of(slice_of(bytes + 4, 4));
    assert_int_equal(reader_u32_to(&reader, 7, &u32), STATUS_OK);
    reader = reader_of(slice_of(bytes + 4, 4));
    assert_int_equal(reader_flag(&reader, &flag), STATUS_OK);
    assert_false(flag);
    reader = reader_of(slice_of(bytes + 7, 1));
    assert_int_equal(reader_flag(&reader, &flag), STATUS_BAD_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_put_then_big_endian_in_pieces_of_every_size),
        cmocka_unit_test(nobody_takes_the_pieces_then_bytes_are_counted),
        cmocka_unit_test(numbers_read_then_only_within_their_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
