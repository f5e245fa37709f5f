/* Tests of http/receipts.h: which paths name an entry of the log. Real receipts are fetched in tests/standards. */
#include "http/receipts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define QUESTION "00112233445566778899aabbccddeeff"

static enum status judge(const char *key, struct receipts_wanted *ret_wanted) {
    struct refusal refusal;
    return receipts_read(slice_of_text(key), ret_wanted, &refusal);
}

static void question_then_its_verdict(void **state) {
    (void)state;
    struct receipts_wanted wanted;
    assert_int_equal(judge(QUESTION, &wanted), STATUS_OK);
    assert_false(wanted.entry.is_batch);
    assert_false(wanted.is_entry);
    assert_int_equal(wanted.entry.question.bytes[15], 0xff);
    assert_int_equal(judge(QUESTION "/entry", &wanted), STATUS_OK);
    assert_true(wanted.is_entry);
}

static void member_and_place_then_a_batch(void **state) {
    (void)state;
    struct receipts_wanted wanted;
    assert_int_equal(judge("batches/0/1", &wanted), STATUS_OK);
    assert_true(wanted.entry.is_batch);
    assert_int_equal(wanted.entry.member, 0);
    assert_int_equal(wanted.entry.seq, 1);
    assert_int_equal(judge("batches/255/9223372036854775807/entry", &wanted), STATUS_OK);
    assert_int_equal(wanted.entry.member, 255);
    assert_int_equal(wanted.entry.seq, INT64_MAX);
    assert_true(wanted.is_entry);
}

static void anything_else_then_refused_and_untouched(void **state) {
    (void)state;
    static const char *const keys[] = {
        "x",
        "/entry",
        "entry",
        (QUESTION "0"),
        (QUESTION "/"),
        (QUESTION "/entries"),
        "batches/",
        "batches/entry",
        "batches/1",
        "batches/1/",
        "batches//1",
        "batches/256/1",
        "batches/-1/1",
        "batches/+1/1",
        "batches/01/1",
        "batches/1/01",
        "batches/1/1e2",
        "batches/1/1.0",
        "batches/1/1/",
        "batches/1/1/1",
        "batches/1/ 1",
        "batches/1/-1",
        "Batches/1/1",
        "batches/1/9223372036854775808",
        "batches/1",
        "batches/1/x",
        "batches/1/0x10",
        (QUESTION "/entry/"),
        "/00112233445566778899aabbccddeeff",
    };
    struct receipts_wanted wanted = {.entry.seq = 77};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (judge(keys[i], &wanted) != STATUS_BAD_FORMAT) fail_msg("%s", keys[i]);
        assert_int_equal(wanted.entry.seq, 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question_then_its_verdict),
        cmocka_unit_test(member_and_place_then_a_batch),
        cmocka_unit_test(anything_else_then_refused_and_untouched),
    };
    return cmocka_run_group_tests_name("receipts", tests, NULL, NULL);
}
