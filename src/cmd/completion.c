/* credimus completion: what a shell needs to complete command lines, written from the table of the subcommands, so that
 * it can't say anything else than they do. */
#include "cmd/options.h"

#include <string.h>

#include "cmd/command.h"

static bool has_two_words(const struct command *command) { return strchr(command->name, ' ') != NULL; }

/* The first word of a command's name, with its length. */
static int first_word(const struct command *command) { return (int)strcspn(command->name, " "); }

/* Whether an earlier row of the table begins with the same word. */
static bool is_repeated(const struct command *const *row) {
    for (const struct command *const *at = commands; at != row; at++) {
        if (first_word(*at) == first_word(*row) && strncmp((*at)->name, (*row)->name, (size_t)first_word(*row)) == 0)
            return true;
    }
    return false;
}

static bool begins_with(const struct command *command, const struct command *family) {
    int bytes = first_word(family);
    return first_word(command) == bytes && strncmp(command->name, family->name, (size_t)bytes) == 0;
}

/* "bash|zsh": arguments that are one of a few words are written so in the table. */
static bool is_choice(const char *arguments) {
    return strchr(arguments, '|') != NULL && strspn(arguments, "abcdefghijklmnopqrstuvwxyz|") == strlen(arguments);
}

static void put_choice(const char *arguments) {
    for (; *arguments != '\0'; arguments++) (void)putchar(*arguments == '|' ? ' ' : *arguments);
}

/* Inside of single quotes. */
static void put_quoted(const char *text, const char *escaped) {
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            (void)printf("'\\''");
            continue;
        }
        if (strchr(escaped, *text) != NULL) (void)putchar('\\');
        (void)putchar(*text);
    }
}

/* --- bash --- */

static void bash_first_words(void) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        if (!is_repeated(at)) (void)printf("%.*s ", first_word(*at), (*at)->name);
    }
    (void)printf("help --help --version");
}

static void bash_second_words(const struct command *family) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        if (begins_with(*at, family) && has_two_words(*at)) (void)printf("%s ", strchr((*at)->name, ' ') + 1);
    }
}

static void bash_families(void) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        if (!has_two_words(*at) || is_repeated(at)) continue;
        (void)printf("        %.*s) words='", first_word(*at), (*at)->name);
        bash_second_words(*at);
        (void)printf("' ;;\n");
    }
}

/* `valued`: only options that take a value. */
static void bash_options(const struct command *command, bool valued) {
    for (const struct option_spec *at = command->options; at != NULL && at->name != NULL; at++) {
        if (valued && at->value == NULL) continue;
        (void)printf("--%s ", at->name);
        if (at->letter != 0) (void)printf("-%c ", at->letter);
    }
    if (!valued) (void)printf("%s--help", command->json ? "--json " : "");
}

static void bash_commands(void) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        const char *arguments = (*at)->arguments;
        (void)printf(has_two_words(*at) ? "    '%s')\n" : "    '%s '*)\n", (*at)->name);
        (void)printf("        options='");
        bash_options(*at, false);
        (void)printf("' valued='");
        bash_options(*at, true);
        (void)printf("' words='");
        if (is_choice(arguments)) put_choice(arguments);
        (void)printf("' ;;\n");
    }
}

static void print_bash(void) {
    (void)printf("# bash completion for credimus, as `credimus completion bash` prints it.\n"
                 "_credimus() {\n"
                 "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
                 "    local first=${COMP_WORDS[1]} second=${COMP_WORDS[2]} options='' valued='' words=''\n"
                 "    COMPREPLY=()\n"
                 "    if ((COMP_CWORD == 1)); then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W '");
    bash_first_words();
    (void)printf("' -- \"$current\")\n"
                 "        return\n"
                 "    fi\n"
                 "    if ((COMP_CWORD == 2)); then\n"
                 "        case $first in\n");
    bash_families();
    (void)printf("        esac\n"
                 "        if [[ -n $words ]]; then\n"
                 "            mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                 "            return\n"
                 "        fi\n"
                 "    fi\n"
                 "    case \"$first $second\" in\n");
    bash_commands();
    (void)printf("    esac\n"
                 "    if [[ $current == -* && \" $valued \" != *\" $previous \"* ]]; then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
                 "    elif [[ -n $words ]]; then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                 "    else\n"
                 "        compopt -o filenames 2>/dev/null\n"
                 "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                 "    fi\n"
                 "}\n"
                 "complete -F _credimus credimus\n");
}

/* --- zsh --- */

static void zsh_first_words(void) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        if (is_repeated(at)) continue;
        (void)printf("            '%.*s:", first_word(*at), (*at)->name);
        if (has_two_words(*at)) {
            (void)printf("several commands");
        } else {
            put_quoted((*at)->help, ":\\");
        }
        (void)printf("'\n");
    }
}

static void zsh_families(void) {
    for (const struct command *const *family = commands; *family != NULL; family++) {
        if (!has_two_words(*family) || is_repeated(family)) continue;
        (void)printf("        %.*s)\n            list=(\n", first_word(*family), (*family)->name);
        for (const struct command *const *at = commands; *at != NULL; at++) {
            if (!begins_with(*at, *family) || !has_two_words(*at)) continue;
            (void)printf("                '%s:", strchr((*at)->name, ' ') + 1);
            put_quoted((*at)->help, ":\\");
            (void)printf("'\n");
        }
        (void)printf("            )\n"
                     "            _describe command list\n"
                     "            return\n"
                     "            ;;\n");
    }
}

static void zsh_option(const struct option_spec *option) {
    if (option->letter != 0) {
        (void)printf(" \\\n            '(-%c --%s)'{-%c,--%s%s}'[", option->letter, option->name, option->letter,
                     option->name, option->value != NULL ? "=" : "");
    } else {
        (void)printf(" \\\n            '--%s%s[", option->name, option->value != NULL ? "=" : "");
    }
    put_quoted(option->help, "[]\\");
    (void)printf("]");
    if (option->value != NULL) {
        (void)printf(":");
        put_quoted(option->value, ":\\");
        (void)printf(":_files");
    }
    (void)printf("'");
}

static void zsh_arguments(const char *arguments) {
    if (*arguments == '\0') return;
    if (!is_choice(arguments)) {
        (void)printf(" \\\n            '*: :_files'");
        return;
    }
    (void)printf(" \\\n            '1: :(");
    put_choice(arguments);
    (void)printf(")'");
}

static void zsh_commands(void) {
    for (const struct command *const *at = commands; *at != NULL; at++) {
        (void)printf(has_two_words(*at) ? "    '%s')\n        shift 2 words\n        ((CURRENT -= 2))\n"
                                        : "    '%s '*)\n        shift words\n        ((CURRENT--))\n",
                     (*at)->name);
        (void)printf("        _arguments -s");
        for (const struct option_spec *option = (*at)->options; option != NULL && option->name != NULL; option++)
            zsh_option(option);
        if ((*at)->json) (void)printf(" \\\n            '--json[results and refusals as JSON]'");
        (void)printf(" \\\n            '(-h --help)'{-h,--help}'[help of this command]'");
        zsh_arguments((*at)->arguments);
        (void)printf("\n        ;;\n");
    }
}

static void print_zsh(void) {
    (void)printf("#compdef credimus\n"
                 "# zsh completion for credimus, as `credimus completion zsh` prints it.\n"
                 "_credimus() {\n"
                 "    local -a list\n"
                 "    if ((CURRENT == 2)); then\n"
                 "        list=(\n");
    zsh_first_words();
    (void)printf("            'help:help of a command'\n"
                 "        )\n"
                 "        _describe command list\n"
                 "        return\n"
                 "    fi\n"
                 "    if ((CURRENT == 3)); then\n"
                 "        case $words[2] in\n");
    zsh_families();
    (void)printf("        esac\n"
                 "    fi\n"
                 "    case \"$words[2] $words[3]\" in\n");
    zsh_commands();
    (void)printf("    esac\n"
                 "}\n"
                 "if [[ $funcstack[1] == _credimus ]]; then\n"
                 "    _credimus \"$@\"\n"
                 "else\n"
                 "    compdef _credimus credimus\n"
                 "fi\n");
}

static int run(const struct invocation *invocation) {
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, invocation->arguments[0]) != 0) continue;
        shells[i].print();
        return COMMAND_DONE;
    }
    return command_misuse(invocation, "\"%s\" is no shell that is known here: bash or zsh", invocation->arguments[0]);
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh",
    .help = "Print what a shell needs to complete credimus command lines",
    .more = "For this session: source <(credimus completion bash). A package installs it for all.",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
