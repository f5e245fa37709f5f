/* Tests of credimus/verify.h: the public face of the verifier. */
#include "credimus/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample_log.h"

struct files {
    uint8_t certificate_buffer[8192];
    uint8_t genesis_buffer[1024];
    uint8_t scratch[8192];
    struct slice certificate;
    struct slice genesis;
    struct credimus_verdict verdict;
    const char *step;
};

static void set_up(const struct sample_log *log, struct files *ret_files) {
    struct genesis genesis;
    struct writer writer = writer_of(ret_files->certificate_buffer, sizeof ret_files->certificate_buffer);
    sample_log_certify(log, &writer);
    ret_files->certificate = writer_slice(&writer);
    writer = writer_of(ret_files->genesis_buffer, sizeof ret_files->genesis_buffer);
    sample_log_genesis(log, &genesis);
    genesis_put(&writer, &genesis);
    ret_files->genesis = writer_slice(&writer);
}

static int verify(struct files *files, const char *expect) {
    return credimus_verify(files->certificate.data, files->certificate.bytes, files->genesis.data,
                           files->genesis.bytes, expect, files->scratch, sizeof files->scratch, &files->verdict,
                           &files->step);
}

static void good_certificate_then_the_verdict_is_filled_in(void **state) {
    (void)state;
    static struct files files;
    struct sample_log log = sample_log_good();
    set_up(&log, &files);
    assert_int_equal(verify(&files, "yes"), 0);
    assert_string_equal(files.verdict.title, "Is it so?");
    assert_string_equal(files.verdict.outcome, "yes");
    assert_int_equal(files.verdict.status, CREDIMUS_DECIDED);
    assert_int_equal(files.verdict.is_verdict, 1);
    assert_int_equal(files.verdict.flip_margin, 2);
    assert_int_equal(files.verdict.signers, 3);
    assert_int_equal(files.verdict.needed, 3);
    assert_int_equal(files.verdict.members, 4);
    assert_int_equal(files.verdict.height, SAMPLE_HEIGHT);
    assert_int_equal(files.verdict.time_us, 1700000001000000);
    assert_int_equal(verify(&files, NULL), 0);
}

static int judge(struct files *files, const struct credimus_policy *policy) {
    return credimus_judge(files->certificate.data, files->certificate.bytes, files->genesis.data,
                          files->genesis.bytes, policy, files->scratch, sizeof files->scratch, &files->verdict,
                          &files->step);
}

/* The sample is decided for yes, three nats ahead, with three of four signers and a margin of 2. */
static void policy_then_one_of_four_answers(void **state) {
    (void)state;
    static struct files files;
    static const struct {
        struct credimus_policy policy;
        int answer;
    } rows[] = {
        {{.expect = NULL}, CREDIMUS_HOLDS},
        {{"yes", "0.95", 2, 3, 4}, CREDIMUS_HOLDS},
        {{"yes", "0.952574126822", 2, 0, 0}, CREDIMUS_HOLDS},
        {{"no", NULL, 0, 0, 0}, CREDIMUS_UNEXPECTED},
        {{NULL, "0.952574126823", 0, 0, 0}, CREDIMUS_UNEXPECTED},
        {{NULL, NULL, 3, 0, 0}, CREDIMUS_UNEXPECTED},
        {{NULL, NULL, 0, 9, 10}, CREDIMUS_UNEXPECTED},
        {{NULL, "0.9.5", 0, 0, 0}, CREDIMUS_MISUSE},
        {{NULL, "1.1", 0, 0, 0}, CREDIMUS_MISUSE},
        {{NULL, "-0.1", 0, 0, 0}, CREDIMUS_MISUSE},
        {{NULL, "", 0, 0, 0}, CREDIMUS_MISUSE},
        {{NULL, NULL, 0, 1, 2}, CREDIMUS_MISUSE},
        {{NULL, NULL, 0, 1, 0}, CREDIMUS_MISUSE},
    };
    struct sample_log log = sample_log_good();
    set_up(&log, &files);
    assert_int_equal(judge(&files, NULL), CREDIMUS_HOLDS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&files.verdict, 0x5a, sizeof files.verdict);
        if (judge(&files, &rows[i].policy) != rows[i].answer) fail_msg("row %zu", i);
        assert_int_equal(files.verdict.members, rows[i].answer == CREDIMUS_HOLDS ? 4 : 0x5a5a5a5a);
    }
}

/* Whoever forges is told apart from whoever says something else, whatever is asked for. */
static void forged_certificate_then_invalid_under_any_policy(void **state) {
    (void)state;
    static struct files files;
    static const struct credimus_policy strict = {.expect = "no", .min_margin = 9};
    struct sample_log log = sample_log_good();
    set_up(&log, &files);
    files.genesis.bytes--;
    assert_int_equal(judge(&files, NULL), CREDIMUS_MISUSE);
    log.file_weight_forged = true;
    set_up(&log, &files);
    assert_int_equal(judge(&files, NULL), CREDIMUS_INVALID);
    assert_int_equal(judge(&files, &strict), CREDIMUS_INVALID);
    log = sample_log_good();
    log.calibration = true;
    set_up(&log, &files);
    assert_int_equal(judge(&files, NULL), CREDIMUS_UNEXPECTED);
}

static void bad_certificate_then_a_reason_and_the_verdict_untouched(void **state) {
    (void)state;
    static struct files files;
    struct sample_log log = sample_log_good();
    log.signers = 0x3;
    set_up(&log, &files);
    memset(&files.verdict, 0x5a, sizeof files.verdict);
    int reason = verify(&files, NULL);
    assert_int_equal(reason, STATUS_BELOW_THRESHOLD);
    assert_string_equal(credimus_verify_text(reason), status_text(STATUS_BELOW_THRESHOLD));
    assert_string_equal(files.step, "enough members signed");
    assert_int_equal(files.verdict.title[0], 0x5a);
    assert_int_equal(files.verdict.status, 0x5a5a5a5a);
    log.signers = 0x7;
    set_up(&log, &files);
    assert_int_equal(verify(&files, "no"), STATUS_WRONG_OUTCOME);
}

static void certificate_of_a_family_then_refused(void **state) {
    (void)state;
    static struct files files;
    struct sample_log log = sample_log_good();
    log.calibration = true;
    set_up(&log, &files);
    files.verdict.flip_margin = 77;
    assert_int_equal(verify(&files, NULL), STATUS_BAD_TYPE);
    assert_string_equal(files.step, "the certificate is about a question, not about a family");
    assert_int_equal(files.verdict.flip_margin, 77);
}

static void bad_genesis_then_refused_before_the_certificate(void **state) {
    (void)state;
    static struct files files;
    struct sample_log log = sample_log_good();
    set_up(&log, &files);
    files.genesis.bytes--;
    assert_int_equal(verify(&files, NULL), STATUS_TRUNCATED);
    assert_string_equal(files.step, "the genesis has its form");
    assert_int_equal(credimus_verify(NULL, 0, NULL, 0, NULL, files.scratch, 0, &files.verdict, NULL),
                     STATUS_TRUNCATED);
}

static void unknown_reason_then_a_sentence_still(void **state) {
    (void)state;
    assert_non_null(credimus_verify_text(-1));
    assert_non_null(credimus_verify_text(1000000));
    assert_string_equal(credimus_verify_text(0), "ok");
    assert_string_equal(credimus_reason_name(STATUS_BELOW_THRESHOLD), "BELOW_THRESHOLD");
    assert_string_equal(credimus_reason_name(-1), "UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_certificate_then_the_verdict_is_filled_in),
        cmocka_unit_test(policy_then_one_of_four_answers),
        cmocka_unit_test(forged_certificate_then_invalid_under_any_policy),
        cmocka_unit_test(bad_certificate_then_a_reason_and_the_verdict_untouched),
        cmocka_unit_test(certificate_of_a_family_then_refused),
        cmocka_unit_test(bad_genesis_then_refused_before_the_certificate),
        cmocka_unit_test(unknown_reason_then_a_sentence_still),
    };
    return cmocka_run_group_tests_name("credimus_verify", tests, NULL, NULL);
}
