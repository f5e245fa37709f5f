/* Lines of text: how checkpoints and certificate files are taken apart. Internal to wire/.
 *
 * Invariant: a line that is accepted is the one that would have been written: one space, plain decimals, padded
 * base64. */
#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/status.h"

/* Takes the next line off `rest`, without its newline. STATUS_BAD_FORMAT when there is no newline. */
enum status line_take(struct slice *rest, struct slice *ret_line) MUST_USE;
/* True when the next line of `rest` begins with `word` and a space. */
bool line_next_is(struct slice rest, const char *word);
/* Takes a line "<word> <value>" off `rest`. STATUS_BAD_FORMAT for any other line. */
enum status line_take_value(struct slice *rest, const char *word, struct slice *ret_value) MUST_USE;
/* As line_take_value, the value a decimal number: STATUS_BAD_FORMAT with a sign or a leading zero, STATUS_OVERFLOW
 * above 64 bits. */
enum status line_take_decimal(struct slice *rest, const char *word, uint64_t *ret_value) MUST_USE;
/* As line_take_value, the value the base64 of a hash. */
enum status line_take_hash(struct slice *rest, const char *word, struct hash *ret_hash) MUST_USE;

/* A whole text as a decimal number; statuses as above. */
enum status line_decimal(struct slice text, uint64_t *ret_value) MUST_USE;

/* Write what is read above. */
void line_put_decimal(struct writer *writer, const char *word, uint64_t value);
void line_put_base64(struct writer *writer, const char *word, struct slice value);

#endif
