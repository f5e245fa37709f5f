/* Routes, and the codes of refusals. */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

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
        char path[64];
        enum route_name name;
        struct slice key;
        (void)snprintf(path, sizeof path, "%s%s%s", row->path, row->key != KEY_NONE ? "x" : "", row->suffix);
        assert_int_equal(router_find(row->method, path, &name, &key), STATUS_OK);
        assert_int_equal(name, i);
        assert_true(slice_equal(key, slice_of_text(row->key != KEY_NONE ? "x" : "")));
    }
}

/* A family may have any name: what is a path of its own inside of it is none. */
static void family_with_slashes_in_its_name_then_all_of_it_is_the_key(void **state) {
    (void)state;
    enum route_name name;
    struct slice key;
    assert_int_equal(router_find("GET", "/v1/families/a/close", &name, &key), STATUS_OK);
    assert_int_equal(name, ROUTE_FAMILY);
    assert_true(slice_equal(key, slice_of_text("a/close")));
    assert_int_equal(router_find("POST", "/v1/families/a/close/close", &name, &key), STATUS_OK);
    assert_int_equal(name, ROUTE_CLOSE_FAMILY);
    assert_true(slice_equal(key, slice_of_text("a/close")));
    assert_int_equal(router_find("GET", "/v1/certificates/families/a/b", &name, &key), STATUS_OK);
    assert_int_equal(name, ROUTE_FAMILY_CERTIFICATE);
    assert_true(slice_equal(key, slice_of_text("a/b")));
    assert_int_equal(router_find("POST", "/v1/families/close", &name, &key), STATUS_USAGE);
    assert_int_equal(router_find("POST", "/v1/families//close", &name, &key), STATUS_USAGE);
    assert_int_equal(router_find("POST", "/v1/questions//reveal", &name, &key), STATUS_NOT_FOUND);
    assert_int_equal(router_find("POST", "/v1/questions/a/b/reveal", &name, &key), STATUS_NOT_FOUND);
    assert_int_equal(router_find("GET", "/v1/questions/a/reveal", &name, &key), STATUS_USAGE);
}

static void percent_in_a_path_then_decoded_or_left_alone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},           {"plain", "plain"}, {"a%20b%2Fc", "a b/c"}, {"%c3%A9", "\xc3\xa9"}, {"%2525", "%25"},
        {"a%00b", "a%00b"}, {"a%2", "a%2"},     {"a%", "a%"},           {"%zz%20", "%zz%20"},   {"%20%", "%20%"},
        {"+", "+"},         {"%2%30", "%2%30"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s", cases[i].text);
        assert_int_equal(router_unescape(text), strlen(cases[i].expected));
        assert_string_equal(text, cases[i].expected);
    }
}

static void unknown_paths_and_methods_then_refused(void **state) {
    (void)state;
    enum route_name name;
    struct slice id;
    assert_int_equal(router_find("GET", "/nothing", &name, &id), STATUS_NOT_FOUND);
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
    refusal_put(&text, &refusal, "/v1/%22");
    assert_false(text.failed);
    static const char expected[] =
        "{\"type\": \"/v1/problems/BAD_VALUE\", \"title\": \"the value is outside its allowed range\", \"status\": "
        "422, "
        "\"detail\": \"a \\\"quoted\\\\\\\" ?[31m word\", \"instance\": \"/v1/%22\", \"error\": \"BAD_VALUE\"}\n";
    assert_true(slice_equal(slice_of(text.data, text.bytes), slice_of_text(expected)));
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_paths_then_their_routes),
        cmocka_unit_test(every_row_then_found_by_its_own_path),
        cmocka_unit_test(family_with_slashes_in_its_name_then_all_of_it_is_the_key),
        cmocka_unit_test(percent_in_a_path_then_decoded_or_left_alone),
        cmocka_unit_test(unknown_paths_and_methods_then_refused),
        cmocka_unit_test(arguments_then_only_the_routes_own),
        cmocka_unit_test(every_status_then_a_code_that_refuses),
        cmocka_unit_test(refusal_then_json_that_cannot_be_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
