/* credimus certificate: fetches the certificate of a question, or of a closed family, into a file that anyone can verify
 * offline. */
#include <stdio.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"

enum { OPTION_OUTPUT, OPTION_FAMILY };

static const struct option_spec options[] = {
    {"output", "FILE", "where to write it; an older one is replaced", 'o'},
    {"family", "NAME", "of this family's calibration instead of a question", 0},
    {0},
};

static void print_json(const struct invocation *invocation, const char *question, size_t bytes) {
    const char *family = option_text(invocation, OPTION_FAMILY, NULL);
    json_t *json = json_pack("{s:s, s:I}", question != NULL ? "question" : "family",
                             question != NULL ? question : family, "bytes", (json_int_t)bytes);
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
    json_decref(json);
}

/* `id` is a question's, or NULL for a family. */
static int fetch(const struct invocation *invocation, const char *path, const char *id, const char *output) {
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = client_demand(client, path, slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        code = output_write(invocation, output, slice_of(reply.text, reply.bytes));
        if (code == COMMAND_DONE && !invocation->json) {
            (void)printf("%s: %zu bytes; check it with: credimus verify %s --genesis %s/" GENESIS_FILE "\n", output,
                         reply.bytes, output, client_config(client)->directory);
        } else if (code == COMMAND_DONE) {
            print_json(invocation, id, reply.bytes);
        }
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

static int run(const struct invocation *invocation) {
    char question[QUESTION_TEXT_BYTES];
    char family[FAMILY_PATH_BYTES];
    char path[FAMILY_PATH_BYTES + 64];
    const char *output = option_text(invocation, OPTION_OUTPUT, NULL);
    const char *name = option_text(invocation, OPTION_FAMILY, NULL);
    int code = COMMAND_DONE;
    if (output == NULL) return command_misuse(invocation, "-o FILE is missing");
    if ((name != NULL) == (invocation->arguments_count > 1))
        return command_misuse(invocation, "give either a question or --family NAME");
    if (name != NULL) {
        code = family_parse(invocation, name, family);
    } else {
        code = question_parse(invocation, invocation->arguments[1], question);
    }
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/certificates/%s%s", name != NULL ? "families/" : "",
                   name != NULL ? family : question);
    return fetch(invocation, path, name != NULL ? NULL : question, output);
}

const struct command command_certificate = {
    .name = "certificate",
    .arguments = "MEMBER_DIR [QUESTION]",
    .help = "Write the certificate of a question, or of a family, to a file",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
