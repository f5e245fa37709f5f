/* Deterministic CBOR (RFC 8949 section 4.2.1): what is not inline in the header.
 *
 * Invariant: the input is only ever read within what the reader has left, and the walk over a nested item takes
 * memory for CBOR_DEPTH_MAX levels, whatever the input claims. */
#include "codec/cbor.h"

#include "base/limits.h"
#include "base/num.h"
#include "codec/utf8.h"

static unsigned shortest_extra(uint64_t argument) {
    if (argument < 24) return (unsigned)argument;
    if (argument <= UINT8_MAX) return 24;
    if (argument <= UINT16_MAX) return 25;
    return argument <= UINT32_MAX ? 26 : 27;
}

static unsigned argument_width(unsigned extra) { return extra < 24 ? 0 : 1u << (extra - 24); }

/* Puts the head as one word of which the next put overwrites what is not its own. */
static void put_in_place(struct writer *writer, unsigned first, uint64_t argument, unsigned width) {
    uint8_t *head = writer->data + writer->bytes;
    uint64_t word = width == 0 ? 0 : cbor_big_endian(argument << (64 - 8 * width));
    head[0] = (uint8_t)first;
    memcpy(head + 1, &word, sizeof word);
    writer->bytes += 1 + width;
}

void cbor_put_long_head(struct writer *writer, enum cbor_major major, uint64_t argument) {
    unsigned extra = shortest_extra(argument);
    unsigned first = (unsigned)major << 5 | extra;
    if (!writer->overflowed && writer->capacity - writer->bytes >= CBOR_HEAD_BYTES_MAX) {
        put_in_place(writer, first, argument, argument_width(extra));
        return;
    }
    uint8_t whole[CBOR_HEAD_BYTES_MAX];
    struct writer head = writer_of(whole, sizeof whole);
    put_in_place(&head, first, argument, argument_width(extra));
    writer_put(writer, whole, head.bytes);
}

static struct cbor_head refused(enum status status) { return (struct cbor_head){0, status, 0}; }

struct cbor_head cbor_long_head(struct reader reader, enum cbor_major major) {
    if (reader.bytes == 0) return refused(STATUS_TRUNCATED);
    if (reader.data[0] >> 5 != (unsigned)major) return refused(STATUS_BAD_TYPE);
    unsigned extra = reader.data[0] & 31;
    if (extra > 27) return refused(STATUS_NOT_CANONICAL);
    unsigned width = argument_width(extra);
    if (width > reader.bytes - 1) return refused(STATUS_TRUNCATED);
    uint64_t argument = width == 0 ? extra : 0;
    for (unsigned i = 0; i < width; i++) argument = argument << 8 | reader.data[1 + i];
    if (width > 0 && !cbor_is_shortest(extra, argument)) return refused(STATUS_NOT_CANONICAL);
    return (struct cbor_head){argument, STATUS_OK, 1 + width};
}

void cbor_put_bytes(struct writer *writer, struct slice data) {
    cbor_put_head(writer, CBOR_BYTES, data.bytes);
    writer_put(writer, data.data, data.bytes);
}

void cbor_put_text(struct writer *writer, struct slice text) {
    cbor_put_head(writer, CBOR_TEXT, text.bytes);
    writer_put(writer, text.data, text.bytes);
}

void cbor_put_null(struct writer *writer) { writer_put_u8(writer, CBOR_NULL); }

enum status cbor_take_bytes_exactly(struct reader *reader, void *ret_data, size_t bytes) {
    struct reader after = *reader;
    uint64_t found;
    TRY(cbor_take_head(&after, CBOR_BYTES, &found));
    if (found != bytes) return STATUS_BAD_VALUE;
    struct slice content;
    TRY(reader_take(&after, bytes, &content));
    if (bytes > 0) memcpy(ret_data, content.data, bytes);
    *reader = after;
    return STATUS_OK;
}

enum status cbor_take_text(struct reader *reader, struct slice *ret_text) {
    struct reader after = *reader;
    uint64_t bytes;
    TRY(cbor_take_head(&after, CBOR_TEXT, &bytes));
    if (bytes > after.bytes) return STATUS_TRUNCATED;
    struct slice text = slice_of(after.data, (size_t)bytes);
    if (!utf8_valid(text)) return STATUS_BAD_FORMAT;
    *ret_text = text;
    cbor_skip(&after, (size_t)bytes);
    *reader = after;
    return STATUS_OK;
}

enum status cbor_take_map(struct reader *reader, uint64_t *ret_count) {
    struct reader after = *reader;
    uint64_t count;
    TRY(cbor_take_head(&after, CBOR_MAP, &count));
    if (count > after.bytes / 2) return STATUS_TRUNCATED;
    *ret_count = count;
    *reader = after;
    return STATUS_OK;
}

enum status cbor_take_tag(struct reader *reader, uint64_t expected) {
    struct reader after = *reader;
    uint64_t tag;
    TRY(cbor_take_head(&after, CBOR_TAG, &tag));
    if (tag != expected) return STATUS_BAD_TYPE;
    *reader = after;
    return STATUS_OK;
}

enum status cbor_take_null(struct reader *reader) {
    if (reader->bytes == 0) return STATUS_TRUNCATED;
    if (!cbor_next_is_null(reader)) return STATUS_BAD_TYPE;
    cbor_skip(reader, 1);
    return STATUS_OK;
}

/* An array, map or tag that the walk is inside of. A map's items are its keys and values in turn, so a key is next
 * whenever the number of items left is even. */
struct level {
    uint64_t items_left; /* at least 1 */
    bool is_map;
    const uint8_t *item;     /* where the item that comes next, or is being read, begins */
    struct slice key_before; /* the encoding of the last key; empty before the first one */
};

/* The walk over one nested item: the path of open levels from the outermost to the one that is being read. */
struct walk {
    struct reader at;
    size_t depth;
    struct level levels[CBOR_DEPTH_MAX];
};

/* Encodings of items are never prefixes of each other, so of two different keys one is always smaller. */
static bool key_increases(struct slice before, struct slice key) {
    size_t common = num_min_size(before.bytes, key.bytes);
    return common == 0 || memcmp(before.data, key.data, common) < 0;
}

/* An item ended where the walk stands: closes it, and with it every level that it was the last item of. */
static enum status close_item(struct walk *walk) {
    while (walk->depth > 0) {
        struct level *level = &walk->levels[walk->depth - 1];
        if (level->is_map && level->items_left % 2 == 0) {
            struct slice key = slice_of(level->item, (size_t)(walk->at.data - level->item));
            if (!key_increases(level->key_before, key)) return STATUS_NOT_CANONICAL;
            level->key_before = key;
        }
        level->item = walk->at.data;
        if (--level->items_left > 0) return STATUS_OK;
        walk->depth--;
    }
    return STATUS_OK;
}

static enum status open_level(struct walk *walk, uint64_t items, bool is_map) {
    if (walk->depth == CBOR_DEPTH_MAX) return STATUS_TOO_DEEP;
    if (items == 0) return close_item(walk);
    walk->levels[walk->depth++] = (struct level){items, is_map, walk->at.data, slice_of(NULL, 0)};
    return STATUS_OK;
}

static enum status walk_integer(struct walk *walk) {
    uint64_t argument;
    TRY(cbor_take_head(&walk->at, (enum cbor_major)(walk->at.data[0] >> 5), &argument));
    return close_item(walk);
}

static enum status walk_bytes(struct walk *walk) {
    struct slice data;
    TRY(cbor_take_bytes(&walk->at, &data));
    return close_item(walk);
}

static enum status walk_text(struct walk *walk) {
    struct slice text;
    TRY(cbor_take_text(&walk->at, &text));
    return close_item(walk);
}

static enum status walk_array(struct walk *walk) {
    uint64_t count;
    TRY(cbor_take_array(&walk->at, &count));
    return open_level(walk, count, false);
}

static enum status walk_map(struct walk *walk) {
    uint64_t count;
    TRY(cbor_take_map(&walk->at, &count));
    return open_level(walk, 2 * count, true);
}

static enum status walk_tag(struct walk *walk) {
    TRY(cbor_take_tag(&walk->at, CBOR_TAG_COSE_SIGN1));
    return open_level(walk, 1, false);
}

static enum status walk_simple(struct walk *walk) {
    TRY(cbor_take_null(&walk->at));
    return close_item(walk);
}

enum status cbor_take_raw(struct reader *reader, struct slice *ret_item) {
    static enum status (*const walk_major[8])(struct walk *) = {
        [CBOR_UINT] = walk_integer, [CBOR_NEGATIVE] = walk_integer, [CBOR_BYTES] = walk_bytes,
        [CBOR_TEXT] = walk_text,    [CBOR_ARRAY] = walk_array,      [CBOR_MAP] = walk_map,
        [CBOR_TAG] = walk_tag,      [CBOR_SIMPLE] = walk_simple,
    };
    struct walk walk;
    walk.at = *reader;
    walk.depth = 0;
    do {
        if (walk.at.bytes == 0) return STATUS_TRUNCATED;
        TRY(walk_major[walk.at.data[0] >> 5](&walk));
    } while (walk.depth > 0);
    *ret_item = slice_of(reader->data, (size_t)(walk.at.data - reader->data));
    *reader = walk.at;
    return STATUS_OK;
}

enum status cbor_check(struct slice data) {
    struct reader reader = reader_of(data);
    struct slice item;
    TRY(cbor_take_raw(&reader, &item));
    return reader_end(&reader);
}
