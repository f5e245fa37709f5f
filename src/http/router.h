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
    ROUTE_QUESTIONS,
    ROUTE_QUESTION,
    ROUTE_CERTIFICATE,
    ROUTE_STATUS,
    ROUTE_PROOFS,
    ROUTE_METRICS,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTES,
};

struct route {
    const char *method;    /* GET answers HEAD as well */
    const char *path;      /* a trailing '/' is followed by the id of a question */
    const char *arguments; /* names allowed behind the '?', separated by spaces */
    bool is_write;         /* needs the token, takes a body */
    bool is_open;          /* answered without a token wherever it comes from */
};

/* The row of a route. */
const struct route *router_row(enum route_name name);

/* `ret_id` is what follows the path of a route with an id, else empty; borrowed from `path`. STATUS_NOT_FOUND: no such
 * path. STATUS_USAGE: the path exists, with another method. */
enum status router_find(const char *method, const char *path, enum route_name *ret_name,
                        struct slice *ret_id) MUST_USE;

/* Whether the route takes an argument of this name. */
bool router_takes(enum route_name name, const char *argument);

#endif
