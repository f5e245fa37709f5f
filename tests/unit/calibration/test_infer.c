/* Tests of calibration/calibration.h: the vectors of its oracle, line for line, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "case_text.h"

static struct case_text text;

/* What the vectors say after a case, up to and with the line "done". */
static void assert_expected(FILE *vectors, const char *found, const char *name) {
    static char line[CASE_LINE_MAX];
    while (*found != 0) {
        size_t length = strcspn(found, "\n") + 1;
        if (fgets(line, sizeof line, vectors) == NULL) fail_msg("%s: the vectors end early", name);
        if (strncmp(line, found, length) != 0 || strlen(line) != length)
            fail_msg("%s: %.*sinstead of %s", name, (int)length, found, line);
        found += length;
    }
}

static void vectors_then_the_same_to_the_last_bit(void **state) {
    (void)state;
    uint32_t count = 0;
    FILE *vectors = fopen(VECTORS "/calibration/cases.txt", "re");
    assert_non_null(vectors);
    for (; case_read(vectors, &text); count++) {
        struct calibration_result result;
        void *memory = NULL;
        char *found = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&found, &length);
        assert_non_null(out);
        assert_int_equal(case_run(&text, &result, &memory), STATUS_OK);
        case_print_result(out, text.name, &result);
        assert_int_equal(fclose(out), 0);
        assert_expected(vectors, found, text.name);
        free(found);
        free(memory);
    }
    assert_int_equal(fclose(vectors), 0);
    assert_int_equal(count, 31);
}

/* Three members on three questions; the middle question is a canary. */
static const struct calibration_label small_entries[] = {{0, 0, 1}, {0, 1, 1}, {0, 2, 0}, {1, 0, 0}, {2, 2, 1}};
static const struct calibration_canary small_canaries[] = {{1, 0}, {2, 1}};

static struct calibration_input small(void) {
    return (struct calibration_input){.members = 3,
                                      .labels = 2,
                                      .questions = 3,
                                      .entries = small_entries,
                                      .entry_count = 5,
                                      .canaries = small_canaries,
                                      .canary_count = 2};
}

/* The status of a run; a refusal must leave the result as it was. */
static enum status run(const struct calibration_input *input) {
    static _Alignas(16) uint8_t memory[1 << 20];
    struct calibration_result result;
    struct calibration_result before;
    memset(&before, 0x5a, sizeof before);
    result = before;
    assert_true(calibration_bytes(input) <= sizeof memory);
    enum status status = calibration_run(memory, sizeof memory, input, &result);
    if (status != STATUS_OK) assert_memory_equal(&result, &before, sizeof result);
    return status;
}

static void sizes_out_of_range_then_refused(void **state) {
    (void)state;
    const struct {
        uint32_t members, labels, questions, entry_count;
        enum status status;
    } sizes[] = {
        {3, 2, 3, 5, STATUS_OK},
        {0, 2, 3, 0, STATUS_BAD_VALUE},
        {257, 2, 3, 5, STATUS_TOO_MANY},
        {3, 1, 3, 5, STATUS_WRONG_HYPOTHESES},
        {3, 65, 3, 5, STATUS_WRONG_HYPOTHESES},
        {3, 2, CALIBRATION_QUESTIONS_MAX + 1, 5, STATUS_TOO_MANY},
        {3, 2, 3, CALIBRATION_ENTRIES_MAX + 1, STATUS_TOO_MANY},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct calibration_input input = small();
        input.members = sizes[i].members;
        input.labels = sizes[i].labels;
        input.questions = sizes[i].questions;
        input.entry_count = sizes[i].entry_count;
        assert_int_equal(run(&input), sizes[i].status);
        assert_int_equal(calibration_bytes(&input) == 0, sizes[i].status != STATUS_OK);
    }
}

static void bad_entry_then_refused_by_name(void **state) {
    (void)state;
    const struct {
        struct calibration_label last;
        enum status status;
    } entries[] = {
        {{2, 2, 1}, STATUS_OK},
        {{3, 0, 1}, STATUS_UNKNOWN_QUESTION},
        {{2, 3, 1}, STATUS_UNKNOWN_MEMBER},
        {{2, 2, 2}, STATUS_BAD_VALUE},
        {{1, 0, 1}, STATUS_DUPLICATE},
        {{1, 1, 1}, STATUS_OK},
        {{0, 2, 1}, STATUS_NOT_CANONICAL},
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct calibration_label changed[5];
        struct calibration_input input = small();
        memcpy(changed, small_entries, sizeof changed);
        changed[4] = entries[i].last;
        input.entries = changed;
        assert_int_equal(run(&input), entries[i].status);
    }
}

static void bad_canary_then_refused_by_name(void **state) {
    (void)state;
    const struct {
        struct calibration_canary last;
        enum status status;
    } canaries[] = {
        {{2, 1}, STATUS_OK},        {{3, 1}, STATUS_UNKNOWN_QUESTION}, {{2, 2}, STATUS_BAD_VALUE},
        {{1, 1}, STATUS_DUPLICATE}, {{0, 1}, STATUS_NOT_CANONICAL},
    };
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
        const struct calibration_canary changed[] = {small_canaries[0], canaries[i].last};
        struct calibration_input input = small();
        input.canaries = changed;
        assert_int_equal(run(&input), canaries[i].status);
    }
    struct calibration_input input = small();
    input.canary_count = 4;
    assert_int_equal(run(&input), STATUS_TOO_MANY);
}

static void unknown_rule_then_refused(void **state) {
    (void)state;
    struct calibration_input input = small();
    input.rule = CALIBRATION_COUNTED;
    assert_int_equal(run(&input), STATUS_OK);
    input.rule = (enum calibration_rule)2;
    assert_int_equal(run(&input), STATUS_BAD_VALUE);
}

static void a_byte_too_little_then_no_space(void **state) {
    (void)state;
    static _Alignas(16) uint8_t memory[1 << 20];
    struct calibration_input input = small();
    struct calibration_result result = {0};
    size_t bytes = calibration_bytes(&input);
    assert_int_equal(calibration_run(memory, bytes - 1, &input, &result), STATUS_NO_SPACE);
    assert_int_equal(result.members, 0);
    assert_int_equal(calibration_run(memory, bytes, &input, &result), STATUS_OK);
    assert_int_equal(result.members, 3);
}

/* Nine good members of sixty questions and three liars: the result in the words of the header. */
static void good_majority_then_their_labels_are_decided(void **state) {
    (void)state;
    struct calibration_result result;
    struct prng prng = prng_seeded(1);
    void *memory = NULL;
    text.input = (struct calibration_input){
        .members = 12, .labels = 3, .questions = 60, .entries = text.entries, .canaries = text.canaries};
    for (uint32_t i = 0; i < 12 * 60; i++) {
        uint32_t question = i / 12, member = i % 12, right = question % 3;
        bool errs = member >= 9 || prng_chance(&prng, 1, 4);
        text.entries[i] = (struct calibration_label){question, (uint16_t)member, (uint8_t)((right + errs) % 3)};
    }
    text.input.entry_count = 12 * 60;
    assert_int_equal(case_run(&text, &result, &memory), STATUS_OK);
    assert_int_equal(result.decided_count, 60);
    assert_int_equal(result.candidate_count, CALIBRATION_STARTS);
    assert_false(result.alarm || result.leak);
    for (uint32_t question = 0; question < 60; question++) {
        const uint16_t *share = result.posterior + (size_t)question * 3;
        assert_int_equal(result.label[question], question % 3);
        assert_int_equal(share[0] + share[1] + share[2], CALIBRATION_ONE);
        assert_true(share[question % 3] > CALIBRATION_ONE * 9 / 10);
    }
    for (uint32_t member = 0; member < 12; member++) {
        const struct calibration_member *found = &result.member[member];
        assert_int_equal(found->reports, 60);
        assert_true(found->head);
        assert_true(member < 9 ? found->skill > CALIBRATION_ONE / 4 : found->skill < 0);
        assert_int_equal(found->group, member < 9 ? member : 9);
        assert_int_equal(found->discounted && found->voice < CALIBRATION_ONE / 2, member >= 9);
    }
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_then_the_same_to_the_last_bit),
        cmocka_unit_test(sizes_out_of_range_then_refused),
        cmocka_unit_test(bad_entry_then_refused_by_name),
        cmocka_unit_test(bad_canary_then_refused_by_name),
        cmocka_unit_test(unknown_rule_then_refused),
        cmocka_unit_test(a_byte_too_little_then_no_space),
        cmocka_unit_test(good_majority_then_their_labels_are_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
