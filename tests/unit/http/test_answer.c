/* What answers have in common: tags, problems, who may ask what, and how often. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/check.h"
#include "client.h"
#include "world.h"

#define ADMIN "Authorization: Bearer " WORLD_TOKEN "\r\n"
#define WRITE "Authorization: Bearer " WORLD_TOKEN_WRITE "\r\n"
#define READ  "Authorization: Bearer " WORLD_TOKEN_READ "\r\n"

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

static struct answer call(const char *method, const char *target, const char *headers, const char *body) {
    return client_request(world_port(world), method, target, headers, body, body != NULL ? strlen(body) : 0);
}

static struct answer get(const char *target, const char *headers) { return call("GET", target, headers, NULL); }

static void expect(struct answer answer, unsigned code, const char *error) {
    if (answer.code != code) print_error("%s\n", answer.text);
    assert_int_equal(answer.code, code);
    if (error != NULL) assert_string_equal(text_of(answer.json, "error"), error);
    client_free(&answer);
}

static void ask(const char *title, char ret_id[40]) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"title\":\"%s\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}", title);
    struct answer answer = call("POST", "/v1/questions?ack=final", WRITE, body);
    assert_int_equal(answer.code, 201);
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    client_free(&answer);
}

static void tell(const char *id, const char *observation) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"%s\",\"llr\":1}", id, observation);
    expect(call("POST", "/v1/evidence?ack=final", WRITE, body), 200, NULL);
}

/* --- tags --- */

/* "ETag: ..." of the answer as a header of the next request. */
static void tag_of(const struct answer *answer, char ret_header[128]) {
    char tag[64];
    const char *at = strstr(answer->text, "\r\nETag: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\r\nETag: %63[^\r]", tag), 1);
    assert_int_equal(strlen(tag), 34);
    (void)snprintf(ret_header, 128, "If-None-Match: W/\"other\", %s\r\n", tag);
}

static void read_again_then_not_modified_until_it_changes(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char header[128];
    char again[128];
    ask("tagged", id);
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    struct answer answer = get(target, "");
    assert_non_null(strstr(answer.text, "\r\nCache-Control: private, no-cache\r\n"));
    tag_of(&answer, header);
    client_free(&answer);
    for (int i = 0; i < 2; i++) {
        answer = get(target, header);
        assert_int_equal(answer.code, 304);
        assert_string_equal(answer.body, "");
        tag_of(&answer, again);
        assert_string_equal(again, header);
        client_free(&answer);
    }
    expect(get(target, "If-None-Match: \"00000000000000000000000000000000\"\r\n"), 200, NULL);
    expect(get(target, "If-None-Match: *\r\n"), 304, NULL);
    tell(id, "o");
    answer = get(target, header);
    assert_int_equal(answer.code, 200);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "items")), 1);
    tag_of(&answer, again);
    assert_string_not_equal(again, header);
    client_free(&answer);
}

/* The kept answer and the one that is made anew are the same. */
static void read_twice_then_the_same_bytes(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char local[128];
    ask("twice", id);
    tell(id, "o");
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    (void)snprintf(local, sizeof local, "/v1/questions/%s?read=local", id);
    struct answer first = get(target, "");
    struct answer second = get(target, "");
    struct answer fresh = get(local, "");
    assert_string_equal(first.body, second.body);
    assert_string_equal(first.body, fresh.body);
    client_free(&first);
    client_free(&second);
    client_free(&fresh);
}

static void what_changes_always_then_without_a_tag(void **state) {
    (void)state;
    static const char *const targets[] = {"/v1/status", "/metrics", "/healthz", "/readyz"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct answer answer = get(targets[i], "If-None-Match: *\r\n");
        assert_int_equal(answer.code, 200);
        assert_null(strstr(answer.text, "ETag"));
        assert_non_null(strstr(answer.text, "\r\nCache-Control: no-store\r\n"));
        client_free(&answer);
    }
}

static void head_then_the_same_tag_and_no_body(void **state) {
    (void)state;
    char header[128];
    char again[128];
    struct answer answer = get("/v1/families", "");
    tag_of(&answer, header);
    client_free(&answer);
    answer = call("HEAD", "/v1/families", "", NULL);
    assert_int_equal(answer.code, 200);
    assert_string_equal(answer.body, "");
    tag_of(&answer, again);
    assert_string_equal(again, header);
    client_free(&answer);
}

/* --- problems --- */

static void type_of_a_problem_then_it_leads_to_what_it_means(void **state) {
    (void)state;
    struct answer refused = get("/v1/questions/00112233445566778899aabbccddeeff", "");
    assert_int_equal(refused.code, 404);
    assert_string_equal(text_of(refused.json, "instance"), "/v1/questions/00112233445566778899aabbccddeeff");
    struct answer meaning = get(text_of(refused.json, "type"), "");
    assert_int_equal(meaning.code, 200);
    assert_string_equal(text_of(meaning.json, "title"), text_of(refused.json, "title"));
    assert_string_equal(text_of(meaning.json, "error"), "UNKNOWN_QUESTION");
    client_free(&refused);
    client_free(&meaning);
    expect(get("/v1/problems/OK", ""), 404, "NOT_FOUND");
    expect(get("/v1/problems/unknown_question", ""), 404, "NOT_FOUND");
}

/* Bytes that no URI has, and more of them than fit. */
static void hostile_path_then_an_instance_that_cannot_be_broken(void **state) {
    (void)state;
    char target[1024] = "/v1/nothing/%22%5c%01%ff";
    struct answer answer = get(target, "");
    assert_string_equal(text_of(answer.json, "instance"), "/v1/nothing/%22%5C%01%FF");
    expect(answer, 404, "NOT_FOUND");
    memset(target + 4, 'x', sizeof target - 5);
    answer = get(target, "");
    assert_true(strlen(text_of(answer.json, "instance")) < 160);
    expect(answer, 404, "NOT_FOUND");
}

/* --- roles --- */

static void token_of_each_role_then_as_much_as_it_may(void **state) {
    (void)state;
    static const char question[] = "{\"title\":\"roles\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"panel\"}";
    static const char none[] = "Authorization: Bearer staples\r\n";
    char id[40];
    char reveal[128];
    char close[128];
    expect(call("POST", "/v1/questions", READ, question), 403, "NOT_ALLOWED");
    expect(call("POST", "/v1/questions", none, question), 401, "UNAUTHORIZED");
    expect(call("POST", "/v1/questions", "", question), 401, "UNAUTHORIZED");
    struct answer answer = call("POST", "/v1/questions", WRITE, question);
    assert_int_equal(answer.code, 201);
    (void)snprintf(id, sizeof id, "%s", text_of(answer.json, "question"));
    client_free(&answer);
    (void)snprintf(reveal, sizeof reveal, "/v1/questions/%s/reveal", id);
    (void)snprintf(close, sizeof close, "{\"question\":\"%s\"}", id);
    expect(call("POST", "/v1/close?ack=committed", WRITE, close), 200, NULL);
    expect(call("POST", reveal, READ, ""), 403, "NOT_ALLOWED");
    expect(call("POST", reveal, WRITE, ""), 403, "NOT_ALLOWED");
    expect(call("POST", reveal, ADMIN, ""), 200, NULL);
    expect(get("/v1/status", READ), 200, NULL);
    expect(get("/v1/status", WRITE), 200, NULL);
    expect(get("/v1/status", ADMIN), 200, NULL);
    expect(get("/v1/status", ""), 200, NULL); /* from this machine */
}

/* A token lets a request be called by any name; a wrong one does not. */
static void foreign_name_then_any_token_is_needed(void **state) {
    (void)state;
    static const struct {
        const char *header;
        unsigned code;
    } cases[] = {{"", 403}, {READ, 200}, {WRITE, 200}, {ADMIN, 200}, {"Authorization: Bearer x\r\n", 403}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[512];
        int bytes = snprintf(request, sizeof request,
                             "GET /v1/status HTTP/1.1\r\nHost: member.example\r\nConnection: close\r\n%s\r\n",
                             cases[i].header);
        expect(client_raw(world_port(world), request, (size_t)bytes), cases[i].code, NULL);
    }
}

/* --- how often --- */

static void more_requests_than_allowed_then_429_and_when_to_come_again(void **state) {
    (void)state;
    struct world *limited = world_start_limited(1);
    unsigned admitted = 0;
    unsigned refused = 0;
    for (int i = 0; i < 10; i++) {
        struct answer answer = client_request(world_port(limited), "GET", "/healthz", "", NULL, 0);
        admitted += answer.code == 200;
        if (answer.code != 200) {
            refused++;
            assert_int_equal(answer.code, 429);
            assert_string_equal(text_of(answer.json, "error"), "TOO_OFTEN");
            assert_non_null(strstr(answer.text, "\r\nRetry-After: 1\r\n"));
        }
        client_free(&answer);
    }
    world_stop(limited);
    assert_true(admitted >= 2 && refused >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_again_then_not_modified_until_it_changes),
        cmocka_unit_test(read_twice_then_the_same_bytes),
        cmocka_unit_test(what_changes_always_then_without_a_tag),
        cmocka_unit_test(head_then_the_same_tag_and_no_body),
        cmocka_unit_test(type_of_a_problem_then_it_leads_to_what_it_means),
        cmocka_unit_test(hostile_path_then_an_instance_that_cannot_be_broken),
        cmocka_unit_test(token_of_each_role_then_as_much_as_it_may),
        cmocka_unit_test(foreign_name_then_any_token_is_needed),
        cmocka_unit_test(more_requests_than_allowed_then_429_and_when_to_come_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
