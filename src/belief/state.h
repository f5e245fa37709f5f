/* State: the insides of a question, shared by the files of this room alone. */
#ifndef BELIEF_STATE_H
#define BELIEF_STATE_H

#include "belief/question.h"
#include "belief/table.h"

enum { MEMBER_WORDS = MEMBERS_MAX / 64 };

/* A set of member numbers. */
struct member_set {
    uint64_t words[MEMBER_WORDS];
};

static inline bool member_set_has(const struct member_set *set, uint32_t member) {
    return (set->words[member / 64] >> (member % 64) & 1) != 0;
}
static inline void member_set_add(struct member_set *set, uint32_t member) {
    set->words[member / 64] |= UINT64_C(1) << (member % 64);
}
static inline void member_set_remove(struct member_set *set, uint32_t member) {
    set->words[member / 64] &= ~(UINT64_C(1) << (member % 64));
}
static inline uint32_t member_set_count(const struct member_set *set) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBER_WORDS; i++) count += (uint32_t)__builtin_popcountll(set->words[i]);
    return count;
}

/* Ends of a sum of bounds that is not bounded any more. */
#define BOUND_BELOW_ALL INT64_MIN
#define BOUND_ABOVE_ALL INT64_MAX

struct panel {
    int64_t *sum; /* sum[j]: of round(T_j) over sealed observations */
    /* low[(m - 1) * k + j]: the same sum when each observation's own m worst reporters are turned; high likewise. */
    int64_t *low;
    int64_t *high;
    uint32_t levels;                /* m runs from 1 to this */
    int64_t *told;                  /* told[member * k + j]: what each contributor told, summed over sealed ones */
    uint32_t members;               /* room for this many in `told` */
    struct member_set contributors; /* of positive weight in a sealed observation */
    uint32_t oldest;                /* open observations, in the order in which their windows end */
    uint32_t newest;
};

struct pooling {
    int64_t *totals;  /* totals[member * k + j]: centred, scale k */
    uint32_t *live;   /* tells of each member that are not retracted */
    uint32_t members; /* room for this many */
};

struct question {
    struct question_parameters parameters;
    uint64_t deadline_us; /* UINT64_MAX: none */
    uint64_t now_us;      /* the latest time seen */
    bool closed;
    size_t charge;
    struct question_counts counts;
    struct table table;
    struct panel panel;     /* when the mode is QUESTION_PANEL */
    struct pooling pooling; /* when the mode is QUESTION_POOL */
};

/* What the evidence adds to L_j, over every coalition of some size; scale k. An unbounded end is 0. */
struct span {
    bool low_unbounded;
    bool high_unbounded;
    int128 low;
    int128 high;
};

/* question.c. Times are block times: microseconds since the epoch. Beyond this they would be later than anything that
 * can be due. */
uint64_t question_bounded_time(uint64_t time_us);
static inline struct holder question_holder(struct question *question, struct pool *pool) {
    return (struct holder){pool, &question->charge};
}

/* panel.c */
size_t panel_entry_bytes(void);
enum status panel_create(struct question *question, struct holder holder) MUST_USE;
enum status panel_tell(struct question *question, struct holder holder, const struct question_context *context,
                       const struct question_evidence *evidence, const int64_t *y) MUST_USE;
enum status panel_retract(struct question *question, uint32_t member, const struct hash *observation) MUST_USE;
void panel_depart(struct question *question, uint32_t member);
/* What panel_tell and panel_retract would refuse, but for room in the pool. */
enum status panel_check_tell(const struct question *question, uint32_t member,
                             const struct hash *observation) MUST_USE;
enum status panel_check_retract(const struct question *question, uint32_t member,
                                const struct hash *observation) MUST_USE;
/* Settles what is due at question->now_us; returns how many observations. */
uint32_t panel_advance(struct question *question, struct holder holder, const struct question_context *context);
/* The end of the oldest open window; UINT64_MAX: none open. */
uint64_t panel_next_due_us(const struct question *question);
/* Forgets every open observation and gives its reports back. */
void panel_drop_open(struct question *question, struct holder holder);
/* Copies what the panel holds into a question whose table is copied already. On failure the copy can be freed. */
enum status panel_clone(const struct question *question, struct holder holder, struct question *copy) MUST_USE;
/* Call before the table is freed. */
void panel_free(struct question *question, struct holder holder);
/* Fills posterior and contributors. */
void panel_posterior(const struct question *question, struct question_result *result);
const int64_t *panel_told_by(const struct question *question, uint32_t member);
struct span panel_span(const struct question *question, uint32_t turned, uint32_t hypothesis);

/* pooling.c */
enum { ITEM_LIVE = 0, ITEM_RETRACTED = 1 };
/* No member has this number: an entry that is its is found by nobody any more. */
#define POOL_NOBODY UINT32_MAX

/* The first k - 1 centred values; the last is what makes their sum zero. */
struct pooled_item {
    struct entry entry;
    int64_t y[];
};

/* Room for what `members` members told. */
enum status pooling_widen(struct question *question, struct holder holder, uint32_t members) MUST_USE;
size_t pooling_entry_bytes(uint32_t hypotheses);
enum status pooling_tell(struct question *question, struct holder holder, const struct question_context *context,
                         const struct question_evidence *evidence, const int64_t *y) MUST_USE;
enum status pooling_retract(struct question *question, uint32_t member, const struct hash *observation) MUST_USE;
void pooling_depart(struct question *question, uint32_t member);
/* What pooling_tell and pooling_retract would refuse, but for room in the pool. */
enum status pooling_check_tell(const struct question *question, uint32_t member, const struct hash *observation,
                               const int64_t *y) MUST_USE;
enum status pooling_check_retract(const struct question *question, uint32_t member,
                                  const struct hash *observation) MUST_USE;
/* As panel_clone. */
enum status pooling_clone(const struct question *question, struct holder holder, struct question *copy) MUST_USE;
void pooling_free(struct question *question, struct holder holder);
/* Fills posterior and contributors. */
void pooling_posterior(const struct question *question, const struct question_context *context,
                       struct question_result *result);
const int64_t *pooling_told_by(const struct question *question, uint32_t member);
struct span pooling_span(const struct question *question, const struct question_context *context, uint32_t turned,
                         uint32_t hypothesis);
/* For k = 2 and at least one contributor: the exact flip margin of `top`; 0 when it is not decided anyway. */
uint32_t pooling_flip(const struct question *question, const struct question_context *context, uint32_t top);

#endif
