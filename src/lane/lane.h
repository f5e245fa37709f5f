/* Lanes: one hash chain of batches per member, as this member holds them (docs/protocol.md 2).
 *
 * A batch is *accepted* when its header is valid and all its ancestors and deps are held: so everything accepted can
 * be handed on and included in a cut. What can't be accepted yet is not kept here. Versions of a forked lane are held
 * side by side, by hash.
 *
 * Invariants: an accepted batch links by `parent` down to the lane's base; the base is the last executed batch; the
 * tip is the newest batch of the one version that this member goes along with, and stops moving when the lane forks
 * or is sealed.
 *
 * Signatures, Merkle roots and bodies are the caller's work: here arrive headers that its owner signed. */
#ifndef LANE_LANE_H
#define LANE_LANE_H

#include "base/pool.h"
#include "lane/cut.h"
#include "wire/header.h"

struct batch {
    struct hash hash;
    struct hash prev;
    uint32_t member;
    uint64_t seq;
    uint64_t wall_us;
    uint32_t count;
    uint32_t bytes;
    uint32_t deps_count;
    struct tip *deps;
    struct batch *parent; /* NULL when the previous one is the base */
    struct batch *other;  /* next version at the same seq */
};

/* Hashes of executed batches that are remembered per lane; older ones are asked of the ledger. */
enum { LANE_HISTORY = 512 };

struct lane {
    struct cut_tip base;
    uint64_t base_wall_us;
    struct batch *tip; /* NULL: at the base */
    uint32_t held;
    uint64_t
        forgotten; /* of executed batches up to here only some hashes are known: it was taken up from a snapshot */
    struct hash expected; /* a final batch that is still to come, zeros for none */
    bool forked;
    bool sealed;
    /* What is large lies apart, so that all lanes together are small: most inputs look at each of them. */
    struct batch **versions; /* LANE_OUTSTANDING_MAX of them, by seq modulo that, base < seq */
    struct hash *history;    /* LANE_HISTORY hashes by seq % LANE_HISTORY */
    uint64_t *frontier;      /* per member: highest seq named by a dep of this lane, up to the tip */
    uint64_t *base_frontier;
};

/* Hash of an executed batch that is older than the history: STATUS_NOT_FOUND when there is none. */
typedef enum status lane_history_read(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash);

struct lanes {
    uint32_t members;
    struct lane *lanes;
    struct cut_tip *acked; /* members * members: [peer * members + lane] */
    struct pool pool;
    lane_history_read *read;
    void *read_context;
};

/* Region for lanes_init, aligned to 16, zeroed, mostly untouched. */
size_t lanes_bytes(uint32_t members);
void lanes_init(struct lanes *lanes, void *memory, size_t bytes, uint32_t members, lane_history_read *read,
                void *read_context);

/* Where a lane stands that is taken up from a snapshot. */
struct lane_start {
    struct cut_tip base;
    uint64_t wall_us;
    const uint64_t *frontier; /* per member: the newest batch that the executed ones refer to */
    bool sealed;
};
/* Before anything is offered. The hash of an executed batch that is neither remembered (lanes_remember) nor in the ledger
 * can't be compared any more; whoever refers to such a one is believed. That is safe: a batch gets into a cut only when a
 * quorum holds it, and those who know better don't. */
void lanes_take_up(struct lanes *lanes, uint32_t member, const struct lane_start *start);
/* The ledger may have pruned what is executed by now: the same of all lanes. */
void lanes_forget(struct lanes *lanes);
/* The hash of an executed batch, one of the newest LANE_HISTORY of its lane. */
void lanes_remember(struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash);

/* Offers a header whose signature and body were verified. On STATUS_OK it is accepted and `ret_batch` points to it
 * (owned by the lanes, until it is executed). Refusals:
 *     STATUS_MISSING           the previous batch or a dep is not held: `ret_missing` names the first
 *     STATUS_CLOCK_AHEAD       more than CLOCK_AHEAD_MAX_US ahead of `wall_us`: offer again later
 *     STATUS_DUPLICATE         held already, or executed
 *     STATUS_STALE             the lane is sealed, or this position is executed with another hash
 *     STATUS_NOT_LINKED, STATUS_CLOCK_BACKWARDS, STATUS_DEPS_BACKWARDS, STATUS_UNKNOWN_MEMBER, what header_valid says
 *                              never valid
 *     STATUS_TOO_MANY          too far beyond the base, or too many versions: offer again later
 * When another batch is held or executed at the same position, `ret_rival` is its hash (else zeros): with both headers
 * that is a fork proof. It is set whatever the status is. */
enum status lanes_offer(struct lanes *lanes, const struct header *header, const struct hash *hash, uint64_t wall_us,
                        struct batch **ret_batch, struct tip *ret_missing, struct hash *ret_rival) MUST_USE;

/* This batch is known to be final: it is taken past the limits of versions. One of a lane at a time. */
void lanes_expect(struct lanes *lanes, uint32_t member, const struct hash *hash);

/* The accepted batch, or NULL when it is not held beyond the base. */
struct batch *lanes_find(const struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash);
/* Whether this very batch is held or executed. */
bool lanes_holds(const struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash);
/* The batch of `batch`'s own version at `seq`, NULL when that is the base or below. seq <= batch->seq. */
const struct batch *lane_ancestor(const struct batch *batch, uint64_t seq);

/* Newest held tip of a lane: the base when nothing is held beyond it. */
struct cut_tip lanes_tip(const struct lanes *lanes, uint32_t member);
uint64_t lanes_tip_wall_us(const struct lanes *lanes, uint32_t member);
/* Fills deps, seq, prev of the next header of the own lane: every lane whose tip moved since the last batch. */
void lanes_next_header(const struct lanes *lanes, uint32_t self, uint64_t wall_us, struct header *ret_header);
/* Batches accepted beyond the base, own version only. */
uint32_t lanes_outstanding(const struct lanes *lanes, uint32_t member);

/* A fork proof is known: the tip stops moving. */
void lanes_fork(struct lanes *lanes, uint32_t member);
/* A fork proof was executed: nothing of the lane is taken any more. */
void lanes_seal(struct lanes *lanes, uint32_t member);

/* The place has another key from now on, or another member: its lane begins again behind `seq`, which is above
 * everything that was signed there, and goes on from the last executed batch by hash. What was not executed of it is
 * forgotten, and it is neither forked nor sealed (docs/protocol.md 8). */
void lanes_reopen(struct lanes *lanes, uint32_t member, uint64_t seq);
/* Whether no batch stands at this place at or below the lane's base: it was left out when the lane began again. A dep on
 * it binds nobody. */
bool lanes_skipped(const struct lanes *lanes, uint32_t member, uint64_t seq);

/* A peer says which tip of a lane it holds. Unknown tips are remembered too: they tell whom to ask. */
void lanes_ack(struct lanes *lanes, uint32_t peer, const struct tip *tip);
/* How many members hold batch `seq` of the lane's own version, by their acknowledgements; this member counts when it
 * holds it. An acknowledgement of another version says nothing about this one. */
uint32_t lanes_holders(const struct lanes *lanes, uint32_t self, uint32_t member, uint64_t seq);
bool lanes_peer_claims(const struct lanes *lanes, uint32_t peer, uint32_t member, uint64_t seq);

/* A block was executed: the bases move to its entries, everything at or below them is freed, and so are versions that
 * do not descend from them. */
void lanes_execute(struct lanes *lanes, const struct block *block);

/* --- cuts (cut.c) --- */

/* The largest consistent cut of the tips held that extends `parent`, within the limits of a block: when not all fits,
 * which lanes come first changes with every parent. Returns the number of entries, members ascending. Lanes in `skip` (may be NULL) are left where they are. */
uint32_t lanes_build_cut(const struct lanes *lanes, const struct cut *parent, const struct member_set *skip,
                         struct tip ret_entries[MEMBERS_MAX]);
/* Whether `block`'s entries are a valid extension of `parent` made of held batches: STATUS_MISSING (with the first
 * one in `ret_missing`; what `parent` itself includes has to be held as well), STATUS_INCONSISTENT_CUT, STATUS_NOT_LINKED, STATUS_STALE, STATUS_FORKED (sealed lane),
 * STATUS_TOO_LARGE. */
enum status lanes_check_cut(const struct lanes *lanes, const struct cut *parent, const struct member_set *seals,
                            const struct block *block, struct tip *ret_missing) MUST_USE;
/* Calls `visit` for every batch that `block` newly includes over `parent`, lane by lane, each lane from its oldest on; all must
 * be held (lanes_check_cut). */
typedef void lanes_visit(void *context, const struct batch *batch);
void lanes_each_included(const struct lanes *lanes, const struct cut *parent, const struct block *block,
                         lanes_visit *visit, void *context);
/* What one lane may add to one block, bytes. */
uint64_t lane_share_bytes(uint32_t members);

#endif
