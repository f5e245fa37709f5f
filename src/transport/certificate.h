/* Certificate: the envelope that carries a member's identity key into TLS: X.509 version 3, self-signed with Ed25519
 * (RFC 8410), the same for the same key. Its names and dates are constants, for nobody reads them. */
#ifndef TRANSPORT_CERTIFICATE_H
#define TRANSPORT_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"

/* The private key of a secret (seed || public key), or NULL when OpenSSL refuses. Freed, and wiped, by EVP_PKEY_free.
 */
EVP_PKEY *certificate_key(const uint8_t secret[SECRET_BYTES]);

/* NULL when OpenSSL refuses. Freed by X509_free. */
X509 *certificate_make(EVP_PKEY *key);

/* The raw public key of `key`: BAD_KEY unless it is an Ed25519 key. */
enum status certificate_raw_key(const EVP_PKEY *key, uint8_t ret_key[KEY_BYTES]) MUST_USE;

#endif
