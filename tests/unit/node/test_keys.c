/* Keys and tokens on disk: made, read back, and refused when others could have read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "node/keys.h"

/* RFC 8032, section 7.1, test 1. */
static const char rfc_line[] = "credimus-key/1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n";
static const char rfc_key[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

static void new_key_reads_back_as_the_same(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    struct stat about;
    uint8_t made[KEY_BYTES];
    uint8_t read[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    (void)state;
    assert_int_equal(key_create(folder_file(&folder, "key"), made, &detail), STATUS_OK);
    assert_int_equal(stat(folder.file, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(key_load(folder.file, secret, read, &detail), STATUS_OK);
    assert_memory_equal(made, read, KEY_BYTES);
    folder_delete(&folder);
}

static void known_seed_gives_the_known_key(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    char hex[2 * KEY_BYTES + 1];
    (void)state;
    folder_put(&folder, "key", rfc_line, 0600);
    assert_int_equal(key_load(folder.file, secret, key, &detail), STATUS_OK);
    bytes_to_hex(key, KEY_BYTES, hex);
    assert_string_equal(hex, rfc_key);
    folder_delete(&folder);
}

static void existing_key_is_never_overwritten(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    char text[128] = "";
    size_t bytes;
    uint8_t key[KEY_BYTES];
    (void)state;
    folder_put(&folder, "key", rfc_line, 0600);
    assert_int_equal(key_create(folder.file, key, &detail), STATUS_CONFLICT);
    assert_non_null(strstr(detail.text, folder.file));
    assert_int_equal(file_read(folder.file, true, text, sizeof text, &bytes, &detail), STATUS_OK);
    assert_memory_equal(text, rfc_line, bytes);
    folder_delete(&folder);
}

static void key_that_others_can_use_is_refused(void **state) {
    static const mode_t modes[] = {0640, 0604, 0660, 0601, 0644};
    struct folder folder = folder_new();
    struct config_detail detail;
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        folder_put(&folder, "key", rfc_line, modes[i]);
        assert_int_equal(key_load(folder.file, secret, key, &detail), STATUS_NOT_ALLOWED);
        assert_non_null(strstr(detail.text, "chmod 600"));
    }
    folder_delete(&folder);
}

static void malformed_key_is_refused(void **state) {
    static const char *const lines[] = {
        "",
        "\n",
        "credimus-key/1",
        "credimus-key/2 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n",
        "credimus-key/1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f6\n",
        "credimus-key/1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f6g\n",
        "credimus-key/1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n\n",
        " credimus-key/1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    };
    struct folder folder = folder_new();
    struct config_detail detail;
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        folder_put(&folder, "key", lines[i], 0600);
        assert_int_equal(key_load(folder.file, secret, key, &detail), STATUS_BAD_FORMAT);
        assert_non_null(strstr(detail.text, folder.file));
    }
    assert_int_equal(key_load(folder_file(&folder, "none"), secret, key, &detail), STATUS_NOT_FOUND);
    folder_delete(&folder);
}

/* The public half of what stands in a file; zeros for none. */
static void key_in(struct folder *folder, const char *name, uint8_t ret_key[KEY_BYTES]) {
    struct config_detail detail;
    uint8_t secret[SECRET_BYTES];
    memset(ret_key, 0, KEY_BYTES);
    enum status status = key_load(folder_file(folder, name), secret, ret_key, &detail);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
}

static void expect_rotated(struct folder *folder, const uint8_t now[KEY_BYTES], const uint8_t before[KEY_BYTES]) {
    static const uint8_t none[KEY_BYTES];
    uint8_t found[KEY_BYTES];
    struct stat about;
    key_in(folder, "key", found);
    assert_memory_equal(found, now, KEY_BYTES);
    assert_int_equal(stat(folder_file(folder, "key"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    key_in(folder, "key.old", found);
    assert_memory_equal(found, before, KEY_BYTES);
    key_in(folder, "key.next", found);
    assert_memory_equal(found, none, KEY_BYTES);
}

/* The directories that a crash can leave, made by hand: before the first step, after each, and after the last. */
enum crash_point { BEFORE_ALL, OLD_GONE, OLD_IS_KEY, DONE, CRASH_POINTS };

static void crash_at_any_point_of_a_rotation_leaves_what_the_next_call_finishes(void **state) {
    (void)state;
    for (int point = BEFORE_ALL; point < CRASH_POINTS; point++) {
        struct folder folder = folder_new();
        struct config_detail detail;
        uint8_t first[KEY_BYTES];
        uint8_t next[KEY_BYTES];
        uint8_t older[KEY_BYTES];
        uint8_t found[KEY_BYTES];
        char other[128];
        assert_int_equal(key_create(folder_file(&folder, "key"), first, &detail), STATUS_OK);
        assert_int_equal(key_create(folder_file(&folder, "key.next"), next, &detail), STATUS_OK);
        assert_int_equal(key_create(folder_file(&folder, "key.old"), older, &detail), STATUS_OK);
        if (point >= OLD_GONE) assert_int_equal(unlink(folder_file(&folder, "key.old")), 0);
        (void)snprintf(other, sizeof other, "%s/key", folder.path);
        if (point >= OLD_IS_KEY) assert_int_equal(link(other, folder_file(&folder, "key.old")), 0);
        if (point >= DONE) assert_int_equal(rename(folder_file(&folder, "key.next"), other), 0);
        /* There is a key to start with at each of them, and the one that counts is there, too. */
        key_in(&folder, "key", found);
        assert_memory_equal(found, point == DONE ? next : first, KEY_BYTES);
        assert_int_equal(key_rotate(folder.path, next, &detail), STATUS_OK);
        expect_rotated(&folder, next, first);
        assert_int_equal(key_rotate(folder.path, next, &detail), STATUS_OK);
        expect_rotated(&folder, next, first);
        folder_delete(&folder);
    }
}

static void rotation_to_a_key_that_is_not_there_changes_nothing(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    uint8_t first[KEY_BYTES];
    uint8_t next[KEY_BYTES];
    uint8_t found[KEY_BYTES];
    uint8_t wanted[KEY_BYTES] = {1};
    (void)state;
    assert_int_equal(key_create(folder_file(&folder, "key"), first, &detail), STATUS_OK);
    assert_int_equal(key_rotate(folder.path, wanted, &detail), STATUS_NOT_FOUND);
    assert_int_equal(key_create(folder_file(&folder, "key.next"), next, &detail), STATUS_OK);
    assert_int_equal(key_rotate(folder.path, wanted, &detail), STATUS_NOT_FOUND);
    assert_non_null(strstr(detail.text, "key.next"));
    key_in(&folder, "key", found);
    assert_memory_equal(found, first, KEY_BYTES);
    key_in(&folder, "key.next", found);
    assert_memory_equal(found, next, KEY_BYTES);
    folder_delete(&folder);
}

static void token_reads_back_and_differs_each_time(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    char first[CONFIG_TOKEN_CHARACTERS + 1];
    char second[CONFIG_TOKEN_CHARACTERS + 1];
    (void)state;
    assert_int_equal(token_create(folder_file(&folder, "a"), &detail), STATUS_OK);
    assert_int_equal(token_load(folder.file, first, &detail), STATUS_OK);
    assert_int_equal(token_create(folder_file(&folder, "b"), &detail), STATUS_OK);
    assert_int_equal(token_load(folder.file, second, &detail), STATUS_OK);
    assert_int_equal(strlen(first), CONFIG_TOKEN_CHARACTERS);
    assert_string_not_equal(first, second);
    folder_put(&folder, "a", "secret\n", 0600);
    assert_int_equal(token_load(folder.file, first, &detail), STATUS_BAD_FORMAT);
    folder_delete(&folder);
}

static void reading_stops_at_the_capacity_and_at_what_is_no_file(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    char text[4];
    size_t bytes = 0;
    (void)state;
    folder_put(&folder, "a", "1234", 0644);
    assert_int_equal(file_read(folder.file, false, text, sizeof text, &bytes, &detail), STATUS_OK);
    assert_int_equal(bytes, 4);
    folder_put(&folder, "a", "12345", 0644);
    assert_int_equal(file_read(folder.file, false, text, sizeof text, &bytes, &detail), STATUS_TOO_LARGE);
    assert_int_equal(file_read(folder.path, false, text, sizeof text, &bytes, &detail), STATUS_IO);
    assert_int_equal(mkfifo(folder_file(&folder, "b"), 0600), 0);
    assert_int_equal(file_read(folder.file, true, text, sizeof text, &bytes, &detail), STATUS_IO);
    folder_delete(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_key_reads_back_as_the_same),
        cmocka_unit_test(known_seed_gives_the_known_key),
        cmocka_unit_test(existing_key_is_never_overwritten),
        cmocka_unit_test(key_that_others_can_use_is_refused),
        cmocka_unit_test(malformed_key_is_refused),
        cmocka_unit_test(crash_at_any_point_of_a_rotation_leaves_what_the_next_call_finishes),
        cmocka_unit_test(rotation_to_a_key_that_is_not_there_changes_nothing),
        cmocka_unit_test(token_reads_back_and_differs_each_time),
        cmocka_unit_test(reading_stops_at_the_capacity_and_at_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
