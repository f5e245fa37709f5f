/* Votes of the agreement and the certificates that q of them make (docs/protocol.md 4).
 *
 * A vote signs, fixed width and big-endian:
 *     "credimus/vote/1" || chain (32) || epoch (8) || view (8) || kind (1) || block hash (32)
 * On the wire: [epoch, view, kind, hash, member, signature]. A certificate: [epoch, view, kind, hash, [[member,
 * signature] ...]], members ascending. A nullify vote has a zero hash. */
#ifndef WIRE_VOTE_H
#define WIRE_VOTE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "quorum/tally.h"

enum vote_kind { VOTE_NOTARIZE = 1, VOTE_NULLIFY = 2, VOTE_FINALIZE = 3 };

struct vote {
    uint64_t epoch;
    uint64_t view;
    enum vote_kind kind;
    struct hash block; /* zeros for nullify */
    uint32_t member;
    uint8_t signature[SIGNATURE_BYTES];
};

struct vote_signature {
    uint32_t member;
    uint8_t signature[SIGNATURE_BYTES];
};

/* A quorum of votes of one kind on one thing: a notarization, a nullification or a finalization. */
struct vote_certificate {
    uint64_t epoch;
    uint64_t view;
    enum vote_kind kind;
    struct hash block;
    uint32_t count;
    struct vote_signature votes[MEMBERS_MAX];
};

#define VOTE_BYTES_MAX             160
#define VOTE_CERTIFICATE_BYTES_MAX (MEMBERS_MAX * 72 + 80)

/* The keys of a member set by number: keys[i] is member i's. Borrowed. */
struct keyring {
    const uint8_t (*keys)[KEY_BYTES];
    uint32_t members;         /* places */
    struct member_set absent; /* places without a member: what claims to be signed there never is */
};

/* Whether there is such a member. */
static inline bool keyring_has(const struct keyring *keyring, uint32_t member) {
    return member < keyring->members && !member_set_has(&keyring->absent, member);
}
/* Members, which is what a quorum is a share of. */
static inline uint32_t keyring_heads(const struct keyring *keyring) {
    return keyring->members - member_set_count(&keyring->absent);
}

void vote_sign(struct vote *vote, const struct hash *chain, const uint8_t secret[SECRET_BYTES]);
/* STATUS_UNKNOWN_MEMBER, STATUS_BAD_SIGNATURE. */
enum status vote_verify(const struct vote *vote, const struct hash *chain, const struct keyring *keyring) MUST_USE;
void vote_put(struct writer *writer, const struct vote *vote);
/* Strict: known kind, view >= 1, hash zero iff nullify. */
enum status vote_take(struct reader *reader, struct vote *ret_vote) MUST_USE;

void vote_certificate_put(struct writer *writer, const struct vote_certificate *certificate);
/* Strict: members ascending and distinct, 1 .. MEMBERS_MAX votes. `ret_certificate` is scratch when it fails, because it is too large to be
 * decoded beside it and copied for each certificate that comes. */
enum status vote_certificate_take(struct reader *reader, struct vote_certificate *ret_certificate) MUST_USE;
/* At least q(t) distinct known members, every signature good: STATUS_BELOW_THRESHOLD, STATUS_UNKNOWN_MEMBER,
 * STATUS_BAD_SIGNATURE. */
enum status vote_certificate_verify(const struct vote_certificate *certificate, const struct hash *chain,
                                    const struct keyring *keyring, struct threshold threshold) MUST_USE;

/* True when the two (verified) votes of one member break a Never of docs/protocol.md 4: two different notarize votes
 * in a view, two different finalize votes in a view, or nullify and finalize in one view. */
bool vote_conflicts(const struct vote *a, const struct vote *b);

#endif
