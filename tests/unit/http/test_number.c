/* Amounts, probabilities, priors and times as clients write them. */
#include "http/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static struct json json_of_text(const char *text) {
    static uint8_t copy[4096];
    size_t bytes = strlen(text);
    assert_true(bytes <= sizeof copy);
    memcpy(copy, text, bytes);
    return json_of(copy, bytes);
}

static enum status quanta(const char *text, int64_t *ret_quanta) {
    struct json json = json_of_text(text);
    return number_take_quanta(&json, ret_quanta);
}

static void amount_then_exact_quanta_or_refused(void **state) {
    (void)state;
    int64_t value = 0;
    assert_int_equal(quanta("0.1", &value), STATUS_OK);
    assert_true(value == 100000000);
    assert_int_equal(quanta("\"-2.500\"", &value), STATUS_OK);
    assert_true(value == -2500000000);
    assert_int_equal(quanta("1e-9", &value), STATUS_OK);
    assert_true(value == 1);
    assert_int_equal(quanta("0.0000000000001", &value), STATUS_TOO_FINE);
    assert_int_equal(quanta("1e-13", &value), STATUS_TOO_FINE);
    assert_int_equal(quanta("1.0000000000000001", &value), STATUS_TOO_FINE);
    assert_int_equal(quanta("0.30000000000000004", &value), STATUS_TOO_FINE);
    assert_int_equal(quanta("1e300", &value), STATUS_OVERFLOW);
    assert_int_equal(quanta("NaN", &value), STATUS_NOT_A_NUMBER);
    assert_int_equal(quanta("\"NaN\"", &value), STATUS_NOT_A_NUMBER);
    assert_int_equal(quanta("\"\"", &value), STATUS_NOT_A_NUMBER);
    assert_int_equal(quanta("null", &value), STATUS_BAD_TYPE);
    assert_true(value == 1);
}

static void amount_outside_its_range_then_refused(void **state) {
    (void)state;
    int64_t value = 0;
    struct json json = json_of_text("1 1.001");
    assert_int_equal(number_take(&json, 3, 0, 1000, &value), STATUS_OK);
    assert_int_equal(value, 1000);
    assert_int_equal(number_take(&json, 3, 0, 1000, &value), STATUS_BAD_VALUE);
}

static enum status odds(const char *text, int64_t *ret_quanta) {
    struct json json = json_of_text(text);
    return number_take_odds(&json, ret_quanta);
}

static void probability_then_its_log_odds_to_nearest(void **state) {
    (void)state;
    int64_t value = 1;
    assert_int_equal(odds("0.5", &value), STATUS_OK);
    assert_true(value == 0);
    assert_int_equal(odds("0.99", &value), STATUS_OK);
    assert_true(value == 4595119850); /* ln 99 = 4.59511985013... */
    assert_int_equal(odds("0.01", &value), STATUS_OK);
    assert_true(value == -4595119850);
    assert_int_equal(odds("0.9999999999999999", &value), STATUS_OK);
    assert_true(value == 36841361488); /* ln(1e16 - 1) = 36.84136148790... */
    assert_int_equal(odds("1e-20", &value), STATUS_OK);
    assert_true(value == -46051701860); /* -20 ln 10 = -46.05170185988... */
}

static void probability_of_zero_or_one_or_beyond_then_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"0", "1", "-0.5", "1.5", "0.0", "1.0"};
    int64_t value;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(odds(texts[i], &value), STATUS_BAD_VALUE);
    assert_int_equal(odds("1e-37", &value), STATUS_TOO_FINE);
    assert_int_equal(odds("1e99", &value), STATUS_OVERFLOW);
    assert_int_equal(odds("nan", &value), STATUS_NOT_A_NUMBER);
}

static enum status prior(const char *text, int64_t *ret_quanta, uint32_t *ret_count) {
    struct json json = json_of_text(text);
    return number_take_prior(&json, 4, ret_quanta, ret_count);
}

static void prior_then_logs_against_the_largest(void **state) {
    (void)state;
    int64_t values[4];
    uint32_t count;
    assert_int_equal(prior("[0.25,0.25,0.25,0.25]", values, &count), STATUS_OK);
    assert_true(count == 4 && values[0] == 0 && values[3] == 0);
    assert_int_equal(prior("[0.01,0.99]", values, &count), STATUS_OK);
    assert_true(count == 2 && values[0] == -4595119850 && values[1] == 0);
    assert_int_equal(prior("[0.333,0.333,0.333]", values, &count), STATUS_OK);
    assert_int_equal(prior("[0.3333333333333333,0.6666666666666666]", values, &count), STATUS_OK);
    assert_true(values[0] == -693147181);
}

static void prior_that_does_not_add_up_then_refused(void **state) {
    (void)state;
    int64_t values[4];
    uint32_t count;
    assert_int_equal(prior("[0.5,0.6]", values, &count), STATUS_BAD_VALUE);
    assert_int_equal(prior("[0.5,0.4]", values, &count), STATUS_BAD_VALUE);
    assert_int_equal(prior("[]", values, &count), STATUS_BAD_VALUE);
    assert_int_equal(prior("[0,1]", values, &count), STATUS_BAD_VALUE);
    assert_int_equal(prior("[0.2,0.2,0.2,0.2,0.2]", values, &count), STATUS_TOO_MANY);
    assert_int_equal(prior("[0.5,0.5", values, &count), STATUS_BAD_FORMAT);
    assert_int_equal(prior("0.5", values, &count), STATUS_BAD_TYPE);
}

static enum status time_us(const char *text, uint64_t *ret_us) {
    struct json json = json_of_text(text);
    return number_take_time(&json, ret_us);
}

static void expect_time(const char *text, uint64_t expected) {
    uint64_t us = 0;
    enum status status = time_us(text, &us);
    if (status != STATUS_OK || us != expected)
        print_error("%s: %s, %llu\n", text, status_name(status), (unsigned long long)us);
    assert_int_equal(status, STATUS_OK);
    assert_true(us == expected);
}

static void time_then_microseconds(void **state) {
    (void)state;
    expect_time("1700000000000000", 1700000000000000);
    expect_time("\"1700000000000000\"", 1700000000000000);
    expect_time("\"1970-01-01T00:00:00Z\"", 0);
    expect_time("\"2023-11-14T22:13:20Z\"", 1700000000000000);
    expect_time("\"2023-11-14T22:13:20.000001Z\"", 1700000000000001);
    expect_time("\"2023-11-14T23:13:20.5+01:00\"", 1700000000500000);
    expect_time("\"2023-11-14t17:43:20.1000000-04:30\"", 1700000000100000);
    expect_time("\"2024-02-29T00:00:00Z\"", 1709164800000000);
    expect_time("\"2024-03-01 00:00:00z\"", 1709251200000000);
    expect_time("\"2000-12-31T23:59:59Z\"", 978307199000000);
    expect_time("\"9999-12-31T23:59:59.999999Z\"", 253402300799999999);
}

static void time_that_is_none_then_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"\"2023-02-29T00:00:00Z\"",
                                        "\"2100-02-29T00:00:00Z\"",
                                        "\"2023-13-01T00:00:00Z\"",
                                        "\"2023-00-01T00:00:00Z\"",
                                        "\"2023-04-31T00:00:00Z\"",
                                        "\"2023-01-01T24:00:00Z\"",
                                        "\"2023-01-01T00:60:00Z\"",
                                        "\"2023-01-01T00:00:60Z\"",
                                        "\"1969-12-31T23:59:59Z\"",
                                        "\"1970-01-01T00:00:00+01:00\"",
                                        "\"2023-01-01T00:00:00.0000001Z\"",
                                        "-1",
                                        "0.5"};
    static const char *const ill_formed[] = {"\"2023-01-01T00:00:00\"",   "\"2023-01-01T00:00:00Zx\"",
                                             "\"2023-01-01T00:00:00.Z\"", "\"2023-01-01T00:00:00+0100\"",
                                             "\"2023-1-01T00:00:00Z\"",   "\"yesterday\"",
                                             "\"2023-01-01X00:00:00Z\"",  "\"\""};
    uint64_t us;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(time_us(texts[i], &us), STATUS_BAD_VALUE);
    for (size_t i = 0; i < sizeof ill_formed / sizeof ill_formed[0]; i++) {
        assert_int_equal(time_us(ill_formed[i], &us), STATUS_BAD_FORMAT);
    }
    assert_int_equal(time_us("null", &us), STATUS_BAD_TYPE);
    assert_int_equal(time_us("1e40", &us), STATUS_OVERFLOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amount_then_exact_quanta_or_refused),
        cmocka_unit_test(amount_outside_its_range_then_refused),
        cmocka_unit_test(probability_then_its_log_odds_to_nearest),
        cmocka_unit_test(probability_of_zero_or_one_or_beyond_then_refused),
        cmocka_unit_test(prior_then_logs_against_the_largest),
        cmocka_unit_test(prior_that_does_not_add_up_then_refused),
        cmocka_unit_test(time_then_microseconds),
        cmocka_unit_test(time_that_is_none_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
