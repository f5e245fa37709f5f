/* Fuzz target: a vote or a vote certificate that is accepted is written again byte for byte. */
#include "fuzz_wire.h"
#include "wire/vote.h"

static void write_vote_again(struct slice input) {
    struct reader reader = reader_of(input);
    struct vote vote;
    if (vote_take(&reader, &vote) != STATUS_OK || reader_end(&reader) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    vote_put(&writer, &vote);
    require_same(&writer, input);
    require(!vote_conflicts(&vote, &vote));
}

static void write_certificate_again(struct slice input) {
    struct reader reader = reader_of(input);
    struct vote_certificate certificate;
    if (vote_certificate_take(&reader, &certificate) != STATUS_OK || reader_end(&reader) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    vote_certificate_put(&writer, &certificate);
    require_same(&writer, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    write_vote_again(slice_of(data, bytes));
    write_certificate_again(slice_of(data, bytes));
    return 0;
}
