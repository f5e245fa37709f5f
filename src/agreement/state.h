/* The agreement's own state; private to this room. */
#ifndef AGREEMENT_STATE_H
#define AGREEMENT_STATE_H

#include "agreement/agreement.h"

struct block_vote {
    struct hash block;
    uint8_t signature[SIGNATURE_BYTES];
};

/* The votes of one kind in one view, by member: the first of each. */
struct view_votes {
    struct member_set from;
    struct block_vote *votes; /* `members` of them, taken when the first vote arrives */
};

struct view_certificate {
    struct slice bytes; /* encoded, pool memory; empty when there is none */
    struct hash block;
};

enum { KINDS = 4 }; /* indexed by enum vote_kind, 0 unused */

/* A view between the newest final one and the horizon. */
struct view {
    uint64_t number; /* 0: this slot is free */
    struct view_votes votes[KINDS];
    struct view_certificate certificates[KINDS];
    struct agreement_block *proposal;  /* the first valid one of the leader */
    struct agreement_block *notarized; /* the notarized block, when it is another one than the proposal */
    uint8_t proposal_signature[SIGNATURE_BYTES];
    bool payload_refused; /* the proposal's payload can never be valid */
    bool voted[KINDS];    /* own votes, restored ones as well */
    struct hash voted_block;
};

struct agreement {
    struct agreement_config config;
    struct agreement_host host;
    struct pool pool;
    uint32_t quorum;

    uint64_t view; /* current */
    uint64_t final_view;
    uint64_t final_height;
    struct hash final_hash;
    struct slice final_finalization; /* certificate of the newest final block, pool memory; empty when not known */
    uint64_t finalization_view; /* newest view with a finalization certificate; its chain may have to be fetched */
    struct view *views;         /* VIEWS_UNFINALIZED_MAX, by number modulo that */

    bool muted;
    uint64_t unmuted_view; /* nothing is signed in lower views after amnesia */
    bool work;
    struct member_set links; /* links that are up */
    struct member_set seen;  /* links that were up at least once: only these can be known dead */

    bool armed;
    uint64_t deadline_us; /* of the view, when armed */
    uint64_t empty_us;    /* from then on a leader helps an unfinalized block with an empty one */
    uint64_t resend_us;
    uint64_t resend_wait_us;
    uint32_t nullified_in_a_row;
    uint64_t nullified;
    uint64_t asked_us; /* last time that something missing was asked for */

    struct vote_certificate *scratch;
    struct block *block; /* decoded block scratch */
    struct block *parent_block;
    uint8_t *buffer; /* one frame */
    size_t buffer_bytes;
};

/* agreement.c */
struct view *agreement_view_at(const struct agreement *a, uint64_t number);
struct view *agreement_view_open(struct agreement *a, uint64_t number); /* NULL outside the window */
bool agreement_in_window(const struct agreement *a, uint64_t view);
void agreement_enter(struct agreement *a, uint64_t now_us, uint64_t view);
void agreement_arm(struct agreement *a, uint64_t now_us);
void agreement_disarm_idle(struct agreement *a);
void agreement_vote(struct agreement *a, uint64_t now_us, uint64_t view, enum vote_kind kind,
                    const struct hash *block);
bool agreement_may_sign(const struct agreement *a, uint64_t view);
void agreement_drop_view(struct agreement *a, struct view *view);
void agreement_keep_final(struct agreement *a, uint64_t view, struct slice finalization);

/* chain.c: blocks and how they link */
struct agreement_block *agreement_block_new(struct agreement *a, const struct block *block, const struct hash *hash,
                                            struct slice bytes);
struct agreement_block *agreement_find(const struct agreement *a, const struct hash *hash);
bool agreement_parent_proven(struct agreement *a, uint64_t view, const struct hash *parent, uint64_t *ret_parent_view,
                             uint64_t *ret_parent_height, uint64_t *ret_gap);
bool agreement_newest_notarized(const struct agreement *a, uint64_t below, uint64_t *ret_view, struct hash *ret_hash);
void agreement_try_finalize(struct agreement *a, uint64_t now_us);
bool agreement_unfinalized(const struct agreement *a);

/* on_proposal.c */
void agreement_try_propose(struct agreement *a, uint64_t now_us);
void agreement_try_notarize(struct agreement *a, uint64_t now_us);
void agreement_send_proposal(struct agreement *a, uint32_t to, const struct view *view);

/* on_vote.c */
enum status agreement_count_vote(struct agreement *a, uint64_t now_us, const struct vote *vote);

/* on_certificate.c */
enum status agreement_take_certificate(struct agreement *a, uint64_t now_us,
                                       const struct vote_certificate *certificate);
void agreement_send_certificate(struct agreement *a, uint32_t to, struct slice certificate);
enum { AGREEMENT_EVERYONE = MEMBERS_MAX };

/* on_timer.c */
void agreement_nullify(struct agreement *a, uint64_t now_us);
void agreement_quiet(struct agreement *a, uint64_t now_us);
void agreement_ask_block(struct agreement *a, uint64_t now_us, const struct hash *hash, uint64_t view);
void agreement_ask_views(struct agreement *a, uint64_t now_us, uint64_t from, uint64_t to);

#endif
