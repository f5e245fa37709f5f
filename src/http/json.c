/* Reading JSON in place (RFC 8259). Line breaks can only stand in white space, which is where lines are counted. */
#include "http/json.h"

#include "base/check.h"
#include "codec/utf8.h"

enum { FIELDS_MAX = 32 };

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

uint8_t json_peek(struct json *json) {
    while (json->at < json->end) {
        uint8_t c = *json->at;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
        json->line += c == '\n';
        json->at++;
    }
    return 0;
}

enum status json_take_mark(struct json *json, char mark) {
    if (json_peek(json) != (uint8_t)mark) return STATUS_BAD_FORMAT;
    json->at++;
    return STATUS_OK;
}

/* What stands here instead of the value that was wanted: a value of another kind, or nothing that JSON knows. */
static enum status other_kind(struct json *json) {
    uint8_t c = json_peek(json);
    size_t left = (size_t)(json->end - json->at);
    bool is_value = c == '"' || c == '{' || c == '[' || c == '-' || is_digit(c) ||
                    (left >= 4 && (memcmp(json->at, "true", 4) == 0 || memcmp(json->at, "null", 4) == 0)) ||
                    (left >= 5 && memcmp(json->at, "false", 5) == 0);
    return is_value ? STATUS_BAD_TYPE : STATUS_BAD_FORMAT;
}

/* Strings. */

static enum status take_hex4(struct json *json, uint32_t *ret_unit) {
    uint8_t bytes[2];
    if (json->end - json->at < 4) return STATUS_BAD_FORMAT;
    TRY(bytes_from_hex(slice_of(json->at, 4), bytes, sizeof bytes));
    json->at += 4;
    *ret_unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return STATUS_OK;
}

/* After "\u": one code point, from two UTF-16 units above U+FFFF. */
static enum status take_code_point(struct json *json, uint32_t *ret_point) {
    uint32_t high;
    uint32_t low;
    TRY(take_hex4(json, &high));
    if (high == 0 || (high >= 0xdc00 && high <= 0xdfff)) return STATUS_BAD_FORMAT;
    if (high < 0xd800 || high > 0xdbff) {
        *ret_point = high;
        return STATUS_OK;
    }
    if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u') return STATUS_BAD_FORMAT;
    json->at += 2;
    TRY(take_hex4(json, &low));
    if (low < 0xdc00 || low > 0xdfff) return STATUS_BAD_FORMAT;
    *ret_point = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
    return STATUS_OK;
}

/* Never longer than the escape that it came from. */
static uint8_t *put_utf8(uint8_t *to, uint32_t point) {
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    unsigned bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (unsigned i = bytes - 1; i > 0; i--) {
        to[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    to[0] = (uint8_t)(leads[bytes] | point);
    return to + bytes;
}

static enum status take_escape(struct json *json, uint8_t **to) {
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    uint32_t point;
    json->at++;
    if (json->at == json->end) return STATUS_BAD_FORMAT;
    uint8_t c = *json->at++;
    if (c == 'u') {
        TRY(take_code_point(json, &point));
        *to = put_utf8(*to, point);
        return STATUS_OK;
    }
    const char *found = memchr(names, c, sizeof names - 1);
    if (found == NULL) return STATUS_BAD_FORMAT;
    *(*to)++ = (uint8_t)values[found - names];
    return STATUS_OK;
}

/* From behind the opening quote; what follows an escape moves to the front of it. */
static enum status take_string_tail(struct json *json, struct slice *ret_text) {
    uint8_t *start = json->at;
    uint8_t *to = start;
    uint8_t seen = 0;
    while (json->at < json->end && *json->at != '"') {
        if (*json->at < 0x20) return STATUS_BAD_FORMAT;
        if (*json->at == '\\') {
            TRY(take_escape(json, &to));
            continue;
        }
        seen |= *json->at;
        if (to != json->at) *to = *json->at;
        to++;
        json->at++;
    }
    if (json->at == json->end) return STATUS_BAD_FORMAT;
    json->at++;
    struct slice text = slice_of(start, (size_t)(to - start));
    if (seen >= 0x80 && !utf8_valid(text)) return STATUS_BAD_FORMAT;
    *ret_text = text;
    return STATUS_OK;
}

enum status json_take_string(struct json *json, struct slice *ret_text) {
    if (json_peek(json) != '"') return other_kind(json);
    json->at++;
    return take_string_tail(json, ret_text);
}

/* Numbers. */

static bool skip_digits(struct json *json) {
    const uint8_t *start = json->at;
    while (json->at < json->end && is_digit(*json->at)) json->at++;
    return json->at > start;
}

static bool skip_one_of(struct json *json, char a, char b) {
    if (json->at == json->end || (*json->at != (uint8_t)a && *json->at != (uint8_t)b)) return false;
    json->at++;
    return true;
}

/* A word that some programs write for what is not a number. */
static bool is_not_a_number(const struct json *json) {
    static const char *const words[] = {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "-NaN", "-nan"};
    size_t left = (size_t)(json->end - json->at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t bytes = strlen(words[i]);
        if (left >= bytes && memcmp(json->at, words[i], bytes) == 0) return true;
    }
    return false;
}

/* The grammar of RFC 8259 section 6: no sign but minus, no leading zero, digits on both sides of a point. */
enum status json_take_number(struct json *json, struct slice *ret_text) {
    uint8_t c = json_peek(json);
    if (c == '"') return json_take_string(json, ret_text);
    if (is_not_a_number(json)) return STATUS_NOT_A_NUMBER;
    if (c != '-' && !is_digit(c)) return other_kind(json);
    const uint8_t *start = json->at;
    (void)skip_one_of(json, '-', '-');
    if (!skip_one_of(json, '0', '0') && !skip_digits(json)) return STATUS_BAD_FORMAT;
    if (skip_one_of(json, '.', '.') && !skip_digits(json)) return STATUS_BAD_FORMAT;
    if (skip_one_of(json, 'e', 'E')) {
        (void)skip_one_of(json, '+', '-');
        if (!skip_digits(json)) return STATUS_BAD_FORMAT;
    }
    *ret_text = slice_of(start, (size_t)(json->at - start));
    return STATUS_OK;
}

enum status json_take_bool(struct json *json, bool *ret_value) {
    (void)json_peek(json);
    size_t left = (size_t)(json->end - json->at);
    bool is_true = left >= 4 && memcmp(json->at, "true", 4) == 0;
    bool is_false = left >= 5 && memcmp(json->at, "false", 5) == 0;
    if (!is_true && !is_false) return other_kind(json);
    json->at += is_true ? 4 : 5;
    *ret_value = is_true;
    return STATUS_OK;
}

/* Arrays and objects. */

enum status json_open_array(struct json *json) {
    return json_peek(json) == '[' ? json_take_mark(json, '[') : other_kind(json);
}

/* The comma or the closing mark that follows a value, or the closing mark of an empty array or object. */
static enum status next_of(struct json *json, char close, bool *is_first, bool *ret_more) {
    bool is_close = json_peek(json) == (uint8_t)close;
    if (is_close) TRY(json_take_mark(json, close));
    if (!is_close && !*is_first) TRY(json_take_mark(json, ','));
    *is_first = false;
    *ret_more = !is_close;
    return STATUS_OK;
}

enum status json_next_element(struct json *json, bool *is_first, bool *ret_more) {
    return next_of(json, ']', is_first, ret_more);
}

static size_t find_field(const struct json_field *fields, size_t count, struct slice name) {
    size_t i = 0;
    while (i < count && !slice_equal(name, slice_of_text(fields[i].name))) i++;
    return i;
}

static enum status take_field(struct json *json, const struct json_field *fields, size_t count, void *form,
                              uint32_t *present, struct refusal *ret_refusal) {
    struct slice name = {NULL, 0};
    if (json_take_string(json, &name) != STATUS_OK || json_take_mark(json, ':') != STATUS_OK)
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "not JSON: a name and a colon were expected");
    size_t found = find_field(fields, count, name);
    if (found == count)
        return refusal_say(ret_refusal, STATUS_BAD_VALUE, "%.*s: there is no such field", REFUSAL_QUOTE(name));
    if (*present >> found & 1)
        return refusal_say(ret_refusal, STATUS_DUPLICATE, "%s: the field is there twice", fields[found].name);
    *present |= UINT32_C(1) << found;
    enum status status = fields[found].take(json, form);
    return status == STATUS_OK ? STATUS_OK : refusal_of(ret_refusal, status, fields[found].name);
}

static enum status check_required(const struct json_field *fields, size_t count, uint32_t present,
                                  struct refusal *ret_refusal) {
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && !(present >> i & 1))
            return refusal_say(ret_refusal, STATUS_MISSING, "%s: the field is missing", fields[i].name);
    }
    return STATUS_OK;
}

enum status json_take_object(struct json *json, const struct json_field *fields, size_t fields_count, void *form,
                             uint32_t *ret_present, struct refusal *ret_refusal) {
    CHECK(fields_count <= FIELDS_MAX);
    if (json_peek(json) != '{') {
        bool is_value = other_kind(json) == STATUS_BAD_TYPE;
        return refusal_say(ret_refusal, is_value ? STATUS_BAD_TYPE : STATUS_BAD_FORMAT,
                           is_value ? "a JSON object was expected" : "not JSON: an object was expected");
    }
    json->at++;
    uint32_t present = 0;
    bool is_first = true;
    bool more;
    for (;;) {
        if (next_of(json, '}', &is_first, &more) != STATUS_OK)
            return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "not JSON: a comma or a closing brace was expected");
        if (!more) break;
        TRY(take_field(json, fields, fields_count, form, &present, ret_refusal));
    }
    TRY(check_required(fields, fields_count, present, ret_refusal));
    *ret_present = present;
    return STATUS_OK;
}

enum status json_end(struct json *json) {
    return json_peek(json) == 0 && json->at == json->end ? STATUS_OK : STATUS_TRAILING_BYTES;
}
