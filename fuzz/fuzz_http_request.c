/* Fuzz target: what a request says before its body, as text: the path with its escapes, cursors, event ids, types of
 * events, names of problems. The first byte chooses a method. A cursor that is taken is written back the same; a path
 * becomes an instance that a URI may have; nothing is read behind the end. */
#include "fuzz_wire.h"
#include "http/cursor.h"
#include "http/events.h"
#include "http/form.h"
#include "http/receipts.h"
#include "http/router.h"

static void check_cursor(const char *text) {
    struct cursor cursor;
    struct text written = {0};
    if (cursor_read(text, &cursor) != STATUS_OK) return;
    cursor_put(&written, &cursor);
    require(!written.failed && written.bytes == strlen(text) + 2);
    require(memcmp(written.data + 1, text, strlen(text)) == 0);
    text_free(&written);
}

static void check_instance(const char *path) {
    static const char allowed[] = "/-._~%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char instance[REFUSAL_INSTANCE_BYTES];
    refusal_put_instance(path, instance);
    require(strlen(instance) < sizeof instance && strspn(instance, allowed) == strlen(instance));
    for (const char *at = strchr(instance, '%'); at != NULL; at = strchr(at + 1, '%')) require(strlen(at) >= 3);
}

static void check_events(const char *text) {
    static struct events events = {.boot = "5f3c"};
    uint64_t number;
    uint32_t types;
    if (events_read_id(&events, text, &number) == STATUS_OK) {
        require(strncmp(text, "5f3c-", 5) == 0 && number <= INT64_MAX);
    }
    if (events_read_types(text, &types) == STATUS_OK) require(types > 0 && types <= EVENT_TYPES_ALL);
}

static void check_route(const char *method, const char *path) {
    enum route_name name;
    struct slice key;
    struct question_id question;
    struct receipts_wanted wanted;
    struct refusal refusal;
    enum status status;
    if (router_find(method, path, &name, &key) != STATUS_OK) return;
    const struct route *route = router_row(name);
    require(name < ROUTES && (route->key == KEY_NONE) == (key.bytes == 0));
    if (key.bytes > 0)
        require(key.data >= (const uint8_t *)path && key.data + key.bytes <= (const uint8_t *)path + strlen(path));
    if (route->key == KEY_QUESTION && form_read_question(key, &question) == STATUS_OK)
        require(key.bytes == (size_t)2 * QUESTION_ID_BYTES);
    if (route->key == KEY_PROBLEM && refusal_find(key, &status) == STATUS_OK)
        require(slice_equal(key, slice_of_text(status_name(status))));
    if (route->key == KEY_RECEIPT) (void)!receipts_read(key, &wanted, &refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const char *const methods[] = {"GET", "POST", "HEAD", "DELETE"};
    if (bytes == 0) return 0;
    char *text = malloc(bytes);
    if (text == NULL) abort();
    memcpy(text, data + 1, bytes - 1);
    text[bytes - 1] = '\0';
    check_cursor(text);
    check_events(text);
    size_t before = strlen(text);
    size_t after = router_unescape(text);
    require(after <= before && strlen(text) == after);
    check_instance(text);
    check_route(methods[data[0] % 4], text);
    free(text);
    return 0;
}
