/* Guard: what keeps slow or greedy clients from taking the server's connections and time.
 *
 * - A connection has GUARD_HEAD_MS from its beginning, or from its last answer, to the end of a request's head, however
 *   little by little the bytes come, and GUARD_BODY_MS for the body; libmicrohttpd alone would only see that they come.
 * - When nearly all connections are taken, the one that has waited longest without a request makes room for a new one.
 * - Requests of one address are counted in a bucket that fills at a rate.
 *
 * An ended connection is shut down, and libmicrohttpd finds its end as if the client had left. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define GUARD_HEAD_MS UINT64_C(30000)
/* 16 MiB in it is 56 kB/s: slower links send smaller bodies. */
#define GUARD_BODY_MS UINT64_C(300000)
/* Connections that are kept free for new ones. */
enum { GUARD_SPARE = 32 };
/* Addresses with the same remainder share a bucket, and its limit. */
enum { GUARD_BUCKETS = 1024 };

/* A connection. In a list while it waits for a head or a body. */
struct link {
    struct link *next;
    struct link *previous;
    struct links *list; /* NULL: in none */
    uint64_t since_ms;
    int fd;
};

/* Ascending by since_ms. */
struct links {
    struct link *first;
    struct link *last;
};

struct bucket {
    uint64_t at_ms;
    uint64_t spent; /* requests, in thousandths; falls with the time */
};

struct guard {
    struct links heads;
    struct links bodies;
    uint32_t count; /* connections */
    uint32_t most;
    uint32_t requests_per_second; /* of one address; 0: those of this machine are free */
    uint64_t ended;               /* connections that were shut down, for metrics */
    uint64_t limited;             /* requests that came too often */
    struct bucket buckets[GUARD_BUCKETS];
};

void guard_init(struct guard *guard, uint32_t most, uint32_t requests_per_second);
/* A connection began: NULL when memory runs out, and then it is not watched. */
struct link *guard_begin(struct guard *guard, int fd, uint64_t now_ms);
/* It ended; frees the link. NULL is ignored. */
void guard_end(struct guard *guard, struct link *link);
/* It waits for a head, for the body of its request, or for neither. NULL is ignored. */
void guard_expect_head(struct guard *guard, struct link *link, uint64_t now_ms);
void guard_expect_body(struct guard *guard, struct link *link, uint64_t now_ms);
void guard_expect_nothing(struct guard *guard, struct link *link);
/* Ends those whose time is up. Cost: one look for each, and one at the next. */
void guard_sweep(struct guard *guard, uint64_t now_ms);
/* Ends this one; NULL is ignored. */
void guard_shut(struct guard *guard, struct link *link);

/* Counts a request of this address, in whole: false when it comes too often. `is_local`: it is one of this machine's. */
bool guard_admits(struct guard *guard, const struct sockaddr *address, bool is_local, uint64_t now_ms);

#endif
