/* The live page: its files, what they may do, and the genesis that it verifies with. */
#include "http/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "client.h"
#include "world.h"

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

static struct answer get(const char *target, const char *headers) {
    return client_request(world_port(world), "GET", target, headers, NULL, 0);
}

static void name_of_a_file_then_it_and_another_name_then_none(void **state) {
    (void)state;
    const struct page_file *file = NULL;
    static const char *const others[] = {"", "index.htm", "index.html2", "INDEX.HTML", ".", "..", "openapi.yaml"};
    assert_int_equal(page_find(slice_of_text("index.html"), &file), STATUS_OK);
    assert_string_equal(file->type, "text/html; charset=utf-8");
    assert_memory_equal(file->content.data, "<!doctype html>", 15);
    const struct page_file *before = file;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(page_find(slice_of_text(others[i]), &file), STATUS_NOT_FOUND);
        assert_ptr_equal(file, before);
    }
}

static void policy_then_of_markup_alone(void **state) {
    (void)state;
    assert_non_null(strstr(page_policy("text/html; charset=utf-8"), "default-src 'none'"));
    assert_null(strstr(page_policy("text/html; charset=utf-8"), "unsafe"));
    assert_null(page_policy("application/json"));
    assert_null(page_policy("text/javascript; charset=utf-8"));
}

/* The whole weight that somebody on a bad link has to wait for. */
static void all_files_together_then_below_100_kB(void **state) {
    (void)state;
    size_t bytes = 0;
    for (size_t i = 0; i < page_files_count; i++) bytes += page_files[i].content.bytes;
    assert_true(bytes > 10000);
    assert_true(bytes < 100 * 1000);
}

static void genesis_then_as_people_write_it(void **state) {
    (void)state;
    static const struct {
        uint64_t created_us;
        const char *created;
    } times[] = {{1767323045000006, "2026-01-02T03:04:05.000006Z"},
                 {0, "1970-01-01T00:00:00.000000Z"},
                 {951782399999999, "2000-02-28T23:59:59.999999Z"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct genesis genesis = {.name = "a \"group\" \\ \xc3\xa9",
                                  .created_us = times[i].created_us,
                                  .threshold = {3, 4},
                                  .members = 2,
                                  .state_bytes_max = 1 << 30};
        (void)snprintf(genesis.member_names[0], sizeof genesis.member_names[0], "first");
        (void)snprintf(genesis.member_names[1], sizeof genesis.member_names[1], "\"second\"");
        genesis.keys[1][31] = 0xab;
        struct text text = {0};
        page_put_genesis(&text, &genesis);
        assert_false(text.failed);
        json_t *json = json_loadb(text.data, text.bytes, JSON_REJECT_DUPLICATES, NULL);
        text_free(&text);
        int version;
        json_int_t state_bytes_max;
        const char *name, *created, *threshold, *first, *second, *key;
        /* Strict: whatever else there is would make it fail. */
        assert_int_equal(json_unpack(json, "{s:i, s:s, s:s, s:s, s:I, s:[{s:s, s:s !}, {s:s, s:s !} !] !}",
                                     "credimus", &version, "name", &name, "created", &created, "threshold",
                                     &threshold, "state_bytes_max", &state_bytes_max, "members", "name", &first,
                                     "key", &key, "name", &second, "key", &key),
                         0);
        assert_int_equal(version, 1);
        assert_string_equal(name, genesis.name);
        assert_string_equal(created, times[i].created);
        assert_string_equal(threshold, "3/4");
        assert_int_equal(state_bytes_max, 1 << 30);
        assert_string_equal(first, "first");
        assert_string_equal(second, "\"second\"");
        assert_string_equal(key, "00000000000000000000000000000000000000000000000000000000000000ab");
        json_decref(json);
    }
}

static void page_asked_for_then_every_file_with_its_type_and_the_policy(void **state) {
    (void)state;
    struct answer answer = get("/", "");
    assert_int_equal(answer.code, 200);
    assert_non_null(strstr(answer.text, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
    assert_non_null(strstr(answer.text, "X-Content-Type-Options: nosniff"));
    client_free(&answer);
    for (size_t i = 0; i < page_files_count; i++) {
        char target[128], type[128];
        (void)snprintf(target, sizeof target, "/web/%s", page_files[i].name);
        (void)snprintf(type, sizeof type, "Content-Type: %s\r\n", page_files[i].type);
        answer = get(target, "");
        assert_int_equal(answer.code, 200);
        assert_non_null(strstr(answer.text, type));
        assert_memory_equal(answer.body, page_files[i].content.data, page_files[i].content.bytes);
        client_free(&answer);
    }
}

static void path_that_is_no_file_of_the_page_then_refused(void **state) {
    (void)state;
    static const char *const targets[] = {
        "/web/",           "/web",        "/web/x.js", "/web/../config.json", "/web/%2e%2e/token",
        "/web/sub/app.js", "/index.html", "//",        "/web/app.js%00"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct answer answer = get(targets[i], "");
        assert_int_equal(answer.code, 404);
        client_free(&answer);
    }
    struct answer answer = get("/?x=1", "");
    assert_int_equal(answer.code, 422);
    client_free(&answer);
    answer = client_request(world_port(world), "POST", "/", "", "{}", 2);
    assert_int_equal(answer.code, 405);
    client_free(&answer);
}

/* The page itself says nothing of the group, so a stranger's name for this machine gets it; the genesis stays behind
 * the rules of all reads. */
static void stranger_then_the_page_but_not_the_genesis(void **state) {
    (void)state;
    static const char page[] = "GET / HTTP/1.1\r\nHost: stranger.example\r\nConnection: close\r\n\r\n";
    static const char genesis[] = "GET /v1/genesis HTTP/1.1\r\nHost: stranger.example\r\nConnection: close\r\n\r\n";
    struct answer answer = client_raw(world_port(world), page, sizeof page - 1);
    assert_int_equal(answer.code, 200);
    client_free(&answer);
    answer = client_raw(world_port(world), genesis, sizeof genesis - 1);
    assert_int_equal(answer.code, 403);
    client_free(&answer);
    answer = get("/v1/genesis", "");
    assert_int_equal(answer.code, 200);
    assert_string_equal(json_string_value(json_object_get(answer.json, "name")), "sensors");
    client_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_of_a_file_then_it_and_another_name_then_none),
        cmocka_unit_test(policy_then_of_markup_alone),
        cmocka_unit_test(all_files_together_then_below_100_kB),
        cmocka_unit_test(genesis_then_as_people_write_it),
        cmocka_unit_test(page_asked_for_then_every_file_with_its_type_and_the_policy),
        cmocka_unit_test(path_that_is_no_file_of_the_page_then_refused),
        cmocka_unit_test(stranger_then_the_page_but_not_the_genesis),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
