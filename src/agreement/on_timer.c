/* Time: the view timer and the other reasons to nullify (rule 4), and what is said again when nothing moves.
 *
 * Invariant: a member for which nothing is pending wants no tick and sends nothing. */
#include "agreement/state.h"
#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"

/* Resends wait 6 delta at first, doubled each time up to RESEND_DELTAS_MAX. */
enum { RESEND_DELTAS = 6, RESEND_DELTAS_MAX = 100, RESEND_VIEWS = 8 };

/* Once the window is scarce the timer doubles again with every so many views: with a delta of 100 ms a stall would have
 * to last for more than half a year to use it up. */
enum { SCARCE_VIEWS_PER_DOUBLING = 16 };

/* The view timer: 3 delta, doubled with each nullified view up to 64 times, beyond that only while the window is
 * scarce. */
static uint64_t view_timeout_us(const struct agreement *a) {
    uint64_t doublings = a->doublings;
    uint64_t used = a->view - a->final_view;
    if (agreement_window_is_scarce(a))
        doublings +=
            num_min_u64(used - VIEWS_UNFINALIZED_MAX / 2, VIEWS_UNFINALIZED_MAX / 2) / SCARCE_VIEWS_PER_DOUBLING;
    /* Doubled with every view that was ever nullified, in 32 bits. */
    if (CANARY(TIMEOUT_OVERFLOW)) return (uint32_t)(3 * a->config.delta_us) << a->nullified % 32;
    return 3 * a->config.delta_us << doublings;
}

/* How long the leader waits for a notarized block to become final by itself. Each empty block in a row that did not
 * help doubles it: when finality takes longer than delta, the wait soon takes longer still, and the chain of empty
 * blocks ends. */
uint64_t agreement_empty_wait_us(const struct agreement *a) {
    return a->config.delta_us << num_min_u64(a->empties, AGREEMENT_DOUBLINGS_MAX);
}

static bool many_nullify(const struct agreement *a) {
    return agreement_nullifiers(a) >= keyring_heads(&a->config.keyring) - a->quorum + 1;
}

static bool proposal_is_held(const struct agreement *a) {
    const struct view *view = agreement_view_at(a, a->view);
    return view != NULL && view->proposal != NULL;
}

/* Arms the timer of the current view while there is something to wait for, and only then: an idle cluster stays
 * silent. A leader that has nothing but an unfinalized block waits before it proposes, and is given that time. A new
 * reason may bring the deadline forward, never back. */
void agreement_arm(struct agreement *a, uint64_t now_us) {
    bool soon = a->work || proposal_is_held(a) || many_nullify(a);
    if (!soon && !agreement_unfinalized(a)) {
        a->armed = false;
        return;
    }
    uint64_t deadline = now_us + view_timeout_us(a) + (soon ? 0 : agreement_empty_wait_us(a));
    if (!a->armed) {
        a->armed = true;
        a->deadline_us = UINT64_MAX;
        agreement_moved(a, now_us);
    }
    if (!a->fired) a->deadline_us = num_min_u64(a->deadline_us, deadline);
}

/* Rule 4. Never after a finalize vote in the same view. */
static void nullify(struct agreement *a, uint64_t now_us) {
    const struct view *view = agreement_view_at(a, a->view);
    if (view != NULL && (view->voted[VOTE_NULLIFY] || view->voted[VOTE_FINALIZE])) return;
    agreement_vote(a, now_us, a->view, VOTE_NULLIFY, NULL);
}

static bool leader_is_dead(const struct agreement *a) {
    uint32_t leader = agreement_leader(a, a->view);
    return leader != a->config.self && member_set_has(&a->seen, leader) && !member_set_has(&a->links, leader);
}

/* Rule 4, the reasons that need no timer: a dead leader whose proposal did not come, or more members nullifying than
 * may be faulty while the cluster is live. */
void agreement_try_nullify(struct agreement *a, uint64_t now_us) {
    if (!a->armed || agreement_window_is_scarce(a)) return;
    if (many_nullify(a) || (leader_is_dead(a) && !proposal_is_held(a))) nullify(a, now_us);
}

/* Something moved: the waiting before the next resend starts again. */
void agreement_moved(struct agreement *a, uint64_t now_us) {
    a->resend_wait_us = RESEND_DELTAS * a->config.delta_us;
    a->resend_us = now_us + a->resend_wait_us;
}

/* Standstill: own votes of the newest views, the certificate that led here, the newest finalization, and an own
 * proposal. Lost messages and members that were away are the reason; a duplicate costs its receiver next to nothing. */
static void resend(struct agreement *a) {
    uint64_t first = a->view > RESEND_VIEWS ? a->view - RESEND_VIEWS : 1;
    if (a->view == a->final_view + 1 && a->final_finalization.bytes > 0)
        agreement_send_certificate(a, AGREEMENT_EVERYONE, a->final_finalization);
    for (uint64_t number = num_max_u64(first, a->final_view + 1); number <= a->view; number++) {
        const struct view *view = agreement_view_at(a, number);
        if (view == NULL) continue;
        if (number + 1 == a->view || number == a->finalization_view)
            agreement_send_certificates(a, AGREEMENT_EVERYONE, view);
        for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++)
            agreement_send_own_vote(a, AGREEMENT_EVERYONE, view, (enum vote_kind)kind);
        if (number == a->view && agreement_leader(a, number) == a->config.self) agreement_send_proposal(a, view);
    }
}

static void resend_when_due(struct agreement *a, uint64_t now_us) {
    if (!a->armed || now_us < a->resend_us) return;
    a->resend_wait_us = num_min_u64(2 * a->resend_wait_us, RESEND_DELTAS_MAX * a->config.delta_us);
    a->resend_us = now_us + a->resend_wait_us;
    struct view *view = agreement_view_at(a, a->view);
    if (view != NULL) view->payload_waits = false;
    a->nothing_to_build = false;
    resend(a);
}

void agreement_on_tick(struct agreement *a, uint64_t now_us) {
    if (a->armed && now_us >= a->deadline_us) {
        a->deadline_us = UINT64_MAX; /* it fires once a view */
        a->fired = true;
        nullify(a, now_us);
        /* The view before is given up as well, although its block may have got a finalize vote. */
        if (CANARY(NULLIFY_AFTER_FINALIZE) && a->view > a->final_view + 1)
            agreement_vote(a, now_us, a->view - 1, VOTE_NULLIFY, NULL);
    }
    if (now_us >= a->empty_us) a->empty_us = 0; /* stays in the past, and asks for no more ticks */
    resend_when_due(a, now_us);
    agreement_advance(a, now_us);
}

uint64_t agreement_deadline_us(const struct agreement *a) {
    if (!a->armed) return UINT64_MAX;
    uint64_t deadline = num_min_u64(a->deadline_us, a->resend_us);
    bool helps = agreement_leader(a, a->view) == a->config.self && agreement_unfinalized(a);
    return helps && a->empty_us != 0 ? num_min_u64(deadline, a->empty_us) : deadline;
}
