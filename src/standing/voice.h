/* Voice: what one sealed panel observation says about the members, for the detectors (docs/belief.md, "Detectors").
 *
 * Everything in it follows from the log alone, so all members see the same voice. The machine makes it when an
 * observation seals; the detectors take it in and keep running sums, never the voice itself. */
#ifndef STANDING_VOICE_H
#define STANDING_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

/* Families of questions that have detectors of their own; a family beyond them shares those of another, which pools
 * their streams. Family 0 is that of the questions that name none. */
#define STANDING_FAMILIES_MAX 16

/* Not a copy of anybody's report. */
#define VOICE_ORIGINAL UINT16_MAX

/* Fixed point with 16 fractional bits. */
#define STANDING_ONE INT32_C(65536)

/* One report on the observation. Vectors are at scale k, centred, as in the question: k values each. */
struct voice_report {
    uint16_t member;
    uint16_t copied;        /* a member whose report of the same vector or content the reporter's lane had provably
                               seen (its deps) before it told this one; or VOICE_ORIGINAL */
    int32_t offset;         /* when told, by the reporter's own clock: 0 the first report .. STANDING_ONE the end of
                               the window; clamped to this range */
    const int64_t *y;       /* what was told */
    const int64_t *without; /* the location of each hypothesis without this report; NULL when it was the only one of
                               positive weight */
};

struct voice {
    uint32_t family;                   /* below STANDING_FAMILIES_MAX */
    uint32_t hypotheses;               /* k, HYPOTHESES_MIN .. HYPOTHESES_MAX */
    int64_t cap;                       /* of the question at scale k, positive */
    uint32_t top;                      /* the hypothesis whose location is largest; the lowest index wins ties */
    uint32_t reports;                  /* 1 .. MEMBERS_MAX */
    const struct voice_report *report; /* ascending by member */
    /* One bit a member: told nothing, although its lane moved while the observation was open. */
    uint64_t missed[MEMBERS_MAX / 64];
};

#endif
