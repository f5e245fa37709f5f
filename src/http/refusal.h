/* Refusals: why a request was not done, as a status, a sentence and the code of HTTP (RFC 9110) that fits it. */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include "base/bytes.h"
#include "base/status.h"
#include "http/text.h"

enum { REFUSAL_DETAIL_BYTES = 256 };

struct refusal {
    enum status status;
    char detail[REFUSAL_DETAIL_BYTES]; /* printable ASCII, ended by a NUL */
};

/* "what: the sentence of the status"; only the sentence when `what` is NULL. Returns `status`. */
enum status refusal_of(struct refusal *ret_refusal, enum status status, const char *what);
/* A sentence of its own. Bytes that are not printable ASCII become '?', so nothing of a client's can steer a
 * terminal. Returns `status`. */
enum status refusal_say(struct refusal *ret_refusal, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The slice as a printf argument pair for "%.*s", cut to what a sentence bears. */
#define REFUSAL_QUOTE(slice) (int)((slice).bytes < 40 ? (slice).bytes : 40), (const char *)(slice).data

/* 400 .. 507 */
unsigned refusal_code(enum status status);
/* {"error": name, "detail": sentence} */
void refusal_put(struct text *text, const struct refusal *refusal);

#endif
