/* Writes the manual pages of section 1, mdoc(7), from the table of the subcommands: credimus.1 around its list, and a
 * page for each of them. What a table can't know, examples above all, stands in packaging/man: NAME.in is put into the
 * page of that name.
 *
 * usage: credimus-manual SOURCES FOLDER      a relative FOLDER is one of the installation (Meson's DESTDIR and prefix)
 *
 * A program of the build, not installed. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/command.h"

enum { PATH_BYTES = 4096, NAME_BYTES = 128, LINE_BYTES = 4096, LINE_COLUMNS = 66 };

/* Of the words in the pages, not of the build: the same sources make the same pages. */
#define MANUAL_DATE "November 22, 2026"

static _Noreturn void fail(const char *what, const char *path) {
    (void)fprintf(stderr, "credimus-manual: %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

/* "key new" is credimus-key-new. */
static void page_name(const struct command *command, char ret_name[NAME_BYTES]) {
    (void)snprintf(ret_name, NAME_BYTES, "credimus-%s", command->name);
    for (char *at = ret_name; *at != '\0'; at++) {
        if (*at == ' ') *at = '-';
    }
}

/* --- roff --- */

/* One character of a text. Backquotes come in pairs. */
static void put_character(FILE *out, char character, bool *is_quoted) {
    switch (character) {
    case '\\': (void)fputs("\\e", out); return;
    case '-': (void)fputs("\\-", out); return;
    case '`':
        (void)fputs(*is_quoted ? "\\(cq" : "\\(oq", out);
        *is_quoted = !*is_quoted;
        return;
    default: (void)fputc(character, out);
    }
}

/* Between words a hyphen is a hyphen; elsewhere it is part of what one types. */
static bool is_hyphen(const char *text, const char *at) {
    return *at == '-' && at > text && isalpha((unsigned char)at[-1]) && isalpha((unsigned char)at[1]);
}

static bool ends_sentence(const char *text, const char *at) {
    bool is_end = *at == ' ' && at > text && strchr(".!?", at[-1]) != NULL;
    return is_end && (isupper((unsigned char)at[1]) || at[1] == '`');
}

/* Each sentence begins a line, as mdoc(7) has it, and no line is longer than a screen is wide. */
static bool ends_line(const char *text, const char *at, size_t column) {
    if (*at == '\n' || ends_sentence(text, at)) return true;
    return *at == ' ' && column + strcspn(at + 1, " \n") > LINE_COLUMNS;
}

static void put_text(FILE *out, const char *text) {
    bool is_quoted = false;
    size_t column = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (ends_line(text, at, column)) {
            (void)fputc('\n', out);
            column = 0;
            continue;
        }
        if (column++ == 0 && (*at == '.' || *at == '\'')) (void)fputs("\\&", out);
        if (is_hyphen(text, at)) {
            (void)fputc('-', out);
        } else {
            put_character(out, *at, &is_quoted);
        }
    }
}

/* Behind a macro, words that look like another one are none. */
static void put_words(FILE *out, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        bool begins = at == text || at[-1] == ' ';
        size_t letters = strcspn(at, " ");
        if (begins && letters <= 3 && isupper((unsigned char)*at)) (void)fputs("\\&", out);
        if (*at == '"') {
            (void)fputs("\\(dq", out);
        } else if (*at == '\\') {
            (void)fputs("\\e", out);
        } else {
            (void)fputc(begins && at == text ? tolower((unsigned char)*at) : *at, out);
        }
    }
}

/* --- a page --- */

static void put_option_line(FILE *out, const char *macro, const struct option_spec *option) {
    (void)fprintf(out, "%s", macro);
    if (option->letter != 0) {
        (void)fprintf(out, " Fl %c", option->letter);
        if (option->value != NULL) (void)fprintf(out, " Ar %s", option->value);
        (void)fprintf(out, " ,");
    }
    (void)fprintf(out, " Fl \\-%s", option->name);
    if (option->value != NULL) (void)fprintf(out, " Ar %s", option->value);
    (void)fputc('\n', out);
}

/* In a synopsis the letter says the same once more. */
static void put_option_of_synopsis(FILE *out, const struct option_spec *option) {
    struct option_spec plain = *option;
    plain.letter = 0;
    put_option_line(out, ".Op", &plain);
}

/* One word of the arguments, between brackets that may be open over several. */
static void put_argument(FILE *out, char *word) {
    size_t closing = 0;
    for (; *word == '['; word++) (void)fprintf(out, ".Oo\n");
    size_t bytes = strlen(word);
    for (; bytes > closing && word[bytes - closing - 1] == ']'; closing++) {
    }
    word[bytes - closing] = '\0';
    if (strncmp(word, "--", 2) == 0) {
        (void)fprintf(out, ".Fl \\-%s\n", word + 2);
    } else {
        (void)fprintf(out, ".Ar %s\n", word);
    }
    for (; closing > 0; closing--) (void)fprintf(out, ".Oc\n");
}

/* "MEMBER_DIR [QUESTION]", "FILE --genesis FILE", "A [B [C]]" */
static void put_arguments(FILE *out, const char *arguments) {
    char copy[LINE_BYTES];
    char *rest = copy;
    (void)snprintf(copy, sizeof copy, "%s", arguments);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (*word != '\0') put_argument(out, word);
    }
}

static void put_synopsis(FILE *out, const struct command *command) {
    (void)fprintf(out, ".Sh SYNOPSIS\n.Nm credimus\n.Cm %s\n", command->name);
    for (const struct option_spec *at = command->options; at != NULL && at->name != NULL; at++) {
        char required[NAME_BYTES];
        (void)snprintf(required, sizeof required, "--%s ", at->name);
        if (strstr(command->arguments, required) == NULL) put_option_of_synopsis(out, at);
    }
    if (command->json) (void)fprintf(out, ".Op Fl \\-json\n");
    put_arguments(out, command->arguments);
}

static void put_options(FILE *out, const struct command *command) {
    static const struct option_spec json = {"json", NULL, "results and refusals as JSON on standard output", 0};
    static const struct option_spec help = {"help", NULL, "a short form of this page", 'h'};
    (void)fprintf(out, ".Pp\nThe options are as follows:\n.Bl -tag -width Ds\n");
    for (const struct option_spec *at = command->options; at != NULL && at->name != NULL; at++) {
        put_option_line(out, ".It", at);
        put_text(out, at->help);
        (void)fputc('\n', out);
    }
    if (command->json) {
        put_option_line(out, ".It", &json);
        put_text(out, json.help);
        (void)fputc('\n', out);
    }
    put_option_line(out, ".It", &help);
    (void)fprintf(out, "%s\n.El\n", help.help);
}

/* What a page has beside the table: examples, or all that comes before them. */
static void put_fragment(FILE *out, const char *sources, const char *name, bool examples) {
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    bool is_examples = false;
    (void)snprintf(path, sizeof path, "%s/%s.in", sources, name);
    FILE *in = fopen(path, "r");
    if (in == NULL && errno != ENOENT) fail("cannot read", path);
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        is_examples |= strcmp(line, ".Sh EXAMPLES\n") == 0;
        if (is_examples == examples) (void)fputs(line, out);
    }
    if (in != NULL) (void)fclose(in);
}

static FILE *open_page(const char *folder, const char *name) {
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s.1", folder, name);
    FILE *out = fopen(path, "w");
    if (out == NULL) fail("cannot write", path);
    (void)fprintf(out, ".Dd %s\n.Dt ", MANUAL_DATE);
    for (const char *at = name; *at != '\0'; at++) (void)fputc(toupper((unsigned char)*at), out);
    (void)fprintf(out, " 1\n.Os\n.Sh NAME\n.Nm %s\n", name);
    return out;
}

static void close_page(FILE *out, const char *name) {
    if (ferror(out) != 0 || fclose(out) != 0) fail("cannot write", name);
}

static void write_command(const char *sources, const char *folder, const struct command *command) {
    char name[NAME_BYTES];
    page_name(command, name);
    FILE *out = open_page(folder, name);
    (void)fprintf(out, ".Nd ");
    put_words(out, command->help);
    (void)fputc('\n', out);
    put_synopsis(out, command);
    (void)fprintf(out, ".Sh DESCRIPTION\n");
    put_text(out, command->help);
    (void)fprintf(out, ".\n");
    if (command->more != NULL) {
        put_text(out, command->more);
        (void)fputc('\n', out);
    }
    put_options(out, command);
    put_fragment(out, sources, name, false);
    (void)fprintf(out, ".Sh EXIT STATUS\n0 done, 1 refused or false, 2 not called like this");
    (void)fprintf(out, strstr(command->more != NULL ? command->more : "", "xit status") != NULL ? "; more above.\n"
                                                                                                : ".\n");
    put_fragment(out, sources, name, true);
    (void)fprintf(out, ".Sh SEE ALSO\n.Xr credimus 1 ,\n.Xr credimus 5\n");
    close_page(out, name);
}

/* --- credimus.1 --- */

static void put_commands(FILE *out) {
    (void)fprintf(out, ".Bl -tag -width Ds\n");
    for (const struct command *const *at = commands; *at != NULL; at++) {
        char name[NAME_BYTES];
        page_name(*at, name);
        (void)fprintf(out, ".It Xr %s 1\n", name);
        put_text(out, (*at)->help);
        (void)fprintf(out, ".\n");
    }
    (void)fprintf(out, ".El\n");
}

static void write_main(const char *sources, const char *folder) {
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/credimus.in", sources);
    FILE *in = fopen(path, "r");
    if (in == NULL) fail("cannot read", path);
    FILE *out = open_page(folder, "credimus");
    while (fgets(line, sizeof line, in) != NULL) {
        if (strcmp(line, "@COMMANDS@\n") == 0) {
            put_commands(out);
        } else {
            (void)fputs(line, out);
        }
    }
    (void)fclose(in);
    close_page(out, "credimus");
}

/* --- where to --- */

static void make_folders(char *path) {
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST) fail("cannot make", path);
        *at = '/';
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST) fail("cannot make", path);
}

int main(int count, char **arguments) {
    char folder[PATH_BYTES];
    const char *prefix = getenv("MESON_INSTALL_DESTDIR_PREFIX");
    if (count != 3) {
        (void)fprintf(stderr, "usage: credimus-manual SOURCES FOLDER\n");
        return 2;
    }
    bool is_installed = prefix != NULL && arguments[2][0] != '/';
    (void)snprintf(folder, sizeof folder, "%s%s%s", is_installed ? prefix : "", is_installed ? "/" : "",
                   arguments[2]);
    make_folders(folder);
    write_main(arguments[1], folder);
    for (const struct command *const *at = commands; *at != NULL; at++) write_command(arguments[1], folder, *at);
    return 0;
}
