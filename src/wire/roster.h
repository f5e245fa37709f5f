/* Roster: who the members of an epoch are, and how they change (docs/protocol.md 8). Members are known by their place;
 * places are numbered as in the genesis, and a place may be vacant.
 *
 * Its record is a leaf of the log, in the block that ends the epoch before:
 *     [20, epoch, height, [numerator, denominator], places, [[place, name, key] ...]]
 * with the members of the epoch that begins after `height`, places ascending. */
#ifndef WIRE_ROSTER_H
#define WIRE_ROSTER_H

#include "quorum/tally.h"
#include "wire/genesis.h"
#include "wire/item.h"
#include "wire/vote.h"

struct roster {
    uint64_t epoch;
    uint64_t height;            /* of the last block of the epoch before; 0 for the first epoch */
    struct threshold threshold; /* base threshold */
    uint32_t members;           /* places */
    struct member_set absent;   /* vacant places: names and keys of zeros */
    char names[MEMBERS_MAX][MEMBER_NAME_BYTES_MAX + 1];
    uint8_t keys[MEMBERS_MAX][KEY_BYTES];
};

/* The members of the first epoch. */
void roster_of(const struct genesis *genesis, struct roster *ret_roster);
/* How many there are. */
uint32_t roster_heads(const struct roster *roster);
bool roster_has(const struct roster *roster, uint32_t member);
/* Borrows the keys from `roster`. */
struct keyring roster_keyring(const struct roster *roster);

/* Whether the change can be made to this roster:
 *     STATUS_WRONG_EPOCH     it is about another epoch
 *     STATUS_UNKNOWN_MEMBER  there is no such place, or nobody at it
 *     STATUS_CONFLICT        somebody is added at a place that is taken
 *     STATUS_DUPLICATE       the name or the key is another member's, or nothing changes
 *     STATUS_BAD_VALUE       fewer than MEMBERS_MIN members would be left */
enum status roster_check(const struct roster *roster, const struct reconfigure *change) MUST_USE;
/* Makes a change that roster_check accepts, at the end of the block at `height`: the roster of the next epoch. */
void roster_apply(struct roster *roster, const struct reconfigure *change, uint64_t height);
bool reconfigure_equal(const struct reconfigure *a, const struct reconfigure *b);

#define RECORD_EPOCH_BYTES_MAX (MEMBERS_MAX * (MEMBER_NAME_BYTES_MAX + KEY_BYTES + 12) + 64)
void roster_put(struct writer *writer, const struct roster *roster);
/* Strict: names, keys and threshold are as in a genesis, at least MEMBERS_MIN members, epoch and height 1 or more.
 * `ret_roster` is scratch when it fails. */
enum status roster_read(struct slice bytes, struct roster *ret_roster) MUST_USE;

#endif
