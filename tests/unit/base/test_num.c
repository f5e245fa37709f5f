/* Checked arithmetic: at the edge of each type, and one beyond it. */
#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define INT128_LARGEST  ((int128)(~(uint128)0 >> 1))
#define INT128_SMALLEST (-INT128_LARGEST - 1)

static void unsigned_within_range_then_the_result(void **state) {
    (void)state;
    uint64_t result = 0;
    assert_true(num_add_u64(UINT64_MAX - 1, 1, &result) && result == UINT64_MAX);
    assert_true(num_sub_u64(5, 5, &result) && result == 0);
    assert_true(num_mul_u64(UINT64_C(1) << 32, UINT32_MAX, &result) && result == UINT64_C(0xffffffff00000000));
    size_t size = 0;
    assert_true(num_add_size(SIZE_MAX, 0, &size) && size == SIZE_MAX);
    assert_true(num_mul_size(0, SIZE_MAX, &size) && size == 0);
}

static void unsigned_out_of_range_then_false_and_untouched(void **state) {
    (void)state;
    uint64_t result = 42;
    assert_false(num_add_u64(UINT64_MAX, 1, &result));
    assert_false(num_sub_u64(0, 1, &result));
    assert_false(num_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &result));
    assert_true(result == 42);
    size_t size = 42;
    assert_false(num_add_size(SIZE_MAX, 1, &size));
    assert_false(num_mul_size(SIZE_MAX, 2, &size));
    assert_int_equal(size, 42);
}

static void signed_within_range_then_the_result(void **state) {
    (void)state;
    int64_t result = 0;
    assert_true(num_add_i64(INT64_MAX, -1, &result) && result == INT64_MAX - 1);
    assert_true(num_sub_i64(-1, INT64_MAX, &result) && result == INT64_MIN);
    assert_true(num_mul_i64(INT64_MIN, 1, &result) && result == INT64_MIN);
    int128 wide = 0;
    assert_true(num_add_i128(INT128_LARGEST, -1, &wide) && wide == INT128_LARGEST - 1);
    assert_true(num_mul_i128((int128)INT64_MAX, INT64_MIN, &wide) && wide == (int128)INT64_MAX * INT64_MIN);
}

static void signed_out_of_range_then_false_and_untouched(void **state) {
    (void)state;
    int64_t result = 42;
    assert_false(num_add_i64(INT64_MAX, 1, &result));
    assert_false(num_add_i64(INT64_MIN, -1, &result));
    assert_false(num_sub_i64(0, INT64_MIN, &result));
    assert_false(num_mul_i64(INT64_MIN, -1, &result));
    assert_true(result == 42);
    int128 wide = 42;
    assert_false(num_add_i128(INT128_LARGEST, 1, &wide));
    assert_false(num_add_i128(INT128_SMALLEST, -1, &wide));
    assert_false(num_mul_i128(INT128_SMALLEST, -1, &wide));
    assert_true(wide == 42);
}

static void smaller_and_larger_of_two_then_those(void **state) {
    (void)state;
    assert_true(num_min_u64(1, UINT64_MAX) == 1 && num_min_u64(2, 2) == 2);
    assert_true(num_max_u64(1, UINT64_MAX) == UINT64_MAX && num_max_u64(2, 2) == 2);
    assert_int_equal(num_min_size(SIZE_MAX, 3), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_within_range_then_the_result),
        cmocka_unit_test(unsigned_out_of_range_then_false_and_untouched),
        cmocka_unit_test(signed_within_range_then_the_result),
        cmocka_unit_test(signed_out_of_range_then_false_and_untouched),
        cmocka_unit_test(smaller_and_larger_of_two_then_those),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
