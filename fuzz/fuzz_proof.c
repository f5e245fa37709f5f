/* Fuzz target: misbehaviour proofs against a fixed set of members. A proof whose form is accepted is written again byte
 * for byte; one that verifies convicts the one member whose key the seeds were signed with, and fits the form. */
#include "../tests/unit/wire/sample.h"
#include "fuzz_wire.h"
#include "wire/proof.h"

enum { MEMBERS = 4, GUILTY = 2 };

static const struct hash chain = {{7}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct genesis genesis;
    struct slice input = slice_of(data, bytes);
    struct proof read, verified;
    if (genesis.members == 0) sample_genesis(MEMBERS, &genesis);
    struct keyring keyring = sample_keyring(&genesis);
    enum status form = proof_read(input, &chain, &read);
    enum status status = proof_verify(input, &chain, &keyring, &verified);
    if (form != STATUS_OK) {
        require(status == form);
        return 0;
    }
    struct writer writer = writer_for(bytes);
    proof_put(&writer, read.kind, read.b, read.a);
    require_same(&writer, input);
    if (status != STATUS_OK) return 0;
    require(verified.kind == read.kind && verified.member == GUILTY && verified.at == read.at);
    return 0;
}
