/* The level of a member in its own lane, the raised threshold, and certificates that wait for it (docs/protocol.md 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"

#define SECOND_US UINT64_C(1000000)

static struct replica_reach reach_of(const struct cluster *cluster, uint32_t member) {
    struct replica_reach reach;
    replica_reach(cluster->nodes[member].replica, &reach);
    return reach;
}

static enum level committed(const struct cluster *cluster, uint32_t at, uint32_t member) {
    return machine_member(replica_machine(cluster->nodes[at].replica), member).level;
}

static struct threshold threshold_of(const struct cluster *cluster, uint32_t member) {
    return cluster_status(cluster, member).checkpoint.threshold;
}

static const struct threshold raised = {9, 10};

/* Nothing is carried to or from member 3. */
static bool without_3(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)frame;
    return from != 3 && to != 3;
}

static void member_falls_silent_then_levels_and_a_certificate_that_waits_for_it(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_3;
    cluster_run(cluster, 2 * SECOND_US);
    for (uint32_t m = 0; m < 3; m++) {
        struct replica_reach reach = reach_of(cluster, m);
        assert_int_equal(reach.level, LEVEL_MAJOR);
        assert_int_equal(member_set_count(&reach.unreachable), 1);
        assert_true(member_set_has(&reach.unreachable, 3));
        assert_int_equal(cluster->nodes[m].last[EVENT_LEVEL].level, LEVEL_MAJOR);
        for (uint32_t of = 0; of < 3; of++) assert_int_equal(committed(cluster, m, of), LEVEL_MAJOR);
        assert_int_equal(threshold_compare(threshold_of(cluster, m), raised), 0);
        assert_int_equal(cluster->nodes[m].events[EVENT_THRESHOLD], 1);
    }
    assert_int_equal(reach_of(cluster, 3).level, LEVEL_SEVERE);
    /* Order goes on, certificates wait. */
    uint64_t certified = cluster_status(cluster, 0).certified_height;
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_run(cluster, 20 * SECOND_US);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    assert_int_equal(cluster_status(cluster, 0).certified_height, certified);
    struct replica_share share;
    replica_share(cluster->nodes[0].replica, certified + 1, &share);
    assert_int_equal(share.height, cluster_height(cluster, 0));
    assert_int_equal(share.needed, 4);
    assert_int_equal(member_set_count(&share.signers), 3);
    assert_false(member_set_has(&share.signers, 3));
    assert_int_equal(share.weight, 3 * 65536);
    assert_int_equal(share.weight_total, 4 * 65536);
    /* Its signature comes after the heal, without any new evidence. */
    cluster->carries = NULL;
    cluster_settle(cluster, 10 * SECOND_US);
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    assert_int_equal(replica_certified(cluster->nodes[0].replica, &checkpoint, signatures, &count), STATUS_OK);
    assert_int_equal(count, 4);
    assert_int_equal(threshold_compare(checkpoint.threshold, raised), 0);
    assert_true(checkpoint.height > certified);
    cluster_run(cluster, 35 * SECOND_US);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        assert_int_equal(reach_of(cluster, m).level, LEVEL_CONNECTED);
        assert_int_equal(threshold_compare(threshold_of(cluster, m), THRESHOLD_DEFAULT), 0);
        assert_int_equal(committed(cluster, 0, m), LEVEL_CONNECTED);
    }
    cluster_settle(cluster, SECOND_US);
    cluster_free(cluster);
}

/* The group is idle again after the levels were told: no more than a few batches for each change. */
static void level_told_then_silence(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_3;
    cluster_run(cluster, 5 * SECOND_US);
    uint64_t height = cluster_height(cluster, 0);
    uint64_t batches = cluster->frames[FRAME_BATCH];
    cluster_run(cluster, 60 * SECOND_US);
    assert_int_equal(cluster_height(cluster, 0), height);
    assert_int_equal(cluster->frames[FRAME_BATCH], batches);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_lane(cluster, m, m).tip.seq, m == 0 ? 2 : 1);
    /* The one that is alone has said severe, once or by way of major, and can't be heard. */
    assert_true(cluster_lane(cluster, 3, 3).tip.seq <= 2);
    cluster_free(cluster);
}

/* A restart forgets what was seen, but what was said stands for as long as it would have without. */
static void restart_at_a_level_then_it_falls_no_earlier(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_3;
    cluster_run(cluster, 3 * SECOND_US);
    cluster->carries = NULL;
    cluster_run(cluster, 2 * SECOND_US);
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    cluster_run(cluster, 20 * SECOND_US);
    assert_int_equal(reach_of(cluster, 1).level, LEVEL_CONNECTED);
    assert_int_equal(committed(cluster, 0, 1), LEVEL_MAJOR);
    cluster_run(cluster, 15 * SECOND_US);
    assert_int_equal(committed(cluster, 0, 1), LEVEL_CONNECTED);
    cluster_free(cluster);
}

/* One that hears nobody since it started has a grace; the others, who heard it once, have none. */
static void start_without_links_then_connected_until_the_grace_is_over(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    cluster->carries = without_3;
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_run(cluster, 9 * SECOND_US);
    assert_int_equal(reach_of(cluster, 3).level, LEVEL_CONNECTED);
    assert_int_equal(reach_of(cluster, 0).level, LEVEL_MAJOR);
    cluster_run(cluster, 2 * SECOND_US);
    assert_int_equal(reach_of(cluster, 3).level, LEVEL_SEVERE);
    cluster_free(cluster);
}

/* Member 3 does not hear member 0 any more, but is heard by it. */
static bool not_from_0_to_3(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)context;
    (void)frame;
    return from != 0 || to != 3;
}

static void one_direction_lost_then_one_level_and_no_raise(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = not_from_0_to_3;
    cluster_run(cluster, 5 * SECOND_US);
    assert_int_equal(reach_of(cluster, 3).level, LEVEL_MAJOR);
    assert_int_equal(reach_of(cluster, 0).level, LEVEL_CONNECTED);
    assert_int_equal(committed(cluster, 1, 3), LEVEL_MAJOR);
    assert_int_equal(threshold_compare(threshold_of(cluster, 1), THRESHOLD_DEFAULT), 0);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen"), STATUS_OK);
    cluster_run(cluster, SECOND_US);
    assert_int_equal(cluster_status(cluster, 1).certified_height, cluster_height(cluster, 1));
    cluster_free(cluster);
}

static void level_on_its_way_then_a_second_one_is_refused(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct item item = {.kind = ITEM_LEVEL, .level = LEVEL_SEVERE};
    const struct slice none = slice_of(NULL, 0);
    assert_int_equal(cluster_submit(cluster, 2, &item, none), STATUS_OK);
    assert_int_equal(cluster_submit(cluster, 2, &item, none), STATUS_DUPLICATE);
    item.level = LEVEL_MAJOR;
    assert_int_equal(cluster_submit(cluster, 2, &item, none), STATUS_DUPLICATE);
    cluster_run(cluster, SECOND_US);
    assert_int_equal(committed(cluster, 0, 2), LEVEL_SEVERE);
    item.level = LEVEL_SEVERE;
    assert_int_equal(cluster_submit(cluster, 2, &item, none), STATUS_DUPLICATE);
    item.level = LEVEL_MAJOR;
    assert_int_equal(cluster_submit(cluster, 2, &item, none), STATUS_OK);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_falls_silent_then_levels_and_a_certificate_that_waits_for_it),
        cmocka_unit_test(level_told_then_silence),
        cmocka_unit_test(restart_at_a_level_then_it_falls_no_earlier),
        cmocka_unit_test(start_without_links_then_connected_until_the_grace_is_over),
        cmocka_unit_test(one_direction_lost_then_one_level_and_no_raise),
        cmocka_unit_test(level_on_its_way_then_a_second_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
