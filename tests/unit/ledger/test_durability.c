/* Tests of what ledger_commit promises about the disk: it returns only after the operating system was told to write
 * everything, and a sync that failed is never made good by a later one.
 *
 * This program's fsync and fdatasync stand in front of the C library's, so SQLite calls them: they count, and fail
 * when they are told to. */
#include "ledger/ledger.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "ledger/database.h"
#include "sample.h"

static unsigned syncs;
static bool sync_fails;

static int sync_file(long call, int file) {
    syncs++;
    if (!sync_fails) return (int)syscall(call, file);
    errno = EIO;
    return -1;
}

int fsync(int file) { return sync_file(SYS_fsync, file); }
int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }

struct bench {
    char path[PATH_BYTES];
    struct sample sample;
    struct ledger *ledger;
    struct replica_ports ports;
};

static void open_bench(struct bench *bench) {
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    bench->ports = sample_ports(bench->ledger);
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    sync_fails = false;
    file_make(bench->path);
    sample_init(&bench->sample);
    open_bench(bench);
    sample_persist_genesis(&bench->sample, &bench->ports);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    sync_fails = false;
    ledger_close(bench->ledger);
    file_remove(bench->path);
    free(bench);
    return 0;
}

static void persist_next(struct bench *bench, struct sample_batch *ret_batch) {
    sample_batch(&bench->sample, 2, ret_batch);
    sample_persist_batch(&bench->ports, ret_batch);
}

static enum status read_batch(struct bench *bench, const struct sample_batch *batch) {
    struct slice header, body, contents;
    return ledger_read_batch(bench->ledger, &batch->hash, &header, &body, &contents);
}

static void opened_then_full_sync_of_a_log_that_it_holds_alone(void **state) {
    struct bench *bench = *state;
    uint64_t full = 0, wal = 0, exclusive = 0;
    sqlite3 *database = bench->ledger->database;
    assert_int_equal(database_number(database, "PRAGMA synchronous", &full), STATUS_OK);
    assert_int_equal(full, 2);
    const char *modes[] = {"SELECT journal_mode = 'wal' FROM pragma_journal_mode",
                           "SELECT locking_mode = 'exclusive' FROM pragma_locking_mode"};
    assert_int_equal(database_number(database, modes[0], &wal), STATUS_OK);
    assert_int_equal(database_number(database, modes[1], &exclusive), STATUS_OK);
    assert_true(wal == 1 && exclusive == 1);
}

static void vote_committed_then_synced_before_it_returns(void **state) {
    struct bench *bench = *state;
    for (uint64_t view = 1; view <= 5; view++) {
        struct vote vote;
        sample_vote(&bench->sample, view, VOTE_NULLIFY, &(struct hash){{0}}, &vote);
        bench->ports.persist_vote(bench->ports.context, &vote);
        unsigned before = syncs;
        assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
        assert_true(syncs > before);
    }
}

static void nothing_new_then_commit_needs_no_sync(void **state) {
    struct bench *bench = *state;
    unsigned before = syncs;
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(syncs, before);
}

static void sync_failed_once_then_no_commit_succeeds_until_reopened(void **state) {
    struct bench *bench = *state;
    struct sample_batch kept, lost, later;
    persist_next(bench, &kept);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    persist_next(bench, &lost);
    sync_fails = true;
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    assert_true(ledger_error_text(bench->ledger)[0] != '\0');
    /* The kernel may have dropped the pages and would now say that all is well. */
    sync_fails = false;
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    persist_next(bench, &later);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    assert_int_equal(read_batch(bench, &kept), STATUS_OK);
    assert_int_equal(read_batch(bench, &later), STATUS_NOT_FOUND);
    ledger_close(bench->ledger);
    open_bench(bench);
    assert_int_equal(read_batch(bench, &kept), STATUS_OK);
    assert_int_equal(read_batch(bench, &later), STATUS_NOT_FOUND);
    sample_persist_batch(&bench->ports, &lost);
    sample_persist_batch(&bench->ports, &later);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(read_batch(bench, &later), STATUS_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(opened_then_full_sync_of_a_log_that_it_holds_alone),
        CASE(vote_committed_then_synced_before_it_returns),
        CASE(nothing_new_then_commit_needs_no_sync),
        CASE(sync_failed_once_then_no_commit_succeeds_until_reopened),
    };
    return cmocka_run_group_tests_name("ledger durability", tests, NULL, NULL);
}
