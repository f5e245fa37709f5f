/* The cutting of a stream into frames, against streams cut up at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/prng.h"
#include "transport/frames.h"

static void feed(struct frames *frames, const uint8_t *data, size_t bytes) {
    uint8_t *room;
    size_t room_bytes;
    assert_int_equal(frames_reserve(frames, &room, &room_bytes), STATUS_OK);
    assert_true(bytes <= room_bytes);
    memcpy(room, data, bytes);
    frames_commit(frames, bytes);
}

static void length_bytes(uint32_t length, uint8_t ret_bytes[4]) {
    struct writer writer = writer_of(ret_bytes, 4);
    writer_put_u32(&writer, length);
}

/* Frames of random sizes, each filled with its number, in one stream. */
static size_t make_stream(struct prng *prng, uint8_t *stream, size_t capacity, size_t *sizes, size_t sizes_max,
                          size_t *ret_count) {
    size_t bytes = 0;
    size_t count = 0;
    while (count < sizes_max) {
        size_t size = 1 + (size_t)prng_below(prng, prng_chance(prng, 1, 20) ? 300000 : 200);
        if (bytes + 4 + size > capacity) break;
        length_bytes((uint32_t)size, stream + bytes);
        memset(stream + bytes + 4, (int)(count & 0xff), size);
        bytes += 4 + size;
        sizes[count++] = size;
    }
    *ret_count = count;
    return bytes;
}

static void stream_cut_anywhere_then_same_frames(void **state) {
    (void)state;
    enum { STREAM_BYTES = 4000000, SIZES_MAX = 3000 };
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    uint8_t *stream = malloc(STREAM_BYTES);
    static size_t sizes[SIZES_MAX];
    size_t count;
    size_t bytes = make_stream(&prng, stream, STREAM_BYTES, sizes, SIZES_MAX, &count);
    struct frames frames = {0};
    size_t seen = 0;
    for (size_t at = 0; at < bytes;) {
        size_t piece = num_min_size(bytes - at, 1 + (size_t)prng_below(&prng, 16384));
        feed(&frames, stream + at, piece);
        at += piece;
        struct slice frame;
        while (frames_next(&frames, &frame) == STATUS_OK) {
            assert_true(seen < count);
            assert_int_equal(frame.bytes, sizes[seen]);
            assert_int_equal(frame.data[0], seen & 0xff);
            assert_int_equal(frame.data[frame.bytes - 1], seen & 0xff);
            seen += 1;
        }
    }
    assert_int_equal(seen, count);
    frames_clear(&frames);
    free(stream);
}

static void length_of_zero_or_above_limit_then_refused(void **state) {
    (void)state;
    static const struct {
        uint32_t length;
        enum status expected;
    } cases[] = {
        {0, STATUS_BAD_VALUE},
        {1, STATUS_MISSING},
        {FRAME_BYTES_MAX, STATUS_MISSING},
        {FRAME_BYTES_MAX + 1, STATUS_TOO_LARGE},
        {UINT32_MAX, STATUS_TOO_LARGE},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct frames frames = {0};
        uint8_t length[4];
        length_bytes(cases[index].length, length);
        struct slice frame;
        feed(&frames, length, 3);
        assert_int_equal(frames_next(&frames, &frame), STATUS_MISSING);
        feed(&frames, length + 3, 1);
        assert_int_equal(frames_next(&frames, &frame), cases[index].expected);
        frames_clear(&frames);
    }
}

static void length_announced_then_memory_follows_bytes(void **state) {
    (void)state;
    static const uint8_t piece[16384];
    struct frames frames = {0};
    uint8_t length[4];
    length_bytes(FRAME_BYTES_MAX, length);
    feed(&frames, length, sizeof length);
    struct slice frame;
    size_t arrived = 0;
    while (arrived < FRAME_BYTES_MAX) {
        assert_int_equal(frames_next(&frames, &frame), STATUS_MISSING);
        assert_true(frames.capacity <= 2 * arrived + 131072);
        feed(&frames, piece, sizeof piece);
        arrived += sizeof piece;
    }
    assert_int_equal(frames_next(&frames, &frame), STATUS_OK);
    assert_int_equal(frame.bytes, FRAME_BYTES_MAX);
    uint8_t *room;
    size_t room_bytes;
    assert_int_equal(frames_reserve(&frames, &room, &room_bytes), STATUS_OK);
    assert_true(frames.capacity <= 65536);
    frames_clear(&frames);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_cut_anywhere_then_same_frames),
        cmocka_unit_test(length_of_zero_or_above_limit_then_refused),
        cmocka_unit_test(length_announced_then_memory_follows_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
