/* COSE_Sign1 (RFC 9052 sections 4.2 and 4.4). Invariant: cose_sign1_put of what cose_sign1_read handed out writes the
 * bytes that were read. */
#include "codec/cose.h"

#include "base/check.h"
#include "codec/cbor.h"

/* Header parameters of RFC 9052 table 3, and the algorithm EdDSA of RFC 9053 table 2. */
enum { HEADER_ALGORITHM = 1, HEADER_KEY_ID = 4, ALGORITHM_EDDSA = -8 };

enum { KEY_ID_BYTES = 2, PROTECTED_BYTES = 7 };

static void put_protected(struct writer *writer, uint32_t member) {
    CHECK(member <= COSE_MEMBER_MAX);
    uint8_t key_id[KEY_ID_BYTES] = {(uint8_t)(member >> 8), (uint8_t)member};
    uint8_t content[PROTECTED_BYTES];
    struct writer header = writer_of(content, sizeof content);
    cbor_put_map(&header, 2);
    cbor_put_uint(&header, HEADER_ALGORITHM);
    cbor_put_int(&header, ALGORITHM_EDDSA);
    cbor_put_uint(&header, HEADER_KEY_ID);
    cbor_put_bytes(&header, slice_of(key_id, sizeof key_id));
    CHECK(writer_status(&header) == STATUS_OK);
    cbor_put_bytes(writer, writer_slice(&header));
}

void cose_sign1_put(struct writer *writer, uint32_t member, struct slice payload,
                    const uint8_t signature[SIGNATURE_BYTES]) {
    cbor_put_tag(writer, CBOR_TAG_COSE_SIGN1);
    cbor_put_array(writer, 4);
    put_protected(writer, member);
    cbor_put_map(writer, 0);
    cbor_put_bytes(writer, payload);
    cbor_put_bytes(writer, slice_of(signature, SIGNATURE_BYTES));
}

void cose_sign1_put_to_be_signed(struct writer *writer, uint32_t member, struct slice payload,
                                 struct slice external_aad) {
    cbor_put_array(writer, 4);
    cbor_put_text(writer, slice_of_text("Signature1"));
    put_protected(writer, member);
    cbor_put_bytes(writer, external_aad);
    cbor_put_bytes(writer, payload);
}

static enum status take_exactly(struct reader *reader, int64_t expected) {
    int64_t value;
    TRY(cbor_take_int(reader, &value));
    return value == expected ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status take_map_exactly(struct reader *reader, uint64_t expected) {
    uint64_t count;
    TRY(cbor_take_map(reader, &count));
    return count == expected ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status protected_read(struct slice content, uint32_t *ret_member) {
    struct reader reader = reader_of(content);
    uint8_t key_id[KEY_ID_BYTES];
    TRY(take_map_exactly(&reader, 2));
    TRY(take_exactly(&reader, HEADER_ALGORITHM));
    TRY(take_exactly(&reader, ALGORITHM_EDDSA));
    TRY(take_exactly(&reader, HEADER_KEY_ID));
    TRY(cbor_take_bytes_exactly(&reader, key_id, sizeof key_id));
    TRY(reader_end(&reader));
    *ret_member = (uint32_t)key_id[0] << 8 | key_id[1];
    return STATUS_OK;
}

enum status cose_sign1_read(struct slice data, struct cose_sign1 *ret_object) {
    struct reader reader = reader_of(data);
    struct cose_sign1 object;
    struct slice signature;
    TRY(cbor_take_tag(&reader, CBOR_TAG_COSE_SIGN1));
    TRY(cbor_take_array_exactly(&reader, 4));
    TRY(cbor_take_bytes(&reader, &object.protected_header));
    TRY(protected_read(object.protected_header, &object.member));
    TRY(take_map_exactly(&reader, 0));
    TRY(cbor_take_bytes(&reader, &object.payload));
    TRY(cbor_take_bytes(&reader, &signature));
    if (signature.bytes != SIGNATURE_BYTES) return STATUS_BAD_VALUE;
    TRY(reader_end(&reader));
    object.signature = signature.data;
    *ret_object = object;
    return STATUS_OK;
}
