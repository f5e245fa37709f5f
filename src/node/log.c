/* Lines for whoever operates the member (node/log.h). */
#include "node/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "codec/utf8.h"

enum { TIME_BYTES = 64, UTF8_BYTES_MAX = 4 };

static const char *const level_names[LOG_LEVELS] = {"debug", "info", "warning", "error"};
static const char *const format_names[LOG_FORMATS] = {"text", "json"};

static struct {
    enum log_level lowest;
    enum log_format format;
} settings = {LOG_INFO, LOG_TEXT};

const char *log_level_name(enum log_level level) {
    CHECK((unsigned)level < LOG_LEVELS);
    return level_names[level];
}

const char *log_format_name(enum log_format format) {
    CHECK((unsigned)format < LOG_FORMATS);
    return format_names[format];
}

static bool find_word(const char *const *words, unsigned count, const char *text, unsigned *ret_at) {
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(words[i], text) != 0) continue;
        *ret_at = i;
        return true;
    }
    return false;
}

bool log_level_parse(const char *text, enum log_level *ret_level) {
    unsigned at;
    if (!find_word(level_names, LOG_LEVELS, text, &at)) return false;
    *ret_level = (enum log_level)at;
    return true;
}

bool log_format_parse(const char *text, enum log_format *ret_format) {
    unsigned at;
    if (!find_word(format_names, LOG_FORMATS, text, &at)) return false;
    *ret_format = (enum log_format)at;
    return true;
}

void log_configure(enum log_level lowest, enum log_format format) {
    CHECK((unsigned)lowest < LOG_LEVELS && (unsigned)format < LOG_FORMATS);
    settings.lowest = lowest;
    settings.format = format;
}

bool log_enabled(enum log_level level) { return level >= settings.lowest; }

/* The bytes of the well-formed character at `at`, 0 when there is none: then its first byte is not text. */
static size_t character_bytes(const char *at) {
    size_t left = strnlen(at, UTF8_BYTES_MAX);
    for (size_t bytes = 1; bytes <= left; bytes++) {
        if (utf8_valid(slice_of(at, bytes))) return bytes;
    }
    return 0;
}

/* Those of ASCII, DEL, and those that UTF-8 writes as C2 80 .. C2 9F: they steer terminals. */
static bool is_control(const char *at, size_t bytes) {
    const unsigned char *byte = (const unsigned char *)at;
    return bytes == 1 ? *byte < ' ' || *byte == 0x7f : bytes == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

/* One character of a message, as it may stand in a line. Returns the bytes written, at most 2 for one byte read. */
static size_t put_character(enum log_format format, const char *at, size_t bytes, char *line) {
    if (bytes == 0 || is_control(at, bytes)) {
        line[0] = '?';
        return 1;
    }
    size_t escape = format == LOG_JSON && (*at == '"' || *at == '\\');
    if (escape != 0) line[0] = '\\';
    memcpy(line + escape, at, bytes);
    return escape + bytes;
}

static void time_text(uint64_t time_us, char ret_text[TIME_BYTES]) {
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;
    char day[32];
    CHECK(gmtime_r(&seconds, &utc) != NULL);
    CHECK(strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc) != 0);
    (void)snprintf(ret_text, TIME_BYTES, "%s.%03uZ", day, (unsigned)(time_us / 1000 % 1000));
}

size_t log_line(enum log_format format, enum log_level level, uint64_t time_us, const char *message,
                char ret_line[LOG_LINE_BYTES]) {
    char when[TIME_BYTES];
    const char *end = format == LOG_JSON ? "\"}\n" : "\n";
    time_text(time_us, when);
    int head = snprintf(ret_line, LOG_LINE_BYTES,
                        format == LOG_JSON ? "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"" : "%s %-7s ", when,
                        log_level_name(level));
    size_t bytes = (size_t)head;
    for (const char *at = message; *at != '\0' && bytes + 2 * UTF8_BYTES_MAX < LOG_LINE_BYTES;) {
        size_t character = character_bytes(at);
        bytes += put_character(format, at, character, ret_line + bytes);
        at += character > 0 ? character : 1;
    }
    (void)snprintf(ret_line + bytes, LOG_LINE_BYTES - bytes, "%s", end);
    return bytes + strlen(end);
}

/* In one write, so that lines of several processes on one file do not mix. */
static void write_line(const char *line, size_t bytes) {
    while (bytes > 0) {
        ssize_t written = write(STDERR_FILENO, line, bytes);
        if (written <= 0) return; /* nobody can be told */
        line += written;
        bytes -= (size_t)written;
    }
}

void node_log(enum log_level level, const char *format, ...) {
    char message[LOG_MESSAGE_BYTES];
    char line[LOG_LINE_BYTES];
    struct timespec now;
    if (!log_enabled(level)) return;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    write_line(line, log_line(settings.format, level, now_us, message, line));
}
