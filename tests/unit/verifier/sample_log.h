/* A small complete log of four members with a verdict and a question in it, and certificates of it: for the tests
 * and the fuzz target of verifier/. The trees are hashed here in the plainest recursive way, apart from
 * crypto/merkle.h. */
#ifndef TESTS_UNIT_VERIFIER_SAMPLE_LOG_H
#define TESTS_UNIT_VERIFIER_SAMPLE_LOG_H

#include <stdbool.h>

#include "wire/certificate.h"

enum { SAMPLE_MEMBERS = 4, SAMPLE_HEIGHT = 6 };

enum sample_member { MEMBER_RIGHT, MEMBER_WRONG_NUMBER, MEMBER_WRONG_NAME, MEMBER_WRONG_KEY, MEMBER_OF_2 };

/* What a certificate says, and in what it is wrong. */
struct sample_log {
    struct threshold base;       /* in the genesis */
    struct threshold checkpoint; /* in the signed text */
    struct threshold parameters; /* in the state */
    bool is_enhanced;
    struct record_snapshot snapshot; /* that the parameters name */
    bool file_parameters_forged;     /* the file has others than the state: of the checkpoint's threshold */
    bool state_alone;                /* certify the state instead of the verdict */
    uint32_t signers;                /* bit i: member i signs */
    uint32_t weights[SAMPLE_MEMBERS];
    uint32_t reputations[SAMPLE_MEMBERS];
    uint32_t suspicions[SAMPLE_MEMBERS];
    uint32_t proofs[SAMPLE_MEMBERS];
    enum level levels[SAMPLE_MEMBERS];
    bool file_level_forged;       /* the file says that member 0 is connected, whatever the state says */
    bool calibration;             /* certify the calibration of a family instead of the verdict */
    uint32_t calibration_members; /* that it speaks of */
    bool question;                /* certify the question record instead of the verdict */
    bool decided;
    uint32_t top;
    uint32_t flip_margin;
    uint64_t epoch;
    uint64_t belief_height;
    uint64_t state_height;
    bool leaf_after_state;           /* the state record is not the last leaf */
    enum sample_member wrong_member; /* in the state and in the file: this is wrong of member 1 */
    bool member_missing;             /* in the state and in the file, the last one */
    bool file_weight_forged;         /* the file has another weight for member 0 than the state */
    bool other_question_in_file;     /* the file has a record that is in no tree */
    bool wrong_kind;                 /* the verdict is given as a question or the other way round */
};

/* A good one: decided for "yes", three of four sign at 3/4, equal weights. */
struct sample_log sample_log_good(void);
void sample_log_genesis(const struct sample_log *log, struct genesis *ret_genesis);
/* Writes the certificate file. */
void sample_log_certify(const struct sample_log *log, struct writer *ret_file);

#endif
