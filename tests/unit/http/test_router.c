/* Routes, and the codes of refusals. */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void known_paths_then_their_routes(void **state) {
    (void)state;
    enum route_name name;
    struct slice id;
    assert_int_equal(router_find("POST", "/v1/questions", &name, &id), STATUS_OK);
    assert_int_equal(name, ROUTE_ASK);
    assert_int_equal(router_find("GET", "/v1/questions", &name, &id), STATUS_OK);
    assert_int_equal(name, ROUTE_QUESTIONS);
    assert_int_equal(id.bytes, 0);
    assert_int_equal(router_find("GET", "/v1/questions/abc", &name, &id), STATUS_OK);
    assert_int_equal(name, ROUTE_QUESTION);
    assert_true(slice_equal(id, slice_of_text("abc")));
    assert_int_equal(router_find("HEAD", "/healthz", &name, &id), STATUS_OK);
    assert_int_equal(name, ROUTE_HEALTH);
}

static void every_row_then_found_by_its_own_path(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROUTES; i++) {
        const struct route *row = router_row((enum route_name)i);
        char path[64] = {0};
        enum route_name name;
        struct slice id;
        size_t bytes = strlen(row->path);
        memcpy(path, row->path, bytes);
        if (path[bytes - 1] == '/') path[bytes] = 'x';
        assert_int_equal(router_find(row->method, path, &name, &id), STATUS_OK);
        assert_int_equal(name, i);
    }
}

static void unknown_paths_and_methods_then_refused(void **state) {
    (void)state;
    enum route_name name;
    struct slice id;
    assert_int_equal(router_find("GET", "/", &name, &id), STATUS_NOT_FOUND);
    assert_int_equal(router_find("GET", "/v1/questions/", &name, &id), STATUS_NOT_FOUND);
    assert_int_equal(router_find("GET", "/v1/status/", &name, &id), STATUS_NOT_FOUND);
    assert_int_equal(router_find("GET", "/v2/status", &name, &id), STATUS_NOT_FOUND);
    assert_int_equal(router_find("GET", "/v1/evidence", &name, &id), STATUS_USAGE);
    assert_int_equal(router_find("DELETE", "/v1/questions/abc", &name, &id), STATUS_USAGE);
    assert_int_equal(router_find("POST", "/metrics", &name, &id), STATUS_USAGE);
    assert_int_equal(router_find("get", "/metrics", &name, &id), STATUS_USAGE);
}

static void arguments_then_only_the_routes_own(void **state) {
    (void)state;
    assert_true(router_takes(ROUTE_EVIDENCE, "ack"));
    assert_true(router_takes(ROUTE_EVIDENCE, "atomic"));
    assert_true(router_takes(ROUTE_QUESTIONS, "limit"));
    assert_false(router_takes(ROUTE_EVIDENCE, "read"));
    assert_false(router_takes(ROUTE_EVIDENCE, "ac"));
    assert_false(router_takes(ROUTE_EVIDENCE, "ack atomic"));
    assert_false(router_takes(ROUTE_STATUS, ""));
}

static void every_status_then_a_code_that_refuses(void **state) {
    (void)state;
    for (unsigned i = 1; i < STATUS_COUNT; i++) {
        unsigned code = refusal_code((enum status)i);
        assert_true(code >= 400 && code <= 507);
    }
    assert_int_equal(refusal_code(STATUS_UNAUTHORIZED), 401);
    assert_int_equal(refusal_code(STATUS_UNKNOWN_QUESTION), 404);
    assert_int_equal(refusal_code(STATUS_DUPLICATE_OBSERVATION), 409);
    assert_int_equal(refusal_code(STATUS_TOO_LARGE), 413);
    assert_int_equal(refusal_code(STATUS_TOO_FINE), 422);
    assert_int_equal(refusal_code(STATUS_CORRUPT), 500);
    assert_int_equal(refusal_code(STATUS_BUSY), 503);
    assert_int_equal(refusal_code(STATUS_DISK_FULL), 507);
}

static void refusal_then_json_that_cannot_be_broken(void **state) {
    (void)state;
    struct refusal refusal;
    struct text text = {0};
    (void)refusal_say(&refusal, STATUS_BAD_VALUE, "a \"quoted\\\" \x1b[31m %s", "word");
    refusal_put(&text, &refusal);
    assert_false(text.failed);
    static const char expected[] = "{\"error\": \"BAD_VALUE\", \"detail\": \"a \\\"quoted\\\\\\\" ?[31m word\"}\n";
    assert_true(slice_equal(slice_of(text.data, text.bytes), slice_of_text(expected)));
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_paths_then_their_routes),
        cmocka_unit_test(every_row_then_found_by_its_own_path),
        cmocka_unit_test(unknown_paths_and_methods_then_refused),
        cmocka_unit_test(arguments_then_only_the_routes_own),
        cmocka_unit_test(every_status_then_a_code_that_refuses),
        cmocka_unit_test(refusal_then_json_that_cannot_be_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
