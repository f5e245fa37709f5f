/* Lines for whoever operates the member. Never a secret. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "node/state.h"

void node_log(enum log_level level, const char *format, ...) {
    static const char *const names[] = {"info", "warning", "error"};
    char text[1024], when[32];
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s.%03ldZ %-7s %s\n", when, now.tv_nsec / 1000000, names[level], text);
}
