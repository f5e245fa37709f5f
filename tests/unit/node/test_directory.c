/* Tests of node/directory.h: one process at a time acts for a directory, and the marks of a restored ledger come and go as a whole. */
#include "node/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"

static const char *const marks[] = {STARTED_FILE, FORGETFUL_FILE, LANE_CLOSED_FILE};

static bool is_there(struct folder *folder, const char *name) { return access(folder_file(folder, name), F_OK) == 0; }

static void remove_marks(struct folder *folder) {
    for (size_t i = 0; i < 3; i++) (void)unlink(folder_file(folder, marks[i]));
    folder_delete(folder);
}

static void held_then_locked_for_everybody_until_released(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    int first = -1, second = -1;
    (void)state;
    assert_int_equal(directory_hold(folder.path, &first, &detail), STATUS_OK);
    assert_int_equal(directory_hold(folder.path, &second, &detail), STATUS_LOCKED);
    assert_non_null(strstr(detail.text, folder.path));
    assert_non_null(strstr(detail.text, "in use"));
    assert_int_equal(second, -1);
    directory_release(first);
    assert_int_equal(directory_hold(folder.path, &second, &detail), STATUS_OK);
    directory_release(second);
    directory_release(-1);
    folder_delete(&folder);
}

static void no_directory_then_refused(void **state) {
    struct config_detail detail;
    int hold = -1;
    (void)state;
    assert_int_equal(directory_hold("/nowhere/at/all", &hold, &detail), STATUS_IO);
    assert_non_null(strstr(detail.text, "/nowhere/at/all"));
}

static void restored_then_all_three_marks_and_taken_back_none(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    struct stat about;
    uint32_t left = 0;
    (void)state;
    assert_int_equal(directory_mark_restored(folder.path, &left, &detail), STATUS_OK);
    assert_int_equal(left, MARK_STARTED | MARK_FORGETFUL | MARK_LANE_CLOSED);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(folder_file(&folder, marks[i]), &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
    }
    directory_unmark(folder.path, left);
    for (size_t i = 0; i < 3; i++) assert_false(is_there(&folder, marks[i]));
    remove_marks(&folder);
}

static void mark_that_was_there_then_it_stays_when_the_others_go(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    uint32_t left = 0;
    (void)state;
    folder_put(&folder, LANE_CLOSED_FILE, "of before\n", 0600);
    assert_int_equal(directory_mark_restored(folder.path, &left, &detail), STATUS_OK);
    assert_int_equal(left, MARK_STARTED | MARK_FORGETFUL);
    directory_unmark(folder.path, left);
    assert_true(is_there(&folder, LANE_CLOSED_FILE));
    assert_false(is_there(&folder, FORGETFUL_FILE) || is_there(&folder, STARTED_FILE));
    remove_marks(&folder);
}

static void no_place_for_a_mark_then_none_is_left(void **state) {
    struct config_detail detail;
    uint32_t left = 77;
    (void)state;
    assert_int_not_equal(directory_mark_restored("/nowhere/at/all", &left, &detail), STATUS_OK);
    assert_int_equal(left, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_then_locked_for_everybody_until_released),
        cmocka_unit_test(no_directory_then_refused),
        cmocka_unit_test(restored_then_all_three_marks_and_taken_back_none),
        cmocka_unit_test(mark_that_was_there_then_it_stays_when_the_others_go),
        cmocka_unit_test(no_place_for_a_mark_then_none_is_left),
    };
    return cmocka_run_group_tests_name("node_directory", tests, NULL, NULL);
}
