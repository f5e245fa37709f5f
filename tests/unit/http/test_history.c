/* What members said, read back: evidence, lanes, certificates, proofs. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "client.h"
#include "world.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"

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

static void ask(const char *title, char ret_id[40]) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"title\":\"%s\",\"hypotheses\":[\"a\",\"b\",\"c\"],\"mode\":\"panel\"}",
                   title);
    struct answer answer = post("/v1/questions?ack=final", body);
    expect_code(&answer, 201);
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    client_free(&answer);
}

static void tell(const char *id, int number, const char *more) {
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"question\":\"%s\",\"observation\":\"o%d\",\"loglik\":[-0.5,1.000000001,%d]%s}", id, number,
                   number, more);
    struct answer answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    client_free(&answer);
}

/* --- evidence --- */

static void evidence_in_pages_then_each_item_once_and_in_order(void **state) {
    (void)state;
    char id[40];
    char other[40];
    char target[256];
    int seen = 0;
    bool is_last = false;
    ask("paged", id);
    ask("other", other);
    for (int i = 0; i < 5; i++) {
        tell(id, i, "");
        tell(other, i, "");
    }
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence?limit=2", id);
    while (!is_last) {
        struct answer answer = get(target);
        expect_code(&answer, 200);
        const json_t *evidence = json_object_get(answer.json, "evidence");
        assert_true(json_array_size(evidence) <= 2);
        for (size_t i = 0; i < json_array_size(evidence); i++) {
            char expected[16];
            (void)snprintf(expected, sizeof expected, "o%d", seen++);
            assert_string_equal(text_of(json_array_get(evidence, i), "observation"), expected);
        }
        is_last = json_is_null(json_object_get(answer.json, "next"));
        (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence?limit=2&cursor=%s", id,
                       text_of(answer.json, "next"));
        client_free(&answer);
    }
    assert_int_equal(seen, 5);
}

static void evidence_then_what_was_said_to_the_last_digit(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char body[256];
    ask("exact", id);
    tell(id, -3, ",\"content\":\"abc\",\"observed_at\":\"2026-03-01T12:00:00.5Z\"");
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o-3\"}", id);
    struct answer answer = post("/v1/retract?ack=committed", body);
    expect_code(&answer, 200);
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence", id);
    answer = get(target);
    const json_t *evidence = json_object_get(answer.json, "evidence");
    assert_int_equal(json_array_size(evidence), 2);
    const json_t *told = json_array_get(evidence, 0);
    assert_string_equal(text_of(told, "kind"), "tell");
    assert_string_equal(text_of(told, "name"), "member-0");
    assert_true(json_is_true(json_object_get(told, "executed")));
    assert_true(number_of(told, "seq") > 0 && number_of(told, "wall_us") > 1700000000000000);
    assert_int_equal(number_of(told, "observed_us"), 1772366400500000);
    assert_non_null(strstr(answer.text, "\"loglik\": [-0.5, 1.000000001, -3]"));
    /* SHA-256 of "abc" (FIPS 180-2, B.1). */
    assert_string_equal(text_of(told, "content"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(text_of(json_array_get(evidence, 1), "kind"), "retract");
    assert_true(number_of(json_array_get(evidence, 1), "seq") > number_of(told, "seq"));
    client_free(&answer);
}

static void evidence_not_executed_yet_then_it_says_so(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char body[256];
    ask("early", id);
    world_cut(world, true);
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o\",\"loglik\":[1,2,3]}", id);
    struct answer answer = post("/v1/evidence", body);
    expect_code(&answer, 200);
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence", id);
    answer = get(target);
    const json_t *told = json_array_get(json_object_get(answer.json, "evidence"), 0);
    assert_true(json_is_false(json_object_get(told, "executed")));
    client_free(&answer);
    world_cut(world, false);
    tell(id, 1, "");
}

static void evidence_of_nothing_then_refused(void **state) {
    (void)state;
    char id[40];
    char target[128];
    struct answer answer = get("/v1/questions/00112233445566778899aabbccddeeff/evidence");
    expect_code(&answer, 404);
    client_free(&answer);
    ask("cursors", id);
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence?cursor=1", id);
    answer = get(target);
    expect_code(&answer, 400);
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence?cursor=ffffffffffffffff.1.1", id);
    answer = get(target);
    expect_code(&answer, 200);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    client_free(&answer);
}

/* --- lanes --- */

/* Each batch links to the one before it, and no executed one comes above one that is not. */
static void check_lane(const json_t *lane) {
    const json_t *batches = json_object_get(lane, "batches");
    json_int_t seq = number_of(lane, "seq");
    json_int_t height = INT64_MAX;
    const char *prev = NULL;
    for (size_t i = 0; i < json_array_size(batches); i++) {
        const json_t *batch = json_array_get(batches, i);
        assert_int_equal(number_of(batch, "seq"), seq - (json_int_t)i);
        assert_int_equal(number_of(batch, "member"), number_of(lane, "member"));
        assert_true(number_of(batch, "bytes") > 0 && number_of(batch, "items") >= 0);
        if (prev != NULL) assert_string_equal(text_of(batch, "hash"), prev);
        prev = text_of(batch, "prev");
        bool is_executed = number_of(batch, "seq") <= number_of(lane, "executed_seq");
        assert_true(json_is_integer(json_object_get(batch, "executed")) == is_executed);
        if (is_executed) {
            assert_true(number_of(batch, "executed") <= height);
            height = number_of(batch, "executed");
        }
    }
}

static void lanes_then_chains_with_their_heights(void **state) {
    (void)state;
    char id[40];
    ask("lanes", id);
    for (int i = 0; i < 3; i++) tell(id, i, "");
    struct answer answer = get("/v1/lanes?limit=3");
    expect_code(&answer, 200);
    const json_t *lanes = json_object_get(answer.json, "lanes");
    assert_int_equal(json_array_size(lanes), 4);
    assert_int_equal(json_array_size(json_object_get(json_array_get(lanes, 0), "batches")), 3);
    for (size_t i = 0; i < 4; i++) check_lane(json_array_get(lanes, i));
    client_free(&answer);
    answer = get("/v1/lanes?limit=65");
    expect_code(&answer, 422);
    client_free(&answer);
}

/* The record of a question says at which height it was closed: the one of the batch that closed it. */
static void batch_executed_then_the_height_of_its_block(void **state) {
    (void)state;
    char id[40];
    char target[128];
    char body[256];
    ask("height", id);
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\"}", id);
    struct answer answer = post("/v1/close?ack=committed", body);
    expect_code(&answer, 200);
    json_int_t seq = number_of(answer.json, "seq");
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    answer = get(target);
    json_int_t height = number_of(answer.json, "height");
    client_free(&answer);
    answer = get("/v1/lanes?limit=64");
    const json_t *batches = json_object_get(json_array_get(json_object_get(answer.json, "lanes"), 0), "batches");
    bool is_found = false;
    for (size_t i = 0; i < json_array_size(batches); i++) {
        const json_t *batch = json_array_get(batches, i);
        if (number_of(batch, "seq") != seq) continue;
        assert_int_equal(number_of(batch, "executed"), height);
        is_found = true;
    }
    assert_true(is_found);
    client_free(&answer);
}

/* --- certificates, members, proofs --- */

static void certificates_in_pages_then_newest_first(void **state) {
    (void)state;
    char id[40];
    char target[128] = "/v1/certificates?limit=1";
    json_int_t before = INT64_MAX;
    int seen = 0;
    bool is_last = false;
    ask("certified", id);
    while (!is_last) {
        struct answer answer = get(target);
        expect_code(&answer, 200);
        const json_t *first = json_array_get(json_object_get(answer.json, "certificates"), 0);
        assert_int_equal(json_array_size(json_object_get(answer.json, "certificates")), 1);
        assert_true(number_of(first, "height") < before && number_of(first, "height") > 0);
        assert_true(number_of(first, "signers") >= 3 && number_of(first, "size") > 0);
        assert_int_equal(strlen(text_of(first, "root")), 64);
        assert_string_equal(text_of(first, "threshold"), "3/4");
        before = number_of(first, "height");
        is_last = json_is_null(json_object_get(answer.json, "next"));
        (void)snprintf(target, sizeof target, "/v1/certificates?limit=1&cursor=%s", text_of(answer.json, "next"));
        client_free(&answer);
        seen++;
    }
    assert_true(seen >= 2);
}

static void members_in_pages_then_who_is_reachable(void **state) {
    (void)state;
    struct answer answer = get("/v1/members?limit=3");
    expect_code(&answer, 200);
    const json_t *members = json_object_get(answer.json, "members");
    assert_int_equal(json_array_size(members), 3);
    assert_true(json_is_null(json_object_get(json_array_get(members, 0), "reachable")));
    assert_true(json_is_boolean(json_object_get(json_array_get(members, 1), "reachable")));
    char target[128];
    (void)snprintf(target, sizeof target, "/v1/members?cursor=%s", text_of(answer.json, "next"));
    client_free(&answer);
    answer = get(target);
    members = json_object_get(answer.json, "members");
    assert_int_equal(json_array_size(members), 1);
    assert_int_equal(number_of(json_array_get(members, 0), "member"), 3);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    client_free(&answer);
}

static void proof_that_is_not_there_then_refused(void **state) {
    (void)state;
    static const struct {
        const char *target;
        unsigned code;
    } cases[] = {{"/v1/proofs/1-0", 404},   {"/v1/proofs/1", 400},    {"/v1/proofs/-1-0", 400},
                 {"/v1/proofs/256-0", 400}, {"/v1/proofs/0-16", 400}, {"/v1/proofs/0-x", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = get(cases[i].target);
        expect_code(&answer, cases[i].code);
        client_free(&answer);
    }
    struct answer answer = get("/v1/proofs");
    expect_code(&answer, 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "proofs")), 0);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    client_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_in_pages_then_each_item_once_and_in_order),
        cmocka_unit_test(evidence_then_what_was_said_to_the_last_digit),
        cmocka_unit_test(evidence_not_executed_yet_then_it_says_so),
        cmocka_unit_test(evidence_of_nothing_then_refused),
        cmocka_unit_test(lanes_then_chains_with_their_heights),
        cmocka_unit_test(batch_executed_then_the_height_of_its_block),
        cmocka_unit_test(certificates_in_pages_then_newest_first),
        cmocka_unit_test(members_in_pages_then_who_is_reachable),
        cmocka_unit_test(proof_that_is_not_there_then_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
