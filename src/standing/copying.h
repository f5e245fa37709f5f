/* Copying: members that tell what they have seen others tell (docs/belief.md, "Detectors").
 *
 * A report is a repeat when the very vector that it tells had been told before by a member whose report its reporter
 * had provably seen (voice_report.copied, from the lane's deps; here it is checked that the vectors are equal, for
 * equal contents alone are no equal judgement). With evidence of few values everybody repeats somebody, and whoever
 * reports late has seen it all; so each repeat is held against how usual it is to be equal to somebody, whatever the
 * order:
 *
 *     base = the largest of   m, the share of the other reports that equal one of the others
 *                             M, the running mean of that share over panels (window 64)
 *                             3 p, p the share of equal pairs among the other reports
 *     S <- min(max(0, S + [repeat] - base - 1/4), 5/4 h)       a CUSUM (Page 1954), one a member
 *
 * An honest member that equals somebody no more than 1/8 more often than base has, by Hoeffding's lemma, E exp(S's
 * step) <= 1: [repeat] lies in [0, 1], so ln E exp([repeat] - its mean) <= 1/8. So h = ln(A n) gives an in-control run
 * length of at least A panels for the group (standing/cusum.h). With two labels 3 p is at least 1 in each panel of 4
 * reports or more, and no sum ever leaves 0. With continuous evidence base is near 0 and a lone copyist is caught by
 * ln(A n) / (3/4) repeats.
 *
 * What it cannot see: who changes the copy by a quantum (collusion sees their residuals move together), and a group of
 * copyists so large that copying is usual. Equality is by a hash of 32 bits: who finds another vector of the same hash
 * has raised a base as much as by an equal vector, which is cheaper. */
#ifndef STANDING_COPYING_H
#define STANDING_COPYING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

struct copying {
    uint32_t members; /* places */
    uint32_t heads;   /* of them, that are taken */
    uint32_t panels;  /* so far, at most the window of `usual` */
    int32_t usual;    /* M, 16 fractional bits; begins at 1 with the weight of 4 panels */
    int32_t *sum;     /* S of each member, 16 fractional bits */
};

size_t copying_bytes(uint32_t members);
/* `zeroed_memory` is aligned to 16 bytes and outlives `copying`. */
void copying_init(struct copying *copying, void *zeroed_memory, uint32_t members);
/* Nobody is at this place any more: what was kept of the member is gone. */
void copying_forget(struct copying *copying, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void copying_resize(struct copying *copying, uint32_t heads);
/* A panel of fewer than 4 reports has too few others to say what is usual and is left out. O(k + reports) a report. */
void copying_on_panel(struct copying *copying, const struct voice *voice);
/* S/h with 16 fractional bits, at most 5/4. O(1). */
uint32_t copying_ratio(const struct copying *copying, uint32_t member, bool enhanced);

/* For snapshots: everything that later panels depend on. Loading is into one that was just initialised; a status other
 * than STATUS_OK leaves it in between, fit for nothing. */
void copying_save(const struct copying *copying, struct outlet *outlet);
enum status copying_load(struct copying *copying, struct reader *reader) MUST_USE;

#endif
