/* What the fuzz targets of src/exchange share: an input as a source of bytes in pieces, and what must hold of a file
 * that is taken and of one that is refused. */
#ifndef FUZZ_FUZZ_EXCHANGE_H
#define FUZZ_FUZZ_EXCHANGE_H

#include <stdlib.h>

#include "base/num.h"
#include "exchange/exchange.h"
#include "exchange/model.h"
#include "wire/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static inline void require(bool holds) {
    if (!holds) abort();
}

struct pieces {
    const uint8_t *at;
    size_t left;
    size_t piece;
};

static inline enum status pieces_read(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes) {
    struct pieces *pieces = context;
    size_t bytes = num_min_size(num_min_size(pieces->left, pieces->piece), capacity);
    if (bytes > 0) memcpy(data, pieces->at, bytes);
    pieces->at += bytes;
    pieces->left -= bytes;
    *ret_bytes = bytes;
    return STATUS_OK;
}

static inline void begin(struct tokens *tokens, struct pieces *pieces, const uint8_t *data, size_t bytes,
                         size_t piece) {
    *pieces = (struct pieces){data, bytes, piece};
    tokens_init(tokens, (struct source){pieces_read, pieces});
}

static inline bool is_printable(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > 126) return false;
    }
    return true;
}

static inline void check_blame(const struct tokens *tokens, size_t bytes) {
    require(tokens->blame.text[0] != '\0' && is_printable(tokens->blame.text) && is_printable(tokens->blame.path));
    require(tokens->blame.line <= bytes + 1);
}

/* A taken file: everything in bounds, in order, and worth what the item limit allows. */
static inline void check_reports(const struct reports *reports, const struct model *model) {
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t count;
    require(reports->count > 0 && reports->count <= REPORTS_MAX);
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct report *report = &reports->list[i];
        require(report->count >= 1 && report->count <= REPORT_COUNT_MAX && report->confidence <= CONFIDENCE_FULL);
        require(field_text_valid(reports_text(reports, report->id), OBSERVATION_BYTES_MAX));
        require(field_text_valid(reports_text(reports, report->subject), OBSERVATION_BYTES_MAX));
        require(field_text_valid(reports_text(reports, report->source), OBSERVATION_BYTES_MAX));
        require(model_weigh(model, reports, report, quanta, &count) == STATUS_OK && count == 1);
        require(quanta[0] <= 4 * QUANTA_PER_NAT && quanta[0] >= -5 * QUANTA_PER_NAT);
        (void)reports_subject_name(reports, reports_text(reports, report->subject));
    }
}

/* Reads the input whole and byte by byte: both must come to the same. */
static inline int fuzz_reader(const uint8_t *data, size_t bytes,
                              enum status (*read)(struct tokens *tokens, struct reports *reports)) {
    static struct tokens whole;
    static struct tokens bitwise;
    static struct model model;
    struct reports first = {0};
    struct reports second = {0};
    struct pieces pieces;
    if (model.hypotheses_count == 0) model_default(&model);
    begin(&whole, &pieces, data, bytes, SIZE_MAX);
    enum status status = read(&whole, &first);
    if (status == STATUS_OK) {
        check_reports(&first, &model);
    } else {
        check_blame(&whole, bytes);
    }
    begin(&bitwise, &pieces, data, bytes, 1);
    require(read(&bitwise, &second) == status && first.count == second.count && first.ignored == second.ignored);
    require(strcmp(whole.blame.path, bitwise.blame.path) == 0 && whole.blame.line == bitwise.blame.line);
    reports_free(&first);
    reports_free(&second);
    return 0;
}

#endif
