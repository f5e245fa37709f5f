/* The current view and own votes (docs/protocol.md 4, rule 1 and "Never"); restoring; what others may read.
 *
 * Invariant: a vote is signed in agreement_vote alone, which keeps the Never rules whatever led there. */
#include "agreement/agreement.h"

#include "agreement/state.h"
#include "base/arena.h"
#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"

static size_t buffer_bytes(uint32_t members) {
    return BLOCK_BYTES_ENCODED_MAX + (PROPOSAL_NULLIFICATIONS_MAX + 2) * ((size_t)members * 72 + 96) + 1024;
}

size_t agreement_bytes(uint32_t members) {
    return arena_rounded(sizeof(struct agreement)) + arena_rounded(VIEWS_UNFINALIZED_MAX * sizeof(struct view)) +
           arena_rounded(sizeof(struct vote_certificate)) + arena_rounded(sizeof(struct block)) +
           arena_rounded(buffer_bytes(members)) + agreement_pool_bytes(members);
}

struct agreement *agreement_init(void *memory, size_t bytes, const struct agreement_config *config,
                                 const struct agreement_host *host) {
    CHECK(bytes >= agreement_bytes(config->members));
    CHECK(config->members <= MEMBERS_MAX && config->self < config->members);
    CHECK(config->keyring.members == config->members);
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct agreement *a = arena_take(&arena, sizeof *a);
    a->config = *config;
    a->host = *host;
    a->quorum = quorum_size(keyring_heads(&config->keyring), config->threshold) - CANARY(QUORUM_ONE_TOO_LOW);
    a->views = arena_take(&arena, VIEWS_UNFINALIZED_MAX * sizeof(struct view));
    a->scratch = arena_take(&arena, sizeof *a->scratch);
    a->block = arena_take(&arena, sizeof *a->block);
    a->buffer_bytes = buffer_bytes(config->members);
    a->buffer = arena_take(&arena, a->buffer_bytes);
    pool_init(&a->pool, arena.region + arena.used, arena.capacity - arena.used);
    a->final_hash = config->chain;
    a->view = 1;
    return a;
}

/* The members take turns, in the order of their places. */
uint32_t agreement_leader(const struct agreement *a, uint64_t view) {
    uint64_t n = keyring_heads(&a->config.keyring);
    uint64_t turn = (view % n + a->config.epoch % n) % n;
    uint32_t member = 0;
    for (;; member++) {
        if (!keyring_has(&a->config.keyring, member)) continue;
        if (turn-- == 0) return member;
    }
}

bool agreement_may_sign(const struct agreement *a, uint64_t view) {
    return !a->muted && a->config.secret != NULL && view >= a->unmuted_view;
}

/* Signs, persists, sends and counts one vote of our own. The callers keep the Never rules; they are checked here once
 * more, because a second vote in a view can never be taken back. */
void agreement_vote(struct agreement *a, uint64_t now_us, uint64_t number, enum vote_kind kind,
                    const struct hash *block) {
    struct view *view = agreement_view_open(a, number);
    if (view == NULL || view->voted[kind] || !agreement_may_sign(a, number)) return;
    CHECK(!(kind == VOTE_FINALIZE && view->voted[VOTE_NULLIFY]));
    if (!CANARY(NULLIFY_AFTER_FINALIZE)) CHECK(!(kind == VOTE_NULLIFY && view->voted[VOTE_FINALIZE]));
    struct vote vote = {.epoch = a->config.epoch, .view = number, .kind = kind, .member = a->config.self};
    if (kind != VOTE_NULLIFY) vote.block = *block;
    vote_sign(&vote, &a->config.chain, a->config.secret);
    a->host.persist_vote(a->host.context, &vote);
    enum status kept = agreement_keep_vote(a, &vote);
    CHECK(kept == STATUS_OK && view->voted[kind]);
    /* The leader's notarize vote travels inside its proposal. */
    if (kind == VOTE_NOTARIZE && agreement_leader(a, number) == a->config.self) {
        agreement_send_proposal(a, view);
    } else {
        agreement_send_own_vote(a, AGREEMENT_EVERYONE, view, kind);
    }
    agreement_act_on_votes(a, now_us, view, kind, &vote.block);
}

/* Rule 1. What may be done in the new view is agreement_advance's to find out. */
void agreement_enter(struct agreement *a, uint64_t now_us, uint64_t number) {
    CHECK(number > a->view);
    const struct view *before = agreement_view_at(a, number - 1);
    struct hash hash;
    if (before != NULL && agreement_notarized_hash(before, &hash)) {
        const struct agreement_block *block = agreement_find_in(before, &hash);
        if (block != NULL) a->empties = block->empty ? a->empties + 1 : 0;
    }
    agreement_leave(a, a->view, number);
    a->view = number;
    a->armed = false;
    a->fired = false;
    a->nothing_to_build = false;
    a->empty_us = now_us + agreement_empty_wait_us(a);
}

/* Acts on whatever an input changed: finalizes (rule 6), proposes (2), notarizes (3), nullifies early (4), in each view
 * that it gets to. A round that moves on does so with votes that were there before, and votes are kept for at most
 * VIEWS_AHEAD_MAX views past the current one: that bounds the rounds. */
void agreement_advance(struct agreement *a, uint64_t now_us) {
    uint64_t view;
    do {
        view = a->view;
        agreement_try_finalize(a, now_us);
        agreement_arm(a, now_us);
        agreement_try_propose(a, now_us);
        agreement_try_notarize(a, now_us);
        agreement_arm(a, now_us);
        agreement_try_nullify(a, now_us);
    } while (a->view != view);
}

void agreement_set_work(struct agreement *a, uint64_t now_us, bool work) {
    a->work = work;
    a->nothing_to_build = false;
    agreement_advance(a, now_us);
}

void agreement_on_link(struct agreement *a, uint64_t now_us, uint32_t member, bool up) {
    if (member >= a->config.members) return;
    if (up) {
        member_set_add(&a->links, member);
        member_set_add(&a->seen, member);
        /* What was said while the link was down was lost on it: it is said again soon, and not only after the longest wait. */
        a->resend_us = num_min_u64(a->resend_us, now_us + a->config.delta_us);
    } else {
        member_set_remove(&a->links, member);
    }
    agreement_advance(a, now_us);
}

void agreement_payload_changed(struct agreement *a, uint64_t now_us) {
    struct view *view = agreement_view_at(a, a->view);
    if (view != NULL) view->payload_waits = false;
    a->nothing_to_build = false;
    agreement_advance(a, now_us);
}

/* --- epochs --- */

/* Links stay, and so does what is known of the time that messages take. */
void agreement_begin_epoch(struct agreement *a, uint64_t now_us, const struct agreement_epoch *epoch, bool muted) {
    CHECK(epoch->epoch > a->config.epoch && epoch->keyring.members == a->config.members);
    agreement_keep_final(a, a->final_view + VIEWS_UNFINALIZED_MAX, slice_of(NULL, 0));
    a->config.epoch = epoch->epoch;
    a->config.threshold = epoch->threshold;
    a->config.keyring = epoch->keyring;
    a->config.secret = epoch->secret;
    a->quorum = quorum_size(keyring_heads(&epoch->keyring), epoch->threshold) - CANARY(QUORUM_ONE_TOO_LOW);
    a->view = 1;
    a->final_view = 0;
    a->final_height = epoch->height;
    a->final_hash = epoch->hash;
    a->finalization_view = a->notarized_view = 0;
    a->unmuted_view = 0;
    a->muted = muted;
    a->armed = a->fired = a->nothing_to_build = false;
    a->work = false;
    a->empties = a->doublings = 0;
    memset(a->asked, 0, sizeof a->asked);
    a->asked_views_to = 0;
    a->empty_us = now_us + agreement_empty_wait_us(a);
    a->final_us = now_us;
    agreement_moved(a, now_us);
}

/* --- restoring --- */

void agreement_restore_final(struct agreement *a, uint64_t view, uint64_t height, const struct hash *hash,
                             struct slice finalization) {
    CHECK(height >= a->final_height);
    a->final_height = height;
    a->final_hash = *hash;
    agreement_keep_final(a, view, finalization);
    if (a->view <= view) a->view = view + 1;
}

/* A vote beyond the window can't be remembered by its view; never signing up to there again is as good. */
enum status agreement_restore_vote(struct agreement *a, const struct vote *vote) {
    if (vote->member != a->config.self || vote->epoch > a->config.epoch) return STATUS_CORRUPT;
    if (vote->epoch < a->config.epoch) return STATUS_OK; /* nothing of an epoch that is over means anything */
    TRY(vote_verify(vote, &a->config.chain, &a->config.keyring));
    if (vote->view <= a->final_view) return STATUS_OK;
    struct view *view = agreement_view_open(a, vote->view);
    if (view == NULL) {
        a->unmuted_view = num_max_u64(a->unmuted_view, vote->view + 1);
        return STATUS_OK;
    }
    /* A member that voted in a view had entered it. */
    a->view = num_max_u64(a->view, vote->view);
    enum status kept = agreement_keep_vote(a, vote);
    return kept == STATUS_CONFLICT ? STATUS_CORRUPT : STATUS_OK;
}

void agreement_start(struct agreement *a, uint64_t now_us, bool muted) {
    a->muted = muted;
    a->empty_us = now_us + agreement_empty_wait_us(a);
    agreement_moved(a, now_us);
    agreement_advance(a, now_us);
}

void agreement_unmute(struct agreement *a, uint64_t now_us, uint64_t view) {
    a->muted = false;
    a->unmuted_view = num_max_u64(a->unmuted_view, view);
    a->armed = false;
    a->fired = false;
    agreement_advance(a, now_us);
}

/* --- what it knows --- */

uint64_t agreement_view(const struct agreement *a) { return a->view; }
uint64_t agreement_signs_from(const struct agreement *a) { return a->unmuted_view; }
uint64_t agreement_final_view(const struct agreement *a) { return a->final_view; }
uint64_t agreement_final_height(const struct agreement *a) { return a->final_height; }
const struct hash *agreement_final_hash(const struct agreement *a) { return &a->final_hash; }
uint64_t agreement_nullified(const struct agreement *a) { return a->nullified; }

const struct agreement_block *agreement_block_of(const struct agreement *a, const struct hash *hash) {
    return agreement_find(a, hash);
}

const struct agreement_block *agreement_head(const struct agreement *a) {
    for (uint64_t number = a->notarized_view; number > a->final_view; number--) {
        const struct view *view = agreement_view_at(a, number);
        struct hash hash;
        if (view == NULL || !agreement_notarized_hash(view, &hash)) continue;
        const struct agreement_block *block = agreement_find_in(view, &hash);
        if (block != NULL) return block;
    }
    return NULL;
}
