/* Tests of ledger/backup.h: copies of a ledger that another process writes to all the time, what holds its file still meanwhile, and what
 * is refused without a trace. */
#include "ledger/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "files.h"
#include "ledger/database.h"

enum { COPIES = 25, FLIPS = 150, DETAIL_BYTES = 512 };

struct bench {
    char path[PATH_BYTES];
    char copy[PATH_BYTES];
    char detail[DETAIL_BYTES];
    struct sample sample;
    struct ledger_copy copying;
};

static void write_height(struct sample *sample, const struct replica_ports *ports, struct ledger *ledger) {
    struct sample_batch batch;
    sample_batch(sample, (uint32_t)(sample->height % SAMPLE_MEMBERS), &batch);
    sample_persist_batch(ports, &batch);
    (void)sample_persist_view(sample, ports);
    sample_persist_height(sample, ports, &batch, 1, true);
    if (ledger_commit(ledger) != STATUS_OK) abort();
}

/* Three heights. */
static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    file_make(bench->path);
    (void)snprintf(bench->copy, sizeof bench->copy, "%.*s/copy.db",
                   (int)(strlen(bench->path) - strlen("/" LEDGER_FILE)), bench->path);
    sample_init(&bench->sample);
    struct ledger *ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(ledger);
    sample_persist_genesis(&bench->sample, &ports);
    for (int i = 0; i < 3; i++) write_height(&bench->sample, &ports, ledger);
    ledger_close(ledger);
    bench->copying = (struct ledger_copy){
        .source = bench->path, .path = bench->copy, .chain = &bench->sample.chain, .member = SAMPLE_SELF};
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    (void)unlink(bench->copy);
    file_remove(bench->path); /* fails when anything else is left in the directory */
    free(bench);
    return 0;
}

static enum status copy(struct bench *bench, struct ledger_copied *copied) {
    return ledger_copy(&bench->copying, copied, bench->detail, sizeof bench->detail);
}

static uint32_t files_in(const char *path) {
    char name[PATH_BYTES];
    (void)snprintf(name, sizeof name, "%s", path);
    *strrchr(name, '/') = '\0';
    DIR *directory = opendir(name);
    assert_non_null(directory);
    uint32_t count = 0;
    while (readdir(directory) != NULL) count += 1;
    (void)closedir(directory);
    return count - 2;
}

static void assert_refused(struct bench *bench, enum status expected, const char *words) {
    struct ledger_copied copied = {.height = 77};
    uint32_t before = files_in(bench->path);
    enum status status = copy(bench, &copied);
    if (status != expected || strstr(bench->detail, words) == NULL) print_error("%s\n", bench->detail);
    assert_int_equal(status, expected);
    assert_non_null(strstr(bench->detail, words));
    assert_int_equal(copied.height, 77);
    assert_int_equal(files_in(bench->path), before);
}

static struct sample_digest digest_of(const char *path, const struct hash *chain) {
    struct sample_digest digest;
    struct ledger_visitor visitor = sample_visitor(&digest);
    struct ledger *ledger = file_open(path, chain);
    assert_int_equal(ledger_visit(ledger, &visitor), STATUS_OK);
    ledger_close(ledger);
    return digest;
}

static void ledger_at_rest_then_the_copy_says_the_same(void **state) {
    struct bench *bench = *state;
    struct ledger_copied copied;
    struct stat found;
    assert_int_equal(copy(bench, &copied), STATUS_OK);
    assert_string_equal(bench->detail, "");
    assert_int_equal(copied.height, 3);
    assert_int_equal(copied.checked.batches, 3);
    assert_int_equal(stat(bench->copy, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(found.st_size, copied.bytes);
    assert_int_equal(files_in(bench->path), 2);
    struct sample_digest one = digest_of(bench->path, &bench->sample.chain);
    struct sample_digest other = digest_of(bench->copy, &bench->sample.chain);
    assert_memory_equal(&one, &other, sizeof one);
}

/* Writes a height about every millisecond until it is stopped, so that the ledger that each copy checks stays small on a fast disk too;
 * each height is told through the pipe once it is durable. */
static _Noreturn void write_for_ever(struct bench *bench, int tell) {
    struct ledger *ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(ledger);
    ledger->fold_pages = 8;
    for (;;) {
        write_height(&bench->sample, &ports, ledger);
        if (write(tell, &bench->sample.height, sizeof bench->sample.height) < 0) _exit(1);
        (void)usleep(1000);
    }
}

static uint64_t newest_height(int told, uint64_t newest) {
    uint64_t height;
    ssize_t got;
    while ((got = read(told, &height, sizeof height)) == sizeof height) newest = height;
    assert_true(got < 0 && errno == EAGAIN); /* else the writer is dead */
    return newest;
}

static void somebody_writes_all_the_time_then_each_copy_is_one_state(void **state) {
    struct bench *bench = *state;
    int ends[2];
    uint64_t durable = 3, last = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) write_for_ever(bench, ends[1]);
    (void)close(ends[1]);
    for (uint32_t i = 0; i < COPIES; i++) {
        struct ledger_copied copied;
        uint64_t before = durable;
        while ((durable = newest_height(ends[0], durable)) < before + 5) (void)usleep(1000);
        enum status status = copy(bench, &copied);
        if (status != STATUS_OK) print_error("copy %u: %s\n", i, bench->detail);
        assert_int_equal(status, STATUS_OK);
        assert_true(copied.height >= durable && copied.height > last);
        last = copied.height;
        assert_int_equal(unlink(bench->copy), 0);
    }
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    (void)close(ends[0]);
}

static int hold_shared(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(flock(file, LOCK_SH | LOCK_NB), 0);
    return file;
}

static off_t size_of(const char *path) {
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_size;
}

static void copy_under_way_then_the_file_stands_still_and_the_log_grows(void **state) {
    struct bench *bench = *state;
    char log[PATH_BYTES + 8];
    (void)snprintf(log, sizeof log, "%s-wal", bench->path);
    struct ledger *ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(ledger);
    ledger->fold_pages = 4;
    off_t before = size_of(bench->path);
    int held = hold_shared(bench->path);
    for (int i = 0; i < 20; i++) write_height(&bench->sample, &ports, ledger);
    assert_int_equal(size_of(bench->path), before);
    off_t grown = size_of(log);
    assert_true(grown > 20 * 4096);
    (void)close(held);
    write_height(&bench->sample, &ports, ledger);
    assert_true(size_of(bench->path) > before);
    /* The next one begins the log anew, in the same file. */
    for (int i = 0; i < 3; i++) write_height(&bench->sample, &ports, ledger);
    assert_true(size_of(log) < grown + 4 * 16 * 4096);
    ledger_close(ledger);
}

static void closed_while_a_copy_is_under_way_then_the_log_stays_and_nothing_is_lost(void **state) {
    struct bench *bench = *state;
    char log[PATH_BYTES + 8];
    (void)snprintf(log, sizeof log, "%s-wal", bench->path);
    struct ledger *ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(ledger);
    off_t before = size_of(bench->path);
    int held = hold_shared(bench->path);
    write_height(&bench->sample, &ports, ledger);
    ledger_close(ledger);
    assert_int_equal(size_of(bench->path), before);
    assert_true(size_of(log) > 0);
    struct ledger_copied copied;
    assert_int_equal(copy(bench, &copied), STATUS_OK);
    assert_int_equal(copied.height, 4);
    (void)close(held);
    assert_int_equal(digest_of(bench->path, &bench->sample.chain).heights, 4);
    assert_int_not_equal(access(log, F_OK), 0);
}

static void name_taken_no_source_or_no_folder_then_refused(void **state) {
    struct bench *bench = *state;
    FILE *file = fopen(bench->copy, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_refused(bench, STATUS_CONFLICT, "stays as it is");
    assert_int_equal(size_of(bench->copy), 0);
    assert_int_equal(unlink(bench->copy), 0);
    bench->copying.source = "/nowhere/" LEDGER_FILE;
    assert_refused(bench, STATUS_NOT_FOUND, "opening");
    bench->copying.source = bench->path;
    bench->copying.path = "/nowhere/copy.db";
    assert_refused(bench, STATUS_NOT_FOUND, "creating");
}

static void another_chain_or_member_then_refused(void **state) {
    struct bench *bench = *state;
    struct hash other = bench->sample.chain;
    other.bytes[0] ^= 1;
    bench->copying.chain = &other;
    assert_refused(bench, STATUS_WRONG_CHAIN, "another chain");
    bench->copying.chain = &bench->sample.chain;
    bench->copying.member = SAMPLE_SELF + 1;
    assert_refused(bench, STATUS_WRONG_CHAIN, "another member");
}

static void trigger_table_or_version_of_somebody_else_then_refused(void **state) {
    struct bench *bench = *state;
    file_sql(bench->path, "CREATE TRIGGER forget AFTER INSERT ON vote BEGIN DELETE FROM vote; END");
    assert_refused(bench, STATUS_BAD_FORMAT, "tables");
    file_sql(bench->path, "DROP TRIGGER forget; CREATE TABLE mine (a)");
    assert_refused(bench, STATUS_BAD_FORMAT, "tables");
    file_sql(bench->path, "DROP TABLE mine; PRAGMA user_version = 4711");
    assert_refused(bench, STATUS_VERSION, "unknown version");
    char text[64];
    (void)snprintf(text, sizeof text, "PRAGMA user_version = %d", SCHEMA_VERSION);
    file_sql(bench->path, text);
    struct ledger_copied copied;
    assert_int_equal(copy(bench, &copied), STATUS_OK);
}

static void damaged_row_then_refused_and_named(void **state) {
    struct bench *bench = *state;
    file_sql(bench->path, "UPDATE leaf SET bytes = x'00' || bytes WHERE idx = 2");
    assert_refused(bench, STATUS_CORRUPT, "table leaf, row 2");
}

static void read_whole(const char *path, uint8_t **ret_data, size_t *ret_bytes) {
    *ret_bytes = (size_t)size_of(path);
    *ret_data = malloc(*ret_bytes);
    FILE *file = fopen(path, "r");
    assert_true(*ret_data != NULL && file != NULL);
    assert_int_equal(fread(*ret_data, 1, *ret_bytes, file), *ret_bytes);
    assert_int_equal(fclose(file), 0);
}

static void put_whole(const char *path, const uint8_t *data, size_t bytes) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* Whatever a bit hits: the copy is refused, or it says what the ledger said before. */
static void bit_flipped_anywhere_then_refused_or_harmless(void **state) {
    struct bench *bench = *state;
    struct sample_digest whole = digest_of(bench->path, &bench->sample.chain);
    struct prng prng = prng_seeded(5);
    uint8_t *data;
    size_t bytes;
    uint32_t refused = 0;
    print_message("seed 5\n");
    read_whole(bench->path, &data, &bytes);
    for (uint32_t i = 0; i < FLIPS; i++) {
        struct ledger_copied copied;
        uint64_t bit = prng_below(&prng, 8 * bytes);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put_whole(bench->path, data, bytes);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (copy(bench, &copied) == STATUS_OK) {
            struct sample_digest digest = digest_of(bench->copy, &bench->sample.chain);
            assert_memory_equal(&digest, &whole, sizeof digest);
            assert_int_equal(unlink(bench->copy), 0);
        } else {
            refused += 1;
            assert_true(bench->detail[0] != '\0');
        }
        assert_int_equal(files_in(bench->path), 1);
    }
    assert_true(refused > 0);
    free(data);
}

static void cut_short_then_refused(void **state) {
    struct bench *bench = *state;
    uint8_t *data;
    size_t bytes;
    read_whole(bench->path, &data, &bytes);
    const size_t lengths[] = {0, 1, 99, 100, 4095, 4096, bytes / 2, bytes - 4096, bytes - 1};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct ledger_copied copied;
        put_whole(bench->path, data, lengths[i]);
        assert_int_not_equal(copy(bench, &copied), STATUS_OK);
        assert_true(bench->detail[0] != '\0');
        assert_int_equal(files_in(bench->path), 1);
    }
    free(data);
}

static bool say_stop(void *context, uint64_t done_bytes, uint64_t total_bytes) {
    assert_true(done_bytes <= total_bytes);
    *(uint32_t *)context += 1;
    return false;
}

static enum status say_full(void *context) {
    (void)context;
    return STATUS_DISK_FULL;
}

static void stopped_or_not_ready_then_nothing_is_left(void **state) {
    struct bench *bench = *state;
    uint32_t calls = 0;
    bench->copying.context = &calls;
    bench->copying.copied = say_stop;
    assert_refused(bench, STATUS_UNAVAILABLE, "stopped");
    assert_int_equal(calls, 1);
    bench->copying.copied = NULL;
    bench->copying.ready = say_full;
    assert_refused(bench, STATUS_DISK_FULL, "finishing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ledger_at_rest_then_the_copy_says_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(somebody_writes_all_the_time_then_each_copy_is_one_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copy_under_way_then_the_file_stands_still_and_the_log_grows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(closed_while_a_copy_is_under_way_then_the_log_stays_and_nothing_is_lost,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(name_taken_no_source_or_no_folder_then_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_chain_or_member_then_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trigger_table_or_version_of_somebody_else_then_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_row_then_refused_and_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bit_flipped_anywhere_then_refused_or_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_short_then_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stopped_or_not_ready_then_nothing_is_left, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ledger_backup", tests, NULL, NULL);
}
