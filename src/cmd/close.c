/* credimus close: ends a question of this member's, decided or not. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"

enum { OPTION_ACK };

static const struct option_spec options[] = {
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

static int run(const struct invocation *invocation) {
    char question[QUESTION_TEXT_BYTES];
    char path[64];
    const char *ack;
    struct client *client;
    struct reply reply;
    int code = question_parse(invocation, invocation->arguments[1], question);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "committed", &ack);
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/close?ack=%s", ack);
    json_t *close = json_object();
    evidence_set_text(close, "question", question);
    code = evidence_post(client, path, close, &reply);
    json_decref(close);
    if (code == COMMAND_DONE) {
        code = evidence_print_accepted(invocation, &reply, ack);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

const struct command command_close = {
    .name = "close",
    .arguments = "MEMBER_DIR QUESTION",
    .help = "End a question that this member asked, decided or not",
    .more = "What it hides can be revealed then (credimus reveal). A whole family: credimus family NAME --close.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
