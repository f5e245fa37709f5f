/* Blocks: encode and decode (docs/protocol.md 3, 4). Invariant: a block has one encoding, hence one hash. */
#include "wire/block.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/sha256.h"
#include "wire/field.h"

enum { BLOCK_VERSION = 1, BLOCK_FIELDS = 8 };

/* Range rules that need no other block. The parent's hash is never zero: before the first block it is the chain id.
 */
static enum status block_valid(const struct block *block) {
    if (block->view == 0 || block->height == 0) return STATUS_BAD_VALUE;
    if (!field_tips_valid(block->entries, block->entries_count)) return STATUS_BAD_VALUE;
    if (block->proofs_count > BLOCK_PROOFS_MAX) return STATUS_TOO_MANY;
    for (uint32_t i = 0; i < block->proofs_count; i++) {
        if (block->proofs[i].bytes == 0) return STATUS_BAD_VALUE;
        if (block->proofs[i].bytes > PROOF_BYTES_MAX) return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

void block_put(struct writer *writer, const struct block *block, const struct hash *chain) {
    CHECK(block_valid(block) == STATUS_OK);
    cbor_put_array(writer, BLOCK_FIELDS);
    cbor_put_uint(writer, BLOCK_VERSION);
    cbor_put_bytes(writer, slice_of(chain->bytes, HASH_BYTES));
    cbor_put_uint(writer, block->epoch);
    cbor_put_uint(writer, block->view);
    cbor_put_uint(writer, block->height);
    cbor_put_bytes(writer, slice_of(block->parent.bytes, HASH_BYTES));
    field_put_tips(writer, block->entries, block->entries_count);
    cbor_put_array(writer, block->proofs_count);
    for (uint32_t i = 0; i < block->proofs_count; i++) cbor_put_bytes(writer, block->proofs[i]);
}

static enum status prefix_take(struct reader *reader, const struct hash *chain) {
    uint64_t version;
    struct hash of;
    TRY(cbor_take_array_exactly(reader, BLOCK_FIELDS));
    TRY(cbor_take_uint(reader, &version));
    if (version != BLOCK_VERSION) return STATUS_VERSION;
    TRY(cbor_take_hash(reader, &of));
    return hash_equal(&of, chain) ? STATUS_OK : STATUS_WRONG_CHAIN;
}

static enum status proofs_take(struct reader *reader, struct block *ret_block) {
    TRY(field_take_count(reader, BLOCK_PROOFS_MAX, &ret_block->proofs_count));
    for (uint32_t i = 0; i < ret_block->proofs_count; i++)
        TRY(field_take_blob(reader, PROOF_BYTES_MAX, &ret_block->proofs[i]));
    return STATUS_OK;
}

enum status block_read(struct slice bytes, const struct hash *chain, struct block *ret_block, struct hash *ret_hash) {
    if (bytes.bytes > BLOCK_BYTES_ENCODED_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    struct block block;
    TRY(prefix_take(&reader, chain));
    TRY(cbor_take_uint(&reader, &block.epoch));
    TRY(cbor_take_uint(&reader, &block.view));
    TRY(cbor_take_uint(&reader, &block.height));
    TRY(cbor_take_hash(&reader, &block.parent));
    TRY(field_take_tips(&reader, block.entries, &block.entries_count));
    TRY(proofs_take(&reader, &block));
    TRY(reader_end(&reader));
    TRY(block_valid(&block));
    sha256_of(bytes, ret_hash);
    memcpy(ret_block, &block, offsetof(struct block, entries) + block.entries_count * sizeof block.entries[0]);
    return STATUS_OK;
}
