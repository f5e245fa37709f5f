/* credimus testnet up: all members of a group on this machine, each its own process (cmd/processes.h), until Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/processes.h"
#include "cmd/testnet.h"

enum { OPTION_MEMBERS, OPTION_THRESHOLD, OPTION_BASE_PORT };

enum { READY_ROUNDS = 150, ROUND_MS = 200 };

static const struct option_spec options[] = {
    {"members", "N", "when the group is made now: how many (default 4)", 0},
    {"threshold", "FRACTION", "when it is made now (default 3/4)", 0},
    {"base-port", "P", "when it is made now (default 7100)", 0},
    {0},
};

struct testnet {
    const struct invocation *invocation;
    const char *directory;
    uint32_t members;
    struct processes processes;
    bool ready[MEMBERS_MAX];
    char apis[MEMBERS_MAX][CONFIG_ADDRESS_BYTES];
    struct genesis genesis;
    struct hash chain;
};

static int start_member(struct testnet *net, uint32_t member) {
    char directory[CONFIG_PATH_BYTES];
    CHECK(testnet_member_directory(net->directory, member, directory, sizeof directory) == STATUS_OK);
    if (processes_start(&net->processes, member, directory)) return COMMAND_DONE;
    return command_refuse(net->invocation, status_name(STATUS_IO), "m%u cannot be started: %s", member,
                          strerror(errno));
}

static void report_end(const struct testnet *net, uint32_t member, int how) {
    if (WIFSIGNALED(how)) {
        (void)fprintf(stderr, "m%u was ended by signal %d", member, WTERMSIG(how));
    } else {
        (void)fprintf(stderr, "m%u ended with status %d", member, WEXITSTATUS(how));
    }
    (void)fprintf(stderr, "; start it again: credimus start %s/m%u\n", net->directory, member);
}

/* Takes note of every member that ended; true when there was one. */
static bool reap(struct testnet *net, bool report) {
    bool any = false;
    uint32_t member;
    int how;
    while (processes_reap(&net->processes, &member, &how)) {
        any = true;
        if (report) report_end(net, member, how);
    }
    return any;
}

static bool is_ready(const struct testnet *net, uint32_t member) {
    char directory[CONFIG_PATH_BYTES];
    CHECK(testnet_member_directory(net->directory, member, directory, sizeof directory) == STATUS_OK);
    return processes_is_ready(net->invocation, directory, &net->chain, member);
}

static bool all_ready(struct testnet *net) {
    bool all = true;
    for (uint32_t i = 0; i < net->members; i++) {
        if (!net->ready[i]) net->ready[i] = is_ready(net, i);
        all = all && net->ready[i];
    }
    return all;
}

/* A member that ends now never was up: its log says why. */
static int give_up(struct testnet *net, const char *why) {
    for (uint32_t i = 0; i < net->members; i++) {
        char directory[CONFIG_PATH_BYTES];
        CHECK(testnet_member_directory(net->directory, i, directory, sizeof directory) == STATUS_OK);
        if (net->processes.ids[i] == 0) processes_print_log_end(directory);
    }
    processes_stop_all(&net->processes);
    return command_refuse(net->invocation, status_name(STATUS_UNAVAILABLE),
                          "%s; the others were stopped, and the log is "
                          "in %s/mI/log",
                          why, net->directory);
}

static int wait_until_ready(struct testnet *net) {
    for (int round = 0; round < READY_ROUNDS; round++) {
        if (reap(net, true)) return give_up(net, "a member ended before it was ready");
        if (all_ready(net)) return COMMAND_DONE;
        int taken = processes_next_signal(&net->processes, ROUND_MS);
        if (taken != 0 && taken != SIGCHLD) return give_up(net, "interrupted");
    }
    return give_up(net, "not every member was ready in time");
}

static void print_table(const struct testnet *net) {
    (void)printf("%-16s %-24s %s\n", "MEMBER", "API", "DIRECTORY");
    for (uint32_t i = 0; i < net->members; i++) {
        (void)printf("%-16s http://%-17s %s/m%u\n", net->genesis.member_names[i], net->apis[i], net->directory, i);
    }
    (void)printf("\nall %u members are running; Ctrl-C stops them\n", net->members);
    (void)fflush(stdout);
}

static int serve(struct testnet *net) {
    while (processes_running(&net->processes) > 0) {
        int taken = processes_next_signal(&net->processes, 1000);
        (void)reap(net, true);
        if (taken == 0 || taken == SIGCHLD) continue;
        processes_stop_all(&net->processes);
        (void)printf("stopped\n");
        return COMMAND_DONE;
    }
    return command_refuse(net->invocation, status_name(STATUS_UNAVAILABLE), "every member has ended");
}

/* The members' addresses, from their own configurations. */
static int load_members(struct testnet *net) {
    struct config_detail detail;
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    enum status status = STATUS_OK;
    net->members = genesis_heads(&net->genesis);
    genesis_chain(&net->genesis, &net->chain);
    for (uint32_t i = 0; i < net->members && status == STATUS_OK; i++) {
        char directory[CONFIG_PATH_BYTES];
        CHECK(testnet_member_directory(net->directory, i, directory, sizeof directory) == STATUS_OK);
        status = node_config_load_public(directory, config, &detail);
        if (status == STATUS_OK) (void)snprintf(net->apis[i], sizeof net->apis[i], "%s", config->api);
    }
    free(config);
    return status == STATUS_OK ? COMMAND_DONE
                               : command_refuse(net->invocation, status_name(status), "%s", detail.text);
}

static int run_all(struct testnet *net) {
    int code = load_members(net);
    if (code != COMMAND_DONE) return code;
    processes_begin(&net->processes, SIGTERM);
    for (uint32_t i = 0; i < net->members && code == COMMAND_DONE; i++) code = start_member(net, i);
    if (code != COMMAND_DONE) {
        processes_stop_all(&net->processes);
        return code;
    }
    code = wait_until_ready(net);
    if (code != COMMAND_DONE) return code;
    print_table(net);
    return serve(net);
}

/* Makes the group when there is none; one that is there must be what was asked for. */
static int find_or_make(struct testnet *net) {
    char path[CONFIG_PATH_BYTES];
    struct stat about;
    struct config_detail detail;
    struct testnet_plan plan;
    const struct invocation *invocation = net->invocation;
    int code = testnet_plan_from(invocation, OPTION_MEMBERS, OPTION_THRESHOLD, OPTION_BASE_PORT, &plan);
    if (code != COMMAND_DONE) return code;
    if (config_path(net->directory, GENESIS_FILE, path, sizeof path) != STATUS_OK ||
        strlen(net->directory) > CONFIG_PATH_BYTES - 64) {
        return command_misuse(invocation, "the path %s is too long", net->directory);
    }
    bool exists = stat(path, &about) == 0;
    enum status status = exists ? STATUS_OK : testnet_create(&plan, &detail);
    if (status == STATUS_OK) status = genesis_load(path, &net->genesis, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    bool differs = (option_given(invocation, OPTION_MEMBERS) && plan.members != genesis_heads(&net->genesis)) ||
                   (option_given(invocation, OPTION_THRESHOLD) &&
                    threshold_compare(plan.threshold, net->genesis.threshold) != 0);
    if (!differs) return COMMAND_DONE;
    return command_refuse(
        invocation, status_name(STATUS_CONFLICT),
        "%s is a group of %u members at %u/%u already; leave the options out, or take another directory",
        net->directory, genesis_heads(&net->genesis), net->genesis.threshold.numerator,
        net->genesis.threshold.denominator);
}

static int run(const struct invocation *invocation) {
    struct testnet *net = calloc(1, sizeof *net);
    CHECK(net != NULL);
    net->invocation = invocation;
    net->directory = invocation->arguments[0];
    int code = find_or_make(net);
    if (code == COMMAND_DONE) code = run_all(net);
    free(net);
    return code;
}

const struct command command_testnet_up = {
    .name = "testnet up",
    .arguments = "DIR",
    .help = "Run a whole group on this machine, made anew when there is none in DIR",
    .more = "Each member is a process of its own, DIR/mI/pid, and writes to DIR/mI/log. Ctrl-C stops them all.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
