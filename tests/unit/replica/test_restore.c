/* Crashes at every commit, and what comes back from a ledger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cluster.h"

/* Evidence of everybody, with member 1 crashing at its `at`-th commit, before or after it; it comes back at once.
 * What leaves anybody is watched by the cluster: no two votes and no two batches may contradict each other. */
static void crash_once(uint64_t at, bool sent) {
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct node *node = &cluster->nodes[1];
    node->commits = 0;
    node->crash_at = at;
    node->crash_sent = sent;
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint64_t taken = 0;
    for (uint32_t round = 0; round < 3; round++) {
        char text[32];
        snprintf(text, sizeof text, "seen %u", round);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
            if (cluster->nodes[m].replica == NULL) continue;
            enum status told = cluster_tell(cluster, m, question, text);
            taken += told == STATUS_OK;
            /* Who has just come back may not know the question yet. */
            if (told != STATUS_OK) assert_true(m == 1 && told == STATUS_UNKNOWN_QUESTION);
        }
        cluster_run(cluster, 5000);
        if (node->replica == NULL) cluster_start(cluster, 1, MEMORY_WHOLE);
    }
    node->crash_at = 0;
    cluster_run(cluster, 50000);
    if (node->replica == NULL) cluster_start(cluster, 1, MEMORY_WHOLE);
    cluster_settle(cluster, 20000000);
    /* What was committed counts: at most the item of the turn that was not committed is lost. */
    uint64_t items = cluster_items(cluster, 0, question);
    assert_in_range(items, sent ? taken : taken - 1, taken);
    for (uint32_t m = 1; m < CLUSTER_MEMBERS; m++) assert_int_equal(cluster_items(cluster, m, question), items);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        assert_int_equal(cluster->nodes[m].events[EVENT_MISBEHAVIOUR], 0);
        assert_int_equal(cluster->nodes[m].events[EVENT_PEER_REFUSED], 0);
    }
    cluster_free(cluster);
}

static void crash_at_any_commit_then_the_same_root_and_no_second_vote(void **state) {
    (void)state;
    for (uint64_t at = 1; at <= 150; at++) crash_once(at, false);
}

static void crash_after_any_commit_before_its_sends_then_the_same(void **state) {
    (void)state;
    for (uint64_t at = 1; at <= 150; at += 3) crash_once(at, true);
}

/* Everybody stops at once, with batches that are not executed, votes and candidate blocks around. */
static void everybody_crashes_then_everything_comes_back(void **state) {
    (void)state;
    for (uint64_t after_us = 500; after_us < 20000; after_us += 1000) {
        struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
        struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
            assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
        cluster_run(cluster, after_us);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_crash(cluster, m);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_start(cluster, m, MEMORY_WHOLE);
        cluster_settle(cluster, 20000000);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
            assert_int_equal(cluster_items(cluster, m, question), CLUSTER_MEMBERS);
        cluster_free(cluster);
    }
}

static void own_item_on_its_way_then_still_refused_a_second_time_after_a_restart(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    cluster_crash(cluster, 3);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen too"), STATUS_OK);
    cluster_start(cluster, 2, MEMORY_WHOLE);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_items(cluster, 0, question), 2);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_DUPLICATE_OBSERVATION);
    cluster_free(cluster);
}

static void certificate_and_final_block_then_restored_with_the_ledger(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    struct replica_status before = cluster_status(cluster, 1);
    struct checkpoint certified;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_crash(cluster, m);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    struct replica_status after = cluster_status(cluster, 1);
    assert_int_equal(after.checkpoint.height, before.checkpoint.height);
    assert_true(hash_equal(&after.checkpoint.root, &before.checkpoint.root));
    assert_int_equal(after.certified_height, before.certified_height);
    assert_int_equal(replica_certified(cluster->nodes[1].replica, &certified, signatures, &count), STATUS_OK);
    assert_true(count >= 3);
    assert_true(after.view >= before.view);
    cluster_free(cluster);
}

/* Member 0 followed one version of lane 3; the others made the other one final. Its own batch refers to what is
 * gone. */
static bool member_0_only_votes(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)to;
    bool speaks_of_lanes = frame->type == FRAME_BATCH || frame->type == FRAME_ACK || frame->type == FRAME_PROOF;
    return from != 0 || !speaks_of_lanes;
}

static void own_batch_that_refers_to_the_lost_version_then_its_place_is_not_signed_again(void **state) {
    (void)state;
    static struct forged a, b;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    cluster_crash(cluster, 3);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "yes", &a);
    forge_sign(cluster, &a);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "no", &b);
    forge_sign(cluster, &b);
    cluster->carries = member_0_only_votes;
    cluster_inject(cluster, 0, 3, &b.frame);
    assert_int_equal(cluster_tell(cluster, 0, question, "mine"), STATUS_OK);
    cluster_inject(cluster, 1, 3, &a.frame);
    cluster_inject(cluster, 2, 3, &a.frame);
    uint64_t end = cluster->now_us + 5000000;
    while (cluster_lane(cluster, 0, 3).committed_seq == 0 && cluster->now_us < end) cluster_run(cluster, 500);
    tip = cluster_lane(cluster, 0, 3);
    assert_true(hash_equal(&tip.tip.hash, &a.hash));
    assert_false(tip.sealed);
    assert_int_equal(cluster_lane(cluster, 0, 0).tip.seq, 1);
    cluster_crash(cluster, 0);
    cluster_start(cluster, 0, MEMORY_WHOLE);
    assert_int_equal(cluster_lane(cluster, 0, 0).tip.seq, 0);
    assert_int_equal(cluster_tell(cluster, 0, question, "mine too"), STATUS_BUSY);
    /* The proof seals the lane; what referred to it binds nobody any more. */
    cluster->carries = NULL;
    cluster_run(cluster, 5000000);
    assert_true(cluster_lane(cluster, 0, 3).sealed);
    assert_int_equal(cluster_lane(cluster, 0, 0).tip.seq, 1);
    assert_int_equal(cluster_tell(cluster, 0, question, "mine"), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(cluster_tell(cluster, 0, question, "mine too"), STATUS_OK);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_items(cluster, 1, question), 3);
    cluster_free(cluster);
}

/* A certificate in the ledger that too few signed, or of another root, is no certificate. */
static void certificate_of_the_ledger_is_checked(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct checkpoint certified;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    struct replica *replica = cluster->nodes[1].replica;
    assert_int_equal(replica_certified(replica, &certified, signatures, &count), STATUS_OK);
    assert_int_equal(replica_restore_certified(replica, &certified, signatures, 2), STATUS_CORRUPT);
    assert_int_equal(replica_restore_certified(replica, &certified, signatures, 0), STATUS_CORRUPT);
    signatures[0].signature[0] ^= 1;
    assert_int_equal(replica_restore_certified(replica, &certified, signatures, count), STATUS_CORRUPT);
    struct checkpoint other = certified;
    other.root.bytes[0] ^= 1;
    for (uint32_t i = 0; i < 3; i++) {
        signatures[i].member = i;
        checkpoint_sign(&other, &cluster->chain, cluster->nodes[i].secret, signatures[i].signature);
    }
    assert_int_equal(replica_restore_certified(replica, &other, signatures, 3), STATUS_CORRUPT);
    for (uint32_t i = 0; i < 3; i++)
        checkpoint_sign(&certified, &cluster->chain, cluster->nodes[i].secret, signatures[i].signature);
    assert_int_equal(replica_restore_certified(replica, &certified, signatures, 3), STATUS_OK);
    cluster_free(cluster);
}

static void no_send(void *context, uint32_t to, struct slice frame) {
    (void)context;
    (void)to;
    (void)frame;
}

static void no_event(void *context, const struct replica_event *event) {
    (void)context;
    (void)event;
}

/* A bit in the epoch of a block whose finalization is a later one's: nothing but the number itself says so. */
static void height_of_another_epoch_then_the_ledger_is_corrupt(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct slice bytes, finalization;
    struct block *block = malloc(sizeof *block);
    uint8_t *changed = malloc(BLOCK_BYTES_ENCODED_MAX);
    struct hash hash;
    assert_non_null(block);
    assert_non_null(changed);
    assert_int_equal(memory_ledger_read_height(cluster->nodes[0].ledger, 1, &bytes, &finalization), STATUS_OK);
    assert_int_equal(block_read(bytes, &cluster->chain, block, &hash), STATUS_OK);
    block->epoch = 1;
    struct writer writer = writer_of(changed, BLOCK_BYTES_ENCODED_MAX);
    block_put(&writer, block, &cluster->chain);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    cluster_crash(cluster, 1);
    void *memory = mmap(NULL, cluster->replica_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    struct replica_config config = cluster->config;
    config.self = 1;
    config.secret = cluster->nodes[1].secret;
    struct replica_ports ports = {.context = cluster->nodes[0].ledger,
                                  .read_batch = memory_ledger_read_batch,
                                  .read_lane = memory_ledger_read_lane,
                                  .send = no_send,
                                  .event = no_event};
    struct replica *replica = replica_init(memory, cluster->replica_bytes, &config, &ports);
    struct checkpoint checkpoint = {.height = 1};
    assert_int_equal(replica_restore_height(replica, 1, writer_slice(&writer), slice_of(NULL, 0), &checkpoint),
                     STATUS_CORRUPT);
    munmap(memory, cluster->replica_bytes);
    free(block);
    free(changed);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_at_any_commit_then_the_same_root_and_no_second_vote),
        cmocka_unit_test(crash_after_any_commit_before_its_sends_then_the_same),
        cmocka_unit_test(everybody_crashes_then_everything_comes_back),
        cmocka_unit_test(own_item_on_its_way_then_still_refused_a_second_time_after_a_restart),
        cmocka_unit_test(certificate_and_final_block_then_restored_with_the_ledger),
        cmocka_unit_test(own_batch_that_refers_to_the_lost_version_then_its_place_is_not_signed_again),
        cmocka_unit_test(certificate_of_the_ledger_is_checked),
        cmocka_unit_test(height_of_another_epoch_then_the_ledger_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
