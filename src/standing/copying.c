#include "standing/copying.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/limits.h"
#include "standing/cusum.h"

#define REFERENCE    (STANDING_ONE / 4)
#define USUAL_WINDOW 64
#define USUAL_PRIOR  4
/* How much more often than a pair is equal a member may find its equal before it counts. */
#define PAIR_FACTOR 3
#define REPORTS_MIN 4

size_t copying_bytes(uint32_t members) { return arena_rounded(members * sizeof(int32_t)); }

void copying_init(struct copying *copying, void *zeroed_memory, uint32_t members) {
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    *copying = (struct copying){.members = members, .heads = members, .usual = STANDING_ONE, .sum = zeroed_memory};
}

void copying_forget(struct copying *copying, uint32_t member) {
    CHECK(member < copying->members);
    copying->sum[member] = 0;
}

void copying_resize(struct copying *copying, uint32_t heads) {
    CHECK(heads >= 1 && heads <= copying->members);
    copying->heads = heads;
}

/* Of splitmix64 (Steele, Lea & Flood 2014), a value at a time. */
static uint32_t hash_of(const int64_t *y, uint32_t hypotheses) {
    uint64_t hash = 0;
    for (uint32_t h = 0; h < hypotheses; h++) {
        hash = (hash ^ (uint64_t)y[h]) + UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
        hash ^= hash >> 31;
    }
    return (uint32_t)hash;
}

/* What a panel says of equality: of each report, how many tell the same, itself included. */
struct equality {
    uint32_t class_size[MEMBERS_MAX];
    uint32_t shared; /* reports that equal another */
    uint32_t pairs;  /* equal pairs */
};

static void compare(const struct voice *voice, struct equality *equality) {
    uint32_t hash[MEMBERS_MAX];
    for (uint32_t r = 0; r < voice->reports; r++) hash[r] = hash_of(voice->report[r].y, voice->hypotheses);
    uint32_t ordered = 0;
    equality->shared = 0;
    for (uint32_t r = 0; r < voice->reports; r++) {
        uint32_t size = 0;
        for (uint32_t other = 0; other < voice->reports; other++) size += hash[other] == hash[r];
        equality->class_size[r] = size;
        equality->shared += size > 1;
        ordered += size - 1;
    }
    equality->pairs = ordered / 2;
}

static bool same_vector(const int64_t *a, const int64_t *b, uint32_t hypotheses) {
    for (uint32_t h = 0; h < hypotheses; h++) {
        if (a[h] != b[h]) return false;
    }
    return true;
}

/* The report of a member, by bisection; NULL when it gave none. */
static const struct voice_report *report_of(const struct voice *voice, uint32_t member) {
    uint32_t low = 0, high = voice->reports;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (voice->report[middle].member < member) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < voice->reports && voice->report[low].member == member ? &voice->report[low] : NULL;
}

static bool is_repeat(const struct voice *voice, const struct voice_report *report) {
    if (report->copied == VOICE_ORIGINAL || report->copied == report->member) return false;
    const struct voice_report *model = report_of(voice, report->copied);
    return model != NULL && same_vector(model->y, report->y, voice->hypotheses);
}

/* 1 over the counts that the shares of a panel are made with, 16 fractional bits, rounded up. */
struct shares {
    uint32_t of_others;
    uint32_t of_pairs;
};

static struct shares shares_of(uint32_t reports) {
    uint32_t others = reports - 1, pairs = others * (others - 1) / 2;
    return (struct shares){((uint32_t)STANDING_ONE + others - 1) / others,
                           ((uint32_t)STANDING_ONE * PAIR_FACTOR + pairs - 1) / pairs};
}

/* The base of a report whose vector `size` reports tell. Without it, one of only two alike is alone. */
static int32_t base_of(const struct copying *copying, const struct equality *equality, const struct shares *shares,
                       uint32_t size) {
    uint32_t alike = equality->shared - (size > 1) - (size == 2);
    int32_t base = (int32_t)(alike * shares->of_others);
    int32_t by_pairs = (int32_t)((equality->pairs - (size - 1)) * shares->of_pairs);
    if (by_pairs > base) base = by_pairs;
    return base > copying->usual ? base : copying->usual;
}

void copying_on_panel(struct copying *copying, const struct voice *voice) {
    if (voice->reports < REPORTS_MIN) return;
    CHECK(voice->reports <= MEMBERS_MAX);
    struct equality equality;
    compare(voice, &equality);
    struct shares shares = shares_of(voice->reports);
    int32_t cap = cusum_cap(cusum_threshold(copying->heads, 1, false));
    for (uint32_t r = 0; r < voice->reports; r++) {
        const struct voice_report *report = &voice->report[r];
        CHECK(report->member < copying->members);
        int32_t step = is_repeat(voice, report) ? STANDING_ONE : 0;
        step -= base_of(copying, &equality, &shares, equality.class_size[r]) + REFERENCE;
        copying->sum[report->member] = cusum_add(copying->sum[report->member], step, cap);
    }
    int32_t share = (int32_t)(equality.shared * (uint32_t)STANDING_ONE / voice->reports);
    copying->usual = running_mean(copying->usual, share, copying->panels, USUAL_PRIOR, USUAL_WINDOW);
    if (copying->panels < USUAL_WINDOW) copying->panels++;
}

uint32_t copying_ratio(const struct copying *copying, uint32_t member, bool enhanced) {
    CHECK(member < copying->members);
    return cusum_ratio(copying->sum[member], cusum_threshold(copying->heads, 1, enhanced));
}

OUTLET_COVERS(struct copying, 24);

void copying_save(const struct copying *copying, struct outlet *outlet) {
    outlet_put_u32(outlet, copying->panels);
    outlet_put_u32(outlet, (uint32_t)copying->usual);
    outlet_put_i32s(outlet, copying->sum, copying->members);
}

enum status copying_load(struct copying *copying, struct reader *reader) {
    int32_t cap = cusum_cap(cusum_threshold(copying->members, 1, false));
    TRY(reader_u32_to(reader, USUAL_WINDOW, &copying->panels));
    TRY(reader_i32s(reader, 0, STANDING_ONE, &copying->usual, 1));
    return reader_i32s(reader, 0, cap, copying->sum, copying->members);
}
