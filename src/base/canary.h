/* Canaries: known bugs, one of which at a time can be planted, so that the simulator has to show that its checkers find
 * it (docs/TESTING.md). A checker that never fires is worth nothing.
 *
 * Only the build option `canaries` compiles them in. In any other build CANARY() is the constant false, and what it
 * guards is removed by the compiler. The one mutable variable is part of that build alone, and is written once, before
 * a run begins. */
#ifndef BASE_CANARY_H
#define BASE_CANARY_H

#include <stdbool.h>

/* Each stands where its bug is planted: grep for CANARY(NAME). scripts/canaries says how each one is found. */
#define CANARIES(X)                                                                                                  \
    X(QUORUM_ONE_TOO_LOW, quorum_one_too_low)                                                                        \
    X(VOTES_SENT_BEFORE_DURABLE, votes_sent_before_durable)                                                          \
    X(NULLIFY_AFTER_FINALIZE, nullify_after_finalize)                                                                \
    X(PARENTS_NULLIFICATIONS_NOT_CHECKED, parents_nullifications_not_checked)                                        \
    X(CUT_CONSISTENCY_NOT_CHECKED, cut_consistency_not_checked)                                                      \
    X(FORK_COMPARED_BY_SEQ, fork_compared_by_seq)                                                                    \
    X(OWN_VOTES_NOT_RESTORED, own_votes_not_restored)                                                                \
    X(BATCH_DIGEST_NOT_SIGNED, batch_digest_not_signed)                                                              \
    X(HASH_ORDER_IN_EXECUTION, hash_order_in_execution)                                                              \
    X(TIMEOUT_OVERFLOW, timeout_overflow)                                                                            \
    X(CLAIMED_HEIGHT_BELIEVED, claimed_height_believed)                                                              \
    X(INDEX_NOT_BOUNDS_CHECKED, index_not_bounds_checked)                                                            \
    X(THRESHOLD_NOT_RAISED, threshold_not_raised)

#define CANARY_VALUE(NAME, name) CANARY_##NAME,
enum canary { CANARY_NONE, CANARIES(CANARY_VALUE) CANARY_COUNT };
#undef CANARY_VALUE

#ifdef CREDIMUS_CANARIES
extern enum canary canary_planted;
/* Plants the one of that name (lower case, as above). False: there is none. */
bool canary_plant(const char *name);
#define CANARY(NAME) (canary_planted == CANARY_##NAME)
#else
#define CANARY(NAME) false
#endif

#endif
