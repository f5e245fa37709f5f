#include "belief/huber.h"

#include "base/check.h"

int ratio_compare(struct ratio a, struct ratio b) {
    int128 left = a.numerator * b.denominator;
    int128 right = b.numerator * a.denominator;
    return (left > right) - (left < right);
}

int128 ratio_round(struct ratio value, int64_t multiplier, int64_t divisor) {
    const int128 room = (int128)1 << 126;
    int128 numerator = 0;
    int128 denominator = 0;
    CHECK(value.denominator > 0 && divisor > 0);
    CHECK(num_mul_i128(value.numerator, multiplier, &numerator) && numerator < room && numerator > -room);
    CHECK(num_mul_i128(value.denominator, divisor, &denominator) && denominator < room);
    int128 quotient = numerator / denominator;
    int128 rest = numerator % denominator;
    int128 twice = 2 * (rest < 0 ? -rest : rest);
    /* The division cut towards zero: at a tie an odd quotient moves away from zero, to the even neighbour. */
    bool away = twice > denominator || (twice == denominator && quotient % 2 != 0);
    if (!away) return quotient;
    return numerator < 0 ? quotient - 1 : quotient + 1;
}

static void sift_down(struct huber_point *points, size_t root, size_t count) {
    struct huber_point moved = points[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && points[child + 1].value > points[child].value) child++;
        if (points[child].value <= moved.value) break;
        points[root] = points[child];
        root = child;
    }
    points[root] = moved;
}

/* Heapsort: in place and O(n log n) whatever the values. The order among equal values has no influence on F. */
static void sort_points(struct huber_point *points, size_t count) {
    for (size_t root = count / 2; root-- > 0;) sift_down(points, root, count);
    for (size_t last = count; last-- > 1;) {
        struct huber_point largest = points[0];
        points[0] = points[last];
        points[last] = largest;
        sift_down(points, 0, last);
    }
}

struct huber_sample huber_sample_of(const int64_t *x, const uint32_t *w, size_t n, int64_t cap,
                                    struct huber_point *points) {
    CHECK(n <= MEMBERS_MAX);
    CHECK(cap > 0 && cap <= HUBER_CAP_MAX);
    struct huber_sample sample = {.points = points, .cap = cap, .equal_weights = true};
    for (size_t i = 0; i < n; i++) {
        if (w[i] == 0) continue;
        CHECK(w[i] <= HUBER_WEIGHT_MAX);
        CHECK(x[i] >= -TOTAL_LIMIT_QUANTA && x[i] <= TOTAL_LIMIT_QUANTA);
        points[sample.count++] = (struct huber_point){x[i], w[i]};
        sample.weight += w[i];
        if (w[i] != points[0].weight) sample.equal_weights = false;
    }
    sort_points(points, sample.count);
    return sample;
}

void huber_sample_mirror(struct huber_sample *sample) {
    struct huber_point *points = sample->points;
    for (uint32_t i = 0, j = sample->count; i < j; i++) {
        j--;
        struct huber_point first = points[i];
        points[i] = (struct huber_point){-points[j].value, points[j].weight};
        if (i != j) points[j] = (struct huber_point){-first.value, first.weight};
    }
}

/* A walk over the breakpoints of F from below. Points enter the sloped part of F at value - cap and leave it at
 * value + cap; as the values are sorted, both happen in the order of the points. */
struct walk {
    const struct huber_sample *sample;
    const uint8_t *turned;
    uint32_t enter;
    uint32_t leave;
    int64_t at;     /* the last breakpoint */
    int128 force;   /* F there */
    uint64_t slope; /* weight of the points that are in: F falls by this much a unit to the right of `at` */
};

static uint32_t walk_skip(const struct walk *walk, uint32_t index) {
    if (walk->turned == NULL) return index;
    while (index < walk->sample->count && walk->turned[index] != 0) index++;
    return index;
}

/* The next breakpoint at or after `at`; there must be one. */
static int64_t walk_next(const struct walk *walk) {
    const struct huber_sample *sample = walk->sample;
    CHECK(walk->leave < sample->count);
    int64_t leaves = sample->points[walk->leave].value + sample->cap;
    if (walk->enter == sample->count) return leaves;
    int64_t enters = sample->points[walk->enter].value - sample->cap;
    return enters < leaves ? enters : leaves;
}

static void walk_to(struct walk *walk, int64_t next, int128 force) {
    const struct huber_sample *sample = walk->sample;
    walk->at = next;
    walk->force = force;
    while (walk->enter < sample->count && sample->points[walk->enter].value - sample->cap == next) {
        walk->slope += sample->points[walk->enter].weight;
        walk->enter = walk_skip(walk, walk->enter + 1);
    }
    while (walk->leave < sample->count && sample->points[walk->leave].value + sample->cap == next) {
        walk->slope -= sample->points[walk->leave].weight;
        walk->leave = walk_skip(walk, walk->leave + 1);
    }
}

static uint64_t weight_of_turned(const struct huber_sample *sample, const uint8_t *turned) {
    uint64_t weight = 0;
    if (turned == NULL) return 0;
    for (uint32_t i = 0; i < sample->count; i++) {
        if (turned[i] != 0) weight += sample->points[i].weight;
    }
    return weight;
}

bool huber_zeros(const struct huber_sample *sample, const uint8_t *turned, struct huber_zeros *ret_zeros) {
    CHECK(sample->count > 0);
    uint64_t below = weight_of_turned(sample, turned);
    /* Left of every breakpoint the turned points pull down with all their weight and the others up with theirs. */
    if (2 * below >= sample->weight) return false;
    struct walk walk = {.sample = sample, .turned = turned};
    walk.enter = walk.leave = walk_skip(&walk, 0);
    walk.at = walk_next(&walk);
    walk_to(&walk, walk.at, (int128)(sample->weight - 2 * below) * sample->cap);
    for (;;) {
        int64_t next = walk_next(&walk);
        int128 force = walk.force - (int128)walk.slope * (next - walk.at);
        if (force < 0) {
            struct ratio zero = {walk.at * (int128)walk.slope + walk.force, (int64_t)walk.slope};
            *ret_zeros = (struct huber_zeros){zero, zero};
            return true;
        }
        walk_to(&walk, next, force);
        if (force > 0) continue;
        int64_t right = walk.slope == 0 ? walk_next(&walk) : next;
        *ret_zeros = (struct huber_zeros){{next, 1}, {right, 1}};
        return true;
    }
}

struct ratio huber_midpoint(const struct huber_zeros *zeros) {
    if (ratio_compare(zeros->left, zeros->right) == 0) return zeros->left;
    CHECK(zeros->left.denominator == 1 && zeros->right.denominator == 1);
    return (struct ratio){zeros->left.numerator + zeros->right.numerator, 2};
}

/* Without one point. F of the others is F - w * clamp(x - t), so the breakpoints of all points and F at each of them,
 * found once, serve for every point: a binary search finds the segment in which what is left crosses zero. */

/* Every breakpoint once or more, in ascending order, with F there; returns how many. */
static uint32_t list_steps(const struct huber_sample *sample, struct huber_steps *ret_steps) {
    struct walk walk = {.sample = sample};
    uint32_t count = 0;
    int64_t next = walk_next(&walk);
    walk_to(&walk, next, (int128)sample->weight * sample->cap);
    for (;;) {
        ret_steps->at[count] = walk.at;
        ret_steps->force[count++] = walk.force;
        if (walk.leave == sample->count) return count;
        next = walk_next(&walk);
        walk_to(&walk, next, walk.force - (int128)walk.slope * (next - walk.at));
    }
}

/* F of the other points at breakpoint `step`. */
static int128 force_without(const struct huber_steps *steps, uint32_t step, struct huber_point point, int64_t cap) {
    int64_t pull = point.value - steps->at[step];
    if (pull > cap) pull = cap;
    if (pull < -cap) pull = -cap;
    return steps->force[step] - (int128)point.weight * pull;
}

/* The first breakpoint where the force of the others is zero or less. At the first of all it is positive. */
static uint32_t first_not_above(const struct huber_steps *steps, uint32_t count, struct huber_point point,
                                int64_t cap) {
    uint32_t above = 0;
    uint32_t not_above = count - 1;
    while (not_above - above > 1) {
        uint32_t middle = above + (not_above - above) / 2;
        if (force_without(steps, middle, point, cap) > 0) {
            above = middle;
        } else {
            not_above = middle;
        }
    }
    return not_above;
}

static struct ratio location_without(const struct huber_steps *steps, uint32_t count, struct huber_point point,
                                     int64_t cap) {
    uint32_t step = first_not_above(steps, count, point, cap);
    int128 force = force_without(steps, step, point, cap);
    if (force == 0) {
        uint32_t last = step;
        while (last + 1 < count && force_without(steps, last + 1, point, cap) == 0) last++;
        return (struct ratio){(int128)steps->at[step] + steps->at[last], 2};
    }
    int64_t width = steps->at[step] - steps->at[step - 1];
    int128 before = force_without(steps, step - 1, point, cap);
    /* Between two breakpoints F is a line whose slope is a sum of weights: the division is exact. */
    int64_t slope = (int64_t)((before - force) / width);
    return (struct ratio){steps->at[step - 1] * (int128)slope + before, slope};
}

void huber_without(const struct huber_sample *sample, const int64_t *x, const uint32_t *w, size_t n,
                   struct huber_steps *steps, int64_t *ret_locations) {
    CHECK(sample->count > 0);
    uint32_t count = list_steps(sample, steps);
    for (size_t i = 0; i < n; i++) {
        struct huber_point point = {x[i], w[i]};
        if (sample->weight == w[i]) {
            ret_locations[i] = x[i];
            continue;
        }
        ret_locations[i] = (int64_t)ratio_round(location_without(steps, count, point, sample->cap), 1, 1);
    }
}

void huber_location(const int64_t *x, const uint32_t *w, size_t n, int64_t cap, struct huber_point *scratch,
                    struct ratio *ret_location) {
    struct huber_sample sample = huber_sample_of(x, w, n, cap, scratch);
    struct huber_zeros zeros;
    CHECK(sample.count > 0);
    CHECK(huber_zeros(&sample, NULL, &zeros));
    *ret_location = huber_midpoint(&zeros);
}
