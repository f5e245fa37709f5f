/* Fields that several objects of this room share: tips, plain text, thresholds. Internal to wire/.
 *
 * Invariant: each take accepts exactly what the put beside it writes for a valid value. */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "quorum/quorum.h"
#include "wire/header.h"

/* True for 1 .. max bytes of UTF-8 without control characters: nothing below U+0020, no DEL, no U+0080 .. U+009F.
 * What is shown to people can then neither steer a terminal nor hide in a line of its own. */
bool field_text_valid(struct slice text, size_t max);
/* True for a name that field_text_valid accepts and that may be the key name of a signed note. */
bool field_name_valid(struct slice name);
/* True when no two of the texts are equal. */
bool field_texts_distinct(const struct slice *texts, uint32_t count);

/* A text string of any content, borrowed: the caller judges it with field_text_valid, which includes UTF-8. */
enum status field_take_text(struct reader *reader, struct slice *ret_text) MUST_USE;
/* A text, or null for the empty one, which is never written as a text. */
void field_put_optional_text(struct writer *writer, struct slice text);
enum status field_take_optional_text(struct reader *reader, struct slice *ret_text) MUST_USE;
/* An unsigned integer of at most `max`; STATUS_BAD_VALUE above. */
enum status field_take_u32(struct reader *reader, uint32_t max, uint32_t *ret_value) MUST_USE;
/* The head of an array of at most `max` items; STATUS_TOO_MANY above. */
enum status field_take_count(struct reader *reader, uint32_t max, uint32_t *ret_count) MUST_USE;
/* A byte string of 1 .. max bytes, borrowed; STATUS_BAD_VALUE when empty, STATUS_TOO_LARGE above. */
enum status field_take_blob(struct reader *reader, size_t max, struct slice *ret_blob) MUST_USE;

/* How a record begins: the head of an array of `fields`, and its kind. STATUS_BAD_VALUE when it is of another kind. */
void field_put_kind(struct writer *writer, uint32_t fields, uint32_t kind);
enum status field_take_kind(struct reader *reader, uint32_t fields, uint32_t kind) MUST_USE;

void field_put_hash(struct writer *writer, const struct hash *hash);

/* Two integers in a row, without an array around them; takes what threshold_check accepts. */
void field_put_threshold(struct writer *writer, struct threshold threshold);
enum status field_take_threshold(struct reader *reader, struct threshold *ret_threshold) MUST_USE;

/* Members ascending and below MEMBERS_MAX, each seq >= 1. */
bool field_tips_valid(const struct tip *tips, uint32_t count);
/* [member, seq, hash] without the head of the array. */
void field_put_tip(struct writer *writer, const struct tip *tip);
enum status field_take_tip(struct reader *reader, struct tip *ret_tip) MUST_USE;
/* [[member, seq, hash] ...]; takes at most MEMBERS_MAX, valid ones only. `ret_tips` is scratch when it fails. */
void field_put_tips(struct writer *writer, const struct tip *tips, uint32_t count);
enum status field_take_tips(struct reader *reader, struct tip ret_tips[MEMBERS_MAX], uint32_t *ret_count) MUST_USE;

#endif
