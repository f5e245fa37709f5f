#include "lab/check.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "lab/sweep.h"

enum { ABOUT_BYTES = 160 };
enum bound { AT_MOST, AT_LEAST, BELOW };

/* What has been measured once and is asked for by several bounds. */
struct bench {
    bool is_full;
    bool has_sweep;
    uint64_t verdicts;
    uint64_t decided;
    uint64_t wrong_at_32;
    uint64_t decided_at_32;
    uint64_t broken;
    uint32_t lowest_honest;
};

static void say(char ret_about[ABOUT_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(char ret_about[ABOUT_BYTES], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_about, ABOUT_BYTES, format, arguments);
    va_end(arguments);
}

static uint64_t choose(const struct bench *bench, uint64_t quick, uint64_t full) {
    return bench->is_full ? full : quick;
}

/* All attacks, at all fractions, in both modes: for margins, verdicts and weights. */
static void sweep_of(struct bench *bench, uint32_t members, uint64_t seeds) {
    struct sweep_plan plan = {
        .members = {.count = 1, .values = {members}},
        .hypotheses = {.count = 2, .values = {2, 4}},
        .percents = {.count = 6, .values = {0, 10, 25, 32, 40, 49}},
        .panel = true,
        .pool = true,
        .panels = choose(bench, 48, 400),
        .seeds = seeds,
        .seed = 1,
    };
    for (const struct attack *attack; (attack = attack_at(plan.attacks_count)) != NULL; plan.attacks_count++)
        plan.attacks[plan.attacks_count] = attack;
    struct sweep sweep = sweep_run(&plan, NULL, NULL);
    for (size_t i = 0; i < sweep.count; i++) {
        const struct lab_figures *figures = &sweep.cells[i].figures;
        bench->verdicts += figures->questions;
        bench->decided += figures->right + figures->wrong;
        bench->broken += figures->broken;
        if (figures->lowest_honest < bench->lowest_honest) bench->lowest_honest = figures->lowest_honest;
        if (sweep.cells[i].config.percent != 32) continue;
        bench->wrong_at_32 += figures->wrong;
        bench->decided_at_32 += figures->right + figures->wrong;
    }
    sweep_free(&sweep);
}

static void sweep_all(struct bench *bench) {
    if (bench->has_sweep) return;
    bench->has_sweep = true;
    bench->lowest_honest = UINT32_MAX;
    sweep_of(bench, 16, choose(bench, 1, 5));
    if (bench->is_full) sweep_of(bench, 100, 1);
}

static struct lab_config config_of(uint32_t members, const char *attack, uint64_t panels) {
    return (struct lab_config){.attack = attack == NULL ? NULL : attack_find(attack),
                               .members = members,
                               .hypotheses = 2,
                               .percent = 32,
                               .panels = panels};
}

static struct lab_figures runs(const struct lab_config *config, uint64_t seeds) {
    struct lab_figures figures = lab_figures_none();
    for (uint64_t seed = 1; seed <= seeds; seed++) lab_run(config, seed, &figures);
    return figures;
}

/* What each bound measures. */

static double broken_margins(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    sweep_all(bench);
    say(ret_about, "of %llu verdicts, %llu decided", (unsigned long long)bench->verdicts,
        (unsigned long long)bench->decided);
    return (double)bench->broken;
}

static double wrong_at_a_third(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    sweep_all(bench);
    say(ret_about, "of %llu decided", (unsigned long long)bench->decided_at_32);
    return (double)bench->wrong_at_32;
}

static double lowest_weight(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    sweep_all(bench);
    say(ret_about, "over all attacks and fractions; 13107 of 65536 is a fifth");
    return bench->lowest_honest;
}

static double efficiency_of(const struct bench *bench, enum estimator estimator, char ret_about[ABOUT_BYTES]) {
    struct lab_config config = config_of(16, NULL, choose(bench, 20000, 100000));
    struct lab_figures figures = runs(&config, 1);
    double shares = figures.estimates[ESTIMATOR_MEAN].squares / figures.estimates[estimator].squares;
    say(ret_about, "%llu observations, 16 members, cap of one spread", (unsigned long long)figures.panels);
    lab_figures_free(&figures);
    return shares;
}

static double efficiency(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return efficiency_of(bench, ESTIMATOR_HUBER, ret_about);
}

static double efficiency_with_standing(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return efficiency_of(bench, ESTIMATOR_MACHINE, ret_about);
}

static double unlike_textbook(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    uint64_t unlike = 0;
    uint64_t questions = 0;
    for (uint32_t k = 2; k <= 4; k += 2) {
        struct lab_config config = config_of(16, NULL, choose(bench, 200, 5000));
        config.hypotheses = k;
        config.is_pool = true;
        config.cap = PARAMETER_LIMIT_QUANTA;
        struct lab_figures figures = runs(&config, 1);
        unlike += figures.unlike_sum;
        questions += figures.questions;
        lab_figures_free(&figures);
    }
    say(ret_about, "of %llu pools, k = 2 and 4", (unsigned long long)questions);
    return (double)unlike;
}

/* The same evidence with and without the drip; 5 of 16 members drip on each observation. */
static double drip(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    struct lab_config config = config_of(16, "drip-quantum", choose(bench, 2000, 20000));
    config.is_endless = true;
    struct lab_figures with = runs(&config, 1);
    config.attack = attack_find("idle");
    struct lab_figures without = runs(&config, 1);
    uint64_t dripped = config.panels * with.liars;
    double moved = fabs((double)(without.lead - with.lead)) / (double)QUANTA_PER_NAT;
    say(ret_about, "after %llu reports with a quantum more", (unsigned long long)dripped);
    lab_figures_free(&with);
    lab_figures_free(&without);
    return moved * 1e5 / (double)dripped;
}

static double finer_taken(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    struct lab_config config = config_of(16, "drip-1e-13", choose(bench, 50, 500));
    struct lab_figures figures = runs(&config, 1);
    uint64_t tried = figures.panels * figures.liars;
    say(ret_about, "of %llu with 13 decimals", (unsigned long long)tried);
    double taken = (double)(tried - figures.door);
    lab_figures_free(&figures);
    return taken;
}

static double delay_of(const char *attack, uint32_t members, uint64_t panels, uint64_t seeds,
                       char ret_about[ABOUT_BYTES]) {
    struct lab_config config = config_of(members, attack, panels);
    struct lab_figures figures = runs(&config, seeds);
    uint64_t delay = lab_median_delay(&figures);
    say(ret_about, "%u members, %llu of %llu liars alarmed within %llu", members,
        (unsigned long long)figures.liars_alarmed, (unsigned long long)figures.liars, (unsigned long long)panels);
    lab_figures_free(&figures);
    return delay == UINT64_MAX ? INFINITY : (double)delay;
}

static double delay_spread_16(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return delay_of("bias-1", 16, 600, choose(bench, 3, 40), ret_about);
}
static double delay_half_16(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return delay_of("bias-1/2", 16, 600, choose(bench, 3, 40), ret_about);
}
static double delay_spread_100(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return delay_of("bias-1", 100, choose(bench, 150, 600), choose(bench, 1, 10), ret_about);
}
static double delay_half_100(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return delay_of("bias-1/2", 100, choose(bench, 450, 600), choose(bench, 1, 10), ret_about);
}

/* Honest members that were ever alarmed, of a thousand that lived for 10^4 observations. */
static double suspected(const struct bench *bench, uint32_t members, enum evidence_kind kind,
                        char ret_about[ABOUT_BYTES]) {
    uint64_t panels = choose(bench, 1000, 10000);
    struct lab_config config = config_of(members, NULL, panels);
    config.evidence = kind;
    struct lab_figures figures = runs(&config, bench->is_full ? 1 + 1600 / members : 2);
    double thousands = (double)figures.honest / 1000 * (double)panels / 10000;
    say(ret_about, "%s, %u members: %llu of %llu in %llu observations", evidence_name(kind), members,
        (unsigned long long)figures.honest_alarmed, (unsigned long long)figures.honest, (unsigned long long)panels);
    double share = (double)figures.honest_alarmed / thousands;
    lab_figures_free(&figures);
    return share;
}

static double suspected_16(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return suspected(bench, 16, EVIDENCE_GAUSSIAN, ret_about);
}
static double suspected_100(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return suspected(bench, 100, EVIDENCE_GAUSSIAN, ret_about);
}
static double suspected_labels(struct bench *bench, char ret_about[ABOUT_BYTES]) {
    return suspected(bench, 16, EVIDENCE_LABELS, ret_about);
}

static const struct row {
    const char *what;
    double (*measure)(struct bench *bench, char ret_about[ABOUT_BYTES]);
    enum bound bound;
    double limit;
} rows[] = {
    {"wrong verdicts with a margin above the liars", broken_margins, AT_MOST, 0},
    {"wrong verdicts decided at 32 % liars", wrong_at_a_third, AT_MOST, 0},
    {"lowest weight of an honest member", lowest_weight, AT_LEAST, 13107},
    {"efficiency of the location, no liars", efficiency, AT_LEAST, 0.90},
    {"the same with standing", efficiency_with_standing, AT_LEAST, 0.90},
    {"beliefs unlike the textbook sum, large cap", unlike_textbook, AT_MOST, 0},
    {"nats moved by 10^5 one-quantum drips", drip, BELOW, 1e-4},
    {"reports of 1e-13 nat that were taken", finer_taken, AT_MOST, 0},
    {"first alarm, bias of one spread, median", delay_spread_16, AT_MOST, 100},
    {"", delay_spread_100, AT_MOST, 100},
    {"first alarm, bias of half a spread, median", delay_half_16, AT_MOST, 400},
    {"", delay_half_100, AT_MOST, 400},
    {"false alarms a 1000 members and 10^4 observations", suspected_16, BELOW, 1},
    {"", suspected_100, BELOW, 1},
    {"", suspected_labels, BELOW, 1},
};

static bool holds(const struct row *row, double value) {
    switch (row->bound) {
    case AT_MOST: return value <= row->limit;
    case AT_LEAST: return value >= row->limit;
    case BELOW: return value < row->limit;
    }
    return false;
}

uint32_t check_run(FILE *out, bool is_full, void (*at)(void *context, const char *what), void *context) {
    static const char *const signs[] = {[AT_MOST] = "<=", [AT_LEAST] = ">=", [BELOW] = "< "};
    struct bench bench = {.is_full = is_full};
    uint32_t broken = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char about[ABOUT_BYTES] = "";
        if (at != NULL) at(context, rows[i].what);
        double value = rows[i].measure(&bench, about);
        if (at != NULL) at(context, NULL);
        bool good = holds(&rows[i], value);
        broken += !good;
        (void)fprintf(out, "%-50s %12.6g  %s %-8g %s  %s\n", rows[i].what, value, signs[rows[i].bound], rows[i].limit,
                      good ? "ok    " : "BROKEN", about);
        (void)fflush(out);
    }
    return broken;
}

uint32_t check_count(void) { return sizeof rows / sizeof *rows; }
