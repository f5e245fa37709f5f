/* credimus snapshot restore: gives a member's directory a ledger that begins with a snapshot, so that the member only needs what
 * came after it. Everything is judged before anything changes, and the ledger gets its name when it is whole and durable.
 *
 * A member that has run before may have signed what came after the snapshot. Then the marks of amnesia come with the ledger, as with
 * a backup (cmd/restore.c). One that never ran has signed nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/copying.h"
#include "cmd/interrupt.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/snapshot_case.h"
#include "ledger/snapshot.h"
#include "machine/machine.h"
#include "node/directory.h"

enum { OPTION_URL, OPTION_TOKEN };
enum { DETAIL_BYTES = 512 };

static const struct option_spec options[] = {
    {"url", "URL", "refuse a snapshot that is older than what this member still has, like http://127.0.0.1:8100", 0},
    {"token", "FILE", "with --url: what to show there, one line as in a member's file token-read", 0},
    {0},
};

struct restoring {
    const struct invocation *invocation;
    struct node_config config;
    struct config_detail detail;
    struct snapshot_case *judged;
    void *memory; /* of the machine; NULL: none */
    size_t memory_bytes;
    struct machine *machine; /* in the state of the snapshot */
    struct ledger *ledger;
    char name[CONFIG_PATH_BYTES]; /* of the ledger, until it is whole */
    uint32_t marks;               /* left by this */
};

/* --- what the member at the URL still has --- */

static int judge_status(const struct restoring *restoring, const json_t *status, const char *url) {
    const json_t *kept = json_object_get(status, "kept_from");
    uint64_t height = restoring->judged->head.height;
    char chain[2 * HASH_BYTES + 1];
    bytes_to_hex(restoring->config.chain.bytes, HASH_BYTES, chain);
    if (strcmp(reply_text(status, "chain", ""), chain) != 0)
        return command_refuse(restoring->invocation, status_name(STATUS_WRONG_CHAIN),
                              "the member at %s is of another group; give the URL of one of this group", url);
    if (!json_is_integer(kept) || json_integer_value(kept) < 1)
        return command_refuse(restoring->invocation, status_name(STATUS_VERSION),
                              "the member at %s does not say what it keeps; ask one of this version", url);
    if ((uint64_t)json_integer_value(kept) <= height + 1) return COMMAND_DONE;
    return command_refuse(restoring->invocation, status_name(STATUS_STALE),
                          "the snapshot is of height %" PRIu64
                          ", and the member at %s keeps blocks from height %" PRIu64
                          " on only: what is between could not be fetched. Make a newer one: credimus snapshot save",
                          height, url, (uint64_t)json_integer_value(kept));
}

static int check_url(const struct restoring *restoring) {
    const struct invocation *invocation = restoring->invocation;
    const char *url = option_text(invocation, OPTION_URL, NULL);
    struct client *client;
    struct reply reply;
    if (url == NULL) return COMMAND_DONE;
    int code = client_open_url(invocation, url, option_text(invocation, OPTION_TOKEN, NULL), &client);
    if (code != COMMAND_DONE) return code;
    code = client_demand(client, "/v1/status", slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        code = judge_status(restoring, reply.json, url);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

/* --- the state --- */

static int refuse_state(const struct restoring *restoring, enum status status) {
    return command_refuse(
        restoring->invocation, status_name(status),
        "REFUSED %s: it is certified, and yet no state that this program can load: %s. See that it is "
        "of the same version as the group",
        restoring->invocation->arguments[0], status_text(status));
}

/* The machine makes its own record of what it holds, which must be the certified one. */
static int load_state(struct restoring *restoring) {
    struct record_snapshot held;
    const struct record_snapshot *named = &restoring->judged->result.parameters.snapshot;
    restoring->memory_bytes = machine_bytes(&restoring->config.genesis);
    void *memory = mmap(NULL, restoring->memory_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return command_refuse(
            restoring->invocation, status_name(STATUS_IO),
            "can't reserve %zu GiB of address space (mostly never used): raise the limit (ulimit -v)",
            restoring->memory_bytes >> 30);
    restoring->memory = memory;
    restoring->machine = machine_init(memory, restoring->memory_bytes, &restoring->config.genesis);
    enum status status = machine_load(restoring->machine, snapshot_case_bytes(restoring->judged));
    if (status != STATUS_OK) return refuse_state(restoring, status);
    machine_snapshot(restoring->machine, &held);
    bool is_it = machine_height(restoring->machine) == named->height && record_snapshot_equal(&held, named);
    return is_it ? COMMAND_DONE : refuse_state(restoring, STATUS_CONFLICT);
}

/* --- the ledger --- */

static int refuse_ledger(const struct restoring *restoring, enum status status, const char *why) {
    return command_refuse(restoring->invocation, status_name(status), "%s can't be made: %s; nothing is left of it",
                          restoring->config.ledger_path, why[0] != '\0' ? why : status_text(status));
}

/* Leaf 0, where `credimus log --check` finds the keys. */
static void put_genesis(struct restoring *restoring) {
    uint8_t bytes[GENESIS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash leaf;
    genesis_put(&writer, &restoring->config.genesis);
    CHECK(writer_status(&writer) == STATUS_OK);
    merkle_leaf(writer_slice(&writer), &leaf);
    ledger_persist_leaf(restoring->ledger, 0, writer_slice(&writer), &leaf);
}

static void seed(struct restoring *restoring) {
    const struct machine *machine = restoring->machine;
    struct ledger_seed begin = {.record = restoring->judged->result.parameters.snapshot,
                                .before = *machine_log_before(machine),
                                .time_us = machine_time_us(machine)};
    uint64_t index, view;
    enum status status = machine_state_record(machine, &begin.state, &index);
    CHECK(status == STATUS_OK && index == begin.before.count); /* there is one of every height but 0 */
    machine_checkpoint(machine, &begin.checkpoint);
    machine_block(machine, &begin.block, &view);
    ledger_seed(restoring->ledger, &begin);
}

static int put_chunks(struct restoring *restoring) {
    struct slice bytes = snapshot_case_bytes(restoring->judged);
    struct progress progress = progress_begin("restoring", bytes.bytes);
    for (uint64_t i = 0; i < snapshot_chunks(bytes.bytes) && !interrupt_seen(); i++) {
        struct slice chunk = slice_of(bytes.data + i * SNAPSHOT_CHUNK_BYTES, snapshot_chunk_bytes(bytes.bytes, i));
        ledger_persist_snapshot_chunk(restoring->ledger, chunk);
        progress_step(&progress, chunk.bytes);
    }
    progress_end(&progress);
    if (!interrupt_seen()) return COMMAND_DONE;
    return refuse_ledger(restoring, STATUS_UNAVAILABLE, "stopped before it was whole");
}

/* Of the epochs that ended before the snapshot: what certificates of this member have to lead from. Those that end later it sees
 * itself. */
static int put_handovers(struct restoring *restoring) {
    struct snapshot_case *judged = restoring->judged;
    struct certificate certificate;
    struct snapshot_file parts;
    enum status status = snapshot_file_read(slice_of(judged->file, judged->file_bytes), judged->file_bytes, &parts);
    if (status == STATUS_OK)
        status = certificate_read(parts.certificate, judged->scratch, sizeof judged->scratch, &certificate);
    CHECK(status == STATUS_OK); /* judged before */
    if (judged->head.epoch > certificate.handovers_count) return refuse_state(restoring, STATUS_WRONG_EPOCH);
    for (uint32_t i = 0; i < judged->head.epoch; i++)
        ledger_persist_epoch(restoring->ledger, i, 0, certificate.handovers[i], slice_of(NULL, 0));
    return COMMAND_DONE;
}

static int fill_ledger(struct restoring *restoring) {
    seed(restoring);
    put_genesis(restoring);
    int code = put_chunks(restoring);
    if (code == COMMAND_DONE) code = put_handovers(restoring);
    if (code != COMMAND_DONE) return code;
    enum status status = ledger_commit(restoring->ledger);
    return status == STATUS_OK ? COMMAND_DONE
                               : refuse_ledger(restoring, status, ledger_error_text(restoring->ledger));
}

/* The log of the closed ledger is folded into it, so it is one file. */
static int check_closed(const struct restoring *restoring) {
    char log[CONFIG_PATH_BYTES + 16];
    struct stat found;
    (void)snprintf(log, sizeof log, "%s-wal", restoring->name);
    if (lstat(log, &found) != 0) return COMMAND_DONE;
    return refuse_ledger(restoring, STATUS_IO, "its log could not be folded into it");
}

static int make_ledger(struct restoring *restoring) {
    char detail[DETAIL_BYTES];
    enum status status = ledger_open(restoring->name, &restoring->config.chain, restoring->config.member,
                                     &restoring->ledger, detail, sizeof detail);
    if (status != STATUS_OK) return refuse_ledger(restoring, status, detail);
    int code = fill_ledger(restoring);
    ledger_close(restoring->ledger);
    return code == COMMAND_DONE ? check_closed(restoring) : code;
}

/* --- the marks, and the name --- */

static int leave_marks(struct restoring *restoring) {
    char path[CONFIG_PATH_BYTES];
    struct stat found;
    enum status status = config_path(restoring->config.directory, STARTED_FILE, path, sizeof path);
    bool has_run = status == STATUS_OK && lstat(path, &found) == 0;
    if (has_run) status = directory_mark_restored(restoring->config.directory, &restoring->marks, &restoring->detail);
    if (status == STATUS_OK) return COMMAND_DONE;
    return command_refuse(restoring->invocation, status_name(status), "%s",
                          has_run ? restoring->detail.text : "the path of the directory is too long");
}

static int put_in_place(struct restoring *restoring) {
    int code = make_ledger(restoring);
    if (code == COMMAND_DONE) code = leave_marks(restoring);
    if (code == COMMAND_DONE)
        code = output_name(restoring->invocation, restoring->name, restoring->config.ledger_path);
    if (code == COMMAND_DONE) return code;
    copying_remove_leftovers(restoring->name);
    directory_unmark(restoring->config.directory, restoring->marks);
    return code;
}

/* --- all of it --- */

static bool is_forgetful(const struct restoring *restoring) {
    char path[CONFIG_PATH_BYTES];
    struct stat found;
    return config_path(restoring->config.directory, FORGETFUL_FILE, path, sizeof path) == STATUS_OK &&
           lstat(path, &found) == 0;
}

static void print(const struct restoring *restoring) {
    const struct node_config *config = &restoring->config;
    uint64_t height = restoring->judged->head.height;
    bool must_ask = is_forgetful(restoring);
    if (restoring->invocation->json) {
        json_t *json = json_pack("{s:s, s:i, s:I, s:b}", "file", config->ledger_path, "member", (int)config->member,
                                 "height", (json_int_t)height, "forgetful", must_ask);
        CHECK(json != NULL);
        (void)json_dumpf(json, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(json);
        return;
    }
    (void)printf("%s: a ledger that begins after height %" PRIu64 ", all verified. %s; start it with: credimus start "
                 "%s\n",
                 config->ledger_path, height,
                 must_ask ? "The member has run before: when it starts it asks the others what it signed since, then "
                            "votes again; its lane stays closed: it takes no evidence under this key"
                          : "The member has never run: it fetches what came after and takes part",
                 config->directory);
}

static int restore(struct restoring *restoring) {
    const struct invocation *invocation = restoring->invocation;
    restoring->judged->genesis = restoring->config.genesis;
    int code = copying_refuse_leftovers(invocation, restoring->config.ledger_path);
    if (code == COMMAND_DONE) code = snapshot_case_read(invocation, invocation->arguments[0], restoring->judged);
    if (code == COMMAND_DONE) code = check_url(restoring);
    if (code == COMMAND_DONE) code = load_state(restoring);
    if (code == COMMAND_DONE) code = put_in_place(restoring);
    if (code == COMMAND_DONE) print(restoring);
    if (restoring->memory != NULL) (void)munmap(restoring->memory, restoring->memory_bytes);
    return code;
}

static int run_on(struct restoring *restoring) {
    const struct invocation *invocation = restoring->invocation;
    int hold = -1;
    int code = copying_hold(invocation, invocation->arguments[1], &restoring->config, &hold);
    if (code != COMMAND_DONE) return code;
    int named = snprintf(restoring->name, sizeof restoring->name, "%s.%ld.part", restoring->config.ledger_path,
                         (long)getpid());
    code = named < (int)sizeof restoring->name
               ? restore(restoring)
               : command_refuse(invocation, status_name(STATUS_TOO_LARGE), "the path of the directory is too long");
    directory_release(hold);
    return code;
}

static int run(const struct invocation *invocation) {
    if (option_given(invocation, OPTION_TOKEN) && !option_given(invocation, OPTION_URL))
        return command_misuse(invocation, "--token goes with --url");
    struct restoring *restoring = calloc(1, sizeof *restoring);
    CHECK(restoring != NULL);
    restoring->judged = calloc(1, sizeof *restoring->judged);
    CHECK(restoring->judged != NULL);
    restoring->invocation = invocation;
    interrupt_catch();
    int code = run_on(restoring);
    snapshot_case_free(restoring->judged);
    free(restoring);
    return code;
}

const struct command command_snapshot_restore = {
    .name = "snapshot restore",
    .arguments = "FILE MEMBER_DIR",
    .help = "Begin the ledger of a member that has none with a snapshot",
    .more =
        "Certificate and snapshot are verified from the directory's genesis.json before anything changes. The "
        "member\n"
        "then fetches only the blocks after the snapshot, so the others must still have those: --url asks one. A\n"
        "member that has run before may have signed more than the snapshot knows: it asks the others first, then\n"
        "votes again, and takes no evidence any more.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
