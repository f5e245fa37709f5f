/* credimus family: questions that belong together; once they are closed, their labels, how sure these are, and whom to
 * believe. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"
#include "cmd/screen.h"

enum { OPTION_CLOSE };

enum { PAGE = 1000, TITLE_COLUMNS = 44, LABEL_COLUMNS = 20, NAME_COLUMNS = 20, FAMILY_COLUMNS = 32 };

static const struct option_spec options[] = {
    {"close", NULL, "close the family first; only who asked its first question can", 0},
    {0},
};

static bool is_closed(const json_t *family) { return strcmp(reply_text(family, "status", "open"), "closed") == 0; }

static void print_rival(const json_t *family) {
    const json_t *margin = json_object_get(family, "margin");
    if (json_is_number(margin)) {
        (void)printf(
            "  The best other story of who is right is %.2f behind; less than 1 leaves questions undecided.\n",
            json_number_value(margin));
    } else {
        (void)printf("  No other story of who is right fits the answers.\n");
    }
}

static void print_head(const json_t *family) {
    char text[512];
    (void)printf("%s\n", screen_cleaned(reply_text(family, "family", "?"), text, sizeof text));
    (void)printf("  %lld questions with %lld labels, asked by %s, %s\n", reply_whole(family, "total"),
                 reply_whole(family, "labels"),
                 screen_cleaned(reply_text(family, "owner_name", "?"), text, sizeof text),
                 is_closed(family) ? "closed" : "open: nothing is learnt before it closes");
    if (!is_closed(family)) return;
    (void)printf("  %lld answers, %lld questions decided, %lld canaries revealed in time\n",
                 reply_whole(family, "answers"), reply_whole(family, "decided"), reply_whole(family, "canaries"));
    print_rival(family);
    if (json_is_true(json_object_get(family, "leak")))
        (void)printf("  LEAK: members behave on canaries as nowhere else; the canaries were not used.\n");
    if (json_is_true(json_object_get(family, "alarm")))
        (void)printf(
            "  ALARM: far too sure on canaries; only questions with a three-quarters majority are decided.\n");
    (void)printf("  %s at height %lld, leaf %lld of the log\n", reply_text(family, "finality", "?"),
                 reply_whole(family, "height"), reply_whole(family, "leaf"));
}

static double largest(const json_t *posterior) {
    double top = 0;
    for (size_t i = 0; i < json_array_size(posterior); i++)
        top = fmax(top, json_number_value(json_array_get(posterior, i)));
    return top;
}

/* Before the family closes: what the question came to by itself. */
static void print_question(const json_t *question) {
    char text[1024];
    const char *label = reply_text(question, "label", reply_text(question, "outcome", "-"));
    const char *canary = reply_text(question, "canary", NULL);
    const json_t *decided = json_object_get(question, "decided");
    bool is_calibrated = json_is_boolean(decided);
    (void)printf("%-32s  ", reply_text(question, "question", "?"));
    screen_print_cell(stdout, screen_cleaned(reply_text(question, "title", "?"), text, sizeof text), TITLE_COLUMNS);
    (void)printf("  ");
    screen_print_cell(stdout, screen_cleaned(label, text, sizeof text), LABEL_COLUMNS);
    if (is_calibrated) {
        screen_print_percent(stdout, largest(json_object_get(question, "posterior")));
        (void)printf("  %-9s", json_is_true(decided) ? "decided" : "undecided");
    } else {
        (void)printf("%9s  %-9s", "", reply_text(question, "status", "?"));
    }
    if (canary != NULL) (void)printf("  canary: %s", screen_cleaned(canary, text, sizeof text));
    (void)putchar('\n');
}

static void print_questions(const json_t *questions) {
    (void)printf("\n%-32s  %-*s  %-*s%9s  %-9s\n", "QUESTION", TITLE_COLUMNS, "TITLE", LABEL_COLUMNS, "LABEL", "SURE",
                 "STANDING");
    for (size_t i = 0; i < json_array_size(questions); i++) print_question(json_array_get(questions, i));
}

/* The members of a group name the smallest of them. */
static bool has_company(const json_t *members, long long member, long long group) {
    if (group != member) return true;
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *other = json_array_get(members, i);
        if (reply_whole(other, "member") != member && reply_whole(other, "group") == group) return true;
    }
    return false;
}

static void print_group(const json_t *members, const json_t *member) {
    char text[512];
    long long group = reply_whole(member, "group");
    if (!has_company(members, reply_whole(member, "member"), group)) return;
    const char *first = reply_text(json_array_get(members, (size_t)group), "name", "?");
    (void)printf("  agrees too well, group of %s%s", screen_cleaned(first, text, sizeof text),
                 json_is_true(json_object_get(member, "discounted")) ? ", counted as one voice" : "");
}

static void print_members(const json_t *members) {
    char text[512];
    (void)printf("\n%-*s  %8s  %6s  %s\n", NAME_COLUMNS, "MEMBER", "ANSWERS", "SKILL", "COPIES");
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        screen_print_cell(stdout, screen_cleaned(reply_text(member, "name", "?"), text, sizeof text), NAME_COLUMNS);
        (void)printf("  %8lld  ", reply_whole(member, "reports"));
        if (reply_whole(member, "reports") > 0) {
            (void)printf("%+6.2f", json_number_value(json_object_get(member, "skill")));
        } else {
            (void)printf("%6s", "-");
        }
        print_group(members, member);
        (void)putchar('\n');
    }
    (void)printf("\nSkill: 1 is always right, 0 no better than chance, below 0 worse.\n");
}

static void print_family(const json_t *family) {
    print_head(family);
    print_questions(json_object_get(family, "questions"));
    if (is_closed(family)) print_members(json_object_get(family, "members"));
}

/* Page by page into one object, or list: everything else is the same on every page. */
static int collect(struct client *client, const char *path, const char *list, json_t **ret_whole) {
    json_t *whole = NULL;
    for (;;) {
        char page_path[512];
        struct reply reply;
        size_t from = json_array_size(json_object_get(whole, list));
        (void)snprintf(page_path, sizeof page_path, "%s?from=%zu&limit=%d", path, from, PAGE);
        int code = client_demand(client, page_path, slice_of(NULL, 0), NULL, &reply);
        if (code != COMMAND_DONE) {
            json_decref(whole);
            return code;
        }
        json_t *page = json_object_get(reply.json, list);
        size_t count = json_array_size(page);
        if (whole == NULL) {
            whole = json_incref(reply.json);
        } else {
            CHECK(count == 0 || json_array_extend(json_object_get(whole, list), page) == 0);
        }
        reply_free(&reply);
        if (count < PAGE) break;
    }
    (void)json_object_del(whole, "next");
    *ret_whole = whole;
    return COMMAND_DONE;
}

static void print_json(const json_t *json) {
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
}

static int show_one(const struct invocation *invocation, struct client *client, const char *name) {
    char path[FAMILY_PATH_BYTES + 32];
    json_t *family;
    (void)snprintf(path, sizeof path, "/v1/families/%s", name);
    int code = collect(client, path, "questions", &family);
    if (code != COMMAND_DONE) return code;
    if (invocation->json) {
        print_json(family);
    } else {
        print_family(family);
    }
    json_decref(family);
    return COMMAND_DONE;
}

static void print_row(const json_t *family) {
    char text[512];
    screen_print_cell(stdout, screen_cleaned(reply_text(family, "family", "?"), text, sizeof text), FAMILY_COLUMNS);
    (void)printf("  ");
    screen_print_cell(stdout, screen_cleaned(reply_text(family, "owner_name", "?"), text, sizeof text), NAME_COLUMNS);
    (void)printf("  %9lld  %6lld  ", reply_whole(family, "total"), reply_whole(family, "labels"));
    if (is_closed(family)) {
        (void)printf("%7lld  %s\n", reply_whole(family, "decided"), reply_text(family, "finality", "?"));
    } else {
        (void)printf("%7s  open\n", "-");
    }
}

static int show_all(const struct invocation *invocation, struct client *client) {
    json_t *answer;
    int code = collect(client, "/v1/families", "families", &answer);
    if (code != COMMAND_DONE) return code;
    const json_t *families = json_object_get(answer, "families");
    if (invocation->json) {
        print_json(families);
    } else if (json_array_size(families) == 0) {
        (void)printf("No family was begun yet (credimus ask --family NAME).\n");
    } else {
        (void)printf("%-*s  %-*s  %9s  %6s  %7s  %s\n", FAMILY_COLUMNS, "FAMILY", NAME_COLUMNS, "ASKED BY",
                     "QUESTIONS", "LABELS", "DECIDED", "STANDING");
        for (size_t i = 0; i < json_array_size(families); i++) print_row(json_array_get(families, i));
    }
    json_decref(answer);
    return COMMAND_DONE;
}

/* Closing is committed before the family is shown: only then it has been calibrated. */
static int close_family(const struct invocation *invocation, struct client *client, const char *name) {
    char path[FAMILY_PATH_BYTES + 64];
    struct reply reply;
    (void)snprintf(path, sizeof path, "/v1/families/%s/close?ack=committed", name);
    int code = client_demand(client, path, slice_of("", 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    if (!evidence_ack_reached(reply_text(reply.json, "ack", "local"), "committed"))
        code = command_refuse(invocation, status_name(STATUS_BUSY),
                              "the closing is kept and on its way, but not ordered yet; look again in a moment");
    reply_free(&reply);
    return code;
}

static int run(const struct invocation *invocation) {
    char name[FAMILY_PATH_BYTES] = "";
    struct client *client;
    bool one = invocation->arguments_count > 1;
    bool closes = option_given(invocation, OPTION_CLOSE);
    int code = COMMAND_DONE;
    if (one) code = family_parse(invocation, invocation->arguments[1], name);
    if (code == COMMAND_DONE && closes && !one)
        code = command_misuse(invocation, "--close needs the name of a family");
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], closes, &client);
    if (code != COMMAND_DONE) return code;
    if (closes) code = close_family(invocation, client, name);
    if (code == COMMAND_DONE) code = one ? show_one(invocation, client, name) : show_all(invocation, client);
    client_close(client);
    return code;
}

const struct command command_family = {
    .name = "family",
    .arguments = "MEMBER_DIR [NAME]",
    .help = "Show, or close, a family of questions: labels, how sure they are, members' skill",
    .more = "Without a name: all of them. When a family closes, its open questions close with it, and every member\n"
            "computes the same labels from all answers. Reveal the canaries among its questions before that.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
