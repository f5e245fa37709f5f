/* The arena. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void pieces_taken_then_aligned_apart_and_inside(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[64];
    struct arena arena;
    arena_init(&arena, region, sizeof region);
    uint8_t *a = arena_take(&arena, 1), *b = arena_take(&arena, 16), *c = arena_take(&arena, 17);
    assert_ptr_equal(a, region);
    assert_ptr_equal(b, region + 16);
    assert_ptr_equal(c, region + 32);
    assert_int_equal(arena.used, sizeof region);
}

static void region_used_up_then_null_and_unchanged(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[40];
    struct arena arena;
    arena_init(&arena, region, sizeof region);
    assert_non_null(arena_take(&arena, 32));
    assert_null(arena_take(&arena, 1)); /* 16 bytes are needed and 8 are left. */
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take_zeroed(&arena, SIZE_MAX - 15));
    assert_int_equal(arena.used, 32);
    assert_non_null(arena_take(&arena, 0));
    arena_reset(&arena);
    assert_ptr_equal(arena_take(&arena, 32), region);
}

static void zeroed_piece_then_zeros_and_the_next_byte_stays(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[32];
    memset(region, 0xaa, sizeof region);
    struct arena arena;
    arena_init(&arena, region, sizeof region);
    uint8_t *piece = arena_take_zeroed(&arena, 10);
    assert_non_null(piece);
    for (size_t i = 0; i < 10; i++) assert_int_equal(piece[i], 0);
    assert_int_equal(region[10], 0xaa);
}

static void sizes_rounded_then_what_a_take_uses(void **state) {
    (void)state;
    assert_int_equal(arena_rounded(0), 0);
    assert_int_equal(arena_rounded(1), 16);
    assert_int_equal(arena_rounded(16), 16);
    assert_int_equal(arena_rounded(17), 32);
    assert_true(arena_rounded(SIZE_MAX - 15) == SIZE_MAX - 15);
    assert_true(arena_rounded(SIZE_MAX - 14) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_taken_then_aligned_apart_and_inside),
        cmocka_unit_test(region_used_up_then_null_and_unchanged),
        cmocka_unit_test(zeroed_piece_then_zeros_and_the_next_byte_stays),
        cmocka_unit_test(sizes_rounded_then_what_a_take_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
