/* Tally: sets of members, the only way that votes and acknowledgements are counted. A member is in a set once however
 * often it speaks, so a head is never counted twice. */
#ifndef QUORUM_TALLY_H
#define QUORUM_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "quorum/quorum.h"

enum { MEMBER_SET_WORDS = 4 };

/* A set of member numbers 0 .. MEMBERS_MAX - 1. All zeros is the empty set. A value type: copy by assignment. Member
 * numbers handed in must be below MEMBERS_MAX; what comes from outside is bounded where it is decoded. */
struct member_set {
    uint64_t words[MEMBER_SET_WORDS]; /* bit (member % 64) of word (member / 64) */
};

void member_set_clear(struct member_set *set);
/* True when `member` was not in the set before. */
bool member_set_add(struct member_set *set, uint32_t member);
/* Nothing happens when it is not in the set. */
void member_set_remove(struct member_set *set, uint32_t member);
bool member_set_has(const struct member_set *set, uint32_t member);
uint32_t member_set_count(const struct member_set *set);
/* Adds all of `other` to `set`. */
void member_set_union(struct member_set *set, const struct member_set *other);
/* The smallest member of the set that is `from` or more; MEMBERS_MAX when there is none. `from` may be MEMBERS_MAX.
 *     for (uint32_t m = member_set_next(&set, 0); m < MEMBERS_MAX; m = member_set_next(&set, m + 1)) */
uint32_t member_set_next(const struct member_set *set, uint32_t from);

/* Whether the members of the set are a quorum of n. */
bool member_set_quorum(const struct member_set *set, uint32_t n, struct threshold threshold);
/* The weight of the members of the set; weights[member] for members below n, which all of the set must be. Sums past
 * UINT64_MAX stay there. */
uint64_t member_set_weight(const struct member_set *set, const uint64_t *weights, uint32_t n);

#endif
