/* Times. The expected numbers are from `date -u -d ... +%s`. */
#include "exchange/moment.h"

#include "text_source.h"

static enum status rfc(const char *text, uint64_t *ret_us) {
    return moment_from_rfc3339(slice_of_text(text), ret_us);
}
static enum status epoch(const char *text, uint64_t *ret_us) {
    return moment_from_epoch(slice_of_text(text), ret_us);
}

static void timestamps_of_stix_become_microseconds(void **state) {
    static const struct {
        const char *text;
        uint64_t us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2017-02-27T21:37:11.213Z", UINT64_C(1488231431213000)},
        {"2000-02-29T23:59:59.9Z", UINT64_C(951868799900000)},
        {"2100-03-01T00:00:00Z", UINT64_C(4107542400000000)},
        {"9999-12-31T23:59:59.999999Z", UINT64_C(253402300799999999)},
        {"2017-02-27T21:37:11.2130009999Z", UINT64_C(1488231431213000)}, /* finer than microseconds is cut */
    };
    uint64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rfc(rows[i].text, &us), STATUS_OK);
        assert_true(us == rows[i].us);
    }
}

static void other_texts_are_no_timestamps(void **state) {
    static const char *const texts[] = {
        "",
        "2017-02-27",
        "2017-02-27T21:37:11",
        "2017-02-27T21:37:11+01:00",
        "2017-02-27t21:37:11Z",
        "2017-02-27T21:37:11.Z",
        "2017-02-27T21:37:11.1Zx",
        "2017-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2017-13-01T00:00:00Z",
        "2017-04-31T00:00:00Z",
        "2017-04-30T24:00:00Z",
        "2017-04-30T23:60:00Z",
        "2017-04-30T23:59:60Z",
        "2017-04-30T23:59:5Z",
        "17-04-30T23:59:50Z",
    };
    uint64_t us = 7;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) assert_int_not_equal(rfc(texts[i], &us), STATUS_OK);
    assert_int_equal(us, 7);
}

static void seconds_are_whole_and_end_with_the_year_9999(void **state) {
    uint64_t us;
    (void)state;
    assert_int_equal(epoch("1603642925", &us), STATUS_OK);
    assert_true(us == UINT64_C(1603642925000000));
    assert_int_equal(epoch("253402300799", &us), STATUS_OK);
    assert_int_equal(epoch("253402300800", &us), STATUS_BAD_VALUE);
    assert_int_equal(epoch("99999999999999999999", &us), STATUS_BAD_VALUE);
    assert_int_equal(epoch("-1", &us), STATUS_BAD_FORMAT);
    assert_int_equal(epoch("1e9", &us), STATUS_BAD_FORMAT);
    assert_int_equal(epoch("1.5", &us), STATUS_BAD_FORMAT);
    assert_int_equal(epoch("", &us), STATUS_BAD_FORMAT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_of_stix_become_microseconds),
        cmocka_unit_test(other_texts_are_no_timestamps),
        cmocka_unit_test(seconds_are_whole_and_end_with_the_year_9999),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
