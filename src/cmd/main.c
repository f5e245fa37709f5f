/* credimus: one binary, a table of subcommands. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/options.h"

/* How many of the arguments are the name of the command: 1, 2, or 0 when they are another. */
static int words_matched(const struct command *command, int count, char **arguments) {
    const char *space = strchr(command->name, ' ');
    if (space == NULL) return count >= 1 && strcmp(command->name, arguments[0]) == 0 ? 1 : 0;
    size_t first = (size_t)(space - command->name);
    if (count < 2 || strlen(arguments[0]) != first || strncmp(command->name, arguments[0], first) != 0) return 0;
    return strcmp(space + 1, arguments[1]) == 0 ? 2 : 0;
}

static bool is_help(const char *word) {
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "key" alone is no command, but there are commands that begin with it. */
static bool print_family(FILE *out, const char *word) {
    bool found = false;
    size_t bytes = strlen(word);
    for (const struct command *const *at = commands; *at != NULL; at++) {
        if (strncmp((*at)->name, word, bytes) != 0 || (*at)->name[bytes] != ' ') continue;
        (void)fprintf(out, "%s credimus %s %s\n", found ? "      " : "usage:", (*at)->name, (*at)->arguments);
        found = true;
    }
    return found;
}

static int run(const struct command *command, int count, char **arguments) {
    struct invocation invocation;
    char error[OPTIONS_ERROR_BYTES];
    if (options_parse(command, count, arguments, &invocation, error) != STATUS_OK) {
        return command_misuse(&invocation, "%s", error);
    }
    if (invocation.help) {
        options_print_help(stdout, command);
        return COMMAND_DONE;
    }
    return command->run(&invocation);
}

static int help(int count, char **arguments) {
    for (const struct command *const *at = commands; count > 0 && *at != NULL; at++) {
        if (words_matched(*at, count, arguments) != count) continue;
        options_print_help(stdout, *at);
        return COMMAND_DONE;
    }
    if (count > 0 && print_family(stdout, arguments[0])) return COMMAND_DONE;
    options_print_commands(count > 0 ? stderr : stdout);
    return count > 0 ? COMMAND_USAGE : COMMAND_DONE;
}

static int dispatch(int count, char **arguments) {
    if (count == 0) {
        options_print_commands(stderr);
        return COMMAND_USAGE;
    }
    if (is_help(arguments[0])) return help(count - 1, arguments + 1);
    if (strcmp(arguments[0], "--version") == 0) {
        (void)printf("credimus %s\n", CREDIMUS_VERSION);
        return COMMAND_DONE;
    }
    for (const struct command *const *at = commands; *at != NULL; at++) {
        int words = words_matched(*at, count, arguments);
        if (words > 0) return run(*at, count - words, arguments + words);
    }
    bool asked = count == 2 && is_help(arguments[1]);
    if (print_family(asked ? stdout : stderr, arguments[0])) return asked ? COMMAND_DONE : COMMAND_USAGE;
    (void)fprintf(stderr, "credimus: unknown command \"%s\"; `credimus help` lists them\n", arguments[0]);
    return COMMAND_USAGE;
}

int main(int count, char **arguments) {
    /* A peer or a pipe that goes away is an error of that write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    int status = dispatch(count - 1, arguments + 1);
    /* What did not reach the reader was not said. */
    if (fflush(stdout) != 0 && status == COMMAND_DONE) status = COMMAND_REFUSED;
    return status;
}
