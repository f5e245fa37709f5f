/* Views: entering, leaving, remembering them; signing votes (docs/protocol.md 4, rules 1 and "Never"). */
#include "agreement/state.h"
#include "base/arena.h"
#include "base/check.h"
#include "base/num.h"

/* What the pool may hold: votes and certificates of every view of the window, and blocks. A pool that runs out
 * refuses messages (STATUS_BUSY); it decides nothing. */
static size_t pool_bytes(uint32_t members) {
    size_t votes = (KINDS - 1) * pool_rounded(members * sizeof(struct block_vote));
    size_t certificates = (KINDS - 1) * pool_rounded(members * 72 + 80);
    size_t block = pool_rounded(members * 48 + 4096);
    return 2 * VIEWS_UNFINALIZED_MAX * (votes + certificates + block) + 4 * BLOCK_BYTES_ENCODED_MAX;
}

static size_t buffer_bytes(uint32_t members) {
    return BLOCK_BYTES_ENCODED_MAX + (PROPOSAL_NULLIFICATIONS_MAX + 2) * (size_t)(members * 72 + 96) + 1024;
}

size_t agreement_bytes(uint32_t members) {
    return arena_rounded(sizeof(struct agreement)) + arena_rounded(VIEWS_UNFINALIZED_MAX * sizeof(struct view)) +
           arena_rounded(sizeof(struct vote_certificate)) + 2 * arena_rounded(sizeof(struct block)) +
           arena_rounded(buffer_bytes(members)) + pool_bytes(members);
}

struct agreement *agreement_init(void *memory, size_t bytes, const struct agreement_config *config,
                                 const struct agreement_host *host) {
    CHECK(bytes >= agreement_bytes(config->members));
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct agreement *a = arena_take(&arena, sizeof *a);
    a->config = *config;
    a->host = *host;
    a->quorum = quorum_size(config->members, config->threshold);
    a->views = arena_take(&arena, VIEWS_UNFINALIZED_MAX * sizeof(struct view));
    a->scratch = arena_take(&arena, sizeof *a->scratch);
    a->block = arena_take(&arena, sizeof *a->block);
    a->parent_block = arena_take(&arena, sizeof *a->parent_block);
    a->buffer_bytes = buffer_bytes(config->members);
    a->buffer = arena_take(&arena, a->buffer_bytes);
    pool_init(&a->pool, arena.region + arena.used, arena.capacity - arena.used);
    a->final_hash = config->chain;
    a->view = 1;
    return a;
}

bool agreement_in_window(const struct agreement *a, uint64_t view) {
    return view > a->final_view && view <= a->final_view + VIEWS_UNFINALIZED_MAX && view <= a->view + VIEWS_AHEAD_MAX;
}

struct view *agreement_view_at(const struct agreement *a, uint64_t number) {
    struct view *view = &a->views[number % VIEWS_UNFINALIZED_MAX];
    return number != 0 && view->number == number ? view : NULL;
}

struct view *agreement_view_open(struct agreement *a, uint64_t number) {
    if (number <= a->final_view || number > a->final_view + VIEWS_UNFINALIZED_MAX) return NULL;
    struct view *view = &a->views[number % VIEWS_UNFINALIZED_MAX];
    if (view->number == number) return view;
    CHECK(view->number == 0); /* older ones are dropped when they become final, so a slot has at most one number */
    view->number = number;
    return view;
}

static void drop_block(struct agreement *a, struct agreement_block *block) {
    if (block == NULL) return;
    pool_give(&a->pool, (void *)(uintptr_t)block->bytes.data, block->bytes.bytes);
    pool_give(&a->pool, block, sizeof *block);
}

void agreement_drop_view(struct agreement *a, struct view *view) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        pool_give(&a->pool, view->votes[kind].votes, a->config.members * sizeof(struct block_vote));
        struct slice bytes = view->certificates[kind].bytes;
        if (bytes.bytes > 0) pool_give(&a->pool, (void *)(uintptr_t)bytes.data, bytes.bytes);
    }
    drop_block(a, view->proposal);
    drop_block(a, view->notarized);
    *view = (struct view){0};
}

/* `view` is the newest final one now: what is older is forgotten, but for the finalization, which proves to others
 * that they are behind. An empty `finalization` forgets the older one. */
void agreement_keep_final(struct agreement *a, uint64_t view, struct slice finalization) {
    CHECK(view >= a->final_view);
    uint8_t *bytes = finalization.bytes > 0 ? pool_take(&a->pool, finalization.bytes) : NULL;
    if (bytes != NULL) memcpy(bytes, finalization.data, finalization.bytes);
    struct slice old = a->final_finalization;
    if (old.bytes > 0) pool_give(&a->pool, (void *)(uintptr_t)old.data, old.bytes);
    a->final_finalization = slice_of(bytes, bytes != NULL ? finalization.bytes : 0);
    uint64_t last = num_min_u64(view, a->final_view + VIEWS_UNFINALIZED_MAX);
    for (uint64_t number = a->final_view + 1; number <= last; number++) {
        struct view *held = agreement_view_at(a, number);
        if (held != NULL) agreement_drop_view(a, held);
    }
    a->final_view = view;
}

uint32_t agreement_leader(const struct agreement *a, uint64_t view) {
    return (uint32_t)((view + a->config.epoch) % a->config.members);
}

bool agreement_may_sign(const struct agreement *a, uint64_t view) { return !a->muted && view >= a->unmuted_view; }

/* Signs, persists, counts and sends one vote of our own. The callers keep the Never rules; they are checked here once
 * more, because a second vote in a view can never be taken back. */
void agreement_vote(struct agreement *a, uint64_t now_us, uint64_t number, enum vote_kind kind,
                    const struct hash *block) {
    struct view *view = agreement_view_open(a, number);
    if (view == NULL || view->voted[kind] || !agreement_may_sign(a, number)) return;
    CHECK(!(kind == VOTE_FINALIZE && view->voted[VOTE_NULLIFY]));
    CHECK(!(kind == VOTE_NULLIFY && view->voted[VOTE_FINALIZE]));
    struct vote vote = {.epoch = a->config.epoch, .view = number, .kind = kind, .member = a->config.self};
    if (kind != VOTE_NULLIFY) vote.block = *block;
    vote_sign(&vote, &a->config.chain, a->config.secret);
    view->voted[kind] = true;
    if (kind == VOTE_NOTARIZE) view->voted_block = *block;
    a->host.persist_vote(a->host.context, &vote);
    /* The leader's notarize vote travels inside its proposal. */
    if (!(kind == VOTE_NOTARIZE && agreement_leader(a, number) == a->config.self)) {
        uint8_t bytes[VOTE_BYTES_MAX + 16];
        struct writer writer = writer_of(bytes, sizeof bytes);
        frame_put(&writer, &(struct frame){.type = FRAME_VOTE, .vote = vote});
        CHECK(writer_status(&writer) == STATUS_OK);
        a->host.broadcast(a->host.context, writer_slice(&writer));
    } else {
        memcpy(view->proposal_signature, vote.signature, SIGNATURE_BYTES);
    }
    enum status counted = agreement_count_vote(a, now_us, &vote);
    CHECK(counted == STATUS_OK || counted == STATUS_DUPLICATE || counted == STATUS_STALE);
}

/* The view timer: 3 delta, doubled for each view nullified in a row, up to 64 times that. */
static uint64_t view_timeout_us(const struct agreement *a) {
    uint32_t doublings = a->nullified_in_a_row < 6 ? a->nullified_in_a_row : 6;
    return 3 * a->config.delta_us << doublings;
}

/* Pending work: only then a view has a timer. */
static bool something_pending(const struct agreement *a) {
    const struct view *view = agreement_view_at(a, a->view);
    return a->work || (view != NULL && view->proposal != NULL) || agreement_unfinalized(a);
}

/* What the timer waited for is done. */
void agreement_disarm_idle(struct agreement *a) {
    if (!something_pending(a)) a->armed = false;
}

/* Arms the timer of the current view when there is something to wait for: an idle cluster stays silent. */
void agreement_arm(struct agreement *a, uint64_t now_us) {
    if (a->armed || !something_pending(a)) return;
    a->armed = true;
    a->deadline_us = now_us + view_timeout_us(a);
    a->resend_wait_us = 2 * view_timeout_us(a);
    a->resend_us = now_us + a->resend_wait_us;
}

static bool leader_is_dead(const struct agreement *a) {
    uint32_t leader = agreement_leader(a, a->view);
    return leader != a->config.self && member_set_has(&a->seen, leader) && !member_set_has(&a->links, leader);
}

/* Rule 1, and what may be done at once in the new view: propose (2), notarize a proposal that came early (3), nullify
 * a dead leader (4). */
void agreement_enter(struct agreement *a, uint64_t now_us, uint64_t number) {
    CHECK(number > a->view);
    a->view = number;
    a->armed = false;
    a->empty_us = now_us + a->config.delta_us;
    agreement_arm(a, now_us);
    agreement_try_propose(a, now_us);
    agreement_try_notarize(a, now_us);
    if (a->view == number && a->armed && leader_is_dead(a)) agreement_nullify(a, now_us);
}

void agreement_set_work(struct agreement *a, uint64_t now_us, bool work) {
    a->work = work;
    if (!work) {
        agreement_disarm_idle(a);
        return;
    }
    agreement_arm(a, now_us);
    agreement_try_propose(a, now_us);
    if (leader_is_dead(a)) agreement_nullify(a, now_us);
}

void agreement_on_link(struct agreement *a, uint64_t now_us, uint32_t member, bool up) {
    if (member >= a->config.members) return;
    if (up) {
        member_set_add(&a->links, member);
        member_set_add(&a->seen, member);
        return;
    }
    a->links.words[member / 64] &= ~(UINT64_C(1) << member % 64);
    if (a->armed && leader_is_dead(a)) agreement_nullify(a, now_us);
}

void agreement_payload_changed(struct agreement *a, uint64_t now_us) { agreement_try_notarize(a, now_us); }

/* --- restoring --- */

void agreement_restore_final(struct agreement *a, uint64_t view, uint64_t height, const struct hash *hash,
                             struct slice finalization) {
    CHECK(height >= a->final_height);
    a->final_height = height;
    a->final_hash = *hash;
    agreement_keep_final(a, view, finalization);
    if (a->view <= view) a->view = view + 1;
}

enum status agreement_restore_vote(struct agreement *a, const struct vote *vote) {
    if (vote->member != a->config.self) return STATUS_CORRUPT;
    TRY(vote_verify(vote, &a->config.chain, &a->config.keyring));
    if (vote->view <= a->final_view) return STATUS_OK;
    struct view *view = agreement_view_open(a, vote->view);
    if (view == NULL) return STATUS_CORRUPT;
    view->voted[vote->kind] = true;
    if (vote->kind == VOTE_NOTARIZE) view->voted_block = vote->block;
    if (vote->kind == VOTE_NOTARIZE && agreement_leader(a, vote->view) == a->config.self)
        memcpy(view->proposal_signature, vote->signature, SIGNATURE_BYTES);
    /* A member that voted in a view had entered it. */
    if (vote->view > a->view) a->view = vote->view;
    enum status counted = agreement_count_vote(a, 0, vote);
    return counted == STATUS_DUPLICATE || counted == STATUS_STALE ? STATUS_OK : counted;
}

void agreement_start(struct agreement *a, uint64_t now_us, bool muted) {
    a->muted = muted;
    a->resend_wait_us = 3 * a->config.delta_us;
    a->resend_us = now_us + a->resend_wait_us;
    agreement_try_finalize(a, now_us);
    agreement_arm(a, now_us);
    agreement_try_propose(a, now_us);
    agreement_try_notarize(a, now_us);
}

void agreement_unmute(struct agreement *a, uint64_t now_us, uint64_t view) {
    a->muted = false;
    a->unmuted_view = view;
    agreement_try_propose(a, now_us);
    agreement_try_notarize(a, now_us);
}

/* --- what it knows --- */

uint64_t agreement_view(const struct agreement *a) { return a->view; }
uint64_t agreement_final_view(const struct agreement *a) { return a->final_view; }
uint64_t agreement_final_height(const struct agreement *a) { return a->final_height; }
const struct hash *agreement_final_hash(const struct agreement *a) { return &a->final_hash; }
uint64_t agreement_nullified(const struct agreement *a) { return a->nullified; }

const struct agreement_block *agreement_block_of(const struct agreement *a, const struct hash *hash) {
    return agreement_find(a, hash);
}

const struct agreement_block *agreement_head(const struct agreement *a) {
    uint64_t view;
    struct hash hash;
    if (!agreement_newest_notarized(a, UINT64_MAX, &view, &hash)) return NULL;
    return agreement_find(a, &hash);
}
