/* Values: the fields of one object that a reader cares for, kept until the object is over, because what they must be
 * depends on a type that may come last. */
#ifndef EXCHANGE_VALUE_H
#define EXCHANGE_VALUE_H

#include "exchange/tokens.h"

enum { VALUE_TEXT_BYTES_MAX = 400 };

enum value_kind { VALUE_ABSENT, VALUE_TEXT, VALUE_NUMBER, VALUE_BOOL, VALUE_NULL, VALUE_OBJECT, VALUE_LIST };

struct value {
    enum value_kind kind;
    bool is_true; /* of a bool */
    bool is_cut;  /* the text was longer */
    uint32_t bytes;
    uint64_t line;
    char text[VALUE_TEXT_BYTES_MAX]; /* of a text or a number */
};

/* Takes what `token` began, lists and objects without their contents. */
enum status value_take(struct tokens *tokens, enum token token, struct value *ret_value) MUST_USE;

static inline bool value_is_there(const struct value *value) { return value->kind != VALUE_ABSENT; }
static inline struct slice value_text(const struct value *value) { return slice_of(value->text, value->bytes); }

/* A field within the object that was read last: refuses it under its name. */
enum status value_blame(struct tokens *tokens, const char *name, const struct value *value, enum status status,
                        const char *format, ...) MUST_USE __attribute__((format(printf, 5, 6)));
/* The whole object, or a field that is not there. */
enum status value_missing(struct tokens *tokens, const char *name) MUST_USE;

/* Each refuses a field of another kind; one that is absent leaves the output alone. */
enum status value_as_whole(struct tokens *tokens, const char *name, const struct value *value, uint64_t most,
                           uint64_t *ret_whole) MUST_USE;
enum status value_as_bool(struct tokens *tokens, const char *name, const struct value *value,
                          bool *ret_bool) MUST_USE;
/* A timestamp of STIX. */
enum status value_as_moment(struct tokens *tokens, const char *name, const struct value *value,
                            uint64_t *ret_us) MUST_USE;
/* A text of 1 to `most` bytes that may be shown (wire/field.h). */
enum status value_as_text(struct tokens *tokens, const char *name, const struct value *value, size_t most) MUST_USE;

#endif
