/* Numbers, probabilities and times as clients write them, to the integers that items carry (docs/belief.md 1).
 *
 * Invariant: an amount is read exactly or refused; only a probability, which no finite number of quanta says exactly,
 * is rounded, to the nearest quantum of its log-odds. */
#ifndef HTTP_NUMBER_H
#define HTTP_NUMBER_H

#include "http/json.h"

/* A decimal as a count of 10^-scale, `low` .. `high`. STATUS_TOO_FINE, STATUS_NOT_A_NUMBER, STATUS_OVERFLOW,
 * STATUS_BAD_VALUE outside the range. */
enum status number_take(struct json *json, uint32_t scale, int64_t low, int64_t high, int64_t *ret_value) MUST_USE;

/* Nats, as quanta of 1e-9. */
enum status number_take_quanta(struct json *json, int64_t *ret_quanta) MUST_USE;

/* A probability strictly between 0 and 1, to ln(p / (1 - p)) in quanta. STATUS_TOO_FINE beyond 36 decimal places. */
enum status number_take_odds(struct json *json, int64_t *ret_quanta) MUST_USE;

/* An array of at most `most` probabilities that add up to 1 within a hundredth, to ln(p / largest p) in quanta: equal
 * ones give zeros. STATUS_TOO_MANY. */
enum status number_take_prior(struct json *json, uint32_t most, int64_t *ret_quanta, uint32_t *ret_count) MUST_USE;

/* An array of at most `most` amounts in nats, or of quanta already. STATUS_TOO_MANY. */
enum status number_take_many(struct json *json, uint32_t scale, uint32_t most, int64_t *ret_values,
                             uint32_t *ret_count) MUST_USE;

/* A time as microseconds since the Unix epoch: a whole number of them, or RFC 3339 ("2026-03-01T12:00:00.5Z") with at
 * most microseconds; without leap seconds. */
enum status number_take_time(struct json *json, uint64_t *ret_us) MUST_USE;

#endif
