/* Fuzz target: a snapshot file whose form is accepted is written again byte for byte. */
#include "fuzz_wire.h"
#include "wire/snapshot_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct snapshot_file file;
    if (snapshot_file_read(input, bytes, &file) != STATUS_OK) return 0;
    require(file.snapshot_at + file.snapshot_bytes == bytes);
    struct writer writer = writer_for(bytes);
    snapshot_file_put(&writer, file.certificate, file.snapshot_bytes);
    require(writer.bytes == file.snapshot_at);
    writer_put(&writer, data + file.snapshot_at, file.snapshot_bytes);
    require_same(&writer, input);
    return 0;
}
