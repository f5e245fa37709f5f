/* Outlet: fields one after another that are too many for one buffer. What is full is handed on, in pieces of one size;
 * the last one may be shorter. And the other way round: fields of many numbers read back from a reader (base/bytes.h),
 * each within its range. Big-endian, signed numbers as two's complement.
 *
 * Invariant: what is handed on does not depend on how the fields were put, only on the bytes and the size of a piece. */
#ifndef BASE_OUTLET_H
#define BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* Stands beside the functions that save and load a structure: a field that is new changes the size, and the build fails
 * until they know it. Only where pointers have 8 bytes, so that nobody needs to know two sizes. */
#define OUTLET_COVERS(type, size)                                                                                    \
    _Static_assert(sizeof(void *) != 8 || sizeof(type) == (size), "a field of " #type " that is not saved yet")

/* Takes a piece: borrowed for the time of the call, never empty. */
typedef void outlet_piece(void *context, struct slice piece);

struct outlet {
    uint8_t *data;
    size_t capacity;
    size_t filled;  /* of the piece that is open */
    uint64_t bytes; /* put so far, in all */
    outlet_piece *piece;
    void *context;
};

/* `buffer` holds one piece of `capacity` bytes, at least 1. `piece` may be NULL: then bytes are only counted. */
void outlet_open(struct outlet *outlet, void *buffer, size_t capacity, outlet_piece *piece, void *context);
/* Hands on what is left. */
void outlet_close(struct outlet *outlet);

void outlet_put(struct outlet *outlet, const void *data, size_t bytes);
void outlet_put_u8(struct outlet *outlet, uint8_t value);
void outlet_put_u16(struct outlet *outlet, uint16_t value);
void outlet_put_u32(struct outlet *outlet, uint32_t value);
void outlet_put_u64(struct outlet *outlet, uint64_t value);
void outlet_put_flag(struct outlet *outlet, bool flag);
void outlet_put_hash(struct outlet *outlet, const struct hash *hash);
void outlet_put_i16s(struct outlet *outlet, const int16_t *values, size_t count);
void outlet_put_i32s(struct outlet *outlet, const int32_t *values, size_t count);
void outlet_put_i64s(struct outlet *outlet, const int64_t *values, size_t count);
void outlet_put_u32s(struct outlet *outlet, const uint32_t *values, size_t count);
void outlet_put_u64s(struct outlet *outlet, const uint64_t *values, size_t count);

/* STATUS_TRUNCATED; STATUS_BAD_VALUE when a value is outside its range, both ends of which belong to it. Arrays are
 * filled as far as it went. */
enum status reader_flag(struct reader *reader, bool *ret_flag) MUST_USE;
enum status reader_u32_to(struct reader *reader, uint32_t most, uint32_t *ret_value) MUST_USE;
enum status reader_u64_to(struct reader *reader, uint64_t most, uint64_t *ret_value) MUST_USE;
enum status reader_i16s(struct reader *reader, int16_t least, int16_t most, int16_t *ret_values,
                        size_t count) MUST_USE;
enum status reader_i32s(struct reader *reader, int32_t least, int32_t most, int32_t *ret_values,
                        size_t count) MUST_USE;
enum status reader_i64s(struct reader *reader, int64_t least, int64_t most, int64_t *ret_values,
                        size_t count) MUST_USE;
enum status reader_u64s(struct reader *reader, uint64_t most, uint64_t *ret_values, size_t count) MUST_USE;

#endif
