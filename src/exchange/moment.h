/* Moments: times as sharing platforms write them, to microseconds since the Unix epoch. */
#ifndef EXCHANGE_MOMENT_H
#define EXCHANGE_MOMENT_H

#include "base/bytes.h"
#include "base/status.h"

/* A timestamp of STIX 2.1 (part 3.2: RFC 3339, in UTC, with Z), any number of digits of a second, of which those
 * beyond microseconds are cut: 1970 .. 9999. STATUS_BAD_FORMAT, STATUS_BAD_VALUE. */
enum status moment_from_rfc3339(struct slice text, uint64_t *ret_us) MUST_USE;
/* Whole seconds since the epoch in plain digits, up to the end of the year 9999. */
enum status moment_from_epoch(struct slice text, uint64_t *ret_us) MUST_USE;

#endif
