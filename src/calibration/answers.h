/* Answers: the log of a family, packed for many passes over it.
 *
 * An answer is one number, its row: member * labels + label. Tables that depend on the member and the label, or on
 * either, are indexed by the row, so that a pass touches two bytes an answer and divides nothing. */
#ifndef CALIBRATION_ANSWERS_H
#define CALIBRATION_ANSWERS_H

#include <stdint.h>

#include "base/arena.h"
#include "calibration/calibration.h"

struct answers {
    uint32_t members;
    uint32_t labels;
    uint32_t questions;
    uint32_t rows;       /* members * labels */
    uint32_t *begin;     /* begin[question] .. begin[question + 1] are its answers; questions + 1 of them */
    uint16_t *row;       /* row[answer], ascending within a question */
    uint8_t *row_member; /* row_member[row] */
    uint8_t *row_label;  /* row_label[row] */
    uint32_t *reports;   /* reports[member] */
};

_Static_assert(MEMBERS_MAX *HYPOTHESES_MAX <= UINT16_MAX, "a row fits 16 bits");
_Static_assert(MEMBERS_MAX <= UINT8_MAX + 1, "a member's number fits 8 bits");

static inline uint32_t answers_of(const struct answers *answers, uint32_t question) {
    return answers->begin[question + 1] - answers->begin[question];
}

/* What is wrong with the input, in the words of calibration_run; STATUS_OK when nothing is. O(entries). */
enum status answers_check_sizes(const struct calibration_input *input) MUST_USE;
enum status answers_check(const struct calibration_input *input) MUST_USE;

/* Takes the arrays for an input of checked sizes, and fills nothing. */
struct answers answers_take(struct arena *arena, const struct calibration_input *input);
/* Packs an input that passed both checks. */
void answers_load(struct answers *answers, const struct calibration_input *input);

#endif
