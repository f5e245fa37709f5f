#include "standing/sign.h"

#include "base/check.h"
#include "standing/cusum.h"
#include "standing/residual.h"

/* The sums of a frame; arrays by member, one after another. */
enum side { DOWN, UP, SIDES };

enum {
    CELL_MIN = DETECTOR_GRID / 2, /* the least share of a sign, of DETECTOR_GRID */
    SIGNS_MIN = 4,
};

/* The signs of one frame in one panel, by report. */
struct signs {
    int8_t of[MEMBERS_MAX]; /* -1, 0, 1 */
    uint32_t count[SIDES];
};

static int32_t *sum_of(const struct sign *sign, uint32_t frame, enum side side) {
    return sign->sums + (size_t)(frame * SIDES + side) * sign->members;
}

size_t sign_bytes(uint32_t members) { return (size_t)SIGN_FRAMES * SIDES * members * sizeof(int32_t); }

void sign_init(struct sign *sign, void *memory, uint32_t members) {
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    *sign = (struct sign){.members = members, .heads = members, .sums = memory};
}

/* Streams of one member: both signs of each hypothesis, one of the outcome. */
static uint32_t streams_of(const struct sign *sign) { return SIDES * sign->frames - 1; }

void sign_forget(struct sign *sign, uint32_t member) {
    CHECK(member < sign->members);
    for (uint32_t f = 0; f < sign->frames; f++)
        for (uint32_t s = 0; s < SIDES; s++) sum_of(sign, f, (enum side)s)[member] = 0;
}

void sign_resize(struct sign *sign, uint32_t heads) {
    CHECK(heads >= 1 && heads <= sign->members);
    sign->heads = heads;
    if (sign->frames > 0) sign->threshold = cusum_threshold(heads, streams_of(sign), false);
}

static void note(struct signs *signs, const struct voice_report *report, uint32_t r, uint32_t hypothesis) {
    int64_t told = report->y[hypothesis];
    int64_t without = report->without[hypothesis];
    signs->of[r] = (int8_t)((told > without) - (told < without));
    if (told > without) signs->count[UP]++;
    if (told < without) signs->count[DOWN]++;
}

/* The row of the tables for this share, rounded up: a hit is worth no more than it should. */
static uint32_t cell_of(uint32_t hits, uint32_t signs) {
    uint32_t cell = (hits * DETECTOR_GRID + signs - 1) / signs;
    return cell > CELL_MIN ? cell : CELL_MIN;
}

static void count_side(const struct sign *sign, const struct voice *voice, const struct signs *signs, uint32_t frame,
                       enum side side) {
    uint32_t all = signs->count[UP] + signs->count[DOWN];
    uint32_t hits = signs->count[side];
    /* When all have the same sign it says nothing of anyone. */
    if (all < SIGNS_MIN || hits == all) return;
    uint32_t cell = cell_of(hits, all);
    int32_t cap = cusum_cap(sign->threshold);
    int8_t watched = side == UP ? 1 : -1;
    int32_t *sums = sum_of(sign, frame, side);
    for (uint32_t r = 0; r < voice->reports; r++) {
        if (signs->of[r] == 0) continue;
        int32_t *sum = &sums[voice->report[r].member];
        *sum = cusum_add(*sum, signs->of[r] == watched ? SIGN_GAIN[cell] : -SIGN_LOSS[cell], cap);
    }
}

static void see_hypothesis(const struct sign *sign, const struct voice *voice, uint32_t hypothesis) {
    struct signs signs = {.count = {0}};
    for (uint32_t r = 0; r < voice->reports; r++) {
        if (voice->report[r].without != NULL) note(&signs, &voice->report[r], r, hypothesis);
    }
    count_side(sign, voice, &signs, 1 + hypothesis, UP);
    count_side(sign, voice, &signs, 1 + hypothesis, DOWN);
}

static void see_outcome(const struct sign *sign, const struct voice *voice) {
    struct signs signs = {.count = {0}};
    for (uint32_t r = 0; r < voice->reports; r++) {
        const struct voice_report *report = &voice->report[r];
        if (report->without != NULL) note(&signs, report, r, outcome_without(report, voice->hypotheses));
    }
    count_side(sign, voice, &signs, 0, DOWN);
}

void sign_on_panel(struct sign *sign, const struct voice *voice) {
    /* The second of two hypotheses is the first one's mirror image. */
    uint32_t hypotheses = voice->hypotheses == 2 ? 1 : voice->hypotheses;
    if (1 + hypotheses > sign->frames) {
        sign->frames = 1 + hypotheses;
        sign->threshold = cusum_threshold(sign->heads, streams_of(sign), false);
    }
    for (uint32_t j = 0; j < hypotheses; j++) see_hypothesis(sign, voice, j);
    see_outcome(sign, voice);
}

uint32_t sign_ratio(const struct sign *sign, uint32_t member, bool enhanced) {
    CHECK(member < sign->members);
    if (sign->frames == 0) return 0;
    int32_t largest = 0;
    for (uint32_t f = 0; f < sign->frames; f++) {
        for (uint32_t s = 0; s < SIDES; s++) {
            int32_t sum = sum_of(sign, f, (enum side)s)[member];
            if (sum > largest) largest = sum;
        }
    }
    return cusum_ratio(largest, enhanced ? cusum_threshold(sign->heads, streams_of(sign), true) : sign->threshold);
}

OUTLET_COVERS(struct sign, 24);

static size_t sums_count(const struct sign *sign) { return (size_t)sign->frames * SIDES * sign->members; }

void sign_save(const struct sign *sign, struct outlet *outlet) {
    outlet_put_u32(outlet, sign->frames);
    outlet_put_i32s(outlet, sign->sums, sums_count(sign));
}

enum status sign_load(struct sign *sign, struct reader *reader) {
    TRY(reader_u32_to(reader, SIGN_FRAMES, &sign->frames));
    if (sign->frames == 0) return STATUS_OK;
    sign->threshold = cusum_threshold(sign->heads, streams_of(sign), false);
    /* Sums may be from when more places were taken. */
    int32_t cap = cusum_cap(cusum_threshold(sign->members, streams_of(sign), false));
    return reader_i32s(reader, 0, cap, sign->sums, sums_count(sign));
}
