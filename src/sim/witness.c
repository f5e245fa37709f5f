/* The witness: what members signed, and what honest members could know of it.
 *
 * An honest key never signs two things where it may sign one: looked at in every frame of an honest member that reaches anybody, across all
 * its lives. A member that lost its disk may say again what nobody remembers; for it, only a proof counts that somebody really has. And what
 * an honest member saw of a liar's contradictions is a proof from that moment on: looked at in every frame that reaches it, for what it kept
 * in this life. */
#include <stdlib.h>

#include "base/check.h"
#include "sim/world.h"

/* The hash at a place, which is set when it is not known yet. True when it was, with another hash. */
static bool contradicts(struct places *places, uint64_t place, const struct hash *hash) {
    if (place >= places->count) {
        size_t count = (size_t)place + 64;
        places->hashes = realloc(places->hashes, count * sizeof *places->hashes);
        CHECK(places->hashes != NULL);
        memset(places->hashes + places->count, 0, (count - places->count) * sizeof *places->hashes);
        places->count = count;
    }
    struct hash *known = &places->hashes[place];
    if (hash_is_zero(known)) *known = *hash;
    return !hash_equal(known, hash);
}

static bool is_set(const struct places *places, uint64_t place) {
    return place < places->count && !hash_is_zero(&places->hashes[place]);
}

static void forget(struct said *said) {
    struct places *all[] = {&said->batches, &said->notarized, &said->finalized, &said->nullified};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]->hashes);
    *said = (struct said){0};
}

/* No run comes near the first; liars name such places to no effect. */
enum { HUGE_PLACE = 1 << 20, EPOCH_PLACES = 1 << 13 };

/* Batches of a lane that began again stand behind those of the epochs before. 0 for what nobody honest comes near to. */
static uint64_t place_of_batch(const struct sim *sim, uint64_t seq) {
    uint64_t epoch = seq_epoch(seq), number = seq - seq_base(epoch);
    if (sim->config.changes == 0) return seq < HUGE_PLACE ? seq : 0;
    return number < EPOCH_PLACES && epoch < HUGE_PLACE / EPOCH_PLACES ? epoch * EPOCH_PLACES + number : 0;
}

/* Views of later epochs stand behind those of the epochs before. False for what nobody honest comes near to. */
static bool vote_is_followed(const struct sim *sim, struct vote *vote) {
    if (sim->config.changes == 0) return vote->epoch == 0 && vote->view < HUGE_PLACE;
    if (vote->view >= EPOCH_PLACES || vote->epoch >= HUGE_PLACE / EPOCH_PLACES) return false;
    return true;
}

static uint64_t place_of(const struct vote *vote) { return vote->epoch * EPOCH_PLACES + vote->view; }

/* The same rules as vote_conflicts, written down a second time. */
static bool vote_contradicts(struct said *said, const struct vote *vote) {
    static const struct hash something = {{1}};
    switch (vote->kind) {
    case VOTE_NOTARIZE: return contradicts(&said->notarized, place_of(vote), &vote->block);
    case VOTE_FINALIZE:
        return contradicts(&said->finalized, place_of(vote), &vote->block) ||
               is_set(&said->nullified, place_of(vote));
    case VOTE_NULLIFY:
        return contradicts(&said->nullified, place_of(vote), &something) || is_set(&said->finalized, place_of(vote));
    }
    return false;
}

/* --- reading frames, only those that matter --- */

static bool type_is(struct slice frame, enum frame_type type) { return frame.bytes >= 2 && frame.data[1] == type; }

static bool read_vote(const struct sim *sim, struct slice bytes, struct vote *ret_vote) {
    struct frame frame;
    if (!type_is(bytes, FRAME_VOTE) || frame_read(bytes, &frame) != STATUS_OK) return false;
    *ret_vote = frame.vote;
    return vote_is_followed(sim, ret_vote);
}

/* The leader's signature of a proposal is its vote. */
static bool read_proposal(const struct sim *sim, struct slice bytes, struct vote *ret_vote) {
    struct frame frame;
    struct block block;
    struct hash hash;
    if (!type_is(bytes, FRAME_PROPOSAL) || frame_read(bytes, &frame) != STATUS_OK) return false;
    if (block_read(frame.proposal.block, &sim->chain, &block, &hash) != STATUS_OK) return false;
    *ret_vote = (struct vote){.epoch = block.epoch, .view = block.view, .kind = VOTE_NOTARIZE, .block = hash};
    ret_vote->member = (uint32_t)((block.view + block.epoch) % sim->config.members);
    memcpy(ret_vote->signature, frame.proposal.signature, SIGNATURE_BYTES);
    return vote_is_followed(sim, ret_vote);
}

static bool read_batch(const struct sim *sim, struct slice bytes, struct header *ret_header, struct hash *ret_hash,
                       struct frame *ret_frame) {
    if (!type_is(bytes, FRAME_BATCH) || frame_read(bytes, ret_frame) != STATUS_OK) return false;
    if (header_read(ret_frame->batch.header, &sim->chain, ret_header, ret_hash) != STATUS_OK) return false;
    return ret_header->member < sim->config.members && place_of_batch(sim, ret_header->seq) != 0;
}

/* --- what honest members say --- */

void sim_witness_said(struct sim_member *body, struct slice bytes) {
    struct sim *sim = body->sim;
    struct frame frame;
    struct header header;
    struct vote vote;
    struct hash hash;
    struct said *said = &sim->said[body->number];
    if (read_vote(sim, bytes, &vote) || read_proposal(sim, bytes, &vote)) {
        if (vote.member == body->number && vote_contradicts(said, &vote))
            sim_violation(sim, "an honest member contradicts itself", "member %u in view %llu", body->number,
                          (unsigned long long)vote.view);
    } else if (read_batch(sim, bytes, &header, &hash, &frame)) {
        if (header.member == body->number && contradicts(&said->batches, place_of_batch(sim, header.seq), &hash))
            sim_violation(sim, "an honest member forks its lane", "member %u at batch %llu", body->number,
                          (unsigned long long)header.seq);
    }
}

const struct hash *sim_said_batch(const struct sim *sim, uint32_t member, uint64_t seq) {
    const struct places *batches = &sim->said[member].batches;
    uint64_t place = place_of_batch(sim, seq);
    return place != 0 && is_set(batches, place) ? &batches->hashes[place] : NULL;
}

/* --- what honest members hear of liars --- */

static void expect_proof(struct sim_member *body, uint32_t guilty, const char *of) {
    if (body->proven[guilty]) return;
    struct replica_peer peer;
    replica_peer(body->replica, guilty, &peer);
    if (peer.proofs > 0) return;
    sim_violation(body->sim, "a contradiction that an honest member saw is no proof", "member %u about %u: %s",
                  body->number, guilty, of);
}

/* A vote of the present view or a near one is kept, so a second one beside it convicts. The check comes with the next frame: then the first
 * one was taken in. */
static void heard_vote(struct sim_member *body, const struct vote *vote) {
    struct sim *sim = body->sim;
    if (vote->member >= sim->config.members || !sim->liar[vote->member]) return;
    struct replica_status status;
    replica_status(body->replica, &status);
    if (vote->epoch != status.epoch || vote->view < status.view || vote->view >= status.view + VIEWS_AHEAD_MAX)
        return;
    if (vote_verify(vote, &sim->chain, &sim->keyring) != STATUS_OK) return;
    struct said *heard = &body->heard_since[vote->member];
    if (is_set(&heard->batches, 0)) expect_proof(body, vote->member, "votes");
    static const struct hash due = {{1}};
    if (vote_contradicts(heard, vote)) contradicts(&heard->batches, 0, &due);
}

/* A batch beside a kept one with the same place: seq 0 of `batches` marks that a proof is due. */
static void heard_batch(struct sim_member *body, const struct header *header, const struct hash *hash,
                        const struct frame *frame) {
    struct sim *sim = body->sim;
    if (!sim->liar[header->member]) return;
    struct said *heard = &body->heard_since[header->member];
    if (is_set(&heard->batches, 0)) expect_proof(body, header->member, "batches");
    uint64_t place = place_of_batch(sim, header->seq);
    if (!is_set(&heard->batches, place) || hash_equal(&heard->batches.hashes[place], hash)) return;
    struct hash root;
    bool whole = header_verify(frame->batch.header, &sim->chain, sim->genesis.keys[header->member]) == STATUS_OK &&
                 frame->batch.body.bytes == header->bytes &&
                 items_check(frame->batch.body, header->count, &root) == STATUS_OK &&
                 hash_equal(&root, &header->root) && header_valid(header) == STATUS_OK;
    static const struct hash due = {{1}};
    if (whole && frame->batch.contents.bytes <= 1) contradicts(&heard->batches, 0, &due);
}

void sim_witness_heard(struct sim_member *body, struct slice bytes) {
    struct sim *sim = body->sim;
    struct frame frame;
    struct header header;
    struct vote vote;
    struct hash hash;
    if (sim->liars == 0) return;
    if (read_vote(sim, bytes, &vote)) {
        heard_vote(body, &vote);
    } else if (read_batch(sim, bytes, &header, &hash, &frame)) {
        heard_batch(body, &header, &hash, &frame);
    }
}

void sim_witness_kept(struct sim_member *body, const struct header *header, const struct hash *hash) {
    struct sim *sim = body->sim;
    if (!sim_honest(body) || !sim->liar[header->member] || place_of_batch(sim, header->seq) == 0) return;
    struct places *batches = &body->heard_since[header->member].batches;
    uint64_t place = place_of_batch(sim, header->seq);
    if (!is_set(batches, place)) contradicts(batches, place, hash);
}

void sim_witness_proof(struct sim_member *body, uint32_t guilty) {
    struct sim *sim = body->sim;
    if (!sim->liar[guilty])
        sim_violation(sim, "an honest member looks guilty", "member %u, told by %u", guilty, body->number);
    if (!body->proven[guilty] && sim_honest(body)) {
        sim->report.proofs++;
        if (sim->watch != WATCH_NOTHING) sim_trace(sim, "m%u has a proof against m%u", body->number, guilty);
    }
    body->proven[guilty] = true;
}

/* What was heard in a life that ended may not have been written down. */
void sim_witness_crash(struct sim_member *body) {
    for (uint32_t m = 0; m < body->sim->config.members; m++) forget(&body->heard_since[m]);
    memset(body->proven, 0, body->sim->config.members * sizeof *body->proven);
}

void sim_witness_close(struct sim *sim) {
    for (uint32_t m = 0; m < sim->config.members; m++) forget(&sim->said[m]);
}
