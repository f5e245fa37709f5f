/* Agreement: Simplex consensus (Chan & Pass, TCC 2023) with the quorum as a parameter and one vote a head
 * (docs/protocol.md 4; src/agreement/README.md has the rules an event at a time, and where this deviates from the
 * paper).
 *
 * What a block's payload means is the host's: agreement orders blocks, it does not execute them. Inputs are messages
 * and time; what must be kept and sent goes to the host under the ordering contract of replica/ports.h: persists
 * before sends.
 *
 * Safety, for any f < 2q - n Byzantine members: no two different blocks are finalized at one height. Never:
 *   - two different notarize votes in one view,
 *   - both nullify and finalize in one view.
 * These hold across restarts because each vote is restored before anything is signed. */
#ifndef AGREEMENT_AGREEMENT_H
#define AGREEMENT_AGREEMENT_H

#include "base/pool.h"
#include "quorum/tally.h"
#include "wire/block.h"
#include "wire/frame.h"
#include "wire/vote.h"

/* A block that is held, encoded. Owned by the agreement; borrowed by the host during a call. */
struct agreement_block {
    struct hash hash;
    struct hash parent;
    uint64_t view;
    uint64_t height;
    struct slice bytes;
    bool empty; /* neither entries nor proofs */
};

/* What the agreement asks of the replica around it. None of these may call back into the agreement, but for what it
 * knows (the last part of this file). Slices and pointers are borrowed for the time of the call. */
struct agreement_host {
    void *context;
    void (*persist_vote)(void *context, const struct vote *vote);
    void (*persist_certificate)(void *context, uint64_t view, enum vote_kind kind, struct slice certificate);
    void (*persist_block)(void *context, const struct agreement_block *block);
    /* A frame for all others, or for one. */
    void (*broadcast)(void *context, struct slice frame);
    void (*send)(void *context, uint32_t to, struct slice frame);
    /* Fills entries and proofs of a block that extends the block `parent`. Here and in `check` every block between
     * the newest final one and `parent` is held (agreement_block_of). */
    void (*build)(void *context, const struct hash *parent, struct block *block);
    /* Judges entries and proofs of a block that extends `block->parent`: STATUS_OK, STATUS_MISSING (the host fetches
     * what it lacks and calls agreement_payload_changed), anything else: never valid. */
    enum status (*check)(void *context, const struct block *block);
    /* A block is final, in order of heights, each once. `finalization` is empty when a later block's covers it. */
    void (*finalized)(void *context, const struct agreement_block *block, struct slice finalization);
    /* Two votes of one member that break a Never. */
    void (*misbehaved)(void *context, const struct vote *a, const struct vote *b);
};

struct agreement_config {
    uint32_t members; /* places: the size of what is kept by member */
    uint32_t self;
    struct threshold threshold;
    uint64_t epoch;
    struct hash chain;
    const uint8_t *secret;  /* SECRET_BYTES, borrowed for good */
    struct keyring keyring; /* borrowed for good */
    uint64_t delta_us;      /* a message's delay at most, when all is well */
};

struct agreement;

/* Region for agreement_init: zeroed, aligned to 16, mostly untouched. */
size_t agreement_bytes(uint32_t members);
struct agreement *agreement_init(void *memory, size_t bytes, const struct agreement_config *config,
                                 const struct agreement_host *host);

/* Another epoch begins, with the block `hash` at `height` as its genesis: view 1 is the first, everything of the epoch
 * before is forgotten (docs/protocol.md 8). `secret` is the one to sign with from now on, NULL for a member that signs
 * nothing in this epoch. The keyring's keys are borrowed for good. */
struct agreement_epoch {
    uint64_t epoch;
    struct threshold threshold;
    struct keyring keyring;
    uint64_t height;
    struct hash hash;
    const uint8_t *secret;
};
void agreement_begin_epoch(struct agreement *agreement, uint64_t now_us, const struct agreement_epoch *epoch,
                           bool muted);

/* --- Restoring, before agreement_start --- */
/* The newest final block: agreement goes on after it. `finalization` may be empty. */
void agreement_restore_final(struct agreement *agreement, uint64_t view, uint64_t height, const struct hash *hash,
                             struct slice finalization);
enum status agreement_restore_block(struct agreement *agreement, struct slice block) MUST_USE;
enum status agreement_restore_certificate(struct agreement *agreement, struct slice certificate) MUST_USE;
enum status agreement_restore_vote(struct agreement *agreement, const struct vote *vote) MUST_USE;
/* `muted`: nothing is signed until agreement_unmute. */
void agreement_start(struct agreement *agreement, uint64_t now_us, bool muted);
/* From `view` on it may sign again: above every view in which it may have voted before (docs/protocol.md 2, amnesia).
 */
void agreement_unmute(struct agreement *agreement, uint64_t now_us, uint64_t view);
/* The first view in which this member signs; 0 while it remembers all its votes. */
uint64_t agreement_signs_from(const struct agreement *agreement);

/* --- Messages. A status other than OK says why the message was not taken; the caller counts it. STATUS_STALE and
 * STATUS_DUPLICATE are no fault of the sender. `from` is the member whose link it came over. --- */
enum status agreement_on_proposal(struct agreement *agreement, uint64_t now_us, uint32_t from,
                                  const struct frame *frame) MUST_USE;
enum status agreement_on_vote(struct agreement *agreement, uint64_t now_us, uint32_t from,
                              const struct vote *vote) MUST_USE;
enum status agreement_on_certificate(struct agreement *agreement, uint64_t now_us, uint32_t from,
                                     struct slice certificate) MUST_USE;
enum status agreement_on_block(struct agreement *agreement, uint64_t now_us, struct slice block) MUST_USE;
enum status agreement_on_fetch_block(struct agreement *agreement, uint32_t from, const struct hash *hash) MUST_USE;
enum status agreement_on_fetch_views(struct agreement *agreement, uint32_t from, uint64_t from_view,
                                     uint64_t to_view) MUST_USE;
/* A peer's heartbeat: one that is behind gets the certificate that brings it here. */
void agreement_on_heartbeat(struct agreement *agreement, uint32_t from, uint64_t view);
/* Finalized blocks from elsewhere (catching up): `blocks` follow the newest final one without gaps, `finalization` is
 * of the last. All or nothing: STATUS_STALE, STATUS_MISSING (they begin further on), STATUS_NOT_LINKED, or what the
 * certificate's check says. */
enum status agreement_on_range(struct agreement *agreement, uint64_t now_us, const struct slice *blocks,
                               uint32_t count, struct slice finalization) MUST_USE;

/* --- Time and the world --- */
void agreement_on_tick(struct agreement *agreement, uint64_t now_us);
uint64_t agreement_deadline_us(const struct agreement *agreement);
void agreement_on_link(struct agreement *agreement, uint64_t now_us, uint32_t member, bool up);
/* There is something outside the newest cut that waits for agreement (or no longer is). */
void agreement_set_work(struct agreement *agreement, uint64_t now_us, bool work);
/* The host got something that a STATUS_MISSING payload may have waited for. */
void agreement_payload_changed(struct agreement *agreement, uint64_t now_us);

/* --- What it knows --- */
uint64_t agreement_view(const struct agreement *agreement);
uint64_t agreement_final_view(const struct agreement *agreement);
uint64_t agreement_final_height(const struct agreement *agreement);
const struct hash *agreement_final_hash(const struct agreement *agreement);
uint32_t agreement_leader(const struct agreement *agreement, uint64_t view);
uint64_t agreement_nullified(const struct agreement *agreement); /* views seen nullified */
/* A held, not yet final block by hash; NULL. Valid until the next call that changes the agreement. */
const struct agreement_block *agreement_block_of(const struct agreement *agreement, const struct hash *hash);
/* The newest notarized block that is held, or NULL when that is the final one: what the next block would extend. Its
 * own ancestors may have to be fetched yet. */
const struct agreement_block *agreement_head(const struct agreement *agreement);

#endif
