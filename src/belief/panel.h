/* What a panel holds in the table and the pool: for the files of this room that look into it. */
#ifndef BELIEF_PANEL_H
#define BELIEF_PANEL_H

#include "belief/state.h"

enum { OBSERVATION_OPEN = 0, OBSERVATION_SEALED = 1, OBSERVATION_VOID = 2, REPORTS_FIRST = 4 };

/* One member's word, followed by its k centred values. */
struct report {
    uint64_t seq;
    uint64_t clock_us;
    uint64_t content;
    uint32_t member;
    uint32_t copied;
    int64_t y[];
};

/* What an open observation holds, followed by `capacity` reports. */
struct reports {
    struct member_set spoken; /* told, retracted or not */
    uint32_t count;           /* live reports, the first of the rows */
    uint32_t capacity;
};

struct observation {
    struct entry entry;
    struct reports *reports; /* NULL unless open */
    uint64_t window_end_us;
    uint32_t older;
    uint32_t newer;
};

static inline struct observation *observation_at(const struct question *question, uint32_t number) {
    return (struct observation *)(void *)table_entry(&question->table, number);
}

static inline size_t report_bytes(uint32_t hypotheses) {
    return sizeof(struct report) + hypotheses * sizeof(int64_t);
}

static inline size_t reports_bytes(uint32_t hypotheses, uint32_t capacity) {
    return sizeof(struct reports) + capacity * report_bytes(hypotheses);
}

static inline struct report *report_at(const struct question *question, struct reports *reports, uint32_t index) {
    uint8_t *rows = (uint8_t *)reports + sizeof *reports;
    return (struct report *)(void *)(rows + index * report_bytes(question->parameters.hypotheses));
}

/* Arrays of `levels` rows: the old rows, then rows for coalitions that earlier seals did not reckon with, which are
 * unbounded if there were any. */
enum status panel_widen_levels(struct question *question, struct holder holder, uint32_t levels) MUST_USE;
/* Room for what `members` members told. */
enum status panel_widen_told(struct question *question, struct holder holder, uint32_t members) MUST_USE;

#endif
