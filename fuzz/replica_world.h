/* The world around the replica that fuzz_replica attacks: four members, of which member 0 is the victim and member 3
 * the liar. It is played once, from fixed keys and by a fixed script; what is kept of it are frames of every type,
 * all that its members signed, and stages: the victim's memory and ledger at some moments, to start a run from.
 *
 * After its stage the victim was cut off from the script, so nothing in the frames is signed by it that it would not
 * remember. */
#ifndef FUZZ_REPLICA_WORLD_H
#define FUZZ_REPLICA_WORLD_H

#include "fuzz_wire.h"
#include "ledger/memory.h"
#include "replica/replica.h"
#include "wire/frame.h"

enum { WORLD_MEMBERS = 4, VICTIM = 0, LIAR = 3 };
enum { WORLD_FRAMES_MAX = 768, WORLD_FRAMES_TYPE_MAX = 80, WORLD_SAID_MAX = 4096 };

enum stage_number {
    STAGE_FRESH,   /* height 0, no link was ever up */
    STAGE_AWAY,    /* some heights, then it was cut off; the frames go on from there */
    STAGE_AMNESIA, /* as STAGE_AWAY, but its ledger is lost */
    STAGES,
};

struct world_frame {
    struct slice bytes;
    uint32_t from;
};

/* What a member put its name to: a vote, or a batch of its lane (view: its seq, kind: 0). */
struct world_said {
    uint32_t member;
    uint64_t view;
    uint32_t kind;
    struct hash hash;
};

/* What can be referred to: blocks and batches that exist. */
struct world_block {
    struct hash hash;
    struct hash parent;
    uint64_t view;
    uint64_t height;
};

struct world_stage {
    int image; /* a memory file with the victim's memory */
    struct memory_ledger *ledger;
    struct memory_ledger *history; /* member 1's, at the end of the script */
    struct replica_time now;

    struct world_frame frames[WORLD_FRAMES_MAX];
    uint32_t frames_count;
    struct world_said said[WORLD_SAID_MAX];
    uint32_t said_count;
    struct world_block blocks[128];
    uint32_t blocks_count;
    struct tip tips[256];
    uint32_t tips_count;
    struct slice certificates[128];
    uint32_t certificates_count;
    uint64_t honest_view; /* the largest view of members 1 and 2 */
};

struct world {
    struct genesis genesis;
    struct hash chain;
    struct keyring keyring;
    uint8_t secrets[WORLD_MEMBERS][SECRET_BYTES];
    struct replica_config victim_config;
    void *victim_memory; /* always at this place: a replica's memory points into itself */
    size_t victim_bytes;
    struct world_stage stages[STAGES];
};

/* Plays the script. */
struct world *world_make(void);
/* Feeds a ledger back to a replica. */
enum status world_restore(struct memory_ledger *ledger, struct replica *replica);
/* Maps zeros, or the stage's image, as the victim's memory. */
void world_map_zeros(struct world *world);
void world_map_stage(struct world *world, const struct world_stage *stage);

/* What a frame names becomes something to refer to. */
void world_learn(const struct world *world, struct world_stage *stage, struct slice frame);
/* What member 1 answers to a request for a batch or a range: false when it has nothing. */
bool world_answer(const struct world_stage *stage, const struct frame *request, struct frame *ret_answer);
/* An ask, a tell, a retract or a close, few of each, as an encoded item. `ret_bytes` has room for 256 bytes. */
void world_item(uint32_t dice, struct writer *ret_bytes);

#endif
