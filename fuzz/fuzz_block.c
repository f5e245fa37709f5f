/* Fuzz target: a block that is accepted is written again byte for byte. */
#include "fuzz_wire.h"
#include "wire/block.h"

/* Most mutations leave the chain alone; the others are refused at once. */
static const struct hash chain = {{7}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct block block;
    struct hash hash;
    if (block_read(input, &chain, &block, &hash) != STATUS_OK) return 0;
    struct writer writer = writer_for(input.bytes);
    block_put(&writer, &block, &chain);
    require_same(&writer, input);
    return 0;
}
