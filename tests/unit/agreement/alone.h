/* One member runs alone, the others are scripted. Four members, so q = 3 and n - q + 1 = 2; the leader of view v is v
 * modulo 4. */
#ifndef TESTS_AGREEMENT_ALONE_H
#define TESTS_AGREEMENT_ALONE_H

#include "net.h"

static const struct slice none; /* no certificate of a parent */

static inline struct net *alone(uint32_t member) {
    struct net *net = net_new(4, 1);
    net_start(net, member);
    return net;
}

static inline struct agreement *of(struct net *net, uint32_t member) { return net->members[member].a; }

/* Gives `to` the proposal of view 1 by its leader: whatever `to` holds of lane 0. */
static inline struct hash propose_first(struct net *net, uint32_t to) {
    struct hash hash;
    struct slice block = net_block(net, 1, 1, &net->chain, 0, net->members[to].held[0], &hash);
    assert_int_equal(net_give_proposal(net, to, block, none, NULL, 0), STATUS_OK);
    return hash;
}

static inline void nullify_views(struct net *net, uint32_t to, uint64_t from, uint64_t last) {
    for (uint64_t view = from; view <= last; view++)
        assert_int_equal(net_give_certificate(net, to, net_certificate(net, to + 1, 3, view, VOTE_NULLIFY, NULL)),
                         STATUS_OK);
}

static inline void run_to_deadline(struct net *net, uint32_t member) {
    net->now_us = agreement_deadline_us(of(net, member));
    net_tick(net, member);
}

#endif
