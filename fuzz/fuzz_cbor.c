/* Fuzz target: the canonical CBOR reader accepts exactly what the oracle would itself have written, and whatever a
 * take leaves behind is still inside the input. */
#include <stdlib.h>

#include "codec/cbor.h"

#include "../tests/unit/codec/cbor_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool condition) {
    if (!condition) abort();
}

/* A refused take leaves the reader where it was; an accepted one gives the same bytes when it is put again. */
static void take_and_put_again(struct slice input) {
    struct reader reader = reader_of(input);
    uint8_t head[CBOR_HEAD_BYTES_MAX];
    struct writer writer = writer_of(head, sizeof head);
    uint64_t number;
    int64_t integer;
    if (cbor_take_uint(&reader, &number) == STATUS_OK) {
        cbor_put_uint(&writer, number);
    } else if (cbor_take_int(&reader, &integer) == STATUS_OK) {
        cbor_put_int(&writer, integer);
    } else if (cbor_take_array(&reader, &number) == STATUS_OK) {
        cbor_put_array(&writer, number);
    } else if (cbor_take_map(&reader, &number) == STATUS_OK) {
        cbor_put_map(&writer, number);
    } else {
        require(reader.data == input.data && reader.bytes == input.bytes);
        return;
    }
    require(writer_status(&writer) == STATUS_OK);
    require(reader.data == input.data + writer.bytes && reader.bytes == input.bytes - writer.bytes);
    require(memcmp(head, input.data, writer.bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct reader reader = reader_of(input);
    struct slice item = slice_of(NULL, 0);
    require((cbor_check(input) == STATUS_OK) == cbor_oracle_canonical(data, bytes));
    while (cbor_take_raw(&reader, &item) == STATUS_OK) {
        require(item.bytes > 0 && item.data + item.bytes == reader.data);
        require(reader.data + reader.bytes == data + bytes);
        require(cbor_oracle_canonical(item.data, item.bytes));
    }
    take_and_put_again(input);
    return 0;
}
