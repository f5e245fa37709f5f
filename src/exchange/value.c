/* Fields of objects (exchange/value.h). */
#include "exchange/value.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/num.h"
#include "exchange/moment.h"
#include "wire/field.h"

enum status value_take(struct tokens *tokens, enum token token, struct value *ret_value) {
    static const enum value_kind kinds[] = {
        [TOKEN_TEXT] = VALUE_TEXT,  [TOKEN_NUMBER] = VALUE_NUMBER, [TOKEN_TRUE] = VALUE_BOOL,
        [TOKEN_FALSE] = VALUE_BOOL, [TOKEN_NULL] = VALUE_NULL,     [TOKEN_OBJECT] = VALUE_OBJECT,
        [TOKEN_ARRAY] = VALUE_LIST,
    };
    ret_value->kind = kinds[token];
    ret_value->is_true = token == TOKEN_TRUE;
    ret_value->line = tokens->line;
    ret_value->bytes = 0;
    ret_value->is_cut = false;
    if (token == TOKEN_TEXT || token == TOKEN_NUMBER) {
        ret_value->bytes = (uint32_t)num_min_size(tokens->text_bytes, sizeof ret_value->text);
        ret_value->is_cut = tokens->text_cut || ret_value->bytes < tokens->text_bytes;
        memcpy(ret_value->text, tokens->text, ret_value->bytes);
    }
    return tokens_skip(tokens, token);
}

enum status value_blame(struct tokens *tokens, const char *name, const struct value *value, enum status status,
                        const char *format, ...) {
    char text[BLAME_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    status = tokens_blame(tokens, status, "%s", text);
    blame_in(&tokens->blame, name, value->line);
    return status;
}

enum status value_missing(struct tokens *tokens, const char *name) {
    return tokens_blame(tokens, STATUS_MISSING, "%s is missing", name);
}

enum status value_as_whole(struct tokens *tokens, const char *name, const struct value *value, uint64_t most,
                           uint64_t *ret_whole) {
    int64_t whole = 0;
    if (!value_is_there(value)) return STATUS_OK;
    if (value->kind != VALUE_NUMBER)
        return value_blame(tokens, name, value, STATUS_BAD_TYPE, "a whole number was expected, not another type");
    enum status status = decimal_parse(value_text(value), 0, &whole);
    if (status == STATUS_OVERFLOW || (status == STATUS_OK && (whole < 0 || (uint64_t)whole > most)))
        return value_blame(tokens, name, value, STATUS_BAD_VALUE, "a whole number from 0 to %llu was expected",
                           (unsigned long long)most);
    if (status != STATUS_OK)
        return value_blame(tokens, name, value, STATUS_BAD_VALUE, "a whole number was expected, without a fraction");
    *ret_whole = (uint64_t)whole;
    return STATUS_OK;
}

enum status value_as_bool(struct tokens *tokens, const char *name, const struct value *value, bool *ret_bool) {
    if (!value_is_there(value)) return STATUS_OK;
    if (value->kind != VALUE_BOOL)
        return value_blame(tokens, name, value, STATUS_BAD_TYPE, "true or false was expected");
    *ret_bool = value->is_true;
    return STATUS_OK;
}

enum status value_as_moment(struct tokens *tokens, const char *name, const struct value *value, uint64_t *ret_us) {
    if (!value_is_there(value)) return STATUS_OK;
    if (value->kind != VALUE_TEXT)
        return value_blame(tokens, name, value, STATUS_BAD_TYPE, "a time was expected, as a text");
    if (moment_from_rfc3339(value_text(value), ret_us) == STATUS_OK) return STATUS_OK;
    return value_blame(tokens, name, value, STATUS_BAD_FORMAT,
                       "a time such as 2026-03-01T12:00:00.5Z was expected, in UTC and not before 1970");
}

enum status value_as_text(struct tokens *tokens, const char *name, const struct value *value, size_t most) {
    if (value->kind != VALUE_TEXT) return value_blame(tokens, name, value, STATUS_BAD_TYPE, "a text was expected");
    if (value->is_cut || value->bytes > most)
        return value_blame(tokens, name, value, STATUS_TOO_LARGE, "longer than %zu bytes", most);
    if (field_text_valid(value_text(value), most)) return STATUS_OK;
    return value_blame(tokens, name, value, STATUS_BAD_FORMAT, "a text without control characters was expected");
}
