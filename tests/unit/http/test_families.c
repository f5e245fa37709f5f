/* Canaries, families and members over real sockets: member 0 of four, on a thread of their own. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client.h"
#include "world.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"

enum { TARGET_BYTES = 256 };

static struct world *world;

static int start(void **state) {
    (void)state;
    world = world_start(0);
    return 0;
}

static int stop(void **state) {
    (void)state;
    world_stop(world);
    return 0;
}

static struct answer get(const char *target) { return client_request(world_port(world), "GET", target, "", NULL, 0); }

static struct answer post(const char *target, const char *body) {
    return client_request(world_port(world), "POST", target, AUTH, body, strlen(body));
}

static void expect_refusal(struct answer answer, unsigned code, const char *error) {
    expect_code(&answer, code);
    assert_string_equal(text_of(answer.json, "error"), error);
    assert_true(strlen(text_of(answer.json, "detail")) > 0);
    client_free(&answer);
}

static void expect_done(struct answer answer) {
    expect_code(&answer, 200);
    client_free(&answer);
}

/* Asks with `more` behind the fields that all have; the title is a new one of the same length each time. */
static struct answer ask_with(const char *more) {
    static unsigned count;
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"title\": \"question %04u\", \"hypotheses\": [\"no\", \"yes\"], \"mode\": \"panel\"%s}",
                   count++, more);
    return post("/v1/questions", body);
}

static void ask(const char *more, char ret_id[40]) {
    struct answer answer = ask_with(more);
    expect_code(&answer, 201);
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    client_free(&answer);
}

static struct answer reveal(const char *id, const char *body) {
    char target[TARGET_BYTES];
    (void)snprintf(target, sizeof target, "/v1/questions/%s/reveal", id);
    return post(target, body);
}

static void close_question(const char *id) {
    char body[128];
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\"}", id);
    expect_done(post("/v1/close?ack=committed", body));
}

static struct answer show(const char *id) {
    char target[TARGET_BYTES];
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    struct answer answer = get(target);
    expect_code(&answer, 200);
    return answer;
}

static void expect_opening(const char *id, const char *opening, const char *canary) {
    struct answer answer = show(id);
    assert_string_equal(text_of(answer.json, "opening"), opening);
    assert_string_equal(text_of(answer.json, "canary"), canary);
    client_free(&answer);
}

/* The answer without what differs between any two questions: its id, and all digits made 0. */
static char *outline_of(const struct answer *answer) {
    assert_int_equal(json_object_set_new(answer->json, "question", json_string("?")), 0);
    char *text = json_dumps(answer->json, JSON_SORT_KEYS);
    for (char *at = text; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') *at = '0';
    }
    return text;
}

static void expect_same_outline(const struct answer *one, const struct answer *other) {
    char *first = outline_of(one);
    char *second = outline_of(other);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void canary_and_ordinary_question_then_one_and_the_same_answer(void **state) {
    struct answer canary = ask_with(", \"canary\": \"yes\"");
    struct answer ordinary = ask_with("");
    (void)state;
    expect_code(&canary, 201);
    expect_code(&ordinary, 201);
    struct answer canary_shown = show(text_of(canary.json, "question"));
    struct answer ordinary_shown = show(text_of(ordinary.json, "question"));
    assert_string_equal(text_of(canary_shown.json, "opening"), "not opened");
    expect_same_outline(&canary, &ordinary);
    expect_same_outline(&canary_shown, &ordinary_shown);
    client_free(&canary);
    client_free(&ordinary);
    client_free(&canary_shown);
    client_free(&ordinary_shown);
}

static void canary_revealed_then_only_after_the_verdict_and_once(void **state) {
    char id[40];
    (void)state;
    ask(", \"canary\": \"yes\"", id);
    expect_refusal(reveal(id, ""), 409, "TOO_EARLY");
    expect_opening(id, "not opened", "(none)");
    close_question(id);
    expect_opening(id, "not opened", "(none)");
    struct answer answer = reveal(id, "");
    expect_code(&answer, 200);
    assert_true(json_integer_value(json_object_get(answer.json, "accepted")) == 1);
    assert_true(json_integer_value(json_object_get(answer.json, "refused")) == 0);
    client_free(&answer);
    expect_opening(id, "canary", "yes");
    expect_refusal(reveal(id, ""), 409, "OPENED");
}

static void ordinary_question_revealed_then_it_says_so(void **state) {
    char id[40];
    (void)state;
    ask("", id);
    close_question(id);
    expect_done(reveal(id, " \n"));
    expect_opening(id, "ordinary", "(none)");
}

static void reveal_that_cannot_be_then_refused_and_nothing_is_opened(void **state) {
    char id[40];
    (void)state;
    ask(", \"canary\": \"no\"", id);
    close_question(id);
    expect_refusal(reveal(id, "{}"), 400, "TRAILING_BYTES");
    expect_refusal(reveal("00112233445566778899aabbccddeeff", ""), 404, "UNKNOWN_QUESTION");
    expect_refusal(reveal("xyz", ""), 400, "BAD_FORMAT");
    world_change_key(world, true);
    expect_refusal(reveal(id, ""), 409, "WRONG_OPENING");
    world_change_key(world, false);
    char target[TARGET_BYTES];
    (void)snprintf(target, sizeof target, "/v1/questions/%s/reveal", id);
    expect_refusal(client_request(world_port(world), "POST", target, "", "", 0), 401, "UNAUTHORIZED");
    expect_refusal(get(target), 405, "USAGE");
    expect_opening(id, "not opened", "(none)");
    expect_done(reveal(id, ""));
    expect_opening(id, "canary", "no");
}

static void tell(const char *id, const char *llr) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\", \"observation\": \"o\", \"llr\": %s}", id, llr);
    expect_done(post("/v1/evidence?ack=committed", body));
}

/* One that only member 0 has answered, which decides nothing. */
static void family_closed_then_labels_and_skills(void **state) {
    static const char target[] = "/v1/families/birds%20of%20a%2Fb";
    char first[40];
    char second[40];
    (void)state;
    ask(", \"family\": \"birds of a/b\"", first);
    ask(", \"family\": \"birds of a/b\", \"canary\": \"yes\"", second);
    tell(first, "2");
    tell(second, "-2");
    struct answer open = get(target);
    expect_code(&open, 200);
    assert_string_equal(text_of(open.json, "family"), "birds of a/b");
    assert_string_equal(text_of(open.json, "status"), "open");
    assert_int_equal(number_of(open.json, "total"), 2);
    assert_null(json_object_get(open.json, "members"));
    const json_t *row = json_array_get(json_object_get(open.json, "questions"), 0);
    assert_string_equal(text_of(row, "question"), first);
    assert_true(json_is_null(json_object_get(row, "label")) && json_is_null(json_object_get(row, "decided")));
    client_free(&open);
    expect_refusal(get("/v1/certificates/families/birds%20of%20a%2Fb"), 409, "TOO_EARLY");
    expect_refusal(post("/v1/families/birds%20of%20a%2Fb/close", "x"), 400, "TRAILING_BYTES");
    expect_done(post("/v1/families/birds%20of%20a%2Fb/close?ack=final", ""));
    struct answer closed = get(target);
    expect_code(&closed, 200);
    assert_string_equal(text_of(closed.json, "status"), "closed");
    assert_string_equal(text_of(closed.json, "finality"), "final");
    assert_true(number_of(closed.json, "answers") >= 0 && number_of(closed.json, "decided") == 0);
    assert_int_equal(json_array_size(json_object_get(closed.json, "members")), 4);
    row = json_array_get(json_object_get(closed.json, "questions"), 1);
    assert_string_equal(text_of(row, "question"), second);
    assert_true(json_is_string(json_object_get(row, "label")) && json_is_false(json_object_get(row, "decided")));
    assert_string_equal(text_of(row, "status"), "undecided");
    assert_int_equal(json_array_size(json_object_get(row, "posterior")), 2);
    client_free(&closed);
    struct answer certificate = get("/v1/certificates/families/birds%20of%20a%2Fb");
    expect_code(&certificate, 200);
    assert_non_null(strstr(certificate.body, "certificate of family "));
    client_free(&certificate);
    expect_refusal(post("/v1/families/birds%20of%20a%2Fb/close", ""), 409, "FAMILY_CLOSED");
    expect_refusal(ask_with(", \"family\": \"birds of a/b\""), 409, "FAMILY_CLOSED");
}

static void family_that_does_not_fit_then_refused(void **state) {
    char id[40];
    (void)state;
    ask(", \"family\": \"fits\"", id);
    expect_refusal(post("/v1/questions", "{\"title\": \"three\", \"hypotheses\": [\"a\", \"b\", \"c\"], \"mode\": "
                                         "\"panel\", \"family\": \"fits\"}"),
                   422, "WRONG_FAMILY");
    expect_refusal(post("/v1/questions", "{\"title\": \"pool\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\", "
                                         "\"family\": \"fits\"}"),
                   422, "WRONG_FAMILY");
    expect_refusal(get("/v1/families/fit"), 404, "UNKNOWN_FAMILY");
    expect_refusal(get("/v1/families/fits%00"), 404, "UNKNOWN_FAMILY");
    expect_refusal(post("/v1/families/fit/close", ""), 404, "UNKNOWN_FAMILY");
    expect_refusal(post("/v1/families/a%0Ab/close", ""), 400, "BAD_FORMAT");
    expect_refusal(get("/v1/certificates/families/fit"), 404, "UNKNOWN_FAMILY");
    expect_refusal(get("/v1/families/0123456789012345678901234567890123456789012345678901234567890123x"), 413,
                   "TOO_LARGE");
    expect_refusal(get("/v1/families?limit=0"), 422, "BAD_VALUE");
}

static void family_in_pages_then_each_question_once_and_in_order(void **state) {
    char ids[5][40];
    char target[TARGET_BYTES] = "/v1/families/paged?limit=2";
    bool is_last = false;
    int seen = 0;
    (void)state;
    for (int i = 0; i < 5; i++) ask(", \"family\": \"paged\"", ids[i]);
    while (!is_last) {
        struct answer answer = get(target);
        expect_code(&answer, 200);
        const json_t *questions = json_object_get(answer.json, "questions");
        for (size_t i = 0; i < json_array_size(questions); i++)
            assert_string_equal(text_of(json_array_get(questions, i), "question"), ids[seen++]);
        is_last = json_is_null(json_object_get(answer.json, "next"));
        (void)snprintf(target, sizeof target, "/v1/families/paged?limit=2&cursor=%s", text_of(answer.json, "next"));
        client_free(&answer);
    }
    assert_int_equal(seen, 5);
    struct answer beyond = get("/v1/families/paged?from=9&limit=2");
    expect_code(&beyond, 200);
    assert_int_equal(json_array_size(json_object_get(beyond.json, "questions")), 0);
    assert_true(json_is_null(json_object_get(beyond.json, "next")));
    client_free(&beyond);
    struct answer list = get("/v1/families?from=0&limit=1");
    expect_code(&list, 200);
    assert_int_equal(json_array_size(json_object_get(list.json, "families")), 1);
    assert_true(number_of(list.json, "total") >= 2 && json_is_string(json_object_get(list.json, "next")));
    client_free(&list);
}

/* How many of member 0's questions are closed, and opened. */
static void asked(json_int_t *ret_closed, json_int_t *ret_opened) {
    struct answer answer = get("/v1/members");
    expect_code(&answer, 200);
    const json_t *members = json_object_get(answer.json, "members");
    assert_int_equal(json_array_size(members), 4);
    const json_t *questions = json_object_get(json_array_get(members, 0), "questions");
    *ret_closed = number_of(questions, "closed");
    *ret_opened = number_of(questions, "opened");
    client_free(&answer);
}

static void canary_never_revealed_then_the_omission_shows(void **state) {
    char id[40];
    char line[96];
    json_int_t closed[3];
    json_int_t opened[3];
    (void)state;
    asked(&closed[0], &opened[0]);
    ask(", \"canary\": \"yes\"", id);
    close_question(id);
    asked(&closed[1], &opened[1]);
    assert_int_equal(closed[1], closed[0] + 1);
    assert_int_equal(opened[1], opened[0]);
    expect_done(reveal(id, ""));
    asked(&closed[2], &opened[2]);
    assert_int_equal(closed[2], closed[1]);
    assert_int_equal(opened[2], opened[1] + 1);
    struct answer metrics = get("/metrics");
    (void)snprintf(line, sizeof line, "credimus_member_questions_opened{member=\"0\",name=\"member-0\"} %d\n",
                   (int)opened[2]);
    assert_non_null(strstr(metrics.body, line));
    assert_non_null(strstr(metrics.body, "credimus_member_weight{member=\"3\",name=\"member-3\"} 1\n"));
    assert_non_null(strstr(metrics.body, "credimus_alarms_total 0\n"));
    client_free(&metrics);
}

static void members_of_an_honest_group_then_full_weight_and_no_reason(void **state) {
    struct answer answer = get("/v1/members");
    (void)state;
    expect_code(&answer, 200);
    for (size_t i = 0; i < 4; i++) {
        const json_t *member = json_array_get(json_object_get(answer.json, "members"), i);
        assert_int_equal(number_of(member, "member"), i);
        assert_true(json_number_value(json_object_get(member, "weight")) == 1);
        assert_true(json_number_value(json_object_get(member, "reputation")) == 1);
        assert_true(json_number_value(json_object_get(member, "suspicion")) == 0);
        assert_true(json_is_null(json_object_get(member, "reason")));
        assert_true(json_is_null(json_object_get(member, "proof")));
        assert_true(json_is_false(json_object_get(member, "alarmed")));
        assert_int_equal(json_object_size(json_object_get(member, "detectors")), DETECTORS);
        assert_int_equal(strlen(json_string_value(json_object_get(member, "key"))), 64);
        assert_int_equal(json_object_size(member), 17);
    }
    client_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canary_and_ordinary_question_then_one_and_the_same_answer),
        cmocka_unit_test(canary_revealed_then_only_after_the_verdict_and_once),
        cmocka_unit_test(ordinary_question_revealed_then_it_says_so),
        cmocka_unit_test(reveal_that_cannot_be_then_refused_and_nothing_is_opened),
        cmocka_unit_test(family_closed_then_labels_and_skills),
        cmocka_unit_test(family_that_does_not_fit_then_refused),
        cmocka_unit_test(family_in_pages_then_each_question_once_and_in_order),
        cmocka_unit_test(canary_never_revealed_then_the_omission_shows),
        cmocka_unit_test(members_of_an_honest_group_then_full_weight_and_no_reason),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
