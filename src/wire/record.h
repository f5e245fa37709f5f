/* Records: the leaves of the log that are not batch headers, and the leaves of the state trees (docs/formats.md).
 *
 * Leaves of the log, in the order of execution:
 *     genesis   leaf 0, the canonical genesis                              [0, ...]
 *     header    the COSE_Sign1 bytes of each executed batch                tag 18
 *     proof     a misbehaviour proof as the block carried it               [11, byte string]
 *     verdict   [12, question id, title, [hypothesis ...], mode, status, top, [log-odds ...], contributors, items,
 *                flip_margin, margin_exact (0 or 1), [members, low, high] live, [members, low, high] safe,
 *                [numerator, denominator], height]
 *     roster    [20, ...]                      last but one of the last block of an epoch (wire/roster.h)
 *     state     [13, height, block hash, time_us, questions root, members root, parameters root]
 *                                              last of every block
 * Leaves of the state trees:
 *     question  [14, ...the fields of a verdict...]      questions tree, in the order of creation
 *     member    [15, place, name, key, weight, level, reputation, suspicion, reason, proof]
 *                                              members tree, by place; at a vacant one the name is null
 *     parameters [16, numerator, denominator, enhanced (0 or 1), [height, bytes, root] or null]
 *                                              parameters tree, its one leaf: the threshold in force, whether
 *                                              monitoring is enhanced, the newest snapshot
 *
 * log_odds[j] = (L_j - L_top) / k in quanta, rounded to nearest with ties to even: 0 for the
 * top, never above 0 for the others; probabilities are softmax of these, at the edge. */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include "wire/genesis.h"
#include "wire/item.h"

enum record_kind {
    RECORD_GENESIS = 0,
    RECORD_PROOF = 11,
    RECORD_VERDICT = 12,
    RECORD_STATE = 13,
    RECORD_QUESTION = 14,
    RECORD_MEMBER = 15,
    RECORD_PARAMETERS = 16,
    RECORD_SUSPICION = 17,
    RECORD_CALIBRATION = 18, /* these two in wire/calibrated.h */
    RECORD_CALIBRATED = 19,
    RECORD_EPOCH = 20,    /* in wire/roster.h */
    RECORD_HANDOVER = 21, /* in wire/handover.h; no leaf, but numbered as one */
};

enum question_status { QUESTION_OPEN = 0, QUESTION_DECIDED = 1, QUESTION_UNDECIDED = 2 };

/* A range of log-odds in quanta, top hypothesis against its runner-up; unbounded ends are INT64_MIN and INT64_MAX. */
struct record_interval {
    uint32_t members; /* any coalition of this many */
    int64_t low;
    int64_t high;
};

/* The belief about one question: the body of verdict and question records. */
struct record_belief {
    struct question_id question;
    struct slice title;
    uint32_t hypotheses_count;
    struct slice hypotheses[HYPOTHESES_MAX];
    enum question_mode mode;
    enum question_status status;
    uint32_t top; /* index of the leading hypothesis; the outcome when status is decided */
    int64_t log_odds[HYPOTHESES_MAX];
    uint32_t contributors;
    uint64_t items; /* tells counted, retracted ones not */
    uint32_t flip_margin;
    bool margin_exact;
    struct record_interval live; /* over n - q members */
    struct record_interval safe; /* over 2q - n - 1 members */
    struct threshold threshold;  /* in force */
    uint64_t height;             /* of the last change */
    struct hash commitment;      /* of the ask */
    uint32_t opening;    /* what it turned out to hide: OPENING_NONE, OPENING_ORDINARY, or of a canary the true
                                    hypothesis */
    struct slice family; /* empty: none */
};

/* Not opened yet. */
#define OPENING_NONE (UINT32_MAX - 1)

#define RECORD_BELIEF_BYTES_MAX (TITLE_BYTES_MAX + HYPOTHESES_MAX * (HYPOTHESIS_BYTES_MAX + 16) + 384)

/* `kind` is RECORD_VERDICT or RECORD_QUESTION. The belief must be one that record_belief_read accepts: hypotheses 2
 * .. HYPOTHESES_MAX, distinct; title and hypotheses as in an ask; log_odds[top] 0 and none above; counts of members
 * at most MEMBERS_MAX; low <= high. */
void record_belief_put(struct writer *writer, enum record_kind kind, const struct record_belief *belief);
enum status record_belief_read(struct slice bytes, enum record_kind *ret_kind,
                               struct record_belief *ret_belief) MUST_USE;

struct record_state {
    uint64_t height;
    struct hash block;
    uint64_t time_us;
    struct hash questions;
    struct hash members;
    struct hash parameters;
};
#define RECORD_STATE_BYTES_MAX 192
void record_state_put(struct writer *writer, const struct record_state *state);
enum status record_state_read(struct slice bytes, struct record_state *ret_state) MUST_USE;

struct record_member {
    uint32_t number;
    struct slice
        name; /* empty: nobody is at this place, and the key is zeros, weight, level, suspicion and reason 0 */
    uint8_t key[KEY_BYTES];
    uint32_t weight;     /* 0 .. 65536: 65536 is one full member */
    enum level level;    /* the last committed one (quorum/level.h) */
    uint32_t reputation; /* 0 .. 65536 */
    uint32_t suspicion;  /* 0 .. 65536, of what weighs it down now */
    uint32_t reason;     /* the detector that suspects it most, 0: none (enum detector of standing/) */
    uint32_t proof;      /* of misbehaviour, 0: none (enum standing_proof of standing/) */
};
/* More than there are detectors, or kinds of proofs. */
#define RECORD_REASON_MAX       15
#define RECORD_MEMBER_BYTES_MAX 192
/* Nobody is at this place. */
static inline bool record_member_vacant(const struct record_member *member) { return member->name.bytes == 0; }
void record_member_put(struct writer *writer, const struct record_member *member);
enum status record_member_read(struct slice bytes, struct record_member *ret_member) MUST_USE;

/* A detector's statistic rose above its threshold. */
struct record_suspicion {
    uint32_t member;
    uint32_t detector;
    uint32_t family; /* group of families that share the detector, 0: questions without a family */
    uint32_t ratio;  /* statistic by threshold, 16 fractional bits, at most five quarters */
    uint64_t height;
};
#define RECORD_SUSPICION_BYTES_MAX 64
void record_suspicion_put(struct writer *writer, const struct record_suspicion *suspicion);
enum status record_suspicion_read(struct slice bytes, struct record_suspicion *ret_suspicion) MUST_USE;

/* What the state says of its newest snapshot (wire/snapshot.h). */
struct record_snapshot {
    uint64_t height;  /* whose state it is; 0: there is none yet, and the rest is zero */
    uint64_t bytes;   /* at least 1 */
    struct hash root; /* RFC 9162 over its chunks */
};
static inline bool record_snapshot_equal(const struct record_snapshot *a, const struct record_snapshot *b) {
    return a->height == b->height && a->bytes == b->bytes && hash_equal(&a->root, &b->root);
}

struct record_parameters {
    struct threshold threshold; /* in force */
    bool is_enhanced;           /* monitoring, docs/protocol.md 6 */
    struct record_snapshot snapshot;
};
#define RECORD_PARAMETERS_BYTES_MAX 96
void record_parameters_put(struct writer *writer, const struct record_parameters *parameters);
enum status record_parameters_read(struct slice bytes, struct record_parameters *ret_parameters) MUST_USE;

#define RECORD_PROOF_BYTES_EXTRA 16
void record_proof_put(struct writer *writer, struct slice proof);

#endif
