/* Fuzz target: a COSE_Sign1 that is accepted is canonical CBOR and is written again byte for byte from its parts. */
#include <stdlib.h>

#include "codec/cbor.h"
#include "codec/cose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool condition) {
    if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct cose_sign1 object;
    if (cose_sign1_read(slice_of(data, bytes), &object) != STATUS_OK) return 0;
    require(cbor_check(slice_of(data, bytes)) == STATUS_OK);
    require(bytes <= object.payload.bytes + COSE_SIGN1_OVERHEAD_BYTES);
    size_t capacity = object.payload.bytes + COSE_SIGN1_OVERHEAD_BYTES;
    uint8_t *again = malloc(capacity);
    if (again == NULL) abort();
    struct writer writer = writer_of(again, capacity);
    cose_sign1_put(&writer, object.member, object.payload, object.signature);
    require(writer_status(&writer) == STATUS_OK);
    require(slice_equal(writer_slice(&writer), slice_of(data, bytes)));
    writer = writer_of(again, capacity);
    cose_sign1_put_to_be_signed(&writer, object.member, object.payload, slice_of("chain", 5));
    require(writer_status(&writer) == STATUS_OK && cbor_check(writer_slice(&writer)) == STATUS_OK);
    free(again);
    return 0;
}
