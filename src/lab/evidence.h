/* Evidence: what honest members see, drawn from a seed in integers alone, so a run is the same everywhere.
 *
 * - Gaussian: each log-likelihood has a mean for the true hypothesis, 0 for the others, and noise of its own, a sum of
 *   48 uniform numbers. The ratio of the truth to another has a spread of 3 nats and a mean of 4.5, half its variance,
 *   so it is worth just what it says. Without liars that is enough for decisions that bear a third of them.
 * - Labels: each member names one hypothesis, the true one with 80 %, and says what that is worth. */
#ifndef LAB_EVIDENCE_H
#define LAB_EVIDENCE_H

#include <stddef.h>

#include "base/limits.h"
#include "base/prng.h"

enum evidence_kind { EVIDENCE_GAUSSIAN, EVIDENCE_LABELS, EVIDENCE_KINDS };

/* "gaussian", "labels". Static storage. */
const char *evidence_name(enum evidence_kind kind);
/* Of the log-likelihood ratio of the truth to another hypothesis, by one honest member: spread and mean, quanta. */
int64_t evidence_spread(enum evidence_kind kind);
int64_t evidence_signal(enum evidence_kind kind);

/* What `members` members would honestly tell about one observation: ret_loglik[member * hypotheses + j], quanta. */
void evidence_draw(struct prng *prng, enum evidence_kind kind, uint32_t members, uint32_t hypotheses, uint32_t truth,
                   int64_t *ret_loglik);

#endif
