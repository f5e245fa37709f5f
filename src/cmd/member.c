/* credimus member: who the members are, and changes of that (docs/protocol.md 8). A change is made when a quorum of the
 * members has proposed the same, so this only ever speaks for one of them. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"
#include "cmd/screen.h"

enum { NAME_COLUMNS = 20, TEXT_BYTES = 512 };

static const char proposals_path[] = "/v1/proposals";

static int get(struct client *client, const char *path, struct reply *ret_reply) {
    return client_demand(client, path, slice_of(NULL, 0), NULL, ret_reply);
}

static void print_json(const json_t *json) {
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
}

/* --- What is proposed --- */

static void print_change(const json_t *proposal) {
    static const struct {
        const char *change;
        const char *word;
        const char *field;
    } words[] = {{"add", "add", "name"},
                 {"remove", "remove", "member"},
                 {"key", "replace-key", "member"},
                 {"threshold", "threshold", "threshold"}};
    char text[TEXT_BYTES];
    const char *change = reply_text(proposal, "change", "?");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(change, words[i].change) != 0) continue;
        (void)printf("%s %s", words[i].word,
                     screen_cleaned(reply_text(proposal, words[i].field, "?"), text, sizeof text));
    }
    const char *key = reply_text(proposal, "key", NULL);
    if (key != NULL) (void)printf(" %s", screen_cleaned(key, text, sizeof text));
    if (strcmp(change, "add") == 0) (void)printf(" --place %lld", reply_whole(proposal, "place"));
}

static void print_names(const json_t *members) {
    char text[TEXT_BYTES];
    for (size_t i = 0; i < json_array_size(members); i++)
        (void)printf("%s%s", i > 0 ? ", " : "",
                     screen_cleaned(reply_text(json_array_get(members, i), "name", "?"), text, sizeof text));
}

static void print_proposal(const json_t *proposal, long long needed) {
    const json_t *proposers = json_object_get(proposal, "proposers");
    (void)printf("  ");
    print_change(proposal);
    (void)printf("\n    %zu of %lld needed so far, by ", json_array_size(proposers), needed);
    print_names(proposers);
    (void)putchar('\n');
}

static void print_proposals(const json_t *answer) {
    const json_t *proposals = json_object_get(answer, "proposals");
    if (json_array_size(proposals) > 0) (void)printf("\nproposed in epoch %lld:\n", reply_whole(answer, "epoch"));
    for (size_t i = 0; i < json_array_size(proposals); i++)
        print_proposal(json_array_get(proposals, i), reply_whole(answer, "needed"));
}

/* --- member list --- */

static void print_member(const json_t *member) {
    char text[TEXT_BYTES];
    (void)printf("%5lld  ", reply_whole(member, "member"));
    screen_print_cell(stdout, screen_cleaned(reply_text(member, "name", "?"), text, sizeof text), NAME_COLUMNS);
    (void)printf("  %s\n", screen_cleaned(reply_text(member, "key", "?"), text, sizeof text));
}

static void print_members(const json_t *answer) {
    char text[TEXT_BYTES];
    const json_t *members = json_object_get(answer, "members");
    (void)printf("epoch %lld: %lld members, %lld of %lld places vacant; %lld agree at the threshold %s\n\n",
                 reply_whole(answer, "epoch"), reply_whole(answer, "heads"), reply_whole(answer, "vacant"),
                 reply_whole(answer, "places"), reply_whole(answer, "quorum"),
                 screen_cleaned(reply_text(answer, "threshold", "?"), text, sizeof text));
    (void)printf("%5s  %-*s  %s\n", "PLACE", NAME_COLUMNS, "MEMBER", "KEY");
    for (size_t i = 0; i < json_array_size(members); i++) print_member(json_array_get(members, i));
}

static int list(const struct invocation *invocation, struct client *client) {
    struct reply members;
    struct reply proposals;
    int code = get(client, "/v1/members", &members);
    if (code != COMMAND_DONE) return code;
    code = get(client, proposals_path, &proposals);
    if (code == COMMAND_DONE && invocation->json) {
        json_t *json = json_pack("{s:O, s:O}", "members", members.json, "proposals", proposals.json);
        CHECK(json != NULL);
        print_json(json);
        json_decref(json);
    } else if (code == COMMAND_DONE) {
        print_members(members.json);
        print_proposals(proposals.json);
    }
    if (code == COMMAND_DONE) reply_free(&proposals);
    reply_free(&members);
    return code;
}

static int run_list(const struct invocation *invocation) {
    struct client *client;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = list(invocation, client);
    client_close(client);
    return code;
}

/* --- member propose --- */

enum { OPTION_PLACE, OPTION_ACK };

static const struct option_spec propose_options[] = {
    {"place", "N", "add: at this vacant place; else at the first one", 0},
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

/* What each verb takes behind it, and what that is in the request. */
static const struct verb {
    const char *name;
    const char *change;
    const char *fields[2];
    const char *usage;
} verbs[] = {
    {"add", "add", {"name", "key"}, "add NAME KEY"},
    {"remove", "remove", {"member", NULL}, "remove NAME"},
    {"replace-key", "key", {"member", "key"}, "replace-key NAME KEY"},
    {"threshold", "threshold", {"threshold", NULL}, "threshold FRACTION"},
};

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(name, verbs[i].name) == 0) return &verbs[i];
    return NULL;
}

/* COMMAND_DONE, or what was said about the command line. */
static int draft(const struct invocation *invocation, json_t *ret_request) {
    const struct verb *verb = find_verb(invocation->arguments[1]);
    uint64_t place;
    if (verb == NULL)
        return command_misuse(invocation, "\"%.40s\" is none of add, remove, replace-key and threshold",
                              invocation->arguments[1]);
    uint32_t wanted = verb->fields[1] != NULL ? 2 : 1;
    if (invocation->arguments_count != 2 + wanted)
        return command_misuse(invocation, "this needs: MEMBER_DIR %s", verb->usage);
    if (option_given(invocation, OPTION_PLACE) && strcmp(verb->name, "add") != 0)
        return command_misuse(invocation, "--place is for add: whoever is there already has a place");
    int code = option_number(invocation, OPTION_PLACE, 0, MEMBERS_MAX - 1, 0, &place);
    if (code != COMMAND_DONE) return code;
    evidence_set_text(ret_request, "change", verb->change);
    for (uint32_t i = 0; i < wanted; i++)
        evidence_set_text(ret_request, verb->fields[i], invocation->arguments[2 + i]);
    if (option_given(invocation, OPTION_PLACE))
        CHECK(json_object_set_new(ret_request, "place", json_integer((json_int_t)place)) == 0);
    return COMMAND_DONE;
}

/* A member proposes one thing at a time. */
static json_t *find_own(const json_t *answer, uint32_t self) {
    json_t *proposals = json_object_get(answer, "proposals");
    for (size_t i = 0; i < json_array_size(proposals); i++) {
        json_t *proposal = json_array_get(proposals, i);
        const json_t *proposers = json_object_get(proposal, "proposers");
        for (size_t p = 0; p < json_array_size(proposers); p++)
            if (reply_whole(json_array_get(proposers, p), "member") == self) return proposal;
    }
    return NULL;
}

/* `epoch` is the one that the proposal is to end. */
static void print_outcome(const json_t *answer, const json_t *own, long long epoch) {
    if (reply_whole(answer, "epoch") > epoch) {
        (void)printf("decided: epoch %lld has begun, with %lld members (credimus member list)\n",
                     reply_whole(answer, "epoch"), reply_whole(answer, "heads"));
        return;
    }
    if (own == NULL) {
        (void)printf("taken, and not executed yet: credimus member list shows what becomes of it\n");
        return;
    }
    (void)printf("proposed: ");
    print_change(own);
    (void)printf("\n%zu of %lld needed so far; run the same on %lld more of ",
                 json_array_size(json_object_get(own, "proposers")), reply_whole(answer, "needed"),
                 reply_whole(own, "missing"));
    print_names(json_object_get(own, "others"));
    (void)putchar('\n');
}

static int show_outcome(const struct invocation *invocation, struct client *client, const json_t *written,
                        long long epoch) {
    struct reply reply;
    int code = get(client, proposals_path, &reply);
    if (code != COMMAND_DONE) return code;
    json_t *own = find_own(reply.json, client_config(client)->member);
    if (invocation->json) {
        json_t *json = json_pack(
            "{s:O, s:I, s:b, s:I, s:O?}", "written", written, "epoch", reply_whole(reply.json, "epoch"), "decided",
            reply_whole(reply.json, "epoch") > epoch, "needed", reply_whole(reply.json, "needed"), "proposal", own);
        CHECK(json != NULL);
        print_json(json);
        json_decref(json);
    } else {
        print_outcome(reply.json, own, epoch);
    }
    reply_free(&reply);
    return COMMAND_DONE;
}

/* Whoever proposes has looked at the group as it is: the proposal names that epoch, and counts in no other. */
static int propose(const struct invocation *invocation, struct client *client, json_t *request, const char *ack) {
    char path[64];
    struct reply reply;
    int code = get(client, proposals_path, &reply);
    if (code != COMMAND_DONE) return code;
    long long epoch = reply_whole(reply.json, "epoch");
    reply_free(&reply);
    CHECK(json_object_set_new(request, "epoch", json_integer(epoch)) == 0);
    (void)snprintf(path, sizeof path, "%s?ack=%s", proposals_path, ack);
    code = evidence_post(client, path, request, &reply);
    if (code != COMMAND_DONE) return code;
    code = show_outcome(invocation, client, reply.json, epoch);
    reply_free(&reply);
    return code;
}

static int run_propose(const struct invocation *invocation) {
    const char *ack;
    struct client *client;
    json_t *request = json_object();
    int code = draft(invocation, request);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "committed", &ack);
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code == COMMAND_DONE) {
        code = propose(invocation, client, request, ack);
        client_close(client);
    }
    json_decref(request);
    return code;
}

const struct command command_member_list = {
    .name = "member list",
    .arguments = "MEMBER_DIR",
    .help = "Show who the members are in this epoch, and who proposes to change that",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_list,
};

const struct command command_member_propose = {
    .name = "member propose",
    .arguments = "MEMBER_DIR VERB WHAT [KEY]",
    .help = "Propose to add or remove a member, or another key or threshold",
    .more = "`add NAME KEY`, `remove NAME`, `replace-key NAME KEY` or `threshold FRACTION`.\n"
            "The change is made once so many members have proposed the same as the threshold asks for; then another\n"
            "epoch begins. Until then a member's newest proposal counts. A key that was ever used is refused.",
    .options = propose_options,
    .arguments_min = 3,
    .arguments_max = 4,
    .json = true,
    .run = run_propose,
};
