/* A tar archive in memory (cmd/tar.h): a header of one block a file, then its bytes, filled up to whole blocks. */
#include "cmd/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { BLOCK_BYTES = 512, BLOCKS_AT_END = 2 };

/* Offsets and sizes of the fields that a plain file needs. */
enum {
    NAME_AT = 0,
    MODE_AT = 100,
    OWNER_AT = 108,
    GROUP_AT = 116,
    SIZE_AT = 124,
    TIME_AT = 136,
    SUM_AT = 148,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    SHORT_BYTES = 8,
    LONG_BYTES = 12
};

static uint8_t *grow(struct tar *tar, size_t bytes) {
    if (bytes > tar->capacity - tar->bytes) {
        size_t capacity = tar->capacity == 0 ? (size_t)64 * 1024 : tar->capacity;
        while (capacity - tar->bytes < bytes) capacity *= 2;
        tar->data = realloc(tar->data, capacity);
        CHECK(tar->data != NULL);
        tar->capacity = capacity;
    }
    uint8_t *at = tar->data + tar->bytes;
    tar->bytes += bytes;
    memset(at, 0, bytes);
    return at;
}

/* Octal digits that fill the field but for the NUL at its end. */
static void put_octal(uint8_t *field, size_t field_bytes, uint64_t value) {
    for (size_t i = field_bytes - 1; i-- > 0; value >>= 3) field[i] = (uint8_t)('0' + (value & 7));
    CHECK(value == 0);
}

/* The sum of all bytes, with spaces in its own place. */
static void put_sum(uint8_t header[BLOCK_BYTES]) {
    uint64_t sum = 0;
    memset(header + SUM_AT, ' ', SHORT_BYTES);
    for (size_t i = 0; i < BLOCK_BYTES; i++) sum += header[i];
    put_octal(header + SUM_AT, SHORT_BYTES - 1, sum);
    header[SUM_AT + SHORT_BYTES - 2] = '\0';
}

void tar_add(struct tar *tar, const char *name, uint64_t time_s, struct slice bytes) {
    size_t name_bytes = strlen(name);
    CHECK(name_bytes <= TAR_NAME_CHARACTERS);
    uint8_t *header = grow(tar, BLOCK_BYTES);
    memcpy(header + NAME_AT, name, name_bytes);
    put_octal(header + MODE_AT, SHORT_BYTES, 0600);
    put_octal(header + OWNER_AT, SHORT_BYTES, 0);
    put_octal(header + GROUP_AT, SHORT_BYTES, 0);
    put_octal(header + SIZE_AT, LONG_BYTES, bytes.bytes);
    put_octal(header + TIME_AT, LONG_BYTES, time_s);
    header[TYPE_AT] = '0';
    memcpy(header + MAGIC_AT,
           "ustar\0"
           "00",
           8);
    put_sum(header);
    size_t blocks = (bytes.bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    uint8_t *data = grow(tar, blocks * BLOCK_BYTES);
    if (bytes.bytes > 0) memcpy(data, bytes.data, bytes.bytes);
}

void tar_end(struct tar *tar) { (void)grow(tar, (size_t)BLOCKS_AT_END * BLOCK_BYTES); }

void tar_free(struct tar *tar) {
    free(tar->data);
    *tar = (struct tar){0};
}
