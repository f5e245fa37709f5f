/* credimus members: what each member's word is worth, and why. */
#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/screen.h"

enum { NAME_COLUMNS = 20, REVEALED_BYTES = 48 };

/* Below a fifth of its threshold a detector adds no suspicion (docs/belief.md, "Weight"). */
#define RATIO_SHOWN 0.2

static double number_of(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

/* Remarks are separated by semicolons. */
static void begin_remark(bool *is_first) {
    (void)fputs(*is_first ? "  " : "; ", stdout);
    *is_first = false;
}

static void print_detectors(json_t *member, bool *is_first) {
    const char *name;
    json_t *ratio;
    json_object_foreach(json_object_get(member, "detectors"), name, ratio) {
        char text[64];
        if (json_number_value(ratio) < RATIO_SHOWN) continue;
        begin_remark(is_first);
        (void)printf("%s at %.0f %% of its alarm", screen_cleaned(name, text, sizeof text),
                     100 * json_number_value(ratio));
    }
}

static void print_remarks(json_t *member) {
    char text[64];
    bool is_first = true;
    const char *proof = reply_text(member, "proof", NULL);
    if (proof != NULL) {
        begin_remark(&is_first);
        (void)printf("PROVEN: %s", screen_cleaned(proof, text, sizeof text));
    }
    if (json_is_true(json_object_get(member, "alarmed"))) {
        begin_remark(&is_first);
        (void)printf("ALARM");
    }
    print_detectors(member, &is_first);
    if (strcmp(reply_text(member, "level", "connected"), "connected") != 0) {
        begin_remark(&is_first);
        (void)printf("says %s", screen_cleaned(reply_text(member, "level", "?"), text, sizeof text));
    }
    if (reply_whole(member, "probation_blocks") > 0) {
        begin_remark(&is_first);
        (void)printf("on probation for %lld blocks", reply_whole(member, "probation_blocks"));
    }
}

static void print_member(json_t *member) {
    char text[512];
    const json_t *questions = json_object_get(member, "questions");
    screen_print_cell(stdout, screen_cleaned(reply_text(member, "name", "?"), text, sizeof text), NAME_COLUMNS);
    (void)printf("  %6.3f  %10.3f  %9.3f", number_of(member, "weight"), number_of(member, "reputation"),
                 number_of(member, "suspicion"));
    (void)snprintf(text, REVEALED_BYTES, "%lld of %lld", reply_whole(questions, "opened"),
                   reply_whole(questions, "closed"));
    (void)printf("  %14s", text);
    print_remarks(member);
    (void)putchar('\n');
}

static void print_table(const json_t *answer) {
    const json_t *members = json_object_get(answer, "members");
    (void)printf("%-*s  %6s  %10s  %9s  %14s  %s\n", NAME_COLUMNS, "MEMBER", "WEIGHT", "REPUTATION", "SUSPICION",
                 "REVEALED", "WHY");
    for (size_t i = 0; i < json_array_size(members); i++) print_member(json_array_get(members, i));
    (void)printf("\nAt height %lld. REVEALED: of the member's own questions that have their verdict.\n",
                 reply_whole(answer, "height"));
}

static int run(const struct invocation *invocation) {
    struct client *client;
    struct reply reply;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = client_demand(client, "/v1/members", slice_of(NULL, 0), NULL, &reply);
    if (code == COMMAND_DONE) {
        if (invocation->json) {
            (void)json_dumpf(reply.json, stdout, 0);
            (void)putchar('\n');
        } else {
            print_table(reply.json);
        }
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

const struct command command_members = {
    .name = "members",
    .arguments = "MEMBER_DIR",
    .help = "Show what each member's word is worth: reputation, suspicion and why, proofs",
    .more = "Weight is reputation times one minus suspicion, and 0 after a proof. Reputation comes from honesty\n"
            "challenges and revealed canaries; suspicion from detectors that every member computes from the log.",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
