/* Proposals: the leader extends the newest notarized block (rule 2), the others notarize the first valid one (rule
 * 3). */
#include "agreement/state.h"
#include "base/check.h"

/* --- the leader's side --- */

static uint32_t collect_nullifications(const struct agreement *a, uint64_t above, uint64_t below,
                                       struct slice ret_nullifications[PROPOSAL_NULLIFICATIONS_MAX]) {
    uint32_t count = 0;
    for (uint64_t number = below - 1; number > above && count < PROPOSAL_NULLIFICATIONS_MAX; number--) {
        const struct view *view = agreement_view_at(a, number);
        CHECK(view != NULL);
        ret_nullifications[count++] = view->certificates[VOTE_NULLIFY].bytes;
    }
    return count;
}

static struct slice certificate_of_parent(const struct agreement *a, uint64_t view) {
    if (view <= a->final_view) return a->final_finalization;
    const struct view *parent = agreement_view_at(a, view);
    CHECK(parent != NULL);
    struct slice notarization = parent->certificates[VOTE_NOTARIZE].bytes;
    return notarization.bytes > 0 ? notarization : parent->certificates[VOTE_FINALIZE].bytes;
}

/* Sends the proposal of `view` with what proves that its parent may be extended. `to` may be AGREEMENT_EVERYONE. */
void agreement_send_proposal(struct agreement *a, uint32_t to, const struct view *view) {
    struct frame frame = {.type = FRAME_PROPOSAL};
    uint64_t parent_view, parent_height, gap;
    if (view->proposal == NULL) return;
    if (!agreement_parent_proven(a, view->number, &view->proposal->parent, &parent_view, &parent_height, &gap))
        return;
    frame.proposal.block = view->proposal->bytes;
    memcpy(frame.proposal.signature, view->proposal_signature, SIGNATURE_BYTES);
    frame.proposal.parent = certificate_of_parent(a, parent_view);
    frame.proposal.nullifications_count =
        collect_nullifications(a, parent_view, view->number, frame.proposal.nullifications);
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    frame_put(&writer, &frame);
    CHECK(writer_status(&writer) == STATUS_OK);
    if (to == AGREEMENT_EVERYONE) {
        a->host.broadcast(a->host.context, writer_slice(&writer));
    } else {
        a->host.send(a->host.context, to, writer_slice(&writer));
    }
}

/* What the next block of the current view would extend; false when a block or certificate has to come first (it is
 * asked for). */
static bool choose_parent(struct agreement *a, uint64_t now_us, struct hash *ret_parent, uint64_t *ret_height) {
    uint64_t parent_view, gap;
    struct hash hash = a->final_hash;
    bool newer = agreement_newest_notarized(a, a->view, &parent_view, &hash);
    if (agreement_parent_proven(a, a->view, &hash, &parent_view, ret_height, &gap)) {
        *ret_parent = hash;
        return true;
    }
    if (gap != 0) {
        agreement_ask_views(a, now_us, gap, gap);
    } else if (newer) {
        agreement_ask_block(a, now_us, &hash, parent_view);
    }
    return false;
}

void agreement_try_propose(struct agreement *a, uint64_t now_us) {
    if (agreement_leader(a, a->view) != a->config.self || !agreement_may_sign(a, a->view)) return;
    /* A notarized block mostly becomes final by itself; only when it does not, an empty block goes on from it. */
    bool may_be_empty = agreement_unfinalized(a) && now_us >= a->empty_us;
    if (!a->work && !may_be_empty) return;
    struct view *view = agreement_view_open(a, a->view);
    if (view == NULL || view->voted[VOTE_NOTARIZE] || view->voted[VOTE_NULLIFY] || view->proposal != NULL) return;
    struct hash parent, hash;
    uint64_t parent_height;
    if (!choose_parent(a, now_us, &parent, &parent_height)) return;
    *a->block =
        (struct block){.epoch = a->config.epoch, .view = a->view, .height = parent_height + 1, .parent = parent};
    a->host.build(a->host.context, &parent, a->block);
    if (a->block->entries_count == 0 && a->block->proofs_count == 0 && !may_be_empty) return;
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    block_put(&writer, a->block, &a->config.chain);
    CHECK(writer_status(&writer) == STATUS_OK);
    struct slice bytes = writer_slice(&writer);
    enum status read = block_read(bytes, &a->config.chain, a->parent_block, &hash);
    CHECK(read == STATUS_OK);
    view->proposal = agreement_block_new(a, a->block, &hash, bytes);
    if (view->proposal == NULL) return;
    a->host.persist_block(a->host.context, view->proposal);
    uint64_t number = a->view;
    agreement_vote(a, now_us, number, VOTE_NOTARIZE, &hash);
    view = agreement_view_at(a, number);
    if (view != NULL) agreement_send_proposal(a, AGREEMENT_EVERYONE, view);
    agreement_arm(a, now_us);
}

/* --- the voter's side --- */

/* Takes certificates that came with a proposal; they are verified like any other, and known ones are cheap. */
static enum status take_carried(struct agreement *a, uint64_t now_us, uint32_t from, struct slice certificate) {
    enum status status = agreement_on_certificate(a, now_us, from, certificate);
    return status == STATUS_DUPLICATE || status == STATUS_STALE ? STATUS_OK : status;
}

static enum status check_proposal(const struct agreement *a, const struct block *block) {
    if (block->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    if (block->view <= a->final_view) return STATUS_STALE;
    if (!agreement_in_window(a, block->view)) return STATUS_TOO_MANY;
    return STATUS_OK;
}

enum status agreement_on_proposal(struct agreement *a, uint64_t now_us, uint32_t from, const struct frame *frame) {
    struct hash hash;
    TRY(block_read(frame->proposal.block, &a->config.chain, a->block, &hash));
    TRY(check_proposal(a, a->block));
    uint64_t number = a->block->view;
    struct vote vote = {.epoch = a->config.epoch,
                        .view = number,
                        .kind = VOTE_NOTARIZE,
                        .block = hash,
                        .member = agreement_leader(a, number)};
    memcpy(vote.signature, frame->proposal.signature, SIGNATURE_BYTES);
    struct view *view = agreement_view_open(a, number);
    if (view == NULL) return STATUS_TOO_MANY;
    /* The leader's signature comes first: it makes the block the leader's own, or a proof against it. */
    enum status counted = STATUS_DUPLICATE;
    if (view->proposal == NULL || !hash_equal(&view->proposal->hash, &hash)) {
        TRY(vote_verify(&vote, &a->config.chain, &a->config.keyring));
        if (view->proposal == NULL) {
            view->proposal = agreement_block_new(a, a->block, &hash, frame->proposal.block);
            if (view->proposal == NULL) return STATUS_BUSY;
            memcpy(view->proposal_signature, vote.signature, SIGNATURE_BYTES);
        }
        counted = agreement_count_vote(a, now_us, &vote);
    }
    if (frame->proposal.parent.bytes > 0) TRY(take_carried(a, now_us, from, frame->proposal.parent));
    for (uint32_t i = 0; i < frame->proposal.nullifications_count; i++)
        TRY(take_carried(a, now_us, from, frame->proposal.nullifications[i]));
    agreement_arm(a, now_us);
    agreement_try_finalize(a, now_us);
    agreement_try_notarize(a, now_us);
    return counted;
}

/* Rule 3: votes for the proposal of the current view once everything that it builds on is proven and held. */
void agreement_try_notarize(struct agreement *a, uint64_t now_us) {
    struct view *view = agreement_view_at(a, a->view);
    if (view == NULL || view->proposal == NULL || view->voted[VOTE_NOTARIZE] || view->payload_refused) return;
    if (!agreement_may_sign(a, a->view)) return;
    uint64_t parent_view = 0, parent_height, gap;
    const struct agreement_block *block = view->proposal;
    if (!agreement_parent_proven(a, a->view, &block->parent, &parent_view, &parent_height, &gap)) {
        if (gap != 0) {
            agreement_ask_views(a, now_us, gap, gap);
        } else if (parent_view != 0) {
            agreement_ask_block(a, now_us, &block->parent, parent_view);
        }
        return;
    }
    struct hash hash;
    enum status read = block_read(block->bytes, &a->config.chain, a->block, &hash);
    CHECK(read == STATUS_OK);
    enum status payload =
        block->height == parent_height + 1 ? a->host.check(a->host.context, a->block) : STATUS_NOT_LINKED;
    if (payload == STATUS_MISSING) return;
    if (payload != STATUS_OK) {
        view->payload_refused = true;
        return;
    }
    a->host.persist_block(a->host.context, view->proposal);
    agreement_vote(a, now_us, a->view, VOTE_NOTARIZE, &hash);
}
