/* The public face of the verifier: plain C types around verify_certificate. It adds no rule of its own. */
#include "credimus/verify.h"

#include "base/check.h"
#include "verifier/verify.h"

_Static_assert(CREDIMUS_TITLE_SIZE == TITLE_BYTES_MAX + 1, "any title fits");
_Static_assert(CREDIMUS_HYPOTHESIS_SIZE == HYPOTHESIS_BYTES_MAX + 1, "any hypothesis fits");
_Static_assert(CREDIMUS_OPEN == (int)QUESTION_OPEN, "the public number is the record's");
_Static_assert(CREDIMUS_DECIDED == (int)QUESTION_DECIDED, "the public number is the record's");
_Static_assert(CREDIMUS_UNDECIDED == (int)QUESTION_UNDECIDED, "the public number is the record's");

static void copy_text(char *to, size_t size, struct slice text) {
    CHECK(text.bytes < size);
    memcpy(to, text.data, text.bytes);
    to[text.bytes] = '\0';
}

static void fill(struct credimus_verdict *verdict, const struct verify_result *result,
                 const struct genesis *genesis) {
    const struct record_belief *belief = &result->belief;
    *verdict = (struct credimus_verdict){
        .status = belief->status,
        .is_verdict = result->is_verdict ? 1 : 0,
        .flip_margin = belief->flip_margin,
        .signers = result->signers,
        .needed = result->needed,
        .members = genesis->members,
        .height = result->checkpoint.height,
        .time_us = result->state.time_us,
    };
    memcpy(verdict->question, belief->question.bytes, QUESTION_ID_BYTES);
    copy_text(verdict->title, sizeof verdict->title, belief->title);
    copy_text(verdict->outcome, sizeof verdict->outcome, belief->hypotheses[belief->top]);
}

int credimus_verify(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                    const char *expect, void *scratch, size_t scratch_size, struct credimus_verdict *verdict,
                    const char **step) {
    struct genesis members;
    struct verify_policy policy = {0};
    struct verify_result result;
    enum verify_step failed;
    if (step != NULL) *step = "the genesis has its form";
    enum status status = genesis_read(slice_of(genesis, genesis_size), &members);
    if (status != STATUS_OK) return (int)status;
    if (expect != NULL) {
        policy.has_expect = true;
        policy.expect = slice_of_text(expect);
    }
    status = verify_certificate(slice_of(certificate, certificate_size), &members, &policy, scratch, scratch_size,
                                &result, &failed);
    if (step != NULL) *step = verify_step_text(failed);
    if (status == STATUS_OK && result.is_calibration) {
        if (step != NULL) *step = "the certificate is about a question, not about a family";
        return (int)STATUS_BAD_TYPE;
    }
    if (status == STATUS_OK) fill(verdict, &result, &members);
    return (int)status;
}

const char *credimus_verify_text(int reason) {
    bool known = reason >= 0 && reason < (int)STATUS_COUNT;
    return known ? status_text((enum status)reason) : "no such reason";
}
