/* credimus status: where a member stands, what it knows of its peers; with --cluster all members of this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/num.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/screen.h"
#include "cmd/testnet.h"

enum { OPTION_CLUSTER };
enum { NAME_BYTES = 128 };

static const struct option_spec options[] = {
    {"cluster", NULL, "ask every member whose directory stands beside this one (m0, m1, ...)", 0},
    {0},
};

static const char status_path[] = "/v1/status";

static size_t links_up(const json_t *status) {
    size_t up = 0;
    json_t *peers = json_object_get(status, "peers");
    for (size_t i = 0; i < json_array_size(peers); i++)
        up += json_is_true(json_object_get(json_array_get(peers, i), "link"));
    return up;
}

/* What this member sees, then what the group has agreed on. */
static void print_partition(const json_t *status) {
    const json_t *unreachable = json_object_get(status, "unreachable");
    long long apart = reply_whole(status, "apart");
    (void)printf("  %s for %lld s", reply_text(status, "level", "?"), reply_whole(status, "level_ms") / 1000);
    for (size_t i = 0; i < json_array_size(unreachable); i++) {
        char text[NAME_BYTES];
        const char *name = reply_text(json_array_get(unreachable, i), "name", "?");
        (void)printf("%s%s", i > 0 ? ", " : ", does not hear ", screen_cleaned(name, text, sizeof text));
    }
    (void)printf("\n");
    if (apart > 0) (void)printf("  %lld members say that they see a partition\n", apart);
    if (strcmp(reply_text(status, "threshold", ""), reply_text(status, "base_threshold", "")) != 0)
        (void)printf("  the threshold is raised from %s: verdicts are provisional until so many have signed\n",
                     reply_text(status, "base_threshold", "?"));
    if (json_is_true(json_object_get(status, "enhanced"))) (void)printf("  enhanced monitoring\n");
}

static void print_member(const struct client *client, const json_t *status) {
    const struct node_config *config = client_config(client);
    char name[NAME_BYTES];
    bool is_member = json_is_true(json_object_get(status, "is_member"));
    (void)printf("%s%s%u, %lld members at %lld places, API http://%s\n",
                 is_member ? screen_cleaned(reply_text(status, "name", "?"), name, sizeof name) : "",
                 is_member ? ", place " : "place ", config->member, reply_whole(status, "heads"),
                 reply_whole(status, "places"), config->api);
    if (!is_member)
        (void)printf(
            "  NO MEMBER in this epoch: its key does not stand in the roster; it follows and signs nothing\n");
    if (json_is_true(json_object_get(status, "lane_closed")))
        (void)printf(
            "  LANE CLOSED: its ledger was lost once, so it votes and tells nothing more; it needs another key\n");
    (void)printf("  chain %s\n", reply_text(status, "chain", "?"));
    (void)printf("  epoch %lld, view %lld, height %lld, certified %lld at threshold %s\n",
                 reply_whole(status, "epoch"), reply_whole(status, "view"), reply_whole(status, "height"),
                 reply_whole(status, "final_height"), reply_text(status, "threshold", "?"));
    (void)printf("  root  %s\n", reply_text(status, "root", "?"));
    print_partition(status);
    if (!json_is_true(json_object_get(status, "recovering")) &&
        reply_whole(status, "votes_from_view") > reply_whole(status, "view"))
        (void)printf(
            "  votes from view %lld on: what it voted before, it forgot; until then the group is without it\n",
            reply_whole(status, "votes_from_view"));
    (void)printf("  %lld questions, %lld verdicts provisional, %lld own batches waiting%s%s\n\n",
                 reply_whole(status, "questions"), reply_whole(status, "provisional"),
                 reply_whole(status, "outstanding_batches"),
                 json_is_true(json_object_get(status, "recovering")) ? ", recovering: asks the others before it signs"
                                                                     : "",
                 json_is_true(json_object_get(status, "diverged")) ? ", STOPPED: the others have another state" : "");
}

/* Vacant places have none. */
static const json_t *find_lane(const json_t *lanes, long long member) {
    for (size_t i = 0; i < json_array_size(lanes); i++)
        if (reply_whole(json_array_get(lanes, i), "member") == member) return json_array_get(lanes, i);
    return NULL;
}

/* With another key a lane begins again at a multiple of 2^32 (docs/protocol.md 8): the batches since. */
static long long batches_of(const json_t *lane, const char *name) { return reply_whole(lane, name) & UINT32_MAX; }

static void print_peers(const json_t *status) {
    json_t *peers = json_object_get(status, "peers");
    json_t *lanes = json_object_get(status, "lanes");
    (void)printf("  %-20s %-6s %8s %8s %8s  %s\n", "PEER", "LINK", "HEARD", "HEIGHT", "FINAL", "LANE");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *peer = json_array_get(peers, i);
        const json_t *lane = find_lane(lanes, reply_whole(peer, "member"));
        const json_t *heard = json_object_get(peer, "heard_ms_ago");
        (void)printf("  %-20.20s %-6s ", reply_text(peer, "name", "?"),
                     json_is_true(json_object_get(peer, "link")) ? "up" : "down");
        if (json_is_integer(heard)) {
            (void)printf("%5lld ms", (long long)json_integer_value(heard));
        } else {
            (void)printf("%8s", "never");
        }
        (void)printf(" %8lld %8lld  %lld of %lld executed%s\n", reply_whole(peer, "height"),
                     reply_whole(peer, "final_height"), batches_of(lane, "committed_seq"), batches_of(lane, "seq"),
                     json_is_true(json_object_get(lane, "forked")) ? ", forked" : "");
    }
}

static void print_misbehaviour(const json_t *status) {
    json_t *list = json_object_get(status, "misbehaviour");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        (void)printf("  MISBEHAVIOUR: %lld proofs against %s\n", reply_whole(entry, "proofs"),
                     reply_text(entry, "name", "?"));
    }
}

static int show_one(const struct invocation *invocation) {
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = client_demand(client, status_path, slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        if (invocation->json) {
            (void)json_dumpf(reply.json, stdout, 0);
            (void)putchar('\n');
        } else {
            print_member(client, reply.json);
            print_peers(reply.json);
            print_misbehaviour(reply.json);
        }
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

/* --- The whole group --- */

struct cluster {
    json_t *rows; /* with --json */
    uint32_t reached;
    uint32_t members;
};

static void add_row(struct cluster *cluster, const struct client *client, const char *member_name,
                    const struct reply *reply, const char *problem) {
    const json_t *status = reply->json;
    if (cluster->rows != NULL) {
        json_t *row = problem == NULL ? json_incref(reply->json)
                                      : json_pack("{s:s, s:s, s:s}", "name", member_name, "error", "UNAVAILABLE",
                                                  "detail", problem);
        CHECK(json_array_append_new(cluster->rows, row) == 0);
        return;
    }
    (void)printf("%-16.16s ", member_name);
    if (problem != NULL) {
        (void)printf("%s\n", problem);
        return;
    }
    (void)printf("%-21s %8lld %8lld %8lld  %-16.16s  %zu of %zu  %-10s %zu\n", client_config(client)->api,
                 reply_whole(status, "view"), reply_whole(status, "height"), reply_whole(status, "final_height"),
                 reply_text(status, "root", "?"), links_up(status), json_array_size(json_object_get(status, "peers")),
                 reply_text(status, "level", "?"), json_array_size(json_object_get(status, "misbehaviour")));
}

static void ask_member(const struct invocation *invocation, const char *directory, const char *name,
                       struct cluster *cluster) {
    struct config_detail detail;
    struct client *client = NULL;
    struct reply reply = {0};
    /* What one member's directory or silence is worth is a row of the table, not the end of it. */
    enum status status = client_open_quietly(invocation, directory, &client, &detail);
    if (status == STATUS_OK) {
        status = client_call(client, status_path, slice_of(NULL, 0), NULL, &reply, &detail);
    }
    if (status == STATUS_OK && reply.status != 200) {
        config_detail_set(&detail, "%s", reply_detail(&reply));
        status = STATUS_UNAVAILABLE;
    }
    cluster->reached += status == STATUS_OK;
    add_row(cluster, client, name, &reply, status == STATUS_OK ? NULL : detail.text);
    reply_free(&reply);
    client_close(client);
}

/* The directory that the member's own stands in. */
static void directory_around(const char *directory, char ret_around[CONFIG_PATH_BYTES]) {
    size_t bytes = strlen(directory);
    while (bytes > 1 && directory[bytes - 1] == '/') bytes--;
    size_t name = bytes;
    while (name > 0 && directory[name - 1] != '/') name--;
    /* "." and ".." name no place in their parent, so the way goes up from there. */
    bool is_dots = bytes > 0 && directory[bytes - 1] == '.' && bytes - name <= 2;
    if (is_dots || bytes + 4 > CONFIG_PATH_BYTES) {
        (void)snprintf(ret_around, CONFIG_PATH_BYTES, "%.*s/..", (int)num_min_size(bytes, CONFIG_PATH_BYTES - 4),
                       directory);
    } else {
        while (name > 1 && directory[name - 1] == '/') name--;
        (void)snprintf(ret_around, CONFIG_PATH_BYTES, "%.*s", name > 0 ? (int)name : 1, name > 0 ? directory : ".");
    }
}

static int show_cluster(const struct invocation *invocation, const struct node_config *config) {
    struct cluster cluster = {0};
    char around[CONFIG_PATH_BYTES];
    directory_around(config->directory, around);
    if (invocation->json) cluster.rows = json_array();
    if (!invocation->json) {
        (void)printf("%-16s %-21s %8s %8s %8s  %-16s  %s  %-10s %s\n", "MEMBER", "API", "VIEW", "HEIGHT", "FINAL",
                     "ROOT", "LINKS ", "LEVEL", "MISBEHAVED");
    }
    for (uint32_t i = 0; i < config->genesis.members; i++) {
        char directory[CONFIG_PATH_BYTES];
        char name[16];
        if (testnet_member_directory(around, i, directory, sizeof directory) != STATUS_OK) continue;
        /* Who was added later has no name in the genesis, and a vacant place no directory. */
        bool is_later = i >= genesis_heads(&config->genesis);
        if (is_later && i != config->member && access(directory, F_OK) != 0) continue;
        (void)snprintf(name, sizeof name, "m%u", i);
        cluster.members++;
        ask_member(invocation, i == config->member ? config->directory : directory,
                   is_later ? name : config->genesis.member_names[i], &cluster);
    }
    if (cluster.rows != NULL) {
        (void)json_dumpf(cluster.rows, stdout, 0);
        (void)putchar('\n');
        json_decref(cluster.rows);
    }
    return cluster.reached == cluster.members ? COMMAND_DONE : COMMAND_REFUSED;
}

static int run(const struct invocation *invocation) {
    if (!option_given(invocation, OPTION_CLUSTER)) return show_one(invocation);
    struct config_detail detail;
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    enum status status = node_config_load_public(invocation->arguments[0], config, &detail);
    int code = status == STATUS_OK ? show_cluster(invocation, config)
                                   : command_refuse(invocation, status_name(status), "%s", detail.text);
    free(config);
    return code;
}

const struct command command_status = {
    .name = "status",
    .arguments = "MEMBER_DIR",
    .help = "Show where a member stands: view, height, root, peers, lanes",
    .more = "With --cluster one row a member; the exit status is 1 when one of them does not answer.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
