/* Blocks that are held and how they link down to the newest final one (docs/protocol.md 4, rules 2, 3 and 6). */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

struct agreement_block *agreement_block_new(struct agreement *a, const struct block *block, const struct hash *hash,
                                            struct slice bytes) {
    struct agreement_block *held = pool_take(&a->pool, sizeof *held);
    if (held == NULL) return NULL;
    uint8_t *copy = pool_take(&a->pool, bytes.bytes);
    if (copy == NULL) {
        pool_give(&a->pool, held, sizeof *held);
        return NULL;
    }
    memcpy(copy, bytes.data, bytes.bytes);
    *held = (struct agreement_block){.hash = *hash,
                                     .parent = block->parent,
                                     .view = block->view,
                                     .height = block->height,
                                     .bytes = slice_of(copy, bytes.bytes)};
    return held;
}

static struct agreement_block *block_in(const struct view *view, const struct hash *hash) {
    if (view->proposal != NULL && hash_equal(&view->proposal->hash, hash)) return view->proposal;
    if (view->notarized != NULL && hash_equal(&view->notarized->hash, hash)) return view->notarized;
    return NULL;
}

/* The newest view that anything may be held of: certificates move the current view, so nothing is beyond what votes
 * may be ahead. */
static uint64_t horizon(const struct agreement *a) {
    return num_min_u64(a->view + VIEWS_AHEAD_MAX, a->final_view + VIEWS_UNFINALIZED_MAX);
}

struct agreement_block *agreement_find(const struct agreement *a, const struct hash *hash) {
    for (uint64_t number = horizon(a); number > a->final_view; number--) {
        const struct view *view = agreement_view_at(a, number);
        struct agreement_block *block = view != NULL ? block_in(view, hash) : NULL;
        if (block != NULL) return block;
    }
    return NULL;
}

/* The newest view below `below` with a notarization, and its block. False: none after the newest final block. A
 * finalization proves a notarization, too. */
bool agreement_newest_notarized(const struct agreement *a, uint64_t below, uint64_t *ret_view,
                                struct hash *ret_hash) {
    for (uint64_t number = num_min_u64(below - 1, horizon(a)); number > a->final_view; number--) {
        const struct view *view = agreement_view_at(a, number);
        if (view == NULL) continue;
        for (int kind = VOTE_NOTARIZE; kind <= VOTE_FINALIZE; kind += VOTE_FINALIZE - VOTE_NOTARIZE) {
            if (view->certificates[kind].bytes.bytes == 0) continue;
            *ret_view = number;
            *ret_hash = view->certificates[kind].block;
            return true;
        }
    }
    return false;
}

static bool notarized_as(const struct view *view, const struct hash *hash) {
    for (int kind = VOTE_NOTARIZE; kind <= VOTE_FINALIZE; kind += VOTE_FINALIZE - VOTE_NOTARIZE) {
        if (view->certificates[kind].bytes.bytes > 0 && hash_equal(&view->certificates[kind].block, hash))
            return true;
    }
    return false;
}

/* Whether `parent` may be extended in `view`: it is notarized at some u < view (or the newest final block), and every
 * view between is nullified. On false `ret_gap` is a view whose certificate is missing, 0 when there is nothing to
 * ask for. `ret_parent_height` is 0 with a true answer only for the block before the first. */
bool agreement_parent_proven(struct agreement *a, uint64_t view, const struct hash *parent, uint64_t *ret_parent_view,
                             uint64_t *ret_parent_height, uint64_t *ret_gap) {
    *ret_gap = 0;
    for (uint64_t number = view - 1; number > a->final_view; number--) {
        const struct view *v = agreement_view_at(a, number);
        if (v != NULL && notarized_as(v, parent)) {
            const struct agreement_block *block = block_in(v, parent);
            *ret_parent_view = number;
            if (block == NULL) return false; /* its content has to be fetched first */
            *ret_parent_height = block->height;
            return true;
        }
        if (v == NULL || v->certificates[VOTE_NULLIFY].bytes.bytes == 0) {
            *ret_gap = number;
            return false;
        }
    }
    if (!hash_equal(parent, &a->final_hash)) return false;
    *ret_parent_view = a->final_view;
    *ret_parent_height = a->final_height;
    return true;
}

/* A notarized block that is not final yet: then the next leader has to go on, with an empty block if need be. */
bool agreement_unfinalized(const struct agreement *a) {
    uint64_t view;
    struct hash hash;
    return agreement_newest_notarized(a, UINT64_MAX, &view, &hash);
}

/* Hands every block from the newest final one up to `last` to the host, oldest first. The chain is held completely.
 */
static void finalize_up_to(struct agreement *a, struct agreement_block *last) {
    while (!hash_equal(&a->final_hash, &last->hash)) {
        struct agreement_block *next = last;
        while (!hash_equal(&next->parent, &a->final_hash)) {
            next = agreement_find(a, &next->parent);
            CHECK(next != NULL);
        }
        const struct view *view = agreement_view_at(a, next->view);
        CHECK(next->height == a->final_height + 1);
        CHECK(next->view > a->final_view);
        struct slice finalization = view->certificates[VOTE_FINALIZE].bytes;
        a->final_hash = next->hash;
        a->final_height = next->height;
        a->host.finalized(a->host.context, next, finalization);
    }
}

/* Rule 6: when the chain below the newest finalization is held, it becomes final. Otherwise the first missing block
 * is asked for. */
void agreement_try_finalize(struct agreement *a, uint64_t now_us) {
    if (a->finalization_view <= a->final_view) return;
    const struct view *view = agreement_view_at(a, a->finalization_view);
    CHECK(view != NULL);
    const struct hash *hash = &view->certificates[VOTE_FINALIZE].block;
    struct agreement_block *last = agreement_find(a, hash);
    if (last == NULL) {
        agreement_ask_block(a, now_us, hash, a->finalization_view);
        return;
    }
    for (const struct agreement_block *b = last; !hash_equal(&b->parent, &a->final_hash);) {
        const struct agreement_block *parent = agreement_find(a, &b->parent);
        if (parent == NULL) {
            agreement_ask_block(a, now_us, &b->parent, b->view);
            return;
        }
        b = parent;
    }
    uint64_t number = a->finalization_view;
    finalize_up_to(a, last);
    a->nullified_in_a_row = 0;
    agreement_keep_final(a, number, view->certificates[VOTE_FINALIZE].bytes);
    agreement_disarm_idle(a);
    agreement_quiet(a, now_us);
}

/* --- blocks from others --- */

/* A block that a certificate names may come without its proposal. It is kept when something wants it. */
enum status agreement_on_block(struct agreement *a, uint64_t now_us, struct slice bytes) {
    struct hash hash;
    TRY(block_read(bytes, &a->config.chain, a->block, &hash));
    struct view *view = agreement_view_at(a, a->block->view);
    if (view == NULL || a->block->epoch != a->config.epoch) return STATUS_STALE;
    if (block_in(view, &hash) != NULL) return STATUS_DUPLICATE;
    bool wanted = notarized_as(view, &hash);
    /* An ancestor of a finalized block may lack a notarization here; it is known by its child's parent link. */
    for (uint64_t n = view->number + 1; !wanted && n <= a->finalization_view; n++) {
        const struct view *later = agreement_view_at(a, n);
        if (later == NULL) continue;
        wanted = (later->proposal != NULL && hash_equal(&later->proposal->parent, &hash)) ||
                 (later->notarized != NULL && hash_equal(&later->notarized->parent, &hash));
    }
    if (!wanted || view->notarized != NULL) return STATUS_STALE;
    view->notarized = agreement_block_new(a, a->block, &hash, bytes);
    if (view->notarized == NULL) return STATUS_BUSY;
    a->host.persist_block(a->host.context, view->notarized);
    agreement_try_finalize(a, now_us);
    agreement_try_propose(a, now_us);
    agreement_try_notarize(a, now_us);
    return STATUS_OK;
}

enum status agreement_restore_block(struct agreement *a, struct slice bytes) {
    struct hash hash;
    TRY(block_read(bytes, &a->config.chain, a->block, &hash));
    if (a->block->view <= a->final_view) return STATUS_OK;
    struct view *view = agreement_view_open(a, a->block->view);
    if (view == NULL) return STATUS_CORRUPT;
    if (block_in(view, &hash) != NULL) return STATUS_OK;
    struct agreement_block **place = view->proposal == NULL ? &view->proposal : &view->notarized;
    if (*place != NULL) return STATUS_OK;
    *place = agreement_block_new(a, a->block, &hash, bytes);
    return *place != NULL ? STATUS_OK : STATUS_BUSY;
}

enum status agreement_on_fetch_block(struct agreement *a, uint32_t from, const struct hash *hash) {
    const struct agreement_block *block = agreement_find(a, hash);
    if (block == NULL) return STATUS_NOT_FOUND;
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_BLOCK, .block = block->bytes});
    CHECK(writer_status(&writer) == STATUS_OK);
    a->host.send(a->host.context, from, writer_slice(&writer));
    return STATUS_OK;
}

/* Checks that `blocks` follow the newest final one and that the last has the hash that the finalization names. */
static enum status check_range(struct agreement *a, const struct slice *blocks, uint32_t count,
                               const struct vote_certificate *finalization) {
    struct hash parent = a->final_hash;
    uint64_t view = a->final_view;
    for (uint32_t i = 0; i < count; i++) {
        struct hash hash;
        TRY(block_read(blocks[i], &a->config.chain, a->block, &hash));
        if (a->block->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
        if (a->block->height != a->final_height + 1 + i)
            return a->block->height <= a->final_height ? STATUS_STALE : STATUS_NOT_LINKED;
        if (!hash_equal(&a->block->parent, &parent) || a->block->view <= view) return STATUS_NOT_LINKED;
        parent = hash;
        view = a->block->view;
    }
    if (finalization->kind != VOTE_FINALIZE || finalization->view != view) return STATUS_NOT_LINKED;
    return hash_equal(&finalization->block, &parent) ? STATUS_OK : STATUS_NOT_LINKED;
}

enum status agreement_on_range(struct agreement *a, uint64_t now_us, const struct slice *blocks, uint32_t count,
                               struct slice finalization) {
    struct reader reader = reader_of(finalization);
    TRY(vote_certificate_take(&reader, a->scratch));
    TRY(reader_end(&reader));
    TRY(check_range(a, blocks, count, a->scratch));
    if (a->scratch->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    TRY(vote_certificate_verify(a->scratch, &a->config.chain, &a->config.keyring, a->config.threshold));
    for (uint32_t i = 0; i < count; i++) {
        struct agreement_block block = {.bytes = blocks[i]};
        enum status read = block_read(blocks[i], &a->config.chain, a->block, &block.hash);
        CHECK(read == STATUS_OK);
        block.parent = a->block->parent;
        block.view = a->block->view;
        block.height = a->block->height;
        struct slice own = i + 1 == count ? finalization : slice_of(NULL, 0);
        agreement_restore_final(a, block.view, block.height, &block.hash, own);
        a->host.finalized(a->host.context, &block, own);
    }
    uint64_t number = a->final_view + 1;
    a->nullified_in_a_row = 0;
    if (a->view == number) {
        a->armed = false;
        agreement_arm(a, now_us);
        agreement_try_propose(a, now_us);
        agreement_try_notarize(a, now_us);
    }
    agreement_try_finalize(a, now_us);
    return STATUS_OK;
}
