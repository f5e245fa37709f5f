/* A small group of four members with real keys, and what its life would put into a ledger: batches with contents, blocks, votes,
 * certificates, leaves and checkpoints, all validly signed. Written through the ports, so that both ledgers take it. */
#ifndef TESTS_LEDGER_SAMPLE_H
#define TESTS_LEDGER_SAMPLE_H

#include "crypto/merkle.h"
#include "ledger/ledger.h"
#include "ledger/memory.h"
#include "wire/header.h"

enum { SAMPLE_MEMBERS = 4, SAMPLE_SELF = 1, SAMPLE_BYTES = 1024 };

struct sample {
    struct genesis genesis;
    struct hash chain;
    uint8_t secrets[SAMPLE_MEMBERS][SECRET_BYTES];
    uint64_t seqs[SAMPLE_MEMBERS];
    struct hash tips[SAMPLE_MEMBERS];
    struct merkle_frontier log;
    uint64_t height;
    uint64_t view;
    struct hash parent;
    struct checkpoint checkpoint; /* of the newest height */
};

struct sample_bytes {
    size_t bytes;
    uint8_t data[SAMPLE_BYTES];
};

struct sample_batch {
    struct header header;
    struct hash hash;
    struct sample_bytes header_bytes;
    struct sample_bytes body;
    struct sample_bytes contents;
};

static inline struct slice sample_slice(const struct sample_bytes *bytes) {
    return slice_of(bytes->data, bytes->bytes);
}

void sample_init(struct sample *sample);

/* The ports of either ledger; only the ledger's functions and the context are filled in. */
struct replica_ports sample_ports(struct ledger *ledger);
struct replica_ports sample_memory_ports(struct memory_ledger *ledger);

/* The next batch of a lane: two tells, the first with content. */
void sample_batch(struct sample *sample, uint32_t member, struct sample_batch *ret_batch);
void sample_persist_batch(const struct replica_ports *ports, const struct sample_batch *batch);
/* The genesis, leaf 0. */
void sample_persist_genesis(struct sample *sample, const struct replica_ports *ports);
/* Own vote, candidate block and notarization of the next view; its number is returned. */
uint64_t sample_persist_view(struct sample *sample, const struct replica_ports *ports);
/* The next height, finalized in the newest view: one leaf for each batch, the state record, executed, height. With `finalized` false
 * it carries no finalization. */
void sample_persist_height(struct sample *sample, const struct replica_ports *ports,
                           const struct sample_batch *batches, size_t count, bool finalized);
/* The parts of it, for those who want to stop halfway. */
void sample_persist_leaves(struct sample *sample, const struct replica_ports *ports,
                           const struct sample_batch *batches, size_t count);
/* The newest checkpoint signed by the first `count` members. */
void sample_persist_certified(const struct sample *sample, const struct replica_ports *ports, uint32_t count);
/* A fork proof against a member, different for each `seq`. */
void sample_persist_proof(const struct sample *sample, const struct replica_ports *ports, uint32_t member,
                          uint64_t seq);
/* A vote of SAMPLE_SELF. */
void sample_vote(const struct sample *sample, uint64_t view, enum vote_kind kind, const struct hash *block,
                 struct vote *ret_vote);

/* A visitor that folds everything it is handed into one hash, and counts it. */
struct sample_digest {
    struct hash hash;
    uint64_t heights, batches, blocks, certificates, votes, certified, proofs;
};
struct ledger_visitor sample_visitor(struct sample_digest *digest);

#endif
