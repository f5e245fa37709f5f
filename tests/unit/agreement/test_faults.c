/* What members that lie, crash or forget can do, and what is said again when messages are lost. */
#include <stdlib.h>

#include "alone.h"

/* --- never --- */

static void vote_comes_twice_then_duplicate_and_no_proof(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote vote = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &vote), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &vote), STATUS_DUPLICATE);
    assert_int_equal(net->misbehaved[2], 0);
    net_free(net);
}

static void vote_twice_in_a_view_yields_a_proof(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}}, y = {{2}};
    struct vote one = net_vote(net, 2, 1, VOTE_NOTARIZE, &x), two = net_vote(net, 2, 1, VOTE_NOTARIZE, &y);
    struct vote three = net_vote(net, 3, 1, VOTE_FINALIZE, &x), four = net_vote(net, 3, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &one), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &two), STATUS_CONFLICT);
    assert_int_equal(net->misbehaved[2], 1);
    assert_int_equal(net_give_vote(net, 0, &three), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &four), STATUS_OK); /* counts, as a nullify vote; and is a proof */
    assert_int_equal(net->misbehaved[3], 1);
    net_free(net);
}

static void notarize_and_nullify_in_one_view_then_no_proof(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}};
    struct vote one = net_vote(net, 2, 1, VOTE_NOTARIZE, &x), two = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &one), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &two), STATUS_OK);
    assert_int_equal(net->misbehaved[2], 0);
    net_free(net);
}

static void votes_inside_a_certificate_conflict_with_one_told_here_then_a_proof(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}}, y = {{2}};
    struct vote told = net_vote(net, 2, 1, VOTE_NOTARIZE, &x);
    assert_int_equal(net_give_vote(net, 0, &told), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &y)), STATUS_OK);
    assert_int_equal(net->misbehaved[1], 0);
    assert_int_equal(net->misbehaved[2], 1);
    /* And the other way round: what the certificate said convicts what is told later. */
    struct vote later = net_vote(net, 3, 1, VOTE_NOTARIZE, &x);
    assert_int_equal(net_give_vote(net, 0, &later), STATUS_CONFLICT);
    assert_int_equal(net->misbehaved[3], 1);
    net_free(net);
}

static void certificate_conflicts_with_a_held_one_then_proofs_and_no_second_one(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}}, y = {{2}};
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &x)), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &y)), STATUS_CONFLICT);
    for (uint32_t m = 1; m < 4; m++) assert_int_equal(net->misbehaved[m], 1);
    assert_int_equal(net->misbehaved[0], 0);
    net_free(net);
}

static void nullification_and_finalization_of_one_view_then_proofs(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}};
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_FINALIZE, &x)), STATUS_OK);
    for (uint32_t m = 1; m < 4; m++) assert_int_equal(net->misbehaved[m], 1);
    net_free(net);
}

static void vote_is_malformed_in_what_it_names_then_refused(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote far = net_vote(net, 2, 2 + VIEWS_AHEAD_MAX, VOTE_NULLIFY, NULL);
    struct vote near = net_vote(net, 2, 1 + VIEWS_AHEAD_MAX, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &far), STATUS_TOO_MANY);
    assert_int_equal(net_give_vote(net, 0, &near), STATUS_OK);
    struct vote forged = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    forged.member = 3;
    assert_int_equal(net_give_vote(net, 0, &forged), STATUS_BAD_SIGNATURE);
    forged.member = 4;
    assert_int_equal(agreement_on_vote(of(net, 0), net->now_us, 3, &forged), STATUS_UNKNOWN_MEMBER);
    forged.member = 2;
    forged.epoch = 1;
    assert_int_equal(net_give_vote(net, 0, &forged), STATUS_WRONG_EPOCH);
    net_free(net);
}

/* --- restarts --- */

static void restarted_after_a_notarize_vote_then_another_block_gets_none(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    propose_first(net, 0);
    net_stop(net, 0);
    free(net->members[0]
             .disk->blocks[--net->members[0].disk->blocks_count]
             .data); /* even with the block itself forgotten */
    net_start(net, 0);
    struct hash second;
    struct slice block = net_block(net, 1, 1, &net->chain, 0, 0, &second);
    enum status status = net_give_proposal(net, 0, block, none, NULL, 0);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void restarted_after_a_nullify_vote_then_no_finalize_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    run_to_deadline(net, 0);
    net_stop(net, 0);
    net_start(net, 0);
    struct hash first = propose_first(net, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 0);
    net_free(net);
}

static void restarted_after_a_finalize_vote_then_no_nullify_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    struct hash first = propose_first(net, 0);
    struct vote vote = net_vote(net, 2, 1, VOTE_NOTARIZE, &first);
    assert_int_equal(net_give_vote(net, 0, &vote), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 1);
    net_stop(net, 0);
    free(net->members[0].disk->certificates[0].data);
    net->members[0].disk->certificates_count = 0; /* it stands in view 1 again */
    net_start(net, 0);
    assert_int_equal(agreement_view(of(net, 0)), 1);
    net_run(net, 10 * SECOND);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    net_free(net);
}

static void leader_restarted_after_its_proposal_then_it_sends_the_same_one(void **state) {
    (void)state;
    struct net *net = alone(1);
    net_hold(net, 1, 0);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_stop(net, 1);
    net_start(net, 1);
    net_hold(net, 1, 0);
    net_run(net, 2 * SECOND);
    assert_true(net->sent[FRAME_PROPOSAL] >= 2);
    assert_int_equal(net_voted(net, 1, 1, VOTE_NOTARIZE), 1);
    assert_int_equal(net->members[1].builds, 1);
    net_free(net);
}

/* Nobody's vote reaches anybody while the own clock of the test says so. */
static bool votes_are_lost;
static bool lose_votes(struct net *net, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)net;
    (void)from;
    (void)to;
    return !(votes_are_lost && frame->type == FRAME_VOTE);
}

/* The leader of view 1 is not there, so all three others are needed, each with the vote that it cast before. */
static void bare_quorum_nullified_and_all_of_it_restarts_then_own_votes_count_again(void **state) {
    (void)state;
    static const uint32_t up[] = {0, 2, 3};
    struct net *net = net_new(4, 1);
    net->filter = lose_votes;
    votes_are_lost = true;
    for (size_t i = 0; i < 3; i++) net_start(net, up[i]);
    net_produce(net, 0);
    net_run(net, 5 * DELTA);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(net_voted(net, up[i], 1, VOTE_NULLIFY), 1);
        assert_int_equal(net->members[up[i]].disk->certificates_count, 0);
        net_stop(net, up[i]);
    }
    votes_are_lost = false;
    for (size_t i = 0; i < 3; i++) net_start(net, up[i]);
    net_run(net, 2 * SECOND);
    for (size_t i = 0; i < 3; i++) {
        assert_true(agreement_view(of(net, up[i])) >= 2);
        assert_int_equal(net_voted(net, up[i], 1, VOTE_NULLIFY), 1);
        assert_int_equal(net_height(net, up[i]), 1);
    }
    net_free(net);
}

static void restored_vote_is_beyond_the_window_then_nothing_up_to_it_is_signed(void **state) {
    (void)state;
    struct net *net = net_new(4, 1);
    uint64_t far = VIEWS_UNFINALIZED_MAX + 5;
    net->members[0].disk->votes[0] = net_vote(net, 0, far, VOTE_NULLIFY, NULL);
    net->members[0].disk->votes_count = 1;
    net_start(net, 0);
    net_hold(net, 0, 0);
    net_run(net, 2 * SECOND);
    assert_int_equal(net_sent(net), 0);
    struct hash hash;
    struct slice block = net_block(net, far - 1, 1, &net->chain, 0, 1, &hash);
    struct slice finalization = net_certificate(net, 1, 3, far - 1, VOTE_FINALIZE, &hash);
    assert_int_equal(agreement_on_range(of(net, 0), net->now_us, &block, 1, finalization), STATUS_OK);
    assert_int_equal(agreement_view(of(net, 0)), far);
    net_hold(net, 0, 0);
    net_run(net, SECOND);
    assert_int_equal(net_voted(net, 0, far, VOTE_FINALIZE) + net_voted(net, 0, far, VOTE_NOTARIZE), 0);
    nullify_views(net, 0, far, far);
    net_run(net, 2 * SECOND);
    assert_int_equal(net_voted(net, 0, far + 1, VOTE_NULLIFY), 1);
    net_free(net);
}

static void restored_vote_of_another_member_or_forged_then_corrupt(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote other = net_vote(net, 1, 1, VOTE_NULLIFY, NULL), forged = net_vote(net, 0, 1, VOTE_NULLIFY, NULL);
    forged.view = 2;
    assert_int_equal(agreement_restore_vote(of(net, 0), &other), STATUS_CORRUPT);
    assert_int_equal(agreement_restore_vote(of(net, 0), &forged), STATUS_BAD_SIGNATURE);
    net_free(net);
}

static void own_forgotten_vote_comes_back_then_it_is_not_contradicted(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash x = {{1}};
    /* Before it lost its ledger it had nullified view 1: others show it. */
    struct vote own = net_vote(net, 0, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &own), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &x)), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 0);
    net_free(net);
}

static void muted_then_nothing_is_signed_until_unmuted_and_nothing_below_its_view(void **state) {
    (void)state;
    struct net *net = net_new(4, 1);
    net_start_muted(net, 0);
    net_hold(net, 0, 0);
    propose_first(net, 0);
    net_run(net, 2 * SECOND);
    assert_int_equal(net->members[0].disk->votes_count, 0);
    agreement_unmute(of(net, 0), net->now_us, 2);
    net_run(net, 2 * SECOND);
    assert_int_equal(net->members[0].disk->votes_count, 0);
    nullify_views(net, 0, 1, 1);
    net_run(net, 2 * SECOND);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NULLIFY), 1);
    net_free(net);
}

static void muted_past_its_timer_then_the_timer_runs_again_when_unmuted(void **state) {
    (void)state;
    struct net *net = net_new(4, 1);
    net_start_muted(net, 0);
    net_hold(net, 0, 0);
    net_run(net, 2 * SECOND);
    agreement_unmute(of(net, 0), net->now_us, 1);
    net_run(net, 4 * DELTA);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    net_free(net);
}

/* --- memory and time under hostile input --- */

static void every_leader_sends_the_largest_garbage_then_a_good_proposal_still_has_room(void **state) {
    (void)state;
    struct net *net = alone(0);
    for (uint64_t view = 1; view <= 200; view++) {
        struct hash hash;
        for (uint64_t ahead = 0; ahead <= VIEWS_AHEAD_MAX; ahead += view == 1 ? 1 : VIEWS_AHEAD_MAX) {
            if ((view + ahead) % 4 == 0) continue; /* its own */
            struct slice block = net_block_large(net, view + ahead, 1, &net->chain, (uint32_t)view, &hash);
            enum status status = net_give_proposal(net, 0, block, none, NULL, 0);
            assert_true(status == STATUS_OK || status == STATUS_CONFLICT || status == STATUS_DUPLICATE);
        }
        nullify_views(net, 0, view, view);
    }
    uint64_t view = 217 + 1;
    struct hash hash;
    nullify_views(net, 0, 201, 217);
    net_hold(net, 0, 0);
    struct slice block = net_block(net, view, 1, &net->chain, 0, 1, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, view, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void unvoted_proposal_of_a_view_left_behind_then_forgotten_unless_named(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash missing, held;
    struct slice block = net_block(net, 1, 1, &net->chain, 3, 1, &missing);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    nullify_views(net, 0, 1, 1);
    assert_null(agreement_block_of(of(net, 0), &missing));
    block = net_block(net, 2, 1, &net->chain, 3, 1, &held);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 2, VOTE_NOTARIZE, &held)), STATUS_OK);
    assert_non_null(agreement_block_of(of(net, 0), &held));
    assert_int_equal(net->members[0].disk->blocks_count, 1); /* wanted after a restart */
    net_free(net);
}

static void views_at_the_end_of_numbers_are_asked_for_then_answered_at_once(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct agreement *a = of(net, 0);
    assert_int_equal(agreement_on_fetch_views(a, 1, UINT64_MAX - 3, UINT64_MAX), STATUS_OK);
    assert_int_equal(agreement_on_fetch_views(a, 1, 0, UINT64_MAX), STATUS_BAD_VALUE);
    assert_int_equal(agreement_on_fetch_views(a, 1, 2, 1), STATUS_BAD_VALUE);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(agreement_on_fetch_views(a, 1, 1, 3), STATUS_OK);
    assert_int_equal(net->sent_to[1][FRAME_CERTIFICATE], 1);
    net_free(net);
}

static void blocks_certificates_and_votes_are_garbage_then_statuses(void **state) {
    (void)state;
    struct net *net = alone(0);
    uint8_t garbage[64];
    struct frame frame = {.type = FRAME_PROPOSAL};
    for (uint32_t seed = 0; seed < 200; seed++) {
        for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (uint8_t)prng_next(&net->prng);
        struct slice bytes = slice_of(garbage, 1 + prng_below(&net->prng, sizeof garbage));
        frame.proposal.block = bytes;
        assert_int_not_equal(agreement_on_block(of(net, 0), net->now_us, bytes), STATUS_OK);
        assert_int_not_equal(agreement_on_certificate(of(net, 0), net->now_us, 1, bytes), STATUS_OK);
        assert_int_not_equal(agreement_on_proposal(of(net, 0), net->now_us, 1, &frame), STATUS_OK);
        assert_int_not_equal(agreement_on_range(of(net, 0), net->now_us, &bytes, 1, bytes), STATUS_OK);
    }
    net_free(net);
}

static void nothing_moves_then_resends_grow_apart(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    net_run(net, 60 * SECOND);
    uint32_t first = net->sent[FRAME_VOTE];
    assert_true(first >= 5 && first <= 20);
    net_run(net, 60 * SECOND);
    assert_true(net->sent[FRAME_VOTE] - first >= 4 && net->sent[FRAME_VOTE] - first <= 7);
    net_free(net);
}

static void nothing_moves_after_a_final_block_then_its_finalization_is_sent_again(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    struct hash first = propose_first(net, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_FINALIZE, &first)), STATUS_OK);
    uint32_t sent = net->sent[FRAME_CERTIFICATE];
    net_hold(net, 0, 0);
    net_run(net, 2 * SECOND);
    assert_true(net->sent[FRAME_CERTIFICATE] > sent);
    net_free(net);
}

static void vote_comes_again_then_its_sender_gets_the_certificate_once_per_delta(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote stuck = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_OK);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_DUPLICATE);
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_DUPLICATE);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 1);
    net->now_us += DELTA;
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_DUPLICATE);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 2);
    net_free(net);
}

static void vote_comes_again_without_a_certificate_then_its_sender_gets_the_own_votes(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote stuck = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    net_hold(net, 0, 0);
    run_to_deadline(net, 0);
    agreement_set_work(of(net, 0), net->now_us, false); /* by itself it would say nothing any more */
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &stuck), STATUS_DUPLICATE);
    assert_int_equal(net->sent_to[2][FRAME_VOTE], 1);
    net_free(net);
}

static void vote_of_a_final_view_then_its_sender_learns_that_it_is_final(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    struct hash first = propose_first(net, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_FINALIZE, &first)), STATUS_OK);
    struct vote late = net_vote(net, 2, 1, VOTE_FINALIZE, &first);
    assert_int_equal(net_give_vote(net, 0, &late), STATUS_STALE);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 0); /* merely late */
    net->now_us += 2 * DELTA;
    assert_int_equal(net_give_vote(net, 0, &late), STATUS_STALE);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 1);
    net_free(net);
}

static void heartbeat_of_one_behind_then_it_gets_the_newest_certificate(void **state) {
    (void)state;
    struct net *net = alone(0);
    nullify_views(net, 0, 1, 3);
    agreement_on_heartbeat(of(net, 0), 2, 4);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 0);
    agreement_on_heartbeat(of(net, 0), 2, 2);
    assert_int_equal(net->sent_to[2][FRAME_CERTIFICATE], 1);
    agreement_on_heartbeat(of(net, 0), 0, 0); /* nobody is sent to itself */
    agreement_on_heartbeat(of(net, 0), 9, 1);
    assert_int_equal(net->sent_to[0][FRAME_CERTIFICATE], 0);
    net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vote_comes_twice_then_duplicate_and_no_proof),
        cmocka_unit_test(vote_twice_in_a_view_yields_a_proof),
        cmocka_unit_test(notarize_and_nullify_in_one_view_then_no_proof),
        cmocka_unit_test(votes_inside_a_certificate_conflict_with_one_told_here_then_a_proof),
        cmocka_unit_test(certificate_conflicts_with_a_held_one_then_proofs_and_no_second_one),
        cmocka_unit_test(nullification_and_finalization_of_one_view_then_proofs),
        cmocka_unit_test(vote_is_malformed_in_what_it_names_then_refused),
        cmocka_unit_test(restarted_after_a_notarize_vote_then_another_block_gets_none),
        cmocka_unit_test(restarted_after_a_nullify_vote_then_no_finalize_vote),
        cmocka_unit_test(restarted_after_a_finalize_vote_then_no_nullify_vote),
        cmocka_unit_test(leader_restarted_after_its_proposal_then_it_sends_the_same_one),
        cmocka_unit_test(bare_quorum_nullified_and_all_of_it_restarts_then_own_votes_count_again),
        cmocka_unit_test(restored_vote_is_beyond_the_window_then_nothing_up_to_it_is_signed),
        cmocka_unit_test(restored_vote_of_another_member_or_forged_then_corrupt),
        cmocka_unit_test(own_forgotten_vote_comes_back_then_it_is_not_contradicted),
        cmocka_unit_test(muted_then_nothing_is_signed_until_unmuted_and_nothing_below_its_view),
        cmocka_unit_test(muted_past_its_timer_then_the_timer_runs_again_when_unmuted),
        cmocka_unit_test(every_leader_sends_the_largest_garbage_then_a_good_proposal_still_has_room),
        cmocka_unit_test(unvoted_proposal_of_a_view_left_behind_then_forgotten_unless_named),
        cmocka_unit_test(views_at_the_end_of_numbers_are_asked_for_then_answered_at_once),
        cmocka_unit_test(blocks_certificates_and_votes_are_garbage_then_statuses),
        cmocka_unit_test(nothing_moves_then_resends_grow_apart),
        cmocka_unit_test(nothing_moves_after_a_final_block_then_its_finalization_is_sent_again),
        cmocka_unit_test(vote_comes_again_then_its_sender_gets_the_certificate_once_per_delta),
        cmocka_unit_test(vote_comes_again_without_a_certificate_then_its_sender_gets_the_own_votes),
        cmocka_unit_test(vote_of_a_final_view_then_its_sender_learns_that_it_is_final),
        cmocka_unit_test(heartbeat_of_one_behind_then_it_gets_the_newest_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
