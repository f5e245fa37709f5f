/* Options (cmd/options.h): getopt_long does the scanning, so that values, abbreviations and `--` work as everywhere
 * else. Every command has --help, those that machines read --json; the rest is the command's table. */
#include "cmd/options.h"

#include <getopt.h>
#include <string.h>

#include "base/check.h"

enum { VALUE_HELP = COMMAND_OPTIONS_MAX, VALUE_JSON, LONG_OPTIONS_MAX = COMMAND_OPTIONS_MAX + 3, HELP_COLUMN = 26 };

/* What stands in `values` for an option without a value. */
static const char flag_given[] = "";

static uint32_t options_count(const struct command *command) {
    uint32_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL) count++;
    CHECK(count <= COMMAND_OPTIONS_MAX);
    return count;
}

/* The table as getopt_long wants it. `ret_letters` begins with ':' so that a missing value can be told from an
 * unknown option. */
static void options_to_getopt(const struct command *command, struct option ret_long[LONG_OPTIONS_MAX],
                              char ret_letters[2 * COMMAND_OPTIONS_MAX + 4]) {
    uint32_t count = options_count(command);
    size_t letters = 0;
    uint32_t at = 0;
    memset(ret_long, 0, LONG_OPTIONS_MAX * sizeof *ret_long);
    ret_letters[letters++] = ':';
    ret_letters[letters++] = 'h';
    for (; at < count; at++) {
        const struct option_spec *spec = &command->options[at];
        int has_value = spec->value != NULL ? required_argument : no_argument;
        ret_long[at] = (struct option){spec->name, has_value, NULL, (int)at};
        if (spec->letter == 0) continue;
        ret_letters[letters++] = spec->letter;
        if (has_value == required_argument) ret_letters[letters++] = ':';
    }
    ret_letters[letters] = '\0';
    ret_long[at++] = (struct option){"help", no_argument, NULL, VALUE_HELP};
    if (command->json) ret_long[at] = (struct option){"json", no_argument, NULL, VALUE_JSON};
}

/* The option's place in the table, by what getopt_long returned: that place, or a letter. */
static int option_index(const struct command *command, int found) {
    if (found == 'h') return VALUE_HELP;
    if (found <= VALUE_JSON) return found;
    for (uint32_t i = 0; i < options_count(command); i++) {
        if (command->options[i].letter == found) return (int)i;
    }
    return -1;
}

static enum status take_option(struct invocation *invocation, int index, char ret_error[OPTIONS_ERROR_BYTES]) {
    if (index == VALUE_HELP) invocation->help = true;
    if (index == VALUE_JSON) invocation->json = true;
    if (index >= VALUE_HELP) return STATUS_OK;
    if (invocation->values[index] != NULL) {
        (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "--%s is given twice",
                       invocation->command->options[index].name);
        return STATUS_USAGE;
    }
    invocation->values[index] = optarg != NULL ? optarg : flag_given;
    return STATUS_OK;
}

static enum status take_options(struct invocation *invocation, int count, char **arguments,
                                char ret_error[OPTIONS_ERROR_BYTES]) {
    struct option long_options[LONG_OPTIONS_MAX];
    char letters[2 * COMMAND_OPTIONS_MAX + 4];
    options_to_getopt(invocation->command, long_options, letters);
    optind = 0;
    opterr = 0;
    for (;;) {
        int found = getopt_long(count, arguments, letters, long_options, NULL);
        if (found == -1) return STATUS_OK;
        if (found == '?') {
            (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "unknown option %s", arguments[optind - 1]);
            return STATUS_USAGE;
        }
        if (found == ':') {
            (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "%s needs a value", arguments[optind - 1]);
            return STATUS_USAGE;
        }
        TRY(take_option(invocation, option_index(invocation->command, found), ret_error));
    }
}

static enum status take_arguments(struct invocation *invocation, int count, char **arguments,
                                  char ret_error[OPTIONS_ERROR_BYTES]) {
    const struct command *command = invocation->command;
    if (count < (int)command->arguments_min) {
        (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "something is missing, it wants: %s", command->arguments);
        return STATUS_USAGE;
    }
    if (count > (int)command->arguments_max) {
        (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "\"%s\" is one argument too many",
                       arguments[command->arguments_max]);
        return STATUS_USAGE;
    }
    invocation->arguments_count = (uint32_t)count;
    for (int i = 0; i < count; i++) invocation->arguments[i] = arguments[i];
    return STATUS_OK;
}

enum status options_parse(const struct command *command, int count, char **arguments,
                          struct invocation *ret_invocation, char ret_error[OPTIONS_ERROR_BYTES]) {
    /* getopt_long passes over the first argument, which is the name of the program for it. */
    char name[] = "credimus";
    char *all[2 * COMMAND_OPTIONS_MAX + COMMAND_ARGUMENTS_MAX + 8] = {name};
    *ret_invocation = (struct invocation){.command = command};
    if (count >= (int)(sizeof all / sizeof *all) - 1) {
        (void)snprintf(ret_error, OPTIONS_ERROR_BYTES, "too many arguments");
        return STATUS_USAGE;
    }
    for (int i = 0; i < count; i++) all[i + 1] = arguments[i];
    enum status status = take_options(ret_invocation, count + 1, all, ret_error);
    if (ret_invocation->help) return STATUS_OK;
    if (status != STATUS_OK) return status;
    return take_arguments(ret_invocation, count + 1 - optind, all + optind, ret_error);
}

static void print_option(FILE *out, const char *name, const char *value, char letter, const char *help) {
    char left[64];
    char short_form[8] = "";
    if (letter != 0) (void)snprintf(short_form, sizeof short_form, "-%c, ", letter);
    (void)snprintf(left, sizeof left, "%s--%s%s%s", short_form, name, value != NULL ? " " : "",
                   value != NULL ? value : "");
    (void)fprintf(out, "  %-*s %s\n", HELP_COLUMN, left, help);
}

void options_print_help(FILE *out, const struct command *command) {
    uint32_t count = options_count(command);
    (void)fprintf(out, "usage: credimus %s%s%s%s\n\n%s.\n", command->name, *command->arguments != '\0' ? " " : "",
                  command->arguments, count > 0 || command->json ? " [options]" : "", command->help);
    if (command->more != NULL) (void)fprintf(out, "%s\n", command->more);
    (void)fprintf(out, "\noptions:\n");
    for (uint32_t i = 0; i < count; i++) {
        const struct option_spec *spec = &command->options[i];
        print_option(out, spec->name, spec->value, spec->letter, spec->help);
    }
    if (command->json) print_option(out, "json", NULL, 0, "results and refusals as JSON on standard output");
    print_option(out, "help", NULL, 'h', "this text");
    (void)fprintf(out, "\nexit status: 0 done, 1 refused or false, 2 not called like this\n");
}

void options_print_commands(FILE *out) {
    (void)fprintf(out, "usage: credimus COMMAND [arguments] [options]\n\n"
                       "Shared beliefs from signed evidence that liars cannot move far, and how many liars it would "
                       "take.\n\ncommands:\n");
    for (const struct command *const *at = commands; *at != NULL; at++) {
        (void)fprintf(out, "  %-14s %s\n", (*at)->name, (*at)->help);
    }
    (void)fprintf(out, "\n`credimus COMMAND --help` tells more of each.\n");
}

const char *option_text(const struct invocation *invocation, uint32_t option, const char *otherwise) {
    return invocation->values[option] != NULL ? invocation->values[option] : otherwise;
}

enum status options_number(const char *text, uint64_t low, uint64_t high, uint64_t *ret_number) {
    uint64_t number = 0;
    if (*text == '\0' || (text[0] == '0' && text[1] != '\0')) return STATUS_BAD_FORMAT;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return STATUS_BAD_FORMAT;
        if (__builtin_mul_overflow(number, UINT64_C(10), &number)) return STATUS_BAD_VALUE;
        if (__builtin_add_overflow(number, (uint64_t)(*text - '0'), &number)) return STATUS_BAD_VALUE;
    }
    if (number < low || number > high) return STATUS_BAD_VALUE;
    *ret_number = number;
    return STATUS_OK;
}

int option_number(const struct invocation *invocation, uint32_t option, uint64_t low, uint64_t high,
                  uint64_t otherwise, uint64_t *ret_number) {
    const char *text = option_text(invocation, option, NULL);
    *ret_number = otherwise;
    if (text == NULL || options_number(text, low, high, ret_number) == STATUS_OK) return COMMAND_DONE;
    return command_misuse(invocation, "--%s must be a whole number from %llu to %llu, not \"%s\"",
                          invocation->command->options[option].name, (unsigned long long)low,
                          (unsigned long long)high, text);
}

int option_threshold(const struct invocation *invocation, uint32_t option, struct threshold otherwise,
                     struct threshold *ret_threshold) {
    const char *text = option_text(invocation, option, NULL);
    *ret_threshold = otherwise;
    if (text == NULL || threshold_parse(slice_of_text(text), ret_threshold) == STATUS_OK) return COMMAND_DONE;
    return command_misuse(invocation, "--%s must be a fraction above 2/3 and at most 1, like 3/4, not \"%s\"",
                          invocation->command->options[option].name, text);
}

int option_word(const struct invocation *invocation, uint32_t option, const char *const *words, const char *otherwise,
                const char **ret_word) {
    char list[128] = "";
    const char *text = option_text(invocation, option, otherwise);
    *ret_word = NULL;
    if (text == NULL) return COMMAND_DONE;
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) *ret_word = words[i];
        (void)strncat(list, i > 0 ? ", " : "", sizeof list - strlen(list) - 1);
        (void)strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    if (*ret_word != NULL) return COMMAND_DONE;
    return command_misuse(invocation, "--%s must be one of %s, not \"%s\"", invocation->command->options[option].name,
                          list, text);
}
