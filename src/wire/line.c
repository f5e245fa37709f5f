/* Lines of text. Invariant: what a take accepts, the put beside it writes again byte for byte. */
#include "wire/line.h"

#include "base/num.h"
#include "codec/base64.h"

enum status line_take(struct slice *rest, struct slice *ret_line) {
    const uint8_t *end = rest->bytes == 0 ? NULL : memchr(rest->data, '\n', rest->bytes);
    if (end == NULL) return STATUS_BAD_FORMAT;
    size_t bytes = (size_t)(end - rest->data);
    *ret_line = slice_of(rest->data, bytes);
    *rest = slice_of(end + 1, rest->bytes - bytes - 1);
    return STATUS_OK;
}

bool line_next_is(struct slice rest, const char *word) {
    size_t bytes = strlen(word);
    return rest.bytes > bytes && memcmp(rest.data, word, bytes) == 0 && rest.data[bytes] == ' ';
}

enum status line_take_value(struct slice *rest, const char *word, struct slice *ret_value) {
    if (!line_next_is(*rest, word)) return STATUS_BAD_FORMAT;
    struct slice after = *rest;
    struct slice line;
    TRY(line_take(&after, &line));
    size_t prefix = strlen(word) + 1;
    *ret_value = slice_of(line.data + prefix, line.bytes - prefix);
    *rest = after;
    return STATUS_OK;
}

enum status line_decimal(struct slice text, uint64_t *ret_value) {
    if (text.bytes == 0 || (text.bytes > 1 && text.data[0] == '0')) return STATUS_BAD_FORMAT;
    uint64_t value = 0;
    for (size_t at = 0; at < text.bytes; at++) {
        if (text.data[at] < '0' || text.data[at] > '9') return STATUS_BAD_FORMAT;
        uint64_t digit = (uint64_t)(text.data[at] - '0');
        if (!num_mul_u64(value, 10, &value) || !num_add_u64(value, digit, &value)) return STATUS_OVERFLOW;
    }
    *ret_value = value;
    return STATUS_OK;
}

enum status line_take_decimal(struct slice *rest, const char *word, uint64_t *ret_value) {
    struct slice after = *rest;
    struct slice text;
    TRY(line_take_value(&after, word, &text));
    TRY(line_decimal(text, ret_value));
    *rest = after;
    return STATUS_OK;
}

enum status line_take_hash(struct slice *rest, const char *word, struct hash *ret_hash) {
    struct slice after = *rest;
    struct slice text;
    struct hash hash;
    size_t bytes;
    TRY(line_take_value(&after, word, &text));
    if (text.bytes != base64_encoded_bytes(HASH_BYTES)) return STATUS_BAD_FORMAT;
    if (base64_decode(text, hash.bytes, HASH_BYTES, &bytes) != STATUS_OK) return STATUS_BAD_FORMAT;
    if (bytes != HASH_BYTES) return STATUS_BAD_FORMAT;
    *ret_hash = hash;
    *rest = after;
    return STATUS_OK;
}

void line_put_decimal(struct writer *writer, const char *word, uint64_t value) {
    writer_put_text(writer, word);
    writer_put_u8(writer, ' ');
    writer_put_decimal(writer, value);
    writer_put_u8(writer, '\n');
}

void line_put_base64(struct writer *writer, const char *word, struct slice value) {
    writer_put_text(writer, word);
    writer_put_u8(writer, ' ');
    base64_put(writer, value);
    writer_put_u8(writer, '\n');
}
