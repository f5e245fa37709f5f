/* A cut: a vector clock over the lanes (Mattern 1989), the thing that is agreed on (docs/protocol.md 3). */
#ifndef LANE_CUT_H
#define LANE_CUT_H

#include "quorum/tally.h"
#include "wire/block.h"

struct cut_tip {
    uint64_t seq; /* 0: nothing of this lane is included yet, hash zero */
    struct hash hash;
};

struct cut {
    uint32_t members;
    struct member_set sealed; /* lanes with a fork proof in a block: nothing of them is included any more */
    struct cut_tip tips[MEMBERS_MAX];
};

void cut_init(struct cut *cut, uint32_t members);
/* Copies only the members in use. */
void cut_copy(struct cut *to, const struct cut *from);
/* The cut after `block`, whose entries and proofs were checked. `seals` are the members whose fork proofs it carries.
 */
void cut_apply(struct cut *cut, const struct block *block, const struct member_set *seals);
/* The lane begins again behind `seq` (lanes_reopen): its tip keeps its hash. */
void cut_reopen(struct cut *cut, uint32_t member, uint64_t seq);

#endif
