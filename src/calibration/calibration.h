/* Calibration: whom to believe, learnt from the log (README.md in this folder).
 *
 * A family is many questions that the same members answered with one of k labels each. How the members agree with one
 * another tells what each one's word is worth, and so which label of each question is right, even when liars all tell
 * the same lie. Canaries, questions whose true label the caller knows, say which of two consistent stories is the
 * true one; without them the story in which most heads are better than chance wins.
 *
 *     1. copies:     members whose labels agree too well share one voice (calibration/copies.h)
 *     2. candidates: annealed inference from several starts, and their mirror images (calibration/em.h)
 *     3. choice:     head count and canaries score each candidate; close rivals leave questions undecided
 *     4. result:     labels, posteriors, skills, and what is doubtful about them (calibration/infer.c)
 *
 * A pure function of the input, in integers with 12 fractional bits ("Q12"): the same bytes on every machine.
 * Sources: Dawid & Skene, "Maximum likelihood estimation of observer error-rates", 1979 (the confusion tables);
 * Rose, "Deterministic annealing", 1998 (from a strong prior to a weak one); Youden, "Index for rating diagnostic
 * tests", 1950 (the skill of a member). */
#ifndef CALIBRATION_CALIBRATION_H
#define CALIBRATION_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

/* 1 in fixed point with 12 fractional bits. */
#define CALIBRATION_ONE 4096
/* A sum of Q12 shares over all questions fits 32 bits, and of squared sums over all members 64. */
#define CALIBRATION_QUESTIONS_MAX (UINT32_C(1) << 19)
/* Every one of MEMBERS_MAX members on a hundred thousand questions. */
#define CALIBRATION_ENTRIES_MAX (UINT32_C(1) << 25)
/* Four starts, each with its mirror image when there are two labels. */
#define CALIBRATION_CANDIDATES_MAX 8

/* One member's answer to one question. */
struct calibration_label {
    uint32_t question; /* 0 .. questions - 1 */
    uint16_t member;   /* 0 .. members - 1 */
    uint8_t label;     /* 0 .. labels - 1 */
};

/* A question whose true label is known to the caller, and was not to the members. */
struct calibration_canary {
    uint32_t question;
    uint8_t label;
};

/* What canaries say about a candidate, in decision thresholds. */
enum calibration_rule {
    /* What a right canary is worth follows from how sure the candidate was: the logarithm of the probability that it
     * gave to the true label, no lower than -4 bits; 8 bits are one threshold. */
    CALIBRATION_WEIGHED = 0,
    /* Half a threshold for each right canary, however sure. With few canaries that liars may know, chance decides more
     * often: README.md has the figures. */
    CALIBRATION_COUNTED = 1,
};

/* All borrowed, and only during the call. */
struct calibration_input {
    uint32_t members;                          /* n, 1 .. MEMBERS_MAX */
    uint32_t labels;                           /* k, HYPOTHESES_MIN .. HYPOTHESES_MAX */
    uint32_t questions;                        /* 0 .. CALIBRATION_QUESTIONS_MAX; some may have no answer */
    const struct calibration_label *entries;   /* strictly ascending by (question, member) */
    uint32_t entry_count;                      /* 0 .. CALIBRATION_ENTRIES_MAX */
    const struct calibration_canary *canaries; /* strictly ascending by question */
    uint32_t canary_count;
    enum calibration_rule rule; /* zero for the usual one */
};

/* What was learnt about a member. */
struct calibration_member {
    int32_t skill;       /* Q12: 4096 always right, 0 no better than chance, below 0 worse; see `reports` */
    int32_t first_skill; /* Q12: the same under the first candidate, before the choice; leaks are judged by it */
    uint32_t reports;    /* answers given; with none, the skill means nothing */
    uint16_t voice;      /* Q12: the mean share of a full voice that copying leaves; 0 with no report */
    uint16_t group;      /* the smallest member of the group that it agrees with too well; itself when alone */
    bool head;           /* has reported often enough to be counted as a head */
    bool discounted;     /* the group around it is no majority, so its copies count as one voice */
};

/* Where a candidate's inference began. */
enum calibration_start {
    CALIBRATION_START_GLOBAL, /* vote with the copies of the whole log discounted, strong prior first */
    CALIBRATION_START_LOCAL,  /* vote with the copies of each window discounted, strong prior first */
    CALIBRATION_START_COLD,   /* the same vote, weak prior from the beginning */
    CALIBRATION_START_LOW,    /* vote of the less skilled half alone: the other side's story */
    CALIBRATION_STARTS,
};

/* One consistent story about who is right. */
struct calibration_candidate {
    enum calibration_start start;
    bool mirrored;          /* labels 0 and 1 exchanged; only for two labels */
    bool kept;              /* explains the members well enough to be in the choice */
    int64_t score;          /* s, Q12: 4096 more than a rival decides between them */
    int32_t heads;          /* D, Q12: the mean of the two below, rounded down */
    int32_t heads_plain;    /* Q12: mean of the skill, a fifth of the full one counting as 1, over heads */
    int32_t heads_by_voice; /* Q12: the same, each head weighed by its voice */
    int32_t common_error;   /* rho, Q12: how much the errors of good members have in common, 0 .. 1024 */
    int64_t mass;           /* Q12: the sum of |skill| over heads, in the same measure as heads_plain */
    uint32_t differs;       /* questions that it labels otherwise than the winner */
};

/* The arrays live in the memory that was handed in, until that is used for something else. */
struct calibration_result {
    uint32_t members;
    uint32_t labels;
    uint32_t questions;
    const uint8_t *label;            /* label[question]: the likeliest one; the prior's where nobody answered */
    const uint8_t *decided;          /* decided[question]: 1 when it may be relied on, else 0 */
    const uint16_t *posterior;       /* posterior[question * labels + label], Q12; each question's sum to 4096 */
    const uint16_t *posterior_above; /* the same without the members that are worse than chance */
    const struct calibration_member *member;
    struct calibration_candidate candidates[CALIBRATION_CANDIDATES_MAX]; /* in the order of preference on a tie */
    uint32_t candidate_count;
    uint32_t winner; /* which of the candidates the result is */
    uint32_t best;   /* the same, counting kept candidates only */
    /* Q12: by how much the winner's score is above that of the best kept candidate that labels any question
     * otherwise; below 4096 some questions are undecided for it. INT64_MAX: no kept candidate disagrees. */
    int64_t margin;
    uint32_t decided_count;
    bool alarm; /* far too sure on canaries: only questions with a 3/4 majority are decided */
    bool leak;  /* liars behave on canaries as nowhere else: the canaries were not used */
};

/* How many bytes calibration_run needs for an input of these sizes (members, labels, questions and entry_count are
 * read, nothing else): 8 an answer, 12 k + 13 a question, (4 k + 3) n^2 for pairs, 8 k^2 n for tables, 400 n for a
 * window, and 30 KB. 0 when a size is outside its range; calibration_run says which by name. */
size_t calibration_bytes(const struct calibration_input *input);

/* Infers. `memory` is aligned to 16 bytes, of any content. Refusals, nothing written to ret_result:
 * - STATUS_NO_SPACE: `bytes` is less than calibration_bytes;
 * - STATUS_WRONG_HYPOTHESES: labels is not 2 .. 64;
 * - STATUS_TOO_MANY: members, questions, entries or canaries beyond their limits;
 * - STATUS_UNKNOWN_QUESTION, STATUS_UNKNOWN_MEMBER, STATUS_BAD_VALUE: an entry or canary names a question, member or
 *   label that there is not, members is 0, or there is no such rule;
 * - STATUS_DUPLICATE: a member answers a question twice, or a question is a canary twice;
 * - STATUS_NOT_CANONICAL: entries or canaries are not in order.
 * Cost: about 130 passes over entries * k, about 1 ns each, and O(k n^2) a window of 64 questions: 3 seconds for
 * ten million answers of two labels by a hundred members. */
enum status calibration_run(void *memory, size_t bytes, const struct calibration_input *input,
                            struct calibration_result *ret_result) MUST_USE;

/* The start in one word, for tables ("global"). Static storage, never NULL. */
const char *calibration_start_name(enum calibration_start start);

#endif
