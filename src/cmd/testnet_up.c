/* credimus testnet up: all members of a group on this machine, each its own process, until Ctrl-C.
 *
 * The members are in process groups of their own, so that Ctrl-C reaches this process alone, which then stops them in
 * good order; should it be killed, the kernel sends them SIGTERM. All signals are taken in one place, by sigtimedwait.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/testnet.h"

enum { OPTION_MEMBERS, OPTION_THRESHOLD, OPTION_BASE_PORT };

enum { READY_ROUNDS = 150, STOP_ROUNDS = 100, ROUND_MS = 200, READY_SECONDS = 2 };

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
    pid_t processes[MEMBERS_MAX]; /* 0: not running */
    bool ready[MEMBERS_MAX];
    char apis[MEMBERS_MAX][CONFIG_ADDRESS_BYTES];
    struct genesis genesis;
    struct hash chain;
    sigset_t signals;      /* taken by sigtimedwait */
    sigset_t signals_then; /* what a member starts with */
};

static void member_path(const struct testnet *net, uint32_t member, const char *name,
                        char ret_path[CONFIG_PATH_BYTES]) {
    char directory[CONFIG_PATH_BYTES];
    CHECK(testnet_member_directory(net->directory, member, directory, sizeof directory) == STATUS_OK);
    CHECK(config_path(directory, name, ret_path, CONFIG_PATH_BYTES) == STATUS_OK);
}

/* In the child: its output to its log, then the same binary again. Returns only when that fails. */
static void become_member(const struct testnet *net, uint32_t member, pid_t parent) {
    char directory[CONFIG_PATH_BYTES];
    char log[CONFIG_PATH_BYTES];
    member_path(net, member, "log", log);
    CHECK(testnet_member_directory(net->directory, member, directory, sizeof directory) == STATUS_OK);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (file < 0 || nothing < 0) return;
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) return;
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) return;
    if (sigprocmask(SIG_SETMASK, &net->signals_then, NULL) != 0) return;
    (void)execl("/proc/self/exe", "credimus", "start", directory, (char *)NULL);
}

static int start_member(struct testnet *net, uint32_t member) {
    pid_t parent = getpid();
    (void)fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        become_member(net, member, parent);
        _exit(COMMAND_REFUSED);
    }
    if (process < 0) {
        return command_refuse(net->invocation, status_name(STATUS_IO), "m%u cannot be started: %s", member,
                              strerror(errno));
    }
    net->processes[member] = process;
    return COMMAND_DONE;
}

/* The end of what the member said, for the person who wonders why. */
static void print_log_end(const struct testnet *net, uint32_t member) {
    char path[CONFIG_PATH_BYTES];
    char end[2048];
    member_path(net, member, "log", path);
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    if (fseek(file, -(long)sizeof end, SEEK_END) != 0) (void)fseek(file, 0, SEEK_SET);
    size_t bytes = fread(end, 1, sizeof end, file);
    (void)fwrite(end, 1, bytes, stderr);
    (void)fclose(file);
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
    int how;
    for (;;) {
        pid_t process = waitpid(-1, &how, WNOHANG);
        if (process <= 0) return any;
        for (uint32_t i = 0; i < net->members; i++) {
            if (net->processes[i] != process) continue;
            net->processes[i] = 0;
            any = true;
            if (report) report_end(net, i, how);
        }
    }
}

static uint32_t running(const struct testnet *net) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->members; i++) count += net->processes[i] != 0;
    return count;
}

/* The next signal within a while; 0 when none came. */
static int next_signal(const struct testnet *net, int wait_ms) {
    struct timespec wait = {wait_ms / 1000, (long)(wait_ms % 1000) * 1000000};
    int taken = sigtimedwait(&net->signals, NULL, &wait);
    return taken > 0 ? taken : 0;
}

static void stop_all(struct testnet *net) {
    for (uint32_t i = 0; i < net->members; i++) {
        if (net->processes[i] != 0) (void)kill(net->processes[i], SIGTERM);
    }
    for (int round = 0; round < STOP_ROUNDS && running(net) > 0; round++) {
        (void)reap(net, false);
        if (running(net) > 0) (void)next_signal(net, ROUND_MS);
    }
    for (uint32_t i = 0; i < net->members; i++) {
        if (net->processes[i] != 0) (void)kill(net->processes[i], SIGKILL);
    }
}

/* Whether the one who answers at the member's address is a member of this very group: the port may be another's. */
static bool is_ready(const struct testnet *net, uint32_t member) {
    char directory[CONFIG_PATH_BYTES];
    char chain[2 * HASH_BYTES + 1];
    struct client *client = NULL;
    struct reply reply = {0};
    struct config_detail detail;
    CHECK(testnet_member_directory(net->directory, member, directory, sizeof directory) == STATUS_OK);
    enum status status = client_open_quietly(net->invocation, directory, &client, &detail);
    if (status == STATUS_OK) {
        client_set_timeout(client, READY_SECONDS);
        status = client_call(client, "/v1/status", slice_of(NULL, 0), NULL, &reply, &detail);
    }
    bytes_to_hex(net->chain.bytes, HASH_BYTES, chain);
    bool ready = status == STATUS_OK && strcmp(reply_text(reply.json, "chain", ""), chain) == 0 &&
                 reply_whole(reply.json, "member") == (long long)member;
    reply_free(&reply);
    client_close(client);
    return ready;
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
        if (net->processes[i] == 0) print_log_end(net, i);
    }
    stop_all(net);
    return command_refuse(net->invocation, status_name(STATUS_UNAVAILABLE),
                          "%s; the others were stopped, and the log is "
                          "in %s/mI/log",
                          why, net->directory);
}

static int wait_until_ready(struct testnet *net) {
    for (int round = 0; round < READY_ROUNDS; round++) {
        if (reap(net, true)) return give_up(net, "a member ended before it was ready");
        if (all_ready(net)) return COMMAND_DONE;
        int taken = next_signal(net, ROUND_MS);
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
    while (running(net) > 0) {
        int taken = next_signal(net, 1000);
        (void)reap(net, true);
        if (taken == 0 || taken == SIGCHLD) continue;
        stop_all(net);
        (void)printf("stopped\n");
        return COMMAND_DONE;
    }
    return command_refuse(net->invocation, status_name(STATUS_UNAVAILABLE), "every member has ended");
}

static void take_signals(struct testnet *net) {
    static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    (void)sigemptyset(&net->signals);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) (void)sigaddset(&net->signals, taken[i]);
    CHECK(sigprocmask(SIG_BLOCK, &net->signals, &net->signals_then) == 0);
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
    take_signals(net);
    for (uint32_t i = 0; i < net->members && code == COMMAND_DONE; i++) code = start_member(net, i);
    if (code != COMMAND_DONE) {
        stop_all(net);
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
    .more = "Each member is a process of its own and writes to DIR/mI/log. Ctrl-C stops them all.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
