/* The replica: one member without I/O. Frames, ticks, link changes and submissions go in; ports (replica/ports.h)
 * take what must be kept and sent. The daemon and the simulator run this very code.
 *
 * It joins the lanes, the agreement, the machine and the checkpoints:
 *     batches -> lanes -> cut -> agreement -> finalized blocks -> machine -> log -> checkpoint -> certificate
 * Never called from two threads. Nothing here blocks. */
#ifndef REPLICA_REPLICA_H
#define REPLICA_REPLICA_H

#include "machine/machine.h"
#include "quorum/tally.h"
#include "replica/ports.h"

struct replica;

struct replica_config {
    const struct genesis *genesis; /* copied */
    uint32_t self;
    const uint8_t *secret; /* SECRET_BYTES, copied */
    const uint8_t
        *next_secret; /* copied, NULL for none: of the key that the group is asked to take for this member */
    const uint8_t
        *old_secret;   /* copied, NULL for none: of the key before, which signs the end of its own epoch at most */
    uint64_t delta_us; /* the delay that a message is expected to need at most; 0: 100 ms */
    uint64_t heartbeat_us; /* 0: 250 ms */
};

/* What time it is, twice: `mono_us` never goes backwards and drives the timers, `wall_us` (since the Unix epoch) is
 * what lanes sign. */
struct replica_time {
    uint64_t mono_us;
    uint64_t wall_us;
};

/* Region for replica_init: zeroed, aligned to 16, mostly never touched. */
size_t replica_bytes(const struct replica_config *config);
struct replica *replica_init(void *memory, size_t bytes, const struct replica_config *config,
                             const struct replica_ports *ports);

/* --- Restoring from a ledger: before replica_start, in this order, each in ascending order. A status other than OK
 * means that the ledger is corrupt (STATUS_CORRUPT) or of another chain; then the replica must not be started. --- */
/* Instead of the heights up to the one of a snapshot; none may have been restored before it. `certified` is the record
 * that a certificate proves (verifier/snapshot.h): the bytes must be those that it names. `finalization`, of the
 * snapshot's block, may be empty: then this member can't propose what follows that block. What snapshot_check and
 * machine_load refuse; STATUS_CONFLICT when the snapshot is not of the certified height, STATUS_CORRUPT for another
 * block's finalization.
 *
 * What must be in the ledger then: the leaf machine_state_record and the nodes machine_log_before; no earlier leaf, height
 * or batch is ever asked for, but for what others ask and is answered by silence. A member that takes up its own lane
 * from a snapshot starts with amnesia: it can't know what it signed since. */
enum status replica_restore_snapshot(struct replica *replica, struct slice bytes,
                                     const struct record_snapshot *certified, struct slice finalization) MUST_USE;
/* At any time: the ledger has no longer all batches that were executed before. */
void replica_pruned(struct replica *replica);
/* An executed height with the root that was recorded for it: executed again (batches come through read_batch),
 * compared. */
enum status replica_restore_height(struct replica *replica, uint64_t height, struct slice bytes,
                                   struct slice finalization, const struct checkpoint *expected) MUST_USE;
/* A batch that is not executed yet, in the order in which they were persisted. */
enum status replica_restore_batch(struct replica *replica, struct slice header, struct slice body,
                                  struct slice contents) MUST_USE;
enum status replica_restore_block(struct replica *replica, const struct hash *hash, struct slice block) MUST_USE;
enum status replica_restore_certificate(struct replica *replica, struct slice certificate) MUST_USE;
enum status replica_restore_vote(struct replica *replica, const struct vote *vote) MUST_USE;
enum status replica_restore_certified(struct replica *replica, const struct checkpoint *checkpoint,
                                      const struct checkpoint_signature *signatures, uint32_t count) MUST_USE;
enum status replica_restore_proof(struct replica *replica, struct slice proof) MUST_USE;
/* What the ledger knows of what was signed. */
enum replica_memory {
    MEMORY_WHOLE,
    MEMORY_LANE_LOST, /* it was amnesia once: the votes since then are known, the whole of the lane never will be */
    MEMORY_LOST,      /* amnesia: the ledger was lost, or is a copy that may be older than what was signed */
};
/* After amnesia nothing is signed until q members told what they know, and nothing at all in the own lane any more
 * (docs/protocol.md 2): the owner has to start it with MEMORY_LANE_LOST at least from then on. An own batch of the
 * ledger that could not be put back is amnesia, too. */
void replica_start(struct replica *replica, struct replica_time now, enum replica_memory memory);

/* --- Inputs --- */
void replica_on_frame(struct replica *replica, struct replica_time now, uint32_t from, struct slice bytes);
void replica_on_link(struct replica *replica, struct replica_time now, uint32_t member, bool up);
void replica_on_tick(struct replica *replica, struct replica_time now);
/* When replica_on_tick is wanted at the latest, on the monotonic clock. */
uint64_t replica_deadline_us(const struct replica *replica);

/* Takes one encoded item into the batch that is being filled; `content` may be empty, else its hash must be the
 * item's. On STATUS_OK `ret_seq` and `ret_index` say in which batch of the own lane it will be, once replica_flush
 * sealed that. Refusals:
 * - what execution would refuse in the committed state (machine_check_item), and what it would refuse because the
 *   same item of this member is on its way;
 * - what is wrong with its form, STATUS_TOO_LARGE or STATUS_BAD_HASH for its content;
 * - STATUS_BUSY: the lane has about LANE_OUTSTANDING_MAX batches outstanding, or waits to be put back together;
 * - STATUS_HANDING_OVER: a change of the members while the handover of the epoch before still lacks signatures here;
 * - STATUS_FORKED: a second batch of this member was seen at one place, so that nobody takes its batches any more;
 * - STATUS_LANE_CLOSED: after amnesia;
 * - STATUS_NOT_ALLOWED: its key does not stand in the roster of this epoch;
 * - STATUS_DIVERGED. */
enum status replica_submit(struct replica *replica, struct replica_time now, struct slice bytes, struct slice content,
                           uint64_t *ret_seq, uint32_t *ret_index) MUST_USE;
/* Forgets the items taken since `mark` (all or nothing submissions): marks nest within one unsealed batch. */
struct replica_mark {
    uint32_t items;
    uint32_t bytes;
    uint32_t contents;
    uint32_t content_bytes;
};
struct replica_mark replica_mark(const struct replica *replica);
void replica_rewind(struct replica *replica, struct replica_mark mark);
/* Seals the batch being filled, if there is anything in it: signs, persists, sends. */
void replica_flush(struct replica *replica, struct replica_time now);

/* --- What it knows --- */
struct machine *replica_machine(struct replica *replica);

struct replica_lane {
    struct tip tip;         /* newest held */
    uint64_t committed_seq; /* executed */
    uint64_t wall_us;       /* of the tip */
    bool forked;
    bool sealed;
};
struct replica_peer {
    bool link_up;
    uint64_t heard_us; /* monotonic; 0 never */
    uint64_t view;
    uint64_t height;
    uint64_t certified;
    uint32_t proofs;
};
struct replica_counters {
    uint64_t items, batches, blocks, views_nullified, frames_in, frames_refused, fetches, proposals, votes;
    uint64_t replies_withheld; /* questions of members that had asked too much before */
};
struct replica_status {
    uint32_t self;
    bool is_member; /* its key stands in the roster of the epoch; else it follows and signs nothing */
    uint64_t epoch;
    uint64_t view;
    uint64_t finalized_height; /* agreed on; executed may lag while batches are fetched */
    uint64_t certified_height;
    bool recovering; /* amnesia: waiting for q answers */
    uint64_t
        votes_from; /* amnesia, after the answers: it votes in this view and in later ones; 0 while it forgot nothing */
    bool forgetful;   /* amnesia: a restart before this is false has to be one with amnesia again */
    bool lane_closed; /* amnesia, now or once: nothing is signed in the own lane */
    bool diverged;
    uint32_t outstanding; /* own batches not executed yet */
    struct checkpoint checkpoint;
    struct replica_counters counters;
};
/* Another key that the group is asked to take for this member, copied; NULL: none. It counts when an epoch begins in whose
 * roster it stands; the one that signs now goes on until then. */
void replica_set_next_secret(struct replica *replica, const uint8_t *secret);

/* Who the members are in the epoch that runs. */
const struct roster *replica_roster(const struct replica *replica);
void replica_status(const struct replica *replica, struct replica_status *ret_status);
/* Whom this member hears (docs/protocol.md 6): its own view, which is what its lane says as soon as it is committed. */
struct replica_reach {
    enum level level;
    uint64_t since_us;             /* monotonic: when the level became what it is */
    enum level seen;               /* what is seen at this moment; the level falls to it in time */
    struct member_set unreachable; /* at this moment */
};
void replica_reach(const struct replica *replica, struct replica_reach *ret_reach);
/* How far the certificate of a height is. */
struct replica_share {
    uint64_t height; /* 0: nobody is known to have signed any such height */
    struct threshold threshold;
    struct member_set signers;
    uint32_t needed; /* heads */
    uint64_t weight; /* of the signers */
    uint64_t weight_total;
};
/* The height from `height` on that most members have signed, of those that are remembered: the newest among equals. */
void replica_share(const struct replica *replica, uint64_t height, struct replica_share *ret_share);
void replica_lane(const struct replica *replica, uint32_t member, struct replica_lane *ret_lane);
void replica_peer(const struct replica *replica, uint32_t member, struct replica_peer *ret_peer);
/* The certificate of the highest certified height; STATUS_NOT_FOUND before the first. `ret_signatures` has room for
 * MEMBERS_MAX. */
enum status replica_certified(const struct replica *replica, struct checkpoint *ret_checkpoint,
                              struct checkpoint_signature *ret_signatures, uint32_t *ret_count) MUST_USE;
/* The members of the epoch of that certificate; NULL when it is of an epoch before the last one that ended. */
const struct roster *replica_certified_roster(const struct replica *replica);
/* The handover of an epoch that ended (wire/handover.h), valid until the next call; STATUS_NOT_FOUND until enough members have
 * signed it. */
enum status replica_handover(struct replica *replica, uint64_t epoch, struct slice *ret_bytes) MUST_USE;
/* What the state of the certified height shows of the members, by number; older than what is remembered after a restart
 * it may be that of another height, which the members root in the state record tells. */
const struct machine_member *replica_certified_standing(const struct replica *replica);
/* And of the parameters, the same way: the parameters root tells. */
const struct record_parameters *replica_certified_parameters(const struct replica *replica);
/* The belief with every uncommitted batch that this member holds applied on top. */
enum status replica_local_belief(struct replica *replica, const struct question_id *id,
                                 struct record_belief *ret_belief) MUST_USE;
/* Batch `seq` of a lane, executed or held, of the version that this member goes along with. STATUS_NOT_FOUND: there is
 * none. The slices are valid until the next call of anything of this replica. */
struct replica_batch {
    struct hash hash;
    struct slice header; /* COSE_Sign1, see wire/header.h */
    struct slice body;   /* items */
};
enum status replica_batch(const struct replica *replica, uint32_t member, uint64_t seq,
                          struct replica_batch *ret_batch) MUST_USE;
/* The encoded block (wire/block.h) that was executed as `height`; STATUS_NOT_FOUND. Valid as above. */
enum status replica_block(const struct replica *replica, uint64_t height, struct slice *ret_block) MUST_USE;
/* The k-th stored proof against a member; STATUS_NOT_FOUND past the last. */
enum status replica_proof(const struct replica *replica, uint32_t member, uint32_t index,
                          struct slice *ret_proof) MUST_USE;

#endif
