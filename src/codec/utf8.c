/* UTF-8 (RFC 3629 section 4). Invariant: nothing past the end is read. */
#include "codec/utf8.h"

/* The sequences of RFC 3629 section 4 by their first byte. Where overlong forms, surrogates or code points above
 * U+10FFFF would begin, it is the second byte whose range is narrower. */
struct sequence {
    uint8_t first_low, first_high;
    uint8_t second_low, second_high;
    uint8_t bytes;
};

static const struct sequence sequences[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Bytes of the sequence that `text` begins with; 0 when it is none. `text` is not empty. */
static size_t sequence_bytes(struct slice text) {
    const struct sequence *found = NULL;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (text.data[0] >= sequences[i].first_low && text.data[0] <= sequences[i].first_high) found = &sequences[i];
    }
    if (found == NULL || found->bytes > text.bytes) return 0;
    if (found->bytes == 1) return 1;
    if (text.data[1] < found->second_low || text.data[1] > found->second_high) return 0;
    for (size_t i = 2; i < found->bytes; i++) {
        if (text.data[i] >> 6 != 2) return 0;
    }
    return found->bytes;
}

bool utf8_valid(struct slice text) {
    while (text.bytes > 0) {
        size_t bytes = text.data[0] < 0x80 ? 1 : sequence_bytes(text);
        if (bytes == 0) return false;
        text = slice_of(text.data + bytes, text.bytes - bytes);
    }
    return true;
}
