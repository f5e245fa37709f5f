/* Attestations: every member signs the checkpoint of each height it executed; enough of them are a certificate
 * (docs/protocol.md 5). Enough is a double threshold: q(t) heads, and t of the weight, t being the one in the
 * checkpoint. */
#include "base/check.h"
#include "base/num.h"
#include "quorum/tally.h"
#include "replica/state.h"

static struct attestation *attestation_of(struct replica *r, uint32_t member, uint64_t height) {
    return &r->attestations[height % ATTESTED_HEIGHTS * r->members + member];
}

/* The own checkpoint of a height, NULL when it is not executed or too long ago. */
static const struct checkpoint *own_checkpoint(const struct replica *r, uint64_t height) {
    const struct checkpoint *own = &r->checkpoints[height % ATTESTED_HEIGHTS];
    return height != 0 && own->height == height ? own : NULL;
}

/* The weight of the signers, and of all, in the state of a height that is remembered. */
static uint64_t weight_at(const struct replica *r, uint64_t height, const struct member_set *signers,
                          uint64_t *ret_total) {
    uint64_t weights[MEMBERS_MAX];
    *ret_total = 0;
    for (uint32_t m = 0; m < r->members; m++) {
        weights[m] = r->standing[height % ATTESTED_HEIGHTS][m].weight;
        *ret_total += weights[m];
    }
    return member_set_weight(signers, weights, r->members);
}

static bool enough(const struct replica *r, const struct checkpoint *checkpoint, const struct member_set *signers) {
    const struct roster *roster = replica_roster_of(r, checkpoint->epoch);
    uint64_t total;
    if (roster == NULL) return false;
    uint64_t weight = weight_at(r, checkpoint->height, signers, &total);
    return member_set_quorum(signers, roster_heads(roster), checkpoint->threshold) &&
           quorum_weight_met(weight, total, checkpoint->threshold);
}

/* Counts the good attestations of a height; with enough of them, and more than before, they become the newest
 * certificate. */
static void certify(struct replica *r, uint64_t height) {
    const struct checkpoint *own = own_checkpoint(r, height);
    if (own == NULL || height < r->certified.height) return;
    struct member_set signers = {0};
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t m = 0; m < r->members; m++) {
        const struct attestation *a = attestation_of(r, m, height);
        if (!a->verified || a->checkpoint.height != height) continue;
        member_set_add(&signers, m);
        signatures[count].member = m;
        memcpy(signatures[count++].signature, a->signature, SIGNATURE_BYTES);
    }
    if (height == r->certified.height && count <= r->certified_count) return;
    if (!enough(r, own, &signers)) return;
    bool newer = height > r->certified.height;
    r->certified = *own;
    r->certified_count = count;
    memcpy(r->certified_signatures, signatures, count * sizeof *signatures);
    memcpy(r->certified_standing, r->standing[height % ATTESTED_HEIGHTS], sizeof r->certified_standing);
    r->certified_parameters = r->parameters[height % ATTESTED_HEIGHTS];
    if (!r->restoring) r->ports.persist_certified(r->ports.context, own, signatures, count);
    if (newer) replica_event(r, &(struct replica_event){.kind = EVENT_CERTIFIED, .height = height});
}

/* By the key that the member had in the epoch of the height. */
static enum status verify(const struct replica *r, uint32_t member, const struct attestation *a) {
    const struct roster *roster = replica_roster_of(r, a->checkpoint.epoch);
    if (roster == NULL) return STATUS_STALE; /* whoever catches up comes through older epochs than the last */
    if (!roster_has(roster, member)) return STATUS_UNKNOWN_MEMBER;
    return checkpoint_verify(&a->checkpoint, &r->chain, roster->keys[member], a->signature);
}

/* When q others agree on another state than ours, ours is the wrong one: stop, keep the ledger, and say so. */
static void look_for_divergence(struct replica *r, uint64_t height) {
    const struct checkpoint *own = own_checkpoint(r, height);
    if (own == NULL) return;
    uint32_t others = 0;
    for (uint32_t m = 0; m < r->members; m++) {
        const struct attestation *a = attestation_of(r, m, height);
        if (m == r->self || a->checkpoint.height != height || checkpoint_equal(&a->checkpoint, own)) continue;
        others += verify(r, m, a) == STATUS_OK;
    }
    if (others < r->quorum) return;
    r->diverged = true;
    replica_event(r, &(struct replica_event){.kind = EVENT_DIVERGED, .height = height, .status = STATUS_DIVERGED});
}

/* Judges what is held of one member for a height that is executed here. */
static enum status judge(struct replica *r, uint32_t member, uint64_t height) {
    struct attestation *a = attestation_of(r, member, height);
    const struct checkpoint *own = own_checkpoint(r, height);
    if (own == NULL || a->checkpoint.height != height || a->verified) return STATUS_OK;
    if (!checkpoint_equal(&a->checkpoint, own)) {
        look_for_divergence(r, height);
        return STATUS_CONFLICT;
    }
    TRY(verify(r, member, a));
    a->verified = true;
    return STATUS_OK;
}

void replica_send_signature(struct replica *r, uint32_t to, const struct checkpoint *checkpoint,
                            const uint8_t signature[SIGNATURE_BYTES]) {
    r->out->type = FRAME_ATTESTATION;
    r->out->attestation.checkpoint = *checkpoint;
    memcpy(r->out->attestation.signature, signature, SIGNATURE_BYTES);
    replica_send_frame(r, to, r->out);
}

/* Signs the checkpoint of a height that was just executed, in the epoch that executed it. */
static void attest(struct replica *r, const struct checkpoint *checkpoint) {
    if (r->signer == NULL) return;
    struct attestation *own = attestation_of(r, r->self, checkpoint->height);
    own->checkpoint = *checkpoint;
    own->verified = true;
    checkpoint_sign(checkpoint, &r->chain, r->signer, own->signature);
    if (!r->recovering) replica_send_signature(r, REPLICA_EVERYONE, checkpoint, own->signature);
}

void replica_attest(struct replica *r, const struct checkpoint *checkpoint) {
    uint64_t height = checkpoint->height;
    r->checkpoints[height % ATTESTED_HEIGHTS] = *checkpoint;
    for (uint32_t m = 0; m < r->members; m++)
        r->standing[height % ATTESTED_HEIGHTS][m] = machine_member(r->machine, m);
    machine_parameters(r->machine, &r->parameters[height % ATTESTED_HEIGHTS]);
    if (r->restoring) return;
    attest(r, checkpoint);
    for (uint32_t m = 0; m < r->members; m++) {
        if (m == r->self) continue;
        enum status judged = judge(r, m, height);
        (void)
            judged; /* what is wrong with it is its owner's own loss, and a conflict is counted when others follow */
        if (r->diverged) return;
    }
    certify(r, height);
}

enum status replica_on_attestation(struct replica *r, uint32_t from, const struct frame *frame) {
    const struct checkpoint *checkpoint = &frame->attestation.checkpoint;
    replica_handover_signed(r, from, checkpoint, frame->attestation.signature);
    uint64_t own_height = machine_height(r->machine);
    if (checkpoint->height + ATTESTED_HEIGHTS <= own_height) return STATUS_STALE;
    /* A claim of a height far ahead moves nothing: only its own place is written, and it is judged when that height
     * is executed. */
    struct attestation *a = attestation_of(r, from, checkpoint->height);
    if (a->checkpoint.height == checkpoint->height && a->verified) return STATUS_DUPLICATE;
    if (a->checkpoint.height > checkpoint->height && a->checkpoint.height <= own_height) return STATUS_STALE;
    a->checkpoint = *checkpoint;
    a->verified = false;
    memcpy(a->signature, frame->attestation.signature, SIGNATURE_BYTES);
    if (checkpoint->height > own_height) return STATUS_OK;
    TRY(judge(r, from, checkpoint->height));
    certify(r, checkpoint->height);
    return STATUS_OK;
}

/* The own attestation of the newest height, for a member that lacks signatures: a later certificate covers every
 * earlier height. */
void replica_send_attestation(struct replica *r, uint32_t to) {
    uint64_t height = machine_height(r->machine);
    if (height == 0 || r->recovering) return;
    struct attestation *own = attestation_of(r, r->self, height);
    if (own->checkpoint.height != height) {
        /* After a restart: the checkpoint is known, the signature is made again and is the same. */
        const struct checkpoint *checkpoint = own_checkpoint(r, height);
        if (checkpoint == NULL || r->signer == NULL || checkpoint->epoch != r->roster.epoch) return;
        own->checkpoint = *checkpoint;
        own->verified = true;
        checkpoint_sign(checkpoint, &r->chain, r->signer, own->signature);
        certify(r, height);
    }
    replica_send_signature(r, to, &own->checkpoint, own->signature);
}

static void signers_of(const struct replica *r, uint64_t height, struct member_set *ret_signers) {
    member_set_clear(ret_signers);
    for (uint32_t m = 0; m < r->members; m++) {
        const struct attestation *a = &r->attestations[height % ATTESTED_HEIGHTS * r->members + m];
        if (a->verified && a->checkpoint.height == height) member_set_add(ret_signers, m);
    }
}

void replica_share(const struct replica *r, uint64_t height, struct replica_share *ret_share) {
    uint64_t newest = machine_height(r->machine);
    uint64_t oldest = newest >= ATTESTED_HEIGHTS ? newest - ATTESTED_HEIGHTS + 1 : 1;
    *ret_share = (struct replica_share){0};
    for (uint64_t h = num_max_u64(height, oldest); h <= newest; h++) {
        const struct checkpoint *own = own_checkpoint(r, h);
        struct member_set signers;
        if (own == NULL) continue;
        signers_of(r, h, &signers);
        if (member_set_count(&signers) < member_set_count(&ret_share->signers)) continue;
        *ret_share = (struct replica_share){.height = h, .threshold = own->threshold, .signers = signers};
    }
    if (ret_share->height == 0) return;
    const struct checkpoint *shared = own_checkpoint(r, ret_share->height);
    const struct roster *roster = replica_roster_of(r, shared->epoch);
    ret_share->needed = quorum_size(roster != NULL ? roster_heads(roster) : r->heads, ret_share->threshold);
    ret_share->weight = weight_at(r, ret_share->height, &ret_share->signers, &ret_share->weight_total);
}
