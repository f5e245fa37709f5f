/* Blocks from others: single ones that were asked for, and finalized ranges for a member that is behind (docs/protocol.md
 * 9).
 *
 * Invariant: a block is kept because its hash was asked for, and asked for because a certificate leads to it. */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

/* Everybody is asked, once per delta for one block: simple and bounded, and whoever has it answers. */
void agreement_ask_block(struct agreement *a, uint64_t now_us, enum ask why, const struct hash *hash) {
    struct asked_block *asked = &a->asked[why];
    if (hash_equal(&asked->hash, hash) && now_us < asked->again_us) return;
    *asked = (struct asked_block){*hash, now_us + a->config.delta_us};
    uint8_t bytes[64];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_FETCH_BLOCK, .fetch_block = *hash});
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, AGREEMENT_EVERYONE, writer_slice(&writer));
}

/* Asks for the certificates of `gap` and of the views before it, which are probably missing, too. */
void agreement_ask_views(struct agreement *a, uint64_t now_us, uint64_t gap) {
    if (a->asked_views_to == gap && now_us < a->asked_views_again_us) return;
    a->asked_views_to = gap;
    a->asked_views_again_us = now_us + a->config.delta_us;
    uint64_t room = num_min_u64(gap - a->final_view - 1, PROPOSAL_NULLIFICATIONS_MAX - 1);
    uint8_t bytes[64];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_FETCH_VIEWS, .fetch_views = {gap - room, gap}});
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, AGREEMENT_EVERYONE, writer_slice(&writer));
}

/* Forgets that `hash` was asked for; false when it was not. */
static bool take_asked(struct agreement *a, const struct hash *hash) {
    bool asked = false;
    for (int why = 0; why < ASKS; why++) {
        if (!hash_equal(&a->asked[why].hash, hash)) continue;
        a->asked[why] = (struct asked_block){0};
        asked = true;
    }
    return asked;
}

enum status agreement_on_block(struct agreement *a, uint64_t now_us, struct slice bytes) {
    struct hash hash;
    TRY(block_read(bytes, &a->config.chain, a->block, &hash));
    if (a->block->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    if (!take_asked(a, &hash)) return STATUS_STALE;
    struct view *view = agreement_view_open(a, a->block->view);
    if (view == NULL) return STATUS_STALE;
    if (agreement_find_in(view, &hash) != NULL) return STATUS_DUPLICATE;
    if (view->notarized != NULL) return STATUS_CONFLICT;
    view->notarized = agreement_block_new(a, a->block, &hash, bytes);
    if (view->notarized == NULL) return STATUS_BUSY;
    a->host.persist_block(a->host.context, view->notarized);
    agreement_advance(a, now_us);
    return STATUS_OK;
}

/* Nothing that was voted for is lost for lack of room here: it can be asked for again. */
enum status agreement_restore_block(struct agreement *a, struct slice bytes) {
    struct hash hash;
    TRY(block_read(bytes, &a->config.chain, a->block, &hash));
    if (a->block->epoch > a->config.epoch) return STATUS_WRONG_EPOCH;
    if (a->block->epoch < a->config.epoch) return STATUS_OK;
    struct view *view = agreement_view_open(a, a->block->view);
    if (view == NULL || agreement_find_in(view, &hash) != NULL) return STATUS_OK;
    struct agreement_block **place = view->proposal == NULL ? &view->proposal : &view->notarized;
    if (*place == NULL) *place = agreement_block_new(a, a->block, &hash, bytes);
    return STATUS_OK;
}

enum status agreement_on_fetch_block(struct agreement *a, uint32_t from, const struct hash *hash) {
    const struct agreement_block *block = agreement_find(a, hash);
    if (block == NULL) return STATUS_NOT_FOUND;
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_BLOCK, .block = block->bytes});
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, from, writer_slice(&writer));
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
        /* Behind or ahead of this member, which moved on or was restarted since it asked: no fault of the sender. */
        if (i == 0 && a->block->height <= a->final_height) return STATUS_STALE;
        if (i == 0 && a->block->height > a->final_height + 1) return STATUS_MISSING;
        if (a->block->height != a->final_height + 1 + i) return STATUS_NOT_LINKED;
        if (!hash_equal(&a->block->parent, &parent) || a->block->view <= view) return STATUS_NOT_LINKED;
        parent = hash;
        view = a->block->view;
    }
    if (finalization->kind != VOTE_FINALIZE || finalization->view != view) return STATUS_NOT_LINKED;
    return hash_equal(&finalization->block, &parent) ? STATUS_OK : STATUS_NOT_LINKED;
}

static void finalize_range(struct agreement *a, const struct slice *blocks, uint32_t count,
                           struct slice finalization) {
    for (uint32_t i = 0; i < count; i++) {
        struct agreement_block block = {.bytes = blocks[i]};
        enum status read = block_read(blocks[i], &a->config.chain, a->block, &block.hash);
        CHECK(read == STATUS_OK);
        block.parent = a->block->parent;
        block.view = a->block->view;
        block.height = a->block->height;
        block.empty = a->block->entries_count == 0 && a->block->proofs_count == 0;
        struct slice own = i + 1 == count ? finalization : slice_of(NULL, 0);
        a->final_height = block.height;
        a->final_hash = block.hash;
        agreement_keep_final(a, block.view, own);
        a->host.finalized(a->host.context, &block, own);
    }
}

enum status agreement_on_range(struct agreement *a, uint64_t now_us, const struct slice *blocks, uint32_t count,
                               struct slice finalization) {
    struct reader reader = reader_of(finalization);
    TRY(vote_certificate_take(&reader, a->scratch));
    TRY(reader_end(&reader));
    if (count == 0) return STATUS_STALE;
    if (a->scratch->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    TRY(check_range(a, blocks, count, a->scratch));
    TRY(vote_certificate_verify(a->scratch, &a->config.chain, &a->config.keyring, a->config.threshold));
    finalize_range(a, blocks, count, finalization);
    if (a->doublings > 0) a->doublings--;
    a->final_us = now_us;
    if (a->view <= a->final_view) agreement_enter(a, now_us, a->final_view + 1);
    agreement_moved(a, now_us);
    agreement_advance(a, now_us);
    return STATUS_OK;
}
