/* Epochs: the last block of one is executed, and the next one begins (docs/protocol.md 8).
 *
 * Invariants: what follows the last block in the old epoch is void, so nothing of it stays here; a place of a lane is
 * never signed with two keys; a key signs nothing in an epoch in whose roster it does not stand. */
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* The last half of a secret is its key (crypto/ed25519.h). */
static bool is_key_of(const uint8_t secret[SECRET_BYTES], const uint8_t key[KEY_BYTES]) {
    return memcmp(secret + SECRET_BYTES - KEY_BYTES, key, KEY_BYTES) == 0;
}

const uint8_t *replica_secret_in(const struct replica *r, const struct roster *roster) {
    if (!roster_has(roster, r->self)) return NULL;
    const uint8_t *key = roster->keys[r->self];
    if (is_key_of(r->secret, key)) return r->secret;
    return r->has_next_secret && is_key_of(r->next_secret, key) ? r->next_secret : NULL;
}

const uint8_t *replica_secret_of_ended(const struct replica *r) {
    const uint8_t *secret = replica_secret_in(r, &r->previous);
    if (secret != NULL || !roster_has(&r->previous, r->self)) return secret;
    return r->has_old_secret && is_key_of(r->old_secret, r->previous.keys[r->self]) ? r->old_secret : NULL;
}

void replica_take_roster(struct replica *r, const struct roster *roster) {
    r->roster = *roster;
    r->keyring = roster_keyring(&r->roster);
    r->heads = roster_heads(&r->roster);
    r->quorum = quorum_size(r->heads, r->roster.threshold);
    r->signer = replica_secret_in(r, &r->roster);
}

/* A key never comes back, so once the next one stands in the roster the place of the one before it is free. */
void replica_set_next_secret(struct replica *r, const uint8_t *secret) {
    bool took_next = r->has_next_secret && r->signer == r->next_secret;
    if (secret == NULL) {
        r->has_next_secret = took_next;
        return;
    }
    memcpy(took_next ? r->secret : r->next_secret, secret, SECRET_BYTES);
    r->has_next_secret = true;
}

const struct roster *replica_roster_of(const struct replica *r, uint64_t epoch) {
    if (epoch == r->roster.epoch) return &r->roster;
    return epoch == r->previous.epoch ? &r->previous : NULL;
}

/* --- what is void --- */

/* The blocks up to the one whose finalization covers the last block of the epoch: who comes late needs them to believe
 * that one. */
static void keep_tail(struct replica *r) {
    if (r->restoring) return;
    for (uint32_t i = 0; i < r->queue_count; i++) {
        const struct queued_block *queued = &r->queue[(r->queue_first + i) % EXECUTION_QUEUE_MAX];
        r->ports.persist_epoch(r->ports.context, r->roster.epoch, i + 1, slice_of_kept(queued->bytes),
                               slice_of_kept(queued->finalization));
        if (queued->finalization.bytes > 0) return;
    }
}

/* Proofs that only a void block carries are not in the chain. */
static void forget_proofs(struct replica *r, struct slice block) {
    struct hash hash;
    enum status read = block_read(block, &r->chain, r->block, &hash);
    CHECK(read == STATUS_OK);
    for (uint32_t i = 0; i < r->block->proofs_count; i++) replica_proof_void(r, r->block->proofs[i]);
}

static void drop_queue(struct replica *r) {
    while (r->queue_count > 0) {
        struct queued_block *queued = &r->queue[r->queue_first];
        forget_proofs(r, slice_of_kept(queued->bytes));
        replica_queue_drop_first(r);
    }
    cut_copy(&r->final_cut, &r->executed_cut);
    memset(r->goals, 0, sizeof r->goals);
}

/* --- lanes --- */

static void reopen_lane(struct replica *r, uint32_t member) {
    uint64_t seq = seq_base(r->roster.epoch);
    replica_release_all(r, member);
    replica_drop_wants(r, member);
    replica_drop_proofs(r, member);
    lanes_reopen(&r->lanes, member, seq);
    cut_reopen(&r->final_cut, member, seq);
    cut_reopen(&r->executed_cut, member, seq);
}

static void close_lane(struct replica *r, uint32_t member) {
    replica_release_all(r, member);
    replica_drop_wants(r, member);
    replica_drop_proofs(r, member);
    lanes_seal(&r->lanes, member);
    member_set_add(&r->final_cut.sealed, member);
    member_set_add(&r->executed_cut.sealed, member);
}

static void change_lanes(struct replica *r) {
    for (uint32_t m = 0; m < r->members; m++) {
        bool before = roster_has(&r->previous, m), after = roster_has(&r->roster, m);
        if (before && !after) close_lane(r, m);
        if (after && memcmp(r->previous.keys[m], r->roster.keys[m], KEY_BYTES) != 0) reopen_lane(r, m);
    }
}

static bool has_new_key(const struct replica *r) {
    return memcmp(r->previous.keys[r->self], r->roster.keys[r->self], KEY_BYTES) != 0;
}

/* Under a key that was only kept ready nothing was signed yet, so there is nothing that could have been forgotten. Under
 * one that this member started with, it may have been in this epoch before the ledger was lost, and asks again before it
 * votes. An epoch of a key that it has no more, or of none in its place, tells nothing about the key that it has. */
static bool is_unused(const struct replica *r) { return r->signer != NULL && r->signer == r->next_secret; }

static void look_at_memory(struct replica *r) {
    if (has_new_key(r)) {
        if (is_unused(r)) r->lane_closed = r->recovering = false;
        own_reset(&r->own);
        r->available_seq = r->lanes.lanes[r->self].base.seq;
    }
    if (r->lane_closed) replica_recover_again(r);
    if (!r->lane_closed) r->recover_view = 0;
}

/* Those that were there before: the own one among them, and those of members who were faster. */
static void take_signatures(struct replica *r, uint64_t height) {
    struct checkpoint checkpoint;
    machine_checkpoint(r->machine, &checkpoint);
    replica_handover_begin(r, &checkpoint);
    for (uint32_t m = 0; m < r->members; m++) {
        const struct attestation *a = &r->attestations[height % ATTESTED_HEIGHTS * r->members + m];
        if (a->checkpoint.height == height) replica_handover_signed(r, m, &a->checkpoint, a->signature);
    }
}

void replica_end_epoch(struct replica *r, const struct queued_block *last, bool is_proven) {
    const struct roster *next = machine_next_roster(r->machine);
    CHECK(next != NULL && next->epoch == r->roster.epoch + 1);
    uint64_t height = last->height;
    struct hash hash = last->hash;
    struct hash unsaid[LANE_OUTSTANDING_MAX];
    uint32_t unsaid_count = replica_resay_collect(r, unsaid);
    if (!is_proven) keep_tail(r);
    drop_queue(r);
    r->previous = r->roster;
    replica_take_roster(r, next);
    monitor_set_absent(&r->monitor, &r->roster.absent, r->now.mono_us);
    change_lanes(r);
    look_at_memory(r);
    struct agreement_epoch epoch = {.epoch = r->roster.epoch,
                                    .threshold = r->roster.threshold,
                                    .keyring = r->keyring,
                                    .height = height,
                                    .hash = hash,
                                    .secret = r->signer};
    agreement_begin_epoch(r->agreement, r->now.mono_us, &epoch, r->recovering);
    take_signatures(r, height);
    r->lanes_moved = true;
    r->retry = true;
    if (has_new_key(r) && r->signer != NULL && !r->restoring) replica_resay(r, unsaid, unsaid_count);
    replica_event(r, &(struct replica_event){.kind = EVENT_EPOCH, .height = height});
}
