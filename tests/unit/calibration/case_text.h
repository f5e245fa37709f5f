/* Cases of calibration as text, read and answered in the form that tests/oracle/calibration.py describes. */
#ifndef TESTS_CALIBRATION_CASE_TEXT_H
#define TESTS_CALIBRATION_CASE_TEXT_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibration/calibration.h"

enum { CASE_ENTRIES_MAX = 1 << 16, CASE_LINE_MAX = 1 << 16 };

struct case_text {
    char name[64];
    struct calibration_input input;
    struct calibration_label entries[CASE_ENTRIES_MAX];
    struct calibration_canary canaries[CASE_ENTRIES_MAX];
};

static inline void case_read_canaries(struct case_text *text, char *line) {
    char *at = line + strlen("canaries");
    text->input.canary_count = 0;
    for (; *at == ' '; text->input.canary_count++) {
        struct calibration_canary *canary = &text->canaries[text->input.canary_count];
        assert(text->input.canary_count < CASE_ENTRIES_MAX);
        canary->question = (uint32_t)strtoul(at + 1, &at, 10);
        canary->label = (uint8_t)strtoul(at + 1, &at, 10);
    }
}

static inline void case_read_question(struct case_text *text, const char *line) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
    for (uint32_t member = 0; member < text->input.members; member++) {
        if (line[member] == '.') continue;
        const char *digit = strchr(digits, line[member]);
        assert(digit != NULL && text->input.entry_count < CASE_ENTRIES_MAX);
        text->entries[text->input.entry_count++] =
            (struct calibration_label){text->input.questions, (uint16_t)member, (uint8_t)(digit - digits)};
    }
    text->input.questions++;
}

/* The next case of a file, results of earlier ones skipped; false at its end. `text` is too large for a stack. */
static inline bool case_read(FILE *file, struct case_text *text) {
    static char line[CASE_LINE_MAX];
    unsigned rule = 0;
    do {
        if (fgets(line, sizeof line, file) == NULL) return false;
    } while (strncmp(line, "case ", 5) != 0);
    text->input = (struct calibration_input){.entries = text->entries, .canaries = text->canaries};
    if (sscanf(line, "case %63s %u %u %u", text->name, &text->input.members, &text->input.labels, &rule) != 4)
        abort();
    text->input.rule = (enum calibration_rule)rule;
    if (fgets(line, sizeof line, file) == NULL) abort();
    case_read_canaries(text, line);
    while (fgets(line, sizeof line, file) != NULL && strncmp(line, "end", 3) != 0) case_read_question(text, line);
    return true;
}

static inline void case_print_shares(FILE *file, const uint16_t *share, uint32_t labels) {
    fputc(' ', file);
    for (uint32_t i = 0; i < labels; i++) fprintf(file, "%04x", share[i]);
}

#define CASE_PRINT_MEMBERS(file, title, result, field)                                                               \
    do {                                                                                                             \
        fprintf(file, "%s", title);                                                                                  \
        for (uint32_t i = 0; i < (result)->members; i++) fprintf(file, " %d", (int)(result)->member[i].field);       \
        fputc('\n', file);                                                                                           \
    } while (0)

static inline void case_print_result(FILE *file, const char *name, const struct calibration_result *result) {
    fprintf(file, "result %s %u %d %d\n", name, result->best, result->alarm, result->leak);
    for (uint32_t i = 0; i < result->candidate_count; i++) {
        const struct calibration_candidate *c = &result->candidates[i];
        fprintf(file, "candidate %s %d %d %lld %d %d %d %d %lld\n", calibration_start_name(c->start), c->mirrored,
                c->kept, (long long)c->score, c->heads, c->heads_plain, c->heads_by_voice, c->common_error,
                (long long)c->mass);
    }
    CASE_PRINT_MEMBERS(file, "skill", result, skill);
    CASE_PRINT_MEMBERS(file, "first", result, first_skill);
    CASE_PRINT_MEMBERS(file, "voice", result, voice);
    CASE_PRINT_MEMBERS(file, "group", result, group);
    CASE_PRINT_MEMBERS(file, "discounted", result, discounted);
    for (uint32_t q = 0; q < result->questions; q++) {
        fprintf(file, "question %u %u", result->label[q], result->decided[q]);
        case_print_shares(file, result->posterior + (size_t)q * result->labels, result->labels);
        case_print_shares(file, result->posterior_above + (size_t)q * result->labels, result->labels);
        fputc('\n', file);
    }
    fprintf(file, "done\n");
}

/* Runs a case in memory of exactly the size that is asked for. The memory, which the result points into, is the
 * caller's to free. It begins with other bytes than zeros: what is in it must not matter. */
static inline enum status case_run(const struct case_text *text, struct calibration_result *ret_result,
                                   void **ret_memory) {
    size_t bytes = calibration_bytes(&text->input);
    void *memory = malloc(bytes);
    if (memory == NULL) abort();
    memset(memory, 0xa5, bytes);
    *ret_memory = memory;
    return calibration_run(memory, bytes, &text->input, ret_result);
}

#endif
