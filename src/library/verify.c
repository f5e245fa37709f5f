/* The public face of the verifier: plain C types around verifier/. It adds no rule of its own. */
#include "credimus/verify.h"

#include "base/check.h"
#include "base/decimal.h"
#include "verifier/probability.h"
#include "verifier/receipt.h"
#include "verifier/verify.h"

_Static_assert(CREDIMUS_TITLE_SIZE == TITLE_BYTES_MAX + 1, "any title fits");
_Static_assert(CREDIMUS_HYPOTHESIS_SIZE == HYPOTHESIS_BYTES_MAX + 1, "any hypothesis fits");
_Static_assert(CREDIMUS_GENESIS_SIZE == GENESIS_BYTES_MAX, "any genesis fits");
_Static_assert(CREDIMUS_OPEN == (int)QUESTION_OPEN, "the public number is the record's");
_Static_assert(CREDIMUS_DECIDED == (int)QUESTION_DECIDED, "the public number is the record's");
_Static_assert(CREDIMUS_UNDECIDED == (int)QUESTION_UNDECIDED, "the public number is the record's");

/* Both ways of asking put their question like this. */
struct judging {
    struct genesis genesis;
    struct verify_policy policy;
    struct verify_result result;
    const char *step;
    int answer; /* CREDIMUS_HOLDS and so on */
};

static void copy_text(char *to, size_t size, struct slice text) {
    CHECK(text.bytes < size);
    memcpy(to, text.data, text.bytes);
    to[text.bytes] = '\0';
}

static void fill(struct credimus_verdict *verdict, const struct judging *judging) {
    const struct verify_result *result = &judging->result;
    const struct record_belief *belief = &result->belief;
    *verdict = (struct credimus_verdict){
        .status = belief->status,
        .is_verdict = result->is_verdict ? 1 : 0,
        .flip_margin = belief->flip_margin,
        .signers = result->signers,
        .needed = result->needed,
        .members = roster_heads(&result->roster),
        .height = result->checkpoint.height,
        .time_us = result->state.time_us,
    };
    memcpy(verdict->question, belief->question.bytes, QUESTION_ID_BYTES);
    copy_text(verdict->title, sizeof verdict->title, belief->title);
    copy_text(verdict->outcome, sizeof verdict->outcome, belief->hypotheses[belief->top]);
}

static enum status take_probability(const char *text, int64_t *ret_probability) {
    TRY(decimal_parse(slice_of_text(text), PROBABILITY_SCALE, ret_probability));
    return *ret_probability >= 0 && *ret_probability <= PROBABILITY_ONE ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status take_policy(const struct credimus_policy *policy, struct verify_policy *ret_policy) {
    *ret_policy = (struct verify_policy){.min_margin = policy->min_margin};
    if (policy->expect != NULL) {
        ret_policy->has_expect = true;
        ret_policy->expect = slice_of_text(policy->expect);
    }
    if (policy->min_probability != NULL) TRY(take_probability(policy->min_probability, &ret_policy->min_probability));
    if (policy->threshold_numerator == 0 && policy->threshold_denominator == 0) return STATUS_OK;
    ret_policy->has_threshold = true;
    ret_policy->threshold = (struct threshold){policy->threshold_numerator, policy->threshold_denominator};
    return threshold_check(ret_policy->threshold);
}

static enum status judge(struct judging *judging, struct slice certificate, struct slice genesis,
                         const struct credimus_policy *policy, void *scratch, size_t scratch_size) {
    static const struct credimus_policy none;
    enum verify_step failed;
    judging->answer = CREDIMUS_MISUSE;
    judging->step = "the genesis has its form";
    TRY(genesis_read(genesis, &judging->genesis));
    judging->step = "the policy asks for what can be";
    TRY(take_policy(policy != NULL ? policy : &none, &judging->policy));
    enum status status = verify_certificate(certificate, &judging->genesis, &judging->policy, scratch, scratch_size,
                                            &judging->result, &failed);
    judging->step = verify_step_text(failed);
    judging->answer = verify_step_is_policy(failed) ? CREDIMUS_UNEXPECTED : CREDIMUS_INVALID;
    if (status != STATUS_OK) return status;
    judging->answer = CREDIMUS_HOLDS;
    if (!judging->result.is_calibration) return STATUS_OK;
    judging->answer = CREDIMUS_UNEXPECTED;
    judging->step = "the certificate is about a question, not about a family";
    return STATUS_BAD_TYPE;
}

int credimus_judge(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                   const struct credimus_policy *policy, void *scratch, size_t scratch_size,
                   struct credimus_verdict *verdict, const char **step) {
    struct judging judging;
    enum status status = judge(&judging, slice_of(certificate, certificate_size), slice_of(genesis, genesis_size),
                               policy, scratch, scratch_size);
    if (step != NULL) *step = judging.step;
    if (status == STATUS_OK) fill(verdict, &judging);
    return judging.answer;
}

int credimus_verify(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                    const char *expect, void *scratch, size_t scratch_size, struct credimus_verdict *verdict,
                    const char **step) {
    const struct credimus_policy policy = {.expect = expect};
    struct judging judging;
    enum status status = judge(&judging, slice_of(certificate, certificate_size), slice_of(genesis, genesis_size),
                               &policy, scratch, scratch_size);
    if (step != NULL) *step = judging.step;
    if (status == STATUS_OK) fill(verdict, &judging);
    return (int)status;
}

static enum status receipt_judge(struct slice receipt, struct slice entry, struct slice genesis,
                                 uint32_t *ret_member) {
    struct genesis members;
    struct receipt read;
    struct hash chain;
    const uint8_t *signature;
    TRY(genesis_read(genesis, &members));
    genesis_chain(&members, &chain);
    TRY(receipt_read(receipt, &chain, &read, &signature));
    if (read.member >= members.members) return STATUS_UNKNOWN_MEMBER;
    TRY(receipt_verify(receipt, entry, &chain, members.keys[read.member], &read));
    *ret_member = read.member;
    return STATUS_OK;
}

int credimus_receipt_verify(const uint8_t *receipt, size_t receipt_size, const uint8_t *entry, size_t entry_size,
                            const uint8_t *genesis, size_t genesis_size, uint32_t *member) {
    return (int)receipt_judge(slice_of(receipt, receipt_size), slice_of(entry, entry_size),
                              slice_of(genesis, genesis_size), member);
}

static bool is_known(int reason) { return reason >= 0 && reason < (int)STATUS_COUNT; }

const char *credimus_verify_text(int reason) {
    return is_known(reason) ? status_text((enum status)reason) : "no such reason";
}

const char *credimus_reason_name(int reason) {
    return is_known(reason) ? status_name((enum status)reason) : "UNKNOWN";
}
