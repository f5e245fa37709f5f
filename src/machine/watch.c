#include "machine/watch.h"

static size_t without_bytes(uint32_t members) { return (size_t)members * HYPOTHESES_MAX * sizeof(int64_t); }

size_t watch_bytes(uint32_t members) {
    size_t n = members;
    return arena_rounded(n * n * sizeof(uint64_t)) + arena_rounded(n * sizeof(uint64_t)) +
           arena_rounded(sizeof(struct huber_steps)) + arena_rounded(n * sizeof(struct huber_point)) +
           arena_rounded(without_bytes(members)) + arena_rounded(n * sizeof(struct voice_report));
}

void watch_init(struct watch *watch, struct arena *arena, struct standing *standing, uint32_t members) {
    size_t n = members;
    *watch = (struct watch){
        .standing = standing,
        .members = members,
        .seen = arena_need(arena, n * n * sizeof(uint64_t)),
        .moved_us = arena_need(arena, n * sizeof(uint64_t)),
        .steps = arena_need(arena, sizeof(struct huber_steps)),
        .points = arena_need(arena, n * sizeof(struct huber_point)),
        .without = arena_need(arena, without_bytes(members)),
        .reports = arena_need(arena, n * sizeof(struct voice_report)),
    };
}

/* Deps name the tips that moved since the lane's previous batch, so the newest of each lane is kept. Only what the lane
 * itself refers to counts as seen: what it could have learnt by way of a third lane proves nothing. */
void watch_batch(struct watch *watch, const struct machine_batch *batch, uint64_t now_us) {
    uint64_t *seen = watch->seen + (size_t)batch->member * watch->members;
    for (uint32_t i = 0; i < batch->deps_count; i++) {
        const struct tip *dep = &batch->deps[i];
        if (dep->member < watch->members && dep->seq > seen[dep->member]) seen[dep->member] = dep->seq;
    }
    watch->moved_us[batch->member] = now_us;
}

void watch_depart(struct watch *watch, uint32_t member) {
    memset(watch->seen + (size_t)member * watch->members, 0, watch->members * sizeof *watch->seen);
    watch->moved_us[member] = 0;
}

bool watch_had_seen(void *user, uint32_t member, uint32_t other, uint64_t seq) {
    const struct watch *watch = user;
    if (member >= watch->members || other >= watch->members) return false;
    return seq <= watch->seen[(size_t)member * watch->members + other];
}

/* The location of every hypothesis without each reporter. For two hypotheses the second is the mirror image. */
static void locate_without(struct watch *watch, const struct question_seal *seal, const uint32_t *weight) {
    uint32_t k = question_parameters(seal->question)->hypotheses;
    int64_t cap = question_scaled_cap(seal->question);
    for (uint32_t j = 0; j < (k == 2 ? 1 : k); j++) {
        int64_t x[MEMBERS_MAX];
        int64_t locations[MEMBERS_MAX];
        for (uint32_t i = 0; i < seal->reports; i++) x[i] = seal->report[i].y[j];
        struct huber_sample sample = huber_sample_of(x, weight, seal->reports, cap, watch->points);
        huber_without(&sample, x, weight, seal->reports, watch->steps, locations);
        for (uint32_t i = 0; i < seal->reports; i++) {
            watch->without[(size_t)i * k + j] = locations[i];
            if (k == 2) watch->without[(size_t)i * k + 1] = -locations[i];
        }
    }
}

/* Where in the window the report was told, by the reporter's own clock and counted from the earliest. */
static int32_t offset_of(uint64_t clock_us, uint64_t first_us, uint64_t window_us) {
    uint64_t late_us = num_min_u64(clock_us - first_us, window_us);
    return (int32_t)((uint128)late_us * (uint128)STANDING_ONE / window_us);
}

static uint64_t first_clock_us(const struct question_seal *seal) {
    uint64_t first_us = UINT64_MAX;
    for (uint32_t i = 0; i < seal->reports; i++) first_us = num_min_u64(first_us, seal->report[i].clock_us);
    return first_us;
}

static void fill_reports(struct watch *watch, const struct question_seal *seal, uint32_t voices) {
    const struct question_parameters *parameters = question_parameters(seal->question);
    uint64_t first_us = first_clock_us(seal);
    const uint32_t *weights = standing_weights(watch->standing);
    for (uint32_t i = 0; i < seal->reports; i++) {
        const struct question_report *report = &seal->report[i];
        bool is_alone = voices == 1 && weights[report->member] > 0;
        watch->reports[i] = (struct voice_report){
            .member = (uint16_t)report->member,
            .copied = report->copied == QUESTION_ORIGINAL ? VOICE_ORIGINAL : (uint16_t)report->copied,
            .offset = offset_of(report->clock_us, first_us, parameters->window_us),
            .y = report->y,
            .without = is_alone ? NULL : watch->without + (size_t)i * parameters->hypotheses,
        };
    }
}

/* Members of weight that told nothing although their lane moved since the observation was opened. */
static void fill_missed(const struct watch *watch, const struct question_seal *seal, struct voice *voice) {
    const uint32_t *weights = standing_weights(watch->standing);
    uint32_t next = 0;
    for (uint32_t m = 0; m < watch->members; m++) {
        bool told = next < seal->reports && seal->report[next].member == m;
        if (told) next++;
        if (!told && weights[m] > 0 && watch->moved_us[m] > seal->opened_us)
            voice->missed[m / 64] |= UINT64_C(1) << (m % 64);
    }
}

static uint32_t top_of(const int64_t *location, uint32_t hypotheses) {
    uint32_t top = 0;
    for (uint32_t j = 1; j < hypotheses; j++)
        if (location[j] > location[top]) top = j;
    return top;
}

/* A void observation has no location, so nobody can be compared with it. */
void watch_on_seal(void *user, const struct question_seal *seal) {
    struct watch *watch = user;
    uint32_t weight[MEMBERS_MAX];
    uint32_t voices = 0;
    if (seal->location == NULL) return;
    const uint32_t *weights = standing_weights(watch->standing);
    for (uint32_t i = 0; i < seal->reports; i++) {
        weight[i] = weights[seal->report[i].member];
        voices += weight[i] > 0;
    }
    uint32_t hypotheses = question_parameters(seal->question)->hypotheses;
    struct voice voice = {
        .family = watch->family,
        .hypotheses = hypotheses,
        .cap = question_scaled_cap(seal->question),
        .top = top_of(seal->location, hypotheses),
        .reports = seal->reports,
        .report = watch->reports,
    };
    locate_without(watch, seal, weight);
    fill_reports(watch, seal, voices);
    fill_missed(watch, seal, &voice);
    standing_on_panel(watch->standing, &voice);
}

OUTLET_COVERS(struct watch, sizeof(void *) + 8 + 6 * sizeof(void *));

/* The rest is scratch of a seal. */
void watch_save(const struct watch *watch, struct outlet *outlet) {
    outlet_put_u64s(outlet, watch->seen, (size_t)watch->members * watch->members);
    outlet_put_u64s(outlet, watch->moved_us, watch->members);
}

enum status watch_load(struct watch *watch, uint64_t now_us, struct reader *reader) {
    TRY(reader_u64s(reader, UINT64_MAX, watch->seen, (size_t)watch->members * watch->members));
    return reader_u64s(reader, now_us, watch->moved_us, watch->members);
}
