/* COSE Receipts of inclusion (RFC 9942, section 5.2). Invariant: receipt_read accepts exactly the bytes that receipt_sign
 * writes, up to the signature. */
#include "verifier/receipt.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"

/* RFC 9052 table 3, RFC 9053 table 2, RFC 9597, RFC 8392 table 1, RFC 9942 sections 8.1 and 8.2. */
enum {
    HEADER_ALGORITHM = 1,
    HEADER_KEY_ID = 4,
    HEADER_CLAIMS = 15,
    HEADER_STRUCTURE = 395,
    HEADER_PROOFS = 396,
    ALGORITHM_EDDSA = -8,
    CLAIM_ISSUER = 1,
    STRUCTURE_RFC9162_SHA256 = 1,
    PROOF_INCLUSION = -1,
};

#define ORIGIN "credimus/"
enum {
    KEY_ID_BYTES = 2,
    ISSUER_BYTES = sizeof ORIGIN - 1 + 2 * HASH_BYTES,
    /* The map 1, algorithm 2, key id 4, claims 1 + 1 + 1, issuer 2 and itself, structure 4. */
    PROTECTED_BYTES = 16 + ISSUER_BYTES,
    /* Array 1, context 11, heads 2 + 1 + 2, header and root. */
    SIGNED_BYTES = 17 + PROTECTED_BYTES + HASH_BYTES,
    PATH_BYTES_MAX = 32 + MERKLE_PROOF_MAX * (2 + HASH_BYTES),
};

static void issuer_of(const struct hash *chain, char ret_text[ISSUER_BYTES + 1]) {
    memcpy(ret_text, ORIGIN, sizeof ORIGIN - 1);
    bytes_to_hex(chain->bytes, HASH_BYTES, ret_text + sizeof ORIGIN - 1);
}

/* The content of the protected header; `buffer` holds PROTECTED_BYTES. */
static struct slice protected_header(uint32_t member, const struct hash *chain, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, PROTECTED_BYTES);
    uint8_t key_id[KEY_ID_BYTES] = {(uint8_t)(member >> 8), (uint8_t)member};
    char issuer[ISSUER_BYTES + 1];
    issuer_of(chain, issuer);
    cbor_put_map(&writer, 4);
    cbor_put_uint(&writer, HEADER_ALGORITHM);
    cbor_put_int(&writer, ALGORITHM_EDDSA);
    cbor_put_uint(&writer, HEADER_KEY_ID);
    cbor_put_bytes(&writer, slice_of(key_id, sizeof key_id));
    cbor_put_uint(&writer, HEADER_CLAIMS);
    cbor_put_map(&writer, 1);
    cbor_put_uint(&writer, CLAIM_ISSUER);
    cbor_put_text(&writer, slice_of(issuer, ISSUER_BYTES));
    cbor_put_uint(&writer, HEADER_STRUCTURE);
    cbor_put_uint(&writer, STRUCTURE_RFC9162_SHA256);
    CHECK(writer_status(&writer) == STATUS_OK);
    return writer_slice(&writer);
}

/* The Sig_structure (RFC 9052, section 4.4); `buffer` holds SIGNED_BYTES. */
static struct slice signed_bytes(struct slice header, const struct hash *root, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, SIGNED_BYTES);
    cbor_put_array(&writer, 4);
    cbor_put_text(&writer, slice_of_text("Signature1"));
    cbor_put_bytes(&writer, header);
    cbor_put_bytes(&writer, slice_of(NULL, 0));
    cbor_put_bytes(&writer, slice_of(root->bytes, HASH_BYTES));
    CHECK(writer_status(&writer) == STATUS_OK);
    return writer_slice(&writer);
}

/* [size, index, [hash ...]]; `buffer` holds PATH_BYTES_MAX. */
static struct slice path_of(const struct receipt *receipt, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, PATH_BYTES_MAX);
    cbor_put_array(&writer, 3);
    cbor_put_uint(&writer, receipt->size);
    cbor_put_uint(&writer, receipt->index);
    cbor_put_array(&writer, receipt->proof_count);
    for (uint32_t i = 0; i < receipt->proof_count; i++)
        cbor_put_bytes(&writer, slice_of(receipt->proof[i].bytes, HASH_BYTES));
    CHECK(writer_status(&writer) == STATUS_OK);
    return writer_slice(&writer);
}

void receipt_sign(const struct receipt *receipt, const struct hash *root, const struct hash *chain,
                  const uint8_t secret[SECRET_BYTES], struct writer *ret_bytes) {
    CHECK(receipt->member < MEMBERS_MAX && receipt->index < receipt->size);
    CHECK(receipt->proof_count >= 1 && receipt->proof_count <= MERKLE_PROOF_MAX);
    uint8_t header_buffer[PROTECTED_BYTES];
    uint8_t to_sign[SIGNED_BYTES];
    uint8_t path[PATH_BYTES_MAX];
    uint8_t signature[SIGNATURE_BYTES];
    struct slice header = protected_header(receipt->member, chain, header_buffer);
    ed25519_sign(secret, signed_bytes(header, root, to_sign), signature);
    cbor_put_tag(ret_bytes, CBOR_TAG_COSE_SIGN1);
    cbor_put_array(ret_bytes, 4);
    cbor_put_bytes(ret_bytes, header);
    cbor_put_map(ret_bytes, 1);
    cbor_put_uint(ret_bytes, HEADER_PROOFS);
    cbor_put_map(ret_bytes, 1);
    cbor_put_int(ret_bytes, PROOF_INCLUSION);
    cbor_put_array(ret_bytes, 1);
    cbor_put_bytes(ret_bytes, path_of(receipt, path));
    cbor_put_null(ret_bytes);
    cbor_put_bytes(ret_bytes, slice_of(signature, SIGNATURE_BYTES));
}

static enum status take_exactly(struct reader *reader, int64_t expected) {
    int64_t value;
    TRY(cbor_take_int(reader, &value));
    return value == expected ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status take_map_of_one(struct reader *reader, int64_t key) {
    uint64_t count;
    TRY(cbor_take_map(reader, &count));
    if (count != 1) return STATUS_BAD_VALUE;
    return take_exactly(reader, key);
}

/* Only the member's number can differ between two headers of one chain, so what is read is compared with what would be
 * written. */
static enum status header_read_member(struct slice header, const struct hash *chain, uint32_t *ret_member) {
    enum { KEY_ID_AT = 5 }; /* map, 1, -8, 4, head of the key id */
    uint8_t expected[PROTECTED_BYTES];
    if (header.bytes != PROTECTED_BYTES) return STATUS_BAD_VALUE;
    uint32_t member = (uint32_t)header.data[KEY_ID_AT] << 8 | header.data[KEY_ID_AT + 1];
    if (member >= MEMBERS_MAX) return STATUS_UNKNOWN_MEMBER;
    if (slice_equal(header, protected_header(member, chain, expected))) {
        *ret_member = member;
        return STATUS_OK;
    }
    enum { ISSUER_AT = PROTECTED_BYTES - 4 - ISSUER_BYTES };
    bool same = memcmp(header.data, expected, ISSUER_AT + sizeof ORIGIN - 1) == 0;
    return same ? STATUS_WRONG_CHAIN : STATUS_BAD_VALUE;
}

static enum status path_read(struct slice path, struct receipt *ret_receipt) {
    struct reader reader = reader_of(path);
    uint64_t count;
    TRY(cbor_take_array_exactly(&reader, 3));
    TRY(cbor_take_uint(&reader, &ret_receipt->size));
    TRY(cbor_take_uint(&reader, &ret_receipt->index));
    TRY(cbor_take_array(&reader, &count));
    if (ret_receipt->index >= ret_receipt->size || count == 0) return STATUS_BAD_VALUE;
    if (count > MERKLE_PROOF_MAX) return STATUS_TOO_MANY;
    ret_receipt->proof_count = (uint32_t)count;
    for (uint32_t i = 0; i < ret_receipt->proof_count; i++) TRY(cbor_take_hash(&reader, &ret_receipt->proof[i]));
    return reader_end(&reader);
}

static enum status parts_read(struct slice bytes, struct slice *ret_header, struct slice *ret_path,
                              struct slice *ret_signature) {
    struct reader reader = reader_of(bytes);
    if (bytes.bytes > RECEIPT_BYTES_MAX) return STATUS_TOO_LARGE;
    TRY(cbor_take_tag(&reader, CBOR_TAG_COSE_SIGN1));
    TRY(cbor_take_array_exactly(&reader, 4));
    TRY(cbor_take_bytes(&reader, ret_header));
    TRY(take_map_of_one(&reader, HEADER_PROOFS));
    TRY(take_map_of_one(&reader, PROOF_INCLUSION));
    TRY(cbor_take_array_exactly(&reader, 1));
    TRY(cbor_take_bytes(&reader, ret_path));
    TRY(cbor_take_null(&reader));
    TRY(cbor_take_bytes(&reader, ret_signature));
    if (ret_signature->bytes != SIGNATURE_BYTES) return STATUS_BAD_VALUE;
    return reader_end(&reader);
}

enum status receipt_read(struct slice bytes, const struct hash *chain, struct receipt *ret_receipt,
                         const uint8_t **ret_signature) {
    struct slice header;
    struct slice path;
    struct slice signature;
    struct receipt receipt;
    TRY(parts_read(bytes, &header, &path, &signature));
    TRY(header_read_member(header, chain, &receipt.member));
    TRY(path_read(path, &receipt));
    *ret_receipt = receipt;
    *ret_signature = signature.data;
    return STATUS_OK;
}

/* RFC 9162, section 2.1.3.2, the other way round: instead of comparing with a root, it gives the one that follows. */
static enum status root_of(const struct receipt *receipt, const struct hash *leaf, struct hash *ret_root) {
    uint64_t index = receipt->index;
    uint64_t last = receipt->size - 1;
    struct hash root = *leaf;
    for (uint32_t i = 0; i < receipt->proof_count; i++) {
        if (last == 0) return STATUS_BAD_PROOF;
        if (index % 2 == 1 || index == last) {
            merkle_node(&receipt->proof[i], &root, &root);
            while (index % 2 == 0 && index != 0) {
                index /= 2;
                last /= 2;
            }
        } else {
            merkle_node(&root, &receipt->proof[i], &root);
        }
        index /= 2;
        last /= 2;
    }
    if (last != 0) return STATUS_BAD_PROOF;
    *ret_root = root;
    return STATUS_OK;
}

enum status receipt_verify(struct slice bytes, struct slice entry, const struct hash *chain,
                           const uint8_t key[KEY_BYTES], struct receipt *ret_receipt) {
    uint8_t header[PROTECTED_BYTES];
    uint8_t to_sign[SIGNED_BYTES];
    const uint8_t *signature;
    struct hash root;
    TRY(receipt_read(bytes, chain, ret_receipt, &signature));
    merkle_leaf(entry, &root);
    TRY(root_of(ret_receipt, &root, &root));
    struct slice message = signed_bytes(protected_header(ret_receipt->member, chain, header), &root, to_sign);
    return ed25519_verify(key, message, signature);
}
