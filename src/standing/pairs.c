#include "standing/pairs.h"

#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/limits.h"
#include "standing/cusum.h"

/* A mean forgets one part in 64 with each report: slow against the noise, fast against a change of the questions. */
#define MEAN_SHIFT 6
#define MEAN_BITS  8

/* Fewer pairs have no median worth the name. */
#define PAIRS_COUNT_MIN 3
/* What a pair must have been together on, 8 fractional bits: one block. */
#define COMMON_MIN (PAIRS_BLOCK << 8)
/* 1/16 of a squared spread: below it values are all but constant, and their products say nothing. */
#define VARIANCE_MIN (INT64_C(1) << 18)
#define VARIANCE_MAX (INT32_C(1) << 24)
/* Of a member, a pair of tests at each scale with each of the others. */
#define TESTS (2 * PAIRS_SCALES)
/* Not together often enough; below every mean product. */
#define NO_PAIR     INT32_MIN
#define MEDIAN_STEP 1024
/* Beyond any threshold, and far from an overflow. */
#define SURPRISE_MAX (INT32_C(1) << 24)
#define KAPPA_MAX    (64 * (int64_t)STANDING_ONE)
/* An excess of 2 is beyond what perfect agreement shows. */
#define EXCESS_MAX (2 * (int64_t)STANDING_ONE)

/* A block enters whole and an old one is left with 1 - 2^-shift: 4 blocks are 256 panels, 32 are 2048. */
static const uint32_t scale_shift[PAIRS_SCALES] = {2, 5};

_Static_assert(MEMBERS_MAX <= 256, "star_cost has a level for each power of two up to 128");
_Static_assert(PAIRS_VALUE_MAX == 1 << 12, "64 products of two values fit 31 bits");

static size_t triangle(uint32_t members) { return (size_t)members * (members + 1) / 2; }

size_t pairs_bytes(uint32_t members) {
    size_t triangular = arena_rounded(triangle(members) * sizeof(int32_t));
    return (2 * PAIRS_SCALES + 1) * triangular + arena_rounded(members * PAIRS_SLOTS * sizeof(int32_t)) +
           arena_rounded(members * PAIRS_SLOTS) + arena_rounded((size_t)members * PAIRS_BLOCK * sizeof(int16_t)) +
           arena_rounded(members * sizeof(uint64_t)) + arena_rounded(members * sizeof(int32_t)) +
           arena_rounded(members * sizeof(uint16_t));
}

/* ln C(n - 1, m) for m = 2, 4, 8 ..; the table's values are rounded up, by far less than what matters here. */
static void cost_stars(struct pairs *pairs) {
    int32_t cost = 0;
    uint32_t level = 0;
    for (uint32_t m = 1; m <= (pairs->heads - 1) / 2; m++) {
        cost += LN[pairs->heads - m] - LN[m];
        if (m == UINT32_C(1) << level) pairs->star_cost[level++] = cost;
    }
}

/* What agreement with a location that few others share with them makes of honest members: 2/(n - 1) + 3/(n - 1)^2. */
static uint32_t allowance_of(uint32_t members) {
    uint32_t others = members > 1 ? members - 1 : 1;
    return 2 * (uint32_t)STANDING_ONE / others + 3 * (uint32_t)STANDING_ONE / (others * others);
}

void pairs_resize(struct pairs *pairs, uint32_t heads) {
    CHECK(heads >= 1 && heads <= pairs->members);
    pairs->heads = heads;
    pairs->allowance = pairs->own + allowance_of(heads);
    cost_stars(pairs);
}

void pairs_init(struct pairs *pairs, void *zeroed_memory, uint32_t members, uint32_t allowance) {
    CHECK(members >= 1 && members <= MEMBERS_MAX && allowance <= (uint32_t)STANDING_ONE);
    struct arena arena;
    arena_init(&arena, zeroed_memory, pairs_bytes(members));
    *pairs = (struct pairs){.members = members, .own = allowance};
    pairs->mean = arena_take(&arena, members * PAIRS_SLOTS * sizeof(int32_t));
    pairs->count = arena_take(&arena, members * PAIRS_SLOTS);
    pairs->value = arena_take(&arena, (size_t)members * PAIRS_BLOCK * sizeof(int16_t));
    pairs->present = arena_take(&arena, members * sizeof(uint64_t));
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) {
        pairs->scale[s].product = arena_take(&arena, triangle(members) * sizeof(int32_t));
        pairs->scale[s].common = arena_take(&arena, triangle(members) * sizeof(int32_t));
    }
    pairs->excess = arena_take(&arena, triangle(members) * sizeof(int32_t));
    pairs->surprise = arena_take(&arena, members * sizeof(int32_t));
    pairs->cluster = arena_take(&arena, members * sizeof(uint16_t));
    for (uint32_t i = 0; i < members; i++) pairs->cluster[i] = (uint16_t)i;
    pairs_resize(pairs, members);
}

static int32_t clamped(int32_t value, int32_t limit) {
    if (value > limit) return limit;
    return value < -limit ? -limit : value;
}

/* The value less the mean of those before it. A mean's first values weigh more, by powers of two, so that a constant
 * value is none of the surprises of a start. */
static int32_t centre(struct pairs *pairs, uint32_t at, int32_t value) {
    uint32_t count = pairs->count[at];
    int32_t scaled = value * (1 << MEAN_BITS);
    if (count == 0) pairs->mean[at] = scaled;
    int32_t centred = value - pairs->mean[at] / (1 << MEAN_BITS);
    uint32_t shift = count == 0 ? 0 : 31 - (uint32_t)__builtin_clz(count);
    pairs->mean[at] += (scaled - pairs->mean[at]) >> shift;
    if (count < UINT32_C(1) << MEAN_SHIFT) pairs->count[at]++;
    return centred;
}

void pairs_add(struct pairs *pairs, uint32_t member, int32_t value, int32_t limit, uint32_t slot) {
    CHECK(member < pairs->members && slot < PAIRS_SLOTS && limit >= 0 && limit <= PAIRS_VALUE_MAX);
    int32_t centred = centre(pairs, member * PAIRS_SLOTS + slot, value);
    pairs->value[member * PAIRS_BLOCK + pairs->panels] = (int16_t)clamped(centred, limit);
    pairs->present[member] |= UINT64_C(1) << pairs->panels;
    if (limit > pairs->limit) pairs->limit = limit;
}

/* -------- taking in a block */

static int32_t dot(const int16_t *a, const int16_t *b) {
    int32_t sum = 0;
    for (uint32_t t = 0; t < PAIRS_BLOCK; t++) sum += (int32_t)a[t] * b[t];
    return sum;
}

static void fold_pair(struct pairs *pairs, size_t at, int32_t product, int32_t common) {
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) {
        struct pairs_scale *scale = &pairs->scale[s];
        scale->product[at] += product - (scale->product[at] >> scale_shift[s]);
        scale->common[at] += common - (scale->common[at] >> scale_shift[s]);
    }
}

static void fold_pairs(struct pairs *pairs) {
    size_t at = 0;
    for (uint32_t i = 0; i < pairs->members; i++) {
        const int16_t *mine = &pairs->value[(size_t)i * PAIRS_BLOCK];
        for (uint32_t j = 0; j <= i; j++, at++) {
            int32_t product = dot(mine, &pairs->value[(size_t)j * PAIRS_BLOCK]) / PAIRS_BLOCK;
            int32_t common = __builtin_popcountll(pairs->present[i] & pairs->present[j]);
            fold_pair(pairs, at, product, common << 8);
        }
    }
}

/* Of each panel of the block: the sum of x^2, of x^4, and how many reported. */
struct moments {
    uint32_t square[PAIRS_BLOCK]; /* 14 fractional bits */
    uint64_t fourth[PAIRS_BLOCK]; /* 28 */
    uint32_t reports[PAIRS_BLOCK];
};

static void sum_moments(const struct pairs *pairs, struct moments *moments) {
    *moments = (struct moments){0};
    for (uint32_t i = 0; i < pairs->members; i++) {
        const int16_t *value = &pairs->value[(size_t)i * PAIRS_BLOCK];
        for (uint32_t t = 0; t < PAIRS_BLOCK; t++) {
            uint32_t square = (uint32_t)(value[t] * value[t]) >> 8;
            moments->square[t] += square;
            moments->fourth[t] += (uint64_t)square * square;
            moments->reports[t] += (uint32_t)(pairs->present[i] >> t & 1);
        }
    }
}

static void fold_moments(struct pairs *pairs) {
    struct moments moments;
    sum_moments(pairs, &moments);
    int64_t panels = 0, square = 0, fourth = 0;
    for (uint32_t t = 0; t < PAIRS_BLOCK; t++) {
        uint64_t sum = moments.square[t], reports = moments.reports[t];
        if (reports < 2) continue;
        panels += 1 << 8;
        square += (int64_t)(sum / reports);
        fourth += (int64_t)((sum * sum - moments.fourth[t]) / (reports * (reports - 1)));
    }
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) {
        struct pairs_scale *scale = &pairs->scale[s];
        scale->panels += panels - (scale->panels >> scale_shift[s]);
        scale->square += square - (scale->square >> scale_shift[s]);
        scale->fourth += fourth - (scale->fourth >> scale_shift[s]);
    }
}

/* -------- judging */

/* The lower median of the values above NO_PAIR, to within 2^-12 of a squared spread; `count` of all `size` are. Every
 * bit of the answer takes one pass, so that no order of the values is expensive. */
static int32_t median(const int32_t *values, size_t size, size_t count) {
    size_t below = size - count + (count + 1) / 2;
    int32_t low = -VARIANCE_MAX, high = VARIANCE_MAX;
    while (high - low >= MEDIAN_STEP) {
        int32_t middle = low + (high - low) / 2;
        int32_t reached = 0;
        for (size_t i = 0; i < size; i++) reached += values[i] <= middle;
        if ((size_t)reached >= below) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* What one look at one scale needs. */
struct look {
    int32_t variance[MEMBERS_MAX]; /* 22 fractional bits */
    int64_t usual;                 /* v, not below VARIANCE_MIN */
    int32_t shared;                /* the median over all pairs */
    int32_t above[MEMBERS_MAX];    /* by how much the median of a member's own pairs is above that */
    int64_t kappa;                 /* 16 fractional bits */
    int64_t bound;                 /* the largest x_i x_j, 22 fractional bits */
    int64_t age;                   /* the most panels that a pair can have in common, 8 fractional bits */
    int64_t full;                  /* the same after long */
    int32_t cost;                  /* ln of how many tests a member takes part in, 16 fractional bits */
    int32_t threshold;             /* h, 16 fractional bits */
};

static int32_t mean_product(const struct pairs_scale *scale, size_t at) {
    if (scale->common[at] < COMMON_MIN) return NO_PAIR;
    return (int32_t)((int64_t)scale->product[at] * (PAIRS_BLOCK << 8) / scale->common[at]);
}

/* How many pairs count; their mean products are in `excess`, the diagonal is not. */
static size_t mean_products(const struct pairs *pairs, const struct pairs_scale *scale, struct look *look) {
    size_t at = 0, count = 0;
    for (uint32_t i = 0; i < pairs->members; i++) {
        for (uint32_t j = 0; j < i; j++, at++) {
            pairs->excess[at] = mean_product(scale, at);
            count += pairs->excess[at] != NO_PAIR;
        }
        pairs->excess[at] = NO_PAIR;
        look->variance[i] = mean_product(scale, at++);
    }
    return count;
}

static size_t place(uint32_t i, uint32_t j) { return i > j ? triangle(i) + j : triangle(j) + i; }

/* A member's own pairs, and how many of them count. */
static size_t row_means(const struct pairs *pairs, uint32_t member, int32_t *ret_row) {
    size_t count = 0;
    for (uint32_t j = 0; j < pairs->members; j++) {
        ret_row[j] = j == member ? NO_PAIR : pairs->excess[place(member, j)];
        count += ret_row[j] != NO_PAIR;
    }
    return count;
}

static void find_shared(const struct pairs *pairs, size_t count, struct look *look) {
    int32_t row[MEMBERS_MAX];
    look->shared = median(pairs->excess, triangle(pairs->members), count);
    for (uint32_t i = 0; i < pairs->members; i++) {
        size_t mine = row_means(pairs, i, row);
        look->above[i] = mine < PAIRS_COUNT_MIN ? 0 : median(row, pairs->members, mine) - look->shared;
    }
}

static int64_t usual_variance(const struct pairs *pairs, const struct look *look) {
    size_t count = 0;
    for (uint32_t i = 0; i < pairs->members; i++) count += look->variance[i] != NO_PAIR;
    int64_t usual = median(look->variance, pairs->members, count);
    return usual > VARIANCE_MIN ? usual : VARIANCE_MIN;
}

static int64_t kappa_of(const struct pairs_scale *scale) {
    int64_t square = scale->square * 256 / scale->panels, fourth = scale->fourth * 256 / scale->panels;
    if (square == 0) return STANDING_ONE;
    int64_t kappa = fourth * STANDING_ONE / (square * square);
    if (kappa < STANDING_ONE) return STANDING_ONE;
    return kappa < KAPPA_MAX ? kappa : KAPPA_MAX;
}

/* The sum of the squared weights of an EW mean over `common` panels, times that many, is largest when they are the
 * latest: (2 - common / full) / (1 + q) with q what a block leaves of the last, full = 64 / (1 - q). */
static int64_t concentration(const struct look *look, int64_t common) {
    int64_t twice = 2 * look->full - common;
    return twice * STANDING_ONE / (2 * look->full - (PAIRS_BLOCK << 8));
}

static void raise(struct pairs *pairs, uint32_t member, int64_t surprise) {
    if (surprise > SURPRISE_MAX) surprise = SURPRISE_MAX;
    if (surprise > pairs->surprise[member]) pairs->surprise[member] = (int32_t)surprise;
}

static uint32_t root(const struct pairs *pairs, uint32_t member) {
    while (pairs->cluster[member] != member) member = pairs->cluster[member];
    return member;
}

/* Every path leads down to a smaller number, so the root of a cluster is its smallest member. */
static void join(struct pairs *pairs, uint32_t a, uint32_t b) {
    uint32_t first = root(pairs, a), second = root(pairs, b);
    uint32_t low = first < second ? first : second;
    pairs->cluster[first] = (uint16_t)low;
    pairs->cluster[second] = (uint16_t)low;
    pairs->cluster[a] = (uint16_t)low;
    pairs->cluster[b] = (uint16_t)low;
}

/* e of a pair that is `above` what is usual for it; at most EXCESS_MAX, and 0 for anything within the allowance. */
static int64_t excess_of(const struct pairs *pairs, int64_t above, int64_t variance) {
    if (above * STANDING_ONE <= variance * pairs->allowance) return 0;
    int64_t excess = above * STANDING_ONE / variance - pairs->allowance;
    return excess < EXCESS_MAX ? excess : EXCESS_MAX;
}

static int64_t pair_surprise(const struct look *look, int64_t excess, int64_t variance, int64_t common) {
    int64_t spread = concentration(look, common) * look->kappa / STANDING_ONE;
    int64_t reach = look->bound * STANDING_ONE / variance * excess / (3 * STANDING_ONE);
    return (excess * excess >> 8) * common / (2 * (spread + reach)) - look->cost;
}

/* Leaves in `excess` each pair's e times its share of the panels, for the stars. */
static void judge_pairs(struct pairs *pairs, const struct pairs_scale *scale, const struct look *look) {
    size_t at = 0;
    for (uint32_t i = 0; i < pairs->members; i++, at++) {
        for (uint32_t j = 0; j < i; j++, at++) {
            int64_t variance = ((int64_t)look->variance[i] + look->variance[j]) / 2;
            if (variance < look->usual) variance = look->usual;
            int32_t mean = pairs->excess[at];
            int64_t shared = (int64_t)look->above[i] + look->above[j];
            int64_t expected = look->shared + (shared > 0 ? shared : 0);
            pairs->excess[at] = 0;
            int64_t excess = mean == NO_PAIR ? 0 : excess_of(pairs, mean - expected, variance);
            if (excess == 0) continue;
            int64_t surprise = pair_surprise(look, excess, variance, scale->common[at]);
            pairs->excess[at] = (int32_t)(excess * scale->common[at] / look->age);
            raise(pairs, i, surprise);
            raise(pairs, j, surprise);
            if (surprise >= look->threshold) join(pairs, i, j);
        }
        pairs->excess[at] = 0;
    }
}

/* With those who make the star: at least half of its mean. */
static void join_star(struct pairs *pairs, uint32_t member, int32_t least) {
    for (uint32_t j = 0; j < pairs->members; j++) {
        if (j != member && pairs->excess[place(member, j)] >= least) join(pairs, member, j);
    }
}

/* The positive values of a member's row, descending; how many there are. */
static uint32_t row_of(const struct pairs *pairs, uint32_t member, int32_t *ret_row) {
    uint32_t count = 0;
    for (uint32_t j = 0; j < pairs->members; j++) {
        int32_t excess = pairs->excess[place(member, j)];
        if (j != member && excess > 0) ret_row[count++] = -excess;
    }
    ascending(ret_row, count);
    for (uint32_t j = 0; j < count; j++) ret_row[j] = -ret_row[j];
    return count;
}

static void judge_star(struct pairs *pairs, const struct look *look, uint32_t member) {
    int32_t row[MEMBERS_MAX];
    uint32_t count = row_of(pairs, member, row);
    int64_t spread = concentration(look, look->age) * look->kappa / STANDING_ONE;
    spread = spread * (look->bound * 256 / look->usual) / 256;
    int64_t sum = 0;
    for (uint32_t m = 1, level = 0; m <= count && m <= (pairs->heads - 1) / 2; m++) {
        sum += row[m - 1];
        if (m != UINT32_C(1) << level) continue;
        int64_t surprise = (sum * sum / m >> 8) * look->age / (2 * spread) - look->cost - pairs->star_cost[level++];
        if (m == 1) continue; /* The pair's own bound is the better one. */
        raise(pairs, member, surprise);
        if (surprise >= look->threshold) join_star(pairs, member, (int32_t)(sum / (2 * m)));
    }
}

static void judge(struct pairs *pairs, uint32_t s) {
    const struct pairs_scale *scale = &pairs->scale[s];
    struct look look;
    size_t count = mean_products(pairs, scale, &look);
    if (count < PAIRS_COUNT_MIN) return;
    CHECK(pairs->heads >= 3); /* Two members have one pair. */
    look.usual = usual_variance(pairs, &look);
    find_shared(pairs, count, &look);
    look.kappa = kappa_of(scale);
    look.bound = (int64_t)pairs->limit * pairs->limit;
    look.age = scale->panels;
    look.full = (int64_t)(PAIRS_BLOCK << 8) << scale_shift[s];
    look.cost = LN[pairs->heads - 1] + LN[TESTS];
    look.threshold = cusum_threshold(pairs->heads, 1, false);
    judge_pairs(pairs, scale, &look);
    for (uint32_t i = 0; i < pairs->members; i++) judge_star(pairs, &look, i);
}

/* The smallest of those who were with the member is their root from now on, if the member was it. */
static void leave_cluster(struct pairs *pairs, uint32_t member) {
    uint32_t heir = UINT32_MAX;
    for (uint32_t i = 0; i < pairs->members; i++) pairs->cluster[i] = (uint16_t)root(pairs, i);
    for (uint32_t i = member + 1; i < pairs->members; i++) {
        if (pairs->cluster[i] != member) continue;
        if (heir == UINT32_MAX) heir = i;
        pairs->cluster[i] = (uint16_t)heir;
    }
    pairs->cluster[member] = (uint16_t)member;
}

void pairs_forget(struct pairs *pairs, uint32_t member) {
    CHECK(member < pairs->members);
    leave_cluster(pairs, member);
    memset(pairs->mean + (size_t)member * PAIRS_SLOTS, 0, PAIRS_SLOTS * sizeof *pairs->mean);
    memset(pairs->count + (size_t)member * PAIRS_SLOTS, 0, PAIRS_SLOTS);
    memset(pairs->value + (size_t)member * PAIRS_BLOCK, 0, PAIRS_BLOCK * sizeof *pairs->value);
    pairs->present[member] = 0;
    pairs->surprise[member] = 0;
    for (uint32_t j = 0; j < pairs->members; j++) {
        for (uint32_t s = 0; s < PAIRS_SCALES; s++)
            pairs->scale[s].product[place(member, j)] = pairs->scale[s].common[place(member, j)] = 0;
    }
}

static void look_at(struct pairs *pairs) {
    fold_pairs(pairs);
    fold_moments(pairs);
    for (uint32_t i = 0; i < pairs->members; i++) {
        pairs->surprise[i] = 0;
        pairs->cluster[i] = (uint16_t)i;
    }
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) judge(pairs, s);
}

void pairs_end_panel(struct pairs *pairs) {
    if (++pairs->panels < PAIRS_BLOCK) return;
    look_at(pairs);
    pairs->panels = 0;
    pairs->limit -= pairs->limit >> scale_shift[PAIRS_SCALES - 1];
    memset(pairs->value, 0, (size_t)pairs->members * PAIRS_BLOCK * sizeof(int16_t));
    memset(pairs->present, 0, pairs->members * sizeof(uint64_t));
}

uint32_t pairs_ratio(const struct pairs *pairs, uint32_t member, bool enhanced) {
    CHECK(member < pairs->members);
    return cusum_ratio(pairs->surprise[member], cusum_threshold(pairs->heads, 1, enhanced));
}

uint32_t pairs_cluster(const struct pairs *pairs, uint32_t member) {
    CHECK(member < pairs->members);
    return root(pairs, member);
}

/* -------- snapshots */

OUTLET_COVERS(struct pairs, 24 + 4 * sizeof(void *) + PAIRS_SCALES * sizeof(struct pairs_scale) + 3 * sizeof(void *) +
                                8 * sizeof(int32_t));
OUTLET_COVERS(struct pairs_scale, 2 * sizeof(void *) + 24);

/* What pairs_end_panel can make of blocks of the largest values, with some room: nothing that follows overflows. */
#define PRODUCT_MAX (INT32_C(1) << 30)
#define PANELS_MAX  ((int64_t)PAIRS_BLOCK << 14)
#define SQUARE_MAX  (INT64_C(1) << 28)
#define FOURTH_MAX  (INT64_C(1) << 46)

/* Of the open block only the panels so far: what comes after is zero. `excess` is made anew by every look. */
void pairs_save(const struct pairs *pairs, struct outlet *outlet) {
    size_t n = pairs->members;
    outlet_put_u32(outlet, pairs->panels);
    outlet_put_u32(outlet, (uint32_t)pairs->limit);
    outlet_put_i32s(outlet, pairs->mean, n * PAIRS_SLOTS);
    outlet_put(outlet, pairs->count, n * PAIRS_SLOTS);
    for (size_t i = 0; i < n; i++) outlet_put_i16s(outlet, pairs->value + i * PAIRS_BLOCK, pairs->panels);
    outlet_put_u64s(outlet, pairs->present, n);
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) {
        const struct pairs_scale *scale = &pairs->scale[s];
        outlet_put_i32s(outlet, scale->product, triangle(pairs->members));
        outlet_put_i32s(outlet, scale->common, triangle(pairs->members));
        const int64_t moments[] = {scale->panels, scale->square, scale->fourth};
        outlet_put_i64s(outlet, moments, 3);
    }
    outlet_put_i32s(outlet, pairs->surprise, n);
    for (size_t i = 0; i < n; i++) outlet_put_u16(outlet, pairs->cluster[i]);
}

static enum status load_block(struct pairs *pairs, struct reader *reader) {
    size_t n = pairs->members;
    struct slice counts;
    TRY(reader_take(reader, n * PAIRS_SLOTS, &counts));
    for (size_t i = 0; i < counts.bytes; i++) {
        if (counts.data[i] > 1 << MEAN_SHIFT) return STATUS_BAD_VALUE;
        pairs->count[i] = counts.data[i];
    }
    for (size_t i = 0; i < n; i++)
        TRY(reader_i16s(reader, -PAIRS_VALUE_MAX, PAIRS_VALUE_MAX, pairs->value + i * PAIRS_BLOCK, pairs->panels));
    return reader_u64s(reader, (UINT64_C(1) << pairs->panels) - 1, pairs->present, n);
}

/* Two members can't have been together on more panels than there were. */
static enum status load_scale(const struct pairs *pairs, struct reader *reader, struct pairs_scale *scale) {
    int64_t moments[3];
    TRY(reader_i32s(reader, -PRODUCT_MAX, PRODUCT_MAX, scale->product, triangle(pairs->members)));
    TRY(reader_i32s(reader, 0, (int32_t)PANELS_MAX, scale->common, triangle(pairs->members)));
    TRY(reader_i64s(reader, 0, FOURTH_MAX, moments, 3));
    if (moments[0] > PANELS_MAX || moments[1] > SQUARE_MAX) return STATUS_BAD_VALUE;
    scale->panels = moments[0];
    scale->square = moments[1];
    scale->fourth = moments[2];
    size_t at = 0;
    for (uint32_t i = 0; i < pairs->members; i++, at++)
        for (uint32_t j = 0; j < i; j++, at++)
            if (scale->common[at] > scale->panels) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

enum status pairs_load(struct pairs *pairs, struct reader *reader) {
    size_t n = pairs->members;
    int32_t mean_max = 2 * PAIRS_VALUE_MAX * (1 << MEAN_BITS);
    TRY(reader_u32_to(reader, PAIRS_BLOCK - 1, &pairs->panels));
    TRY(reader_i32s(reader, 0, PAIRS_VALUE_MAX, &pairs->limit, 1));
    TRY(reader_i32s(reader, -mean_max, mean_max, pairs->mean, n * PAIRS_SLOTS));
    TRY(load_block(pairs, reader));
    for (uint32_t s = 0; s < PAIRS_SCALES; s++) TRY(load_scale(pairs, reader, &pairs->scale[s]));
    TRY(reader_i32s(reader, 0, SURPRISE_MAX, pairs->surprise, n));
    for (uint32_t i = 0; i < n; i++) {
        TRY(reader_u16(reader, &pairs->cluster[i]));
        if (pairs->cluster[i] > i) return STATUS_BAD_VALUE;
    }
    return STATUS_OK;
}
