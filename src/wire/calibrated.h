/* Calibrated: what a family of label questions came to when it closed, as records (docs/formats.md; docs/belief.md,
 * "Calibration").
 *
 *     calibration  [18, family, labels, questions, answers, decided, canaries, [leak, alarm], margin or null,
 *                   [[reports, skill, group, discounted] ...], results, height]
 *     calibrated   [19, question, label, decided, [posterior ...]]
 *
 * The first is a leaf of the log. `results` is the RFC 9162 root over the second ones, a leaf for each question of
 * the family in the order of creation; so one leaf of the log vouches for every label. Numbers with 12 fractional
 * bits ("Q12"): 4096 is 1. */
#ifndef WIRE_CALIBRATED_H
#define WIRE_CALIBRATED_H

#include "wire/record.h"

/* What a family taught about a member. */
struct record_skill {
    uint32_t reports; /* questions that it answered */
    int32_t skill;    /* Q12: 4096 always right, 0 no better than chance, negative worse; 0 without reports */
    uint32_t group;   /* the smallest member of the group that agrees too well; itself when alone */
    bool discounted;  /* the group counts as one voice */
};

struct record_calibration {
    struct slice family;
    uint32_t labels;    /* k */
    uint32_t questions; /* of the family */
    uint64_t answers;
    uint32_t decided;
    uint32_t canaries; /* opened before the family closed */
    bool leak;         /* members behave on canaries as nowhere else: the canaries were not used */
    bool alarm;        /* far too sure on canaries: only questions with a 3/4 majority are decided */
    bool rivalled;     /* there is another story that the log fits too; then by how much the chosen one is ahead: */
    int64_t margin;    /* Q12; 0 when not rivalled */
    uint32_t members;
    struct record_skill skills[MEMBERS_MAX];
    struct hash results;
    uint64_t height;
};

#define RECORD_CALIBRATION_BYTES_MAX (FAMILY_BYTES_MAX + 24 * MEMBERS_MAX + 160)
/* The record must be one that record_calibration_read accepts (checked). */
void record_calibration_put(struct writer *writer, const struct record_calibration *calibration);
enum status record_calibration_read(struct slice bytes, struct record_calibration *ret_calibration) MUST_USE;

struct record_calibrated {
    struct question_id question;
    uint32_t labels; /* k */
    uint32_t label;  /* the likeliest one */
    bool decided;
    uint32_t posterior[HYPOTHESES_MAX]; /* Q12, the first k */
};

#define RECORD_CALIBRATED_BYTES_MAX (3 * HYPOTHESES_MAX + 40)
void record_calibrated_put(struct writer *writer, const struct record_calibrated *calibrated);
enum status record_calibrated_read(struct slice bytes, struct record_calibrated *ret_calibrated) MUST_USE;

#endif
