/* Consistent cuts: what is built, what is refused, and both against a naive search over all cuts (docs/protocol.md 3).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/prng.h"
#include "lanes.h"

static const struct member_set nobody;

static struct cut empty_cut(uint32_t members) {
    struct cut cut;
    cut_init(&cut, members);
    return cut;
}

static enum status check(struct desk *desk, const struct cut *parent, const struct member_set *seals,
                         const struct tip *entries, uint32_t count) {
    struct block block = {.entries_count = count};
    memcpy(block.entries, entries, count * sizeof entries[0]);
    return lanes_check_cut(&desk->lanes, parent, seals, &block, &desk->missing);
}

static void add_with_dep(struct desk *desk, uint32_t member, uint64_t seq, struct tip dep) {
    struct header header = header_of(member, seq, 0);
    header_add_dep(&header, dep);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
}

static void add_bytes(struct desk *desk, uint32_t member, uint64_t seq, uint32_t bytes) {
    struct header header = header_of(member, seq, 0);
    header.bytes = bytes;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
}

static void everything_is_held_then_the_cut_is_all_of_it(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    struct tip entries[MEMBERS_MAX];
    assert_int_equal(lanes_build_cut(&desk->lanes, &parent, NULL, entries), 0);
    desk_fill(desk, 0, 1, 2);
    add_with_dep(desk, 3, 1, tip_of(0, 2, 0));
    assert_int_equal(lanes_build_cut(&desk->lanes, &parent, NULL, entries), 2);
    assert_int_equal(entries[0].seq, 2);
    assert_int_equal(entries[1].member, 3);
    assert_int_equal(check(desk, &parent, &nobody, entries, 2), STATUS_OK);
    /* Nothing moves after it. */
    struct block block = {.entries_count = 2, .entries = {entries[0], entries[1]}};
    cut_apply(&parent, &block, &nobody);
    assert_int_equal(lanes_build_cut(&desk->lanes, &parent, NULL, entries), 0);
    desk_free(desk);
}

static void dep_is_left_out_then_inconsistent(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 2);
    add_with_dep(desk, 3, 1, tip_of(0, 2, 0));
    struct tip alone[] = {tip_of(3, 1, 0)}, short_of_it[] = {tip_of(0, 1, 0), tip_of(3, 1, 0)};
    struct tip both[] = {tip_of(0, 2, 0), tip_of(3, 1, 0)};
    assert_int_equal(check(desk, &parent, &nobody, alone, 1), STATUS_INCONSISTENT_CUT);
    assert_int_equal(check(desk, &parent, &nobody, short_of_it, 2), STATUS_INCONSISTENT_CUT);
    assert_int_equal(check(desk, &parent, &nobody, both, 2), STATUS_OK);
    desk_free(desk);
}

static void entries_do_not_extend_the_parent_then_refused_by_reason(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 3);
    struct tip back[] = {tip_of(0, 2, 0)}, lacking[] = {tip_of(1, 1, 0)}, stranger[] = {tip_of(4, 1, 0)};
    struct tip forward[] = {tip_of(0, 3, 0)};
    parent.tips[0] = (struct cut_tip){2, hash_of(0, 2, 0)};
    assert_int_equal(check(desk, &parent, &nobody, back, 1), STATUS_STALE);
    assert_int_equal(check(desk, &parent, &nobody, lacking, 1), STATUS_MISSING);
    assert_int_equal(desk->missing.member, 1);
    assert_int_equal(check(desk, &parent, &nobody, stranger, 1), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(check(desk, &parent, &nobody, forward, 1), STATUS_OK);
    struct member_set seals = {0};
    member_set_add(&seals, 0);
    assert_int_equal(check(desk, &parent, &seals, forward, 1), STATUS_FORKED);
    parent.sealed = seals;
    assert_int_equal(check(desk, &parent, &nobody, forward, 1), STATUS_FORKED);
    desk_free(desk);
}

static void parent_includes_another_version_then_not_linked(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 2);
    struct header rival = header_of(0, 1, 0);
    assert_int_equal(desk_offer(desk, &rival, 1), STATUS_OK);
    parent.tips[0] = (struct cut_tip){1, hash_of(0, 1, 1)};
    struct tip entries[] = {tip_of(0, 2, 0)};
    assert_int_equal(check(desk, &parent, &nobody, entries, 1), STATUS_NOT_LINKED);
    desk_free(desk);
}

static void what_the_parent_includes_is_not_held_then_missing(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 2); /* this member holds version 0 */
    add_with_dep(desk, 3, 1, tip_of(0, 1, 0));
    parent.tips[0] = (struct cut_tip){2, hash_of(0, 2, 1)}; /* the parent went along with a fork that it never saw */
    struct tip entries[] = {tip_of(3, 1, 0)};
    assert_int_equal(check(desk, &parent, &nobody, entries, 1), STATUS_MISSING);
    struct hash missing = hash_of(0, 2, 1);
    assert_true(desk->missing.member == 0 && desk->missing.seq == 2 && hash_equal(&desk->missing.hash, &missing));
    desk_free(desk);
}

static void dep_is_on_the_other_version_of_a_fork_then_inconsistent_until_sealed(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 2);
    struct header rival = header_of(0, 1, 0);
    assert_int_equal(desk_offer(desk, &rival, 1), STATUS_OK);
    add_with_dep(desk, 3, 1, tip_of(0, 1, 1));
    struct tip with[] = {tip_of(0, 2, 0), tip_of(3, 1, 0)}, alone[] = {tip_of(3, 1, 0)};
    assert_int_equal(check(desk, &parent, &nobody, with, 2), STATUS_INCONSISTENT_CUT);
    struct tip right[] = {tip_of(0, 1, 1), tip_of(3, 1, 0)};
    assert_int_equal(check(desk, &parent, &nobody, right, 2), STATUS_OK);
    /* Below the parent's cut the version counts as well, held or executed. */
    parent.tips[0] = (struct cut_tip){2, hash_of(0, 2, 0)};
    assert_int_equal(check(desk, &parent, &nobody, alone, 1), STATUS_INCONSISTENT_CUT);
    desk_execute(desk, 0, 2, 0);
    assert_int_equal(check(desk, &parent, &nobody, alone, 1), STATUS_INCONSISTENT_CUT);
    member_set_add(&parent.sealed, 0);
    assert_int_equal(check(desk, &parent, &nobody, alone, 1), STATUS_OK);
    desk_free(desk);
}

static void forked_sealed_or_skipped_lane_then_not_built(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    struct tip entries[MEMBERS_MAX];
    struct member_set skip = {0};
    for (uint32_t m = 0; m < 4; m++) desk_add(desk, m, 1);
    lanes_fork(&desk->lanes, 0);
    member_set_add(&parent.sealed, 1);
    member_set_add(&skip, 2);
    assert_int_equal(lanes_build_cut(&desk->lanes, &parent, &skip, entries), 1);
    assert_int_equal(entries[0].member, 3);
    desk_free(desk);
}

static void lane_has_more_than_its_share_then_only_that_is_taken(void **state) {
    (void)state;
    struct desk *desk = desk_new(32); /* 2 MiB of a block each; one batch at least */
    struct cut parent = empty_cut(32);
    struct tip entries[MEMBERS_MAX];
    assert_int_equal(lane_share_bytes(32), BATCH_BYTES_MAX);
    assert_int_equal(lane_share_bytes(4), BLOCK_BYTES_MAX / 4);
    for (uint64_t seq = 1; seq <= 5; seq++) add_bytes(desk, 5, seq, BATCH_BYTES_MAX / 2);
    assert_int_equal(lanes_build_cut(&desk->lanes, &parent, NULL, entries), 1);
    assert_int_equal(entries[0].seq, 2);
    struct tip greedy[] = {tip_of(5, 3, 0)};
    assert_int_equal(check(desk, &parent, &nobody, entries, 1), STATUS_OK);
    assert_int_equal(check(desk, &parent, &nobody, greedy, 1), STATUS_TOO_LARGE);
    desk_free(desk);
}

static void all_lanes_are_full_then_each_gets_its_turn(void **state) {
    (void)state;
    enum { N = 40, SEQS = 8 };
    struct desk *desk = desk_new(N);
    struct cut parent = empty_cut(N);
    uint32_t moved[N] = {0};
    for (uint32_t m = 0; m < N; m++) {
        for (uint64_t seq = 1; seq <= SEQS; seq++) add_bytes(desk, m, seq, BATCH_BYTES_MAX);
    }
    for (uint32_t round = 0; round < 16; round++) {
        struct block block = {0};
        block.entries_count = lanes_build_cut(&desk->lanes, &parent, NULL, block.entries);
        assert_int_equal(block.entries_count, BLOCK_BYTES_MAX / BATCH_BYTES_MAX);
        assert_int_equal(lanes_check_cut(&desk->lanes, &parent, &nobody, &block, &desk->missing), STATUS_OK);
        for (uint32_t i = 0; i < block.entries_count; i++) moved[block.entries[i].member]++;
        cut_apply(&parent, &block, &nobody);
    }
    for (uint32_t m = 0; m < N; m++) assert_true(moved[m] >= 1);
    desk_free(desk);
}

static void block_would_be_larger_than_the_limit_then_refused(void **state) {
    (void)state;
    struct desk *desk = desk_new(32);
    struct cut parent = empty_cut(32);
    struct tip entries[17];
    for (uint32_t m = 0; m < 17; m++) {
        add_bytes(desk, m, 1, BATCH_BYTES_MAX);
        entries[m] = tip_of(m, 1, 0);
    }
    assert_int_equal(check(desk, &parent, &nobody, entries, 16), STATUS_OK);
    assert_int_equal(check(desk, &parent, &nobody, entries, 17), STATUS_TOO_LARGE);
    desk_free(desk);
}

static uint32_t visited;
static uint64_t visited_seqs;
static void visit(void *context, const struct batch *batch) {
    (void)context;
    visited++;
    visited_seqs += batch->seq;
}

static void included_batches_are_visited_each_once_and_no_older_ones(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct cut parent = empty_cut(4);
    desk_fill(desk, 0, 1, 5);
    desk_add(desk, 2, 1);
    parent.tips[0] = (struct cut_tip){2, hash_of(0, 2, 0)};
    struct block block = {.entries_count = 2, .entries = {tip_of(0, 5, 0), tip_of(2, 1, 0)}};
    visited = 0;
    visited_seqs = 0;
    lanes_each_included(&desk->lanes, &parent, &block, visit, NULL);
    assert_int_equal(visited, 4);
    assert_int_equal(visited_seqs, 3 + 4 + 5 + 1);
    desk_free(desk);
}

static void cut_is_applied_then_entries_and_seals_are_in(void **state) {
    (void)state;
    struct cut cut = empty_cut(4), copy;
    struct member_set seals = {0};
    member_set_add(&seals, 3);
    struct block block = {.entries_count = 1, .entries = {tip_of(2, 7, 0)}};
    cut_apply(&cut, &block, &seals);
    cut_copy(&copy, &cut);
    assert_int_equal(copy.tips[2].seq, 7);
    assert_int_equal(copy.tips[0].seq, 0);
    assert_true(member_set_has(&copy.sealed, 3));
}

/* --- against a naive search --- */

enum { SMALL = 3, DEEP = 4 };

/* The deps of every batch of a small random world, by lane and seq: seq of the dep on each other lane, 0 none. */
struct world {
    uint64_t length[SMALL];
    uint64_t dep[SMALL][DEEP + 1][SMALL];
};

/* Whether the cut (c[0], c[1], c[2]) has the deps of everything in it: Mattern's definition, word for word. */
static bool consistent(const struct world *w, const uint64_t c[SMALL]) {
    for (uint32_t m = 0; m < SMALL; m++) {
        for (uint64_t seq = 1; seq <= c[m]; seq++) {
            for (uint32_t d = 0; d < SMALL; d++) {
                if (w->dep[m][seq][d] > c[d]) return false;
            }
        }
    }
    return true;
}

static struct desk *make_world(struct prng *prng, struct world *w) {
    struct desk *desk = desk_new(SMALL);
    *w = (struct world){0};
    for (uint32_t step = 0; step < SMALL * DEEP; step++) {
        uint32_t m = (uint32_t)prng_below(prng, SMALL);
        if (w->length[m] == DEEP) continue;
        uint64_t seq = ++w->length[m];
        struct header header = header_of(m, seq, 0);
        for (uint32_t d = 0; d < SMALL; d++) {
            uint64_t last = 0;
            for (uint64_t s = 1; s < seq; s++) last = w->dep[m][s][d] > last ? w->dep[m][s][d] : last;
            if (d == m || w->length[d] <= last || prng_chance(prng, 1, 2)) continue;
            w->dep[m][seq][d] = last + 1 + prng_below(prng, w->length[d] - last);
            header_add_dep(&header, tip_of(d, w->dep[m][seq][d], 0));
        }
        assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    }
    return desk;
}

static void set_cut(struct cut *cut, const uint64_t c[SMALL]) {
    cut_init(cut, SMALL);
    for (uint32_t m = 0; m < SMALL; m++) {
        if (c[m] > 0) cut->tips[m] = (struct cut_tip){c[m], hash_of(m, c[m], 0)};
    }
}

/* Calls `each` for every cut of the world. */
static bool next_cut(const struct world *w, uint64_t c[SMALL]) {
    for (uint32_t m = 0; m < SMALL; m++) {
        if (c[m] < w->length[m]) {
            c[m]++;
            return true;
        }
        c[m] = 0;
    }
    return false;
}

static void compare_checks(struct desk *desk, const struct world *w, const uint64_t from[SMALL]) {
    struct cut parent;
    set_cut(&parent, from);
    uint64_t to[SMALL] = {0};
    do {
        struct block block = {0};
        bool forward = true;
        for (uint32_t m = 0; m < SMALL; m++) {
            forward = forward && to[m] >= from[m];
            if (to[m] > from[m]) block.entries[block.entries_count++] = tip_of(m, to[m], 0);
        }
        if (!forward) continue;
        enum status status = lanes_check_cut(&desk->lanes, &parent, &nobody, &block, &desk->missing);
        assert_int_equal(status, consistent(w, to) ? STATUS_OK : STATUS_INCONSISTENT_CUT);
    } while (next_cut(w, to));
}

static void compare_build(struct desk *desk, const struct world *w, const uint64_t from[SMALL],
                          const struct member_set *skip) {
    struct cut parent;
    struct tip entries[MEMBERS_MAX];
    set_cut(&parent, from);
    uint32_t count = lanes_build_cut(&desk->lanes, &parent, skip, entries);
    uint64_t built[SMALL], best[SMALL], c[SMALL] = {0};
    memcpy(built, from, sizeof built);
    for (uint32_t i = 0; i < count; i++) built[entries[i].member] = entries[i].seq;
    /* Consistent cuts are closed under taking the maximum, so the largest is the maximum of them all. */
    memcpy(best, from, sizeof best);
    do {
        bool allowed = consistent(w, c);
        for (uint32_t m = 0; m < SMALL; m++)
            allowed = allowed && c[m] >= from[m] && (c[m] == from[m] || !member_set_has(skip, m));
        for (uint32_t m = 0; allowed && m < SMALL; m++) best[m] = c[m] > best[m] ? c[m] : best[m];
    } while (next_cut(w, c));
    for (uint32_t m = 0; m < SMALL; m++) assert_int_equal(built[m], best[m]);
    struct block block = {.entries_count = count};
    memcpy(block.entries, entries, count * sizeof entries[0]);
    assert_int_equal(lanes_check_cut(&desk->lanes, &parent, &nobody, &block, &desk->missing), STATUS_OK);
}

static void random_small_lanes_then_built_and_checked_as_by_naive_search(void **state) {
    (void)state;
    const char *text = getenv("SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 1;
    for (uint64_t run = 0; run < 60; run++) {
        struct prng prng = prng_seeded(seed + run);
        struct world w;
        struct desk *desk = make_world(&prng, &w);
        print_message("seed %" PRIu64 "\n", seed + run);
        uint64_t from[SMALL] = {0};
        do {
            if (!consistent(&w, from) || !prng_chance(&prng, 1, 4)) continue;
            struct member_set skip = {0};
            compare_checks(desk, &w, from);
            compare_build(desk, &w, from, &skip);
            member_set_add(&skip, (uint32_t)prng_below(&prng, SMALL));
            compare_build(desk, &w, from, &skip);
        } while (next_cut(&w, from));
        desk_free(desk);
    }
}

/* Executes consistent cuts one after another: what remains is judged as before. */
static void cuts_are_executed_one_after_another_then_the_rest_is_judged_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct prng prng = prng_seeded(seed);
        struct world w;
        struct desk *desk = make_world(&prng, &w);
        print_message("seed %llu\n", (unsigned long long)seed);
        uint64_t from[SMALL] = {0}, c[SMALL] = {0};
        do {
            bool forward = consistent(&w, c);
            for (uint32_t m = 0; m < SMALL; m++) forward = forward && c[m] >= from[m];
            if (!forward || !prng_chance(&prng, 1, 3)) continue;
            for (uint32_t m = 0; m < SMALL; m++) {
                if (c[m] > from[m]) desk_execute(desk, m, c[m], 0);
            }
            memcpy(from, c, sizeof from);
            struct member_set skip = {0};
            compare_checks(desk, &w, from);
            compare_build(desk, &w, from, &skip);
        } while (next_cut(&w, c));
        desk_free(desk);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_held_then_the_cut_is_all_of_it),
        cmocka_unit_test(dep_is_left_out_then_inconsistent),
        cmocka_unit_test(entries_do_not_extend_the_parent_then_refused_by_reason),
        cmocka_unit_test(parent_includes_another_version_then_not_linked),
        cmocka_unit_test(what_the_parent_includes_is_not_held_then_missing),
        cmocka_unit_test(dep_is_on_the_other_version_of_a_fork_then_inconsistent_until_sealed),
        cmocka_unit_test(forked_sealed_or_skipped_lane_then_not_built),
        cmocka_unit_test(lane_has_more_than_its_share_then_only_that_is_taken),
        cmocka_unit_test(all_lanes_are_full_then_each_gets_its_turn),
        cmocka_unit_test(block_would_be_larger_than_the_limit_then_refused),
        cmocka_unit_test(included_batches_are_visited_each_once_and_no_older_ones),
        cmocka_unit_test(cut_is_applied_then_entries_and_seals_are_in),
        cmocka_unit_test(random_small_lanes_then_built_and_checked_as_by_naive_search),
        cmocka_unit_test(cuts_are_executed_one_after_another_then_the_rest_is_judged_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
