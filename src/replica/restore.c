/* Restoring from a ledger (replica/replica.h): everything is executed and verified again, so that a ledger with a
 * flipped bit is found out here and not by the others. */
#include "base/canary.h"
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

/* The batches of an executed block, offered again in an order in which each finds its ancestors and deps. */
static enum status restore_batch(struct replica *r, const struct hash *hash, uint32_t member, uint64_t seq) {
    struct slice header_bytes, body, contents;
    struct hash read_hash, rival;
    struct batch *batch;
    struct tip missing;
    if (r->ports.read_batch(r->ports.context, hash, &header_bytes, &body, &contents) != STATUS_OK)
        return STATUS_CORRUPT;
    if (replica_check_batch(r, header_bytes, body, contents, r->header, &read_hash) != STATUS_OK)
        return STATUS_CORRUPT;
    if (!hash_equal(hash, &read_hash) || r->header->member != member || r->header->seq != seq) return STATUS_CORRUPT;
    enum status status = lanes_offer(&r->lanes, r->header, &read_hash, UINT64_MAX, &batch, &missing, &rival);
    return status == STATUS_DUPLICATE ? STATUS_OK : status;
}

/* One pass over the lanes that the block moves: offers of each lane what can be offered. */
static enum status restore_pass(struct replica *r, const struct tip *entries, uint32_t count, bool *ret_done,
                                bool *ret_moved) {
    *ret_done = true;
    *ret_moved = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t member = entries[i].member;
        uint64_t seq = lanes_tip(&r->lanes, member).seq;
        while (seq < entries[i].seq) {
            struct hash hash;
            if (r->ports.read_lane(r->ports.context, member, seq + 1, &hash) != STATUS_OK) return STATUS_CORRUPT;
            enum status status = restore_batch(r, &hash, member, seq + 1);
            if (status == STATUS_MISSING) {
                *ret_done = false;
                break;
            }
            if (status != STATUS_OK) return STATUS_CORRUPT;
            *ret_moved = true;
            seq++;
        }
    }
    return STATUS_OK;
}

/* A height without its own finalization is covered by that of a later one. */
static enum status check_finalization(const struct replica *r, struct slice bytes, uint64_t view,
                                      const struct hash *block) {
    struct vote_certificate finalization;
    struct reader reader = reader_of(bytes);
    if (bytes.bytes == 0) return STATUS_OK;
    TRY(vote_certificate_take(&reader, &finalization));
    TRY(reader_end(&reader));
    bool fits =
        finalization.kind == VOTE_FINALIZE && finalization.view == view && hash_equal(&finalization.block, block);
    if (!fits) return STATUS_CORRUPT;
    return vote_certificate_verify(&finalization, &r->chain, &r->keyring, r->roster.threshold);
}

_Static_assert(MACHINE_LANE_HASHES == LANE_HISTORY, "the state remembers what the lanes do");

/* The lanes go on behind what the state says is executed. */
static void take_up_lane(struct replica *r, uint32_t member) {
    struct machine_lane lane;
    uint64_t frontier[MEMBERS_MAX];
    machine_lane(r->machine, member, &lane);
    for (uint32_t other = 0; other < r->members; other++)
        frontier[other] = machine_lane_seen(r->machine, member, other);
    const struct cut_tip tip = {lane.seq, lane.hash};
    const struct lane_start start = {tip, lane.wall_us, frontier, lane.is_sealed};
    lanes_take_up(&r->lanes, member, &start);
    struct hash hash;
    for (uint64_t seq = lane.seq; machine_lane_hash(r->machine, member, seq, &hash) == STATUS_OK; seq--)
        lanes_remember(&r->lanes, member, seq, &hash);
    r->executed_cut.tips[member] = tip;
    if (lane.is_sealed) member_set_add(&r->executed_cut.sealed, member);
}

void replica_pruned(struct replica *r) { lanes_forget(&r->lanes); }

static enum status load_snapshot(struct replica *r, struct slice bytes, const struct record_snapshot *certified) {
    struct snapshot_head head;
    struct reader reader = reader_of(bytes);
    TRY(snapshot_head_take(&reader, &r->chain, &head));
    if (head.height != certified->height) return STATUS_CONFLICT;
    TRY(snapshot_check(certified, bytes));
    return machine_load(r->machine, bytes);
}

/* The epoch that is under way in the snapshot: none is taken of a block that ends one. */
static void resume_epoch(struct replica *r, const struct hash *block) {
    replica_take_roster(r, machine_roster(r->machine));
    r->previous = r->roster; /* who the members were before is not known */
    monitor_set_absent(&r->monitor, &r->roster.absent, r->now.mono_us);
    const struct agreement_epoch epoch = {.epoch = r->roster.epoch,
                                          .threshold = r->roster.threshold,
                                          .keyring = r->keyring,
                                          .height = machine_height(r->machine),
                                          .hash = *block,
                                          .secret = r->signer};
    if (r->roster.epoch > 0) agreement_begin_epoch(r->agreement, r->now.mono_us, &epoch, r->recovering);
}

enum status replica_restore_snapshot(struct replica *r, struct slice bytes, const struct record_snapshot *certified,
                                     struct slice finalization) {
    CHECK(r->restoring && machine_height(r->machine) == 0);
    struct checkpoint checkpoint;
    struct hash block;
    uint64_t view;
    TRY(load_snapshot(r, bytes, certified));
    machine_block(r->machine, &block, &view);
    resume_epoch(r, &block);
    if (check_finalization(r, finalization, view, &block) != STATUS_OK) return STATUS_CORRUPT;
    for (uint32_t m = 0; m < r->members; m++) take_up_lane(r, m);
    cut_copy(&r->final_cut, &r->executed_cut);
    agreement_restore_final(r->agreement, view, machine_height(r->machine), &block, finalization);
    machine_checkpoint(r->machine, &checkpoint);
    replica_watch_threshold(r, &checkpoint);
    replica_attest(r, &checkpoint);
    return STATUS_OK;
}

enum status replica_restore_height(struct replica *r, uint64_t height, struct slice bytes, struct slice finalization,
                                   const struct checkpoint *expected) {
    CHECK(r->restoring);
    struct hash hash;
    struct tip entries[MEMBERS_MAX];
    if (block_read(bytes, &r->chain, r->block, &hash) != STATUS_OK) return STATUS_CORRUPT;
    /* The machine takes it for a broken invariant of ours. */
    if (r->block->epoch != r->roster.epoch) return STATUS_CORRUPT;
    if (r->block->height != height || height != agreement_final_height(r->agreement) + 1) return STATUS_CORRUPT;
    if (!hash_equal(&r->block->parent, agreement_final_hash(r->agreement))) return STATUS_CORRUPT;
    uint32_t count = r->block->entries_count;
    uint64_t view = r->block->view;
    if (check_finalization(r, finalization, view, &hash) != STATUS_OK) return STATUS_CORRUPT;
    memcpy(entries, r->block->entries, count * sizeof *entries);
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].member >= r->members) return STATUS_CORRUPT;
    }
    for (bool done = false, moved = true; !done;) {
        if (!moved) return STATUS_CORRUPT;
        TRY(restore_pass(r, entries, count, &done, &moved));
    }
    if (block_read(bytes, &r->chain, r->block, &hash) != STATUS_OK) return STATUS_CORRUPT;
    if (replica_queue_block(r, &hash, r->block, bytes, finalization) != STATUS_OK) return STATUS_CORRUPT;
    if (view <= agreement_final_view(r->agreement)) return STATUS_CORRUPT;
    agreement_restore_final(r->agreement, view, height, &hash, finalization);
    if (!replica_execute_next(r)) return STATUS_CORRUPT;
    struct checkpoint checkpoint;
    machine_checkpoint(r->machine, &checkpoint);
    bool same = checkpoint.size == expected->size && checkpoint.height == expected->height &&
                hash_equal(&checkpoint.root, &expected->root);
    return same ? STATUS_OK : STATUS_CORRUPT;
}

static enum status corrupt_unless_ok(enum status status) { return status == STATUS_OK ? STATUS_OK : STATUS_CORRUPT; }

/* A candidate block is only known by its hash: a changed one would be another block, that nobody proposed. */
enum status replica_restore_block(struct replica *r, const struct hash *hash, struct slice block) {
    struct hash found;
    sha256_of(block, &found);
    if (!hash_equal(&found, hash)) return STATUS_CORRUPT;
    return corrupt_unless_ok(agreement_restore_block(r->agreement, block));
}

enum status replica_restore_certificate(struct replica *r, struct slice certificate) {
    return corrupt_unless_ok(agreement_restore_certificate(r->agreement, certificate));
}

enum status replica_restore_vote(struct replica *r, const struct vote *vote) {
    if (CANARY(OWN_VOTES_NOT_RESTORED)) return STATUS_OK;
    return corrupt_unless_ok(agreement_restore_vote(r->agreement, vote));
}

enum status replica_restore_proof(struct replica *r, struct slice proof) {
    enum status status = replica_take_proof(r, proof, false);
    /* Those in executed blocks came first, and may have taken the places. */
    return status == STATUS_DUPLICATE || status == STATUS_TOO_MANY ? STATUS_OK : corrupt_unless_ok(status);
}

enum status replica_restore_certified(struct replica *r, const struct checkpoint *checkpoint,
                                      const struct checkpoint_signature *signatures, uint32_t count) {
    if (count == 0 || count > r->members || checkpoint->height > machine_height(r->machine)) return STATUS_CORRUPT;
    const struct checkpoint *own = &r->checkpoints[checkpoint->height % ATTESTED_HEIGHTS];
    if (own->height == checkpoint->height && !hash_equal(&own->root, &checkpoint->root)) return STATUS_CORRUPT;
    const struct roster *roster = replica_roster_of(r, checkpoint->epoch);
    if (roster == NULL) return checkpoint->epoch < r->roster.epoch ? STATUS_OK : STATUS_CORRUPT;
    struct member_set seen = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t m = signatures[i].member;
        if (!roster_has(roster, m) || !member_set_add(&seen, m)) return STATUS_CORRUPT;
        enum status good = checkpoint_verify(checkpoint, &r->chain, roster->keys[m], signatures[i].signature);
        if (good != STATUS_OK) return STATUS_CORRUPT;
    }
    if (!member_set_quorum(&seen, roster_heads(roster), checkpoint->threshold)) return STATUS_CORRUPT;
    r->certified = *checkpoint;
    r->certified_count = count;
    memcpy(r->certified_signatures, signatures, count * sizeof *signatures);
    /* Of a height long ago it is another's: then no file is made before the next certificate. */
    memcpy(r->certified_standing, r->standing[checkpoint->height % ATTESTED_HEIGHTS], sizeof r->certified_standing);
    r->certified_parameters = r->parameters[checkpoint->height % ATTESTED_HEIGHTS];
    return STATUS_OK;
}
