/* Pairs: do two members move together more than the others do? (docs/belief.md, "Detectors": collusion, and the same
 * for the times of reports.)
 *
 * Every panel gives each reporter one value x in spreads, bounded by a limit and centred by the reporter's own running
 * mean (one for each slot, so that skill and a constant bias, which drift sees, do not count as agreement). Panels
 * are collected in blocks of 64. At the end of a block the products of all pairs enter exponentially weighted means on
 * two scales, of about 256 panels (what happens now) and about 2048 (what is faint), over the panels on which both
 * reported; and all pairs are judged anew:
 *
 *     c_ij = EW mean of x_i * x_j        V_i = c_ii        v = median of the V_i
 *     m = median of all c_ij             r_i = median over j of c_ij, less m
 *     e_ij = (c_ij - m - max(0, r_i + r_j)) / max(v, (V_i + V_j) / 2, 1/16) - allowance
 *
 * The medians take out what all pairs share, or all pairs of a member: the location that all residuals are taken
 * from. Where liars move it, all honest residuals move the other way together, and but for r_i honest pairs would
 * stand out. What honest members of unequal skill share beyond it falls as 1/n; the allowance is for that. The
 * denominator keeps a noisy pair from standing out by its noise and a precise pair by the noise of the location.
 *
 * How surprising e is, as -ln of the chance that the mean of W panels of honest products shows it (Bernstein's
 * inequality; Boucheron, Lugosi & Massart 2013, 2.8), with g the sum of the squared weights of the mean times W, kappa
 * how much more the products of a panel vary than independent steady values would, and B the largest product:
 *
 *     pair:  S = W e^2 / (2 (g kappa + B e / 3)) - ln(4 (n - 1))
 *     star:  S = W (sum of the k largest e of a row)^2 / (2 k g kappa B) - ln C(n - 1, k) - ln(4 (n - 1)),
 *            k = 2, 4, 8 .. (n - 1)/2
 *
 * The star finds a coalition whose every pair stays below the pair's threshold; B (Hoeffding 1963) and the binomial (a
 * union bound over all companies of k) make it hold for the largest of many. The last term pays for the tests that a
 * member takes part in, two with each other member on two scales. Its S is the largest of them and h = ln(A n), as
 * for every detector: by Bonferroni the chance of any alarm within A panels, A/64 looks, is at most 1/128.
 *
 * A pair that was together on fewer than 64 panels of weight does not count. In integers: values have 11 fractional
 * bits, products 22, shares 16. Cost: O(1) a value; a look is O(n^2) multiplications of 64 int16 and O(n^2) divisions,
 * amortised over 64 panels. */
#ifndef STANDING_PAIRS_H
#define STANDING_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"
#include "standing/voice.h"

/* Panels in a block: as many as a word has bits. */
#define PAIRS_BLOCK 64
/* One spread; two spreads are the largest limit of a value. */
#define PAIRS_SPREAD    2048
#define PAIRS_VALUE_MAX (2 * PAIRS_SPREAD)
/* Means of their own that a member's values may be centred by. */
#define PAIRS_SLOTS  4
#define PAIRS_SCALES 2

/* One length of memory; triangular arrays, row i holds j = 0 .. i, so the diagonal is there too. */
struct pairs_scale {
    int32_t *product; /* EW sum of x_i x_j over a block, divided by 64 */
    int32_t *common;  /* EW sum of panels with both, 8 fractional bits */
    int64_t panels;   /* EW sum of panels, 8 fractional bits */
    int64_t square;   /* EW sum of a panel's mean of x^2, 14 fractional bits */
    int64_t fourth;   /* EW sum of a panel's mean of (x_i x_j)^2, 28 fractional bits */
};

struct pairs {
    uint32_t members;   /* places */
    uint32_t heads;     /* of them, that are taken */
    uint32_t own;       /* the allowance that pairs_init was told */
    uint32_t allowance; /* with what the number of members adds, 16 fractional bits */
    uint32_t panels;    /* in the open block, below PAIRS_BLOCK */
    int32_t limit;      /* the largest |x| that the block may hold, and what older ones fade from */
    int32_t *mean;      /* mean[member][slot], 8 fractional bits beyond those of a value */
    uint8_t *count;     /* how many values a mean has had, at most 64 */
    int16_t *value;     /* value[member][panel]; 0 where absent */
    uint64_t *present;  /* one bit a panel */
    struct pairs_scale scale[PAIRS_SCALES];
    int32_t *excess;      /* scratch of a look, triangular */
    int32_t *surprise;    /* S of each member as of the last look, 16 fractional bits */
    uint16_t *cluster;    /* the smallest member connected by flagged pairs, as of the last look */
    int32_t star_cost[8]; /* ln C(n - 1, m), m = 2^level; 16 fractional bits */
};

/* 20 bytes a pair of members, 162 a member. */
size_t pairs_bytes(uint32_t members);
/* `zeroed_memory` is aligned to 16 bytes and outlives `pairs`. allowance: what honest pairs may show, 16 fractional
 * bits, to which 2/(n - 1) + 3/(n - 1)^2 is added. */
void pairs_init(struct pairs *pairs, void *zeroed_memory, uint32_t members, uint32_t allowance);

/* Nobody is at this place any more: what was kept of the member, alone and with others, is gone. O(n). */
void pairs_forget(struct pairs *pairs, uint32_t member);
/* Places that are taken, from now on; all of them after the start. */
void pairs_resize(struct pairs *pairs, uint32_t heads);

/* One reporter's value on the panel that is open; at most once a member and panel. |value| <= limit <=
 * PAIRS_VALUE_MAX; after centring it is held at the limit again. slot < PAIRS_SLOTS. */
void pairs_add(struct pairs *pairs, uint32_t member, int32_t value, int32_t limit, uint32_t slot);
/* The panel is complete; every PAIRS_BLOCK of them are looked at. */
void pairs_end_panel(struct pairs *pairs);

/* S/h as of the last look, at most 5/4. */
uint32_t pairs_ratio(const struct pairs *pairs, uint32_t member, bool enhanced);
/* The smallest member of the connected component of flagged pairs (S >= h, not enhanced), itself when alone. The
 * centre of a flagged star is paired with those that show at least half of the star's mean. */
uint32_t pairs_cluster(const struct pairs *pairs, uint32_t member);

/* As for the detectors that are made of it. */
void pairs_save(const struct pairs *pairs, struct outlet *outlet);
enum status pairs_load(struct pairs *pairs, struct reader *reader) MUST_USE;

#endif
