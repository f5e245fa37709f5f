/* Cursors: where the next page of a list begins. Clients hand back what they were given and make nothing of it. */
#ifndef HTTP_CURSOR_H
#define HTTP_CURSOR_H

#include <stdint.h>

#include "base/status.h"
#include "http/text.h"

/* What it means is the list's own: a position, or a place in a lane. All zeros is the beginning. */
struct cursor {
    uint64_t major;
    uint64_t minor;
    uint64_t least;
};

/* A JSON string. */
void cursor_put(struct text *text, const struct cursor *cursor);
/* Only what cursor_put writes: STATUS_BAD_FORMAT. */
enum status cursor_read(const char *text, struct cursor *ret_cursor) MUST_USE;

#endif
