/* Frames: cuts the decrypted stream of a link into frames. The buffer grows with the bytes that arrive, never with
 * the length that a peer announces: at any time it is below twice what has arrived of the frame, plus a fixed base.
 * Each byte is moved a bounded number of times, however the stream is cut up. */
#ifndef TRANSPORT_FRAMES_H
#define TRANSPORT_FRAMES_H

#include "base/bytes.h"

/* All zeros is an empty buffer. */
struct frames {
    uint8_t *data;
    size_t start;
    size_t end;
    size_t capacity;
};

/* Room for the next bytes, at least one TLS record's worth. NO_SPACE when there is no memory. Slices handed out
 * before are void. */
enum status frames_reserve(struct frames *frames, uint8_t **ret_room, size_t *ret_bytes) MUST_USE;

/* `bytes` have been put into the room. */
void frames_commit(struct frames *frames, size_t bytes);

/* Takes the next whole frame, borrowed until the next frames_reserve.
 *   MISSING    not all of it is here yet
 *   BAD_VALUE  a length of zero
 *   TOO_LARGE  a length above FRAME_BYTES_MAX; refused as soon as the length is known */
enum status frames_next(struct frames *frames, struct slice *ret_frame) MUST_USE;

void frames_clear(struct frames *frames);

#endif
