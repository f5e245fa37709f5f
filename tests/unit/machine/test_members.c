/* What members show of themselves: challenges, canaries, families, proofs, and what that makes of their weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine/matter.h"
#include "machine/state.h"
#include "stage.h"

#define NAT QUANTA_PER_NAT

/* Every member tells ratios[member] about one observation, in one block; 0 tells nothing. */
static void panel(struct stage *stage, struct question_id id, const char *observation, const int64_t *ratios) {
    size_t from = stage->book->count;
    for (uint32_t m = 0; m < machine_members(machine_of(stage)); m++) {
        if (ratios[m] == 0) continue;
        struct item tell = make_tell(id, observation, ratios[m]);
        book_item(stage->book, &tell);
        book_seal(stage->book, m, stage->now_us++, 0, NULL);
    }
    world_block(stage->world, from, stage->book->count, NULL);
    assert_int_equal(world_last_refusal(stage->world), STATUS_OK);
}

static struct standing_member standing_of(const struct stage *stage, uint32_t member) {
    struct standing_member standing;
    machine_standing(machine_of(stage), member, &standing);
    return standing;
}

static uint32_t weight_of(const struct stage *stage, uint32_t member) {
    return machine_weight(machine_of(stage), member);
}

/* Challenges. */

static struct item answer_of(const struct stage *stage, uint32_t member) {
    struct item item = {.kind = ITEM_ANSWER};
    assert_int_equal(machine_challenge(machine_of(stage), member, &item.answer.height, &item.answer.digest),
                     STATUS_OK);
    return item;
}

static void challenge_answered_wrongly_or_not_then_it_costs(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct hash digest;
    uint64_t height;
    empty_blocks_until(&stage, CHALLENGE_INTERVAL - 1);
    assert_int_equal(machine_challenge(machine_of(&stage), 0, &height, &digest), STATUS_NOT_FOUND);
    empty_blocks_until(&stage, CHALLENGE_INTERVAL);
    struct item right = answer_of(&stage, 0);
    assert_int_equal(right.answer.height, CHALLENGE_INTERVAL);
    assert_int_equal(say(&stage, 0, right, NULL), STATUS_OK);
    assert_int_equal(machine_challenge(machine_of(&stage), 0, &height, &digest), STATUS_NOT_FOUND);
    assert_int_equal(say(&stage, 0, right, NULL), STATUS_DUPLICATE);
    /* Another's answer is a wrong one: it is bound to its member. */
    struct item copied = right;
    assert_int_equal(say(&stage, 1, copied, NULL), STATUS_OK);
    assert_int_equal(weight_of(&stage, 1), 0);
    assert_int_equal(standing_of(&stage, 1).proof, STANDING_PROOF_ANSWER);
    assert_int_equal(say(&stage, 2, answer_of(&stage, 2), NULL), STATUS_OK);
    struct item late = answer_of(&stage, 3);
    empty_block(&stage, 3);
    empty_blocks_until(&stage, CHALLENGE_INTERVAL + CHALLENGE_WINDOW);
    assert_int_equal(say(&stage, 3, late, NULL), STATUS_EXPIRED);
    empty_blocks_until(&stage, 2 * CHALLENGE_INTERVAL);
    assert_int_equal(weight_of(&stage, 0), 65536);
    assert_int_equal(weight_of(&stage, 2), 65536);
    /* (0 + 8) / (0 + 1 + 8) */
    assert_int_equal(standing_of(&stage, 3).reputation, 65536 * 8 / 9);
    assert_true(weight_of(&stage, 3) < 65536);
    stage_end(&stage);
}

static void challenged_while_it_was_cut_off_then_it_costs_nothing(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    /* Only lane 0 moves, and it answers nothing. */
    empty_blocks_until(&stage, 2 * CHALLENGE_INTERVAL);
    assert_true(standing_of(&stage, 0).reputation < 65536);
    for (uint32_t m = 1; m < 4; m++) assert_int_equal(standing_of(&stage, m).reputation, 65536);
    stage_end(&stage);
}

static void answer_to_no_challenge_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct item item = {.kind = ITEM_ANSWER, .answer = {.height = 64}};
    assert_int_equal(machine_check_item(machine_of(&stage), 1, &item, slice_of(NULL, 0)), STATUS_EXPIRED);
    assert_int_equal(say(&stage, 1, item, NULL), STATUS_EXPIRED);
    assert_int_equal(weight_of(&stage, 1), 65536);
    stage_end(&stage);
}

static void two_machines_then_the_same_answers(void **state) {
    (void)state;
    struct stage stage = stage_new(5);
    struct world *other = world_new(&stage.world->genesis, stage.book);
    empty_blocks_until(&stage, CHALLENGE_INTERVAL);
    for (size_t i = 0; i < stage.book->count; i++) world_block(other, i, i + 1, NULL);
    for (uint32_t m = 0; m < 5; m++) {
        struct hash mine, theirs;
        uint64_t height;
        assert_int_equal(machine_challenge(machine_of(&stage), m, &height, &mine), STATUS_OK);
        assert_int_equal(machine_challenge(other->machine, m, &height, &theirs), STATUS_OK);
        assert_memory_equal(mine.bytes, theirs.bytes, HASH_BYTES);
    }
    world_free(other);
    stage_end(&stage);
}

/* Canaries. */

static const uint8_t salt[COMMITMENT_SALT_BYTES] = {7};

static struct item canary_of(const char *title, uint32_t truth) {
    struct item ask = make_ask(title, 2, MODE_PANEL);
    commitment_of(salt, truth, &ask.ask.commitment);
    return ask;
}

static struct item reveal_of(struct question_id question, uint32_t truth) {
    struct item item = {.kind = ITEM_REVEAL, .reveal = {.question = question, .hypothesis = truth}};
    memcpy(item.reveal.salt, salt, sizeof salt);
    return item;
}

static uint32_t opening_of(const struct stage *stage, struct question_id id) {
    struct record_belief belief;
    uint64_t index;
    assert_int_equal(machine_find_question(machine_of(stage), &id, &index), STATUS_OK);
    assert_int_equal(machine_belief_at(machine_of(stage), index, &belief), STATUS_OK);
    return belief.opening;
}

static void canary_opened_after_the_verdict_then_whoever_was_wrong_loses_reputation(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    const int64_t told[] = {3 * NAT, 3 * NAT, -3 * NAT, 0};
    assert_int_equal(say(&stage, 0, canary_of("a canary", 0), &id), STATUS_OK);
    panel(&stage, id, "o", told);
    assert_int_equal(opening_of(&stage, id), OPENING_NONE);
    stage.now_us += 2000;
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 1, reveal_of(id, 0), NULL), STATUS_NOT_ALLOWED);
    assert_int_equal(say(&stage, 0, reveal_of(id, 0), NULL), STATUS_OK);
    assert_int_equal(opening_of(&stage, id), 0);
    assert_int_equal(say(&stage, 0, reveal_of(id, 0), NULL), STATUS_OPENED);
    empty_blocks_until(&stage, STANDING_REPUTATION_INTERVAL);
    /* p = 1 / (1 + exp(-3)) = 0.9526: Brier 0.0045 and 1.8148, gains 0.9955 and -0.8148. */
    uint32_t right = standing_of(&stage, 1).reputation;
    uint32_t wrong = standing_of(&stage, 2).reputation;
    assert_in_range(right, 65536 * 8970 / 9000, 65536 * 8999 / 9000);
    assert_in_range(wrong, 65536 * 8050 / 9000, 65536 * 8110 / 9000);
    /* Who asked knew the truth, and who said nothing can't be scored. */
    assert_int_equal(standing_of(&stage, 0).reputation, 65536);
    assert_int_equal(standing_of(&stage, 3).reputation, 65536);
    stage_end(&stage);
}

static void canary_opened_too_early_then_it_counts_for_nobody(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    const int64_t told[] = {NAT, NAT, -NAT, 0};
    assert_int_equal(say(&stage, 0, canary_of("a canary", 0), &id), STATUS_OK);
    struct item early = reveal_of(id, 0);
    assert_int_equal(machine_check_item(machine_of(&stage), 0, &early, slice_of(NULL, 0)), STATUS_TOO_EARLY);
    assert_int_equal(say(&stage, 0, early, NULL), STATUS_TOO_EARLY);
    panel(&stage, id, "o", told);
    stage.now_us += 2000;
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, early, NULL), STATUS_OPENED);
    empty_blocks_until(&stage, STANDING_REPUTATION_INTERVAL);
    assert_int_equal(standing_of(&stage, 2).reputation, 65536);
    assert_int_equal(weight_of(&stage, 0), 65536);
    stage_end(&stage);
}

static void opening_that_does_not_match_then_the_asker_is_a_proven_liar(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    assert_int_equal(say(&stage, 2, canary_of("a canary", 0), &id), STATUS_OK);
    struct item wrong = reveal_of(id, 1);
    /* An honest member's own door refuses it, so it can only come from a liar. */
    assert_int_equal(machine_check_item(machine_of(&stage), 2, &wrong, slice_of(NULL, 0)), STATUS_WRONG_OPENING);
    assert_int_equal(say(&stage, 1, wrong, NULL), STATUS_NOT_ALLOWED);
    assert_int_equal(weight_of(&stage, 1), 65536);
    assert_int_equal(say(&stage, 2, wrong, NULL), STATUS_WRONG_OPENING);
    assert_int_equal(weight_of(&stage, 2), 0);
    assert_int_equal(standing_of(&stage, 2).proof, STANDING_PROOF_REVEAL);
    assert_int_equal(opening_of(&stage, id), OPENING_NONE);
    stage_end(&stage);
}

static void ordinary_question_opened_then_nobody_is_scored(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    const int64_t told[] = {NAT, NAT, -NAT, 0};
    assert_int_equal(say(&stage, 0, canary_of("ordinary", OPENING_ORDINARY), &id), STATUS_OK);
    panel(&stage, id, "o", told);
    stage.now_us += 2000;
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, reveal_of(id, OPENING_ORDINARY), NULL), STATUS_OK);
    assert_int_equal(opening_of(&stage, id), OPENING_ORDINARY);
    empty_blocks_until(&stage, STANDING_REPUTATION_INTERVAL);
    assert_int_equal(standing_of(&stage, 2).reputation, 65536);
    stage_end(&stage);
}

static void opened_after_a_week_then_too_late(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    const int64_t told[] = {NAT, NAT, -NAT, 0};
    assert_int_equal(say(&stage, 0, canary_of("a canary", 0), &id), STATUS_OK);
    panel(&stage, id, "o", told);
    stage.now_us += 2000;
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    uint64_t charged = machine_of(&stage)->setting.charged;
    stage.now_us += OPENING_WINDOW_US;
    assert_int_equal(say(&stage, 0, reveal_of(id, 0), NULL), STATUS_EXPIRED);
    assert_true(machine_of(&stage)->setting.charged < charged);
    stage_end(&stage);
}

/* Families. */

static struct item label_question(uint32_t number, struct item ask, char *title) {
    snprintf(title, 32, "bird %u", (unsigned)number);
    ask.ask.title = slice_of_text(title);
    ask.ask.family = slice_of_text("birds");
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA; /* single panels decide nothing; the family does */
    return ask;
}

static struct item close_family(const char *name) {
    struct item item = {.kind = ITEM_CLOSE_FAMILY};
    item.close_family.family = slice_of_text(name);
    return item;
}

static void family_closes_then_its_calibration_is_in_the_log(void **state) {
    (void)state;
    enum { QUESTIONS = 40, MEMBERS = 7 };
    struct stage stage = stage_new(MEMBERS);
    struct question_id ids[QUESTIONS];
    for (uint32_t q = 0; q < QUESTIONS; q++) {
        char title[32];
        /* The truth alternates; member 6 says the opposite of it, member q % 5 errs now and then. */
        int64_t truth = q % 2 == 0 ? 2 * NAT : -2 * NAT;
        int64_t told[MEMBERS];
        for (uint32_t m = 0; m < MEMBERS; m++) told[m] = m == 6 || (m == q % 11) ? -truth : truth;
        assert_int_equal(say(&stage, 1, label_question(q, make_ask("", 2, MODE_PANEL), title), &ids[q]), STATUS_OK);
        panel(&stage, ids[q], "label", told);
    }
    assert_int_equal(say(&stage, 2, close_family("birds"), NULL), STATUS_NOT_ALLOWED);
    assert_int_equal(say(&stage, 1, close_family("dogs"), NULL), STATUS_UNKNOWN_FAMILY);
    struct machine_family family;
    assert_int_equal(machine_family_at(machine_of(&stage), 0, &family), STATUS_OK);
    assert_int_equal(family.questions, QUESTIONS);
    assert_int_equal(family.leaf, 0);
    assert_int_equal(say(&stage, 1, close_family("birds"), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 1, close_family("birds"), NULL), STATUS_FAMILY_CLOSED);

    uint64_t leaf;
    assert_int_equal(world_count_leaves(stage.world, RECORD_CALIBRATION, &leaf), 1);
    assert_int_equal(machine_family_at(machine_of(&stage), 0, &family), STATUS_OK);
    assert_int_equal(family.leaf, leaf);
    world_check_included(stage.world, leaf);
    static struct record_calibration record;
    assert_int_equal(record_calibration_read(family.record, &record), STATUS_OK);
    assert_true(
        slice_equal(family.record, slice_of(stage.world->leaves[leaf].bytes, stage.world->leaves[leaf].bytes_count)));
    assert_int_equal(record.questions, QUESTIONS);
    assert_int_equal(record.answers, QUESTIONS * MEMBERS);
    assert_int_equal(record.members, MEMBERS);
    assert_true(record.skills[6].skill < 0);
    assert_true(record.skills[5].skill > 2000);

    struct merkle_frontier results;
    merkle_frontier_init(&results);
    uint32_t question = UINT32_MAX;
    uint32_t place = 0;
    struct record_calibrated result;
    while (machine_family_next(machine_of(&stage), 0, place, &question, &result)) {
        uint8_t bytes[RECORD_CALIBRATED_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct hash hash;
        assert_int_equal(result.label, place % 2);
        assert_true(result.decided);
        assert_true(question_id_equal(&result.question, &ids[place]));
        record_calibrated_put(&writer, &result);
        merkle_leaf(writer_slice(&writer), &hash);
        merkle_append(&results, &hash);
        place++;
    }
    struct hash root;
    merkle_frontier_root(&results, &root);
    assert_int_equal(place, QUESTIONS);
    assert_memory_equal(root.bytes, record.results.bytes, HASH_BYTES);
    stage_end(&stage);
}

static void question_that_does_not_fit_the_family_then_refused(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    char title[32];
    assert_int_equal(say(&stage, 0, label_question(0, make_ask("", 2, MODE_PANEL), title), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, label_question(1, make_ask("", 3, MODE_PANEL), title), NULL),
                     STATUS_WRONG_FAMILY);
    assert_int_equal(say(&stage, 0, label_question(2, make_ask("", 2, MODE_POOL), title), NULL), STATUS_WRONG_FAMILY);
    assert_int_equal(say(&stage, 1, label_question(3, make_ask("", 2, MODE_PANEL), title), NULL), STATUS_NOT_ALLOWED);
    assert_int_equal(say(&stage, 0, close_family("birds"), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, label_question(4, make_ask("", 2, MODE_PANEL), title), NULL),
                     STATUS_FAMILY_CLOSED);
    assert_int_equal(machine_questions_count(machine_of(&stage)), 1);
    stage_end(&stage);
}

static void family_without_answers_then_closed_with_nothing_learnt(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    char title[32];
    struct machine_family family;
    static struct record_calibration record;
    assert_int_equal(say(&stage, 0, label_question(0, make_ask("", 3, MODE_PANEL), title), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, close_family("birds"), NULL), STATUS_OK);
    assert_int_equal(machine_family_at(machine_of(&stage), 0, &family), STATUS_OK);
    assert_int_equal(record_calibration_read(family.record, &record), STATUS_OK);
    assert_int_equal(record.answers, 0);
    assert_int_equal(record.decided, 0);
    stage_end(&stage);
}

static void family_closed_before_its_windows_end_then_what_a_quorum_told_counts(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    char title[32];
    const int64_t told_by_three[] = {NAT, NAT, -NAT, 0};
    const int64_t told_by_two[] = {NAT, NAT, 0, 0};
    struct machine_family family;
    static struct record_calibration record;
    struct item ask = make_ask("", 2, MODE_PANEL);
    ask.ask.window_us = UINT64_C(3600) * 1000000;
    assert_int_equal(say(&stage, 0, label_question(0, ask, title), &id), STATUS_OK);
    panel(&stage, id, "a quorum told", told_by_three);
    panel(&stage, id, "too few told", told_by_two);
    assert_int_equal(say(&stage, 0, close_family("birds"), NULL), STATUS_OK);
    assert_int_equal(machine_family_at(machine_of(&stage), 0, &family), STATUS_OK);
    assert_int_equal(record_calibration_read(family.record, &record), STATUS_OK);
    assert_int_equal(record.answers, 3);
    stage_end(&stage);
}

static void canary_of_a_family_then_it_counts_in_the_calibration(void **state) {
    (void)state;
    struct stage stage = stage_new(4);
    struct question_id id;
    char title[32];
    const int64_t told[] = {NAT, NAT, -NAT, NAT};
    struct machine_family family;
    static struct record_calibration record;
    assert_int_equal(say(&stage, 0, label_question(0, canary_of("", 0), title), &id), STATUS_OK);
    panel(&stage, id, "o", told);
    assert_int_equal(say(&stage, 0, make_close(id), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, reveal_of(id, 0), NULL), STATUS_OK);
    assert_int_equal(say(&stage, 0, close_family("birds"), NULL), STATUS_OK);
    assert_int_equal(machine_family_at(machine_of(&stage), 0, &family), STATUS_OK);
    assert_int_equal(record_calibration_read(family.record, &record), STATUS_OK);
    assert_int_equal(record.canaries, 1);
    assert_int_equal(record.answers, 4);
    stage_end(&stage);
}

/* Detectors. */

static void member_that_drifts_then_suspected_in_the_log_and_weighed_down(void **state) {
    (void)state;
    enum { MEMBERS = 7, PANELS = 160 };
    struct stage stage = stage_new(MEMBERS);
    struct prng prng = prng_seeded(20261122);
    struct question_id id;
    struct item ask = make_ask("drift", 2, MODE_PANEL);
    ask.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    assert_int_equal(say(&stage, 0, ask, &id), STATUS_OK);
    for (uint32_t p = 0; p < PANELS; p++) {
        char observation[32];
        int64_t told[MEMBERS];
        snprintf(observation, sizeof observation, "o%u", (unsigned)p);
        for (uint32_t m = 0; m < MEMBERS; m++)
            told[m] = prng_between(&prng, -3 * NAT, 3 * NAT) + (m == 3 ? 4 * NAT : 0);
        panel(&stage, id, observation, told);
    }
    assert_true(world_count_leaves(stage.world, RECORD_SUSPICION, NULL) >= 1);
    assert_true(standing_of(&stage, 3).alarmed);
    assert_true(weight_of(&stage, 3) < 65536 / 2);
    /* Nobody answered the challenges here; of what that left, statistics take four fifths at most. */
    assert_true(weight_of(&stage, 3) >= standing_of(&stage, 3).reputation / 5);
    for (uint32_t m = 0; m < MEMBERS; m++)
        if (m != 3) assert_false(standing_of(&stage, m).alarmed);
    uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct record_member record;
    struct machine_member shown = machine_member(machine_of(&stage), 3);
    machine_member_record(machine_of(&stage), 3, &shown, &writer);
    assert_int_equal(record_member_read(writer_slice(&writer), &record), STATUS_OK);
    assert_int_equal(record.weight, weight_of(&stage, 3));
    assert_true(record.suspicion > 0 && record.reason > 0);
    stage_end(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_answered_wrongly_or_not_then_it_costs),
        cmocka_unit_test(challenged_while_it_was_cut_off_then_it_costs_nothing),
        cmocka_unit_test(answer_to_no_challenge_then_refused),
        cmocka_unit_test(two_machines_then_the_same_answers),
        cmocka_unit_test(canary_opened_after_the_verdict_then_whoever_was_wrong_loses_reputation),
        cmocka_unit_test(canary_opened_too_early_then_it_counts_for_nobody),
        cmocka_unit_test(opening_that_does_not_match_then_the_asker_is_a_proven_liar),
        cmocka_unit_test(ordinary_question_opened_then_nobody_is_scored),
        cmocka_unit_test(opened_after_a_week_then_too_late),
        cmocka_unit_test(family_closes_then_its_calibration_is_in_the_log),
        cmocka_unit_test(question_that_does_not_fit_the_family_then_refused),
        cmocka_unit_test(family_without_answers_then_closed_with_nothing_learnt),
        cmocka_unit_test(family_closed_before_its_windows_end_then_what_a_quorum_told_counts),
        cmocka_unit_test(canary_of_a_family_then_it_counts_in_the_calibration),
        cmocka_unit_test(member_that_drifts_then_suspected_in_the_log_and_weighed_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
