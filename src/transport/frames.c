#include "transport/frames.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/num.h"
#include "transport/queue.h"

/* One TLS record holds at most this much plaintext (RFC 8446 section 5.1). */
#define ROOM_BYTES_MIN ((size_t)16 * 1024)
/* What a quiet link keeps. */
#define CAPACITY_KEPT ((size_t)64 * 1024)
/* The largest frame, its length, and the rest of the record that its end came in, which may begin the next one. */
#define CAPACITY_MAX ((size_t)FRAME_BYTES_MAX + FRAME_PREFIX_BYTES + 2 * ROOM_BYTES_MIN)

static void frames_move_to_front(struct frames *frames) {
    if (frames->start == 0) return;
    size_t held = frames->end - frames->start;
    memmove(frames->data, frames->data + frames->start, held);
    frames->start = 0;
    frames->end = held;
}

static enum status frames_grow(struct frames *frames) {
    size_t capacity = frames->capacity == 0 ? CAPACITY_KEPT : num_min_size(2 * frames->capacity, CAPACITY_MAX);
    CHECK(capacity - frames->end >= ROOM_BYTES_MIN);
    uint8_t *data = realloc(frames->data, capacity);
    if (data == NULL) return STATUS_NO_SPACE;
    frames->data = data;
    frames->capacity = capacity;
    return STATUS_OK;
}

enum status frames_reserve(struct frames *frames, uint8_t **ret_room, size_t *ret_bytes) {
    bool empty = frames->start == frames->end;
    if (empty && frames->capacity > CAPACITY_KEPT) frames_clear(frames);
    if (empty) frames->start = frames->end = 0;
    if (frames->capacity - frames->end < ROOM_BYTES_MIN) frames_move_to_front(frames);
    if (frames->capacity - frames->end < ROOM_BYTES_MIN) TRY(frames_grow(frames));
    *ret_room = frames->data + frames->end;
    *ret_bytes = frames->capacity - frames->end;
    return STATUS_OK;
}

void frames_commit(struct frames *frames, size_t bytes) {
    CHECK(bytes <= frames->capacity - frames->end);
    frames->end += bytes;
}

enum status frames_next(struct frames *frames, struct slice *ret_frame) {
    struct reader reader = reader_of(slice_of(frames->data + frames->start, frames->end - frames->start));
    uint32_t length;
    if (reader_u32(&reader, &length) != STATUS_OK) return STATUS_MISSING;
    if (length == 0) return STATUS_BAD_VALUE;
    if (length > FRAME_BYTES_MAX) return STATUS_TOO_LARGE;
    struct slice frame;
    if (reader_take(&reader, length, &frame) != STATUS_OK) return STATUS_MISSING;
    frames->start += FRAME_PREFIX_BYTES + length;
    *ret_frame = frame;
    return STATUS_OK;
}

void frames_clear(struct frames *frames) {
    free(frames->data);
    *frames = (struct frames){0};
}
