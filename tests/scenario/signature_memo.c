/* A memory of signatures, put in front of crypto/ed25519.h by the linker (--wrap) in the simulator's own binary and nowhere else.
 *
 * A simulated vote is signed by one member and verified by all the others, in one process: that is the same question n - 1 times, and
 * nearly all of the time that a simulated second needs. An answer is kept under the SHA-256 of key, message and signature, so it is the
 * answer that the real code gave, and a run comes out bit for bit as in `credimus sim`, which has no such memory. */
#include <stdbool.h>

#include "crypto/ed25519.h"
#include "crypto/sha256.h"

enum { SLOTS = 1 << 16 };

struct slot {
    struct hash question;
    enum status answer;
};

static struct slot slots[SLOTS];

/* The linker's --wrap demands these names. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
enum status __real_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]);
enum status __wrap_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]);
void __real_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]);
void __wrap_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]);
/* NOLINTEND(bugprone-reserved-identifier) */

static struct slot *slot_of(const uint8_t key[KEY_BYTES], struct slice message,
                            const uint8_t signature[SIGNATURE_BYTES], struct hash *ret_question) {
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add(&sha, key, KEY_BYTES);
    sha256_add(&sha, signature, SIGNATURE_BYTES);
    sha256_add(&sha, message.data, message.bytes);
    sha256_end(&sha, ret_question);
    return &slots[((uint32_t)ret_question->bytes[0] << 8 | ret_question->bytes[1]) % SLOTS];
}

enum status __wrap_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]) {
    struct hash question;
    struct slot *slot = slot_of(key, message, signature, &question);
    if (hash_equal(&slot->question, &question)) return slot->answer;
    *slot = (struct slot){question, __real_ed25519_verify(key, message, signature)};
    return slot->answer;
}

/* A secret ends in its public key (RFC 8032). What was just signed will be asked about by everybody. */
void __wrap_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]) {
    struct hash question;
    __real_ed25519_sign(secret, message, ret_signature);
    struct slot *slot = slot_of(secret + ED25519_SEED_BYTES, message, ret_signature, &question);
    *slot = (struct slot){question, STATUS_OK};
}
