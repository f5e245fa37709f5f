/* Subcommands: a table of them, each with its options as data (cmd/options.h), and how they speak: results on
 * standard output, refusals in one sentence on standard error or, with --json, as {error, detail} on standard output.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* What the shell gets back. */
enum { COMMAND_DONE = 0, COMMAND_REFUSED = 1, COMMAND_USAGE = 2 };

enum { COMMAND_OPTIONS_MAX = 20, COMMAND_ARGUMENTS_MAX = 4 };

struct option_spec {
    const char *name;  /* "title": --title */
    const char *value; /* what stands for its value in the help; NULL when it has none */
    const char *help;
    char letter; /* 'o': -o as well; 0 for none */
};

struct invocation;

struct command {
    const char *name;                  /* "ask", or two words: "key new" */
    const char *arguments;             /* as in the help: "MEMBER_DIR [QUESTION]" */
    const char *help;                  /* one line */
    const char *more;                  /* more to say in its own help; may be NULL */
    const struct option_spec *options; /* up to one without a name; may be NULL */
    uint32_t arguments_min;
    uint32_t arguments_max;
    bool json; /* it has --json */
    int (*run)(const struct invocation *invocation);
};

/* A command line, taken apart. The texts are those of argv. */
struct invocation {
    const struct command *command;
    bool json;
    bool help;
    uint32_t arguments_count;
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    const char *values[COMMAND_OPTIONS_MAX]; /* by the option's place in the table; NULL: not given */
};

/* Every subcommand; ends with one whose name is NULL. */
extern const struct command *const commands[];

/* The commands, one a file (cmd/<name>.c). */
extern const struct command command_demo;
extern const struct command command_quorum;
extern const struct command command_key_new;
extern const struct command command_key_next;
extern const struct command command_key_show;
extern const struct command command_testnet_new;
extern const struct command command_testnet_up;
extern const struct command command_start;
extern const struct command command_ask;
extern const struct command command_tell;
extern const struct command command_import;
extern const struct command command_export;
extern const struct command command_close;
extern const struct command command_retract;
extern const struct command command_reveal;
extern const struct command command_family;
extern const struct command command_members;
extern const struct command command_member_list;
extern const struct command command_member_propose;
extern const struct command command_member_learn;
extern const struct command command_show;
extern const struct command command_certificate;
extern const struct command command_verify;
extern const struct command command_status;
extern const struct command command_proof_list;
extern const struct command command_proof_save;
extern const struct command command_proof_verify;
extern const struct command command_log;
extern const struct command command_backup;
extern const struct command command_restore;
extern const struct command command_erase;
extern const struct command command_snapshot_save;
extern const struct command command_snapshot_verify;
extern const struct command command_snapshot_restore;
extern const struct command command_sim;
extern const struct command command_lab;
extern const struct command command_config_check;
extern const struct command command_config_show;
extern const struct command command_debug_bundle;
extern const struct command command_completion;

/* Says why nothing was done; `error` is the stable name (status_name), the sentence says what happened, to what, and
 * what to do next. Returns COMMAND_REFUSED. */
int command_refuse(const struct invocation *invocation, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As command_refuse for a command line that does not make sense; points to --help. Returns COMMAND_USAGE. */
int command_misuse(const struct invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
