/* JSON (RFC 8259), read in place: what a client sent is walked once, forms (tables of fields) take what they know.
 *
 * Numbers are handed on as the text that was written, so that they can be read exactly; no value ever becomes a
 * binary fraction. Strings are decoded in place, which changes the text that is read.
 *
 * Invariants: nothing past the end is read; memory and depth are those of the forms, whatever the text; a key that
 * comes twice, an unknown key, ill-formed UTF-8, U+0000 and lone surrogates are refused. */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <stdbool.h>

#include "base/bytes.h"
#include "http/refusal.h"

/* A place in a text. `line` counts from 1. */
struct json {
    uint8_t *at;
    const uint8_t *end;
    uint64_t line;
};

/* `text` may be NULL when `bytes` is 0. */
static inline struct json json_of(uint8_t *text, size_t bytes) {
    return (struct json){text, bytes > 0 ? text + bytes : text, 1};
}

/* Skips white space; the next byte, or 0 at the end of the text. */
uint8_t json_peek(struct json *json);
/* Takes one punctuation mark after white space; STATUS_BAD_FORMAT when something else comes. */
enum status json_take_mark(struct json *json, char mark) MUST_USE;

/* Each takes one value: STATUS_BAD_TYPE when it is of another kind, STATUS_BAD_FORMAT when it is none at all. */
enum status json_take_string(struct json *json, struct slice *ret_text) MUST_USE;
/* The text of a number, or the contents of a string: exact decimals may be written either way. STATUS_NOT_A_NUMBER
 * for NaN and the infinities, which JSON does not have. */
enum status json_take_number(struct json *json, struct slice *ret_text) MUST_USE;
enum status json_take_bool(struct json *json, bool *ret_value) MUST_USE;

/* Arrays: `json_open_array`, then while `json_next_element` says so one value each. */
enum status json_open_array(struct json *json) MUST_USE;
enum status json_next_element(struct json *json, bool *is_first, bool *ret_more) MUST_USE;

/* One field of a form. `take` reads the value into the form's own structure. */
struct json_field {
    const char *name;
    enum status (*take)(struct json *json, void *form);
    bool is_required;
};

/* Takes one object, at most 32 fields. `ret_present` has bit i set when fields[i] was there. Failures name the field
 * in `ret_refusal`: an unknown one STATUS_BAD_VALUE, a repeated one STATUS_DUPLICATE, a missing one STATUS_MISSING. */
enum status json_take_object(struct json *json, const struct json_field *fields, size_t fields_count, void *form,
                             uint32_t *ret_present, struct refusal *ret_refusal) MUST_USE;

/* STATUS_TRAILING_BYTES when anything but white space is left. */
enum status json_end(struct json *json) MUST_USE;

#endif
