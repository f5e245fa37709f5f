/* credimus retract: takes back what this member told, while the question is open. It stays in the log, as taken back. */
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
    (void)snprintf(path, sizeof path, "/v1/retract?ack=%s", ack);
    json_t *retract = json_object();
    evidence_set_text(retract, "question", question);
    evidence_set_text(retract, "observation", invocation->arguments[2]);
    code = evidence_post(client, path, retract, &reply);
    json_decref(retract);
    if (code == COMMAND_DONE) {
        code = evidence_print_accepted(invocation, &reply, ack);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

const struct command command_retract = {
    .name = "retract",
    .arguments = "MEMBER_DIR QUESTION OBSERVATION",
    .help = "Take back one piece of evidence that this member told",
    .more = "It counts no more, and can't be told again under this name. A question that is decided stays as it is.",
    .options = options,
    .arguments_min = 3,
    .arguments_max = 3,
    .json = true,
    .run = run,
};
