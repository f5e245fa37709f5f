/* Checkpoints: the text that members sign after executing a height, and the signed note that carries their signatures
 * (docs/protocol.md 5; c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
 *
 * Invariant: the text is a function of chain and checkpoint and the other way round, so whoever verifies a signature
 * has read the very checkpoint that was signed. */
#include "wire/checkpoint.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "codec/note.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "quorum/tally.h"
#include "wire/field.h"
#include "wire/line.h"
#include "wire/roster.h"

#define ORIGIN_PREFIX "credimus/"

enum { ORIGIN_PREFIX_BYTES = sizeof ORIGIN_PREFIX - 1, ORIGIN_CHAIN_BYTES = 8 };

/* "credimus/" and the first 16 hex characters of the chain id. */
struct origin {
    char text[ORIGIN_PREFIX_BYTES + 2 * ORIGIN_CHAIN_BYTES + 1];
};

static struct origin origin_of(const struct hash *chain) {
    struct origin origin;
    memcpy(origin.text, ORIGIN_PREFIX, ORIGIN_PREFIX_BYTES);
    bytes_to_hex(chain->bytes, ORIGIN_CHAIN_BYTES, origin.text + ORIGIN_PREFIX_BYTES);
    return origin;
}

bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b) {
    return a->height == b->height && a->size == b->size && a->epoch == b->epoch && hash_equal(&a->root, &b->root) &&
           threshold_compare(a->threshold, b->threshold) == 0;
}

void checkpoint_fields_put(struct writer *writer, const struct checkpoint *checkpoint) {
    cbor_put_uint(writer, checkpoint->height);
    cbor_put_uint(writer, checkpoint->size);
    field_put_hash(writer, &checkpoint->root);
    cbor_put_uint(writer, checkpoint->epoch);
    field_put_threshold(writer, checkpoint->threshold);
}

enum status checkpoint_fields_take(struct reader *reader, struct checkpoint *ret_checkpoint) {
    TRY(cbor_take_uint(reader, &ret_checkpoint->height));
    TRY(cbor_take_uint(reader, &ret_checkpoint->size));
    TRY(cbor_take_hash(reader, &ret_checkpoint->root));
    TRY(cbor_take_uint(reader, &ret_checkpoint->epoch));
    return field_take_threshold(reader, &ret_checkpoint->threshold);
}

void checkpoint_put(struct writer *writer, const struct checkpoint *checkpoint, const struct hash *chain) {
    CHECK(threshold_check(checkpoint->threshold) == STATUS_OK);
    struct origin origin = origin_of(chain);
    note_checkpoint_put(writer, slice_of_text(origin.text), checkpoint->size, &checkpoint->root);
    line_put_decimal(writer, "height", checkpoint->height);
    line_put_decimal(writer, "epoch", checkpoint->epoch);
    writer_put_text(writer, "threshold ");
    writer_put_decimal(writer, checkpoint->threshold.numerator);
    writer_put_u8(writer, '/');
    writer_put_decimal(writer, checkpoint->threshold.denominator);
    writer_put_u8(writer, '\n');
}

enum status checkpoint_read(struct slice text, const struct hash *chain, struct checkpoint *ret_checkpoint) {
    if (text.bytes > CHECKPOINT_TEXT_BYTES_MAX) return STATUS_TOO_LARGE;
    struct note_checkpoint parts;
    struct checkpoint checkpoint;
    struct slice threshold;
    TRY(note_checkpoint_read(text, &parts));
    struct origin origin = origin_of(chain);
    if (!slice_equal(parts.origin, slice_of_text(origin.text))) return STATUS_WRONG_CHAIN;
    struct slice rest = parts.extensions;
    TRY(line_take_decimal(&rest, "height", &checkpoint.height));
    TRY(line_take_decimal(&rest, "epoch", &checkpoint.epoch));
    TRY(line_take_value(&rest, "threshold", &threshold));
    TRY(threshold_parse(threshold, &checkpoint.threshold));
    if (rest.bytes > 0) return STATUS_TRAILING_BYTES;
    checkpoint.size = parts.size;
    checkpoint.root = parts.root;
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

/* `buffer` holds CHECKPOINT_TEXT_BYTES_MAX. */
static struct slice text_of(const struct checkpoint *checkpoint, const struct hash *chain, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, CHECKPOINT_TEXT_BYTES_MAX);
    checkpoint_put(&writer, checkpoint, chain);
    CHECK(!writer.overflowed);
    return writer_slice(&writer);
}

void checkpoint_sign(const struct checkpoint *checkpoint, const struct hash *chain,
                     const uint8_t secret[SECRET_BYTES], uint8_t ret_signature[SIGNATURE_BYTES]) {
    uint8_t buffer[CHECKPOINT_TEXT_BYTES_MAX];
    ed25519_sign(secret, text_of(checkpoint, chain, buffer), ret_signature);
}

enum status checkpoint_verify(const struct checkpoint *checkpoint, const struct hash *chain,
                              const uint8_t key[KEY_BYTES], const uint8_t signature[SIGNATURE_BYTES]) {
    TRY(threshold_check(checkpoint->threshold));
    uint8_t buffer[CHECKPOINT_TEXT_BYTES_MAX];
    return ed25519_verify(key, text_of(checkpoint, chain, buffer), signature);
}

/* The first four bytes of the SHA-256 of name, newline, signature type and key. */
static void key_id_of(const struct roster *roster, uint32_t member, uint8_t ret_key_id[NOTE_KEY_ID_BYTES]) {
    uint8_t input[NOTE_KEY_ID_INPUT_BYTES_MAX];
    struct writer writer = writer_of(input, sizeof input);
    struct hash hash;
    note_key_id_input(&writer, slice_of_text(roster->names[member]), roster->keys[member]);
    CHECK(!writer.overflowed);
    sha256_of(writer_slice(&writer), &hash);
    memcpy(ret_key_id, hash.bytes, NOTE_KEY_ID_BYTES);
}

void checkpoint_note_put(struct writer *writer, const struct checkpoint *checkpoint, const struct hash *chain,
                         const struct roster *roster, const struct checkpoint_signature *signatures, uint32_t count) {
    uint8_t buffer[CHECKPOINT_TEXT_BYTES_MAX];
    note_put_text(writer, text_of(checkpoint, chain, buffer));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t member = signatures[i].member;
        uint8_t key_id[NOTE_KEY_ID_BYTES];
        CHECK(roster_has(roster, member) && (i == 0 || member > signatures[i - 1].member));
        key_id_of(roster, member, key_id);
        note_put_signature(writer, slice_of_text(roster->names[member]), key_id, signatures[i].signature);
    }
}

/* The member whose name and key id are on the line; `members` when there is none. */
static uint32_t signer_of(const struct roster *roster, const struct note_signature *line) {
    for (uint32_t member = 0; member < roster->members; member++) {
        if (!roster_has(roster, member) || !slice_equal(line->name, slice_of_text(roster->names[member]))) continue;
        uint8_t key_id[NOTE_KEY_ID_BYTES];
        key_id_of(roster, member, key_id);
        return memcmp(key_id, line->key_id, NOTE_KEY_ID_BYTES) == 0 ? member : roster->members;
    }
    return roster->members;
}

static enum status signatures_read(const struct note *note, const struct roster *roster,
                                   struct checkpoint_signature *ret_signatures, uint32_t *ret_count) {
    struct slice rest = note->signatures;
    struct note_signature line;
    struct member_set signers;
    uint32_t count = 0;
    member_set_clear(&signers);
    while (rest.bytes > 0) {
        TRY(note_next_signature(&rest, &line));
        uint32_t member = signer_of(roster, &line);
        if (member == roster->members) continue;
        if (!member_set_add(&signers, member)) return STATUS_DUPLICATE;
        TRY(ed25519_verify(roster->keys[member], note->text, line.signature));
        ret_signatures[count].member = member;
        memcpy(ret_signatures[count].signature, line.signature, SIGNATURE_BYTES);
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}

enum status checkpoint_note_read(struct slice note, const struct hash *chain, const struct roster *roster,
                                 struct checkpoint *ret_checkpoint, struct checkpoint_signature *ret_signatures,
                                 uint32_t *ret_count) {
    struct note parts;
    struct checkpoint checkpoint;
    TRY(note_read(note, &parts));
    TRY(checkpoint_read(parts.text, chain, &checkpoint));
    TRY(signatures_read(&parts, roster, ret_signatures, ret_count));
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}
