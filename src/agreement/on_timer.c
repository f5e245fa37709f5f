/* Time: the view timer (rule 4), and what is said again when nothing moves. */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

/* Resends wait at most this many times delta. */
enum { RESEND_DELTAS_MAX = 100, RESEND_VIEWS = 8 };

/* Rule 4. Never after a finalize vote in the same view. */
void agreement_nullify(struct agreement *a, uint64_t now_us) {
    const struct view *view = agreement_view_at(a, a->view);
    if (view != NULL && (view->voted[VOTE_NULLIFY] || view->voted[VOTE_FINALIZE])) return;
    agreement_vote(a, now_us, a->view, VOTE_NULLIFY, NULL);
}

/* Something moved: the waiting before the next resend starts again. */
void agreement_quiet(struct agreement *a, uint64_t now_us) {
    a->resend_wait_us = 6 * a->config.delta_us;
    a->resend_us = now_us + a->resend_wait_us;
}

static void resend_vote(struct agreement *a, const struct view *view, enum vote_kind kind) {
    const struct block_vote *own = view->votes[kind].votes != NULL ? &view->votes[kind].votes[a->config.self] : NULL;
    if (!view->voted[kind] || own == NULL || !member_set_has(&view->votes[kind].from, a->config.self)) return;
    struct vote vote = {
        .epoch = a->config.epoch, .view = view->number, .kind = kind, .block = own->block, .member = a->config.self};
    memcpy(vote.signature, own->signature, SIGNATURE_BYTES);
    uint8_t bytes[VOTE_BYTES_MAX + 16];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_VOTE, .vote = vote});
    CHECK(writer_status(&writer) == STATUS_OK);
    a->host.broadcast(a->host.context, writer_slice(&writer));
}

static void resend_certificates(struct agreement *a, const struct view *view) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (view->certificates[kind].bytes.bytes > 0)
            agreement_send_certificate(a, AGREEMENT_EVERYONE, view->certificates[kind].bytes);
    }
}

/* Standstill: own votes of the newest views, the certificate that led here, and an own proposal. Lost messages and
 * members that were away are the reason; a duplicate costs its receiver next to nothing. */
static void resend(struct agreement *a) {
    uint64_t first = a->view > RESEND_VIEWS ? a->view - RESEND_VIEWS : 1;
    for (uint64_t number = num_max_u64(first, a->final_view + 1); number <= a->view; number++) {
        const struct view *view = agreement_view_at(a, number);
        if (view == NULL) continue;
        if (number + 1 == a->view || number == a->finalization_view) resend_certificates(a, view);
        for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) resend_vote(a, view, (enum vote_kind)kind);
        if (number == a->view && agreement_leader(a, number) == a->config.self && view->voted[VOTE_NOTARIZE])
            agreement_send_proposal(a, AGREEMENT_EVERYONE, view);
    }
}

void agreement_on_tick(struct agreement *a, uint64_t now_us) {
    agreement_arm(a, now_us);
    if (a->armed && now_us >= a->deadline_us) {
        a->deadline_us = UINT64_MAX; /* it fires once a view */
        agreement_nullify(a, now_us);
    }
    if (now_us >= a->empty_us) {
        a->empty_us = 0; /* stays in the past, and asks for no more ticks */
        agreement_try_propose(a, now_us);
    }
    if (now_us < a->resend_us) return;
    a->resend_wait_us = num_min_u64(2 * a->resend_wait_us, RESEND_DELTAS_MAX * a->config.delta_us);
    a->resend_us = now_us + a->resend_wait_us;
    if (!a->armed && a->finalization_view <= a->final_view) return;
    resend(a);
    agreement_try_finalize(a, now_us);
    agreement_try_propose(a, now_us);
    agreement_try_notarize(a, now_us);
}

uint64_t agreement_deadline_us(const struct agreement *a) {
    uint64_t deadline = a->resend_us;
    if (a->armed) deadline = num_min_u64(deadline, a->deadline_us);
    if (a->empty_us != 0) deadline = num_min_u64(deadline, a->empty_us);
    return deadline;
}

/* Whom to ask for what is missing: everybody whose link is up, once per delta, is simple and bounded; whoever has it
 * answers. */
static bool may_ask(struct agreement *a, uint64_t now_us) {
    if (a->asked_us != 0 && now_us < a->asked_us + a->config.delta_us) return false;
    a->asked_us = now_us;
    return true;
}

void agreement_ask_block(struct agreement *a, uint64_t now_us, const struct hash *hash, uint64_t view) {
    (void)view;
    if (!may_ask(a, now_us)) return;
    uint8_t bytes[64];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_FETCH_BLOCK, .fetch_block = *hash});
    CHECK(writer_status(&writer) == STATUS_OK);
    a->host.broadcast(a->host.context, writer_slice(&writer));
}

void agreement_ask_views(struct agreement *a, uint64_t now_us, uint64_t from, uint64_t to) {
    if (!may_ask(a, now_us)) return;
    uint8_t bytes[64];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_FETCH_VIEWS, .fetch_views = {from, to}});
    CHECK(writer_status(&writer) == STATUS_OK);
    a->host.broadcast(a->host.context, writer_slice(&writer));
}
