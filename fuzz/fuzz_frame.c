/* Fuzz target: a frame that is accepted is written again byte for byte, and the contents of a batch can be walked
 * to their end. */
#include "fuzz_wire.h"
#include "wire/frame.h"

static void walk_contents(struct slice encoded) {
    struct frame_contents contents;
    struct slice content;
    uint32_t index;
    enum status status;
    require(frame_contents_open(encoded, &contents) == STATUS_OK);
    while ((status = frame_contents_next(&contents, &index, &content)) == STATUS_OK)
        require(content.bytes <= CONTENT_BYTES_MAX);
    require(status == STATUS_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct frame frame;
    if (frame_read(input, &frame) != STATUS_OK) return 0;
    if (frame.type == FRAME_BATCH) walk_contents(frame.batch.contents);
    struct writer writer = writer_for(input.bytes);
    frame_put(&writer, &frame);
    require_same(&writer, input);
    return 0;
}
