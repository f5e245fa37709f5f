/* Snapshots as people carry them around: saved from a running member, judged offline, put into a directory; and every way in
 * which that has to be refused, with nothing left behind. The member is one of a group in this process, whose states commit to a
 * snapshot every few blocks. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../http/client.h"
#include "../http/world.h"
#include "cmd/options.h"
#include "ledger/snapshot.h"
#include "node/config.h"
#include "node/directory.h"
#include "node/keys.h"
#include "wire/snapshot_file.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"
enum {
    EVERY = 4,
    TRIES = 1000,
    PAUSE_NS = 10000000,
    WORDS_MAX = 12,
    SAID_BYTES = 8192,
    FLIPS = 150,
    PATH_BYTES = 256
};

static struct world *world;
static char folder[] = "/tmp/credimus-snapshot-XXXXXX";
static char said[SAID_BYTES];
static char url[64];

/* --- files --- */

static const char *path_of(const char *name) {
    static char paths[8][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static bool exists(const char *name) {
    struct stat found;
    return lstat(path_of(name), &found) == 0;
}

static struct slice read_file(const char *name) {
    struct stat about;
    struct config_detail detail;
    size_t bytes;
    assert_int_equal(stat(path_of(name), &about), 0);
    uint8_t *data = malloc((size_t)about.st_size + 1);
    assert_non_null(data);
    assert_int_equal(file_read(path_of(name), false, data, (size_t)about.st_size, &bytes, &detail), STATUS_OK);
    return slice_of(data, bytes);
}

static void free_slice(struct slice slice) { free((void *)(uintptr_t)slice.data); }

static void write_file(const char *name, struct slice bytes) {
    struct config_detail detail;
    (void)unlink(path_of(name));
    assert_int_equal(file_create(path_of(name), 0600, bytes, &detail), STATUS_OK);
}

static unsigned count_files(const char *name) {
    DIR *directory = opendir(path_of(name));
    unsigned count = 0;
    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}

/* A directory of a member, with a genesis that may be another group's. */
static void make_member(const char *name, const struct genesis *genesis) {
    struct node_config *config = calloc(1, sizeof *config);
    struct config_detail detail;
    assert_non_null(config);
    assert_int_equal(mkdir(path_of(name), 0700), 0);
    config->genesis = *genesis;
    config->member = 1;
    (void)snprintf(config->directory, sizeof config->directory, "%s", path_of(name));
    (void)snprintf(config->listen, sizeof config->listen, "127.0.0.1:7101");
    (void)snprintf(config->api, sizeof config->api, "127.0.0.1:8101");
    for (uint32_t i = 0; i < genesis->members; i++)
        (void)snprintf(config->peers[i], sizeof config->peers[i], "127.0.0.1:%u", 7100 + i);
    enum status status = node_config_write(config, &detail);
    char path[PATH_BYTES + sizeof GENESIS_FILE];
    (void)snprintf(path, sizeof path, "%s/" GENESIS_FILE, path_of(name));
    if (status == STATUS_OK) status = genesis_write(path, genesis, &detail);
    if (status != STATUS_OK) fail_msg("%s", detail.text);
    free(config);
}

static void delete_member(const char *name) {
    static const char *const names[] = {"config.json", "genesis.json", "ledger.db",
                                        "started",     "forgetful",    "lane-closed"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", path_of(name), names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(path_of(name)), 0);
}

/* --- commands --- */

/* What it says on standard output and standard error is in `said`. The arguments end with NULL. */
static int run(const struct command *command, ...) {
    char *arguments[WORDS_MAX];
    char error[OPTIONS_ERROR_BYTES];
    struct invocation invocation;
    int count = 0;
    va_list list;
    va_start(list, command);
    for (char *word = va_arg(list, char *); word != NULL; word = va_arg(list, char *)) arguments[count++] = word;
    va_end(list);
    assert_int_equal(options_parse(command, count, arguments, &invocation, error), STATUS_OK);
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    (void)fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    (void)dup2(fileno(file), STDOUT_FILENO);
    (void)dup2(fileno(file), STDERR_FILENO);
    int code = command->run(&invocation);
    (void)fflush(stdout);
    (void)fflush(stderr);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    (void)fclose(file);
    return code;
}

static void expect(int code, int expected, const char *words) {
    if (code != expected || strstr(said, words) == NULL)
        fail_msg("%d, not %d with \"%s\": %s", code, expected, words, said);
}

static int save(const char *name) {
    return run(&command_snapshot_save, path_of(name), "--url", url, "--genesis", path_of("genesis.json"), NULL);
}

static int verify(const char *name) {
    return run(&command_snapshot_verify, path_of(name), "--genesis", path_of("genesis.json"), NULL);
}

static int restore(const char *name, const char *member) {
    return run(&command_snapshot_restore, path_of(name), path_of(member), NULL);
}

/* --- the group --- */

static void ask(unsigned number) {
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"title\": \"Is it %u?\", \"hypotheses\": [\"yes\", \"no\"], \"mode\": \"pool\"}", number);
    struct answer answer =
        client_request(world_port(world), "POST", "/v1/questions?ack=final", AUTH, body, strlen(body));
    assert_int_equal(answer.code, 201);
    client_free(&answer);
}

static json_int_t epoch_now(void) {
    struct answer answer = client_request(world_port(world), "GET", "/v1/status", "", NULL, 0);
    json_int_t epoch = json_integer_value(json_object_get(answer.json, "epoch"));
    client_free(&answer);
    return epoch;
}

/* The members that sign the snapshot are those of another epoch than the first: a handover leads there. */
static void end_epoch(void) {
    static const char body[] = "{\"change\": \"threshold\", \"threshold\": \"4/5\"}";
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    world_second(world, 3);
    struct answer answer = client_request(world_port(world), "POST", "/v1/proposals", AUTH, body, strlen(body));
    assert_int_equal(answer.code, 200);
    client_free(&answer);
    for (int i = 0; i < TRIES && epoch_now() == 0; i++) (void)nanosleep(&pause, NULL);
    assert_int_equal(epoch_now(), 1);
}

static unsigned snapshot_code(void) {
    struct answer answer = client_request(world_port(world), "GET", "/v1/snapshot", "", NULL, 0);
    unsigned code = answer.code;
    client_free(&answer);
    return code;
}

static int start(void **state) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    struct config_detail detail;
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    world = world_start_snapshots(EVERY);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)world_port(world));
    if (genesis_write(path_of("genesis.json"), world_genesis(world), &detail) != STATUS_OK) return -1;
    end_epoch();
    for (unsigned i = 0; i < 2 * EVERY; i++) ask(i);
    for (int i = 0; i < TRIES && snapshot_code() != 200; i++) (void)nanosleep(&pause, NULL);
    return save("good.snap") == COMMAND_DONE ? 0 : -1;
}

static int stop(void **state) {
    static const char *const names[] = {"genesis.json", "good.snap", "bad.snap", "other.json"};
    (void)state;
    world_stop(world);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) (void)unlink(path_of(names[i]));
    /* Whatever else is there was left behind. */
    return rmdir(folder);
}

/* --- save and verify --- */

static void saved_then_it_verifies_offline_and_says_what_it_is(void **state) {
    (void)state;
    struct stat about;
    assert_int_equal(stat(path_of("good.snap"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    expect(verify("good.snap"), COMMAND_DONE, "OK  a snapshot of height ");
    assert_non_null(strstr(said, "epoch 1"));
    assert_non_null(strstr(said, "certified at the threshold 4/5"));
    assert_non_null(strstr(said, "of 4 members (4 needed)"));
    assert_non_null(strstr(said, "member-2"));
    int code =
        run(&command_snapshot_verify, path_of("good.snap"), "--genesis", path_of("genesis.json"), "--json", NULL);
    expect(code, COMMAND_DONE, "\"ok\": true");
    assert_non_null(strstr(said, "\"needed\": 4"));
}

static void file_there_already_then_it_stays(void **state) {
    (void)state;
    write_file("bad.snap", slice_of_text("mine"));
    expect(save("bad.snap"), COMMAND_REFUSED, "there is a file already");
    struct slice found = read_file("bad.snap");
    assert_true(slice_equal(found, slice_of_text("mine")));
    free_slice(found);
    (void)unlink(path_of("bad.snap"));
}

static void nowhere_to_write_or_nobody_there_then_nothing_is_left(void **state) {
    (void)state;
    unsigned files = count_files(".");
    expect(save("nowhere/file"), COMMAND_REFUSED, "No such file");
    int code = run(&command_snapshot_save, path_of("bad.snap"), "--url", "http://127.0.0.1:1", "--genesis",
                   path_of("genesis.json"), NULL);
    expect(code, COMMAND_REFUSED, "is a member's API there?");
    world_forget_snapshots(world, true);
    expect(save("bad.snap"), COMMAND_REFUSED, "no snapshot yet");
    world_forget_snapshots(world, false);
    assert_int_equal(count_files("."), files);
}

static void chunk_gone_once_then_it_starts_over(void **state) {
    (void)state;
    world_lose_chunk(world, 1);
    expect(save("bad.snap"), COMMAND_DONE, "all verified");
    expect(verify("bad.snap"), COMMAND_DONE, "OK");
    (void)unlink(path_of("bad.snap"));
}

static void of_another_group_then_the_member_is_not_believed(void **state) {
    (void)state;
    struct config_detail detail;
    struct genesis other = *world_genesis(world);
    other.created_us++;
    (void)unlink(path_of("other.json"));
    assert_int_equal(genesis_write(path_of("other.json"), &other, &detail), STATUS_OK);
    int code =
        run(&command_snapshot_save, path_of("bad.snap"), "--url", url, "--genesis", path_of("other.json"), NULL);
    expect(code, COMMAND_REFUSED, "REFUSED http://127.0.0.1:");
    assert_false(exists("bad.snap"));
    code = run(&command_snapshot_verify, path_of("good.snap"), "--genesis", path_of("other.json"), NULL);
    expect(code, COMMAND_REFUSED, "does not hold that the handovers lead from the genesis");
    make_member("m", &other);
    expect(restore("good.snap", "m"), COMMAND_REFUSED, "does not hold that the handovers lead from the genesis");
    assert_int_equal(count_files("m"), 2);
    delete_member("m");
}

static void called_in_another_way_then_misuse(void **state) {
    (void)state;
    const char *file = path_of("bad.snap"), *genesis = path_of("genesis.json");
    assert_int_equal(run(&command_snapshot_save, file, "--url", url, NULL), COMMAND_USAGE);
    assert_int_equal(run(&command_snapshot_save, file, "--genesis", genesis, NULL), COMMAND_USAGE);
    assert_int_equal(run(&command_snapshot_verify, file, NULL), COMMAND_USAGE);
    static const char *const urls[] = {"127.0.0.1:8100",   "https://127.0.0.1:8100",
                                       "http://127.0.0.1", "http://127.0.0.1:8100/v1",
                                       "http://a@b:8100",  "http://",
                                       "http://:8100",     "http://h:0",
                                       "http://h:65536",   "http://h:8100?x"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        int code = run(&command_snapshot_save, file, "--url", urls[i], "--genesis", genesis, NULL);
        expect(code, COMMAND_USAGE, "is not the address of an API");
    }
    int code = run(&command_snapshot_verify, file, "--genesis", path_of("none.json"), NULL);
    assert_int_equal(code, COMMAND_USAGE);
}

/* --- damaged files --- */

static void expect_refused_everywhere(const char *words) {
    expect(verify("bad.snap"), COMMAND_REFUSED, words);
    expect(restore("bad.snap", "m"), COMMAND_REFUSED, words);
    assert_int_equal(count_files("m"), 2);
}

static void bit_flipped_then_refused(void **state) {
    (void)state;
    struct slice good = read_file("good.snap");
    struct snapshot_file parts;
    uint8_t *bytes = (uint8_t *)(uintptr_t)good.data;
    assert_int_equal(snapshot_file_read(good, good.bytes, &parts), STATUS_OK);
    make_member("m", world_genesis(world));
    for (uint64_t i = 0; i < FLIPS; i++) {
        uint64_t at = parts.snapshot_at + i * parts.snapshot_bytes / FLIPS;
        bytes[at] ^= (uint8_t)(1u << i % 8);
        write_file("bad.snap", good);
        bytes[at] ^= (uint8_t)(1u << i % 8);
        expect(verify("bad.snap"), COMMAND_REFUSED, "REFUSED");
    }
    expect_refused_everywhere("REFUSED");
    size_t lines = (size_t)(parts.certificate.data - good.data);
    for (size_t at = 0; at < lines; at++) {
        bytes[at] ^= 1;
        write_file("bad.snap", good);
        bytes[at] ^= 1;
        expect(verify("bad.snap"), COMMAND_REFUSED, "no whole snapshot file");
    }
    bytes[lines + 40] ^= 1; /* inside the first record */
    write_file("bad.snap", good);
    expect_refused_everywhere("REFUSED");
    delete_member("m");
    free_slice(good);
}

static void cut_or_longer_then_refused(void **state) {
    (void)state;
    struct slice good = read_file("good.snap");
    uint8_t *longer = calloc(1, good.bytes + 1);
    assert_non_null(longer);
    memcpy(longer, good.data, good.bytes);
    make_member("m", world_genesis(world));
    for (size_t bytes = 0; bytes < good.bytes; bytes += 1 + bytes / 4) {
        write_file("bad.snap", slice_of(longer, bytes));
        expect_refused_everywhere("no whole snapshot file");
    }
    write_file("bad.snap", slice_of(longer, good.bytes - 1));
    expect_refused_everywhere("the bytes end before the value does");
    write_file("bad.snap", slice_of(longer, good.bytes + 1));
    expect_refused_everywhere("there are bytes left");
    expect(verify("none.snap"), COMMAND_REFUSED, "cannot be read");
    expect(verify("."), COMMAND_REFUSED, "not a regular file");
    delete_member("m");
    free(longer);
    free_slice(good);
}

/* Who only says that it is longer, or shorter, does not get more memory than a quorum has signed. */
static void lengths_that_lie_then_refused(void **state) {
    (void)state;
    struct slice good = read_file("good.snap");
    struct snapshot_file parts;
    assert_int_equal(snapshot_file_read(good, good.bytes, &parts), STATUS_OK);
    uint8_t *bytes = malloc(good.bytes + SNAPSHOT_FILE_LINES_BYTES_MAX);
    assert_non_null(bytes);
    struct writer writer = writer_of(bytes, good.bytes + SNAPSHOT_FILE_LINES_BYTES_MAX);
    snapshot_file_put(&writer, parts.certificate, parts.snapshot_bytes + 1);
    writer_put(&writer, good.data + parts.snapshot_at, parts.snapshot_bytes);
    writer_put_u8(&writer, 0);
    write_file("bad.snap", writer_slice(&writer));
    expect(verify("bad.snap"), COMMAND_REFUSED, "as long as the certified state says");
    free(bytes);
    free_slice(good);
}

/* --- restore --- */

static void open_again(const char *member) {
    struct hash chain;
    struct ledger *ledger;
    struct record_snapshot record;
    struct snapshot_file parts;
    struct slice good = read_file("good.snap"), chunk, handover, finalization;
    char path[PATH_BYTES];
    char detail[512];
    genesis_chain(world_genesis(world), &chain);
    (void)snprintf(path, sizeof path, "%s/" LEDGER_FILE, path_of(member));
    if (ledger_open(path, &chain, 1, &ledger, detail, sizeof detail) != STATUS_OK) fail_msg("%s", detail);
    assert_false(ledger_is_new(ledger));
    assert_int_equal(snapshot_file_read(good, good.bytes, &parts), STATUS_OK);
    assert_int_equal(ledger_find_snapshot(ledger, INT64_MAX, &record), STATUS_OK);
    assert_int_equal(record.bytes, parts.snapshot_bytes);
    assert_int_equal(ledger_base(ledger), record.height + 1);
    assert_int_equal(ledger_read_snapshot(ledger, record.height, 0, &chunk), STATUS_OK);
    assert_true(slice_equal(chunk, slice_of(good.data + parts.snapshot_at, chunk.bytes)));
    assert_int_equal(ledger_read_epoch(ledger, 0, 0, &handover, &finalization), STATUS_OK);
    assert_true(handover.bytes > 0 && finalization.bytes == 0);
    assert_int_equal(ledger_read_epoch(ledger, 1, 0, &handover, &finalization), STATUS_NOT_FOUND);
    ledger_close(ledger);
    free_slice(good);
}

static void member_that_never_ran_then_a_ledger_and_no_marks(void **state) {
    (void)state;
    struct stat about;
    make_member("m", world_genesis(world));
    expect(restore("good.snap", "m"), COMMAND_DONE, "has never run");
    assert_int_equal(count_files("m"), 3);
    assert_int_equal(stat(path_of("m/ledger.db"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    open_again("m");
    struct slice before = read_file("m/ledger.db");
    expect(restore("good.snap", "m"), COMMAND_REFUSED, "is there already");
    struct slice after = read_file("m/ledger.db");
    assert_true(slice_equal(before, after));
    free_slice(before);
    free_slice(after);
    delete_member("m");
}

static void log_of_a_lost_ledger_then_refused(void **state) {
    (void)state;
    make_member("m", world_genesis(world));
    write_file("m/ledger.db-wal", slice_of_text("x"));
    expect(restore("good.snap", "m"), COMMAND_REFUSED, "ledger.db-wal is there already");
    assert_int_equal(unlink(path_of("m/ledger.db-wal")), 0);
    delete_member("m");
}

static void member_that_has_run_then_the_marks_of_amnesia(void **state) {
    (void)state;
    make_member("m", world_genesis(world));
    write_file("m/started", slice_of_text("x"));
    expect(restore("good.snap", "m"), COMMAND_DONE, "asks the others");
    assert_true(exists("m/forgetful") && exists("m/lane-closed") && exists("m/started"));
    assert_int_equal(count_files("m"), 6);
    delete_member("m");
}

static void member_that_runs_then_refused(void **state) {
    (void)state;
    struct config_detail detail;
    int hold;
    make_member("m", world_genesis(world));
    assert_int_equal(directory_hold(path_of("m"), &hold, &detail), STATUS_OK);
    expect(restore("good.snap", "m"), COMMAND_REFUSED, "is in use");
    directory_release(hold);
    assert_int_equal(count_files("m"), 2);
    delete_member("m");
}

static void others_keep_only_what_is_newer_then_refused(void **state) {
    (void)state;
    make_member("m", world_genesis(world));
    world_prune(world, 1000);
    const char *file = path_of("good.snap"), *member = path_of("m");
    expect(run(&command_snapshot_restore, file, member, "--url", url, NULL), COMMAND_REFUSED,
           "keeps blocks from height 1000 on only");
    assert_int_equal(count_files("m"), 2);
    world_prune(world, 2);
    expect(run(&command_snapshot_restore, file, member, "--url", url, "--json", NULL), COMMAND_DONE,
           "\"forgetful\":false");
    delete_member("m");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_then_it_verifies_offline_and_says_what_it_is),
        cmocka_unit_test(file_there_already_then_it_stays),
        cmocka_unit_test(nowhere_to_write_or_nobody_there_then_nothing_is_left),
        cmocka_unit_test(chunk_gone_once_then_it_starts_over),
        cmocka_unit_test(of_another_group_then_the_member_is_not_believed),
        cmocka_unit_test(called_in_another_way_then_misuse),
        cmocka_unit_test(bit_flipped_then_refused),
        cmocka_unit_test(cut_or_longer_then_refused),
        cmocka_unit_test(lengths_that_lie_then_refused),
        cmocka_unit_test(member_that_never_ran_then_a_ledger_and_no_marks),
        cmocka_unit_test(log_of_a_lost_ledger_then_refused),
        cmocka_unit_test(member_that_has_run_then_the_marks_of_amnesia),
        cmocka_unit_test(member_that_runs_then_refused),
        cmocka_unit_test(others_keep_only_what_is_newer_then_refused),
    };
    return cmocka_run_group_tests_name("snapshot", tests, start, stop);
}
