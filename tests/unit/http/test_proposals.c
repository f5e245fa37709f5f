/* Changes of the members over HTTP: proposed, decided by a quorum, seen in every answer; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "client.h"
#include "crypto/ed25519.h"
#include "http/http.h"
#include "wire/handover.h"
#include "world.h"

#define AUTH       "Authorization: Bearer " WORLD_TOKEN "\r\n"
#define AUTH_WRITE "Authorization: Bearer " WORLD_TOKEN_WRITE "\r\n"
/* Ten seconds, for what takes a few milliseconds. */
enum { TRIES = 1000, PAUSE_NS = 10000000 };

static struct world *world;

static int stop(void **state) {
    (void)state;
    world_stop(world);
    return 0;
}

static int start_four_and_two_places(void **state) {
    (void)state;
    world = world_start_group(4, 2);
    return 0;
}

static int start_five(void **state) {
    (void)state;
    world = world_start_group(5, 0);
    return 0;
}

static struct answer get(const char *target) { return client_request(world_port(world), "GET", target, "", NULL, 0); }

static struct answer propose_as(const char *headers, const char *body) {
    return client_request(world_port(world), "POST", "/v1/proposals", headers, body, strlen(body));
}

static struct answer propose(const char *body) { return propose_as(AUTH, body); }

static void expect_refusal(struct answer answer, unsigned code, const char *error, const char *said) {
    expect_code(&answer, code);
    assert_string_equal(text_of(answer.json, "error"), error);
    if (strstr(text_of(answer.json, "detail"), said) == NULL) print_error("%s\n", answer.body);
    assert_non_null(strstr(text_of(answer.json, "detail"), said));
    client_free(&answer);
}

static void key_text(uint8_t seed_byte, char ret_text[2 * KEY_BYTES + 1]) {
    uint8_t seed[ED25519_SEED_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    memset(seed, seed_byte, sizeof seed);
    ed25519_from_seed(seed, secret, key);
    bytes_to_hex(key, KEY_BYTES, ret_text);
}

static struct answer propose_key(const char *format, uint8_t seed_byte) {
    char key[2 * KEY_BYTES + 1];
    char body[512];
    key_text(seed_byte, key);
    (void)snprintf(body, sizeof body, "{%s, \"key\": \"%s\"}", format, key);
    return propose(body);
}

static json_int_t epoch_now(void) {
    struct answer answer = get("/v1/proposals");
    expect_code(&answer, 200);
    json_int_t epoch = number_of(answer.json, "epoch");
    client_free(&answer);
    return epoch;
}

static void wait_for_epoch(json_int_t epoch) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int i = 0; i < TRIES && epoch_now() < epoch; i++) (void)nanosleep(&pause, NULL);
    assert_int_equal(epoch_now(), epoch);
}

/* 200 at last. */
static struct answer wait_for(const char *target) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int i = 0; i < TRIES; i++) {
        struct answer answer = get(target);
        if (answer.code == 200) return answer;
        client_free(&answer);
        (void)nanosleep(&pause, NULL);
    }
    return get(target);
}

static void proposal_of_one_then_listed_until_enough_have_seconded_it(void **state) {
    (void)state;
    struct answer answer = propose("{\"change\": \"threshold\", \"threshold\": \"4/5\"}");
    expect_code(&answer, 200);
    assert_int_equal(number_of(answer.json, "accepted"), 1);
    json_int_t seq = number_of(answer.json, "seq");
    client_free(&answer);
    answer = propose("{\"change\": \"threshold\", \"threshold\": \"4/5\"}");
    expect_code(&answer, 200);
    assert_true(json_is_true(json_object_get(answer.json, "duplicate")));
    assert_int_equal(number_of(answer.json, "seq"), seq);
    client_free(&answer);

    answer = get("/v1/proposals");
    expect_code(&answer, 200);
    assert_int_equal(number_of(answer.json, "epoch"), 0);
    assert_int_equal(number_of(answer.json, "needed"), 3);
    const json_t *proposals = json_object_get(answer.json, "proposals");
    assert_int_equal(json_array_size(proposals), 1);
    const json_t *proposal = json_array_get(proposals, 0);
    assert_string_equal(text_of(proposal, "change"), "threshold");
    assert_string_equal(text_of(proposal, "threshold"), "4/5");
    assert_int_equal(number_of(proposal, "missing"), 2);
    assert_int_equal(json_array_size(json_object_get(proposal, "proposers")), 1);
    assert_int_equal(json_array_size(json_object_get(proposal, "others")), 3);
    client_free(&answer);
    expect_refusal(get("/v1/handovers/0"), 404, "NOT_FOUND", "has not ended");

    world_second(world, 2);
    wait_for_epoch(1);
    answer = get("/v1/proposals");
    assert_int_equal(json_array_size(json_object_get(answer.json, "proposals")), 0);
    assert_int_equal(number_of(answer.json, "needed"), 4);
    client_free(&answer);
    answer = get("/v1/status");
    assert_int_equal(number_of(answer.json, "epoch"), 1);
    assert_string_equal(text_of(answer.json, "base_threshold"), "4/5");
    client_free(&answer);
    expect_refusal(propose("{\"change\": \"threshold\", \"threshold\": \"8/10\"}"), 409, "DUPLICATE", "4/5 already");
    expect_refusal(propose("{\"change\": \"threshold\", \"threshold\": \"9/10\", \"epoch\": 0}"), 409, "WRONG_EPOCH",
                   "epoch 1");
}

static void epoch_that_ended_then_its_handover_and_certificates_go_on(void **state) {
    static struct handover handover;
    (void)state;
    world_second(world, 2);
    struct answer answer = propose("{\"change\": \"threshold\", \"threshold\": \"4/5\"}");
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    answer = wait_for("/v1/handovers/0");
    expect_code(&answer, 200);
    size_t head = (size_t)(answer.body - answer.text);
    const char *length = strstr(answer.text, "Content-Length: ");
    assert_true(length != NULL && (size_t)(length - answer.text) < head);
    assert_non_null(strstr(answer.text, "application/cbor"));
    size_t bytes = strtoul(length + strlen("Content-Length: "), NULL, 10);
    assert_int_equal(handover_read(slice_of(answer.body, bytes), &handover), STATUS_OK);
    assert_int_equal(handover.checkpoint.epoch, 0);
    assert_true(handover.count >= 3);
    client_free(&answer);
    expect_refusal(get("/v1/handovers/1"), 404, "NOT_FOUND", "epoch 1");
    expect_refusal(get("/v1/handovers/x"), 400, "BAD_FORMAT", "number");
    expect_refusal(get("/v1/handovers/-1"), 400, "BAD_FORMAT", "number");
}

static void signatures_that_are_missing_then_the_handover_is_not_there(void **state) {
    (void)state;
    world_silence_attestations(world, true);
    world_second(world, 2);
    struct answer answer = propose("{\"change\": \"threshold\", \"threshold\": \"4/5\"}");
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    expect_refusal(get("/v1/handovers/0"), 404, "NOT_FOUND", "too few of its members have signed");
    static const char ask[] = "{\"title\": \"q\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\"}";
    answer = client_request(world_port(world), "POST", "/v1/questions", AUTH, ask, strlen(ask));
    expect_code(&answer, 201);
    char target[128];
    (void)snprintf(target, sizeof target, "/v1/certificates/%s", text_of(answer.json, "question"));
    client_free(&answer);
    expect_refusal(get(target), 503, "NOT_FINAL", "epoch 0 ended");
}

static void member_that_is_added_then_in_the_lists(void **state) {
    char key[2 * KEY_BYTES + 1];
    (void)state;
    struct answer answer = get("/v1/members");
    assert_int_equal(number_of(answer.json, "heads"), 4);
    assert_int_equal(number_of(answer.json, "vacant"), 2);
    assert_int_equal(number_of(answer.json, "places"), 6);
    assert_int_equal(json_array_size(json_object_get(answer.json, "members")), 4);
    client_free(&answer);
    answer = get("/v1/genesis");
    assert_int_equal(json_array_size(json_object_get(answer.json, "members")), 4);
    assert_int_equal(number_of(answer.json, "vacant"), 2);
    client_free(&answer);
    world_second(world, 2);
    answer = propose_key("\"change\": \"add\", \"name\": \"new\", \"place\": 5", 77);
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    answer = get("/v1/members");
    const json_t *members = json_object_get(answer.json, "members");
    assert_int_equal(number_of(answer.json, "heads"), 5);
    assert_int_equal(number_of(answer.json, "vacant"), 1);
    assert_int_equal(number_of(answer.json, "quorum"), 4);
    assert_int_equal(json_array_size(members), 5);
    assert_int_equal(number_of(json_array_get(members, 4), "member"), 5);
    assert_string_equal(text_of(json_array_get(members, 4), "name"), "new");
    key_text(77, key);
    assert_string_equal(text_of(json_array_get(members, 4), "key"), key);
    client_free(&answer);
    /* Pages step over the place that is vacant. */
    answer = get("/v1/members?limit=4");
    char target[128];
    (void)snprintf(target, sizeof target, "/v1/members?cursor=%s", text_of(answer.json, "next"));
    client_free(&answer);
    answer = get(target);
    assert_int_equal(json_array_size(json_object_get(answer.json, "members")), 1);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    client_free(&answer);
    answer = get("/v1/status");
    assert_int_equal(number_of(answer.json, "heads"), 5);
    assert_int_equal(number_of(answer.json, "places"), 6);
    assert_int_equal(json_array_size(json_object_get(answer.json, "peers")), 4);
    assert_true(json_is_true(json_object_get(answer.json, "is_member")));
    assert_true(json_is_false(json_object_get(answer.json, "lane_closed")));
    client_free(&answer);
    answer = get("/metrics");
    assert_non_null(strstr(answer.body, "credimus_epoch 1\n"));
    assert_non_null(strstr(answer.body, "credimus_members 5\n"));
    assert_non_null(strstr(answer.body, "credimus_lane_closed 0\n"));
    assert_non_null(strstr(answer.body, "{member=\"5\",name=\"new\"}"));
    assert_null(strstr(answer.body, "member=\"4\""));
    client_free(&answer);
    answer = get("/v1/lanes");
    assert_int_equal(json_array_size(json_object_get(answer.json, "lanes")), 5);
    client_free(&answer);
}

static void key_that_was_used_then_refused_for_good(void **state) {
    (void)state;
    expect_refusal(propose_key("\"change\": \"add\", \"name\": \"new\"", 2), 409, "DUPLICATE", "key of member-1");
    expect_refusal(propose_key("\"change\": \"add\", \"name\": \"member-2\"", 77), 409, "DUPLICATE", "at place 2");
    expect_refusal(propose_key("\"change\": \"add\", \"name\": \"new\", \"place\": 1", 77), 409, "CONFLICT",
                   "member-1");
    expect_refusal(propose("{\"change\": \"remove\", \"member\": \"member-1\"}"), 422, "BAD_VALUE", "4 members");
    world_second(world, 2);
    struct answer answer = propose_key("\"change\": \"key\", \"member\": \"member-3\"", 77);
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    expect_refusal(propose_key("\"change\": \"key\", \"member\": \"member-3\"", 4), 409, "KEY_USED", "key");
}

static void member_that_is_removed_then_in_no_list_and_the_rest_go_on(void **state) {
    (void)state;
    world_second(world, 3);
    struct answer answer = propose("{\"change\": \"remove\", \"member\": \"member-1\"}");
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    answer = get("/v1/members");
    const json_t *members = json_object_get(answer.json, "members");
    assert_int_equal(number_of(answer.json, "heads"), 4);
    assert_int_equal(number_of(answer.json, "vacant"), 1);
    assert_int_equal(number_of(answer.json, "quorum"), 3);
    assert_int_equal(json_array_size(members), 4);
    for (size_t i = 0; i < json_array_size(members); i++)
        assert_string_not_equal(text_of(json_array_get(members, i), "name"), "member-1");
    client_free(&answer);
    static const char ask[] = "{\"title\": \"q\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\"}";
    answer = client_request(world_port(world), "POST", "/v1/questions?ack=final", AUTH, ask, strlen(ask));
    expect_code(&answer, 201);
    assert_string_equal(text_of(answer.json, "ack"), "final");
    client_free(&answer);
    expect_refusal(propose("{\"change\": \"remove\", \"member\": \"member-1\"}"), 404, "UNKNOWN_MEMBER", "member-1");
}

static void own_removal_then_nothing_is_taken_any_more(void **state) {
    (void)state;
    world_second(world, 4);
    struct answer answer = propose("{\"change\": \"remove\", \"member\": \"member-0\"}");
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    answer = get("/v1/status");
    assert_true(json_is_false(json_object_get(answer.json, "is_member")));
    assert_string_equal(text_of(answer.json, "name"), "place 0");
    client_free(&answer);
    expect_refusal(propose("{\"change\": \"threshold\", \"threshold\": \"4/5\"}"), 403, "NOT_ALLOWED", "epoch 1");
    static const char ask[] = "{\"title\": \"q\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\"}";
    expect_refusal(client_request(world_port(world), "POST", "/v1/questions", AUTH, ask, strlen(ask)), 403,
                   "NOT_ALLOWED", "roster of epoch 1");
}

static struct answer post(const char *target, const char *body) {
    return client_request(world_port(world), "POST", target, AUTH, body, strlen(body));
}

/* The lane begins again far behind, and what was said before is there still. */
static void own_key_replaced_then_the_lane_begins_again(void **state) {
    char question[40];
    char body[256];
    char target[128];
    (void)state;
    struct answer answer =
        post("/v1/questions", "{\"title\": \"q\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\"}");
    expect_code(&answer, 201);
    (void)snprintf(question, sizeof question, "%s", text_of(answer.json, "question"));
    client_free(&answer);
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\", \"observation\": \"first\", \"llr\": 1}", question);
    answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    json_int_t seq = number_of(answer.json, "seq");
    client_free(&answer);
    world_second(world, 4);
    answer = propose_key("\"change\": \"key\", \"member\": \"member-0\"", WORLD_NEXT_KEY);
    expect_code(&answer, 200);
    client_free(&answer);
    wait_for_epoch(1);
    answer = get("/v1/status");
    assert_true(json_is_true(json_object_get(answer.json, "is_member")));
    client_free(&answer);
    answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    assert_true(json_is_true(json_object_get(answer.json, "duplicate")));
    assert_int_equal(number_of(answer.json, "seq"), seq);
    client_free(&answer);
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\", \"observation\": \"second\", \"llr\": 1}", question);
    answer = post("/v1/evidence?ack=committed", body);
    expect_code(&answer, 200);
    assert_true(number_of(answer.json, "seq") > INT64_C(1) << 32);
    client_free(&answer);
    (void)snprintf(target, sizeof target, "/v1/questions/%s/evidence", question);
    answer = get(target);
    expect_code(&answer, 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "evidence")), 2);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    client_free(&answer);
    answer = get("/v1/lanes");
    expect_code(&answer, 200);
    assert_true(
        json_array_size(json_object_get(json_array_get(json_object_get(answer.json, "lanes"), 0), "batches")) > 0);
    client_free(&answer);
}

/* What was on its way is said again with the new key: nobody is told that it was executed before it was. */
static void own_key_replaced_while_evidence_waits_then_ask_again(void **state) {
    char body[256];
    (void)state;
    struct answer answer =
        post("/v1/questions", "{\"title\": \"q\", \"hypotheses\": [\"a\", \"b\"], \"mode\": \"pool\"}");
    expect_code(&answer, 201);
    (void)snprintf(body, sizeof body, "{\"question\": \"%s\", \"observation\": \"o\", \"llr\": 1}",
                   text_of(answer.json, "question"));
    client_free(&answer);
    world_second(world, 4);
    answer = propose_key("\"change\": \"key\", \"member\": \"member-0\"", WORLD_NEXT_KEY);
    expect_code(&answer, 200);
    client_free(&answer);
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    /* Before, in between or after the change of keys: an answer that says that it was taken is true in the end. */
    for (int i = 0; i < TRIES; i++) {
        answer = post("/v1/evidence?ack=committed", body);
        bool is_taken = answer.code == 200;
        if (!is_taken) assert_int_equal(answer.code, 503);
        client_free(&answer);
        if (is_taken && epoch_now() == 1) break;
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(epoch_now(), 1);
    answer = get("/v1/questions");
    assert_int_equal(number_of(json_array_get(json_object_get(answer.json, "questions"), 0), "items"), 1);
    client_free(&answer);
}

static void token_for_writing_then_refused(void **state) {
    (void)state;
    expect_refusal(propose_as(AUTH_WRITE, "{\"change\": \"threshold\", \"threshold\": \"4/5\"}"), 403, "NOT_ALLOWED",
                   "administration");
    expect_refusal(propose_as("", "{\"change\": \"threshold\", \"threshold\": \"4/5\"}"), 401, "UNAUTHORIZED",
                   "token");
    expect_refusal(propose("[{\"change\": \"threshold\", \"threshold\": \"4/5\"}]"), 400, "BAD_TYPE", "");
    assert_int_equal(epoch_now(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define WITH_FOUR(test) cmocka_unit_test_setup_teardown(test, start_four_and_two_places, stop)
#define WITH_FIVE(test) cmocka_unit_test_setup_teardown(test, start_five, stop)
        WITH_FOUR(proposal_of_one_then_listed_until_enough_have_seconded_it),
        WITH_FOUR(epoch_that_ended_then_its_handover_and_certificates_go_on),
        WITH_FOUR(signatures_that_are_missing_then_the_handover_is_not_there),
        WITH_FOUR(member_that_is_added_then_in_the_lists),
        WITH_FOUR(key_that_was_used_then_refused_for_good),
        WITH_FOUR(token_for_writing_then_refused),
        WITH_FIVE(member_that_is_removed_then_in_no_list_and_the_rest_go_on),
        WITH_FIVE(own_removal_then_nothing_is_taken_any_more),
        WITH_FIVE(own_key_replaced_then_the_lane_begins_again),
        WITH_FIVE(own_key_replaced_while_evidence_waits_then_ask_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
