/* These functions of libsodium need no sodium_init: they draw no randomness and have one portable implementation. */
#include "crypto/ed25519.h"

#include <sodium.h>

#include "base/check.h"

_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == KEY_BYTES, "a key is one public key of the library");
_Static_assert(crypto_sign_ed25519_SECRETKEYBYTES == SECRET_BYTES, "a secret is one secret key of the library");
_Static_assert(crypto_sign_ed25519_BYTES == SIGNATURE_BYTES, "a signature is one of the library");
_Static_assert(crypto_sign_ed25519_SEEDBYTES == ED25519_SEED_BYTES, "a seed is one of the library");

/* The library wants a pointer even for the empty message. */
static const uint8_t *data_of(struct slice message) {
    static const uint8_t nothing[1];
    return message.bytes > 0 ? message.data : nothing;
}

enum status ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                           const uint8_t signature[SIGNATURE_BYTES]) {
    int verdict = crypto_sign_ed25519_verify_detached(signature, data_of(message), message.bytes, key);
    return verdict == 0 ? STATUS_OK : STATUS_BAD_SIGNATURE;
}

void ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message, uint8_t ret_signature[SIGNATURE_BYTES]) {
    CHECK(crypto_sign_ed25519_detached(ret_signature, NULL, data_of(message), message.bytes, secret) == 0);
}

void ed25519_from_seed(const uint8_t seed[ED25519_SEED_BYTES], uint8_t ret_secret[SECRET_BYTES],
                       uint8_t ret_key[KEY_BYTES]) {
    CHECK(crypto_sign_ed25519_seed_keypair(ret_key, ret_secret, seed) == 0);
}

enum status ed25519_key_check(const uint8_t key[KEY_BYTES]) {
    return crypto_core_ed25519_is_valid_point(key) == 1 ? STATUS_OK : STATUS_BAD_KEY;
}
