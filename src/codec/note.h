/* Signed notes (c2sp.org/signed-note) and the text of checkpoints in them (c2sp.org/tlog-checkpoint): the form in
 * which checkpoints and certificates leave the cluster.
 *
 *     text            one or more lines; what is signed, up to and including its last newline
 *     (blank line)
 *     — name base64(key id || signature)         one line for each signer
 *
 * This file builds and takes apart bytes only; hashing key ids and verifying signatures is the caller's.
 *
 * Invariant: the text that note_read hands out is exactly the bytes that were signed, and every line after it is one
 * Ed25519 signature; nothing in the note is left unread. */
#ifndef CODEC_NOTE_H
#define CODEC_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"

enum {
    NOTE_KEY_ID_BYTES = 4,
    NOTE_ED25519 = 0x01, /* the signature type, part of what the key id is a hash of */
    /* One signature line at most: dash and space 4, name, space, base64 of 68 bytes, newline. */
    NOTE_SIGNATURE_LINE_BYTES_MAX = 4 + MEMBER_NAME_BYTES_MAX + 1 + 92 + 1,
    /* What note_key_id_input writes at most. */
    NOTE_KEY_ID_INPUT_BYTES_MAX = MEMBER_NAME_BYTES_MAX + 2 + KEY_BYTES,
    /* A checkpoint's text beside its origin: three newlines, 20 digits, the base64 of a hash. */
    NOTE_CHECKPOINT_OVERHEAD_BYTES = 3 + 20 + 44,
};

struct note_signature {
    struct slice name; /* borrowed from the note */
    uint8_t key_id[NOTE_KEY_ID_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Both are borrowed from what was read. */
struct note {
    struct slice text;       /* what is signed */
    struct slice signatures; /* the lines, for note_next_signature */
};

/* The parts of a checkpoint's text, borrowed from it. */
struct note_checkpoint {
    struct slice origin;
    uint64_t size; /* leaves of the tree */
    struct hash root;
    struct slice extensions; /* the lines that follow, each with its newline; mostly none */
};

/* True for a name that may stand in a signature line: 1 .. MEMBER_NAME_BYTES_MAX bytes of UTF-8 without spaces of any
 * kind (Unicode's White_Space), control characters below U+0020, or '+'. */
bool note_name_valid(struct slice name);

/* Writes the text, which ends in a newline, and the blank line after it: what signature lines are put after. */
void note_put_text(struct writer *writer, struct slice text);
/* Writes one signature line; `name` is valid. */
void note_put_signature(struct writer *writer, struct slice name, const uint8_t key_id[NOTE_KEY_ID_BYTES],
                        const uint8_t signature[SIGNATURE_BYTES]);
/* Writes name || 0x0A || 0x01 || key: the first four bytes of its SHA-256 are the key id. */
void note_key_id_input(struct writer *writer, struct slice name, const uint8_t key[KEY_BYTES]);

/* Splits a whole note at its last blank line. STATUS_BAD_FORMAT when it is not UTF-8, has control characters other
 * than newline, has no text, no blank line or no signature, or a signature line is not one that note_put_signature
 * writes. Signatures are not verified. */
enum status note_read(struct slice data, struct note *ret_note) MUST_USE;
/* Takes the next line off `rest`, which starts as note.signatures. STATUS_NOT_FOUND at the end; STATUS_BAD_FORMAT is
 * not possible for the lines of a note that note_read accepted. */
enum status note_next_signature(struct slice *rest, struct note_signature *ret_signature) MUST_USE;

/* Writes the three lines of a checkpoint. `origin` is one line that is not empty. */
void note_checkpoint_put(struct writer *writer, struct slice origin, uint64_t size, const struct hash *root);
/* Reads the text of a note as a checkpoint. STATUS_BAD_FORMAT when a line is missing or empty, the size is not plain
 * decimal without leading zeros, or the root is not the base64 of a hash; STATUS_OVERFLOW for a size above 64 bits.
 */
enum status note_checkpoint_read(struct slice text, struct note_checkpoint *ret_checkpoint) MUST_USE;

#endif
