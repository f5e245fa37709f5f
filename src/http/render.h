/* Rendering: what a member knows as JSON, for people and programs (docs/ARCHITECTURE.md). The only place where
 * log-odds become probabilities: softmax, in binary fractions, never read back. */
#ifndef HTTP_RENDER_H
#define HTTP_RENDER_H

#include "http/cursor.h"
#include "http/http.h"
#include "wire/proof.h"

/* How firm a belief is: this member's own view; ordered by a quorum; a verdict without a certificate; covered by
 * one. */
enum finality { FINALITY_LOCAL, FINALITY_COMMITTED, FINALITY_PROVISIONAL, FINALITY_FINAL };

/* `certified_height` is the highest with a certificate at the threshold in force. A belief that was changed by
 * uncommitted evidence (`is_local`) is never more than local. */
enum finality render_finality(const struct record_belief *belief, bool is_local, uint64_t certified_height);

/* {"question", "title", "mode", "hypotheses", "status", "outcome", "family", "opening", "canary", "finality",
 * "posterior", "log_odds_quanta", "flip_margin", "intervals", "contributors", "items", "height", "threshold"};
 * `outcome` is null unless decided, and an unbounded end of an interval is null. */
void render_belief(struct text *text, const struct record_belief *belief, enum finality finality);

/* Two pieces of it, each with a comma before it: "status" and "outcome"; "opening" ("not opened", "ordinary",
 * "canary") and "canary", the true hypothesis or null. */
void render_outcome(struct text *text, const struct record_belief *belief);
void render_opening(struct text *text, const struct record_belief *belief);

/* {"height", "epoch", "heads", "places", "vacant", "threshold", "quorum", "members": [{"member", "name", "key", "weight",
 * "reputation", "suspicion", "reason", "alarmed", "detectors", "proof", "probation_blocks", "level", "reachable", "seq",
 * "committed_seq", "proofs", "questions": {"closed", "opened"}} ...], "next"}: who is in the roster. Shares are of 1,
 * detectors are shares of their thresholds; `reachable` is this member's own view, null of itself. */
void render_members(struct text *text, struct replica *replica, uint64_t from, uint64_t limit);

/* Who the members are in the epoch that runs; belongs to the machine, until its next execution. */
const struct roster *render_roster(const struct machine *machine);
/* The name of the member at a place as a JSON string; "place 3" where nobody is, which is no member's name. */
void render_name(struct text *text, const struct roster *roster, uint32_t member);
/* A share with 16 fractional bits. */
void render_share(struct text *text, uint32_t share);

/* {"families": [...], "total", "next"}: a page of the list. */
void render_families(struct text *text, const struct machine *machine, uint64_t from, uint64_t limit,
                     uint64_t certified_height);
/* {"family", "owner", "owner_name", "labels", "total", "status", "finality", and once it is closed "answers", "decided",
 * "canaries", "leak", "alarm", "margin", "height", "leaf", "results", "members"; "questions": [{"question", "title",
 * "status", "outcome", "opening", "canary", "label", "decided", "posterior"} ...], "next"}: one family with a page of
 * its questions. The index is a family's (checked). Questions before the page are stepped over one by one. */
void render_family(struct text *text, const struct machine *machine, uint32_t index, uint64_t from, uint64_t limit,
                   uint64_t certified_height);

/* {"member", "name", "is_member", "heads", "places", "chain", "epoch", "view", "height", "root", "final_height", ...,
 * "level", "level_ms", "unreachable" [{"member", "name"} ...], "threshold", "base_threshold", "apart", "enhanced",
 * "provisional", ..., "lane_closed", ..., "disk" (room, low, full), ...};
 * `now` judges when peers were heard and how long the level stands. Verdicts are counted one by one: O(questions). */
void render_status(struct text *text, struct replica *replica, struct replica_time now, enum http_disk disk,
                   const struct http_kept *kept);

/* "fork" or "votes". */
const char *render_proof_kind(enum proof_kind kind);

/* The cursor of the next page, or null when there is none. */
void render_next(struct text *text, const struct cursor *next, bool is_more);

/* Why a belief is not final, each with a comma before it: "threshold" in force, "certified_height", "signed" {"height",
 * "heads", "needed", "members", "weight"}, "missing" [{"member", "name"} ...], "provisional": the belief as it is. */
void render_share_of_signers(struct text *text, struct replica *replica, const struct record_belief *belief,
                             uint64_t certified_height);

/* softmax of the log-odds: `ret_posterior` has room for belief->hypotheses_count. */
void render_posterior(const struct record_belief *belief, double *ret_posterior);

#endif
