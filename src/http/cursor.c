/* Cursors as text: three numbers in hex. Invariant: there is one text for each cursor. */
#include "http/cursor.h"

#include <inttypes.h>
#include <stdbool.h>

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without leading zeros, up to `end`. */
static bool read_number(const char **at, char end, uint64_t *ret_number) {
    uint64_t number = 0;
    unsigned digits = 0;
    bool leads_with_zero = **at == '0';
    for (; digit_of(**at) >= 0 && digits < 16; (*at)++, digits++) number = number << 4 | (uint64_t)digit_of(**at);
    if (digits == 0 || (leads_with_zero && digits > 1) || **at != end) return false;
    *ret_number = number;
    return true;
}

void cursor_put(struct text *text, const struct cursor *cursor) {
    text_format(text, "\"%" PRIx64 ".%" PRIx64 ".%" PRIx64 "\"", cursor->major, cursor->minor, cursor->least);
}

enum status cursor_read(const char *text, struct cursor *ret_cursor) {
    struct cursor cursor;
    if (!read_number(&text, '.', &cursor.major)) return STATUS_BAD_FORMAT;
    text++;
    if (!read_number(&text, '.', &cursor.minor)) return STATUS_BAD_FORMAT;
    text++;
    if (!read_number(&text, '\0', &cursor.least)) return STATUS_BAD_FORMAT;
    *ret_cursor = cursor;
    return STATUS_OK;
}
