/* Fuzz target: sightings of MISP. What is taken is in bounds and can be weighed; what is refused says where and why. */
#include "fuzz_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) { return fuzz_reader(data, bytes, exchange_read_misp); }
