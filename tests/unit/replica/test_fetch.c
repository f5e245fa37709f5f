/* Catching up, asking for what is missing, and what nobody has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "replica/state.h"

static void many_heights(struct cluster *cluster, struct question_id question, int heights) {
    for (int i = 0; i < heights; i++) {
        char text[32];
        snprintf(text, sizeof text, "at %llu", (unsigned long long)cluster->now_us);
        assert_int_equal(cluster_tell(cluster, (uint32_t)i % 2, question, text), STATUS_OK);
        cluster_run(cluster, 8000);
    }
}

static void member_away_for_long_then_catches_up_in_ranges(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    many_heights(cluster, question, 400);
    cluster_run(cluster, 1000000);
    uint64_t height = cluster_height(cluster, 0);
    assert_true(height > 300);
    memset(cluster->frames, 0, sizeof cluster->frames);
    uint64_t started = cluster->now_us;
    cluster_start(cluster, 3, MEMORY_WHOLE);
    while (cluster_height(cluster, 3) < height) cluster_run(cluster, 1000);
    /* A millisecond each way: 64 heights a range, and batches by the window. */
    assert_true(cluster->now_us - started < 300000);
    assert_in_range(cluster->frames[FRAME_RANGE], height / RANGE_BLOCKS_MAX, height / RANGE_BLOCKS_MAX + 10);
    /* Each batch is asked for once, give or take. */
    assert_true(cluster->frames[FRAME_FETCH_BATCH] < 500);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 3, question), 400);
    cluster_free(cluster);
}

static bool no_finality(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)from;
    (void)to;
    struct vote_certificate certificate;
    struct reader reader = reader_of(frame->certificate);
    if (!*(const bool *)context) return true;
    if (frame->type == FRAME_VOTE) return frame->vote.kind != VOTE_FINALIZE;
    if (frame->type != FRAME_CERTIFICATE) return true;
    assert_int_equal(vote_certificate_take(&reader, &certificate), STATUS_OK);
    return certificate.kind != VOTE_FINALIZE;
}

/* Blocks are notarized one after another and nothing becomes final, until one finalization covers more heights than a range carries.
 * Whoever was away gets them all the same, from the last one down, and what came after in ranges as usual. */
static void one_finalization_covers_more_heights_than_a_range_then_still_caught_up(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_settle(cluster, 5000000);
    uint64_t before = cluster_height(cluster, 0);
    bool lost = true;
    cluster->carries = no_finality;
    cluster->context = &lost;
    cluster_crash(cluster, 3);
    many_heights(cluster, question, 150);
    assert_int_equal(cluster_height(cluster, 0), before);
    lost = false;
    cluster_run(cluster, 5000000);
    uint64_t after = cluster_height(cluster, 0);
    assert_true(after > before + 2 * RANGE_BLOCKS_MAX);
    struct slice block, finalization;
    for (uint64_t height = before + 1; height <= before + RANGE_BLOCKS_MAX; height++) {
        assert_int_equal(memory_ledger_read_height(cluster->nodes[0].ledger, height, &block, &finalization),
                         STATUS_OK);
        assert_int_equal(finalization.bytes, 0);
    }
    many_heights(cluster, question, 30);
    cluster_run(cluster, 1000000);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 20000000);
    assert_true(cluster_height(cluster, 3) >= after);
    assert_int_equal(cluster_items(cluster, 3, question), 180);
    cluster_free(cluster);
}

/* A new member starts from nothing, and a second one can catch up from it: what it was told by ranges it can tell. */
static void caught_up_member_then_others_can_catch_up_from_it(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    many_heights(cluster, question, 100);
    cluster_settle(cluster, 5000000);
    cluster_crash(cluster, 3);
    cluster_forget(cluster, 3);
    cluster_start(cluster, 3, MEMORY_LOST);
    cluster_settle(cluster, 10000000);
    cluster_crash(cluster, 2);
    cluster_forget(cluster, 2);
    cluster_crash(cluster, 0);
    cluster_crash(cluster, 1);
    cluster_start(cluster, 2, MEMORY_LOST);
    cluster_run(cluster, 10000000);
    assert_int_equal(cluster_height(cluster, 2), cluster_height(cluster, 3));
    assert_int_equal(cluster_items(cluster, 2, question), 100);
    cluster_free(cluster);
}

static void lane_of_hundreds_of_batches_then_fetched_by_the_window(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    cluster_crash(cluster, 3);
    for (int i = 0; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof text, "seen %d", i);
        assert_int_equal(cluster_tell(cluster, 1, question, text), STATUS_OK);
    }
    cluster_run(cluster, 100000);
    memset(cluster->frames, 0, sizeof cluster->frames);
    uint64_t started = cluster->now_us;
    cluster_start(cluster, 2, MEMORY_WHOLE);
    while (cluster_lane(cluster, 2, 1).tip.seq < 200) cluster_run(cluster, 1000);
    assert_true(cluster->now_us - started < 500000);
    assert_true(cluster->frames[FRAME_FETCH_BATCH] < 260);
    cluster_free(cluster);
}

/* The member whose turn it is does not answer; another one does. */
static bool silent_3(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)to;
    return !(from == 3 && (frame->type == FRAME_RANGE || frame->type == FRAME_BATCH));
}

static void member_that_claims_much_and_answers_nothing_then_another_one_is_asked(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    many_heights(cluster, question, 60);
    cluster->carries = silent_3;
    cluster_start(cluster, 2, MEMORY_WHOLE);
    for (int i = 0; i < 100; i++) {
        struct frame claim = {.type = FRAME_HEARTBEAT, .heartbeat = {1, UINT64_MAX, UINT64_MAX}};
        cluster_inject(cluster, 2, 3, &claim);
        struct frame ack = {.type = FRAME_ACK};
        ack.ack.count = 4;
        for (uint32_t m = 0; m < 4; m++) ack.ack.tips[m] = (struct tip){m, UINT64_MAX, {{1}}};
        cluster_inject(cluster, 2, 3, &ack);
        cluster_run(cluster, 50000);
    }
    assert_true(cluster_height(cluster, 2) >= 50);
    assert_int_equal(cluster_items(cluster, 2, question), 60);
    cluster_free(cluster);
}

/* What a peer says of its height decides whom to ask, and nothing else. Everybody else is up to date and goes on voting; the claim is
 * dropped when the peer says something else; and what it costs meanwhile is a question now and then. */
static void claimed_height_that_nobody_has_then_it_is_asked_for_and_not_believed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_settle(cluster, 5000000);
    cluster_crash(cluster, 3); /* its link stays, as far as the others can tell */
    uint64_t height = cluster_height(cluster, 0);
    struct frame hello = {.type = FRAME_HELLO, .hello = {cluster->chain, 3, UINT64_MAX}};
    struct frame claim = {.type = FRAME_HEARTBEAT, .heartbeat = {1, UINT64_MAX, UINT64_MAX}};
    memset(cluster->frames, 0, sizeof cluster->frames);
    for (int i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof text, "seen %d", i);
        for (uint32_t m = 0; m < 3; m++) {
            struct replica_time now = cluster_time(&cluster->nodes[m]);
            replica_on_link(cluster->nodes[m].replica, now, 3, true);
            cluster_inject(cluster, m, 3, i == 0 ? &hello : &claim);
        }
        assert_int_equal(cluster_tell(cluster, (uint32_t)i % 3, question, text), STATUS_OK);
        cluster_run(cluster, 500000);
    }
    for (uint32_t m = 0; m < 3; m++) {
        struct replica_peer peer;
        assert_true(cluster_height(cluster, m) >= height + 15);
        assert_int_equal(cluster_status(cluster, m).finalized_height, cluster_height(cluster, m));
        assert_int_equal(cluster_items(cluster, m, question), 20);
        replica_peer(cluster->nodes[m].replica, 3, &peer);
        assert_true(peer.height == UINT64_MAX);
        claim.heartbeat.height = height;
        cluster_inject(cluster, m, 3, &claim);
        replica_peer(cluster->nodes[m].replica, 3, &peer);
        assert_int_equal(peer.height, height);
    }
    /* Once in RANGE_DELTAS, ten seconds long, by three members. */
    assert_in_range(cluster->frames[FRAME_FETCH_RANGE], 1, 3 * 10 * 1000 / 400 + 3);
    cluster_free(cluster);
}

/* Names of batches that do not exist: bounded, given up after a while, and no hindrance for real ones. */
static void hashes_that_never_come_then_given_up(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    struct frame ack = {.type = FRAME_ACK};
    ack.ack.count = 4;
    for (uint32_t m = 0; m < 4; m++) ack.ack.tips[m] = (struct tip){m, 1000000 + m, {{1}}};
    cluster_inject(cluster, 0, 3, &ack);
    static struct forged f;
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    for (uint32_t i = 0; i < 500; i++) {
        forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "seen", &f);
        f.header.deps_count = 1;
        f.header.deps[0] = (struct tip){1, 1 + i, {{(uint8_t)i, (uint8_t)(i >> 8), 1}}};
        f.header.wall_us += i;
        forge_sign(cluster, &f);
        cluster_inject(cluster, 0, 3, &f.frame);
    }
    assert_int_equal(cluster_tell(cluster, 1, question, "real"), STATUS_OK);
    cluster_run(cluster, 1000000);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    /* Member 3's batches wait for ever, and go on being asked for now and then; nothing else is. */
    cluster_run(cluster, 60000000);
    memset(cluster->frames, 0, sizeof cluster->frames);
    cluster_run(cluster, 10000000);
    assert_true(cluster->frames[FRAME_FETCH_BATCH] < 2 * (FETCH_WINDOW + 1) * WANT_ATTEMPTS_MAX);
    cluster_free(cluster);
}

/* A forged answer to a question for a batch must not end the asking. */
static bool no_batches(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)from;
    return !(to == 0 && frame->type == FRAME_BATCH);
}

static void forged_answer_then_still_asked_for(void **state) {
    (void)state;
    static struct forged f;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = no_batches;
    struct replica_lane tip = cluster_lane(cluster, 0, 1);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_run(cluster, 3000);
    cluster->carries = NULL;
    forge(cluster, 1, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "not seen", &f);
    forge_sign(cluster, &f);
    f.header_bytes[f.header_size - 1] ^= 1;
    uint64_t started = cluster->now_us;
    while (cluster_lane(cluster, 0, 1).tip.seq == 0 && cluster->now_us < started + 2000000) {
        cluster_inject(cluster, 0, 3, &f.frame);
        cluster_run(cluster, 500);
    }
    assert_int_equal(cluster_lane(cluster, 0, 1).tip.seq, 1);
    assert_true(cluster->now_us - started < 300000);
    cluster_free(cluster);
}

/* Final blocks come faster than the batches of one of them: the backlog is bounded, and then worked off. */
static bool batches_blocked;
static bool no_batches_for_3(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)from;
    return !(batches_blocked && to == 3 && frame->type == FRAME_BATCH);
}

static void blocks_without_their_batches_then_the_backlog_is_bounded(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = no_batches_for_3;
    batches_blocked = true;
    uint64_t height = cluster_height(cluster, 3);
    uint64_t told = 0;
    while (cluster_height(cluster, 0) < height + 2 * EXECUTION_BACKLOG_MAX) {
        char text[32];
        snprintf(text, sizeof text, "seen %llu", (unsigned long long)told++);
        assert_int_equal(cluster_tell(cluster, (uint32_t)told % 2, question, text), STATUS_OK);
        cluster_run(cluster, 50000);
    }
    assert_int_equal(cluster_height(cluster, 3), height);
    assert_in_range(cluster_status(cluster, 3).finalized_height, height + EXECUTION_BACKLOG_MAX / 2,
                    height + EXECUTION_QUEUE_MAX);
    batches_blocked = false;
    cluster_settle(cluster, 30000000);
    assert_int_equal(cluster_items(cluster, 3, question), told);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_away_for_long_then_catches_up_in_ranges),
        cmocka_unit_test(one_finalization_covers_more_heights_than_a_range_then_still_caught_up),
        cmocka_unit_test(caught_up_member_then_others_can_catch_up_from_it),
        cmocka_unit_test(lane_of_hundreds_of_batches_then_fetched_by_the_window),
        cmocka_unit_test(member_that_claims_much_and_answers_nothing_then_another_one_is_asked),
        cmocka_unit_test(claimed_height_that_nobody_has_then_it_is_asked_for_and_not_believed),
        cmocka_unit_test(hashes_that_never_come_then_given_up),
        cmocka_unit_test(forged_answer_then_still_asked_for),
        cmocka_unit_test(blocks_without_their_batches_then_the_backlog_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
