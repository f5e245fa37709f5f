/* The queue of one peer: what comes out is what went in, and the bound holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/prng.h"
#include "transport/queue.h"

static void frames_put_and_taken_at_random_then_same_stream(void **state) {
    (void)state;
    enum { EXPECTED_BYTES = 8000000 };
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    uint8_t *expected = malloc(EXPECTED_BYTES);
    uint8_t *frame = malloc(100000);
    size_t put = 0;
    size_t taken = 0;
    struct queue queue = {0};
    for (int step = 0; step < 2000; step++) {
        size_t size = 1 + (size_t)prng_below(&prng, prng_chance(&prng, 1, 30) ? 100000 : 300);
        if (put + 4 + size > EXPECTED_BYTES) break;
        memset(frame, step & 0xff, size);
        assert_int_equal(queue_put(&queue, slice_of(frame, size), EXPECTED_BYTES), STATUS_OK);
        struct writer writer = writer_of(expected + put, 4 + size);
        writer_put_u32(&writer, (uint32_t)size);
        writer_put(&writer, frame, size);
        put += 4 + size;
        for (uint64_t takes = prng_below(&prng, 4); takes > 0 && queue.bytes > 0; takes--) {
            struct slice front = queue_front(&queue, 16384);
            assert_true(front.bytes >= 1 && front.bytes <= 16384);
            size_t bytes = 1 + (size_t)prng_below(&prng, front.bytes);
            assert_memory_equal(front.data, expected + taken, bytes);
            queue_drop(&queue, bytes);
            taken += bytes;
        }
        assert_int_equal(queue.bytes, put - taken);
    }
    while (queue.bytes > 0) {
        struct slice front = queue_front(&queue, 16384);
        assert_memory_equal(front.data, expected + taken, front.bytes);
        taken += front.bytes;
        queue_drop(&queue, front.bytes);
    }
    assert_int_equal(taken, put);
    assert_null(queue.head);
    free(frame);
    free(expected);
}

/* Two frames of 300 and one of 40000 bytes, dropped in all kinds of pieces: what is left of the one that has begun is known. */
static void dropped_in_pieces_then_the_rest_of_a_frame_is_known(void **state) {
    (void)state;
    static const uint8_t data[40000];
    static const size_t ends[] = {304, 608, 40612}; /* prefixes included */
    for (size_t piece = 1; piece < 50000; piece = piece * 3 + 1) {
        struct queue queue = {0};
        size_t taken = 0;
        assert_int_equal(queue_put(&queue, slice_of(data, 300), 100000), STATUS_OK);
        assert_int_equal(queue_put(&queue, slice_of(data, 300), 100000), STATUS_OK);
        assert_int_equal(queue_put(&queue, slice_of(data, 40000), 100000), STATUS_OK);
        assert_int_equal(queue.frame_left, 0);
        while (queue.bytes > 0) {
            size_t bytes = queue_front(&queue, piece).bytes;
            queue_drop(&queue, bytes);
            taken += bytes;
            size_t left = 0;
            for (size_t i = 0; i < 3; i++) {
                size_t begin = i == 0 ? 0 : ends[i - 1];
                if (taken > begin && taken < ends[i]) left = ends[i] - taken;
            }
            assert_int_equal(queue.frame_left, left);
        }
        assert_int_equal(taken, ends[2]);
    }
}

static void frame_beyond_bound_then_busy_and_nothing_changed(void **state) {
    (void)state;
    static const uint8_t data[100];
    struct queue queue = {0};
    assert_int_equal(queue_put(&queue, slice_of(data, 46), 100), STATUS_OK);
    assert_int_equal(queue_put(&queue, slice_of(data, 47), 100), STATUS_BUSY);
    assert_int_equal(queue.bytes, 50);
    assert_int_equal(queue_put(&queue, slice_of(data, 46), 100), STATUS_OK);
    assert_int_equal(queue_put(&queue, slice_of(data, 1), 100), STATUS_BUSY);
    assert_int_equal(queue.bytes, 100);
    queue_clear(&queue);
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(queue_front(&queue, 10).bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_put_and_taken_at_random_then_same_stream),
        cmocka_unit_test(dropped_in_pieces_then_the_rest_of_a_frame_is_known),
        cmocka_unit_test(frame_beyond_bound_then_busy_and_nothing_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
