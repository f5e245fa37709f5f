/* credimus tell: one piece of evidence, as a log-likelihood ratio, log-likelihoods, or a probability. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"

enum {
    OPTION_OBSERVATION,
    OPTION_LLR,
    OPTION_LOGLIK,
    OPTION_PROBABILITY,
    OPTION_CONTENT,
    OPTION_OBSERVED_AT,
    OPTION_ACK,
};

static const struct option_spec options[] = {
    {"observation", "ID", "what was observed, in the member's own words; told once", 0},
    {"llr", "NATS", "two hypotheses: log of how much likelier the first makes it", 0},
    {"loglik", "X,Y,...", "log-likelihoods in nats, one a hypothesis; only differences count", 0},
    {"probability", "P", "two hypotheses: of the first, from even odds; 0 and 1 excluded", 0},
    {"content", "FILE", "what backs it up, at most 64 KiB; its hash stays for ever", 0},
    {"observed-at", "TIME", "like 2026-01-02T03:04:05Z", 0},
    {"ack", "HOW", "answer when it is local (default), available, committed or final", 0},
    {0},
};

static json_t *tell_of(const struct invocation *invocation, const char *question) {
    json_t *tell = json_object();
    evidence_set_text(tell, "question", question);
    evidence_set_text(tell, "observation", option_text(invocation, OPTION_OBSERVATION, NULL));
    evidence_set_text(tell, "llr", option_text(invocation, OPTION_LLR, NULL));
    evidence_set_text(tell, "probability", option_text(invocation, OPTION_PROBABILITY, NULL));
    evidence_set_text(tell, "observed_at", option_text(invocation, OPTION_OBSERVED_AT, NULL));
    json_t *loglik = evidence_list(option_text(invocation, OPTION_LOGLIK, NULL), ',');
    if (loglik != NULL) (void)json_object_set_new(tell, "loglik", loglik);
    return tell;
}

static int post(const struct invocation *invocation, const json_t *tell, const char *ack) {
    char path[64];
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/evidence?ack=%s", ack);
    code = evidence_post(client, path, tell, &reply);
    if (code == COMMAND_DONE) {
        code = evidence_print_accepted(invocation, &reply, ack);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

/* Exactly one of the three ways to say how strong it is. */
static int judge(const struct invocation *invocation) {
    int ways = option_given(invocation, OPTION_LLR) + option_given(invocation, OPTION_LOGLIK) +
               option_given(invocation, OPTION_PROBABILITY);
    if (!option_given(invocation, OPTION_OBSERVATION)) return command_misuse(invocation, "--observation is missing");
    if (ways != 1) return command_misuse(invocation, "give one of --llr, --loglik and --probability");
    return COMMAND_DONE;
}

static int run(const struct invocation *invocation) {
    char question[QUESTION_TEXT_BYTES];
    const char *ack;
    struct config_detail detail;
    int code = judge(invocation);
    if (code == COMMAND_DONE) code = question_parse(invocation, invocation->arguments[1], question);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "local", &ack);
    if (code != COMMAND_DONE) return code;
    json_t *tell = tell_of(invocation, question);
    const char *content = option_text(invocation, OPTION_CONTENT, NULL);
    enum status status = content != NULL ? evidence_set_content(tell, content, &detail) : STATUS_OK;
    if (status == STATUS_OK) {
        code = post(invocation, tell, ack);
    } else {
        code = command_refuse(invocation, status_name(status), "%s", detail.text);
    }
    json_decref(tell);
    return code;
}

const struct command command_tell = {
    .name = "tell",
    .arguments = "MEMBER_DIR QUESTION",
    .help = "Tell one piece of evidence about a question",
    .more = "Numbers are read exactly: nothing finer than 1e-9 nat, nothing beyond 50 nats.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
