/* Base64 (RFC 4648 section 4). Invariant: decode accepts exactly the texts that encode writes. */
#include "codec/base64.h"

#include "base/check.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encoded_bytes(size_t bytes) {
    CHECK(bytes <= SIZE_MAX / 4 * 3);
    return (bytes / 3 + (bytes % 3 != 0)) * 4;
}

/* Writes the four characters for 1 .. 3 bytes. */
static void encode_group(const uint8_t *data, size_t bytes, char ret_text[4]) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++) bits = bits << 8 | (i < bytes ? data[i] : 0);
    for (size_t i = 0; i < 4; i++) ret_text[i] = i <= bytes ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
}

void base64_encode(struct slice data, char *ret_text) {
    while (data.bytes > 0) {
        size_t bytes = data.bytes < 3 ? data.bytes : 3;
        encode_group(data.data, bytes, ret_text);
        ret_text += 4;
        data = slice_of(data.data + bytes, data.bytes - bytes);
    }
}

void base64_put(struct writer *writer, struct slice data) {
    while (data.bytes > 0) {
        size_t bytes = data.bytes < 3 ? data.bytes : 3;
        char group[4];
        encode_group(data.data, bytes, group);
        writer_put(writer, group, sizeof group);
        data = slice_of(data.data + bytes, data.bytes - bytes);
    }
}

/* The six bits of a character; 64 when it is not in the alphabet. */
static uint32_t digit(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - (uint32_t)'A';
    if (c >= 'a' && c <= 'z') return c - (uint32_t)'a' + 26;
    if (c >= '0' && c <= '9') return c - (uint32_t)'0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : 64;
}

/* The 24 bits of four characters of which the last `padding` are '='. */
static enum status decode_group(const uint8_t text[4], size_t padding, uint32_t *ret_bits) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 4 - padding; i++) {
        uint32_t six = digit(text[i]);
        if (six > 63) return STATUS_BAD_FORMAT;
        bits |= six << (18 - 6 * i);
    }
    if ((bits & ((1u << (8 * padding)) - 1)) != 0) return STATUS_BAD_FORMAT;
    *ret_bits = bits;
    return STATUS_OK;
}

static size_t padding_of(struct slice text) {
    if (text.bytes == 0 || text.data[text.bytes - 1] != '=') return 0;
    return text.data[text.bytes - 2] == '=' ? 2 : 1;
}

static size_t padding_at(struct slice text, size_t at) { return at + 4 == text.bytes ? padding_of(text) : 0; }

/* Everything is checked before anything is written, so that a refusal leaves the output untouched. */
static enum status check_groups(struct slice text) {
    if (text.bytes % 4 != 0) return STATUS_BAD_FORMAT;
    uint32_t bits;
    for (size_t at = 0; at < text.bytes; at += 4) TRY(decode_group(text.data + at, padding_at(text, at), &bits));
    return STATUS_OK;
}

enum status base64_decode(struct slice text, uint8_t *ret_data, size_t capacity, size_t *ret_bytes) {
    TRY(check_groups(text));
    size_t bytes = text.bytes / 4 * 3 - padding_of(text);
    if (bytes > capacity) return STATUS_NO_SPACE;
    size_t done = 0;
    for (size_t at = 0; at < text.bytes; at += 4) {
        uint32_t bits = 0;
        TRY(decode_group(text.data + at, padding_at(text, at), &bits));
        for (size_t i = 0; i < 3 && done < bytes; i++) ret_data[done++] = (uint8_t)(bits >> (16 - 8 * i));
    }
    *ret_bytes = bytes;
    return STATUS_OK;
}
