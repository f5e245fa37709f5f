/* Ports: everything that a replica asks of the world around it. The daemon joins them to a ledger and a transport,
 * the simulator to virtual ones.
 *
 * The ordering contract (as etcd-io/raft states it): whatever is handed to a persist function during a step must be
 * durable before anything that the same step or a later one hands to `send` leaves this member. The owner of the
 * ports therefore collects sends, commits the ledger once for as many steps as it likes (group commit), and only then
 * lets the sends go. If the commit fails nothing may be sent. */
#ifndef REPLICA_PORTS_H
#define REPLICA_PORTS_H

#include "wire/block.h"
#include "wire/checkpoint.h"
#include "wire/header.h"
#include "wire/record.h"
#include "wire/vote.h"

enum { REPLICA_EVERYONE = MEMBERS_MAX };

/* What happened, for the members of the house who watch: reads, metrics, waiting clients. */
enum replica_event_kind {
    EVENT_BATCH_AVAILABLE, /* own batch `seq`: acknowledged by 2q - n members */
    EVENT_BATCH_EXECUTED,  /* own batch `seq` is in an executed block at `height` */
    EVENT_CERTIFIED,       /* `height` has a certificate now */
    EVENT_EXECUTED,        /* `height` was executed */
    EVENT_BELIEF,          /* a question changed: `belief` */
    EVENT_REFUSED,         /* item `item` of own batch `seq` changed nothing: `status` */
    EVENT_MISBEHAVIOUR,    /* a proof against `member` became known */
    EVENT_PEER_REFUSED,    /* a frame of `member` was refused: `status` */
    EVENT_LEVEL,           /* this member's own partition level has changed: `level` */
    EVENT_THRESHOLD,       /* another threshold than before is in force from `height` on */
    EVENT_EPOCH,           /* the block at `height` was the last of its epoch: another one has begun */
    EVENT_DIVERGED,        /* an honest majority has another root at `height`: this member has stopped */
};

struct replica_event {
    enum replica_event_kind kind;
    uint32_t member;
    uint64_t seq;
    uint64_t height;
    uint32_t item;
    enum status status;
    enum level level;
    const struct record_belief *belief;
};

struct replica_ports {
    void *context;

    /* --- ledger: writes. Bytes are borrowed for the time of the call. They can't fail here: a ledger that fails
     * remembers it and fails the commit. --- */
    /* A valid batch with all its ancestors held; own ones come through here as well. `contents` is the frame's
     * encoded array. */
    void (*persist_batch)(void *context, const struct header *header, const struct hash *hash,
                          struct slice header_bytes, struct slice body, struct slice contents);
    /* Own vote. */
    void (*persist_vote)(void *context, const struct vote *vote);
    void (*persist_certificate)(void *context, uint64_t view, enum vote_kind kind, struct slice certificate);
    /* A block that this member voted for or that a certificate names: not yet final. */
    void (*persist_block)(void *context, const struct hash *hash, uint64_t view, struct slice block);
    /* An executed height: the block, its finalization (empty when a later block's covers it), and the checkpoint to
     * be signed. Every leaf of the height was handed to persist_leaf before, each executed batch to persist_executed.
     * One transaction a height: leaves, executed and height of one block are never split by a commit. */
    void (*persist_leaf)(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash);
    void (*persist_executed)(void *context, const struct hash *batch, uint64_t height);
    void (*persist_height)(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint);
    /* What belongs to the end of an epoch. Position 0: the handover, when enough have signed it. From 1 on, when its last
     * block has no finalization of its own: the blocks behind it, which are void; the last of them has the finalization. A position is
     * written once. */
    void (*persist_epoch)(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                          struct slice finalization);
    /* The newest certificate: replaces an older or smaller one. `signatures` ascend by member. */
    void (*persist_certified)(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count);
    void (*persist_proof)(void *context, uint32_t member, struct slice proof);

    /* --- ledger: reads. Slices are valid until the next call of any port. STATUS_NOT_FOUND when it holds no such
     * thing. --- */
    enum status (*read_batch)(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents);
    /* The hash of an executed batch of a lane. */
    enum status (*read_lane)(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash);
    /* An executed block; its finalization is empty when a later block's covers it. */
    enum status (*read_height)(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization);
    enum status (*read_epoch)(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                              struct slice *ret_finalization);
    /* A leaf of the log, of this step's blocks too. */
    enum status (*read_leaf)(void *context, uint64_t index, struct slice *ret_bytes);

    /* --- network: best effort, whole frames, in order per peer while a link lasts. `to` is a member or
     * REPLICA_EVERYONE (all others). Copied. --- */
    void (*send)(void *context, uint32_t to, struct slice frame);

    void (*event)(void *context, const struct replica_event *event);
};

#endif
