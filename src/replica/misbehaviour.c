/* Misbehaviour: two signed statements of one member that no honest member makes. Proofs are kept, told to everyone,
 * carried in a block, and from then on judged by the state (docs/protocol.md 2, 3, 4). */
#include "base/check.h"
#include "crypto/sha256.h"
#include "replica/state.h"

static struct stored_proof *find_proof(struct replica *r, uint32_t member, const struct hash *hash) {
    for (uint32_t i = 0; i < r->peers[member].proofs; i++) {
        if (hash_equal(&r->peers[member].proof[i].hash, hash)) return &r->peers[member].proof[i];
    }
    return NULL;
}

/* Proofs have pieces of one size, and each member's have their room: the pool can't run out. */
size_t replica_proofs_bytes(uint32_t members) {
    return (size_t)members * PROOFS_PER_MEMBER_MAX * pool_rounded(PROOF_BYTES_MAX);
}

/* Keeps a verified proof. PROOFS_PER_MEMBER_MAX are enough; one place is kept for a fork, for only that seals a
 * lane. */
static enum status keep_proof(struct replica *r, const struct proof *proof, struct slice bytes,
                              const struct hash *hash) {
    struct peer *peer = &r->peers[proof->member];
    bool forked = proof->kind == PROOF_FORK;
    for (uint32_t i = 0; i < peer->proofs; i++) forked = forked || peer->proof[i].fork;
    if (peer->proofs + (forked ? 0u : 1u) >= PROOFS_PER_MEMBER_MAX) return STATUS_TOO_MANY;
    uint8_t *copy = pool_take_raw(&r->pool, PROOF_BYTES_MAX);
    CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.bytes);
    peer->proof[peer->proofs++] =
        (struct stored_proof){.bytes = slice_of(copy, bytes.bytes), .hash = *hash, .fork = proof->kind == PROOF_FORK};
    return STATUS_OK;
}

enum status replica_take_proof(struct replica *r, struct slice bytes, bool forward) {
    struct proof proof;
    struct hash hash;
    sha256_of(bytes, &hash);
    TRY(proof_read(bytes, &r->chain, &proof));
    if (!keyring_has(&r->keyring, proof.member)) return STATUS_UNKNOWN_MEMBER;
    if (find_proof(r, proof.member, &hash) != NULL) return STATUS_DUPLICATE;
    TRY(proof_verify(bytes, &r->chain, &r->keyring, &proof));
    TRY(keep_proof(r, &proof, bytes, &hash));
    if (proof.kind == PROOF_FORK) lanes_fork(&r->lanes, proof.member);
    r->lanes_moved = true;
    if (r->restoring) return STATUS_OK;
    r->ports.persist_proof(r->ports.context, proof.member, bytes);
    replica_event(r, &(struct replica_event){.kind = EVENT_MISBEHAVIOUR, .member = proof.member, .seq = proof.at});
    if (!forward) return STATUS_OK;
    r->out->type = FRAME_PROOF;
    r->out->proof = bytes;
    replica_send_frame(r, REPLICA_EVERYONE, r->out);
    return STATUS_OK;
}

static void make_proof(struct replica *r, enum proof_kind kind, struct slice a, struct slice b) {
    uint8_t bytes[PROOF_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    proof_put(&writer, kind, a, b);
    CHECK(writer_status(&writer) == STATUS_OK);
    enum status taken = replica_take_proof(r, writer_slice(&writer), true);
    CHECK(taken == STATUS_OK || taken == STATUS_DUPLICATE || taken == STATUS_TOO_MANY);
}

/* A verified header has a rival at its own position. */
void replica_fork_seen(struct replica *r, struct slice header, const struct hash *rival) {
    struct slice rival_header, body, contents;
    uint8_t copy[HEADER_BYTES_MAX];
    if (header.bytes > sizeof copy) return;
    memcpy(copy, header.data, header.bytes);
    if (r->ports.read_batch(r->ports.context, rival, &rival_header, &body, &contents) != STATUS_OK) return;
    uint8_t other[HEADER_BYTES_MAX];
    if (rival_header.bytes > sizeof other) return;
    memcpy(other, rival_header.data, rival_header.bytes);
    make_proof(r, PROOF_FORK, slice_of(copy, header.bytes), slice_of(other, rival_header.bytes));
}

void replica_votes_seen(void *context, const struct vote *a, const struct vote *b) {
    struct replica *r = context;
    uint8_t first[VOTE_BYTES_MAX], second[VOTE_BYTES_MAX];
    struct writer wa = writer_of(first, sizeof first), wb = writer_of(second, sizeof second);
    vote_put(&wa, a);
    vote_put(&wb, b);
    CHECK(writer_status(&wa) == STATUS_OK && writer_status(&wb) == STATUS_OK);
    make_proof(r, PROOF_VOTE, writer_slice(&wa), writer_slice(&wb));
}

/* A final block carries it: no leader needs to carry it any more. */
void replica_proof_final(struct replica *r, struct slice bytes) {
    struct proof proof;
    struct hash hash;
    enum status status = replica_take_proof(r, bytes, false);
    if (status != STATUS_OK && status != STATUS_DUPLICATE) return;
    sha256_of(bytes, &hash);
    status = proof_read(bytes, &r->chain, &proof);
    CHECK(status == STATUS_OK);
    struct stored_proof *stored = find_proof(r, proof.member, &hash);
    if (stored != NULL) stored->in_chain = true;
}

void replica_proof_void(struct replica *r, struct slice bytes) {
    struct proof proof;
    struct hash hash;
    sha256_of(bytes, &hash);
    if (proof_read(bytes, &r->chain, &proof) != STATUS_OK || proof.member >= r->members) return;
    struct stored_proof *stored = find_proof(r, proof.member, &hash);
    if (stored != NULL) stored->in_chain = false;
}

void replica_drop_proofs(struct replica *r, uint32_t member) {
    struct peer *peer = &r->peers[member];
    while (peer->proofs > 0)
        pool_give(&r->pool, (void *)(uintptr_t)peer->proof[--peer->proofs].bytes.data, PROOF_BYTES_MAX);
}
