/* Frames of every type: the good ones are covered elsewhere, here are those that are refused, and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "cluster.h"

/* A group that has lived a little, member 3 down; frames are handed to member 0 as member 2's. */
static struct cluster *start(struct question_id *ret_question) {
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    *ret_question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    assert_int_equal(cluster_tell(cluster, 2, *ret_question, "seen"), STATUS_OK);
    cluster_settle(cluster, 5000000);
    cluster_crash(cluster, 3);
    return cluster;
}

static void refused(struct cluster *cluster, const struct frame *frame, enum status why) {
    uint64_t before = cluster->nodes[0].events[EVENT_PEER_REFUSED];
    uint64_t counted = cluster_status(cluster, 0).counters.frames_refused;
    cluster_inject(cluster, 0, 2, frame);
    assert_int_equal(cluster->nodes[0].events[EVENT_PEER_REFUSED], before + 1);
    assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].member, 2);
    assert_int_equal(cluster->nodes[0].last[EVENT_PEER_REFUSED].status, why);
    assert_int_equal(cluster_status(cluster, 0).counters.frames_refused, counted + 1);
}

static void not_refused(struct cluster *cluster, const struct frame *frame) {
    uint64_t before = cluster->nodes[0].events[EVENT_PEER_REFUSED];
    cluster_inject(cluster, 0, 2, frame);
    assert_int_equal(cluster->nodes[0].events[EVENT_PEER_REFUSED], before);
}

static void hello_of_another_chain_or_member_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct frame hello = {.type = FRAME_HELLO, .hello = {cluster->chain, 2, 1}};
    not_refused(cluster, &hello);
    hello.hello.member = 1;
    refused(cluster, &hello, STATUS_UNKNOWN_MEMBER);
    hello.hello.member = 2;
    hello.hello.chain.bytes[3] ^= 1;
    refused(cluster, &hello, STATUS_WRONG_CHAIN);
    cluster_free(cluster);
}

static void unknown_member_inside_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct frame ack = {.type = FRAME_ACK};
    ack.ack.count = 1;
    ack.ack.tips[0] = (struct tip){4, 1, {{1}}};
    refused(cluster, &ack, STATUS_UNKNOWN_MEMBER);
    struct frame fetch = {.type = FRAME_FETCH_BATCH, .fetch_batch = {200, 1, {{1}}}};
    refused(cluster, &fetch, STATUS_UNKNOWN_MEMBER);
    struct frame vote = {.type = FRAME_VOTE, .vote = {.view = 50, .kind = VOTE_NULLIFY, .member = 4}};
    refused(cluster, &vote, STATUS_UNKNOWN_MEMBER);
    cluster_free(cluster);
}

static void vote_of_another_epoch_or_without_signature_then_refused(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct frame vote = {.type = FRAME_VOTE};
    vote.vote = (struct vote){.view = cluster_status(cluster, 0).view + 1, .kind = VOTE_NULLIFY, .member = 2};
    refused(cluster, &vote, STATUS_BAD_SIGNATURE);
    vote.vote.epoch = 1;
    vote_sign(&vote.vote, &cluster->chain, cluster->nodes[2].secret);
    not_refused(cluster, &vote); /* not taken, but no fault: this member may be the one that is behind */
    vote.vote.epoch = 0;
    vote_sign(&vote.vote, &cluster->chain, cluster->nodes[3].secret);
    refused(cluster, &vote, STATUS_BAD_SIGNATURE);
    vote_sign(&vote.vote, &cluster->chain, cluster->nodes[2].secret);
    not_refused(cluster, &vote);
    cluster_free(cluster);
}

static struct slice certificate_of(const struct cluster *cluster, uint64_t view, uint32_t count, uint8_t *bytes) {
    static struct vote_certificate certificate;
    certificate = (struct vote_certificate){.view = view, .kind = VOTE_NULLIFY, .count = count};
    for (uint32_t m = 0; m < count; m++) {
        struct vote vote = {.view = view, .kind = VOTE_NULLIFY, .member = m};
        vote_sign(&vote, &cluster->chain, cluster->nodes[m].secret);
        certificate.votes[m].member = m;
        memcpy(certificate.votes[m].signature, vote.signature, SIGNATURE_BYTES);
    }
    struct writer writer = writer_of(bytes, 4096);
    vote_certificate_put(&writer, &certificate);
    return writer_slice(&writer);
}

static void certificate_of_too_few_then_refused_of_enough_then_taken(void **state) {
    (void)state;
    uint8_t bytes[4096];
    struct question_id question;
    struct cluster *cluster = start(&question);
    cluster->lies = true;
    uint64_t view = cluster_status(cluster, 0).view;
    struct frame frame = {.type = FRAME_CERTIFICATE, .certificate = certificate_of(cluster, view, 2, bytes)};
    refused(cluster, &frame, STATUS_BELOW_THRESHOLD);
    assert_int_equal(cluster_status(cluster, 0).view, view);
    frame.certificate = certificate_of(cluster, view, 3, bytes);
    not_refused(cluster, &frame);
    assert_int_equal(cluster_status(cluster, 0).view, view + 1);
    cluster_free(cluster);
}

/* A block for the next view by member 2, or whoever leads, with entries as given. */
static void propose(const struct cluster *cluster, const struct tip *entries, uint32_t count, uint32_t signer,
                    struct frame *ret_frame) {
    static struct block block;
    static uint8_t bytes[4096];
    struct slice parent, finalization;
    struct replica_status status = cluster_status(cluster, 0);
    block = (struct block){.view = status.view, .height = status.checkpoint.height + 1};
    assert_int_equal(
        memory_ledger_read_height(cluster->nodes[0].ledger, status.checkpoint.height, &parent, &finalization),
        STATUS_OK);
    static struct block before;
    assert_int_equal(block_read(parent, &cluster->chain, &before, &block.parent), STATUS_OK);
    block.entries_count = count;
    for (uint32_t i = 0; i < count; i++) block.entries[i] = entries[i];
    struct writer writer = writer_of(bytes, sizeof bytes);
    block_put(&writer, &block, &cluster->chain);
    struct vote vote = {.view = block.view, .kind = VOTE_NOTARIZE, .member = signer};
    assert_int_equal(block_read(writer_slice(&writer), &cluster->chain, &before, &vote.block), STATUS_OK);
    vote_sign(&vote, &cluster->chain, cluster->nodes[signer].secret);
    *ret_frame = (struct frame){.type = FRAME_PROPOSAL};
    ret_frame->proposal.block = writer_slice(&writer);
    memcpy(ret_frame->proposal.signature, vote.signature, SIGNATURE_BYTES);
}

/* Blocks that no honest leader makes: none is voted for, and none stops a member. */
static void proposals_of_a_lying_leader_then_no_vote(void **state) {
    (void)state;
    const struct tip cases[][2] = {
        {{2, 1, {{9}}}, {0, 0, {{0}}}},          /* does not move forward */
        {{1, 1, {{9}}}, {0, 0, {{0}}}},          /* a batch that nobody has */
        {{250, 1, {{9}}}, {0, 0, {{0}}}},        /* no such member */
        {{1, UINT64_MAX, {{9}}}, {0, 0, {{0}}}}, /* far away */
        {{0, 1000, {{9}}}, {3, 77, {{8}}}},      /* several of them */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct question_id question;
        struct cluster *cluster = start(&question);
        cluster->lies = true;
        /* Views go by until the turn is member 2's. */
        while (cluster_status(cluster, 0).view % CLUSTER_MEMBERS != 2) {
            uint8_t bytes[4096];
            struct frame skip = {.type = FRAME_CERTIFICATE};
            skip.certificate = certificate_of(cluster, cluster_status(cluster, 0).view, 3, bytes);
            cluster_inject(cluster, 0, 2, &skip);
        }
        struct frame frame;
        uint32_t count = cases[i][1].seq == 0 ? 1 : 2;
        propose(cluster, cases[i], count, 1, &frame);
        refused(cluster, &frame, STATUS_BAD_SIGNATURE);
        size_t votes = cluster->votes_count;
        propose(cluster, cases[i], count, 2, &frame);
        cluster_inject(cluster, 0, 2, &frame);
        for (size_t v = votes; v < cluster->votes_count; v++)
            assert_false(cluster->votes[v].member == 0 && cluster->votes[v].kind == VOTE_NOTARIZE);
        cluster_run(cluster, 1000000);
        assert_int_equal(cluster_tell(cluster, 1, question, "seen later"), STATUS_OK);
        cluster_start(cluster, 3, MEMORY_WHOLE);
        cluster_settle(cluster, 60000000);
        assert_int_equal(cluster_items(cluster, 0, question), 2);
        cluster_free(cluster);
    }
}

static void range_that_does_not_follow_or_is_not_final_then_refused(void **state) {
    (void)state;
    uint8_t bytes[4096];
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct frame range = {.type = FRAME_RANGE};
    struct slice block, finalization;
    assert_int_equal(memory_ledger_read_height(cluster->nodes[0].ledger, 1, &block, &finalization), STATUS_OK);
    range.range.count = 1;
    range.range.blocks[0] = block;
    range.range.finalization = finalization;
    not_refused(cluster, &range); /* old is no fault */
    struct frame proposal;
    propose(cluster, NULL, 0, 2, &proposal);
    range.range.blocks[0] = proposal.proposal.block;
    refused(cluster, &range, STATUS_NOT_LINKED);
    range.range.finalization = certificate_of(cluster, cluster_status(cluster, 0).view, 3, bytes);
    refused(cluster, &range, STATUS_NOT_LINKED);
    cluster_free(cluster);
}

static void asked_for_what_is_not_there_then_nothing_happens(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    memset(cluster->frames, 0, sizeof cluster->frames);
    struct frame frames[] = {
        {.type = FRAME_FETCH_RANGE, .fetch_range = 0},
        {.type = FRAME_FETCH_RANGE, .fetch_range = UINT64_MAX},
        {.type = FRAME_FETCH_BATCH, .fetch_batch = {1, 7, {{1}}}},
        {.type = FRAME_FETCH_BATCH, .fetch_batch = {1, UINT64_MAX, {{0}}}},
        {.type = FRAME_FETCH_VIEWS, .fetch_views = {UINT64_MAX, UINT64_MAX}},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) not_refused(cluster, &frames[i]);
    struct frame far = {.type = FRAME_HEARTBEAT, .heartbeat = {UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    not_refused(cluster, &far);
    struct frame block = {.type = FRAME_FETCH_BLOCK, .fetch_block = {{1}}};
    not_refused(cluster, &block);
    assert_int_equal(cluster->frames[FRAME_RANGE] + cluster->frames[FRAME_BATCH] + cluster->frames[FRAME_BLOCK], 0);
    struct frame views = {.type = FRAME_FETCH_VIEWS, .fetch_views = {1, UINT64_MAX}};
    refused(cluster, &views, STATUS_BAD_VALUE);
    cluster_free(cluster);
}

/* Whatever bytes come: an answer, and a member that goes on. */
static void bytes_of_any_kind_then_refused_and_alive(void **state) {
    (void)state;
    struct question_id question;
    struct cluster *cluster = start(&question);
    struct prng prng = prng_seeded(5);
    print_message("seed 5\n");
    static uint8_t good[8192], bytes[8192];
    static struct forged f;
    struct replica_lane tip = cluster_lane(cluster, 0, 3);
    forge(cluster, 3, &tip, CLUSTER_EPOCH_US + cluster->now_us, question, "seen too", &f);
    forge_sign(cluster, &f);
    struct writer writer = writer_of(good, sizeof good);
    frame_put(&writer, &f.frame);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    for (uint32_t i = 0; i < 3000; i++) {
        size_t size = 1 + prng_below(&prng, writer.bytes);
        memcpy(bytes, good, writer.bytes);
        bytes[prng_below(&prng, writer.bytes)] ^= (uint8_t)(1 + prng_below(&prng, 255));
        if (i % 3 == 0) bytes[1] = (uint8_t)prng_below(&prng, FRAME_TYPE_COUNT);
        cluster_inject_bytes(cluster, 0, 2, slice_of(bytes, i % 2 == 0 ? writer.bytes : size));
    }
    struct replica_status status = cluster_status(cluster, 0);
    assert_true(status.counters.frames_refused > 1000);
    /* Members that are none, and oneself. */
    cluster_inject_bytes(cluster, 0, 4, slice_of(good, writer.bytes));
    cluster_inject_bytes(cluster, 0, 0, slice_of(good, writer.bytes));
    assert_int_equal(cluster_status(cluster, 0).counters.frames_in, status.counters.frames_in);
    cluster_settle(cluster, 10000000);
    assert_int_equal(cluster_tell(cluster, 1, question, "seen later"), STATUS_OK);
    cluster_settle(cluster, 10000000);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_of_another_chain_or_member_then_refused),
        cmocka_unit_test(unknown_member_inside_then_refused),
        cmocka_unit_test(vote_of_another_epoch_or_without_signature_then_refused),
        cmocka_unit_test(certificate_of_too_few_then_refused_of_enough_then_taken),
        cmocka_unit_test(proposals_of_a_lying_leader_then_no_vote),
        cmocka_unit_test(range_that_does_not_follow_or_is_not_final_then_refused),
        cmocka_unit_test(asked_for_what_is_not_there_then_nothing_happens),
        cmocka_unit_test(bytes_of_any_kind_then_refused_and_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
