/* Fields shared by the objects of this room. Invariant: one value, one encoding. */
#include "wire/field.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "codec/note.h"
#include "codec/utf8.h"

/* U+0080 .. U+009F are C2 80 .. C2 9F, and in well-formed UTF-8 these pairs mean nothing else. */
static bool has_late_control(struct slice text) {
    for (size_t at = 0; at + 1 < text.bytes; at++) {
        if (text.data[at] == 0xc2 && text.data[at + 1] < 0xa0) return true;
    }
    return false;
}

bool field_text_valid(struct slice text, size_t max) {
    if (text.bytes == 0 || text.bytes > max) return false;
    uint8_t seen = 0;
    for (size_t at = 0; at < text.bytes; at++) {
        uint8_t byte = text.data[at];
        if (byte < 0x20 || byte == 0x7f) return false;
        seen |= byte;
    }
    if (seen < 0x80) return true;
    return utf8_valid(text) && !has_late_control(text);
}

bool field_name_valid(struct slice name) {
    return field_text_valid(name, MEMBER_NAME_BYTES_MAX) && note_name_valid(name);
}

bool field_texts_distinct(const struct slice *texts, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (slice_equal(texts[i], texts[j])) return false;
        }
    }
    return true;
}

enum status field_take_text(struct reader *reader, struct slice *ret_text) {
    struct reader after = *reader;
    uint64_t bytes;
    TRY(cbor_take_head(&after, CBOR_TEXT, &bytes));
    if (bytes > after.bytes) return STATUS_TRUNCATED;
    TRY(reader_take(&after, (size_t)bytes, ret_text));
    *reader = after;
    return STATUS_OK;
}

void field_put_optional_text(struct writer *writer, struct slice text) {
    if (text.bytes > 0) {
        cbor_put_text(writer, text);
    } else {
        cbor_put_null(writer);
    }
}

enum status field_take_optional_text(struct reader *reader, struct slice *ret_text) {
    struct slice text;
    *ret_text = slice_of(NULL, 0);
    if (cbor_next_is_null(reader)) return cbor_take_null(reader);
    TRY(field_take_text(reader, &text));
    if (text.bytes == 0) return STATUS_NOT_CANONICAL;
    *ret_text = text;
    return STATUS_OK;
}

enum status field_take_u32(struct reader *reader, uint32_t max, uint32_t *ret_value) {
    uint64_t value;
    TRY(cbor_take_uint_max(reader, max, &value));
    *ret_value = (uint32_t)value;
    return STATUS_OK;
}

enum status field_take_count(struct reader *reader, uint32_t max, uint32_t *ret_count) {
    struct reader after = *reader;
    uint64_t count;
    TRY(cbor_take_array(&after, &count));
    if (count > max) return STATUS_TOO_MANY;
    *ret_count = (uint32_t)count;
    *reader = after;
    return STATUS_OK;
}

enum status field_take_blob(struct reader *reader, size_t max, struct slice *ret_blob) {
    struct reader after = *reader;
    struct slice blob;
    TRY(cbor_take_bytes(&after, &blob));
    if (blob.bytes == 0) return STATUS_BAD_VALUE;
    if (blob.bytes > max) return STATUS_TOO_LARGE;
    *ret_blob = blob;
    *reader = after;
    return STATUS_OK;
}

void field_put_kind(struct writer *writer, uint32_t fields, uint32_t kind) {
    cbor_put_array(writer, fields);
    cbor_put_uint(writer, kind);
}

enum status field_take_kind(struct reader *reader, uint32_t fields, uint32_t kind) {
    uint64_t found;
    TRY(cbor_take_array_exactly(reader, fields));
    TRY(cbor_take_uint(reader, &found));
    return found == kind ? STATUS_OK : STATUS_BAD_VALUE;
}

void field_put_hash(struct writer *writer, const struct hash *hash) {
    cbor_put_bytes(writer, slice_of(hash->bytes, HASH_BYTES));
}

void field_put_threshold(struct writer *writer, struct threshold threshold) {
    CHECK(threshold_check(threshold) == STATUS_OK);
    cbor_put_uint(writer, threshold.numerator);
    cbor_put_uint(writer, threshold.denominator);
}

enum status field_take_threshold(struct reader *reader, struct threshold *ret_threshold) {
    struct reader after = *reader;
    struct threshold threshold;
    TRY(field_take_u32(&after, UINT32_MAX, &threshold.numerator));
    TRY(field_take_u32(&after, UINT32_MAX, &threshold.denominator));
    TRY(threshold_check(threshold));
    *ret_threshold = threshold;
    *reader = after;
    return STATUS_OK;
}

bool field_tips_valid(const struct tip *tips, uint32_t count) {
    if (count > MEMBERS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (tips[i].member >= MEMBERS_MAX || tips[i].seq == 0) return false;
        if (i > 0 && tips[i].member <= tips[i - 1].member) return false;
    }
    return true;
}

void field_put_tip(struct writer *writer, const struct tip *tip) {
    cbor_put_uint(writer, tip->member);
    cbor_put_uint(writer, tip->seq);
    cbor_put_bytes(writer, slice_of(tip->hash.bytes, HASH_BYTES));
}

enum status field_take_tip(struct reader *reader, struct tip *ret_tip) {
    struct reader after = *reader;
    struct tip tip;
    TRY(field_take_u32(&after, MEMBERS_MAX - 1, &tip.member));
    TRY(cbor_take_uint(&after, &tip.seq));
    TRY(cbor_take_hash(&after, &tip.hash));
    *ret_tip = tip;
    *reader = after;
    return STATUS_OK;
}

void field_put_tips(struct writer *writer, const struct tip *tips, uint32_t count) {
    cbor_put_array(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        cbor_put_array(writer, 3);
        field_put_tip(writer, &tips[i]);
    }
}

enum status field_take_tips(struct reader *reader, struct tip ret_tips[MEMBERS_MAX], uint32_t *ret_count) {
    struct reader after = *reader;
    uint32_t count;
    TRY(field_take_count(&after, MEMBERS_MAX, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(cbor_take_array_exactly(&after, 3));
        TRY(field_take_tip(&after, &ret_tips[i]));
    }
    if (!field_tips_valid(ret_tips, count)) return STATUS_BAD_VALUE;
    *ret_count = count;
    *reader = after;
    return STATUS_OK;
}
