/* Votes: counted once a head, the second different one is a proof; q of a kind make a certificate (rules 4 to 6).
 *
 * Invariant: a vote is kept at most once for each view of the window, kind and member. */
#include "agreement/state.h"
#include "base/check.h"

static struct vote kept_vote(const struct agreement *a, const struct view *view, enum vote_kind kind,
                             uint32_t member) {
    const struct block_vote *kept = &view->votes[kind].votes[member];
    struct vote vote = {
        .epoch = a->config.epoch, .view = view->number, .kind = kind, .block = kept->block, .member = member};
    memcpy(vote.signature, kept->signature, SIGNATURE_BYTES);
    return vote;
}

/* Reports the first kept vote of the same member and view that conflicts with this (verified) one. */
static void report_conflict(struct agreement *a, const struct view *view, const struct vote *vote) {
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (!member_set_has(&view->votes[kind].from, vote->member)) continue;
        struct vote kept = kept_vote(a, view, (enum vote_kind)kind, vote->member);
        if (!vote_conflicts(&kept, vote)) continue;
        a->host.misbehaved(a->host.context, &kept, vote);
        return;
    }
}

/* Keeps a verified vote of this epoch, and acts on nothing yet. An own vote was cast, wherever it comes from. */
enum status agreement_keep_vote(struct agreement *a, const struct vote *vote) {
    if (vote->view <= a->final_view) return STATUS_STALE;
    struct view *view = agreement_view_open(a, vote->view);
    if (view == NULL) return STATUS_TOO_MANY;
    struct view_votes *votes = agreement_votes_open(a, view, vote->kind);
    struct block_vote *kept = &votes->votes[vote->member];
    bool known = member_set_has(&votes->from, vote->member);
    if (known && hash_equal(&kept->block, &vote->block)) return STATUS_DUPLICATE;
    report_conflict(a, view, vote);
    if (known) return STATUS_CONFLICT;
    member_set_add(&votes->from, vote->member);
    kept->block = vote->block;
    memcpy(kept->signature, vote->signature, SIGNATURE_BYTES);
    if (vote->member == a->config.self) view->voted[vote->kind] = true;
    return STATUS_OK;
}

static uint32_t votes_for(const struct view_votes *votes, const struct hash *block) {
    uint32_t count = 0;
    for (uint32_t m = member_set_next(&votes->from, 0); m < MEMBERS_MAX; m = member_set_next(&votes->from, m + 1))
        count += hash_equal(&votes->votes[m].block, block);
    return count;
}

/* Joins the votes of one kind for one block to a certificate. */
static void collect(struct agreement *a, const struct view *view, enum vote_kind kind, const struct hash *block) {
    struct vote_certificate *c = a->scratch;
    c->epoch = a->config.epoch;
    c->view = view->number;
    c->kind = kind;
    c->block = *block;
    c->count = 0;
    const struct view_votes *votes = &view->votes[kind];
    for (uint32_t m = member_set_next(&votes->from, 0); m < MEMBERS_MAX; m = member_set_next(&votes->from, m + 1)) {
        if (!hash_equal(&votes->votes[m].block, block)) continue;
        c->votes[c->count].member = m;
        memcpy(c->votes[c->count].signature, votes->votes[m].signature, SIGNATURE_BYTES);
        c->count++;
    }
}

/* Rules 5 and 6. A notarization calls for a finalize vote, which may be the last one that a finalization needs: that
 * is as deep as this nests. */
void agreement_act_on_votes(struct agreement *a, uint64_t now_us, const struct view *view, enum vote_kind kind,
                            const struct hash *block) {
    if (view->certificates[kind].bytes.bytes > 0 || votes_for(&view->votes[kind], block) < a->quorum) return;
    collect(a, view, kind, block);
    enum status taken = agreement_take_certificate(a, now_us, a->scratch);
    CHECK(taken == STATUS_OK);
}

/* As agreement_keep_vote. An own vote that only others remember is kept like any of our own, and never contradicted. */
enum status agreement_keep_received(struct agreement *a, const struct vote *vote) {
    TRY(agreement_keep_vote(a, vote));
    if (vote->member == a->config.self) a->host.persist_vote(a->host.context, vote);
    return STATUS_OK;
}

enum status agreement_count_vote(struct agreement *a, uint64_t now_us, const struct vote *vote) {
    TRY(agreement_keep_received(a, vote));
    agreement_act_on_votes(a, now_us, agreement_view_at(a, vote->view), vote->kind, &vote->block);
    return STATUS_OK;
}

uint32_t agreement_nullifiers(const struct agreement *a) {
    const struct view *view = agreement_view_at(a, a->view);
    return view != NULL ? member_set_count(&view->votes[VOTE_NULLIFY].from) : 0;
}

void agreement_send_own_vote(struct agreement *a, uint32_t to, const struct view *view, enum vote_kind kind) {
    if (!member_set_has(&view->votes[kind].from, a->config.self)) return;
    struct frame frame; /* large, so only what this type has is set */
    frame.type = FRAME_VOTE;
    frame.vote = kept_vote(a, view, kind, a->config.self);
    uint8_t bytes[VOTE_BYTES_MAX + 16];
    struct writer writer = writer_of(bytes, sizeof bytes);
    frame_put(&writer, &frame);
    CHECK(writer_status(&writer) == STATUS_OK);
    agreement_send(a, to, writer_slice(&writer));
}

/* Help is asked for by whatever a member that is stuck repeats, so it is given once per delta to each. */
static bool may_help(struct agreement *a, uint64_t now_us, uint32_t member) {
    if (member >= a->config.members || member == a->config.self) return false;
    if (a->helped_us[member] != 0 && now_us < a->helped_us[member] + a->config.delta_us) return false;
    a->helped_us[member] = now_us;
    return true;
}

/* A vote that comes again means that its sender is stuck there: what moves it on is a certificate, or own votes that
 * it may have missed. */
static void help_stuck(struct agreement *a, uint64_t now_us, uint32_t from, const struct view *view) {
    if (!may_help(a, now_us, from)) return;
    agreement_send_certificates(a, from, view);
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (view->certificates[kind].bytes.bytes == 0) agreement_send_own_vote(a, from, view, (enum vote_kind)kind);
    }
}

/* A vote in a final view is late, or its sender does not know that it is final. Votes of those that the quorum did not
 * wait for come within the delays of one more message. */
static void help_behind(struct agreement *a, uint64_t now_us, uint32_t from) {
    if (a->final_finalization.bytes == 0 || now_us < a->final_us + 2 * a->config.delta_us) return;
    if (may_help(a, now_us, from)) agreement_send_certificate(a, from, a->final_finalization);
}

enum status agreement_on_vote(struct agreement *a, uint64_t now_us, uint32_t from, const struct vote *vote) {
    if (vote->epoch < a->config.epoch) return STATUS_STALE;
    if (vote->epoch > a->config.epoch) return STATUS_WRONG_EPOCH;
    if (vote->member >= a->config.members) return STATUS_UNKNOWN_MEMBER;
    if (vote->view <= a->final_view) {
        if (from == vote->member) help_behind(a, now_us, from);
        return STATUS_STALE;
    }
    if (!agreement_in_window(a, vote->view)) return STATUS_TOO_MANY;
    const struct view *view = agreement_view_at(a, vote->view);
    if (view != NULL && member_set_has(&view->votes[vote->kind].from, vote->member) &&
        hash_equal(&view->votes[vote->kind].votes[vote->member].block, &vote->block)) {
        if (from == vote->member) help_stuck(a, now_us, from, view);
        return STATUS_DUPLICATE;
    }
    TRY(vote_verify(vote, &a->config.chain, &a->config.keyring));
    enum status counted = agreement_count_vote(a, now_us, vote);
    agreement_advance(a, now_us);
    return counted;
}
