/* Fuzz target: what libcredimus reads beside certificates. A genesis.json is judged as members judge it, and comes out the same; a
 * receipt that is accepted is written again byte for byte up to the signature. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "credimus/verify.h"
#include "fuzz_wire.h"
#include "node/config.h"
#include "verifier/receipt.h"

static const struct hash chain = {{7}};

/* genesis_load takes a path: a file in memory has one. */
static enum status member_loads(struct slice input, struct genesis *ret_genesis) {
    struct config_detail detail;
    char path[64];
    int file = memfd_create("genesis", 0);
    require(file >= 0 && write(file, input.data, input.bytes) == (ssize_t)input.bytes);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    enum status status = genesis_load(path, ret_genesis, &detail);
    (void)close(file);
    return status;
}

/* Members read no file above a size that the library leaves to its caller. */
static void compare_genesis(struct slice input) {
    static struct genesis genesis;
    static uint8_t expected[CREDIMUS_GENESIS_SIZE], got[CREDIMUS_GENESIS_SIZE];
    struct writer writer = writer_of(expected, sizeof expected);
    size_t size = 0;
    if (input.bytes > 65536) return;
    int reason = credimus_genesis_read((const char *)input.data, input.bytes, got, sizeof got, &size);
    enum status status = member_loads(input, &genesis);
    require((reason == 0) == (status == STATUS_OK));
    if (reason != 0) return;
    genesis_put(&writer, &genesis);
    require(slice_equal(writer_slice(&writer), slice_of(got, size)));
}

static void write_receipt_again(struct slice input) {
    static const uint8_t secret[SECRET_BYTES] = {1};
    static const struct hash root = {{2}};
    struct receipt receipt;
    const uint8_t *signature;
    if (receipt_read(input, &chain, &receipt, &signature) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    receipt_sign(&receipt, &root, &chain, secret, &writer);
    require(writer.bytes == input.bytes);
    memcpy(writer.data + writer.bytes - SIGNATURE_BYTES, signature, SIGNATURE_BYTES);
    require_same(&writer, input);
    uint8_t key[KEY_BYTES] = {3};
    require(receipt_verify(input, input, &chain, key, &receipt) != STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    compare_genesis(slice_of(data, bytes));
    write_receipt_again(slice_of(data, bytes));
    return 0;
}
