/* Handovers: the signatures under the last checkpoint of an epoch are collected until q(base) of its members have
 * signed, and kept for the light clients of all epochs to come (docs/protocol.md 8).
 *
 * Invariant: only signatures that verify under the roster of the epoch that ended are counted, and only over the
 * checkpoint that this member has itself. One that was not complete when the next epoch ended, too, is had from the others
 * whole, and believed as a light client would: for the signatures of the roster that the one before it proves. */
#include "base/check.h"
#include "replica/state.h"

/* Until it is complete everybody is asked this often. */
#define HANDOVER_US UINT64_C(1000000)

static bool is_open(const struct replica *r) { return r->pending.is_open; }

static void keep_signature(struct replica *r, uint32_t member, const uint8_t signature[SIGNATURE_BYTES]) {
    if (!member_set_add(&r->pending.signers, member)) return;
    memcpy(r->pending.signatures[member], signature, SIGNATURE_BYTES);
}

/* Encodes what is there. */
static struct slice encode(struct replica *r) {
    struct handover *handover = &r->handover;
    uint8_t roster[RECORD_EPOCH_BYTES_MAX];
    struct writer roster_writer = writer_of(roster, sizeof roster);
    struct writer writer = writer_of(r->scratch, FRAME_BYTES_MAX);
    roster_put(&roster_writer, &r->roster);
    *handover = (struct handover){.checkpoint = r->pending.checkpoint,
                                  .log = r->pending.log,
                                  .roster = writer_slice(&roster_writer),
                                  .state = slice_of(r->pending.state, r->pending.state_bytes)};
    for (uint32_t m = 0; m < r->members; m++) {
        if (!member_set_has(&r->pending.signers, m)) continue;
        struct checkpoint_signature *signature = &handover->signatures[handover->count++];
        signature->member = m;
        memcpy(signature->signature, r->pending.signatures[m], SIGNATURE_BYTES);
    }
    handover_put(&writer, handover);
    CHECK(writer_status(&writer) == STATUS_OK);
    return writer_slice(&writer);
}

/* Looks for the oldest one that is missing. */
static bool is_missing_any(struct replica *r) {
    struct slice bytes, none;
    while (r->handovers < r->roster.epoch &&
           r->ports.read_epoch(r->ports.context, r->handovers, 0, &bytes, &none) == STATUS_OK)
        r->handovers++;
    return r->handovers < r->roster.epoch;
}

static void complete(struct replica *r, struct slice bytes) {
    r->pending.is_open = false;
    r->ports.persist_epoch(r->ports.context, r->previous.epoch, 0, bytes, slice_of(NULL, 0));
}

static void complete_when_enough(struct replica *r) {
    if (!is_open(r) || r->restoring) return;
    if (member_set_quorum(&r->pending.signers, roster_heads(&r->previous), r->previous.threshold))
        complete(r, encode(r));
}

/* After a restart the own signature is made again, and is the same. */
static void sign_again(struct replica *r) {
    uint8_t signature[SIGNATURE_BYTES];
    const uint8_t *secret = replica_secret_of_ended(r);
    if (!is_open(r) || r->recovering || secret == NULL || member_set_has(&r->pending.signers, r->self)) return;
    checkpoint_sign(&r->pending.checkpoint, &r->chain, secret, signature);
    keep_signature(r, r->self, signature);
    complete_when_enough(r);
}

void replica_handover_begin(struct replica *r, const struct checkpoint *checkpoint) {
    struct slice state;
    uint64_t index;
    enum status found = machine_state_record(r->machine, &state, &index);
    CHECK(found == STATUS_OK && state.bytes <= sizeof r->pending.state);
    r->pending = (struct pending_handover){.is_open = true,
                                           .checkpoint = *checkpoint,
                                           .log = *machine_handover_log(r->machine),
                                           .state_bytes = state.bytes};
    memcpy(r->pending.state, state.data, state.bytes);
}

void replica_handover_signed(struct replica *r, uint32_t member, const struct checkpoint *checkpoint,
                             const uint8_t signature[SIGNATURE_BYTES]) {
    if (!is_open(r) || !checkpoint_equal(checkpoint, &r->pending.checkpoint)) return;
    if (!roster_has(&r->previous, member) || member_set_has(&r->pending.signers, member)) return;
    if (checkpoint_verify(checkpoint, &r->chain, r->previous.keys[member], signature) != STATUS_OK) return;
    keep_signature(r, member, signature);
    complete_when_enough(r);
}

void replica_handover_start(struct replica *r) {
    struct slice bytes, none;
    if (!is_open(r)) return;
    if (r->ports.read_epoch(r->ports.context, r->previous.epoch, 0, &bytes, &none) == STATUS_OK)
        r->pending.is_open = false;
}

void replica_handover_tick(struct replica *r) {
    if (r->handovers == r->roster.epoch || r->now.mono_us < r->pending.ask_us) return;
    sign_again(r);
    if (!is_missing_any(r)) return;
    r->pending.ask_us = r->now.mono_us + HANDOVER_US;
    r->out->type = FRAME_FETCH_HANDOVER;
    r->out->fetch_handover = r->handovers;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
}

uint64_t replica_handover_deadline_us(const struct replica *r) {
    return r->handovers < r->roster.epoch ? r->pending.ask_us : UINT64_MAX;
}

/* What this member has itself of the last height of that epoch, when its key is still the one of that epoch. */
static enum status send_own_signature(struct replica *r, uint32_t from, uint64_t epoch) {
    sign_again(r);
    bool mine = is_open(r) && epoch == r->previous.epoch && member_set_has(&r->pending.signers, r->self);
    if (!mine) return STATUS_NOT_FOUND;
    replica_send_signature(r, from, &r->pending.checkpoint, r->pending.signatures[r->self]);
    return STATUS_OK;
}

enum status replica_on_fetch_handover(struct replica *r, uint32_t from, uint64_t epoch) {
    struct slice bytes, none;
    if (r->ports.read_epoch(r->ports.context, epoch, 0, &bytes, &none) != STATUS_OK)
        return send_own_signature(r, from, epoch);
    r->out->type = FRAME_HANDOVER;
    r->out->handover = bytes;
    replica_send_frame(r, from, r->out);
    return STATUS_OK;
}

/* The roster that the kept handover of the epoch before leads to; that of the genesis for the first. */
static enum status roster_at(struct replica *r, uint64_t epoch, struct roster *ret_roster) {
    struct slice bytes, none;
    if (epoch == 0) {
        roster_of(&r->genesis, ret_roster);
        return STATUS_OK;
    }
    TRY(r->ports.read_epoch(r->ports.context, epoch - 1, 0, &bytes, &none));
    TRY(handover_read(bytes, &r->handover));
    return roster_read(r->handover.roster, ret_roster);
}

/* One of an epoch before the last that ended. */
static enum status take_older(struct replica *r, struct slice bytes) {
    struct roster roster;
    uint64_t epoch = r->handover.checkpoint.epoch;
    if (!is_missing_any(r) || epoch != r->handovers || epoch >= r->previous.epoch) return STATUS_STALE;
    TRY(roster_at(r, epoch, &roster));
    TRY(handover_read(bytes, &r->handover));
    TRY(handover_verify(&r->handover, &r->chain, &roster, &roster));
    r->ports.persist_epoch(r->ports.context, epoch, 0, bytes, slice_of(NULL, 0));
    r->pending.ask_us = r->now.mono_us; /* for the next one */
    return STATUS_OK;
}

enum status replica_on_handover(struct replica *r, struct slice bytes) {
    struct roster next;
    TRY(handover_read(bytes, &r->handover));
    if (r->handover.checkpoint.epoch != r->previous.epoch) return take_older(r, bytes);
    if (!is_open(r) || !checkpoint_equal(&r->handover.checkpoint, &r->pending.checkpoint)) return STATUS_STALE;
    TRY(handover_verify(&r->handover, &r->chain, &r->previous, &next));
    complete(r, bytes);
    return STATUS_OK;
}

enum status replica_handover(struct replica *r, uint64_t epoch, struct slice *ret_bytes) {
    struct slice none;
    return r->ports.read_epoch(r->ports.context, epoch, 0, ret_bytes, &none);
}

const struct roster *replica_certified_roster(const struct replica *r) {
    return replica_roster_of(r, r->certified.epoch);
}
