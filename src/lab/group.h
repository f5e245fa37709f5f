/* Group: one real machine and the lanes that feed it. What members say is encoded as items, put into batches, and
 * executed block by block, as in a member; only the agreement about the blocks and the signatures are left out, which
 * the machine never sees. The lab judges nothing itself: verdicts, margins, alarms and weights are the machine's.
 *
 * Everything is a function of the calls. */
#ifndef LAB_GROUP_H
#define LAB_GROUP_H

#include "machine/machine.h"

struct group;

/* Tells of every refusal, alarm and so on while a block is executed; NULL where nobody wants to know. */
struct group_ears {
    void *context;
    void (*refused)(void *context, uint32_t member, const struct item *item, enum status why);
    void (*alarmed)(void *context, const struct record_suspicion *suspicion);
};

/* A group of `members` with the default threshold. Stops the process when memory is short. */
struct group *group_new(uint32_t members);
void group_free(struct group *group);
void group_listen(struct group *group, struct group_ears ears);
const struct machine *group_machine(const struct group *group);

/* Adds an item to the batch that is being filled for `member`; returns the id of the question when it is an ask. */
struct question_id group_say(struct group *group, uint32_t member, const struct item *item);
/* Ends the batch, which may be empty: the next one of the lane of `member`. With `sees_others` it refers to the newest
 * batch of every other lane. */
void group_seal(struct group *group, uint32_t member, uint64_t wall_us, bool sees_others);
/* Executes the batches since the last call as one block. */
void group_block(struct group *group);

/* Reports accepted or not, items of all kinds, since the beginning. */
uint64_t group_items(const struct group *group);

#endif
