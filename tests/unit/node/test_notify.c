/* The word to the service manager, heard by a socket in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "folder.h"
#include "node/notify.h"

enum { HEARD_BYTES = 1024 };

/* A manager's socket at a path, or at an abstract name when it begins with '@'. */
static int manager_open(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(name);
    memcpy(address.sun_path, name, bytes);
    if (name[0] == '@') address.sun_path[0] = '\0';
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(manager >= 0);
    assert_int_equal(
        bind(manager, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return manager;
}

/* Local datagrams are there when sendto returns. */
static void hear(int manager, char ret_lines[HEARD_BYTES]) {
    ssize_t bytes = recv(manager, ret_lines, HEARD_BYTES - 1, 0);
    assert_true(bytes > 0);
    ret_lines[bytes] = '\0';
}

static void hears(int manager, const char *expected) {
    char lines[HEARD_BYTES];
    hear(manager, lines);
    assert_string_equal(lines, expected);
}

static uint64_t monotonic_us(void) {
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void life_of_a_service_is_told(int manager) {
    char lines[HEARD_BYTES];
    uint64_t began_us;
    assert_true(notify_wanted());
    notify_ready();
    hears(manager, "READY=1");
    uint64_t before_us = monotonic_us();
    notify_reloading();
    hear(manager, lines);
    assert_int_equal(sscanf(lines, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &began_us), 1);
    assert_in_range(began_us, before_us, monotonic_us());
    notify_alive();
    hears(manager, "WATCHDOG=1");
    notify_status("height %d\nREADY=1", 7);
    hears(manager, "STATUS=height 7?READY=1");
    notify_stopping();
    hears(manager, "STOPPING=1");
}

static void manager_at_a_path_hears_everything(void **state) {
    struct folder folder = folder_new();
    (void)state;
    int manager = manager_open(folder_file(&folder, "a"));
    life_of_a_service_is_told(manager);
    (void)close(manager);
    folder_delete(&folder);
}

static void manager_at_an_abstract_name_hears_everything(void **state) {
    char name[64];
    (void)state;
    (void)snprintf(name, sizeof name, "@credimus-test-%ld", (long)getpid());
    int manager = manager_open(name);
    life_of_a_service_is_told(manager);
    (void)close(manager);
}

/* Each of these must come back as if nothing had been asked. */
static void without_a_manager_nothing_happens(void **state) {
    char longest[256];
    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const char *const names[] = {"", "/", "@", "relative/path", "vsock:2:1234", longest};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        assert_false(notify_wanted());
        notify_ready();
    }
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_false(notify_wanted());
    notify_ready();
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1), 0);
    assert_true(notify_wanted());
    notify_ready();
}

static void manager_that_does_not_listen_holds_nothing_up(void **state) {
    struct folder folder = folder_new();
    (void)state;
    int manager = manager_open(folder_file(&folder, "a"));
    /* More than any queue holds: a call that waited would never come back. */
    for (int i = 0; i < 100000; i++) notify_alive();
    hears(manager, "WATCHDOG=1");
    (void)close(manager);
    folder_delete(&folder);
}

static void watchdog_is_read_from_the_environment(void **state) {
    static const struct {
        const char *every;
        const char *process; /* "self": this one */
        uint64_t expected_us;
    } cases[] = {
        {NULL, NULL, 0},
        {"30000000", NULL, 30000000},
        {"30000000", "self", 30000000},
        {"30000000", "1", 0},
        {"30000000", "", 0},
        {"", NULL, 0},
        {"-5", NULL, 0},
        {"5s", NULL, 0},
        {"99999999999999999999", NULL, 0},
        {"0", NULL, 0},
    };
    char self[32];
    (void)state;
    (void)snprintf(self, sizeof self, "%ld", (long)getpid());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *process = cases[i].process;
        if (process != NULL && strcmp(process, "self") == 0) process = self;
        assert_int_equal(
            cases[i].every == NULL ? unsetenv("WATCHDOG_USEC") : setenv("WATCHDOG_USEC", cases[i].every, 1), 0);
        assert_int_equal(process == NULL ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", process, 1), 0);
        assert_int_equal(notify_watchdog_us(), cases[i].expected_us);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manager_at_a_path_hears_everything),
        cmocka_unit_test(manager_at_an_abstract_name_hears_everything),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(manager_that_does_not_listen_holds_nothing_up),
        cmocka_unit_test(watchdog_is_read_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
