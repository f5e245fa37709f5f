/* Writes that come again: the same words are answered as the first time, other words are refused, and a list is taken
 * whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client.h"
#include "http/http.h"
#include "world.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"
enum { BODY_MAX = 256 * 1024 };

static struct world *world;

static int start(void **state) {
    (void)state;
    world = world_start(BODY_MAX);
    return 0;
}

static int stop(void **state) {
    (void)state;
    world_stop(world);
    return 0;
}

static struct answer get(const char *target) { return client_request(world_port(world), "GET", target, "", NULL, 0); }

static struct answer post_as(const char *target, const char *headers, const char *body) {
    return client_request(world_port(world), "POST", target, headers, body, strlen(body));
}

static struct answer post(const char *target, const char *body) { return post_as(target, AUTH, body); }

/* The answer is a refusal of this status; frees it. */
static void expect_refusal(struct answer answer, unsigned code, const char *error) {
    expect_code(&answer, code);
    if (strcmp(text_of(answer.json, "error"), error) != 0) print_error("%s\n", answer.body);
    assert_string_equal(text_of(answer.json, "error"), error);
    assert_true(strlen(text_of(answer.json, "detail")) > 0);
    client_free(&answer);
}

static bool is_committed(const struct answer *answer) {
    return strcmp(text_of(answer->json, "ack"), "committed") == 0 ||
           strcmp(text_of(answer->json, "ack"), "final") == 0;
}

/* Asks a new question each time. */
static void ask(const char *mode, char ret_id[40]) {
    static unsigned count;
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"title\": \"question %u\", \"hypotheses\": [\"no\", \"yes\"], \"mode\": \"%s\"}", count++,
                   mode);
    struct answer answer = post("/v1/questions", body);
    expect_code(&answer, 201);
    assert_true(is_committed(&answer));
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    assert_int_equal(strlen(ret_id), 32);
    client_free(&answer);
}

static size_t put_tell(char *to, size_t bytes, const char *id, const char *observation, const char *llr) {
    return (size_t)snprintf(to, bytes, "{\"question\": \"%s\", \"observation\": \"%s\", \"llr\": %s}\n", id,
                            observation, llr);
}

static struct answer tell(const char *target, const char *id, const char *observation, const char *llr) {
    char body[512];
    (void)put_tell(body, sizeof body, id, observation, llr);
    return post(target, body);
}

static json_int_t items_of(const char *id, const char *read) {
    char target[128];
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=%s", id, read);
    struct answer answer = get(target);
    expect_code(&answer, 200);
    json_int_t items = number_of(answer.json, "items");
    client_free(&answer);
    return items;
}

/* The second answer says where the first item went. */
static void expect_repetition(struct answer again, const struct answer *first) {
    expect_code(&again, 200);
    assert_true(json_is_true(json_object_get(again.json, "duplicate")));
    assert_int_equal(number_of(again.json, "accepted"), 0);
    assert_int_equal(number_of(again.json, "duplicates"), 1);
    assert_int_equal(number_of(again.json, "seq"), number_of(first->json, "seq"));
    assert_int_equal(number_of(again.json, "index"), number_of(first->json, "index"));
    client_free(&again);
}

static void observation_told_twice_then_the_same_answer(void **state) {
    (void)state;
    char id[40];
    ask("pool", id);
    world_cut(world, true); /* so it is on its way, and not executed */
    struct answer first = tell("/v1/evidence", id, "o", "1");
    expect_code(&first, 200);
    assert_true(json_is_false(json_object_get(first.json, "duplicate")));
    expect_repetition(tell("/v1/evidence", id, "o", "1"), &first);
    world_cut(world, false);
    struct answer next = tell("/v1/evidence?ack=committed", id, "p", "1");
    expect_code(&next, 200);
    client_free(&next);
    struct answer again = tell("/v1/evidence?ack=final", id, "o", "1.0");
    assert_string_equal(text_of(again.json, "ack"), "final");
    expect_repetition(again, &first);
    assert_int_equal(items_of(id, "committed"), 2);
    client_free(&first);
}

static void observation_told_in_other_words_then_a_conflict(void **state) {
    (void)state;
    char id[40];
    char body[512];
    ask("pool", id);
    struct answer answer = tell("/v1/evidence", id, "o", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    expect_refusal(tell("/v1/evidence", id, "o", "1.000000001"), 409, "DUPLICATE_OBSERVATION");
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o\",\"llr\":1,\"content\":\"c\"}", id);
    answer = post("/v1/evidence?ack=committed", body);
    assert_non_null(strstr(text_of(answer.json, "detail"), "something else"));
    expect_refusal(answer, 409, "DUPLICATE_OBSERVATION");
    assert_int_equal(items_of(id, "local"), 1);
}

/* A client that lost the answer sends the whole list again, and may have more by then. */
static void list_told_again_then_the_rest_of_it_is_taken(void **state) {
    (void)state;
    char id[40];
    char body[2048];
    ask("pool", id);
    size_t bytes = put_tell(body, sizeof body, id, "a", "1");
    bytes += put_tell(body + bytes, sizeof body - bytes, id, "b", "1");
    struct answer answer = post("/v1/evidence?ack=committed", body);
    assert_int_equal(number_of(answer.json, "accepted"), 2);
    client_free(&answer);
    bytes += put_tell(body + bytes, sizeof body - bytes, id, "c", "1");
    (void)put_tell(body + bytes, sizeof body - bytes, id, "c", "1");
    answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    assert_int_equal(number_of(answer.json, "accepted"), 1);
    assert_int_equal(number_of(answer.json, "duplicates"), 3);
    assert_true(json_is_false(json_object_get(answer.json, "duplicate")));
    client_free(&answer);
    answer = post("/v1/evidence", body);
    assert_true(json_is_true(json_object_get(answer.json, "duplicate")));
    assert_int_equal(number_of(answer.json, "duplicates"), 4);
    client_free(&answer);
    assert_int_equal(items_of(id, "committed"), 3);
}

/* One that says something else spoils all of it, and what was new in it can be told by itself. */
static void list_with_a_conflict_then_nothing_of_it(void **state) {
    (void)state;
    char id[40];
    char body[2048];
    ask("pool", id);
    struct answer answer = tell("/v1/evidence?ack=committed", id, "a", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    size_t bytes = put_tell(body, sizeof body, id, "b", "1");
    bytes += put_tell(body + bytes, sizeof body - bytes, id, "a", "1");
    (void)put_tell(body + bytes, sizeof body - bytes, id, "a", "2");
    answer = post("/v1/evidence?ack=committed", body);
    assert_int_equal(number_of(answer.json, "line"), 3);
    assert_int_equal(number_of(answer.json, "accepted"), 0);
    expect_refusal(answer, 409, "DUPLICATE_OBSERVATION");
    answer = tell("/v1/evidence?ack=committed", id, "b", "3");
    expect_code(&answer, 200);
    assert_int_equal(number_of(answer.json, "accepted"), 1);
    client_free(&answer);
    assert_int_equal(items_of(id, "committed"), 2);
}

static void evidence_retracted_and_question_closed_then_refusals_follow(void **state) {
    (void)state;
    char id[40];
    char body[256];
    ask("pool", id);
    struct answer answer = tell("/v1/evidence?ack=committed", id, "o", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o\"}", id);
    answer = post("/v1/retract?ack=committed", body);
    expect_code(&answer, 200);
    assert_int_equal(items_of(id, "committed"), 0);
    expect_repetition(post("/v1/retract?ack=committed", body), &answer);
    client_free(&answer);
    answer = tell("/v1/evidence", id, "o", "1");
    assert_non_null(strstr(text_of(answer.json, "detail"), "retracted"));
    expect_refusal(answer, 409, "DUPLICATE_OBSERVATION");
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"never told\"}", id);
    expect_refusal(post("/v1/retract?ack=committed", body), 404, "UNKNOWN_OBSERVATION");
    answer = tell("/v1/evidence?ack=committed", id, "q", "1");
    expect_code(&answer, 200);
    struct answer closed = answer;
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\"}", id);
    answer = post("/v1/close?ack=final", body);
    expect_code(&answer, 200);
    expect_repetition(post("/v1/close?ack=final", body), &answer);
    client_free(&answer);
    expect_repetition(tell("/v1/evidence", id, "q", "1"), &closed);
    client_free(&closed);
    expect_refusal(tell("/v1/evidence", id, "p", "1"), 409, "QUESTION_CLOSED");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observation_told_twice_then_the_same_answer),
        cmocka_unit_test(observation_told_in_other_words_then_a_conflict),
        cmocka_unit_test(list_told_again_then_the_rest_of_it_is_taken),
        cmocka_unit_test(list_with_a_conflict_then_nothing_of_it),
        cmocka_unit_test(evidence_retracted_and_question_closed_then_refusals_follow),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
