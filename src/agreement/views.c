/* Memory: the ring of views between the newest final one and the horizon, and what is kept in each.
 *
 * Invariant: what members other than a quorum can make this one keep is bounded, and none of it can crowd out what the
 * rules need. Every piece has one of a few sizes, so pieces given back can be used again: votes and certificates have
 * room for every view of the window, blocks without proofs too. Only blocks that carry misbehaviour proofs are rare
 * enough to share a smaller room; unchecked ones are held in the current view and VIEWS_AHEAD_MAX later ones alone.
 */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

/* Room for this many blocks that carry misbehaviour proofs: unchecked ones of every view that a proposal may come for,
 * and as many that were checked. A leader's next block goes without when this one is refused (STATUS_BUSY). */
enum { LARGE_BLOCKS_MAX = 2 * (VIEWS_AHEAD_MAX + 1) };

static size_t votes_bytes(uint32_t members) { return members * sizeof(struct block_vote); }

static size_t certificate_bytes(uint32_t members) { return (size_t)members * 72 + 80; }

/* A block without proofs: at most 46 bytes an entry, 101 of fixed fields. */
static size_t small_block_bytes(uint32_t members) { return (size_t)members * 48 + 256; }

static size_t block_bytes(uint32_t members, size_t bytes) {
    size_t small = small_block_bytes(members);
    return bytes <= small ? small : BLOCK_BYTES_ENCODED_MAX;
}

size_t agreement_pool_bytes(uint32_t members) {
    size_t block = pool_rounded(sizeof(struct agreement_block));
    size_t view = (KINDS - 1) * (pool_rounded(votes_bytes(members)) + pool_rounded(certificate_bytes(members))) +
                  2 * (pool_rounded(small_block_bytes(members)) + block);
    /* Two more certificates: the newest finalization, while it replaces the one before. */
    return VIEWS_UNFINALIZED_MAX * view + 2 * pool_rounded(certificate_bytes(members)) +
           LARGE_BLOCKS_MAX * pool_rounded(BLOCK_BYTES_ENCODED_MAX);
}

bool agreement_in_window(const struct agreement *a, uint64_t view) {
    return view > a->final_view && view <= a->final_view + VIEWS_UNFINALIZED_MAX && view <= a->view + VIEWS_AHEAD_MAX;
}

bool agreement_window_is_scarce(const struct agreement *a) {
    return a->view - a->final_view > VIEWS_UNFINALIZED_MAX / 2;
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

struct view_votes *agreement_votes_open(struct agreement *a, struct view *view, enum vote_kind kind) {
    struct view_votes *votes = &view->votes[kind];
    if (votes->votes == NULL) votes->votes = pool_take_raw(&a->pool, votes_bytes(a->config.members));
    CHECK(votes->votes != NULL); /* the pool has room for every view's */
    return votes;
}

struct agreement_block *agreement_block_new(struct agreement *a, const struct block *block, const struct hash *hash,
                                            struct slice bytes) {
    uint8_t *copy = pool_take_raw(&a->pool, block_bytes(a->config.members, bytes.bytes));
    if (copy == NULL) return NULL;
    struct agreement_block *held = pool_take_raw(&a->pool, sizeof *held);
    if (held == NULL) {
        pool_give(&a->pool, copy, block_bytes(a->config.members, bytes.bytes));
        return NULL;
    }
    memcpy(copy, bytes.data, bytes.bytes);
    *held = (struct agreement_block){.hash = *hash,
                                     .parent = block->parent,
                                     .view = block->view,
                                     .height = block->height,
                                     .bytes = slice_of(copy, bytes.bytes),
                                     .empty = block->entries_count == 0 && block->proofs_count == 0};
    return held;
}

static void drop_block(struct agreement *a, struct agreement_block **block) {
    if (*block == NULL) return;
    struct slice bytes = (*block)->bytes;
    pool_give(&a->pool, (void *)(uintptr_t)bytes.data, block_bytes(a->config.members, bytes.bytes));
    pool_give(&a->pool, *block, sizeof **block);
    *block = NULL;
}

static void drop_certificate(struct agreement *a, struct slice bytes) {
    if (bytes.bytes > 0) pool_give(&a->pool, (void *)(uintptr_t)bytes.data, certificate_bytes(a->config.members));
}

static void drop_view(struct agreement *a, struct view *view) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        pool_give(&a->pool, view->votes[kind].votes, votes_bytes(a->config.members));
        drop_certificate(a, view->certificates[kind].bytes);
    }
    drop_block(a, &view->proposal);
    drop_block(a, &view->notarized);
    *view = (struct view){0};
}

/* Keeps the encoding of a certificate, of which its view has none of that kind. */
enum status agreement_keep_certificate(struct agreement *a, const struct vote_certificate *certificate) {
    struct view *view = agreement_view_open(a, certificate->view);
    if (view == NULL) return STATUS_TOO_MANY;
    struct view_certificate *held = &view->certificates[certificate->kind];
    if (held->bytes.bytes > 0) return STATUS_DUPLICATE;
    uint8_t *bytes = pool_take_raw(&a->pool, certificate_bytes(a->config.members));
    CHECK(bytes != NULL); /* the pool has room for every view's */
    struct writer writer = writer_of(bytes, certificate_bytes(a->config.members));
    vote_certificate_put(&writer, certificate);
    CHECK(writer_status(&writer) == STATUS_OK);
    held->bytes = writer_slice(&writer);
    held->block = certificate->block;
    if (certificate->kind != VOTE_NULLIFY) a->notarized_view = num_max_u64(a->notarized_view, certificate->view);
    if (certificate->kind == VOTE_FINALIZE)
        a->finalization_view = num_max_u64(a->finalization_view, certificate->view);
    return STATUS_OK;
}

/* `view` is the newest final one now: what is older is forgotten, but for the finalization, which proves to others
 * that they are behind. An empty `finalization` forgets the older one. */
void agreement_keep_final(struct agreement *a, uint64_t view, struct slice finalization) {
    CHECK(view >= a->final_view);
    CHECK(finalization.bytes <= certificate_bytes(a->config.members));
    uint8_t *bytes = NULL;
    if (finalization.bytes > 0) {
        bytes = pool_take_raw(&a->pool, certificate_bytes(a->config.members));
        CHECK(bytes != NULL);
        memcpy(bytes, finalization.data, finalization.bytes);
    }
    drop_certificate(a, a->final_finalization);
    a->final_finalization = slice_of(bytes, finalization.bytes);
    uint64_t last = num_min_u64(view, a->final_view + VIEWS_UNFINALIZED_MAX);
    for (uint64_t number = a->final_view + 1; number <= last; number++) {
        struct view *held = agreement_view_at(a, number);
        if (held != NULL) drop_view(a, held);
    }
    a->final_view = view;
}

/* Views [from, to) are left. A proposal that this member did not vote for was never checked, and is given up unless a
 * certificate names it; whoever voted for it keeps it, so that it can be had from them. */
void agreement_leave(struct agreement *a, uint64_t from, uint64_t to) {
    for (uint64_t number = num_max_u64(from, a->final_view + 1); number < to; number++) {
        struct view *view = agreement_view_at(a, number);
        if (view == NULL || view->proposal == NULL || view->voted[VOTE_NOTARIZE]) continue;
        if (!agreement_notarized_as(view, &view->proposal->hash)) drop_block(a, &view->proposal);
    }
}
