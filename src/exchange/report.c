/* Reports (exchange/report.h). */
#include "exchange/report.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/num.h"

static const struct {
    const char *name;
    enum report_channel channel;
} kinds[REPORT_KINDS_COUNT] = {
#define REPORT_ROW(code, name, channel) {name, channel},
    REPORT_KINDS(REPORT_ROW)
#undef REPORT_ROW
};

const char *report_kind_name(enum report_kind kind) { return kinds[kind].name; }
enum report_channel report_kind_channel(enum report_kind kind) { return kinds[kind].channel; }

enum status report_kind_find(struct slice name, enum report_kind *ret_kind) {
    for (unsigned i = 0; i < REPORT_KINDS_COUNT; i++) {
        if (!slice_equal(name, slice_of_text(kinds[i].name))) continue;
        *ret_kind = (enum report_kind)i;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

void reports_free(struct reports *reports) {
    free(reports->list);
    free(reports->subjects);
    free(reports->text);
    *reports = (struct reports){0};
}

/* Room for one more of `size` bytes; memory that is not to be had ends the process, as everywhere above floor 5. */
static void *grown(void *list, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return list;
    *capacity = 2 * *capacity + 64;
    list = realloc(list, *capacity * size);
    CHECK(list != NULL);
    return list;
}

struct slice reports_text(const struct reports *reports, struct report_text text) {
    return slice_of(reports->text + text.at, text.bytes);
}

enum status reports_keep(struct reports *reports, struct slice text, struct report_text *ret_text) {
    if (text.bytes > REPORTS_TEXT_BYTES_MAX - reports->text_bytes) return STATUS_TOO_LARGE;
    if (reports->text == NULL || text.bytes > reports->text_capacity - reports->text_bytes) {
        reports->text_capacity = 2 * (reports->text_bytes + (uint32_t)text.bytes) + 4096;
        reports->text = realloc(reports->text, reports->text_capacity);
        CHECK(reports->text != NULL);
    }
    if (text.bytes > 0) memcpy(reports->text + reports->text_bytes, text.data, text.bytes);
    *ret_text = (struct report_text){reports->text_bytes, (uint32_t)text.bytes};
    reports->text_bytes += (uint32_t)text.bytes;
    return STATUS_OK;
}

enum status reports_add(struct reports *reports, const struct report *report) {
    if (reports->count == REPORTS_MAX) return STATUS_TOO_MANY;
    reports->list = grown(reports->list, reports->count, &reports->capacity, sizeof *reports->list);
    reports->list[reports->count++] = *report;
    return STATUS_OK;
}

enum status reports_add_subject(struct reports *reports, struct report_text id, struct report_text name) {
    if (reports->subjects_count == REPORTS_MAX) return STATUS_TOO_MANY;
    reports->subjects =
        grown(reports->subjects, reports->subjects_count, &reports->subjects_capacity, sizeof *reports->subjects);
    reports->subjects[reports->subjects_count++] = (struct report_subject){id, name};
    return STATUS_OK;
}

/* Order. */

static int compare_texts(const struct reports *reports, struct report_text a, struct report_text b) {
    int order = memcmp(reports->text + a.at, reports->text + b.at, num_min_u64(a.bytes, b.bytes));
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

/* By id and subject, the newest version first. */
static int by_id(const void *a, const void *b, void *context) {
    const struct report *first = a;
    const struct report *second = b;
    int order = compare_texts(context, first->id, second->id);
    if (order == 0) order = compare_texts(context, first->subject, second->subject);
    return order != 0 ? order : compare_numbers(second->version_us, first->version_us);
}

static int by_group(const struct reports *reports, const struct report *first, const struct report *second) {
    int order = compare_texts(reports, first->subject, second->subject);
    if (order == 0) order = compare_texts(reports, first->source, second->source);
    return order != 0 ? order : (first->kind > second->kind) - (first->kind < second->kind);
}

static int by_time(const void *a, const void *b, void *context) {
    const struct report *first = a;
    const struct report *second = b;
    int order = by_group(context, first, second);
    if (order == 0) order = compare_numbers(first->at_us, second->at_us);
    return order != 0 ? order : compare_texts(context, first->id, second->id);
}

static bool same_content(const struct reports *reports, const struct report *a, const struct report *b) {
    return a->kind == b->kind && a->count == b->count && a->at_us == b->at_us && a->confidence == b->confidence &&
           compare_texts(reports, a->source, b->source) == 0;
}

static enum status drop_repetitions(struct reports *reports, uint64_t *ret_line) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct report *report = &reports->list[i];
        const struct report *last = kept > 0 ? &reports->list[kept - 1] : NULL;
        bool is_same = last != NULL && compare_texts(reports, last->id, report->id) == 0 &&
                       compare_texts(reports, last->subject, report->subject) == 0;
        if (!is_same) {
            reports->list[kept++] = *report;
        } else if (last->version_us == report->version_us && !same_content(reports, last, report)) {
            *ret_line = report->line;
            return STATUS_CONFLICT;
        }
    }
    reports->count = kept;
    return STATUS_OK;
}

/* 65536 counts of less than 2^30 stay below 2^46. */
static void count_before(struct reports *reports) {
    for (uint32_t i = 0; i < reports->count; i++) {
        struct report *report = &reports->list[i];
        const struct report *last = i > 0 ? &reports->list[i - 1] : NULL;
        bool goes_on = last != NULL && by_group(reports, last, report) == 0;
        report->before = goes_on ? last->before + last->count : 0;
    }
}

static int by_subject(const void *a, const void *b, void *context) {
    const struct report_subject *first = a;
    const struct report_subject *second = b;
    int order = compare_texts(context, first->id, second->id);
    return order != 0 ? order : compare_texts(context, second->name, first->name);
}

/* One row a subject, with a name rather than without. */
static void order_subjects(struct reports *reports) {
    uint32_t kept = 0;
    if (reports->subjects_count == 0) return;
    qsort_r(reports->subjects, reports->subjects_count, sizeof *reports->subjects, by_subject, reports);
    for (uint32_t i = 0; i < reports->subjects_count; i++) {
        bool is_same =
            kept > 0 && compare_texts(reports, reports->subjects[kept - 1].id, reports->subjects[i].id) == 0;
        if (!is_same) reports->subjects[kept++] = reports->subjects[i];
    }
    reports->subjects_count = kept;
}

struct slice reports_subject_name(const struct reports *reports, struct slice subject) {
    uint32_t low = 0;
    uint32_t high = reports->subjects_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct slice id = reports_text(reports, reports->subjects[middle].id);
        int order = memcmp(id.data, subject.data, num_min_size(id.bytes, subject.bytes));
        if (order == 0 && id.bytes == subject.bytes) return reports_text(reports, reports->subjects[middle].name);
        bool is_before = order < 0 || (order == 0 && id.bytes < subject.bytes);
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return slice_of(NULL, 0);
}

enum status reports_order(struct reports *reports, uint64_t *ret_line) {
    order_subjects(reports);
    if (reports->count == 0) return STATUS_OK;
    qsort_r(reports->list, reports->count, sizeof *reports->list, by_id, reports);
    TRY(drop_repetitions(reports, ret_line));
    qsort_r(reports->list, reports->count, sizeof *reports->list, by_time, reports);
    count_before(reports);
    return STATUS_OK;
}
