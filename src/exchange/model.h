/* Models: how likely each kind of report is under each hypothesis, P(report | hypothesis), and what a report is worth
 * by that: log-likelihoods in quanta (docs/exchange.md, docs/belief.md 1).
 *
 * Probabilities are read exactly, as counts of 1e-18; logarithms are taken in integers (exchange/logarithm.h). So the
 * same file and the same model give the same bytes on every machine.
 *
 * Repetition: n reports of one kind, by one source, on one subject count as
 *     E(n) = n / (1 + (n - 1) * rho)
 * of them, with rho the share in which repeated reports of one source are the same: the design effect, as between
 * members in docs/belief.md 1. E(n) stays below 1 / rho however often something is repeated. The report whose counts
 * come after `before` others is worth E(before + count) - E(before): each keeps an observation of its own, and the
 * sum over a file is exactly the capped total. The logarithm is rounded to a quantum before it is multiplied, so the total
 * is within (E + 1) / 2 quanta of what real numbers would give. */
#ifndef EXCHANGE_MODEL_H
#define EXCHANGE_MODEL_H

#include "base/limits.h"
#include "exchange/report.h"

enum {
    MODEL_VERSION = 1,
    MODEL_SOURCES_MAX = 256,
    MODEL_QUESTIONS_MAX = 4096,
    MODEL_NAME_BYTES_MAX = 200,
    MODEL_QUESTION_BYTES = 32, /* hexadecimal digits */
    MODEL_REPEAT_FULL = 1000,
};
/* One, as a probability. */
#define MODEL_ONE UINT64_C(1000000000000000000)

struct model_table {
    bool has[REPORT_KINDS_COUNT];
    uint32_t repeat; /* rho, in thousandths */
    uint64_t probability[REPORT_KINDS_COUNT][HYPOTHESES_MAX];
};

struct model_source {
    uint32_t name_bytes;
    char name[MODEL_NAME_BYTES_MAX];
    struct model_table table;
};

/* Which question a subject belongs to. */
struct model_question {
    uint32_t subject_bytes;
    char subject[MODEL_NAME_BYTES_MAX];
    char question[MODEL_QUESTION_BYTES + 1];
};

/* Some 3 MiB: the caller's, zeroed. */
struct model {
    uint32_t hypotheses_count;
    char hypotheses[HYPOTHESES_MAX][HYPOTHESIS_BYTES_MAX + 1];
    struct model_table table;
    uint32_t sources_count;
    struct model_source sources[MODEL_SOURCES_MAX];
    uint32_t questions_count;
    struct model_question questions[MODEL_QUESTIONS_MAX];
};

/* The model for a format when no file is given: "malicious" and "benign". */
void model_default(struct model *ret_model);
/* Reads a model file. Refused with the place: an unknown key, an unknown kind, a row of another length than there are
 * hypotheses, a probability of 0 or less or above 1 or finer than 1e-18, and probabilities of one channel that add up to
 * more than 1 under any hypothesis. `ret_model` is undefined on failure. */
enum status model_read(struct tokens *tokens, struct model *ret_model) MUST_USE;

/* The question that the model names for a subject, as text; NULL: none. */
const char *model_question_of(const struct model *model, struct slice subject);

/* What a report says, in quanta: for two hypotheses one number, the log-likelihood ratio of the first; for more, k
 * numbers, 0 for the likeliest. A confidence c mixes the row with the one that says nothing, its mean:
 * c P(r | h) + (1 - c) mean. STATUS_NOT_FOUND: there is no row for this kind and source. STATUS_OVER_ITEM_LIMIT. */
enum status model_weigh(const struct model *model, const struct reports *reports, const struct report *report,
                        int64_t ret_quanta[HYPOTHESES_MAX], uint32_t *ret_count) MUST_USE;

#endif
