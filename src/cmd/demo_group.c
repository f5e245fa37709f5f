/* What the story does with the members (cmd/demo.h). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/demo.h"
#include "cmd/screen.h"
#include "cmd/testnet.h"
#include "crypto/secret.h"
#include "node/keys.h"

/* The watchdog is against hanging: a loaded machine may take its time. */
enum { WAIT_SECONDS = 180, LOOK_MS = 100, CALL_SECONDS = 30, COLUMNS = 100, INDENT = 2, SECRET_FILE_BYTES = 256 };

void demo_directory(const struct demo *demo, uint32_t place, char ret_path[CONFIG_PATH_BYTES]) {
    enum status status = place == DEMO_COPY
                             ? config_path(demo->directory, "m0-copy", ret_path, CONFIG_PATH_BYTES)
                             : testnet_member_directory(demo->directory, place, ret_path, CONFIG_PATH_BYTES);
    CHECK(status == STATUS_OK);
}

static enum status copy_secret(const char *from, const char *to, const char *name, struct config_detail *ret_detail) {
    char source[CONFIG_PATH_BYTES];
    char target[CONFIG_PATH_BYTES];
    uint8_t secret[SECRET_FILE_BYTES];
    size_t bytes;
    TRY(config_path(from, name, source, sizeof source));
    TRY(config_path(to, name, target, sizeof target));
    TRY(file_read(source, true, secret, sizeof secret, &bytes, ret_detail));
    enum status status = file_create(target, 0600, slice_of(secret, bytes), ret_detail);
    crypto_wipe(secret, sizeof secret);
    return status;
}

/* As somebody would who carries a member's files to a second machine: all is the same but where it listens. */
static enum status copy_member(struct demo *demo, struct node_config *config, struct config_detail *ret_detail) {
    char from[CONFIG_PATH_BYTES];
    char path[CONFIG_PATH_BYTES];
    demo_directory(demo, 0, from);
    TRY(node_config_load_public(from, config, ret_detail));
    demo_directory(demo, DEMO_COPY, config->directory);
    if (mkdir(config->directory, 0700) != 0) {
        config_detail_set(ret_detail, "%s cannot be created: %s", config->directory, strerror(errno));
        return STATUS_IO;
    }
    TRY(copy_secret(from, config->directory, KEY_FILE, ret_detail));
    TRY(copy_secret(from, config->directory, TOKEN_FILE, ret_detail));
    unsigned port = demo->base_port + DEMO_COPY;
    (void)snprintf(config->listen, sizeof config->listen, "127.0.0.1:%u", port);
    (void)snprintf(config->api, sizeof config->api, "127.0.0.1:%u", port + TESTNET_API_PORT_OFFSET);
    TRY(config_path(config->directory, GENESIS_FILE, path, sizeof path));
    TRY(genesis_write(path, &config->genesis, ret_detail));
    return node_config_write(config, ret_detail);
}

int demo_create(struct demo *demo) {
    struct config_detail detail;
    struct testnet_plan plan = {.directory = demo->directory,
                                .members = DEMO_MEMBERS,
                                .threshold = THRESHOLD_DEFAULT,
                                .base_port = demo->base_port};
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    enum status status = testnet_create(&plan, &detail);
    if (status == STATUS_OK) status = copy_member(demo, config, &detail);
    if (status == STATUS_OK) {
        demo->genesis = config->genesis;
        genesis_chain(&demo->genesis, &demo->chain);
    }
    free(config);
    return status == STATUS_OK ? COMMAND_DONE
                               : command_refuse(demo->invocation, status_name(status), "%s", detail.text);
}

int demo_start(struct demo *demo, uint32_t place) {
    char directory[CONFIG_PATH_BYTES];
    demo_directory(demo, place, directory);
    if (processes_start(&demo->processes, place, directory)) return COMMAND_DONE;
    return demo_fail(demo, "another process cannot be started: %s", strerror(errno));
}

/* --- the API --- */

static int open_client(struct demo *demo, uint32_t member) {
    char directory[CONFIG_PATH_BYTES];
    if (demo->clients[member] != NULL) return COMMAND_DONE;
    demo_directory(demo, member, directory);
    int code = client_open(demo->invocation, directory, true, &demo->clients[member]);
    if (code == COMMAND_DONE) client_set_timeout(demo->clients[member], CALL_SECONDS);
    return code;
}

void demo_close_clients(struct demo *demo) {
    for (uint32_t i = 0; i < DEMO_PROCESSES; i++) {
        client_close(demo->clients[i]);
        demo->clients[i] = NULL;
    }
}

/* A body as text and its type; both NULL for a GET. */
static const char *type_of(const char *text) { return text != NULL ? "application/json" : NULL; }

static char *text_of(json_t *body) {
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    CHECK(body == NULL || text != NULL);
    json_decref(body);
    return text;
}

static struct slice bytes_of(const char *text) { return text != NULL ? slice_of_text(text) : slice_of(NULL, 0); }

int demo_call(struct demo *demo, uint32_t member, const char *path, json_t *body, struct reply *ret_reply) {
    char *text = text_of(body);
    int code = open_client(demo, member);
    if (code == COMMAND_DONE) {
        code = client_demand(demo->clients[member], path, bytes_of(text), type_of(text), ret_reply);
    }
    free(text);
    return code;
}

json_t *demo_try(struct demo *demo, uint32_t member, const char *path, json_t *body) {
    struct config_detail detail;
    struct reply reply = {0};
    char *text = text_of(body);
    if (open_client(demo, member) == COMMAND_DONE &&
        client_call(demo->clients[member], path, bytes_of(text), type_of(text), &reply, &detail) == STATUS_OK) {
        (void)json_incref(reply.json);
    }
    free(text);
    json_t *json = reply.json;
    reply_free(&reply);
    return json;
}

json_t *demo_look_at_question(struct demo *demo, uint32_t member, const char *read) {
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/questions/%s?read=%s", demo->question, read);
    return demo_try(demo, member, path, NULL);
}

/* --- waiting --- */

int demo_fail(const struct demo *demo, const char *format, ...) {
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return command_refuse(demo->invocation, status_name(STATUS_UNAVAILABLE), "%s", sentence);
}

static int report_end(const struct demo *demo, uint32_t place, int how) {
    char directory[CONFIG_PATH_BYTES];
    demo_directory(demo, place, directory);
    processes_print_log_end(directory);
    bool is_killed = WIFSIGNALED(how);
    return demo_fail(demo, "%s ended in the middle of the story, %s %d",
                     place == DEMO_COPY ? "the copy of m0" : directory, is_killed ? "by signal" : "with status",
                     is_killed ? WTERMSIG(how) : WEXITSTATUS(how));
}

static time_t now_seconds(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec;
}

int demo_attend(struct demo *demo, int wait_ms) {
    uint32_t place;
    int how;
    if (processes_reap(&demo->processes, &place, &how)) return report_end(demo, place, how);
    int taken = processes_next_signal(&demo->processes, wait_ms);
    if (taken == 0 || taken == SIGCHLD) return COMMAND_DONE;
    demo->signal = taken;
    return COMMAND_REFUSED;
}

int demo_wait(struct demo *demo, const char *what, bool (*holds)(struct demo *demo)) {
    time_t end = now_seconds() + WAIT_SECONDS;
    int code = demo_attend(demo, 0);
    while (code == COMMAND_DONE && !holds(demo)) {
        code = demo_attend(demo, LOOK_MS);
        if (code == COMMAND_DONE && now_seconds() >= end) {
            code = demo_fail(demo, "waited %d s in vain until %s", WAIT_SECONDS, what);
        }
    }
    return code;
}

/* --- commands and paragraphs --- */

/* In the child. Returns only when that fails. */
static void become_command(const struct demo *demo, int output, pid_t parent,
                           const char *const words[DEMO_ARGUMENTS_MAX]) {
    char *arguments[DEMO_ARGUMENTS_MAX + 2] = {strdup("credimus")};
    for (size_t i = 0; i < DEMO_ARGUMENTS_MAX && words[i] != NULL; i++) arguments[i + 1] = strdup(words[i]);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) return;
    if (chdir(demo->directory) != 0 || setpgid(0, 0) != 0) return;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) return;
    processes_restore_signals(&demo->processes);
    (void)execv("/proc/self/exe", arguments);
}

static void print_indented(int input) {
    char line[1024];
    bool is_start = true;
    FILE *file = fdopen(input, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        (void)printf("%s%s", is_start && line[0] != '\n' ? "    " : "", line);
        is_start = strchr(line, '\n') != NULL;
    }
    (void)fclose(file);
}

static void print_command_line(const struct demo *demo, const char *const words[DEMO_ARGUMENTS_MAX]) {
    (void)printf("\n  %s$ credimus", demo->has_colour ? "\033[36m" : "");
    for (size_t i = 0; i < DEMO_ARGUMENTS_MAX && words[i] != NULL; i++) (void)printf(" %s", words[i]);
    (void)printf("%s\n", demo->has_colour ? "\033[0m" : "");
    (void)fflush(stdout);
}

int demo_run(struct demo *demo, int expected, const char *const words[DEMO_ARGUMENTS_MAX]) {
    int ends[2];
    int how = 0;
    pid_t parent = getpid();
    print_command_line(demo, words);
    if (pipe2(ends, O_CLOEXEC) != 0) return demo_fail(demo, "there can be no pipe: %s", strerror(errno));
    pid_t process = fork();
    if (process == 0) {
        become_command(demo, ends[1], parent, words);
        _exit(127);
    }
    (void)close(ends[1]);
    if (process < 0) {
        (void)close(ends[0]);
        return demo_fail(demo, "another process cannot be started: %s", strerror(errno));
    }
    print_indented(ends[0]);
    while (waitpid(process, &how, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == expected) return demo_attend(demo, 0);
    return demo_fail(demo, "`credimus %s` ended with status %d, not %d", words[0],
                     WIFEXITED(how) ? WEXITSTATUS(how) : -1, expected);
}

void demo_say(const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    screen_clean(text);
    (void)putchar('\n');
    size_t column = 0;
    for (char *rest = text, *word; (word = strsep(&rest, " ")) != NULL;) {
        size_t columns = screen_columns(word);
        bool breaks = column == 0 || column + 1 + columns > COLUMNS;
        (void)printf("%s%s%s", column > 0 && breaks ? "\n" : "", breaks ? "  " : " ", word);
        column = (breaks ? INDENT : column + 1) + columns;
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}
