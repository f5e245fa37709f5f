/* Certificates: notarizations, nullifications and finalizations, made here or received; each is forwarded once (rules
 * 5 and 6). */
#include "agreement/state.h"
#include "base/check.h"
#include "base/num.h"

void agreement_send_certificate(struct agreement *a, uint32_t to, struct slice certificate) {
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    frame_put(&writer, &(struct frame){.type = FRAME_CERTIFICATE, .certificate = certificate});
    CHECK(writer_status(&writer) == STATUS_OK);
    if (to == AGREEMENT_EVERYONE) {
        a->host.broadcast(a->host.context, writer_slice(&writer));
    } else {
        a->host.send(a->host.context, to, writer_slice(&writer));
    }
}

/* Keeps the encoding of a certificate in its view. */
static enum status store(struct agreement *a, struct view *view, const struct vote_certificate *certificate) {
    struct writer writer = writer_of(a->buffer, a->buffer_bytes);
    vote_certificate_put(&writer, certificate);
    CHECK(writer_status(&writer) == STATUS_OK);
    uint8_t *bytes = pool_take(&a->pool, writer.bytes);
    if (bytes == NULL) return STATUS_BUSY;
    memcpy(bytes, writer.data, writer.bytes);
    view->certificates[certificate->kind].bytes = slice_of(bytes, writer.bytes);
    view->certificates[certificate->kind].block = certificate->block;
    return STATUS_OK;
}

static void on_notarized(struct agreement *a, uint64_t now_us, uint64_t number, const struct hash *block) {
    struct view *view = agreement_view_at(a, number);
    if (view != NULL && !view->voted[VOTE_NULLIFY]) agreement_vote(a, now_us, number, VOTE_FINALIZE, block);
}

static void on_nullified(struct agreement *a, uint64_t number) {
    a->nullified++;
    if (number >= a->view) a->nullified_in_a_row++;
}

static void on_finalized(struct agreement *a, uint64_t now_us, uint64_t number) {
    a->finalization_view = num_max_u64(a->finalization_view, number);
    agreement_try_finalize(a, now_us);
}

/* Takes a certificate whose votes were verified (or counted here): keeps, persists, forwards it, and moves on. */
enum status agreement_take_certificate(struct agreement *a, uint64_t now_us,
                                       const struct vote_certificate *certificate) {
    uint64_t number = certificate->view;
    enum vote_kind kind = certificate->kind;
    struct hash block = certificate->block;
    struct view *view = agreement_view_open(a, number);
    if (view == NULL) return STATUS_TOO_MANY;
    if (view->certificates[kind].bytes.bytes > 0) return STATUS_DUPLICATE;
    TRY(store(a, view, certificate));
    struct slice bytes = view->certificates[kind].bytes;
    a->host.persist_certificate(a->host.context, number, kind, bytes);
    agreement_send_certificate(a, AGREEMENT_EVERYONE, bytes);
    if (kind == VOTE_NOTARIZE) on_notarized(a, now_us, number, &block);
    if (kind == VOTE_NULLIFY) on_nullified(a, number);
    if (kind == VOTE_FINALIZE) on_finalized(a, now_us, number);
    agreement_quiet(a, now_us);
    if (a->view <= number) agreement_enter(a, now_us, number + 1);
    return STATUS_OK;
}

static bool already_held(const struct agreement *a, const struct vote_certificate *c) {
    const struct view *view = agreement_view_at(a, c->view);
    return view != NULL && view->certificates[c->kind].bytes.bytes > 0;
}

static enum status read_certificate(struct agreement *a, struct slice bytes) {
    struct reader reader = reader_of(bytes);
    TRY(vote_certificate_take(&reader, a->scratch));
    TRY(reader_end(&reader));
    if (a->scratch->epoch != a->config.epoch) return STATUS_WRONG_EPOCH;
    if (a->scratch->view <= a->final_view) return STATUS_STALE;
    /* q members stand behind a certificate, so it may be far ahead: no need to be within VIEWS_AHEAD_MAX. */
    if (a->scratch->view > a->final_view + VIEWS_UNFINALIZED_MAX) return STATUS_TOO_MANY;
    if (already_held(a, a->scratch)) return STATUS_DUPLICATE;
    return vote_certificate_verify(a->scratch, &a->config.chain, &a->config.keyring, a->config.threshold);
}

enum status agreement_on_certificate(struct agreement *a, uint64_t now_us, uint32_t from, struct slice bytes) {
    (void)from;
    TRY(read_certificate(a, bytes));
    /* The votes inside may convict a member that told us something else. */
    struct view *view = agreement_view_open(a, a->scratch->view);
    CHECK(view != NULL);
    return agreement_take_certificate(a, now_us, a->scratch);
}

enum status agreement_restore_certificate(struct agreement *a, struct slice bytes) {
    enum status status = read_certificate(a, bytes);
    if (status == STATUS_STALE || status == STATUS_DUPLICATE) return STATUS_OK;
    if (status != STATUS_OK) return status;
    struct view *view = agreement_view_open(a, a->scratch->view);
    CHECK(view != NULL);
    TRY(store(a, view, a->scratch));
    if (a->scratch->kind == VOTE_FINALIZE) a->finalization_view = num_max_u64(a->finalization_view, a->scratch->view);
    if (a->scratch->view >= a->view) a->view = a->scratch->view + 1;
    return STATUS_OK;
}

enum status agreement_on_fetch_views(struct agreement *a, uint32_t from, uint64_t from_view, uint64_t to_view) {
    if (to_view < from_view || to_view - from_view >= PROPOSAL_NULLIFICATIONS_MAX) return STATUS_BAD_VALUE;
    if (from_view <= a->final_view && a->final_finalization.bytes > 0)
        agreement_send_certificate(a, from, a->final_finalization);
    for (uint64_t number = from_view; number <= to_view; number++) {
        const struct view *view = agreement_view_at(a, number);
        if (view == NULL) continue;
        for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
            if (view->certificates[kind].bytes.bytes > 0)
                agreement_send_certificate(a, from, view->certificates[kind].bytes);
        }
    }
    return STATUS_OK;
}

void agreement_on_heartbeat(struct agreement *a, uint32_t from, uint64_t number) {
    if (number == 0 || number >= a->view) return;
    const struct view *previous = agreement_view_at(a, a->view - 1);
    if (previous == NULL) {
        if (a->final_finalization.bytes > 0) agreement_send_certificate(a, from, a->final_finalization);
        return;
    }
    for (int kind = VOTE_NOTARIZE; kind < KINDS; kind++) {
        if (previous->certificates[kind].bytes.bytes > 0)
            agreement_send_certificate(a, from, previous->certificates[kind].bytes);
    }
}
