/* The offline check of a certificate: one function a step, in a table, in order (docs/protocol.md 5).
 *
 * Invariant: nothing is reported that is not bound to the signed checkpoint. Its root binds the state record as its
 * last leaf, that record binds members, weights and threshold, and log or state bind the belief. The record must be
 * the last leaf: the state at the signed height and no older one, so a belief or a weight that has been overtaken
 * can't be shown as current. */
#include "verifier/verify.h"

#include "base/check.h"
#include "verifier/probability.h"

/* What the steps hand on to each other. */
struct inquiry {
    struct slice file;
    const struct genesis *genesis;
    const struct verify_policy *policy;
    uint8_t *scratch;
    size_t scratch_bytes;
    struct hash chain;
    struct certificate certificate;
    struct verify_result result;
};

static enum status step_form(struct inquiry *inquiry) {
    return certificate_read(inquiry->file, inquiry->scratch, inquiry->scratch_bytes, &inquiry->certificate);
}

/* Each epoch's members vouch for the next ones, from the genesis on (docs/protocol.md 8). */
static enum status step_epoch(struct inquiry *inquiry) {
    const struct certificate *certificate = &inquiry->certificate;
    struct roster *roster = &inquiry->result.roster;
    roster_of(inquiry->genesis, roster);
    for (uint32_t i = 0; i < certificate->handovers_count; i++) {
        struct handover handover;
        TRY(handover_read(certificate->handovers[i], &handover));
        TRY(handover_verify(&handover, &inquiry->chain, roster, roster));
    }
    return STATUS_OK;
}

static enum status step_note(struct inquiry *inquiry) {
    struct checkpoint_signature signatures[MEMBERS_MAX];
    struct verify_result *result = &inquiry->result;
    TRY(checkpoint_note_read(inquiry->certificate.note, &inquiry->chain, &result->roster, &result->checkpoint,
                             signatures, &result->signers));
    member_set_clear(&result->who);
    for (uint32_t i = 0; i < result->signers; i++) member_set_add(&result->who, signatures[i].member);
    bool fits = result->checkpoint.epoch == result->roster.epoch && result->checkpoint.height > result->roster.height;
    return fits ? STATUS_OK : STATUS_WRONG_EPOCH;
}

static uint32_t heads_of(const struct inquiry *inquiry) { return roster_heads(&inquiry->result.roster); }

static enum status step_base(struct inquiry *inquiry) {
    struct threshold in_force = inquiry->result.checkpoint.threshold;
    bool reaches = threshold_compare(in_force, inquiry->result.roster.threshold) >= 0;
    return reaches ? STATUS_OK : STATUS_BELOW_THRESHOLD;
}

static enum status step_heads(struct inquiry *inquiry) {
    uint32_t n = heads_of(inquiry);
    struct threshold in_force = inquiry->result.checkpoint.threshold;
    inquiry->result.needed = quorum_size(n, in_force);
    return member_set_quorum(&inquiry->result.who, n, in_force) ? STATUS_OK : STATUS_BELOW_THRESHOLD;
}

static enum status step_state(struct inquiry *inquiry) {
    const struct certificate *certificate = &inquiry->certificate;
    const struct checkpoint *checkpoint = &inquiry->result.checkpoint;
    struct hash leaf;
    TRY(record_state_read(certificate->state, &inquiry->result.state));
    if (inquiry->result.state.height != checkpoint->height) return STATUS_CONFLICT;
    if (checkpoint->size == 0 || certificate->state_index != checkpoint->size - 1) return STATUS_CONFLICT;
    merkle_leaf(certificate->state, &leaf);
    return merkle_inclusion_check(&leaf, certificate->state_index, checkpoint->size, certificate->state_proof,
                                  certificate->state_proof_count, &checkpoint->root);
}

/* A vacant place has neither name nor key, and no weight. */
static enum status member_matches(const struct roster *roster, uint32_t number, const struct record_member *member) {
    if (member->number != number) return STATUS_CONFLICT;
    if (!slice_equal(member->name, slice_of_text(roster->names[number]))) return STATUS_CONFLICT;
    if (!roster_has(roster, number) && member->weight != 0) return STATUS_CONFLICT;
    return memcmp(member->key, roster->keys[number], KEY_BYTES) == 0 ? STATUS_OK : STATUS_CONFLICT;
}

/* Also adds up the weights and counts who sees a partition, which count only once the root has been compared. */
static enum status step_members(struct inquiry *inquiry) {
    const struct certificate *certificate = &inquiry->certificate;
    struct verify_result *result = &inquiry->result;
    struct merkle_frontier frontier;
    struct hash hash;
    if (certificate->members != inquiry->genesis->members) return STATUS_CONFLICT;
    merkle_frontier_init(&frontier);
    for (uint32_t i = 0; i < certificate->members; i++) {
        struct record_member member;
        TRY(record_member_read(certificate->member_records[i], &member));
        TRY(member_matches(&result->roster, i, &member));
        result->weight_total += member.weight;
        result->apart += roster_has(&result->roster, i) && level_is_apart(member.level);
        if (member_set_has(&result->who, i)) result->weight += member.weight;
        merkle_leaf(certificate->member_records[i], &hash);
        merkle_append(&frontier, &hash);
    }
    merkle_frontier_root(&frontier, &hash);
    return hash_equal(&hash, &result->state.members) ? STATUS_OK : STATUS_BAD_PROOF;
}

/* The levels are those of the state, which the records of the step before are bound to; so nobody can show a certificate
 * of a partition that was made as if there were none (docs/protocol.md 6). */
static enum status step_levels(struct inquiry *inquiry) {
    struct threshold least =
        level_threshold(heads_of(inquiry), inquiry->result.roster.threshold, inquiry->result.apart);
    struct threshold in_force = inquiry->result.checkpoint.threshold;
    return threshold_compare(in_force, least) >= 0 ? STATUS_OK : STATUS_BELOW_THRESHOLD;
}

/* The parameters tree has one leaf, so its root is the hash of the leaf. */
static enum status step_parameters(struct inquiry *inquiry) {
    struct verify_result *result = &inquiry->result;
    struct hash root;
    TRY(record_parameters_read(inquiry->certificate.parameters, &result->parameters));
    merkle_leaf(inquiry->certificate.parameters, &root);
    if (!hash_equal(&root, &result->state.parameters)) return STATUS_BAD_PROOF;
    bool agrees = threshold_compare(result->parameters.threshold, result->checkpoint.threshold) == 0 &&
                  result->parameters.snapshot.height <= result->checkpoint.height;
    return agrees ? STATUS_OK : STATUS_CONFLICT;
}

static enum status step_weight(struct inquiry *inquiry) {
    const struct verify_result *result = &inquiry->result;
    bool met = quorum_weight_met(result->weight, result->weight_total, result->checkpoint.threshold);
    return met ? STATUS_OK : STATUS_BELOW_WEIGHT;
}

/* A calibration is a leaf of the log, as a verdict is. */
static enum status check_calibration(struct inquiry *inquiry) {
    const struct certificate *certificate = &inquiry->certificate;
    struct verify_result *result = &inquiry->result;
    struct hash leaf;
    if (certificate->questions != 0) return STATUS_CONFLICT;
    if (result->calibration.members != inquiry->genesis->members) return STATUS_CONFLICT;
    if (result->calibration.height > result->checkpoint.height) return STATUS_CONFLICT;
    merkle_leaf(certificate->belief, &leaf);
    return merkle_inclusion_check(&leaf, certificate->index, result->checkpoint.size, certificate->proof,
                                  certificate->proof_count, &result->checkpoint.root);
}

/* What is certified then is what the steps before have shown; the file says so by repeating it. */
static enum status check_state_alone(const struct certificate *certificate) {
    if (!slice_equal(certificate->belief, certificate->parameters)) return STATUS_BAD_TYPE;
    bool is_alone = certificate->questions == 0 && certificate->index == 0 && certificate->proof_count == 0;
    return is_alone ? STATUS_OK : STATUS_CONFLICT;
}

static enum status step_belief(struct inquiry *inquiry) {
    const struct certificate *certificate = &inquiry->certificate;
    struct verify_result *result = &inquiry->result;
    enum record_kind kind;
    struct hash leaf;
    if (inquiry->policy->is_snapshot) return check_state_alone(certificate);
    result->is_calibration = record_calibration_read(certificate->belief, &result->calibration) == STATUS_OK;
    if (result->is_calibration) return check_calibration(inquiry);
    TRY(record_belief_read(certificate->belief, &kind, &result->belief));
    result->is_verdict = kind == RECORD_VERDICT;
    if (result->is_verdict != (certificate->questions == 0)) return STATUS_CONFLICT;
    if (result->belief.height > result->checkpoint.height) return STATUS_CONFLICT;
    uint64_t size = result->is_verdict ? result->checkpoint.size : certificate->questions;
    const struct hash *root = result->is_verdict ? &result->checkpoint.root : &result->state.questions;
    merkle_leaf(certificate->belief, &leaf);
    return merkle_inclusion_check(&leaf, certificate->index, size, certificate->proof, certificate->proof_count,
                                  root);
}

/* A policy below the threshold in force asks for nothing: that one is met already. */
static enum status step_more_heads(struct inquiry *inquiry) {
    struct threshold wanted = inquiry->policy->threshold;
    struct verify_result *result = &inquiry->result;
    uint32_t n = heads_of(inquiry);
    if (!inquiry->policy->has_threshold) return STATUS_OK;
    TRY(threshold_check(wanted));
    if (threshold_compare(wanted, result->checkpoint.threshold) > 0) result->needed = quorum_size(n, wanted);
    return member_set_quorum(&result->who, n, wanted) ? STATUS_OK : STATUS_BELOW_THRESHOLD;
}

static enum status step_more_weight(struct inquiry *inquiry) {
    const struct verify_result *result = &inquiry->result;
    if (!inquiry->policy->has_threshold) return STATUS_OK;
    bool met = quorum_weight_met(result->weight, result->weight_total, inquiry->policy->threshold);
    return met ? STATUS_OK : STATUS_BELOW_WEIGHT;
}

static enum status step_outcome(struct inquiry *inquiry) {
    const struct record_belief *belief = &inquiry->result.belief;
    if (!inquiry->policy->has_expect) return STATUS_OK;
    if (inquiry->result.is_calibration || inquiry->policy->is_snapshot) return STATUS_WRONG_OUTCOME;
    bool expected =
        belief->status == QUESTION_DECIDED && slice_equal(belief->hypotheses[belief->top], inquiry->policy->expect);
    return expected ? STATUS_OK : STATUS_WRONG_OUTCOME;
}

static enum status step_margin(struct inquiry *inquiry) {
    bool enough = inquiry->result.belief.flip_margin >= inquiry->policy->min_margin;
    return enough ? STATUS_OK : STATUS_WRONG_OUTCOME;
}

static enum status step_probability(struct inquiry *inquiry) {
    int64_t least = inquiry->policy->min_probability;
    if (least == 0) return STATUS_OK;
    if (least < 0 || least > PROBABILITY_ONE) return STATUS_BAD_VALUE;
    if (inquiry->result.is_calibration) return STATUS_WRONG_OUTCOME;
    return probability_reaches(&inquiry->result.belief, least) ? STATUS_OK : STATUS_WRONG_OUTCOME;
}

/* clang-format off */
static enum status (*const steps[VERIFY_DONE])(struct inquiry *inquiry) = {
    [VERIFY_FORM] = step_form,
    [VERIFY_EPOCH] = step_epoch,
    [VERIFY_NOTE] = step_note,
    [VERIFY_BASE] = step_base,
    [VERIFY_HEADS] = step_heads,
    [VERIFY_STATE] = step_state,
    [VERIFY_MEMBERS] = step_members,
    [VERIFY_LEVELS] = step_levels,
    [VERIFY_PARAMETERS] = step_parameters,
    [VERIFY_WEIGHT] = step_weight,
    [VERIFY_BELIEF] = step_belief,
    [VERIFY_MORE_HEADS] = step_more_heads,
    [VERIFY_MORE_WEIGHT] = step_more_weight,
    [VERIFY_OUTCOME] = step_outcome,
    [VERIFY_MARGIN] = step_margin,
    [VERIFY_PROBABILITY] = step_probability,
};
/* clang-format on */

const char *verify_step_text(enum verify_step step) {
    static const char *const texts[] = {
#define VERIFY_STEP_TEXT(code, text) [VERIFY_##code] = text,
        VERIFY_STEP_TABLE(VERIFY_STEP_TEXT)
#undef VERIFY_STEP_TEXT
    };
    return step < VERIFY_DONE ? texts[step] : "everything holds";
}

enum status verify_certificate(struct slice file, const struct genesis *genesis, const struct verify_policy *policy,
                               uint8_t *scratch, size_t scratch_bytes, struct verify_result *ret_result,
                               enum verify_step *ret_step) {
    struct inquiry inquiry = {.file = file, .genesis = genesis, .policy = policy, .scratch_bytes = scratch_bytes};
    inquiry.scratch = scratch;
    genesis_chain(genesis, &inquiry.chain);
    for (*ret_step = VERIFY_FORM; *ret_step < VERIFY_DONE; (*ret_step)++) TRY(steps[*ret_step](&inquiry));
    *ret_result = inquiry.result;
    return STATUS_OK;
}
