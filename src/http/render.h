/* Rendering: what a member knows as JSON, for people and programs (docs/ARCHITECTURE.md). The only place where
 * log-odds become probabilities: softmax, in binary fractions, never read back. */
#ifndef HTTP_RENDER_H
#define HTTP_RENDER_H

#include "http/text.h"
#include "replica/replica.h"

/* How firm a belief is: this member's own view; ordered by a quorum; a verdict without a certificate; covered by
 * one. */
enum finality { FINALITY_LOCAL, FINALITY_COMMITTED, FINALITY_PROVISIONAL, FINALITY_FINAL };

/* `certified_height` is the highest with a certificate at the threshold in force. A belief that was changed by
 * uncommitted evidence (`is_local`) is never more than local. */
enum finality render_finality(const struct record_belief *belief, bool is_local, uint64_t certified_height);

/* {"question", "title", "mode", "hypotheses", "status", "outcome", "finality", "posterior", "log_odds_quanta",
 * "flip_margin", "intervals", "contributors", "items", "height", "threshold"}; `outcome` is null unless decided, and
 * an unbounded end of an interval is null. */
void render_belief(struct text *text, const struct record_belief *belief, enum finality finality);

/* {"member", "name", "chain", "epoch", "view", "height", "root", "final_height", ...}; `now` judges when peers were
 * heard. */
void render_status(struct text *text, struct replica *replica, struct replica_time now);

/* {"proofs": [{"member", "name", "kind" (fork, votes), "at" (seq or view), "proof" (base64 of its bytes)} ...]}. */
void render_proofs(struct text *text, struct replica *replica);

/* softmax of the log-odds: `ret_posterior` has room for belief->hypotheses_count. */
void render_posterior(const struct record_belief *belief, double *ret_posterior);

#endif
