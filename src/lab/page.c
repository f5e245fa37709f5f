/* The sweep as one HTML page: for each block of the table and each attack how far the estimators are shifted, how often
 * the wrong hypothesis ends on top, what becomes of the machine's verdicts, and how soon liars are alarmed. No script,
 * no request to anywhere; the reader's own light or dark. */
#include <inttypes.h>
#include <math.h>

#include "lab/svg.h"
#include "lab/sweep.h"

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1d2330;--dim:#5d6675;--line:#dde1e8;"
    "--c0:#b3261e;--c1:#a86a00;--c2:#7a4bb5;--c3:#1a73a8;--c4:#1c7c45}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171d;--fg:#e4e8ef;--dim:#98a2b3;--line:#2b313c;"
    "--c0:#ff8a80;--c1:#f0b455;--c2:#c3a1f5;--c3:#6fc3f2;--c4:#6fd39a}}"
    "body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;margin:0 "
    "auto;max-width:1280px;padding:1.5rem}"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .3rem}h3{font-size:1rem;margin:1.4rem "
    "0 .2rem}"
    "p{max-width:75ch;margin:.3rem 0}.dim{color:var(--dim)}"
    ".row{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:.6rem}"
    "svg{width:100%;height:auto;border:1px solid var(--line);border-radius:6px}"
    "svg text{fill:var(--dim);font:9px system-ui,sans-serif}svg .title{fill:var(--fg);font-size:11px;font-weight:600}"
    ".grid{stroke:var(--line)}path{fill:none;stroke-width:1.8}circle.off{fill:var(--bg)}"
    ".s0 path,.s0 circle{stroke:var(--c0)}.s1 path,.s1 circle{stroke:var(--c1)}.s2 path,.s2 circle{stroke:var(--c2)}"
    ".s3 path,.s3 circle{stroke:var(--c3)}.s4 path,.s4 circle{stroke:var(--c4)}"
    ".s0 circle{fill:var(--c0)}.s1 circle{fill:var(--c1)}.s2 circle{fill:var(--c2)}.s3 circle{fill:var(--c3)}"
    ".s4 circle{fill:var(--c4)}svg circle.off{fill:var(--bg)}"
    ".key span{margin-right:1.2rem;white-space:nowrap}.key i{display:inline-block;width:1.6em;height:3px;"
    "vertical-align:middle;margin-right:.4em}"
    ".k0{background:var(--c0)}.k1{background:var(--c1)}.k2{background:var(--c2)}.k3{background:var(--c3)}.k4{"
    "background:var(--c4)}"
    ".bad{color:var(--c0);font-weight:600}.good{color:var(--c4)}";

static double share(uint64_t part, uint64_t whole) { return whole == 0 ? NAN : 100 * (double)part / (double)whole; }

/* The cells of one attack in one block, by percent. */
struct strip {
    const struct sweep_cell *cells;
    uint32_t count;
};

/* A plot over the fractions, with all lines empty yet. */
static struct svg_plot plot_of(const struct strip *strip, const char *title, const char *unit, double most) {
    struct svg_plot plot = {
        .title = title, .unit = unit, .points = strip->count, .at_unit = " % liars", .most = most};
    plot.lines = ESTIMATORS;
    for (uint32_t i = 0; i < strip->count; i++) {
        plot.at[i] = strip->cells[i].config.percent;
        for (uint32_t e = 0; e < ESTIMATORS; e++) plot.line[e].values[i] = NAN;
    }
    return plot;
}

static void plot_shift(FILE *out, const struct strip *strip) {
    struct svg_plot plot = plot_of(strip, "Shift", "spreads an observation", 2);
    for (uint32_t e = 0; e < ESTIMATORS; e++) {
        plot.line[e].name = estimator_name((enum estimator)e);
        for (uint32_t i = 0; i < strip->count; i++) {
            const struct lab_figures *f = &strip->cells[i].figures;
            plot.line[e].values[i] = f->questions == 0 ? NAN : f->estimates[e].shift / (double)f->questions;
        }
    }
    svg_print(out, &plot);
}

static void plot_flips(FILE *out, const struct strip *strip) {
    struct svg_plot plot = plot_of(strip, "Wrong on top", "% of questions", 100);
    for (uint32_t e = 0; e < ESTIMATORS; e++) {
        plot.line[e].name = estimator_name((enum estimator)e);
        for (uint32_t i = 0; i < strip->count; i++) {
            const struct lab_figures *f = &strip->cells[i].figures;
            plot.line[e].values[i] = share(f->estimates[e].flips, f->questions);
        }
    }
    svg_print(out, &plot);
}

/* Colours as everywhere: red is wrong, blue is open, green is right. */
static void plot_verdicts(FILE *out, const struct strip *strip) {
    struct svg_plot plot = plot_of(strip, "Verdicts of the machine", "% of questions", 100);
    plot.line[0].name = "decided, wrong";
    plot.line[3].name = "undecided";
    plot.line[4].name = "decided, right";
    for (uint32_t i = 0; i < strip->count; i++) {
        const struct lab_figures *f = &strip->cells[i].figures;
        plot.line[0].values[i] = share(f->wrong, f->questions);
        plot.line[3].values[i] = share(f->undecided, f->questions);
        plot.line[4].values[i] = share(f->right, f->questions);
    }
    svg_print(out, &plot);
}

static void plot_delay(FILE *out, const struct strip *strip, double most) {
    struct svg_plot plot = plot_of(strip, "First alarm of a liar, median", "observations", most);
    plot.line[ESTIMATOR_MACHINE].name = "median of all liars";
    for (uint32_t i = 0; i < strip->count; i++) {
        const struct sweep_cell *cell = &strip->cells[i];
        double none = cell->figures.liars == 0 ? NAN : 2 * most;
        plot.line[ESTIMATOR_MACHINE].values[i] = cell->delay == UINT64_MAX ? none : (double)cell->delay;
    }
    svg_print(out, &plot);
}

static void print_attack(FILE *out, const struct sweep *sweep, const struct strip *strip) {
    const struct attack *attack = strip->cells[0].config.attack;
    (void)fprintf(out, "<h3>%s <span class=\"dim\">%s</span></h3>\n<div class=\"row\">\n", attack->name,
                  attack->text);
    plot_shift(out, strip);
    plot_flips(out, strip);
    plot_verdicts(out, strip);
    if (!strip->cells[0].config.is_pool) plot_delay(out, strip, (double)sweep->plan.panels);
    (void)fprintf(out, "</div>\n");
}

static void print_head(FILE *out, const struct sweep *sweep) {
    uint64_t broken = sweep_broken(sweep);
    (void)fprintf(out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Attack lab</title>\n"
                  "<style>%s</style>\n</head>\n<body>\n<h1>Attack lab</h1>\n",
                  style);
    (void)fprintf(out,
                  "<p>%s evidence; %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64
                  " observations each. Verdicts, margins, alarms "
                  "and weights are the machine's; the other estimators got the same reports.</p>\n",
                  evidence_name(sweep->plan.evidence), sweep->plan.seeds, sweep->plan.seed, sweep->plan.panels);
    (void)fprintf(out, "<p class=\"%s\">Wrong verdicts with a margin above the number of liars: %" PRIu64 ".</p>\n",
                  broken == 0 ? "good" : "bad", broken);
    (void)fprintf(out, "<p class=\"key\">");
    for (uint32_t e = 0; e < ESTIMATORS; e++)
        (void)fprintf(out, "<span><i class=\"k%u\"></i>%s</span>", e, estimator_name((enum estimator)e));
    (void)fprintf(
        out,
        "</p>\n<p class=\"dim\">Of verdicts: green right, blue undecided, red wrong. A hollow point is beyond the "
        "scale; of alarms it says that more than half of the liars had none.</p>\n");
}

void sweep_print_page(FILE *out, const struct sweep *sweep) {
    uint32_t strip_count = sweep->plan.percents.count;
    uint32_t block = strip_count * sweep->plan.attacks_count;
    print_head(out, sweep);
    for (size_t i = 0; i < sweep->count; i += strip_count) {
        const struct lab_config *config = &sweep->cells[i].config;
        struct strip strip = {&sweep->cells[i], strip_count};
        if (i % block == 0)
            (void)fprintf(out, "<h2>%u members, %u hypotheses, %s</h2>\n", config->members, config->hypotheses,
                          config->is_pool ? "pool" : "panel");
        print_attack(out, sweep, &strip);
    }
    (void)fprintf(out, "</body>\n</html>\n");
}
