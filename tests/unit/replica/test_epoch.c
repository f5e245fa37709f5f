/* Epochs: members change while the group goes on (docs/protocol.md 8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster.h"
#include "wire/handover.h"

static enum status propose(struct cluster *cluster, uint32_t member, struct reconfigure change) {
    change.epoch = cluster_status(cluster, member).epoch;
    struct item item = {.kind = ITEM_RECONFIGURE, .reconfigure = change};
    return cluster_submit(cluster, member, &item, slice_of(NULL, 0));
}

static struct reconfigure remove_of(uint32_t member) {
    return (struct reconfigure){.change = CHANGE_REMOVE, .member = member};
}

static struct reconfigure threshold_of(uint32_t numerator, uint32_t denominator) {
    return (struct reconfigure){.change = CHANGE_THRESHOLD, .threshold = {numerator, denominator}};
}

static struct reconfigure key_of(uint32_t member, uint32_t key) {
    struct reconfigure change = {.change = CHANGE_KEY, .member = member};
    uint8_t secret[SECRET_BYTES];
    cluster_key(key, secret, change.key);
    return change;
}

static struct reconfigure add_of(uint32_t place, const char *name) {
    struct reconfigure change = {.change = CHANGE_ADD, .member = place, .name = slice_of_text(name)};
    uint8_t secret[SECRET_BYTES];
    cluster_key(place, secret, change.key);
    return change;
}

/* Proposed by as many members as it takes; the others are with the next epoch when this returns. */
static void agree_on(struct cluster *cluster, struct reconfigure change, uint32_t proposers) {
    uint64_t epoch = cluster_status(cluster, 0).epoch;
    for (uint32_t m = 0; m < proposers; m++) assert_int_equal(propose(cluster, m, change), STATUS_OK);
    for (int i = 0; i < 1000 && cluster_status(cluster, 0).epoch == epoch; i++) cluster_run(cluster, 10000);
    assert_int_equal(cluster_status(cluster, 0).epoch, epoch + 1);
    cluster_settle(cluster, 30000000);
}

static void expect_epoch(const struct cluster *cluster, uint64_t epoch) {
    for (uint32_t m = 0; m < cluster->places; m++) {
        const struct node *node = &cluster->nodes[m];
        if (node->replica != NULL && !node->is_removed) assert_int_equal(cluster_status(cluster, m).epoch, epoch);
    }
}

static void expect_nobody_guilty(const struct cluster *cluster) {
    for (uint32_t m = 0; m < cluster->places; m++) assert_int_equal(cluster->nodes[m].events[EVENT_MISBEHAVIOUR], 0);
}

/* The chain of rosters from the genesis, by what each member keeps. */
static void expect_handovers(const struct cluster *cluster, uint32_t member, uint64_t epochs) {
    struct roster roster;
    struct handover *handover = malloc(sizeof *handover);
    assert_non_null(handover);
    roster_of(&cluster->genesis, &roster);
    for (uint64_t epoch = 0; epoch < epochs; epoch++) {
        struct slice bytes, none;
        assert_int_equal(memory_ledger_read_epoch(cluster->nodes[member].ledger, epoch, 0, &bytes, &none), STATUS_OK);
        assert_int_equal(handover_read(bytes, handover), STATUS_OK);
        assert_int_equal(handover_verify(handover, &cluster->chain, &roster, &roster), STATUS_OK);
    }
    assert_memory_equal(&roster, replica_roster(cluster->nodes[member].replica), sizeof roster);
    free(handover);
}

static void quorum_proposes_another_threshold_then_the_next_epoch_has_it(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    for (uint32_t m = 0; m < 2; m++) assert_int_equal(propose(cluster, m, threshold_of(4, 5)), STATUS_OK);
    cluster_settle(cluster, 20000000);
    expect_epoch(cluster, 0);
    assert_int_equal(propose(cluster, 0, threshold_of(4, 5)), STATUS_DUPLICATE);
    assert_int_equal(propose(cluster, 2, threshold_of(4, 5)), STATUS_OK);
    cluster_settle(cluster, 20000000);
    expect_epoch(cluster, 1);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        assert_int_equal(cluster->nodes[m].events[EVENT_EPOCH], 1);
        assert_int_equal(cluster_tell(cluster, m, question, "in the next epoch"), STATUS_OK);
    }
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_items(cluster, 0, question), CLUSTER_MEMBERS);
    assert_int_equal(cluster_status(cluster, 3).checkpoint.threshold.numerator, 4);
    assert_int_equal(cluster_status(cluster, 3).checkpoint.epoch, 1);
    cluster_run(cluster, 5000000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) expect_handovers(cluster, m, 1);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* Everybody tells all the time, so there are blocks behind the last one of the epoch. */
static void busy_group_then_nothing_of_either_epoch_is_lost(void **state) {
    (void)state;
    for (uint64_t gap_us = 500; gap_us < 8000; gap_us += 700) {
        struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
        struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
        uint64_t told = 0;
        for (int i = 0; i < 40; i++) {
            char text[32];
            snprintf(text, sizeof text, "seen %d", i);
            if (i >= 10 && i < 13)
                assert_int_equal(propose(cluster, (uint32_t)(i - 10), threshold_of(5, 6)), STATUS_OK);
            told += cluster_tell(cluster, (uint32_t)i % CLUSTER_MEMBERS, question, text) == STATUS_OK;
            cluster_run(cluster, gap_us);
        }
        cluster_settle(cluster, 60000000);
        expect_epoch(cluster, 1);
        assert_int_equal(told, 40);
        assert_int_equal(cluster_items(cluster, 0, question), told);
        cluster_run(cluster, 3000000);
        for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) expect_handovers(cluster, m, 1);
        expect_nobody_guilty(cluster);
        cluster_free(cluster);
    }
}

/* It was away while the epoch ended, and finds its way through the end of one epoch into the next. */
static void member_away_at_the_end_then_it_catches_up_over_it(void **state) {
    (void)state;
    for (uint64_t gap_us = 900; gap_us < 6000; gap_us += 1700) {
        struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
        struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
        cluster_crash(cluster, 3);
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            for (uint32_t m = 0; m < 3; m++) {
                char text[32];
                snprintf(text, sizeof text, "seen %u", epoch);
                struct reconfigure change = epoch % 2 == 0 ? threshold_of(7, 10) : threshold_of(3, 4);
                assert_int_equal(propose(cluster, m, change), STATUS_OK);
                assert_int_equal(cluster_tell(cluster, m, question, text), STATUS_OK);
                cluster_run(cluster, gap_us);
            }
            cluster_settle(cluster, 60000000);
        }
        uint64_t epochs = cluster_status(cluster, 0).epoch;
        assert_int_equal(epochs, 3);
        cluster_start(cluster, 3, MEMORY_WHOLE);
        cluster_settle(cluster, 120000000);
        expect_epoch(cluster, epochs);
        assert_int_equal(cluster_tell(cluster, 3, question, "back"), STATUS_OK);
        cluster_settle(cluster, 60000000);
        assert_int_equal(cluster_items(cluster, 3, question), 10);
        expect_nobody_guilty(cluster);
        cluster_free(cluster);
    }
}

/* On its way it signs the heights of epochs that the others have long left. */
static void member_two_epochs_behind_then_nothing_of_it_is_refused(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 3);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        struct reconfigure change = epoch % 2 == 0 ? threshold_of(7, 10) : threshold_of(3, 4);
        for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(cluster, m, change), STATUS_OK);
        cluster_run(cluster, 5000000);
    }
    expect_epoch(cluster, 3);
    cluster_start(cluster, 3, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 3);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_status(cluster, m).counters.frames_refused, 0);
    cluster_free(cluster);
}

/* Its lane began with its key, and nothing stands in it that it could be reminded of. */
static void newcomer_that_told_nothing_forgets_then_the_others_answer(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, 4, 1, NULL);
    uint8_t key[KEY_BYTES];
    cluster_key(4, cluster->nodes[4].secret, key);
    agree_on(cluster, add_of(4, "newcomer"), 3);
    cluster_start(cluster, 4, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    cluster_crash(cluster, 4);
    cluster_forget(cluster, 4);
    cluster_start(cluster, 4, MEMORY_LOST);
    cluster_run(cluster, 10000000);
    assert_false(cluster_status(cluster, 4).recovering);
    assert_true(cluster_status(cluster, 4).lane_closed);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* Nothing of who signed what gets to member 3. */
static bool carries_no_signatures_to_3(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)from;
    bool is_open = *(const bool *)context;
    return is_open || to != 3 || (frame->type != FRAME_ATTESTATION && frame->type != FRAME_HANDOVER);
}

/* Three epochs end before it has the first handover; each of them is needed for its certificates. */
static void epochs_end_faster_than_handovers_come_then_all_are_fetched(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    bool is_open = false;
    cluster->carries = carries_no_signatures_to_3;
    cluster->context = &is_open;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        struct reconfigure change = epoch % 2 == 0 ? threshold_of(7, 10) : threshold_of(3, 4);
        for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(cluster, m, change), STATUS_OK);
        for (int i = 0; i < 1000 && cluster_status(cluster, 3).epoch == epoch; i++) cluster_run(cluster, 10000);
        cluster_run(cluster, 2000000);
    }
    expect_epoch(cluster, 3);
    struct slice bytes;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        assert_int_equal(replica_handover(cluster->nodes[0].replica, epoch, &bytes), STATUS_OK);
        assert_int_equal(replica_handover(cluster->nodes[3].replica, epoch, &bytes), STATUS_NOT_FOUND);
    }
    is_open = true;
    cluster_run(cluster, 6000000);
    expect_handovers(cluster, 3, 3);
    expect_nobody_guilty(cluster);
    /* Nobody asks when there is nothing to ask for, after a restart neither. */
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        cluster_crash(cluster, m);
        cluster_start(cluster, m, MEMORY_WHOLE);
    }
    cluster_run(cluster, 1000000);
    uint64_t asked = cluster->frames[FRAME_FETCH_HANDOVER];
    cluster_run(cluster, 5000000);
    assert_int_equal(cluster->frames[FRAME_FETCH_HANDOVER], asked);
    cluster_free(cluster);
}

static void restart_in_a_later_epoch_then_it_goes_on_there(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    agree_on(cluster, threshold_of(4, 5), 3);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_crash(cluster, m);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_start(cluster, m, MEMORY_WHOLE);
    expect_epoch(cluster, 1);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
        assert_int_equal(cluster_tell(cluster, m, question, "after"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 2, question), CLUSTER_MEMBERS);
    cluster_run(cluster, 3000000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) expect_handovers(cluster, m, 1);
    cluster_free(cluster);
}

/* The new key is kept ready, so the member goes on at once, without a restart. */
static void key_replaced_then_its_lane_goes_on_under_the_new_one(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint8_t key[KEY_BYTES];
    struct node *node = &cluster->nodes[1];
    cluster_key(40, node->next_secret, key);
    node->has_next_secret = true;
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_WHOLE);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
        assert_int_equal(cluster_tell(cluster, m, question, "before"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    agree_on(cluster, key_of(1, 40), 3);
    assert_true(cluster_status(cluster, 1).is_member);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++)
        assert_int_equal(cluster_tell(cluster, m, question, "after"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_lane(cluster, 0, 1).tip.seq, (UINT64_C(1) << 32) + 1);
    assert_int_equal(cluster_items(cluster, 3, question), 2 * CLUSTER_MEMBERS);
    /* A key that was used before never comes back. */
    assert_int_not_equal(propose(cluster, 0, key_of(1, 1)), STATUS_OK);
    cluster_run(cluster, 3000000);
    expect_handovers(cluster, 1, 1);
    expect_nobody_guilty(cluster);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        cluster_crash(cluster, m);
        cluster_start(cluster, m, MEMORY_WHOLE);
    }
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_tell(cluster, 1, question, "restarted"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    cluster_free(cluster);
}

/* Batches that were on their way under the old key: they are void, and what they say is said again. */
static void evidence_on_its_way_when_the_key_changes_then_none_of_it_is_lost(void **state) {
    (void)state;
    for (uint64_t gap_us = 300; gap_us < 6000; gap_us += 900) {
        struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
        struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
        uint8_t key[KEY_BYTES];
        struct node *node = &cluster->nodes[1];
        cluster_crash(cluster, 1);
        cluster_key(42, node->next_secret, key);
        node->has_next_secret = true;
        cluster_start(cluster, 1, MEMORY_WHOLE);
        cluster_run(cluster, 3000000);
        for (int i = 0; i < 30; i++) {
            char text[32];
            snprintf(text, sizeof text, "seen %d", i);
            if (i % 4 == 0 && i < 12)
                assert_int_equal(propose(cluster, i == 0 ? 0 : (uint32_t)i / 4 + 1, key_of(1, 42)), STATUS_OK);
            assert_int_equal(cluster_tell(cluster, 1, question, text), STATUS_OK);
            cluster_run(cluster, gap_us);
        }
        cluster_settle(cluster, 60000000);
        expect_epoch(cluster, 1);
        assert_int_equal(cluster_items(cluster, 3, question), 30);
        expect_nobody_guilty(cluster);
        cluster_free(cluster);
    }
}

/* What a member that forgot itself can't have back under its old key. */
static void lane_closed_by_amnesia_then_open_under_another_key(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    assert_int_equal(cluster_tell(cluster, 1, question, "before"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    uint8_t key[KEY_BYTES];
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    cluster_key(41, cluster->nodes[1].next_secret, key);
    cluster->nodes[1].has_next_secret = true;
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_tell(cluster, 1, question, "too early"), STATUS_LANE_CLOSED);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        if (m != 1) assert_int_equal(propose(cluster, m, key_of(1, 41)), STATUS_OK);
    }
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 1);
    assert_false(cluster_status(cluster, 1).lane_closed);
    assert_int_equal(cluster_tell(cluster, 1, question, "open again"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 0, question), 2);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* Votes of the next epoch could be among what it forgot, too. */
static void amnesia_and_then_another_epoch_then_it_asks_again_before_it_votes(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    agree_on(cluster, threshold_of(7, 10), 3);
    assert_int_equal(cluster_tell(cluster, 2, question, "in epoch 1"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    cluster_start(cluster, 1, MEMORY_LOST);
    assert_true(cluster_status(cluster, 1).recovering);
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 1);
    for (int i = 0; i < 4; i++) {
        char text[32];
        snprintf(text, sizeof text, "later %d", i);
        assert_int_equal(cluster_tell(cluster, 0, question, text), STATUS_OK);
        cluster_settle(cluster, 20000000);
    }
    cluster_crash(cluster, 1);
    cluster_start(cluster, 1, MEMORY_LANE_LOST);
    assert_true(cluster_status(cluster, 1).recovering);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 1, question), 5);
    cluster_free(cluster);
}

/* The key that the epoch brings has signed before the ledger was lost, though the member gets there anew. */
static void key_of_a_later_epoch_signed_before_amnesia_then_its_lane_stays_closed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint8_t key[KEY_BYTES];
    struct node *node = &cluster->nodes[1];
    cluster_key(43, node->next_secret, key);
    replica_set_next_secret(node->replica, node->next_secret);
    agree_on(cluster, key_of(1, 43), 3);
    assert_int_equal(cluster_tell(cluster, 1, question, "under the new key"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    memcpy(node->secret, node->next_secret, SECRET_BYTES);
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 1);
    assert_true(cluster_status(cluster, 1).is_member);
    assert_true(cluster_status(cluster, 1).lane_closed);
    assert_int_equal(cluster_tell(cluster, 1, question, "at a place that is taken"), STATUS_LANE_CLOSED);
    assert_int_equal(cluster_tell(cluster, 0, question, "the rest goes on"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 1, question), 2);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* On its way to the epoch of its key it passes epochs of keys that it has no more. */
static void key_replaced_twice_then_ledger_lost_then_its_lane_stays_closed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint8_t key[KEY_BYTES];
    struct node *node = &cluster->nodes[1];
    for (uint32_t i = 0; i < 2; i++) {
        cluster_key(43 + i, node->next_secret, key);
        replica_set_next_secret(node->replica, node->next_secret);
        agree_on(cluster, key_of(1, 43 + i), 3);
    }
    assert_int_equal(cluster_tell(cluster, 1, question, "under the third key"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 1);
    cluster_forget(cluster, 1);
    memcpy(node->secret, node->next_secret, SECRET_BYTES);
    cluster_start(cluster, 1, MEMORY_LOST);
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 2);
    assert_true(cluster_status(cluster, 1).is_member);
    assert_true(cluster_status(cluster, 1).lane_closed);
    assert_int_equal(cluster_tell(cluster, 1, question, "at a place that is taken"), STATUS_LANE_CLOSED);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* On its way it passes an epoch in which nobody had its place. */
static void added_again_then_ledger_lost_then_its_lane_stays_closed(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, 5, 0, NULL);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    struct node *node = &cluster->nodes[4];
    struct reconfigure back = add_of(4, "again");
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 4);
    cluster_forget(cluster, 4);
    node->is_removed = true;
    agree_on(cluster, remove_of(4), 4);
    cluster_run(cluster, 5000000);
    cluster_key(43, node->secret, back.key);
    agree_on(cluster, back, 3);
    node->is_removed = false;
    cluster_start(cluster, 4, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_tell(cluster, 4, question, "back"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    cluster_crash(cluster, 4);
    cluster_forget(cluster, 4);
    cluster_start(cluster, 4, MEMORY_LOST);
    cluster_settle(cluster, 60000000);
    expect_epoch(cluster, 2);
    assert_true(cluster_status(cluster, 4).lane_closed);
    assert_int_equal(cluster_tell(cluster, 4, question, "at a place that is taken"), STATUS_LANE_CLOSED);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* Each next key takes the place of the one before the last. */
static void key_replaced_twice_without_a_restart_then_it_goes_on(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint8_t secret[SECRET_BYTES], key[KEY_BYTES];
    for (uint32_t round = 0; round < 3; round++) {
        char text[32];
        snprintf(text, sizeof text, "round %u", round);
        cluster_key(44 + round, secret, key);
        replica_set_next_secret(cluster->nodes[1].replica, secret);
        agree_on(cluster, key_of(1, 44 + round), 3);
        assert_true(cluster_status(cluster, 1).is_member);
        assert_int_equal(cluster_tell(cluster, 1, question, text), STATUS_OK);
        cluster_settle(cluster, 20000000);
        replica_set_next_secret(cluster->nodes[1].replica, NULL);
    }
    assert_int_equal(cluster_tell(cluster, 1, question, "with none kept ready"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    assert_int_equal(cluster_items(cluster, 0, question), 4);
    agree_on(cluster, key_of(1, 50), 3);
    assert_false(cluster_status(cluster, 1).is_member);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

static void member_removed_then_the_others_go_on_without_it(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, 5, 0, NULL);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    for (uint32_t m = 0; m < 5; m++) assert_int_equal(cluster_tell(cluster, m, question, "before"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    agree_on(cluster, remove_of(4), 4);
    assert_int_equal(roster_heads(replica_roster(cluster->nodes[0].replica)), 4);
    cluster->nodes[4].is_removed = true;
    cluster_run(cluster, 1000000);
    assert_false(cluster_status(cluster, 4).is_member);
    assert_int_equal(cluster_tell(cluster, 4, question, "let me in"), STATUS_NOT_ALLOWED);
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(cluster_tell(cluster, m, question, "after"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    /* What it had told leaves an open question with it. */
    assert_int_equal(cluster_items(cluster, 0, question), 8);
    /* Four are the fewest that there may be. */
    assert_int_equal(propose(cluster, 0, remove_of(3)), STATUS_BAD_VALUE);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* A member of five is dead for good: the four others are a quorum, and are all there are afterwards. */
static void dead_member_removed_then_the_rest_can_bear_a_loss_again(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, 5, 0, NULL);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster_crash(cluster, 4);
    cluster->nodes[4].is_removed = true;
    agree_on(cluster, remove_of(4), 4);
    cluster_run(cluster, 40000000);
    cluster_crash(cluster, 3);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(cluster_tell(cluster, m, question, "three left"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 0, question), 3);
    expect_handovers(cluster, 0, 1);
    cluster_free(cluster);
}

static void member_added_then_it_catches_up_and_takes_part(void **state) {
    (void)state;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, 4, 2, NULL);
    struct question_id question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    uint8_t key[KEY_BYTES];
    cluster_key(4, cluster->nodes[4].secret, key);
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(cluster_tell(cluster, m, question, "before"), STATUS_OK);
    cluster_settle(cluster, 20000000);
    agree_on(cluster, add_of(4, "newcomer"), 3);
    assert_int_equal(roster_heads(replica_roster(cluster->nodes[0].replica)), 5);
    cluster_start(cluster, 4, MEMORY_WHOLE);
    cluster_settle(cluster, 60000000);
    assert_true(cluster_status(cluster, 4).is_member);
    for (uint32_t m = 0; m < 5; m++) assert_int_equal(cluster_tell(cluster, m, question, "after"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    assert_int_equal(cluster_items(cluster, 4, question), 9);
    cluster_run(cluster, 3000000);
    expect_handovers(cluster, 4, 1);
    expect_nobody_guilty(cluster);
    /* Two of five may not be missing. */
    cluster_crash(cluster, 0);
    assert_int_equal(cluster_tell(cluster, 1, question, "four left"), STATUS_OK);
    cluster_settle(cluster, 60000000);
    cluster_free(cluster);
}

static bool without_signatures(void *context, uint32_t from, uint32_t to, const struct frame *frame) {
    (void)from, (void)to;
    return !*(const bool *)context || frame->type != FRAME_ATTESTATION;
}

static void change_before_the_handover_is_complete_then_it_is_refused_until_it_is(void **state) {
    (void)state;
    bool lost = true;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_signatures;
    cluster->context = &lost;
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(cluster, m, threshold_of(7, 10)), STATUS_OK);
    cluster_run(cluster, 5000000);
    expect_epoch(cluster, 1);
    assert_int_equal(propose(cluster, 0, threshold_of(3, 4)), STATUS_HANDING_OVER);
    lost = false;
    cluster_run(cluster, 10000000);
    agree_on(cluster, threshold_of(3, 4), 3);
    expect_epoch(cluster, 2);
    cluster_free(cluster);
}

/* Nobody hears the others' signatures under the end of the epoch, and everybody restarts: each signs it again. */
static void all_restart_before_the_handover_is_signed_then_it_is_signed_again(void **state) {
    (void)state;
    bool lost = true;
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_signatures;
    cluster->context = &lost;
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(cluster, m, threshold_of(7, 10)), STATUS_OK);
    cluster_run(cluster, 5000000);
    expect_epoch(cluster, 1);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_crash(cluster, m);
    lost = false;
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_start(cluster, m, MEMORY_WHOLE);
    cluster_run(cluster, 10000000);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) expect_handovers(cluster, m, 1);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

/* The one whose key the epoch changed signs with the key before: without it they would be too few. */
static void restart_with_another_key_before_the_handover_is_signed_then_it_is_signed_with_the_one_before(
    void **state) {
    (void)state;
    bool lost = true;
    uint8_t key[KEY_BYTES];
    struct cluster *cluster = cluster_new(THRESHOLD_DEFAULT);
    struct node *node = &cluster->nodes[1];
    (void)cluster_ask(cluster, 0, MODE_POOL, 1000);
    cluster->carries = without_signatures;
    cluster->context = &lost;
    cluster_key(43, node->next_secret, key);
    replica_set_next_secret(node->replica, node->next_secret);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(cluster, m, key_of(1, 43)), STATUS_OK);
    cluster_run(cluster, 5000000);
    expect_epoch(cluster, 1);
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) cluster_crash(cluster, m);
    memcpy(node->old_secret, node->secret, SECRET_BYTES);
    memcpy(node->secret, node->next_secret, SECRET_BYTES);
    node->has_old_secret = true;
    lost = false;
    for (uint32_t m = 0; m < 3; m++) cluster_start(cluster, m, MEMORY_WHOLE);
    cluster_run(cluster, 10000000);
    for (uint32_t m = 0; m < 3; m++) expect_handovers(cluster, m, 1);
    expect_nobody_guilty(cluster);
    cluster_free(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorum_proposes_another_threshold_then_the_next_epoch_has_it),
        cmocka_unit_test(change_before_the_handover_is_complete_then_it_is_refused_until_it_is),
        cmocka_unit_test(
            restart_with_another_key_before_the_handover_is_signed_then_it_is_signed_with_the_one_before),
        cmocka_unit_test(all_restart_before_the_handover_is_signed_then_it_is_signed_again),
        cmocka_unit_test(busy_group_then_nothing_of_either_epoch_is_lost),
        cmocka_unit_test(member_away_at_the_end_then_it_catches_up_over_it),
        cmocka_unit_test(member_two_epochs_behind_then_nothing_of_it_is_refused),
        cmocka_unit_test(newcomer_that_told_nothing_forgets_then_the_others_answer),
        cmocka_unit_test(epochs_end_faster_than_handovers_come_then_all_are_fetched),
        cmocka_unit_test(restart_in_a_later_epoch_then_it_goes_on_there),
        cmocka_unit_test(key_replaced_then_its_lane_goes_on_under_the_new_one),
        cmocka_unit_test(evidence_on_its_way_when_the_key_changes_then_none_of_it_is_lost),
        cmocka_unit_test(lane_closed_by_amnesia_then_open_under_another_key),
        cmocka_unit_test(amnesia_and_then_another_epoch_then_it_asks_again_before_it_votes),
        cmocka_unit_test(key_of_a_later_epoch_signed_before_amnesia_then_its_lane_stays_closed),
        cmocka_unit_test(key_replaced_twice_then_ledger_lost_then_its_lane_stays_closed),
        cmocka_unit_test(added_again_then_ledger_lost_then_its_lane_stays_closed),
        cmocka_unit_test(key_replaced_twice_without_a_restart_then_it_goes_on),
        cmocka_unit_test(member_removed_then_the_others_go_on_without_it),
        cmocka_unit_test(dead_member_removed_then_the_rest_can_bear_a_loss_again),
        cmocka_unit_test(member_added_then_it_catches_up_and_takes_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
