/* Ed25519 (RFC 8032) over libsodium: the signatures of votes, batches, checkpoints and evidence.
 *
 * Verification is strict and cofactorless: S must be below the group order, the public key must be canonical, and
 * neither the key nor R may be of small order. So every member gives the same verdict on the same bytes, and nobody
 * can turn one valid signature into another. Keys and randomness come from the caller; nothing here draws any. */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum { ED25519_SEED_BYTES = 32 };

/* STATUS_BAD_SIGNATURE unless `signature` over `message` verifies under `key`. */
enum status ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                           const uint8_t signature[SIGNATURE_BYTES]) MUST_USE;

/* Deterministic: one secret and one message give one signature. */
void ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message, uint8_t ret_signature[SIGNATURE_BYTES]);

/* The key pair of RFC 8032, section 5.1.5. The secret is the seed followed by the public key. */
void ed25519_from_seed(const uint8_t seed[ED25519_SEED_BYTES], uint8_t ret_secret[SECRET_BYTES],
                       uint8_t ret_key[KEY_BYTES]);

/* STATUS_BAD_KEY unless `key` is the canonical encoding of a point of the prime-order subgroup other than the neutral
 * element. Checked once when a key enters the member table. */
enum status ed25519_key_check(const uint8_t key[KEY_BYTES]) MUST_USE;

#endif
