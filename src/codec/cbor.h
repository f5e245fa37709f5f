/* Deterministic CBOR (RFC 8949 section 4.2.1): the one encoding of everything that is hashed or signed.
 *
 * The subset: unsigned and negative integers, byte and text strings, arrays, maps, null, and the tag 18 of COSE;
 * definite lengths only, no floats, no other simple values.
 *
 * Invariant: a value has one encoding. A take refuses what a put would not have written, so decoding and encoding
 * again gives the same bytes, and two members that accept the same bytes have read the same value.
 *
 * A take that fails leaves the reader and the output untouched. What it answers:
 *   STATUS_TRUNCATED      the item goes on after the last byte; also a count of items that the bytes left can't hold,
 *                         so that a loop over a count is bounded by the input
 *   STATUS_BAD_TYPE       another major type; floats, simple values but null, tags but the expected one
 *   STATUS_NOT_CANONICAL  an integer, length or count not in its shortest form; an indefinite length; reserved heads
 * and what is named at each function. */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

/* The major types of RFC 8949 section 3.1: the three high bits of an item's first byte. */
enum cbor_major {
    CBOR_UINT = 0,
    CBOR_NEGATIVE = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_TAG = 6,
    CBOR_SIMPLE = 7,
};

enum {
    CBOR_NULL = 0xf6,
    CBOR_TAG_COSE_SIGN1 = 18, /* the one tag that is allowed (RFC 9052 section 2) */
    CBOR_HEAD_BYTES_MAX = 9,  /* the first byte and an argument of up to 8 bytes */
};

/* A word as 8 big-endian bytes, and back. */
static inline uint64_t cbor_big_endian(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

/* Heads: the first byte and the argument after it. What puts and takes are made of. A put may leave zeros in the
 * bytes after writer->bytes, never past writer->capacity. */
void cbor_put_long_head(struct writer *writer, enum cbor_major major, uint64_t argument);

/* A head as it was read, or why it was not. Readers go in and come out by value, so that a caller's reader can stay
 * in registers. */
struct cbor_head {
    uint64_t argument;
    enum status status;
    unsigned bytes; /* of the head itself, 1 .. CBOR_HEAD_BYTES_MAX */
};
struct cbor_head cbor_long_head(struct reader reader, enum cbor_major major);

/* True when no shorter head says `argument` than the one whose first byte ends in `extra`, 24 .. 27. */
static inline bool cbor_is_shortest(unsigned extra, uint64_t argument) {
    static const uint64_t least[4] = {24, UINT64_C(1) << 8, UINT64_C(1) << 16, UINT64_C(1) << 32};
    return argument >= least[extra - 24];
}

static inline void cbor_put_head(struct writer *writer, enum cbor_major major, uint64_t argument) {
    if (argument < 24 && !writer->overflowed && writer->bytes < writer->capacity) {
        writer->data[writer->bytes++] = (uint8_t)((unsigned)major << 5 | (unsigned)argument);
    } else {
        cbor_put_long_head(writer, major, argument);
    }
}

/* Takes `bytes` bytes that are there off the reader. */
static inline void cbor_skip(struct reader *reader, size_t bytes) {
    reader->data += bytes;
    reader->bytes -= bytes;
}

/* Arguments below 24 are in the first byte itself. Longer ones are read here as one word when there are 8 bytes to
 * read it from; the end of the input and every refusal are left to cbor_long_head. */
static inline enum status MUST_USE cbor_take_head(struct reader *reader, enum cbor_major major,
                                                  uint64_t *ret_argument) {
    if (__builtin_expect(reader->bytes == 0, 0)) return STATUS_TRUNCATED;
    unsigned extra = (unsigned)reader->data[0] - ((unsigned)major << 5);
    if (extra < 24) {
        *ret_argument = extra;
        cbor_skip(reader, 1);
        return STATUS_OK;
    }
    if (__builtin_expect(extra < 28 && reader->bytes >= CBOR_HEAD_BYTES_MAX, 1)) {
        unsigned width = 1u << (extra - 24);
        uint64_t word;
        memcpy(&word, reader->data + 1, sizeof word);
        word = cbor_big_endian(word) >> (64 - 8 * width);
        if (__builtin_expect(cbor_is_shortest(extra, word), 1)) {
            *ret_argument = word;
            cbor_skip(reader, 1 + width);
            return STATUS_OK;
        }
    }
    struct cbor_head head = cbor_long_head(*reader, major);
    if (head.status != STATUS_OK) return head.status;
    *ret_argument = head.argument;
    cbor_skip(reader, head.bytes);
    return STATUS_OK;
}

/* Puts. What does not fit makes the writer overflow; check once at the end with writer_status. */
static inline void cbor_put_uint(struct writer *writer, uint64_t value) { cbor_put_head(writer, CBOR_UINT, value); }

static inline void cbor_put_int(struct writer *writer, int64_t value) {
    if (value >= 0) {
        cbor_put_head(writer, CBOR_UINT, (uint64_t)value);
    } else {
        cbor_put_head(writer, CBOR_NEGATIVE, ~(uint64_t)value);
    }
}

void cbor_put_bytes(struct writer *writer, struct slice data);
/* `text` is well-formed UTF-8: what was checked when it came in is not checked again, but no take accepts it
 * otherwise. */
void cbor_put_text(struct writer *writer, struct slice text);
/* The head only; `count` items follow. */
static inline void cbor_put_array(struct writer *writer, uint64_t count) { cbor_put_head(writer, CBOR_ARRAY, count); }
/* The head only; `count` pairs of key and value follow, in the order of the encoded keys, no key twice. */
static inline void cbor_put_map(struct writer *writer, uint64_t count) { cbor_put_head(writer, CBOR_MAP, count); }
/* The head only; the tagged item follows. */
static inline void cbor_put_tag(struct writer *writer, uint64_t tag) { cbor_put_head(writer, CBOR_TAG, tag); }
void cbor_put_null(struct writer *writer);

static inline enum status MUST_USE cbor_take_uint(struct reader *reader, uint64_t *ret_value) {
    return cbor_take_head(reader, CBOR_UINT, ret_value);
}

/* An integer of either sign. STATUS_OVERFLOW when it does not fit. */
static inline enum status MUST_USE cbor_take_int(struct reader *reader, int64_t *ret_value) {
    struct reader after = *reader;
    bool negative = reader->bytes > 0 && reader->data[0] >> 5 == CBOR_NEGATIVE;
    uint64_t argument;
    TRY(cbor_take_head(&after, negative ? CBOR_NEGATIVE : CBOR_UINT, &argument));
    if (argument > INT64_MAX) return STATUS_OVERFLOW;
    *ret_value = negative ? -1 - (int64_t)argument : (int64_t)argument;
    *reader = after;
    return STATUS_OK;
}

/* STATUS_BAD_VALUE above `max`. */
static inline enum status MUST_USE cbor_take_uint_max(struct reader *reader, uint64_t max, uint64_t *ret_value) {
    struct reader after = *reader;
    uint64_t value;
    TRY(cbor_take_head(&after, CBOR_UINT, &value));
    if (value > max) return STATUS_BAD_VALUE;
    *ret_value = value;
    *reader = after;
    return STATUS_OK;
}

/* A byte string. `ret_data` is borrowed from the reader's input. */
static inline enum status MUST_USE cbor_take_bytes(struct reader *reader, struct slice *ret_data) {
    struct reader after = *reader;
    uint64_t bytes;
    TRY(cbor_take_head(&after, CBOR_BYTES, &bytes));
    if (bytes > after.bytes) return STATUS_TRUNCATED;
    *ret_data = slice_of(after.data, (size_t)bytes);
    cbor_skip(&after, (size_t)bytes);
    *reader = after;
    return STATUS_OK;
}

/* A byte string of exactly `bytes` bytes, copied to `ret_data`. STATUS_BAD_VALUE when it has another length. */
enum status cbor_take_bytes_exactly(struct reader *reader, void *ret_data, size_t bytes) MUST_USE;

/* A byte string of HASH_BYTES. STATUS_BAD_VALUE when it has another length. */
static inline enum status MUST_USE cbor_take_hash(struct reader *reader, struct hash *ret_hash) {
    if (reader->bytes < 2 + HASH_BYTES || reader->data[0] != 0x58 || reader->data[1] != HASH_BYTES)
        return cbor_take_bytes_exactly(reader, ret_hash->bytes, HASH_BYTES);
    memcpy(ret_hash->bytes, reader->data + 2, HASH_BYTES);
    cbor_skip(reader, 2 + HASH_BYTES);
    return STATUS_OK;
}

/* A text string, borrowed from the reader's input. STATUS_BAD_FORMAT when it is not well-formed UTF-8 (utf8.h). */
enum status cbor_take_text(struct reader *reader, struct slice *ret_text) MUST_USE;

/* The head of an array: how many items follow. */
static inline enum status MUST_USE cbor_take_array(struct reader *reader, uint64_t *ret_count) {
    struct reader after = *reader;
    uint64_t count;
    TRY(cbor_take_head(&after, CBOR_ARRAY, &count));
    if (count > after.bytes) return STATUS_TRUNCATED;
    *ret_count = count;
    *reader = after;
    return STATUS_OK;
}

/* The head of an array of exactly `count` items. STATUS_BAD_VALUE when it has another count. */
static inline enum status MUST_USE cbor_take_array_exactly(struct reader *reader, uint64_t count) {
    struct reader after = *reader;
    uint64_t found;
    TRY(cbor_take_head(&after, CBOR_ARRAY, &found));
    if (found != count) return STATUS_BAD_VALUE;
    if (found > after.bytes) return STATUS_TRUNCATED;
    *reader = after;
    return STATUS_OK;
}

/* The head of a map: how many pairs of key and value follow. That the keys are in order and none comes twice is the
 * caller's to check here; cbor_take_raw and cbor_check do it themselves. */
enum status cbor_take_map(struct reader *reader, uint64_t *ret_count) MUST_USE;
/* The head of a tag. STATUS_BAD_TYPE when it is another tag than `expected`. */
enum status cbor_take_tag(struct reader *reader, uint64_t expected) MUST_USE;
enum status cbor_take_null(struct reader *reader) MUST_USE;

static inline bool cbor_next_is_null(const struct reader *reader) {
    return reader->bytes > 0 && reader->data[0] == CBOR_NULL;
}

/* One whole item, whatever it is, checked down to its leaves; `ret_item` is its encoding, borrowed from the reader's
 * input. STATUS_TOO_DEEP when arrays, maps and tags are nested more than CBOR_DEPTH_MAX times; STATUS_NOT_CANONICAL
 * also when a map's encoded keys do not increase strictly, byte by byte; STATUS_BAD_FORMAT for text that is not
 * UTF-8. */
enum status cbor_take_raw(struct reader *reader, struct slice *ret_item) MUST_USE;

/* STATUS_OK when `data` is exactly one item as cbor_take_raw accepts it; STATUS_TRAILING_BYTES when more follows. */
enum status cbor_check(struct slice data) MUST_USE;

#endif
