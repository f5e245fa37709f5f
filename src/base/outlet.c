#include "base/outlet.h"

#include "base/check.h"
#include "base/num.h"

void outlet_open(struct outlet *outlet, void *buffer, size_t capacity, outlet_piece *piece, void *context) {
    CHECK(buffer != NULL && capacity > 0);
    *outlet = (struct outlet){.data = buffer, .capacity = capacity, .piece = piece, .context = context};
}

static void hand_on(struct outlet *outlet) {
    if (outlet->piece != NULL) outlet->piece(outlet->context, slice_of(outlet->data, outlet->filled));
    outlet->filled = 0;
}

void outlet_close(struct outlet *outlet) {
    if (outlet->filled > 0) hand_on(outlet);
}

void outlet_put(struct outlet *outlet, const void *data, size_t bytes) {
    const uint8_t *from = data;
    outlet->bytes += bytes;
    while (bytes > 0) {
        size_t part = num_min_size(bytes, outlet->capacity - outlet->filled);
        memcpy(outlet->data + outlet->filled, from, part);
        outlet->filled += part;
        from += part;
        bytes -= part;
        if (outlet->filled == outlet->capacity) hand_on(outlet);
    }
}

static void put_big_endian(struct outlet *outlet, uint64_t value, size_t bytes) {
    uint8_t field[8];
    for (size_t i = 0; i < bytes; i++) field[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    outlet_put(outlet, field, bytes);
}

void outlet_put_u8(struct outlet *outlet, uint8_t value) { put_big_endian(outlet, value, 1); }
void outlet_put_u16(struct outlet *outlet, uint16_t value) { put_big_endian(outlet, value, 2); }
void outlet_put_u32(struct outlet *outlet, uint32_t value) { put_big_endian(outlet, value, 4); }
void outlet_put_u64(struct outlet *outlet, uint64_t value) { put_big_endian(outlet, value, 8); }
void outlet_put_flag(struct outlet *outlet, bool flag) { outlet_put_u8(outlet, flag ? 1 : 0); }
void outlet_put_hash(struct outlet *outlet, const struct hash *hash) { outlet_put(outlet, hash->bytes, HASH_BYTES); }

void outlet_put_i16s(struct outlet *outlet, const int16_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) put_big_endian(outlet, (uint16_t)values[i], 2);
}

void outlet_put_i32s(struct outlet *outlet, const int32_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) put_big_endian(outlet, (uint32_t)values[i], 4);
}

void outlet_put_i64s(struct outlet *outlet, const int64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) put_big_endian(outlet, (uint64_t)values[i], 8);
}

void outlet_put_u32s(struct outlet *outlet, const uint32_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) put_big_endian(outlet, values[i], 4);
}

void outlet_put_u64s(struct outlet *outlet, const uint64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) put_big_endian(outlet, values[i], 8);
}

enum status reader_flag(struct reader *reader, bool *ret_flag) {
    uint8_t value;
    TRY(reader_u8(reader, &value));
    if (value > 1) return STATUS_BAD_VALUE;
    *ret_flag = value == 1;
    return STATUS_OK;
}

enum status reader_u32_to(struct reader *reader, uint32_t most, uint32_t *ret_value) {
    uint32_t value;
    TRY(reader_u32(reader, &value));
    if (value > most) return STATUS_BAD_VALUE;
    *ret_value = value;
    return STATUS_OK;
}

enum status reader_u64_to(struct reader *reader, uint64_t most, uint64_t *ret_value) {
    uint64_t value;
    TRY(reader_u64(reader, &value));
    if (value > most) return STATUS_BAD_VALUE;
    *ret_value = value;
    return STATUS_OK;
}

enum status reader_i16s(struct reader *reader, int16_t least, int16_t most, int16_t *ret_values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint16_t value;
        TRY(reader_u16(reader, &value));
        ret_values[i] = (int16_t)value;
        if (ret_values[i] < least || ret_values[i] > most) return STATUS_BAD_VALUE;
    }
    return STATUS_OK;
}

enum status reader_i32s(struct reader *reader, int32_t least, int32_t most, int32_t *ret_values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        TRY(reader_u32(reader, &value));
        ret_values[i] = (int32_t)value;
        if (ret_values[i] < least || ret_values[i] > most) return STATUS_BAD_VALUE;
    }
    return STATUS_OK;
}

enum status reader_i64s(struct reader *reader, int64_t least, int64_t most, int64_t *ret_values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        TRY(reader_u64(reader, &value));
        ret_values[i] = (int64_t)value;
        if (ret_values[i] < least || ret_values[i] > most) return STATUS_BAD_VALUE;
    }
    return STATUS_OK;
}

enum status reader_u64s(struct reader *reader, uint64_t most, uint64_t *ret_values, size_t count) {
    for (size_t i = 0; i < count; i++) TRY(reader_u64_to(reader, most, &ret_values[i]));
    return STATUS_OK;
}
