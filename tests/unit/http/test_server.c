/* The server, asked over real sockets: member 0 of four, on a thread of their own. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
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

/* What every refusal has (RFC 9457), and that it agrees with the head of the answer. */
static void expect_problem(const struct answer *answer) {
    char type[64];
    (void)snprintf(type, sizeof type, "/v1/problems/%s", text_of(answer->json, "error"));
    assert_string_equal(text_of(answer->json, "type"), type);
    assert_true(strlen(text_of(answer->json, "title")) > 0);
    assert_int_equal(number_of(answer->json, "status"), answer->code);
    assert_int_equal(text_of(answer->json, "instance")[0], '/');
    assert_non_null(strstr(answer->text, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(answer->text, "\r\nCache-Control: no-store\r\n"));
    bool is_temporary =
        answer->code == 503 || answer->code == 429 || strcmp(text_of(answer->json, "error"), "BUSY") == 0;
    assert_true((strstr(answer->text, "\r\nRetry-After: ") != NULL) == is_temporary);
}

/* The answer is a refusal of this status; frees it. */
static void expect_refusal(struct answer answer, unsigned code, const char *error) {
    expect_code(&answer, code);
    if (strcmp(text_of(answer.json, "error"), error) != 0) print_error("%s\n", answer.body);
    assert_string_equal(text_of(answer.json, "error"), error);
    assert_true(strlen(text_of(answer.json, "detail")) > 0);
    expect_problem(&answer);
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

/* --- questions --- */

static void question_asked_twice_then_the_same_id_and_exists(void **state) {
    (void)state;
    static const char body[] = "{\"title\":\"twice\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"panel\"}";
    struct answer first = post("/v1/questions", body);
    struct answer second = post("/v1/questions", body);
    expect_code(&first, 201);
    expect_code(&second, 200);
    assert_true(json_is_false(json_object_get(first.json, "exists")));
    assert_true(json_is_true(json_object_get(second.json, "exists")));
    assert_true(json_is_true(json_object_get(second.json, "duplicate")));
    assert_true(number_of(first.json, "seq") >= 1 && number_of(first.json, "index") == 0);
    assert_string_equal(text_of(first.json, "question"), text_of(second.json, "question"));
    client_free(&first);
    client_free(&second);
}

/* Sends a POST with the token; the answer is read later. */
static int post_without_waiting(const char *target, const char *body) {
    char head[512];
    int bytes =
        snprintf(head, sizeof head,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" AUTH "Content-Length: %zu\r\n\r\n",
                 target, strlen(body));
    int fd = client_connect(world_port(world));
    client_send(fd, head, (size_t)bytes);
    client_send(fd, body, strlen(body));
    return fd;
}

static int get_without_waiting(const char *target) {
    char head[512];
    int bytes =
        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
    int fd = client_connect(world_port(world));
    client_send(fd, head, (size_t)bytes);
    return fd;
}

/* Until the line stands in the metrics. The limit is a watchdog, well above HTTP_IDLE_S: libmicrohttpd may miss the end of a connection
 * that comes together with its last bytes, and finds it then when the time of the connection is up. */
static void wait_for_metric(const char *line) {
    for (int i = 0; i < 3 * HTTP_IDLE_S * 100; i++) {
        struct answer metrics = get("/metrics");
        bool is_found = strstr(metrics.text, line) != NULL;
        client_free(&metrics);
        if (is_found) return;
        (void)usleep(10000);
    }
    fail_msg("no %s", line);
}

/* Until this many requests wait in the server. */
static void wait_for_waiting(unsigned count) {
    char line[64];
    (void)snprintf(line, sizeof line, "credimus_http_waiting_requests %u\n", count);
    wait_for_metric(line);
}

static void question_asked_twice_at_once_then_both_have_it(void **state) {
    (void)state;
    static const char body[] = "{\"title\":\"at once\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}";
    world_hold_commits(world, true);
    int one = post_without_waiting("/v1/questions", body);
    int two = post_without_waiting("/v1/questions", body);
    wait_for_waiting(2);
    world_hold_commits(world, false);
    struct answer first = client_read(one);
    struct answer second = client_read(two);
    assert_int_equal(first.code + second.code, 201 + 200);
    assert_string_equal(text_of(first.json, "question"), text_of(second.json, "question"));
    client_free(&first);
    client_free(&second);
}

static void question_shown_then_all_the_fields(void **state) {
    (void)state;
    static const char *const names[] = {"question",  "title",           "mode",        "hypotheses", "status",
                                        "outcome",   "family",          "opening",     "canary",     "finality",
                                        "posterior", "log_odds_quanta", "flip_margin", "intervals",  "contributors",
                                        "items",     "height",          "threshold"};
    char id[40];
    char target[128];
    ask("pool", id);
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=final", id);
    struct answer answer = get(target);
    expect_code(&answer, 200);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_non_null(json_object_get(answer.json, names[i]));
    assert_int_equal(json_object_size(answer.json), sizeof names / sizeof names[0]);
    assert_string_equal(text_of(answer.json, "finality"), "final");
    assert_string_equal(text_of(answer.json, "status"), "open");
    assert_true(json_real_value(json_array_get(json_object_get(answer.json, "posterior"), 0)) == 0.5);
    client_free(&answer);
}

static void questions_listed_in_pages_then_each_once(void **state) {
    (void)state;
    char id[40];
    for (int i = 0; i < 3; i++) ask("pool", id);
    char target[128] = "/v1/questions?limit=2";
    json_int_t seen = 0;
    for (;;) {
        struct answer answer = get(target);
        expect_code(&answer, 200);
        size_t page = json_array_size(json_object_get(answer.json, "questions"));
        json_int_t total = number_of(answer.json, "total");
        bool is_last = json_is_null(json_object_get(answer.json, "next"));
        (void)snprintf(target, sizeof target, "/v1/questions?limit=2&cursor=%s", text_of(answer.json, "next"));
        client_free(&answer);
        seen += (json_int_t)page;
        assert_true(page == 2 || is_last);
        if (!is_last) continue;
        assert_true(seen == total && total >= 3);
        return;
    }
}

static void unknown_question_then_404(void **state) {
    (void)state;
    static const char id[] = "00112233445566778899aabbccddeeff";
    expect_refusal(get("/v1/questions/00112233445566778899aabbccddeeff"), 404, "UNKNOWN_QUESTION");
    expect_refusal(get("/v1/questions/00112233445566778899aabbccddeeff?read=local"), 404, "UNKNOWN_QUESTION");
    expect_refusal(get("/v1/certificates/00112233445566778899aabbccddeeff"), 404, "UNKNOWN_QUESTION");
    expect_refusal(get("/v1/questions/xyz"), 400, "BAD_FORMAT");
    expect_refusal(tell("/v1/evidence", id, "o", "1"), 404, "UNKNOWN_QUESTION");
    expect_refusal(post("/v1/close", "{\"question\":\"00112233445566778899aabbccddeeff\"}"), 404, "UNKNOWN_QUESTION");
}

/* --- evidence --- */

static void evidence_then_acknowledged_as_far_as_asked(void **state) {
    (void)state;
    static const char *const acks[] = {"local", "available", "committed", "final"};
    char id[40];
    ask("pool", id);
    for (size_t i = 0; i < 4; i++) {
        char target[64];
        char observation[8];
        (void)snprintf(target, sizeof target, "/v1/evidence?ack=%s", acks[i]);
        (void)snprintf(observation, sizeof observation, "o%zu", i);
        struct answer answer = tell(target, id, observation, "0.5");
        expect_code(&answer, 200);
        size_t reached = 0;
        while (reached < 4 && strcmp(text_of(answer.json, "ack"), acks[reached]) != 0) reached++;
        assert_true(reached >= i && reached < 4);
        assert_int_equal(number_of(answer.json, "accepted"), 1);
        client_free(&answer);
    }
    assert_int_equal(items_of(id, "committed"), 4);
    assert_int_equal(items_of(id, "final"), 4);
}

static void evidence_read_locally_then_there_before_it_is_committed(void **state) {
    (void)state;
    char id[40];
    char target[128];
    ask("pool", id);
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=local", id);
    world_cut(world, true);
    struct answer answer = tell("/v1/evidence", id, "o", "2");
    expect_code(&answer, 200);
    assert_string_equal(text_of(answer.json, "ack"), "local");
    client_free(&answer);
    struct answer local = get(target);
    assert_int_equal(number_of(local.json, "items"), 1);
    assert_string_equal(text_of(local.json, "finality"), "local");
    client_free(&local);
    assert_int_equal(items_of(id, "committed"), 0);
    world_cut(world, false);
    struct answer next = tell("/v1/evidence?ack=final", id, "p", "2");
    expect_code(&next, 200);
    client_free(&next);
    local = get(target);
    assert_int_equal(number_of(local.json, "items"), 2);
    assert_string_equal(text_of(local.json, "finality"), "final");
    client_free(&local);
}

static void evidence_not_durable_yet_then_no_answer(void **state) {
    (void)state;
    char id[40];
    char body[512];
    ask("pool", id);
    (void)put_tell(body, sizeof body, id, "o", "1");
    world_hold_commits(world, true);
    int fd = post_without_waiting("/v1/evidence", body);
    wait_for_waiting(1);
    world_hold_commits(world, false);
    struct answer answer = client_read(fd);
    expect_code(&answer, 200);
    client_free(&answer);
}

static void list_with_a_bad_line_then_nothing_of_it(void **state) {
    (void)state;
    char id[40];
    char body[2048];
    ask("pool", id);
    size_t bytes = put_tell(body, sizeof body, id, "a", "1");
    bytes += put_tell(body + bytes, sizeof body - bytes, id, "b", "1");
    (void)put_tell(body + bytes, sizeof body - bytes, id, "c", "0.0000000000001");
    struct answer answer = post_as("/v1/evidence?ack=committed", AUTH "Content-Type: application/x-ndjson\r\n", body);
    assert_int_equal(number_of(answer.json, "line"), 3);
    assert_int_equal(number_of(answer.json, "index"), 2);
    assert_int_equal(number_of(answer.json, "accepted"), 0);
    expect_refusal(answer, 422, "TOO_FINE");
    answer = tell("/v1/evidence?ack=committed", id, "a", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    assert_int_equal(items_of(id, "committed"), 1);
}

static void list_with_a_bad_line_not_atomic_then_the_lines_before_it(void **state) {
    (void)state;
    char id[40];
    char body[2048];
    ask("pool", id);
    size_t bytes = put_tell(body, sizeof body, id, "a", "1");
    bytes += put_tell(body + bytes, sizeof body - bytes, id, "b", "1");
    (void)put_tell(body + bytes, sizeof body - bytes, id, "c", "oops");
    struct answer answer = post("/v1/evidence?ack=committed&atomic=false", body);
    assert_int_equal(number_of(answer.json, "line"), 3);
    assert_int_equal(number_of(answer.json, "accepted"), 2);
    expect_refusal(answer, 400, "BAD_FORMAT");
    assert_int_equal(items_of(id, "committed"), 2);
}

static void array_of_evidence_then_all_of_it(void **state) {
    (void)state;
    char id[40];
    char body[2048];
    ask("panel", id);
    (void)snprintf(body, sizeof body,
                   "[{\"question\":\"%s\",\"observation\":\"a\",\"loglik\":[-1.5,\"-0.25\"]},\n"
                   "{\"question\":\"%s\",\"observation\":\"b\",\"probability\":0.9,\"content\":\"seen\"}]",
                   id, id);
    struct answer answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    assert_int_equal(number_of(answer.json, "accepted"), 2);
    assert_int_equal(number_of(answer.json, "refused"), 0);
    client_free(&answer);
    assert_int_equal(items_of(id, "committed"), 2);
}

static void evidence_against_the_rules_then_refused(void **state) {
    (void)state;
    char id[40];
    char body[512];
    ask("pool", id);
    expect_refusal(tell("/v1/evidence", id, "o", "1e-13"), 422, "TOO_FINE");
    expect_refusal(tell("/v1/evidence", id, "o", "51"), 422, "OVER_ITEM_LIMIT");
    expect_refusal(tell("/v1/evidence", id, "o", "NaN"), 422, "NOT_A_NUMBER");
    expect_refusal(tell("/v1/evidence", id, "o", "\"one\""), 422, "NOT_A_NUMBER");
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o\",\"loglik\":[1,2,3]}", id);
    expect_refusal(post("/v1/evidence", body), 422, "WRONG_HYPOTHESES");
    expect_refusal(post("/v1/evidence", "{"), 400, "BAD_FORMAT");
    expect_refusal(post("/v1/evidence", ""), 400, "BAD_FORMAT");
    expect_refusal(post("/v1/evidence", "[]"), 400, "BAD_FORMAT");
    expect_refusal(post("/v1/evidence", "\xff\xfe"), 400, "BAD_FORMAT");
    assert_int_equal(items_of(id, "local"), 0);
}

/* --- certificates and finality --- */

static void certificate_of_a_final_question_then_its_text(void **state) {
    (void)state;
    char id[40];
    char target[128];
    ask("pool", id);
    (void)snprintf(target, sizeof target, "/v1/certificates/%s", id);
    struct answer answer = get(target);
    expect_code(&answer, 200);
    assert_non_null(strstr(answer.text, "Content-Type: text/plain"));
    assert_true(strncmp(answer.body, "certificate of question", 23) == 0);
    client_free(&answer);
}

/* Of four members this one alone has signed, three must; and what is known so far is said. */
static void expect_share_of_signers(const struct answer *answer) {
    const json_t *share = json_object_get(answer->json, "signed");
    const json_t *missing = json_object_get(answer->json, "missing");
    const json_t *provisional = json_object_get(answer->json, "provisional");
    assert_int_equal(json_integer_value(json_object_get(share, "heads")), 1);
    assert_int_equal(json_integer_value(json_object_get(share, "needed")), 3);
    assert_int_equal(json_integer_value(json_object_get(share, "members")), 4);
    assert_true(json_number_value(json_object_get(share, "weight")) == 0.25);
    assert_int_equal(json_array_size(missing), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(missing, 0), "member")), 1);
    assert_string_equal(json_string_value(json_object_get(provisional, "finality")), "committed");
    assert_int_equal(json_integer_value(json_object_get(provisional, "items")), 1);
    assert_non_null(strstr(text_of(answer->json, "detail"), "1 of 4 members have signed, needed are 3"));
}

static void belief_without_a_certificate_then_not_final_and_later_final(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char certificate[128];
    ask("pool", id);
    world_silence_attestations(world, true);
    struct answer answer = tell("/v1/evidence?ack=committed", id, "o", "1");
    expect_code(&answer, 200);
    assert_string_equal(text_of(answer.json, "ack"), "committed");
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    answer = get(target);
    assert_string_equal(text_of(answer.json, "finality"), "committed");
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=final", id);
    answer = get(target);
    assert_string_equal(text_of(answer.json, "threshold"), "3/4");
    assert_true(number_of(answer.json, "certified_height") >= 1);
    expect_share_of_signers(&answer);
    expect_refusal(answer, 503, "NOT_FINAL");
    (void)snprintf(certificate, sizeof certificate, "/v1/certificates/%s", id);
    expect_refusal(get(certificate), 503, "NOT_FINAL");
    int fd = get_without_waiting(target);
    wait_for_waiting(1);
    world_silence_attestations(world, false);
    answer = tell("/v1/evidence?ack=final", id, "p", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    answer = client_read(fd);
    expect_code(&answer, 200);
    assert_string_equal(text_of(answer.json, "finality"), "final");
    client_free(&answer);
}

static void verdict_without_a_certificate_then_provisional(void **state) {
    (void)state;
    char id[40];
    char body[128];
    char target[128];
    ask("pool", id);
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\"}", id);
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    world_silence_attestations(world, true);
    struct answer answer = post("/v1/close?ack=committed", body);
    expect_code(&answer, 200);
    client_free(&answer);
    answer = get(target);
    assert_string_equal(text_of(answer.json, "status"), "undecided");
    assert_string_equal(text_of(answer.json, "finality"), "provisional");
    assert_true(json_is_null(json_object_get(answer.json, "outcome")));
    client_free(&answer);
    world_silence_attestations(world, false);
}

/* Two requests on one connection, the first of which has to wait. */
static void connection_kept_then_answers_in_order(void **state) {
    (void)state;
    static const char body[] = "{\"title\":\"kept\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}";
    char requests[1024];
    int bytes = snprintf(requests, sizeof requests,
                         "POST /v1/questions HTTP/1.1\r\nHost: localhost\r\n" AUTH "Content-Length: %zu\r\n\r\n%s"
                         "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                         strlen(body), body);
    struct answer answer = client_raw(world_port(world), requests, (size_t)bytes);
    expect_code(&answer, 201);
    const char *second = strstr(answer.body, "HTTP/1.1 200 OK");
    assert_non_null(second);
    assert_non_null(strstr(second, "\"healthy\": true"));
    client_free(&answer);
}

/* The client is gone before its answer is there; nothing of it may be touched again. */
static void client_gone_while_it_waits_then_the_server_goes_on(void **state) {
    (void)state;
    char id[40];
    char body[512];
    ask("pool", id);
    (void)put_tell(body, sizeof body, id, "o", "1");
    world_hold_commits(world, true);
    int fd = post_without_waiting("/v1/evidence", body);
    wait_for_waiting(1);
    (void)close(fd);
    world_hold_commits(world, false);
    wait_for_waiting(0);
    assert_int_equal(items_of(id, "local"), 1);
}

/* --- who may, and how much --- */

static void write_without_the_token_then_401(void **state) {
    (void)state;
    static const char *const headers[] = {"",
                                          "Authorization: Bearer\r\n",
                                          "Authorization: Bearer wrong\r\n",
                                          "Authorization: Bearer correct hors\r\n",
                                          "Authorization: Bearer correct horses\r\n",
                                          "Authorization: Basic correct horse\r\n"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct answer answer = post_as("/v1/evidence", headers[i], "{}");
        assert_non_null(strstr(answer.text, "WWW-Authenticate: Bearer"));
        expect_refusal(answer, 401, "UNAUTHORIZED");
    }
}

static void read_under_a_foreign_name_then_403(void **state) {
    (void)state;
    static const char evil[] = "GET /v1/status HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n";
    static const char good[] = "GET /v1/status HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n\r\n";
    static const char token[] = "GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n" AUTH "\r\n";
    expect_refusal(client_raw(world_port(world), evil, sizeof evil - 1), 403, "NOT_ALLOWED");
    struct answer answer = client_raw(world_port(world), good, sizeof good - 1);
    expect_code(&answer, 200);
    client_free(&answer);
    answer = client_raw(world_port(world), token, sizeof token - 1);
    expect_code(&answer, 200);
    client_free(&answer);
}

static void body_over_the_limit_then_413(void **state) {
    (void)state;
    char *body = malloc(BODY_MAX + 1);
    memset(body, ' ', BODY_MAX + 1);
    static const char head[] = "POST /v1/evidence HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" AUTH
                               "Content-Length: 262145\r\n\r\n";
    expect_refusal(client_raw(world_port(world), head, sizeof head - 1), 413, "TOO_LARGE");
    expect_refusal(client_request(world_port(world), "POST", "/v1/evidence", AUTH, body, BODY_MAX), 400,
                   "BAD_FORMAT");
    free(body);
}

static void chunked_body_over_the_limit_then_413(void **state) {
    (void)state;
    static const char head[] = "POST /v1/evidence HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" AUTH
                               "Transfer-Encoding: chunked\r\n\r\n";
    char *chunk = malloc(0x10000 + 16);
    size_t bytes = (size_t)sprintf(chunk, "10000\r\n");
    memset(chunk + bytes, ' ', 0x10000);
    memcpy(chunk + bytes + 0x10000, "\r\n", 2);
    bytes += 0x10000 + 2;
    int fd = client_connect(world_port(world));
    client_send(fd, head, sizeof head - 1);
    for (int i = 0; i < 5; i++) client_send(fd, chunk, bytes);
    client_send(fd, "0\r\n\r\n", 5);
    expect_refusal(client_read(fd), 413, "TOO_LARGE");
    free(chunk);
}

/* Until the bodies held by the server take this many bytes. */
static void wait_for_bodies(unsigned bytes) {
    char line[64];
    (void)snprintf(line, sizeof line, "credimus_http_body_bytes %u\n", bytes);
    wait_for_metric(line);
}

static void bodies_over_their_common_limit_then_busy(void **state) {
    (void)state;
    static const char head[] = "POST /v1/evidence HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" AUTH
                               "Content-Length: 262144\r\n\r\n";
    int fds[HTTP_BODIES_MAX];
    char *body = malloc(BODY_MAX);
    memset(body, ' ', BODY_MAX);
    for (int i = 0; i < HTTP_BODIES_MAX; i++) {
        fds[i] = client_connect(world_port(world));
        client_send(fds[i], head, sizeof head - 1);
        client_send(fds[i], body, BODY_MAX - 1);
    }
    wait_for_bodies(HTTP_BODIES_MAX * BODY_MAX);
    expect_refusal(post("/v1/evidence", "{}"), 413, "BUSY");
    for (int i = 0; i < HTTP_BODIES_MAX; i++) (void)close(fds[i]);
    wait_for_bodies(0);
    expect_refusal(post("/v1/evidence", "{}"), 400, "MISSING");
    free(body);
}

/* Both ends of so many connections are in this process. */
static bool allow_many_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    if (limit.rlim_cur < 4096) limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 4096;
}

static void as_many_waiting_as_may_then_busy_and_reads_go_on(void **state) {
    (void)state;
    static int fds[HTTP_WAITING_MAX];
    char id[40];
    char body[512];
    if (!allow_many_files()) {
        print_message("too few file descriptors are allowed here for %d connections\n", HTTP_WAITING_MAX);
        skip();
    }
    ask("pool", id);
    world_hold_commits(world, true);
    for (int i = 0; i < HTTP_WAITING_MAX; i++) {
        char observation[16];
        (void)snprintf(observation, sizeof observation, "o%d", i);
        (void)put_tell(body, sizeof body, id, observation, "0.01");
        fds[i] = post_without_waiting("/v1/evidence", body);
    }
    wait_for_waiting(HTTP_WAITING_MAX);
    expect_refusal(tell("/v1/evidence", id, "one more", "0.01"), 503, "BUSY");
    struct answer answer = get("/healthz");
    expect_code(&answer, 200);
    client_free(&answer);
    world_hold_commits(world, false);
    for (int i = 0; i < HTTP_WAITING_MAX; i++) {
        answer = client_read(fds[i]);
        expect_code(&answer, 200);
        client_free(&answer);
    }
    answer = tell("/v1/evidence?ack=committed", id, "one more", "0.01");
    expect_code(&answer, 200);
    client_free(&answer);
    assert_int_equal(items_of(id, "committed"), HTTP_WAITING_MAX + 1);
}

static void expect_disk(const char *name, const char *first_line, const char *second_line) {
    struct answer answer = get("/v1/status");
    expect_code(&answer, 200);
    assert_string_equal(text_of(answer.json, "disk"), name);
    client_free(&answer);
    answer = get("/metrics");
    assert_non_null(strstr(answer.text, first_line));
    assert_non_null(strstr(answer.text, second_line));
    client_free(&answer);
}

/* What waits for room is executed and certified in memory, and nobody is told so. */
static void step_not_durable_then_neither_acknowledged_nor_final(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char body[512];
    char line[64];
    ask("pool", id);
    expect_disk("room", "credimus_disk_low 0\n", "credimus_disk_full 0\n");
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=final", id);
    struct answer answer = get(target);
    expect_code(&answer, 200);
    client_free(&answer);
    world_fill_disk(world, true);
    expect_disk("full", "credimus_disk_low 1\n", "credimus_disk_full 1\n");
    (void)put_tell(body, sizeof body, id, "o", "1");
    int fd = post_without_waiting("/v1/evidence", body);
    wait_for_waiting(1);
    while (items_of(id, "committed") == 0) (void)usleep(10000);
    answer = get("/v1/status");
    (void)snprintf(line, sizeof line, "credimus_final_height %lld\n", (long long)number_of(answer.json, "height"));
    client_free(&answer);
    wait_for_metric(line);
    expect_refusal(get(target), 503, "NOT_FINAL");
    wait_for_waiting(1);
    world_fill_disk(world, false);
    answer = client_read(fd);
    expect_code(&answer, 200);
    client_free(&answer);
    assert_int_equal(items_of(id, "final"), 1);
}

static void disk_full_or_busy_then_refused_and_reads_go_on(void **state) {
    (void)state;
    char id[40];
    ask("pool", id);
    world_accept(world, STATUS_DISK_FULL);
    expect_refusal(tell("/v1/evidence", id, "o", "1"), 507, "DISK_FULL");
    expect_refusal(get("/readyz"), 503, "DISK_FULL");
    expect_disk("low", "credimus_disk_low 1\n", "credimus_disk_full 0\n");
    struct answer answer = get("/healthz");
    expect_code(&answer, 200);
    client_free(&answer);
    world_accept(world, STATUS_BUSY);
    expect_refusal(tell("/v1/evidence", id, "o", "1"), 503, "BUSY");
    world_accept(world, STATUS_OK);
    answer = get("/readyz");
    expect_code(&answer, 200);
    client_free(&answer);
    answer = tell("/v1/evidence", id, "o", "1");
    expect_code(&answer, 200);
    client_free(&answer);
}

static void requests_that_are_none_then_refused(void **state) {
    (void)state;
    expect_refusal(get("/nothing"), 404, "NOT_FOUND");
    expect_refusal(get("/v1/evidence"), 405, "USAGE");
    expect_refusal(client_request(world_port(world), "DELETE", "/v1/status", AUTH, NULL, 0), 405, "USAGE");
    expect_refusal(get("/v1/questions?limit=0"), 422, "BAD_VALUE");
    expect_refusal(get("/v1/questions?limit=1001"), 422, "BAD_VALUE");
    expect_refusal(get("/v1/questions?from=x"), 422, "NOT_A_NUMBER");
    expect_refusal(get("/v1/questions?form=1"), 422, "BAD_VALUE");
    expect_refusal(post("/v1/evidence?ack=maybe", "{}"), 422, "BAD_VALUE");
    expect_refusal(post("/v1/evidence?ack", "{}"), 422, "BAD_VALUE");
    static const char garbage[] = "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n";
    struct answer answer = client_raw(world_port(world), garbage, sizeof garbage - 1);
    assert_true(answer.code == 0 || answer.code == 400);
    client_free(&answer);
    answer = get("/healthz");
    expect_code(&answer, 200);
    client_free(&answer);
}

/* --- status and metrics --- */

static void status_then_all_the_fields(void **state) {
    (void)state;
    static const char *const names[] = {"member",       "chain", "epoch", "view",  "height",    "root",
                                        "final_height", "peers", "lanes", "level", "threshold", "misbehaviour"};
    struct answer answer = get("/v1/status");
    expect_code(&answer, 200);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_non_null(json_object_get(answer.json, names[i]));
    assert_int_equal(json_array_size(json_object_get(answer.json, "peers")), 3);
    assert_int_equal(json_array_size(json_object_get(answer.json, "lanes")), 4);
    assert_int_equal(strlen(text_of(answer.json, "root")), 64);
    assert_string_equal(text_of(answer.json, "threshold"), "3/4");
    assert_string_equal(text_of(answer.json, "base_threshold"), "3/4");
    assert_string_equal(text_of(answer.json, "level"), "connected");
    assert_true(number_of(answer.json, "level_ms") >= 0);
    assert_int_equal(json_array_size(json_object_get(answer.json, "unreachable")), 0);
    assert_int_equal(number_of(answer.json, "apart"), 0);
    assert_true(json_is_false(json_object_get(answer.json, "enhanced")));
    assert_true(number_of(answer.json, "provisional") >= 0);
    client_free(&answer);
}

/* The others fall silent: this member says whom it misses, and as soon as that is committed, so does the group's table. */
static void others_fall_silent_then_status_says_whom_it_misses(void **state) {
    (void)state;
    char target[] = "/v1/status";
    struct answer answer;
    world_cut(world, true);
    for (int i = 0; i < 100; i++) {
        usleep(50000);
        answer = get(target);
        expect_code(&answer, 200);
        bool is_severe = strcmp(text_of(answer.json, "level"), "severe") == 0;
        size_t missing = json_array_size(json_object_get(answer.json, "unreachable"));
        client_free(&answer);
        if (is_severe && missing == 3) break;
        assert_true(i < 99);
    }
    world_cut(world, false);
}

/* Every line is a comment, or a name that was declared, and a number. */
static void metrics_then_each_line_is_well_formed(void **state) {
    (void)state;
    struct answer answer = get("/metrics");
    char declared[64] = "";
    unsigned count = 0;
    expect_code(&answer, 200);
    for (char *line = strtok(answer.body, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char name[64];
        char value[64];
        if (sscanf(line, "# TYPE %63s", name) == 1) strcpy(declared, name);
        if (line[0] == '#') continue;
        assert_int_equal(sscanf(line, "%63[a-z_]", name), 1);
        assert_string_equal(name, declared);
        assert_int_equal(sscanf(strrchr(line, ' '), " %63[0-9.e+-]", value), 1);
        count++;
    }
    assert_true(count > 30);
    client_free(&answer);
}

/* --- last, since it cuts the members for good --- */

static void members_cut_off_then_final_refused_with_a_reason(void **state) {
    (void)state;
    char id[40];
    char target[128];
    ask("pool", id);
    struct answer answer = tell("/v1/evidence?ack=final", id, "o", "1");
    expect_code(&answer, 200);
    client_free(&answer);
    world_cut(world, true);
    char body[512];
    (void)put_tell(body, sizeof body, id, "p", "1");
    int fd = post_without_waiting("/v1/evidence?ack=final", body);
    wait_for_waiting(1);
    (void)snprintf(target, sizeof target, "/v1/questions/%s?read=final", id);
    answer = get(target); /* what is committed is certified still */
    expect_code(&answer, 200);
    client_free(&answer);
    world_stop(world); /* with one request that waits */
    answer = client_read(fd);
    expect_code(&answer, 202);
    assert_string_equal(text_of(answer.json, "ack"), "local");
    client_free(&answer);
    world = world_start(0);
}

static void port_in_use_then_it_is_named(void **state) {
    (void)state;
    uv_loop_t loop;
    struct http *http;
    struct http_backend backend = {0};
    char detail[HTTP_DETAIL_BYTES];
    char expected[HTTP_DETAIL_BYTES];
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_config config = {.loop = &loop, .port = world_port(world), .token = "t", .backend = &backend};
    assert_int_equal(http_open(&config, &http, detail, sizeof detail), STATUS_UNAVAILABLE);
    (void)snprintf(expected, sizeof expected, "port %u of 127.0.0.1 is in use", world_port(world));
    assert_string_equal(detail, expected);
    config.token = "";
    assert_int_equal(http_open(&config, &http, detail, sizeof detail), STATUS_BAD_VALUE);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        /* First, for later tests cut the network, and on a slow machine long enough that levels rise for half a minute. */
        cmocka_unit_test(status_then_all_the_fields),
        cmocka_unit_test(question_asked_twice_then_the_same_id_and_exists),
        cmocka_unit_test(question_asked_twice_at_once_then_both_have_it),
        cmocka_unit_test(question_shown_then_all_the_fields),
        cmocka_unit_test(questions_listed_in_pages_then_each_once),
        cmocka_unit_test(unknown_question_then_404),
        cmocka_unit_test(evidence_then_acknowledged_as_far_as_asked),
        cmocka_unit_test(evidence_read_locally_then_there_before_it_is_committed),
        cmocka_unit_test(evidence_not_durable_yet_then_no_answer),
        cmocka_unit_test(list_with_a_bad_line_then_nothing_of_it),
        cmocka_unit_test(list_with_a_bad_line_not_atomic_then_the_lines_before_it),
        cmocka_unit_test(array_of_evidence_then_all_of_it),
        cmocka_unit_test(evidence_against_the_rules_then_refused),
        cmocka_unit_test(certificate_of_a_final_question_then_its_text),
        cmocka_unit_test(belief_without_a_certificate_then_not_final_and_later_final),
        cmocka_unit_test(verdict_without_a_certificate_then_provisional),
        cmocka_unit_test(connection_kept_then_answers_in_order),
        cmocka_unit_test(client_gone_while_it_waits_then_the_server_goes_on),
        cmocka_unit_test(write_without_the_token_then_401),
        cmocka_unit_test(read_under_a_foreign_name_then_403),
        cmocka_unit_test(body_over_the_limit_then_413),
        cmocka_unit_test(chunked_body_over_the_limit_then_413),
        cmocka_unit_test(bodies_over_their_common_limit_then_busy),
        cmocka_unit_test(as_many_waiting_as_may_then_busy_and_reads_go_on),
        cmocka_unit_test(disk_full_or_busy_then_refused_and_reads_go_on),
        cmocka_unit_test(step_not_durable_then_neither_acknowledged_nor_final),
        cmocka_unit_test(requests_that_are_none_then_refused),
        cmocka_unit_test(metrics_then_each_line_is_well_formed),
        cmocka_unit_test(port_in_use_then_it_is_named),
        cmocka_unit_test(others_fall_silent_then_status_says_whom_it_misses),
        cmocka_unit_test(members_cut_off_then_final_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
