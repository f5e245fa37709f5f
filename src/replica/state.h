/* The replica's own state; private to this room. */
#ifndef REPLICA_STATE_H
#define REPLICA_STATE_H

#include "agreement/agreement.h"
#include "lane/lane.h"
#include "replica/own.h"
#include "replica/replica.h"
#include "wire/frame.h"

/* Final blocks that wait for batches before they can be executed: a range's worth ahead is enough to stream. */
enum { EXECUTION_QUEUE_MAX = 2 * RANGE_BLOCKS_MAX };
/* Valid batches whose ancestors or deps are still on their way, over all lanes. */
enum { PENDING_MAX = 1024 };
/* Of one lane: so that one member can't crowd out the others. */
enum { PENDING_LANE_MAX = 64 };
#define PENDING_LANE_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* Things asked for at one time. */
enum { WANTS_MAX = 256, WANT_ATTEMPTS_MAX = 16 };
/* Batches of one lane asked for ahead when it is behind. */
enum { FETCH_WINDOW = 16 };
/* Heights whose checkpoint is remembered, to judge attestations that come late or early. */
enum { ATTESTED_HEIGHTS = 32 };

struct queued_block {
    struct hash hash;
    uint64_t view;
    uint64_t height;
    struct slice bytes;        /* pool memory */
    struct slice finalization; /* pool memory, may be empty */
};

struct pending {
    struct header *header; /* NULL: free. Pool memory */
    struct hash hash;
    struct slice header_bytes; /* pool memory, as the two others: one piece of `bytes` */
    struct slice body;
    struct slice contents;
    size_t bytes;
    uint32_t from;
};

/* A batch that is wanted. A zero hash: whatever the asked one goes along with at that seq. */
struct want {
    struct tip tip; /* seq 0: free */
    uint64_t due_us;
    uint32_t attempts;
    uint32_t asked; /* whom last */
};

struct attestation {
    struct checkpoint checkpoint; /* height 0: none */
    uint8_t signature[SIGNATURE_BYTES];
    bool verified; /* signature good and the root is ours */
};

struct stored_proof {
    struct slice bytes; /* pool memory */
    struct hash hash;
    bool in_chain;
};

struct peer {
    struct replica_peer known;
    uint64_t range_asked_us;
    uint32_t proofs;
    struct stored_proof proof[PROOFS_PER_MEMBER_MAX];
    struct attestation attestations[ATTESTED_HEIGHTS]; /* by height modulo that */
    bool recovered;
};

struct replica {
    struct genesis genesis;
    struct hash chain;
    uint32_t self;
    uint32_t members;
    uint32_t quorum;
    uint8_t secret[SECRET_BYTES];
    struct keyring keyring;
    uint64_t delta_us;
    uint64_t heartbeat_us;
    struct replica_ports ports;
    struct replica_time now;

    struct machine *machine;
    struct agreement *agreement;
    struct lanes lanes;
    struct pool pool;

    struct cut final_cut;    /* of the newest final block */
    struct cut executed_cut; /* of the newest executed one */
    struct cut scratch_cut;
    struct queued_block queue[EXECUTION_QUEUE_MAX];
    uint32_t queue_first;
    uint32_t queue_count;
    struct machine_batch *batches; /* scratch of one execution */
    size_t batches_count;

    struct pending pending[PENDING_MAX];
    uint32_t pending_count;
    struct want wants[WANTS_MAX];
    struct member_set dirty; /* lanes whose tip moved since the last acknowledgement was sent */
    bool lanes_moved;        /* whether there is work has to be looked at again */

    struct own own; /* the batch that is being filled, and own tells on their way */
    uint64_t available_seq;
    uint64_t tick_batch_us; /* when the last empty batch was written, monotonic */

    struct peer *peers; /* members of them; the own entry holds own attestations and proofs against this member */
    struct checkpoint checkpoints[ATTESTED_HEIGHTS];
    struct checkpoint certified;
    struct checkpoint_signature certified_signatures[MEMBERS_MAX];
    uint32_t certified_count;
    uint64_t heartbeat_at_us;
    uint32_t heartbeats;

    bool started;
    bool restoring;
    bool recovering;
    bool diverged;
    uint64_t recover_nonce;
    uint64_t recover_at_us;
    uint64_t recover_view;
    struct replica_counters counters;

    /* Scratch: decoded frame and objects of the step, and one outgoing frame. */
    struct frame *frame;
    struct frame *out;
    struct header *header;
    struct block *block;
    uint8_t *buffer; /* FRAME_BYTES_MAX */
};

/* on_frame.c */
void replica_send_frame(struct replica *r, uint32_t to, const struct frame *frame);
void replica_event(struct replica *r, const struct replica_event *event);
/* Everything that became possible by the input is done here, at the end of each input. */
void replica_settle(struct replica *r);

/* on_batch.c */
enum status replica_on_batch(struct replica *r, uint32_t from, const struct frame *frame);
void replica_retry_pending(struct replica *r);
void replica_accepted(struct replica *r, const struct batch *batch);
enum status replica_check_batch(struct replica *r, struct slice header, struct slice body, struct slice contents,
                                struct header *ret_header, struct hash *ret_hash);

/* fetch.c */
void replica_want(struct replica *r, const struct tip *tip, uint64_t delay_us);
void replica_want_lane(struct replica *r, uint32_t member, uint64_t seq, uint64_t delay_us);
void replica_fetch_tick(struct replica *r);
uint64_t replica_fetch_deadline(const struct replica *r);
void replica_got(struct replica *r, const struct tip *tip);
enum status replica_on_fetch_batch(struct replica *r, uint32_t from, const struct tip *tip);
enum status replica_on_fetch_range(struct replica *r, uint32_t from, uint64_t height);
void replica_ask_range(struct replica *r, uint32_t peer);

/* payload.c: what the agreement asks about the payload of blocks */
void replica_build(void *context, const struct hash *parent, struct block *block);
enum status replica_check(void *context, const struct block *block);
enum status replica_seals(struct replica *r, const struct block *block, struct member_set *ret_seals);
void replica_look_for_work(struct replica *r);

/* execute.c */
void replica_finalized(void *context, const struct agreement_block *block, struct slice finalization);
bool replica_execute_next(struct replica *r);
enum status replica_queue_block(struct replica *r, const struct hash *hash, const struct block *block,
                                struct slice bytes, struct slice finalization);

/* attest.c */
void replica_attest(struct replica *r, const struct checkpoint *checkpoint);
enum status replica_on_attestation(struct replica *r, uint32_t from, const struct frame *frame);
void replica_send_attestation(struct replica *r, uint32_t to);

/* misbehaviour.c */
void replica_fork_seen(struct replica *r, struct slice header, const struct hash *rival);
void replica_votes_seen(void *context, const struct vote *a, const struct vote *b);
enum status replica_take_proof(struct replica *r, struct slice proof, bool forward);
void replica_proof_executed(struct replica *r, struct slice proof);

/* recover.c */
void replica_recover_tick(struct replica *r);
enum status replica_on_recover(struct replica *r, uint32_t from, uint64_t nonce);
enum status replica_on_recovered(struct replica *r, uint32_t from, const struct frame *frame);

#endif
