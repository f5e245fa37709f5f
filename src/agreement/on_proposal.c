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

static struct slice certificate_of_parent(const struct agreement *a, uint64_t number, const struct hash *parent) {
    if (number <= a->final_view) return a->final_finalization;
    const struct view *view = agreement_view_at(a, number);
    const struct view_certificate *notarization = &view->certificates[VOTE_NOTARIZE];
    bool names = notarization->bytes.bytes > 0 && hash_equal(&notarization->block, parent);
    return names ? notarization->bytes : view->certificates[VOTE_FINALIZE].bytes;
}

/* Sends the own proposal of `view` with what proves that its parent may be extended. Its signature is the own notarize
 * vote. */
void agreement_send_proposal(struct agreement *a, const struct view *view) {
    struct frame frame; /* large, so only what this type has is set */
    uint64_t parent_view, gap;
    if (view->proposal == NULL || !member_set_has(&view->votes[VOTE_NOTARIZE].from, a->config.self)) return;
    const struct block_vote *vote = &view->votes[VOTE_NOTARIZE].votes[a->config.self];
    const struct hash *parent = &view->proposal->parent;
    if (!hash_equal(&vote->block, &view->proposal->hash)) return;
    if (!agreement_parent_proven(a, view->number, parent, &parent_view, &gap)) return;
    frame.type = FRAME_PROPOSAL;
    frame.proposal.block = view->proposal->bytes;
    memcpy(frame.proposal.signature, vote->signature, SIGNATURE_BYTES);
    frame.proposal.parent = certificate_of_parent(a, parent_view, parent);
    frame.proposal.nullifications_count =
        collect_nullifications(a, parent_view, view->number, frame.proposal.nullifications);
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    frame_put(&writer, &frame);
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, AGREEMENT_EVERYONE, writer_slice(&writer));
}

/* Whether the block that `view` notarized is held with all its ancestors; the first missing one is asked for. */
static bool notarized_is_held(struct agreement *a, uint64_t now_us, const struct view *view, struct hash *ret_hash,
                              uint64_t *ret_height) {
    struct hash hash;
    if (!agreement_notarized_hash(view, &hash)) return false;
    struct hash missing = hash;
    struct agreement_block *block = agreement_find_in(view, &hash);
    enum chain chain = block != NULL ? agreement_chain(a, block, &missing) : CHAIN_MISSING;
    if (chain == CHAIN_MISSING) agreement_ask_block(a, now_us, ASK_OWN, &missing);
    if (chain != CHAIN_HELD) return false;
    *ret_hash = hash;
    *ret_height = block->height;
    return true;
}

/* What the next block of the current view extends: the newest notarized block that is held. A view with a block that
 * is not held may be passed over only when it is nullified as well. */
static bool choose_parent(struct agreement *a, uint64_t now_us, struct hash *ret_parent, uint64_t *ret_height) {
    for (uint64_t number = a->view - 1; number > a->final_view; number--) {
        const struct view *view = agreement_view_at(a, number);
        if (view != NULL && notarized_is_held(a, now_us, view, ret_parent, ret_height)) return true;
        if (view == NULL || view->certificates[VOTE_NULLIFY].bytes.bytes == 0) {
            agreement_ask_views(a, now_us, number);
            return false;
        }
    }
    *ret_parent = a->final_hash;
    *ret_height = a->final_height;
    return true;
}

/* Asks the host for the payload. False when there is nothing to propose. */
static bool build(struct agreement *a, const struct hash *parent, uint64_t height, bool may_be_empty) {
    *a->block = (struct block){.epoch = a->config.epoch, .view = a->view, .height = height, .parent = *parent};
    a->host.build(a->host.context, parent, a->block);
    return may_be_empty || a->block->entries_count > 0 || a->block->proofs_count > 0;
}

/* Keeps the built block as the proposal of its view. */
static bool keep_built(struct agreement *a, struct view *view, struct hash *ret_hash) {
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    block_put(&writer, a->block, &a->config.chain);
    CHECK(writer_status(&writer) == STATUS_OK);
    enum status read = block_read(writer_slice(&writer), &a->config.chain, a->block, ret_hash);
    CHECK(read == STATUS_OK);
    view->proposal = agreement_block_new(a, a->block, ret_hash, writer_slice(&writer));
    return view->proposal != NULL;
}

static bool may_propose(const struct view *view) {
    return view != NULL && !view->voted[VOTE_NOTARIZE] && !view->voted[VOTE_NULLIFY] && view->proposal == NULL;
}

/* Rule 2. A notarized block mostly becomes final by itself; only when it does not, an empty block goes on from it. */
void agreement_try_propose(struct agreement *a, uint64_t now_us) {
    if (agreement_leader(a, a->view) != a->config.self || !agreement_may_sign(a, a->view)) return;
    bool may_be_empty = agreement_unfinalized(a) && now_us >= a->empty_us;
    if (!may_be_empty && (!a->work || a->nothing_to_build)) return;
    struct view *view = agreement_view_open(a, a->view);
    struct hash parent, hash;
    uint64_t parent_height;
    if (!may_propose(view) || !choose_parent(a, now_us, &parent, &parent_height)) return;
    a->nothing_to_build = !build(a, &parent, parent_height + 1, may_be_empty);
    if (a->nothing_to_build || !keep_built(a, view, &hash)) return;
    a->host.persist_block(a->host.context, view->proposal);
    agreement_vote(a, now_us, a->view, VOTE_NOTARIZE, &hash);
}

/* --- the voter's side --- */

/* Takes the certificates that came with a proposal; known ones are cheap. The first bad one ends it. */
static enum status take_carried(struct agreement *a, uint64_t now_us, const struct frame *frame) {
    for (uint32_t i = 0; i <= frame->proposal.nullifications_count; i++) {
        struct slice bytes = i == 0 ? frame->proposal.parent : frame->proposal.nullifications[i - 1];
        if (bytes.bytes == 0) continue;
        enum status status = agreement_receive_certificate(a, now_us, bytes);
        if (status != STATUS_DUPLICATE && status != STATUS_STALE) TRY(status);
    }
    return STATUS_OK;
}

/* Keeps the block of a proposal whose leader signed it, when it may still be voted for or is named by a certificate,
 * and counts the leader's vote. */
static enum status keep_proposal(struct agreement *a, uint64_t now_us, struct slice bytes, const struct vote *vote) {
    if (vote->view <= a->final_view) return STATUS_STALE;
    if (!agreement_in_window(a, vote->view)) return STATUS_TOO_MANY;
    struct view *view = agreement_view_open(a, vote->view);
    bool named = agreement_notarized_as(view, &vote->block);
    bool wanted = named || vote->view >= a->view;
    if (wanted && view->proposal == NULL && agreement_find_in(view, &vote->block) == NULL) {
        struct hash hash;
        TRY(block_read(bytes, &a->config.chain, a->block, &hash));
        view->proposal = agreement_block_new(a, a->block, &hash, bytes);
        if (view->proposal == NULL) return STATUS_BUSY;
        if (named) a->host.persist_block(a->host.context, view->proposal);
    }
    return agreement_count_vote(a, now_us, vote);
}

/* The leader's signature comes first: it makes the block the leader's own, or a proof against it. The certificates come
 * second: they may be what brings the block into reach. */
enum status agreement_on_proposal(struct agreement *a, uint64_t now_us, uint32_t from, const struct frame *frame) {
    (void)from;
    struct vote vote = {.epoch = a->config.epoch, .kind = VOTE_NOTARIZE};
    TRY(block_read(frame->proposal.block, &a->config.chain, a->block, &vote.block));
    if (a->block->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    if (a->block->view <= a->final_view) return STATUS_STALE;
    if (a->block->view > a->final_view + VIEWS_UNFINALIZED_MAX) return STATUS_TOO_MANY;
    vote.view = a->block->view;
    vote.member = agreement_leader(a, vote.view);
    memcpy(vote.signature, frame->proposal.signature, SIGNATURE_BYTES);
    const struct view *view = agreement_view_at(a, vote.view);
    bool known = view != NULL && view->proposal != NULL && hash_equal(&view->proposal->hash, &vote.block);
    if (!known) TRY(vote_verify(&vote, &a->config.chain, &a->config.keyring));
    enum status carried = take_carried(a, now_us, frame);
    enum status kept = known ? STATUS_DUPLICATE : keep_proposal(a, now_us, frame->proposal.block, &vote);
    agreement_advance(a, now_us);
    return carried != STATUS_OK ? carried : kept;
}

/* Whether everything that the proposal of the current view builds on is proven and held; the first missing thing is
 * asked for. */
static bool parent_ready(struct agreement *a, uint64_t now_us, struct agreement_block *block) {
    uint64_t parent_view, gap;
    if (!agreement_parent_proven(a, a->view, &block->parent, &parent_view, &gap)) {
        if (gap != 0) agreement_ask_views(a, now_us, gap);
        return false;
    }
    struct hash missing;
    enum chain chain = agreement_chain(a, block, &missing);
    if (chain == CHAIN_MISSING) agreement_ask_block(a, now_us, ASK_PARENT, &missing);
    return chain == CHAIN_HELD;
}

/* Rule 3. That its height is the parent's and one more is part of a chain that is held. */
void agreement_try_notarize(struct agreement *a, uint64_t now_us) {
    struct view *view = agreement_view_at(a, a->view);
    if (view == NULL || view->proposal == NULL || view->voted[VOTE_NOTARIZE]) return;
    if (view->payload_refused || view->payload_waits || !agreement_may_sign(a, a->view)) return;
    if (!parent_ready(a, now_us, view->proposal)) return;
    struct hash hash;
    enum status read = block_read(view->proposal->bytes, &a->config.chain, a->block, &hash);
    CHECK(read == STATUS_OK);
    enum status payload = a->host.check(a->host.context, a->block);
    view->payload_waits = payload == STATUS_MISSING;
    view->payload_refused = payload != STATUS_OK && payload != STATUS_MISSING;
    if (payload != STATUS_OK) return;
    a->host.persist_block(a->host.context, view->proposal);
    agreement_vote(a, now_us, a->view, VOTE_NOTARIZE, &hash);
}
