/* Members as child processes (cmd/processes.h). */
#include "cmd/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/client.h"

enum { STOP_ROUNDS = 100, ROUND_MS = 200, READY_SECONDS = 2 };

void processes_begin(struct processes *processes, int parent_signal) {
    static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
    *processes = (struct processes){.parent_signal = parent_signal};
    (void)sigemptyset(&processes->signals);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) (void)sigaddset(&processes->signals, taken[i]);
    CHECK(sigprocmask(SIG_BLOCK, &processes->signals, &processes->signals_then) == 0);
}

void processes_restore_signals(const struct processes *processes) {
    CHECK(sigprocmask(SIG_SETMASK, &processes->signals_then, NULL) == 0);
}

int processes_next_signal(const struct processes *processes, int wait_ms) {
    struct timespec wait = {wait_ms / 1000, (long)(wait_ms % 1000) * 1000000};
    int taken = sigtimedwait(&processes->signals, NULL, &wait);
    return taken > 0 ? taken : 0;
}

/* For whoever wants to send it a signal: `kill -STOP $(cat DIR/m3/pid)`. */
static bool write_number(const char *directory) {
    char path[CONFIG_PATH_BYTES];
    CHECK(config_path(directory, "pid", path, sizeof path) == STATUS_OK);
    FILE *file = fopen(path, "we");
    if (file == NULL) return false;
    bool is_written = fprintf(file, "%ld\n", (long)getpid()) > 0;
    return fclose(file) == 0 && is_written;
}

/* In the child: its output to its log, then the same binary again. Returns only when that fails. */
static void become_member(const struct processes *processes, const char *directory, pid_t parent) {
    char log[CONFIG_PATH_BYTES];
    CHECK(config_path(directory, "log", log, sizeof log) == STATUS_OK);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (file < 0 || nothing < 0) return;
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) return;
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, processes->parent_signal) != 0 || getppid() != parent) return;
    if (!write_number(directory)) return;
    processes_restore_signals(processes);
    (void)execl("/proc/self/exe", "credimus", "start", directory, (char *)NULL);
}

bool processes_start(struct processes *processes, uint32_t place, const char *directory) {
    CHECK(place < PROCESSES_MAX && processes->ids[place] == 0);
    pid_t parent = getpid();
    (void)fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        become_member(processes, directory, parent);
        _exit(COMMAND_REFUSED);
    }
    if (process > 0) processes->ids[place] = process;
    return process > 0;
}

bool processes_reap(struct processes *processes, uint32_t *ret_place, int *ret_how) {
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
        if (processes->ids[i] == 0 || waitpid(processes->ids[i], ret_how, WNOHANG) != processes->ids[i]) continue;
        processes->ids[i] = 0;
        *ret_place = i;
        return true;
    }
    return false;
}

uint32_t processes_running(const struct processes *processes) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) count += processes->ids[i] != 0;
    return count;
}

static void ask_to_stop(pid_t process) {
    (void)kill(process, SIGTERM);
    (void)kill(process, SIGCONT);
}

static void force_to_stop(struct processes *processes, uint32_t place) {
    int how;
    if (processes->ids[place] == 0) return;
    (void)kill(processes->ids[place], SIGKILL);
    while (waitpid(processes->ids[place], &how, 0) < 0 && errno == EINTR) {
    }
    processes->ids[place] = 0;
}

void processes_stop(struct processes *processes, uint32_t place) {
    int how;
    pid_t process = processes->ids[place];
    if (process == 0) return;
    ask_to_stop(process);
    /* Ctrl-C in the meantime stays for whoever asks for the next signal. */
    for (int round = 0; round < STOP_ROUNDS; round++) {
        if (waitpid(process, &how, WNOHANG) == process) {
            processes->ids[place] = 0;
            return;
        }
        (void)nanosleep(&(struct timespec){0, ROUND_MS * 1000000L}, NULL);
    }
    force_to_stop(processes, place);
}

void processes_stop_all(struct processes *processes) {
    uint32_t place;
    int how;
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
        if (processes->ids[i] != 0) ask_to_stop(processes->ids[i]);
    }
    for (int round = 0; round < STOP_ROUNDS && processes_running(processes) > 0; round++) {
        while (processes_reap(processes, &place, &how)) {
        }
        if (processes_running(processes) > 0) (void)processes_next_signal(processes, ROUND_MS);
    }
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) force_to_stop(processes, i);
}

void processes_print_log_end(const char *directory) {
    char path[CONFIG_PATH_BYTES];
    char end[2048];
    if (config_path(directory, "log", path, sizeof path) != STATUS_OK) return;
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    if (fseek(file, -(long)sizeof end, SEEK_END) != 0) (void)fseek(file, 0, SEEK_SET);
    size_t bytes = fread(end, 1, sizeof end, file);
    (void)fwrite(end, 1, bytes, stderr);
    (void)fclose(file);
}

bool processes_is_ready(const struct invocation *invocation, const char *directory, const struct hash *chain,
                        uint32_t member) {
    char hex[2 * HASH_BYTES + 1];
    struct client *client = NULL;
    struct reply reply = {0};
    struct config_detail detail;
    enum status status = client_open_quietly(invocation, directory, &client, &detail);
    if (status == STATUS_OK) {
        client_set_timeout(client, READY_SECONDS);
        status = client_call(client, "/v1/status", slice_of(NULL, 0), NULL, &reply, &detail);
    }
    bytes_to_hex(chain->bytes, HASH_BYTES, hex);
    bool ready = status == STATUS_OK && strcmp(reply_text(reply.json, "chain", ""), hex) == 0 &&
                 reply_whole(reply.json, "member") == (long long)member;
    reply_free(&reply);
    client_close(client);
    return ready;
}
