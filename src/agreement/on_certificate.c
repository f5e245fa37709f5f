/* Certificates: notarizations, nullifications and finalizations, made here or received; each is forwarded once (rules
 * 5 and 6).
 *
 * Invariant: what is kept was counted here from verified votes, or verified as a whole. */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

void agreement_send(struct agreement *a, uint32_t to, struct slice frame) {
    if (to == AGREEMENT_EVERYONE) {
        a->host.broadcast(a->host.context, frame);
    } else if (to < a->config.members && to != a->config.self) {
        a->host.send(a->host.context, to, frame);
    }
}

void agreement_send_certificate(struct agreement *a, uint32_t to, struct slice certificate) {
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    struct frame frame; /* large, so only what this type has is set */
    frame.type = FRAME_CERTIFICATE;
    frame.certificate = certificate;
    frame_put(&writer, &frame);
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, to, writer_slice(&writer));
}

void agreement_send_certificates(struct agreement *a, uint32_t to, const struct view *view) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        struct slice bytes = view->certificates[kind].bytes;
        if (bytes.bytes > 0) agreement_send_certificate(a, to, bytes);
    }
}

/* A certificate may name a block that is held but was not voted for; now it is wanted after a restart. */
static void persist_named_block(struct agreement *a, const struct view *view, const struct hash *hash) {
    const struct agreement_block *block = agreement_find_in(view, hash);
    if (block == view->proposal && block != NULL && !view->voted[VOTE_NOTARIZE])
        a->host.persist_block(a->host.context, block);
}

/* Takes a certificate whose votes were verified (or counted here): keeps, persists, forwards it, and moves on. The
 * scratch that it may be in is used again underneath. */
enum status agreement_take_certificate(struct agreement *a, uint64_t now_us,
                                       const struct vote_certificate *certificate) {
    uint64_t number = certificate->view;
    enum vote_kind kind = certificate->kind;
    struct hash block = certificate->block;
    TRY(agreement_keep_certificate(a, certificate));
    const struct view *view = agreement_view_at(a, number);
    a->host.persist_certificate(a->host.context, number, kind, view->certificates[kind].bytes);
    agreement_send_certificate(a, AGREEMENT_EVERYONE, view->certificates[kind].bytes);
    agreement_moved(a, now_us);
    if (kind == VOTE_NULLIFY) {
        a->nullified++;
        /* The view just left counts: where timers are too short a view is notarized first and nullified as well. */
        if (number + 1 >= a->view && a->doublings < AGREEMENT_DOUBLINGS_MAX) a->doublings++;
    } else {
        persist_named_block(a, view, &block);
    }
    /* Rule 5, the only place that votes to finalize. */
    if (kind == VOTE_NOTARIZE && !view->voted[VOTE_NULLIFY]) agreement_vote(a, now_us, number, VOTE_FINALIZE, &block);
    if (a->view <= number) agreement_enter(a, now_us, number + 1);
    return STATUS_OK;
}

/* Whether there is a certificate of this view and kind already, and whether it says something else. */
static bool already_held(const struct agreement *a, const struct vote_certificate *c, bool *ret_conflicts) {
    const struct view *view = agreement_view_at(a, c->view);
    if (view == NULL || view->certificates[c->kind].bytes.bytes == 0) return false;
    *ret_conflicts = !hash_equal(&view->certificates[c->kind].block, &c->block);
    return true;
}

/* Into the scratch. STATUS_CONFLICT is as well verified as STATUS_OK. */
static enum status read_certificate(struct agreement *a, struct slice bytes) {
    struct reader reader = reader_of(bytes);
    TRY(vote_certificate_take(&reader, a->scratch));
    TRY(reader_end(&reader));
    if (a->scratch->epoch < a->config.epoch) return STATUS_STALE;
    if (a->scratch->epoch > a->config.epoch) return STATUS_WRONG_EPOCH;
    if (a->scratch->view <= a->final_view) return STATUS_STALE;
    /* q members stand behind a certificate, so it may be far ahead: no need to be within VIEWS_AHEAD_MAX. */
    if (a->scratch->view > a->final_view + VIEWS_UNFINALIZED_MAX) return STATUS_TOO_MANY;
    bool conflicts = false;
    if (already_held(a, a->scratch, &conflicts) && !conflicts) return STATUS_DUPLICATE;
    TRY(vote_certificate_verify(a->scratch, &a->config.chain, &a->config.keyring, a->config.threshold));
    return conflicts ? STATUS_CONFLICT : STATUS_OK;
}

typedef enum status keep_vote(struct agreement *a, const struct vote *vote);

/* The votes inside may convict a member that told us something else; from now on they convict it of what it says
 * later. */
static void keep_votes_inside(struct agreement *a, const struct vote_certificate *c, keep_vote *keep) {
    struct vote vote = {.epoch = c->epoch, .view = c->view, .kind = c->kind, .block = c->block};
    for (uint32_t i = 0; i < c->count; i++) {
        vote.member = c->votes[i].member;
        memcpy(vote.signature, c->votes[i].signature, SIGNATURE_BYTES);
        enum status kept = keep(a, &vote);
        (void)kept; /* a conflict was reported, a duplicate is nothing new */
    }
}

enum status agreement_receive_certificate(struct agreement *a, uint64_t now_us, struct slice bytes) {
    enum status status = read_certificate(a, bytes);
    if (status != STATUS_OK && status != STATUS_CONFLICT) return status;
    keep_votes_inside(a, a->scratch, agreement_keep_received);
    return status == STATUS_OK ? agreement_take_certificate(a, now_us, a->scratch) : status;
}

enum status agreement_on_certificate(struct agreement *a, uint64_t now_us, uint32_t from, struct slice bytes) {
    (void)from;
    TRY(agreement_receive_certificate(a, now_us, bytes));
    agreement_advance(a, now_us);
    return STATUS_OK;
}

/* One that does not fit the window can be had from others again. */
enum status agreement_restore_certificate(struct agreement *a, struct slice bytes) {
    enum status status = read_certificate(a, bytes);
    if (status == STATUS_STALE || status == STATUS_DUPLICATE || status == STATUS_TOO_MANY) return STATUS_OK;
    TRY(status);
    keep_votes_inside(a, a->scratch, agreement_keep_vote);
    TRY(agreement_keep_certificate(a, a->scratch));
    a->view = num_max_u64(a->view, a->scratch->view + 1);
    return STATUS_OK;
}

enum status agreement_on_fetch_views(struct agreement *a, uint32_t from, uint64_t from_view, uint64_t to_view) {
    if (to_view < from_view || to_view - from_view >= PROPOSAL_NULLIFICATIONS_MAX) return STATUS_BAD_VALUE;
    if (from_view <= a->final_view && a->final_finalization.bytes > 0)
        agreement_send_certificate(a, from, a->final_finalization);
    uint64_t last = num_min_u64(to_view, a->view); /* no certificate is of the current view or a later one */
    for (uint64_t number = num_max_u64(from_view, a->final_view + 1); number <= last; number++) {
        const struct view *view = agreement_view_at(a, number);
        if (view != NULL) agreement_send_certificates(a, from, view);
    }
    return STATUS_OK;
}

/* The newest certificates held are what moves a member that is behind the farthest. */
void agreement_on_heartbeat(struct agreement *a, uint32_t from, uint64_t number) {
    for (uint64_t newest = a->view - 1; newest > a->final_view && newest >= number; newest--) {
        const struct view *view = agreement_view_at(a, newest);
        struct hash hash;
        if (view == NULL) continue;
        if (!agreement_notarized_hash(view, &hash) && view->certificates[VOTE_NULLIFY].bytes.bytes == 0) continue;
        agreement_send_certificates(a, from, view);
        return;
    }
    if (number <= a->final_view && a->final_finalization.bytes > 0)
        agreement_send_certificate(a, from, a->final_finalization);
}
