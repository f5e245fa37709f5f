#include "stage.h"

struct stage stage_new(uint32_t members) {
    return stage_with_vacant(members, 0);
}

struct stage stage_with_vacant(uint32_t members, uint32_t vacant) {
    struct genesis genesis;
    struct stage stage = {.book = book_new(), .now_us = 1000};
    world_genesis(members, STATE_BYTES_MIN * 4, &genesis);
    genesis.members += vacant;
    genesis.vacant = vacant;
    stage.world = world_new(&genesis, stage.book);
    return stage;
}

void stage_end(struct stage *stage) {
    world_free(stage->world);
    book_free(stage->book);
}

struct machine *machine_of(const struct stage *stage) {
    return stage->world->machine;
}

enum status say(struct stage *stage, uint32_t member, struct item item, struct question_id *ret_id) {
    book_turn(stage->book, machine_of(stage));
    struct question_id id = book_item_of(stage->book, member, &item);
    book_seal(stage->book, member, stage->now_us++, 0, NULL);
    world_block(stage->world, stage->book->count - 1, stage->book->count, NULL);
    if (ret_id != NULL) *ret_id = id;
    return world_last_refusal(stage->world);
}

void empty_block(struct stage *stage, uint32_t member) {
    book_turn(stage->book, machine_of(stage));
    book_seal(stage->book, member, stage->now_us++, 0, NULL);
    world_block(stage->world, stage->book->count - 1, stage->book->count, NULL);
}

void empty_blocks_until(struct stage *stage, uint64_t height) {
    while (machine_height(machine_of(stage)) < height) empty_block(stage, 0);
}
