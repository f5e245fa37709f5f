/* What a replica knows (replica/replica.h). Invariant: nothing here changes what it does. */
#include "base/check.h"
#include "replica/state.h"

struct machine *replica_machine(struct replica *r) {
    return r->machine;
}

const struct roster *replica_roster(const struct replica *r) { return &r->roster; }

void replica_status(const struct replica *r, struct replica_status *ret_status) {
    *ret_status = (struct replica_status){.self = r->self,
                                          .is_member = r->signer != NULL,
                                          .epoch = r->roster.epoch,
                                          .view = agreement_view(r->agreement),
                                          .finalized_height = agreement_final_height(r->agreement),
                                          .certified_height = r->certified.height,
                                          .recovering = r->recovering,
                                          .votes_from = agreement_signs_from(r->agreement),
                                          .forgetful = replica_is_forgetful(r),
                                          .lane_closed = r->lane_closed,
                                          .diverged = r->diverged,
                                          .outstanding = lanes_outstanding(&r->lanes, r->self),
                                          .counters = r->counters};
    ret_status->counters.views_nullified = agreement_nullified(r->agreement);
    machine_checkpoint(r->machine, &ret_status->checkpoint);
}

void replica_lane(const struct replica *r, uint32_t member, struct replica_lane *ret_lane) {
    CHECK(member < r->members);
    const struct lane *lane = &r->lanes.lanes[member];
    struct cut_tip tip = lanes_tip(&r->lanes, member);
    *ret_lane = (struct replica_lane){.tip = {member, tip.seq, tip.hash},
                                      .committed_seq = lane->base.seq,
                                      .wall_us = lanes_tip_wall_us(&r->lanes, member),
                                      .forked = lane->forked,
                                      .sealed = lane->sealed};
}

void replica_peer(const struct replica *r, uint32_t member, struct replica_peer *ret_peer) {
    CHECK(member < r->members);
    *ret_peer = r->known[member];
    ret_peer->proofs = r->peers[member].proofs;
}

enum status replica_certified(const struct replica *r, struct checkpoint *ret_checkpoint,
                              struct checkpoint_signature *ret_signatures, uint32_t *ret_count) {
    if (r->certified.height == 0) return STATUS_NOT_FOUND;
    *ret_checkpoint = r->certified;
    memcpy(ret_signatures, r->certified_signatures, r->certified_count * sizeof *ret_signatures);
    *ret_count = r->certified_count;
    return STATUS_OK;
}

const struct machine_member *replica_certified_standing(const struct replica *r) { return r->certified_standing; }

const struct record_parameters *replica_certified_parameters(const struct replica *r) {
    return &r->certified_parameters;
}

enum status replica_proof(const struct replica *r, uint32_t member, uint32_t index, struct slice *ret_proof) {
    if (member >= r->members || index >= r->peers[member].proofs) return STATUS_NOT_FOUND;
    *ret_proof = r->peers[member].proof[index].bytes;
    return STATUS_OK;
}

static enum status hash_of_batch(const struct replica *r, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    const struct lane *lane = &r->lanes.lanes[member];
    if (seq <= lane->base.seq) return r->ports.read_lane(r->ports.context, member, seq, ret_hash);
    if (lane->tip == NULL || seq > lane->tip->seq) return STATUS_NOT_FOUND;
    *ret_hash = lane_ancestor(lane->tip, seq)->hash;
    return STATUS_OK;
}

enum status replica_batch(const struct replica *r, uint32_t member, uint64_t seq, struct replica_batch *ret_batch) {
    struct replica_batch batch;
    struct slice contents;
    if (member >= r->members || seq == 0) return STATUS_NOT_FOUND;
    TRY(hash_of_batch(r, member, seq, &batch.hash));
    TRY(r->ports.read_batch(r->ports.context, &batch.hash, &batch.header, &batch.body, &contents));
    *ret_batch = batch;
    return STATUS_OK;
}

enum status replica_block(const struct replica *r, uint64_t height, struct slice *ret_block) {
    struct slice finalization;
    if (height == 0 || height > machine_height(r->machine)) return STATUS_NOT_FOUND;
    return r->ports.read_height(r->ports.context, height, ret_block, &finalization);
}

/* Applies the items of one held batch to the preview. Asks come first: a tell may sort before the ask that it
 * needs. */
static void preview_batch(struct replica *r, const struct batch *batch, bool asks_only) {
    struct slice header, body, contents, bytes;
    if (r->ports.read_batch(r->ports.context, &batch->hash, &header, &body, &contents) != STATUS_OK) return;
    struct item_cursor cursor;
    struct item item;
    struct machine_origin origin = {batch->member, batch->seq, batch->wall_us};
    if (items_open(body, batch->count, &cursor) != STATUS_OK) return;
    while (items_next(&cursor, &item, &bytes) == STATUS_OK) {
        if ((item.kind == ITEM_ASK) == asks_only) machine_preview_apply(r->machine, &origin, &item, bytes);
    }
}

enum status replica_local_belief(struct replica *r, const struct question_id *id, struct record_belief *ret_belief) {
    machine_preview_begin(r->machine, id);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t m = 0; m < r->members; m++) {
            const struct lane *lane = &r->lanes.lanes[m];
            for (uint64_t seq = lane->base.seq + 1; lane->tip != NULL && seq <= lane->tip->seq; seq++)
                preview_batch(r, lane_ancestor(lane->tip, seq), pass == 0);
        }
    }
    return machine_preview_end(r->machine, ret_belief);
}
