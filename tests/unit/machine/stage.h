/* Stage: a world with its own book and a clock that moves on with each batch, for tests that go block by block. */
#ifndef STAGE_H
#define STAGE_H

#include "world.h"

struct stage {
    struct book *book;
    struct world *world;
    uint64_t now_us;
};

struct stage stage_new(uint32_t members);
/* The same with this many vacant places behind them. */
struct stage stage_with_vacant(uint32_t members, uint32_t vacant);
void stage_end(struct stage *stage);
struct machine *machine_of(const struct stage *stage);
/* One item of one member, as a block of its own; the status with which it was refused, or STATUS_OK. `ret_id`, the id of
 * the question that it asks, may be NULL. */
enum status say(struct stage *stage, uint32_t member, struct item item, struct question_id *ret_id);
/* A block with an empty batch of `member`. */
void empty_block(struct stage *stage, uint32_t member);
/* Blocks with empty batches of member 0 until the machine is at `height`. */
void empty_blocks_until(struct stage *stage, uint64_t height);

#endif
