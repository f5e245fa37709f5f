/* Base64 (RFC 4648 section 4): the standard alphabet, always padded.
 *
 * Invariant: there is exactly one text for any bytes. Decoding refuses everything that encoding would not have
 * written: missing padding, line breaks, the URL alphabet, unused bits that are not zero. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Characters that `bytes` bytes take, padding included. `bytes` is at most SIZE_MAX / 4 * 3. */
size_t base64_encoded_bytes(size_t bytes);
/* Writes base64_encoded_bytes(data.bytes) characters, without a NUL. */
void base64_encode(struct slice data, char *ret_text);
/* The same at the end of `writer`; what does not fit makes the writer overflow. */
void base64_put(struct writer *writer, struct slice data);
/* STATUS_BAD_FORMAT when `text` is not the encoding of any bytes, STATUS_NO_SPACE when they are more than `capacity`;
 * `ret_data` may be NULL when capacity is 0. */
enum status base64_decode(struct slice text, uint8_t *ret_data, size_t capacity, size_t *ret_bytes) MUST_USE;

#endif
