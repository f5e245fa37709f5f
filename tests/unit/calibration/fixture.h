/* Fixture: families built by hand, for the tests of single files of calibration. */
#ifndef TESTS_CALIBRATION_FIXTURE_H
#define TESTS_CALIBRATION_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/prng.h"
#include "calibration/answers.h"
#include "calibration/fixed.h"

/* Stops a randomised test with the seed that replays it. */
#define assert_seeded(condition, seed)                                                                               \
    do {                                                                                                             \
        if (!(condition)) fail_msg("%s (seed %llu)", #condition, (unsigned long long)(seed));                        \
    } while (0)

enum { FIXTURE_ENTRIES_MAX = 1 << 15, FIXTURE_BYTES = 32 << 20 };

static _Alignas(16) uint8_t fixture_region[FIXTURE_BYTES];
static struct arena fixture_arena;
static struct fixed_tables fixture_tables;
static struct calibration_label fixture_entries[FIXTURE_ENTRIES_MAX];

/* A family of one string a question, a character a member: a digit, or a full stop for no answer. Good until the next
 * call; the memory of the parts under test comes out of fixture_arena, which it resets. */
static inline struct answers fixture_answers(uint32_t labels, const char *const *questions, uint32_t count) {
    struct calibration_input input = {
        .members = count > 0 ? (uint32_t)strlen(questions[0]) : 1, .labels = labels, .entries = fixture_entries};
    for (; input.questions < count; input.questions++)
        for (uint32_t member = 0; member < input.members; member++) {
            char said = questions[input.questions][member];
            if (said == '.') continue;
            assert_true(input.entry_count < FIXTURE_ENTRIES_MAX);
            fixture_entries[input.entry_count++] =
                (struct calibration_label){input.questions, (uint16_t)member, (uint8_t)(said - '0')};
        }
    assert_int_equal(answers_check_sizes(&input), STATUS_OK);
    assert_int_equal(answers_check(&input), STATUS_OK);
    fixed_tables_init(&fixture_tables);
    arena_init(&fixture_arena, fixture_region, sizeof fixture_region);
    struct answers answers = answers_take(&fixture_arena, &input);
    answers_load(&answers, &input);
    return answers;
}

#endif
