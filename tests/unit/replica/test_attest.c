/* Checkpoints of everybody, certificates, and what contradicts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"

static uint32_t signers(const struct cluster *cluster, uint32_t member, struct checkpoint *ret_checkpoint) {
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    assert_int_equal(replica_certified(cluster->nodes[member].replica, ret_checkpoint, signatures, &count),
                     STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) assert_true(signatures[i].member > signatures[i - 1].member);
        assert_int_equal(checkpoint_verify(ret_checkpoint, &cluster->chain,
                                           cluster->genesis.keys[signatures[i].member], signatures[i].signature),
                         STATUS_OK);
    }
    return count;
}

static void before_anything_is_executed_then_no_certificate(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    assert_int_equal(replica_certified(cluster->nodes[0].replica, &checkpoint, signatures, &count), STATUS_NOT_FOUND);
    cluster_free(cluster);
}

static void quorum_signs_then_a_certificate_that_grows_to_all(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    assert_int_equal(cluster_tell(cluster, 0, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 10000000);
    struct checkpoint checkpoint;
    assert_int_equal(signers(cluster, 0, &checkpoint), 3);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 10000000);
    cluster_run(cluster, 2000000);
    assert_int_equal(checkpoint.height, cluster_height(cluster, 0));
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) assert_true(signers(cluster, m, &checkpoint) >= 3);
    cluster_free(cluster);
}

static void threshold_of_all_then_no_certificate_without_everybody(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new((struct threshold){1, 1});
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct checkpoint checkpoint;
    assert_int_equal(signers(cluster, 0, &checkpoint), 4);
    cluster_crash(cluster, 3);
    assert_int_equal(cluster_tell(cluster, 0, question, "seen"), STATUS_OK);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_status(cluster, 0).certified_height, checkpoint.height);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 20000000);
    assert_int_equal(signers(cluster, 0, &checkpoint), 4);
    cluster_free(cluster);
}

static struct frame attestation_of(const struct cluster *cluster, uint32_t member, struct checkpoint checkpoint) {
    struct frame frame = {.type = FRAME_ATTESTATION};
    frame.attestation.checkpoint = checkpoint;
    checkpoint_sign(&checkpoint, &cluster->chain, cluster->nodes[member].secret, frame.attestation.signature);
    return frame;
}

/* Attestations do not cross the net, so that they can be handed over by hand. */
static bool no_attestations(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)from;
    (void)to;
    return frame->type != FRAME_ATTESTATION;
}

static struct cluster *without_certificates(struct checkpoint *ret_checkpoint) {
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = no_attestations;
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_run(cluster, 1000000);
    *ret_checkpoint = cluster_status(cluster, 0).checkpoint;
    assert_true(cluster_status(cluster, 0).certified_height < ret_checkpoint->height);
    return cluster;
}

static void heights_far_ahead_then_only_the_liar_s_own_word_is_lost(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    struct cluster *cluster = without_certificates(&checkpoint);
    /* Member 3 claims heights that use up all of its places. */
    for (uint64_t i = 0; i < 100; i++) {
        struct checkpoint far = checkpoint;
        far.height = UINT64_MAX - i;
        struct frame frame = attestation_of(cluster, 3, far);
        cluster_inject(cluster, 0, 3, &frame);
    }
    for (uint32_t m = 1; m < 3; m++) {
        struct frame frame = attestation_of(cluster, m, checkpoint);
        cluster_inject(cluster, 0, m, &frame);
    }
    assert_int_equal(cluster_status(cluster, 0).certified_height, checkpoint.height);
    /* Its honest word counts again as soon as it comes. */
    struct frame frame = attestation_of(cluster, 3, checkpoint);
    cluster_inject(cluster, 0, 3, &frame);
    struct checkpoint certified;
    assert_int_equal(signers(cluster, 0, &certified), 4);
    cluster_free(cluster);
}

static void signature_of_another_or_none_then_refused_and_not_counted(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    struct cluster *cluster = without_certificates(&checkpoint);
    for (uint32_t m = 1; m < 4; m++) {
        struct frame frame = attestation_of(cluster, (m + 1) % 4, checkpoint);
        cluster_inject(cluster, 0, m, &frame);
        assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].status, STATUS_BAD_SIGNATURE);
        assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].member, m);
    }
    assert_true(cluster_status(cluster, 0).certified_height < checkpoint.height);
    assert_false(cluster_status(cluster, 0).diverged);
    cluster_free(cluster);
}

static void two_others_with_another_root_then_still_running_three_then_diverged(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    struct cluster *cluster = without_certificates(&checkpoint);
    struct checkpoint other = checkpoint;
    other.root.bytes[5] ^= 1;
    for (uint32_t m = 1; m < 4; m++) {
        assert_false(cluster_status(cluster, 0).diverged);
        struct frame frame = attestation_of(cluster, m, other);
        cluster_inject(cluster, 0, m, &frame);
    }
    assert_true(cluster_status(cluster, 0).diverged);
    assert_int_equal(cluster->nodes[0].events[EVENT_DIVERGED], 1);
    assert_int_equal(cluster->nodes[0].last[EVENT_DIVERGED].height, checkpoint.height);
    /* It says nothing more, and keeps what it has. */
    assert_int_equal(replica_deadline_us(cluster->nodes[0].replica), UINT64_MAX);
    struct question_id question = {{0}};
    assert_int_equal(cluster_tell(cluster, 0, question, "seen"), STATUS_DIVERGED);
    assert_int_equal(cluster_height(cluster, 0), checkpoint.height);
    cluster_free(cluster);
}

/* Some of the conflicting words come before the height is executed here, some after. */
static void other_roots_before_and_after_execution_then_diverged(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    struct cluster *cluster = without_certificates(&checkpoint);
    struct checkpoint ahead = checkpoint;
    ahead.height++;
    ahead.size += 2;
    for (uint32_t m = 1; m < 3; m++) {
        struct frame frame = attestation_of(cluster, m, ahead);
        cluster_inject(cluster, 0, m, &frame);
    }
    uint64_t index;
    struct record_belief belief;
    struct machine *machine = replica_machine(cluster->nodes[0].replica);
    assert_int_equal(machine_belief_at(machine, 0, &belief), STATUS_OK);
    assert_int_equal(machine_find_question(machine, &belief.question, &index), STATUS_OK);
    assert_int_equal(cluster_tell(cluster, 2, belief.question, "seen later"), STATUS_OK);
    cluster_run(cluster, 100000);
    assert_int_equal(cluster_height(cluster, 0), ahead.height);
    assert_false(cluster_status(cluster, 0).diverged);
    struct frame frame = attestation_of(cluster, 3, ahead);
    cluster_inject(cluster, 0, 3, &frame);
    assert_true(cluster_status(cluster, 0).diverged);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_anything_is_executed_then_no_certificate),
        cmocka_unit_test(quorum_signs_then_a_certificate_that_grows_to_all),
        cmocka_unit_test(threshold_of_all_then_no_certificate_without_everybody),
        cmocka_unit_test(heights_far_ahead_then_only_the_liar_s_own_word_is_lost),
        cmocka_unit_test(signature_of_another_or_none_then_refused_and_not_counted),
        cmocka_unit_test(two_others_with_another_root_then_still_running_three_then_diverged),
        cmocka_unit_test(other_roots_before_and_after_execution_then_diverged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
