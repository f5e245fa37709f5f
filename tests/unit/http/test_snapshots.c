/* Snapshots over HTTP: which paths name a chunk; what is there is verified as a newcomer does, what is not is refused. */
#include "http/snapshots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "client.h"
#include "verifier/snapshot.h"
#include "world.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"
/* Ten seconds, for what takes a few milliseconds. */
enum { TRIES = 1000, PAUSE_NS = 10000000, EVERY = 4, TEXT_BYTES = 2048 };

static struct world *world;

static int stop(void **state) {
    (void)state;
    world_stop(world);
    return 0;
}

static int start_with_snapshots(void **state) {
    (void)state;
    world = world_start_snapshots(EVERY);
    return 0;
}

static int start_without(void **state) {
    (void)state;
    world = world_start(0);
    return 0;
}

static struct answer get(const char *target) { return client_request(world_port(world), "GET", target, "", NULL, 0); }

static json_int_t status_number(const char *name) {
    struct answer answer = get("/v1/status");
    const json_t *number = json_object_get(answer.json, name);
    assert_true(json_is_integer(number));
    json_int_t value = json_integer_value(number);
    client_free(&answer);
    return value;
}

static void expect_refusal(const char *target, unsigned code, const char *error, const char *said) {
    struct answer answer = get(target);
    if (answer.code != code) print_error("%s: %s\n", target, answer.text);
    assert_int_equal(answer.code, code);
    assert_string_equal(text_of(answer.json, "error"), error);
    assert_non_null(strstr(text_of(answer.json, "detail"), said));
    client_free(&answer);
}

/* A question is a block, or several. */
static void ask(unsigned number, const char *target) {
    char body[TEXT_BYTES];
    (void)snprintf(body, sizeof body,
                   "{\"title\": \"Is it %u?\", \"hypotheses\": [\"yes\", \"no\"], \"mode\": \"pool\"}", number);
    struct answer answer = client_request(world_port(world), "POST", target, AUTH, body, strlen(body));
    if (answer.code != 201) print_error("%s\n", answer.text);
    assert_int_equal(answer.code, 201);
    client_free(&answer);
}

/* Blocks up to a snapshot that a certified state names. */
static struct answer fetch_certificate(void) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (unsigned i = 0; status_number("height") < 2 * EVERY; i++) ask(i, "/v1/questions?ack=final");
    for (int i = 0; i < TRIES; i++) {
        struct answer answer = get("/v1/snapshot");
        if (answer.code == 200) return answer;
        client_free(&answer);
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("no snapshot");
    return (struct answer){0};
}

static enum status judge(const char *key, struct snapshots_wanted *ret_wanted) {
    struct refusal refusal;
    return snapshots_read(slice_of_text(key), ret_wanted, &refusal);
}

static void height_and_number_then_a_chunk(void **state) {
    (void)state;
    struct snapshots_wanted wanted;
    assert_int_equal(judge("1024/0", &wanted), STATUS_OK);
    assert_int_equal(wanted.height, 1024);
    assert_int_equal(wanted.index, 0);
    assert_int_equal(judge("9223372036854775807/9223372036854775807", &wanted), STATUS_OK);
    assert_int_equal(wanted.index, INT64_MAX);
}

static void anything_else_then_refused_and_untouched(void **state) {
    (void)state;
    static const char *const keys[] = {"x",
                                       "/",
                                       "1",
                                       "1/",
                                       "/1",
                                       "0/0",
                                       "01/0",
                                       "1/00",
                                       "1/01",
                                       "1//0",
                                       "1/0/",
                                       "1/0/0",
                                       "-1/0",
                                       "1/-1",
                                       "+1/0",
                                       "1/ 0",
                                       "1/0x1",
                                       "1/1e2",
                                       "1.0/0",
                                       "9223372036854775808/0",
                                       "1/9223372036854775808"};
    struct snapshots_wanted wanted = {.height = 77};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (judge(keys[i], &wanted) != STATUS_BAD_FORMAT) fail_msg("%s", keys[i]);
        assert_int_equal(wanted.height, 77);
    }
}

static void no_snapshot_then_not_found(void **state) {
    (void)state;
    expect_refusal("/v1/snapshot", 404, "NOT_FOUND", "no snapshot yet");
    expect_refusal("/v1/snapshot/4/0", 404, "NOT_FOUND", "no chunk 0 of a snapshot of height 4");
    expect_refusal("/v1/snapshot/0/0", 400, "BAD_FORMAT", "HEIGHT/CHUNK");
    expect_refusal("/v1/snapshot/4", 400, "BAD_FORMAT", "HEIGHT/CHUNK");
    expect_refusal("/v1/snapshot/", 404, "NOT_FOUND", "no such path");
    assert_int_equal(status_number("snapshot_height"), 0);
    assert_int_equal(status_number("kept_from"), 1);
}

/* The bytes behind the head of an answer, which may have zeros in them. */
static struct slice body_of(const struct answer *answer, size_t bytes) { return slice_of(answer->body, bytes); }

static void snapshot_named_then_verified_from_the_genesis_alone(void **state) {
    (void)state;
    static const struct verify_policy policy = {.is_snapshot = true};
    struct answer certificate = fetch_certificate();
    struct verify_result *result = calloc(1, sizeof *result);
    uint8_t *scratch = malloc(CERTIFICATE_BYTES_MAX);
    struct snapshot_head head;
    enum verify_step step;
    char target[TEXT_BYTES];
    assert_non_null(result);
    assert_non_null(scratch);
    assert_non_null(strstr(certificate.text, "text/plain"));
    assert_int_equal(verify_certificate(slice_of_text(certificate.body), world_genesis(world), &policy, scratch,
                                        CERTIFICATE_BYTES_MAX, result, &step),
                     STATUS_OK);
    const struct record_snapshot *named = &result->parameters.snapshot;
    assert_true(named->height >= EVERY && named->bytes < SNAPSHOT_CHUNK_BYTES);
    assert_true((uint64_t)status_number("snapshot_height") >= named->height);
    (void)snprintf(target, sizeof target, "/v1/snapshot/%llu/0", (unsigned long long)named->height);
    struct answer chunk = get(target);
    assert_int_equal(chunk.code, 200);
    assert_non_null(strstr(chunk.text, "application/octet-stream"));
    assert_int_equal(verify_snapshot(result, world_genesis(world), body_of(&chunk, named->bytes), &head), STATUS_OK);
    (void)snprintf(target, sizeof target, "/v1/snapshot/%llu/1", (unsigned long long)named->height);
    expect_refusal(target, 404, "NOT_FOUND", "no chunk 1");
    (void)snprintf(target, sizeof target, "/v1/snapshot/%llu/0", (unsigned long long)named->height + EVERY);
    expect_refusal(target, 404, "NOT_FOUND", "GET /v1/snapshot says");
    client_free(&chunk);
    client_free(&certificate);
    free(scratch);
    free(result);
}

static void snapshot_not_kept_then_its_certificate_is_not_handed_out(void **state) {
    (void)state;
    struct answer certificate = fetch_certificate();
    client_free(&certificate);
    world_forget_snapshots(world, true);
    expect_refusal("/v1/snapshot", 404, "NOT_FOUND", "no snapshot yet");
}

static void nothing_certified_then_not_now(void **state) {
    (void)state;
    world_silence_attestations(world, true);
    for (unsigned i = 0; status_number("height") < EVERY; i++) ask(i, "/v1/questions?ack=committed");
    expect_refusal("/v1/snapshot", 503, "NOT_FINAL", "not certified");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(height_and_number_then_a_chunk),
        cmocka_unit_test(anything_else_then_refused_and_untouched),
        cmocka_unit_test_setup_teardown(no_snapshot_then_not_found, start_without, stop),
        cmocka_unit_test_setup_teardown(snapshot_named_then_verified_from_the_genesis_alone, start_with_snapshots,
                                        stop),
        cmocka_unit_test_setup_teardown(snapshot_not_kept_then_its_certificate_is_not_handed_out,
                                        start_with_snapshots, stop),
        cmocka_unit_test_setup_teardown(nothing_certified_then_not_now, start_with_snapshots, stop),
    };
    return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}
