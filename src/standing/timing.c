#include "standing/timing.h"

#include "base/check.h"
#include "base/limits.h"

#define ALLOWANCE   ((uint32_t)STANDING_ONE / 8)
#define REPORTS_MIN 3

size_t timing_bytes(uint32_t members) { return pairs_bytes(members); }

void timing_init(struct timing *timing, void *zeroed_memory, uint32_t members) {
    pairs_init(&timing->pairs, zeroed_memory, members, ALLOWANCE);
}

static int32_t within_window(int32_t offset) {
    if (offset < 0) return 0;
    return offset < STANDING_ONE ? offset : STANDING_ONE;
}

/* Earlier reports less later ones: 1 - count .. count - 1. */
static int32_t rank_of(const int32_t *offset, uint32_t count, int32_t mine) {
    int32_t rank = 0;
    for (uint32_t r = 0; r < count; r++) rank += (offset[r] < mine) - (offset[r] > mine);
    return rank;
}

void timing_on_panel(struct timing *timing, const struct voice *voice) {
    if (voice->reports < REPORTS_MIN) return;
    CHECK(voice->reports <= MEMBERS_MAX);
    int32_t offset[MEMBERS_MAX];
    for (uint32_t r = 0; r < voice->reports; r++) offset[r] = within_window(voice->report[r].offset);
    int32_t unit = (PAIRS_VALUE_MAX << 8) / (int32_t)(voice->reports - 1);
    for (uint32_t r = 0; r < voice->reports; r++) {
        int32_t value = rank_of(offset, voice->reports, offset[r]) * unit / (1 << 8);
        pairs_add(&timing->pairs, voice->report[r].member, value, PAIRS_VALUE_MAX, 0);
    }
    pairs_end_panel(&timing->pairs);
}

uint32_t timing_ratio(const struct timing *timing, uint32_t member, bool enhanced) {
    return pairs_ratio(&timing->pairs, member, enhanced);
}

void timing_forget(struct timing *timing, uint32_t member) { pairs_forget(&timing->pairs, member); }

void timing_resize(struct timing *timing, uint32_t heads) { pairs_resize(&timing->pairs, heads); }

OUTLET_COVERS(struct timing, sizeof(struct pairs));

void timing_save(const struct timing *timing, struct outlet *outlet) { pairs_save(&timing->pairs, outlet); }

enum status timing_load(struct timing *timing, struct reader *reader) { return pairs_load(&timing->pairs, reader); }
