/* Signed notes (c2sp.org/signed-note) and checkpoints (c2sp.org/tlog-checkpoint). Invariant: what a read accepts, the
 * puts write again byte for byte. */
#include "codec/note.h"

#include "base/check.h"
#include "base/num.h"
#include "codec/base64.h"
#include "codec/utf8.h"

enum { BLOB_BYTES = NOTE_KEY_ID_BYTES + SIGNATURE_BYTES };

static const uint8_t dash_space[4] = {0xe2, 0x80, 0x94, ' '}; /* U+2014, U+0020 */

/* The code points of Unicode's property White_Space above U+001F; those below are control characters. */
static const struct space {
    uint8_t bytes;
    uint8_t utf8[3];
} spaces[] = {
    {1, {0x20}},
    {2, {0xc2, 0x85}},
    {2, {0xc2, 0xa0}},
    {3, {0xe1, 0x9a, 0x80}},
    {3, {0xe2, 0x80, 0x80}},
    {3, {0xe2, 0x80, 0x81}},
    {3, {0xe2, 0x80, 0x82}},
    {3, {0xe2, 0x80, 0x83}},
    {3, {0xe2, 0x80, 0x84}},
    {3, {0xe2, 0x80, 0x85}},
    {3, {0xe2, 0x80, 0x86}},
    {3, {0xe2, 0x80, 0x87}},
    {3, {0xe2, 0x80, 0x88}},
    {3, {0xe2, 0x80, 0x89}},
    {3, {0xe2, 0x80, 0x8a}},
    {3, {0xe2, 0x80, 0xa8}},
    {3, {0xe2, 0x80, 0xa9}},
    {3, {0xe2, 0x80, 0xaf}},
    {3, {0xe2, 0x81, 0x9f}},
    {3, {0xe3, 0x80, 0x80}},
};

/* In well-formed UTF-8 the bytes of a code point are found nowhere but at that code point. */
static bool space_at(struct slice text, size_t at) {
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        if (spaces[i].bytes <= text.bytes - at && memcmp(text.data + at, spaces[i].utf8, spaces[i].bytes) == 0)
            return true;
    }
    return false;
}

bool note_name_valid(struct slice name) {
    if (name.bytes == 0 || name.bytes > MEMBER_NAME_BYTES_MAX || !utf8_valid(name)) return false;
    for (size_t at = 0; at < name.bytes; at++) {
        if (name.data[at] < 0x20 || name.data[at] == '+' || space_at(name, at)) return false;
    }
    return true;
}

void note_put_text(struct writer *writer, struct slice text) {
    CHECK(text.bytes > 0 && text.data[text.bytes - 1] == '\n');
    writer_put(writer, text.data, text.bytes);
    writer_put_u8(writer, '\n');
}

void note_put_signature(struct writer *writer, struct slice name, const uint8_t key_id[NOTE_KEY_ID_BYTES],
                        const uint8_t signature[SIGNATURE_BYTES]) {
    CHECK(note_name_valid(name));
    uint8_t blob[BLOB_BYTES];
    memcpy(blob, key_id, NOTE_KEY_ID_BYTES);
    memcpy(blob + NOTE_KEY_ID_BYTES, signature, SIGNATURE_BYTES);
    writer_put(writer, dash_space, sizeof dash_space);
    writer_put(writer, name.data, name.bytes);
    writer_put_u8(writer, ' ');
    base64_put(writer, slice_of(blob, sizeof blob));
    writer_put_u8(writer, '\n');
}

void note_key_id_input(struct writer *writer, struct slice name, const uint8_t key[KEY_BYTES]) {
    CHECK(note_name_valid(name));
    writer_put(writer, name.data, name.bytes);
    writer_put_u8(writer, '\n');
    writer_put_u8(writer, NOTE_ED25519);
    writer_put(writer, key, KEY_BYTES);
}

/* Takes the bytes before the first `end` off `rest`, and `end` itself. */
static enum status take_until(struct slice *rest, char end, struct slice *ret_part) {
    const uint8_t *found = rest->bytes == 0 ? NULL : memchr(rest->data, end, rest->bytes);
    if (found == NULL) return STATUS_BAD_FORMAT;
    size_t bytes = (size_t)(found - rest->data);
    *ret_part = slice_of(rest->data, bytes);
    *rest = slice_of(found + 1, rest->bytes - bytes - 1);
    return STATUS_OK;
}

/* `line` is without its newline. */
static enum status signature_line_read(struct slice line, struct note_signature *ret_signature) {
    uint8_t blob[BLOB_BYTES];
    size_t bytes;
    struct slice name;
    if (line.bytes < sizeof dash_space || memcmp(line.data, dash_space, sizeof dash_space) != 0)
        return STATUS_BAD_FORMAT;
    struct slice text = slice_of(line.data + sizeof dash_space, line.bytes - sizeof dash_space);
    TRY(take_until(&text, ' ', &name));
    if (!note_name_valid(name) || text.bytes != base64_encoded_bytes(sizeof blob)) return STATUS_BAD_FORMAT;
    if (base64_decode(text, blob, sizeof blob, &bytes) != STATUS_OK || bytes != sizeof blob) return STATUS_BAD_FORMAT;
    ret_signature->name = name;
    memcpy(ret_signature->key_id, blob, NOTE_KEY_ID_BYTES);
    memcpy(ret_signature->signature, blob + NOTE_KEY_ID_BYTES, SIGNATURE_BYTES);
    return STATUS_OK;
}

enum status note_next_signature(struct slice *rest, struct note_signature *ret_signature) {
    if (rest->bytes == 0) return STATUS_NOT_FOUND;
    struct slice after = *rest;
    struct slice line;
    TRY(take_until(&after, '\n', &line));
    TRY(signature_line_read(line, ret_signature));
    *rest = after;
    return STATUS_OK;
}

static bool text_valid(struct slice text) {
    if (text.bytes == 0 || text.data[text.bytes - 1] != '\n' || !utf8_valid(text)) return false;
    for (size_t at = 0; at < text.bytes; at++) {
        if (text.data[at] < 0x20 && text.data[at] != '\n') return false;
    }
    return true;
}

/* Where the last blank line ends: the text may have blank lines too, signatures can't. 0 when there is none. */
static size_t signatures_begin(struct slice data) {
    for (size_t at = data.bytes; at >= 2; at--) {
        if (data.data[at - 1] == '\n' && data.data[at - 2] == '\n') return at;
    }
    return 0;
}

static enum status check_signatures(struct slice rest) {
    if (rest.bytes == 0) return STATUS_BAD_FORMAT;
    struct note_signature signature;
    while (rest.bytes > 0) TRY(note_next_signature(&rest, &signature));
    return STATUS_OK;
}

enum status note_read(struct slice data, struct note *ret_note) {
    if (!text_valid(data)) return STATUS_BAD_FORMAT;
    size_t begin = signatures_begin(data);
    if (begin == 0) return STATUS_BAD_FORMAT;
    struct slice signatures = slice_of(data.data + begin, data.bytes - begin);
    TRY(check_signatures(signatures));
    *ret_note = (struct note){slice_of(data.data, begin - 1), signatures};
    return STATUS_OK;
}

void note_checkpoint_put(struct writer *writer, struct slice origin, uint64_t size, const struct hash *root) {
    CHECK(origin.bytes > 0 && memchr(origin.data, '\n', origin.bytes) == NULL);
    writer_put(writer, origin.data, origin.bytes);
    writer_put_u8(writer, '\n');
    writer_put_decimal(writer, size);
    writer_put_u8(writer, '\n');
    base64_put(writer, slice_of(root->bytes, HASH_BYTES));
    writer_put_u8(writer, '\n');
}

static enum status decimal_read(struct slice text, uint64_t *ret_value) {
    if (text.bytes == 0 || (text.bytes > 1 && text.data[0] == '0')) return STATUS_BAD_FORMAT;
    for (size_t at = 0; at < text.bytes; at++) {
        if (text.data[at] < '0' || text.data[at] > '9') return STATUS_BAD_FORMAT;
    }
    uint64_t value = 0;
    for (size_t at = 0; at < text.bytes; at++) {
        if (!num_mul_u64(value, 10, &value) || !num_add_u64(value, text.data[at] - (uint64_t)'0', &value))
            return STATUS_OVERFLOW;
    }
    *ret_value = value;
    return STATUS_OK;
}

static enum status root_read(struct slice text, struct hash *ret_root) {
    size_t bytes;
    struct hash root;
    if (text.bytes != base64_encoded_bytes(HASH_BYTES)) return STATUS_BAD_FORMAT;
    if (base64_decode(text, root.bytes, HASH_BYTES, &bytes) != STATUS_OK || bytes != HASH_BYTES)
        return STATUS_BAD_FORMAT;
    *ret_root = root;
    return STATUS_OK;
}

static bool has_empty_line(struct slice lines) {
    for (size_t at = 0; at < lines.bytes; at++) {
        if (lines.data[at] == '\n' && (at == 0 || lines.data[at - 1] == '\n')) return true;
    }
    return false;
}

enum status note_checkpoint_read(struct slice text, struct note_checkpoint *ret_checkpoint) {
    struct note_checkpoint checkpoint;
    struct slice size;
    struct slice root;
    if (!text_valid(text) || has_empty_line(text)) return STATUS_BAD_FORMAT;
    TRY(take_until(&text, '\n', &checkpoint.origin));
    TRY(take_until(&text, '\n', &size));
    TRY(take_until(&text, '\n', &root));
    TRY(decimal_read(size, &checkpoint.size));
    TRY(root_read(root, &checkpoint.root));
    checkpoint.extensions = text;
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}
