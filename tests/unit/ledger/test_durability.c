/* Tests of what ledger_commit promises about the disk: it returns only after the operating system was told to write
 * everything, a sync that failed is never made good by a later one, and a step that found no room is taken whole when
 * there is some.
 *
 * This program's fsync and fdatasync stand in front of the C library's, so SQLite calls them: they count, and fail
 * when they are told to. Its writes are given to SQLite by name. */
#include "ledger/ledger.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "ledger/database.h"
#include "sample.h"

static unsigned syncs;
static bool sync_fails;
static int sync_error = EIO;

static int sync_file(long call, int file) {
    syncs++;
    if (!sync_fails) return (int)syscall(call, file);
    errno = sync_error;
    return -1;
}

static ssize_t write_nothing(int file, const void *data, size_t bytes, off_t at) {
    (void)file;
    (void)data;
    (void)bytes;
    (void)at;
    errno = ENOSPC;
    return -1;
}

/* Which of the three SQLite writes with was decided when it was built. */
static void fill_disk(bool full) {
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    static const char *const calls[] = {"write", "pwrite", "pwrite64"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        assert_int_equal(vfs->xSetSystemCall(vfs, calls[i], full ? (sqlite3_syscall_ptr)write_nothing : NULL),
                         SQLITE_OK);
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
    sync_error = EIO;
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
    fill_disk(false);
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

static struct sample_digest digest_of(struct bench *bench) {
    struct sample_digest digest = {.heights = 0};
    struct ledger_visitor visitor = sample_visitor(&digest);
    assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_OK);
    return digest;
}

/* A step with something of every kind. */
static void persist_step(struct bench *bench, struct sample_batch *ret_batch) {
    sample_batch(&bench->sample, 2, ret_batch);
    sample_persist_batch(&bench->ports, ret_batch);
    sample_persist_view(&bench->sample, &bench->ports);
    sample_persist_height(&bench->sample, &bench->ports, ret_batch, 1, true);
    sample_persist_certified(&bench->sample, &bench->ports, 3);
    sample_persist_view(&bench->sample, &bench->ports);
    sample_persist_proof(&bench->sample, &bench->ports, 3, bench->sample.height);
    struct sample_batch waiting;
    sample_batch(&bench->sample, 0, &waiting);
    sample_persist_batch(&bench->ports, &waiting);
}

static void reopen(struct bench *bench) {
    ledger_close(bench->ledger);
    open_bench(bench);
}

static void disk_full_then_the_same_step_is_taken_when_there_is_room(void **state) {
    struct bench *bench = *state;
    struct sample_batch first, second;
    persist_step(bench, &first);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    persist_step(bench, &second);
    struct sample_digest whole = digest_of(bench);
    fill_disk(true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ledger_commit(bench->ledger), STATUS_DISK_FULL);
        assert_non_null(strstr(ledger_error_text(bench->ledger), "no room on the disk"));
        /* The replica is ahead by this step, and finds all of it. */
        assert_int_equal(ledger_height(bench->ledger), 2);
        assert_int_equal(read_batch(bench, &second), STATUS_OK);
        struct sample_digest now = digest_of(bench);
        assert_memory_equal(&now, &whole, sizeof now);
    }
    fill_disk(false);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_string_equal(ledger_error_text(bench->ledger), "");
    reopen(bench);
    struct sample_digest kept = digest_of(bench);
    assert_memory_equal(&kept, &whole, sizeof kept);
    /* And life goes on. */
    struct sample_batch third;
    persist_step(bench, &third);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(ledger_height(bench->ledger), 3);
}

static void killed_while_the_disk_is_full_then_the_last_commit_is_there(void **state) {
    struct bench *bench = *state;
    struct sample_batch first, second;
    persist_step(bench, &first);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest durable = digest_of(bench);
    struct sample sample = bench->sample;
    persist_step(bench, &second);
    fill_disk(true);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_DISK_FULL);
    /* Closed and opened again, still without room: what was committed can be read. */
    reopen(bench);
    struct sample_digest found = digest_of(bench);
    assert_memory_equal(&found, &durable, sizeof found);
    assert_int_equal(read_batch(bench, &second), STATUS_NOT_FOUND);
    fill_disk(false);
    /* Whatever comes next need not be that step. */
    bench->sample = sample;
    struct sample_batch other;
    persist_next(bench, &other);
    persist_step(bench, &second);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(ledger_height(bench->ledger), 2);
}

static void more_steps_while_the_disk_is_full_then_all_are_taken(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    fill_disk(true);
    for (int i = 0; i < 3; i++) {
        persist_step(bench, &batches[i]);
        assert_int_equal(ledger_commit(bench->ledger), STATUS_DISK_FULL);
    }
    struct sample_digest whole = digest_of(bench);
    fill_disk(false);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    reopen(bench);
    struct sample_digest kept = digest_of(bench);
    assert_memory_equal(&kept, &whole, sizeof kept);
    assert_int_equal(ledger_height(bench->ledger), 3);
}

static void conflict_while_the_disk_is_full_then_failed_for_good(void **state) {
    struct bench *bench = *state;
    struct vote vote;
    sample_vote(&bench->sample, 7, VOTE_NOTARIZE, &(struct hash){{1}}, &vote);
    bench->ports.persist_vote(bench->ports.context, &vote);
    fill_disk(true);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_DISK_FULL);
    sample_vote(&bench->sample, 7, VOTE_NOTARIZE, &(struct hash){{2}}, &vote);
    bench->ports.persist_vote(bench->ports.context, &vote);
    fill_disk(false);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
}

/* The pages may be gone, whatever the sync says was wrong. */
static void sync_failed_for_lack_of_room_then_failed_for_good(void **state) {
    struct bench *bench = *state;
    struct sample_batch batch;
    persist_next(bench, &batch);
    sync_fails = true;
    sync_error = ENOSPC;
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    sync_fails = false;
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    assert_int_equal(read_batch(bench, &batch), STATUS_NOT_FOUND);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(opened_then_full_sync_of_a_log_that_it_holds_alone),
        CASE(vote_committed_then_synced_before_it_returns),
        CASE(nothing_new_then_commit_needs_no_sync),
        CASE(sync_failed_once_then_no_commit_succeeds_until_reopened),
        CASE(disk_full_then_the_same_step_is_taken_when_there_is_room),
        CASE(killed_while_the_disk_is_full_then_the_last_commit_is_there),
        CASE(more_steps_while_the_disk_is_full_then_all_are_taken),
        CASE(conflict_while_the_disk_is_full_then_failed_for_good),
        CASE(sync_failed_for_lack_of_room_then_failed_for_good),
    };
    return cmocka_run_group_tests_name("ledger durability", tests, NULL, NULL);
}
