#include "crowd.h"

#include "standing/pairs.h"

enum { ONE = STANDING_ONE, NAIVE_MAX = 24, BLOCKS_MAX = 40 };

/* -------- the statistic straight from the head of pairs.h, in floating point and from the whole history */

struct naive {
    uint32_t members;
    uint32_t panels;
    double mean[NAIVE_MAX][PAIRS_SLOTS];
    uint32_t count[NAIVE_MAX][PAIRS_SLOTS];
    double x[BLOCKS_MAX * PAIRS_BLOCK][NAIVE_MAX];
    bool present[BLOCKS_MAX * PAIRS_BLOCK][NAIVE_MAX];
    double limit;
};

static void naive_add(struct naive *naive, uint32_t member, double value, double limit, uint32_t slot) {
    uint32_t *count = &naive->count[member][slot], share = 1;
    if (*count == 0) naive->mean[member][slot] = value;
    while (2 * share <= *count && share < 64) share *= 2;
    double centred = value - naive->mean[member][slot];
    naive->mean[member][slot] += centred / share;
    (*count)++;
    if (centred > limit) centred = limit;
    if (centred < -limit) centred = -limit;
    naive->x[naive->panels][member] = centred;
    naive->present[naive->panels][member] = true;
    naive->limit = limit;
}

/* ln by halving and the series of 2 artanh((v - 1) / (v + 1)). */
static double naive_ln(double v) {
    if (v > 1.5) return naive_ln(v / 2) + 0.69314718055994531;
    double z = (v - 1) / (v + 1), power = z, sum = 0;
    for (int i = 1; i < 40; i += 2, power *= z * z) sum += power / i;
    return 2 * sum;
}

static int ascending_doubles(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double naive_median(double *values, uint32_t count) {
    qsort(values, count, sizeof *values, ascending_doubles);
    return values[(count - 1) / 2];
}

static double larger(double a, double b) { return a > b ? a : b; }

struct naive_look {
    double share; /* q: what a block leaves of the last one */
    double c[NAIVE_MAX][NAIVE_MAX];
    double common[NAIVE_MAX][NAIVE_MAX];
    double square, fourth, panels;
    double shared, above[NAIVE_MAX], usual;
    double e[NAIVE_MAX][NAIVE_MAX];
    double surprise[NAIVE_MAX];
};

static double weight_of(const struct naive *naive, const struct naive_look *look, uint32_t panel) {
    double weight = 1;
    for (uint32_t block = panel / PAIRS_BLOCK; block + 1 < naive->panels / PAIRS_BLOCK; block++)
        weight *= look->share;
    return weight;
}

static void naive_sums(const struct naive *naive, struct naive_look *look) {
    uint32_t n = naive->members;
    for (uint32_t t = 0; t < naive->panels; t++) {
        double weight = weight_of(naive, look, t), square = 0, fourth = 0, reports = 0;
        for (uint32_t i = 0; i < n; i++) {
            reports += naive->present[t][i];
            square += naive->x[t][i] * naive->x[t][i];
            for (uint32_t j = 0; j < n; j++) {
                double product = naive->x[t][i] * naive->x[t][j];
                look->c[i][j] += weight * product;
                look->common[i][j] += naive->present[t][i] && naive->present[t][j] ? weight : 0;
                if (i != j) fourth += product * product;
            }
        }
        look->panels += weight;
        look->square += weight * square / reports;
        look->fourth += weight * fourth / (reports * (reports - 1));
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) look->c[i][j] /= look->common[i][j] * PAIRS_SPREAD * PAIRS_SPREAD;
    }
}

static void naive_medians(const struct naive *naive, struct naive_look *look) {
    static double all[NAIVE_MAX * NAIVE_MAX];
    double row[NAIVE_MAX], variance[NAIVE_MAX];
    uint32_t n = naive->members, count = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) all[count++] = look->c[i][j];
        variance[i] = look->c[i][i];
    }
    look->shared = naive_median(all, count);
    look->usual = larger(naive_median(variance, n), 1.0 / 16);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t own = 0;
        for (uint32_t j = 0; j < n; j++) {
            if (j != i) row[own++] = look->c[i][j];
        }
        look->above[i] = naive_median(row, own) - look->shared;
    }
}

static void naive_pair(const struct naive *naive, struct naive_look *look, uint32_t i, uint32_t j, double allowance) {
    double variance = larger(look->usual, (look->c[i][i] + look->c[j][j]) / 2);
    double expected = look->shared + larger(0, look->above[i] + look->above[j]);
    double e = (look->c[i][j] - expected) / variance - allowance;
    if (e <= 0) return;
    double full = PAIRS_BLOCK / (1 - look->share), w = look->common[i][j];
    double g = (2 - w / full) / (1 + look->share);
    double kappa = larger(1, look->fourth * look->panels / (look->square * look->square));
    double bound = naive->limit * naive->limit / PAIRS_SPREAD / PAIRS_SPREAD / variance;
    double surprise = w * e * e / (2 * (g * kappa + bound * e / 3)) - naive_ln(4.0 * (naive->members - 1));
    look->e[i][j] = e * w / look->panels;
    look->surprise[i] = larger(look->surprise[i], surprise);
}

static void naive_star(const struct naive *naive, struct naive_look *look, uint32_t i) {
    double row[NAIVE_MAX], sum = 0, choices = 1;
    uint32_t n = naive->members;
    for (uint32_t j = 0; j < n; j++) row[j] = -look->e[i][j];
    qsort(row, n, sizeof *row, ascending_doubles);
    double full = PAIRS_BLOCK / (1 - look->share), g = (2 - look->panels / full) / (1 + look->share);
    double kappa = larger(1, look->fourth * look->panels / (look->square * look->square));
    double bound = naive->limit * naive->limit / PAIRS_SPREAD / PAIRS_SPREAD / look->usual;
    for (uint32_t m = 1; m <= (n - 1) / 2 && row[m - 1] < 0; m++) {
        sum -= row[m - 1];
        choices *= (double)(n - m) / m;
        if (m == 1 || (m & (m - 1)) != 0) continue;
        double surprise =
            look->panels * sum * sum / (2 * m * g * kappa * bound) - naive_ln(choices) - naive_ln(4.0 * (n - 1));
        look->surprise[i] = larger(look->surprise[i], surprise);
    }
}

static void naive_ratios(const struct naive *naive, double allowance, double *ret_ratios) {
    static struct naive_look look;
    double shares[] = {3.0 / 4, 31.0 / 32}, n = naive->members;
    double threshold = naive_ln(1e6) + naive_ln(n);
    for (uint32_t i = 0; i < naive->members; i++) ret_ratios[i] = 0;
    for (int s = 0; s < 2; s++) {
        look = (struct naive_look){.share = shares[s]};
        naive_sums(naive, &look);
        naive_medians(naive, &look);
        for (uint32_t i = 0; i < naive->members; i++) {
            for (uint32_t j = 0; j < naive->members; j++) {
                if (j != i) naive_pair(naive, &look, i, j, allowance + 2 / (n - 1) + 3 / (n - 1) / (n - 1));
            }
            naive_star(naive, &look, i);
            double ratio = look.surprise[i] / threshold;
            ret_ratios[i] = larger(ret_ratios[i], ratio < 1.25 ? ratio : 1.25);
        }
    }
}

/* -------- helpers */

static void *fresh(struct pairs *pairs, uint32_t members, uint32_t allowance) {
    void *memory = calloc(1, pairs_bytes(members));
    pairs_init(pairs, memory, members, allowance);
    return memory;
}

/* One spread of noise, at most two. */
static int32_t noise(struct crowd *crowd) {
    return (int32_t)crowd_clamp(crowd_normal(crowd, PAIRS_SPREAD), PAIRS_VALUE_MAX);
}

/* -------- tests */

/* A group of `liars` adds `push` of a common noise; some are absent now and then. */
static void compare_with_naive(struct crowd *crowd, uint32_t liars, int32_t push) {
    static struct naive naive;
    double ratios[NAIVE_MAX], highest = 0;
    struct pairs pairs;
    void *memory = fresh(&pairs, crowd->members, ONE / 16);
    naive = (struct naive){.members = crowd->members};
    while (naive.panels < BLOCKS_MAX * PAIRS_BLOCK) {
        int32_t common = noise(crowd) * push / 100;
        for (uint32_t i = 0; i < crowd->members; i++) {
            if (prng_chance(&crowd->prng, i % 4, 20)) continue;
            int32_t own = noise(crowd);
            int32_t value = (int32_t)crowd_clamp(i < liars ? own + common : own, 3000);
            uint32_t slot = (uint32_t)prng_below(&crowd->prng, PAIRS_SLOTS);
            pairs_add(&pairs, i, value, 3000, slot);
            naive_add(&naive, i, value, 3000, slot);
        }
        pairs_end_panel(&pairs);
        naive.panels++;
        if (naive.panels % (4 * PAIRS_BLOCK) != 0) continue;
        naive_ratios(&naive, 1.0 / 16, ratios);
        for (uint32_t i = 0; i < crowd->members; i++) {
            double difference = (double)pairs_ratio(&pairs, i, false) / ONE - ratios[i];
            assert_true(difference < 0.01 + ratios[i] / 50 && difference > -0.01 - ratios[i] / 50);
            highest = larger(highest, ratios[i]);
        }
    }
    assert_true(push == 0 || highest > 0.05);
    free(memory);
}

static void random_values_then_close_to_the_definition(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(20, 2, SPREAD, 11);
    compare_with_naive(crowd, 0, 0);
    compare_with_naive(crowd, 2, 200);
    compare_with_naive(crowd, 6, 70);
    compare_with_naive(crowd, 6, 100);
    compare_with_naive(crowd, 9, 80);
    free(crowd);
}

/* Members 0 .. liars - 1 share one noise on `shared` of 100 panels. */
static void run(struct crowd *crowd, struct pairs *pairs, uint32_t liars, uint32_t shared, uint32_t panels,
                int32_t limit) {
    for (uint32_t t = 0; t < panels; t++) {
        bool now = prng_chance(&crowd->prng, shared, 100);
        int32_t common = noise(crowd);
        for (uint32_t i = 0; i < pairs->members; i++) {
            int32_t own = noise(crowd);
            int64_t value = crowd_clamp(now && i < liars ? common : own, limit);
            pairs_add(pairs, i, (int32_t)value, limit, 0);
        }
        pairs_end_panel(pairs);
    }
}

static void two_of_one_mind_then_flagged_and_clustered(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 12);
    struct pairs pairs;
    void *memory = fresh(&pairs, 16, ONE / 16);
    run(crowd, &pairs, 2, 100, 256, PAIRS_VALUE_MAX);
    for (uint32_t i = 0; i < 16; i++) {
        assert_int_equal(pairs_ratio(&pairs, i, false) >= ONE, i < 2);
        assert_true(pairs_ratio(&pairs, i, false) <= ONE + ONE / 4);
        assert_true(pairs_ratio(&pairs, i, true) >= pairs_ratio(&pairs, i, false));
        assert_int_equal(pairs_cluster(&pairs, i), i == 1 ? 0 : i);
    }
    free(memory);
    free(crowd);
}

static void agreement_that_ends_then_forgotten(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 13);
    struct pairs pairs;
    void *memory = fresh(&pairs, 16, ONE / 16);
    run(crowd, &pairs, 2, 100, 8192, PAIRS_VALUE_MAX);
    assert_true(pairs_ratio(&pairs, 0, false) >= ONE);
    run(crowd, &pairs, 0, 0, 4096, PAIRS_VALUE_MAX);
    assert_true(pairs_ratio(&pairs, 0, false) < ONE / 5);
    assert_int_equal(pairs_cluster(&pairs, 1), 1);
    free(memory);
    free(crowd);
}

static void block_not_full_then_nothing_changes(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 14);
    struct pairs pairs;
    void *memory = fresh(&pairs, 16, ONE / 16);
    run(crowd, &pairs, 2, 60, 3 * PAIRS_BLOCK, PAIRS_VALUE_MAX);
    uint32_t before = pairs_ratio(&pairs, 0, true);
    run(crowd, &pairs, 2, 60, PAIRS_BLOCK - 1, PAIRS_VALUE_MAX);
    assert_int_equal(pairs_ratio(&pairs, 0, true), before);
    run(crowd, &pairs, 2, 60, 1, PAIRS_VALUE_MAX);
    assert_int_not_equal(pairs_ratio(&pairs, 0, true), before);
    free(memory);
    free(crowd);
}

/* Two that agree whenever they meet, in the first few panels of every 64. */
static uint32_t meet(struct crowd *crowd, uint32_t of_64, uint32_t panels) {
    struct pairs pairs;
    void *memory = fresh(&pairs, 16, ONE / 16);
    for (uint32_t t = 0; t < panels; t++) {
        int32_t common = noise(crowd);
        for (uint32_t i = 0; i < 16; i++) {
            int32_t own = noise(crowd);
            bool meeting = t % PAIRS_BLOCK < of_64;
            if (i < 2 && !meeting && (t + i) % 2 == 0) continue;
            pairs_add(&pairs, i, i < 2 && meeting ? common : own, PAIRS_VALUE_MAX, 0);
        }
        pairs_end_panel(&pairs);
    }
    uint32_t ratio = pairs_ratio(&pairs, 1, false);
    free(memory);
    return ratio;
}

static void pair_that_seldom_meets_then_judged_by_the_meetings(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(16, 2, SPREAD, 15);
    assert_int_equal(meet(crowd, 6, 512), 0);
    assert_true(meet(crowd, 12, 4096) >= ONE);
    free(crowd);
}

static void coalition_of_faint_pairs_then_found_by_the_star(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(48, 2, SPREAD, 16);
    for (uint32_t liars = 2; liars <= 16; liars += 14) {
        struct pairs pairs;
        void *memory = fresh(&pairs, 48, ONE / 16);
        run(crowd, &pairs, liars, 30, 896, PAIRS_SPREAD);
        uint32_t flagged = 0;
        for (uint32_t i = 0; i < 48; i++) {
            if (i < liars) flagged += pairs_ratio(&pairs, i, false) >= ONE;
            if (i >= liars) assert_true(pairs_ratio(&pairs, i, false) < ONE);
            if (i >= liars) assert_int_equal(pairs_cluster(&pairs, i), i);
        }
        if (liars == 2) assert_int_equal(flagged, 0);
        if (liars == 16) assert_true(flagged > 0);
        free(memory);
    }
    free(crowd);
}

static void constant_or_silent_members_then_nobody(void **state) {
    (void)state;
    struct pairs pairs;
    void *memory = fresh(&pairs, 8, ONE / 16);
    for (uint32_t t = 0; t < 1024; t++) {
        for (uint32_t i = 0; i < 4; i++) pairs_add(&pairs, i, i < 2 ? 2000 : -2000, PAIRS_VALUE_MAX, 0);
        pairs_end_panel(&pairs);
    }
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(pairs_ratio(&pairs, i, false), i < 4 ? pairs_ratio(&pairs, 0, false) : 0);
    for (uint32_t i = 0; i < 8; i++) assert_true(pairs_ratio(&pairs, i, false) < ONE / 5);
    free(memory);
}

static void one_member_then_nothing_to_compare(void **state) {
    (void)state;
    struct pairs pairs;
    void *memory = fresh(&pairs, 1, ONE / 16);
    for (uint32_t t = 0; t < 256; t++) {
        pairs_add(&pairs, 0, (int32_t)(t % 3) * 100, PAIRS_VALUE_MAX, 0);
        pairs_end_panel(&pairs);
    }
    assert_int_equal(pairs_ratio(&pairs, 0, false), 0);
    assert_int_equal(pairs_cluster(&pairs, 0), 0);
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_values_then_close_to_the_definition),
        cmocka_unit_test(two_of_one_mind_then_flagged_and_clustered),
        cmocka_unit_test(agreement_that_ends_then_forgotten),
        cmocka_unit_test(block_not_full_then_nothing_changes),
        cmocka_unit_test(pair_that_seldom_meets_then_judged_by_the_meetings),
        cmocka_unit_test(coalition_of_faint_pairs_then_found_by_the_star),
        cmocka_unit_test(constant_or_silent_members_then_nobody),
        cmocka_unit_test(one_member_then_nothing_to_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
