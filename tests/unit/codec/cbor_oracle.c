/* Decodes with a recursive descent that accepts long integers and unsorted maps, writes the shortest form with sorted
 * keys, and says "canonical" when that gave the same bytes. Allocates as it likes: it serves tests and fuzzers only.
 */
#include "cbor_oracle.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, ONLY_TAG = 18 };

struct input {
    const uint8_t *data;
    size_t bytes;
};

struct output {
    uint8_t *data; /* as large as the whole input: no encoding here is longer than what it was read from */
    size_t bytes;
};

struct pair {
    const uint8_t *data;
    size_t key_bytes, bytes;
};

static bool item(struct input *in, struct output *out, int depth);

static bool head(struct input *in, unsigned *ret_major, uint64_t *ret_argument) {
    if (in->bytes == 0) return false;
    unsigned low = in->data[0] % 32;
    size_t width = low < 24 ? 0 : low == 24 ? 1 : low == 25 ? 2 : low == 26 ? 4 : low == 27 ? 8 : 99;
    if (in->bytes < 1 + width) return false;
    *ret_major = in->data[0] / 32;
    *ret_argument = width == 0 ? low : 0;
    for (size_t i = 1; i <= width; i++) *ret_argument = *ret_argument * 256 + in->data[i];
    in->data += 1 + width;
    in->bytes -= 1 + width;
    return true;
}

static void write_head(struct output *out, unsigned major, uint64_t argument) {
    size_t width = argument < 24 ? 0 : argument < 256 ? 1 : argument < 65536 ? 2 : argument < 4294967296 ? 4 : 8;
    unsigned low = width == 0 ? (unsigned)argument : width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;
    out->data[out->bytes++] = (uint8_t)(major * 32 + low);
    while (width-- > 0) out->data[out->bytes++] = (uint8_t)(argument >> (width * 8));
}

/* Decodes code points and encodes them again: what is overlong, cut or stray comes out different. */
static bool utf8(const uint8_t *data, size_t bytes) {
    for (size_t at = 0; at < bytes;) {
        size_t more = data[at] < 0x80 ? 0 : data[at] < 0xc0 ? 9 : data[at] < 0xe0 ? 1 : data[at] < 0xf0 ? 2 : 3;
        if (more > 3 || data[at] >= 0xf8 || at + more >= bytes) return false;
        uint32_t point = more == 0 ? data[at] : data[at] & (0x3fu >> more);
        for (size_t i = 1; i <= more; i++) {
            if ((data[at + i] & 0xc0) != 0x80) return false;
            point = point << 6 | (data[at + i] & 0x3f);
        }
        size_t need = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        if (need != more || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
        at += 1 + more;
    }
    return true;
}

static bool string(struct input *in, struct output *out, unsigned major, uint64_t bytes) {
    if (bytes > in->bytes || (major == 3 && !utf8(in->data, (size_t)bytes))) return false;
    write_head(out, major, bytes);
    if (bytes > 0) memcpy(out->data + out->bytes, in->data, (size_t)bytes);
    out->bytes += (size_t)bytes;
    in->data += bytes;
    in->bytes -= (size_t)bytes;
    return true;
}

static int pair_compare(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    size_t common = x->key_bytes < y->key_bytes ? x->key_bytes : y->key_bytes;
    int order = memcmp(x->data, y->data, common);
    return order != 0 ? order : (x->key_bytes > y->key_bytes) - (x->key_bytes < y->key_bytes);
}

static bool write_sorted(struct pair *pairs, size_t count, struct output *out) {
    if (count > 0) qsort(pairs, count, sizeof pairs[0], pair_compare);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && pair_compare(&pairs[i - 1], &pairs[i]) == 0) return false;
        memcpy(out->data + out->bytes, pairs[i].data, pairs[i].bytes);
        out->bytes += pairs[i].bytes;
    }
    return true;
}

static bool map(struct input *in, struct output *out, uint64_t count, int depth) {
    if (count > in->bytes) return false;
    struct output unsorted = {malloc(in->bytes + 1), 0};
    struct pair *pairs = malloc((size_t)(count + 1) * sizeof *pairs);
    bool good = unsorted.data != NULL && pairs != NULL;
    for (size_t i = 0; good && i < count; i++) {
        size_t begin = unsorted.bytes;
        good = item(in, &unsorted, depth);
        pairs[i] = (struct pair){unsorted.data + begin, unsorted.bytes - begin, 0};
        good = good && item(in, &unsorted, depth);
        pairs[i].bytes = unsorted.bytes - begin;
    }
    if (good) write_head(out, 5, count);
    good = good && write_sorted(pairs, (size_t)count, out);
    free(pairs);
    free(unsorted.data);
    return good;
}

static bool array(struct input *in, struct output *out, uint64_t count, int depth) {
    write_head(out, 4, count);
    for (uint64_t i = 0; i < count; i++) {
        if (!item(in, out, depth)) return false;
    }
    return true;
}

/* `depth` counts the arrays, maps and tags around the item. */
static bool item(struct input *in, struct output *out, int depth) {
    struct input start = *in;
    unsigned major = 0;
    uint64_t argument = 0;
    if (!head(in, &major, &argument)) return false;
    if (major >= 4 && major <= 6 && depth == DEPTH_MAX) return false;
    switch (major) {
    case 0:
    case 1: write_head(out, major, argument); return true;
    case 2:
    case 3: return string(in, out, major, argument);
    case 4: return argument <= in->bytes && array(in, out, argument, depth + 1);
    case 5: return map(in, out, argument, depth + 1);
    case 6: write_head(out, 6, argument); return argument == ONLY_TAG && item(in, out, depth + 1);
    default: out->data[out->bytes++] = 0xf6; return start.data[0] == 0xf6;
    }
}

bool cbor_oracle_canonical(const uint8_t *data, size_t bytes) {
    struct input in = {data, bytes};
    struct output out = {malloc(bytes + 16), 0};
    if (out.data == NULL) abort();
    bool same = item(&in, &out, 0) && in.bytes == 0 && out.bytes == bytes && memcmp(out.data, data, bytes) == 0;
    free(out.data);
    return same;
}
