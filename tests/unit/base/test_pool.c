/* The pool: pieces never overlap, come cleared and aligned, and a region of the size promised never runs out. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static void sizes_rounded_then_little_is_lost(void **state) {
    (void)state;
    assert_int_equal(pool_rounded(1), 16);
    assert_int_equal(pool_rounded(16), 16);
    assert_int_equal(pool_rounded(17), 32);
    assert_int_equal(pool_rounded(33), 48);
    assert_int_equal(pool_rounded(49), 64);
    assert_int_equal(pool_rounded(65), 96);
    assert_int_equal(pool_rounded((size_t)1 << 26), (size_t)1 << 26);
    for (size_t bytes = 1; bytes < 100000; bytes = bytes + bytes / 7 + 1) {
        size_t rounded = pool_rounded(bytes);
        assert_true(rounded >= bytes && rounded % 16 == 0);
        if (bytes > 32) assert_true(rounded <= bytes + bytes / 2);
        assert_int_equal(pool_rounded(rounded), rounded);
    }
}

static void piece_given_back_then_taken_again_cleared(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[256];
    struct pool pool;
    pool_init(&pool, region, sizeof region);
    uint8_t *first = pool_take(&pool, 50);
    memset(first, 0xff, 50);
    assert_int_equal(pool.live, 64);
    pool_give(&pool, first, 50);
    assert_int_equal(pool.live, 0);
    uint8_t *again = pool_take(&pool, 60);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 60; i++) assert_int_equal(again[i], 0);
    assert_int_equal(pool.used, 64);
    pool_give(&pool, NULL, 60);
    assert_int_equal(pool.live, 64);
}

static void raw_piece_then_counted_as_any_other_and_cleared_for_the_next_that_asks(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[64];
    struct pool pool;
    memset(region, 0xaa, sizeof region);
    pool_init(&pool, region, sizeof region);
    uint8_t *raw = pool_take_raw(&pool, 60);
    assert_ptr_equal(raw, region);
    for (size_t i = 0; i < 60; i++) assert_int_equal(raw[i], 0xaa);
    assert_int_equal(pool.live, 64);
    assert_null(pool_take_raw(&pool, 1));
    pool_give(&pool, raw, 60);
    assert_int_equal(pool.live, 0);
    uint8_t *again = pool_take(&pool, 60);
    assert_ptr_equal(again, raw);
    for (size_t i = 0; i < 60; i++) assert_int_equal(again[i], 0);
}

static void region_used_up_then_null_until_a_piece_is_given_back(void **state) {
    (void)state;
    _Alignas(16) uint8_t region[64];
    struct pool pool;
    pool_init(&pool, region, sizeof region);
    void *a = pool_take(&pool, 32);
    void *b = pool_take(&pool, 32);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(pool_take(&pool, 32));
    assert_null(pool_take(&pool, 1));
    assert_int_equal(pool.live, 64);
    pool_give(&pool, a, 32);
    assert_ptr_equal(pool_take(&pool, 20), a);
}

enum { PIECES = 200, BUDGET = 20000 };

struct piece {
    uint8_t *at;
    size_t bytes;
    uint8_t fill;
};

static void check_and_give(struct pool *pool, struct piece *piece) {
    for (size_t i = 0; i < piece->bytes; i++) assert_int_equal(piece->at[i], piece->fill);
    pool_give(pool, piece->at, piece->bytes);
    *piece = (struct piece){NULL, 0, 0};
}

static void random_use_within_the_budget_then_never_runs_out_nor_overlaps(void **state) {
    (void)state;
    uint64_t seed = 3;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    size_t capacity = pool_region_bytes(BUDGET);
    uint8_t *region = aligned_alloc(16, (capacity + 15) / 16 * 16);
    assert_non_null(region);
    struct pool pool;
    struct piece pieces[PIECES] = {{NULL, 0, 0}};
    size_t live = 0;
    pool_init(&pool, region, capacity);
    for (int step = 0; step < 20000; step++) {
        struct piece *piece = &pieces[prng_below(&prng, PIECES)];
        if (piece->at != NULL) {
            live -= pool_rounded(piece->bytes);
            check_and_give(&pool, piece);
            continue;
        }
        size_t bytes = (size_t)prng_between(&prng, 1, prng_chance(&prng, 1, 20) ? 5000 : 100);
        if (live + pool_rounded(bytes) > BUDGET) continue;
        uint8_t *at = pool_take(&pool, bytes);
        assert_non_null(at);
        assert_true((uintptr_t)at % 16 == 0 && at >= region && at + bytes <= region + capacity);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(at[i], 0);
        *piece = (struct piece){at, bytes, (uint8_t)prng_between(&prng, 1, 255)};
        memset(at, piece->fill, bytes);
        live += pool_rounded(bytes);
        assert_int_equal(pool.live, live);
    }
    for (size_t i = 0; i < PIECES; i++) {
        if (pieces[i].at != NULL) check_and_give(&pool, &pieces[i]);
    }
    assert_int_equal(pool.live, 0);
    free(region);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_rounded_then_little_is_lost),
        cmocka_unit_test(piece_given_back_then_taken_again_cleared),
        cmocka_unit_test(raw_piece_then_counted_as_any_other_and_cleared_for_the_next_that_asks),
        cmocka_unit_test(region_used_up_then_null_until_a_piece_is_given_back),
        cmocka_unit_test(random_use_within_the_budget_then_never_runs_out_nor_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
