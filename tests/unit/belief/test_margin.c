#include "oracle.h"

#include "base/prng.h"
#include "belief/margin.h"

enum { POINTS = 7 };

/* Below everything by far more than twice the cap. */
#define LIE INT64_C(-1000000)

struct scene {
    size_t n;
    int64_t cap;
    int64_t x[POINTS];
    uint32_t w[POINTS];
};

/* Small ranges, so that ties and flats come up all the time. */
static struct scene random_scene(struct prng *prng, bool equal_weights) {
    struct scene scene = {.n = 1 + prng_below(prng, POINTS)};
    int64_t range = (int64_t)1 << prng_below(prng, 6);
    scene.cap = 1 + (int64_t)prng_below(prng, (uint64_t)range);
    uint32_t heaviest = equal_weights ? 1 : 1 + (uint32_t)prng_below(prng, 4);
    for (size_t i = 0; i < scene.n; i++) {
        scene.x[i] = prng_between(prng, -range, range);
        scene.w[i] = 1 + (uint32_t)prng_below(prng, heaviest);
    }
    return scene;
}

static struct scene turned_scene(const struct scene *scene, unsigned coalition) {
    struct scene turned = *scene;
    for (size_t i = 0; i < scene->n; i++) {
        if ((coalition >> i & 1) != 0) turned.x[i] = LIE;
    }
    return turned;
}

static uint32_t brute_flip(const struct scene *scene, struct oracle_ratio at, bool holds_at) {
    int least = (int)scene->n;
    for (unsigned coalition = 0; coalition < 1u << scene->n; coalition++) {
        struct scene turned = turned_scene(scene, coalition);
        int order = oracle_compare(oracle_location(turned.x, turned.w, turned.n, turned.cap), at);
        bool flips = order < 0 || (order == 0 && !holds_at);
        if (flips && oracle_popcount(coalition) < least) least = oracle_popcount(coalition);
    }
    return (uint32_t)least;
}

static void any_boundary_then_flip_equals_all_coalitions(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60000; seed++) {
        struct prng prng = prng_seeded(seed);
        struct scene scene = random_scene(&prng, seed % 3 == 0);
        struct margin_boundary boundary = {
            .at = {prng_between(&prng, -100, 60), 1 + (int64_t)prng_below(&prng, 3)},
            .holds_at = prng_chance(&prng, 1, 2),
        };
        /* Every other time the boundary is a place that some coalition reaches exactly. */
        if (seed % 2 == 0) {
            struct scene turned = turned_scene(&scene, (unsigned)prng_below(&prng, UINT64_C(1) << scene.n));
            struct oracle_ratio at = oracle_location(turned.x, turned.w, turned.n, turned.cap);
            /* Where half of the weight lies, the place is the lie's own choice: no boundary of interest. */
            if (at.numerator > LIE / 10 * at.denominator)
                boundary.at = (struct ratio){at.numerator, (int64_t)at.denominator};
        }
        struct huber_point points[POINTS];
        struct huber_sample sample = huber_sample_of(scene.x, scene.w, scene.n, scene.cap, points);
        struct oracle_ratio at = {boundary.at.numerator, boundary.at.denominator};
        assert_seeded(margin_flip(&sample, &boundary) == brute_flip(&scene, at, boundary.holds_at), seed);
    }
}

/* The least location, and the least left end of zeros, over all coalitions of a size; false when one is unbounded. */
static bool brute_low(const struct scene *scene, uint32_t size, struct oracle_ratio *ret_low,
                      struct oracle_ratio *ret_left) {
    bool first = true;
    for (unsigned coalition = 0; coalition < 1u << scene->n; coalition++) {
        if (oracle_popcount(coalition) != (int)size) continue;
        uint32_t liars = 0;
        uint32_t all = 0;
        for (size_t i = 0; i < scene->n; i++) {
            all += scene->w[i];
            if ((coalition >> i & 1) != 0) liars += scene->w[i];
        }
        if (2 * liars >= all) return false;
        struct scene turned = turned_scene(scene, coalition);
        struct oracle_ratio left = {0, 1};
        struct oracle_ratio right = {0, 1};
        oracle_zeros(turned.x, turned.w, turned.n, turned.cap, &left, &right);
        struct oracle_ratio low = oracle_location(turned.x, turned.w, turned.n, turned.cap);
        if (first || oracle_compare(low, *ret_low) < 0) *ret_low = low;
        if (first || oracle_compare(left, *ret_left) < 0) *ret_left = left;
        first = false;
    }
    return true;
}

static void check_low(const struct scene *scene, const struct huber_sample *sample, uint32_t size, uint64_t seed) {
    struct oracle_ratio low = {0, 1};
    struct oracle_ratio left = {0, 1};
    struct ratio bound = {0, 1};
    bool bounded = brute_low(scene, size, &low, &left);
    assert_seeded(margin_low(sample, size, &bound) == bounded, seed);
    if (!bounded) return;
    struct oracle_ratio found = {bound.numerator, bound.denominator};
    assert_seeded(oracle_compare(found, low) <= 0, seed);
    bool is_midpoint = sample->equal_weights || size == 0;
    assert_seeded(oracle_compare(found, is_midpoint ? low : left) == 0, seed);
}

static void any_size_then_low_is_never_above_all_coalitions(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30000; seed++) {
        struct prng prng = prng_seeded(seed);
        struct scene scene = random_scene(&prng, seed % 3 == 0);
        struct huber_point points[POINTS];
        struct huber_sample sample = huber_sample_of(scene.x, scene.w, scene.n, scene.cap, points);
        struct ratio lows[POINTS];
        for (uint32_t size = 0; size <= scene.n; size++) check_low(&scene, &sample, size, seed);
        uint32_t bounded = margin_lows(&sample, POINTS, lows);
        for (uint32_t size = 1; size <= scene.n; size++) {
            struct ratio low = {0, 1};
            assert_seeded(margin_low(&sample, size, &low) == (size <= bounded), seed);
            if (size <= bounded) assert_seeded(ratio_compare(low, lows[size - 1]) == 0, seed);
        }
    }
}

static void many_unequal_members_then_lows_fall_and_agree_with_flip(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng = prng_seeded(seed);
        int64_t x[MEMBERS_MAX];
        uint32_t w[MEMBERS_MAX];
        struct huber_point points[MEMBERS_MAX];
        struct ratio lows[MEMBERS_MAX];
        for (size_t i = 0; i < MEMBERS_MAX; i++) {
            x[i] = prng_between(&prng, -TOTAL_LIMIT_QUANTA, TOTAL_LIMIT_QUANTA);
            w[i] = 1 + (uint32_t)prng_below(&prng, HUBER_WEIGHT_MAX);
        }
        struct huber_sample sample = huber_sample_of(x, w, MEMBERS_MAX, HUBER_CAP_MAX, points);
        uint32_t bounded = margin_lows(&sample, MEMBERS_MAX, lows);
        assert_seeded(bounded > 64 && bounded < 128, seed);
        for (uint32_t i = 1; i < bounded; i++) assert_seeded(ratio_compare(lows[i], lows[i - 1]) <= 0, seed);
        for (uint32_t i = 0; i < bounded; i += 9) {
            /* Just above the bound of i + 1 members that many can get below; just below it they cannot. */
            struct ratio rounded = {ratio_round(lows[i], 1, 1), 1};
            struct margin_boundary above = {{rounded.numerator + 1, 1}, true};
            struct margin_boundary under = {{rounded.numerator - 1, 1}, true};
            assert_seeded(margin_flip(&sample, &above) <= i + 1, seed);
            assert_seeded(margin_flip(&sample, &under) > i + 1, seed);
        }
    }
}

static void decision_does_not_stand_then_margin_zero(void **state) {
    (void)state;
    const int64_t x[] = {5, 5, 5};
    const uint32_t w[] = {1, 1, 1};
    struct huber_point points[3];
    struct huber_sample sample = huber_sample_of(x, w, 3, 2, points);
    struct margin_boundary at = {{5, 1}, false};
    assert_int_equal(margin_flip(&sample, &at), 0);
    at.holds_at = true;
    assert_int_equal(margin_flip(&sample, &at), 1);
    /* One liar among three pulls T to 5 - 2 / 2. */
    at = (struct margin_boundary){{4, 1}, true};
    assert_int_equal(margin_flip(&sample, &at), 2);
    at.holds_at = false;
    assert_int_equal(margin_flip(&sample, &at), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_boundary_then_flip_equals_all_coalitions),
        cmocka_unit_test(any_size_then_low_is_never_above_all_coalitions),
        cmocka_unit_test(many_unequal_members_then_lows_fall_and_agree_with_flip),
        cmocka_unit_test(decision_does_not_stand_then_margin_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
