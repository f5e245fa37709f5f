/* Queue: frames waiting to be encrypted, each behind its length, as one stream of bytes in chunks. Small frames share
 * a chunk, so that many of them leave in one TLS record; a large one has its own, so that no byte is copied twice. */
#ifndef TRANSPORT_QUEUE_H
#define TRANSPORT_QUEUE_H

#include "base/bytes.h"

/* The length before each frame, big-endian. */
enum { FRAME_PREFIX_BYTES = 4 };

struct queue_chunk;

/* All zeros is an empty queue. */
struct queue {
    struct queue_chunk *head;
    struct queue_chunk *tail;
    size_t bytes;      /* waiting, prefixes included */
    size_t frame_left; /* of a frame that has begun to leave; 0 between two frames */
};

/* Copies a frame in. BUSY when it would bring the queue above `bytes_max`, or there is no memory for it. `frame`
 * holds 1 .. FRAME_BYTES_MAX bytes. */
enum status queue_put(struct queue *queue, struct slice frame, size_t bytes_max) MUST_USE;

/* The bytes at the front that lie together, at most `bytes_max`; empty when the queue is. Valid until queue_drop. */
struct slice queue_front(const struct queue *queue, size_t bytes_max);

/* Forgets the first `bytes`, no more than queue_front handed out; `frame_left` follows. */
void queue_drop(struct queue *queue, size_t bytes);

void queue_clear(struct queue *queue);

#endif
