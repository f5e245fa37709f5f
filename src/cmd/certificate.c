/* credimus certificate: fetches the certificate of a question into a file that anyone can verify offline. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "node/keys.h"

enum { OPTION_OUTPUT };

static const struct option_spec options[] = {
    {"output", "FILE", "where to write it; an older one is replaced", 'o'},
    {0},
};

/* Under another name first, so that the file is whole at any moment, and an old one stays when this fails. */
static int write_whole(const struct invocation *invocation, const char *path, struct slice bytes) {
    char temporary[CONFIG_PATH_BYTES];
    struct config_detail detail;
    if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof temporary) {
        return command_misuse(invocation, "the path of the output is too long");
    }
    enum status status = file_create(temporary, 0644, bytes, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    if (rename(temporary, path) == 0) return COMMAND_DONE;
    int error = errno;
    (void)unlink(temporary);
    return command_refuse(invocation, status_name(STATUS_IO), "%s cannot be replaced: %s", path, strerror(error));
}

static int fetch(const struct invocation *invocation, const char *question, const char *output) {
    char path[128];
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/certificates/%s", question);
    code = client_demand(client, path, slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        code = write_whole(invocation, output, slice_of(reply.text, reply.bytes));
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
