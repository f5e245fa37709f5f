/* Genesis: encode, decode, check. Invariant: a genesis that genesis_read hands out is valid, and its encoding, hence
 * its chain id, is a function of its fields. */
#include "wire/genesis.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "wire/field.h"

enum { GENESIS_VERSION = 1, GENESIS_FIELDS = 7 };

/* The text up to its NUL; a text without one has one byte more than any name may have, and is refused for that. */
static struct slice name_slice(const char name[MEMBER_NAME_BYTES_MAX + 1]) {
    return slice_of(name, strnlen(name, MEMBER_NAME_BYTES_MAX + 1));
}

static bool members_distinct(const struct genesis *genesis) {
    for (uint32_t i = 1; i < genesis_heads(genesis); i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (memcmp(genesis->keys[i], genesis->keys[j], KEY_BYTES) == 0) return false;
            if (slice_equal(name_slice(genesis->member_names[i]), name_slice(genesis->member_names[j]))) return false;
        }
    }
    return true;
}

/* Everything but the curve arithmetic on the keys. */
static enum status form_valid(const struct genesis *genesis) {
    if (!field_text_valid(name_slice(genesis->name), MEMBER_NAME_BYTES_MAX)) return STATUS_BAD_FORMAT;
    TRY(threshold_check(genesis->threshold));
    if (genesis->members > MEMBERS_MAX) return STATUS_TOO_MANY;
    if (genesis->vacant > genesis->members || genesis_heads(genesis) < MEMBERS_MIN) return STATUS_BAD_VALUE;
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) {
        if (!field_name_valid(name_slice(genesis->member_names[i]))) return STATUS_BAD_FORMAT;
    }
    if (!members_distinct(genesis)) return STATUS_DUPLICATE;
    bool within = genesis->state_bytes_max >= STATE_BYTES_MIN && genesis->state_bytes_max <= STATE_BYTES_MAX;
    return within ? STATUS_OK : STATUS_BAD_VALUE;
}

enum status genesis_valid(const struct genesis *genesis) {
    TRY(form_valid(genesis));
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) TRY(ed25519_key_check(genesis->keys[i]));
    return STATUS_OK;
}

void genesis_put(struct writer *writer, const struct genesis *genesis) {
    CHECK(form_valid(genesis) == STATUS_OK);
    cbor_put_array(writer, GENESIS_FIELDS + (genesis->vacant > 0));
    cbor_put_uint(writer, 0);
    cbor_put_uint(writer, GENESIS_VERSION);
    cbor_put_text(writer, name_slice(genesis->name));
    cbor_put_uint(writer, genesis->created_us);
    cbor_put_array(writer, 2);
    field_put_threshold(writer, genesis->threshold);
    cbor_put_array(writer, genesis_heads(genesis));
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) {
        cbor_put_array(writer, 2);
        cbor_put_text(writer, name_slice(genesis->member_names[i]));
        cbor_put_bytes(writer, slice_of(genesis->keys[i], KEY_BYTES));
    }
    cbor_put_uint(writer, genesis->state_bytes_max);
    if (genesis->vacant > 0) cbor_put_uint(writer, genesis->vacant);
}

/* NUL is a control character, so a name that is accepted here ends where its text does. */
static enum status take_name(struct reader *reader, char ret_name[MEMBER_NAME_BYTES_MAX + 1]) {
    struct slice name;
    TRY(field_take_text(reader, &name));
    if (!field_text_valid(name, MEMBER_NAME_BYTES_MAX)) return STATUS_BAD_FORMAT;
    memcpy(ret_name, name.data, name.bytes);
    ret_name[name.bytes] = '\0';
    return STATUS_OK;
}

static enum status take_prefix(struct reader *reader, bool *ret_has_vacant) {
    uint64_t fields;
    uint64_t kind;
    uint64_t version;
    TRY(cbor_take_array(reader, &fields));
    if (fields != GENESIS_FIELDS && fields != GENESIS_FIELDS + 1) return STATUS_BAD_VALUE;
    *ret_has_vacant = fields > GENESIS_FIELDS;
    TRY(cbor_take_uint(reader, &kind));
    if (kind != 0) return STATUS_BAD_VALUE;
    TRY(cbor_take_uint(reader, &version));
    return version == GENESIS_VERSION ? STATUS_OK : STATUS_VERSION;
}

static enum status take_members(struct reader *reader, struct genesis *ret_genesis) {
    TRY(field_take_count(reader, MEMBERS_MAX, &ret_genesis->members));
    for (uint32_t i = 0; i < ret_genesis->members; i++) {
        TRY(cbor_take_array_exactly(reader, 2));
        TRY(take_name(reader, ret_genesis->member_names[i]));
        TRY(cbor_take_bytes_exactly(reader, ret_genesis->keys[i], KEY_BYTES));
    }
    return STATUS_OK;
}

/* No vacant place is written by leaving the field out. */
static enum status take_vacant(struct reader *reader, struct genesis *ret_genesis) {
    TRY(field_take_u32(reader, MEMBERS_MAX, &ret_genesis->vacant));
    if (ret_genesis->vacant == 0) return STATUS_NOT_CANONICAL;
    ret_genesis->members += ret_genesis->vacant;
    return STATUS_OK;
}

enum status genesis_read(struct slice bytes, struct genesis *ret_genesis) {
    if (bytes.bytes > GENESIS_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    struct genesis genesis = {0};
    bool has_vacant;
    TRY(take_prefix(&reader, &has_vacant));
    TRY(take_name(&reader, genesis.name));
    TRY(cbor_take_uint(&reader, &genesis.created_us));
    TRY(cbor_take_array_exactly(&reader, 2));
    TRY(field_take_threshold(&reader, &genesis.threshold));
    TRY(take_members(&reader, &genesis));
    TRY(cbor_take_uint(&reader, &genesis.state_bytes_max));
    if (has_vacant) TRY(take_vacant(&reader, &genesis));
    TRY(reader_end(&reader));
    TRY(genesis_valid(&genesis));
    *ret_genesis = genesis;
    return STATUS_OK;
}

void genesis_chain(const struct genesis *genesis, struct hash *ret_chain) {
    uint8_t bytes[GENESIS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    genesis_put(&writer, genesis);
    CHECK(!writer.overflowed);
    sha256_of(writer_slice(&writer), ret_chain);
}
