/* What a replica reads back: batches of its lanes, before and after they are executed, and executed blocks. */
#include "replica/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"

/* The header that was read back, whose hash and place are what was asked for. */
static void expect_batch(struct cluster *cluster, uint32_t member, uint64_t seq, struct header *ret_header) {
    struct replica_batch batch;
    struct hash hash, root;
    assert_int_equal(replica_batch(cluster->nodes[1].replica, member, seq, &batch), STATUS_OK);
    assert_int_equal(header_read(batch.header, &cluster->chain, ret_header, &hash), STATUS_OK);
    assert_true(hash_equal(&hash, &batch.hash));
    assert_true(ret_header->member == member && ret_header->seq == seq);
    assert_int_equal(batch.body.bytes, ret_header->bytes);
    assert_int_equal(items_check(batch.body, ret_header->count, &root), STATUS_OK);
    assert_true(hash_equal(&root, &ret_header->root));
}

static void batches_before_and_after_execution_then_the_same_chain(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct header *header = calloc(2, sizeof *header);
    struct replica_lane lane;
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    assert_int_equal(cluster_tell(cluster, 1, question, "held"), STATUS_OK);
    cluster_turn(&cluster->nodes[1]);
    replica_lane(cluster->nodes[1].replica, 1, &lane);
    uint64_t held = lane.tip.seq;
    assert_true(held > lane.committed_seq);
    expect_batch(cluster, 1, held, &header[0]);
    cluster_settle(cluster, 5000000);
    replica_lane(cluster->nodes[1].replica, 1, &lane);
    assert_true(held <= lane.committed_seq);
    expect_batch(cluster, 1, held, &header[1]);
    assert_true(hash_equal(&header[0].root, &header[1].root) && header[0].wall_us == header[1].wall_us);
    for (uint64_t seq = lane.tip.seq; seq > 1; seq--) {
        struct replica_batch before;
        expect_batch(cluster, 1, seq, &header[0]);
        assert_int_equal(replica_batch(cluster->nodes[1].replica, 1, seq - 1, &before), STATUS_OK);
        assert_true(hash_equal(&header[0].prev, &before.hash));
    }
    free(header);
    cluster_free(cluster);
}

static void no_such_batch_then_not_found(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct replica *replica = cluster->nodes[1].replica;
    struct replica_batch batch;
    struct replica_lane lane;
    (void)cluster_ask(cluster, 1, MODE_POOL, 1000);
    cluster_settle(cluster, 5000000);
    replica_lane(replica, 1, &lane);
    assert_int_equal(replica_batch(replica, 1, 0, &batch), STATUS_NOT_FOUND);
    assert_int_equal(replica_batch(replica, 1, lane.tip.seq + 1, &batch), STATUS_NOT_FOUND);
    assert_int_equal(replica_batch(replica, 1, UINT64_MAX, &batch), STATUS_NOT_FOUND);
    assert_int_equal(replica_batch(replica, CLUSTER_MEMBERS, 1, &batch), STATUS_NOT_FOUND);
    cluster_free(cluster);
}

static void executed_heights_then_their_blocks_and_no_others(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct replica *replica = cluster->nodes[1].replica;
    struct block *block = calloc(1, sizeof *block);
    struct slice bytes;
    (void)cluster_ask(cluster, 1, MODE_POOL, 1000);
    cluster_settle(cluster, 5000000);
    uint64_t height = machine_height(replica_machine(replica));
    assert_true(height > 0);
    for (uint64_t h = 1; h <= height; h++) {
        struct hash hash;
        assert_int_equal(replica_block(replica, h, &bytes), STATUS_OK);
        assert_int_equal(block_read(bytes, &cluster->chain, block, &hash), STATUS_OK);
        assert_int_equal(block->height, h);
    }
    assert_int_equal(replica_block(replica, 0, &bytes), STATUS_NOT_FOUND);
    assert_int_equal(replica_block(replica, height + 1, &bytes), STATUS_NOT_FOUND);
    free(block);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_before_and_after_execution_then_the_same_chain),
        cmocka_unit_test(no_such_batch_then_not_found),
        cmocka_unit_test(executed_heights_then_their_blocks_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
