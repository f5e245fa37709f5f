/* genesis.json for programs that have no JSON library: read without memory of its own into wire/genesis.h.
 *
 * Invariant: it accepts no text that a member refuses, and gives the same genesis for every text that both accept
 * (tests/unit/library/test_genesis.c compares them). The grammar is that of RFC 8259, for this one form: an object of six
 * known fields in any order, none of them twice, one of them an array of objects of two. */
#include "wire/genesis.h"
#include "base/num.h"
#include "codec/utf8.h"
#include "credimus/verify.h"

enum { JSON_VERSION = 1, MICROSECONDS = 1000000, DAY_SECONDS = 86400, TEXT_BYTES_MAX = 2 * KEY_BYTES };
_Static_assert(TEXT_BYTES_MAX >= MEMBER_NAME_BYTES_MAX, "the longest text is a key in hex");

/* A text of the file with its escapes resolved. */
struct text {
    uint32_t bytes;
    uint8_t data[TEXT_BYTES_MAX];
};

static void skip_space(struct reader *json) {
    while (json->bytes > 0 && memchr(" \t\n\r", json->data[0], 4) != NULL) {
        json->data++;
        json->bytes--;
    }
}

static enum status take_char(struct reader *json, char wanted) {
    skip_space(json);
    if (json->bytes == 0) return STATUS_TRUNCATED;
    if (json->data[0] != (uint8_t)wanted) return STATUS_BAD_FORMAT;
    json->data++;
    json->bytes--;
    return STATUS_OK;
}

/* After a value: true when another one follows, false at the end of the object or array. */
static enum status take_comma(struct reader *json, char end, bool *ret_more) {
    *ret_more = take_char(json, ',') == STATUS_OK;
    return *ret_more ? STATUS_OK : take_char(json, end);
}

static enum status append(struct text *text, const uint8_t *bytes, uint32_t count) {
    if (count > TEXT_BYTES_MAX - text->bytes) return STATUS_TOO_LARGE;
    memcpy(text->data + text->bytes, bytes, count);
    text->bytes += count;
    return STATUS_OK;
}

static enum status append_code_point(struct text *text, uint32_t code) {
    uint8_t bytes[4];
    if (code < 0x80) return append(text, (const uint8_t[]){(uint8_t)code}, 1);
    uint32_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (uint32_t i = count; i-- > 1; code >>= 6) bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(leads[count] | code);
    return append(text, bytes, count);
}

static enum status take_unit(struct reader *json, uint32_t *ret_unit) {
    struct slice digits;
    uint8_t bytes[2];
    TRY(reader_take(json, 4, &digits));
    TRY(bytes_from_hex(digits, bytes, 2));
    *ret_unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return STATUS_OK;
}

/* What stands behind \u: one unit of UTF-16, or two that make one character. */
static enum status take_unicode(struct reader *json, struct text *text) {
    uint32_t unit;
    uint32_t low;
    struct slice escape;
    TRY(take_unit(json, &unit));
    if (unit < 0xd800 || unit > 0xdfff) return append_code_point(text, unit);
    TRY(reader_take(json, 2, &escape));
    if (unit > 0xdbff || !slice_equal(escape, slice_of_text("\\u"))) return STATUS_BAD_FORMAT;
    TRY(take_unit(json, &low));
    if (low < 0xdc00 || low > 0xdfff) return STATUS_BAD_FORMAT;
    return append_code_point(text, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
}

static enum status take_escape(struct reader *json, struct text *text) {
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    uint8_t name;
    TRY(reader_u8(json, &name));
    if (name == 'u') return take_unicode(json, text);
    const char *at = memchr(names, name, sizeof names - 1);
    return at != NULL ? append(text, (const uint8_t *)&meant[at - names], 1) : STATUS_BAD_FORMAT;
}

static enum status take_text(struct reader *json, struct text *ret_text) {
    uint8_t byte;
    ret_text->bytes = 0;
    TRY(take_char(json, '"'));
    for (;;) {
        TRY(reader_u8(json, &byte));
        if (byte == '"') break;
        if (byte < 0x20) return STATUS_BAD_FORMAT;
        if (byte == '\\') {
            TRY(take_escape(json, ret_text));
        } else {
            TRY(append(ret_text, &byte, 1));
        }
    }
    bool whole = memchr(ret_text->data, 0, ret_text->bytes) == NULL;
    return whole && utf8_valid(slice_of(ret_text->data, ret_text->bytes)) ? STATUS_OK : STATUS_BAD_FORMAT;
}

/* A whole number without a sign. */
static enum status take_number(struct reader *json, uint64_t *ret_number) {
    uint64_t number = 0;
    size_t digits = 0;
    skip_space(json);
    const uint8_t *first = json->data;
    for (; json->bytes > 0 && json->data[0] >= '0' && json->data[0] <= '9'; digits++) {
        if (!num_mul_u64(number, 10, &number)) return STATUS_OVERFLOW;
        if (!num_add_u64(number, (uint64_t)(json->data[0] - '0'), &number)) return STATUS_OVERFLOW;
        json->data++;
        json->bytes--;
    }
    if (digits == 0 || (digits > 1 && first[0] == '0')) return STATUS_BAD_FORMAT;
    *ret_number = number;
    return STATUS_OK;
}

/* --- Times: 2026-01-02T03:04:05.000006Z --- */

static bool take_digits(struct reader *text, uint32_t count, uint32_t *ret_number) {
    uint32_t number = 0;
    struct slice digits;
    if (reader_take(text, count, &digits) != STATUS_OK) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        number = number * 10 + (uint32_t)(digits.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

static bool take_mark(struct reader *text, char mark) {
    uint8_t byte;
    return reader_u8(text, &byte) == STATUS_OK && byte == (uint8_t)mark;
}

/* Nothing, or a point and one to six digits. */
static bool take_fraction(struct reader *text, uint32_t *ret_micros) {
    uint32_t micros = 0;
    uint32_t places = 0;
    if (text->bytes > 1) {
        if (!take_mark(text, '.')) return false;
        for (uint32_t digit; places < 6 && text->bytes > 1; places++) {
            if (!take_digits(text, 1, &digit)) return false;
            micros = micros * 10 + digit;
        }
        if (places == 0) return false;
    }
    for (; places < 6; places++) micros *= 10;
    *ret_micros = micros;
    return take_mark(text, 'Z') && text->bytes == 0;
}

/* Days from 1970-01-01, counting years from March, so that the leap day is the last of its year. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day) {
    uint64_t y = month > 2 ? year : year - 1;
    uint64_t m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

static enum status take_time(struct slice text, uint64_t *ret_time_us) {
    struct reader at = reader_of(text);
    uint32_t year;
    uint32_t month;
    uint32_t day;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint32_t micros;
    bool date = take_digits(&at, 4, &year) && take_mark(&at, '-') && take_digits(&at, 2, &month) &&
                take_mark(&at, '-') && take_digits(&at, 2, &day) && take_mark(&at, 'T');
    bool clock = date && take_digits(&at, 2, &hour) && take_mark(&at, ':') && take_digits(&at, 2, &minute) &&
                 take_mark(&at, ':') && take_digits(&at, 2, &second) && take_fraction(&at, &micros);
    if (!clock) return STATUS_BAD_FORMAT;
    if (year < 1970 || month < 1 || month > 12 || day < 1) return STATUS_BAD_VALUE;
    uint64_t days = days_of(year, month, day);
    uint64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
    if (days >= next || hour > 23 || minute > 59 || second > 59) return STATUS_BAD_VALUE;
    *ret_time_us =
        (days * DAY_SECONDS + hour * UINT64_C(3600) + minute * UINT64_C(60) + second) * MICROSECONDS + micros;
    return STATUS_OK;
}

/* --- Fields --- */

static enum status take_name(struct reader *json, char ret_name[MEMBER_NAME_BYTES_MAX + 1]) {
    struct text text;
    TRY(take_text(json, &text));
    if (text.bytes > MEMBER_NAME_BYTES_MAX) return STATUS_TOO_LARGE;
    memcpy(ret_name, text.data, text.bytes);
    ret_name[text.bytes] = '\0';
    return STATUS_OK;
}

static enum status field_version(struct reader *json, struct genesis *genesis) {
    uint64_t version;
    (void)genesis;
    TRY(take_number(json, &version));
    return version == JSON_VERSION ? STATUS_OK : STATUS_VERSION;
}

static enum status field_name(struct reader *json, struct genesis *genesis) { return take_name(json, genesis->name); }

static enum status field_created(struct reader *json, struct genesis *genesis) {
    struct text text;
    TRY(take_text(json, &text));
    return take_time(slice_of(text.data, text.bytes), &genesis->created_us);
}

static enum status field_threshold(struct reader *json, struct genesis *genesis) {
    struct text text;
    TRY(take_text(json, &text));
    return threshold_parse(slice_of(text.data, text.bytes), &genesis->threshold);
}

static enum status field_state_bytes(struct reader *json, struct genesis *genesis) {
    return take_number(json, &genesis->state_bytes_max);
}

static enum status take_key(struct reader *json, uint8_t ret_key[KEY_BYTES]) {
    struct text text;
    TRY(take_text(json, &text));
    return bytes_from_hex(slice_of(text.data, text.bytes), ret_key, KEY_BYTES);
}

/* {"name": ..., "key": ...}, either one first. */
static enum status take_member(struct reader *json, struct genesis *genesis) {
    uint32_t number = genesis->members;
    bool has_name = false;
    bool has_key = false;
    bool more = true;
    struct text field;
    if (number == MEMBERS_MAX) return STATUS_TOO_MANY;
    TRY(take_char(json, '{'));
    while (more) {
        TRY(take_text(json, &field));
        TRY(take_char(json, ':'));
        struct slice name = slice_of(field.data, field.bytes);
        if (slice_equal(name, slice_of_text("name")) && !has_name) {
            has_name = true;
            TRY(take_name(json, genesis->member_names[number]));
        } else if (slice_equal(name, slice_of_text("key")) && !has_key) {
            has_key = true;
            TRY(take_key(json, genesis->keys[number]));
        } else {
            return STATUS_BAD_FORMAT;
        }
        TRY(take_comma(json, '}', &more));
    }
    genesis->members++;
    return has_name && has_key ? STATUS_OK : STATUS_MISSING;
}

static enum status field_members(struct reader *json, struct genesis *genesis) {
    bool more = true;
    TRY(take_char(json, '['));
    while (more) {
        TRY(take_member(json, genesis));
        TRY(take_comma(json, ']', &more));
    }
    return STATUS_OK;
}

/* Counted among the members when all of them are there. */
static enum status field_vacant(struct reader *json, struct genesis *genesis) {
    uint64_t vacant;
    TRY(take_number(json, &vacant));
    if (vacant > MEMBERS_MAX) return STATUS_TOO_MANY;
    genesis->vacant = (uint32_t)vacant;
    return STATUS_OK;
}

/* The last one may be missing. */
static const struct {
    const char *name;
    enum status (*take)(struct reader *json, struct genesis *genesis);
} fields[] = {
    {"credimus", field_version},    {"name", field_name},       {"created", field_created},
    {"threshold", field_threshold}, {"members", field_members}, {"state_bytes_max", field_state_bytes},
    {"vacant", field_vacant},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* `seen` has a bit for each field that came already. */
static enum status take_field(struct reader *json, struct genesis *genesis, uint32_t *seen) {
    struct text text;
    TRY(take_text(json, &text));
    TRY(take_char(json, ':'));
    for (uint32_t i = 0; i < FIELDS; i++) {
        if (!slice_equal(slice_of(text.data, text.bytes), slice_of_text(fields[i].name))) continue;
        if ((*seen >> i & 1) != 0) return STATUS_DUPLICATE;
        *seen |= 1u << i;
        return fields[i].take(json, genesis);
    }
    return STATUS_BAD_FORMAT;
}

static enum status genesis_take(struct reader *json, struct genesis *ret_genesis) {
    uint32_t seen = 0;
    bool more = true;
    ret_genesis->members = ret_genesis->vacant = 0;
    TRY(take_char(json, '{'));
    while (more) {
        TRY(take_field(json, ret_genesis, &seen));
        TRY(take_comma(json, '}', &more));
    }
    skip_space(json);
    TRY(reader_end(json));
    uint32_t needed = (1u << (FIELDS - 1)) - 1;
    if ((seen & needed) != needed) return STATUS_MISSING;
    ret_genesis->members += ret_genesis->vacant;
    return genesis_valid(ret_genesis);
}

int credimus_genesis_read(const char *json, size_t json_size, uint8_t *genesis, size_t capacity,
                          size_t *genesis_size) {
    struct reader reader = reader_of(slice_of(json, json_size));
    struct writer writer = writer_of(genesis, capacity);
    struct genesis read;
    enum status status = genesis_take(&reader, &read);
    if (status != STATUS_OK) return (int)status;
    genesis_put(&writer, &read);
    status = writer_status(&writer);
    if (status == STATUS_OK) *genesis_size = writer.bytes;
    return (int)status;
}

int credimus_chain(const uint8_t *genesis, size_t genesis_size, uint8_t chain[HASH_BYTES]) {
    struct genesis read;
    struct hash hash;
    enum status status = genesis_read(slice_of(genesis, genesis_size), &read);
    if (status != STATUS_OK) return (int)status;
    genesis_chain(&read, &hash);
    memcpy(chain, hash.bytes, HASH_BYTES);
    return (int)STATUS_OK;
}
