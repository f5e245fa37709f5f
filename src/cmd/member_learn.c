/* credimus member learn: who the members are by now, for a member that was away while they changed their keys. What the member at
 * the URL hands out is followed from the directory's genesis, each step signed by a quorum of the members before it, so it can
 * hold back and not invent. Nothing but the links goes by it (node/members.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "wire/handover_file.h"

enum { OPTION_URL, OPTION_TOKEN };
enum { STATUS_CODE_NOT_FOUND = 404, STATUS_CODE_OK = 200 };

static const struct option_spec options[] = {
    {"url", "URL", "the API of a member that was not away, like http://192.0.2.1:8100", 0},
    {"token", "FILE", "what to show there, one line as in a member's file token-read", 0},
    {0},
};

struct learning {
    const struct invocation *invocation;
    const char *url;
    struct client *client;
    struct node_config config;
    struct roster roster; /* as far as it is proven */
    struct handover handover;
    uint8_t scratch[HANDOVER_BYTES_MAX];
    uint8_t text[HANDOVER_FILE_BYTES_MAX];
    struct writer file; /* into `text` */
};

static int refuse_handover(const struct learning *learning, enum status status) {
    return command_refuse(learning->invocation, status_name(status),
                          "REFUSED the handover of epoch %" PRIu64 " from %s: %s; ask another member",
                          learning->roster.epoch, learning->url, status_text(status));
}

static int take(struct learning *learning, struct slice bytes) {
    enum status status = handover_read(bytes, &learning->handover);
    if (status == STATUS_OK)
        status = handover_verify(&learning->handover, &learning->config.chain, &learning->roster, &learning->roster);
    if (status == STATUS_OK) handover_file_put(&learning->file, bytes);
    if (status == STATUS_OK) status = writer_status(&learning->file);
    return status == STATUS_OK ? COMMAND_DONE : refuse_handover(learning, status);
}

/* The next one; `ret_is_last` when there is none. */
static int fetch(struct learning *learning, bool *ret_is_last) {
    struct config_detail detail;
    struct reply reply;
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/handovers/%" PRIu64, learning->roster.epoch);
    enum status status = client_call(learning->client, path, slice_of(NULL, 0), NULL, &reply, &detail);
    if (status != STATUS_OK) return command_refuse(learning->invocation, status_name(status), "%s", detail.text);
    int code = COMMAND_DONE;
    *ret_is_last = reply.status == STATUS_CODE_NOT_FOUND;
    if (reply.status == STATUS_CODE_OK)
        code = take(learning, slice_of(reply.text, reply.bytes));
    else if (!*ret_is_last)
        code = command_refuse(learning->invocation, reply_error(&reply), "%s", reply_detail(&reply));
    reply_free(&reply);
    return code;
}

static int fetch_all(struct learning *learning) {
    bool is_last = false;
    int code = COMMAND_DONE;
    while (code == COMMAND_DONE && !is_last) code = fetch(learning, &is_last);
    return code;
}

/* Of another group there is no handover that would verify; this says so. */
static int check_chain(struct learning *learning) {
    char chain[2 * HASH_BYTES + 1];
    struct reply reply;
    int code = client_demand(learning->client, "/v1/status", slice_of(NULL, 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    bytes_to_hex(learning->config.chain.bytes, HASH_BYTES, chain);
    if (strcmp(reply_text(reply.json, "chain", ""), chain) != 0)
        code =
            command_refuse(learning->invocation, status_name(STATUS_WRONG_CHAIN),
                           "the member at %s is of another group; give the URL of one of this group", learning->url);
    reply_free(&reply);
    return code;
}

/* How far the file leads that is there already; one that is no good is replaced. */
static uint64_t epoch_known(struct learning *learning) {
    struct config_detail detail;
    enum status status = node_config_learn(&learning->config, &detail);
    return status == STATUS_OK ? learning->config.learned.epoch : 0;
}

static void print(const struct learning *learning, bool is_new) {
    uint64_t epoch = learning->roster.epoch;
    if (learning->invocation->json) {
        json_t *json = json_pack("{s:I, s:i, s:b}", "epoch", (json_int_t)epoch, "members",
                                 (int)roster_heads(&learning->roster), "new", is_new);
        CHECK(json != NULL);
        (void)json_dumpf(json, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(json);
    } else if (epoch == 0) {
        (void)printf("the members are those of the genesis: no epoch has ended at %s\n", learning->url);
    } else if (!is_new) {
        (void)printf("%s leads to epoch %" PRIu64 ", and this directory knew of that: nothing has changed\n",
                     learning->url, epoch);
    } else {
        (void)printf("%s/%s: the members of epoch %" PRIu64
                     ", %u of them, proven from the genesis on. Start this member, or "
                     "reload it where it runs (SIGHUP)\n",
                     learning->config.directory, HANDOVERS_FILE, epoch, roster_heads(&learning->roster));
    }
}

static int keep(struct learning *learning) {
    char path[CONFIG_PATH_BYTES];
    if (config_path(learning->config.directory, HANDOVERS_FILE, path, sizeof path) != STATUS_OK)
        return command_refuse(learning->invocation, status_name(STATUS_TOO_LARGE),
                              "the path of the directory is too long");
    bool is_new = learning->roster.epoch > epoch_known(learning);
    int code = is_new ? output_write(learning->invocation, path, writer_slice(&learning->file)) : COMMAND_DONE;
    if (code == COMMAND_DONE) print(learning, is_new);
    return code;
}

static int learn(struct learning *learning) {
    const struct invocation *invocation = learning->invocation;
    struct config_detail detail;
    enum status status = node_config_load_public(invocation->arguments[0], &learning->config, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    roster_of(&learning->config.genesis, &learning->roster);
    learning->file = writer_of(learning->text, sizeof learning->text);
    int code =
        client_open_url(invocation, learning->url, option_text(invocation, OPTION_TOKEN, NULL), &learning->client);
    if (code != COMMAND_DONE) return code;
    code = check_chain(learning);
    if (code == COMMAND_DONE) code = fetch_all(learning);
    if (code == COMMAND_DONE) code = keep(learning);
    client_close(learning->client);
    return code;
}

static int run(const struct invocation *invocation) {
    const char *url = option_text(invocation, OPTION_URL, NULL);
    if (url == NULL) return command_misuse(invocation, "--url URL is missing");
    struct learning *learning = calloc(1, sizeof *learning);
    CHECK(learning != NULL);
    learning->invocation = invocation;
    learning->url = url;
    int code = learn(learning);
    free(learning);
    return code;
}

const struct command command_member_learn = {
    .name = "member learn",
    .arguments = "MEMBER_DIR",
    .help = "Learn who the members are by now, after a time away",
    .more =
        "For a member that finds nobody whose key it knows, because all of them changed theirs while it was away or\n"
        "since the ledger that it begins with. Asks a member that was not away, and follows what the members of "
        "each\n"
        "epoch have signed about the next, from the directory's genesis.json on.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
