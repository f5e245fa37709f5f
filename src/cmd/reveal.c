/* credimus reveal: opens what a question of this member's hides, an ordinary question or a canary. The member finds it
 * again from its key, so there is nothing to remember and nothing to say wrong. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"
#include "cmd/screen.h"

enum { OPTION_ACK };

static const struct option_spec options[] = {
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

/* As the group has it now. */
static int print_opening(struct client *client, const char *question) {
    char path[64];
    char text[512];
    struct reply reply;
    (void)snprintf(path, sizeof path, "/v1/questions/%s", question);
    int code = client_demand(client, path, slice_of(NULL, 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    const char *canary = reply_text(reply.json, "canary", NULL);
    if (canary != NULL) {
        (void)printf(
            "revealed: a canary, the true answer is %s; who answered it has been scored (credimus members)\n",
            screen_cleaned(canary, text, sizeof text));
    } else {
        (void)printf("revealed: an ordinary question\n");
    }
    reply_free(&reply);
    return COMMAND_DONE;
}

static int post(const struct invocation *invocation, struct client *client, const char *question, const char *ack) {
    char path[96];
    struct reply reply;
    (void)snprintf(path, sizeof path, "/v1/questions/%s/reveal?ack=%s", question, ack);
    int code = client_demand(client, path, slice_of("", 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    bool is_known = evidence_ack_reached(reply_text(reply.json, "ack", "local"), "committed");
    code = evidence_print_accepted(invocation, &reply, ack);
    reply_free(&reply);
    if (code == COMMAND_DONE && is_known && !invocation->json) code = print_opening(client, question);
    return code;
}

static int run(const struct invocation *invocation) {
    char question[QUESTION_TEXT_BYTES];
    const char *ack;
    struct client *client;
    int code = question_parse(invocation, invocation->arguments[1], question);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "committed", &ack);
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code != COMMAND_DONE) return code;
    code = post(invocation, client, question, ack);
    client_close(client);
    return code;
}

const struct command command_reveal = {
    .name = "reveal",
    .arguments = "MEMBER_DIR QUESTION",
    .help = "Open what a question that this member asked hides: a canary, or nothing",
    .more = "Once the question has its verdict, and for a week; once. Who answered a canary is scored by it.\n"
            "In a family, reveal before the family closes: later the labels do not learn from it.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
