/* The door: what a member takes from its own clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "crypto/sha256.h"

static enum status submit_bytes(struct cluster *cluster, struct slice bytes, struct slice content, uint64_t *ret_seq,
                                uint32_t *ret_index) {
    struct node *node = &cluster->nodes[1];
    return replica_submit(node->replica, cluster_time(node), bytes, content, ret_seq, ret_index);
}

static enum status submit(struct cluster *cluster, const struct item *item, struct slice content, uint64_t *ret_seq,
                          uint32_t *ret_index) {
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, item);
    return submit_bytes(cluster, writer_slice(&writer), content, ret_seq, ret_index);
}

static enum status tell(struct cluster *cluster, struct question_id question, const char *text) {
    struct item item = make_tell(question, text);
    uint64_t seq;
    uint32_t index;
    return submit(cluster, &item, slice_of(NULL, 0), &seq, &index);
}

static void what_execution_would_refuse_then_refused_at_the_door(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    struct question_id panel = cluster_ask(cluster, 1, MODE_PANEL, 1000000000);
    struct question_id unknown = {{1}};
    assert_int_equal(tell(cluster, unknown, "seen"), STATUS_UNKNOWN_QUESTION);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        assert_int_equal(cluster_tell(cluster, m, question, "seen"), STATUS_OK);
        assert_int_equal(cluster_tell(cluster, m, panel, "seen"), STATUS_OK);
    }
    /* On its way, then executed: the answer is the same. */
    assert_int_equal(tell(cluster, question, "seen"), STATUS_DUPLICATE_OBSERVATION);
    cluster_settle(cluster, 5000000);
    assert_int_equal(tell(cluster, question, "seen"), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(tell(cluster, panel, "seen"), STATUS_SEALED);
    struct item retract = {.kind = ITEM_RETRACT};
    retract.retract.question = question;
    retract.retract.observation = slice_of_text("never seen");
    uint64_t seq;
    uint32_t index;
    assert_int_equal(submit(cluster, &retract, slice_of(NULL, 0), &seq, &index), STATUS_UNKNOWN_OBSERVATION);
    retract.retract.observation = slice_of_text("seen");
    assert_int_equal(submit(cluster, &retract, slice_of(NULL, 0), &seq, &index), STATUS_OK);
    assert_int_equal(submit(cluster, &retract, slice_of(NULL, 0), &seq, &index), STATUS_UNKNOWN_OBSERVATION);
    cluster_turn(&cluster->nodes[1]);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster->nodes[1].events[EVENT_REFUSED], 0);
    cluster_free(cluster);
}

static void told_and_retracted_in_one_breath_then_both_executed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    struct item retract = {.kind = ITEM_RETRACT};
    uint64_t seq;
    uint32_t index;
    retract.retract.question = question;
    retract.retract.observation = slice_of_text("seen");
    assert_int_equal(tell(cluster, question, "seen"), STATUS_OK);
    assert_int_equal(submit(cluster, &retract, slice_of(NULL, 0), &seq, &index), STATUS_OK);
    cluster_turn(&cluster->nodes[1]);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 0);
    assert_int_equal(cluster->nodes[1].events[EVENT_REFUSED], 0);
    cluster_free(cluster);
}

/* Two members close the same question at once: only execution can tell which one is late. */
static void refused_by_execution_then_the_owner_is_told_where(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct item close = {.kind = ITEM_CLOSE};
    close.close.question = question;
    assert_int_equal(cluster_submit(cluster, 0, &close, slice_of(NULL, 0)), STATUS_OK);
    assert_int_equal(cluster_submit(cluster, 0, &close, slice_of(NULL, 0)), STATUS_QUESTION_CLOSED);
    cluster_run(cluster, 2500);
    assert_int_equal(cluster_tell(cluster, 1, question, "too late"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster->nodes[1].events[EVENT_REFUSED], 1);
    assert_int_equal(cluster->nodes[1].last[EVENT_REFUSED].status, STATUS_QUESTION_CLOSED);
    assert_int_equal(cluster->nodes[1].last[EVENT_REFUSED].seq, 1);
    assert_int_equal(cluster->nodes[1].last[EVENT_REFUSED].item, 0);
    assert_int_equal(cluster->nodes[0].events[EVENT_REFUSED], 0);
    cluster_free(cluster);
}

static void malformed_or_oversize_then_refused(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    static uint8_t big[CONTENT_BYTES_MAX + 1];
    struct item item = make_tell(question, "seen");
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq = 99;
    uint32_t index = 99;
    struct slice none = slice_of(NULL, 0);
    item_put(&writer, &item);
    assert_int_equal(submit_bytes(cluster, slice_of(bytes, writer.bytes - 1), none, &seq, &index), STATUS_TRUNCATED);
    assert_int_equal(submit_bytes(cluster, slice_of(bytes, writer.bytes + 1), none, &seq, &index),
                     STATUS_TRAILING_BYTES);
    assert_int_equal(submit_bytes(cluster, none, none, &seq, &index), STATUS_TRUNCATED);
    assert_int_equal(submit(cluster, &item, slice_of(big, 5), &seq, &index), STATUS_BAD_HASH);
    item.tell.has_content = true;
    sha256_of(slice_of(big, sizeof big), &item.tell.content);
    assert_int_equal(submit(cluster, &item, slice_of(big, sizeof big), &seq, &index), STATUS_TOO_LARGE);
    assert_int_equal(submit(cluster, &item, slice_of(big, 5), &seq, &index), STATUS_BAD_HASH);
    assert_int_equal(seq, 99);
    assert_int_equal(index, 99);
    sha256_of(slice_of(big, CONTENT_BYTES_MAX), &item.tell.content);
    assert_int_equal(submit(cluster, &item, slice_of(big, CONTENT_BYTES_MAX), &seq, &index), STATUS_OK);
    assert_int_equal(seq, 2);
    assert_int_equal(index, 0);
    cluster_turn(&cluster->nodes[1]);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    cluster_free(cluster);
}

static void all_or_nothing_then_a_refusal_takes_the_whole_back(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    struct replica *replica = cluster->nodes[1].replica;
    assert_int_equal(tell(cluster, question, "first"), STATUS_OK);
    struct replica_mark mark = replica_mark(replica);
    assert_int_equal(tell(cluster, question, "second"), STATUS_OK);
    assert_int_equal(tell(cluster, question, "third"), STATUS_OK);
    assert_int_equal(tell(cluster, question, "first"), STATUS_DUPLICATE_OBSERVATION);
    replica_rewind(replica, mark);
    cluster_turn(&cluster->nodes[1]);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 1);
    assert_int_equal(tell(cluster, question, "second"), STATUS_OK);
    replica_rewind(replica, replica_mark(replica));
    cluster_turn(&cluster->nodes[1]);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 2);
    cluster_free(cluster);
}

static void nothing_gets_final_then_busy_at_the_limit_and_nothing_lost(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    cluster_crash(cluster, 2);
    cluster_crash(cluster, 3);
    uint64_t taken = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && taken < 1000) {
        char text[32];
        snprintf(text, sizeof text, "seen %llu", (unsigned long long)taken);
        status = cluster_tell(cluster, 1, question, text);
        taken += status == STATUS_OK;
    }
    assert_int_equal(status, STATUS_BUSY);
    assert_in_range(taken, LANE_OUTSTANDING_MAX - 8, LANE_OUTSTANDING_MAX);
    assert_int_equal(cluster_status(cluster, 1).outstanding, taken);
    cluster_start(cluster, 2, MEMORY_WHOLE);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 3, question), taken);
    assert_int_equal(cluster_tell(cluster, 1, question, "one more"), STATUS_OK);
    cluster_free(cluster);
}

/* More than one batch can hold is sealed as several, in one turn. */
static void more_than_a_batch_then_several(void **state) {
    (void)state;
    static uint8_t content[CONTENT_BYTES_MAX];
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 1, MODE_POOL, 1000);
    uint64_t seq = 0, first_seq = 0;
    uint32_t index = 0;
    for (uint32_t i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "seen %u", i);
        struct item item = make_tell(question, text);
        item.tell.has_content = true;
        content[0] = (uint8_t)i;
        sha256_of(slice_of(content, sizeof content), &item.tell.content);
        assert_int_equal(submit(cluster, &item, slice_of(content, sizeof content), &seq, &index), STATUS_OK);
        if (i == 0) first_seq = seq;
    }
    assert_int_equal(seq, first_seq + 2);
    cluster_turn(&cluster->nodes[1]);
    assert_int_equal(cluster_lane(cluster, 1, 1).tip.seq, seq);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 0, question), 100);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_execution_would_refuse_then_refused_at_the_door),
        cmocka_unit_test(told_and_retracted_in_one_breath_then_both_executed),
        cmocka_unit_test(refused_by_execution_then_the_owner_is_told_where),
        cmocka_unit_test(malformed_or_oversize_then_refused),
        cmocka_unit_test(all_or_nothing_then_a_refusal_takes_the_whole_back),
        cmocka_unit_test(nothing_gets_final_then_busy_at_the_limit_and_nothing_lost),
        cmocka_unit_test(more_than_a_batch_then_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
