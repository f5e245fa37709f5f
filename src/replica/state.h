/* The replica's own state; private to this room. */
#ifndef REPLICA_STATE_H
#define REPLICA_STATE_H

#include "agreement/agreement.h"
#include "lane/lane.h"
#include "partition/monitor.h"
#include "replica/own.h"
#include "replica/replica.h"
#include "wire/frame.h"
#include "wire/handover.h"

/* Final blocks that wait for batches before they can be executed. With more than the backlog of them this member
 * takes nothing more from the agreement until it has caught up: what one message can then still make final is a
 * range, and all views that are not final yet. */
enum {
    EXECUTION_BACKLOG_MAX = 2 * RANGE_BLOCKS_MAX,
    EXECUTION_QUEUE_MAX = EXECUTION_BACKLOG_MAX + RANGE_BLOCKS_MAX + VIEWS_UNFINALIZED_MAX,
};
/* Valid batches of one lane whose ancestors or deps are still on their way: each lane has room of its own. */
enum { HELD_LANE_MAX = 64 };
#define HELD_LANE_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* Batches of one lane asked for ahead when it is behind. */
enum { FETCH_WINDOW = 32, WANT_ATTEMPTS_MAX = 16 };
/* Heights whose checkpoint is remembered, to judge attestations that come late or early. */
enum { ATTESTED_HEIGHTS = 32 };

/* Bytes in pool memory; none: NULL. */
struct kept {
    uint8_t *data;
    size_t bytes;
};
static inline struct slice slice_of_kept(struct kept kept) { return slice_of(kept.data, kept.bytes); }

struct queued_block {
    struct hash hash;
    uint64_t view;
    uint64_t height;
    struct kept bytes;
    struct kept finalization; /* may be none */
};

struct held {
    struct header *header; /* NULL: free. Pool memory */
    struct hash hash;
    struct tip root;           /* what it waits for in the end, which is not here; seq 0: a clock, or room */
    struct slice header_bytes; /* all three are in `memory` */
    struct slice body;
    struct slice contents;
    uint8_t *memory; /* pool memory */
    size_t bytes;
};

/* The batches of one lane that are on hold. */
struct hold {
    struct pool pool;
    uint32_t count;
    size_t bytes;
    struct held places[HELD_LANE_MAX];
};

/* Why a batch is wanted. What a lane's batches refer to is charged to that lane (its member number). */
enum { WANTED_BY_FINAL = MEMBERS_MAX, WANTED_BY_PROPOSAL, WANTED_BY_ACK };

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
    bool fork;
    bool in_chain; /* a final block carries it */
};

struct peer {
    uint32_t proofs;
    struct stored_proof proof[PROOFS_PER_MEMBER_MAX];
    bool recovered;                /* its answer to an amnesiac counts */
    uint64_t recover_answered_us;  /* when it was answered last as an amnesiac itself */
    uint64_t heartbeat_replied_us; /* when a heartbeat of it was answered last */
    int64_t allowance;             /* bytes that it may be sent (reply.c); below zero: a debt */
    uint64_t allowance_us;         /* when that was; 0: never yet */
};

/* The handover of the epoch before, until enough have signed it. */
struct pending_handover {
    bool is_open;
    struct checkpoint checkpoint;
    struct merkle_frontier log; /* before the two last leaves */
    uint8_t state[RECORD_STATE_BYTES_MAX];
    size_t state_bytes;
    struct member_set signers;
    uint8_t signatures[MEMBERS_MAX][SIGNATURE_BYTES];
    uint64_t ask_us; /* when the others are asked again for the oldest that is missing */
};

struct replica {
    struct genesis genesis;
    struct hash chain;
    uint32_t self;
    uint32_t members;
    uint32_t quorum;
    uint8_t secret[SECRET_BYTES];
    uint8_t next_secret[SECRET_BYTES]; /* kept ready for an epoch in which this member has another key */
    bool has_next_secret;
    uint8_t old_secret[SECRET_BYTES]; /* of the key before */
    bool has_old_secret;
    const uint8_t
        *signer; /* the secret of this member's key in the roster; NULL: it is not in it, and signs nothing */
    struct roster roster;   /* of the epoch that runs */
    struct roster previous; /* of the one before; of the first epoch in the first */
    uint32_t heads;         /* members in the roster */
    struct keyring keyring;
    struct pending_handover pending;
    uint64_t handovers;       /* those of the epochs below this one are kept */
    struct handover handover; /* scratch */
    uint64_t delta_us;
    uint64_t heartbeat_us;
    struct replica_ports ports;
    struct replica_time now;

    struct machine *machine;
    struct agreement *agreement;
    struct lanes lanes;
    struct pool pool; /* queued blocks and proofs; it has room for all there can be */

    struct cut final_cut;          /* of the newest final block */
    struct cut executed_cut;       /* of the newest executed one */
    struct tip goals[MEMBERS_MAX]; /* per lane: the final batch that is asked for now; seq 0 for none */
    struct cut scratch_cut;
    struct queued_block queue[EXECUTION_QUEUE_MAX];
    uint32_t queue_first;
    uint32_t queue_count;
    struct machine_batch *batches; /* scratch of one execution */
    size_t batches_count;

    struct hold *holds; /* members of them */
    uint32_t held_count;
    bool retry;               /* something changed that held batches may have waited for */
    struct want *wants;       /* members rows of replica_want_row, by the lane that is asked for */
    uint32_t *wants_by_lane;  /* how many of each row are in use */
    uint64_t wants_due_us;    /* none is due before */
    uint64_t range_asked_us;  /* when a range was asked for that has not come; 0: none */
    uint32_t range_peer;      /* whom */
    uint64_t range_height;    /* the newest final height when this member was seen to be behind */
    uint64_t range_behind_us; /* since when it is behind without getting on */
    struct member_set dirty;  /* lanes whose tip moved since the last acknowledgement was sent */
    bool lanes_moved;         /* whether there is work has to be looked at again */

    struct own own; /* the batch that is being filled, and own items on their way */
    bool own_lost;  /* an own batch of the ledger could not be put back */
    uint64_t available_seq;
    uint64_t tick_batch_us; /* when the last empty batch was written, monotonic */

    struct replica_peer *known; /* members of them; small and apart, because every input goes over all of them */
    struct peer *peers; /* members of them; the own entry holds own attestations and proofs against this member */
    struct attestation *attestations; /* one of each member for each height modulo that */
    struct checkpoint checkpoints[ATTESTED_HEIGHTS];
    struct machine_member standing[ATTESTED_HEIGHTS][MEMBERS_MAX]; /* in the states of these heights */
    struct record_parameters parameters[ATTESTED_HEIGHTS];         /* in the same */
    struct checkpoint certified;
    struct checkpoint_signature certified_signatures[MEMBERS_MAX];
    uint32_t certified_count;
    struct machine_member certified_standing[MEMBERS_MAX]; /* in the state of that height, as far as it is known */
    struct record_parameters certified_parameters;         /* the same */
    uint64_t heartbeat_at_us;
    uint32_t heartbeats;
    struct monitor monitor;
    struct threshold threshold; /* of the newest executed height */

    bool started;
    bool restoring;
    bool recovering;
    bool lane_closed; /* amnesia, now or in an earlier life */
    bool diverged;
    uint64_t recover_nonce;
    uint64_t recover_at_us;
    uint64_t recover_view;    /* the highest view that an answer named */
    uint64_t recover_done_us; /* when enough answers were there; 0: not yet */
    struct replica_counters counters;

    /* Scratch: decoded frame and objects of the step, and one outgoing frame. */
    struct frame *frame;
    struct frame *out;
    struct header *header;
    struct block *block;
    uint8_t *buffer;  /* FRAME_BYTES_MAX: the outgoing frame's encoding */
    uint8_t *scratch; /* FRAME_BYTES_MAX: what is joined for one outgoing frame */
};

/* on_frame.c */
void replica_send_frame(struct replica *r, uint32_t to, const struct frame *frame);
void replica_event(struct replica *r, const struct replica_event *event);
/* Everything that became possible by the input is done here, at the end of each input. */
void replica_settle(struct replica *r);

/* submit.c: the own lane */
bool replica_may_write(const struct replica *r);
void replica_seal(struct replica *r);
/* Puts an item of this member's own accord into its lane and seals it, when it is up to date and may write. */
void replica_say(struct replica *r, const struct item *item);
void replica_answer_challenge(struct replica *r);
void replica_tell_time(struct replica *r);

/* epoch.c */
/* The secret of the key that stands there for this member: the present one, or the one that was kept ready; NULL when it has
 * none. */
const uint8_t *replica_secret_in(const struct replica *r, const struct roster *roster);
/* The one of the epoch that ended last, the key before among them. A handover is no vote: signed twice it is the same. */
const uint8_t *replica_secret_of_ended(const struct replica *r);
void replica_take_roster(struct replica *r, const struct roster *roster);
/* `last` was executed and ends the epoch. `is_proven`: it has a finalization of its own. */
void replica_end_epoch(struct replica *r, const struct queued_block *last, bool is_proven);

/* The roster of this epoch, which is the one that runs or the one before; else NULL. */
const struct roster *replica_roster_of(const struct replica *r, uint64_t epoch);

/* resay.c */
/* The own batches that are not executed, oldest first. */
uint32_t replica_resay_collect(const struct replica *r, struct hash ret_hashes[LANE_OUTSTANDING_MAX]);
void replica_resay(struct replica *r, const struct hash *hashes, uint32_t count);

/* handover.c */
/* The epoch before this one has ended with this checkpoint. */
void replica_handover_begin(struct replica *r, const struct checkpoint *checkpoint);
void replica_handover_signed(struct replica *r, uint32_t member, const struct checkpoint *checkpoint,
                             const uint8_t signature[SIGNATURE_BYTES]);
/* After restoring: the ledger may have it. */
void replica_handover_start(struct replica *r);
void replica_handover_tick(struct replica *r);
uint64_t replica_handover_deadline_us(const struct replica *r);
enum status replica_on_fetch_handover(struct replica *r, uint32_t from, uint64_t epoch);
enum status replica_on_handover(struct replica *r, struct slice bytes);

/* level.c */
void replica_watch_start(struct replica *r);
void replica_watch_heard(struct replica *r, uint32_t from);
void replica_watch_tick(struct replica *r);
void replica_watch_threshold(struct replica *r, const struct checkpoint *checkpoint);

/* hold.c */
const struct held *replica_held(const struct replica *r, const struct tip *tip);
bool replica_holds_back(const struct replica *r, const struct tip *tip);
bool replica_hold(struct replica *r, const struct header *header, const struct hash *hash, struct slice header_bytes,
                  struct slice body, struct slice contents, const struct tip *root);
void replica_release(struct replica *r, struct held *held);
void replica_release_all(struct replica *r, uint32_t member);

/* on_batch.c */
enum status replica_on_batch(struct replica *r, uint32_t from, const struct frame *frame);
void replica_retry_held(struct replica *r);
void replica_accepted(struct replica *r, const struct batch *batch);
enum status replica_check_batch(struct replica *r, struct slice header, struct slice body, struct slice contents,
                                struct header *ret_header, struct hash *ret_hash);

/* fetch.c */
void replica_want_final(struct replica *r, const struct tip *entry);
void replica_goal_came(struct replica *r, const struct header *header, const struct hash *hash, enum status offered);
uint32_t replica_want_row(uint32_t members);
void replica_want(struct replica *r, const struct tip *tip, uint32_t why, uint64_t delay_us);
void replica_want_lane(struct replica *r, uint32_t member, uint64_t seq, uint64_t delay_us);
/* `tip` by its hash, and what is before it by its place. */
void replica_want_up_to(struct replica *r, const struct tip *tip, uint32_t why, uint64_t delay_us);
void replica_fetch_tick(struct replica *r);
void replica_drop_wants(struct replica *r, uint32_t member);
void replica_got(struct replica *r, const struct tip *tip);
enum status replica_on_fetch_batch(struct replica *r, uint32_t from, const struct tip *tip);
enum status replica_send_range(struct replica *r, uint32_t to, uint64_t height);
enum status replica_on_fetch_range(struct replica *r, uint32_t from, uint64_t height);
void replica_ask_range(struct replica *r);
void replica_got_range(struct replica *r, uint32_t from);

/* reply.c */
/* Whether a question of this member is answered now; takes what any answer costs at least. */
bool replica_may_reply(struct replica *r, uint32_t from);
bool replica_may_reply_to_heartbeat(struct replica *r, uint32_t from);
/* So much was sent to `to`, unless that is everyone. */
void replica_charge(struct replica *r, uint32_t to, size_t bytes);

/* payload.c: what the agreement asks about the payload of blocks */
void replica_build(void *context, const struct hash *parent, struct block *block);
enum status replica_check(void *context, const struct block *block);
enum status replica_seals(struct replica *r, const struct block *block, struct member_set *ret_seals);
void replica_look_for_work(struct replica *r);

/* execute.c */
size_t replica_queue_bytes(uint32_t members);
void replica_finalized(void *context, const struct agreement_block *block, struct slice finalization);
bool replica_execute_next(struct replica *r);
void replica_queue_drop_first(struct replica *r);
enum status replica_queue_block(struct replica *r, const struct hash *hash, const struct block *block,
                                struct slice bytes, struct slice finalization);

/* attest.c */
void replica_attest(struct replica *r, const struct checkpoint *checkpoint);
enum status replica_on_attestation(struct replica *r, uint32_t from, const struct frame *frame);
void replica_send_attestation(struct replica *r, uint32_t to);
void replica_send_signature(struct replica *r, uint32_t to, const struct checkpoint *checkpoint,
                            const uint8_t signature[SIGNATURE_BYTES]);

/* misbehaviour.c */
size_t replica_proofs_bytes(uint32_t members);
void replica_proof_final(struct replica *r, struct slice bytes);
/* The block that carried it is void: it is to be carried again. */
void replica_proof_void(struct replica *r, struct slice bytes);
/* Those against this member can't be judged any more. */
void replica_drop_proofs(struct replica *r, uint32_t member);
void replica_fork_seen(struct replica *r, struct slice header, const struct hash *rival);
void replica_votes_seen(void *context, const struct vote *a, const struct vote *b);
enum status replica_take_proof(struct replica *r, struct slice bytes, bool forward);

/* recover.c */
bool replica_is_forgetful(const struct replica *r);
void replica_recover_tick(struct replica *r);
/* Another epoch began: what was answered was about the one before. */
void replica_recover_again(struct replica *r);
enum status replica_on_recover(struct replica *r, uint32_t from, uint64_t nonce);
enum status replica_on_recovered(struct replica *r, uint32_t from, const struct frame *frame);

#endif
