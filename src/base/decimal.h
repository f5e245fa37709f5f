/* Decimal: exact decimal text to an integer count of 10^-scale, and back. No binary fraction comes in between, so
 * nothing is ever rounded: what a scale cannot hold is refused (docs/belief.md 1). Independent of any locale. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/status.h"

enum { DECIMAL_SCALE_MAX = 18, DECIMAL_WIDE_SCALE_MAX = 38 };

/* Reads all of `text`: an optional sign, digits, an optional point with digits, an optional exponent (e or E, an
 * optional sign, digits). `scale` is at most DECIMAL_SCALE_MAX.
 *   NOT_A_NUMBER  any other text: empty, NaN, inf, spaces
 *   OVERFLOW      the result does not fit
 *   TOO_FINE      digits other than zero beyond `scale` decimal places */
enum status decimal_parse(struct slice text, uint32_t scale, int64_t *ret_value) MUST_USE;
/* The same for 128 bits and DECIMAL_WIDE_SCALE_MAX. */
enum status decimal_parse_wide(struct slice text, uint32_t scale, int128 *ret_value) MUST_USE;

/* Appends the shortest text without an exponent that decimal_parse reads back as `value`: "-0.25", "3". */
void decimal_put(struct writer *writer, int64_t value, uint32_t scale);

#endif
