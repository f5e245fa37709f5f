/* Changes to frames that keep their form: one field at a time, signed again where the liar's key can. */
#ifndef FUZZ_REPLICA_MUTATE_H
#define FUZZ_REPLICA_MUTATE_H

#include "replica_world.h"

/* The fuzzer's bytes, read from the front; zeros when they have come to an end. */
struct dice {
    const uint8_t *data;
    size_t bytes;
};

static inline uint32_t dice_u8(struct dice *dice) {
    if (dice->bytes == 0) return 0;
    dice->bytes--;
    return *dice->data++;
}

static inline uint32_t dice_u16(struct dice *dice) {
    uint32_t high = dice_u8(dice);
    return high << 8 | dice_u8(dice);
}

struct mutation {
    const struct world *world;
    const struct world_stage *stage;
    struct dice *dice;
    bool any_key; /* sign in the name of everybody, not only of the liar */
};

/* Reads `bytes`, changes fields of it, writes it to `ret_bytes` (FRAME_BYTES_MAX is enough for all). Bytes that are no
 * frame are written as they are. */
void mutate_frame(const struct mutation *mutation, struct slice bytes, struct writer *ret_bytes);
/* Changes bytes in place. */
void mutate_bytes(struct dice *dice, struct writer *bytes);
/* A frame of the liar's own: a vote, a batch, a proposal or a proof, of what exists. */
void craft_frame(const struct mutation *mutation, uint64_t wall_us, struct writer *ret_bytes);

#endif
