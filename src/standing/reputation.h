/* Reputation: what a member's answers to challenges and canary questions say of it (docs/belief.md, "Weight").
 *
 * A Beta mean with forgetting: counts a of good and b of bad are multiplied by L = 63/64 once an epoch, after which
 * what the epoch brought is added, and
 *
 *     r = (a + 8) / (a + b + 8)
 *
 * so a newcomer starts at 1, one lost message costs little, and old sins are forgotten: half of them in 44 epochs.
 * (Jøsang & Ismail, "The Beta Reputation System", 2002: forgetting factor; here the prior is all good.)
 *
 * A canary question, whose true answer is revealed afterwards, adds (1 + gain)/2 to good and (1 - gain)/2 to bad, where
 * gain is a proper score. In the long run r is then linear in the expected score, and what maximises the expected
 * score is to tell what one believes: a member that wants weight has no better strategy than the truth.
 *
 * Room: counts are fixed point with 16 fractional bits and saturate at 2^32, which is 65,536 events; so (a + 8) * 2^16
 * stays below 2^49, and r never falls to 0. Products are rounded down. */
#ifndef STANDING_REPUTATION_H
#define STANDING_REPUTATION_H

#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

/* Blocks in an epoch of reputation; a challenge comes as often. */
#define STANDING_REPUTATION_INTERVAL 64

/* Counts saturate here. */
#define REPUTATION_COUNT_MAX (UINT64_C(1) << 32)

/* Zeros are a newcomer. All counts have 16 fractional bits. */
struct reputation {
    uint64_t a;    /* good, faded */
    uint64_t b;    /* bad, faded */
    uint64_t good; /* of this epoch, not added yet */
    uint64_t bad;
};

/* Adds to the epoch that runs; 16 fractional bits. */
void reputation_add(struct reputation *reputation, uint64_t good, uint64_t bad);
/* As reputation_add with the two halves of a score; gain in [-STANDING_ONE, STANDING_ONE] (checked). */
void reputation_add_canary(struct reputation *reputation, int32_t gain);
/* Ends the epoch. */
void reputation_epoch(struct reputation *reputation);
/* r with 16 fractional bits, 1 .. STANDING_ONE; exactly STANDING_ONE while there is no bad count. */
uint32_t reputation_value(const struct reputation *reputation);

/* For snapshots. STATUS_BAD_VALUE for a count that could not have come about. */
void reputation_save(const struct reputation *reputation, struct outlet *outlet);
enum status reputation_load(struct reputation *reputation, struct reader *reader) MUST_USE;

/* The quadratic score of probabilities told for k hypotheses when `truth` is the true one, brought to [-1, 1]:
 *
 *     1 - sum over j of (p_j - [j = truth])^2          (Brier 1950; strictly proper)
 *
 * 1 for the truth told with certainty, -1 for a certain lie. Probabilities have 16 fractional bits and add up to about
 * STANDING_ONE: at most that plus k, for rounding (checked, as are k and truth). 16 fractional bits, rounded to
 * nearest, clamped to the range. O(k). */
int32_t canary_gain(const uint32_t *probability, uint32_t hypotheses, uint32_t truth);

#endif
