/* Rosters: changes, encode, decode. Invariant: places that are absent have neither name nor key, so two rosters with
 * the same members are the same bytes. */
#include "wire/roster.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "wire/field.h"
#include "wire/record.h"

enum { EPOCH_FIELDS = 6, MEMBER_FIELDS = 3 };

static struct slice name_at(const struct roster *roster, uint32_t member) {
    return slice_of_text(roster->names[member]);
}

static void put_name(char ret_name[MEMBER_NAME_BYTES_MAX + 1], struct slice name) {
    CHECK(name.bytes <= MEMBER_NAME_BYTES_MAX);
    memset(ret_name, 0, MEMBER_NAME_BYTES_MAX + 1);
    memcpy(ret_name, name.data, name.bytes);
}

void roster_of(const struct genesis *genesis, struct roster *ret_roster) {
    memset(ret_roster, 0, sizeof *ret_roster);
    ret_roster->threshold = genesis->threshold;
    ret_roster->members = genesis->members;
    memcpy(ret_roster->names, genesis->member_names, genesis_heads(genesis) * sizeof genesis->member_names[0]);
    memcpy(ret_roster->keys, genesis->keys, genesis_heads(genesis) * sizeof genesis->keys[0]);
    for (uint32_t m = genesis_heads(genesis); m < genesis->members; m++) member_set_add(&ret_roster->absent, m);
}

uint32_t roster_heads(const struct roster *roster) { return roster->members - member_set_count(&roster->absent); }

bool roster_has(const struct roster *roster, uint32_t member) {
    return member < roster->members && !member_set_has(&roster->absent, member);
}

struct keyring roster_keyring(const struct roster *roster) {
    return (struct keyring){(const uint8_t(*)[KEY_BYTES])roster->keys, roster->members, roster->absent};
}

/* Changes. */

static enum status check_distinct(const struct roster *roster, const struct reconfigure *change) {
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m)) continue;
        if (memcmp(roster->keys[m], change->key, KEY_BYTES) == 0) return STATUS_DUPLICATE;
        if (slice_equal(name_at(roster, m), change->name)) return STATUS_DUPLICATE;
    }
    return STATUS_OK;
}

static enum status check_place(const struct roster *roster, const struct reconfigure *change) {
    if (change->member >= roster->members) return STATUS_UNKNOWN_MEMBER;
    bool is_taken = roster_has(roster, change->member);
    if (change->change == CHANGE_ADD) return is_taken ? STATUS_CONFLICT : STATUS_OK;
    return is_taken ? STATUS_OK : STATUS_UNKNOWN_MEMBER;
}

enum status roster_check(const struct roster *roster, const struct reconfigure *change) {
    if (change->epoch != roster->epoch) return STATUS_WRONG_EPOCH;
    if (change->change == CHANGE_THRESHOLD)
        return threshold_compare(change->threshold, roster->threshold) == 0 ? STATUS_DUPLICATE : STATUS_OK;
    TRY(check_place(roster, change));
    if (change->change != CHANGE_REMOVE) return check_distinct(roster, change);
    return roster_heads(roster) > MEMBERS_MIN ? STATUS_OK : STATUS_BAD_VALUE;
}

void roster_apply(struct roster *roster, const struct reconfigure *change, uint64_t height) {
    CHECK(roster_check(roster, change) == STATUS_OK);
    uint32_t m = change->member;
    switch (change->change) {
    case CHANGE_ADD:
        member_set_remove(&roster->absent, m);
        put_name(roster->names[m], change->name);
        memcpy(roster->keys[m], change->key, KEY_BYTES);
        break;
    case CHANGE_REMOVE:
        member_set_add(&roster->absent, m);
        memset(roster->names[m], 0, sizeof roster->names[m]);
        memset(roster->keys[m], 0, KEY_BYTES);
        break;
    case CHANGE_KEY: memcpy(roster->keys[m], change->key, KEY_BYTES); break;
    case CHANGE_THRESHOLD: roster->threshold = change->threshold; break;
    }
    roster->epoch++;
    roster->height = height;
}

bool reconfigure_equal(const struct reconfigure *a, const struct reconfigure *b) {
    return a->epoch == b->epoch && a->change == b->change && a->member == b->member &&
           slice_equal(a->name, b->name) && memcmp(a->key, b->key, KEY_BYTES) == 0 &&
           a->threshold.numerator == b->threshold.numerator && a->threshold.denominator == b->threshold.denominator;
}

/* The record. */

void roster_put(struct writer *writer, const struct roster *roster) {
    field_put_kind(writer, EPOCH_FIELDS, RECORD_EPOCH);
    cbor_put_uint(writer, roster->epoch);
    cbor_put_uint(writer, roster->height);
    cbor_put_array(writer, 2);
    field_put_threshold(writer, roster->threshold);
    cbor_put_uint(writer, roster->members);
    cbor_put_array(writer, roster_heads(roster));
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m)) continue;
        cbor_put_array(writer, MEMBER_FIELDS);
        cbor_put_uint(writer, m);
        cbor_put_text(writer, name_at(roster, m));
        cbor_put_bytes(writer, slice_of(roster->keys[m], KEY_BYTES));
    }
}

static enum status take_member(struct reader *reader, struct roster *ret_roster, uint32_t from, uint32_t *ret_place) {
    uint32_t place;
    struct slice name;
    TRY(cbor_take_array_exactly(reader, MEMBER_FIELDS));
    TRY(field_take_u32(reader, ret_roster->members - 1, &place));
    if (place < from) return STATUS_NOT_CANONICAL;
    TRY(field_take_text(reader, &name));
    if (!field_text_valid(name, MEMBER_NAME_BYTES_MAX) || !field_name_valid(name)) return STATUS_BAD_FORMAT;
    struct reconfigure added = {.name = name};
    TRY(cbor_take_bytes_exactly(reader, added.key, KEY_BYTES));
    TRY(ed25519_key_check(added.key));
    TRY(check_distinct(ret_roster, &added));
    member_set_remove(&ret_roster->absent, place);
    put_name(ret_roster->names[place], name);
    memcpy(ret_roster->keys[place], added.key, KEY_BYTES);
    *ret_place = place;
    return STATUS_OK;
}

static enum status take_members(struct reader *reader, struct roster *ret_roster) {
    uint32_t count;
    TRY(field_take_count(reader, ret_roster->members, &count));
    if (count < MEMBERS_MIN) return STATUS_BAD_VALUE;
    for (uint32_t m = 0; m < ret_roster->members; m++) member_set_add(&ret_roster->absent, m);
    for (uint32_t i = 0, from = 0, place = 0; i < count; i++, from = place + 1)
        TRY(take_member(reader, ret_roster, from, &place));
    return STATUS_OK;
}

enum status roster_read(struct slice bytes, struct roster *ret_roster) {
    struct reader reader = reader_of(bytes);
    if (bytes.bytes > RECORD_EPOCH_BYTES_MAX) return STATUS_TOO_LARGE;
    memset(ret_roster, 0, sizeof *ret_roster);
    TRY(field_take_kind(&reader, EPOCH_FIELDS, RECORD_EPOCH));
    TRY(cbor_take_uint(&reader, &ret_roster->epoch));
    TRY(cbor_take_uint(&reader, &ret_roster->height));
    if (ret_roster->epoch == 0 || ret_roster->height == 0) return STATUS_BAD_VALUE;
    TRY(cbor_take_array_exactly(&reader, 2));
    TRY(field_take_threshold(&reader, &ret_roster->threshold));
    TRY(field_take_u32(&reader, MEMBERS_MAX, &ret_roster->members));
    if (ret_roster->members < MEMBERS_MIN) return STATUS_BAD_VALUE;
    TRY(take_members(&reader, ret_roster));
    return reader_end(&reader);
}
