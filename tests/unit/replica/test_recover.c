/* Amnesia: nothing is signed before q others told what they know, and then nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"

/* Member 1 said something, and lost its ledger. */
static struct cluster *forgotten(struct question_id *ret_question) {
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    *ret_question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    for (int i = 0; i < 5; i++) {
        char text[32];
        snprintf(text, sizeof text, "before %d", i);
        assert_int_equal(cluster_tell(cluster, 1, *ret_question, text), STATUS_OK);
        cluster_run(cluster, 3000);
    }
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    return cluster;
}

static size_t votes_of(const struct cluster *cluster, uint32_t member) {
    size_t count = 0;
    for (size_t i = 0; i < cluster->votes_count; i++) count += cluster->votes[i].member == member;
    return count;
}

static void too_few_answers_then_nothing_is_signed_then_all_and_it_votes(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = forgotten(&question);
    cluster_crash(cluster, 3);
    size_t votes = votes_of(cluster, 1);
    cluster_start(cluster, 1, MEMORY_LOST);
    assert_int_equal(cluster_tell(cluster, 0, question, "meanwhile"), STATUS_OK);
    cluster_run(cluster, 10000000);
    assert_true(cluster_status(cluster, 1).recovering);
    assert_true(cluster_status(cluster, 1).forgetful);
    assert_int_equal(votes_of(cluster, 1), votes);
    assert_int_equal(cluster_tell(cluster, 1, question, "after"), STATUS_LANE_CLOSED);
    assert_int_equal(cluster_status(cluster, 1).votes_from, 0);
    uint64_t view = cluster_status(cluster, 0).view;
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    assert_false(cluster_status(cluster, 1).recovering);
    assert_true(cluster_status(cluster, 1).votes_from > view);
    assert_int_equal(cluster_lane(cluster, 1, 1).tip.seq, 5);
    for (int i = 0; i < 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "later %d", i);
        assert_int_equal(cluster_tell(cluster, 0, question, text), STATUS_OK);
        cluster_settle(cluster, 20000000);
    }
    assert_true(votes_of(cluster, 1) > votes);
    assert_int_equal(cluster_lane(cluster, 0, 1).committed_seq, 5);
    assert_int_equal(cluster_items(cluster, 0, question), 9);
    /* Its lane is closed, in its next lives, too. */
    assert_int_equal(cluster_tell(cluster, 1, question, "after"), STATUS_LANE_CLOSED);
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_LANE_LOST);
    assert_false(cluster_status(cluster, 1).recovering);
    assert_true(cluster_status(cluster, 1).lane_closed);
    assert_int_equal(cluster_tell(cluster, 1, question, "after"), STATUS_LANE_CLOSED);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) assert_int_equal(cluster->nodes[m].events[EVENT_MISBEHAVIOUR], 0);
    cluster_free(cluster);
}

/* Two of four forget themselves, and one may: whoever forgot can't remind others, so none of the two ever hears q answers. By design all
 * stands still, for two forgotten members could make a second history. It is said, by those two, and what the others take stays safe. */
static void more_members_than_may_fail_forget_then_nothing_moves_and_they_say_so(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = forgotten(&question);
    cluster_settle(cluster, 5000000);
    cluster_crash(cluster, 3);
    cluster_forget(cluster, 3);
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_start(cluster, 3, MEMORY_LOST);
    size_t votes[] = {votes_of(cluster, 1), votes_of(cluster, 3)};
    uint64_t height = cluster_height(cluster, 0);
    assert_int_equal(cluster_tell(cluster, 0, question, "meanwhile"), STATUS_OK);
    cluster_run(cluster, 60000000);
    for (uint32_t m = 1; m < CLUSTER_MEMBERS; m += 2) {
        assert_true(cluster_status(cluster, m).recovering);
        assert_true(cluster_status(cluster, m).forgetful);
        assert_int_equal(cluster_tell(cluster, m, question, "after"), STATUS_LANE_CLOSED);
        assert_int_equal(votes_of(cluster, m), votes[m / 2]);
    }
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m += 2) {
        assert_false(cluster_status(cluster, m).recovering);
        assert_int_equal(cluster_height(cluster, m), height);
        assert_int_equal(cluster_lane(cluster, m, 0).tip.seq, cluster_lane(cluster, 0, 0).tip.seq);
    }
    assert_int_equal(cluster_status(cluster, 0).outstanding, 1);
    cluster_free(cluster);
}

/* Many batches that were never executed come back, with their items. */
static void long_lane_that_is_not_final_then_put_back_together(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    cluster_crash(cluster, 3);
    for (int i = 0; i < 150; i++) {
        char text[32];
        snprintf(text, sizeof text, "before %d", i);
        assert_int_equal(cluster_tell(cluster, 1, question, text), STATUS_OK);
    }
    cluster_run(cluster, 20000);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    cluster_start(cluster, 2, MEMORY_WHOLE);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_start(cluster, 1, MEMORY_LOST);
    uint64_t started = cluster->now_us;
    while (cluster_status(cluster, 1).recovering) cluster_run(cluster, 10000);
    assert_true(cluster->now_us - started < 5000000);
    assert_int_equal(cluster_lane(cluster, 1, 1).tip.seq, 150);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 1, question), 150);
    cluster_free(cluster);
}

/* Its clock was ahead, so that its batches were on hold with everybody: they were signed all the same. */
static void own_batches_on_hold_elsewhere_then_they_come_back_too(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->nodes[1].clock_us = 60000000;
    assert_int_equal(cluster_tell(cluster, 1, question, "from the future"), STATUS_OK);
    assert_int_equal(cluster_tell(cluster, 1, question, "as well"), STATUS_OK);
    cluster_run(cluster, 100000);
    assert_int_equal(cluster_lane(cluster, 0, 1).tip.seq, 0);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    cluster->nodes[1].clock_us = 0;
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_run(cluster, 5000000);
    assert_false(cluster_status(cluster, 1).recovering);
    assert_int_equal(cluster_lane(cluster, 1, 1).tip.seq, 2);
    cluster_run(cluster, 60000000);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 2);
    cluster_free(cluster);
}

/* A liar names a view that would keep the asker silent for ever, or would wrap around. */
static bool only_liars_answer(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    return !(frame->type == FRAME_RECOVERED && to == 1 && from == 3);
}

static void answer_with_a_view_far_ahead_then_it_does_not_count(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = forgotten(&question);
    cluster->carries = only_liars_answer;
    cluster_start(cluster, 1, MEMORY_LOST);
    struct replica_time now = cluster_time(&cluster->nodes[1]);
    struct frame lie = {.type = FRAME_RECOVERED};
    lie.recovered.nonce = now.mono_us ^ now.wall_us << 20 ^ 1;
    lie.recovered.tip.member = 1;
    lie.recovered.view = lie.recovered.signed_view = UINT64_MAX;
    cluster_run(cluster, 2000000);
    assert_true(cluster_status(cluster, 1).recovering);
    cluster_inject(cluster, 1, 3, &lie);
    lie.recovered.view = 1;
    cluster_inject(cluster, 1, 3, &lie);
    cluster_run(cluster, 2000000);
    assert_true(cluster_status(cluster, 1).recovering);
    /* A tip that this member never signed does not count either, nor does somebody else's. */
    lie.recovered.signed_view = 1;
    lie.recovered.tip = (struct tip){1, 77, {{7}}};
    cluster_inject(cluster, 1, 3, &lie);
    lie.recovered.tip = (struct tip){2, 0, {{0}}};
    cluster_inject(cluster, 1, 3, &lie);
    assert_int_equal(cluster->nodes[1].last[EVENT_PEER_REFUSED].status, STATUS_BAD_VALUE);
    cluster_run(cluster, 2000000);
    assert_true(cluster_status(cluster, 1).recovering);
    cluster->carries = NULL;
    cluster_run(cluster, 2000000);
    assert_false(cluster_status(cluster, 1).recovering);
    assert_int_equal(cluster_tell(cluster, 0, question, "after"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_items(cluster, 1, question), 6);
    cluster_free(cluster);
}

/* A restart in the middle, or right after, must ask again: nothing durable says yet what was signed. */
static void forgetful_until_a_later_view_is_final(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = forgotten(&question);
    cluster_start(cluster, 1, MEMORY_LOST);
    while (cluster_status(cluster, 1).recovering) cluster_run(cluster, 10000);
    assert_true(cluster_status(cluster, 1).forgetful);
    for (int i = 0; i < 6; i++) {
        char text[32];
        snprintf(text, sizeof text, "after %d", i);
        assert_int_equal(cluster_tell(cluster, 0, question, text), STATUS_OK);
        cluster_settle(cluster, 20000000);
    }
    assert_false(cluster_status(cluster, 1).forgetful);
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    assert_false(cluster_status(cluster, 1).forgetful);
    cluster_free(cluster);
}

/* Amnesia at any point of a busy time: the cluster watches that nobody contradicts itself. */
static void ledger_lost_at_any_time_then_no_second_vote_and_no_fork(void **state) {
    (void)state;
    for (uint64_t after_us = 500; after_us < 25000; after_us += 1500) {
        struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
        struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
            assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
        cluster_run(cluster, 1000 + after_us);
        cluster_crash(cluster, 1);
        cluster_forget(cluster, 1);
        cluster_start(cluster, 1, MEMORY_LOST);
        cluster_settle(cluster, 60000000);
        assert_int_equal(cluster_tell(cluster, 0, question, "seen later"), STATUS_OK);
        cluster_settle(cluster, 20000000);
        /* Its own may have left nobody's hands before the loss. */
        uint64_t items = cluster_items(cluster, 1, question);
        assert_true(items == CLUSTER_MEMBERS || items == CLUSTER_MEMBERS + 1);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
            assert_int_equal(cluster->nodes[m].events[EVENT_MISBEHAVIOUR], 0);
        cluster_free(cluster);
    }
}

/* It was signed, it left, and nobody who answers has it: somebody may show it later all the same. */
static bool no_batch_of_member_1(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)to;
    return from != 1 || frame->type != FRAME_BATCH;
}

static void batch_that_nobody_who_answers_has_then_its_place_is_not_signed_again(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = no_batch_of_member_1;
    assert_int_equal(cluster_tell(cluster, 1, question, "nobody has this"), STATUS_OK);
    cluster_run(cluster, 3000);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    cluster->carries = NULL;
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_settle(cluster, 60000000);
    assert_false(cluster_status(cluster, 1).recovering);
    assert_int_equal(cluster_lane(cluster, 1, 1).tip.seq, 0);
    /* The cluster fails the test when two different batches of one place leave a member. */
    assert_int_equal(cluster_tell(cluster, 1, question, "another"), STATUS_LANE_CLOSED);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_lane(cluster, 0, 1).tip.seq, 0);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_answers_then_nothing_is_signed_then_all_and_it_votes),
        cmocka_unit_test(more_members_than_may_fail_forget_then_nothing_moves_and_they_say_so),
        cmocka_unit_test(long_lane_that_is_not_final_then_put_back_together),
        cmocka_unit_test(own_batches_on_hold_elsewhere_then_they_come_back_too),
        cmocka_unit_test(answer_with_a_view_far_ahead_then_it_does_not_count),
        cmocka_unit_test(forgetful_until_a_later_view_is_final),
        cmocka_unit_test(batch_that_nobody_who_answers_has_then_its_place_is_not_signed_again),
        cmocka_unit_test(ledger_lost_at_any_time_then_no_second_vote_and_no_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
