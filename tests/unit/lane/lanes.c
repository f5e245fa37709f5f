#include "lanes.h"

#include <stdlib.h>

#include "base/prng.h"

struct hash hash_of(uint32_t member, uint64_t seq, uint32_t version) {
    struct prng prng = prng_seeded(seq << 32 | (uint64_t)version << 16 | member);
    struct hash hash;
    for (size_t i = 0; i < HASH_BYTES; i++) hash.bytes[i] = (uint8_t)prng_next(&prng);
    return hash;
}

struct tip tip_of(uint32_t member, uint64_t seq, uint32_t version) {
    return (struct tip){member, seq, hash_of(member, seq, version)};
}

static enum status read_executed(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    struct desk *desk = context;
    desk->reads++;
    if (seq >= EXECUTED_MAX || hash_is_zero(&desk->executed[member][seq])) return STATUS_NOT_FOUND;
    *ret_hash = desk->executed[member][seq];
    return STATUS_OK;
}

struct desk *desk_new(uint32_t members) {
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->memory = calloc(1, lanes_bytes(members));
    assert_non_null(desk->memory);
    lanes_init(&desk->lanes, desk->memory, lanes_bytes(members), members, read_executed, desk);
    return desk;
}

void desk_free(struct desk *desk) {
    free(desk->memory);
    free(desk);
}

struct header header_of(uint32_t member, uint64_t seq, uint32_t prev_version) {
    struct header header = {.member = member, .seq = seq, .wall_us = WALL_US + seq, .count = 1, .bytes = 100};
    if (seq > 1) header.prev = hash_of(member, seq - 1, prev_version);
    return header;
}

void header_add_dep(struct header *header, struct tip dep) { header->deps[header->deps_count++] = dep; }

enum status desk_offer(struct desk *desk, const struct header *header, uint32_t version) {
    struct hash hash = hash_of(header->member, header->seq, version);
    return lanes_offer(&desk->lanes, header, &hash, WALL_US, &desk->batch, &desk->missing, &desk->rival);
}

void desk_add(struct desk *desk, uint32_t member, uint64_t seq) {
    struct header header = header_of(member, seq, 0);
    assert_int_equal(desk_offer(desk, &header, 0), STATUS_OK);
}

void desk_fill(struct desk *desk, uint32_t member, uint64_t first, uint64_t last) {
    for (uint64_t seq = first; seq <= last; seq++) desk_add(desk, member, seq);
}

void desk_execute(struct desk *desk, uint32_t member, uint64_t seq, uint32_t version) {
    struct block block = {.entries_count = 1, .entries = {tip_of(member, seq, version)}};
    struct lane *lane = &desk->lanes.lanes[member];
    const struct batch *batch = lanes_find(&desk->lanes, member, seq, &block.entries[0].hash);
    assert_non_null(batch);
    for (uint64_t s = lane->base.seq + 1; s <= seq; s++) desk->executed[member][s] = lane_ancestor(batch, s)->hash;
    lanes_execute(&desk->lanes, &block);
}
