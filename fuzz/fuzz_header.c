/* Fuzz target: a batch header that is accepted is valid, keeps its hash whatever its signature is, and is written
 * again byte for byte up to the signature; a misbehaviour proof that is accepted is written again byte for byte.
 * */
#include "fuzz_wire.h"
#include "wire/header.h"
#include "wire/proof.h"

static const struct hash chain = {{7}};

static void write_header_again(struct slice input) {
    static const uint8_t secret[SECRET_BYTES] = {1};
    struct header header;
    struct hash hash;
    struct hash hash_again;
    if (header_read(input, &chain, &header, &hash) != STATUS_OK) return;
    require(header_valid(&header) == STATUS_OK);
    struct writer writer = writer_for(input.bytes);
    header_sign(&header, &chain, secret, &writer, &hash_again);
    require(hash_equal(&hash, &hash_again) && writer.bytes == input.bytes);
    memcpy(writer.data + writer.bytes - SIGNATURE_BYTES, input.data + input.bytes - SIGNATURE_BYTES, SIGNATURE_BYTES);
    require_same(&writer, input);
}

static void write_proof_again(struct slice input) {
    struct proof proof;
    if (proof_read(input, &chain, &proof) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    proof_put(&writer, proof.kind, proof.b, proof.a);
    require_same(&writer, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    write_header_again(slice_of(data, bytes));
    write_proof_again(slice_of(data, bytes));
    return 0;
}
