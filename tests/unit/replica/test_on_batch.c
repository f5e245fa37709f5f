/* Batches of others: what is refused, what waits, and whom it harms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "crypto/sha256.h"

static struct slice contents_of(uint32_t index, struct slice content) {
    static uint8_t data[8192];
    struct writer writer = writer_of(data, sizeof data);
    frame_contents_put(&writer, 1);
    frame_content_put(&writer, index, content);
    return writer_slice(&writer);
}

/* The next batch of member 3, which is down and never says anything itself. */
static void next_of(const struct cluster *cluster, struct question_id question, const char *text,
                    struct forged *ret_forged) {
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, text, ret_forged);
    forge_sign(cluster, ret_forged);
}

static struct cluster *start(struct question_id *ret_question) {
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    *ret_question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    return cluster;
}

static void refused(struct cluster *cluster, const struct frame *frame, enum status why) {
    uint64_t before = cluster->nodes[0].events[EVENT_PEER_REFUSED];
    struct replica_lane lane = cluster_lane(cluster, 0, 3);
    cluster_inject(cluster, 0, 2, frame);
    struct replica_lane after = cluster_lane(cluster, 0, 3);
    assert_int_equal(cluster->nodes[0].events[EVENT_PEER_REFUSED], before + 1);
    assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].status, why);
    assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].member, 2);
    assert_int_equal(after.tip.seq, lane.tip.seq);
}

static void good_batch_then_taken_and_executed(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct forged good;
    next_of(cluster, question, "seen", &good);
    cluster_inject(cluster, 0, 2, &good.frame);
    assert_int_equal(cluster_lane(cluster, 0, 3).tip.seq, 1);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_items(cluster, 1, question), 1);
    cluster_free(cluster);
}

static void signature_of_another_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct forged forged;
    next_of(cluster, question, "seen", &forged);
    forged.header_bytes[forged.header_size - 1] ^= 1;
    refused(cluster, &forged.frame, STATUS_BAD_SIGNATURE);
    cluster_free(cluster);
}

static void body_that_is_not_the_header_s_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct forged forged;
    next_of(cluster, question, "seen", &forged);
    struct forged other;
    next_of(cluster, question, "same", &other);
    forged.frame.batch.body = slice_of(other.body, other.body_size);
    refused(cluster, &forged.frame, STATUS_BAD_HASH);
    forged.frame.batch.body = slice_of(forged.body, forged.body_size - 1);
    refused(cluster, &forged.frame, STATUS_BAD_HASH);
    cluster_free(cluster);
}

static void content_beside_the_batch_then_checked(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    struct slice content = slice_of_text("what was seen");
    struct forged f;
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "seen", &f);
    struct item item = make_tell(question, "seen");
    item.tell.has_content = true;
    sha256_of(content, &item.tell.content);
    struct writer body = writer_of(f.body + 1, sizeof f.body - 1);
    item_put(&body, &item);
    f.body_size = body.bytes + 1;
    f.header.bytes = (uint32_t)f.body_size;
    assert_int_equal(items_check(slice_of(f.body, f.body_size), 1, &f.header.root), STATUS_OK);
    forge_sign(cluster, &f);
    f.frame.batch.contents = contents_of(0, slice_of_text("what was not seen"));
    refused(cluster, &f.frame, STATUS_BAD_HASH);
    /* There is no second item. */
    f.frame.batch.contents = contents_of(1, content);
    refused(cluster, &f.frame, STATUS_BAD_VALUE);
    f.frame.batch.contents = contents_of(0, content);
    cluster_inject(cluster, 0, 2, &f.frame);
    assert_int_equal(cluster_lane(cluster, 0, 3).tip.seq, 1);
    cluster_free(cluster);
}

static void content_of_a_tell_that_names_none_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct forged forged;
    next_of(cluster, question, "seen", &forged);
    forged.frame.batch.contents = contents_of(0, slice_of_text("content"));
    refused(cluster, &forged.frame, STATUS_BAD_HASH);
    cluster_free(cluster);
}

/* A clock that is an hour ahead: nobody takes its batches until then, and nobody else is held up. */
static void clock_an_hour_ahead_then_its_batches_wait_and_harm_nobody(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->nodes[3].clock_us = INT64_C(3600) * 1000000;
    assert_int_equal(cluster_tell(cluster, 3, question, "from the future"), STATUS_OK);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
    cluster_run(cluster, 5000000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        assert_int_equal(cluster_items(cluster, m, question), 3);
        assert_int_equal(cluster_lane(cluster, m, 3).committed_seq, 0);
        assert_int_equal(cluster->nodes[m].events[EVENT_PEER_REFUSED], 0);
    }
    assert_int_equal(cluster_lane(cluster, 0, 3).tip.seq, 0);
    /* Nobody asks for it again while it waits. */
    cluster_run(cluster, 60000000);
    memset(cluster->frames, 0, sizeof cluster->frames);
    cluster_run(cluster, 60000000);
    assert_int_equal(cluster->frames[FRAME_FETCH_BATCH], 0);
    cluster_run(cluster, UINT64_C(3500) * 1000000);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_items(cluster, 0, question), 4);
    cluster_free(cluster);
}

/* One member's clock is an hour behind: what a quorum has made final it executes all the same. */
static void own_clock_an_hour_behind_then_final_blocks_are_executed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->nodes[3].clock_us = -INT64_C(3600) * 1000000;
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 3, question), 3);
    assert_int_equal(cluster_height(cluster, 3), cluster_height(cluster, 0));
    cluster_free(cluster);
}

static void dep_on_a_batch_that_nobody_has_then_only_that_lane_stands(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    struct forged f;
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "seen", &f);
    f.header.deps_count = 1;
    f.header.deps[0] = (struct tip){1, 1, {{0xbb}}};
    forge_sign(cluster, &f);
    for (uint32_t m = 0; m < 3; m++) cluster_inject(cluster, m, 3, &f.frame);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
    cluster_run(cluster, 30000000);
    for (uint32_t m = 0; m < 3; m++) {
        assert_int_equal(cluster_items(cluster, m, question), 3);
        assert_int_equal(cluster_lane(cluster, m, 3).tip.seq, 0);
        assert_int_equal(cluster_lane(cluster, m, 1).tip.seq, cluster_lane(cluster, m, 1).committed_seq);
    }
    cluster_free(cluster);
}

/* A lane's room for batches on hold is its own. */
static void flood_of_batches_that_can_t_follow_then_another_lane_still_waits_for_its_own(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    static struct forged f;
    for (uint32_t i = 0; i < 2000; i++) {
        struct replica_lane far = tip;
        far.tip.seq = 2 + i % 200;
        far.tip.hash.bytes[0] = (uint8_t)i;
        far.tip.hash.bytes[1] = (uint8_t)(i >> 8);
        far.tip.hash.bytes[2] = 1;
        forge(cluster, 3, &far, CLUSTER_EPOCH_US + cluster->now_us, question, "flood", &f);
        forge_sign(cluster, &f);
        cluster_inject(cluster, 0, 3, &f.frame);
    }
    /* Member 2's second batch comes first: it is kept until the other one is there. */
    static struct forged first, second;
    struct replica_lane lane = cluster_lane(cluster, 0, 2);
    cluster_crash(cluster, 2);
    forge(cluster, 2, &lane, CLUSTER_EPOCH_US + cluster->now_us, question, "first", &first);
    forge_sign(cluster, &first);
    lane.tip = (struct tip){2, first.header.seq, first.hash};
    forge(cluster, 2, &lane, CLUSTER_EPOCH_US + cluster->now_us + 1, question, "second", &second);
    forge_sign(cluster, &second);
    cluster_inject(cluster, 0, 1, &second.frame);
    assert_int_equal(cluster_lane(cluster, 0, 2).tip.seq, first.header.seq - 1);
    cluster_inject(cluster, 0, 1, &first.frame);
    assert_int_equal(cluster_lane(cluster, 0, 2).tip.seq, second.header.seq);
    cluster_free(cluster);
}

/* Member 3 shows member 0 its first two batches, and members 1 and 2 another first one, which can never be accepted, the second, and
 * batches that follow nothing, as many as make the search for what all of those wait for endless. What member 0 says then refers to
 * the second: the others ask for the true first one in its name, and go on. */
static void liar_s_lane_is_full_of_what_never_comes_then_what_an_honest_lane_refers_to_is_still_found(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    uint64_t wall_us = CLUSTER_EPOCH_US + cluster->now_us;
    static struct forged first, second, rival, stray;
    for (uint8_t i = 0; i < 8; i++) {
        struct replica_lane far = {.tip = {3, 20u + i, {{i, 1}}}};
        forge(cluster, 3, &far, wall_us, question, "stray", &stray);
        forge_sign(cluster, &stray);
        for (uint32_t m = 1; m < 3; m++) cluster_inject(cluster, m, 3, &stray.frame);
    }
    forge(cluster, 3, &tip, wall_us, question, "rival", &rival);
    rival.header.deps_count = 1;
    rival.header.deps[0] = (struct tip){1, 1, {{0xbb}}};
    forge_sign(cluster, &rival);
    forge(cluster, 3, &tip, wall_us, question, "first", &first);
    forge_sign(cluster, &first);
    tip.tip = (struct tip){3, first.header.seq, first.hash};
    forge(cluster, 3, &tip, wall_us + 1, question, "second", &second);
    forge_sign(cluster, &second);
    for (uint32_t m = 1; m < 3; m++) {
        cluster_inject(cluster, m, 3, &rival.frame);
        cluster_inject(cluster, m, 3, &second.frame);
    }
    cluster_inject(cluster, 0, 3, &first.frame);
    cluster_inject(cluster, 0, 3, &second.frame);
    assert_int_equal(cluster_lane(cluster, 0, 3).tip.seq, second.header.seq);
    assert_int_equal(cluster_tell(cluster, 0, question, "seen"), STATUS_OK);
    cluster_run(cluster, 60000000);
    for (uint32_t m = 0; m < 3; m++)
        assert_int_equal(cluster_lane(cluster, m, 0).committed_seq, cluster_lane(cluster, 0, 0).tip.seq);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_batch_then_taken_and_executed),
        cmocka_unit_test(signature_of_another_then_refused),
        cmocka_unit_test(body_that_is_not_the_header_s_then_refused),
        cmocka_unit_test(content_beside_the_batch_then_checked),
        cmocka_unit_test(content_of_a_tell_that_names_none_then_refused),
        cmocka_unit_test(clock_an_hour_ahead_then_its_batches_wait_and_harm_nobody),
        cmocka_unit_test(own_clock_an_hour_behind_then_final_blocks_are_executed),
        cmocka_unit_test(dep_on_a_batch_that_nobody_has_then_only_that_lane_stands),
        cmocka_unit_test(flood_of_batches_that_can_t_follow_then_another_lane_still_waits_for_its_own),
        cmocka_unit_test(liar_s_lane_is_full_of_what_never_comes_then_what_an_honest_lane_refers_to_is_still_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
