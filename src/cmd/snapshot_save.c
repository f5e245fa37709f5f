/* credimus snapshot save: fetches the newest snapshot of a running member into a file. Nothing that the member says is taken on
 * trust: the certificate is judged from the genesis before a byte of the snapshot is fetched, and the file gets its name when
 * every byte of it is the one that a quorum signed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/interrupt.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/snapshot_case.h"

enum { OPTION_GENESIS, OPTION_URL, OPTION_TOKEN, OPTION_MEMBER };

/* The member may come to a newer snapshot while its last one is fetched, and let go of that. */
enum { TRIES = 5, STATUS_CODE_NOT_FOUND = 404, STATUS_CODE_OK = 200 };

static const struct option_spec options[] = {
    {"genesis", "FILE", "genesis.json of the group, from somebody you trust", 0},
    {"url", "URL", "the API of a running member, like http://127.0.0.1:8100", 0},
    {"token", "FILE", "with --url: what to show there, one line as in a member's file token-read", 0},
    {"member", "MEMBER_DIR", "instead of --url: the member of this directory", 0},
    {0},
};

struct saving {
    const struct invocation *invocation;
    struct client *client;
    struct snapshot_case *judged;
    char from[CONFIG_ADDRESS_BYTES + 8];
    bool is_gone; /* the snapshot is no longer the member's newest */
};

static int fetch_certificate(struct saving *saving) {
    struct reply reply;
    int code = client_demand(saving->client, "/v1/snapshot", slice_of(NULL, 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    code = snapshot_case_certify(saving->invocation, saving->from, slice_of(reply.text, reply.bytes), saving->judged);
    reply_free(&reply);
    return code;
}

/* Puts a chunk into its place; `is_gone` when it is not there any more. */
static int take_chunk(struct saving *saving, const struct reply *reply, uint64_t index) {
    struct slice room = snapshot_case_bytes(saving->judged);
    size_t bytes = snapshot_chunk_bytes(room.bytes, index);
    saving->is_gone = reply->status == STATUS_CODE_NOT_FOUND;
    if (saving->is_gone) return COMMAND_REFUSED;
    if (reply->status != STATUS_CODE_OK)
        return command_refuse(saving->invocation, reply_error(reply), "%s", reply_detail(reply));
    if (reply->bytes != bytes)
        return command_refuse(saving->invocation, status_name(STATUS_BAD_VALUE),
                              "REFUSED %s: chunk %" PRIu64 " has %zu bytes and not %zu; ask another member",
                              saving->from, index, reply->bytes, bytes);
    memcpy(saving->judged->file + saving->judged->snapshot_at + index * SNAPSHOT_CHUNK_BYTES, reply->text, bytes);
    return COMMAND_DONE;
}

static int fetch_chunk(struct saving *saving, uint64_t index) {
    struct config_detail detail;
    struct reply reply;
    char path[96];
    if (interrupt_seen())
        return command_refuse(saving->invocation, status_name(STATUS_UNAVAILABLE),
                              "stopped before it was whole; nothing is left of it");
    (void)snprintf(path, sizeof path, "/v1/snapshot/%" PRIu64 "/%" PRIu64,
                   saving->judged->result.parameters.snapshot.height, index);
    enum status status = client_call(saving->client, path, slice_of(NULL, 0), NULL, &reply, &detail);
    if (status != STATUS_OK) return command_refuse(saving->invocation, status_name(status), "%s", detail.text);
    int code = take_chunk(saving, &reply, index);
    reply_free(&reply);
    return code;
}

static int fetch_once(struct saving *saving) {
    int code = fetch_certificate(saving);
    if (code != COMMAND_DONE) return code;
    uint64_t bytes = saving->judged->result.parameters.snapshot.bytes;
    struct progress progress = progress_begin("fetching", bytes);
    for (uint64_t i = 0; code == COMMAND_DONE && i < snapshot_chunks(bytes); i++) {
        code = fetch_chunk(saving, i);
        progress_step(&progress, snapshot_chunk_bytes(bytes, i));
    }
    progress_end(&progress);
    return code == COMMAND_DONE ? snapshot_case_judge(saving->invocation, saving->from, saving->judged) : code;
}

static int fetch(struct saving *saving) {
    for (int i = 0; i < TRIES; i++) {
        saving->is_gone = false;
        int code = fetch_once(saving);
        if (!saving->is_gone) return code;
    }
    return command_refuse(saving->invocation, status_name(STATUS_STALE),
                          "%s comes to newer snapshots faster than one can be fetched; try again, from nearer by",
                          saving->from);
}

static void print(const struct saving *saving) {
    const struct invocation *invocation = saving->invocation;
    const struct record_snapshot *named = &saving->judged->result.parameters.snapshot;
    const char *path = invocation->arguments[0];
    if (!invocation->json) {
        (void)printf("%s: a snapshot of height %" PRIu64
                     ", %zu bytes with its certificate, all verified; put it into "
                     "a member's directory with: credimus snapshot restore %s MEMBER_DIR\n",
                     path, named->height, saving->judged->file_bytes, path);
        return;
    }
    json_t *json = json_pack("{s:s, s:I, s:I}", "file", path, "height", (json_int_t)named->height, "bytes",
                             (json_int_t)saving->judged->file_bytes);
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(json);
}

static int open_client(struct saving *saving) {
    const struct invocation *invocation = saving->invocation;
    const char *directory = option_text(invocation, OPTION_MEMBER, NULL);
    const char *url = option_text(invocation, OPTION_URL, NULL);
    int code = directory != NULL
                   ? client_open(invocation, directory, false, &saving->client)
                   : client_open_url(invocation, url, option_text(invocation, OPTION_TOKEN, NULL), &saving->client);
    if (code == COMMAND_DONE)
        (void)snprintf(saving->from, sizeof saving->from, "http://%s", client_config(saving->client)->api);
    return code;
}

static int save(struct saving *saving) {
    const struct invocation *invocation = saving->invocation;
    const char *path = invocation->arguments[0];
    struct config_detail detail;
    struct stat found;
    enum status status = genesis_load(option_text(invocation, OPTION_GENESIS, ""), &saving->judged->genesis, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    if (lstat(path, &found) == 0)
        return command_refuse(invocation, status_name(STATUS_CONFLICT),
                              "%s: there is a file already, and it stays as it is; move it away or name another",
                              path);
    int code = open_client(saving);
    if (code == COMMAND_DONE) code = fetch(saving);
    if (code == COMMAND_DONE)
        code = output_keep(invocation, path, slice_of(saving->judged->file, saving->judged->file_bytes));
    if (code == COMMAND_DONE) print(saving);
    client_close(saving->client);
    return code;
}

static int run(const struct invocation *invocation) {
    if (!option_given(invocation, OPTION_GENESIS)) return command_misuse(invocation, "--genesis FILE is missing");
    if (option_given(invocation, OPTION_URL) == option_given(invocation, OPTION_MEMBER))
        return command_misuse(invocation, "give either --url URL or --member MEMBER_DIR");
    if (option_given(invocation, OPTION_TOKEN) && !option_given(invocation, OPTION_URL))
        return command_misuse(invocation, "--token goes with --url; a member's directory has its own");
    struct saving saving = {.invocation = invocation, .judged = calloc(1, sizeof *saving.judged)};
    CHECK(saving.judged != NULL);
    interrupt_catch();
    int code = save(&saving);
    snapshot_case_free(saving.judged);
    return code;
}

const struct command command_snapshot_save = {
    .name = "snapshot save",
    .arguments = "FILE --genesis FILE",
    .help = "Fetch a running member's newest snapshot into one file",
    .more =
        "The snapshot and the certificate that vouches for it, all verified from the genesis: the member is not\n"
        "trusted. Mode 0600; FILE gets its name when it is whole, and never replaces another. A group has its first\n"
        "snapshot after 1024 blocks.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
