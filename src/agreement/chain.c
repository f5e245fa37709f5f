/* Blocks that are held and how they link down to the newest final one (docs/protocol.md 4, rules 2, 3 and 6).
 *
 * Invariant: a block becomes final only when every block between it and the newest final one is held, each one height
 * and at least one view above the one before. */
#include "agreement/state.h"
#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"

struct agreement_block *agreement_find_in(const struct view *view, const struct hash *hash) {
    if (view->proposal != NULL && hash_equal(&view->proposal->hash, hash)) return view->proposal;
    if (view->notarized != NULL && hash_equal(&view->notarized->hash, hash)) return view->notarized;
    return NULL;
}

/* Blocks are held of views up to what votes may be ahead: certificates move the current view past themselves. */
struct agreement_block *agreement_find(const struct agreement *a, const struct hash *hash) {
    uint64_t horizon = num_min_u64(a->view + VIEWS_AHEAD_MAX, a->final_view + VIEWS_UNFINALIZED_MAX);
    for (uint64_t number = horizon; number > a->final_view; number--) {
        const struct view *view = agreement_view_at(a, number);
        struct agreement_block *block = view != NULL ? agreement_find_in(view, hash) : NULL;
        if (block != NULL) return block;
    }
    return NULL;
}

/* A finalization proves a notarization, too. */
static const enum vote_kind notarizing[] = {VOTE_FINALIZE, VOTE_NOTARIZE};

bool agreement_notarized_as(const struct view *view, const struct hash *hash) {
    for (size_t i = 0; i < 2; i++) {
        const struct view_certificate *held = &view->certificates[notarizing[i]];
        if (held->bytes.bytes > 0 && hash_equal(&held->block, hash)) return true;
    }
    return false;
}

bool agreement_notarized_hash(const struct view *view, struct hash *ret_hash) {
    for (size_t i = 0; i < 2; i++) {
        const struct view_certificate *held = &view->certificates[notarizing[i]];
        if (held->bytes.bytes == 0) continue;
        *ret_hash = held->block;
        return true;
    }
    return false;
}

/* Walks from `top` down to the newest final block, leaving in each view the way back up. CHAIN_MISSING names the first
 * block that is not held. CHAIN_BROKEN: a quorum of liars stands behind a block that can't be. Every parent is of a
 * lower view, so this ends after at most VIEWS_UNFINALIZED_MAX steps. */
enum chain agreement_chain(struct agreement *a, struct agreement_block *top, struct hash *ret_missing) {
    struct agreement_block *block = top;
    while (!hash_equal(&block->parent, &a->final_hash)) {
        struct agreement_block *parent = agreement_find(a, &block->parent);
        if (parent == NULL) {
            *ret_missing = block->parent;
            return CHAIN_MISSING;
        }
        if (parent->view >= block->view || parent->height + 1 != block->height) return CHAIN_BROKEN;
        struct view *view = agreement_view_at(a, parent->view);
        CHECK(view != NULL);
        view->successor = block;
        block = parent;
    }
    return block->height == a->final_height + 1 ? CHAIN_HELD : CHAIN_BROKEN;
}

/* Whether `parent` may be extended in `view`: it is notarized at some u < view (or the newest final block), and every
 * view between is nullified. On false `ret_gap` is the newest view whose certificate is missing, 0 when none could
 * help. */
bool agreement_parent_proven(const struct agreement *a, uint64_t view, const struct hash *parent,
                             uint64_t *ret_parent_view, uint64_t *ret_gap) {
    *ret_gap = 0;
    for (uint64_t number = view - 1; number > a->final_view; number--) {
        const struct view *v = agreement_view_at(a, number);
        if (v != NULL && agreement_notarized_as(v, parent)) {
            *ret_parent_view = number;
            return true;
        }
        if (CANARY(PARENTS_NULLIFICATIONS_NOT_CHECKED)) continue;
        if (v == NULL || v->certificates[VOTE_NULLIFY].bytes.bytes == 0) {
            *ret_gap = number;
            return false;
        }
    }
    *ret_parent_view = a->final_view;
    return hash_equal(parent, &a->final_hash);
}

/* There is a notarized block that is not final yet: the next leader has to go on, with an empty block if need be. */
bool agreement_unfinalized(const struct agreement *a) { return a->notarized_view > a->final_view; }

/* Hands every block from the newest final one up to `last` to the host, oldest first, on the way that agreement_chain
 * left. */
static void finalize_up_to(struct agreement *a, struct agreement_block *last) {
    struct agreement_block *block = last;
    while (!hash_equal(&block->parent, &a->final_hash)) {
        block = agreement_find(a, &block->parent);
        CHECK(block != NULL);
    }
    for (;;) {
        const struct view *view = agreement_view_at(a, block->view);
        const struct view_certificate *own = &view->certificates[VOTE_FINALIZE];
        bool covered = own->bytes.bytes == 0 || !hash_equal(&own->block, &block->hash);
        CHECK(block->height == a->final_height + 1);
        a->final_hash = block->hash;
        a->final_height = block->height;
        a->host.finalized(a->host.context, block, covered ? slice_of(NULL, 0) : own->bytes);
        if (block == last) return;
        block = view->successor;
    }
}

/* The oldest view above the final one that has a finalization; there is one. A member that is behind is sent old chains, each
 * with its finalization, while it hears of newer ones: going on from the oldest, it can use what it is sent. */
static const struct view *oldest_finalization(const struct agreement *a) {
    for (uint64_t number = a->final_view + 1; number <= a->finalization_view; number++) {
        const struct view *view = agreement_view_at(a, number);
        if (view != NULL && view->certificates[VOTE_FINALIZE].bytes.bytes > 0) return view;
    }
    CHECK(false); /* the newest one is among them */
    return NULL;
}

static bool finalize_oldest(struct agreement *a, uint64_t now_us) {
    const struct view *view = oldest_finalization(a);
    const struct view_certificate *finalization = &view->certificates[VOTE_FINALIZE];
    struct hash missing = finalization->block;
    struct agreement_block *last = agreement_find_in(view, &missing);
    enum chain chain = last != NULL ? agreement_chain(a, last, &missing) : CHAIN_MISSING;
    if (chain == CHAIN_MISSING) agreement_ask_block(a, now_us, ASK_FINAL, &missing);
    if (chain != CHAIN_HELD) return false;
    finalize_up_to(a, last);
    if (a->doublings > 0) a->doublings--;
    a->final_us = now_us;
    agreement_keep_final(a, last->view, finalization->bytes);
    agreement_moved(a, now_us);
    return true;
}

/* Rule 6: when the chain below a finalization is held, it becomes final. Otherwise the first missing block is asked
 * for. */
void agreement_try_finalize(struct agreement *a, uint64_t now_us) {
    while (a->finalization_view > a->final_view && finalize_oldest(a, now_us)) {
    }
}
