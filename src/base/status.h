/* Status codes: every function that can fail returns one of these.
 *
 * STATUS_OK is 0. On any other value the outputs are untouched. A status names what was wrong with what
 * the caller, a user or a peer handed in; a broken invariant of our own is a CHECK, never a status.
 * `status_text` is what a person reads; `status_name` is the stable code that machines read (JSON "error"). */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define STATUS_TABLE(X)                                                                                              \
    X(OK, "ok")                                                                                                      \
    /* bytes and encodings */                                                                                        \
    X(TRUNCATED, "the bytes end before the value does")                                                              \
    X(TRAILING_BYTES, "there are bytes left after the value")                                                        \
    X(NOT_CANONICAL, "not the one canonical encoding of the value")                                                  \
    X(BAD_TYPE, "a value of another type was expected here")                                                         \
    X(BAD_VALUE, "the value is outside its allowed range")                                                           \
    X(BAD_FORMAT, "the text does not have the required form")                                                        \
    X(OVERFLOW, "the number is too large")                                                                           \
    X(NO_SPACE, "the buffer is too small")                                                                           \
    X(TOO_DEEP, "nested too deeply")                                                                                 \
    X(TOO_LARGE, "larger than the limit")                                                                            \
    X(TOO_MANY, "more of them than the limit")                                                                       \
    X(VERSION, "made by an unknown version of the format")                                                           \
    /* authenticity */                                                                                               \
    X(BAD_SIGNATURE, "the signature does not verify")                                                                \
    X(BAD_KEY, "not a usable Ed25519 public key")                                                                    \
    X(BAD_HASH, "the bytes do not match their hash")                                                                 \
    X(BAD_PROOF, "the Merkle proof does not lead to the root")                                                       \
    X(WRONG_CHAIN, "belongs to another chain")                                                                       \
    X(WRONG_EPOCH, "belongs to another epoch")                                                                       \
    X(UNKNOWN_MEMBER, "no such member")                                                                              \
    X(BELOW_THRESHOLD, "not enough signatures for the threshold")                                                    \
    X(BELOW_WEIGHT, "the signers do not carry enough weight for the threshold")                                      \
    /* lanes, cuts, agreement */                                                                                     \
    X(NOT_LINKED, "does not link to what it must extend")                                                            \
    X(MISSING, "refers to something that is not held yet")                                                           \
    X(CLOCK_BACKWARDS, "the wall clock does not increase")                                                           \
    X(CLOCK_AHEAD, "the wall clock is too far ahead")                                                                \
    X(DEPS_BACKWARDS, "the causal frontier goes backwards")                                                          \
    X(INCONSISTENT_CUT, "the cut includes a batch without one that it depends on")                                   \
    X(FORKED, "the lane has forked")                                                                                 \
    X(LANE_CLOSED, "the ledger of this member was lost once: it votes, and takes no more evidence")                  \
    X(KEY_USED, "the key was a member's before: it could sign a place of a lane a second time")                      \
    X(STALE, "older than what is already decided")                                                                   \
    X(DUPLICATE, "already held")                                                                                     \
    X(CONFLICT, "conflicts with what is already held")                                                               \
    X(NOT_PROOF, "the two statements do not prove any misbehaviour")                                                 \
    /* belief */                                                                                                     \
    X(UNKNOWN_QUESTION, "no such question")                                                                          \
    X(QUESTION_CLOSED, "the question is already closed")                                                             \
    X(QUESTION_EXISTS, "the question exists already")                                                                \
    X(WRONG_HYPOTHESES, "the number of log-likelihoods does not match the number of hypotheses")                     \
    X(TOO_FINE, "carries more precision than 1e-9 nat")                                                              \
    X(OVER_ITEM_LIMIT, "a log-likelihood ratio beyond the limit of 50 nats an item")                                 \
    X(OVER_TOTAL_LIMIT, "the member's total for this question would pass its limit")                                 \
    X(NOT_A_NUMBER, "not a number")                                                                                  \
    X(DUPLICATE_OBSERVATION, "this member already told this observation")                                            \
    X(UNKNOWN_OBSERVATION, "this member told no such observation")                                                   \
    X(SEALED, "the observation is already sealed")                                                                   \
    X(UNKNOWN_FAMILY, "no such family of questions")                                                                 \
    X(FAMILY_CLOSED, "the family of questions is already closed")                                                    \
    X(WRONG_FAMILY, "does not fit the family: its questions are panels with the same number of hypotheses")          \
    X(TOO_EARLY, "the question takes evidence still: a commitment opens only after the verdict")                     \
    X(WRONG_OPENING, "the opening does not match the commitment of the question")                                    \
    X(OPENED, "the commitment of the question is already opened")                                                    \
    X(EXPIRED, "too late: what this refers to is not waited for any more")                                           \
    X(NOT_ALLOWED, "this member may not do that")                                                                    \
    X(STATE_FULL, "the state has no room left for this")                                                             \
    X(NOT_FINAL, "not certified at the threshold in force yet")                                                      \
    X(WRONG_OUTCOME, "the verdict is another one than expected")                                                     \
    /* the world */                                                                                                  \
    X(BUSY, "too much is waiting already, try again later")                                                          \
    X(HANDING_OVER, "the epoch before is still being handed over: say it again in a moment")                         \
    X(TOO_OFTEN, "more requests than one client may make in this time")                                              \
    X(NOT_FOUND, "not found")                                                                                        \
    X(UNAUTHORIZED, "no token, or the wrong one")                                                                    \
    X(IO, "reading or writing failed")                                                                               \
    X(DISK_FULL, "no room on the disk")                                                                              \
    X(CORRUPT, "the ledger's bytes do not match their hashes")                                                       \
    X(LOCKED, "in use by another process")                                                                           \
    X(UNAVAILABLE, "cannot be reached now")                                                                          \
    X(USAGE, "not called as its help says")                                                                          \
    X(DIVERGED, "an honest majority has another state: this member stopped")

enum status {
#define STATUS_ENUM(code, text) STATUS_##code,
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT,
};

#define MUST_USE __attribute__((warn_unused_result))

/* The sentence for people, without a final full stop. Static storage, never NULL. */
const char *status_text(enum status status);

/* The stable name for machines: upper case, underscores ("TOO_FINE"). Static storage, never NULL. */
const char *status_name(enum status status);

/* Returns from the enclosing function with the status of `expression` unless it is STATUS_OK. */
#define TRY(expression)                                                                                              \
    do {                                                                                                             \
        enum status try_status = (expression);                                                                       \
        if (try_status != STATUS_OK) return try_status;                                                              \
    } while (0)

#endif
