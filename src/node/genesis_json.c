/* The genesis and its times as people write them (node/config.h). JSON is only the way in and out: what counts, is
 * hashed and names the chain is the canonical form of wire/genesis.h, so spaces and the order of keys do not matter. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/config.h"
#include "node/keys.h"

enum {
    GENESIS_JSON_VERSION = 1,
    /* Names of 64 bytes may all be written as \u escapes, six characters a byte at most. */
    GENESIS_JSON_BYTES_MAX = MEMBERS_MAX * (6 * MEMBER_NAME_BYTES_MAX + 2 * KEY_BYTES + 64) + 4096,
    MICROSECONDS = 1000000,
    DAY_SECONDS = 86400,
};

/* --- Times --- */

static bool is_leap(uint32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static uint32_t month_days(uint32_t year, uint32_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January of `year`, which is 1970 or later. */
static uint64_t year_days(uint32_t year) {
    uint64_t before = (uint64_t)year - 1;
    return before * 365 + before / 4 - before / 100 + before / 400 - 719162;
}

/* `digits` decimal digits at `text`. */
static bool take_digits(const char *text, uint32_t digits, uint32_t *ret_number) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    *ret_number = number;
    return true;
}

struct moment {
    uint32_t year, month, day, hour, minute, second, micros;
};

/* ".5" is 500000 millionths; nothing is 0. */
static bool take_fraction(struct slice text, uint32_t *ret_micros) {
    if (text.bytes == 0) {
        *ret_micros = 0;
        return true;
    }
    char digits[7] = "000000";
    if (text.data[0] != '.' || text.bytes < 2 || text.bytes > 7) return false;
    memcpy(digits, text.data + 1, text.bytes - 1);
    return take_digits(digits, 6, ret_micros);
}

static bool moment_parse(struct slice text, struct moment *ret_moment) {
    const char *at = (const char *)text.data;
    if (text.bytes < 20 || at[text.bytes - 1] != 'Z') return false;
    if (at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':') return false;
    return take_digits(at, 4, &ret_moment->year) && take_digits(at + 5, 2, &ret_moment->month) &&
           take_digits(at + 8, 2, &ret_moment->day) && take_digits(at + 11, 2, &ret_moment->hour) &&
           take_digits(at + 14, 2, &ret_moment->minute) && take_digits(at + 17, 2, &ret_moment->second) &&
           take_fraction(slice_of(at + 19, text.bytes - 20), &ret_moment->micros);
}

static bool moment_exists(const struct moment *moment) {
    if (moment->year < 1970 || moment->month < 1 || moment->month > 12) return false;
    if (moment->day < 1 || moment->day > month_days(moment->year, moment->month)) return false;
    return moment->hour < 24 && moment->minute < 60 && moment->second < 60;
}

enum status config_time_parse(struct slice text, uint64_t *ret_time_us) {
    struct moment moment;
    if (!moment_parse(text, &moment)) return STATUS_BAD_FORMAT;
    if (!moment_exists(&moment)) return STATUS_BAD_VALUE;
    uint64_t days = year_days(moment.year) + moment.day - 1;
    for (uint32_t month = 1; month < moment.month; month++) days += month_days(moment.year, month);
    uint64_t seconds = days * DAY_SECONDS + moment.hour * 3600 + moment.minute * 60 + moment.second;
    *ret_time_us = seconds * MICROSECONDS + moment.micros;
    return STATUS_OK;
}

void config_time_put(uint64_t time_us, char *ret_text) {
    uint64_t seconds = time_us / MICROSECONDS;
    uint64_t days = seconds / DAY_SECONDS;
    uint32_t year = (uint32_t)(1970 + days / 366);
    while (year_days(year + 1) <= days) year++;
    uint32_t day = (uint32_t)(days - year_days(year));
    uint32_t month = 1;
    while (day >= month_days(year, month)) day -= month_days(year, month++);
    uint32_t clock = (uint32_t)(seconds % DAY_SECONDS);
    (void)snprintf(ret_text, CONFIG_TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year, month, day + 1,
                   clock / 3600, clock / 60 % 60, clock % 60, (uint32_t)(time_us % MICROSECONDS));
}

/* --- Reading --- */

static enum status refuse(const char *path, const char *what, enum status status, struct config_detail *ret_detail) {
    config_detail_set(ret_detail, "%s: %s", path, what);
    return status;
}

static enum status copy_name(const char *name, size_t bytes, char ret_name[MEMBER_NAME_BYTES_MAX + 1]) {
    if (bytes > MEMBER_NAME_BYTES_MAX) return STATUS_TOO_LARGE;
    memcpy(ret_name, name, bytes);
    ret_name[bytes] = '\0';
    return STATUS_OK;
}

static enum status member_from_json(const char *path, json_t *json, uint32_t index, struct genesis *genesis,
                                    struct config_detail *ret_detail) {
    const char *name;
    const char *key;
    size_t name_bytes;
    size_t key_bytes;
    json_error_t error;
    if (json_unpack_ex(json, &error, 0, "{s:s%, s:s% !}", "name", &name, &name_bytes, "key", &key, &key_bytes) != 0) {
        config_detail_set(ret_detail, "%s: member %u: %s", path, index, error.text);
        return STATUS_BAD_FORMAT;
    }
    enum status status = copy_name(name, name_bytes, genesis->member_names[index]);
    if (status != STATUS_OK) {
        config_detail_set(ret_detail, "%s: member %u: the name is longer than %u bytes", path, index,
                          MEMBER_NAME_BYTES_MAX);
        return status;
    }
    status = bytes_from_hex(slice_of(key, key_bytes), genesis->keys[index], KEY_BYTES);
    if (status != STATUS_OK) {
        config_detail_set(ret_detail, "%s: member %u: the key is not 64 hex digits", path, index);
    }
    return status;
}

static enum status members_from_json(const char *path, json_t *members, struct genesis *genesis,
                                     struct config_detail *ret_detail) {
    size_t count = json_array_size(members);
    if (!json_is_array(members) || count < MEMBERS_MIN || count > MEMBERS_MAX) {
        config_detail_set(ret_detail, "%s: \"members\" must be an array of %u to %u members", path, MEMBERS_MIN,
                          MEMBERS_MAX);
        return STATUS_BAD_VALUE;
    }
    genesis->members = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        TRY(member_from_json(path, json_array_get(members, i), i, genesis, ret_detail));
    }
    return STATUS_OK;
}

/* Places behind the members; without the key there are none. */
static enum status vacant_from_json(const char *path, json_int_t vacant, struct genesis *genesis,
                                    struct config_detail *ret_detail) {
    json_int_t room = (json_int_t)(MEMBERS_MAX - genesis->members);
    if (vacant < 0 || vacant > room) {
        config_detail_set(ret_detail, "%s: \"vacant\" must be from 0 to %lld, so that there are %u places at most",
                          path, (long long)room, MEMBERS_MAX);
        return STATUS_BAD_VALUE;
    }
    genesis->vacant = (uint32_t)vacant;
    genesis->members += genesis->vacant;
    return STATUS_OK;
}

static enum status genesis_from_json(const char *path, json_t *json, struct genesis *genesis,
                                     struct config_detail *ret_detail) {
    json_int_t version;
    json_int_t state_bytes;
    json_int_t vacant = 0;
    const char *texts[3]; /* name, created, threshold */
    size_t bytes[3];
    json_t *members;
    json_error_t error;
    if (json_unpack_ex(json, &error, 0, "{s:I, s:s%, s:s%, s:s%, s:I, s:o, s?I !}", "credimus", &version, "name",
                       &texts[0], &bytes[0], "created", &texts[1], &bytes[1], "threshold", &texts[2], &bytes[2],
                       "state_bytes_max", &state_bytes, "members", &members, "vacant", &vacant) != 0) {
        return refuse(path, error.text, STATUS_BAD_FORMAT, ret_detail);
    }
    if (version != GENESIS_JSON_VERSION) return refuse(path, "\"credimus\" must be 1", STATUS_VERSION, ret_detail);
    if (copy_name(texts[0], bytes[0], genesis->name) != STATUS_OK) {
        return refuse(path, "the name is longer than 64 bytes", STATUS_TOO_LARGE, ret_detail);
    }
    enum status status = config_time_parse(slice_of(texts[1], bytes[1]), &genesis->created_us);
    if (status != STATUS_OK) {
        return refuse(path, "\"created\" must be a time like 2026-01-02T03:04:05.000006Z", status, ret_detail);
    }
    status = threshold_parse(slice_of(texts[2], bytes[2]), &genesis->threshold);
    if (status != STATUS_OK) {
        return refuse(path, "\"threshold\" must be a fraction like 3/4, above 2/3 and at most 1", status, ret_detail);
    }
    if (state_bytes < (json_int_t)STATE_BYTES_MIN || state_bytes > (json_int_t)STATE_BYTES_MAX) {
        return refuse(path, "\"state_bytes_max\" is out of range", STATUS_BAD_VALUE, ret_detail);
    }
    genesis->state_bytes_max = (uint64_t)state_bytes;
    TRY(members_from_json(path, members, genesis, ret_detail));
    return vacant_from_json(path, vacant, genesis, ret_detail);
}

/* Which member is to blame, when it is one: what the person who edits the file needs to know. */
static enum status genesis_judge(const char *path, const struct genesis *genesis, struct config_detail *ret_detail) {
    enum status status = genesis_valid(genesis);
    if (status == STATUS_DUPLICATE) {
        return refuse(path, "two members have the same name or the same key", status, ret_detail);
    }
    if (status == STATUS_BAD_KEY) return refuse(path, "a member's key is no usable Ed25519 key", status, ret_detail);
    if (status == STATUS_BAD_FORMAT) {
        return refuse(path, "a name is empty or has characters that a name may not have (spaces, '+', control)",
                      status, ret_detail);
    }
    return status == STATUS_OK ? status : refuse(path, status_text(status), status, ret_detail);
}

enum status genesis_load(const char *path, struct genesis *ret_genesis, struct config_detail *ret_detail) {
    char *text = malloc(GENESIS_JSON_BYTES_MAX);
    CHECK(text != NULL);
    struct genesis *genesis = calloc(1, sizeof *genesis);
    CHECK(genesis != NULL);
    json_t *json = NULL;
    json_error_t error;
    size_t bytes;
    enum status status = file_read(path, false, text, GENESIS_JSON_BYTES_MAX, &bytes, ret_detail);
    if (status != STATUS_OK) goto done;
    json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        config_detail_set(ret_detail, "%s, line %d: %s", path, error.line, error.text);
        status = STATUS_BAD_FORMAT;
        goto done;
    }
    status = genesis_from_json(path, json, genesis, ret_detail);
    if (status == STATUS_OK) status = genesis_judge(path, genesis, ret_detail);
    if (status == STATUS_OK) *ret_genesis = *genesis;
done:
    json_decref(json);
    free(genesis);
    free(text);
    return status;
}

/* --- Writing --- */

static json_t *members_to_json(const struct genesis *genesis) {
    json_t *members = json_array();
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) {
        char key[2 * KEY_BYTES + 1];
        bytes_to_hex(genesis->keys[i], KEY_BYTES, key);
        json_t *member = json_pack("{s:s, s:s}", "name", genesis->member_names[i], "key", key);
        CHECK(json_array_append_new(members, member) == 0);
    }
    return members;
}

enum status genesis_write(const char *path, const struct genesis *genesis, struct config_detail *ret_detail) {
    char created[CONFIG_TIME_BYTES];
    char threshold[24];
    config_time_put(genesis->created_us, created);
    (void)snprintf(threshold, sizeof threshold, "%u/%u", genesis->threshold.numerator,
                   genesis->threshold.denominator);
    json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:I, s:o}", "credimus", GENESIS_JSON_VERSION, "name",
                             genesis->name, "created", created, "threshold", threshold, "state_bytes_max",
                             (json_int_t)genesis->state_bytes_max, "members", members_to_json(genesis));
    CHECK(json != NULL);
    if (genesis->vacant > 0) CHECK(json_object_set_new(json, "vacant", json_integer(genesis->vacant)) == 0);
    char *text = json_dumps(json, JSON_INDENT(2));
    CHECK(text != NULL);
    json_decref(json);
    enum status status = file_create(path, 0644, slice_of_text(text), ret_detail);
    free(text);
    return status;
}
