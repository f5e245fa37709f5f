/* Sheet: what each member had said of a question when it got its verdict, small enough to be kept until the question
 * turns out to be a canary or its family closes (docs/belief.md, "Canaries", "Calibration").
 *
 * A member's evidence about the question, all of it together with the prior, is a posterior of its own: its
 * probabilities for the hypotheses, of which the likeliest is its label. */
#ifndef MACHINE_SHEET_H
#define MACHINE_SHEET_H

#include <stddef.h>
#include <stdint.h>

#include "belief/question.h"
#include "calibration/fixed.h"

/* Said nothing, or nothing that prefers any hypothesis. */
#define SHEET_SILENT UINT8_MAX

/* One member's probabilities are k times 2 bytes with 12 fractional bits, and its label is a byte. */
size_t sheet_bytes(uint32_t members, uint32_t hypotheses);
/* Fills a sheet of `members` from the evidence of the question. */
void sheet_fill(uint8_t *sheet, const struct question *question, uint32_t members, const struct fixed_tables *tables);
/* What this member said is nobody's any more. */
void sheet_silence(uint8_t *sheet, uint32_t members, uint32_t hypotheses, uint32_t member);
/* The hypothesis that a member held likeliest, the lowest among equals; SHEET_SILENT. */
uint8_t sheet_label(const uint8_t *sheet, uint32_t member);
/* Its k probabilities with 16 fractional bits. The member must not be silent. */
void sheet_probabilities(const uint8_t *sheet, uint32_t members, uint32_t hypotheses, uint32_t member,
                         uint32_t *ret_probability);
/* Whether these bytes, sheet_bytes of them, have the form that sheet_fill gives them: for what comes from outside. */
bool sheet_is_valid(const uint8_t *sheet, uint32_t members, uint32_t hypotheses);

#endif
