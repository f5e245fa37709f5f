/* Epochs: how members end one, and what another roster makes of the state (docs/protocol.md 8). */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/ed25519.h"
#include "machine/matter.h"
#include "machine/state.h"
#include "stage.h"

#define NAT QUANTA_PER_NAT

enum { ONE = 65536 };

static void key_of(uint8_t number, uint8_t ret_key[KEY_BYTES]) {
    uint8_t seed[ED25519_SEED_BYTES] = {number, 9};
    uint8_t secret[SECRET_BYTES];
    ed25519_from_seed(seed, secret, ret_key);
}

static uint64_t epoch_of(const struct stage *stage) { return machine_roster(machine_of(stage))->epoch; }

static struct item change_of(const struct stage *stage, enum change change, uint32_t place) {
    return (struct item){.kind = ITEM_RECONFIGURE,
                         .reconfigure = {.epoch = epoch_of(stage), .change = change, .member = place}};
}

static struct item add_of(const struct stage *stage, uint32_t place, const char *name, uint8_t key) {
    struct item item = change_of(stage, CHANGE_ADD, place);
    item.reconfigure.name = slice_of_text(name);
    key_of(key, item.reconfigure.key);
    return item;
}

static struct item remove_of(const struct stage *stage, uint32_t place) {
    return change_of(stage, CHANGE_REMOVE, place);
}

static struct item key_change_of(const struct stage *stage, uint32_t place, uint8_t key) {
    struct item item = change_of(stage, CHANGE_KEY, place);
    key_of(key, item.reconfigure.key);
    return item;
}

static struct item threshold_of(const struct stage *stage, uint32_t numerator, uint32_t denominator) {
    struct item item = change_of(stage, CHANGE_THRESHOLD, 0);
    item.reconfigure.threshold = (struct threshold){numerator, denominator};
    return item;
}

static struct standing_member standing_of(const struct stage *stage, uint32_t member) {
    struct standing_member standing;
    machine_standing(machine_of(stage), member, &standing);
    return standing;
}

static uint32_t weight_of(const struct stage *stage, uint32_t member) {
    return machine_weight(machine_of(stage), member);
}

static struct record_belief belief_of(const struct stage *stage, struct question_id id) {
    struct record_belief belief;
    uint64_t index;
    assert_int_equal(machine_find_question(machine_of(stage), &id, &index), STATUS_OK);
    assert_int_equal(machine_belief_at(machine_of(stage), index, &belief), STATUS_OK);
    return belief;
}

/* A block in which everybody of `mask` says the item, in batches of their own. */
static void all_say(struct stage *stage, uint32_t mask, struct item item) {
    size_t from = stage->book->count;
    for (uint32_t m = 0; m < 32; m++) {
        if ((mask >> m & 1) == 0) continue;
        book_item(stage->book, &item);
        book_seal(stage->book, m, stage->now_us++, 0, NULL);
    }
    world_block(stage->world, from, stage->book->count, NULL);
}

/* Everybody there is proposes it until it is decided; the first block of the next epoch is an empty one of member 0. */
static void decide(struct stage *stage, struct item item) {
    const struct machine *machine = machine_of(stage);
    for (uint32_t m = 0; machine_next_roster(machine) == NULL; m++) {
        assert_true(m < machine_members(machine));
        if (roster_has(machine_roster(machine), m)) assert_int_equal(say(stage, m, item, NULL), STATUS_OK);
    }
    uint64_t epoch = epoch_of(stage);
    empty_block(stage, 0);
    assert_int_equal(epoch_of(stage), epoch + 1);
    assert_null(machine_next_roster(machine));
}

/* Refused at the door and in execution, and roster and proposals are what they were. */
static void refused(struct stage *stage, uint32_t member, struct item item, enum status status) {
    static struct membership before;
    const struct membership *membership = &machine_of(stage)->membership;
    before = *membership;
    assert_int_equal(machine_check_item(machine_of(stage), member, &item, slice_of(NULL, 0)), status);
    assert_int_equal(say(stage, member, item, NULL), status);
    assert_memory_equal(membership, &before, sizeof before);
}

/* Ends of epochs. */

static void quorum_of_the_heads_proposes_then_the_block_ends_the_epoch(void **state) {
    (void)state;
    /* Four members and six vacant places: three propose, and nobody asks for eight of ten. */
    struct stage stage = stage_with_vacant(4, 6);
    struct machine *machine = machine_of(&stage);
    assert_int_equal(machine_members(machine), 10);
    assert_int_equal(machine_heads(machine), 4);
    struct item add = add_of(&stage, 7, "newcomer", 1);
    assert_int_equal(say(&stage, 0, add, NULL), STATUS_OK);
    assert_int_equal(say(&stage, 2, add, NULL), STATUS_OK);
    assert_null(machine_next_roster(machine));
    struct reconfigure proposed;
    assert_int_equal(machine_proposal(machine, 2, &proposed), STATUS_OK);
    assert_true(reconfigure_equal(&proposed, &add.reconfigure));
    assert_int_equal(machine_proposal(machine, 1, &proposed), STATUS_NOT_FOUND);
    assert_int_equal(machine_proposal(machine, 7, &proposed), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(machine_proposal(machine, 10, &proposed), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(say(&stage, 1, add, NULL), STATUS_OK);

    const struct roster *next = machine_next_roster(machine);
    assert_non_null(next);
    assert_int_equal(next->epoch, 1);
    assert_int_equal(next->height, 3);
    assert_int_equal(roster_heads(next), 5);
    assert_string_equal(next->names[7], "newcomer");
    assert_int_equal(stage.world->checkpoint.epoch, 0);
    assert_int_equal(machine_heads(machine), 4);
    assert_int_equal(weight_of(&stage, 7), 0);
    assert_int_equal(machine_proposal(machine, 2, &proposed), STATUS_NOT_FOUND);
    /* The record is the last leaf before the state's. */
    uint64_t leaf;
    static struct roster recorded;
    assert_int_equal(world_count_leaves(stage.world, RECORD_EPOCH, &leaf), 1);
    assert_int_equal(leaf + 2, stage.world->leaves_count);
    world_check_included(stage.world, leaf);
    const struct leaf *record = &stage.world->leaves[leaf];
    assert_int_equal(roster_read(slice_of(record->bytes, record->bytes_count), &recorded), STATUS_OK);
    assert_memory_equal(&recorded, next, sizeof recorded);

    empty_block(&stage, 3);
    assert_int_equal(stage.world->checkpoint.epoch, 1);
    assert_null(machine_next_roster(machine));
    assert_memory_equal(machine_roster(machine), &recorded, sizeof recorded);
    assert_int_equal(machine_heads(machine), 5);
    assert_int_equal(weight_of(&stage, 7), ONE / 2);
    assert_int_equal(world_count_leaves(stage.world, RECORD_EPOCH, NULL), 1);
    stage_end(&stage);
}

static void proposals_race_then_the_newest_of_each_member_counts(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(5, 2);
    struct item one = add_of(&stage, 5, "one", 1), two = add_of(&stage, 5, "two", 2);
    all_say(&stage, 0x03, one);
    all_say(&stage, 0x1c, two);
    assert_null(machine_next_roster(machine_of(&stage)));
    /* Four of five are a quorum: one of those changes its mind, then back. */
    assert_int_equal(say(&stage, 2, one, NULL), STATUS_OK);
    assert_int_equal(say(&stage, 2, one, NULL), STATUS_DUPLICATE);
    assert_int_equal(say(&stage, 2, two, NULL), STATUS_OK);
    assert_null(machine_next_roster(machine_of(&stage)));
    assert_int_equal(say(&stage, 1, two, NULL), STATUS_OK);
    assert_string_equal(machine_next_roster(machine_of(&stage))->names[5], "two");
    empty_block(&stage, 0);
    /* What the others wanted has lapsed. */
    refused(&stage, 0, one, STATUS_WRONG_EPOCH);
    one.reconfigure.epoch = 1;
    refused(&stage, 0, one, STATUS_CONFLICT);
    stage_end(&stage);
}

static void both_reach_a_quorum_in_one_block_then_the_first_in_order(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(4, 2);
    struct item one = add_of(&stage, 4, "one", 1), two = threshold_of(&stage, 4, 5);
    size_t from = stage.book->count;
    for (uint32_t m = 0; m < 4; m++) {
        book_item(stage.book, &one);
        if (m == 3) book_item(stage.book, &two);
        book_seal(stage.book, m, stage.now_us++, 0, NULL);
    }
    world_block(stage.world, from, stage.book->count, NULL);
    /* Members 0, 1 and 2 decide; whatever member 3 proposes in the same block is too late. */
    assert_int_equal(stage.world->refusals_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(stage.world->refusals[i].member, 3);
        assert_int_equal(stage.world->refusals[i].why, STATUS_WRONG_EPOCH);
    }
    assert_true(roster_has(machine_next_roster(machine_of(&stage)), 4));
    stage_end(&stage);
}

static void rest_of_the_last_block_then_executed_as_ever(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(4, 1);
    struct question_id id;
    assert_int_equal(say(&stage, 0, make_ask("pool", 2, MODE_POOL), &id), STATUS_OK);
    struct item add = add_of(&stage, 4, "newcomer", 1), tell = make_tell(id, "o", 9 * NAT);
    size_t from = stage.book->count;
    for (uint32_t m = 0; m < 4; m++) {
        if (m < 3) book_item(stage.book, &add);
        book_item(stage.book, &tell);
        book_seal(stage.book, m, stage.now_us++, 0, NULL);
    }
    world_block(stage.world, from, stage.book->count, NULL);
    assert_int_equal(world_last_refusal(stage.world), STATUS_OK);
    assert_int_equal(belief_of(&stage, id).contributors, 4);
    assert_int_equal(belief_of(&stage, id).status, QUESTION_DECIDED);
    uint64_t verdict, roster;
    assert_int_equal(world_count_leaves(stage.world, RECORD_VERDICT, &verdict), 1);
    assert_int_equal(world_count_leaves(stage.world, RECORD_EPOCH, &roster), 1);
    assert_true(verdict < roster);
    stage_end(&stage);
}

static void between_two_epochs_then_members_are_asked_by_the_next_roster(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(5, 1);
    const struct machine *machine = machine_of(&stage);
    struct item remove = remove_of(&stage, 4);
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(say(&stage, m, remove, NULL), STATUS_OK);
    struct item again = add_of(&stage, 4, "back", 1);
    struct item ask = make_ask("q", 2, MODE_POOL);
    assert_int_equal(machine_check_item(machine, 0, &again, slice_of(NULL, 0)), STATUS_WRONG_EPOCH);
    again.reconfigure.epoch = 1;
    assert_int_equal(machine_check_item(machine, 0, &again, slice_of(NULL, 0)), STATUS_OK);
    assert_int_equal(machine_check_item(machine, 4, &again, slice_of(NULL, 0)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(machine_check_item(machine, 4, &ask, slice_of("q", 1)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(machine_check_item(machine, 5, &ask, slice_of("q", 1)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(machine_check_item(machine, 6, &ask, slice_of("q", 1)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(say(&stage, 0, again, NULL), STATUS_OK);
    assert_int_equal(epoch_of(&stage), 1);
    stage_end(&stage);
}

/* Refusals. */

static void changes_that_cannot_be_made_then_refused_and_nothing_changed(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(4, 2);
    empty_block(&stage, 0);
    refused(&stage, 0, remove_of(&stage, 3), STATUS_BAD_VALUE); /* three would be left */
    refused(&stage, 0, add_of(&stage, 2, "newcomer", 1), STATUS_CONFLICT);
    refused(&stage, 0, add_of(&stage, 6, "newcomer", 1), STATUS_UNKNOWN_MEMBER);
    refused(&stage, 0, add_of(&stage, 4, "member-1", 1), STATUS_DUPLICATE);
    refused(&stage, 0, remove_of(&stage, 5), STATUS_UNKNOWN_MEMBER);
    refused(&stage, 0, key_change_of(&stage, 5, 1), STATUS_UNKNOWN_MEMBER);
    refused(&stage, 0, threshold_of(&stage, 3, 4), STATUS_DUPLICATE);
    struct item late = add_of(&stage, 4, "newcomer", 1);
    late.reconfigure.epoch = 1;
    refused(&stage, 0, late, STATUS_WRONG_EPOCH);
    struct item taken = add_of(&stage, 4, "newcomer", 1);
    memcpy(taken.reconfigure.key, stage.world->genesis.keys[3], KEY_BYTES);
    refused(&stage, 0, taken, STATUS_DUPLICATE);
    /* Thresholds that no group can have are no items at all. */
    struct item impossible = threshold_of(&stage, 2, 3);
    assert_int_equal(item_valid(&impossible), STATUS_BAD_VALUE);
    impossible = threshold_of(&stage, 4, 3);
    assert_int_equal(item_valid(&impossible), STATUS_BAD_VALUE);
    for (uint32_t m = 0; m < 4; m++) {
        struct reconfigure proposed;
        assert_int_equal(machine_proposal(machine_of(&stage), m, &proposed), STATUS_NOT_FOUND);
    }
    stage_end(&stage);
}

static void used_key_then_refused_for_ever(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(5, 2);
    decide(&stage, add_of(&stage, 5, "newcomer", 1));
    decide(&stage, key_change_of(&stage, 5, 2));
    decide(&stage, remove_of(&stage, 5));
    refused(&stage, 0, add_of(&stage, 5, "newcomer", 1), STATUS_KEY_USED);
    refused(&stage, 0, add_of(&stage, 6, "another", 2), STATUS_KEY_USED);
    refused(&stage, 0, key_change_of(&stage, 0, 1), STATUS_KEY_USED);
    struct item genesis_key = key_change_of(&stage, 1, 1);
    decide(&stage, key_change_of(&stage, 0, 3));
    memcpy(genesis_key.reconfigure.key, stage.world->genesis.keys[0], KEY_BYTES);
    genesis_key.reconfigure.epoch = epoch_of(&stage);
    refused(&stage, 0, genesis_key, STATUS_KEY_USED);
    decide(&stage, add_of(&stage, 5, "newcomer", 4));
    stage_end(&stage);
}

static void removed_member_then_nothing_that_it_says_is_taken(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct question_id id;
    assert_int_equal(say(&stage, 0, make_ask("pool", 2, MODE_POOL), &id), STATUS_OK);
    decide(&stage, remove_of(&stage, 4));
    refused(&stage, 4, threshold_of(&stage, 4, 5), STATUS_UNKNOWN_MEMBER);
    refused(&stage, 4, make_tell(id, "o", NAT), STATUS_UNKNOWN_MEMBER);
    refused(&stage, 4, (struct item){.kind = ITEM_LEVEL, .level = LEVEL_SEVERE}, STATUS_UNKNOWN_MEMBER);
    struct item ask = make_ask("another", 2, MODE_POOL);
    assert_int_equal(say(&stage, 4, ask, NULL), STATUS_UNKNOWN_MEMBER);
    /* The time of a block is not its either: member 0's clock says it. */
    uint64_t before = machine_time_us(machine_of(&stage));
    stage.now_us += 1000000;
    empty_block(&stage, 4);
    assert_int_equal(machine_time_us(machine_of(&stage)), before);
    stage_end(&stage);
}

/* What another roster makes of the state. */

static void vacant_place_then_its_record_says_nobody(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(4, 1);
    const struct machine *machine = machine_of(&stage);
    struct merkle_frontier members;
    struct record_state record;
    struct hash root;
    merkle_frontier_init(&members);
    empty_block(&stage, 0);
    for (uint32_t m = 0; m < 5; m++) {
        uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct machine_member shown = machine_member(machine, m);
        struct record_member member;
        struct hash leaf;
        machine_member_record(machine, m, &shown, &writer);
        assert_int_equal(record_member_read(writer_slice(&writer), &member), STATUS_OK);
        assert_int_equal(record_member_vacant(&member), m == 4);
        assert_int_equal(member.weight, m == 4 ? 0 : ONE);
        merkle_leaf(writer_slice(&writer), &leaf);
        merkle_append(&members, &leaf);
    }
    merkle_frontier_root(&members, &root);
    world_state(stage.world, &record);
    assert_memory_equal(root.bytes, record.members.bytes, HASH_BYTES);
    /* The tree follows the roster: another name, another root. */
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    struct machine_member shown = machine_member(machine, 4);
    uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct record_member member;
    machine_member_record(machine, 4, &shown, &writer);
    assert_int_equal(record_member_read(writer_slice(&writer), &member), STATUS_OK);
    assert_true(slice_equal(member.name, slice_of_text("newcomer")));
    assert_int_equal(member.weight, ONE / 2);
    struct record_state later;
    struct hash leaf;
    world_state(stage.world, &later);
    merkle_frontier_init(&members);
    for (uint32_t m = 0; m < 5; m++) {
        writer = writer_of(bytes, sizeof bytes);
        shown = machine_member(machine, m);
        machine_record_member(machine_roster(machine), m, &shown, &writer);
        merkle_leaf(writer_slice(&writer), &leaf);
        merkle_append(&members, &leaf);
    }
    merkle_frontier_root(&members, &root);
    assert_memory_equal(root.bytes, later.members.bytes, HASH_BYTES);
    stage_end(&stage);
}

/* Asks and opens its own question falsely: proven. */
static void lie(struct stage *stage, uint32_t member) {
    struct question_id id;
    struct item ask = make_ask("a canary", 2, MODE_POOL);
    struct item reveal = {.kind = ITEM_REVEAL};
    ask.ask.commitment = (struct hash){{(uint8_t)member, 1}};
    assert_int_equal(say(stage, member, ask, &id), STATUS_OK);
    reveal.reveal.question = id;
    assert_int_equal(say(stage, member, reveal, NULL), STATUS_WRONG_OPENING);
    assert_int_equal(weight_of(stage, member), 0);
}

static void member_with_another_key_then_it_stays_who_it_was(void **state) {
    (void)state;
    struct stage stage = stage_new(6);
    lie(&stage, 5);
    decide(&stage, key_change_of(&stage, 5, 1));
    decide(&stage, key_change_of(&stage, 4, 2));
    assert_int_equal(standing_of(&stage, 5).proof, STANDING_PROOF_REVEAL);
    assert_int_equal(weight_of(&stage, 5), 0);
    /* An honest one is on probation, and earns its weight again. */
    assert_int_equal(weight_of(&stage, 4), ONE / 2);
    empty_blocks_until(&stage, machine_height(machine_of(&stage)) + STANDING_PROBATION_BLOCKS);
    assert_int_equal(weight_of(&stage, 4), standing_of(&stage, 4).reputation);
    stage_end(&stage);
}

static void place_filled_anew_then_nothing_of_who_was_there_is_left(void **state) {
    (void)state;
    struct stage stage = stage_new(6);
    assert_int_equal(say(&stage, 5, (struct item){.kind = ITEM_LEVEL, .level = LEVEL_SEVERE}, NULL), STATUS_OK);
    lie(&stage, 5);
    decide(&stage, remove_of(&stage, 5));
    assert_int_equal(standing_of(&stage, 5).proof, STANDING_PROOF_REVEAL); /* for people to see */
    assert_int_equal(machine_member(machine_of(&stage), 5).level, LEVEL_CONNECTED);
    decide(&stage, add_of(&stage, 5, "newcomer", 1));
    stage.book->seq[5] = epoch_of(&stage) << 32;
    assert_int_equal(standing_of(&stage, 5).proof, STANDING_PROOF_NONE);
    assert_int_equal(standing_of(&stage, 5).reputation, ONE);
    assert_int_equal(weight_of(&stage, 5), ONE / 2);
    assert_int_equal(say(&stage, 5, (struct item){.kind = ITEM_LEVEL, .level = LEVEL_MAJOR}, NULL), STATUS_OK);
    stage_end(&stage);
}

static void removed_from_a_pool_then_its_evidence_counts_no_more_and_the_newcomer_tells_its_own(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct question_id id;
    struct item ask = make_ask("pool", 2, MODE_POOL);
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    assert_int_equal(say(&stage, 0, ask, &id), STATUS_OK);
    assert_int_equal(say(&stage, 0, make_tell(id, "o", NAT), NULL), STATUS_OK);
    struct record_belief alone = belief_of(&stage, id);
    assert_int_equal(say(&stage, 4, make_tell(id, "o", -5 * NAT), NULL), STATUS_OK);
    assert_int_equal(belief_of(&stage, id).contributors, 2);
    assert_int_equal(belief_of(&stage, id).top, 1);
    decide(&stage, remove_of(&stage, 4));
    struct record_belief after = belief_of(&stage, id);
    assert_int_equal(after.contributors, 1);
    assert_int_equal(after.items, 1);
    assert_int_equal(after.top, 0);
    assert_true(after.log_odds[1] == alone.log_odds[1]);
    assert_int_equal(after.height, machine_height(machine_of(&stage)));
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    stage.book->seq[4] = epoch_of(&stage) << 32;
    assert_int_equal(say(&stage, 4, make_retract(id, "o"), NULL), STATUS_UNKNOWN_OBSERVATION);
    assert_int_equal(say(&stage, 4, make_tell(id, "o", 2 * NAT), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 4, make_tell(id, "o", 2 * NAT), NULL), STATUS_DUPLICATE_OBSERVATION);
    assert_int_equal(belief_of(&stage, id).contributors, 2);
    assert_int_equal(belief_of(&stage, id).items, 2);
    stage_end(&stage);
}

static void removed_from_a_panel_then_only_what_is_sealed_stays(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct question_id id;
    struct item ask = make_ask("panel", 2, MODE_PANEL);
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    ask.ask.window_us = UINT64_C(3600) * 1000000;
    assert_int_equal(say(&stage, 0, ask, &id), STATUS_OK);
    all_say(&stage, 0x1f, make_tell(id, "sealed", NAT));
    struct record_belief sealed = belief_of(&stage, id);
    assert_int_equal(sealed.contributors, 5);
    assert_true(sealed.log_odds[1] < 0);
    all_say(&stage, 0x18, make_tell(id, "open", NAT));
    decide(&stage, remove_of(&stage, 4));
    assert_true(belief_of(&stage, id).log_odds[1] == sealed.log_odds[1]);
    assert_int_equal(belief_of(&stage, id).contributors, 4);
    assert_int_equal(belief_of(&stage, id).items, 6);
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    stage.book->seq[4] = epoch_of(&stage) << 32;
    assert_int_equal(say(&stage, 4, make_tell(id, "sealed", NAT), NULL), STATUS_SEALED);
    assert_int_equal(say(&stage, 4, make_tell(id, "open", NAT), NULL), STATUS_OK);
    all_say(&stage, 0x07, make_tell(id, "open", NAT));
    assert_int_equal(world_last_refusal(stage.world), STATUS_OK);
    assert_int_equal(belief_of(&stage, id).contributors, 5);
    assert_true(belief_of(&stage, id).log_odds[1] < sealed.log_odds[1]);
    stage_end(&stage);
}

static void fewer_heads_then_the_quorum_of_what_is_open_is_smaller(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(5, 5);
    struct question_id id;
    assert_int_equal(say(&stage, 0, make_ask("pool", 2, MODE_POOL), &id), STATUS_OK);
    /* Three of five are none: four would be. Three of four are. */
    all_say(&stage, 0x07, make_tell(id, "o", 9 * NAT));
    assert_int_equal(belief_of(&stage, id).status, QUESTION_OPEN);
    assert_int_equal(belief_of(&stage, id).live.members, 1);
    assert_int_equal(belief_of(&stage, id).safe.members, 2);
    decide(&stage, remove_of(&stage, 4));
    assert_int_equal(belief_of(&stage, id).live.members, 1);
    assert_int_equal(belief_of(&stage, id).safe.members, 1);
    assert_int_equal(belief_of(&stage, id).status, QUESTION_DECIDED);
    stage_end(&stage);
}

static void levels_with_vacant_places_then_raised_by_heads_and_from_the_new_base(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(8, 8);
    const struct machine *machine = machine_of(&stage);
    struct machine_partition partition;
    struct item severe = {.kind = ITEM_LEVEL, .level = LEVEL_SEVERE};
    /* n - q of 8 is 2: three raise it. Of sixteen it would be four. */
    all_say(&stage, 0xc0, severe);
    machine_partition(machine, &partition);
    assert_false(partition.is_raised);
    assert_int_equal(say(&stage, 5, severe, NULL), STATUS_OK);
    machine_partition(machine, &partition);
    assert_true(partition.is_raised);
    assert_int_equal(partition.apart, 3);
    assert_int_equal(stage.world->checkpoint.threshold.numerator, 9);
    /* A removed one says nothing any more, and seven have n - q = 1. */
    decide(&stage, remove_of(&stage, 7));
    machine_partition(machine, &partition);
    assert_int_equal(partition.apart, 2);
    assert_true(partition.is_raised);
    decide(&stage, remove_of(&stage, 6));
    machine_partition(machine, &partition);
    assert_int_equal(partition.apart, 1);
    assert_false(partition.is_raised);
    assert_int_equal(stage.world->checkpoint.threshold.numerator, 3);
    decide(&stage, threshold_of(&stage, 7, 10));
    assert_int_equal(stage.world->checkpoint.threshold.numerator, 7);
    assert_int_equal(stage.world->checkpoint.threshold.denominator, 10);
    assert_int_equal(machine_roster(machine)->threshold.numerator, 7);
    assert_int_equal(say(&stage, 0, severe, NULL), STATUS_OK);
    machine_partition(machine, &partition);
    assert_true(partition.is_raised);
    assert_int_equal(stage.world->checkpoint.threshold.numerator, 17); /* 70 % and 15 % */
    assert_int_equal(stage.world->checkpoint.threshold.denominator, 20);
    stage_end(&stage);
}

static void joined_during_a_challenge_then_it_owes_nothing_to_it(void **state) {
    (void)state;
    struct stage stage = stage_with_vacant(4, 1);
    struct hash digest;
    uint64_t height;
    empty_blocks_until(&stage, CHALLENGE_INTERVAL);
    assert_int_equal(machine_challenge(machine_of(&stage), 4, &height, &digest), STATUS_UNKNOWN_MEMBER);
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    stage.book->seq[4] = epoch_of(&stage) << 32;
    assert_int_equal(machine_challenge(machine_of(&stage), 0, &height, &digest), STATUS_OK);
    assert_int_equal(machine_challenge(machine_of(&stage), 4, &height, &digest), STATUS_NOT_FOUND);
    empty_block(&stage, 4);
    empty_blocks_until(&stage, 2 * CHALLENGE_INTERVAL);
    assert_int_equal(standing_of(&stage, 4).reputation, ONE);
    assert_true(standing_of(&stage, 0).reputation < ONE);
    assert_int_equal(machine_challenge(machine_of(&stage), 4, &height, &digest), STATUS_OK);
    stage_end(&stage);
}

static void asker_removed_then_its_commitment_is_opened_by_nobody(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct question_id id;
    struct item ask = make_ask("canary", 2, MODE_POOL), reveal = {.kind = ITEM_REVEAL};
    struct machine_asked asked;
    commitment_of(reveal.reveal.salt, 0, &ask.ask.commitment);
    assert_int_equal(say(&stage, 4, ask, &id), STATUS_OK);
    all_say(&stage, 0x0f, make_tell(id, "o", 9 * NAT));
    assert_int_equal(belief_of(&stage, id).status, QUESTION_DECIDED);
    reveal.reveal.question = id;
    decide(&stage, remove_of(&stage, 4));
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    stage.book->seq[4] = epoch_of(&stage) << 32;
    machine_asked(machine_of(&stage), 4, &asked);
    assert_int_equal(asked.closed, 0);
    assert_int_equal(say(&stage, 4, reveal, NULL), STATUS_NOT_ALLOWED);
    reveal.reveal.hypothesis = 1;
    assert_int_equal(say(&stage, 4, reveal, NULL), STATUS_NOT_ALLOWED);
    assert_int_equal(standing_of(&stage, 4).proof, STANDING_PROOF_NONE);
    stage_end(&stage);
}

static void canary_opened_after_the_teller_was_replaced_then_the_newcomer_is_not_scored(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct question_id id;
    struct item ask = make_ask("canary", 2, MODE_POOL), reveal = {.kind = ITEM_REVEAL};
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    commitment_of(reveal.reveal.salt, 0, &ask.ask.commitment);
    assert_int_equal(say(&stage, 0, ask, &id), STATUS_OK);
    all_say(&stage, 0x18, make_tell(id, "o", -9 * NAT));
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    decide(&stage, remove_of(&stage, 4));
    decide(&stage, add_of(&stage, 4, "newcomer", 1));
    reveal.reveal.question = id;
    assert_int_equal(say(&stage, 0, reveal, NULL), STATUS_OK);
    empty_blocks_until(&stage, STANDING_REPUTATION_INTERVAL);
    assert_true(standing_of(&stage, 3).reputation < ONE);
    assert_int_equal(standing_of(&stage, 4).reputation, ONE);
    stage_end(&stage);
}

/* Some change that the roster allows, under a key that was never used. */
static struct item any_change(struct stage *stage, struct prng *prng, const struct roster *roster, uint8_t *keys) {
    static char name[16];
    uint32_t place = (uint32_t)prng_below(prng, roster->members);
    struct item item =
        threshold_of(stage, roster->threshold.numerator == 3 ? 4 : 3, roster->threshold.numerator == 3 ? 5 : 4);
    snprintf(name, sizeof name, "n%u", *keys);
    if (!roster_has(roster, place)) {
        item = add_of(stage, place, name, (*keys)++);
    } else if (prng_chance(prng, 1, 3)) {
        item = key_change_of(stage, place, (*keys)++);
    } else if (roster_heads(roster) > 4) {
        item = remove_of(stage, place);
    }
    item.reconfigure.epoch = roster->epoch;
    return item;
}

static void random_batches(struct stage *stage, struct prng *prng, const struct roster *roster,
                           const struct question_id ids[2], const struct item *favourite) {
    for (uint32_t m = 0; m < roster->members; m++) {
        char observation[16];
        if (!roster_has(roster, m) || prng_chance(prng, 1, 3)) continue;
        snprintf(observation, sizeof observation, "o%u", (unsigned)(stage->book->count / 8));
        struct item tell = make_tell(ids[prng_below(prng, 2)], observation, prng_between(prng, -NAT, NAT));
        struct item level = {.kind = ITEM_LEVEL, .level = (enum level)prng_below(prng, LEVELS)};
        book_item(stage->book, &tell);
        if (prng_chance(prng, 1, 4)) book_item(stage->book, &level);
        if (prng_chance(prng, 1, 3)) book_item(stage->book, favourite);
        book_seal(stage->book, m, stage->now_us++, 0, NULL);
    }
}

/* Everything at random, by two machines: one is fed each block's batches in another order. */
static void random_epochs_in_any_order_then_the_same_roots(void **state) {
    (void)state;
    uint64_t seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 20261124;
    printf("seed %" PRIu64 "\n", seed);
    struct prng prng = prng_seeded(seed);
    struct stage stage = stage_with_vacant(5, 4);
    struct world *other = world_new(&stage.world->genesis, stage.book);
    const struct machine *machine = machine_of(&stage);
    struct question_id ids[2];
    uint8_t keys = 1;
    struct item favourite = any_change(&stage, &prng, machine_roster(machine), &keys);
    assert_int_equal(say(&stage, 0, make_ask("pool", 2, MODE_POOL), &ids[0]), STATUS_OK);
    assert_int_equal(say(&stage, 1, make_ask("panel", 2, MODE_PANEL), &ids[1]), STATUS_OK);
    for (size_t i = 0; i < 2; i++) world_block(other, i, i + 1, NULL);
    for (int block = 0; block < 400; block++) {
        const struct roster *next = machine_next_roster(machine);
        size_t from = stage.book->count;
        if (next != NULL) {
            book_turn(stage.book, machine);
            favourite = any_change(&stage, &prng, next, &keys);
        }
        random_batches(&stage, &prng, next != NULL ? next : machine_roster(machine), ids, &favourite);
        world_block(stage.world, from, stage.book->count, NULL);
        world_block(other, from, stage.book->count, &prng);
        assert_memory_equal(&stage.world->checkpoint, &other->checkpoint, sizeof other->checkpoint);
        for (uint32_t m = 0; m < 9; m++)
            if (!roster_has(machine_roster(machine), m)) assert_int_equal(weight_of(&stage, m), 0);
    }
    assert_true(epoch_of(&stage) > 15);
    world_free(other);
    stage_end(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorum_of_the_heads_proposes_then_the_block_ends_the_epoch),
        cmocka_unit_test(proposals_race_then_the_newest_of_each_member_counts),
        cmocka_unit_test(both_reach_a_quorum_in_one_block_then_the_first_in_order),
        cmocka_unit_test(rest_of_the_last_block_then_executed_as_ever),
        cmocka_unit_test(between_two_epochs_then_members_are_asked_by_the_next_roster),
        cmocka_unit_test(changes_that_cannot_be_made_then_refused_and_nothing_changed),
        cmocka_unit_test(used_key_then_refused_for_ever),
        cmocka_unit_test(removed_member_then_nothing_that_it_says_is_taken),
        cmocka_unit_test(vacant_place_then_its_record_says_nobody),
        cmocka_unit_test(member_with_another_key_then_it_stays_who_it_was),
        cmocka_unit_test(place_filled_anew_then_nothing_of_who_was_there_is_left),
        cmocka_unit_test(removed_from_a_pool_then_its_evidence_counts_no_more_and_the_newcomer_tells_its_own),
        cmocka_unit_test(removed_from_a_panel_then_only_what_is_sealed_stays),
        cmocka_unit_test(fewer_heads_then_the_quorum_of_what_is_open_is_smaller),
        cmocka_unit_test(levels_with_vacant_places_then_raised_by_heads_and_from_the_new_base),
        cmocka_unit_test(joined_during_a_challenge_then_it_owes_nothing_to_it),
        cmocka_unit_test(asker_removed_then_its_commitment_is_opened_by_nobody),
        cmocka_unit_test(canary_opened_after_the_teller_was_replaced_then_the_newcomer_is_not_scored),
        cmocka_unit_test(random_epochs_in_any_order_then_the_same_roots),
    };
    return cmocka_run_group_tests_name("epochs", tests, NULL, NULL);
}
