/* The detectors measured (docs/belief.md, "Detectors", has the tables that this prints):
 *     bench_detectors run-length [PANELS]   panels between false alarms of an honest group, for several A
 *     bench_detectors honest [PANELS]       false alarms of honest groups of several kinds
 *     bench_detectors delay [RUNS]          panels until a liar is alarmed, beside Lorden's bound
 *     bench_detectors cost                  time a panel and a report
 * Reports go through the real location (belief/huber.h) and the real standing with its weights, a block a panel. The
 * seeds are fixed: the same command prints the same figures, but for the times. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/prng.h"
#include "belief/huber.h"
#include "standing/standing.h"

#define NAT 1e9

/* Labels: 2.197 nats for one hypothesis, the true one in 4 of 5 reports. The others have a spread of 1. */
enum kind { GAUSSIAN, NOISY_ONE, SKEWED, LABELS, KINDS };
static const char *const kind_names[KINDS] = {"gaussian", "one member three times as noisy", "skewed (exponential)",
                                              "labels, 80 % right"};

enum push { UP, AGAINST_TRUTH };

struct scenario {
    uint32_t n;
    uint32_t k;
    enum kind kind;
    double signal;  /* what an observation tells, in honest spreads */
    uint32_t liars; /* the first ones */
    double bias;    /* in honest spreads */
    enum push push;
};

struct world {
    struct scenario scenario;
    struct prng prng;
    struct standing *standing;
    void *memory;
    uint64_t height;
    int64_t *values; /* k of each member, one member after another */
    int64_t *without;
    struct voice_report reports[MEMBERS_MAX];
    struct voice voice;
};

static double uniform(struct prng *prng) { return ((double)(prng_next(prng) >> 11) + 0.5) / 9007199254740992.0; }

static double gaussian(struct prng *prng) {
    return sqrt(-2 * log(uniform(prng))) * cos(6.283185307179586 * uniform(prng));
}

static double noise(struct world *world, uint32_t member) {
    switch (world->scenario.kind) {
    case NOISY_ONE: return gaussian(&world->prng) * (member + 1 == world->scenario.n ? 3 : 1);
    case SKEWED: return -log(uniform(&world->prng)) - 1;
    default: return gaussian(&world->prng);
    }
}

/* What member i tells, in spreads, for each hypothesis, not centred. */
static void tell(struct world *world, uint32_t i, uint32_t truth, double *ret_told) {
    const struct scenario *s = &world->scenario;
    uint32_t said = truth;
    if (s->kind == LABELS && prng_chance(&world->prng, 1, 5))
        said = (truth + 1 + (uint32_t)prng_below(&world->prng, s->k - 1)) % s->k;
    for (uint32_t j = 0; j < s->k; j++) {
        if (s->kind == LABELS) {
            ret_told[j] = j == said ? 2.197 : 0;
        } else {
            /* The ratio of two hypotheses has the spread of one. */
            ret_told[j] = (j == truth ? s->signal : 0) + noise(world, i) / sqrt(2);
        }
    }
    if (i >= s->liars) return;
    if (s->push == UP)
        ret_told[0] += s->bias;
    else
        ret_told[truth] -= s->bias;
}

static void renew(struct world *world) {
    size_t bytes = standing_bytes(world->scenario.n);
    free(world->memory);
    world->memory = calloc(1, bytes);
    CHECK(world->memory != NULL);
    world->standing = standing_init(world->memory, bytes, world->scenario.n);
    world->height = 0;
}

static int64_t located(const int64_t *x, const uint32_t *w, uint32_t n, int64_t cap) {
    struct huber_point scratch[MEMBERS_MAX];
    struct ratio location;
    huber_location(x, w, n, cap, scratch, &location);
    return (int64_t)ratio_round(location, 1, 1);
}

/* For k = 2 the second hypothesis mirrors the first. */
static void locate(struct world *world, uint32_t j) {
    uint32_t n = world->scenario.n;
    uint32_t k = world->scenario.k;
    int64_t x[MEMBERS_MAX] = {0};
    uint32_t w[MEMBERS_MAX] = {0};
    for (uint32_t i = 0; i < n; i++) {
        x[i] = world->values[i * k + j];
        w[i] = standing_weight(world->standing, i);
    }
    int64_t all = located(x, w, n, world->voice.cap);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t weight = w[i];
        w[i] = 0;
        world->without[i * k + j] = weight == 0 ? all : located(x, w, n, world->voice.cap);
        w[i] = weight;
    }
}

static void report_all(struct world *world, uint32_t truth) {
    const struct scenario *s = &world->scenario;
    for (uint32_t i = 0; i < s->n; i++) {
        double told[HYPOTHESES_MAX] = {0};
        double sum = 0;
        tell(world, i, truth, told);
        for (uint32_t j = 0; j < s->k; j++) sum += told[j];
        for (uint32_t j = 0; j < s->k; j++) world->values[i * s->k + j] = (int64_t)((s->k * told[j] - sum) * NAT);
        world->reports[i] = (struct voice_report){
            .member = (uint16_t)i,
            .copied = VOICE_ORIGINAL,
            .offset = (int32_t)prng_below(&world->prng, STANDING_ONE + 1),
            .y = world->values + i * s->k,
            .without = world->without + i * s->k,
        };
    }
}

/* The next observation, up to its voice. A question has a hundred of them; the cap is one spread. */
static void observe(struct world *world) {
    const struct scenario *s = &world->scenario;
    double cap = s->kind == LABELS ? 2 : 1;
    report_all(world, (uint32_t)(world->height / 100 * 7919 % s->k));
    world->voice = (struct voice){
        .hypotheses = s->k,
        .cap = (int64_t)(cap * NAT) * s->k / 2,
        .reports = s->n,
        .report = world->reports,
    };
    for (uint32_t j = 0; j < (s->k == 2 ? 1 : s->k); j++) locate(world, j);
    for (uint32_t i = 0; s->k == 2 && i < s->n; i++) world->without[2 * i + 1] = -world->without[2 * i];
}

static void panel(struct world *world) {
    observe(world);
    standing_on_panel(world->standing, &world->voice);
    standing_end_block(world->standing, world->height++, false);
}

static struct world *world_new(struct scenario scenario, uint64_t seed) {
    struct world *world = calloc(1, sizeof *world);
    CHECK(world != NULL);
    world->scenario = scenario;
    world->prng = prng_seeded(seed);
    world->values = calloc((size_t)scenario.n * scenario.k, sizeof *world->values);
    world->without = calloc((size_t)scenario.n * scenario.k, sizeof *world->without);
    CHECK(world->values != NULL && world->without != NULL);
    renew(world);
    return world;
}

static void world_free(struct world *world) {
    free(world->values);
    free(world->without);
    free(world->memory);
    free(world);
}

/* ln of what a detector's threshold divides A by, for n = 16 and k = 2: its streams; for pairs, 120 of them, two tests,
 * two scales and a family error of 1 in 100 for each look after 64 panels. */
static double ln_streams(uint32_t detector) {
    switch (detector) {
    case DETECTOR_DRIFT: return log(16 * 7);
    case DETECTOR_SIGN: return log(16 * 3);
    case DETECTOR_COLLUSION:
    case DETECTOR_TIMING: return log(120 * 2 * 2 * 100 / 64.0);
    default: return log(16);
    }
}

/* False alarms of one long run at several thresholds; the detectors show S/h for A = 10^6, from which the others follow.
 * An alarm counts again after S has fallen to half of the threshold. */
static void run_length(uint64_t panels) {
    static const double lengths[] = {1e3, 1e4, 1e5, 1e6};
    enum { LENGTHS = 4 };
    struct world *world = world_new((struct scenario){.n = 16, .k = 2, .signal = 1}, 1);
    static uint64_t alarms[DETECTORS][LENGTHS];
    static bool raised[DETECTORS][LENGTHS][MEMBERS_MAX];
    for (uint64_t p = 0; p < panels; p++) {
        panel(world);
        for (uint32_t i = 0; i < 16; i++) {
            struct standing_member m;
            standing_member(world->standing, i, &m);
            for (uint32_t d = 0; d < DETECTORS; d++) {
                for (uint32_t l = 0; l < LENGTHS; l++) {
                    double at = (log(lengths[l]) + ln_streams(d)) / (log(1e6) + ln_streams(d)) * STANDING_ONE;
                    if (!raised[d][l][i] && m.ratios[d] >= at) {
                        raised[d][l][i] = true;
                        alarms[d][l]++;
                    } else if (m.ratios[d] < at / 2) {
                        raised[d][l][i] = false;
                    }
                }
            }
        }
    }
    printf("%llu panels, 16 honest members (gaussian), k = 2; false alarms of the whole group\n\n",
           (unsigned long long)panels);
    printf("| A, panels | at most panels / A |");
    for (uint32_t d = 0; d < DETECTORS; d++) printf(" %s |", detector_name((enum detector)d));
    printf("\n|---|---|---|---|---|---|---|---|\n");
    for (uint32_t l = 0; l < LENGTHS; l++) {
        printf("| 10^%.0f | %.0f |", log10(lengths[l]), (double)panels / lengths[l]);
        for (uint32_t d = 0; d < DETECTORS; d++) printf(" %llu |", (unsigned long long)alarms[d][l]);
        printf("\n");
    }
    world_free(world);
}

struct suspicions {
    uint64_t alarms[DETECTORS];
    uint64_t members;
    double loss; /* of weight, summed over members and panels */
};

static void take_alarms(struct world *world, struct suspicions *found, bool *alarmed) {
    struct standing_alarm alarm;
    while (standing_take_alarm(world->standing, &alarm)) {
        found->alarms[alarm.detector]++;
        found->members += !alarmed[alarm.member];
        alarmed[alarm.member] = true;
    }
}

static void honest_group(struct scenario scenario, uint64_t panels) {
    struct world *world = world_new(scenario, 1);
    struct suspicions found = {.members = 0};
    bool alarmed[MEMBERS_MAX] = {false};
    for (uint64_t p = 1; p <= panels; p++) {
        panel(world);
        take_alarms(world, &found, alarmed);
        for (uint32_t i = 0; i < scenario.n; i++)
            found.loss += (double)(STANDING_ONE - (int32_t)standing_weight(world->standing, i)) / STANDING_ONE;
        if (p % 10000 == 0) memset(alarmed, 0, sizeof alarmed);
    }
    double members = (double)scenario.n * (double)panels;
    printf("| %s | %u | %u | %.1f | %llu |", kind_names[scenario.kind], scenario.n, scenario.k, scenario.signal,
           (unsigned long long)panels);
    for (uint32_t d = 0; d < DETECTORS; d++) printf(" %llu |", (unsigned long long)found.alarms[d]);
    printf(" %.2f | %.1f %% |\n", (double)found.members * 1000 * 10000 / members, found.loss / members * 100);
    (void)fflush(stdout);
    world_free(world);
}

static void honest(uint64_t panels) {
    static const struct scenario groups[] = {
        {.n = 16, .k = 2, .kind = GAUSSIAN, .signal = 0},
        {.n = 16, .k = 2, .kind = GAUSSIAN, .signal = 1},
        {.n = 16, .k = 4, .kind = GAUSSIAN, .signal = 1},
        {.n = 5, .k = 2, .kind = GAUSSIAN, .signal = 1},
        {.n = 16, .k = 2, .kind = NOISY_ONE, .signal = 0},
        {.n = 16, .k = 2, .kind = NOISY_ONE, .signal = 1},
        {.n = 16, .k = 4, .kind = NOISY_ONE, .signal = 1},
        {.n = 16, .k = 2, .kind = SKEWED, .signal = 1},
        {.n = 16, .k = 2, .kind = LABELS},
        {.n = 16, .k = 4, .kind = LABELS},
        {.n = 5, .k = 2, .kind = LABELS},
        {.n = 5, .k = 2, .kind = NOISY_ONE, .signal = 0},
    };
    printf("| honest group | n | k | signal | panels |");
    for (uint32_t d = 0; d < DETECTORS; d++) printf(" %s |", detector_name((enum detector)d));
    printf(" members in 1000 that are alarmed in 10^4 panels | mean weight lost |\n");
    printf("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        honest_group(groups[g], groups[g].k == 2 ? panels : panels / 4);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

enum { RUNS_MAX = 1000, LIARS_MAX = 33 };

struct delays {
    double first[RUNS_MAX];
    double each[RUNS_MAX * LIARS_MAX];
    size_t runs;
    size_t liars;
    uint32_t slandered;
    double lowest;
};

/* One run: when is the first liar alarmed, when each, and what happens to the others? */
static void delay_run(struct delays *delays, struct scenario scenario, uint32_t panels, uint64_t seed) {
    struct world *world = world_new(scenario, seed);
    double at[MEMBERS_MAX];
    for (uint32_t i = 0; i < scenario.n; i++) at[i] = INFINITY;
    double first = INFINITY;
    for (uint32_t p = 1; p <= panels; p++) {
        panel(world);
        struct standing_alarm alarm;
        while (standing_take_alarm(world->standing, &alarm)) {
            if (at[alarm.member] > p) at[alarm.member] = p;
            if (alarm.member < scenario.liars && first > p) first = p;
        }
        for (uint32_t i = scenario.liars; i < scenario.n; i++)
            delays->lowest = fmin(delays->lowest, standing_weight(world->standing, i) / (double)STANDING_ONE);
    }
    delays->first[delays->runs++] = first;
    for (uint32_t i = 0; i < scenario.n; i++) {
        if (i < scenario.liars)
            delays->each[delays->liars++] = at[i];
        else
            delays->slandered += at[i] < INFINITY;
    }
    world_free(world);
}

static void delay_of(struct scenario scenario, uint32_t runs) {
    struct delays *delays = calloc(1, sizeof *delays);
    CHECK(delays != NULL);
    delays->lowest = 1;
    uint32_t panels = (uint32_t)(300 / scenario.bias) + 500;
    for (uint32_t run = 0; run < runs; run++) delay_run(delays, scenario, panels, 1000 + run);
    /* Nobody who knows the bias beforehand detects it faster with this in-control run length (Lorden 1971). */
    double bound = log(1e6) / (scenario.bias * scenario.bias / 2);
    double first = median_of(delays->first, delays->runs);
    double each = median_of(delays->each, delays->liars);
    printf("| %.1f | %.0f | %u of %u | %u | %s | %.0f | %.0f | %u of %u | %.2f |\n", scenario.bias, bound,
           scenario.liars, scenario.n, scenario.k, scenario.push == UP ? "up" : "against the truth", first, each,
           delays->slandered, runs * (scenario.n - scenario.liars), delays->lowest);
    (void)fflush(stdout);
    free(delays);
}

static void delay(uint32_t runs) {
    static const double biases[] = {2, 1, 0.5, 0.3};
    static const struct scenario groups[] = {
        {.n = 16, .k = 2, .liars = 1},   {.n = 16, .k = 2, .liars = 4},
        {.n = 16, .k = 2, .liars = 5},   {.n = 16, .k = 2, .liars = 5, .push = AGAINST_TRUTH},
        {.n = 16, .k = 4, .liars = 5},   {.n = 16, .k = 4, .liars = 5, .push = AGAINST_TRUTH},
        {.n = 100, .k = 2, .liars = 32},
    };
    printf("%u runs each, attack from the first panel on\n\n", runs);
    printf("| bias, spreads | Lorden | liars | k | push | first liar | each liar | honest members alarmed | lowest "
           "honest weight |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (size_t b = 0; b < sizeof biases / sizeof biases[0]; b++) {
            struct scenario scenario = groups[g];
            scenario.bias = biases[b];
            scenario.signal = 1;
            /* A hundred members cost forty times as much as sixteen. */
            delay_of(scenario, scenario.n > 16 ? runs / 10 + 1 : runs);
        }
    }
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The same few panels again and again, so that nothing but the detectors is measured. */
static void cost_of(struct scenario scenario, uint32_t rounds) {
    enum { KEPT = 64 };
    struct world *kept[KEPT];
    struct world *world = world_new(scenario, 0);
    for (uint32_t p = 0; p < KEPT; p++) observe(kept[p] = world_new(scenario, 1 + p));
    double start = seconds();
    for (uint32_t r = 0; r < rounds; r++) {
        for (uint32_t p = 0; p < KEPT; p++) {
            standing_on_panel(world->standing, &kept[p]->voice);
            standing_end_block(world->standing, world->height++, false);
        }
    }
    double us = (seconds() - start) * 1e6 / rounds / KEPT;
    printf("| %u | %u | %.1f us | %.2f us |\n", scenario.n, scenario.k, us, us / scenario.n);
    for (uint32_t p = 0; p < KEPT; p++) world_free(kept[p]);
    world_free(world);
}

static void cost(void) {
    printf("| n | k | a panel, a block each | a report |\n|---|---|---|---|\n");
    cost_of((struct scenario){.n = 16, .k = 2, .signal = 1}, 1000);
    cost_of((struct scenario){.n = 16, .k = 4, .signal = 1}, 1000);
    cost_of((struct scenario){.n = 100, .k = 2, .signal = 1}, 100);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    uint64_t amount = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    if (strcmp(what, "run-length") == 0)
        run_length(amount ? amount : 1000000);
    else if (strcmp(what, "honest") == 0)
        honest(amount ? amount : 200000);
    else if (strcmp(what, "delay") == 0)
        delay(amount > 0 && amount <= RUNS_MAX ? (uint32_t)amount : 101);
    else if (strcmp(what, "cost") == 0)
        cost();
    else
        (void)fprintf(stderr, "usage: bench_detectors run-length [PANELS] | honest [PANELS] | delay [RUNS] | cost\n");
    return 0;
}
