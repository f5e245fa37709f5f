#include "machine/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

enum { MEMBERS = 6, BATCHES_MAX = 120, DEPS_MAX = MEMBERS };

struct graph {
    size_t count;
    struct machine_batch batches[BATCHES_MAX];
    struct tip deps[BATCHES_MAX][DEPS_MAX];
};

static struct hash hash_of(uint32_t member, uint64_t seq) {
    return (struct hash){{(uint8_t)member, (uint8_t)seq, 1}};
}

/* Lanes that grow at random from random bases; a batch refers to tips of some other lanes, some of them below the bases. */
static void random_graph(struct prng *prng, struct graph *ret_graph) {
    uint64_t tip[MEMBERS];
    ret_graph->count = (size_t)prng_below(prng, BATCHES_MAX + 1);
    for (uint32_t m = 0; m < MEMBERS; m++) tip[m] = prng_below(prng, 3);
    for (size_t i = 0; i < ret_graph->count; i++) {
        uint32_t member = (uint32_t)prng_below(prng, MEMBERS);
        uint32_t deps = 0;
        for (uint32_t m = 0; m < MEMBERS; m++) {
            if (m == member || tip[m] == 0 || prng_chance(prng, 1, 2)) continue;
            ret_graph->deps[i][deps++] = (struct tip){m, tip[m], hash_of(m, tip[m])};
        }
        tip[member]++;
        ret_graph->batches[i] = (struct machine_batch){
            .member = member,
            .seq = tip[member],
            .hash = hash_of(member, tip[member]),
            .deps = ret_graph->deps[i],
            .deps_count = deps,
        };
    }
}

static void shuffle(struct prng *prng, struct machine_batch *batches, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)prng_below(prng, i);
        struct machine_batch swapped = batches[i - 1];
        batches[i - 1] = batches[other];
        batches[other] = swapped;
    }
}

static bool is_named(const struct machine_batch *batch, const struct tip *tip) {
    return batch->member == tip->member && batch->seq == tip->seq && hash_equal(&batch->hash, &tip->hash);
}

/* Whether nothing that is left must come before batches[i]: its own lane, its deps. */
static bool is_free(const struct graph *graph, const bool *done, size_t i) {
    for (size_t j = 0; j < graph->count; j++) {
        if (done[j]) continue;
        if (graph->batches[j].member == graph->batches[i].member && graph->batches[j].seq < graph->batches[i].seq)
            return false;
        for (uint32_t d = 0; d < graph->batches[i].deps_count; d++) {
            if (is_named(&graph->batches[j], &graph->batches[i].deps[d])) return false;
        }
    }
    return true;
}

/* Of all that are free the smallest (member, seq), again and again. */
static size_t naive_next(const struct graph *graph, const bool *done) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < graph->count; i++) {
        if (done[i] || !is_free(graph, done, i)) continue;
        if (best == SIZE_MAX || graph->batches[i].member < graph->batches[best].member) best = i;
    }
    return best;
}

static void any_arrival_then_same_order_as_a_naive_sort(void **state) {
    (void)state;
    const uint64_t seed = 5150;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    static struct graph graph;
    static struct machine_batch batches[BATCHES_MAX];
    static uint32_t scratch[2 * BATCHES_MAX];
    for (int round = 0; round < 300; round++) {
        bool done[BATCHES_MAX] = {false};
        random_graph(&prng, &graph);
        memcpy(batches, graph.batches, sizeof batches);
        shuffle(&prng, batches, graph.count);
        order_batches(batches, graph.count, scratch);
        for (size_t i = 0; i < graph.count; i++) {
            size_t next = naive_next(&graph, done);
            done[next] = true;
            assert_int_equal(batches[i].member, graph.batches[next].member);
            assert_int_equal(batches[i].seq, graph.batches[next].seq);
        }
    }
}

static void dep_on_a_larger_member_then_it_comes_first(void **state) {
    (void)state;
    struct tip dep = {3, 9, hash_of(3, 9)};
    struct machine_batch batches[2] = {
        {.member = 0, .seq = 4, .hash = hash_of(0, 4), .deps = &dep, .deps_count = 1},
        {.member = 3, .seq = 9, .hash = hash_of(3, 9)},
    };
    uint32_t scratch[4];
    order_batches(batches, 2, scratch);
    assert_int_equal(batches[0].member, 3);
    assert_int_equal(batches[1].member, 0);
}

static void dep_on_another_version_then_it_binds_nobody(void **state) {
    (void)state;
    struct tip dep = {3, 9, hash_of(3, 10)};
    struct machine_batch batches[2] = {
        {.member = 3, .seq = 9, .hash = hash_of(3, 9)},
        {.member = 0, .seq = 4, .hash = hash_of(0, 4), .deps = &dep, .deps_count = 1},
    };
    uint32_t scratch[4];
    order_batches(batches, 2, scratch);
    assert_int_equal(batches[0].member, 0);
    assert_int_equal(batches[1].member, 3);
}

static void equal_weights_then_the_lower_middle(void **state) {
    (void)state;
    uint64_t median = 0;
    struct order_clock odd[] = {{50, 1}, {10, 1}, {30, 1}};
    assert_true(order_median(odd, 3, &median));
    assert_int_equal(median, 30);
    struct order_clock even[] = {{40, 1}, {10, 1}, {30, 1}, {20, 1}};
    assert_true(order_median(even, 4, &median));
    assert_int_equal(median, 20);
}

static void heavy_clock_then_it_is_the_median(void **state) {
    (void)state;
    uint64_t median = 0;
    struct order_clock clocks[] = {{10, 1}, {20, 1}, {99, 5}, {30, 1}};
    assert_true(order_median(clocks, 4, &median));
    assert_int_equal(median, 99);
    struct order_clock silenced[] = {{10, 0}, {20, 65536}, {99, 0}};
    assert_true(order_median(silenced, 3, &median));
    assert_int_equal(median, 20);
}

static void no_weight_then_no_median(void **state) {
    (void)state;
    uint64_t median = 7;
    struct order_clock clocks[] = {{10, 0}, {20, 0}};
    assert_false(order_median(clocks, 2, &median));
    assert_false(order_median(clocks, 0, &median));
    assert_int_equal(median, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_arrival_then_same_order_as_a_naive_sort),
        cmocka_unit_test(dep_on_a_larger_member_then_it_comes_first),
        cmocka_unit_test(dep_on_another_version_then_it_binds_nobody),
        cmocka_unit_test(equal_weights_then_the_lower_middle),
        cmocka_unit_test(heavy_clock_then_it_is_the_median),
        cmocka_unit_test(no_weight_then_no_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
