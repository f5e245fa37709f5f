/* Amnesia: a member whose ledger was lost, or may be older than what it signed, asks the others before it signs anything again
 * (docs/protocol.md 2).
 *
 * Votes: it had entered its last view w by a certificate of w - 1, which q members signed. Any q answers share an honest member with those,
 * whose view is at least w - 1. So nothing was signed above the largest view answered plus one, and signing starts above that.
 * The lane: an answer is backed by the own batch itself, whose signature nobody else can make; a claim without it is ignored. */
#include "base/check.h"
#include "base/num.h"
#include "replica/state.h"

#define RECOVER_US UINT64_C(500000)

void replica_recover_tick(struct replica *r) {
    if (r->now.mono_us < r->recover_at_us) return;
    r->recover_at_us = r->now.mono_us + RECOVER_US;
    r->out->type = FRAME_RECOVER;
    r->out->recover.nonce = r->recover_nonce;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
}

enum status replica_on_recover(struct replica *r, uint32_t from, uint64_t nonce) {
    if (r->recovering) return STATUS_BUSY; /* who has forgotten itself can't remind others */
    struct cut_tip tip = lanes_tip(&r->lanes, from);
    if (tip.seq > 0) {
        enum status sent = replica_on_fetch_batch(r, from, &(struct tip){from, tip.seq, tip.hash});
        if (sent != STATUS_OK) return sent;
    }
    r->out->type = FRAME_RECOVERED;
    r->out->recovered.nonce = nonce;
    r->out->recovered.tip = (struct tip){from, tip.seq, tip.hash};
    r->out->recovered.notarize_view = r->out->recovered.nullify_view = r->out->recovered.finalize_view =
        agreement_view(r->agreement);
    replica_send_frame(r, from, r->out);
    return STATUS_OK;
}

/* The own lane is back when no own batch waits for its ancestors. */
static bool lane_is_back(const struct replica *r) {
    for (uint32_t i = 0; i < PENDING_MAX && r->pending_count > 0; i++) {
        if (r->pending[i].header != NULL && r->pending[i].header->member == r->self) return false;
    }
    return r->queue_count == 0;
}

static uint32_t answers(const struct replica *r) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < r->members; m++) count += r->peers[m].recovered;
    return count;
}

static void finish_when_ready(struct replica *r) {
    /* n - 1 others are all there are: with a quorum of everybody, all of them have to answer. */
    uint32_t needed = r->quorum < r->members ? r->quorum : r->members - 1;
    if (answers(r) < needed || !lane_is_back(r)) return;
    r->recovering = false;
    agreement_unmute(r->agreement, r->now.mono_us, r->recover_view + 2);
}

enum status replica_on_recovered(struct replica *r, uint32_t from, const struct frame *frame) {
    if (!r->recovering) return STATUS_STALE;
    if (frame->recovered.nonce != r->recover_nonce) return STATUS_STALE;
    uint64_t view = num_max_u64(frame->recovered.notarize_view,
                                num_max_u64(frame->recovered.nullify_view, frame->recovered.finalize_view));
    r->peers[from].recovered = true;
    r->recover_view = num_max_u64(r->recover_view, view);
    finish_when_ready(r);
    return STATUS_OK;
}
