#include "transport/queue.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/num.h"

/* Several TLS records of small frames. */
#define CHUNK_BYTES ((size_t)64 * 1024)
/* Above this a frame that does not fit the last chunk gets one of exactly its size: less than a quarter is wasted. */
#define CHUNK_OWN_BYTES ((size_t)16 * 1024)

struct queue_chunk {
    struct queue_chunk *next;
    size_t start;
    size_t end;
    size_t capacity;
    uint8_t data[];
};

static struct queue_chunk *queue_add_chunk(struct queue *queue, size_t needed) {
    size_t capacity = needed > CHUNK_OWN_BYTES ? needed : CHUNK_BYTES;
    struct queue_chunk *chunk = malloc(sizeof *chunk + capacity);
    if (chunk == NULL) return NULL;
    *chunk = (struct queue_chunk){.capacity = capacity};
    if (queue->tail == NULL) {
        queue->head = chunk;
    } else {
        queue->tail->next = chunk;
    }
    queue->tail = chunk;
    return chunk;
}

enum status queue_put(struct queue *queue, struct slice frame, size_t bytes_max) {
    CHECK(frame.bytes >= 1 && frame.bytes <= FRAME_BYTES_MAX);
    size_t needed = FRAME_PREFIX_BYTES + frame.bytes;
    if (needed > bytes_max || queue->bytes > bytes_max - needed) return STATUS_BUSY;
    struct queue_chunk *chunk = queue->tail;
    if (chunk == NULL || needed > chunk->capacity - chunk->end) chunk = queue_add_chunk(queue, needed);
    if (chunk == NULL) return STATUS_BUSY;
    struct writer writer = writer_of(chunk->data + chunk->end, needed);
    writer_put_u32(&writer, (uint32_t)frame.bytes);
    writer_put(&writer, frame.data, frame.bytes);
    CHECK(writer_status(&writer) == STATUS_OK);
    chunk->end += needed;
    queue->bytes += needed;
    return STATUS_OK;
}

struct slice queue_front(const struct queue *queue, size_t bytes_max) {
    const struct queue_chunk *chunk = queue->head;
    if (chunk == NULL) return slice_of(NULL, 0);
    return slice_of(chunk->data + chunk->start, num_min_size(bytes_max, chunk->end - chunk->start));
}

/* A frame lies in one chunk whole, its prefix included. */
static size_t frame_bytes_at(const struct queue_chunk *chunk) {
    struct reader reader = reader_of(slice_of(chunk->data + chunk->start, chunk->end - chunk->start));
    uint32_t length = 0;
    CHECK(reader_u32(&reader, &length) == STATUS_OK);
    return FRAME_PREFIX_BYTES + (size_t)length;
}

void queue_drop(struct queue *queue, size_t bytes) {
    struct queue_chunk *chunk = queue->head;
    CHECK(chunk != NULL && bytes <= chunk->end - chunk->start);
    queue->bytes -= bytes;
    while (bytes > 0) {
        if (queue->frame_left == 0) queue->frame_left = frame_bytes_at(chunk);
        size_t dropped = num_min_size(bytes, queue->frame_left);
        chunk->start += dropped;
        queue->frame_left -= dropped;
        bytes -= dropped;
    }
    if (chunk->start < chunk->end) return;
    queue->head = chunk->next;
    if (queue->head == NULL) queue->tail = NULL;
    free(chunk);
}

void queue_clear(struct queue *queue) {
    while (queue->head != NULL) {
        struct queue_chunk *chunk = queue->head;
        queue->head = chunk->next;
        free(chunk);
    }
    *queue = (struct queue){0};
}
