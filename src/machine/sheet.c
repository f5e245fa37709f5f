/* Sheet: the labels of all members, then their probabilities, member after member, big-endian. */
#include "machine/sheet.h"

#include "base/check.h"

size_t sheet_bytes(uint32_t members, uint32_t hypotheses) { return (size_t)members * (1 + 2 * (size_t)hypotheses); }

/* A score of 2^-12 bits for each hypothesis: log-likelihoods in quanta at scale k, divided by k * ln 2, rounded down.
 */
static void score(const struct question *question, const int64_t *told, int64_t *ret_score) {
    const int64_t quanta_per_bit = INT64_C(693147181);
    const struct question_parameters *parameters = question_parameters(question);
    int64_t k = parameters->hypotheses;
    for (uint32_t j = 0; j < parameters->hypotheses; j++) {
        int128 quanta = (int128)k * parameters->prior[j] + told[j];
        int128 numerator = quanta * FIXED_ONE;
        int128 denominator = (int128)k * quanta_per_bit;
        int128 quotient = numerator / denominator - (numerator % denominator < 0);
        ret_score[j] = (int64_t)quotient;
    }
}

static bool prefers_any(const int64_t *told, uint32_t hypotheses) {
    for (uint32_t j = 0; j < hypotheses; j++)
        if (told[j] != 0) return true;
    return false;
}

/* By the evidence alone: a prior would make members agree who do not. */
static uint8_t label_of(const int64_t *told, uint32_t hypotheses) {
    uint32_t label = 0;
    for (uint32_t j = 1; j < hypotheses; j++)
        if (told[j] > told[label]) label = j;
    return (uint8_t)label;
}

void sheet_fill(uint8_t *sheet, const struct question *question, uint32_t members,
                const struct fixed_tables *tables) {
    uint32_t k = question_parameters(question)->hypotheses;
    for (uint32_t m = 0; m < members; m++) {
        const int64_t *told = question_told_by(question, m);
        int64_t scores[HYPOTHESES_MAX];
        uint16_t probability[HYPOTHESES_MAX];
        sheet[m] = SHEET_SILENT;
        if (told == NULL || !prefers_any(told, k)) continue;
        sheet[m] = label_of(told, k);
        score(question, told, scores);
        fixed_softmax(tables, scores, k, probability);
        uint8_t *row = sheet + members + (size_t)m * k * 2;
        for (uint32_t j = 0; j < k; j++) {
            row[2 * j] = (uint8_t)(probability[j] >> 8);
            row[2 * j + 1] = (uint8_t)probability[j];
        }
    }
}

void sheet_silence(uint8_t *sheet, uint32_t members, uint32_t hypotheses, uint32_t member) {
    sheet[member] = SHEET_SILENT;
    memset(sheet + members + (size_t)member * hypotheses * 2, 0, (size_t)hypotheses * 2);
}

uint8_t sheet_label(const uint8_t *sheet, uint32_t member) { return sheet[member]; }

void sheet_probabilities(const uint8_t *sheet, uint32_t members, uint32_t hypotheses, uint32_t member,
                         uint32_t *ret_probability) {
    CHECK(sheet[member] != SHEET_SILENT);
    const uint8_t *row = sheet + members + (size_t)member * hypotheses * 2;
    for (uint32_t j = 0; j < hypotheses; j++) ret_probability[j] = ((uint32_t)row[2 * j] << 8 | row[2 * j + 1]) << 4;
}

/* Probabilities add up to 1 but for their rounding, which is upwards by less than one for each; those of the silent are
 * not there. */
static bool row_is_valid(const uint8_t *row, uint32_t hypotheses, bool is_silent) {
    uint32_t sum = 0;
    for (uint32_t j = 0; j < hypotheses; j++) sum += (uint32_t)row[2 * j] << 8 | row[2 * j + 1];
    return is_silent ? sum == 0 : sum <= FIXED_ONE;
}

bool sheet_is_valid(const uint8_t *sheet, uint32_t members, uint32_t hypotheses) {
    for (uint32_t m = 0; m < members; m++) {
        bool is_silent = sheet[m] == SHEET_SILENT;
        if (!is_silent && sheet[m] >= hypotheses) return false;
        if (!row_is_valid(sheet + members + (size_t)m * hypotheses * 2, hypotheses, is_silent)) return false;
    }
    return true;
}
