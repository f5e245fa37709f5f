/* Options: takes a command line apart by the table of its command, and writes the help from the same table. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "cmd/command.h"
#include "quorum/quorum.h"

enum { OPTIONS_ERROR_BYTES = 256 };

/* `arguments` are those after the command's own words. STATUS_USAGE: an unknown option, one without its value, one
 * given twice, too few or too many arguments; then `ret_error` says which, and of `ret_invocation` only the command
 * and `json` are meaningful. With --help nothing else is judged. */
enum status options_parse(const struct command *command, int count, char **arguments,
                          struct invocation *ret_invocation, char ret_error[OPTIONS_ERROR_BYTES]) MUST_USE;

/* The help of one command, and the list of all of them. */
void options_print_help(FILE *out, const struct command *command);
void options_print_commands(FILE *out);

/* The n-th option's value, or `otherwise` when it was not given. */
const char *option_text(const struct invocation *invocation, uint32_t option, const char *otherwise);
static inline bool option_given(const struct invocation *invocation, uint32_t option) {
    return invocation->values[option] != NULL;
}

/* A whole number within [low, high]: plain digits. STATUS_BAD_FORMAT, STATUS_BAD_VALUE. */
enum status options_number(const char *text, uint64_t low, uint64_t high, uint64_t *ret_number) MUST_USE;
/* The option as a number, or `otherwise`. COMMAND_DONE, or COMMAND_USAGE after saying what is wrong. */
int option_number(const struct invocation *invocation, uint32_t option, uint64_t low, uint64_t high,
                  uint64_t otherwise, uint64_t *ret_number);
/* The option as a threshold, or `otherwise`; as above. */
int option_threshold(const struct invocation *invocation, uint32_t option, struct threshold otherwise,
                     struct threshold *ret_threshold);
/* One of the words, which end with NULL; as above. `ret_word` gets the word of the list, or `otherwise`. */
int option_word(const struct invocation *invocation, uint32_t option, const char *const *words, const char *otherwise,
                const char **ret_word);

#endif
