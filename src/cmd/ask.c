/* credimus ask: puts a question before the group. Its id is a function of its content. */
#include <stdio.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"

enum {
    OPTION_TITLE,
    OPTION_HYPOTHESES,
    OPTION_PRIOR,
    OPTION_MODE,
    OPTION_CAP,
    OPTION_RHO,
    OPTION_DECIDE_AT,
    OPTION_MIN_MARGIN,
    OPTION_WINDOW,
    OPTION_DEADLINE,
    OPTION_CANARY,
    OPTION_FAMILY,
    OPTION_ACK,
};

static const struct option_spec options[] = {
    {"title", "TEXT", "what is asked", 0},
    {"hypotheses", "A,B,...", "2 to 64 answers, exactly one of which is true", 0},
    {"prior", "P,...", "their probabilities before any evidence (default: all the same)", 0},
    {"mode", "panel|pool", "panel: members judge the same observations; pool: each has its own", 0},
    {"cap", "NATS", "how far from the group one member's word counts (default 2)", 0},
    {"rho", "SHARE", "pool: how much of the members' evidence is the same, 0 to 1 (default 0)", 0},
    {"decide-at", "NATS", "the lead that decides", 0},
    {"min-margin", "M", "liars that a decision must bear (default: more than a third)", 0},
    {"window", "SECONDS", "panel: how long an observation stays open", 0},
    {"deadline", "SECONDS", "when the question is closed, decided or not (default: never)", 0},
    {"canary", "HYPOTHESIS", "you know this one is true; kept secret until `credimus reveal`", 0},
    {"family", "NAME", "one of many alike; when the family closes, members' skill is learnt from it", 0},
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

static json_t *question_of(const struct invocation *invocation) {
    static const struct {
        uint32_t option;
        const char *name;
    } texts[] = {
        {OPTION_TITLE, "title"},   {OPTION_MODE, "mode"},           {OPTION_CAP, "cap"},
        {OPTION_RHO, "rho"},       {OPTION_DECIDE_AT, "decide_at"}, {OPTION_MIN_MARGIN, "min_margin"},
        {OPTION_WINDOW, "window"}, {OPTION_DEADLINE, "deadline"},   {OPTION_CANARY, "canary"},
        {OPTION_FAMILY, "family"},
    };
    json_t *question = json_object();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        evidence_set_text(question, texts[i].name, option_text(invocation, texts[i].option, NULL));
    }
    json_t *hypotheses = evidence_list(option_text(invocation, OPTION_HYPOTHESES, NULL), ',');
    json_t *prior = evidence_list(option_text(invocation, OPTION_PRIOR, NULL), ',');
    CHECK(json_object_set_new(question, "hypotheses", hypotheses) == 0);
    if (prior != NULL) CHECK(json_object_set_new(question, "prior", prior) == 0);
    return question;
}

/* The id alone on standard output, so that a script can take it; anything else goes to standard error. */
static int print_asked(const struct invocation *invocation, const struct reply *reply, const char *ack) {
    const char *reached = reply_text(reply->json, "ack", "local");
    bool enough = evidence_ack_reached(reached, ack);
    if (invocation->json) {
        (void)json_dumpf(reply->json, stdout, 0);
        (void)putchar('\n');
    } else {
        (void)printf("%s\n", reply_text(reply->json, "question", "?"));
        if (json_is_true(json_object_get(reply->json, "exists"))) {
            (void)fprintf(stderr, "credimus ask: this very question was asked before; nothing changed\n");
        }
        if (!enough) (void)fprintf(stderr, "credimus ask: it is not %s yet, but it is kept and on its way\n", ack);
    }
    return enough ? COMMAND_DONE : COMMAND_REFUSED;
}

static int post(const struct invocation *invocation, const char *ack) {
    char path[64];
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/questions?ack=%s", ack);
    json_t *question = question_of(invocation);
    code = evidence_post(client, path, question, &reply);
    json_decref(question);
    if (code == COMMAND_DONE) {
        code = print_asked(invocation, &reply, ack);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

static int run(const struct invocation *invocation) {
    static const char *const modes[] = {"panel", "pool", NULL};
    static const uint32_t needed[] = {OPTION_TITLE, OPTION_HYPOTHESES, OPTION_MODE};
    const char *word;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!option_given(invocation, needed[i])) {
            return command_misuse(invocation, "--%s is missing", options[needed[i]].name);
        }
    }
    int code = option_word(invocation, OPTION_MODE, modes, NULL, &word);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "committed", &word);
    return code == COMMAND_DONE ? post(invocation, word) : code;
}

const struct command command_ask = {
    .name = "ask",
    .arguments = "MEMBER_DIR",
    .help = "Ask the group a question; prints its id",
    .more =
        "The same content has the same id; asking it again changes nothing.\n"
        "Until it is revealed nobody but you can tell a canary from any other question; give each a title of its "
        "own.\n"
        "A family belongs to who asks its first question; its questions are panels with one number of hypotheses.\n"
        "In doubt choose --mode panel, or --mode pool --rho 1: both avoid counting one fact several times.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
