/* Tests of wire/snapshot_file.h: one encoding of the lines, and lengths that add up to the file's. */
#include "wire/snapshot_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_BYTES_MAX = 256 };

static enum status read_text(const char *text, struct snapshot_file *ret_file) {
    return snapshot_file_read(slice_of_text(text), strlen(text), ret_file);
}

static void put_then_the_bytes_of_its_description_and_read_again(void **state) {
    (void)state;
    static const char expected[] = "credimus/snapshot-file/1\ncertificate 4\nsnapshot 12\n\ncertsnapshot not";
    uint8_t bytes[FILE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct snapshot_file file;
    snapshot_file_put(&writer, slice_of_text("cert"), 12);
    writer_put_text(&writer, "snapshot not");
    assert_true(slice_equal(writer_slice(&writer), slice_of_text(expected)));
    assert_int_equal(read_text(expected, &file), STATUS_OK);
    assert_true(slice_equal(file.certificate, slice_of_text("cert")));
    assert_int_equal(file.snapshot_at, strlen(expected) - 12);
    assert_int_equal(file.snapshot_bytes, 12);
}

static void beginning_without_the_snapshot_then_the_same(void **state) {
    (void)state;
    static const char whole[] = "credimus/snapshot-file/1\ncertificate 4\nsnapshot 9\n\ncertsnapshot.";
    struct snapshot_file file;
    size_t bytes = strlen(whole);
    assert_int_equal(snapshot_file_read(slice_of(whole, bytes - 9), bytes, &file), STATUS_OK);
    assert_int_equal(file.snapshot_bytes, 9);
    assert_int_equal(snapshot_file_read(slice_of(whole, bytes - 10), bytes, &file), STATUS_TRUNCATED);
    /* The file is as long as it says, not as what was read of it. */
    assert_int_equal(snapshot_file_read(slice_of(whole, bytes), bytes + 1, &file), STATUS_TRAILING_BYTES);
    assert_int_equal(snapshot_file_read(slice_of(whole, bytes), bytes - 1, &file), STATUS_TRUNCATED);
}

static void cut_anywhere_then_refused(void **state) {
    (void)state;
    static const char whole[] = "credimus/snapshot-file/1\ncertificate 4\nsnapshot 9\n\ncertsnapshot.";
    struct snapshot_file file;
    for (size_t bytes = 0; bytes < strlen(whole); bytes++)
        assert_int_not_equal(snapshot_file_read(slice_of(whole, bytes), bytes, &file), STATUS_OK);
}

static void another_form_then_refused_and_untouched(void **state) {
    (void)state;
#define LINES(certificate, snapshot) "credimus/snapshot-file/1\ncertificate " certificate "\nsnapshot " snapshot "\n"
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"", STATUS_BAD_FORMAT},
        {"credimus/snapshot-file/2\ncertificate 1\nsnapshot 1\n\ncs", STATUS_VERSION},
        {"credimus/snapshot/1\n", STATUS_VERSION},
        {"credimus/snapshot-file/1\r\ncertificate 1\nsnapshot 1\n\ncs", STATUS_VERSION},
        {LINES("01", "1") "\ncs", STATUS_BAD_FORMAT},
        {LINES("1", "01") "\ncs", STATUS_BAD_FORMAT},
        {LINES("+1", "1") "\ncs", STATUS_BAD_FORMAT},
        {LINES("1 ", "1") "\ncs", STATUS_BAD_FORMAT},
        {LINES("", "1") "\ncs", STATUS_BAD_FORMAT},
        {LINES("1", "1") "cs", STATUS_BAD_FORMAT},
        {LINES("1", "1") " \ncs", STATUS_BAD_FORMAT},
        {LINES("1", "1") "more 1\n\ncs", STATUS_BAD_FORMAT},
        {"credimus/snapshot-file/1\nsnapshot 1\ncertificate 1\n\ncs", STATUS_BAD_FORMAT},
        {LINES("0", "1") "\ns", STATUS_BAD_VALUE},
        {LINES("1", "0") "\nc", STATUS_BAD_VALUE},
        {LINES("1", "18446744073709551616") "\ncs", STATUS_OVERFLOW},
        {LINES("1", "18446744073709551615") "\ncs", STATUS_OVERFLOW},
        {LINES("1048577", "1") "\ncs", STATUS_TOO_LARGE},
        {LINES("1", "2") "\ncs", STATUS_TRUNCATED},
        {LINES("2", "1") "\ncs", STATUS_TRUNCATED},
        {LINES("1", "1") "\ncs.", STATUS_TRAILING_BYTES},
    };
    struct snapshot_file file = {.snapshot_at = 77};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum status status = read_text(cases[i].text, &file);
        if (status != cases[i].status) fail_msg("%s: %s", cases[i].text, status_name(status));
        assert_int_equal(file.snapshot_at, 77);
    }
}

/* The limits that the declarations name are those of the code. */
static void largest_numbers_then_they_fit(void **state) {
    (void)state;
    uint8_t *bytes = malloc(SNAPSHOT_FILE_BEGINNING_BYTES);
    uint8_t *certificate = calloc(1, CERTIFICATE_BYTES_MAX);
    assert_non_null(bytes);
    assert_non_null(certificate);
    struct writer writer = writer_of(bytes, SNAPSHOT_FILE_BEGINNING_BYTES);
    struct snapshot_file file;
    uint64_t most = UINT64_MAX - SNAPSHOT_FILE_BEGINNING_BYTES;
    snapshot_file_put(&writer, slice_of(certificate, CERTIFICATE_BYTES_MAX), most);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(snapshot_file_read(writer_slice(&writer), writer.bytes + most, &file), STATUS_OK);
    assert_int_equal(file.certificate.bytes, CERTIFICATE_BYTES_MAX);
    assert_true(file.snapshot_bytes == most);
    free(bytes);
    free(certificate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_then_the_bytes_of_its_description_and_read_again),
        cmocka_unit_test(beginning_without_the_snapshot_then_the_same),
        cmocka_unit_test(cut_anywhere_then_refused),
        cmocka_unit_test(another_form_then_refused_and_untouched),
        cmocka_unit_test(largest_numbers_then_they_fit),
    };
    return cmocka_run_group_tests_name("snapshot_file", tests, NULL, NULL);
}
