/* Genesis: who the members are and which threshold holds. Its canonical CBOR is what is hashed into the chain id and
 * is leaf 0 of the log; people write it as JSON (floor 7 reads that). [0, 1, name, created_us, [numerator,
 * denominator], [[name, key] ...], state_bytes_max] and, unless it is 0, the number of vacant places behind them, for
 * members that are added later (docs/protocol.md 8). Member i is the i-th of the list. Names are distinct and valid
 * signed-note key names; keys are distinct and checked once, here. */
#ifndef WIRE_GENESIS_H
#define WIRE_GENESIS_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "quorum/quorum.h"

struct genesis {
    char name[MEMBER_NAME_BYTES_MAX + 1]; /* of the group */
    uint64_t created_us;
    struct threshold threshold;
    uint32_t members; /* places, the vacant ones among them: members are numbered below this */
    uint32_t vacant;  /* the last so many places are nobody's yet: names and keys of zeros */
    char member_names[MEMBERS_MAX][MEMBER_NAME_BYTES_MAX + 1];
    uint8_t keys[MEMBERS_MAX][KEY_BYTES];
    uint64_t state_bytes_max; /* budget of the replicated state: STATE_BYTES_MIN .. STATE_BYTES_MAX */
};

#define GENESIS_BYTES_MAX (MEMBERS_MAX * (MEMBER_NAME_BYTES_MAX + KEY_BYTES + 8) + 256)

/* Members that there are at the beginning: heads, not places. */
static inline uint32_t genesis_heads(const struct genesis *genesis) { return genesis->members - genesis->vacant; }

/* Counts, names, keys, threshold, distinctness. */
enum status genesis_valid(const struct genesis *genesis) MUST_USE;
void genesis_put(struct writer *writer, const struct genesis *genesis);
enum status genesis_read(struct slice bytes, struct genesis *ret_genesis) MUST_USE;
/* SHA-256 of the encoding. */
void genesis_chain(const struct genesis *genesis, struct hash *ret_chain);

#endif
