/* Random weather, random restarts, a random liar, many seeds. The network checks safety all the time (net.h); here: in
 * the end, when the weather is fine again, everybody stands at the same height, and new work becomes final. */
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

/* What a member that lies about its votes says: anything it likes, to one or to all. */
static void lie(struct net *net, uint32_t liar) {
    static const struct slice none;
    uint32_t to = (uint32_t)prng_below(&net->prng, net->n);
    if (to == liar || net->members[to].a == NULL) return;
    const struct agreement *a = net->members[to].a;
    uint64_t view = agreement_view(a) + prng_below(&net->prng, 3);
    const struct agreement_block *head = agreement_head(net->members[to].a);
    struct hash parent = head != NULL ? head->hash : *agreement_final_hash(a);
    uint64_t height = head != NULL ? head->height : agreement_final_height(a);
    struct hash hash;
    struct slice block =
        net_block(net, view, height + 1, &parent, 0, prng_below(&net->prng, 2) * net->members[to].held[0], &hash);
    enum status status;
    if (agreement_leader(a, view) == liar) {
        status = net_give_proposal(net, to, block, none, NULL, 0);
    } else {
        enum vote_kind kind = (enum vote_kind)(1 + prng_below(&net->prng, 3));
        struct vote vote = net_vote(net, liar, view, kind, head != NULL ? &head->hash : &hash);
        status = net_give_vote(net, to, &vote);
    }
    (void)status; /* whatever it says: safety is checked elsewhere */
    net_work(net, to);
}

static void storm(struct net *net, bool with_liar) {
    uint32_t liar = (uint32_t)prng_below(&net->prng, net->n);
    for (uint32_t i = 0; i < net->n; i++) {
        if (!with_liar || i != liar) net_start(net, i);
    }
    net->drop_permille = (uint32_t)prng_below(&net->prng, 250);
    net->duplicate_permille = (uint32_t)prng_below(&net->prng, 200);
    net->delay_max_us = (20 + prng_below(&net->prng, 200)) * MS;
    for (uint32_t step = 0; step < 16; step++) {
        net_produce(net, (uint32_t)prng_below(&net->prng, net->n));
        net_run(net, prng_below(&net->prng, 600) * MS);
        uint32_t a = (uint32_t)prng_below(&net->prng, net->n), b = (uint32_t)prng_below(&net->prng, net->n);
        if (a != b) net_link(net, a, b, prng_chance(&net->prng, 2, 3));
        if (prng_chance(&net->prng, 1, 4) && net->members[a].a != NULL) {
            net_stop(net, a);
            net_run(net, prng_below(&net->prng, 300) * MS);
            net_start(net, a);
        }
        for (uint32_t i = 0; with_liar && i < 4; i++) lie(net, liar);
    }
}

static void calm(struct net *net) {
    net->drop_permille = net->duplicate_permille = 0;
    net->delay_max_us = 20 * MS;
    for (uint32_t a = 0; a < net->n; a++) {
        for (uint32_t b = a + 1; b < net->n; b++) net_link(net, a, b, true);
    }
}

static uint64_t highest(const struct net *net) {
    uint64_t height = 0;
    for (uint32_t m = 0; m < net->n; m++) height = net_height(net, m) > height ? net_height(net, m) : height;
    return height;
}

static void one_run(uint64_t seed, bool with_liar) {
    static const uint32_t sizes[] = {4, 5, 7};
    struct net *net = net_new(sizes[seed % 3], seed);
    net->heartbeats = true;
    print_message("seed %llu%s\n", (unsigned long long)seed, with_liar ? ", one liar" : "");
    storm(net, with_liar);
    calm(net);
    uint64_t before = highest(net);
    net_produce(net, 1);
    assert_true(net_run_to_height(net, before + 1, 200 * SECOND));
    net_run(net, 30 * SECOND);
    for (uint32_t m = 0; m < net->n; m++) {
        if (net->members[m].a != NULL) assert_int_equal(net_height(net, m), highest(net));
        if (!with_liar) assert_int_equal(net->misbehaved[m], 0);
    }
    net_free(net);
}

static uint64_t first_seed(void) {
    const char *text = getenv("SEED");
    return text != NULL ? strtoull(text, NULL, 10) : 1;
}

static uint32_t runs(void) {
    const char *text = getenv("RUNS");
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 8;
}

static void storm_then_calm_then_one_history_and_one_height(void **state) {
    (void)state;
    for (uint32_t i = 0; i < runs(); i++) one_run(first_seed() + i, false);
}

static void storm_with_a_liar_then_calm_then_one_history_and_one_height(void **state) {
    (void)state;
    for (uint32_t i = 0; i < runs(); i++) one_run(first_seed() + i, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storm_then_calm_then_one_history_and_one_height),
        cmocka_unit_test(storm_with_a_liar_then_calm_then_one_history_and_one_height),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
