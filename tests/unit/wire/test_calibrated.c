/* Tests of wire/calibrated.h. */
#include "wire/calibrated.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample.h"

static enum status rewrite_calibration(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    static struct record_calibration calibration;
    TRY(record_calibration_read(bytes, &calibration));
    record_calibration_put(ret_again, &calibration);
    return STATUS_OK;
}

static enum status rewrite_calibrated(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct record_calibrated calibrated;
    TRY(record_calibrated_read(bytes, &calibrated));
    record_calibrated_put(ret_again, &calibrated);
    return STATUS_OK;
}

static struct record_calibration calibration_of(uint32_t members) {
    struct record_calibration calibration = {
        .family = slice_of_text("birds"),
        .labels = 2,
        .questions = 108,
        .answers = 4212,
        .decided = 100,
        .canaries = 11,
        .alarm = true,
        .rivalled = true,
        .margin = -77,
        .members = members,
        .results = sample_hash_of(0x44),
        .height = 900,
    };
    for (uint32_t m = 0; m < members; m++) {
        bool may_be_liar = m % 2 == 1;
        calibration.skills[m] = (struct record_skill){m, may_be_liar ? -4096 : 4096, m / 2, may_be_liar};
    }
    return calibration;
}

static void calibration_put_then_strict(void **state) {
    (void)state;
    uint8_t buffer[RECORD_CALIBRATION_BYTES_MAX];
    struct record_calibration calibration = calibration_of(5);
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_calibration_put(&writer, &calibration);
    sample_check_strict(writer_slice(&writer), rewrite_calibration, NULL);
    calibration.rivalled = false;
    calibration.margin = 0;
    writer = writer_of(buffer, sizeof buffer);
    record_calibration_put(&writer, &calibration);
    sample_check_strict(writer_slice(&writer), rewrite_calibration, NULL);
}

static void calibrated_put_then_strict(void **state) {
    (void)state;
    uint8_t buffer[RECORD_CALIBRATED_BYTES_MAX];
    struct record_calibrated calibrated = {.labels = 3, .label = 2, .decided = true, .posterior = {1, 95, 4000}};
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_calibrated_put(&writer, &calibrated);
    sample_check_strict(writer_slice(&writer), rewrite_calibrated, NULL);
}

static void largest_then_they_fit(void **state) {
    (void)state;
    static uint8_t name[FAMILY_BYTES_MAX];
    static uint8_t buffer[RECORD_CALIBRATION_BYTES_MAX];
    memset(name, 'x', sizeof name);
    struct record_calibration calibration = calibration_of(MEMBERS_MAX);
    calibration.family = slice_of(name, sizeof name);
    calibration.labels = HYPOTHESES_MAX;
    calibration.questions = calibration.decided = calibration.canaries = UINT32_MAX;
    calibration.answers = calibration.height = UINT64_MAX;
    calibration.margin = INT64_MIN;
    for (uint32_t m = 0; m < MEMBERS_MAX; m++)
        calibration.skills[m] = (struct record_skill){UINT32_MAX, -64 * 4096, MEMBERS_MAX - 1, true};
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_calibration_put(&writer, &calibration);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    struct record_calibrated calibrated = {.labels = HYPOTHESES_MAX, .label = HYPOTHESES_MAX - 1};
    for (uint32_t j = 0; j < HYPOTHESES_MAX; j++) calibrated.posterior[j] = 4096;
    writer = writer_of(buffer, RECORD_CALIBRATED_BYTES_MAX);
    record_calibrated_put(&writer, &calibrated);
    assert_int_equal(writer_status(&writer), STATUS_OK);
}

/* One byte of a valid record replaced: `at` counts from its start. */
static enum status changed(size_t at, uint8_t from, uint8_t to) {
    uint8_t buffer[RECORD_CALIBRATION_BYTES_MAX];
    struct record_calibration calibration = calibration_of(4);
    struct writer writer = writer_of(buffer, sizeof buffer);
    record_calibration_put(&writer, &calibration);
    assert_int_equal(buffer[at], from);
    buffer[at] = to;
    return record_calibration_read(writer_slice(&writer), &calibration);
}

static void fields_beyond_their_limits_then_refused(void **state) {
    (void)state;
    assert_int_equal(changed(1, RECORD_CALIBRATION, RECORD_CALIBRATION), STATUS_OK);
    assert_int_equal(changed(1, RECORD_CALIBRATION, RECORD_CALIBRATED), STATUS_BAD_VALUE);
    assert_int_equal(changed(3, 'b', 0x1b), STATUS_BAD_FORMAT);
    /* The number of labels: one is none. */
    assert_int_equal(changed(8, 2, 1), STATUS_BAD_VALUE);
    struct record_calibration wrong = calibration_of(4);
    uint8_t buffer[RECORD_CALIBRATION_BYTES_MAX];
    struct writer writer = writer_of(buffer, sizeof buffer);
    wrong.decided = wrong.questions;
    record_calibration_put(&writer, &wrong);
    assert_int_equal(record_calibration_read(writer_slice(&writer), &wrong), STATUS_OK);
    /* 0x18 0x6c is 108 questions; of 107, 108 can't be decided. */
    assert_int_equal(buffer[9], 0x18);
    buffer[10] = 107;
    assert_int_equal(record_calibration_read(writer_slice(&writer), &wrong), STATUS_BAD_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibration_put_then_strict),
        cmocka_unit_test(calibrated_put_then_strict),
        cmocka_unit_test(largest_then_they_fit),
        cmocka_unit_test(fields_beyond_their_limits_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
