/* Whole lives of a small group: evidence, agreement, certificates, idleness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "quorum/quorum.h"

static void evidence_at_each_member_then_executed_everywhere_with_one_root(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
        assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        const struct node *node = &cluster->nodes[m];
        assert_int_equal(cluster_items(cluster, m, question), CLUSTER_MEMBERS);
        assert_true(node->events[EVENT_BATCH_AVAILABLE] >= 1);
        assert_int_equal(node->events[EVENT_BATCH_EXECUTED], m == 1 ? 2 : 1);
        assert_int_equal(node->events[EVENT_EXECUTED], cluster_height(cluster, m));
        assert_int_equal(node->last[EVENT_CERTIFIED].height, cluster_height(cluster, m));
        assert_int_equal(node->events[EVENT_MISBEHAVIOUR] + node->events[EVENT_PEER_REFUSED], 0);
    }
    cluster_free(cluster);
}

/* http waits for the event of each own batch, also when one block takes many. */
static void many_batches_in_one_block_then_each_is_told(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint64_t height = cluster_height(cluster, 2);
    for (int i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof text, "seen %d", i);
        assert_int_equal(cluster_tell(cluster, 2, question, text), STATUS_OK);
    }
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster->nodes[2].events[EVENT_BATCH_EXECUTED], 20);
    assert_int_equal(cluster->nodes[2].events[EVENT_BATCH_AVAILABLE], 20);
    assert_int_equal(cluster->nodes[2].executed_seq, 20);
    assert_true(cluster_height(cluster, 2) < height + 20);
    cluster_free(cluster);
}

static void nothing_to_do_then_heartbeats_alone(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    assert_int_equal(cluster_tell(cluster, 3, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    cluster_run(cluster, 3000000);
    uint64_t height = cluster_height(cluster, 0);
    memset(cluster->frames, 0, sizeof cluster->frames);
    cluster_run(cluster, 10000000);
    for (int type = 0; type < FRAME_TYPE_COUNT; type++) {
        bool idle = type == FRAME_HEARTBEAT || type == FRAME_ACK;
        if (!idle) assert_int_equal(cluster->frames[type], 0);
    }
    /* 4 a second of each to 3 others; an acknowledgement with every fourth. */
    assert_in_range(cluster->frames[FRAME_HEARTBEAT], 4 * 3 * 38, 4 * 3 * 42);
    assert_in_range(cluster->frames[FRAME_ACK], 4 * 3 * 9, 4 * 3 * 11);
    assert_int_equal(cluster_height(cluster, 0), height);
    cluster_free(cluster);
}

static void one_member_down_then_the_others_go_on(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    assert_int_equal(cluster_tell(cluster, 3, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    cluster_start(cluster, 2, MEMORY_WHOLE);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_items(cluster, 2, question), 1);
    cluster_free(cluster);
}

static void two_members_down_then_nothing_is_final_until_one_is_back(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint64_t height = cluster_height(cluster, 0);
    cluster_crash(cluster, 1);
    cluster_crash(cluster, 2);
    assert_int_equal(cluster_tell(cluster, 3, question, "seen"), STATUS_OK);
    cluster_run(cluster, 10000000);
    assert_int_equal(cluster_height(cluster, 0), height);
    struct record_belief belief;
    assert_int_equal(replica_local_belief(cluster->nodes[0].replica, &question, &belief), STATUS_OK);
    assert_int_equal(belief.items, 1);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    cluster_free(cluster);
}

/* In an idle group block time stands still; whoever's clock passes the end of a window writes an empty batch. */
static void window_ends_in_an_idle_cluster_then_empty_batches_get_there(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_PANEL, 3000000);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
    cluster_settle(cluster, 1000000);
    struct machine *machine = replica_machine(cluster->nodes[0].replica);
    struct record_belief belief;
    assert_int_equal(machine_belief_at(machine, 0, &belief), STATUS_OK);
    assert_int_equal(belief.contributors, 0);
    assert_true(machine_next_due_us(machine) != UINT64_MAX);
    cluster_run(cluster, 6000000);
    cluster_settle(cluster, 2000000);
    assert_int_equal(machine_belief_at(machine, 0, &belief), STATUS_OK);
    assert_int_equal(belief.contributors, 3);
    assert_int_equal(machine_next_due_us(machine), UINT64_MAX);
    uint64_t height = cluster_height(cluster, 0);
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster_height(cluster, 0), height);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_at_each_member_then_executed_everywhere_with_one_root),
        cmocka_unit_test(many_batches_in_one_block_then_each_is_told),
        cmocka_unit_test(nothing_to_do_then_heartbeats_alone),
        cmocka_unit_test(one_member_down_then_the_others_go_on),
        cmocka_unit_test(two_members_down_then_nothing_is_final_until_one_is_back),
        cmocka_unit_test(window_ends_in_an_idle_cluster_then_empty_batches_get_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
