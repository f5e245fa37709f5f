#include "calibration/answers.h"

#include <string.h>

#include "calibration/pieces.h"

enum status answers_check_sizes(const struct calibration_input *input) {
    if (input->labels < HYPOTHESES_MIN || input->labels > HYPOTHESES_MAX) return STATUS_WRONG_HYPOTHESES;
    if (input->members == 0) return STATUS_BAD_VALUE;
    if (input->members > MEMBERS_MAX || input->questions > CALIBRATION_QUESTIONS_MAX) return STATUS_TOO_MANY;
    if (input->entry_count > CALIBRATION_ENTRIES_MAX) return STATUS_TOO_MANY;
    return STATUS_OK;
}

static enum status check_order(uint64_t previous, uint64_t next) {
    if (next == previous) return STATUS_DUPLICATE;
    return next < previous ? STATUS_NOT_CANONICAL : STATUS_OK;
}

static enum status check_entries(const struct calibration_input *input) {
    uint64_t previous = 0;
    for (uint32_t i = 0; i < input->entry_count; i++) {
        struct calibration_label entry = input->entries[i];
        uint64_t place = (uint64_t)entry.question << 16 | entry.member;
        if (entry.question >= input->questions) return STATUS_UNKNOWN_QUESTION;
        if (entry.member >= input->members) return STATUS_UNKNOWN_MEMBER;
        if (entry.label >= input->labels) return STATUS_BAD_VALUE;
        if (i > 0) TRY(check_order(previous, place));
        previous = place;
    }
    return STATUS_OK;
}

enum status answers_check(const struct calibration_input *input) {
    TRY(check_entries(input));
    if (input->rule != CALIBRATION_WEIGHED && input->rule != CALIBRATION_COUNTED) return STATUS_BAD_VALUE;
    if (input->canary_count > input->questions) return STATUS_TOO_MANY;
    for (uint32_t i = 0; i < input->canary_count; i++) {
        if (input->canaries[i].question >= input->questions) return STATUS_UNKNOWN_QUESTION;
        if (input->canaries[i].label >= input->labels) return STATUS_BAD_VALUE;
        if (i > 0) TRY(check_order(input->canaries[i - 1].question, input->canaries[i].question));
    }
    return STATUS_OK;
}

struct answers answers_take(struct arena *arena, const struct calibration_input *input) {
    struct answers answers = {.members = input->members,
                              .labels = input->labels,
                              .questions = input->questions,
                              .rows = input->members * input->labels};
    answers.begin = PIECES(arena, answers.begin, answers.questions + 1);
    answers.row = PIECES(arena, answers.row, input->entry_count);
    answers.row_member = PIECES(arena, answers.row_member, answers.rows);
    answers.row_label = PIECES(arena, answers.row_label, answers.rows);
    answers.reports = PIECES(arena, answers.reports, answers.members);
    return answers;
}

void answers_load(struct answers *answers, const struct calibration_input *input) {
    uint32_t question = 0;
    for (uint32_t row = 0; row < answers->rows; row++) {
        answers->row_member[row] = (uint8_t)(row / answers->labels);
        answers->row_label[row] = (uint8_t)(row % answers->labels);
    }
    memset(answers->reports, 0, answers->members * sizeof *answers->reports);
    for (uint32_t i = 0; i < input->entry_count; i++) {
        const struct calibration_label *entry = &input->entries[i];
        while (question <= entry->question) answers->begin[question++] = i;
        answers->row[i] = (uint16_t)(entry->member * answers->labels + entry->label);
        answers->reports[entry->member]++;
    }
    while (question <= answers->questions) answers->begin[question++] = input->entry_count;
}
