/* The table of routes. */
#include "http/router.h"

#include "base/check.h"

static const struct route routes[ROUTES] = {
    [ROUTE_ASK] = {"POST", "/v1/questions", "ack", true, false},
    [ROUTE_EVIDENCE] = {"POST", "/v1/evidence", "ack atomic", true, false},
    [ROUTE_RETRACT] = {"POST", "/v1/retract", "ack atomic", true, false},
    [ROUTE_CLOSE] = {"POST", "/v1/close", "ack atomic", true, false},
    [ROUTE_QUESTIONS] = {"GET", "/v1/questions", "from limit", false, false},
    [ROUTE_QUESTION] = {"GET", "/v1/questions/", "read", false, false},
    [ROUTE_CERTIFICATE] = {"GET", "/v1/certificates/", "", false, false},
    [ROUTE_STATUS] = {"GET", "/v1/status", "", false, false},
    [ROUTE_PROOFS] = {"GET", "/v1/proofs", "", false, false},
    [ROUTE_METRICS] = {"GET", "/metrics", "", false, false},
    [ROUTE_HEALTH] = {"GET", "/healthz", "", false, true},
    [ROUTE_READY] = {"GET", "/readyz", "", false, true},
};

const struct route *router_row(enum route_name name) {
    CHECK(name < ROUTES);
    return &routes[name];
}

static bool has_id(const struct route *route) { return route->path[strlen(route->path) - 1] == '/'; }

static bool path_matches(const struct route *route, const char *path) {
    if (!has_id(route)) return strcmp(path, route->path) == 0;
    size_t bytes = strlen(route->path);
    return strncmp(path, route->path, bytes) == 0 && path[bytes] != '\0';
}

enum status router_find(const char *method, const char *path, enum route_name *ret_name, struct slice *ret_id) {
    enum status status = STATUS_NOT_FOUND;
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (unsigned i = 0; i < ROUTES; i++) {
        if (!path_matches(&routes[i], path)) continue;
        status = STATUS_USAGE;
        if (strcmp(method, routes[i].method) != 0) continue;
        *ret_name = (enum route_name)i;
        *ret_id = has_id(&routes[i]) ? slice_of_text(path + strlen(routes[i].path)) : slice_of(path, 0);
        return STATUS_OK;
    }
    return status;
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
