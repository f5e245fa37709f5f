/* Growing text. Invariant: data holds `bytes` bytes of `capacity`, and nothing is appended after a failure. */
#include "http/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

static bool reserve(struct text *text, size_t bytes) {
    if (text->failed || bytes > TEXT_BYTES_MAX - text->bytes) {
        text->failed = true;
        return false;
    }
    size_t wanted = text->bytes + bytes;
    if (wanted <= text->capacity) return true;
    size_t capacity = text->capacity < 512 ? 1024 : 2 * text->capacity;
    while (capacity < wanted) capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_put(struct text *text, const void *data, size_t bytes) {
    if (bytes == 0 || !reserve(text, bytes)) return;
    memcpy(text->data + text->bytes, data, bytes);
    text->bytes += bytes;
}

void text_put_text(struct text *text, const char *data) { text_put(text, data, strlen(data)); }

void text_format(struct text *text, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (bytes < 0 || (size_t)bytes >= sizeof line) {
        text->failed = true;
        return;
    }
    text_put(text, line, (size_t)bytes);
}

static void put_escaped(struct text *text, uint8_t c) {
    switch (c) {
    case '"': text_put_text(text, "\\\""); break;
    case '\\': text_put_text(text, "\\\\"); break;
    case '\n': text_put_text(text, "\\n"); break;
    default: text_format(text, "\\u%04x", c);
    }
}

void text_put_string(struct text *text, struct slice string) {
    size_t from = 0;
    text_put_text(text, "\"");
    for (size_t i = 0; i < string.bytes; i++) {
        uint8_t c = string.data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        text_put(text, string.data + from, i - from);
        put_escaped(text, c);
        from = i + 1;
    }
    if (string.bytes > from) text_put(text, string.data + from, string.bytes - from);
    text_put_text(text, "\"");
}

void text_put_double(struct text *text, double value) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    text_put_text(text, digits);
}

void text_put_hex(struct text *text, const void *data, size_t bytes) {
    if (!reserve(text, 2 * bytes + 3)) return;
    text->data[text->bytes] = '"';
    bytes_to_hex(data, bytes, text->data + text->bytes + 1);
    text->data[text->bytes + 2 * bytes + 1] = '"';
    text->bytes += 2 * bytes + 2;
}

void text_free(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}
