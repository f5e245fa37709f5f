/* The machine: executes finalized cuts. A pure function of the genesis and of the blocks and batches executed so far
 * (docs/protocol.md 5): no clock, no randomness, no floating point, no order that depends on memory. Two machines fed
 * the same blocks have the same log root, bit for bit; that is the invariant that everything above rests on.
 *
 * It owns the state (questions, members, parameters), the three state trees and the frontier of the log. Leaves are
 * handed out through a sink as they are made; keeping them is the ledger's work. */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "base/outlet.h"
#include "belief/question.h"
#include "crypto/merkle.h"
#include "standing/standing.h"
#include "wire/block.h"
#include "wire/calibrated.h"
#include "wire/checkpoint.h"
#include "wire/genesis.h"
#include "wire/header.h"
#include "wire/item.h"
#include "wire/record.h"
#include "wire/roster.h"
#include "wire/snapshot.h"

struct machine;

/* Size of the region that machine_init needs, bytes: mostly address space that is never touched, so callers should
 * map it lazily. Aligned to 16. */
size_t machine_bytes(const struct genesis *genesis);

/* Builds the state at height 0: leaf 0 of the log is the genesis. `genesis` is copied. `memory` must outlive the
 * machine; it must be zeroed (a fresh mapping is). */
struct machine *machine_init(void *memory, size_t bytes, const struct genesis *genesis);

/* One batch that a block newly includes. Everything is borrowed for the time of the call. */
struct machine_batch {
    uint32_t member;
    uint64_t seq;
    struct hash hash;
    uint64_t wall_us;
    const struct tip *deps;
    uint32_t deps_count;
};

/* A batch as its items see it. */
struct machine_origin {
    uint32_t member;
    uint64_t seq;
    uint64_t wall_us;
};

/* Where the bytes of a batch come from and where the results go. The functions are called in the order of execution.
 */
struct machine_ports {
    void *context;
    /* The batch's COSE_Sign1 bytes and its encoded items; valid until the next call. Held by contract: the replica
     * executes only what it holds (a failure is a CHECK). */
    enum status (*read_batch)(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body);
    /* Leaf `index` of the log. */
    void (*leaf)(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash);
    /* The bytes of a leaf of an earlier block; valid until the next call. Held by contract, as batches are. */
    enum status (*read_leaf)(void *context, uint64_t index, struct slice *ret_bytes);
    /* An executed item that changed nothing, and why: for the lane owner's eyes. May be NULL. */
    void (*refused)(void *context, uint32_t member, uint64_t seq, uint32_t item, enum status why);
    /* A question's belief after the block, for those that the block touched, in the order of creation. May be NULL.
     */
    void (*changed)(void *context, const struct record_belief *belief);
};

/* Executes one block. `batches` are all newly included batches in any order; they are sorted here: topologically by
 * deps, ties by (member, seq). Deps that are not among `batches` are already executed or waived. The block's time is
 * the weighted median of the wall_us of the entries' own batches, never before the previous block's. `ret_checkpoint`
 * is what this member must sign. The array is reordered in place. */
void machine_execute(struct machine *machine, const struct block *block, const struct hash *block_hash,
                     struct machine_batch *batches, size_t batches_count, const struct machine_ports *ports,
                     struct checkpoint *ret_checkpoint);

uint64_t machine_height(const struct machine *machine);
uint64_t machine_time_us(const struct machine *machine);
/* Places: members are numbered below this. */
uint32_t machine_members(const struct machine *machine);
const struct hash *machine_chain(const struct machine *machine);
const struct genesis *machine_genesis(const struct machine *machine);
/* The roster of the epoch of the last executed height, and of the one that follows it: NULL unless the last executed
 * block ended the epoch. Blocks of the ended epoch are executed no more: the next one must say the next epoch (checked).
 * Both belong to the machine, until the next execution. */
const struct roster *machine_roster(const struct machine *machine);
const struct roster *machine_next_roster(const struct machine *machine);
/* The log before the two last leaves of an epoch, which are the record of the next roster and the state record; while
 * machine_next_roster is not NULL. */
const struct merkle_frontier *machine_handover_log(const struct machine *machine);
/* Members that there are, as against machine_members, which counts places. */
uint32_t machine_heads(const struct machine *machine);
/* What the member at this place proposes to make of the roster (docs/protocol.md 8): STATUS_UNKNOWN_MEMBER,
 * STATUS_NOT_FOUND. The name belongs to the machine, until the next execution. */
enum status machine_proposal(const struct machine *machine, uint32_t member, struct reconfigure *ret_change) MUST_USE;
/* What the members' levels make of the group (docs/protocol.md 6), in the state of the last executed height. */
struct machine_partition {
    struct threshold threshold; /* in force: raised, or the roster's own */
    bool is_raised;
    bool is_enhanced;           /* stricter monitoring: while it is raised, and for RECOVERY_WINDOW_US after */
    uint64_t enhanced_until_us; /* block time, while it is enhanced and not raised */
    uint32_t apart;             /* members at major or severe */
};
#define RECOVERY_WINDOW_US UINT64_C(120000000)
void machine_partition(const struct machine *machine, struct machine_partition *ret_partition);
/* What the parameters record of the last executed height says. */
void machine_parameters(const struct machine *machine, struct record_parameters *ret_parameters);
/* The checkpoint of the last executed height (height 0: the log with the genesis alone). */
void machine_checkpoint(const struct machine *machine, struct checkpoint *ret_checkpoint);
/* 65536 is one full member; the weights that the state of the last executed height gives. */
uint32_t machine_weight(const struct machine *machine, uint32_t member);
/* Reputation, suspicion with its reasons, proofs, probation. */
void machine_standing(const struct machine *machine, uint32_t member, struct standing_member *ret_standing);
/* What `member` owes to the challenge that is under way: an answer item [5, height, digest]. STATUS_NOT_FOUND when
 * nothing. */
enum status machine_challenge(const struct machine *machine, uint32_t member, uint64_t *ret_height,
                              struct hash *ret_digest) MUST_USE;
/* The state record of the last executed height and its index in the log (height 0: STATUS_NOT_FOUND). The bytes
 * belong to the machine and are valid until the next execution. */
enum status machine_state_record(const struct machine *machine, struct slice *ret_bytes,
                                 uint64_t *ret_index) MUST_USE;

/* What of a member's record changes from height to height. */
struct machine_member {
    uint32_t weight;
    uint32_t reputation;
    uint32_t suspicion;
    uint32_t reason;
    uint32_t proof;
    enum level level; /* that it committed last */
};
/* As the state of the last executed height has it. */
struct machine_member machine_member(const struct machine *machine, uint32_t member);
/* The record of the place `member` in a state of an epoch with this roster that has this of it. */
void machine_record_member(const struct roster *roster, uint32_t member, const struct machine_member *of,
                           struct writer *ret_bytes);
/* The same with the roster of the last executed height. */
void machine_member_record(const struct machine *machine, uint32_t member, const struct machine_member *of,
                           struct writer *ret_bytes);

/* The earliest block time at which something happens by itself (a window or a deadline ends); UINT64_MAX when nothing
 * waits. A member whose wall clock passed it writes an empty batch, so that block time gets there in an idle cluster.
 */
uint64_t machine_next_due_us(const struct machine *machine);

/* Would this item of this member be taken now? The rules of execution in the state and at the time of the last block,
 * without changing anything: what a member asks before it accepts a submission into its lane. */
enum status machine_check_item(const struct machine *machine, uint32_t member, const struct item *item,
                               struct slice item_bytes) MUST_USE;

uint64_t machine_questions_count(const struct machine *machine);
/* By order of creation. Text slices belong to the machine, until the next execution. STATUS_UNKNOWN_QUESTION. */
enum status machine_belief_at(const struct machine *machine, uint64_t index,
                              struct record_belief *ret_belief) MUST_USE;
enum status machine_find_question(const struct machine *machine, const struct question_id *id,
                                  uint64_t *ret_index) MUST_USE;
/* The question record and its inclusion in the questions tree of the last executed height. */
enum status machine_question_proof(const struct machine *machine, uint64_t index, struct writer *ret_record,
                                   struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_proof_count,
                                   uint64_t *ret_questions) MUST_USE;
/* Index in the log of the verdict of a closed question; STATUS_NOT_FOUND while it is open. */
enum status machine_verdict_index(const struct machine *machine, uint64_t question, uint64_t *ret_leaf) MUST_USE;

/* A family of label questions. Texts belong to the machine. */
struct machine_family {
    struct slice name;
    uint32_t owner;
    uint32_t hypotheses;
    uint32_t questions;
    uint64_t leaf;       /* of its calibration record in the log; 0 while it is open */
    struct slice record; /* the calibration record; empty while it is open */
};
uint32_t machine_families_count(const struct machine *machine);
/* By order of foundation; STATUS_UNKNOWN_FAMILY. */
enum status machine_family_at(const struct machine *machine, uint32_t index,
                              struct machine_family *ret_family) MUST_USE;
enum status machine_find_family(const struct machine *machine, struct slice name, uint32_t *ret_index) MUST_USE;
/* Goes through the questions of a family in the order in which they were asked: `*question` is an index as in
 * machine_belief_at, UINT32_MAX before the first. False after the last. `ret_result` is filled once the family is
 * closed; `place` counts the calls from 0. */
bool machine_family_next(const struct machine *machine, uint32_t family, uint32_t place, uint32_t *question,
                         struct record_calibrated *ret_result);

/* What became of the questions that a member asked: how many have their verdict, and of how many of those it has
 * opened the commitment since. Who asks canaries and never opens them is seen here. */
struct machine_asked {
    uint64_t closed;
    uint64_t opened;
};
void machine_asked(const struct machine *machine, uint32_t member, struct machine_asked *ret_asked);

/* Counted from the genesis on, for metrics. */
struct machine_counts {
    uint64_t alarms; /* suspicion records */
    uint64_t answers_right;
    uint64_t answers_wrong;
    uint64_t answers_missing;
};
void machine_counts(const struct machine *machine, struct machine_counts *ret_counts);

/* --- Snapshots (docs/protocol.md 9, docs/formats.md) ---
 *
 * Every SNAPSHOT_INTERVAL blocks the state commits to a snapshot of itself: the record of the parameters names it from
 * that height on, until the next one. A machine that loads it stands where the one that saved it stood, with the same
 * checkpoint, and executes on with the same roots, bit for bit.
 *
 * The state of every height can be saved, but only that of such a height can be proven in full: the checkpoint of another
 * one says nothing of the detectors or of evidence that is still open.
 *
 * For whoever keeps ledgers and replicas:
 * - Save when the execution of such a height returns (machine_parameters names it), before the next block.
 * - A member that starts from a snapshot: machine_init, machine_load, compare, then blocks from height + 1 on.
 * - Compare the record that a certificate proves with machine_snapshot, or, when there is a certificate of this very
 *   height, its checkpoint with machine_checkpoint.
 * - The log goes on behind machine_log_before, whose peaks are the nodes that proofs of later leaves need, and whose next
 *   leaf is the state record (machine_state_record). Challenges never ask for a leaf before that one, so earlier
 *   leaves may be gone. (A state that does not commit to its own snapshot needs those from machine_challenge_from on.)
 * - The lanes go on behind machine_lane; batches up to there may be gone. Their newest hashes are there still. */

/* For tests and simulations: every so many blocks instead, the same on all members, before the first block (checked). */
void machine_snapshot_every(struct machine *machine, uint64_t blocks);
/* The newest snapshot that the state commits to; height 0: none. */
void machine_snapshot(const struct machine *machine, struct record_snapshot *ret_snapshot);
/* Length of the snapshot of the last executed height, which is at least 1 and ends no epoch (checked). O(state). */
uint64_t machine_snapshot_bytes(const struct machine *machine);
/* Hands it out in chunks of SNAPSHOT_CHUNK_BYTES, the last one shorter. `chunk` must not call the machine. O(state). */
void machine_save(const struct machine *machine, outlet_piece *chunk, void *context);
/* Loads it into a machine that was just initialised with the genesis of the chain (checked). Strict: what machine_save
 * would not have written is refused, and sizes are bounded by the genesis before anything is believed: STATUS_VERSION,
 * STATUS_WRONG_CHAIN, STATUS_TRUNCATED, STATUS_TRAILING_BYTES, STATUS_BAD_VALUE, STATUS_BAD_HASH, STATUS_DUPLICATE,
 * STATUS_CONFLICT, STATUS_TOO_LARGE, STATUS_OVER_TOTAL_LIMIT, STATUS_STATE_FULL, STATUS_NOT_CANONICAL, what
 * families_check_ask says, statuses of decoding a record. It does not judge whether the state is the agreed one: see
 * above.
 *
 * After a refusal the machine is half filled: reads are safe but mean nothing, everything else stops the process. Only
 * machine_init over zeroed memory makes a usable one. `bytes` is borrowed for the call. O(state). */
enum status machine_load(struct machine *machine, struct slice bytes) MUST_USE;

/* The log before the state record of the last executed height. */
const struct merkle_frontier *machine_log_before(const struct machine *machine);
/* The first leaf that a challenge of a later block can ask for. */
uint64_t machine_challenge_from(const struct machine *machine);
/* The last executed block, and its view. */
void machine_block(const struct machine *machine, struct hash *ret_block, uint64_t *ret_view);

/* Hashes of executed batches of each lane that the state remembers. A later batch may name an older one only if its
 * member has been away for so long. */
#define MACHINE_LANE_HASHES 512
struct machine_lane {
    uint64_t seq; /* of the newest executed batch; 0: none */
    struct hash hash;
    uint64_t wall_us;
    bool is_sealed;
};
void machine_lane(const struct machine *machine, uint32_t member, struct machine_lane *ret_lane);
/* The newest batch of `other` that the executed batches of this member's lane refer to; 0: none. */
uint64_t machine_lane_seen(const struct machine *machine, uint32_t member, uint32_t other);
/* STATUS_NOT_FOUND when it was not executed, or is older than what is remembered. */
enum status machine_lane_hash(const struct machine *machine, uint32_t member, uint64_t seq,
                              struct hash *ret_hash) MUST_USE;

/* A preview: one question with uncommitted evidence on top (reads that say `local`). begin copies the question into
 * memory of the preview's own (the machine is not changed and must not execute until the end); apply skips items of
 * other questions and those that execution would refuse. A question that is only asked in uncommitted batches is
 * created by its ask. One at a time. */
void machine_preview_begin(struct machine *machine, const struct question_id *id);
void machine_preview_apply(struct machine *machine, const struct machine_origin *origin, const struct item *item,
                           struct slice item_bytes);
/* STATUS_UNKNOWN_QUESTION when neither the state nor an applied ask created it. Text slices are valid until the next
 * call of a function that changes the machine or begins a preview. */
enum status machine_preview_end(struct machine *machine, struct record_belief *ret_belief) MUST_USE;

#endif
