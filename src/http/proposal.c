/* Reading proposals and saying what is wrong with them (http/proposal.h). */
#include "http/proposal.h"

#include <inttypes.h>

#include "crypto/ed25519.h"
#include "http/number.h"

#define CHANGES ((unsigned)CHANGE_THRESHOLD + 1)

static const char *const change_names[CHANGES] = {
    [CHANGE_ADD] = "add", [CHANGE_REMOVE] = "remove", [CHANGE_KEY] = "key", [CHANGE_THRESHOLD] = "threshold"};

const char *proposal_change_name(enum change change) {
    return change >= CHANGE_ADD && (unsigned)change < CHANGES ? change_names[change] : "unknown";
}

/* What stands there. */
struct form {
    struct reconfigure change;
    struct slice member;
    bool is_threshold_bad;
};

static enum status take_change(struct json *json, void *form) {
    struct slice text;
    TRY(json_take_string(json, &text));
    for (unsigned i = CHANGE_ADD; i < CHANGES; i++) {
        if (!slice_equal(text, slice_of_text(change_names[i]))) continue;
        ((struct form *)form)->change.change = (enum change)i;
        return STATUS_OK;
    }
    return STATUS_BAD_VALUE;
}

static enum status take_place(struct json *json, void *form) {
    int64_t place;
    TRY(number_take(json, 0, 0, MEMBERS_MAX - 1, &place));
    ((struct form *)form)->change.member = (uint32_t)place;
    return STATUS_OK;
}

static enum status take_epoch(struct json *json, void *form) {
    int64_t epoch;
    TRY(number_take(json, 0, 0, INT64_MAX, &epoch));
    ((struct form *)form)->change.epoch = (uint64_t)epoch;
    return STATUS_OK;
}

static enum status take_a_name(struct json *json, struct slice *ret_name) {
    TRY(json_take_string(json, ret_name));
    if (ret_name->bytes > MEMBER_NAME_BYTES_MAX) return STATUS_TOO_LARGE;
    return ret_name->bytes > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status take_name(struct json *json, void *form) {
    return take_a_name(json, &((struct form *)form)->change.name);
}

static enum status take_member(struct json *json, void *form) {
    return take_a_name(json, &((struct form *)form)->member);
}

static enum status take_key(struct json *json, void *form) {
    struct slice text;
    uint8_t *key = ((struct form *)form)->change.key;
    TRY(json_take_string(json, &text));
    TRY(bytes_from_hex(text, key, KEY_BYTES));
    return ed25519_key_check(key);
}

static enum status take_threshold(struct json *json, void *form) {
    struct slice text;
    TRY(json_take_string(json, &text));
    enum status status = threshold_parse(text, &((struct form *)form)->change.threshold);
    ((struct form *)form)->is_threshold_bad = status != STATUS_OK;
    return status;
}

enum { FIELD_CHANGE, FIELD_PLACE, FIELD_NAME, FIELD_MEMBER, FIELD_KEY, FIELD_THRESHOLD, FIELD_EPOCH, FIELDS };

static const struct json_field fields[FIELDS] = {
    [FIELD_CHANGE] = {"change", take_change, true}, [FIELD_PLACE] = {"place", take_place, false},
    [FIELD_NAME] = {"name", take_name, false},      [FIELD_MEMBER] = {"member", take_member, false},
    [FIELD_KEY] = {"key", take_key, false},         [FIELD_THRESHOLD] = {"threshold", take_threshold, false},
    [FIELD_EPOCH] = {"epoch", take_epoch, false},
};

#define BIT(field) (UINT32_C(1) << (field))

/* Which fields a change needs, and which it may have besides. */
static const struct {
    uint32_t needed;
    uint32_t allowed;
} by_change[CHANGES] = {
    [CHANGE_ADD] = {BIT(FIELD_NAME) | BIT(FIELD_KEY), BIT(FIELD_PLACE)},
    [CHANGE_REMOVE] = {BIT(FIELD_MEMBER), 0},
    [CHANGE_KEY] = {BIT(FIELD_MEMBER) | BIT(FIELD_KEY), 0},
    [CHANGE_THRESHOLD] = {BIT(FIELD_THRESHOLD), 0},
};

static enum status check_fields(enum change change, uint32_t present, struct refusal *ret_refusal) {
    uint32_t allowed = by_change[change].needed | by_change[change].allowed | BIT(FIELD_CHANGE) | BIT(FIELD_EPOCH);
    for (unsigned i = 0; i < FIELDS; i++) {
        bool is_there = (present & BIT(i)) != 0;
        if (!is_there && (by_change[change].needed & BIT(i)) != 0)
            return refusal_say(ret_refusal, STATUS_MISSING, "%s: needed to \"%s\"", fields[i].name,
                               change_names[change]);
        if (is_there && (allowed & BIT(i)) == 0)
            return refusal_say(ret_refusal, STATUS_BAD_VALUE, "%s: has no meaning with \"%s\"", fields[i].name,
                               change_names[change]);
    }
    return STATUS_OK;
}

static enum status find_member(const struct roster *roster, struct slice name, uint32_t *ret_place,
                               struct refusal *ret_refusal) {
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m) || !slice_equal(name, slice_of_text(roster->names[m]))) continue;
        *ret_place = m;
        return STATUS_OK;
    }
    return refusal_say(ret_refusal, STATUS_UNKNOWN_MEMBER, "member: nobody is called %.*s in epoch %" PRIu64,
                       REFUSAL_QUOTE(name), roster->epoch);
}

static enum status find_vacant(const struct roster *roster, uint32_t *ret_place, struct refusal *ret_refusal) {
    uint32_t place = member_set_next(&roster->absent, 0);
    if (place >= roster->members)
        return refusal_say(ret_refusal, STATUS_CONFLICT,
                           "no place is vacant: the group has %" PRIu32 " places, and all are taken",
                           roster->members);
    *ret_place = place;
    return STATUS_OK;
}

static enum status check_vacant(const struct roster *roster, uint32_t place, struct refusal *ret_refusal) {
    if (place >= roster->members)
        return refusal_say(ret_refusal, STATUS_BAD_VALUE, "place: there are places 0 to %" PRIu32,
                           roster->members - 1);
    if (!roster_has(roster, place)) return STATUS_OK;
    return refusal_say(ret_refusal, STATUS_CONFLICT, "place: at place %" PRIu32 " is %s", place,
                       roster->names[place]);
}

static enum status find_place(const struct roster *roster, const struct form *form, bool has_place,
                              uint32_t *ret_place, struct refusal *ret_refusal) {
    switch (form->change.change) {
    case CHANGE_THRESHOLD: return STATUS_OK;
    case CHANGE_REMOVE:
    case CHANGE_KEY: return find_member(roster, form->member, ret_place, ret_refusal);
    case CHANGE_ADD: break;
    }
    return has_place ? check_vacant(roster, form->change.member, ret_refusal)
                     : find_vacant(roster, ret_place, ret_refusal);
}

static enum status check_valid(const struct reconfigure *change, struct refusal *ret_refusal) {
    struct item item = {.kind = ITEM_RECONFIGURE, .reconfigure = *change};
    enum status status = item_valid(&item);
    if (status == STATUS_OK) return STATUS_OK;
    if (status == STATUS_BAD_FORMAT)
        return refusal_say(ret_refusal, status,
                           "name: 1 to %d bytes of text without spaces, + and control characters",
                           MEMBER_NAME_BYTES_MAX);
    return refusal_of(ret_refusal, status, NULL);
}

enum status proposal_take(struct json *json, const struct roster *roster, struct reconfigure *ret_change,
                          struct refusal *ret_refusal) {
    struct form form = {.change = {.epoch = roster->epoch}};
    uint32_t present;
    enum status status = json_take_object(json, fields, FIELDS, &form, &present, ret_refusal);
    if (status != STATUS_OK && form.is_threshold_bad)
        return refusal_say(ret_refusal, status, "threshold: a fraction above 2/3 and at most 1, such as \"4/5\"");
    TRY(status);
    if (json_end(json) != STATUS_OK) return refusal_of(ret_refusal, STATUS_TRAILING_BYTES, "after the object");
    TRY(check_fields(form.change.change, present, ret_refusal));
    if (form.change.epoch != roster->epoch)
        return proposal_explain(roster, &form.change, STATUS_WRONG_EPOCH, ret_refusal);
    TRY(find_place(roster, &form, (present & BIT(FIELD_PLACE)) != 0, &form.change.member, ret_refusal));
    TRY(check_valid(&form.change, ret_refusal));
    *ret_change = form.change;
    return STATUS_OK;
}

/* The name, the key, or the threshold is there already. */
static enum status explain_duplicate(const struct roster *roster, const struct reconfigure *change,
                                     struct refusal *ret_refusal) {
    if (change->change == CHANGE_THRESHOLD)
        return refusal_say(ret_refusal, STATUS_DUPLICATE, "threshold: it is %" PRIu32 "/%" PRIu32 " already",
                           roster->threshold.numerator, roster->threshold.denominator);
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m)) continue;
        if (change->name.bytes > 0 && slice_equal(change->name, slice_of_text(roster->names[m])))
            return refusal_say(ret_refusal, STATUS_DUPLICATE, "name: the member at place %" PRIu32 " is called so",
                               m);
        if (memcmp(change->key, roster->keys[m], KEY_BYTES) == 0)
            return refusal_say(ret_refusal, STATUS_DUPLICATE, "key: it is the key of %s", roster->names[m]);
    }
    return refusal_say(ret_refusal, STATUS_DUPLICATE, "this member proposes the same already");
}

enum status proposal_explain(const struct roster *roster, const struct reconfigure *change, enum status status,
                             struct refusal *ret_refusal) {
    switch (status) {
    case STATUS_DUPLICATE: return explain_duplicate(roster, change, ret_refusal);
    case STATUS_WRONG_EPOCH:
        return refusal_say(ret_refusal, status, "epoch: the group is in epoch %" PRIu64 ", not %" PRIu64,
                           roster->epoch, change->epoch);
    case STATUS_NOT_ALLOWED:
    case STATUS_UNKNOWN_MEMBER:
        return refusal_say(ret_refusal, STATUS_NOT_ALLOWED,
                           "this member's key does not stand in the roster of epoch %" PRIu64 ": it has no say",
                           roster->epoch);
    case STATUS_KEY_USED: return refusal_of(ret_refusal, status, "key");
    case STATUS_TOO_MANY:
        return refusal_say(ret_refusal, status,
                           "key: the group has had so many keys that no other can be remembered");
    case STATUS_BAD_VALUE:
        return refusal_say(ret_refusal, status, "member: the group has %" PRIu32 " members, and needs %d at least",
                           roster_heads(roster), MEMBERS_MIN);
    default: return refusal_of(ret_refusal, status, NULL);
    }
}
