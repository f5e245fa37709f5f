/* Checkpoint: what every member signs after executing a height (docs/protocol.md 5), a C2SP tlog-checkpoint:
 *     credimus/<first 16 hex characters of the chain id>
 *     <tree size>
 *     <root, base64>
 *     height <h>
 *     epoch <e>
 *     threshold <numerator>/<denominator>
 * each line ending in a newline. The signature is Ed25519 over exactly that text (signature type 0x01). */
#ifndef WIRE_CHECKPOINT_H
#define WIRE_CHECKPOINT_H

#include "wire/genesis.h"

struct roster;

struct checkpoint {
    uint64_t size; /* leaves of the log */
    struct hash root;
    uint64_t height;
    uint64_t epoch;
    struct threshold threshold; /* in force in the state at height */
};

#define CHECKPOINT_TEXT_BYTES_MAX 256

/* Whether both say the same, thresholds by value. */
bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b);

/* Height, size, root, epoch and threshold in CBOR, six values without the head of an array around them: how frames and
 * handovers carry a checkpoint. */
void checkpoint_fields_put(struct writer *writer, const struct checkpoint *checkpoint);
enum status checkpoint_fields_take(struct reader *reader, struct checkpoint *ret_checkpoint) MUST_USE;

void checkpoint_put(struct writer *writer, const struct checkpoint *checkpoint, const struct hash *chain);
/* Strict: re-encoding gives the same text. STATUS_WRONG_CHAIN, STATUS_BAD_FORMAT. */
enum status checkpoint_read(struct slice text, const struct hash *chain, struct checkpoint *ret_checkpoint) MUST_USE;
void checkpoint_sign(const struct checkpoint *checkpoint, const struct hash *chain,
                     const uint8_t secret[SECRET_BYTES], uint8_t ret_signature[SIGNATURE_BYTES]);
enum status checkpoint_verify(const struct checkpoint *checkpoint, const struct hash *chain,
                              const uint8_t key[KEY_BYTES], const uint8_t signature[SIGNATURE_BYTES]) MUST_USE;

/* A signed note: the text and one line per signer, in member order. signatures[i] belongs to member signers[i]. */
struct checkpoint_signature {
    uint32_t member;
    uint8_t signature[SIGNATURE_BYTES];
};
void checkpoint_note_put(struct writer *writer, const struct checkpoint *checkpoint, const struct hash *chain,
                         const struct roster *roster, const struct checkpoint_signature *signatures, uint32_t count);
/* Reads the note: text, and the signature lines of members of the roster (name and key id must both match). Lines of
 * unknown signers are ignored as signed-note demands; a line whose signature does not verify is refused, so is a
 * member who signs twice (STATUS_DUPLICATE). `ret_signatures` has room for MEMBERS_MAX and is scratch when it fails.
 */
enum status checkpoint_note_read(struct slice note, const struct hash *chain, const struct roster *roster,
                                 struct checkpoint *ret_checkpoint, struct checkpoint_signature *ret_signatures,
                                 uint32_t *ret_count) MUST_USE;

#endif
