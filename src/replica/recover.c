/* Amnesia: a member whose ledger was lost, or may be older than what it signed, asks the others before it signs
 * anything again (docs/protocol.md 2).
 *
 * Votes: it signed in its last view w because of a certificate of w - 1 or of w, which q members signed. Any q
 * answers share an honest member with those, whose view is at least w - 1. So nothing was signed above the largest
 * view answered plus one, and signing starts above that. An answer counts only when its sender's view is proven by
 * certificates that were seen here, so nobody can keep this member silent for good by naming a view far ahead. A
 * sender that forgot itself once names the view up to which it may have signed, too: at most one more for each member
 * that forgot.
 *
 * The lane: a batch may have reached nobody who answers, or liars alone, so no number of answers tells which places
 * are free. Nothing is signed in it any more. What was sent goes on: an answer comes with the newest own batch that its
 * sender has, and counts only when that one is back in the lane. Those who are slower than the first q are waited for,
 * too, for a while.
 *
 * Invariant: a restart is safe without asking again only when nothing below that view can be voted for any more
 * (replica_status.forgetful). */
#include "base/check.h"
#include "base/num.h"
#include "replica/state.h"

#define RECOVER_US UINT64_C(500000)

/* Above this view nothing was signed before the loss. */
static uint64_t signed_view(const struct replica *r) { return r->recover_view == 0 ? 0 : r->recover_view + 1; }

bool replica_is_forgetful(const struct replica *r) {
    if (r->recovering) return true;
    /* Only what is executed is final after a restart. */
    return signed_view(r) > 0 && (r->queue_count > 0 || agreement_final_view(r->agreement) < signed_view(r));
}

static uint32_t answers(const struct replica *r) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < r->members; m++) count += r->peers[m].recovered;
    return count;
}

static bool all_answered(const struct replica *r) {
    for (uint32_t m = 0; m < r->members; m++) {
        if (m != r->self && r->known[m].link_up && !r->peers[m].recovered) return false;
    }
    return true;
}

static void finish_when_ready(struct replica *r) {
    /* n - 1 others are all there are: with a quorum of everybody, all of them have to answer. */
    uint32_t needed = r->quorum < r->heads ? r->quorum : r->heads - 1;
    if (answers(r) < needed) return;
    if (r->recover_done_us == 0) r->recover_done_us = r->now.mono_us;
    if (!all_answered(r) && r->now.mono_us < r->recover_done_us + RECOVER_US) return;
    r->recovering = false;
    r->lanes_moved = true;
    agreement_unmute(r->agreement, r->now.mono_us, signed_view(r) + 1);
}

void replica_recover_again(struct replica *r) {
    r->recovering = true;
    r->recover_view = r->recover_done_us = 0;
    r->recover_at_us = r->now.mono_us;
    for (uint32_t m = 0; m < r->members; m++) r->peers[m].recovered = false;
}

void replica_recover_tick(struct replica *r) {
    if (r->now.mono_us < r->recover_at_us) return;
    r->recover_at_us = r->now.mono_us + RECOVER_US;
    r->out->type = FRAME_RECOVER;
    r->out->recover.nonce = r->recover_nonce;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
    finish_when_ready(r);
}

/* --- answering --- */

static void send_held(struct replica *r, uint32_t to, const struct held *held) {
    r->out->type = FRAME_BATCH;
    r->out->batch.header = held->header_bytes;
    r->out->batch.body = held->body;
    r->out->batch.contents = held->contents;
    replica_send_frame(r, to, r->out);
}

/* Sends the newest batch that is held of the lane of `to`, and all that is on hold of it: that was signed as well,
 * and can be had from nobody's ledger. */
static enum status send_lane(struct replica *r, uint32_t to, struct tip *ret_tip) {
    struct cut_tip tip = lanes_tip(&r->lanes, to);
    /* A lane that began again with another key before anything stood in it begins after no batch. */
    *ret_tip = hash_is_zero(&tip.hash) ? (struct tip){.member = to} : (struct tip){to, tip.seq, tip.hash};
    enum status sent = ret_tip->seq > 0 ? replica_on_fetch_batch(r, to, ret_tip) : STATUS_OK;
    /* What was pruned is in the snapshot that the asker began with, or is no help to it. */
    if (sent != STATUS_OK && sent != STATUS_NOT_FOUND) return sent;
    for (uint32_t i = 0; i < HELD_LANE_MAX; i++) {
        const struct held *held = &r->holds[to].places[i];
        if (held->header == NULL) continue;
        send_held(r, to, held);
        if (held->header->seq > ret_tip->seq) *ret_tip = (struct tip){to, held->header->seq, held->hash};
    }
    return STATUS_OK;
}

enum status replica_on_recover(struct replica *r, uint32_t from, uint64_t nonce) {
    if (r->recovering) return STATUS_BUSY; /* who has forgotten itself can't remind others */
    struct peer *peer = &r->peers[from];
    if (peer->recover_answered_us != 0 && r->now.mono_us < peer->recover_answered_us + RECOVER_US / 2)
        return STATUS_BUSY;
    peer->recover_answered_us = r->now.mono_us;
    struct tip tip;
    TRY(send_lane(r, from, &tip));
    agreement_on_heartbeat(r->agreement, from, 0); /* the certificates that prove the view */
    uint64_t view = agreement_view(r->agreement);
    r->out->type = FRAME_RECOVERED;
    r->out->recovered.nonce = nonce;
    r->out->recovered.tip = tip;
    r->out->recovered.epoch = r->roster.epoch;
    r->out->recovered.view = view;
    r->out->recovered.signed_view = num_max_u64(view, signed_view(r));
    replica_send_frame(r, from, r->out);
    return STATUS_OK;
}

/* Whether the own lane is back up to this batch. */
static bool lane_is_back(const struct replica *r, const struct tip *tip) {
    if (tip->seq == 0 || r->lanes.lanes[r->self].sealed) return true;
    return lanes_holds(&r->lanes, r->self, tip->seq, &tip->hash);
}

enum status replica_on_recovered(struct replica *r, uint32_t from, const struct frame *frame) {
    if (!r->recovering || frame->recovered.nonce != r->recover_nonce) return STATUS_STALE;
    const struct tip *tip = &frame->recovered.tip;
    if (frame->recovered.epoch < r->roster.epoch) return STATUS_STALE;
    if (frame->recovered.epoch > r->roster.epoch) return STATUS_MISSING;
    if (tip->member != r->self) return STATUS_BAD_VALUE;
    uint64_t view = frame->recovered.view;
    uint64_t voted = num_max_u64(view, frame->recovered.signed_view);
    uint64_t own_view = agreement_view(r->agreement);
    /* What the answer speaks of is on its way, or not true. The next question will be answered again. */
    if (!lane_is_back(r, tip)) {
        replica_want_up_to(r, tip, from, 0);
        return STATUS_MISSING;
    }
    if (view > own_view || voted > own_view + r->members) return STATUS_MISSING;
    r->peers[from].recovered = true;
    r->recover_view = num_max_u64(r->recover_view, voted);
    finish_when_ready(r);
    return STATUS_OK;
}
