#include "standing/omission.h"

#include "base/check.h"
#include "standing/cusum.h"

enum {
    SHARE_WINDOW = 128,
    USUAL_CELL_MIN = 8, /* of DETECTOR_GRID: an eighth */
    USUAL_CELL_MAX = 32,
};

size_t omission_bytes(uint32_t members) { return (size_t)3 * members * sizeof(int32_t); }

void omission_init(struct omission *omission, void *memory, uint32_t members) {
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    int32_t *sum = memory;
    *omission = (struct omission){
        .members = members, .heads = members, .sum = sum, .share = sum + members, .count = sum + 2 * members};
}

void omission_forget(struct omission *omission, uint32_t member) {
    CHECK(member < omission->members);
    omission->sum[member] = omission->share[member] = omission->count[member] = 0;
}

void omission_resize(struct omission *omission, uint32_t heads) {
    CHECK(heads >= 1 && heads <= omission->members);
    omission->heads = heads;
}

/* The row of the tables for the usual share, rounded up: a miss is worth no more than it should. */
static uint32_t usual_cell(const struct omission *omission) {
    uint32_t cell = ((uint32_t)omission->usual * DETECTOR_GRID + (uint32_t)STANDING_ONE - 1) / (uint32_t)STANDING_ONE;
    if (cell < USUAL_CELL_MIN) return USUAL_CELL_MIN;
    return cell < USUAL_CELL_MAX ? cell : USUAL_CELL_MAX;
}

static void step(const struct omission *omission, uint32_t member, bool missed, uint32_t cell, int32_t cap) {
    omission->sum[member] =
        cusum_add(omission->sum[member], missed ? OMISSION_GAIN[cell] : -OMISSION_LOSS[cell], cap);
    omission->share[member] = running_mean(omission->share[member], missed ? INT32_C(1) << 24 : 0,
                                           (uint32_t)omission->count[member], 0, SHARE_WINDOW);
    if (omission->count[member] < SHARE_WINDOW) omission->count[member]++;
}

static void renew_group(struct omission *omission) {
    int32_t shares[MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < omission->members; i++) {
        if (omission->count[i] >= GROUP_REPORTS) shares[count++] = omission->share[i] / 256;
    }
    if (count < GROUP_MEMBERS) return;
    ascending(shares, count);
    omission->usual = shares[count / 2];
}

static bool has_missed(const struct voice *voice, uint32_t member) {
    return (voice->missed[member / 64] >> (member % 64) & 1) != 0;
}

void omission_on_panel(struct omission *omission, const struct voice *voice) {
    uint32_t missed = 0;
    for (uint32_t i = 0; i < omission->members; i++) missed += has_missed(voice, i) ? 1 : 0;
    if (missed >= voice->reports) return;
    uint32_t cell = usual_cell(omission);
    int32_t cap = cusum_cap(cusum_threshold(omission->heads, 1, false));
    for (uint32_t r = 0; r < voice->reports; r++) step(omission, voice->report[r].member, false, cell, cap);
    for (uint32_t i = 0; missed > 0 && i < omission->members; i++) {
        if (has_missed(voice, i)) step(omission, i, true, cell, cap);
    }
    if (++omission->panels % GROUP_INTERVAL == 0) renew_group(omission);
}

uint32_t omission_ratio(const struct omission *omission, uint32_t member, bool enhanced) {
    CHECK(member < omission->members);
    return cusum_ratio(omission->sum[member], cusum_threshold(omission->heads, 1, enhanced));
}

OUTLET_COVERS(struct omission, 16 + 3 * sizeof(int32_t *));

void omission_save(const struct omission *omission, struct outlet *outlet) {
    outlet_put_u32(outlet, omission->panels);
    outlet_put_u32(outlet, (uint32_t)omission->usual);
    outlet_put_i32s(outlet, omission->sum, omission->members);
    outlet_put_i32s(outlet, omission->share, omission->members);
    outlet_put_i32s(outlet, omission->count, omission->members);
}

enum status omission_load(struct omission *omission, struct reader *reader) {
    int32_t cap = cusum_cap(cusum_threshold(omission->members, 1, false));
    TRY(reader_u32(reader, &omission->panels));
    TRY(reader_i32s(reader, 0, STANDING_ONE, &omission->usual, 1));
    TRY(reader_i32s(reader, 0, cap, omission->sum, omission->members));
    TRY(reader_i32s(reader, 0, INT32_C(1) << 24, omission->share, omission->members));
    return reader_i32s(reader, 0, SHARE_WINDOW, omission->count, omission->members);
}
