/* The agreement's own state; private to this room.
 *
 * How a step runs: an input only stores what it brought (votes, certificates, blocks) and moves the current view;
 * then agreement_advance acts on the whole, until nothing moves. Views are dropped by agreement_advance and
 * agreement_on_range alone, so a pointer to a view or a block stays good while an input is being stored. */
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

/* Timers double at most this often. */
enum { AGREEMENT_DOUBLINGS_MAX = 6 };

/* A view between the newest final one and the horizon. */
struct view {
    uint64_t number; /* 0: this slot is free */
    struct view_votes votes[KINDS];
    struct view_certificate certificates[KINDS];
    struct agreement_block *proposal;  /* the first one that the leader signed */
    struct agreement_block *notarized; /* a block that was asked for because a certificate leads to it */
    struct agreement_block *successor; /* scratch of agreement_try_finalize */
    bool payload_refused;              /* the proposal's payload can never be valid */
    bool payload_waits;                /* the host lacks something that the payload names */
    bool voted[KINDS];                 /* own votes: cast, restored, or seen in what others sent */
};

/* Why a block is asked for; one question at a time for each. */
enum ask { ASK_FINAL, ASK_PARENT, ASK_OWN, ASKS };

struct asked_block {
    struct hash hash;  /* zeros: nothing is asked for */
    uint64_t again_us; /* not to be asked for again before */
};

struct agreement {
    struct agreement_config config;
    struct agreement_host host;
    struct pool pool;
    uint32_t quorum;

    uint64_t view; /* current: above every view with a certificate */
    uint64_t final_view;
    uint64_t final_height;
    struct hash final_hash;
    struct slice final_finalization; /* certificate of the newest final block, pool memory; empty when not known */
    uint64_t finalization_view;      /* newest view with a finalization; its chain may have to be fetched */
    uint64_t notarized_view;         /* newest view with a notarization or a finalization */
    struct view *views;              /* VIEWS_UNFINALIZED_MAX, by number modulo that */

    bool muted;
    uint64_t unmuted_view; /* nothing is signed in lower views: votes in them may have been forgotten */
    bool work;
    bool nothing_to_build;   /* the host had nothing for a block of this view the last time it was asked */
    struct member_set links; /* links that are up */
    struct member_set seen;  /* links that were up at least once: only these can be known dead */

    bool armed;
    bool fired;           /* the timer of this view did its work */
    uint64_t deadline_us; /* of the view, when armed */
    uint64_t empty_us;    /* from then on the leader helps an unfinalized block with an empty one; 0: that is past */
    uint32_t empties;     /* empty blocks notarized in a row */
    uint64_t resend_us;
    uint64_t resend_wait_us;
    uint32_t doublings; /* of the view timer: up with a nullified view, down with a finalization */
    uint64_t nullified;
    uint64_t final_us; /* when the newest block became final here */

    struct asked_block asked[ASKS];
    uint64_t asked_views_to;
    uint64_t asked_views_again_us;
    uint64_t helped_us[MEMBERS_MAX]; /* last time that a member was sent what it seemed to lack */

    struct vote_certificate *scratch;
    struct block *block; /* decoded block scratch */
    uint8_t *buffer;     /* one frame */
    size_t buffer_bytes;
};

/* views.c: memory, and the ring of views */
size_t agreement_pool_bytes(uint32_t members);
struct view *agreement_view_at(const struct agreement *a, uint64_t number);
struct view *agreement_view_open(struct agreement *a, uint64_t number); /* NULL outside the window */
bool agreement_in_window(const struct agreement *a, uint64_t view);
/* Views are a budget that only a finalization refills: with half of it gone nobody leaves a view before its time. */
bool agreement_window_is_scarce(const struct agreement *a);
enum status agreement_keep_certificate(struct agreement *a, const struct vote_certificate *certificate);
void agreement_keep_final(struct agreement *a, uint64_t view, struct slice finalization);
void agreement_leave(struct agreement *a, uint64_t from, uint64_t to);
struct agreement_block *agreement_block_new(struct agreement *a, const struct block *block, const struct hash *hash,
                                            struct slice bytes);
struct view_votes *agreement_votes_open(struct agreement *a, struct view *view, enum vote_kind kind);

/* agreement.c: the current view, own votes */
void agreement_enter(struct agreement *a, uint64_t now_us, uint64_t view);
void agreement_vote(struct agreement *a, uint64_t now_us, uint64_t view, enum vote_kind kind,
                    const struct hash *block);
bool agreement_may_sign(const struct agreement *a, uint64_t view);
void agreement_advance(struct agreement *a, uint64_t now_us);

/* chain.c: blocks and how they link */
enum chain { CHAIN_HELD, CHAIN_MISSING, CHAIN_BROKEN };
struct agreement_block *agreement_find(const struct agreement *a, const struct hash *hash);
struct agreement_block *agreement_find_in(const struct view *view, const struct hash *hash);
bool agreement_notarized_as(const struct view *view, const struct hash *hash);
bool agreement_notarized_hash(const struct view *view, struct hash *ret_hash);
enum chain agreement_chain(struct agreement *a, struct agreement_block *top, struct hash *ret_missing);
bool agreement_parent_proven(const struct agreement *a, uint64_t view, const struct hash *parent,
                             uint64_t *ret_parent_view, uint64_t *ret_gap);
bool agreement_unfinalized(const struct agreement *a);
void agreement_try_finalize(struct agreement *a, uint64_t now_us);

/* on_proposal.c */
void agreement_try_propose(struct agreement *a, uint64_t now_us);
void agreement_try_notarize(struct agreement *a, uint64_t now_us);
void agreement_send_proposal(struct agreement *a, const struct view *view);

/* on_vote.c */
enum status agreement_count_vote(struct agreement *a, uint64_t now_us, const struct vote *vote);
enum status agreement_keep_vote(struct agreement *a, const struct vote *vote);
enum status agreement_keep_received(struct agreement *a, const struct vote *vote);
void agreement_act_on_votes(struct agreement *a, uint64_t now_us, const struct view *view, enum vote_kind kind,
                            const struct hash *block);
uint32_t agreement_nullifiers(const struct agreement *a);
void agreement_send_own_vote(struct agreement *a, uint32_t to, const struct view *view, enum vote_kind kind);

/* on_certificate.c */
enum status agreement_take_certificate(struct agreement *a, uint64_t now_us,
                                       const struct vote_certificate *certificate);
enum status agreement_receive_certificate(struct agreement *a, uint64_t now_us, struct slice certificate);
void agreement_send_certificates(struct agreement *a, uint32_t to, const struct view *view);
void agreement_send_certificate(struct agreement *a, uint32_t to, struct slice certificate);
void agreement_send(struct agreement *a, uint32_t to, struct slice frame);
enum { AGREEMENT_EVERYONE = MEMBERS_MAX };

/* on_timer.c */
void agreement_arm(struct agreement *a, uint64_t now_us);
void agreement_try_nullify(struct agreement *a, uint64_t now_us);
uint64_t agreement_empty_wait_us(const struct agreement *a);
void agreement_moved(struct agreement *a, uint64_t now_us);

/* on_block.c */
void agreement_ask_block(struct agreement *a, uint64_t now_us, enum ask why, const struct hash *hash);
void agreement_ask_views(struct agreement *a, uint64_t now_us, uint64_t gap);

#endif
