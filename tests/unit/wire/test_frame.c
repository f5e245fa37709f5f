/* Tests of wire/frame.h. */
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "sample.h"

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct frame frame;
    TRY(frame_read(bytes, &frame));
    frame_put(ret_again, &frame);
    return STATUS_OK;
}

static void random_frame_of_every_type_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    for (int type = FRAME_HELLO; type < FRAME_TYPE_COUNT; type++) {
        for (int round = 0; round < 4; round++) {
            uint8_t buffer[8192];
            uint8_t contents[256];
            struct frame frame;
            struct writer writer = writer_of(buffer, sizeof buffer);
            sample_frame(&prng, (enum frame_type)type, contents, &frame);
            frame_put(&writer, &frame);
            assert_int_equal(writer_status(&writer), STATUS_OK);
            assert_int_equal(frame_type_of(writer_slice(&writer)), type);
            sample_check_strict(writer_slice(&writer), rewrite, NULL);
        }
    }
}

static void frames_put_then_the_bytes_of_their_description(void **state) {
    (void)state;
    uint8_t buffer[256];
    struct frame frame = {.type = FRAME_HEARTBEAT, .heartbeat = {5, 24, 256}};
    struct writer writer = writer_of(buffer, sizeof buffer);
    frame_put(&writer, &frame);
    assert_true(slice_equal(writer_slice(&writer), slice_of("\x84\x04\x05\x18\x18\x19\x01\x00", 8)));
    frame = (struct frame){.type = FRAME_RECOVER, .recover = {7}};
    writer = writer_of(buffer, sizeof buffer);
    frame_put(&writer, &frame);
    assert_true(slice_equal(writer_slice(&writer), slice_of("\x82\x0f\x07", 3)));
    frame =
        (struct frame){.type = FRAME_BATCH,
                       .batch = {.header = slice_of("h", 1), .body = slice_of("b", 1), .contents = slice_of("", 0)}};
    writer = writer_of(buffer, sizeof buffer);
    frame_put(&writer, &frame);
    assert_true(slice_equal(writer_slice(&writer), slice_of("\x84\x02\x41h\x41"
                                                            "b\x80",
                                                            7)));
    frame = (struct frame){.type = FRAME_PROPOSAL, .proposal = {.block = slice_of("b", 1)}};
    writer = writer_of(buffer, sizeof buffer);
    frame_put(&writer, &frame);
    assert_int_equal(writer.bytes, 2 + 2 + 66 + 1 + 1);
    assert_int_equal(buffer[70], CBOR_NULL);
}

#define REFUSED(bytes, expected) assert_int_equal(frame_read(slice_of(bytes, sizeof bytes - 1), &frame), expected)

static void frames_of_another_form_then_refused(void **state) {
    (void)state;
    struct frame frame;
    REFUSED("", STATUS_TRUNCATED);
    REFUSED("\x81\x00", STATUS_BAD_VALUE);
    REFUSED("\x81\x12", STATUS_BAD_VALUE);
    REFUSED("\x83\x0f\x07\x07", STATUS_BAD_VALUE);
    REFUSED("\x82\x0f\x18\x07", STATUS_NOT_CANONICAL);
    REFUSED("\x82\x0f\x07\x00", STATUS_TRAILING_BYTES);
    REFUSED("\x83\x0e\x02\x01", STATUS_BAD_VALUE);
    REFUSED("\x82\x07\x40", STATUS_BAD_VALUE);
    REFUSED("\x82\x03\x81\x83\x00\x00\x40", STATUS_BAD_VALUE);
    REFUSED("\x83\x0d\x80\x41x", STATUS_BAD_VALUE);
}

static void frame_above_its_limit_then_refused_unread(void **state) {
    (void)state;
    struct frame frame;
    assert_int_equal(frame_read(slice_of("\x82\x0f\x07", (size_t)FRAME_BYTES_MAX + 1), &frame), STATUS_TOO_LARGE);
}

/* A frame with one byte string of `bytes`. */
static enum status read_blob_frame(enum frame_type type, size_t bytes) {
    uint8_t *buffer = calloc(1, bytes + 16);
    uint8_t *blob = calloc(1, bytes);
    struct frame frame;
    assert_non_null(buffer);
    assert_non_null(blob);
    struct writer writer = writer_of(buffer, bytes + 16);
    cbor_put_array(&writer, 2);
    cbor_put_uint(&writer, type);
    cbor_put_bytes(&writer, slice_of(blob, bytes));
    enum status status = frame_read(writer_slice(&writer), &frame);
    free(buffer);
    free(blob);
    return status;
}

static void nested_encodings_at_their_limits_then_accepted_and_beyond_refused(void **state) {
    (void)state;
    assert_int_equal(read_blob_frame(FRAME_CERTIFICATE, VOTE_CERTIFICATE_BYTES_MAX), STATUS_OK);
    assert_int_equal(read_blob_frame(FRAME_CERTIFICATE, VOTE_CERTIFICATE_BYTES_MAX + 1), STATUS_TOO_LARGE);
    assert_int_equal(read_blob_frame(FRAME_BLOCK, BLOCK_BYTES_ENCODED_MAX), STATUS_OK);
    assert_int_equal(read_blob_frame(FRAME_BLOCK, BLOCK_BYTES_ENCODED_MAX + 1), STATUS_TOO_LARGE);
    assert_int_equal(read_blob_frame(FRAME_PROOF, PROOF_BYTES_MAX), STATUS_OK);
    assert_int_equal(read_blob_frame(FRAME_PROOF, PROOF_BYTES_MAX + 1), STATUS_TOO_LARGE);
}

/* The head of a batch frame, then `count` contents of `bytes` each. */
static enum status read_batch_with_contents(uint32_t count, size_t bytes) {
    size_t capacity = count * (bytes + 16) + 64;
    uint8_t *buffer = malloc(capacity);
    uint8_t *content = calloc(1, bytes + 1);
    struct frame frame;
    assert_non_null(buffer);
    assert_non_null(content);
    struct writer writer = writer_of(buffer, capacity);
    writer_put(&writer, "\x84\x02\x41h\x41", 5);
    writer_put_u8(&writer, 'b');
    cbor_put_array(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        cbor_put_array(&writer, 2);
        cbor_put_uint(&writer, i);
        cbor_put_bytes(&writer, slice_of(content, bytes));
    }
    enum status status = frame_read(writer_slice(&writer), &frame);
    free(buffer);
    free(content);
    return status;
}

static void contents_at_their_limits_then_accepted_and_beyond_refused(void **state) {
    (void)state;
    assert_int_equal(read_batch_with_contents(0, 0), STATUS_OK);
    assert_int_equal(read_batch_with_contents(1, CONTENT_BYTES_MAX), STATUS_OK);
    assert_int_equal(read_batch_with_contents(1, CONTENT_BYTES_MAX + 1), STATUS_TOO_LARGE);
    uint32_t most = BATCH_CONTENT_BYTES_MAX / CONTENT_BYTES_MAX;
    assert_int_equal(read_batch_with_contents(most, CONTENT_BYTES_MAX), STATUS_OK);
    assert_int_equal(read_batch_with_contents(most + 1, CONTENT_BYTES_MAX), STATUS_TOO_LARGE);
}

static void contents_walked_then_ascending_or_refused(void **state) {
    (void)state;
    uint8_t buffer[64];
    struct frame_contents contents;
    struct slice content;
    uint32_t index;
    struct writer writer = writer_of(buffer, sizeof buffer);
    frame_contents_put(&writer, 2);
    frame_content_put(&writer, 3, slice_of("abc", 3));
    frame_content_put(&writer, BATCH_ITEMS_MAX - 1, slice_of("", 0));
    assert_int_equal(frame_contents_open(writer_slice(&writer), &contents), STATUS_OK);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_OK);
    assert_int_equal(index, 3);
    assert_true(slice_equal(content, slice_of_text("abc")));
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_OK);
    assert_int_equal(index, BATCH_ITEMS_MAX - 1);
    assert_int_equal(content.bytes, 0);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_NOT_FOUND);
    assert_int_equal(frame_contents_open(slice_of("\x82\x82\x03\x40\x82\x03\x40", 7), &contents), STATUS_OK);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_OK);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_NOT_CANONICAL);
    assert_int_equal(frame_contents_open(slice_of("\x80\x00", 2), &contents), STATUS_OK);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_TRAILING_BYTES);
    assert_int_equal(frame_contents_open(slice_of("\x81\x82\x1a\x00\x01\x00\x00\x40", 8), &contents), STATUS_OK);
    assert_int_equal(frame_contents_next(&contents, &index, &content), STATUS_BAD_VALUE);
}

static void tip_of_an_empty_lane_then_only_without_hash(void **state) {
    (void)state;
    uint8_t buffer[128];
    struct frame frame = {.type = FRAME_RECOVERED, .recovered = {.tip = {.member = 3}}};
    struct writer writer = writer_of(buffer, sizeof buffer);
    frame_put(&writer, &frame);
    assert_int_equal(frame_read(writer_slice(&writer), &frame), STATUS_OK);
    buffer[5] = 1; /* seq */
    assert_int_equal(frame_read(writer_slice(&writer), &frame), STATUS_BAD_VALUE);
    buffer[8] = 1; /* the hash */
    assert_int_equal(frame_read(writer_slice(&writer), &frame), STATUS_OK);
    buffer[5] = 0;
    assert_int_equal(frame_read(writer_slice(&writer), &frame), STATUS_BAD_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_frame_of_every_type_then_strict),
        cmocka_unit_test(frames_put_then_the_bytes_of_their_description),
        cmocka_unit_test(frames_of_another_form_then_refused),
        cmocka_unit_test(frame_above_its_limit_then_refused_unread),
        cmocka_unit_test(nested_encodings_at_their_limits_then_accepted_and_beyond_refused),
        cmocka_unit_test(contents_at_their_limits_then_accepted_and_beyond_refused),
        cmocka_unit_test(contents_walked_then_ascending_or_refused),
        cmocka_unit_test(tip_of_an_empty_lane_then_only_without_hash),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
