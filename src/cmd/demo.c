/* credimus demo: the whole story in one command (cmd/demo.h). Whatever happens, no process and no directory is left: signals
 * wait from before the first of them is made until after the last is gone. */
#include "cmd/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/options.h"
#include "cmd/testnet.h"

enum { OPTION_WEB, OPTION_KEEP, OPTION_BASE_PORT };

/* A path in the directory needs some room, and descriptors at a time for removing it are few. */
enum { ROOM_BYTES = 64, PORT_LAST = 60000, FTW_DESCRIPTORS = 8, SERVE_MS = 1000, SIGNALLED = 128 };

static const struct option_spec options[] = {
    {"web", NULL, "the members stay and show it on their page, until Ctrl-C", 0},
    {"keep", "DIR", "make the group there, and leave it there (default: a temporary one)", 0},
    {"base-port", "P", "uses P to P + 8 and P + 1000 to P + 1008 (default: the first that are free)", 0},
    {0},
};

/* --- ports --- */

static bool is_free(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int yes = 1;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool free_now = bind(probe, (const struct sockaddr *)&address, sizeof address) == 0 && listen(probe, 1) == 0;
    (void)close(probe);
    return free_now;
}

static bool are_free(unsigned base) {
    for (unsigned i = 0; i < DEMO_PROCESSES; i++) {
        if (!is_free(base + i) || !is_free(base + TESTNET_API_PORT_OFFSET + i)) return false;
    }
    return true;
}

static int choose_ports(struct demo *demo) {
    uint64_t base;
    const struct invocation *invocation = demo->invocation;
    int code = option_number(invocation, OPTION_BASE_PORT, 1, PORT_LAST, TESTNET_PORT_DEFAULT, &base);
    if (code != COMMAND_DONE) return code;
    bool is_given = option_given(invocation, OPTION_BASE_PORT);
    while (!is_given && base < PORT_LAST && !are_free((unsigned)base)) base += DEMO_PROCESSES;
    if (base >= PORT_LAST || !are_free((unsigned)base)) {
        return command_refuse(invocation, status_name(STATUS_UNAVAILABLE),
                              "the ports from %u on 127.0.0.1 are not all free; name others with --base-port",
                              (unsigned)base);
    }
    demo->base_port = (uint16_t)base;
    return COMMAND_DONE;
}

/* --- the directory --- */

static int make_directory(struct demo *demo) {
    const char *kept = option_text(demo->invocation, OPTION_KEEP, NULL);
    const char *place = getenv("TMPDIR");
    if (place == NULL || *place == '\0') place = "/tmp";
    int bytes = kept != NULL ? snprintf(demo->directory, sizeof demo->directory, "%s", kept)
                             : snprintf(demo->directory, sizeof demo->directory, "%s/credimus-demo.XXXXXX", place);
    if (bytes < 1 || bytes > CONFIG_PATH_BYTES - ROOM_BYTES) {
        return command_misuse(demo->invocation, "the path of the directory is empty or too long");
    }
    if (kept == NULL ? mkdtemp(demo->directory) != NULL : mkdir(kept, 0700) == 0) return COMMAND_DONE;
    return command_refuse(demo->invocation, status_name(errno == EEXIST ? STATUS_CONFLICT : STATUS_IO),
                          "%s cannot be created: %s%s", demo->directory, strerror(errno),
                          errno == EEXIST ? "; name one that is not there yet" : "");
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

/* After the last process: one that still runs could make new files. */
static int remove_directory(const struct demo *demo) {
    if (demo->is_kept) return COMMAND_DONE;
    if (nftw(demo->directory, remove_one, FTW_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0) return COMMAND_DONE;
    return demo_fail(demo, "%s cannot be removed: %s", demo->directory, strerror(errno));
}

/* --- the page --- */

/* On a desktop the page opens by itself; elsewhere its address is all there is. */
static void open_page(const struct demo *demo, const char *address) {
    bool has_desktop = getenv("DISPLAY") != NULL || getenv("WAYLAND_DISPLAY") != NULL;
    if (!has_desktop || !isatty(STDOUT_FILENO)) return;
    (void)fflush(NULL);
    if (fork() != 0) return;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0) {
        processes_restore_signals(&demo->processes);
        (void)execlp("xdg-open", "xdg-open", address, (char *)NULL);
    }
    _exit(COMMAND_REFUSED);
}

static int serve(struct demo *demo) {
    char address[64];
    unsigned port = demo->base_port + TESTNET_API_PORT_OFFSET + 1u;
    (void)snprintf(address, sizeof address, "http://127.0.0.1:%u/", port);
    (void)printf("\nThe page of m1: %s  (the other members': ports %u to %u). Ctrl-C stops them all.\n", address,
                 port - 1, port + DEMO_MEMBERS - 2);
    (void)fflush(stdout);
    open_page(demo, address);
    int code = COMMAND_DONE;
    while (code == COMMAND_DONE) code = demo_attend(demo, SERVE_MS);
    /* Ctrl-C is how this is meant to end. */
    if (demo->signal == 0) return code;
    demo->signal = 0;
    (void)printf("stopped\n");
    return COMMAND_DONE;
}

/* --- the command --- */

static bool can_do_colour(void) {
    const char *terminal = getenv("TERM");
    const char *unwanted = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0 &&
           (unwanted == NULL || *unwanted == '\0');
}

static void explain_end(const struct demo *demo) {
    const char *what = demo->signal != 0 ? "interrupted" : "the story did not come out as it should";
    if (demo->is_kept) {
        (void)fprintf(stderr, "credimus demo: %s; the members and their logs are in %s\n", what, demo->directory);
    } else {
        (void)fprintf(stderr, "credimus demo: %s; nothing is left (--keep DIR keeps the members' logs)\n", what);
    }
}

static int run_in_directory(struct demo *demo) {
    int code = demo_create(demo);
    if (code == COMMAND_DONE) code = demo_tell(demo);
    if (code == COMMAND_DONE && demo->is_web) code = serve(demo);
    demo_close_clients(demo);
    processes_stop_all(&demo->processes);
    int removed = remove_directory(demo);
    (void)fflush(stdout);
    if (code != COMMAND_DONE && removed == COMMAND_DONE) explain_end(demo);
    if (demo->signal != 0) return SIGNALLED + demo->signal;
    return code == COMMAND_DONE ? removed : code;
}

static int run(const struct invocation *invocation) {
    struct demo *demo = calloc(1, sizeof *demo);
    CHECK(demo != NULL);
    demo->invocation = invocation;
    demo->is_web = option_given(invocation, OPTION_WEB);
    demo->is_kept = option_given(invocation, OPTION_KEEP);
    demo->has_colour = can_do_colour();
    int code = choose_ports(demo);
    if (code == COMMAND_DONE) {
        /* By force: nothing of theirs is worth a stop in good order when this process is gone. */
        processes_begin(&demo->processes, SIGKILL);
        code = make_directory(demo);
        if (code == COMMAND_DONE) code = run_in_directory(demo);
        processes_restore_signals(&demo->processes);
    }
    free(demo);
    return code;
}

const struct command command_demo = {
    .name = "demo",
    .arguments = "",
    .help = "Show the whole story on this machine: eight members, two liars, a cut, a certificate",
    .more = "The members are processes of their own, on 127.0.0.1 and in a temporary directory; when it ends, or is "
            "interrupted, nothing is left of them.\n"
            "Exit status 0: everything came out as it was told.",
    .options = options,
    .run = run,
};
