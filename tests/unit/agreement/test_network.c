/* Whole networks: the paper's happy path, dead and lying leaders, lost messages, restarts, members left behind, silence
 * when idle. */
#include "net.h"

static void everybody_is_well_then_a_block_is_final_in_three_delays_and_a_view_takes_two(void **state) {
    (void)state;
    static const uint32_t sizes[] = {4, 5, 7};
    for (size_t i = 0; i < 3; i++) {
        struct net *net = net_new(sizes[i], 2);
        net->delay_min_us = net->delay_max_us = 10 * MS;
        net_start_all(net);
        net_produce(net, 0);
        uint64_t start_us = net->now_us;
        assert_true(net_run_to_height(net, 1, SECOND));
        assert_int_equal(net->now_us - start_us, 30 * MS);
        assert_int_equal(agreement_nullified(net->members[0].a), 0);
        /* The second block is proposed when the first is notarized, two delays after it was proposed. */
        net_produce(net, 1);
        net_run(net, 21 * MS);
        net_produce(net, 1);
        net_run(net, 21 * MS);
        for (uint32_t m = 0; m < net->n; m++) assert_int_equal(agreement_view(net->members[m].a), 4);
        net_free(net);
    }
}

static void last_block_is_final_then_silence(void **state) {
    (void)state;
    struct net *net = net_new(4, 3);
    net_start_all(net);
    net_produce(net, 2);
    assert_true(net_run_to_height(net, 1, SECOND));
    net_run(net, SECOND); /* certificates on their way */
    uint32_t sent = net_sent(net);
    uint64_t height = net_height(net, 0);
    net_run(net, 60 * SECOND);
    assert_int_equal(net_sent(net), sent);
    assert_int_equal(net_height(net, 0), height);
    for (uint32_t m = 0; m < 4; m++) assert_true(agreement_deadline_us(net->members[m].a) == UINT64_MAX);
    assert_int_equal(height, 1); /* no empty block was needed */
    net_free(net);
}

static void messages_take_much_longer_than_delta_then_blocks_become_final_and_silence_follows(void **state) {
    (void)state;
    struct net *net = net_new(4, 4);
    net->delay_min_us = 450 * MS;
    net->delay_max_us = 550 * MS;
    net_start_all(net);
    net_produce(net, 0);
    assert_true(net_run_to_height(net, 1, 120 * SECOND));
    net_run(net, 120 * SECOND);
    uint32_t sent = net_sent(net);
    net_run(net, 60 * SECOND);
    assert_int_equal(net_sent(net), sent);
    for (uint32_t m = 1; m < 4; m++) assert_int_equal(net_height(net, m), net_height(net, 0));
    net_free(net);
}

static void first_leader_is_silent_then_nullified_and_the_next_one_leads(void **state) {
    (void)state;
    struct net *net = net_new(4, 5);
    net_start(net, 0);
    net_start(net, 2);
    net_start(net, 3);
    net_produce(net, 0);
    assert_true(net_run_to_height(net, 1, 2 * SECOND));
    assert_int_equal(net->members[0].disk->final[1].view, 2);
    assert_int_equal(agreement_nullified(net->members[0].a), 1);
    assert_true(net->now_us - SECOND >= 3 * DELTA);
    net_free(net);
}

static void first_leader_is_known_dead_then_no_timer_is_waited_for(void **state) {
    (void)state;
    struct net *net = net_new(4, 6);
    net_start_all(net);
    net_stop(net, 1);
    uint64_t start_us = net->now_us;
    net_produce(net, 0);
    assert_true(net_run_to_height(net, 1, 2 * SECOND));
    assert_true(net->now_us - start_us < 2 * DELTA);
    net_free(net);
}

static void more_members_are_gone_than_may_be_then_it_stalls_and_goes_on_when_they_return(void **state) {
    (void)state;
    struct net *net = net_new(5, 7); /* q = 4 */
    net->heartbeats = true;
    net_start_all(net);
    net_stop(net, 0);
    net_stop(net, 1);
    net_produce(net, 3);
    assert_false(net_run_to_height(net, 1, 20 * SECOND));
    net_start(net, 1);
    assert_true(net_run_to_height(net, 1, 30 * SECOND));
    net_free(net);
}

/* Leader 1 tells members 0 and 1 one block, 2 and 3 another, and votes for whatever helps. */
static void leader_tells_each_half_another_block_then_a_proof_and_one_history(void **state) {
    (void)state;
    struct net *net = net_new(4, 8);
    static const struct slice none;
    struct hash a, b;
    net_start(net, 0);
    net_start(net, 2);
    net_start(net, 3);
    net_produce(net, 0);
    assert_int_equal(net_give_proposal(net, 0, net_block(net, 1, 1, &net->chain, 0, 1, &a), none, NULL, 0),
                     STATUS_OK);
    assert_int_equal(net_give_proposal(net, 2, net_block(net, 1, 1, &net->chain, 0, 0, &b), none, NULL, 0),
                     STATUS_OK);
    assert_int_equal(net_give_proposal(net, 3, net_block(net, 1, 1, &net->chain, 0, 0, &b), none, NULL, 0),
                     STATUS_OK);
    /* Two honest votes and its own notarize b; it whispers that to member 2 alone, and a to member 0. */
    struct vote for_a = net_vote(net, 1, 1, VOTE_FINALIZE, &a);
    assert_int_equal(net_give_vote(net, 0, &for_a), STATUS_OK);
    assert_true(net_run_to_height(net, 2, 20 * SECOND) || net_height(net, 0) >= 1);
    net_run(net, 5 * SECOND);
    for (uint32_t m = 0; m < 4; m++) {
        if (net->members[m].a != NULL) assert_int_equal(net_height(net, m), net_height(net, 0));
    }
    /* Member 0 was told a by the leader, and sees the notarization of b with the leader's vote inside. */
    assert_true(net->misbehaved[1] >= 1);
    for (uint32_t m = 0; m < 4; m++) assert_true(m == 1 || net->misbehaved[m] == 0);
    net_free(net);
}

static void third_of_messages_is_lost(uint64_t seed) {
    struct net *net = net_new(4, seed);
    net->drop_permille = 333;
    net_start_all(net);
    for (uint32_t i = 0; i < 5; i++) {
        net_produce(net, i % 4);
        net_run(net, SECOND);
    }
    assert_true(net_run_to_height(net, 2, 120 * SECOND));
    net->drop_permille = 0;
    net_run(net, 60 * SECOND);
    for (uint32_t m = 1; m < 4; m++) assert_int_equal(net_height(net, m), net_height(net, 0));
    net_free(net);
}

/* No heartbeats: what was lost comes only because somebody says it again. Without that, some of these seeds stand still. */
static void a_third_of_all_messages_is_lost_then_resends_bring_everybody_to_the_same_height(void **state) {
    (void)state;
    for (uint64_t seed = 9; seed < 21; seed++) third_of_messages_is_lost(seed);
}

/* Everything of the kind that `lost` names is lost until `until_us`. */
static enum frame_type lost;
static uint64_t lost_until_us;
static bool lose(struct net *net, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)from;
    (void)to;
    return frame->type != lost || net->now_us >= lost_until_us;
}

static void all_frames_of_one_kind_are_lost_for_a_while_then_it_recovers_without_heartbeats(void **state) {
    (void)state;
    static const enum frame_type kinds[] = {FRAME_PROPOSAL, FRAME_VOTE, FRAME_CERTIFICATE};
    for (size_t i = 0; i < 3; i++) {
        struct net *net = net_new(4, 10);
        net->filter = lose;
        lost = kinds[i];
        lost_until_us = net->now_us + 2 * SECOND;
        net_start_all(net);
        net_produce(net, 3);
        net_run(net, 2 * SECOND);
        assert_true(net_run_to_height(net, 1, 60 * SECOND));
        net_run(net, 60 * SECOND);
        uint32_t sent = net_sent(net);
        net_run(net, 60 * SECOND);
        assert_int_equal(net_sent(net), sent);
        net_free(net);
    }
}

/* Member 3 alone gets no finalize votes and no certificate. */
static bool starve_three(struct net *net, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)from;
    if (net->now_us >= lost_until_us || to != 3) return true;
    return frame->type != FRAME_CERTIFICATE && !(frame->type == FRAME_VOTE && frame->vote.kind == VOTE_FINALIZE);
}

static void one_member_misses_the_finalization_then_its_resend_is_answered_with_it(void **state) {
    (void)state;
    struct net *net = net_new(4, 11);
    net->filter = starve_three;
    lost_until_us = net->now_us + SECOND / 2;
    net_start_all(net);
    net_produce(net, 0);
    net_run(net, SECOND / 2);
    assert_int_equal(net_height(net, 0), 1);
    assert_int_equal(net_height(net, 3), 0);
    assert_true(net_run_to_height(net, 1, 10 * SECOND)); /* without heartbeats */
    net_free(net);
}

static void one_member_is_cut_off_for_long_then_a_range_brings_it_back(void **state) {
    (void)state;
    struct net *net = net_new(4, 12);
    net->heartbeats = true;
    net_start_all(net);
    for (uint32_t peer = 0; peer < 3; peer++) net_link(net, 3, peer, false);
    for (uint32_t i = 0; i < 10; i++) {
        net_produce(net, i % 4);
        net_run(net, 2 * SECOND);
    }
    assert_true(net_height(net, 0) >= 10);
    assert_int_equal(net_height(net, 3), 0);
    for (uint32_t peer = 0; peer < 3; peer++) net_link(net, 3, peer, true);
    assert_true(net_run_to_height(net, net_height(net, 0), 5 * SECOND));
    net_produce(net, 3);
    assert_true(net_run_to_height(net, net_height(net, 0) + 1, 10 * SECOND));
    net_free(net);
}

static void network_splits_then_only_the_quorum_goes_on_and_one_history_remains(void **state) {
    (void)state;
    struct net *net = net_new(7, 13); /* q = 6 */
    net->heartbeats = true;
    net_start_all(net);
    net_produce(net, 0);
    net_run(net, SECOND);
    for (uint32_t a = 0; a < 3; a++) {
        for (uint32_t b = 3; b < 7; b++) net_link(net, a, b, false);
    }
    uint64_t height = net_height(net, 0);
    net_produce(net, 1);
    net_run(net, 20 * SECOND);
    for (uint32_t m = 0; m < 7; m++) assert_int_equal(net_height(net, m), height);
    for (uint32_t a = 0; a < 3; a++) {
        for (uint32_t b = 3; b < 7; b++) net_link(net, a, b, true);
    }
    assert_true(net_run_to_height(net, height + 1, 60 * SECOND));
    net_free(net);
}

static void whole_cluster_restarts_in_mid_flight_then_it_goes_on(void **state) {
    (void)state;
    struct net *net = net_new(4, 14);
    net->heartbeats = true;
    net_start_all(net);
    for (uint32_t round = 0; round < 6; round++) {
        uint64_t goal = net_height(net, 0) + 1;
        net_produce(net, round % 4);
        net_run(net, 7 * MS + round * 9 * MS); /* a different moment each time */
        for (uint32_t m = 0; m < 4; m++) net_stop(net, m);
        net_start_all(net);
        assert_true(net_run_to_height(net, goal, 30 * SECOND));
    }
    net_free(net);
}

static void each_member_lacks_some_payload_then_it_is_fetched_and_voted_for(void **state) {
    (void)state;
    struct net *net = net_new(4, 15);
    net_start_all(net);
    net_hold(net, 1, 0); /* the leader alone holds it */
    assert_true(net_run_to_height(net, 1, 5 * SECOND));
    net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_well_then_a_block_is_final_in_three_delays_and_a_view_takes_two),
        cmocka_unit_test(last_block_is_final_then_silence),
        cmocka_unit_test(messages_take_much_longer_than_delta_then_blocks_become_final_and_silence_follows),
        cmocka_unit_test(first_leader_is_silent_then_nullified_and_the_next_one_leads),
        cmocka_unit_test(first_leader_is_known_dead_then_no_timer_is_waited_for),
        cmocka_unit_test(more_members_are_gone_than_may_be_then_it_stalls_and_goes_on_when_they_return),
        cmocka_unit_test(leader_tells_each_half_another_block_then_a_proof_and_one_history),
        cmocka_unit_test(a_third_of_all_messages_is_lost_then_resends_bring_everybody_to_the_same_height),
        cmocka_unit_test(all_frames_of_one_kind_are_lost_for_a_while_then_it_recovers_without_heartbeats),
        cmocka_unit_test(one_member_misses_the_finalization_then_its_resend_is_answered_with_it),
        cmocka_unit_test(one_member_is_cut_off_for_long_then_a_range_brings_it_back),
        cmocka_unit_test(network_splits_then_only_the_quorum_goes_on_and_one_history_remains),
        cmocka_unit_test(whole_cluster_restarts_in_mid_flight_then_it_goes_on),
        cmocka_unit_test(each_member_lacks_some_payload_then_it_is_fetched_and_voted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
