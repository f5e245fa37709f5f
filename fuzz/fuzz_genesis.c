/* Fuzz target: a genesis, as canonical bytes and as the JSON file that people write. One that is accepted is valid and
 * is written again byte for byte; what a file says comes back from the file that is written of it, with the same chain
 * id. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_wire.h"
#include "node/config.h"

static struct genesis genesis, again;

static void write_bytes_again(struct slice input) {
    if (genesis_read(input, &genesis) != STATUS_OK) return;
    require(genesis_valid(&genesis) == STATUS_OK);
    struct writer writer = writer_for(input.bytes);
    genesis_put(&writer, &genesis);
    require_same(&writer, input);
}

/* A file in memory under a path. */
static int file_of(struct slice bytes, char ret_path[64]) {
    int file = memfd_create("genesis", 0);
    require(file >= 0 && write(file, bytes.data, bytes.bytes) == (ssize_t)bytes.bytes);
    (void)snprintf(ret_path, 64, "/proc/self/fd/%d", file);
    return file;
}

/* genesis_write creates its file, so it gets a fresh name. */
static void write_file_again(void) {
    struct config_detail detail;
    char path[64];
    struct hash chain, chain_again;
    (void)snprintf(path, sizeof path, "/tmp/fuzz-genesis-%d", (int)getpid());
    (void)unlink(path);
    require(genesis_write(path, &genesis, &detail) == STATUS_OK);
    require(genesis_load(path, &again, &detail) == STATUS_OK);
    (void)unlink(path);
    genesis_chain(&genesis, &chain);
    genesis_chain(&again, &chain_again);
    require(hash_equal(&chain, &chain_again));
}

static void load(struct slice input) {
    struct config_detail detail = {""};
    char path[64];
    int file = file_of(input, path);
    enum status status = genesis_load(path, &genesis, &detail);
    (void)close(file);
    require((status == STATUS_OK) == (detail.text[0] == '\0'));
    if (status != STATUS_OK) return;
    require(genesis_valid(&genesis) == STATUS_OK);
    write_file_again();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    write_bytes_again(slice_of(data, bytes));
    load(slice_of(data, bytes));
    return 0;
}
