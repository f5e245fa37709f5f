/* SHA-256 (FIPS 180-4): every hash of the protocol. The context lives on the caller's stack; nothing is allocated and
 * there is no state outside it. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The state of one hash between begin and end. Its inside is the library's business. */
struct sha256 {
    uint64_t opaque[16];
};

void sha256_begin(struct sha256 *sha256);
/* `data` may be NULL when `bytes` is 0. */
void sha256_add(struct sha256 *sha256, const void *data, size_t bytes);
/* Ends the hash; `sha256` is used up until the next begin. */
void sha256_end(struct sha256 *sha256, struct hash *ret_hash);

/* The hash of one whole slice. */
void sha256_of(struct slice slice, struct hash *ret_hash);

#endif
