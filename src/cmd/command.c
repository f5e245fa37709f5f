/* How commands say no (cmd/command.h). */
#include "cmd/command.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "cmd/screen.h"

enum { SENTENCE_BYTES = 4096 };

/* Sentences quote what users, files and members said; cleaned, they are UTF-8 and harmless to a terminal. */
static void say(const struct invocation *invocation, const char *error, char *sentence, const char *hint) {
    screen_clean(sentence);
    if (!invocation->json) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "credimus %s: %s%s\n", invocation->command->name, sentence, hint);
        return;
    }
    json_t *json = json_pack("{s:s, s:s}", "error", error, "detail", sentence);
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(json);
}

int command_refuse(const struct invocation *invocation, const char *error, const char *format, ...) {
    char sentence[SENTENCE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    say(invocation, error, sentence, "");
    return COMMAND_REFUSED;
}

int command_misuse(const struct invocation *invocation, const char *format, ...) {
    char sentence[SENTENCE_BYTES];
    char hint[128];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    (void)snprintf(hint, sizeof hint, " (see: credimus %s --help)", invocation->command->name);
    say(invocation, status_name(STATUS_USAGE), sentence, hint);
    return COMMAND_USAGE;
}
