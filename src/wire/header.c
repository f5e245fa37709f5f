/* Batch headers: encode, sign, decode, verify (docs/protocol.md 2).
 *
 * The payload goes into a COSE_Sign1; its Sig_structure under the chain id is what is signed and what is hashed.
 * Invariant: header_read accepts exactly the bytes that header_sign writes, up to the signature, so one header has
 * one hash. */
#include "wire/header.h"

#include "base/canary.h"
#include "base/check.h"
#include "codec/cbor.h"
#include "codec/cose.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "wire/field.h"

enum {
    HEADER_VERSION = 1,
    HEADER_FIELDS = 9,
    PAYLOAD_BYTES_MAX = HEADER_BYTES_MAX - COSE_SIGN1_OVERHEAD_BYTES,
    SIGNED_BYTES_MAX = PAYLOAD_BYTES_MAX + COSE_TO_BE_SIGNED_OVERHEAD_BYTES + HASH_BYTES,
};

/* Array and version 2, member 3, seq and wall_us 18, prev and root 68, head of the deps 3, count and bytes 10; a dep:
 * array 1, member 3, seq 9, hash 34. */
_Static_assert(104 + MEMBERS_MAX * 47 <= PAYLOAD_BYTES_MAX, "any valid header fits HEADER_BYTES_MAX");
_Static_assert(MEMBERS_MAX - 1 <= COSE_MEMBER_MAX, "a member number fits a key id");

static bool deps_valid(const struct header *header) {
    if (!field_tips_valid(header->deps, header->deps_count)) return false;
    for (uint32_t i = 0; i < header->deps_count; i++) {
        if (header->deps[i].member == header->member) return false;
    }
    return true;
}

/* Zeros where nothing comes before: at seq 1, and where a lane begins in a later epoch at a place that nobody used
 * before (docs/protocol.md 8). */
static bool prev_valid(const struct header *header) {
    if (!hash_is_zero(&header->prev)) return header->seq != 1;
    return seq_is_first(header->seq);
}

enum status header_valid(const struct header *header) {
    if (header->member >= MEMBERS_MAX || header->seq == 0) return STATUS_BAD_VALUE;
    if (!prev_valid(header)) return STATUS_BAD_VALUE;
    if (!deps_valid(header)) return STATUS_BAD_VALUE;
    if (header->count > BATCH_ITEMS_MAX) return STATUS_TOO_MANY;
    if (header->bytes > BATCH_BYTES_MAX) return STATUS_TOO_LARGE;
    return header->bytes >= 1 ? STATUS_OK : STATUS_BAD_VALUE;
}

static void payload_put(struct writer *writer, const struct header *header) {
    cbor_put_array(writer, HEADER_FIELDS);
    cbor_put_uint(writer, HEADER_VERSION);
    cbor_put_uint(writer, header->member);
    cbor_put_uint(writer, header->seq);
    cbor_put_uint(writer, header->wall_us);
    cbor_put_bytes(writer, slice_of(header->prev.bytes, HASH_BYTES));
    field_put_tips(writer, header->deps, header->deps_count);
    cbor_put_bytes(writer, slice_of(header->root.bytes, HASH_BYTES));
    cbor_put_uint(writer, header->count);
    cbor_put_uint(writer, header->bytes);
}

static enum status payload_read(struct slice payload, struct header *ret_header) {
    struct reader reader = reader_of(payload);
    uint64_t version;
    TRY(cbor_take_array_exactly(&reader, HEADER_FIELDS));
    TRY(cbor_take_uint(&reader, &version));
    if (version != HEADER_VERSION) return STATUS_VERSION;
    TRY(field_take_u32(&reader, MEMBERS_MAX - 1, &ret_header->member));
    TRY(cbor_take_uint(&reader, &ret_header->seq));
    TRY(cbor_take_uint(&reader, &ret_header->wall_us));
    TRY(cbor_take_hash(&reader, &ret_header->prev));
    TRY(field_take_tips(&reader, ret_header->deps, &ret_header->deps_count));
    TRY(cbor_take_hash(&reader, &ret_header->root));
    TRY(field_take_u32(&reader, UINT32_MAX, &ret_header->count));
    TRY(field_take_u32(&reader, UINT32_MAX, &ret_header->bytes));
    TRY(reader_end(&reader));
    return header_valid(ret_header);
}

/* A canary: the payload with zeros for the root, written to `buffer`, which holds PAYLOAD_BYTES_MAX. */
static struct slice without_root(struct slice payload, uint8_t *buffer) {
    struct header header;
    if (payload_read(payload, &header) != STATUS_OK) return payload;
    header.root = (struct hash){0};
    struct writer writer = writer_of(buffer, PAYLOAD_BYTES_MAX);
    payload_put(&writer, &header);
    return writer_slice(&writer);
}

/* The bytes that are signed and hashed. `buffer` holds SIGNED_BYTES_MAX. */
static struct slice signed_bytes(uint32_t member, struct slice payload, const struct hash *chain, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, SIGNED_BYTES_MAX);
    uint8_t changed[PAYLOAD_BYTES_MAX];
    if (CANARY(BATCH_DIGEST_NOT_SIGNED)) payload = without_root(payload, changed);
    cose_sign1_put_to_be_signed(&writer, member, payload, slice_of(chain->bytes, HASH_BYTES));
    CHECK(!writer.overflowed);
    return writer_slice(&writer);
}

/* Reads the form: the COSE_Sign1, its payload, and that both name the same member. `ret_header` is scratch when it
 * fails. */
static enum status form_read(struct slice bytes, struct cose_sign1 *ret_object, struct header *ret_header) {
    if (bytes.bytes > HEADER_BYTES_MAX) return STATUS_TOO_LARGE;
    TRY(cose_sign1_read(bytes, ret_object));
    if (ret_object->payload.bytes > PAYLOAD_BYTES_MAX) return STATUS_TOO_LARGE;
    TRY(payload_read(ret_object->payload, ret_header));
    return ret_object->member == ret_header->member ? STATUS_OK : STATUS_BAD_VALUE;
}

void header_sign(const struct header *header, const struct hash *chain, const uint8_t secret[SECRET_BYTES],
                 struct writer *ret_bytes, struct hash *ret_hash) {
    CHECK(header_valid(header) == STATUS_OK);
    uint8_t payload[PAYLOAD_BYTES_MAX];
    uint8_t buffer[SIGNED_BYTES_MAX];
    uint8_t signature[SIGNATURE_BYTES];
    struct writer writer = writer_of(payload, sizeof payload);
    payload_put(&writer, header);
    CHECK(!writer.overflowed);
    struct slice to_sign = signed_bytes(header->member, writer_slice(&writer), chain, buffer);
    ed25519_sign(secret, to_sign, signature);
    cose_sign1_put(ret_bytes, header->member, writer_slice(&writer), signature);
    sha256_of(to_sign, ret_hash);
}

enum status header_read(struct slice bytes, const struct hash *chain, struct header *ret_header,
                        struct hash *ret_hash) {
    struct cose_sign1 object;
    struct header header;
    uint8_t buffer[SIGNED_BYTES_MAX];
    TRY(form_read(bytes, &object, &header));
    sha256_of(signed_bytes(object.member, object.payload, chain, buffer), ret_hash);
    memcpy(ret_header, &header, header_used_bytes(&header));
    return STATUS_OK;
}

enum status header_verify(struct slice bytes, const struct hash *chain, const uint8_t key[KEY_BYTES]) {
    struct cose_sign1 object;
    struct header header;
    uint8_t buffer[SIGNED_BYTES_MAX];
    TRY(form_read(bytes, &object, &header));
    return ed25519_verify(key, signed_bytes(object.member, object.payload, chain, buffer), object.signature);
}
