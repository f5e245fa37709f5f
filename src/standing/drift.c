#include "standing/drift.h"

#include "base/check.h"
#include "standing/cusum.h"
#include "standing/residual.h"

/* What is kept for each member in each frame; arrays by member, one after another. */
enum stream {
    FAST_UP, /* sums, up is the side of larger residuals */
    FAST_DOWN,
    SLOW_DOWN,
    SLOW_UP,
    SUMS,
    MEAN = SUMS, /* of y, 24 fractional bits */
    SQUARE,      /* 1 less the mean of y^2, 24 fractional bits: nothing known is a variance of 1 */
    COUNT,       /* reports */
    STREAMS,
};

enum {
    MEAN_WINDOW = 64,
    SQUARE_WINDOW = 128,
    SQUARE_PRIOR = 8,   /* reports that the initial variance of 1 counts for */
    OFFSET_MAX = 32768, /* m is no more than half a cap */
};

static int32_t *stream_of(const struct drift *drift, uint32_t frame, uint32_t stream) {
    return drift->streams + (size_t)(frame * STREAMS + stream) * drift->members;
}

size_t drift_bytes(uint32_t members) { return (size_t)DRIFT_FRAMES * STREAMS * members * sizeof(int32_t); }

void drift_init(struct drift *drift, void *memory, uint32_t members) {
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    *drift = (struct drift){.members = members, .heads = members, .streams = memory};
    for (uint32_t f = 0; f < DRIFT_FRAMES; f++) drift->variance[f] = STANDING_ONE;
}

/* Streams of one member: both sides and scales of each hypothesis, one side and scale less of the outcome. */
static uint32_t streams_of(const struct drift *drift) { return SUMS * drift->frames - 1; }

void drift_resize(struct drift *drift, uint32_t heads) {
    CHECK(heads >= 1 && heads <= drift->members);
    drift->heads = heads;
    if (drift->frames > 0) drift->threshold = cusum_threshold(heads, streams_of(drift), false);
}

void drift_forget(struct drift *drift, uint32_t member) {
    CHECK(member < drift->members);
    for (uint32_t f = 0; f < drift->frames; f++)
        for (uint32_t s = 0; s < STREAMS; s++) stream_of(drift, f, s)[member] = 0;
}

static int32_t variance_of(const struct drift *drift, uint32_t frame, uint32_t member) {
    int32_t mean = stream_of(drift, frame, MEAN)[member] / 256;
    int32_t square = STANDING_ONE - stream_of(drift, frame, SQUARE)[member] / 256;
    int32_t variance = square - (int32_t)((int64_t)mean * mean / STANDING_ONE);
    return variance > 0 ? variance : 0;
}

static void observe(const struct drift *drift, uint32_t frame, uint32_t member, int32_t y) {
    int32_t *mean = &stream_of(drift, frame, MEAN)[member];
    int32_t *square = &stream_of(drift, frame, SQUARE)[member];
    int32_t *count = &stream_of(drift, frame, COUNT)[member];
    int32_t squared = (int32_t)((int64_t)y * y / STANDING_ONE);
    *mean = running_mean(*mean, y * 256, (uint32_t)*count, 0, MEAN_WINDOW);
    *square = running_mean(*square, (STANDING_ONE - squared) * 256, (uint32_t)*count, SQUARE_PRIOR, SQUARE_WINDOW);
    if (*count < SQUARE_WINDOW) ++*count;
}

static void accumulate(const struct drift *drift, uint32_t frame, uint32_t member, int32_t y) {
    int32_t cap = cusum_cap(drift->threshold);
    int32_t variance = variance_of(drift, frame, member);
    if (variance < drift->variance[frame]) variance = drift->variance[frame];
    uint32_t cell = ((uint32_t)variance * DETECTOR_GRID + (uint32_t)STANDING_ONE - 1) / (uint32_t)STANDING_ONE;
    int64_t fast = DRIFT_THETA_FAST[cell];
    int64_t slow = DRIFT_THETA_SLOW[cell];
    int32_t u = y - drift->offset[frame];
    int32_t *sums = stream_of(drift, frame, 0) + member;
    size_t n = drift->members;
    sums[FAST_UP * n] = cusum_add(sums[FAST_UP * n], fast * (u - DRIFT_REFERENCE_FAST) / STANDING_ONE, cap);
    sums[FAST_DOWN * n] = cusum_add(sums[FAST_DOWN * n], fast * (-u - DRIFT_REFERENCE_FAST) / STANDING_ONE, cap);
    sums[SLOW_DOWN * n] = cusum_add(sums[SLOW_DOWN * n], slow * (-u - DRIFT_REFERENCE_SLOW) / STANDING_ONE, cap);
    if (frame == 0) return;
    sums[SLOW_UP * n] = cusum_add(sums[SLOW_UP * n], slow * (u - DRIFT_REFERENCE_SLOW) / STANDING_ONE, cap);
}

static void step(const struct drift *drift, uint32_t frame, uint32_t member, int32_t y) {
    accumulate(drift, frame, member, y);
    observe(drift, frame, member, y);
}

static int32_t clamped(int32_t value, int32_t most) {
    if (value > most) return most;
    return value < -most ? -most : value;
}

/* The typical member: medians over those who have reported often enough to count. */
static void renew_group(struct drift *drift, uint32_t frame) {
    int32_t means[MEMBERS_MAX];
    int32_t variances[MEMBERS_MAX];
    uint32_t count = 0;
    const int32_t *mean = stream_of(drift, frame, MEAN);
    const int32_t *reports = stream_of(drift, frame, COUNT);
    for (uint32_t i = 0; i < drift->members; i++) {
        if (reports[i] < GROUP_REPORTS) continue;
        means[count] = mean[i] / 256;
        variances[count++] = variance_of(drift, frame, i);
    }
    if (count < GROUP_MEMBERS) return;
    ascending(means, count);
    ascending(variances, count);
    drift->offset[frame] = clamped((means[(count - 1) / 2] + means[count / 2]) / 2, OFFSET_MAX);
    drift->variance[frame] = variances[count / 2];
}

/* One report in the frames of the hypotheses that count, then in that of the outcome. */
static void see(const struct drift *drift, const struct voice *voice, const struct voice_report *report,
                uint32_t hypotheses) {
    uint32_t outcome = outcome_without(report, voice->hypotheses);
    int32_t towards = 0;
    for (uint32_t j = 0; j < hypotheses; j++) {
        int32_t y = residual(report, j, voice->cap);
        step(drift, 1 + j, report->member, y);
        /* The outcome may be the second of two hypotheses, the mirror image of the one that counts. */
        if (j == outcome)
            towards = y;
        else if (hypotheses == 1)
            towards = -y;
    }
    step(drift, 0, report->member, towards);
}

void drift_on_panel(struct drift *drift, const struct voice *voice) {
    uint32_t k = voice->hypotheses;
    /* The second of two hypotheses is the first one's mirror image. */
    uint32_t frames = 1 + (k == 2 ? 1 : k);
    if (frames > drift->frames) {
        drift->frames = frames;
        drift->threshold = cusum_threshold(drift->heads, streams_of(drift), false);
    }
    for (uint32_t r = 0; r < voice->reports; r++) {
        if (voice->report[r].without != NULL) see(drift, voice, &voice->report[r], frames - 1);
    }
    if (++drift->panels % GROUP_INTERVAL != 0) return;
    for (uint32_t f = 0; f < drift->frames; f++) renew_group(drift, f);
}

uint32_t drift_ratio(const struct drift *drift, uint32_t member, bool enhanced) {
    CHECK(member < drift->members);
    if (drift->frames == 0) return 0;
    int32_t largest = 0;
    for (uint32_t f = 0; f < drift->frames; f++) {
        for (uint32_t s = 0; s < SUMS; s++) {
            int32_t sum = stream_of(drift, f, s)[member];
            if (sum > largest) largest = sum;
        }
    }
    return cusum_ratio(largest, enhanced ? cusum_threshold(drift->heads, streams_of(drift), true) : drift->threshold);
}

OUTLET_COVERS(struct drift, 24 + 8 * DRIFT_FRAMES + 8);

void drift_save(const struct drift *drift, struct outlet *outlet) {
    outlet_put_u32(outlet, drift->frames);
    outlet_put_u32(outlet, drift->panels);
    outlet_put_i32s(outlet, drift->offset, drift->frames);
    outlet_put_i32s(outlet, drift->variance, drift->frames);
    outlet_put_i32s(outlet, drift->streams, (size_t)drift->frames * STREAMS * drift->members);
}

/* The ranges that accumulate and observe keep: so nothing that follows can overflow or leave a table. Sums may be from when more places
 * were taken. */
static enum status load_stream(struct drift *drift, struct reader *reader, uint32_t frame, uint32_t stream) {
    int32_t *values = stream_of(drift, frame, stream);
    int32_t full = STANDING_ONE * 256;
    int32_t cap = cusum_cap(cusum_threshold(drift->members, streams_of(drift), false));
    if (stream < SUMS) return reader_i32s(reader, 0, cap, values, drift->members);
    if (stream == MEAN) return reader_i32s(reader, -full, full, values, drift->members);
    return reader_i32s(reader, 0, stream == SQUARE ? full : SQUARE_WINDOW, values, drift->members);
}

enum status drift_load(struct drift *drift, struct reader *reader) {
    TRY(reader_u32_to(reader, DRIFT_FRAMES, &drift->frames));
    TRY(reader_u32(reader, &drift->panels));
    TRY(reader_i32s(reader, -OFFSET_MAX, OFFSET_MAX, drift->offset, drift->frames));
    TRY(reader_i32s(reader, 0, STANDING_ONE, drift->variance, drift->frames));
    if (drift->frames > 0) drift->threshold = cusum_threshold(drift->heads, streams_of(drift), false);
    for (uint32_t f = 0; f < drift->frames; f++)
        for (uint32_t s = 0; s < STREAMS; s++) TRY(load_stream(drift, reader, f, s));
    return STATUS_OK;
}
