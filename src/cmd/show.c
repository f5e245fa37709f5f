/* credimus show: what the group believes, how firmly, and how many liars it would take to change that. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/screen.h"

enum { OPTION_READ };

enum { BAR_COLUMNS = 20, NAME_COLUMNS_MAX = 32, TITLE_COLUMNS = 48, STANDING_COLUMNS = 28, PAGE = 100 };

static const struct option_spec options[] = {
    {"read", "HOW", "local, committed (default) or final", 0},
    {0},
};

static void print_hypotheses(const json_t *belief) {
    char name[512];
    char bar[SCREEN_BAR_BYTES];
    size_t columns = 0;
    json_t *names = json_object_get(belief, "hypotheses");
    json_t *posterior = json_object_get(belief, "posterior");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *text = json_string_value(json_array_get(names, i));
        size_t width = screen_columns(screen_cleaned(text != NULL ? text : "?", name, sizeof name));
        if (width > columns) columns = width;
    }
    if (columns > NAME_COLUMNS_MAX) columns = NAME_COLUMNS_MAX;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *text = json_string_value(json_array_get(names, i));
        double share = json_number_value(json_array_get(posterior, i));
        screen_bar(share, BAR_COLUMNS, bar);
        (void)printf("  ");
        screen_print_cell(stdout, screen_cleaned(text != NULL ? text : "?", name, sizeof name), columns);
        (void)printf("  %s ", bar);
        screen_print_percent(stdout, share);
        (void)putchar('\n');
    }
}

static void print_margin(const json_t *belief, uint32_t members) {
    long long margin = reply_whole(belief, "flip_margin");
    if (margin <= 0) {
        (void)printf("  Too little is known: there is no answer yet that a lie could change.\n");
    } else {
        (void)printf("  %lld of %u members would have to lie to change this.\n", margin, members);
    }
}

static void print_nats(const json_t *end, const char *unbounded) {
    if (json_is_integer(end)) {
        (void)printf("%+.3f", (double)json_integer_value(end) / (double)QUANTA_PER_NAT);
    } else {
        (void)printf("%s", unbounded);
    }
}

static void print_interval(const json_t *belief, const char *name) {
    json_t *interval = json_object_get(json_object_get(belief, "intervals"), name);
    long long members = reply_whole(interval, "members");
    if (members == 0) return;
    (void)printf("  Whatever any %lld member%s, the lead stays from ", members, members == 1 ? " says" : "s say");
    print_nats(json_object_get(interval, "low"), "-infinity");
    (void)printf(" to ");
    print_nats(json_object_get(interval, "high"), "+infinity");
    (void)printf(" nats.\n");
}

/* Two names for one number of members would say the same thing twice. */
static void print_intervals(const json_t *belief) {
    json_t *intervals = json_object_get(belief, "intervals");
    print_interval(belief, "live");
    if (reply_whole(json_object_get(intervals, "live"), "members") !=
        reply_whole(json_object_get(intervals, "safe"), "members")) {
        print_interval(belief, "safe");
    }
}

/* The hypothesis that leads, by itself; NULL: none does. */
static const char *leading(const json_t *belief) {
    double top = 0;
    const char *name = NULL;
    json_t *posterior = json_object_get(belief, "posterior");
    for (size_t i = 0; i < json_array_size(posterior); i++) {
        double share = json_number_value(json_array_get(posterior, i));
        if (share >= top)
            name = share > top ? json_string_value(json_array_get(json_object_get(belief, "hypotheses"), i)) : NULL;
        top = fmax(top, share);
    }
    return name;
}

/* A share says nothing without the hypothesis that has it, so an open question names the one that leads. */
static void standing_put(const json_t *belief, char *ret_text, size_t bytes) {
    char outcome[512];
    const char *status = reply_text(belief, "status", "?");
    const char *decided = reply_text(belief, "outcome", NULL);
    if (decided == NULL && strcmp(status, "open") == 0) decided = leading(belief);
    (void)snprintf(ret_text, bytes, "%s%s%s", status, decided != NULL ? ": " : "",
                   decided != NULL ? screen_cleaned(decided, outcome, sizeof outcome) : "");
}

static const char *finality_text(const char *finality) {
    static const char *const texts[][2] = {
        {"local", "local: this member's own view, not ordered yet"},
        {"committed", "committed: ordered by a quorum"},
        {"provisional", "provisional: decided, not certified yet"},
        {"final", "final: certified"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i][0], finality) == 0) return texts[i][1];
    }
    return finality;
}

/* Nobody can tell what is not opened; what is opened was settled before anybody answered. */
static void print_opening(const json_t *belief) {
    char text[512];
    const char *opening = reply_text(belief, "opening", "not opened");
    const char *canary = reply_text(belief, "canary", NULL);
    if (canary != NULL) {
        (void)printf("  It was a canary: who asked it knew that the answer is %s.\n",
                     screen_cleaned(canary, text, sizeof text));
    } else if (strcmp(opening, "ordinary") == 0) {
        (void)printf("  It was an ordinary question, no canary.\n");
    }
}

static void print_family(const json_t *belief) {
    char text[512];
    const char *family = reply_text(belief, "family", NULL);
    if (family != NULL) (void)printf("  Of the family %s.\n", screen_cleaned(family, text, sizeof text));
}

static void print_belief(const json_t *belief, uint32_t members) {
    char title[1024];
    char standing[1024];
    standing_put(belief, standing, sizeof standing);
    (void)printf("%s\n", screen_cleaned(reply_text(belief, "title", "?"), title, sizeof title));
    (void)printf("  question %s, %s, %s\n\n", reply_text(belief, "question", "?"), reply_text(belief, "mode", "?"),
                 standing);
    print_hypotheses(belief);
    (void)putchar('\n');
    print_margin(belief, members);
    print_intervals(belief);
    (void)printf("  %lld piece%s of evidence, %lld of %u members contributed.\n", reply_whole(belief, "items"),
                 reply_whole(belief, "items") == 1 ? "" : "s", reply_whole(belief, "contributors"), members);
    print_family(belief);
    print_opening(belief);
    (void)printf("  %s at threshold %s, height %lld.\n", finality_text(reply_text(belief, "finality", "?")),
                 reply_text(belief, "threshold", "?"), reply_whole(belief, "height"));
}

static void print_missing(const json_t *missing) {
    char name[512];
    for (size_t i = 0; i < json_array_size(missing); i++) {
        const char *text = reply_text(json_array_get(missing, i), "name", "?");
        (void)printf("%s%s", i > 0 ? ", " : "  Missing: ", screen_cleaned(text, name, sizeof name));
    }
    if (json_array_size(missing) > 0) (void)printf(".\n");
}

/* The answer there is instead of a final one, and how far the final one is. */
static void print_not_final(const json_t *answer, uint32_t members) {
    const json_t *shares = json_object_get(answer, "signed");
    print_belief(json_object_get(answer, "provisional"), members);
    (void)printf("  The threshold in force is %s; the newest certified height is %lld.\n",
                 reply_text(answer, "threshold", "?"), reply_whole(answer, "certified_height"));
    (void)printf("  Signed by %lld of %lld members with", reply_whole(shares, "heads"),
                 reply_whole(shares, "members"));
    screen_print_percent(stdout, json_number_value(json_object_get(shares, "weight")));
    (void)printf(" of the weight; needed are %lld members.\n", reply_whole(shares, "needed"));
    print_missing(json_object_get(answer, "missing"));
}

static void print_row(const json_t *belief, uint32_t members) {
    char text[1024];
    double top = 0;
    json_t *posterior = json_object_get(belief, "posterior");
    for (size_t i = 0; i < json_array_size(posterior); i++) {
        top = fmax(top, json_number_value(json_array_get(posterior, i)));
    }
    (void)printf("%-32s  ", reply_text(belief, "question", "?"));
    screen_print_cell(stdout, screen_cleaned(reply_text(belief, "title", "?"), text, sizeof text), TITLE_COLUMNS);
    (void)printf("  ");
    standing_put(belief, text, sizeof text);
    screen_print_cell(stdout, text, STANDING_COLUMNS);
    screen_print_percent(stdout, top);
    (void)printf("  %3lld of %-3u  %s\n", reply_whole(belief, "flip_margin"), members,
                 reply_text(belief, "finality", "?"));
}

static void print_json(const json_t *json) {
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
}

/* A refusal that brings a provisional answer with it is more than its sentence. */
static int explain_refusal(const struct invocation *invocation, const struct reply *reply, uint32_t members) {
    bool has_answer = json_is_object(json_object_get(reply->json, "provisional"));
    if (has_answer && invocation->json) {
        print_json(reply->json);
        return COMMAND_REFUSED;
    }
    if (has_answer) print_not_final(reply->json, members);
    return command_refuse(invocation, reply_error(reply), "%s", reply_detail(reply));
}

/* Those of the epoch, not those of the genesis. */
static int count_members(struct client *client, uint32_t *ret_members) {
    struct reply reply;
    int code = client_demand(client, "/v1/members?limit=1", slice_of(NULL, 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    *ret_members = (uint32_t)reply_whole(reply.json, "heads");
    reply_free(&reply);
    return COMMAND_DONE;
}

static int show_one(const struct invocation *invocation, struct client *client, const char *question,
                    const char *how) {
    char path[128];
    struct reply reply;
    struct config_detail detail;
    uint32_t members = 0;
    int code = count_members(client, &members);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/questions/%s?read=%s", question, how);
    enum status status = client_call(client, path, slice_of(NULL, 0), NULL, &reply, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    if (reply.status < 200 || reply.status > 299) {
        code = explain_refusal(invocation, &reply, members);
    } else if (invocation->json) {
        print_json(reply.json);
    } else {
        print_belief(reply.json, members);
    }
    reply_free(&reply);
    return code;
}

/* Page by page into one list. */
static int collect(struct client *client, json_t *list) {
    for (;;) {
        char path[128];
        struct reply reply;
        (void)snprintf(path, sizeof path, "/v1/questions?from=%zu&limit=%d", json_array_size(list), PAGE);
        int code = client_demand(client, path, slice_of(NULL, 0), NULL, &reply);
        if (code != COMMAND_DONE) return code;
        json_t *page = json_object_get(reply.json, "questions");
        size_t count = json_array_size(page);
        CHECK(count == 0 || json_array_extend(list, page) == 0);
        reply_free(&reply);
        if (count < PAGE) return COMMAND_DONE;
    }
}

static int show_all(const struct invocation *invocation, struct client *client) {
    json_t *list = json_array();
    uint32_t members = 0;
    int code = collect(client, list);
    if (code == COMMAND_DONE) code = count_members(client, &members);
    if (code == COMMAND_DONE && invocation->json) {
        print_json(list);
    } else if (code == COMMAND_DONE) {
        if (json_array_size(list) == 0) (void)printf("No question was asked yet (credimus ask).\n");
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (i == 0) {
                (void)printf("%-32s  %-*s  %-*s%9s  %10s  %s\n", "QUESTION", TITLE_COLUMNS, "TITLE", STANDING_COLUMNS,
                             "STANDING", "TOP", "MARGIN", "FINALITY");
            }
            print_row(json_array_get(list, i), members);
        }
    }
    json_decref(list);
    return code;
}

static int run(const struct invocation *invocation) {
    static const char *const reads[] = {"local", "committed", "final", NULL};
    char question[QUESTION_TEXT_BYTES];
    const char *how;
    struct client *client;
    bool one = invocation->arguments_count > 1;
    int code = option_word(invocation, OPTION_READ, reads, "committed", &how);
    if (code == COMMAND_DONE && one) code = question_parse(invocation, invocation->arguments[1], question);
    if (code == COMMAND_DONE && !one && option_given(invocation, OPTION_READ)) {
        code = command_misuse(invocation, "--read is for one question; the list shows what is committed");
    }
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = one ? show_one(invocation, client, question, how) : show_all(invocation, client);
    client_close(client);
    return code;
}

const struct command command_show = {
    .name = "show",
    .arguments = "MEMBER_DIR [QUESTION]",
    .help = "Show what the group believes, and how many liars it would take to change it",
    .more =
        "Without a question: all of them. --read final waits for a certificate; without one it shows how many have\n"
        "signed, who is missing and the provisional answer, and its exit status is 1.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
