/* Fuzz target: a handover whose form is accepted is written again byte for byte, and so is a file of them that leads
 * anywhere; from the genesis of the vectors (tests/vectors/formats), of which the seeds are. */
#include "fuzz_wire.h"
#include "handover_genesis.h"
#include "wire/handover_file.h"

static void take_one(struct slice input) {
    struct handover handover;
    if (handover_read(input, &handover) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    handover_put(&writer, &handover);
    require_same(&writer, input);
}

static void take_file(struct slice input) {
    static uint8_t scratch[HANDOVER_BYTES_MAX];
    static struct genesis genesis;
    static struct roster roster;
    struct hash chain;
    uint64_t lines;
    enum status read = genesis_read(slice_of(handover_genesis, sizeof handover_genesis), &genesis);
    require(read == STATUS_OK);
    genesis_chain(&genesis, &chain);
    roster_of(&genesis, &roster);
    enum status status = handover_file_follow(input, &chain, scratch, &roster, &lines);
    if (status == STATUS_OK) require(roster.epoch == lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    take_one(input);
    take_file(input);
    return 0;
}
