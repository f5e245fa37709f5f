#include "standing/collusion.h"

#include "base/check.h"
#include "base/limits.h"

/* 1/16, to which pairs_init adds 2/(n - 1) and more. Two experts among mediocre members show 2.3/n at n = 7 and 16. */
#define ALLOWANCE ((uint32_t)STANDING_ONE / 16)

/* The median of |residual| / cap begins at that of a normal spread of one cap, and moves by 1/32 a panel. */
#define TYPICAL_START 44204
#define TYPICAL_MIN   256
#define TYPICAL_SHIFT 5
/* 1 / 1.4826: a median of absolute values, of a normal distribution, in spreads. */
#define MEDIAN_SPREADS 44204

size_t collusion_bytes(uint32_t members) { return pairs_bytes(members); }

void collusion_init(struct collusion *collusion, void *zeroed_memory, uint32_t members) {
    pairs_init(&collusion->pairs, zeroed_memory, members, ALLOWANCE);
    collusion->typical = TYPICAL_START;
    collusion->turn = 0;
}

/* Divides by the cap, once a panel: caps have up to 51 bits, of which 31 are kept. */
struct reciprocal {
    int64_t cap;
    uint32_t dropped;
    int64_t factor; /* 2^47 / (cap >> dropped) */
};

static struct reciprocal reciprocal_of(int64_t cap) {
    struct reciprocal reciprocal = {.cap = cap};
    while (cap >> reciprocal.dropped >= INT64_C(1) << 31) reciprocal.dropped++;
    reciprocal.factor = (INT64_C(1) << 47) / (cap >> reciprocal.dropped);
    return reciprocal;
}

/* residual / cap in [-1, 1], 16 fractional bits. */
static int32_t share_of_cap(const struct reciprocal *reciprocal, int64_t residual) {
    bool negative = residual < 0;
    int64_t size = negative ? -residual : residual;
    if (size > reciprocal->cap) size = reciprocal->cap;
    int32_t share = (int32_t)(((size >> reciprocal->dropped) * reciprocal->factor) >> 31);
    return negative ? -share : share;
}

/* Which hypothesis is looked at in this panel, and which of its own means a member is centred by. */
struct aspect {
    uint32_t hypothesis;
    uint32_t slot;
};

static struct aspect next_aspect(struct collusion *collusion, const struct voice *voice) {
    uint32_t rivals = voice->hypotheses - 1;
    uint32_t turn = collusion->turn % (2 * rivals);
    collusion->turn = (turn + 1) % (2 * rivals);
    bool rival = rivals > 1 && turn % 2 == 1;
    uint32_t hypothesis = rival ? (voice->top + 1 + turn / 2) % voice->hypotheses : voice->top;
    return (struct aspect){hypothesis, (rival ? 2 : 0) + hypothesis % 2};
}

/* One step towards the median: the side with more than half of the residuals pulls. */
static void follow(struct collusion *collusion, uint32_t above, uint32_t reports) {
    int32_t step = (collusion->typical >> TYPICAL_SHIFT) + 1;
    if (2 * above > reports) collusion->typical += step;
    if (2 * above < reports) collusion->typical -= step;
    if (collusion->typical < TYPICAL_MIN) collusion->typical = TYPICAL_MIN;
    if (collusion->typical > STANDING_ONE) collusion->typical = STANDING_ONE;
}

void collusion_on_panel(struct collusion *collusion, const struct voice *voice) {
    CHECK(voice->cap > 0 && voice->hypotheses >= HYPOTHESES_MIN && voice->top < voice->hypotheses);
    struct reciprocal reciprocal = reciprocal_of(voice->cap);
    struct aspect aspect = next_aspect(collusion, voice);
    /* One cap in a value's units. */
    int32_t scale = (int32_t)((int64_t)PAIRS_SPREAD * MEDIAN_SPREADS / collusion->typical);
    int32_t limit = scale < PAIRS_VALUE_MAX ? scale : PAIRS_VALUE_MAX;
    uint32_t above = 0, reports = 0;
    for (uint32_t r = 0; r < voice->reports; r++) {
        const struct voice_report *report = &voice->report[r];
        if (report->without == NULL) continue;
        int32_t share = share_of_cap(&reciprocal, report->y[aspect.hypothesis] - report->without[aspect.hypothesis]);
        int32_t value = (int32_t)((int64_t)share * scale / STANDING_ONE);
        above += (share < 0 ? -share : share) > collusion->typical;
        reports++;
        value = value > limit ? limit : value < -limit ? -limit : value;
        pairs_add(&collusion->pairs, report->member, value, limit, aspect.slot);
    }
    follow(collusion, above, reports);
    pairs_end_panel(&collusion->pairs);
}

uint32_t collusion_ratio(const struct collusion *collusion, uint32_t member, bool enhanced) {
    return pairs_ratio(&collusion->pairs, member, enhanced);
}

uint32_t collusion_cluster(const struct collusion *collusion, uint32_t member) {
    return pairs_cluster(&collusion->pairs, member);
}

void collusion_forget(struct collusion *collusion, uint32_t member) { pairs_forget(&collusion->pairs, member); }

void collusion_resize(struct collusion *collusion, uint32_t heads) { pairs_resize(&collusion->pairs, heads); }

OUTLET_COVERS(struct collusion, sizeof(struct pairs) + 8);

void collusion_save(const struct collusion *collusion, struct outlet *outlet) {
    outlet_put_u32(outlet, (uint32_t)collusion->typical);
    outlet_put_u32(outlet, collusion->turn);
    pairs_save(&collusion->pairs, outlet);
}

enum status collusion_load(struct collusion *collusion, struct reader *reader) {
    TRY(reader_i32s(reader, TYPICAL_MIN, STANDING_ONE, &collusion->typical, 1));
    TRY(reader_u32_to(reader, 2 * HYPOTHESES_MAX, &collusion->turn));
    return pairs_load(&collusion->pairs, reader);
}
