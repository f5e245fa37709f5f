/* Tests of wire/certificate.h: the form of the file. What it proves is tested with verifier/. */
#include "wire/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample.h"

#define FIRST "credimus/certificate/1\n"
#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static enum status read(const char *text, struct certificate *ret_certificate) {
    static uint8_t scratch[8192];
    return certificate_read(slice_of_text(text), scratch, sizeof scratch, ret_certificate);
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    uint8_t scratch[8192];
    struct certificate certificate;
    TRY(certificate_read(bytes, scratch, sizeof scratch, &certificate));
    certificate_put(ret_again, &certificate);
    return STATUS_OK;
}

static void certificate_put_then_the_lines_of_its_description(void **state) {
    (void)state;
    static const char expected[] = FIRST "belief AQI=\nindex 7\nproof " ZEROS "proof " ZEROS
                                         "questions 9\nstate Aw==\nstate-index 12\nstate-proof " ZEROS
                                         "parameters Bw==\nmember BA==\nmember BQY=\n\nthe note";
    uint8_t buffer[1024];
    struct certificate certificate = {.belief = slice_of("\x01\x02", 2),
                                      .index = 7,
                                      .proof_count = 2,
                                      .questions = 9,
                                      .state = slice_of("\x03", 1),
                                      .state_index = 12,
                                      .state_proof_count = 1,
                                      .parameters = slice_of("\x07", 1),
                                      .members = 2,
                                      .member_records = {slice_of("\x04", 1), slice_of("\x05\x06", 2)},
                                      .note = slice_of_text("the note")};
    struct certificate found;
    struct writer writer = writer_of(buffer, sizeof buffer);
    certificate_put(&writer, &certificate);
    assert_true(slice_equal(writer_slice(&writer), slice_of_text(expected)));
    assert_int_equal(read(expected, &found), STATUS_OK);
    assert_true(slice_equal(found.belief, certificate.belief));
    assert_true(slice_equal(found.state, certificate.state));
    assert_true(slice_equal(found.parameters, certificate.parameters));
    assert_true(slice_equal(found.member_records[1], certificate.member_records[1]));
    assert_true(slice_equal(found.note, certificate.note));
    assert_int_equal(found.index, 7);
    assert_int_equal(found.proof_count, 2);
    assert_int_equal(found.questions, 9);
    assert_int_equal(found.state_index, 12);
    assert_int_equal(found.state_proof_count, 1);
    assert_int_equal(found.members, 2);
}

static void certificates_of_another_form_then_refused(void **state) {
    (void)state;
#define REST "state Aw==\nstate-index 12\nparameters Bw==\nmember BA==\n\nn"
    static const struct {
        const char *text;
        enum status expected;
    } texts[] = {
        {FIRST "belief AQI=\nindex 7\n" REST, STATUS_OK},
        {"credimus/certificate/2\nbelief AQI=\nindex 7\n" REST, STATUS_VERSION},
        {"", STATUS_BAD_FORMAT},
        {FIRST, STATUS_BAD_FORMAT},
        {FIRST "belief \nindex 7\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI\nindex 7\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQJ=\nindex 7\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief  AQI=\nindex 7\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\r\nindex 7\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 07\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex -1\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 18446744073709551616\n" REST, STATUS_OVERFLOW},
        {FIRST "belief AQI=\nindex 7\nproof AAAA\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nquestions 0\n" REST, STATUS_BAD_VALUE},
        {FIRST "belief AQI=\nindex 7\nquestions 1\nquestions 1\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nquestions 1\nproof " ZEROS REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nmore 1\n" REST, STATUS_BAD_FORMAT},
        {FIRST "index 7\nbelief AQI=\n" REST, STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nstate Aw==\nstate-index 12\nparameters Bw==\n\nn", STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nstate Aw==\nstate-index 12\nmember BA==\n\nn", STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nstate Aw==\nstate-index 12\nparameters \nmember BA==\n\nn", STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nstate Aw==\nstate-index 12\nparameters Bw==\nmember BA==\n\n",
         STATUS_BAD_FORMAT},
        {FIRST "belief AQI=\nindex 7\nstate Aw==\nstate-index 12\nparameters Bw==\nmember BA==\nn",
         STATUS_BAD_FORMAT},
    };
    struct certificate certificate;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read(texts[i].text, &certificate), texts[i].expected);
#undef REST
}

/* A file with so many lines of each kind. */
static enum status read_counts(uint32_t proof, uint32_t state_proof, uint32_t members) {
    static char text[64 * 1024];
    static uint8_t scratch[sizeof text];
    struct certificate certificate;
    struct writer writer = writer_of(text, sizeof text);
    writer_put_text(&writer, FIRST "belief AQI=\nindex 7\n");
    for (uint32_t i = 0; i < proof; i++) writer_put_text(&writer, "proof " ZEROS);
    writer_put_text(&writer, "state Aw==\nstate-index 12\n");
    for (uint32_t i = 0; i < state_proof; i++) writer_put_text(&writer, "state-proof " ZEROS);
    writer_put_text(&writer, "parameters Bw==\n");
    for (uint32_t i = 0; i < members; i++) writer_put_text(&writer, "member BA==\n");
    writer_put_text(&writer, "\nn");
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return certificate_read(writer_slice(&writer), scratch, sizeof scratch, &certificate);
}

static void counts_at_their_limits_then_read_and_beyond_refused(void **state) {
    (void)state;
    assert_int_equal(read_counts(MERKLE_PROOF_MAX, MERKLE_PROOF_MAX, MEMBERS_MAX), STATUS_OK);
    assert_int_equal(read_counts(MERKLE_PROOF_MAX + 1, 0, 4), STATUS_TOO_MANY);
    assert_int_equal(read_counts(0, MERKLE_PROOF_MAX + 1, 4), STATUS_TOO_MANY);
    assert_int_equal(read_counts(0, 0, MEMBERS_MAX + 1), STATUS_TOO_MANY);
}

static void file_above_its_limit_or_scratch_too_small_then_refused(void **state) {
    (void)state;
    uint8_t scratch[64];
    struct certificate certificate;
    assert_int_equal(
        certificate_read(slice_of(FIRST, (size_t)CERTIFICATE_BYTES_MAX + 1), scratch, sizeof scratch, &certificate),
        STATUS_TOO_LARGE);
    assert_int_equal(certificate_read(slice_of(FIRST, sizeof scratch + 1), scratch, sizeof scratch, &certificate),
                     STATUS_NO_SPACE);
}

/* The note goes to the end of the file as it is, so only the part before it is strict in itself. */
static void certificate_then_strict_up_to_the_note(void **state) {
    (void)state;
    static const char text[] = FIRST "belief AQI=\nindex 7\nproof " ZEROS "questions 9\nstate Aw==\nstate-index 12\n"
                                     "state-proof " ZEROS "parameters Bw==\nmember BA==\nmember BQY=\n\nn";
    char changed[sizeof text];
    struct certificate certificate;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        assert_int_not_equal(certificate_read(slice_of(text, at), (uint8_t *)changed, sizeof changed, &certificate),
                             STATUS_OK);
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(changed, text, sizeof text);
            changed[at] = (char)(changed[at] ^ (1 << bit));
            sample_require_strict(slice_of(changed, sizeof text - 1), rewrite, NULL);
        }
    }
    sample_require_strict(slice_of_text(text), rewrite, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_put_then_the_lines_of_its_description),
        cmocka_unit_test(certificates_of_another_form_then_refused),
        cmocka_unit_test(counts_at_their_limits_then_read_and_beyond_refused),
        cmocka_unit_test(file_above_its_limit_or_scratch_too_small_then_refused),
        cmocka_unit_test(certificate_then_strict_up_to_the_note),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
