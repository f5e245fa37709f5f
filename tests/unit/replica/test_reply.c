/* What one member can make another one send it: bounded by bytes and by number, and what the others ask for is answered all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* What left for a member. */
struct watch {
    uint32_t to;
    uint64_t frames;
    uint64_t bytes;
};

/* Everything is carried but to and from who asks so much: of it there are only the questions that the test puts. */
static bool count_and_drop(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    struct watch *watch = context;
    if (from == watch->to) return false;
    if (from != 0 || to != watch->to) return true;
    watch->frames++;
    if (frame->type == FRAME_BATCH)
        watch->bytes += frame->batch.header.bytes + frame->batch.body.bytes + frame->batch.contents.bytes;
    return false;
}

/* The first batch of member 0: with `bytes` of content. */
static struct tip large_batch(struct cluster *cluster, struct question_id question, size_t bytes) {
    uint8_t *content = malloc(CONTENT_BYTES_MAX);
    assert_non_null(content);
    memset(content, 7, CONTENT_BYTES_MAX);
    struct replica *replica = cluster->nodes[0].replica;
    uint64_t seq = 0;
    for (size_t i = 0; i * CONTENT_BYTES_MAX < bytes; i++) {
        char text[32];
        uint8_t encoded[ITEM_BYTES_MAX];
        struct writer writer = writer_of(encoded, sizeof encoded);
        uint32_t index;
        content[0] = (uint8_t)i;
        snprintf(text, sizeof text, "large %zu", i);
        struct item item = make_tell(question, text);
        struct slice slice = slice_of(content, CONTENT_BYTES_MAX);
        item.tell.has_content = true;
        sha256_of(slice, &item.tell.content);
        item_put(&writer, &item);
        assert_int_equal(
            replica_submit(replica, cluster_time(&cluster->nodes[0]), writer_slice(&writer), slice, &seq, &index),
            STATUS_OK);
    }
    free(content);
    cluster_turn(&cluster->nodes[0]);
    cluster_settle(cluster, 5000000);
    struct replica_lane lane = cluster_lane(cluster, 0, 0);
    assert_int_equal(lane.tip.seq, seq);
    return lane.tip;
}

static void ask(struct cluster *cluster, uint32_t from, const struct frame *frame, int times) {
    for (int i = 0; i < times; i++) cluster_inject(cluster, 0, from, frame);
}

static void member_that_asks_for_everything_then_sent_so_many_bytes_and_no_more(void **state) {
    (void)state;
    struct watch watch = {.to = 3};
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct tip tip = large_batch(cluster, question, 2 * 1024 * 1024);
    struct frame fetch = {.type = FRAME_FETCH_BATCH, .fetch_batch = tip};
    cluster_run(cluster, 3000000); /* whatever was owed is forgotten */
    cluster->carries = count_and_drop;
    cluster->context = &watch;
    ask(cluster, 3, &fetch, 100);
    const uint64_t one = 3 * 1024 * 1024;
    assert_in_range(watch.bytes, REPLY_BURST_BYTES - one, REPLY_BURST_BYTES + one);
    assert_int_equal(cluster_status(cluster, 0).counters.replies_withheld, 100 - watch.frames);
    /* It is nobody's fault, and time heals it: so much a second. */
    assert_int_equal(cluster->nodes[0].events[EVENT_PEER_REFUSED], 0);
    for (int round = 0; round < 10; round++) {
        cluster_run(cluster, 100000);
        ask(cluster, 3, &fetch, 20);
    }
    assert_in_range(watch.bytes, REPLY_BURST_BYTES + REPLY_BYTES_PER_S - 2 * one,
                    REPLY_BURST_BYTES + REPLY_BYTES_PER_S + 2 * one);
    /* What one of them asks is not charged to another one. */
    watch = (struct watch){.to = 2};
    ask(cluster, 2, &fetch, 3);
    assert_int_equal(watch.frames, 3);
    cluster_free(cluster);
}

static void many_small_questions_then_so_many_are_looked_at_and_no_more(void **state) {
    (void)state;
    struct watch watch = {.to = 3};
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_run(cluster, 3000000);
    cluster->carries = count_and_drop;
    cluster->context = &watch;
    struct frame there = {.type = FRAME_FETCH_BATCH, .fetch_batch = {0, 1, {{0}}}};
    struct frame nowhere = {.type = FRAME_FETCH_BATCH, .fetch_batch = {0, 77, {{9}}}};
    const int most = (int)(REPLY_BURST_BYTES / REPLY_BYTES_MIN);
    ask(cluster, 3, &nowhere, most / 2);
    assert_int_equal(watch.frames, 0);
    assert_int_equal(cluster_status(cluster, 0).counters.replies_withheld, 0);
    ask(cluster, 3, &there, most);
    assert_in_range(watch.frames, most / 4, most / 2);
    assert_in_range(cluster_status(cluster, 0).counters.replies_withheld, most / 2, most);
    cluster_free(cluster);
}

static void heartbeats_without_end_then_answered_at_their_pace(void **state) {
    (void)state;
    struct watch watch = {.to = 3};
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_run(cluster, 3000000);
    cluster->carries = count_and_drop;
    cluster->context = &watch;
    cluster_run(cluster, 500000);
    /* Behind in everything: certificates and an attestation are what would help it. */
    struct frame beat = {.type = FRAME_HEARTBEAT};
    watch.frames = 0;
    ask(cluster, 3, &beat, 1);
    uint64_t once = watch.frames;
    assert_in_range(once, 1, 4);
    ask(cluster, 3, &beat, 1000);
    assert_int_equal(watch.frames, once);
    /* It is told again when half a heartbeat has passed, and what goes to everyone in the meantime is none of this. */
    cluster_run(cluster, 125000);
    watch.frames = 0;
    ask(cluster, 3, &beat, 1000);
    assert_int_equal(watch.frames, once);
    cluster_free(cluster);
}

/* Two hundred heights in as short a time as frames take, and nothing was withheld: what an honest member asks for stays far below. */
static void newcomer_with_a_long_history_then_nothing_is_withheld(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 3);
    for (int i = 0; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof text, "tell %d", i);
        assert_int_equal(cluster_tell(cluster, (uint32_t)i % 3, question, text), STATUS_OK);
        cluster_run(cluster, 8000);
    }
    cluster_settle(cluster, 5000000);
    cluster_forget(cluster, 3);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 5000000);
    assert_int_equal(cluster_items(cluster, 3, question), 200);
    int64_t spent = 0;
    for (uint32_t m = 0; m < 3; m++) {
        assert_int_equal(cluster_status(cluster, m).counters.replies_withheld, 0);
        spent += REPLY_BURST_BYTES - cluster->nodes[m].replica->peers[3].allowance;
    }
    /* Fifty times as many heights take fifty times as much: ten thousand fit what three members fill in less than a minute. */
    assert_true(spent * 50 < 3 * (int64_t)60 * REPLY_BYTES_PER_S);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_that_asks_for_everything_then_sent_so_many_bytes_and_no_more),
        cmocka_unit_test(many_small_questions_then_so_many_are_looked_at_and_no_more),
        cmocka_unit_test(heartbeats_without_end_then_answered_at_their_pace),
        cmocka_unit_test(newcomer_with_a_long_history_then_nothing_is_withheld),
    };
    return cmocka_run_group_tests_name("replies", tests, NULL, NULL);
}
