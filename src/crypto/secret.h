/* Handling of secret bytes: comparison and clearing that tell nothing by their timing. */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Whether two runs of `bytes` bytes are equal, in time that depends on `bytes` only. */
bool crypto_equal(const void *a, const void *b, size_t bytes);

/* Clears `bytes` bytes in a way that the compiler may not leave out. */
void crypto_wipe(void *data, size_t bytes);

#endif
