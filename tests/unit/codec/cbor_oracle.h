/* An oracle for codec/cbor.h that shares nothing with it: it decodes leniently, encodes again in the plainest way,
 * and compares. */
#ifndef TESTS_UNIT_CODEC_CBOR_ORACLE_H
#define TESTS_UNIT_CODEC_CBOR_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when `data` is one item of our subset of CBOR, with nothing after it, in its deterministic encoding. */
bool cbor_oracle_canonical(const uint8_t *data, size_t bytes);

#endif
