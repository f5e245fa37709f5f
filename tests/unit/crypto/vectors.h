/* Published test vectors: JSON files under tests/vectors, read for the tests of this room. */
#ifndef TESTS_CRYPTO_VECTORS_H
#define TESTS_CRYPTO_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/bytes.h"

/* The file at `path` under tests/vectors. The caller gives it back by json_decref. */
static inline json_t *vectors_load(const char *path) {
    char whole[1024];
    json_error_t error;
    assert_true(snprintf(whole, sizeof whole, "%s/%s", VECTORS, path) < (int)sizeof whole);
    json_t *root = json_load_file(whole, 0, &error);
    if (root == NULL) fail_msg("%s: %s", whole, error.text);
    return root;
}

static inline const char *vectors_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static inline uint64_t vectors_number(const json_t *object, const char *name) {
    const json_t *number = json_object_get(object, name);
    assert_true(json_is_integer(number) && json_integer_value(number) >= 0);
    return (uint64_t)json_integer_value(number);
}

/* Bytes given in hex, no more than `capacity` of them. */
static inline struct slice vectors_bytes(const char *hex, uint8_t *buffer, size_t capacity) {
    size_t bytes = strlen(hex) / 2;
    assert_true(bytes <= capacity);
    assert_int_equal(bytes_from_hex(slice_of_text(hex), buffer, bytes), STATUS_OK);
    return slice_of(buffer, bytes);
}

static inline struct hash vectors_hash(const char *hex) {
    struct hash hash;
    assert_int_equal(bytes_from_hex(slice_of_text(hex), hash.bytes, HASH_BYTES), STATUS_OK);
    return hash;
}

#endif
