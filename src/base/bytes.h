/* Bytes: a borrowed slice, and big-endian cursors over a buffer of the caller's for reading and writing. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

enum { HASH_BYTES = 32, KEY_BYTES = 32, SECRET_BYTES = 64, SIGNATURE_BYTES = 64 };

/* A SHA-256 hash. A value type: compare with hash_equal, copy by assignment. */
struct hash {
    uint8_t bytes[HASH_BYTES];
};

/* A borrowed run of bytes. Who owns them, and until when, is said where a slice is handed out. */
struct slice {
    const uint8_t *data;
    size_t bytes;
};

static inline struct slice slice_of(const void *data, size_t bytes) {
    return (struct slice){(const uint8_t *)data, bytes};
}

static inline struct slice slice_of_text(const char *text) { return slice_of(text, strlen(text)); }

static inline bool slice_equal(struct slice a, struct slice b) {
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

static inline bool hash_equal(const struct hash *a, const struct hash *b) {
    return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

static inline int hash_compare(const struct hash *a, const struct hash *b) {
    return memcmp(a->bytes, b->bytes, HASH_BYTES);
}

static inline bool hash_is_zero(const struct hash *a) {
    static const struct hash zero;
    return hash_equal(a, &zero);
}

/* Writes fields one after another into a buffer of the caller's. After the first failure every further put is a
 * no-op, so a caller may check once at the end (writer_status). */
struct writer {
    uint8_t *data;
    size_t capacity;
    size_t bytes; /* written so far */
    bool overflowed;
};

static inline struct writer writer_of(void *data, size_t capacity) {
    return (struct writer){(uint8_t *)data, capacity, 0, false};
}
/* STATUS_OK, or STATUS_NO_SPACE when anything did not fit. */
enum status writer_status(const struct writer *writer) MUST_USE;
struct slice writer_slice(const struct writer *writer);
void writer_put(struct writer *writer, const void *data, size_t bytes);
void writer_put_u8(struct writer *writer, uint8_t value);
void writer_put_u16(struct writer *writer, uint16_t value);
void writer_put_u32(struct writer *writer, uint32_t value);
void writer_put_u64(struct writer *writer, uint64_t value);
void writer_put_text(struct writer *writer, const char *text);
void writer_put_decimal(struct writer *writer, uint64_t value);

/* Reads fields one after another. A failed take leaves the reader and the output untouched: STATUS_TRUNCATED. */
struct reader {
    const uint8_t *data;
    size_t bytes; /* left */
};

static inline struct reader reader_of(struct slice slice) { return (struct reader){slice.data, slice.bytes}; }
enum status reader_take(struct reader *reader, size_t bytes, struct slice *ret_slice) MUST_USE;
enum status reader_u8(struct reader *reader, uint8_t *ret_value) MUST_USE;
enum status reader_u16(struct reader *reader, uint16_t *ret_value) MUST_USE;
enum status reader_u32(struct reader *reader, uint32_t *ret_value) MUST_USE;
enum status reader_u64(struct reader *reader, uint64_t *ret_value) MUST_USE;
enum status reader_hash(struct reader *reader, struct hash *ret_hash) MUST_USE;
/* STATUS_TRAILING_BYTES unless everything was read. */
enum status reader_end(const struct reader *reader) MUST_USE;

/* Lower-case hex. `ret_text` holds 2 * bytes + 1 characters, NUL included. */
void bytes_to_hex(const void *data, size_t bytes, char *ret_text);
/* Exactly 2 * bytes characters of either case, else STATUS_BAD_FORMAT. */
enum status bytes_from_hex(struct slice text, void *ret_data, size_t bytes) MUST_USE;

#endif
