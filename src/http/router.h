/* Router: which request is meant by a method and a path. One table; everything else follows from its rows. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include <stdbool.h>

#include "http/refusal.h"

enum route_name {
    ROUTE_ASK,
    ROUTE_EVIDENCE,
    ROUTE_RETRACT,
    ROUTE_CLOSE,
    ROUTE_REVEAL,
    ROUTE_CLOSE_FAMILY,
    ROUTE_PROPOSE,
    ROUTE_QUESTIONS,
    ROUTE_QUESTION,
    ROUTE_FAMILIES,
    ROUTE_FAMILY,
    ROUTE_MEMBERS,
    ROUTE_CERTIFICATE,
    ROUTE_FAMILY_CERTIFICATE,
    ROUTE_STATUS,
    ROUTE_PROOFS,
    ROUTE_METRICS,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTE_QUESTION_EVIDENCE,
    ROUTE_CERTIFICATES,
    ROUTE_LANES,
    ROUTE_PROOF,
    ROUTE_EVENTS,
    ROUTE_PROBLEM,
    ROUTE_GENESIS,
    ROUTE_PAGE,
    ROUTE_PAGE_FILE,
    ROUTE_RECEIPT,
    ROUTE_PROPOSALS,
    ROUTE_HANDOVER,
    ROUTE_SNAPSHOT,
    ROUTE_SNAPSHOT_CHUNK,
    ROUTES,
};

/* What stands in a path for the thing that is meant. */
enum route_key {
    KEY_NONE,
    KEY_QUESTION,
    KEY_FAMILY,
    KEY_PROOF,
    KEY_PROBLEM,
    KEY_PAGE_FILE,
    KEY_RECEIPT,
    KEY_EPOCH,
    KEY_CHUNK
};

/* What a caller may do, each with all before it. */
enum role { ROLE_READ, ROLE_WRITE, ROLE_ADMIN };

struct route {
    const char *method; /* GET answers HEAD as well */
    const char *path;   /* with a key: what comes before it, '/' included */
    enum route_key key;
    const char *suffix;    /* what comes after the key; "": nothing */
    const char *arguments; /* names allowed behind the '?', separated by spaces */
    enum role role;        /* that is needed; more than reading also means that a body is taken */
    bool is_open;          /* answered without a token wherever it comes from */
};

/* The row of a route. */
const struct route *router_row(enum route_name name);

/* `ret_key` is the text of the route's key, else empty; borrowed from `path`, then of at least one byte. STATUS_NOT_FOUND: no such path. STATUS_USAGE: the path exists, with another method. */
enum status router_find(const char *method, const char *path, enum route_name *ret_name,
                        struct slice *ret_key) MUST_USE;

/* Decodes %XX in place (RFC 3986, section 2.1) and returns the new length. Text with anything else behind a '%', or
 * with %00, which would hide what follows, stays as it is: it is then the name of nothing. */
size_t router_unescape(char *text);

/* Whether the route takes an argument of this name. */
bool router_takes(enum route_name name, const char *argument);

#endif
