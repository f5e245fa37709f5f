/* The member's log: one line an event on standard error, as text or as JSON (docs/operations.md).
 *
 *     2026-01-02T03:04:05.006Z warning partition level degraded
 *     {"time":"2026-01-02T03:04:05.006Z","level":"warning","message":"partition level degraded"}
 *
 * Invariant: an event is one line whatever its message says, since names, paths and addresses that others chose stand
 * in messages: control characters and what is not UTF-8 are replaced. Nobody hands a secret to this room's log. */
#ifndef NODE_LOG_H
#define NODE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_LEVELS };
enum log_format { LOG_TEXT, LOG_JSON, LOG_FORMATS };

/* A message's bytes, NUL included; a longer one is cut off. */
enum { LOG_MESSAGE_BYTES = 1024, LOG_LINE_BYTES = 2 * LOG_MESSAGE_BYTES + 128 };

/* "debug", "info", "warning", "error"; "text", "json". */
const char *log_level_name(enum log_level level);
const char *log_format_name(enum log_format format);
/* The same back; false, and nothing written, for any other word. */
bool log_level_parse(const char *text, enum log_level *ret_level);
bool log_format_parse(const char *text, enum log_format *ret_format);

/* From now on events below `lowest` are passed over. At first: LOG_INFO, LOG_TEXT. Not for two threads at a time. */
void log_configure(enum log_level lowest, enum log_format format);
/* Whether such an event would be written: for those that cost something to put into words. */
bool log_enabled(enum log_level level);

/* As printf. */
void node_log(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The line of one event, with its line feed and a NUL. `time_us` is since 1970. Returns its bytes without the NUL. */
size_t log_line(enum log_format format, enum log_level level, uint64_t time_us, const char *message,
                char ret_line[LOG_LINE_BYTES]);

#endif
