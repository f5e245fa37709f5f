/* Numbers from outside. Logarithms are taken in extended precision of exact integers: p and 1 - p have no rounding of
 * their own, however close to 0 or 1 they are. */
#include "http/number.h"

#include <math.h>

#include "base/decimal.h"
#include "base/limits.h"

enum { PROBABILITY_SCALE = 36, TIME_BYTES_MIN = 20 };

/* 10^36: probability one. */
static int128 one(void) { return (int128)UINT64_C(1000000000000000000) * UINT64_C(1000000000000000000); }

enum status number_take(struct json *json, uint32_t scale, int64_t low, int64_t high, int64_t *ret_value) {
    struct slice text;
    int64_t value;
    TRY(json_take_number(json, &text));
    TRY(decimal_parse(text, scale, &value));
    if (value < low || value > high) return STATUS_BAD_VALUE;
    *ret_value = value;
    return STATUS_OK;
}

enum status number_take_quanta(struct json *json, int64_t *ret_quanta) {
    return number_take(json, 9, INT64_MIN, INT64_MAX, ret_quanta);
}

static enum status take_probability(struct json *json, int128 *ret_value) {
    struct slice text;
    int128 value;
    TRY(json_take_number(json, &text));
    TRY(decimal_parse_wide(text, PROBABILITY_SCALE, &value));
    if (value <= 0 || value >= one()) return STATUS_BAD_VALUE;
    *ret_value = value;
    return STATUS_OK;
}

/* ln(a / b) in quanta, to nearest. Both are positive and below 2^127, so the result is below 90 nats. */
static int64_t log_ratio(int128 a, int128 b) {
    return (int64_t)llrintl((logl((long double)a) - logl((long double)b)) * (long double)QUANTA_PER_NAT);
}

enum status number_take_odds(struct json *json, int64_t *ret_quanta) {
    int128 value;
    TRY(take_probability(json, &value));
    *ret_quanta = log_ratio(value, one() - value);
    return STATUS_OK;
}

enum status number_take_prior(struct json *json, uint32_t most, int64_t *ret_quanta, uint32_t *ret_count) {
    int128 values[HYPOTHESES_MAX];
    int128 sum = 0;
    int128 largest = 0;
    uint32_t count = 0;
    bool is_first = true;
    bool more;
    TRY(json_open_array(json));
    for (;;) {
        TRY(json_next_element(json, &is_first, &more));
        if (!more) break;
        if (count == most || count == HYPOTHESES_MAX) return STATUS_TOO_MANY;
        TRY(take_probability(json, &values[count]));
        sum += values[count];
        if (values[count] > largest) largest = values[count];
        count++;
    }
    if (sum < one() - one() / 100 || sum > one() + one() / 100) return STATUS_BAD_VALUE;
    for (uint32_t i = 0; i < count; i++) ret_quanta[i] = log_ratio(values[i], largest);
    *ret_count = count;
    return STATUS_OK;
}

enum status number_take_many(struct json *json, uint32_t scale, uint32_t most, int64_t *ret_values,
                             uint32_t *ret_count) {
    uint32_t count = 0;
    bool is_first = true;
    bool more;
    TRY(json_open_array(json));
    for (;;) {
        TRY(json_next_element(json, &is_first, &more));
        if (!more) break;
        if (count == most) return STATUS_TOO_MANY;
        TRY(number_take(json, scale, INT64_MIN, INT64_MAX, &ret_values[count]));
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}

/* Times. */

/* `count` digits, at most 4, that end at or before `most`. */
static enum status take_part(struct reader *reader, unsigned count, uint32_t least, uint32_t most,
                             uint32_t *ret_part) {
    struct slice digits;
    uint32_t part = 0;
    if (reader_take(reader, count, &digits) != STATUS_OK) return STATUS_BAD_FORMAT;
    for (unsigned i = 0; i < count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return STATUS_BAD_FORMAT;
        part = part * 10 + (digits.data[i] - '0');
    }
    if (part < least || part > most) return STATUS_BAD_VALUE;
    *ret_part = part;
    return STATUS_OK;
}

static enum status take_letter(struct reader *reader, char letter) {
    uint8_t c;
    if (reader_u8(reader, &c) != STATUS_OK || c != (uint8_t)letter) return STATUS_BAD_FORMAT;
    return STATUS_OK;
}

static bool is_leap(uint32_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* Days since 1970-01-01; the year is not before that. */
static enum status take_date(struct reader *reader, uint64_t *ret_days) {
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    uint32_t year;
    uint32_t month;
    uint32_t day;
    TRY(take_part(reader, 4, 1970, 9999, &year));
    TRY(take_letter(reader, '-'));
    TRY(take_part(reader, 2, 1, 12, &month));
    TRY(take_letter(reader, '-'));
    uint32_t leap_day = month == 2 && is_leap(year);
    TRY(take_part(reader, 2, 1, before[month] - before[month - 1] + leap_day, &day));
    uint32_t past = year - 1;
    uint64_t leap_days = past / 4 - past / 100 + past / 400 - 477; /* 477 of them before 1970 */
    *ret_days =
        (uint64_t)(year - 1970) * 365 + leap_days + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
    return STATUS_OK;
}

/* Microseconds since midnight. */
static enum status take_time_of_day(struct reader *reader, uint64_t *ret_us) {
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint64_t unit = 1000000;
    uint64_t fraction = 0;
    TRY(take_part(reader, 2, 0, 23, &hour));
    TRY(take_letter(reader, ':'));
    TRY(take_part(reader, 2, 0, 59, &minute));
    TRY(take_letter(reader, ':'));
    TRY(take_part(reader, 2, 0, 59, &second));
    if (reader->bytes > 0 && reader->data[0] == '.') {
        uint32_t digit;
        TRY(take_letter(reader, '.'));
        do {
            TRY(take_part(reader, 1, 0, 9, &digit));
            unit /= 10;
            if (unit == 0 && digit != 0) return STATUS_BAD_VALUE;
            fraction += unit * digit;
        } while (reader->bytes > 0 && reader->data[0] >= '0' && reader->data[0] <= '9');
    }
    *ret_us = (((uint64_t)hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return STATUS_OK;
}

/* What to add to local time for UTC. */
static enum status take_offset(struct reader *reader, int64_t *ret_us) {
    uint8_t sign;
    uint32_t hour;
    uint32_t minute;
    if (reader_u8(reader, &sign) != STATUS_OK) return STATUS_BAD_FORMAT;
    *ret_us = 0;
    if (sign == 'Z' || sign == 'z') return STATUS_OK;
    if (sign != '+' && sign != '-') return STATUS_BAD_FORMAT;
    TRY(take_part(reader, 2, 0, 23, &hour));
    TRY(take_letter(reader, ':'));
    TRY(take_part(reader, 2, 0, 59, &minute));
    int64_t offset_us = ((int64_t)hour * 60 + minute) * 60000000;
    *ret_us = sign == '+' ? -offset_us : offset_us;
    return STATUS_OK;
}

static enum status parse_rfc3339(struct slice text, uint64_t *ret_us) {
    struct reader reader = reader_of(text);
    uint64_t days;
    uint64_t time_us;
    int64_t offset_us;
    uint8_t separator;
    TRY(take_date(&reader, &days));
    if (reader_u8(&reader, &separator) != STATUS_OK) return STATUS_BAD_FORMAT;
    if (separator != 'T' && separator != 't' && separator != ' ') return STATUS_BAD_FORMAT;
    TRY(take_time_of_day(&reader, &time_us));
    TRY(take_offset(&reader, &offset_us));
    if (reader.bytes > 0) return STATUS_BAD_FORMAT;
    int64_t sum = (int64_t)(days * 86400 * 1000000 + time_us) + offset_us;
    if (sum < 0) return STATUS_BAD_VALUE;
    *ret_us = (uint64_t)sum;
    return STATUS_OK;
}

enum status number_take_time(struct json *json, uint64_t *ret_us) {
    struct slice text;
    int64_t value;
    bool is_string = json_peek(json) == '"';
    TRY(json_take_number(json, &text));
    if (is_string && text.bytes >= TIME_BYTES_MIN && text.data[4] == '-') return parse_rfc3339(text, ret_us);
    enum status status = decimal_parse(text, 0, &value);
    if (status == STATUS_TOO_FINE) return STATUS_BAD_VALUE;
    if (status != STATUS_OK) return is_string && status == STATUS_NOT_A_NUMBER ? STATUS_BAD_FORMAT : status;
    if (value < 0) return STATUS_BAD_VALUE;
    *ret_us = (uint64_t)value;
    return STATUS_OK;
}
