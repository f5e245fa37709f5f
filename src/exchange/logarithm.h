/* Logarithm: ln(a / b) of positive integers in quanta of 1e-9 nat, in integers alone.
 *
 * What a model makes of a report is signed and must be the same on every machine, so there is no floating point here.
 * log2 of each is found bit by bit (square the mantissa; its overflow is the next bit), 48 bits after the point.
 *
 * Error: a mantissa is cut to 63 bits after the point and so is each of its 48 squares; a relative error e before the
 * k-th square is 2^-k e in the result, so log2 is at most 49 * 2^-62.4 too small, and cutting it adds less than 2^-48.
 * Times 1e9 ln 2 < 2^29.4 that is below 2^-18 quanta, before one rounding to nearest: |error| <= 0.500004 quanta.
 * Antisymmetric, and 0 for equal arguments. */
#ifndef EXCHANGE_LOGARITHM_H
#define EXCHANGE_LOGARITHM_H

#include "base/num.h"

/* Both are positive. */
int64_t logarithm_ratio(uint128 a, uint128 b);

#endif
