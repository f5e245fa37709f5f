/* Membership: proposals, their count, the change of epochs. Invariants: proposals are about the present epoch and made
 * by members of its roster; a change that is decided stays decided; every key of the roster is among the used ones. */
#include "machine/membership.h"

#include "base/check.h"

static bool was_used(const struct membership *membership, const uint8_t key[KEY_BYTES]) {
    for (uint32_t i = 0; i < membership->keys_count; i++)
        if (memcmp(membership->keys[i], key, KEY_BYTES) == 0) return true;
    return false;
}

static void use(struct membership *membership, const uint8_t key[KEY_BYTES]) {
    CHECK(membership->keys_count < KEYS_USED_MAX);
    memcpy(membership->keys[membership->keys_count++], key, KEY_BYTES);
}

void membership_init(struct membership *membership, const struct genesis *genesis) {
    memset(membership, 0, sizeof *membership);
    roster_of(genesis, &membership->roster);
    for (uint32_t m = 0; m < genesis_heads(genesis); m++) use(membership, genesis->keys[m]);
}

const struct roster *membership_coming(const struct membership *membership) {
    return membership->is_decided ? &membership->next : &membership->roster;
}

enum status membership_proposal(const struct membership *membership, uint32_t member,
                                struct reconfigure *ret_change) {
    CHECK(member < membership->roster.members);
    const struct proposal *proposal = &membership->proposals[member];
    if (!proposal->is_made) return STATUS_NOT_FOUND;
    *ret_change = proposal->change;
    ret_change->name = slice_of_text(proposal->name);
    return STATUS_OK;
}

static bool proposes(const struct membership *membership, uint32_t member, const struct reconfigure *change) {
    struct reconfigure proposed;
    if (membership_proposal(membership, member, &proposed) != STATUS_OK) return false;
    return reconfigure_equal(&proposed, change);
}

static bool brings_key(const struct reconfigure *change) {
    return change->change == CHANGE_ADD || change->change == CHANGE_KEY;
}

enum status membership_check(const struct membership *membership, uint32_t member, const struct reconfigure *change) {
    const struct roster *roster = membership_coming(membership);
    if (!roster_has(roster, member)) return STATUS_UNKNOWN_MEMBER;
    TRY(roster_check(roster, change));
    if (brings_key(change)) {
        if (was_used(membership, change->key)) return STATUS_KEY_USED;
        if (membership->keys_count == KEYS_USED_MAX) return STATUS_TOO_MANY;
    }
    return proposes(membership, member, change) ? STATUS_DUPLICATE : STATUS_OK;
}

static void keep(struct proposal *proposal, const struct reconfigure *change) {
    CHECK(change->name.bytes <= MEMBER_NAME_BYTES_MAX);
    *proposal = (struct proposal){.is_made = true, .change = *change};
    if (change->name.bytes > 0) memcpy(proposal->name, change->name.data, change->name.bytes);
    proposal->change.name = (struct slice){0};
}

static uint32_t count_equal(const struct membership *membership, const struct reconfigure *change) {
    uint32_t equal = 0;
    for (uint32_t m = 0; m < membership->roster.members; m++) equal += proposes(membership, m, change);
    return equal;
}

static void decide(struct membership *membership, const struct reconfigure *change, uint64_t height) {
    membership->is_decided = true;
    membership->next = membership->roster;
    roster_apply(&membership->next, change, height);
    if (brings_key(change)) use(membership, change->key);
    if (change->change == CHANGE_ADD) membership->filled[change->member] = membership->next.epoch;
    memset(membership->proposals, 0, sizeof membership->proposals);
}

enum status membership_propose(struct membership *membership, uint32_t member, const struct reconfigure *change,
                               uint64_t height) {
    if (membership->is_decided) return STATUS_WRONG_EPOCH;
    TRY(membership_check(membership, member, change));
    keep(&membership->proposals[member], change);
    const struct roster *roster = &membership->roster;
    if (quorum_met(count_equal(membership, change), roster_heads(roster), roster->threshold))
        decide(membership, change, height);
    return STATUS_OK;
}

void membership_begin(struct membership *membership) {
    CHECK(membership->is_decided);
    membership->roster = membership->next;
    membership->is_decided = false;
}

/* A vote says its epoch; a batch is of the epoch whose lane its seq is in (docs/protocol.md 8). */
static bool is_of_former(const struct membership *membership, const struct proof *proof) {
    uint64_t since = membership->filled[proof->member];
    if (proof->kind == PROOF_FORK) return proof->at <= seq_base(since);
    struct reader reader = reader_of(proof->a);
    struct vote vote;
    return vote_take(&reader, &vote) != STATUS_OK || vote.epoch < since;
}

bool membership_convicts(const struct membership *membership, const struct proof *proof) {
    if (!roster_has(&membership->roster, proof->member)) return false;
    return membership->filled[proof->member] == 0 || !is_of_former(membership, proof);
}
