/* The offline check of a certificate (docs/protocol.md 5): the genesis and the file, nothing else; no I/O, no memory
 * but the caller's. What it establishes: a quorum of the genesis members, carrying enough weight, signed one log and
 * state, and the belief is in it. */
#ifndef VERIFIER_VERIFY_H
#define VERIFIER_VERIFY_H

#include <stdbool.h>

#include "quorum/tally.h"
#include "wire/calibrated.h"
#include "wire/certificate.h"

/* The steps, in the order in which they are taken; each relies on those before it. */
#define VERIFY_STEP_TABLE(X)                                                                                         \
    X(FORM, "the certificate file has its form")                                                                     \
    X(EPOCH, "the handovers lead from the genesis to the members of the last epoch")                                 \
    X(NOTE, "the checkpoint belongs to this chain and epoch and its signatures verify")                              \
    X(BASE, "the threshold in the checkpoint is not below the base of its epoch")                                    \
    X(HEADS, "enough members signed")                                                                                \
    X(STATE, "the state record is the last leaf of the log")                                                         \
    X(MEMBERS, "the member records are those of the epoch and of the state")                                         \
    X(LEVELS, "the threshold is raised when the levels of the members ask for it")                                   \
    X(PARAMETERS, "the threshold in the checkpoint is the one of the state")                                         \
    X(WEIGHT, "the signers carry enough weight")                                                                     \
    X(BELIEF, "the belief, or the calibration, is in the log or in the state")                                       \
    /* What holds up to here is true whatever the reader asks for; the rest is what the policy insists on. */        \
    X(MORE_HEADS, "as many members signed as the reader insists on")                                                 \
    X(MORE_WEIGHT, "the signers carry as much weight as the reader insists on")                                      \
    X(OUTCOME, "the question is decided for the expected hypothesis")                                                \
    X(MARGIN, "as many liars are tolerated as was asked for")                                                        \
    X(PROBABILITY, "the outcome is as probable as was asked for")

enum verify_step {
#define VERIFY_STEP_ENUM(code, text) VERIFY_##code,
    VERIFY_STEP_TABLE(VERIFY_STEP_ENUM)
#undef VERIFY_STEP_ENUM
        VERIFY_DONE,
};

/* Whether the certificate itself holds when this step is the one that failed: the reader asked for more than it says. */
static inline bool verify_step_is_policy(enum verify_step step) { return step > VERIFY_BELIEF && step < VERIFY_DONE; }

/* What the step establishes, a sentence without a final full stop. Static storage, never NULL. */
const char *verify_step_text(enum verify_step step);

/* What the reader insists on beyond the rules of the chain. All zeros: nothing. */
struct verify_policy {
    bool has_expect;
    struct slice expect; /* the name of the hypothesis that the question must be decided for: no calibration is */
    bool has_threshold;
    struct threshold threshold; /* heads and weight must reach this one too, whatever the checkpoint asks for */
    uint32_t min_margin;        /* the flip margin must be at least this; 0: any, and calibrations */
    int64_t min_probability;    /* of the leading hypothesis (verifier/probability.h); 0: any, and calibrations */
    bool is_snapshot;           /* the certificate is to be about the state alone, for a snapshot of it */
};

struct verify_result {
    bool is_calibration;                   /* of a family; then there is no belief */
    struct record_calibration calibration; /* texts borrowed from the scratch memory, here and there */
    struct record_belief belief;           /* none either when the policy asks for a snapshot */
    bool is_verdict;      /* a verdict of the log; otherwise the standing of the question at the height */
    struct roster roster; /* of the epoch of the checkpoint: the genesis', or what the handovers made of it */
    struct checkpoint checkpoint;
    uint32_t signers;
    struct member_set who;
    uint32_t needed; /* heads, at the larger of the checkpoint's and the policy's threshold */
    uint64_t weight; /* of the signers */
    uint64_t weight_total;
    uint32_t apart; /* members who stand at major or severe */
    struct record_state state;
    struct record_parameters parameters; /* what they say of a snapshot is for verifier/snapshot.h */
};

/* Judges a whole certificate file. `genesis` is one that genesis_read or genesis_valid accepted. `scratch` holds at
 * least file.bytes, and lives as long as the texts in the result are used.
 *
 * `ret_step` is written always: the step that failed, or VERIFY_DONE. Statuses by step: those of certificate_read
 * (FORM) and of checkpoint_note_read (NOTE); STATUS_WRONG_EPOCH; STATUS_BELOW_THRESHOLD (BASE, HEADS,
 * LEVELS, MORE_HEADS);
 * STATUS_BELOW_WEIGHT; STATUS_BAD_PROOF where a record is not under its root; STATUS_CONFLICT where two parts
 * contradict each other; STATUS_BAD_TYPE for a certificate about something else than the policy asks for (BELIEF);
 * STATUS_WRONG_OUTCOME (OUTCOME, MARGIN, PROBABILITY); STATUS_BAD_VALUE for a policy with an impossible threshold
 * (MORE_HEADS); statuses of decoding at any. */
enum status verify_certificate(struct slice file, const struct genesis *genesis, const struct verify_policy *policy,
                               uint8_t *scratch, size_t scratch_bytes, struct verify_result *ret_result,
                               enum verify_step *ret_step) MUST_USE;

#endif
