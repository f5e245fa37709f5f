/* One lane: chain, deps, versions of a fork, acknowledgements, execution (docs/protocol.md 2). */
#include "lanes.h"

static void batches_in_order_then_accepted_and_the_tip_moves(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    assert_int_equal(lanes_tip(&desk->lanes, 1).seq, 0);
    desk_fill(desk, 1, 1, 3);
    struct hash third = hash_of(1, 3, 0);
    assert_int_equal(lanes_tip(&desk->lanes, 1).seq, 3);
    assert_true(hash_equal(&desk->lanes.lanes[1].tip->hash, &third));
    assert_int_equal(lanes_outstanding(&desk->lanes, 1), 3);
    assert_int_equal(lanes_tip_wall_us(&desk->lanes, 1), WALL_US + 3);
    assert_true(lanes_holds(&desk->lanes, 1, 3, &third));
    assert_false(lanes_holds(&desk->lanes, 1, 4, &third));
    desk_free(desk);
}

static void previous_batch_is_not_held_then_it_is_named(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct header header = header_of(1, 3, 0);
    struct hash second = hash_of(1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_MISSING);
    assert_int_equal(desk->missing.member, 1);
    assert_int_equal(desk->missing.seq, 2);
    assert_true(hash_equal(&desk->missing.hash, &second));
    desk_free(desk);
}

static void previous_hash_is_not_the_bases_then_never_valid(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 2);
    desk_execute(desk, 1, 2, 0);
    struct header header = header_of(1, 3, 5);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_NOT_LINKED);
    desk_add(desk, 1, 3);
    desk_free(desk);
}

static void offered_again_then_duplicate_also_once_executed(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 2);
    struct header header = header_of(1, 1, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_DUPLICATE);
    assert_true(hash_is_zero(&desk->rival));
    desk_execute(desk, 1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_DUPLICATE);
    assert_int_equal(desk_offer(desk, &header, 1), STATUS_STALE);
    struct hash first = hash_of(1, 1, 0);
    assert_true(hash_equal(&desk->rival, &first)); /* a fork proof even against what is executed */
    desk_free(desk);
}

static void header_is_out_of_range_then_refused(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct header header = header_of(4, 1, 0);
    memset(&desk->rival, 7, sizeof desk->rival);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_UNKNOWN_MEMBER);
    assert_true(hash_is_zero(&desk->rival));
    header = header_of(1, 0, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_BAD_VALUE);
    header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(4, 1, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_UNKNOWN_MEMBER);
    /* Two deps on one lane, and one on its own, which no reader of headers lets through. */
    header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(2, 1, 0));
    header_add_dep(&header, tip_of(2, 2, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_BAD_VALUE);
    header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(1, 1, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_BAD_VALUE);
    desk_free(desk);
}

static void clock_does_not_increase_then_refused(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_add(desk, 1, 1);
    struct header header = header_of(1, 2, 0);
    header.wall_us = WALL_US + 1;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_CLOCK_BACKWARDS);
    desk_execute(desk, 1, 1, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_CLOCK_BACKWARDS);
    header.wall_us++;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void clock_is_ahead_then_accepted_up_to_the_limit_only(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct header header = header_of(1, 1, 0);
    header.wall_us = WALL_US + (uint64_t)CLOCK_AHEAD_MAX_US + 1;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_CLOCK_AHEAD);
    header.wall_us = UINT64_MAX;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_CLOCK_AHEAD);
    header.wall_us = WALL_US + (uint64_t)CLOCK_AHEAD_MAX_US;
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void dep_is_not_held_then_named_and_accepted_when_it_is(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct header header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(0, 1, 0));
    header_add_dep(&header, tip_of(3, 2, 0));
    desk_add(desk, 0, 1);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_MISSING);
    assert_int_equal(desk->missing.member, 3);
    assert_int_equal(desk->missing.seq, 2);
    desk_fill(desk, 3, 1, 2);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void dep_has_a_hash_that_was_never_signed_then_the_lane_of_the_liar_alone_waits(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 0, 1, 2);
    struct header header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(0, 1, 3));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_MISSING);
    desk_execute(desk, 0, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_MISSING);
    desk_add(desk, 0, 3);
    desk_free(desk);
}

static void deps_go_backwards_or_stand_still_then_refused(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 0, 1, 4);
    struct header header = header_of(1, 1, 0);
    header_add_dep(&header, tip_of(0, 2, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_add(desk, 1, 2);
    header = header_of(1, 3, 0);
    header_add_dep(&header, tip_of(0, 2, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_DEPS_BACKWARDS);
    header.deps[0] = tip_of(0, 1, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_DEPS_BACKWARDS);
    /* It is remembered past execution, too. */
    desk_execute(desk, 1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_DEPS_BACKWARDS);
    header.deps[0] = tip_of(0, 3, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void deps_of_a_fork_are_judged_by_its_own_version(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 0, 1, 4);
    desk_add(desk, 1, 1);
    struct header second = header_of(1, 2, 0);
    header_add_dep(&second, tip_of(0, 3, 0));
    assert_int_equal(desk_offer(desk, &second, 0), STATUS_OK);
    struct header rival = header_of(1, 2, 0); /* named nothing */
    assert_int_equal(desk_offer(desk, &rival, 1), STATUS_OK);
    struct header third = header_of(1, 3, 1);
    header_add_dep(&third, tip_of(0, 2, 0));
    assert_int_equal(desk_offer(desk, &third, 1), STATUS_OK);
    third = header_of(1, 3, 0);
    header_add_dep(&third, tip_of(0, 2, 0));
    assert_int_equal(desk_offer(desk, &third, 0), STATUS_DEPS_BACKWARDS);
    desk_free(desk);
}

static void lane_forks_then_both_versions_are_held_and_extended_and_the_tip_stands(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 2);
    struct header rival = header_of(1, 2, 0);
    struct hash second = hash_of(1, 2, 0), other = hash_of(1, 2, 1);
    assert_int_equal(desk_offer(desk, &rival, 1), STATUS_OK);
    assert_true(hash_equal(&desk->rival, &second));
    struct header third = header_of(1, 3, 0), third_of_other = header_of(1, 3, 1);
    assert_int_equal(desk_offer(desk, &third, 0), STATUS_OK);
    assert_int_equal(desk_offer(desk, &third_of_other, 1), STATUS_OK);
    assert_true(lanes_holds(&desk->lanes, 1, 2, &second) && lanes_holds(&desk->lanes, 1, 2, &other));
    assert_int_equal(lanes_tip(&desk->lanes, 1).seq, 2);
    desk_free(desk);
}

static void a_version_is_executed_then_the_other_one_is_gone_and_the_tip_is_its_longest(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 3); /* the tip's version: 1 2 3 */
    struct header header = header_of(1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 1), STATUS_OK);
    for (uint64_t seq = 3; seq <= 5; seq++) { /* 1 2' 3' 4' 5' */
        header = header_of(1, seq, 1);
        assert_int_equal(desk_offer(desk, &header, 1), STATUS_OK);
    }
    desk_execute(desk, 1, 3, 1);
    struct hash gone = hash_of(1, 3, 0), fifth = hash_of(1, 5, 1), executed = hash_of(1, 2, 1);
    assert_false(lanes_holds(&desk->lanes, 1, 3, &gone));
    assert_true(lanes_holds(&desk->lanes, 1, 2, &executed));
    assert_int_equal(lanes_tip(&desk->lanes, 1).seq, 5);
    assert_true(hash_equal(&desk->lanes.lanes[1].tip->hash, &fifth));
    assert_int_equal(desk->lanes.lanes[1].held, 2);
    desk_execute(desk, 1, 5, 1);
    assert_int_equal(desk->lanes.lanes[1].held, 0);
    assert_int_equal(lanes_outstanding(&desk->lanes, 1), 0);
    assert_int_equal(desk->lanes.pool.live, 0); /* everything was given back */
    desk_free(desk);
}

static void longer_other_version_is_dropped_whole_when_the_shorter_is_executed(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 1);
    struct header header = header_of(1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    assert_int_equal(desk_offer(desk, &header, 1), STATUS_OK);
    for (uint64_t seq = 3; seq <= 40; seq++) {
        header = header_of(1, seq, 1);
        assert_int_equal(desk_offer(desk, &header, 1), STATUS_OK);
    }
    desk_execute(desk, 1, 2, 0);
    assert_int_equal(desk->lanes.lanes[1].held, 0);
    assert_int_equal(desk->lanes.pool.live, 0);
    assert_int_equal(lanes_tip(&desk->lanes, 1).seq, 2);
    header = header_of(1, 3, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void lane_is_full_then_too_many_until_execution_makes_room(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, LANE_OUTSTANDING_MAX);
    struct header header = header_of(1, LANE_OUTSTANDING_MAX + 1, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_TOO_MANY);
    desk_execute(desk, 1, 1, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_free(desk);
}

static void lane_forks_without_end_then_it_fills_its_own_room_alone(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    uint32_t accepted = 0;
    for (uint64_t seq = 1; seq <= LANE_OUTSTANDING_MAX; seq++) {
        for (uint32_t version = 0; version <= LANE_VERSIONS_MAX; version++) {
            struct header header = header_of(1, seq, 0);
            enum status status = desk_offer(desk, &header, version);
            assert_true(status == STATUS_OK || status == STATUS_TOO_MANY || status == STATUS_MISSING);
            accepted += status == STATUS_OK;
            if (version == LANE_VERSIONS_MAX) assert_int_not_equal(status, STATUS_OK);
        }
    }
    assert_true(accepted >= LANE_OUTSTANDING_MAX && accepted <= 2 * LANE_OUTSTANDING_MAX);
    for (uint32_t member = 0; member < 4; member++) {
        if (member != 1) desk_fill(desk, member, 1, LANE_OUTSTANDING_MAX);
    }
    desk_free(desk);
}

static void lane_is_sealed_then_nothing_new_and_deps_on_it_bind_nobody(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_add(desk, 1, 1);
    struct header dependent = header_of(2, 1, 0);
    header_add_dep(&dependent, tip_of(1, 9, 9));
    assert_int_equal(desk_offer(desk, &dependent, 0), STATUS_MISSING);
    lanes_seal(&desk->lanes, 1);
    struct header header = header_of(1, 2, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_STALE);
    assert_int_equal(desk_offer(desk, &dependent, 0), STATUS_OK);
    desk_free(desk);
}

static void executed_long_ago_then_the_ledger_is_asked(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    for (uint64_t seq = 1; seq <= 700; seq++) {
        desk_add(desk, 1, seq);
        if (seq % 50 == 0) desk_execute(desk, 1, seq, 0);
    }
    struct hash recent = hash_of(1, 700 - LANE_HISTORY + 1, 0), old = hash_of(1, 700 - LANE_HISTORY, 0);
    desk->reads = 0;
    assert_true(lanes_holds(&desk->lanes, 1, 700 - LANE_HISTORY + 1, &recent));
    assert_int_equal(desk->reads, 0);
    assert_true(lanes_holds(&desk->lanes, 1, 700 - LANE_HISTORY, &old));
    assert_int_equal(desk->reads, 1);
    assert_false(lanes_holds(&desk->lanes, 1, 700 - LANE_HISTORY, &recent));
    struct header header = header_of(2, 1, 0);
    header_add_dep(&header, tip_of(1, 3, 0));
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    assert_false(lanes_holds(&desk->lanes, 1, 0, &old));
    desk_free(desk);
}

static void next_header_then_it_names_the_lanes_that_moved_and_is_accepted(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    struct header header = {.count = 1, .bytes = 1};
    desk_fill(desk, 1, 1, 2);
    desk_add(desk, 3, 1);
    lanes_next_header(&desk->lanes, 0, WALL_US, &header);
    assert_int_equal(header.seq, 1);
    assert_int_equal(header.deps_count, 2);
    assert_int_equal(header.deps[0].seq, 2);
    assert_int_equal(header.deps[1].member, 3);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    desk_add(desk, 3, 2);
    desk_add(desk, 2, 1);
    lanes_fork(&desk->lanes, 2);
    lanes_next_header(&desk->lanes, 0, WALL_US - 5, &header);
    assert_int_equal(header.wall_us, WALL_US + 1); /* never back, whatever the clock says */
    assert_int_equal(header.deps_count, 1);
    assert_int_equal(header.deps[0].member, 3);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    /* The frontier survives execution. */
    desk_execute(desk, 0, 2, 0);
    lanes_next_header(&desk->lanes, 0, WALL_US, &header);
    assert_int_equal(header.deps_count, 0);
    desk_free(desk);
}

static void peers_acknowledge_then_holders_are_counted_and_older_tips_ignored(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 3);
    struct tip third = tip_of(1, 3, 0), first = tip_of(1, 1, 0), unknown = tip_of(1, 9, 0), wild = tip_of(7, 1, 0);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 2), 1);
    lanes_ack(&desk->lanes, 2, &third);
    lanes_ack(&desk->lanes, 2, &first);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 3), 2);
    lanes_ack(&desk->lanes, 3, &unknown); /* ahead of us: it has ours as an ancestor, as far as anyone knows */
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 3), 3);
    lanes_ack(&desk->lanes, 9, &third);
    lanes_ack(&desk->lanes, 2, &wild);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 4), 1);
    assert_true(lanes_peer_claims(&desk->lanes, 2, 1, 3));
    assert_false(lanes_peer_claims(&desk->lanes, 2, 1, 4));
    desk_free(desk);
}

static void peer_acknowledges_another_version_then_it_does_not_count(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 1, 1, 2);
    struct tip other = tip_of(1, 2, 1), own = tip_of(1, 2, 0);
    lanes_ack(&desk->lanes, 2, &other); /* no fork is known here yet, the hash alone says so */
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 2), 1);
    struct header rival = header_of(1, 2, 0), third = header_of(1, 3, 1);
    assert_int_equal(desk_offer(desk, &rival, 1), STATUS_OK);
    assert_int_equal(desk_offer(desk, &third, 1), STATUS_OK);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 2), 1);
    struct tip longer = tip_of(1, 3, 1);
    lanes_ack(&desk->lanes, 3, &longer); /* held here, but does not descend from the own version */
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 2), 1);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 1), 3); /* both have the first */
    lanes_ack(&desk->lanes, 2, &own);
    assert_int_equal(lanes_holders(&desk->lanes, 0, 1, 2), 2);
    desk_free(desk);
}

static void batches_executed_in_the_middle_then_links_and_frontier_stay(void **state) {
    (void)state;
    struct desk *desk = desk_new(4);
    desk_fill(desk, 0, 1, 6);
    for (uint64_t seq = 1; seq <= 6; seq++) {
        struct header header = header_of(1, seq, 0);
        header_add_dep(&header, tip_of(0, seq, 0));
        assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
    }
    desk_execute(desk, 1, 4, 0);
    const struct lane *lane = &desk->lanes.lanes[1];
    assert_int_equal(lane->base.seq, 4);
    assert_int_equal(lane->base_wall_us, WALL_US + 4);
    assert_int_equal(lane->base_frontier[0], 4);
    assert_int_equal(lane->frontier[0], 6);
    assert_int_equal(lanes_outstanding(&desk->lanes, 1), 2);
    struct hash fifth = hash_of(1, 5, 0);
    assert_null(lanes_find(&desk->lanes, 1, 5, &fifth)->parent);
    assert_null(lane_ancestor(lane->tip, 4));
    desk_add(desk, 1, 7);
    desk_free(desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_in_order_then_accepted_and_the_tip_moves),
        cmocka_unit_test(previous_batch_is_not_held_then_it_is_named),
        cmocka_unit_test(previous_hash_is_not_the_bases_then_never_valid),
        cmocka_unit_test(offered_again_then_duplicate_also_once_executed),
        cmocka_unit_test(header_is_out_of_range_then_refused),
        cmocka_unit_test(clock_does_not_increase_then_refused),
        cmocka_unit_test(clock_is_ahead_then_accepted_up_to_the_limit_only),
        cmocka_unit_test(dep_is_not_held_then_named_and_accepted_when_it_is),
        cmocka_unit_test(dep_has_a_hash_that_was_never_signed_then_the_lane_of_the_liar_alone_waits),
        cmocka_unit_test(deps_go_backwards_or_stand_still_then_refused),
        cmocka_unit_test(deps_of_a_fork_are_judged_by_its_own_version),
        cmocka_unit_test(lane_forks_then_both_versions_are_held_and_extended_and_the_tip_stands),
        cmocka_unit_test(a_version_is_executed_then_the_other_one_is_gone_and_the_tip_is_its_longest),
        cmocka_unit_test(longer_other_version_is_dropped_whole_when_the_shorter_is_executed),
        cmocka_unit_test(lane_is_full_then_too_many_until_execution_makes_room),
        cmocka_unit_test(lane_forks_without_end_then_it_fills_its_own_room_alone),
        cmocka_unit_test(lane_is_sealed_then_nothing_new_and_deps_on_it_bind_nobody),
        cmocka_unit_test(executed_long_ago_then_the_ledger_is_asked),
        cmocka_unit_test(next_header_then_it_names_the_lanes_that_moved_and_is_accepted),
        cmocka_unit_test(peers_acknowledge_then_holders_are_counted_and_older_tips_ignored),
        cmocka_unit_test(peer_acknowledges_another_version_then_it_does_not_count),
        cmocka_unit_test(batches_executed_in_the_middle_then_links_and_frontier_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
