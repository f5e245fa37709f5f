/* The low-level functions of OpenSSL are used, though 3.0 calls them deprecated: they keep all their state in the
 * caller's context, while EVP allocates its context and looks the algorithm up (and is slower for the short messages
 * that Merkle nodes are). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/sha.h>

#include "base/check.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "the context fits the opaque words");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct sha256), "the opaque words are aligned enough");
_Static_assert(SHA256_DIGEST_LENGTH == HASH_BYTES, "a hash is one digest");

static SHA256_CTX *context_of(struct sha256 *sha256) { return (SHA256_CTX *)(void *)sha256->opaque; }

void sha256_begin(struct sha256 *sha256) { CHECK(SHA256_Init(context_of(sha256)) == 1); }

void sha256_add(struct sha256 *sha256, const void *data, size_t bytes) {
    if (bytes == 0) return;
    CHECK(SHA256_Update(context_of(sha256), data, bytes) == 1);
}

void sha256_end(struct sha256 *sha256, struct hash *ret_hash) {
    CHECK(SHA256_Final(ret_hash->bytes, context_of(sha256)) == 1);
}

void sha256_of(struct slice slice, struct hash *ret_hash) {
    struct sha256 sha256;
    sha256_begin(&sha256);
    sha256_add(&sha256, slice.data, slice.bytes);
    sha256_end(&sha256, ret_hash);
}
