/* UTF-8 (RFC 3629): the one check of text that comes from outside. */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stdbool.h>

#include "base/bytes.h"

/* True when the bytes are well-formed UTF-8: nothing overlong, no surrogates, nothing above U+10FFFF. The empty text
 * and U+0000 are well formed. */
bool utf8_valid(struct slice text);

#endif
