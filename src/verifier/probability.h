/* Whether a belief is at least as probable as somebody asks for. Records hold log-odds in whole quanta; probabilities are
 * the softmax of these, and a gate must not depend on how some processor rounds a binary fraction: so this is integers
 * throughout, with a bound on the error that is held against the belief. */
#ifndef VERIFIER_PROBABILITY_H
#define VERIFIER_PROBABILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/record.h"

/* A probability of 1. */
#define PROBABILITY_ONE INT64_C(1000000000000000000)
/* Decimal places that a probability asked for may have (base/decimal.h). */
enum { PROBABILITY_SCALE = 18 };

/* Whether the leading hypothesis of a belief that record_belief_read accepted has at least the probability `least`, 0 to
 * PROBABILITY_ONE: whether the sum of exp(log_odds) is at most 1 / least. Never true when it has less. False as well when
 * it has more by less than one part in 10^11, which e to the power of quanta never comes near by itself; when all
 * log-odds are zero, where alone both sides can be equal, the comparison is exact. */
bool probability_reaches(const struct record_belief *belief, int64_t least);

#endif
