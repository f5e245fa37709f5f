/* Sign: whose residuals nearly always have the same sign, however small they are (docs/belief.md, "Detectors").
 *
 * A member that copies the group and adds a little stays far below what drift can see, but its residuals have one sign.
 * The detector counts runs that may be broken now and then: a CUSUM of signs
 *
 *     S <- max(0, S + theta * (hit - reference)),        hit = 1 for the watched sign, 0 for the other
 *
 * with p the share of that sign in this very panel, reference = p + 3/4 (1 - p), and theta the exact solution of
 * E exp(theta (hit - reference)) = 1 for hits of probability p (scripts/detector-constants). Given how many residuals of
 * the panel are positive, each of a group of equals is one of them with just that probability, whatever the evidence
 * looks like: the test is exact, and a panel that most get right makes nobody suspect. At p = 1/2 a hit is worth 0.69
 * nats, so a pure run is alarmed when its binomial tail p^length falls below 1 / (A J), and a miss costs seven hits.
 *
 * A share below 1/2 counts as 1/2: liars who all push up leave the honest members fewer than half of the group's negative
 * signs, and theirs must not count for more because of that. A residual of exactly zero says nothing, nor does a panel with
 * fewer than four others.
 *
 * Frames: both signs for each hypothesis (for one of two), and relative to the outcome the sign against it. Being with the
 * outcome more often than others is what a better member looks like. J = n times 2 a hypothesis and 1. */
#ifndef STANDING_SIGN_H
#define STANDING_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

/* The outcome, then the hypotheses. */
#define SIGN_FRAMES (1 + HYPOTHESES_MAX)

struct sign {
    uint32_t members;  /* places */
    uint32_t heads;    /* of them, that are taken */
    uint32_t frames;   /* that any panel of the family has had */
    int32_t threshold; /* for the normal run length */
    int32_t *sums;
};

/* Memory for one family: 8 bytes a member and frame. */
size_t sign_bytes(uint32_t members);
/* `memory` is zeroed, aligned to 16 bytes, and outlives the sign. Only frames that occur are touched. */
void sign_init(struct sign *sign, void *memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void sign_forget(struct sign *sign, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void sign_resize(struct sign *sign, uint32_t heads);
/* O(k) a report. */
void sign_on_panel(struct sign *sign, const struct voice *voice);
/* The largest S/h of the member, 16 fractional bits, at most 5/4. O(k). */
uint32_t sign_ratio(const struct sign *sign, uint32_t member, bool enhanced);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void sign_save(const struct sign *sign, struct outlet *outlet);
enum status sign_load(struct sign *sign, struct reader *reader) MUST_USE;

#endif
