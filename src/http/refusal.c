/* Refusals. Invariant: every status has a code, and a detail is always a sentence that can be printed anywhere. */
#include "http/refusal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

enum { CODE_INTERNAL = 500 };

/* Those that are not named are failures of our own side. */
static const uint16_t codes[STATUS_COUNT] = {
    [STATUS_OK] = 200,
    /* not readable as what it should be */
    [STATUS_TRUNCATED] = 400,
    [STATUS_TRAILING_BYTES] = 400,
    [STATUS_BAD_TYPE] = 400,
    [STATUS_BAD_FORMAT] = 400,
    [STATUS_TOO_DEEP] = 400,
    [STATUS_MISSING] = 400,
    [STATUS_USAGE] = 400,
    [STATUS_UNAUTHORIZED] = 401,
    [STATUS_NOT_ALLOWED] = 403,
    [STATUS_UNKNOWN_MEMBER] = 404,
    [STATUS_UNKNOWN_QUESTION] = 404,
    [STATUS_UNKNOWN_OBSERVATION] = 404,
    [STATUS_UNKNOWN_FAMILY] = 404,
    [STATUS_NOT_FOUND] = 404,
    /* at odds with what is held */
    [STATUS_DUPLICATE] = 409,
    [STATUS_KEY_USED] = 409,
    [STATUS_CONFLICT] = 409,
    [STATUS_WRONG_EPOCH] = 409,
    [STATUS_QUESTION_CLOSED] = 409,
    [STATUS_QUESTION_EXISTS] = 409,
    [STATUS_DUPLICATE_OBSERVATION] = 409,
    [STATUS_SEALED] = 409,
    [STATUS_FAMILY_CLOSED] = 409,
    [STATUS_TOO_EARLY] = 409,
    [STATUS_WRONG_OPENING] = 409,
    [STATUS_OPENED] = 409,
    [STATUS_EXPIRED] = 409,
    [STATUS_TOO_LARGE] = 413,
    /* readable, and against the rules */
    [STATUS_BAD_VALUE] = 422,
    [STATUS_BAD_KEY] = 422,
    [STATUS_OVERFLOW] = 422,
    [STATUS_TOO_MANY] = 422,
    [STATUS_WRONG_HYPOTHESES] = 422,
    [STATUS_TOO_FINE] = 422,
    [STATUS_OVER_ITEM_LIMIT] = 422,
    [STATUS_OVER_TOTAL_LIMIT] = 422,
    [STATUS_NOT_A_NUMBER] = 422,
    [STATUS_WRONG_FAMILY] = 422,
    /* not now */
    [STATUS_NOT_FINAL] = 503,
    [STATUS_TOO_OFTEN] = 429,
    [STATUS_BUSY] = 503,
    [STATUS_HANDING_OVER] = 503,
    [STATUS_UNAVAILABLE] = 503,
    [STATUS_DIVERGED] = 503,
    [STATUS_LANE_CLOSED] = 503,
    [STATUS_STATE_FULL] = 507,
    [STATUS_DISK_FULL] = 507,
};

unsigned refusal_code(enum status status) {
    unsigned code = (unsigned)status < STATUS_COUNT ? codes[status] : 0;
    return code != 0 ? code : CODE_INTERNAL;
}

unsigned refusal_code_of(const struct refusal *refusal) {
    return refusal->code != 0 ? refusal->code : refusal_code(refusal->status);
}

enum status refusal_of(struct refusal *ret_refusal, enum status status, const char *what) {
    if (what == NULL) return refusal_say(ret_refusal, status, "%s", status_text(status));
    return refusal_say(ret_refusal, status, "%s: %s", what, status_text(status));
}

enum status refusal_say(struct refusal *ret_refusal, enum status status, const char *format, ...) {
    CHECK(status != STATUS_OK);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_refusal->detail, sizeof ret_refusal->detail, format, arguments);
    va_end(arguments);
    for (char *c = ret_refusal->detail; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') *c = '?';
    }
    ret_refusal->status = status;
    ret_refusal->code = 0;
    return status;
}

void refusal_open(struct text *text, const struct refusal *refusal, const char *instance) {
    const char *name = status_name(refusal->status);
    text_format(text, "{\"type\": \"" REFUSAL_TYPE "%s\", \"title\": ", name);
    text_put_string(text, slice_of_text(status_text(refusal->status)));
    text_format(text, ", \"status\": %u, \"detail\": ", refusal_code_of(refusal));
    text_put_string(text, slice_of_text(refusal->detail));
    if (instance[0] != '\0') text_format(text, ", \"instance\": \"%s\"", instance);
    text_format(text, ", \"error\": \"%s\"", name);
}

void refusal_put(struct text *text, const struct refusal *refusal, const char *instance) {
    refusal_open(text, refusal, instance);
    text_put_text(text, "}\n");
}

void refusal_put_instance(const char *path, char ret_instance[REFUSAL_INSTANCE_BYTES]) {
    static const char plain[] = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char digits[] = "0123456789ABCDEF";
    size_t bytes = 0;
    for (; *path != '\0' && bytes + 4 <= REFUSAL_INSTANCE_BYTES; path++) {
        uint8_t byte = (uint8_t)*path;
        if (strchr(plain, byte) != NULL) {
            ret_instance[bytes++] = *path;
            continue;
        }
        ret_instance[bytes++] = '%';
        ret_instance[bytes++] = digits[byte >> 4];
        ret_instance[bytes++] = digits[byte & 15];
    }
    ret_instance[bytes] = '\0';
}

enum status refusal_find(struct slice name, enum status *ret_status) {
    for (unsigned i = STATUS_OK + 1; i < STATUS_COUNT; i++) {
        if (!slice_equal(name, slice_of_text(status_name((enum status)i)))) continue;
        *ret_status = (enum status)i;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}
