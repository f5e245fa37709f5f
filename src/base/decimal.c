/* Exact decimals. Invariant: parse gives the value that the text says, or says why it cannot. */
#include "base/decimal.h"

#include <stdbool.h>

#include "base/check.h"

/* Beyond this an exponent only says "too large" or "too small", whatever the digits. */
enum { EXPONENT_MAX = 1000000 };

/* The parts of the text: the value is sign * (the digits of whole and fraction in a row) * 10^(exponent - fraction).
 */
struct parts {
    bool is_negative;
    struct slice whole;
    struct slice fraction;
    int64_t exponent;
};

static bool take_one_of(struct reader *reader, char a, char b, char *ret_taken) {
    if (reader->bytes == 0 || (reader->data[0] != (uint8_t)a && reader->data[0] != (uint8_t)b)) return false;
    *ret_taken = (char)reader->data[0];
    reader->data++;
    reader->bytes--;
    return true;
}

/* The digits in front, maybe none. */
static struct slice take_digits(struct reader *reader) {
    struct slice digits = slice_of(reader->data, 0);
    while (reader->bytes > 0 && reader->data[0] >= '0' && reader->data[0] <= '9') {
        digits.bytes++;
        reader->data++;
        reader->bytes--;
    }
    return digits;
}

static enum status take_exponent(struct reader *reader, int64_t *ret_exponent) {
    char sign = '+';
    (void)take_one_of(reader, '+', '-', &sign);
    struct slice digits = take_digits(reader);
    if (digits.bytes == 0) return STATUS_NOT_A_NUMBER;
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.bytes && exponent < EXPONENT_MAX; i++) {
        exponent = exponent * 10 + (digits.data[i] - '0');
    }
    *ret_exponent = sign == '-' ? -exponent : exponent;
    return STATUS_OK;
}

static enum status take_parts(struct slice text, struct parts *ret_parts) {
    struct reader reader = reader_of(text);
    struct parts parts = {.fraction = {text.data, 0}};
    char taken = '+';
    (void)take_one_of(&reader, '+', '-', &taken);
    parts.is_negative = taken == '-';
    parts.whole = take_digits(&reader);
    if (parts.whole.bytes == 0) return STATUS_NOT_A_NUMBER;
    if (take_one_of(&reader, '.', '.', &taken)) {
        parts.fraction = take_digits(&reader);
        if (parts.fraction.bytes == 0) return STATUS_NOT_A_NUMBER;
    }
    if (take_one_of(&reader, 'e', 'E', &taken)) TRY(take_exponent(&reader, &parts.exponent));
    if (reader.bytes > 0) return STATUS_NOT_A_NUMBER;
    *ret_parts = parts;
    return STATUS_OK;
}

/* Ten times the value plus a digit of its sign; false when it does not fit. */
static bool push_digit(int128 *value, int digit, bool is_negative) {
    return num_mul_i128(*value, 10, value) && num_add_i128(*value, is_negative ? -digit : digit, value);
}

/* Digits from place `kept` on lie beyond the scale and must be zeros. */
static enum status push_digits(struct slice digits, int64_t kept, bool is_negative, int128 *value) {
    for (size_t i = 0; i < digits.bytes; i++) {
        int digit = digits.data[i] - '0';
        if ((int64_t)i >= kept) {
            if (digit != 0) return STATUS_TOO_FINE;
        } else if (!push_digit(value, digit, is_negative)) {
            return STATUS_OVERFLOW;
        }
    }
    return STATUS_OK;
}

enum status decimal_parse_wide(struct slice text, uint32_t scale, int128 *ret_value) {
    CHECK(scale <= DECIMAL_WIDE_SCALE_MAX);
    struct parts parts;
    TRY(take_parts(text, &parts));
    int64_t kept = (int64_t)parts.whole.bytes + parts.exponent + scale;
    int128 value = 0;
    TRY(push_digits(parts.whole, kept, parts.is_negative, &value));
    TRY(push_digits(parts.fraction, kept - (int64_t)parts.whole.bytes, parts.is_negative, &value));
    int64_t missing = kept - (int64_t)parts.whole.bytes - (int64_t)parts.fraction.bytes;
    for (int64_t i = 0; i < missing && value != 0; i++) {
        if (!push_digit(&value, 0, false)) return STATUS_OVERFLOW;
    }
    *ret_value = value;
    return STATUS_OK;
}

enum status decimal_parse(struct slice text, uint32_t scale, int64_t *ret_value) {
    CHECK(scale <= DECIMAL_SCALE_MAX);
    int128 value;
    TRY(decimal_parse_wide(text, scale, &value));
    if (value < INT64_MIN || value > INT64_MAX) return STATUS_OVERFLOW;
    *ret_value = (int64_t)value;
    return STATUS_OK;
}

void decimal_put(struct writer *writer, int64_t value, uint32_t scale) {
    CHECK(scale <= DECIMAL_SCALE_MAX);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;
    for (uint32_t i = 0; i < scale; i++) unit *= 10;
    uint64_t fraction = magnitude % unit;
    if (value < 0) writer_put_u8(writer, '-');
    writer_put_decimal(writer, magnitude / unit);
    if (fraction == 0) return;
    writer_put_u8(writer, '.');
    for (uint64_t rest = fraction; rest > 0; rest %= unit) {
        unit /= 10;
        writer_put_u8(writer, (uint8_t)('0' + rest / unit));
    }
}
