/* Texts as sources of bytes for the tests of src/exchange, handed out in pieces of a chosen size. */
#ifndef TESTS_UNIT_EXCHANGE_TEXT_SOURCE_H
#define TESTS_UNIT_EXCHANGE_TEXT_SOURCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "exchange/tokens.h"

struct text_source {
    const char *at;
    size_t left;
    size_t piece;
};

static inline enum status text_source_read(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes) {
    struct text_source *source = context;
    size_t bytes = num_min_size(num_min_size(source->left, source->piece), capacity);
    if (bytes > 0) memcpy(data, source->at, bytes);
    source->at += bytes;
    source->left -= bytes;
    *ret_bytes = bytes;
    return STATUS_OK;
}

/* Begins to read `text`, `piece` bytes at a time. */
static inline void tokens_of(struct tokens *tokens, struct text_source *source, struct slice text, size_t piece) {
    *source = (struct text_source){(const char *)text.data, text.bytes, piece};
    tokens_init(tokens, (struct source){text_source_read, source});
}

/* A whole file; the text is the caller's to free. */
static inline struct slice file_text(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, bytes, file), bytes);
    text[bytes] = '\0';
    (void)fclose(file);
    return slice_of(text, bytes);
}

#endif
