#include "crypto/secret.h"

#include <sodium.h>

bool crypto_equal(const void *a, const void *b, size_t bytes) {
    return bytes == 0 || sodium_memcmp(a, b, bytes) == 0;
}

void crypto_wipe(void *data, size_t bytes) {
    if (bytes > 0) sodium_memzero(data, bytes);
}
