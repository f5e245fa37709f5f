/* Refusals: why a request was not done, as a status, a sentence and the code of HTTP (RFC 9110) that fits it; told as
 * problem details (RFC 9457). */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include "base/bytes.h"
#include "base/status.h"
#include "http/text.h"

enum { REFUSAL_DETAIL_BYTES = 256 };

struct refusal {
    enum status status;
    unsigned code;                     /* of HTTP; 0: the one of its status */
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
unsigned refusal_code_of(const struct refusal *refusal);

/* application/problem+json: {"type", "title", "status", "detail", "instance", "error"}. `type` is where the member
 * explains this kind of problem, "/v1/problems/" and the name of the status; `title` is the status's own sentence,
 * always the same; `error` is the name, for programs. `instance` is the path that was asked for, as
 * refusal_put_instance left it, or empty. */
void refusal_put(struct text *text, const struct refusal *refusal, const char *instance);
/* The same without the closing bracket, for problems that say more. */
void refusal_open(struct text *text, const struct refusal *refusal, const char *instance);
#define REFUSAL_TYPE "/v1/problems/"

/* A path in characters that a URI may have (RFC 3986, section 2): every other byte as %XX; cut off where it does not fit. */
enum { REFUSAL_INSTANCE_BYTES = 160 };
void refusal_put_instance(const char *path, char ret_instance[REFUSAL_INSTANCE_BYTES]);

/* What the name of a status stands for; STATUS_NOT_FOUND: no refusal has this name. */
enum status refusal_find(struct slice name, enum status *ret_status) MUST_USE;

#endif
