#include "machine/trail.h"

#include "base/check.h"
#include "base/num.h"

OUTLET_COVERS(struct trail_lane, 24);
OUTLET_COVERS(struct trail, 8 + 2 * sizeof(void *));

static size_t hashes_bytes(uint32_t members) { return (size_t)members * MACHINE_LANE_HASHES * sizeof(struct hash); }

size_t trail_bytes(uint32_t members) {
    return arena_rounded(members * sizeof(struct trail_lane)) + arena_rounded(hashes_bytes(members));
}

void trail_init(struct trail *trail, struct arena *arena, uint32_t members) {
    *trail = (struct trail){
        .members = members,
        .lanes = arena_need(arena, members * sizeof(struct trail_lane)),
        .hashes = arena_need(arena, hashes_bytes(members)),
    };
}

static struct hash *place_of(const struct trail *trail, uint32_t member, uint64_t seq) {
    return &trail->hashes[(size_t)member * MACHINE_LANE_HASHES + seq % MACHINE_LANE_HASHES];
}

void trail_batch(struct trail *trail, const struct machine_batch *batch) {
    CHECK(batch->member < trail->members);
    struct trail_lane *lane = &trail->lanes[batch->member];
    CHECK(batch->seq == lane->seq + 1);
    lane->seq = batch->seq;
    lane->wall_us = batch->wall_us;
    *place_of(trail, batch->member, batch->seq) = batch->hash;
}

void trail_seal(struct trail *trail, uint32_t member) {
    CHECK(member < trail->members);
    trail->lanes[member].is_sealed = true;
}

void trail_reopen(struct trail *trail, uint32_t member, uint64_t epoch) {
    CHECK(member < trail->members);
    struct trail_lane *lane = &trail->lanes[member];
    uint64_t seq = seq_base(epoch);
    CHECK(seq > lane->seq);
    struct hash newest = lane->seq > 0 ? *place_of(trail, member, lane->seq) : (struct hash){0};
    *place_of(trail, member, seq) = newest;
    lane->seq = seq;
    lane->is_sealed = false;
}

/* How many hashes there are of a lane that has come so far: those under its newest key, behind the one that it goes on from; a limited
 * number. */
static uint64_t remembered(uint64_t seq) {
    uint64_t epoch = seq_epoch(seq);
    return num_min_u64(seq - seq_base(epoch) + (epoch > 0), MACHINE_LANE_HASHES);
}

enum status trail_hash(const struct trail *trail, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    if (member >= trail->members) return STATUS_NOT_FOUND;
    uint64_t newest = trail->lanes[member].seq;
    if (seq > newest || newest - seq >= remembered(newest)) return STATUS_NOT_FOUND;
    *ret_hash = *place_of(trail, member, seq);
    return STATUS_OK;
}

/* Hashes from the oldest on. */
void trail_save(const struct trail *trail, struct outlet *outlet) {
    for (uint32_t m = 0; m < trail->members; m++) {
        const struct trail_lane *lane = &trail->lanes[m];
        outlet_put_u64(outlet, lane->seq);
        outlet_put_u64(outlet, lane->wall_us);
        outlet_put_flag(outlet, lane->is_sealed);
        for (uint64_t i = remembered(lane->seq); i-- > 0;) outlet_put_hash(outlet, place_of(trail, m, lane->seq - i));
    }
}

enum status trail_load(struct trail *trail, struct reader *reader, uint64_t epoch) {
    for (uint32_t m = 0; m < trail->members; m++) {
        struct trail_lane *lane = &trail->lanes[m];
        TRY(reader_u64_to(reader, UINT64_MAX - 1, &lane->seq));
        TRY(reader_u64(reader, &lane->wall_us));
        TRY(reader_flag(reader, &lane->is_sealed));
        if (lane->seq == 0 && lane->wall_us != 0) return STATUS_BAD_VALUE;
        if (seq_epoch(lane->seq) > epoch) return STATUS_BAD_VALUE;
        for (uint64_t i = remembered(lane->seq); i-- > 0;)
            TRY(reader_hash(reader, place_of(trail, m, lane->seq - i)));
    }
    return STATUS_OK;
}
