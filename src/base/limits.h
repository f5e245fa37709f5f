/* Limits: the one commented home of every bound. Past a limit: a refusal that names it, nothing partial, nothing
 * lost. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdint.h>

/* Fewer than 4 members tolerate no fault at 3/4; member numbers and head counts fit one byte and small arrays. */
#define MEMBERS_MIN 4
#define MEMBERS_MAX 256
/* A name is one key name of a signed note: short enough for one line of a table. */
#define MEMBER_NAME_BYTES_MAX 64

/* Above 64 hypotheses a question is a regression, and a member's vector no longer fits a cache line or two. */
#define HYPOTHESES_MIN        2
#define HYPOTHESES_MAX        64
#define HYPOTHESIS_BYTES_MAX  128
#define TITLE_BYTES_MAX       512
#define OBSERVATION_BYTES_MAX 128
#define FAMILY_BYTES_MAX      64

/* One quantum is 1e-9 nat. */
#define QUANTA_PER_NAT INT64_C(1000000000)
/* e^50 to one is beyond what one honest observation can say; it bounds the noise of one wrong digit. */
#define ITEM_LIMIT_QUANTA (50 * QUANTA_PER_NAT)
/* A member's centred total for one question, at scale k. Leaves 128-bit room: 2^57 * 2^8 members * 2^17 weight *
 * 2^36. */
#define TOTAL_LIMIT_QUANTA (INT64_C(1) << 57)
/* Priors, caps and thresholds share the room of one item times what a thousand of them could add up to. */
#define PARAMETER_LIMIT_QUANTA (50000 * QUANTA_PER_NAT)

/* A batch is one message, one row in the ledger and one step of execution. */
#define BATCH_ITEMS_MAX 65536
#define BATCH_BYTES_MAX (4u * 1024 * 1024)
/* The largest item: an ask with 64 hypotheses of 128 bytes, a prior, a title. */
#define ITEM_BYTES_MAX    16384
#define CONTENT_BYTES_MAX (64u * 1024)
/* What a lane may have beyond the last finalized cut: bounds what one member can make the others hold. */
#define LANE_OUTSTANDING_MAX 256
/* Versions of one lane's batches held at one position while its fork is not sealed yet: one for each member that may
 * have referred to it is enough, a few are plenty. */
#define LANE_VERSIONS_MAX 4
/* New bytes that one block may include, over all lanes; a lane's fair share is this divided by n, never below one
 * batch. */
#define BLOCK_BYTES_MAX (64u * 1024 * 1024)

/* A frame carries one message: a batch with its contents, or a proposal with its certificates. */
#define FRAME_BYTES_MAX (8u * 1024 * 1024)
/* Contents travel beside the items of a batch; both and the header fit one frame. */
#define BATCH_CONTENT_BYTES_MAX (3u * 1024 * 1024)

/* What one member can make another one send to it alone: half of what a gigabit link carries, so that whoever asks for everything all the
 * time leaves the other half to the others, and a newcomer still gets 4 GiB in a minute from each of those it asks. The burst is one full
 * queue of the transport: beyond that an answer would be dropped anyway. */
#define REPLY_BYTES_PER_S (64u * 1024 * 1024)
#define REPLY_BURST_BYTES (4 * (int64_t)FRAME_BYTES_MAX)
/* A question costs at least this, answered or not: finding the answer is work too. It makes 16384 answers a second, and a newcomer needs
 * about two for each batch. */
#define REPLY_BYTES_MIN 4096

/* A clock further ahead than this is not acknowledged until it is no longer ahead. */
#define CLOCK_AHEAD_MAX_US INT64_C(500000)

/* Misbehaviour proofs kept per member: one is enough to judge, some more show how often. */
#define PROOFS_PER_MEMBER_MAX 16
/* Misbehaviour proofs in one block. */
#define BLOCK_PROOFS_MAX 16

/* Views after the last finalized one that are remembered: certificates alone can't be multiplied by fewer than q
 * members. */
#define VIEWS_UNFINALIZED_MAX 512
/* Nullifications carried inside one proposal; older ones are fetched. */
#define PROPOSAL_NULLIFICATIONS_MAX 64
/* How far past its own view a member remembers votes: enough for a burst, too little to fill memory. */
#define VIEWS_AHEAD_MAX 16

/* The replicated state of all open questions, in bytes of pool_rounded: a deterministic budget, agreed on in the genesis. */
#define STATE_BYTES_MIN     (UINT64_C(1) << 20)
#define STATE_BYTES_DEFAULT (UINT64_C(1) << 30)
#define STATE_BYTES_MAX     (UINT64_C(1) << 36)

/* Keys that members of a group ever had: a key that was used never comes back, so each is remembered. A group of 256 can
 * give everybody another key fifteen times over. */
#define KEYS_USED_MAX 4096
/* Blocks between two snapshots that the state commits to: one costs every member a pass over the whole state, so they are
 * rare; and a newcomer executes half as many blocks on average before it has caught up, so not too rare. */
#define SNAPSHOT_INTERVAL 1024
/* A snapshot is fetched and proven in pieces of this size: far below a frame, and 1 GiB has a proof of 14 hashes. */
#define SNAPSHOT_CHUNK_BYTES 65536

/* Depth of nested CBOR: ours never exceeds 5. */
#define CBOR_DEPTH_MAX 8

_Static_assert(BATCH_BYTES_MAX + BATCH_CONTENT_BYTES_MAX + 65536 <= FRAME_BYTES_MAX, "a batch fits a frame");
_Static_assert(ITEM_BYTES_MAX <= BATCH_BYTES_MAX, "an item fits a batch");
_Static_assert(HYPOTHESES_MAX *(HYPOTHESIS_BYTES_MAX + 16) + TITLE_BYTES_MAX + 256 <= ITEM_BYTES_MAX,
               "an ask fits an item");
_Static_assert(BATCH_BYTES_MAX <= BLOCK_BYTES_MAX, "a batch fits a block");

#endif
