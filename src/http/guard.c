/* Connections that wait, and how often an address may ask (http/guard.h). Invariant: a link is in at most one list, and
 * lists ascend by since_ms, because whoever waits anew goes to the end. */
#include "http/guard.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* When nothing else is configured, of addresses that are not this machine's. */
enum { RATE_OF_OTHERS = 5000 };
/* What a bucket holds: so many seconds at its rate. */
enum { BURST_SECONDS = 2 };

void guard_init(struct guard *guard, uint32_t most, uint32_t requests_per_second) {
    *guard = (struct guard){.most = most, .requests_per_second = requests_per_second};
}

static void leave(struct link *link) {
    struct links *list = link->list;
    if (list == NULL) return;
    if (link->next != NULL) link->next->previous = link->previous;
    if (link->previous != NULL) link->previous->next = link->next;
    if (list->first == link) list->first = link->next;
    if (list->last == link) list->last = link->previous;
    link->list = NULL;
}

static void enter(struct links *list, struct link *link, uint64_t now_ms) {
    leave(link);
    link->since_ms = now_ms;
    link->list = list;
    link->next = NULL;
    link->previous = list->last;
    if (list->last != NULL) list->last->next = link;
    if (list->first == NULL) list->first = link;
    list->last = link;
}

void guard_shut(struct guard *guard, struct link *link) {
    if (link == NULL) return;
    leave(link);
    guard->ended++;
    (void)shutdown(link->fd, SHUT_RDWR);
}

struct link *guard_begin(struct guard *guard, int fd, uint64_t now_ms) {
    guard->count++;
    if (guard->count + GUARD_SPARE > guard->most) guard_shut(guard, guard->heads.first);
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) return NULL;
    link->fd = fd;
    enter(&guard->heads, link, now_ms);
    return link;
}

void guard_end(struct guard *guard, struct link *link) {
    guard->count--;
    if (link == NULL) return;
    leave(link);
    free(link);
}

void guard_expect_head(struct guard *guard, struct link *link, uint64_t now_ms) {
    if (link != NULL) enter(&guard->heads, link, now_ms);
}

void guard_expect_body(struct guard *guard, struct link *link, uint64_t now_ms) {
    if (link != NULL) enter(&guard->bodies, link, now_ms);
}

void guard_expect_nothing(struct guard *guard, struct link *link) {
    (void)guard;
    if (link != NULL) leave(link);
}

static void sweep(struct guard *guard, const struct links *list, uint64_t now_ms, uint64_t patience_ms) {
    while (list->first != NULL && now_ms - list->first->since_ms > patience_ms) guard_shut(guard, list->first);
}

void guard_sweep(struct guard *guard, uint64_t now_ms) {
    sweep(guard, &guard->heads, now_ms, GUARD_HEAD_MS);
    sweep(guard, &guard->bodies, now_ms, GUARD_BODY_MS);
}

/* An IPv4 address, or the half of an IPv6 one that names a network: who has one of its addresses has them all. */
static uint64_t number_of(const struct sockaddr *address) {
    uint64_t number = 0;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return v4.sin_addr.s_addr;
    }
    if (address->sa_family != AF_INET6) return 0;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    memcpy(&number, v6.sin6_addr.s6_addr, sizeof number);
    return number;
}

bool guard_admits(struct guard *guard, const struct sockaddr *address, bool is_local, uint64_t now_ms) {
    uint64_t rate = guard->requests_per_second;
    if (rate == 0 && is_local) return true;
    if (rate == 0) rate = RATE_OF_OTHERS;
    uint64_t number = address != NULL ? number_of(address) : 0;
    struct bucket *bucket = &guard->buckets[number * UINT64_C(0x9e3779b97f4a7c15) >> 54];
    /* In a millisecond a thousandth of the rate falls out of it. */
    uint64_t passed_ms = now_ms - bucket->at_ms;
    uint64_t forgiven = passed_ms < BURST_SECONDS * 1000 ? passed_ms * rate : bucket->spent;
    bucket->spent -= forgiven < bucket->spent ? forgiven : bucket->spent;
    bucket->at_ms = now_ms;
    if (bucket->spent + 1000 > BURST_SECONDS * 1000 * rate) {
        guard->limited++;
        return false;
    }
    bucket->spent += 1000;
    return true;
}
