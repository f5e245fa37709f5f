/* credimus certificate: fetches the certificate of a question into a file that anyone can verify offline. */
#include <stdio.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"

enum { OPTION_OUTPUT };

static const struct option_spec options[] = {
    {"output", "FILE", "where to write it; an older one is replaced", 'o'},
    {0},
};

static int fetch(const struct invocation *invocation, const char *question, const char *output) {
    char path[128];
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/certificates/%s", question);
    code = client_demand(client, path, slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        code = output_write(invocation, output, slice_of(reply.text, reply.bytes));
        if (code == COMMAND_DONE && !invocation->json) {
            (void)printf("%s: %zu bytes; check it with: credimus verify %s --genesis %s/" GENESIS_FILE "\n", output,
                         reply.bytes, output, client_config(client)->directory);
        } else if (code == COMMAND_DONE) {
            (void)printf("{\"question\": \"%s\", \"bytes\": %zu}\n", question, reply.bytes);
        }
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

static int run(const struct invocation *invocation) {
    char question[QUESTION_TEXT_BYTES];
    const char *output = option_text(invocation, OPTION_OUTPUT, NULL);
    if (output == NULL) return command_misuse(invocation, "-o FILE is missing");
    int code = question_parse(invocation, invocation->arguments[1], question);
    return code == COMMAND_DONE ? fetch(invocation, question, output) : code;
}

const struct command command_certificate = {
    .name = "certificate",
    .arguments = "MEMBER_DIR QUESTION",
    .help = "Write the certificate of a question to a file",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
