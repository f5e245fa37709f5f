/* Copies: who shares one voice (README.md, section 1).
 *
 * The agreement of a pair is phi, the chance-corrected agreement of its answers to common questions, shrunk while
 * there are few. phi^8 is the part of a voice that a pair shares: next to nothing for two good members, nearly all of
 * it for copies. A member's copy mass is the sum over its pairs. Liars may take turns, so that each pair agrees in some
 * stretch of the log only: so every pair is looked at over the whole log and again in each window of 64 questions.
 *
 * Two discounts follow. The local one is an answer's own: the mass of those who gave the same answer to the question.
 * The global one is the member's in a window, whatever was answered. Members that agree too well and are a majority
 * are never discounted, since that is what a majority of good members looks like. */
#ifndef CALIBRATION_COPIES_H
#define CALIBRATION_COPIES_H

#include "calibration/answers.h"

enum {
    COPIES_WINDOW = 64, /* questions; one bit each in a word */
    COPIES_NEAR = 2868, /* Q12: phi of 0.7 is near agreement */
};

struct copies {
    uint32_t *tally;        /* [pair][2 * labels + 1]: equal answers; the first's answers by label; the second's */
    uint16_t *phi;          /* [pair], Q12, over the whole log */
    uint32_t *mass;         /* [member], Q12, over the whole log */
    uint16_t *near;         /* [member]: it and those in near agreement with it, over the whole log */
    uint16_t *group;        /* [member]: the smallest member that near agreement leads to */
    bool *discounted;       /* [member]: has company on the log, and its near ones are no majority */
    uint64_t *answered;     /* [member]: the window's questions, as bits */
    uint64_t *answered_as;  /* [row]: the same by label */
    uint64_t *used;         /* [member]: labels it used in the window */
    uint32_t *same_mass;    /* [question of the window][member]: phi^8 of those with the same answer */
    uint16_t *same_near;    /* [question of the window][member]: those in near agreement that answered */
    uint32_t *window_mass;  /* [member] */
    uint16_t *window_near;  /* [member] */
    uint16_t *window_voice; /* [member], Q12 */
};

struct copies copies_take(struct arena *arena, uint32_t members, uint32_t labels);

/* Finds the copies of a log. ret_mass[answer] is the local copy mass, Q12, at most 255 * 4096; ret_voice[answer] what
 * the global discount leaves of the member's voice, 4096 * 4096 / (4096 + mass), rounded down. phi, group and discounted
 * hold the result too. O(n^2 * k) a window. */
void copies_find(struct copies *copies, const struct answers *answers, uint32_t *ret_mass, uint16_t *ret_voice);

#endif
