/* Membership: the roster of the epoch, what each member proposes to make of it, and the change that ends the epoch
 * (docs/protocol.md 8).
 *
 * Everything follows from the executed items alone, so all members end an epoch with the same block and begin the next
 * one with the same roster. */
#ifndef MACHINE_MEMBERSHIP_H
#define MACHINE_MEMBERSHIP_H

#include "base/outlet.h"
#include "wire/item.h"
#include "wire/proof.h"
#include "wire/roster.h"

/* What a member proposed last in this epoch. */
struct proposal {
    bool is_made;
    struct reconfigure change;            /* its name is not used: it would point into what is gone */
    char name[MEMBER_NAME_BYTES_MAX + 1]; /* of who is to be added; empty for the others */
};

struct membership {
    struct roster roster;
    struct roster next; /* of the next epoch, once the change is decided */
    bool is_decided;
    struct proposal proposals[MEMBERS_MAX];
    uint64_t filled[MEMBERS_MAX]; /* epoch in which who is at the place now came there */
    uint32_t keys_count;
    uint8_t keys[KEYS_USED_MAX][KEY_BYTES]; /* every key that any member ever had */
};

/* The first epoch. `membership` is scratch before. */
void membership_init(struct membership *membership, const struct genesis *genesis);
/* The roster that the next block has. */
const struct roster *membership_coming(const struct membership *membership);

/* Between blocks: whether `member` could propose this in the next one. What roster_check says of the roster that it has,
 * and
 *     STATUS_UNKNOWN_MEMBER  there is nobody at the place of who proposes it
 *     STATUS_KEY_USED        the key was a member's before
 *     STATUS_TOO_MANY        KEYS_USED_MAX keys were used
 *     STATUS_DUPLICATE       it is what this member proposes already
 * O(keys used). */
enum status membership_check(const struct membership *membership, uint32_t member,
                             const struct reconfigure *change) MUST_USE;
/* Executes it in the block at `height`, with the same refusals, and STATUS_WRONG_EPOCH when the change of the epoch is
 * decided already. When a quorum proposes the same, that is decided, and all proposals have lapsed. */
enum status membership_propose(struct membership *membership, uint32_t member, const struct reconfigure *change,
                               uint64_t height) MUST_USE;
/* What the member at this place proposes; STATUS_NOT_FOUND when nothing. The name belongs to the membership, until the
 * next execution. */
enum status membership_proposal(const struct membership *membership, uint32_t member,
                                struct reconfigure *ret_change) MUST_USE;
/* The epoch that was decided on begins. */
void membership_begin(struct membership *membership);
/* Whether this proof is about who is a member now, and not about somebody who was at the place before. */
bool membership_convicts(const struct membership *membership, const struct proof *proof);

/* For snapshots (machine/snapshot.c); nothing may be decided (checked): none is taken of the last block of an epoch.
 * `scratch` of MEMBERSHIP_SCRATCH_BYTES holds a record on its way. Loading is into one that was just initialised. */
#define MEMBERSHIP_SCRATCH_BYTES RECORD_EPOCH_BYTES_MAX
_Static_assert(MEMBERSHIP_SCRATCH_BYTES >= ITEM_BYTES_MAX, "a proposal fits");
void membership_save(const struct membership *membership, uint8_t *scratch, struct outlet *outlet);
enum status membership_load(struct membership *membership, uint64_t epoch, struct reader *reader) MUST_USE;

#endif
