/* What a trace tells of the agreement, view by view, for scenarios that show a rule of docs/protocol.md 4.
 *
 * Votes and certificates are told when they are written, which is when the rules decide; proposals when they leave, with what they carry.
 * What a liar sends is told for each receiver, because it may differ. Watching changes nothing of a run. */
#include "sim/world.h"

enum { SHORT_BYTES = 4 };

struct short_hash {
    char text[2 * SHORT_BYTES + 1];
};

static struct short_hash short_of(const struct hash *hash) {
    struct short_hash hex;
    bytes_to_hex(hash->bytes, SHORT_BYTES, hex.text);
    return hex;
}

void sim_watch(struct sim *sim, enum sim_watch watch) { sim->watch = watch; }

static const char *vote_name(enum vote_kind kind) {
    static const char *const names[] = {
        [VOTE_NOTARIZE] = "notarize", [VOTE_NULLIFY] = "nullify", [VOTE_FINALIZE] = "finalize"};
    return names[kind];
}

static const char *certificate_name(enum vote_kind kind) {
    static const char *const names[] = {
        [VOTE_NOTARIZE] = "notarization", [VOTE_NULLIFY] = "nullification", [VOTE_FINALIZE] = "finalization"};
    return names[kind];
}

void sim_watch_vote(const struct sim_member *body, const struct vote *vote) {
    if (body->sim->watch == WATCH_NOTHING) return;
    bool names = vote->kind != VOTE_NULLIFY;
    sim_trace(body->sim, "m%u view %llu: votes %s%s%s", body->number, (unsigned long long)vote->view,
              vote_name(vote->kind), names ? " " : "", names ? short_of(&vote->block).text : "");
}

void sim_watch_certificate(const struct sim_member *body, uint64_t view, enum vote_kind kind, struct slice bytes) {
    struct vote_certificate certificate;
    struct reader reader = reader_of(bytes);
    if (body->sim->watch == WATCH_NOTHING || vote_certificate_take(&reader, &certificate) != STATUS_OK) return;
    bool names = kind != VOTE_NULLIFY;
    sim_trace(body->sim, "m%u view %llu: has a %s%s%s", body->number, (unsigned long long)view,
              certificate_name(kind), names ? " of " : "", names ? short_of(&certificate.block).text : "");
}

/* The view in which it ends the step. */
void sim_watch_view(struct sim_member *body, uint64_t view) {
    if (body->sim->watch != WATCH_NOTHING && body->watched_view != view)
        sim_trace(body->sim, "m%u view %llu begins", body->number, (unsigned long long)view);
    body->watched_view = view;
}

/* --- what is sent --- */

/* " with the notarization of view 1, the nullification of view 2" */
static void put_carried(struct slice bytes, char *text, size_t size) {
    struct vote_certificate certificate;
    struct reader reader = reader_of(bytes);
    size_t used = strlen(text);
    if (vote_certificate_take(&reader, &certificate) != STATUS_OK) return;
    snprintf(text + used, size - used, "%s the %s of view %llu", used == 0 ? " with" : ",",
             certificate_name(certificate.kind), (unsigned long long)certificate.view);
}

static void tell_proposal(struct sim_member *body, const struct frame *frame, const char *to) {
    struct block block;
    struct hash hash;
    char carried[256] = {0};
    if (block_read(frame->proposal.block, &body->sim->chain, &block, &hash) != STATUS_OK) return;
    bool again = sim_honest(body) && body->watched_proposal == block.view;
    if (again && body->sim->watch != WATCH_SENT) return;
    body->watched_proposal = block.view;
    put_carried(frame->proposal.parent, carried, sizeof carried);
    for (uint32_t i = frame->proposal.nullifications_count; i-- > 0;)
        put_carried(frame->proposal.nullifications[i], carried, sizeof carried);
    bool empty = block.entries_count == 0 && block.proofs_count == 0;
    sim_trace(body->sim, "m%u view %llu: proposes%s%s %s, height %llu%s after %s%s", body->number,
              (unsigned long long)block.view, again ? " again" : "", to, short_of(&hash).text,
              (unsigned long long)block.height, empty ? ", empty," : "", short_of(&block.parent).text, carried);
}

static void tell_vote(struct sim_member *body, const struct vote *vote, const char *to) {
    if (vote->member != body->number || (sim_honest(body) && body->sim->watch != WATCH_SENT)) return;
    bool names = vote->kind != VOTE_NULLIFY;
    sim_trace(body->sim, "m%u view %llu: sends%s its vote %s%s%s", body->number, (unsigned long long)vote->view, to,
              vote_name(vote->kind), names ? " " : "", names ? short_of(&vote->block).text : "");
}

/* An honest member's broadcast is told once, to the first receiver. */
void sim_watch_sent(struct sim_member *body, uint32_t to, const struct flying *flying) {
    struct frame frame;
    char receiver[16] = "";
    if (body->sim->watch == WATCH_NOTHING) return;
    if (sim_honest(body) && flying == body->watched_frame) return;
    body->watched_frame = flying;
    if (!sim_honest(body)) snprintf(receiver, sizeof receiver, " to m%u", to);
    if (frame_read(slice_of(flying->data, flying->bytes), &frame) != STATUS_OK) return;
    if (frame.type == FRAME_PROPOSAL) tell_proposal(body, &frame, receiver);
    if (frame.type == FRAME_VOTE) tell_vote(body, &frame.vote, receiver);
}
