/* Votes: counted once a head, the second different one is a proof; q of a kind make a certificate (rules 4 to 6). */
#include "agreement/state.h"
#include "base/check.h"

static struct vote stored_vote(const struct agreement *a, const struct view *view, enum vote_kind kind,
                               uint32_t member) {
    const struct block_vote *stored = &view->votes[kind].votes[member];
    struct vote vote = {
        .epoch = a->config.epoch, .view = view->number, .kind = kind, .block = stored->block, .member = member};
    memcpy(vote.signature, stored->signature, SIGNATURE_BYTES);
    return vote;
}

/* Reports the first stored vote of the same member and view that conflicts with this (verified) one. */
static void report_conflict(struct agreement *a, const struct view *view, const struct vote *vote) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (!member_set_has(&view->votes[kind].from, vote->member)) continue;
        struct vote stored = stored_vote(a, view, (enum vote_kind)kind, vote->member);
        if (!vote_conflicts(&stored, vote)) continue;
        a->host.misbehaved(a->host.context, &stored, vote);
        return;
    }
}

/* Collects the votes of one kind for one block into a certificate; false below the quorum. */
static bool collect(struct agreement *a, const struct view *view, enum vote_kind kind, const struct hash *block) {
    struct vote_certificate *c = a->scratch;
    c->epoch = a->config.epoch;
    c->view = view->number;
    c->kind = kind;
    c->block = *block;
    c->count = 0;
    const struct member_set *from = &view->votes[kind].from;
    for (uint32_t m = member_set_next(from, 0); m < MEMBERS_MAX; m = member_set_next(from, m + 1)) {
        const struct block_vote *vote = &view->votes[kind].votes[m];
        if (!hash_equal(&vote->block, block)) continue;
        c->votes[c->count].member = m;
        memcpy(c->votes[c->count].signature, vote->signature, SIGNATURE_BYTES);
        c->count++;
    }
    return c->count >= a->quorum;
}

/* Rule 4, third case: more members nullify than could be faulty while the cluster is live, so waiting is of no use.
 */
static void follow_nullifiers(struct agreement *a, uint64_t now_us, const struct view *view) {
    if (view->number != a->view || view->voted[VOTE_NULLIFY]) return;
    if (member_set_count(&view->votes[VOTE_NULLIFY].from) < a->config.members - a->quorum + 1) return;
    agreement_nullify(a, now_us);
}

static void act_on_votes(struct agreement *a, uint64_t now_us, struct view *view, enum vote_kind kind,
                         const struct hash *block) {
    if (view->certificates[kind].bytes.bytes > 0) return;
    if (collect(a, view, kind, block)) {
        enum status taken = agreement_take_certificate(a, now_us, a->scratch);
        CHECK(taken == STATUS_OK || taken == STATUS_BUSY);
    } else if (kind == VOTE_NULLIFY) {
        follow_nullifiers(a, now_us, view);
    }
}

/* Stores a verified vote and acts on it. */
enum status agreement_count_vote(struct agreement *a, uint64_t now_us, const struct vote *vote) {
    if (vote->view <= a->final_view) return STATUS_STALE;
    struct view *view = agreement_view_open(a, vote->view);
    if (view == NULL) return STATUS_TOO_MANY;
    struct view_votes *votes = &view->votes[vote->kind];
    report_conflict(a, view, vote);
    if (member_set_has(&votes->from, vote->member)) {
        return hash_equal(&votes->votes[vote->member].block, &vote->block) ? STATUS_DUPLICATE : STATUS_CONFLICT;
    }
    if (votes->votes == NULL) {
        votes->votes = pool_take(&a->pool, a->config.members * sizeof(struct block_vote));
        if (votes->votes == NULL) return STATUS_BUSY;
    }
    member_set_add(&votes->from, vote->member);
    votes->votes[vote->member].block = vote->block;
    memcpy(votes->votes[vote->member].signature, vote->signature, SIGNATURE_BYTES);
    act_on_votes(a, now_us, view, vote->kind, &vote->block);
    return STATUS_OK;
}

/* A vote that comes again means that its sender is stuck there: the certificate that it lacks is the best answer. */
static void help_stuck(struct agreement *a, uint32_t from, const struct view *view) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (view->certificates[kind].bytes.bytes > 0)
            agreement_send_certificate(a, from, view->certificates[kind].bytes);
    }
}

enum status agreement_on_vote(struct agreement *a, uint64_t now_us, uint32_t from, const struct vote *vote) {
    if (vote->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    if (vote->member >= a->config.members) return STATUS_UNKNOWN_MEMBER;
    if (vote->view <= a->final_view) return STATUS_STALE;
    if (!agreement_in_window(a, vote->view)) return STATUS_TOO_MANY;
    const struct view *view = agreement_view_at(a, vote->view);
    if (view != NULL && member_set_has(&view->votes[vote->kind].from, vote->member) &&
        hash_equal(&view->votes[vote->kind].votes[vote->member].block, &vote->block)) {
        if (from == vote->member) help_stuck(a, from, view);
        return STATUS_DUPLICATE;
    }
    TRY(vote_verify(vote, &a->config.chain, &a->config.keyring));
    return agreement_count_vote(a, now_us, vote);
}
