/* Text: an answer that grows while it is written. When memory runs out, or the answer passes TEXT_BYTES_MAX, it is
 * marked as failed and takes nothing more; the request is then refused instead of answered in part. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The largest answer is a page of questions, or a certificate file. */
#define TEXT_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct text {
    char *data; /* malloc'ed, not ended by a NUL */
    size_t bytes;
    size_t capacity;
    bool failed;
};

void text_put(struct text *text, const void *data, size_t bytes);
void text_put_text(struct text *text, const char *data);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string: quoted and escaped. The slice is UTF-8. */
void text_put_string(struct text *text, struct slice string);
/* The shortest decimal that reads back as the same number; finite ones only. */
void text_put_double(struct text *text, double value);
/* A quoted run of lower-case hex. */
void text_put_hex(struct text *text, const void *data, size_t bytes);
/* Frees and empties. */
void text_free(struct text *text);

#endif
