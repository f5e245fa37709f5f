#include "quorum/tally.h"

#include "base/check.h"
#include "base/num.h"

enum { WORD_BITS = 64 };

_Static_assert(MEMBER_SET_WORDS *WORD_BITS == MEMBERS_MAX, "one bit for every member there can be");

static uint64_t bit_of(uint32_t member) { return UINT64_C(1) << (member % WORD_BITS); }

void member_set_clear(struct member_set *set) { *set = (struct member_set){{0}}; }

bool member_set_add(struct member_set *set, uint32_t member) {
    if (member_set_has(set, member)) return false;
    set->words[member / WORD_BITS] |= bit_of(member);
    return true;
}

void member_set_remove(struct member_set *set, uint32_t member) {
    CHECK(member < MEMBERS_MAX);
    set->words[member / WORD_BITS] &= ~bit_of(member);
}

bool member_set_has(const struct member_set *set, uint32_t member) {
    CHECK(member < MEMBERS_MAX);
    return (set->words[member / WORD_BITS] & bit_of(member)) != 0;
}

uint32_t member_set_count(const struct member_set *set) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) count += (uint32_t)__builtin_popcountll(set->words[i]);
    return count;
}

void member_set_union(struct member_set *set, const struct member_set *other) {
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) set->words[i] |= other->words[i];
}

uint32_t member_set_next(const struct member_set *set, uint32_t from) {
    while (from < MEMBERS_MAX) {
        uint64_t rest = set->words[from / WORD_BITS] >> (from % WORD_BITS);
        if (rest != 0) return from + (uint32_t)__builtin_ctzll(rest);
        from = (from / WORD_BITS + 1) * WORD_BITS;
    }
    return MEMBERS_MAX;
}

bool member_set_quorum(const struct member_set *set, uint32_t n, struct threshold threshold) {
    /* Numbers may be n and more: they are places, and some of those are vacant. */
    CHECK(member_set_count(set) <= n);
    return quorum_met(member_set_count(set), n, threshold);
}

uint64_t member_set_weight(const struct member_set *set, const uint64_t *weights, uint32_t n) {
    CHECK(n <= MEMBERS_MAX && member_set_next(set, n) == MEMBERS_MAX);
    uint64_t sum = 0;
    for (uint32_t member = member_set_next(set, 0); member < n; member = member_set_next(set, member + 1)) {
        if (!num_add_u64(sum, weights[member], &sum)) return UINT64_MAX;
    }
    return sum;
}
