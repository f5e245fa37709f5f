#include "base/bytes.h"

enum status writer_status(const struct writer *writer) { return writer->overflowed ? STATUS_NO_SPACE : STATUS_OK; }

struct slice writer_slice(const struct writer *writer) {
    return slice_of(writer->data, writer->bytes);
}

void writer_put(struct writer *writer, const void *data, size_t bytes) {
    if (writer->overflowed || bytes > writer->capacity - writer->bytes) {
        writer->overflowed = true;
        return;
    }
    if (bytes > 0) memcpy(writer->data + writer->bytes, data, bytes);
    writer->bytes += bytes;
}

static void put_big_endian(struct writer *writer, uint64_t value, size_t bytes) {
    uint8_t field[8];
    for (size_t i = 0; i < bytes; i++) field[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    writer_put(writer, field, bytes);
}

void writer_put_u8(struct writer *writer, uint8_t value) { put_big_endian(writer, value, 1); }
void writer_put_u16(struct writer *writer, uint16_t value) { put_big_endian(writer, value, 2); }
void writer_put_u32(struct writer *writer, uint32_t value) { put_big_endian(writer, value, 4); }
void writer_put_u64(struct writer *writer, uint64_t value) { put_big_endian(writer, value, 8); }
void writer_put_text(struct writer *writer, const char *text) { writer_put(writer, text, strlen(text)); }

void writer_put_decimal(struct writer *writer, uint64_t value) {
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    writer_put(writer, &digits[at], sizeof digits - at);
}

enum status reader_take(struct reader *reader, size_t bytes, struct slice *ret_slice) {
    if (bytes > reader->bytes) return STATUS_TRUNCATED;
    *ret_slice = slice_of(reader->data, bytes);
    reader->data += bytes;
    reader->bytes -= bytes;
    return STATUS_OK;
}

static enum status take_big_endian(struct reader *reader, size_t bytes, uint64_t *ret_value) {
    struct slice field;
    TRY(reader_take(reader, bytes, &field));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = value << 8 | field.data[i];
    *ret_value = value;
    return STATUS_OK;
}

enum status reader_u8(struct reader *reader, uint8_t *ret_value) {
    uint64_t value;
    TRY(take_big_endian(reader, 1, &value));
    *ret_value = (uint8_t)value;
    return STATUS_OK;
}

enum status reader_u16(struct reader *reader, uint16_t *ret_value) {
    uint64_t value;
    TRY(take_big_endian(reader, 2, &value));
    *ret_value = (uint16_t)value;
    return STATUS_OK;
}

enum status reader_u32(struct reader *reader, uint32_t *ret_value) {
    uint64_t value;
    TRY(take_big_endian(reader, 4, &value));
    *ret_value = (uint32_t)value;
    return STATUS_OK;
}

enum status reader_u64(struct reader *reader, uint64_t *ret_value) { return take_big_endian(reader, 8, ret_value); }

enum status reader_hash(struct reader *reader, struct hash *ret_hash) {
    struct slice field;
    TRY(reader_take(reader, HASH_BYTES, &field));
    memcpy(ret_hash->bytes, field.data, HASH_BYTES);
    return STATUS_OK;
}

enum status reader_end(const struct reader *reader) { return reader->bytes == 0 ? STATUS_OK : STATUS_TRAILING_BYTES; }

void bytes_to_hex(const void *data, size_t bytes, char *ret_text) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = data;
    for (size_t i = 0; i < bytes; i++) {
        ret_text[2 * i] = digits[from[i] >> 4];
        ret_text[2 * i + 1] = digits[from[i] & 15];
    }
    ret_text[2 * bytes] = '\0';
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum status bytes_from_hex(struct slice text, void *ret_data, size_t bytes) {
    if (text.bytes / 2 != bytes || text.bytes % 2 != 0) return STATUS_BAD_FORMAT;
    for (size_t i = 0; i < text.bytes; i++) {
        if (hex_digit(text.data[i]) < 0) return STATUS_BAD_FORMAT;
    }
    uint8_t *to = ret_data;
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)((unsigned)hex_digit(text.data[2 * i]) << 4 | (unsigned)hex_digit(text.data[2 * i + 1]));
    }
    return STATUS_OK;
}
