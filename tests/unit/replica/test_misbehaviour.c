/* Two signed statements that contradict each other: proofs, sealed lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"

/* Two batches at the next place of member 3's lane. */
static void fork_of(const struct cluster *cluster, struct question_id question, struct forged *ret_a,
                    struct forged *ret_b) {
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "yes", ret_a);
    forge_sign(cluster, ret_a);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "no", ret_b);
    forge_sign(cluster, ret_b);
}

static void fork_of_a_lane_then_proof_in_a_block_and_sealed_everywhere(void **state) {
    (void)state;
    static struct forged a, b;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    cluster->lies = true;
    fork_of(cluster, question, &a, &b);
    cluster_inject(cluster, 0, 3, &a.frame);
    cluster_inject(cluster, 1, 3, &b.frame);
    cluster_run(cluster, 3000000);
    for (uint32_t m = 0; m < 3; m++) {
        struct replica_peer peer;
        replica_peer(cluster->nodes[m].replica, 3, &peer);
        assert_true(peer.proofs >= 1);
        assert_true(cluster->nodes[m].events[EVENT_MISBEHAVIOUR] >= 1);
        assert_int_equal(cluster->nodes[m].last[EVENT_MISBEHAVIOUR].member, 3);
        assert_true(cluster_lane(cluster, m, 3).sealed);
        struct slice proof;
        struct proof read;
        const struct keyring keyring = {.keys = (const uint8_t(*)[KEY_BYTES])cluster->genesis.keys,
                                        .members = CLUSTER_MEMBERS};
        assert_int_equal(replica_proof(cluster->nodes[m].replica, 3, 0, &proof), STATUS_OK);
        assert_int_equal(proof_verify(proof, &cluster->chain, &keyring, &read), STATUS_OK);
        assert_int_equal(read.kind, PROOF_FORK);
        assert_int_equal(replica_proof(cluster->nodes[m].replica, 0, 0, &proof), STATUS_NOT_FOUND);
        assert_int_equal(replica_proof(cluster->nodes[m].replica, 4, 0, &proof), STATUS_NOT_FOUND);
    }
    /* The others go on, and nobody tries to put the proof into another block. */
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    uint64_t height = cluster_height(cluster, 0);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_height(cluster, 0), height);
    /* A restart remembers all of it. */
    cluster_crash(cluster, 0);
    cluster_start(cluster, 0, MEMORY_WHOLE);
    assert_true(cluster_lane(cluster, 0, 3).sealed);
    cluster_run(cluster, 3000000);
    assert_int_equal(cluster_height(cluster, 0), height);
    cluster_free(cluster);
}

/* Member 1's batch refers to the version that does not make it. */
static void lane_that_refers_to_a_forked_one_then_goes_on_once_that_is_sealed(void **state) {
    (void)state;
    static struct forged a, b;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    cluster->lies = true;
    fork_of(cluster, question, &a, &b);
    cluster_inject(cluster, 0, 3, &a.frame);
    cluster_inject(cluster, 1, 3, &b.frame);
    assert_int_equal(cluster_tell(cluster, 0, question, "seen"), STATUS_OK);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    for (uint32_t m = 0; m < 3; m++) assert_true(cluster_items(cluster, m, question) >= 2);
    cluster_free(cluster);
}

static struct frame vote_of(const struct cluster *cluster, uint32_t member, uint64_t view, enum vote_kind kind,
                            uint8_t block) {
    struct frame frame = {.type = FRAME_VOTE};
    frame.vote = (struct vote){.view = view, .kind = kind, .member = member};
    frame.vote.block.bytes[0] = block;
    vote_sign(&frame.vote, &cluster->chain, cluster->nodes[member].secret);
    return frame;
}

static void two_votes_in_a_view_then_a_proof_in_a_block(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    uint64_t height = cluster_height(cluster, 0);
    uint64_t view = cluster_status(cluster, 0).view + 1;
    struct frame a = vote_of(cluster, 3, view, VOTE_NOTARIZE, 1), b = vote_of(cluster, 3, view, VOTE_NOTARIZE, 2);
    cluster_inject(cluster, 0, 3, &a);
    assert_int_equal(cluster->nodes[0].events[EVENT_MISBEHAVIOUR], 0);
    cluster_inject(cluster, 0, 3, &b);
    assert_int_equal(cluster->nodes[0].events[EVENT_MISBEHAVIOUR], 1);
    cluster_run(cluster, 3000000);
    for (uint32_t m = 0; m < 3; m++) {
        assert_true(cluster_height(cluster, m) > height);
        assert_int_equal(cluster->nodes[m].last[EVENT_MISBEHAVIOUR].member, 3);
        assert_int_equal(cluster->nodes[m].last[EVENT_MISBEHAVIOUR].seq, view);
        assert_false(cluster_lane(cluster, m, 3).sealed);
    }
    cluster_free(cluster);
}

/* Votes that contradict each other are cheap to make. They must not take the place of the one proof that seals a
 * lane. */
static void many_vote_proofs_then_a_fork_still_seals(void **state) {
    (void)state;
    static struct forged a, b;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    cluster->lies = true;
    for (uint64_t i = 0; i < 3 * PROOFS_PER_MEMBER_MAX; i++) {
        uint64_t view = cluster_status(cluster, 0).view + 1 + i % 8;
        struct frame x = vote_of(cluster, 3, view, VOTE_NOTARIZE, 1);
        struct frame y = vote_of(cluster, 3, view, VOTE_NOTARIZE, (uint8_t)(2 + i));
        cluster_inject(cluster, 0, 3, &x);
        cluster_inject(cluster, 0, 3, &y);
    }
    cluster_run(cluster, 3000000);
    struct replica_peer peer;
    replica_peer(cluster->nodes[1].replica, 3, &peer);
    assert_int_equal(peer.proofs, PROOFS_PER_MEMBER_MAX - 1);
    fork_of(cluster, question, &a, &b);
    cluster_inject(cluster, 0, 3, &a.frame);
    cluster_inject(cluster, 1, 3, &b.frame);
    cluster_run(cluster, 5000000);
    for (uint32_t m = 0; m < 3; m++) assert_true(cluster_lane(cluster, m, 3).sealed);
    cluster_free(cluster);
}

/* A member whose own lane has forked (its key is used twice, say) says so, and keeps running. */
static void own_lane_forked_then_submissions_refused_and_nothing_stops(void **state) {
    (void)state;
    static struct forged a;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->lies = true;
    struct replica_lane tip = cluster_lane(cluster, 0, 1);
    forge(cluster, 1, &tip, CLUSTER_EPOCH_US + cluster->now_us - 1, question, "the other me", &a);
    forge_sign(cluster, &a);
    assert_int_equal(cluster_tell(cluster, 1, question, "me"), STATUS_OK);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_inject(cluster, m, 2, &a.frame);
    assert_int_equal(cluster_tell(cluster, 1, question, "me again"), STATUS_FORKED);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_tell(cluster, 1, question, "me again"), STATUS_FORKED);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) assert_true(cluster_lane(cluster, m, 1).sealed);
    /* It still votes, so the order goes on without member 3. */
    cluster_crash(cluster, 3);
    uint64_t height = cluster_height(cluster, 0);
    assert_int_equal(cluster_tell(cluster, 2, question, "seen"), STATUS_OK);
    cluster_run(cluster, 10000000);
    assert_true(cluster_height(cluster, 0) > height);
    /* But it weighs nothing any more, and two of three are less than three quarters: the certificate waits. */
    assert_true(cluster_status(cluster, 0).certified_height <= height);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 10000000);
    assert_true(cluster_status(cluster, 0).certified_height > height);
    cluster_free(cluster);
}

static void proof_that_proves_nothing_then_refused(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct frame a = vote_of(cluster, 3, 9, VOTE_NOTARIZE, 1), b = vote_of(cluster, 3, 9, VOTE_FINALIZE, 1);
    uint8_t first[VOTE_BYTES_MAX], second[VOTE_BYTES_MAX], bytes[1024];
    struct writer wa = writer_of(first, sizeof first), wb = writer_of(second, sizeof second);
    struct writer writer = writer_of(bytes, sizeof bytes);
    vote_put(&wa, &a.vote);
    vote_put(&wb, &b.vote);
    proof_put(&writer, PROOF_VOTE, writer_slice(&wa), writer_slice(&wb));
    struct frame frame = {.type = FRAME_PROOF, .proof = writer_slice(&writer)};
    cluster_inject(cluster, 0, 2, &frame);
    assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].status, STATUS_NOT_PROOF);
    struct replica_peer peer;
    replica_peer(cluster->nodes[0].replica, 3, &peer);
    assert_int_equal(peer.proofs, 0);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fork_of_a_lane_then_proof_in_a_block_and_sealed_everywhere),
        cmocka_unit_test(lane_that_refers_to_a_forked_one_then_goes_on_once_that_is_sealed),
        cmocka_unit_test(two_votes_in_a_view_then_a_proof_in_a_block),
        cmocka_unit_test(many_vote_proofs_then_a_fork_still_seals),
        cmocka_unit_test(own_lane_forked_then_submissions_refused_and_nothing_stops),
        cmocka_unit_test(proof_that_proves_nothing_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
