/* The table of routes. */
#include "http/router.h"

#include "base/check.h"

static const struct route routes[ROUTES] = {
    [ROUTE_ASK] = {"POST", "/v1/questions", KEY_NONE, "", "ack", ROLE_WRITE, false},
    [ROUTE_EVIDENCE] = {"POST", "/v1/evidence", KEY_NONE, "", "ack atomic", ROLE_WRITE, false},
    [ROUTE_RETRACT] = {"POST", "/v1/retract", KEY_NONE, "", "ack atomic", ROLE_WRITE, false},
    [ROUTE_CLOSE] = {"POST", "/v1/close", KEY_NONE, "", "ack atomic", ROLE_WRITE, false},
    [ROUTE_REVEAL] = {"POST", "/v1/questions/", KEY_QUESTION, "/reveal", "ack", ROLE_ADMIN, false},
    [ROUTE_CLOSE_FAMILY] = {"POST", "/v1/families/", KEY_FAMILY, "/close", "ack", ROLE_ADMIN, false},
    [ROUTE_PROPOSE] = {"POST", "/v1/proposals", KEY_NONE, "", "ack", ROLE_ADMIN, false},
    [ROUTE_QUESTIONS] = {"GET", "/v1/questions", KEY_NONE, "", "from cursor limit", ROLE_READ, false},
    [ROUTE_QUESTION] = {"GET", "/v1/questions/", KEY_QUESTION, "", "read", ROLE_READ, false},
    [ROUTE_FAMILIES] = {"GET", "/v1/families", KEY_NONE, "", "from cursor limit", ROLE_READ, false},
    [ROUTE_FAMILY] = {"GET", "/v1/families/", KEY_FAMILY, "", "from cursor limit", ROLE_READ, false},
    [ROUTE_MEMBERS] = {"GET", "/v1/members", KEY_NONE, "", "cursor limit", ROLE_READ, false},
    [ROUTE_CERTIFICATE] = {"GET", "/v1/certificates/", KEY_QUESTION, "", "", ROLE_READ, false},
    [ROUTE_FAMILY_CERTIFICATE] = {"GET", "/v1/certificates/families/", KEY_FAMILY, "", "", ROLE_READ, false},
    [ROUTE_STATUS] = {"GET", "/v1/status", KEY_NONE, "", "", ROLE_READ, false},
    [ROUTE_PROOFS] = {"GET", "/v1/proofs", KEY_NONE, "", "cursor limit", ROLE_READ, false},
    [ROUTE_METRICS] = {"GET", "/metrics", KEY_NONE, "", "", ROLE_READ, false},
    [ROUTE_HEALTH] = {"GET", "/healthz", KEY_NONE, "", "", ROLE_READ, true},
    [ROUTE_READY] = {"GET", "/readyz", KEY_NONE, "", "", ROLE_READ, true},
    [ROUTE_QUESTION_EVIDENCE] = {"GET", "/v1/questions/", KEY_QUESTION, "/evidence", "cursor limit", ROLE_READ,
                                 false},
    [ROUTE_CERTIFICATES] = {"GET", "/v1/certificates", KEY_NONE, "", "cursor limit", ROLE_READ, false},
    [ROUTE_LANES] = {"GET", "/v1/lanes", KEY_NONE, "", "cursor limit", ROLE_READ, false},
    [ROUTE_PROOF] = {"GET", "/v1/proofs/", KEY_PROOF, "", "", ROLE_READ, false},
    [ROUTE_EVENTS] = {"GET", "/v1/events", KEY_NONE, "", "types question", ROLE_READ, false},
    [ROUTE_PROBLEM] = {"GET", "/v1/problems/", KEY_PROBLEM, "", "", ROLE_READ, true},
    [ROUTE_GENESIS] = {"GET", "/v1/genesis", KEY_NONE, "", "", ROLE_READ, false},
    [ROUTE_PAGE] = {"GET", "/", KEY_NONE, "", "", ROLE_READ, true},
    [ROUTE_PAGE_FILE] = {"GET", "/web/", KEY_PAGE_FILE, "", "", ROLE_READ, true},
    [ROUTE_RECEIPT] = {"GET", "/v1/receipts/", KEY_RECEIPT, "", "", ROLE_READ, false},
    [ROUTE_PROPOSALS] = {"GET", "/v1/proposals", KEY_NONE, "", "", ROLE_READ, false},
    [ROUTE_HANDOVER] = {"GET", "/v1/handovers/", KEY_EPOCH, "", "", ROLE_READ, false},
    [ROUTE_SNAPSHOT] = {"GET", "/v1/snapshot", KEY_NONE, "", "", ROLE_READ, false},
    [ROUTE_SNAPSHOT_CHUNK] = {"GET", "/v1/snapshot/", KEY_CHUNK, "", "", ROLE_READ, false},
};

const struct route *router_row(enum route_name name) {
    CHECK(name < ROUTES);
    return &routes[name];
}

/* Whether the key may have a '/' in it: a family may have any characters in its name, and some keys have parts. */
static bool has_slashes(enum route_key key) { return key == KEY_FAMILY || key == KEY_RECEIPT || key == KEY_CHUNK; }

/* The key is all between what comes before and after it. */
static bool path_matches(const struct route *route, const char *path, struct slice *ret_key) {
    size_t before = strlen(route->path);
    size_t after = strlen(route->suffix);
    size_t bytes = strlen(path);
    *ret_key = slice_of(path, 0);
    if (route->key == KEY_NONE) return strcmp(path, route->path) == 0;
    if (bytes <= before + after || strncmp(path, route->path, before) != 0) return false;
    *ret_key = slice_of(path + before, bytes - before - after);
    if (!has_slashes(route->key) && memchr(ret_key->data, '/', ret_key->bytes) != NULL) return false;
    return strcmp(path + bytes - after, route->suffix) == 0;
}

enum status router_find(const char *method, const char *path, enum route_name *ret_name, struct slice *ret_key) {
    enum status status = STATUS_NOT_FOUND;
    struct slice key;
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (unsigned i = 0; i < ROUTES; i++) {
        if (!path_matches(&routes[i], path, &key)) continue;
        status = STATUS_USAGE;
        if (strcmp(method, routes[i].method) != 0) continue;
        *ret_name = (enum route_name)i;
        *ret_key = key;
        return STATUS_OK;
    }
    return status;
}

/* The byte of two hex digits; false when they are none, or 00. */
static bool read_escape(const char *digits, uint8_t *ret_byte) {
    return strnlen(digits, 2) == 2 && bytes_from_hex(slice_of(digits, 2), ret_byte, 1) == STATUS_OK && *ret_byte != 0;
}

size_t router_unescape(char *text) {
    uint8_t byte;
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%'))
        if (!read_escape(at + 1, &byte)) return strlen(text);
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '%' && read_escape(from + 1, &byte)) {
            *to++ = (char)byte;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

bool router_takes(enum route_name name, const char *argument) {
    const char *names = router_row(name)->arguments;
    size_t bytes = strlen(argument);
    while (*names != '\0') {
        size_t length = strcspn(names, " ");
        if (length == bytes && memcmp(names, argument, bytes) == 0) return true;
        names += length;
        if (*names == ' ') names++;
    }
    return false;
}
