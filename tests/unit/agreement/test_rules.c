/* The rules of docs/protocol.md 4, one at a time. */
#include "alone.h"

/* --- rule 1: views and their timer --- */

static void nothing_pending_then_no_timer_and_no_frame(void **state) {
    (void)state;
    struct net *net = alone(0);
    assert_true(agreement_deadline_us(of(net, 0)) == UINT64_MAX);
    net_run(net, 60 * SECOND);
    assert_int_equal(net_sent(net), 0);
    assert_int_equal(agreement_view(of(net, 0)), 1);
    net_free(net);
}

static void work_comes_and_goes_then_so_does_the_timer(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    assert_int_equal(agreement_deadline_us(of(net, 0)), net->now_us + 3 * DELTA);
    agreement_set_work(of(net, 0), net->now_us, false);
    assert_true(agreement_deadline_us(of(net, 0)) == UINT64_MAX);
    net_free(net);
}

static void proposal_arrives_then_the_timer_is_armed(void **state) {
    (void)state;
    struct net *net = alone(0);
    propose_first(net, 0);
    assert_int_equal(agreement_deadline_us(of(net, 0)), net->now_us + 3 * DELTA);
    net_free(net);
}

static void certificate_far_ahead_then_its_next_view_is_entered(void **state) {
    (void)state;
    struct net *net = alone(0);
    nullify_views(net, 0, 100, 100);
    assert_int_equal(agreement_view(of(net, 0)), 101);
    /* Older ones are kept and do not move it back. */
    nullify_views(net, 0, 40, 40);
    assert_int_equal(agreement_view(of(net, 0)), 101);
    net_free(net);
}

static void certificate_beyond_the_window_then_refused(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct slice inside = net_certificate(net, 0, 3, VIEWS_UNFINALIZED_MAX, VOTE_NULLIFY, NULL);
    struct slice outside = net_certificate(net, 0, 3, VIEWS_UNFINALIZED_MAX + 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_certificate(net, 0, outside), STATUS_TOO_MANY);
    assert_int_equal(net_give_certificate(net, 0, inside), STATUS_OK);
    /* The view after the window can be entered; nothing can be voted there. */
    net_hold(net, 0, 0);
    run_to_deadline(net, 0);
    assert_int_equal(net_voted(net, 0, VIEWS_UNFINALIZED_MAX + 1, VOTE_NULLIFY), 0);
    net_free(net);
}

/* When the current view would be nullified from now, with nothing else happening. */
static uint64_t time_to_nullify(struct net *net, uint32_t member) {
    uint64_t start_us = net->now_us, view = agreement_view(of(net, member));
    while (net_voted(net, member, view, VOTE_NULLIFY) == 0) run_to_deadline(net, member);
    return net->now_us - start_us;
}

static void nullified_views_then_the_timer_doubles_and_a_final_block_halves_it(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    assert_int_equal(time_to_nullify(net, 0), 3 * DELTA);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(time_to_nullify(net, 0), 6 * DELTA);
    nullify_views(net, 0, 2, 3); /* views 2 and 3; 4 is its own */
    nullify_views(net, 0, 4, 4);
    assert_int_equal(time_to_nullify(net, 0), 48 * DELTA);
    struct hash hash;
    struct slice block = net_block(net, 5, 1, &net->chain, 1, 1, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 5, VOTE_FINALIZE, &hash)), STATUS_OK);
    assert_int_equal(net_height(net, 0), 1);
    assert_int_equal(time_to_nullify(net, 0), 24 * DELTA);
    net_free(net);
}

/* --- rule 2: proposing --- */

static void leader_has_work_then_it_proposes_at_once(void **state) {
    (void)state;
    struct net *net = alone(1);
    net_hold(net, 1, 2);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    assert_int_equal(net_voted(net, 1, 1, VOTE_NOTARIZE), 1);
    assert_int_equal(net->sent[FRAME_VOTE], 0); /* its vote is in the proposal */
    net_hold(net, 1, 2);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_free(net);
}

static void leader_cannot_build_then_it_is_asked_once_and_again_when_something_changes(void **state) {
    (void)state;
    struct net *net = alone(1);
    agreement_set_work(of(net, 1), net->now_us, true);
    assert_int_equal(net->members[1].builds, 1);
    struct vote vote = net_vote(net, 2, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 1, &vote), STATUS_OK);
    assert_int_equal(net->members[1].builds, 1);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    net->members[1].held[0] = 1;
    agreement_payload_changed(of(net, 1), net->now_us);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_free(net);
}

static bool only_proposals(struct net *net, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)net;
    (void)from;
    (void)to;
    return frame->type == FRAME_PROPOSAL;
}

static void leader_extends_a_notarized_block_then_it_proves_the_views_between_nullified(void **state) {
    (void)state;
    struct net *net = alone(3);
    net_start(net, 0); /* somebody to send to */
    net->filter = only_proposals;
    struct hash first = propose_first(net, 3);
    assert_int_equal(net_give_certificate(net, 3, net_certificate(net, 0, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    net_hold(net, 3, 1);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    nullify_views(net, 3, 2, 2);
    assert_int_equal(net->sent_by[3][FRAME_PROPOSAL], 1);
    struct net_bytes sent = net->queue[net->queue_count - 1].frame;
    struct frame frame;
    assert_int_equal(frame_read(slice_of(sent.data, sent.bytes), &frame), STATUS_OK);
    struct block block;
    struct hash hash;
    assert_int_equal(block_read(frame.proposal.block, &net->chain, &block, &hash), STATUS_OK);
    assert_true(hash_equal(&block.parent, &first));
    assert_int_equal(block.height, 2);
    assert_int_equal(block.view, 3);
    assert_int_equal(frame.proposal.nullifications_count, 1);
    struct vote_certificate c;
    struct reader reader = reader_of(frame.proposal.parent);
    assert_int_equal(vote_certificate_take(&reader, &c), STATUS_OK);
    assert_true(c.kind == VOTE_NOTARIZE && c.view == 1 && hash_equal(&c.block, &first));
    reader = reader_of(frame.proposal.nullifications[0]);
    assert_int_equal(vote_certificate_take(&reader, &c), STATUS_OK);
    assert_true(c.kind == VOTE_NULLIFY && c.view == 2);
    net_free(net);
}

static void leader_lacks_the_notarized_block_then_it_asks_and_proposes_when_it_comes(void **state) {
    (void)state;
    struct net *net = alone(2);
    struct hash first, other;
    struct slice block = net_block(net, 1, 1, &net->chain, 0, 1, &first);
    struct slice junk = net_block(net, 1, 1, &net->chain, 0, 7, &other);
    net_hold(net, 2, 0);
    net_hold(net, 2, 0);
    assert_int_equal(net_give_certificate(net, 2, net_certificate(net, 3, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    assert_int_equal(net->sent[FRAME_FETCH_BLOCK], 1);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    /* What nobody asked for takes no place. */
    assert_int_equal(agreement_on_block(of(net, 2), net->now_us, junk), STATUS_STALE);
    assert_int_equal(agreement_on_block(of(net, 2), net->now_us, block), STATUS_OK);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_free(net);
}

static void ancestor_is_of_a_view_never_heard_of_then_it_can_be_fetched(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first, second, third;
    (void)net_block(net, 5, 1, &net->chain, 0, 1, &first);
    (void)net_block(net, 6, 2, &first, 0, 2, &second);
    (void)net_block(net, 7, 3, &second, 0, 3, &third);
    for (int i = 0; i < 3; i++) net_hold(net, 0, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 0, 3, 7, VOTE_NOTARIZE, &third)), STATUS_OK);
    assert_int_equal(agreement_view(of(net, 0)), 8); /* it leads there */
    net_hold(net, 0, 0);
    struct slice a = net_block(net, 5, 1, &net->chain, 0, 1, &first);
    struct slice b = net_block(net, 6, 2, &first, 0, 2, &second);
    struct slice c = net_block(net, 7, 3, &second, 0, 3, &third);
    assert_int_equal(agreement_on_block(of(net, 0), net->now_us, c), STATUS_OK);
    assert_int_equal(agreement_on_block(of(net, 0), net->now_us, b), STATUS_OK);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    assert_int_equal(agreement_on_block(of(net, 0), net->now_us, a), STATUS_OK);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    assert_int_equal(net->sent[FRAME_FETCH_BLOCK], 3);
    net_free(net);
}

static void nobody_has_the_notarized_block_of_a_nullified_view_then_the_leader_passes_it_over(void **state) {
    (void)state;
    struct net *net = alone(2);
    struct hash lost;
    net_block(net, 1, 1, &net->chain, 0, 1, &lost);
    net_hold(net, 2, 0);
    assert_int_equal(net_give_certificate(net, 2, net_certificate(net, 3, 3, 1, VOTE_NOTARIZE, &lost)), STATUS_OK);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    nullify_views(net, 2, 1, 1);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_free(net);
}

static void block_stays_unfinalized_then_the_leader_helps_with_an_empty_one_after_delta(void **state) {
    (void)state;
    struct net *net = alone(2);
    net_hold(net, 2, 0);
    struct hash first = propose_first(net, 2);
    struct vote vote = net_vote(net, 0, 1, VOTE_NOTARIZE, &first);
    assert_int_equal(net_give_vote(net, 2, &vote), STATUS_OK);
    assert_int_equal(agreement_view(of(net, 2)), 2);
    net_work(net, 2);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    assert_int_equal(agreement_deadline_us(of(net, 2)), net->now_us + DELTA);
    run_to_deadline(net, 2);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 1);
    net_free(net);
}

static void block_becomes_final_by_itself_then_no_empty_one_and_silence(void **state) {
    (void)state;
    struct net *net = alone(2);
    net_hold(net, 2, 0);
    struct hash first = propose_first(net, 2);
    assert_int_equal(net_give_certificate(net, 2, net_certificate(net, 3, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    assert_int_equal(net_give_certificate(net, 2, net_certificate(net, 3, 3, 1, VOTE_FINALIZE, &first)), STATUS_OK);
    net_work(net, 2);
    uint32_t sent = net_sent(net);
    net_run(net, 60 * SECOND);
    assert_int_equal(net_sent(net), sent);
    assert_int_equal(net_height(net, 2), 1);
    net_free(net);
}

static void leader_nullified_its_own_view_then_it_proposes_nothing_in_it(void **state) {
    (void)state;
    struct net *net = alone(1);
    agreement_set_work(of(net, 1), net->now_us, true);
    run_to_deadline(net, 1);
    assert_int_equal(net_voted(net, 1, 1, VOTE_NULLIFY), 1);
    uint32_t builds = net->members[1].builds;
    net_hold(net, 1, 0);
    assert_int_equal(net->members[1].builds, builds);
    assert_int_equal(net->sent[FRAME_PROPOSAL], 0);
    net_free(net);
}

/* --- rule 3: notarizing --- */

static void first_valid_proposal_then_one_notarize_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    propose_first(net, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 1);
    assert_int_equal(net->sent[FRAME_VOTE], 1);
    net_free(net);
}

static void leader_equivocates_then_one_vote_and_a_proof(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    propose_first(net, 0);
    struct hash second;
    struct slice block = net_block(net, 1, 1, &net->chain, 0, 0, &second);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_CONFLICT);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 1);
    assert_int_equal(net->misbehaved[1], 1);
    net_free(net);
}

static void proposal_is_not_signed_by_the_leader_then_refused(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct frame frame = {.type = FRAME_PROPOSAL};
    struct hash hash;
    frame.proposal.block = net_block(net, 1, 1, &net->chain, 0, 0, &hash);
    struct vote vote = net_vote(net, 2, 1, VOTE_NOTARIZE, &hash);
    memcpy(frame.proposal.signature, vote.signature, SIGNATURE_BYTES);
    assert_int_equal(agreement_on_proposal(of(net, 0), net->now_us, 2, &frame), STATUS_BAD_SIGNATURE);
    assert_null(agreement_block_of(of(net, 0), &hash));
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 0);
    net_free(net);
}

static void views_between_are_not_proven_nullified_then_it_asks_and_waits(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    nullify_views(net, 0, 2, 2);
    struct slice block = net_block(net, 3, 1, &net->chain, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 3, VOTE_NOTARIZE), 0);
    assert_int_equal(net->sent[FRAME_FETCH_VIEWS], 1);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_voted(net, 0, 3, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void proposal_carries_its_proof_then_voted_at_once(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice block = net_block(net, 3, 1, &net->chain, 0, 0, &hash);
    struct slice nullified[2] = {net_certificate(net, 1, 3, 2, VOTE_NULLIFY, NULL),
                                 net_certificate(net, 1, 3, 1, VOTE_NULLIFY, NULL)};
    assert_int_equal(net_give_proposal(net, 0, block, none, nullified, 2), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 3, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void proposal_is_far_ahead_then_its_certificates_bring_it_into_reach(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash, parent;
    net_block(net, 29, 1, &net->chain, 0, 1, &parent);
    struct slice block = net_block(net, 30, 2, &parent, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_TOO_MANY);
    struct slice notarization = net_certificate(net, 1, 3, 29, VOTE_NOTARIZE, &parent);
    assert_int_equal(net_give_proposal(net, 0, block, notarization, NULL, 0), STATUS_OK);
    assert_int_equal(agreement_view(of(net, 0)), 30);
    assert_non_null(agreement_block_of(of(net, 0), &hash));
    net_free(net);
}

static void carried_certificate_is_bad_then_refused_but_the_block_is_kept(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice nullification = net_certificate(net, 1, 2, 1, VOTE_NULLIFY, NULL);
    struct slice block = net_block(net, 2, 1, &net->chain, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, &nullification, 1), STATUS_BELOW_THRESHOLD);
    assert_non_null(agreement_block_of(of(net, 0), &hash));
    net_free(net);
}

static void height_is_not_the_parents_and_one_more_then_no_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice block = net_block(net, 1, 2, &net->chain, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 0);
    net_free(net);
}

static void parent_is_not_notarized_then_no_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first, hash;
    net_hold(net, 0, 0);
    first = propose_first(net, 0);
    nullify_views(net, 0, 1, 1);
    struct slice block = net_block(net, 2, 2, &first, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NOTARIZE), 0);
    net_free(net);
}

static void payload_is_missing_then_the_vote_waits_for_it(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice block = net_block(net, 1, 1, &net->chain, 3, 1, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 0);
    struct vote vote = net_vote(net, 2, 1, VOTE_NOTARIZE, &hash);
    assert_int_equal(net_give_vote(net, 0, &vote), STATUS_OK);
    assert_int_equal(net->members[0].checks, 1); /* not judged again with every message */
    net_hold(net, 0, 3);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void payload_is_invalid_then_never_voted_for_and_nullified_in_time(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice block = net_block_large(net, 1, 1, &net->chain, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    run_to_deadline(net, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    assert_int_equal(net->members[0].checks, 1);
    net_free(net);
}

static void proposal_comes_early_then_voted_when_its_view_is_entered(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash hash;
    struct slice block = net_block(net, 2, 1, &net->chain, 0, 0, &hash);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NOTARIZE), 0);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NOTARIZE), 1);
    net_free(net);
}

/* --- rule 4: nullifying --- */

static void timer_fires_then_one_nullify_vote_and_notarizing_is_still_allowed(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    run_to_deadline(net, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    net_run(net, SECOND);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    propose_first(net, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NOTARIZE), 1);
    net_free(net);
}

static void leader_is_known_dead_then_nullified_before_the_timer(void **state) {
    (void)state;
    struct net *net = alone(0);
    agreement_on_link(of(net, 0), net->now_us, 1, true);
    agreement_on_link(of(net, 0), net->now_us, 1, false);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0); /* nothing is pending */
    net_hold(net, 0, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    net_free(net);
}

static void leader_was_never_seen_then_it_is_not_known_dead(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    agreement_on_link(of(net, 0), net->now_us, 1, false);
    agreement_on_link(of(net, 0), net->now_us, MEMBERS_MAX, false);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    net_free(net);
}

static void leader_dies_after_its_proposal_came_then_the_view_gets_its_time(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    agreement_on_link(of(net, 0), net->now_us, 1, true);
    propose_first(net, 0);
    agreement_on_link(of(net, 0), net->now_us, 1, false);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    run_to_deadline(net, 0); /* what was lost while the link was down is said again first */
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    run_to_deadline(net, 0);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    net_free(net);
}

static void more_nullify_than_may_be_faulty_then_it_joins_them(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote one = net_vote(net, 2, 1, VOTE_NULLIFY, NULL), two = net_vote(net, 3, 1, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &one), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    assert_int_equal(net_give_vote(net, 0, &two), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 1);
    assert_int_equal(agreement_view(of(net, 0)), 2);
    net_free(net);
}

static void nullify_votes_came_before_the_view_was_entered_then_it_joins_on_entering(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct vote one = net_vote(net, 2, 2, VOTE_NULLIFY, NULL), two = net_vote(net, 3, 2, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &one), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &two), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NULLIFY), 0);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NULLIFY), 1);
    assert_int_equal(agreement_view(of(net, 0)), 3);
    net_free(net);
}

static void half_the_window_is_used_then_no_view_is_left_early_and_timers_grow(void **state) {
    (void)state;
    struct net *net = alone(0);
    for (uint64_t view = 1; view <= 300; view++) nullify_views(net, 0, view, view);
    net_hold(net, 0, 0);
    struct vote one = net_vote(net, 2, 301, VOTE_NULLIFY, NULL), two = net_vote(net, 3, 301, VOTE_NULLIFY, NULL);
    assert_int_equal(net_give_vote(net, 0, &one), STATUS_OK);
    assert_int_equal(net_give_vote(net, 0, &two), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 301, VOTE_NULLIFY), 0);
    net_run(net, 3 * DELTA * 64);
    assert_int_equal(net_voted(net, 0, 301, VOTE_NULLIFY), 0);
    net_run(net, 3 * DELTA * 64 * 7);
    assert_int_equal(net_voted(net, 0, 301, VOTE_NULLIFY), 1);
    net_free(net);
}

/* --- rule 5: certificates --- */

static void quorum_notarizes_then_certificate_finalize_vote_and_next_view(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    struct hash first = propose_first(net, 0);
    assert_int_equal(agreement_view(of(net, 0)), 1);
    struct vote vote = net_vote(net, 2, 1, VOTE_NOTARIZE, &first);
    assert_int_equal(net_give_vote(net, 0, &vote), STATUS_OK);
    assert_int_equal(agreement_view(of(net, 0)), 2);
    assert_int_equal(net->sent[FRAME_CERTIFICATE], 1);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 1);
    net_free(net);
}

static void certificate_comes_again_then_it_is_not_forwarded_again(void **state) {
    (void)state;
    struct net *net = alone(0);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net->sent[FRAME_CERTIFICATE], 1);
    struct slice again = net_certificate(net, 0, 3, 1, VOTE_NULLIFY, NULL); /* other signers, same thing */
    assert_int_equal(net_give_certificate(net, 0, again), STATUS_DUPLICATE);
    assert_int_equal(net->sent[FRAME_CERTIFICATE], 1);
    net_free(net);
}

static void nullified_by_this_member_then_a_late_notarization_gets_no_finalize_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    run_to_deadline(net, 0);
    struct hash first = propose_first(net, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 0);
    assert_int_equal(agreement_view(of(net, 0)), 2);
    net_free(net);
}

static void late_notarization_of_a_view_it_did_not_nullify_then_finalize_vote(void **state) {
    (void)state;
    struct net *net = alone(0);
    net_hold(net, 0, 0);
    struct hash first = propose_first(net, 0);
    nullify_views(net, 0, 1, 1);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 1, VOTE_FINALIZE), 1);
    assert_int_equal(net_voted(net, 0, 1, VOTE_NULLIFY), 0);
    net_free(net);
}

static void too_few_or_forged_signers_then_the_certificate_is_refused(void **state) {
    (void)state;
    struct net *net = alone(0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 2, 1, VOTE_NULLIFY, NULL)),
                     STATUS_BELOW_THRESHOLD);
    uint8_t forged[512];
    struct slice good = net_certificate(net, 1, 3, 1, VOTE_NULLIFY, NULL);
    memcpy(forged, good.data, good.bytes);
    forged[good.bytes - 1] ^= 1;
    assert_int_equal(net_give_certificate(net, 0, slice_of(forged, good.bytes)), STATUS_BAD_SIGNATURE);
    assert_int_equal(net_give_certificate(net, 0, slice_of(good.data, good.bytes - 1)), STATUS_TRUNCATED);
    assert_int_equal(agreement_view(of(net, 0)), 1);
    net_free(net);
}

/* --- rule 6: finality --- */

static void quorum_finalizes_then_the_block_and_its_ancestors_are_final(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first, second;
    net_hold(net, 0, 0);
    first = propose_first(net, 0);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 1, VOTE_NOTARIZE, &first)), STATUS_OK);
    struct slice block = net_block(net, 2, 2, &first, 0, 0, &second);
    assert_int_equal(net_give_proposal(net, 0, block, none, NULL, 0), STATUS_OK);
    assert_int_equal(net_voted(net, 0, 2, VOTE_NOTARIZE), 1);
    assert_int_equal(net_give_certificate(net, 0, net_certificate(net, 1, 3, 2, VOTE_FINALIZE, &second)), STATUS_OK);
    assert_int_equal(net_height(net, 0), 2);
    assert_int_equal(agreement_final_view(of(net, 0)), 2);
    assert_int_equal(net->members[0].disk->finalizations[1].bytes, 0); /* covered by the second's */
    assert_true(net->members[0].disk->finalizations[2].bytes > 0);
    net_free(net);
}

static void finalized_block_is_not_held_then_asked_for_again_until_it_comes(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first;
    struct slice finalization, block;
    block = net_block(net, 1, 1, &net->chain, 0, 1, &first);
    finalization = net_certificate(net, 1, 3, 1, VOTE_FINALIZE, &first);
    assert_int_equal(net_give_certificate(net, 0, finalization), STATUS_OK);
    assert_int_equal(net->sent[FRAME_FETCH_BLOCK], 1);
    assert_int_equal(net_height(net, 0), 0);
    net_run(net, 2 * SECOND);
    assert_true(net->sent[FRAME_FETCH_BLOCK] >= 2);
    assert_int_equal(agreement_on_block(of(net, 0), net->now_us, block), STATUS_OK);
    assert_int_equal(net_height(net, 0), 1);
    net_free(net);
}

static void range_of_final_blocks_then_caught_up_and_a_wrong_one_changes_nothing(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first, second;
    struct slice blocks[2] = {net_block(net, 3, 1, &net->chain, 0, 1, &first),
                              net_block(net, 9, 2, &first, 0, 2, &second)};
    struct agreement *a = of(net, 0);
    struct slice wrong = net_certificate(net, 1, 3, 9, VOTE_NOTARIZE, &second);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks, 2, wrong), STATUS_NOT_LINKED);
    struct slice finalization = net_certificate(net, 1, 3, 9, VOTE_FINALIZE, &second);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks + 1, 1, finalization), STATUS_MISSING);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks, 1, finalization), STATUS_NOT_LINKED);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks, 0, finalization), STATUS_STALE);
    assert_int_equal(net_height(net, 0), 0);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks, 2, finalization), STATUS_OK);
    assert_int_equal(net_height(net, 0), 2);
    assert_int_equal(agreement_view(a), 10);
    assert_int_equal(agreement_on_range(a, net->now_us, blocks, 2, finalization), STATUS_STALE);
    net_free(net);
}

static void range_with_too_few_signers_then_refused(void **state) {
    (void)state;
    struct net *net = alone(0);
    struct hash first;
    struct slice block = net_block(net, 1, 1, &net->chain, 0, 1, &first);
    struct slice finalization = net_certificate(net, 1, 2, 1, VOTE_FINALIZE, &first);
    assert_int_equal(agreement_on_range(of(net, 0), net->now_us, &block, 1, finalization), STATUS_BELOW_THRESHOLD);
    assert_int_equal(net_height(net, 0), 0);
    net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_pending_then_no_timer_and_no_frame),
        cmocka_unit_test(work_comes_and_goes_then_so_does_the_timer),
        cmocka_unit_test(proposal_arrives_then_the_timer_is_armed),
        cmocka_unit_test(certificate_far_ahead_then_its_next_view_is_entered),
        cmocka_unit_test(certificate_beyond_the_window_then_refused),
        cmocka_unit_test(nullified_views_then_the_timer_doubles_and_a_final_block_halves_it),
        cmocka_unit_test(leader_has_work_then_it_proposes_at_once),
        cmocka_unit_test(leader_cannot_build_then_it_is_asked_once_and_again_when_something_changes),
        cmocka_unit_test(leader_extends_a_notarized_block_then_it_proves_the_views_between_nullified),
        cmocka_unit_test(leader_lacks_the_notarized_block_then_it_asks_and_proposes_when_it_comes),
        cmocka_unit_test(ancestor_is_of_a_view_never_heard_of_then_it_can_be_fetched),
        cmocka_unit_test(nobody_has_the_notarized_block_of_a_nullified_view_then_the_leader_passes_it_over),
        cmocka_unit_test(block_stays_unfinalized_then_the_leader_helps_with_an_empty_one_after_delta),
        cmocka_unit_test(block_becomes_final_by_itself_then_no_empty_one_and_silence),
        cmocka_unit_test(leader_nullified_its_own_view_then_it_proposes_nothing_in_it),
        cmocka_unit_test(first_valid_proposal_then_one_notarize_vote),
        cmocka_unit_test(leader_equivocates_then_one_vote_and_a_proof),
        cmocka_unit_test(proposal_is_not_signed_by_the_leader_then_refused),
        cmocka_unit_test(views_between_are_not_proven_nullified_then_it_asks_and_waits),
        cmocka_unit_test(proposal_carries_its_proof_then_voted_at_once),
        cmocka_unit_test(proposal_is_far_ahead_then_its_certificates_bring_it_into_reach),
        cmocka_unit_test(carried_certificate_is_bad_then_refused_but_the_block_is_kept),
        cmocka_unit_test(height_is_not_the_parents_and_one_more_then_no_vote),
        cmocka_unit_test(parent_is_not_notarized_then_no_vote),
        cmocka_unit_test(payload_is_missing_then_the_vote_waits_for_it),
        cmocka_unit_test(payload_is_invalid_then_never_voted_for_and_nullified_in_time),
        cmocka_unit_test(proposal_comes_early_then_voted_when_its_view_is_entered),
        cmocka_unit_test(timer_fires_then_one_nullify_vote_and_notarizing_is_still_allowed),
        cmocka_unit_test(leader_is_known_dead_then_nullified_before_the_timer),
        cmocka_unit_test(leader_was_never_seen_then_it_is_not_known_dead),
        cmocka_unit_test(leader_dies_after_its_proposal_came_then_the_view_gets_its_time),
        cmocka_unit_test(more_nullify_than_may_be_faulty_then_it_joins_them),
        cmocka_unit_test(nullify_votes_came_before_the_view_was_entered_then_it_joins_on_entering),
        cmocka_unit_test(half_the_window_is_used_then_no_view_is_left_early_and_timers_grow),
        cmocka_unit_test(quorum_notarizes_then_certificate_finalize_vote_and_next_view),
        cmocka_unit_test(certificate_comes_again_then_it_is_not_forwarded_again),
        cmocka_unit_test(nullified_by_this_member_then_a_late_notarization_gets_no_finalize_vote),
        cmocka_unit_test(late_notarization_of_a_view_it_did_not_nullify_then_finalize_vote),
        cmocka_unit_test(too_few_or_forged_signers_then_the_certificate_is_refused),
        cmocka_unit_test(quorum_finalizes_then_the_block_and_its_ancestors_are_final),
        cmocka_unit_test(finalized_block_is_not_held_then_asked_for_again_until_it_comes),
        cmocka_unit_test(range_of_final_blocks_then_caught_up_and_a_wrong_one_changes_nothing),
        cmocka_unit_test(range_with_too_few_signers_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
