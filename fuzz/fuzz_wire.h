/* What the fuzz targets of wire/ share: an input that is accepted must be written again byte for byte. */
#ifndef FUZZ_FUZZ_WIRE_H
#define FUZZ_FUZZ_WIRE_H

#include <stdlib.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static inline void require(bool condition) {
    if (!condition) abort();
}

/* Memory for what is written again: a byte more than the input, so that too much shows as a difference. */
static inline struct writer writer_for(size_t bytes) {
    uint8_t *again = malloc(bytes + 1);
    if (again == NULL) abort();
    return writer_of(again, bytes + 1);
}

/* Compares and frees. */
static inline void require_same(struct writer *writer, struct slice input) {
    require(writer_status(writer) == STATUS_OK && slice_equal(writer_slice(writer), input));
    free(writer->data);
}

#endif
