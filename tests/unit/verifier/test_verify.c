/* Tests of verifier/verify.h, on certificates of a small log: each step once broken, beside what is accepted. */
#include "verifier/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample_log.h"

enum { FILE_BYTES_MAX = 8192 };

struct judged {
    uint8_t file_buffer[FILE_BYTES_MAX];
    uint8_t scratch[FILE_BYTES_MAX];
    struct slice file;
    struct genesis genesis;
    struct verify_result result;
    enum verify_step step;
};

static const struct verify_policy no_policy;

static void certify(const struct sample_log *log, struct judged *ret_judged) {
    struct writer writer = writer_of(ret_judged->file_buffer, FILE_BYTES_MAX);
    sample_log_genesis(log, &ret_judged->genesis);
    sample_log_certify(log, &writer);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    ret_judged->file = writer_slice(&writer);
}

static enum status judge(struct judged *judged, const struct verify_policy *policy) {
    return verify_certificate(judged->file, &judged->genesis, policy, judged->scratch, FILE_BYTES_MAX,
                              &judged->result, &judged->step);
}

static void assert_judged(const struct sample_log *log, const struct verify_policy *policy, enum status status,
                          enum verify_step step) {
    static struct judged judged;
    certify(log, &judged);
    assert_int_equal(judge(&judged, policy), status);
    assert_int_equal(judged.step, step);
}

static void verdict_with_a_quorum_then_accepted(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    certify(&log, &judged);
    assert_int_equal(judge(&judged, &no_policy), STATUS_OK);
    assert_int_equal(judged.step, VERIFY_DONE);
    assert_true(judged.result.is_verdict);
    assert_true(slice_equal(judged.result.belief.title, slice_of_text("Is it so?")));
    assert_int_equal(judged.result.belief.status, QUESTION_DECIDED);
    assert_int_equal(judged.result.belief.top, 0);
    assert_int_equal(judged.result.signers, 3);
    assert_int_equal(judged.result.needed, 3);
    assert_true(member_set_has(&judged.result.who, 2));
    assert_false(member_set_has(&judged.result.who, 3));
    assert_int_equal(judged.result.weight, 3 * 65536);
    assert_int_equal(judged.result.weight_total, 4 * 65536);
    assert_int_equal(judged.result.checkpoint.height, SAMPLE_HEIGHT);
    assert_int_equal(judged.result.state.height, SAMPLE_HEIGHT);
}

static void question_with_a_quorum_then_accepted_as_a_standing(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    log.question = true;
    log.decided = false;
    certify(&log, &judged);
    assert_int_equal(judge(&judged, &no_policy), STATUS_OK);
    assert_false(judged.result.is_verdict);
    assert_int_equal(judged.result.belief.status, QUESTION_OPEN);
}

static void too_few_heads_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    for (uint32_t signers = 1; signers < 16; signers++) {
        bool enough = __builtin_popcount(signers) >= 3;
        log.signers = signers;
        assert_judged(&log, &no_policy, enough ? STATUS_OK : STATUS_BELOW_THRESHOLD,
                      enough ? VERIFY_DONE : VERIFY_HEADS);
    }
}

/* At 9/10 all four must sign; three did, which is enough for 3/4. */
static void threshold_of_the_policy_then_counted_at_it(void **state) {
    (void)state;
    struct verify_policy policy = {.has_threshold = true, .threshold = {9, 10}};
    struct sample_log log = sample_log_good();
    assert_judged(&log, &policy, STATUS_BELOW_THRESHOLD, VERIFY_MORE_HEADS);
    log.signers = 0xf;
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    log.weights[3] = 0;
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    policy.threshold = (struct threshold){3, 4};
    log.signers = 0x7;
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    policy.threshold = (struct threshold){1, 2};
    assert_judged(&log, &policy, STATUS_BAD_VALUE, VERIFY_MORE_HEADS);
}

/* A policy below what the checkpoint asks for gives nothing away. */
static void threshold_raised_in_the_state_then_counted_at_it(void **state) {
    (void)state;
    struct verify_policy policy = {.has_threshold = true, .threshold = {3, 4}};
    struct sample_log log = sample_log_good();
    log.checkpoint = log.parameters = (struct threshold){9, 10};
    assert_judged(&log, &policy, STATUS_BELOW_THRESHOLD, VERIFY_HEADS);
    log.signers = 0xf;
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
}

static void threshold_below_the_base_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.base = (struct threshold){9, 10};
    log.signers = 0xf;
    assert_judged(&log, &no_policy, STATUS_BELOW_THRESHOLD, VERIFY_BASE);
    log.base = (struct threshold){6, 8};
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
}

static void threshold_other_than_in_the_state_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.parameters = (struct threshold){9, 10};
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_PARAMETERS);
    log.file_parameters_forged = true;
    assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_PARAMETERS);
}

/* Four members at 3/4: one may be missing from a quorum, so two who see a partition raise the threshold. */
static void members_who_see_a_partition_then_the_threshold_must_be_raised(void **state) {
    (void)state;
    static const struct {
        enum level levels[SAMPLE_MEMBERS];
        bool raises;
    } rows[] = {
        {{LEVEL_DEGRADED, LEVEL_DEGRADED, LEVEL_DEGRADED, LEVEL_DEGRADED}, false},
        {{LEVEL_SEVERE}, false},
        {{LEVEL_CONNECTED, LEVEL_DEGRADED, LEVEL_DEGRADED, LEVEL_MAJOR}, false},
        {{LEVEL_MAJOR, LEVEL_MAJOR}, true},
        {{LEVEL_CONNECTED, LEVEL_SEVERE, LEVEL_CONNECTED, LEVEL_MAJOR}, true},
        {{LEVEL_SEVERE, LEVEL_SEVERE, LEVEL_SEVERE, LEVEL_SEVERE}, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample_log log = sample_log_good();
        memcpy(log.levels, rows[i].levels, sizeof log.levels);
        /* All four have signed: heads are no excuse for the wrong threshold. */
        log.signers = 0xf;
        assert_judged(&log, &no_policy, rows[i].raises ? STATUS_BELOW_THRESHOLD : STATUS_OK,
                      rows[i].raises ? VERIFY_LEVELS : VERIFY_DONE);
        log.checkpoint = log.parameters = (struct threshold){89, 100};
        assert_judged(&log, &no_policy, rows[i].raises ? STATUS_BELOW_THRESHOLD : STATUS_OK,
                      rows[i].raises ? VERIFY_LEVELS : VERIFY_DONE);
        log.checkpoint = log.parameters = (struct threshold){9, 10};
        assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
        log.signers = 0x7;
        assert_judged(&log, &no_policy, STATUS_BELOW_THRESHOLD, VERIFY_HEADS);
    }
}

/* Neither the text alone nor the records alone can be made to look like a group that is whole. */
static void partition_hidden_in_one_place_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.levels[0] = log.levels[1] = LEVEL_MAJOR;
    log.checkpoint = log.parameters = (struct threshold){9, 10};
    log.signers = 0xf;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
    log.file_level_forged = true;
    assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_MEMBERS);
    log.file_level_forged = false;
    log.checkpoint = (struct threshold){3, 4};
    assert_judged(&log, &no_policy, STATUS_BELOW_THRESHOLD, VERIFY_LEVELS);
    log.checkpoint = (struct threshold){9, 10};
    log.parameters = (struct threshold){3, 4};
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_PARAMETERS);
    log.file_parameters_forged = true;
    assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_PARAMETERS);
}

/* At 9/10 nothing is left to be raised: what the genesis asks for is enough. */
static void base_at_the_limit_then_levels_change_nothing(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) log.levels[i] = LEVEL_SEVERE;
    log.base = log.checkpoint = log.parameters = (struct threshold){95, 100};
    log.signers = 0xf;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
}

static void too_little_weight_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.weights[0] = 65535;
    assert_judged(&log, &no_policy, STATUS_BELOW_WEIGHT, VERIFY_WEIGHT);
    log.weights[3] = 65533;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
    memset(log.weights, 0, sizeof log.weights);
    assert_judged(&log, &no_policy, STATUS_BELOW_WEIGHT, VERIFY_WEIGHT);
}

/* Member 3 has 3/4 of its reputation and is suspected as far as can be: 65536 * 3/4 * 1/5. */
static void weights_are_unequal_then_heads_alone_are_not_enough(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    log.weights[3] = 9830;
    log.reputations[3] = 49152;
    log.suspicions[3] = 52429;
    certify(&log, &judged);
    assert_int_equal(judge(&judged, &no_policy), STATUS_OK);
    assert_int_equal(judged.result.weight, 3 * 65536);
    assert_int_equal(judged.result.weight_total, 3 * 65536 + 9830);
    log.signers = 0xe;
    assert_judged(&log, &no_policy, STATUS_BELOW_WEIGHT, VERIFY_WEIGHT);
    log.signers = 0xf;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
}

/* A proven liar may sign, and is a head, but weighs nothing. */
static void proven_liar_signed_then_its_weight_is_missing(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.weights[3] = 0;
    log.proofs[3] = 1;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
    log.signers = 0xd;
    assert_judged(&log, &no_policy, STATUS_BELOW_WEIGHT, VERIFY_WEIGHT);
}

static void calibration_with_a_quorum_then_accepted(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    log.calibration = true;
    certify(&log, &judged);
    assert_int_equal(judge(&judged, &no_policy), STATUS_OK);
    assert_true(judged.result.is_calibration && !judged.result.is_verdict);
    const struct record_calibration *calibration = &judged.result.calibration;
    assert_true(slice_equal(calibration->family, slice_of_text("Is it so?")));
    assert_int_equal(calibration->decided, 99);
    assert_int_equal(calibration->skills[3].skill, -1500);
    assert_int_equal(judged.result.signers, 3);
}

static void calibration_that_is_not_in_the_log_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.calibration = true;
    log.other_question_in_file = true;
    assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_BELIEF);
    log.other_question_in_file = false;
    log.question = true; /* in the tree of questions instead of the log */
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_BELIEF);
    log.question = false;
    log.belief_height = SAMPLE_HEIGHT + 1;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_BELIEF);
    log.belief_height = SAMPLE_HEIGHT;
    log.calibration_members = SAMPLE_MEMBERS - 1;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_BELIEF);
    log.calibration_members = SAMPLE_MEMBERS;
    log.signers = 0x3;
    assert_judged(&log, &no_policy, STATUS_BELOW_THRESHOLD, VERIFY_HEADS);
}

/* A calibration decides no question, and no number of liars is known that it bears. */
static void policy_about_a_question_and_a_calibration_then_refused(void **state) {
    (void)state;
    const struct verify_policy outcome = {.has_expect = true, .expect = slice_of_text("yes")};
    const struct verify_policy margin = {.min_margin = 1};
    const struct verify_policy probability = {.min_probability = 1};
    struct sample_log log = sample_log_good();
    log.calibration = true;
    assert_judged(&log, &outcome, STATUS_WRONG_OUTCOME, VERIFY_OUTCOME);
    assert_judged(&log, &probability, STATUS_WRONG_OUTCOME, VERIFY_PROBABILITY);
    assert_judged(&log, &margin, STATUS_WRONG_OUTCOME, VERIFY_MARGIN);
}

/* Three of four signed, with 70.6 % of the weight. */
static void threshold_of_the_policy_then_weighed_at_it(void **state) {
    (void)state;
    struct verify_policy policy = {.has_threshold = true, .threshold = {3, 4}};
    struct sample_log log = sample_log_good();
    log.base = log.checkpoint = log.parameters = (struct threshold){7, 10};
    for (uint32_t i = 0; i < 3; i++) log.weights[i] = 52429;
    assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
    assert_judged(&log, &policy, STATUS_BELOW_WEIGHT, VERIFY_MORE_WEIGHT);
}

static void weight_in_the_file_other_than_in_the_state_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.file_weight_forged = true;
    assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_MEMBERS);
}

static void members_other_than_in_the_genesis_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    for (int wrong = MEMBER_WRONG_NUMBER; wrong <= MEMBER_OF_2; wrong++) {
        log.wrong_member = (enum sample_member)wrong;
        assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_MEMBERS);
    }
    log = sample_log_good();
    log.member_missing = true;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_MEMBERS);
}

static void another_epoch_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.epoch = 1;
    assert_judged(&log, &no_policy, STATUS_WRONG_EPOCH, VERIFY_NOTE);
}

static void state_of_another_height_or_place_then_refused(void **state) {
    (void)state;
    struct sample_log log = sample_log_good();
    log.state_height = SAMPLE_HEIGHT - 1;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_STATE);
    log.state_height = SAMPLE_HEIGHT + 1;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_STATE);
    log = sample_log_good();
    log.leaf_after_state = true;
    assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_STATE);
}

static void belief_that_is_not_in_its_tree_then_refused(void **state) {
    (void)state;
    for (int question = 0; question < 2; question++) {
        struct sample_log log = sample_log_good();
        log.question = question == 1;
        log.other_question_in_file = true;
        assert_judged(&log, &no_policy, STATUS_BAD_PROOF, VERIFY_BELIEF);
        log.other_question_in_file = false;
        log.wrong_kind = true;
        assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_BELIEF);
        log.wrong_kind = false;
        log.belief_height = SAMPLE_HEIGHT + 1;
        assert_judged(&log, &no_policy, STATUS_CONFLICT, VERIFY_BELIEF);
        log.belief_height = SAMPLE_HEIGHT;
        assert_judged(&log, &no_policy, STATUS_OK, VERIFY_DONE);
    }
}

static void outcome_of_the_policy_then_the_one_that_was_decided(void **state) {
    (void)state;
    struct verify_policy policy = {.has_expect = true, .expect = slice_of_text("yes")};
    struct sample_log log = sample_log_good();
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    log.top = 1;
    assert_judged(&log, &policy, STATUS_WRONG_OUTCOME, VERIFY_OUTCOME);
    policy.expect = slice_of_text("no");
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    policy.expect = slice_of_text("n");
    assert_judged(&log, &policy, STATUS_WRONG_OUTCOME, VERIFY_OUTCOME);
    log = sample_log_good();
    log.decided = false;
    policy.expect = slice_of_text("yes");
    assert_judged(&log, &policy, STATUS_WRONG_OUTCOME, VERIFY_OUTCOME);
}

static void margin_of_the_policy_then_at_least_it(void **state) {
    (void)state;
    struct verify_policy policy = {.min_margin = 2};
    struct sample_log log = sample_log_good();
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    policy.min_margin = 3;
    assert_judged(&log, &policy, STATUS_WRONG_OUTCOME, VERIFY_MARGIN);
}

/* The sample is three nats ahead: 1 / (1 + e^-3) = 0.952574126822433... */
static void probability_of_the_policy_then_at_least_it(void **state) {
    (void)state;
    struct verify_policy policy = {.min_probability = INT64_C(952574126822400000)};
    struct sample_log log = sample_log_good();
    assert_judged(&log, &policy, STATUS_OK, VERIFY_DONE);
    policy.min_probability = INT64_C(952574126822500000);
    assert_judged(&log, &policy, STATUS_WRONG_OUTCOME, VERIFY_PROBABILITY);
    policy.min_probability = INT64_C(1000000000000000001);
    assert_judged(&log, &policy, STATUS_BAD_VALUE, VERIFY_PROBABILITY);
    policy.min_probability = -1;
    assert_judged(&log, &policy, STATUS_BAD_VALUE, VERIFY_PROBABILITY);
}

/* A reader who asks for too much learns that the certificate itself is good; a forger does not. */
static void certificate_that_holds_then_a_step_of_the_policy(void **state) {
    (void)state;
    static const enum verify_step of_the_policy[] = {VERIFY_MORE_HEADS, VERIFY_MORE_WEIGHT, VERIFY_OUTCOME,
                                                     VERIFY_MARGIN, VERIFY_PROBABILITY};
    static const enum verify_step of_the_certificate[] = {VERIFY_FORM,    VERIFY_NOTE,   VERIFY_HEADS,
                                                          VERIFY_MEMBERS, VERIFY_WEIGHT, VERIFY_PARAMETERS,
                                                          VERIFY_BELIEF,  VERIFY_DONE};
    for (size_t i = 0; i < sizeof of_the_policy / sizeof of_the_policy[0]; i++)
        assert_true(verify_step_is_policy(of_the_policy[i]));
    for (size_t i = 0; i < sizeof of_the_certificate / sizeof of_the_certificate[0]; i++)
        assert_false(verify_step_is_policy(of_the_certificate[i]));
}

static void genesis_of_another_chain_then_refused(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    certify(&log, &judged);
    judged.genesis.created_us++;
    assert_int_equal(judge(&judged, &no_policy), STATUS_WRONG_CHAIN);
    assert_int_equal(judged.step, VERIFY_NOTE);
}

static void scratch_smaller_than_the_file_then_refused(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    certify(&log, &judged);
    assert_int_equal(verify_certificate(judged.file, &judged.genesis, &no_policy, judged.scratch,
                                        judged.file.bytes - 1, &judged.result, &judged.step),
                     STATUS_NO_SPACE);
    assert_int_equal(judged.step, VERIFY_FORM);
    assert_int_equal(verify_certificate(judged.file, &judged.genesis, &no_policy, judged.scratch, judged.file.bytes,
                                        &judged.result, &judged.step),
                     STATUS_OK);
}

/* What a reader takes away. Texts are compared as texts: they are borrowed from different memory. */
static bool same_meaning(const struct verify_result *a, const struct verify_result *b) {
    bool texts = slice_equal(a->belief.title, b->belief.title) &&
                 slice_equal(a->belief.hypotheses[0], b->belief.hypotheses[0]) &&
                 slice_equal(a->belief.hypotheses[1], b->belief.hypotheses[1]);
    bool belief = question_id_equal(&a->belief.question, &b->belief.question) &&
                  a->belief.status == b->belief.status && a->belief.top == b->belief.top &&
                  a->belief.log_odds[1] == b->belief.log_odds[1] && a->belief.flip_margin == b->belief.flip_margin &&
                  a->belief.height == b->belief.height;
    return texts && belief && a->is_verdict == b->is_verdict && a->weight_total == b->weight_total &&
           a->checkpoint.height == b->checkpoint.height && a->checkpoint.size == b->checkpoint.size &&
           hash_equal(&a->checkpoint.root, &b->checkpoint.root) && a->state.time_us == b->state.time_us;
}

/* With just a quorum every byte counts. With one signature to spare a changed name or key id makes that line a
 * stranger's, who is ignored; the meaning is the same then. */
static void any_byte_changed_then_refused_or_the_same_meaning(void **state) {
    (void)state;
    static struct judged judged;
    static struct verify_result original;
    for (int round = 0; round < 4; round++) {
        struct sample_log log = sample_log_good();
        log.signers = round < 2 ? 0x7 : 0xf;
        log.question = round % 2 == 1;
        certify(&log, &judged);
        static uint8_t original_scratch[FILE_BYTES_MAX];
        assert_int_equal(verify_certificate(judged.file, &judged.genesis, &no_policy, original_scratch,
                                            FILE_BYTES_MAX, &original, &judged.step),
                         STATUS_OK);
        for (size_t at = 0; at < judged.file.bytes; at++) {
            judged.file_buffer[at] ^= (uint8_t)(1u << (at % 7));
            if (judge(&judged, &no_policy) == STATUS_OK) {
                assert_int_equal(log.signers, 0xf);
                assert_int_equal(judged.result.signers, 3);
                assert_true(same_meaning(&original, &judged.result));
            }
            judged.file_buffer[at] ^= (uint8_t)(1u << (at % 7));
        }
    }
}

static void file_cut_anywhere_then_refused_or_fewer_signers(void **state) {
    (void)state;
    static struct judged judged;
    struct sample_log log = sample_log_good();
    certify(&log, &judged);
    struct slice whole = judged.file;
    for (size_t at = 0; at < whole.bytes; at++) {
        judged.file = slice_of(whole.data, at);
        assert_int_not_equal(judge(&judged, &no_policy), STATUS_OK);
    }
    judged.file_buffer[whole.bytes] = '\n';
    judged.file = slice_of(whole.data, whole.bytes + 1);
    assert_int_not_equal(judge(&judged, &no_policy), STATUS_OK);
}

static void every_step_then_a_sentence(void **state) {
    (void)state;
    for (int step = 0; step <= VERIFY_DONE; step++)
        assert_true(strlen(verify_step_text((enum verify_step)step)) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_with_a_quorum_then_accepted),
        cmocka_unit_test(question_with_a_quorum_then_accepted_as_a_standing),
        cmocka_unit_test(too_few_heads_then_refused),
        cmocka_unit_test(threshold_of_the_policy_then_counted_at_it),
        cmocka_unit_test(threshold_raised_in_the_state_then_counted_at_it),
        cmocka_unit_test(threshold_below_the_base_then_refused),
        cmocka_unit_test(threshold_other_than_in_the_state_then_refused),
        cmocka_unit_test(members_who_see_a_partition_then_the_threshold_must_be_raised),
        cmocka_unit_test(partition_hidden_in_one_place_then_refused),
        cmocka_unit_test(base_at_the_limit_then_levels_change_nothing),
        cmocka_unit_test(too_little_weight_then_refused),
        cmocka_unit_test(weights_are_unequal_then_heads_alone_are_not_enough),
        cmocka_unit_test(proven_liar_signed_then_its_weight_is_missing),
        cmocka_unit_test(calibration_with_a_quorum_then_accepted),
        cmocka_unit_test(calibration_that_is_not_in_the_log_then_refused),
        cmocka_unit_test(policy_about_a_question_and_a_calibration_then_refused),
        cmocka_unit_test(threshold_of_the_policy_then_weighed_at_it),
        cmocka_unit_test(weight_in_the_file_other_than_in_the_state_then_refused),
        cmocka_unit_test(members_other_than_in_the_genesis_then_refused),
        cmocka_unit_test(another_epoch_then_refused),
        cmocka_unit_test(state_of_another_height_or_place_then_refused),
        cmocka_unit_test(belief_that_is_not_in_its_tree_then_refused),
        cmocka_unit_test(outcome_of_the_policy_then_the_one_that_was_decided),
        cmocka_unit_test(margin_of_the_policy_then_at_least_it),
        cmocka_unit_test(probability_of_the_policy_then_at_least_it),
        cmocka_unit_test(certificate_that_holds_then_a_step_of_the_policy),
        cmocka_unit_test(genesis_of_another_chain_then_refused),
        cmocka_unit_test(scratch_smaller_than_the_file_then_refused),
        cmocka_unit_test(any_byte_changed_then_refused_or_the_same_meaning),
        cmocka_unit_test(file_cut_anywhere_then_refused_or_fewer_signers),
        cmocka_unit_test(every_step_then_a_sentence),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
