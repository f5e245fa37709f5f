/* Fuzz target: the input as the body of a batch. A body that is checked is walked item by item to its end, every
 * item is valid, and all of it is written again byte for byte. */
#include "codec/cbor.h"
#include "fuzz_wire.h"
#include "wire/item.h"

static void write_items_again(struct slice input, uint32_t count) {
    struct item_cursor cursor;
    struct item item;
    struct slice own;
    struct writer writer = writer_for(input.bytes);
    require(items_open(input, count, &cursor) == STATUS_OK);
    cbor_put_array(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        require(items_next(&cursor, &item, &own) == STATUS_OK && item_valid(&item) == STATUS_OK);
        item_put(&writer, &item);
    }
    require(items_next(&cursor, &item, &own) == STATUS_NOT_FOUND);
    require_same(&writer, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct reader reader = reader_of(input);
    struct hash root;
    uint64_t count;
    if (cbor_take_array(&reader, &count) != STATUS_OK || count > BATCH_ITEMS_MAX) return 0;
    if (items_check(input, (uint32_t)count, &root) == STATUS_OK) write_items_again(input, (uint32_t)count);
    return 0;
}
