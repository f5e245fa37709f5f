#include "belief/margin.h"

#include <string.h>

#include "base/check.h"

/* How much turning a point lowers F at some t, with t's denominator multiplied out. */
struct gain {
    int128 key;
    uint32_t tie; /* decides between equal keys: the larger comes first */
    uint32_t index;
};

/* Whether a comes before b: the larger gain first, then the larger tie, then the larger value (points ascend). */
static bool gain_before(const struct gain *a, const struct gain *b) {
    if (a->key != b->key) return a->key > b->key;
    if (a->tie != b->tie) return a->tie > b->tie;
    return a->index > b->index;
}

static void gain_sift_down(struct gain *gains, size_t root, size_t count) {
    struct gain moved = gains[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && gain_before(&gains[child], &gains[child + 1])) child++;
        if (!gain_before(&moved, &gains[child])) break;
        gains[root] = gains[child];
        root = child;
    }
    gains[root] = moved;
}

static void gain_sort(struct gain *gains, size_t count) {
    for (size_t root = count / 2; root-- > 0;) gain_sift_down(gains, root, count);
    for (size_t last = count; last-- > 1;) {
        struct gain first = gains[0];
        gains[0] = gains[last];
        gains[last] = first;
        gain_sift_down(gains, 0, last);
    }
}

/* Moves the `wanted` first gains to the front, in any order among themselves (Hoare's quickselect). */
static void gain_select(struct gain *gains, uint32_t count, uint32_t wanted) {
    int64_t low = 0;
    int64_t high = (int64_t)count - 1;
    while (low < high) {
        struct gain pivot = gains[low + (high - low) / 2];
        int64_t i = low;
        int64_t j = high;
        while (i <= j) {
            while (gain_before(&gains[i], &pivot)) i++;
            while (gain_before(&pivot, &gains[j])) j--;
            if (i > j) break;
            struct gain swapped = gains[i];
            gains[i++] = gains[j];
            gains[j--] = swapped;
        }
        if ((int64_t)wanted <= j + 1) {
            high = j;
        } else if ((int64_t)wanted > i) {
            low = i;
        } else {
            return;
        }
    }
}

/* clamp(x - t, -c, +c) times the denominator of t. */
static int128 residual_at(int64_t value, int64_t cap, struct ratio t) {
    int128 limit = (int128)cap * t.denominator;
    int128 residual = (int128)value * t.denominator - t.numerator;
    if (residual > limit) return limit;
    return residual < -limit ? -limit : residual;
}

/* Whether the decision falls when the `turned` points lie their worst. */
static bool coalition_flips(const struct huber_sample *sample, const uint8_t *turned,
                            const struct margin_boundary *boundary) {
    struct huber_zeros zeros;
    if (!huber_zeros(sample, turned, &zeros)) return true;
    int order = ratio_compare(huber_midpoint(&zeros), boundary->at);
    return order < 0 || (order == 0 && !boundary->holds_at);
}

/* Every coalition of `size` with the largest sum of gains leaves F(t0) = 0 here: the midpoint decides. Which of the
 * points with the same gain as the last one are turned is free. The ends of the zeros are set by the nearest
 * breakpoints of those that are not turned:
 * - gain 0, far below t0: turning the largest values first moves the left end furthest down;
 * - the full gain 2 c w, far above t0: turning the largest values first moves the right end furthest down;
 * - in between, heavier and near t0: as long as one of these is not turned, T = t0.
 * So the best choice is one of two: far points first, which is the order of `gains`, or near points first. */
static bool tied_coalition_flips(const struct huber_sample *sample, const struct gain *gains, uint32_t size,
                                 const struct margin_boundary *boundary) {
    uint8_t turned[MEMBERS_MAX] = {0};
    for (uint32_t i = 0; i < size; i++) turned[gains[i].index] = 1;
    if (coalition_flips(sample, turned, boundary)) return true;

    int128 key = gains[size - 1].key;
    uint32_t first = size - 1;
    while (first > 0 && gains[first - 1].key == key) first--;
    int128 full = (int128)sample->cap * boundary->at.denominator;
    uint32_t near = first;
    while (near < sample->count && gains[near].key == key &&
           residual_at(sample->points[gains[near].index].value, sample->cap, boundary->at) == full)
        near++;
    uint32_t end = near;
    while (end < sample->count && gains[end].key == key) end++;
    if (key == 0 || near == end || end - near > size - first) return false;

    for (uint32_t i = first; i < size; i++) turned[gains[i].index] = 0;
    for (uint32_t i = near; i < end; i++) turned[gains[i].index] = 1;
    for (uint32_t i = first; i < first + (size - first) - (end - near); i++) turned[gains[i].index] = 1;
    return coalition_flips(sample, turned, boundary);
}

uint32_t margin_flip(const struct huber_sample *sample, const struct margin_boundary *boundary) {
    CHECK(boundary->at.denominator > 0 && boundary->at.denominator < INT64_C(1) << 40);
    CHECK(boundary->at.numerator < (int128)1 << 100 && boundary->at.numerator > -((int128)1 << 100));
    if (coalition_flips(sample, NULL, boundary)) return 0;
    struct gain gains[MEMBERS_MAX];
    int128 force = 0;
    for (uint32_t i = 0; i < sample->count; i++) {
        const struct huber_point *point = &sample->points[i];
        int128 residual = residual_at(point->value, sample->cap, boundary->at);
        int128 full = (int128)sample->cap * boundary->at.denominator;
        force += point->weight * residual;
        gains[i] = (struct gain){point->weight * (residual + full), 0, i};
    }
    gain_sort(gains, sample->count);
    for (uint32_t size = 1; size < sample->count; size++) {
        force -= gains[size - 1].key;
        if (force < 0) return size;
        if (force == 0 && tied_coalition_flips(sample, gains, size, boundary)) return size;
    }
    return sample->count;
}

/* Marks the coalition of `size` that pulls F lowest at t, and among equals the one that pulls it lowest just left of
 * t: there the gain of a point grows with its weight if the point is on the slope. */
static void turn_worst(const struct huber_sample *sample, uint32_t size, struct ratio t, uint8_t *ret_turned) {
    struct gain gains[MEMBERS_MAX];
    int128 full = (int128)sample->cap * t.denominator;
    for (uint32_t i = 0; i < sample->count; i++) {
        const struct huber_point *point = &sample->points[i];
        int128 offset = (int128)point->value * t.denominator - t.numerator;
        int128 residual = residual_at(point->value, sample->cap, t);
        bool on_slope = offset >= -full && offset < full;
        gains[i] = (struct gain){point->weight * (residual + full), on_slope ? point->weight : 0, i};
    }
    gain_select(gains, sample->count, size);
    memset(ret_turned, 0, sample->count);
    for (uint32_t i = 0; i < size; i++) ret_turned[gains[i].index] = 1;
}

/* The left end of the zeros of H(t) = min over coalitions S of F_S(t), from any t with H(t) <= 0. The worst coalition
 * at t has its first zero at or left of t, and H is not above 0 there either; a coalition that comes up again at a t
 * left of its own first zero would have F_S > 0 >= H there, so each comes up once and the steps end. They end at t
 * with F_S(t) = 0 = H(t) and F_S > 0 just left of it for the S that is lowest there: so H > 0 left of t. */
static struct ratio descend(const struct huber_sample *sample, uint32_t turned, struct ratio t) {
    uint8_t coalition[MEMBERS_MAX];
    for (;;) {
        struct huber_zeros zeros;
        turn_worst(sample, turned, t, coalition);
        CHECK(huber_zeros(sample, coalition, &zeros));
        if (ratio_compare(zeros.left, t) >= 0) return t;
        t = zeros.left;
    }
}

/* Equal weights: replacing a larger value instead of a smaller one leaves smaller values behind, and the location is
 * monotone in each of them. So the largest values are the worst coalition, flats included. */
static bool low_of_equals(const struct huber_sample *sample, uint32_t turned, struct ratio *ret_low) {
    uint8_t coalition[MEMBERS_MAX] = {0};
    struct huber_zeros zeros;
    memset(coalition + (sample->count - turned), 1, turned);
    if (!huber_zeros(sample, coalition, &zeros)) return false;
    *ret_low = huber_midpoint(&zeros);
    return true;
}

/* The most points that can be turned, whichever they are, without holding half of the weight. */
static uint32_t bounded_sizes(const struct huber_sample *sample) {
    struct gain gains[MEMBERS_MAX];
    for (uint32_t i = 0; i < sample->count; i++) gains[i] = (struct gain){sample->points[i].weight, 0, i};
    gain_sort(gains, sample->count);
    int128 weight = 0;
    for (uint32_t size = 0; size < sample->count; size++) {
        weight += gains[size].key;
        if (2 * weight >= (int128)sample->weight) return size;
    }
    return sample->count;
}

uint32_t margin_lows(const struct huber_sample *sample, uint32_t most, struct ratio *ret_lows) {
    if (sample->equal_weights) {
        uint32_t bounded = (sample->count - 1) / 2;
        if (most < bounded) bounded = most;
        for (uint32_t size = 1; size <= bounded; size++) CHECK(low_of_equals(sample, size, &ret_lows[size - 1]));
        return bounded;
    }
    struct huber_zeros zeros;
    CHECK(huber_zeros(sample, NULL, &zeros));
    uint32_t bounded = bounded_sizes(sample);
    if (most < bounded) bounded = most;
    struct ratio low = zeros.left;
    for (uint32_t size = 1; size <= bounded; size++) {
        low = descend(sample, size, low);
        ret_lows[size - 1] = low;
    }
    return bounded;
}

bool margin_low(const struct huber_sample *sample, uint32_t turned, struct ratio *ret_low) {
    struct huber_zeros zeros;
    CHECK(turned <= sample->count);
    if (sample->equal_weights) return low_of_equals(sample, turned, ret_low);
    if (turned > bounded_sizes(sample)) return false;
    CHECK(huber_zeros(sample, NULL, &zeros));
    *ret_low = turned == 0 ? huber_midpoint(&zeros) : descend(sample, turned, zeros.left);
    return true;
}
