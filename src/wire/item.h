/* Items: what a member says in a batch (docs/formats.md). Deterministic CBOR arrays [kind, ...]:
 *     ask      [1, title, [hypothesis ...], mode, [prior ...], cap, rho, decide_at, min_margin, window_us,
 *               deadline_us, commitment, family or null]
 *     tell     [2, question, observation, [log-likelihood ...], content hash or null, observed_us]
 *     retract  [3, question, observation]
 *     close    [4, question]
 *     answer   [5, height, answer]
 *     level    [6, level]
 *     reconfigure [7, epoch, change, place, name or null, key or null, [numerator, denominator] or null]
 *     reveal   [8, question, salt, hypothesis or null]
 *     close_family [9, family]
 * Log-likelihoods, priors, cap and decide_at are int64 counts of quanta (1e-9 nat). Of the last three fields of a
 * reconfigure those stand there that its change needs (docs/protocol.md 8).
 *
 * Every ask carries a commitment, and what it hides is one of: an ordinary question, or a canary whose true
 * hypothesis the asker knows. Nobody can tell which before it is opened by a reveal (docs/belief.md, "Canaries"). */
#ifndef WIRE_ITEM_H
#define WIRE_ITEM_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "quorum/level.h"

enum item_kind {
    ITEM_ASK = 1,
    ITEM_TELL = 2,
    ITEM_RETRACT = 3,
    ITEM_CLOSE = 4,
    ITEM_ANSWER = 5,
    ITEM_LEVEL = 6,
    ITEM_RECONFIGURE = 7,
    ITEM_REVEAL = 8,
    ITEM_CLOSE_FAMILY = 9,
};

enum { COMMITMENT_SALT_BYTES = 32 };
/* The opening of an ordinary question: it is no canary. */
#define OPENING_ORDINARY UINT32_MAX

enum { QUESTION_ID_BYTES = 16 };

/* First 16 bytes of SHA-256("credimus/question/1" || member, 4 bytes big-endian || encoded ask): the same ask of the
 * same member gives the same id. The asker is part of it, so that whoever copies an ask out of its lane, commitment
 * and all, asks another question and takes nothing away. */
struct question_id {
    uint8_t bytes[QUESTION_ID_BYTES];
};

enum question_mode { MODE_PANEL = 0, MODE_POOL = 1 };

struct item_ask {
    struct slice title; /* UTF-8, 1 .. TITLE_BYTES_MAX, no control characters */
    uint32_t hypotheses_count;
    struct slice hypotheses[HYPOTHESES_MAX]; /* UTF-8, distinct, 1 .. HYPOTHESIS_BYTES_MAX, no control characters */
    enum question_mode mode;
    int64_t
        prior[HYPOTHESES_MAX]; /* log-probabilities, quanta; |.| <= PARAMETER_LIMIT_QUANTA; only differences matter */
    int64_t cap;               /* quanta of a binary log-likelihood ratio, 1 .. PARAMETER_LIMIT_QUANTA */
    uint32_t rho_thousandths;  /* 0 .. 1000 */
    int64_t decide_at;         /* quanta, 1 .. PARAMETER_LIMIT_QUANTA */
    uint32_t min_margin;       /* members; 0: more than one third of the members */
    uint64_t window_us;        /* panel: how long an observation stays open, >= 1 */
    uint64_t deadline_us;      /* after the block time of the ask; 0: none */
    struct hash commitment;    /* see commitment_of */
    struct slice family;       /* UTF-8, 1 .. FAMILY_BYTES_MAX, no control characters; empty: of no family */
};

struct item_tell {
    struct question_id question;
    struct slice observation; /* UTF-8, 1 .. OBSERVATION_BYTES_MAX, no control characters */
    uint32_t loglik_count;    /* k, or 1 for a question with two hypotheses: log P(data|first) - log P(data|second) */
    int64_t loglik[HYPOTHESES_MAX];
    bool has_content;
    struct hash content;  /* SHA-256 of the content, when has_content */
    uint64_t observed_us; /* microseconds since the epoch, 0 when not told */
};

/* Adds a member at a vacant place, or gives a place up, or gives the member there another key; or another threshold. */
enum change { CHANGE_ADD = 1, CHANGE_REMOVE = 2, CHANGE_KEY = 3, CHANGE_THRESHOLD = 4 };

/* What q members have to propose alike (docs/protocol.md 8). */
struct reconfigure {
    uint64_t epoch; /* that it ends */
    enum change change;
    uint32_t member;            /* the place; 0 for a threshold */
    struct slice name;          /* of who is added, a name as in the genesis; else empty */
    uint8_t key[KEY_BYTES];     /* of who is added, or the new one; else zeros */
    struct threshold threshold; /* 0/0 unless it is what changes */
};

struct item {
    enum item_kind kind;
    union {
        struct item_ask ask;
        struct item_tell tell;
        struct {
            struct question_id question;
            struct slice observation;
        } retract;
        struct {
            struct question_id question;
        } close;
        struct {
            uint64_t height; /* of the block that challenged */
            struct hash digest;
        } answer;
        enum level level; /* that the member stands at (quorum/level.h) */
        struct reconfigure reconfigure;
        struct {
            struct question_id question;
            uint8_t salt[COMMITMENT_SALT_BYTES];
            uint32_t hypothesis; /* the true one, below HYPOTHESES_MAX, or OPENING_ORDINARY */
        } reveal;
        struct {
            struct slice family;
        } close_family;
    };
};

/* Appends the encoding. The item must satisfy item_valid. */
void item_put(struct writer *writer, const struct item *item);

/* Takes one item from the front of `reader`, strictly; slices borrow from the reader's bytes. `ret_bytes` (may be
 * NULL) is the item's own encoding: the Merkle leaf. Refuses what item_valid refuses. */
enum status item_take(struct reader *reader, struct item *ret_item, struct slice *ret_bytes) MUST_USE;

/* Range rules that need no state: lengths, UTF-8, counts, limits (STATUS_OVER_ITEM_LIMIT when two log-likelihoods
 * differ by more than ITEM_LIMIT_QUANTA, or a single ratio is beyond it). */
enum status item_valid(const struct item *item) MUST_USE;

/* The id of the question that this encoded ask of `member` creates. */
void item_question_id(uint32_t member, struct slice ask_bytes, struct question_id *ret_id);

/* SHA-256("credimus/commitment/1" || salt || hypothesis, 4 bytes big-endian): hiding as long as the salt is secret
 * and has 32 bytes of chance, binding because SHA-256 is collision resistant. */
void commitment_of(const uint8_t salt[COMMITMENT_SALT_BYTES], uint32_t hypothesis, struct hash *ret_commitment);

/* The items of a batch: a CBOR array of items. */
struct item_cursor {
    struct reader reader;
    uint32_t left;
};
enum status items_open(struct slice body, uint32_t expected_count, struct item_cursor *ret_cursor) MUST_USE;
/* STATUS_NOT_FOUND at the end; STATUS_TRAILING_BYTES when bytes are left after the last item. */
enum status items_next(struct item_cursor *cursor, struct item *ret_item, struct slice *ret_bytes) MUST_USE;

/* Checks a whole body: every item canonical and valid, `count` of them, nothing left; computes the Merkle root of the
 * items. One pass, no memory. */
enum status items_check(struct slice body, uint32_t count, struct hash *ret_root) MUST_USE;

static inline bool question_id_equal(const struct question_id *a, const struct question_id *b) {
    return memcmp(a->bytes, b->bytes, QUESTION_ID_BYTES) == 0;
}

#endif
