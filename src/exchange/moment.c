/* Times (exchange/moment.h). */
#include "exchange/moment.h"

#include <stdbool.h>

#include "base/decimal.h"

enum { MICROSECONDS = 1000000 };
static const int64_t EPOCH_SECONDS_MAX = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */

static enum status take_part(struct reader *reader, unsigned digits, uint32_t least, uint32_t most,
                             uint32_t *ret_part) {
    struct slice text;
    uint32_t part = 0;
    if (reader_take(reader, digits, &text) != STATUS_OK) return STATUS_BAD_FORMAT;
    for (unsigned i = 0; i < digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return STATUS_BAD_FORMAT;
        part = part * 10 + (text.data[i] - '0');
    }
    if (part < least || part > most) return STATUS_BAD_VALUE;
    *ret_part = part;
    return STATUS_OK;
}

static enum status take_mark(struct reader *reader, char mark) {
    uint8_t byte;
    return reader_u8(reader, &byte) == STATUS_OK && byte == (uint8_t)mark ? STATUS_OK : STATUS_BAD_FORMAT;
}

static bool is_leap(uint32_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static enum status take_days(struct reader *reader, uint64_t *ret_days) {
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    uint32_t year;
    uint32_t month;
    uint32_t day;
    TRY(take_part(reader, 4, 1970, 9999, &year));
    TRY(take_mark(reader, '-'));
    TRY(take_part(reader, 2, 1, 12, &month));
    TRY(take_mark(reader, '-'));
    uint32_t longest = before[month] - before[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
    TRY(take_part(reader, 2, 1, longest, &day));
    uint64_t past = year - 1;
    uint64_t leap_days = past / 4 - past / 100 + past / 400 - 477; /* 477 of them before 1970 */
    uint64_t this_year = before[month - 1] + (month > 2 && is_leap(year) ? 1u : 0u) + day - 1;
    *ret_days = (uint64_t)(year - 1970) * 365 + leap_days + this_year;
    return STATUS_OK;
}

/* ".25": digits of a second, at least one. */
static enum status take_fraction(struct reader *reader, uint64_t *ret_us) {
    uint64_t unit = MICROSECONDS / 10;
    uint64_t us = 0;
    uint32_t digit;
    TRY(take_mark(reader, '.'));
    do {
        TRY(take_part(reader, 1, 0, 9, &digit));
        us += unit * digit;
        unit /= 10;
    } while (reader->bytes > 0 && reader->data[0] != 'Z');
    *ret_us = us;
    return STATUS_OK;
}

enum status moment_from_rfc3339(struct slice text, uint64_t *ret_us) {
    struct reader reader = reader_of(text);
    uint64_t days;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint64_t fraction_us = 0;
    TRY(take_days(&reader, &days));
    TRY(take_mark(&reader, 'T'));
    TRY(take_part(&reader, 2, 0, 23, &hour));
    TRY(take_mark(&reader, ':'));
    TRY(take_part(&reader, 2, 0, 59, &minute));
    TRY(take_mark(&reader, ':'));
    TRY(take_part(&reader, 2, 0, 59, &second));
    if (reader.bytes > 0 && reader.data[0] == '.') TRY(take_fraction(&reader, &fraction_us));
    TRY(take_mark(&reader, 'Z'));
    if (reader.bytes > 0) return STATUS_BAD_FORMAT;
    *ret_us = (((days * 24 + hour) * 60 + minute) * 60 + second) * MICROSECONDS + fraction_us;
    return STATUS_OK;
}

enum status moment_from_epoch(struct slice text, uint64_t *ret_us) {
    int64_t seconds;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return STATUS_BAD_FORMAT;
    }
    if (text.bytes == 0) return STATUS_BAD_FORMAT;
    if (decimal_parse(text, 0, &seconds) != STATUS_OK || seconds > EPOCH_SECONDS_MAX) return STATUS_BAD_VALUE;
    *ret_us = (uint64_t)seconds * MICROSECONDS;
    return STATUS_OK;
}
