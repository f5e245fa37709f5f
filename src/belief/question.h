/* Question: the evidence about one question and the belief that follows from it (docs/belief.md).
 *
 * A question is a pure data structure in a pool of the caller's: told, retracted and advanced by the machine in the
 * agreed order, or on a clone by a member that reads ahead of agreement. It takes no time, chance or order of a table
 * into account: the same evidence gives the same numbers.
 *
 * Scale. A member's log-likelihoods l_0 .. l_{k-1} (quanta of 1e-9 nat; only differences matter) are centred exactly
 * into y_j = k * l_j - sum(l). All belief is kept at this scale k: the log-odds of a against b are (L_a - L_b) / k
 * quanta. For k = 2, y_0 is the log-likelihood ratio. The cap c of the question, given for a binary log-likelihood
 * ratio, becomes max(1, c * k / 2).
 *
 *     panel: L_j = k * prior_j + sum over sealed observations of round(T_j)
 *     pool:  L_j = k * prior_j + round(W / (1 + (W - 1) * rho) * T_j),   W the contributing weight in full members
 *
 * with T_j the Huber location of the members' y_j (of one observation; of their totals) and each rounding done once,
 * on an exact fraction, to nearest with ties to even.
 *
 * Only members of positive weight count: as reporters of a panel, as contributors of a pool. A panel observation
 * seals when at least a quorum of them reported and nobody else of positive weight can still report, or when its
 * window ends with a quorum; with fewer it becomes void at the end of its window and moves nothing. What is sealed or
 * void never changes.
 *
 * Statuses answer what members say; a CHECK stops the process only when the caller breaks the contract below. */
#ifndef BELIEF_QUESTION_H
#define BELIEF_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/outlet.h"
#include "base/pool.h"
#include "base/status.h"

enum { QUESTION_PANEL = 0, QUESTION_POOL = 1 };

/* Two nats: about three quarters of the spread of honest reports that carry a few nats each. */
#define QUESTION_CAP_DEFAULT (2 * QUANTA_PER_NAT)
/* ln(99): decided at 99 %. */
#define QUESTION_DECIDE_AT_DEFAULT INT64_C(4595119850)
/* One hour. */
#define QUESTION_WINDOW_DEFAULT_US (UINT64_C(3600) * 1000000)
/* Durations beyond ten thousand years are a mistake, and times must not overflow. */
#define QUESTION_DURATION_MAX_US (UINT64_C(10000) * 366 * 86400 * 1000000)

struct question_parameters {
    uint32_t hypotheses;           /* k, HYPOTHESES_MIN .. HYPOTHESES_MAX */
    uint32_t mode;                 /* QUESTION_PANEL or QUESTION_POOL */
    int64_t prior[HYPOTHESES_MAX]; /* the first k count; |.| <= PARAMETER_LIMIT_QUANTA; only differences matter */
    int64_t cap;                   /* 1 .. PARAMETER_LIMIT_QUANTA */
    int64_t decide_at;             /* log-odds over every rival, 1 .. PARAMETER_LIMIT_QUANTA */
    uint32_t min_margin;           /* members, at most MEMBERS_MAX; 0: more than one third of the members */
    uint32_t rho_thousandths;      /* pool: 0 independent evidence .. 1000 all saw the same */
    uint64_t window_us;   /* panel: 1 .. QUESTION_DURATION_MAX_US, counted from an observation's first report */
    uint64_t deadline_us; /* counted from the question's creation; 0: none */
};

/* The defaults above, a flat prior, rho = 0, no deadline. */
struct question_parameters question_parameters_default(uint32_t hypotheses, uint32_t mode);
/* STATUS_BAD_VALUE when a field is outside its range. */
enum status question_parameters_check(const struct question_parameters *parameters) MUST_USE;

/* A member's word about an observation, and where in its lane it stands. */
struct question_evidence {
    uint32_t member;
    const struct hash *observation; /* the hash of its id */
    const int64_t *loglik;          /* k values, quanta */
    uint64_t seq;                   /* of the batch that tells it, in the member's lane */
    uint64_t clock_us;              /* that batch's own clock */
    uint64_t content;               /* the first bytes of the hash of the content; 0: none */
};

/* Told by nobody before. */
#define QUESTION_ORIGINAL UINT32_MAX

/* One live report of an observation that seals or becomes void. */
struct question_report {
    uint32_t member;
    uint32_t copied; /* the member that told the same vector or content first, in a batch that this member's lane had
                          seen; QUESTION_ORIGINAL when nobody is known to */
    uint64_t clock_us; /* by the reporter's own clock */
    const int64_t *y;  /* centred, scale k */
};

/* A sealed or void observation, for whoever watches the members (detectors). Valid during the call. */
struct question_seal {
    const struct question *question;
    const struct hash *observation;
    uint64_t opened_us;                   /* block time of the first report */
    uint32_t reports;                     /* live ones, whatever their weight */
    const struct question_report *report; /* ascending by member */
    const int64_t *location;              /* round(T_j), k of them; NULL when void */
};

/* What the question must know about the members at the moment of a call. */
struct question_context {
    uint32_t members; /* places, up to MEMBERS_MAX; whatever members beyond them told is ignored */
    uint32_t heads;   /* n: how many of the places are taken, 1 or more */
    uint32_t quorum;  /* q, 1 .. n */
    const uint32_t
        *weights; /* one a place, 0 where nobody is; HUBER_WEIGHT_ONE is one full member, <= HUBER_WEIGHT_MAX */
    /* Called once for each observation that seals or becomes void, in order; NULL for nobody. */
    void (*on_seal)(void *user, const struct question_seal *seal);
    /* Whether the batch of `member` that is being executed had seen batch `seq` of `other`; NULL: never. */
    bool (*had_seen)(void *user, uint32_t member, uint32_t other, uint64_t seq);
    void *user;
};

struct question;

/* `parameters` must have passed question_parameters_check (checked). STATUS_STATE_FULL when the pool has no room. The
 * question and all it holds live in `pool`, which must be handed in unchanged with every later call. */
enum status question_create(struct pool *pool, const struct question_parameters *parameters, uint64_t created_us,
                            struct question **ret_question) MUST_USE;
/* Gives back everything. NULL is ignored. */
void question_free(struct question *question, struct pool *pool);
/* A deep copy in another pool (or the same one). STATUS_STATE_FULL, nothing left behind, when it has no room. */
enum status question_clone(const struct question *question, struct pool *pool,
                           struct question **ret_question) MUST_USE;

/* A member tells its evidence, in a block of time `now_us`. Whatever was due at now_us happens first (question_advance). Refusals, in this order, leave the evidence
 * as it is:
 * - STATUS_QUESTION_CLOSED: the question takes no evidence any more;
 * - STATUS_UNKNOWN_MEMBER: its member >= context->members;
 * - STATUS_OVER_ITEM_LIMIT: two of the values are more than ITEM_LIMIT_QUANTA apart;
 * - STATUS_SEALED: panel, the observation is sealed or void; whose reports it held is forgotten;
 * - STATUS_DUPLICATE_OBSERVATION: the member told it already, retracted or not;
 * - STATUS_OVER_TOTAL_LIMIT: pool, a total of the member would pass TOTAL_LIMIT_QUANTA; panel, so many observations
 *   are sealed or open that their sum could pass 2^62;
 * - STATUS_STATE_FULL: the pool of pieces has no room.
 * O(1) amortised, and the cost of one fusion when the report seals its panel: O(k n log n) for the locations and
 * O(k n^2) for the bounds over all coalition sizes. The deadline is not looked at here. */
enum status question_tell(struct question *question, struct pool *pool, const struct question_context *context,
                          const struct question_evidence *evidence, uint64_t now_us) MUST_USE;

/* Neutralises what `member` told about `observation`. It may not be told again. Refusals, in this order:
 * - STATUS_QUESTION_CLOSED;
 * - STATUS_UNKNOWN_MEMBER;
 * - STATUS_UNKNOWN_OBSERVATION: never told, or retracted already;
 * - STATUS_SEALED;
 * - STATUS_OVER_TOTAL_LIMIT: pool, what remains would pass TOTAL_LIMIT_QUANTA. */
enum status question_retract(struct question *question, struct pool *pool, const struct question_context *context,
                             uint32_t member, const struct hash *observation, uint64_t now_us) MUST_USE;

/* What question_tell and question_retract would refuse at the latest time that the question has seen, but for room in
 * the pool. Nothing changes. A window that ends later may still turn an accepted item into STATUS_SEALED. */
enum status question_check_tell(const struct question *question, const struct question_context *context,
                                uint32_t member, const struct hash *observation, const int64_t *loglik) MUST_USE;
enum status question_check_retract(const struct question *question, const struct question_context *context,
                                   uint32_t member, const struct hash *observation) MUST_USE;

/* There is no such member any more, and whoever comes to its place is another one. What it told and no sealed observation
 * holds is withdrawn; what is sealed stays sealed, and counts for nobody's answer. O(tells) for a pool, O(open
 * observations) for a panel. */
void question_depart(struct question *question, uint32_t member);

/* Seals or voids every observation whose window has ended at `now_us` (window end <= now_us). Returns how many. */
uint32_t question_advance(struct question *question, struct pool *pool, const struct question_context *context,
                          uint64_t now_us);

/* The earliest time at which something is due: the end of a window, or the deadline. UINT64_MAX: nothing, or closed.
 * The deadline is the machine's to act on: it evaluates, then closes. */
uint64_t question_next_due_us(const struct question *question);
/* Creation plus the relative deadline; UINT64_MAX: none. */
uint64_t question_deadline_us(const struct question *question);

/* Takes no more evidence. Open observations never seal; the reports and the table of what was told are given back.
 * The belief stays and can be evaluated. */
void question_close(struct question *question, struct pool *pool);
bool question_is_closed(const struct question *question);

const struct question_parameters *question_parameters(const struct question *question);
/* The cap at scale k: max(1, c * k / 2). */
int64_t question_scaled_cap(const struct question *question);
/* What `member` told about the question in all, centred, scale k: k values, or NULL when nothing of it counts. Panel:
 * the sum over sealed observations in which its report had weight; pool: its total. Until the next call that changes
 * the question. */
const int64_t *question_told_by(const struct question *question, uint32_t member);

struct question_counts {
    uint64_t told;      /* accepted tells */
    uint64_t retracted; /* of those, neutralised */
    uint64_t sealed;    /* panel: observations sealed */
    uint64_t voided;    /* panel: observations that became void */
    uint64_t open;      /* panel: observations that wait for reports */
};
struct question_counts question_counts(const struct question *question);

/* Bytes alive in the pool for this question (pool_rounded): a function of the evidence and its order alone. */
size_t question_charge(const struct question *question);

/* For snapshots: everything that later calls depend on, of a question that is not closed (checked). What follows from
 * the rest, counts and totals above all, is not saved but made again. */
void question_save(const struct question *question, struct outlet *outlet);
/* A question of a group of `members`, which told nothing or has them all in its context, in `pool`. Refuses what no
 * evidence can have led to, as far as anything later depends on it, and leaves nothing behind: STATUS_TRUNCATED,
 * STATUS_BAD_VALUE, STATUS_DUPLICATE (an observation that is there twice), STATUS_OVER_TOTAL_LIMIT, STATUS_STATE_FULL
 * when the pool has no room. The charge is the one of the question that was saved. O(what was told). */
enum status question_load(struct pool *pool, uint32_t members, struct reader *reader,
                          struct question **ret_question) MUST_USE;

/* The log-odds of the top against its runner-up over every coalition of `turned` members. */
struct question_interval {
    uint32_t turned;
    bool low_unbounded;
    bool high_unbounded;
    int128 low;  /* scale k; 0 when unbounded */
    int128 high; /* scale k; 0 when unbounded */
};

struct question_result {
    uint32_t hypotheses;
    int128 posterior[HYPOTHESES_MAX]; /* L_j at scale k; only differences have meaning; 0 beyond k */
    uint32_t top;                     /* the largest L; the lowest index wins ties */
    uint32_t runner_up;               /* the largest L of the others; the lowest index wins ties */
    int128 lead;                      /* L_top - L_runner_up, scale k */
    uint32_t contributors;            /* pool: members of positive weight with a live tell; panel: distinct members of
                                         positive weight in sealed observations, each by its weight at the seal */
    /* The least number of contributors whose lies could have made lead < k * decide_at for this top; 0 when it is so
     * already. Exact for a pool with k = 2 (margin_is_exact). Else "at least": never larger than the truth, and never
     * above (n - 1) / 2 + 1. It reckons with lies, not with silence: a member that withholds its report takes its
     * weight W out of a pool, and can leave a question undecided that its worst lie would not. */
    uint32_t flip_margin;
    bool margin_is_exact;
    struct question_interval live; /* over n - q members */
    struct question_interval safe; /* over 2q - n - 1 members */
    bool decided;                  /* lead >= k * decide_at, a quorum of contributors, flip_margin >= min_margin */
};

/* The belief now, with the members and weights of `context`. Panel: O(k log n). Pool: O(k n log n), and a margin with
 * k > 2 or unequal weights a factor of log n and a few rounds more. */
void question_evaluate(const struct question *question, const struct question_context *context,
                       struct question_result *ret_result);

/* (L_hypothesis - L_top) / k in quanta, to nearest with ties to even; 0 for the top, else negative or 0. Saturates at
 * the ends of int64. */
int64_t question_log_odds(const struct question_result *result, uint32_t hypothesis);
/* The ends of an interval in quanta, rounded outward; INT64_MIN and INT64_MAX for an unbounded end. */
void question_interval_quanta(const struct question_interval *interval, uint32_t hypotheses, int64_t *ret_low,
                              int64_t *ret_high);

#endif
