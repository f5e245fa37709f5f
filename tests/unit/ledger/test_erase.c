/* Tests of ledger/erase.h: the bytes are gone from the files, everything signed still verifies, and nothing else is touched. */
#include "ledger/erase.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "ledger/check.h"
#include "ledger/database.h"

enum { BATCHES = 40, TEXT_BYTES = 64 };

struct bench {
    char path[PATH_BYTES];
    struct sample sample;
    struct ledger *ledger;
};

/* Ten batches of each member, executed in ten heights; enough rows for pages to have been split, with pieces left behind. */
static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    file_make(bench->path);
    sample_init(&bench->sample);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(bench->ledger);
    struct sample_batch batches[SAMPLE_MEMBERS];
    sample_persist_genesis(&bench->sample, &ports);
    for (int height = 0; height < BATCHES / SAMPLE_MEMBERS; height++) {
        for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) {
            sample_batch(&bench->sample, i, &batches[i]);
            sample_persist_batch(&ports, &batches[i]);
        }
        (void)sample_persist_view(&bench->sample, &ports);
        sample_persist_height(&bench->sample, &ports, batches, SAMPLE_MEMBERS, true);
    }
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    ledger_close(bench->ledger);
    file_remove(bench->path);
    free(bench);
    return 0;
}

static struct ledger_erasure erasure_of(uint8_t question, const char *observation, uint32_t member) {
    struct ledger_erasure erasure = {.observation = slice_of_text(observation), .member = member};
    erasure.question.bytes[0] = question;
    return erasure;
}

static struct ledger_erased erase(struct bench *bench, uint8_t question, const char *observation, uint32_t member) {
    struct ledger_erasure erasure = erasure_of(question, observation, member);
    struct ledger_erased erased;
    enum status status = ledger_erase(bench->ledger, &erasure, &erased);
    if (status != STATUS_OK) print_error("%s\n", ledger_error_text(bench->ledger));
    assert_int_equal(status, STATUS_OK);
    return erased;
}

static bool in_file(const char *path, const char *text) {
    struct stat found;
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    assert_int_equal(fstat(fileno(file), &found), 0);
    char *data = malloc((size_t)found.st_size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)found.st_size, file), found.st_size);
    bool is_there = memmem(data, (size_t)found.st_size, text, strlen(text)) != NULL;
    free(data);
    assert_int_equal(fclose(file), 0);
    return is_there;
}

/* What member `member` said at `seq` (sample.c), in the file or its log. */
static bool on_disk(const struct bench *bench, uint32_t member, uint32_t seq) {
    char text[TEXT_BYTES], log[PATH_BYTES + 8];
    /* Contents that begin alike are told apart by the place of the row, so only numbers of one digit are looked for. */
    assert_true(seq < 10 && seq != 1);
    (void)snprintf(text, sizeof text, "what member %u saw at %u", member, seq);
    (void)snprintf(log, sizeof log, "%s-wal", bench->path);
    return in_file(bench->path, text) || in_file(log, text);
}

static struct ledger_checked assert_checks(struct bench *bench) {
    struct ledger_checked checked;
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    assert_int_equal(ledger_check(bench->path, &bench->sample.chain, NULL, NULL, &checked), STATUS_OK);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    return checked;
}

static void erased_then_no_byte_of_it_is_in_the_files_and_all_verifies(void **state) {
    struct bench *bench = *state;
    struct sample_digest before, after;
    struct ledger_visitor visitor = sample_visitor(&before);
    assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_OK);
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) assert_true(on_disk(bench, i, 3));
    struct ledger_erased erased = erase(bench, 3, "first", 2);
    assert_true(erased.question_known);
    assert_true(erased.tells == 1 && erased.contents == 1 && erased.before == 0 && erased.elsewhere == 0);
    assert_int_equal(erased.bytes, strlen("what member 2 saw at 3"));
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) {
        assert_int_equal(on_disk(bench, i, 3), i != 2);
        assert_true(on_disk(bench, i, 4));
    }
    struct ledger_checked checked = assert_checks(bench);
    assert_int_equal(checked.contents, BATCHES);
    assert_int_equal(checked.batches, BATCHES);
    visitor = sample_visitor(&after);
    assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_OK);
    assert_memory_equal(&before, &after, sizeof before);
}

static void anybodys_then_the_contents_of_all_who_told_it(void **state) {
    struct bench *bench = *state;
    assert_int_equal(erase(bench, 2, "first", MEMBERS_MAX).contents, SAMPLE_MEMBERS);
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) assert_false(on_disk(bench, i, 2));
    (void)assert_checks(bench);
}

static void killed_before_its_log_was_folded_then_erased_from_there_too(void **state) {
    struct bench *bench = *state;
    char log[PATH_BYTES + 8];
    struct stat found;
    (void)snprintf(log, sizeof log, "%s-wal", bench->path);
    assert_int_equal(stat(log, &found), 0);
    assert_true(found.st_size > 0 && in_file(log, "what member 1 saw at 5"));
    (void)erase(bench, 5, "first", 1);
    assert_int_equal(stat(log, &found), 0);
    assert_int_equal(found.st_size, 0);
}

static void erased_twice_then_said_so(void **state) {
    struct bench *bench = *state;
    assert_int_equal(erase(bench, 2, "first", 0).contents, 1);
    struct ledger_erased again = erase(bench, 2, "first", 0);
    assert_true(again.contents == 0 && again.bytes == 0 && again.before == 1 && again.tells == 1);
}

static void unknown_question_observation_or_none_to_erase_then_nothing_changes(void **state) {
    struct bench *bench = *state;
    assert_false(erase(bench, 99, "first", MEMBERS_MAX).question_known);
    struct ledger_erased erased = erase(bench, 2, "third", MEMBERS_MAX);
    assert_true(erased.question_known && erased.tells == 0 && erased.contents == 0);
    erased = erase(bench, 2, "second", MEMBERS_MAX);
    assert_true(erased.tells == SAMPLE_MEMBERS && erased.contents == 0 && erased.before == 0);
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) assert_true(on_disk(bench, i, 2));
}

static void same_bytes_under_another_tell_then_counted_and_left(void **state) {
    struct bench *bench = *state;
    ledger_close(bench->ledger);
    file_sql(bench->path, "UPDATE content SET (sha256, bytes) = (SELECT sha256, bytes FROM content WHERE batch = 5) "
                          "WHERE batch IN (9, 13)");
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    assert_int_equal(erase(bench, 2, "first", 0).elsewhere, 2);
    assert_true(on_disk(bench, 0, 2));
}

static void erased_then_the_batch_is_read_without_the_content(void **state) {
    struct bench *bench = *state;
    struct hash hash;
    struct slice header, body, contents;
    (void)erase(bench, 2, "first", 3);
    assert_int_equal(ledger_read_lane(bench->ledger, 3, 2, &hash), STATUS_OK);
    assert_int_equal(ledger_read_batch(bench->ledger, &hash, &header, &body, &contents), STATUS_OK);
    assert_true(header.bytes > 0 && body.bytes > 0);
    assert_true(contents.bytes == 1 && contents.data[0] == 0x80);
    assert_int_equal(ledger_read_lane(bench->ledger, 3, 3, &hash), STATUS_OK);
    assert_int_equal(ledger_read_batch(bench->ledger, &hash, &header, &body, &contents), STATUS_OK);
    assert_true(contents.bytes > 1);
}

static void copy_under_way_then_refused_and_nothing_is_erased(void **state) {
    struct bench *bench = *state;
    struct ledger_erasure erasure = erasure_of(2, "first", 0);
    struct ledger_erased erased;
    int file = open(bench->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(file, LOCK_SH | LOCK_NB), 0);
    assert_int_equal(ledger_erase(bench->ledger, &erasure, &erased), STATUS_LOCKED);
    assert_true(on_disk(bench, 0, 2));
    (void)close(file);
    assert_int_equal(erase(bench, 2, "first", 0).contents, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(erased_then_no_byte_of_it_is_in_the_files_and_all_verifies, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(anybodys_then_the_contents_of_all_who_told_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed_before_its_log_was_folded_then_erased_from_there_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(erased_twice_then_said_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_question_observation_or_none_to_erase_then_nothing_changes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(same_bytes_under_another_tell_then_counted_and_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(erased_then_the_batch_is_read_without_the_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copy_under_way_then_refused_and_nothing_is_erased, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ledger_erase", tests, NULL, NULL);
}
