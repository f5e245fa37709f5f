/* Telling the service manager (node/notify.h). */
#include "node/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

enum { LINES_BYTES = 512 };

/* False when the environment names no socket of a kind that is known here. */
static bool address_of(struct sockaddr_un *ret_address, socklen_t *ret_bytes) {
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (name == NULL || (name[0] != '/' && name[0] != '@') || name[1] == '\0') return false;
    size_t bytes = strlen(name);
    if (bytes >= sizeof address.sun_path) return false;
    memcpy(address.sun_path, name, bytes);
    /* An abstract name begins with a zero byte and ends with its last character, without another zero byte. */
    bool is_abstract = name[0] == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    *ret_address = address;
    *ret_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes + (is_abstract ? 0 : 1));
    return true;
}

bool notify_wanted(void) {
    struct sockaddr_un address;
    socklen_t bytes;
    return address_of(&address, &bytes);
}

static void say(const char *lines) {
    struct sockaddr_un address;
    socklen_t bytes;
    if (!address_of(&address, &bytes)) return;
    int endpoint = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (endpoint < 0) return;
    ssize_t sent = sendto(endpoint, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&address, bytes);
    (void)sent; /* nobody listens: there is nothing to do about it */
    (void)close(endpoint);
}

void notify_ready(void) { say("READY=1"); }

void notify_reloading(void) {
    struct timespec now;
    char lines[LINES_BYTES];
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    (void)snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    say(lines);
}

void notify_stopping(void) { say("STOPPING=1"); }

void notify_alive(void) { say("WATCHDOG=1"); }

void notify_status(const char *format, ...) {
    char lines[LINES_BYTES] = "STATUS=";
    size_t head = strlen(lines);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(lines + head, sizeof lines - head, format, arguments);
    va_end(arguments);
    for (char *at = lines + head; *at != '\0'; at++) {
        if (*at > 0 && *at < ' ') *at = '?';
    }
    say(lines);
}

/* Plain digits only, as the manager writes them. */
static bool number_of(const char *name, uint64_t *ret_number) {
    const char *text = getenv(name);
    uint64_t number = 0;
    if (text == NULL || *text == '\0') return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(number, UINT64_C(10), &number)) return false;
        if (__builtin_add_overflow(number, (uint64_t)(*text - '0'), &number)) return false;
    }
    *ret_number = number;
    return true;
}

uint64_t notify_watchdog_us(void) {
    uint64_t every_us;
    uint64_t process;
    if (!number_of("WATCHDOG_USEC", &every_us)) return 0;
    if (getenv("WATCHDOG_PID") == NULL) return every_us;
    return number_of("WATCHDOG_PID", &process) && process == (uint64_t)getpid() ? every_us : 0;
}
