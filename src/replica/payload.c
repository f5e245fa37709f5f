/* What the agreement asks about blocks: building one, judging one, and whether there is work (docs/protocol.md 3). */
#include "base/check.h"
#include "replica/state.h"

/* The members whose fork proofs a block carries; every proof must hold. */
enum status replica_seals(struct replica *r, const struct block *block, struct member_set *ret_seals) {
    struct member_set seals = {0};
    for (uint32_t i = 0; i < block->proofs_count; i++) {
        struct proof proof;
        TRY(proof_verify(block->proofs[i], &r->chain, &r->keyring, &proof));
        if (proof.kind == PROOF_FORK) member_set_add(&seals, proof.member);
    }
    *ret_seals = seals;
    return STATUS_OK;
}

/* Longer chains of unfinalized blocks than this are not extended: views stop growing long before. */
enum { CHAIN_MAX = VIEWS_UNFINALIZED_MAX };

/* The cut after the block `hash`, which is the newest final one or descends from it. */
static enum status cut_at(struct replica *r, const struct hash *hash, struct cut *ret_cut) {
    cut_copy(ret_cut, &r->final_cut);
    const struct agreement_block *chain[CHAIN_MAX];
    uint32_t length = 0;
    while (!hash_equal(hash, agreement_final_hash(r->agreement))) {
        const struct agreement_block *block = agreement_block_of(r->agreement, hash);
        if (block == NULL || length == CHAIN_MAX) return STATUS_MISSING;
        chain[length++] = block;
        hash = &block->parent;
    }
    while (length > 0) {
        struct hash ignored;
        struct member_set seals;
        struct block *block = r->block;
        enum status read = block_read(chain[--length]->bytes, &r->chain, block, &ignored);
        CHECK(read == STATUS_OK);
        TRY(replica_seals(r, block, &seals));
        /* A notarized block was judged by a quorum; one that was only proposed may move a lane backwards. */
        for (uint32_t i = 0; i < block->entries_count; i++) {
            const struct tip *entry = &block->entries[i];
            if (entry->member >= r->members || entry->seq <= ret_cut->tips[entry->member].seq) return STATUS_STALE;
        }
        cut_apply(ret_cut, block, &seals);
    }
    return STATUS_OK;
}

static void add_proofs(struct replica *r, struct block *block) {
    for (uint32_t m = 0; m < r->members; m++) {
        for (uint32_t i = 0; i < r->peers[m].proofs && block->proofs_count < BLOCK_PROOFS_MAX; i++) {
            const struct stored_proof *proof = &r->peers[m].proof[i];
            if (!proof->in_chain) block->proofs[block->proofs_count++] = proof->bytes;
        }
    }
}

/* Drops proofs that a block between the newest final one and `hash` carries already. */
static void drop_carried(struct replica *r, const struct hash *hash, struct block *block) {
    while (block->proofs_count > 0 && !hash_equal(hash, agreement_final_hash(r->agreement))) {
        const struct agreement_block *above = agreement_block_of(r->agreement, hash);
        struct hash ignored;
        CHECK(above != NULL);
        enum status read = block_read(above->bytes, &r->chain, r->block, &ignored);
        CHECK(read == STATUS_OK);
        for (uint32_t i = 0; i < r->block->proofs_count; i++) {
            uint32_t kept = 0;
            for (uint32_t k = 0; k < block->proofs_count; k++) {
                if (!slice_equal(block->proofs[k], r->block->proofs[i])) block->proofs[kept++] = block->proofs[k];
            }
            block->proofs_count = kept;
        }
        hash = &above->parent;
    }
}

void replica_build(void *context, const struct hash *parent, struct block *block) {
    struct replica *r = context;
    block->entries_count = 0;
    block->proofs_count = 0;
    if (cut_at(r, parent, &r->scratch_cut) != STATUS_OK) return;
    add_proofs(r, block);
    drop_carried(r, parent, block);
    /* Lanes that this very block seals are left where they are. */
    struct member_set seals;
    enum status sealed = replica_seals(r, block, &seals);
    CHECK(sealed == STATUS_OK);
    block->entries_count = lanes_build_cut(&r->lanes, &r->scratch_cut, &seals, block->entries);
}

/* All at once: a block that waits for several lanes shall not wait for one after the other. */
static void want_entries(struct replica *r, const struct block *block) {
    for (uint32_t i = 0; i < block->entries_count; i++)
        replica_want_up_to(r, &block->entries[i], WANTED_BY_PROPOSAL, r->delta_us / 4);
}

enum status replica_check(void *context, const struct block *block) {
    struct replica *r = context;
    struct member_set seals;
    TRY(replica_seals(r, block, &seals));
    TRY(cut_at(r, &block->parent, &r->scratch_cut));
    struct tip missing;
    enum status status = lanes_check_cut(&r->lanes, &r->scratch_cut, &seals, block, &missing);
    if (status == STATUS_MISSING) {
        replica_want_up_to(r, &missing, WANTED_BY_PROPOSAL, r->delta_us / 4);
        want_entries(r, block);
    }
    return status;
}

/* Work: batches that are held and outside the newest cut, or proofs that the chain does not have. */
void replica_look_for_work(struct replica *r) {
    const struct agreement_block *head = agreement_head(r->agreement);
    const struct hash *hash = head != NULL ? &head->hash : agreement_final_hash(r->agreement);
    bool work = false;
    if (cut_at(r, hash, &r->scratch_cut) == STATUS_OK) {
        for (uint32_t m = 0; m < r->members && !work; m++) {
            const struct lane *lane = &r->lanes.lanes[m];
            bool open = !lane->forked && !member_set_has(&r->scratch_cut.sealed, m);
            work = open && lanes_tip(&r->lanes, m).seq > r->scratch_cut.tips[m].seq;
            for (uint32_t i = 0; i < r->peers[m].proofs && !work; i++) work = !r->peers[m].proof[i].in_chain;
        }
    }
    agreement_set_work(r->agreement, r->now.mono_us, work);
}
