/* credimus lab: liars against the machine, on drawn evidence or on real answers, and what came of it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/labels.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "lab/check.h"
#include "lab/sweep.h"

enum {
    OPTION_ATTACK,
    OPTION_FRACTION,
    OPTION_MEMBERS,
    OPTION_HYPOTHESES,
    OPTION_MODE,
    OPTION_EVIDENCE,
    OPTION_PANELS,
    OPTION_SEEDS,
    OPTION_SEED,
    OPTION_QUICK,
    OPTION_CSV,
    OPTION_HTML,
    OPTION_CHECK,
    OPTION_LABELS,
    OPTION_TRUTH,
    OPTION_ADVERSARIES,
    OPTION_CANARIES,
};
enum { PANELS_DEFAULT = 300, PANELS_QUICK = 60, PANELS_MAX = 10000000, SEEDS_DEFAULT = 3, SEEDS_MAX = 100000 };

static const struct option_spec options[] = {
    {"attack", "NAME,...", "which lies (default all); \"list\" says what there is", 0},
    {"fraction", "N,...", "percent of members that lie (default 0,10,25,32,40,49)", 0},
    {"members", "N,...", "4 to 256 (default 16)", 0},
    {"hypotheses", "K,...", "2 to 64 (default 2)", 0},
    {"mode", "MODE", "panel, pool or both (default both)", 0},
    {"evidence", "KIND", "gaussian or labels (default gaussian)", 0},
    {"panels", "N", "observations of a run (default 300)", 0},
    {"seeds", "N", "runs of each kind (default 3; with --labels 10)", 0},
    {"seed", "S", "the first seed (default 1)", 0},
    {"quick", NULL, "one seed, three fractions, 60 observations; of --check the short form", 0},
    {"csv", "FILE", "write all figures as CSV", 0},
    {"html", "FILE", "write a page with plots", 0},
    {"check", NULL, "measure what must hold instead, and fail when a bound is broken", 0},
    {"labels", "FILE", "real answers instead: CSV with task,worker,label", 0},
    {"truth", "FILE", "and what is true: CSV with task,label", 0},
    {"adversaries", "N", "percent of the people to replace by coherent liars (default 0)", 0},
    {"canaries", "N", "percent of the tasks that are canaries (default 0)", 0},
    {0},
};

/* Lists. */

static int refuse_fraction(const struct invocation *invocation, const char *name) {
    return command_misuse(invocation,
                          "--%s is at most %d: where half lie or more, their answer and the truth fit the log "
                          "equally well, and nothing computed from it can tell which is which",
                          name, LAB_PERCENT_MAX);
}

static int list_of(const struct invocation *invocation, uint32_t option, const char *otherwise, uint32_t low,
                   uint32_t high, struct sweep_numbers *ret_numbers) {
    const char *at = option_text(invocation, option, otherwise);
    const char *name = invocation->command->options[option].name;
    ret_numbers->count = 0;
    for (;;) {
        char word[16];
        uint64_t value;
        size_t bytes = strcspn(at, ",");
        bool fits = bytes > 0 && bytes < sizeof word;
        if (fits) {
            memcpy(word, at, bytes);
            word[bytes] = '\0';
            fits = options_number(word, 0, UINT32_MAX, &value) == STATUS_OK;
        }
        if (fits && option == OPTION_FRACTION && value > high) return refuse_fraction(invocation, name);
        bool ascends = ret_numbers->count == 0 || (fits && value > ret_numbers->values[ret_numbers->count - 1]);
        if (!fits || value < low || value > high || !ascends || ret_numbers->count == SWEEP_CHOICES_MAX)
            return command_misuse(invocation, "--%s takes ascending numbers from %u to %u, like \"%s\", not \"%s\"",
                                  name, low, high, otherwise, option_text(invocation, option, otherwise));
        ret_numbers->values[ret_numbers->count++] = (uint32_t)value;
        if (at[bytes] == '\0') return COMMAND_DONE;
        at += bytes + 1;
    }
}

static int add_attack(const struct invocation *invocation, const char *name, size_t bytes, struct sweep_plan *plan) {
    char word[32] = "";
    if (bytes < sizeof word) memcpy(word, name, bytes);
    const struct attack *attack = attack_find(word);
    if (attack == NULL || plan->attacks_count == SWEEP_CHOICES_MAX)
        return command_misuse(invocation, "there is no attack \"%.*s\"; --attack list names them", (int)bytes, name);
    plan->attacks[plan->attacks_count++] = attack;
    return COMMAND_DONE;
}

static int read_attacks(const struct invocation *invocation, struct sweep_plan *plan) {
    const char *at = option_text(invocation, OPTION_ATTACK, "all");
    if (strcmp(at, "all") == 0) {
        for (uint32_t i = 0; attack_at(i) != NULL; i++) plan->attacks[plan->attacks_count++] = attack_at(i);
        return COMMAND_DONE;
    }
    for (;;) {
        size_t bytes = strcspn(at, ",");
        int code = add_attack(invocation, at, bytes, plan);
        if (code != COMMAND_DONE || at[bytes] == '\0') return code;
        at += bytes + 1;
    }
}

static int list_attacks(void) {
    for (uint32_t i = 0; attack_at(i) != NULL; i++) printf("%-16s %s\n", attack_at(i)->name, attack_at(i)->text);
    return COMMAND_DONE;
}

/* Drawn evidence. */

static int read_words(const struct invocation *invocation, struct sweep_plan *plan) {
    static const char *const modes[] = {"panel", "pool", "both", NULL};
    static const char *const kinds[] = {"gaussian", "labels", NULL};
    const char *mode, *kind;
    int code = option_word(invocation, OPTION_MODE, modes, "both", &mode);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_EVIDENCE, kinds, "gaussian", &kind);
    if (code != COMMAND_DONE) return code;
    plan->panel = strcmp(mode, "pool") != 0;
    plan->pool = strcmp(mode, "panel") != 0;
    plan->evidence = strcmp(kind, "labels") == 0 ? EVIDENCE_LABELS : EVIDENCE_GAUSSIAN;
    return COMMAND_DONE;
}

static int read_plan(const struct invocation *invocation, struct sweep_plan *plan) {
    bool quick = option_given(invocation, OPTION_QUICK);
    int code = read_attacks(invocation, plan);
    if (code == COMMAND_DONE)
        code = list_of(invocation, OPTION_FRACTION, quick ? "0,32,49" : "0,10,25,32,40,49", 0, LAB_PERCENT_MAX,
                       &plan->percents);
    if (code == COMMAND_DONE)
        code = list_of(invocation, OPTION_MEMBERS, "16", MEMBERS_MIN, MEMBERS_MAX, &plan->members);
    if (code == COMMAND_DONE)
        code = list_of(invocation, OPTION_HYPOTHESES, "2", HYPOTHESES_MIN, HYPOTHESES_MAX, &plan->hypotheses);
    if (code == COMMAND_DONE) code = read_words(invocation, plan);
    if (code == COMMAND_DONE)
        code = option_number(invocation, OPTION_PANELS, 1, PANELS_MAX, quick ? PANELS_QUICK : PANELS_DEFAULT,
                             &plan->panels);
    if (code == COMMAND_DONE)
        code = option_number(invocation, OPTION_SEEDS, 1, SEEDS_MAX, quick ? 1 : SEEDS_DEFAULT, &plan->seeds);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_SEED, 0, UINT32_MAX, 1, &plan->seed);
    return code;
}

static void on_run(void *context, size_t done) { progress_at(context, done); }

static int write_file(const struct invocation *invocation, uint32_t option, const struct sweep *sweep,
                      void (*print)(FILE *out, const struct sweep *sweep)) {
    char *text = NULL;
    size_t bytes = 0;
    if (!option_given(invocation, option)) return COMMAND_DONE;
    FILE *out = open_memstream(&text, &bytes);
    CHECK(out != NULL);
    print(out, sweep);
    CHECK(fclose(out) == 0);
    int code = output_write(invocation, invocation->values[option], slice_of(text, bytes));
    free(text);
    return code;
}

static int run_sweep(const struct invocation *invocation) {
    struct sweep_plan plan = {0};
    if (strcmp(option_text(invocation, OPTION_ATTACK, ""), "list") == 0) return list_attacks();
    int code = read_plan(invocation, &plan);
    if (code != COMMAND_DONE) return code;
    struct progress progress = progress_begin("runs", sweep_runs(&plan));
    struct sweep sweep = sweep_run(&plan, on_run, &progress);
    progress_end(&progress);
    sweep_print_table(stdout, &sweep);
    uint64_t broken = sweep_broken(&sweep);
    printf("\nwrong verdicts with a margin above the number of liars: %" PRIu64 "\n", broken);
    code = write_file(invocation, OPTION_CSV, &sweep, sweep_print_csv);
    if (code == COMMAND_DONE) code = write_file(invocation, OPTION_HTML, &sweep, sweep_print_page);
    sweep_free(&sweep);
    return code == COMMAND_DONE && broken > 0 ? COMMAND_REFUSED : code;
}

/* What must hold. */

static void on_bound(void *context, const char *what) {
    struct progress *progress = context;
    if (what == NULL) {
        /* A line comes: the bar leaves its place, and returns with the next bound. */
        bool visible = progress->visible;
        progress_end(progress);
        progress->visible = visible;
        progress->shown = -1;
        return;
    }
    if (what[0] != '\0') progress->what = what;
    progress_step(progress, 1);
}

static int run_check(const struct invocation *invocation) {
    struct progress progress = progress_begin("bounds", check_count());
    uint32_t broken = check_run(stdout, !option_given(invocation, OPTION_QUICK), on_bound, &progress);
    progress_end(&progress);
    printf(broken == 0 ? "all bounds hold\n" : "%u bounds are broken\n", broken);
    return broken == 0 ? COMMAND_DONE : COMMAND_REFUSED;
}

/* Real answers. */

struct sums {
    double right; /* shares, summed over seeds */
    double squares;
    double worst;
    double decided;
    double decided_right;
    double decided_tasks;
};

static void add_score(const struct crowd_score *score, struct sums *sums) {
    double share = score->tasks == 0 ? 0 : (double)score->right / score->tasks;
    sums->right += share;
    sums->squares += share * share;
    sums->worst = fmin(sums->worst, share);
    sums->decided += score->tasks == 0 ? 0 : (double)score->decided / score->tasks;
    sums->decided_right += score->decided_right;
    sums->decided_tasks += score->decided;
}

static void print_scores(const struct sums *sums, uint64_t seeds, bool has_panel) {
    double count = (double)seeds;
    printf("\n%-20s %9s %8s %8s %10s %18s\n", "", "accuracy", "spread", "worst", "undecided", "right of decided");
    for (uint32_t m = 0; m < CROWD_METHODS; m++) {
        if (m == CROWD_PANEL && !has_panel) continue;
        double mean = sums[m].right / count;
        double spread = sqrt(fmax(0, sums[m].squares / count - mean * mean));
        printf("%-20s %9.3f %8.3f %8.3f %9.1f%%", crowd_method_name((enum crowd_method)m), mean, spread,
               sums[m].worst, 100 * (1 - sums[m].decided / count));
        if (sums[m].decided_tasks > 0) {
            printf(" %18.3f\n", sums[m].decided_right / sums[m].decided_tasks);
        } else {
            printf(" %18s\n", "-");
        }
    }
}

static int judge(const struct invocation *invocation, const struct crowd *crowd, struct crowd_setting setting,
                 uint64_t seeds) {
    struct sums sums[CROWD_METHODS];
    for (uint32_t m = 0; m < CROWD_METHODS; m++) sums[m] = (struct sums){.worst = 1};
    struct progress progress = progress_begin("seeds", seeds);
    for (uint64_t s = 0; s < seeds; s++, setting.seed++) {
        struct crowd_score scores[CROWD_METHODS];
        enum status status = crowd_run(crowd, &setting, scores);
        if (status != STATUS_OK) {
            progress_end(&progress);
            return command_refuse(invocation, status_name(status), "more answers than a calibration takes: %s",
                                  status_text(status));
        }
        for (uint32_t m = 0; m < CROWD_METHODS; m++) add_score(&scores[m], &sums[m]);
        progress_at(&progress, s + 1);
    }
    progress_end(&progress);
    print_scores(sums, seeds, crowd_fits_family(crowd));
    return COMMAND_DONE;
}

static int run_labels(const struct invocation *invocation) {
    uint64_t seeds, adversaries, canaries;
    struct crowd_setting setting = {0};
    struct labels labels;
    if (!option_given(invocation, OPTION_LABELS) || !option_given(invocation, OPTION_TRUTH))
        return command_misuse(invocation,
                              "--labels and --truth belong together; --adversaries and --canaries need them");
    int code = option_number(invocation, OPTION_SEEDS, 1, SEEDS_MAX, 10, &seeds);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_SEED, 0, UINT32_MAX, 1, &setting.seed);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_ADVERSARIES, 0, 100, 0, &adversaries);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_CANARIES, 0, 100, 0, &canaries);
    if (code == COMMAND_DONE && adversaries > LAB_PERCENT_MAX) code = refuse_fraction(invocation, "adversaries");
    if (code == COMMAND_DONE)
        code = labels_read(invocation, invocation->values[OPTION_LABELS], invocation->values[OPTION_TRUTH], &labels);
    if (code != COMMAND_DONE) return code;
    setting.percent = (uint32_t)adversaries;
    setting.canaries = (uint32_t)canaries;
    const struct crowd *crowd = &labels.crowd;
    printf("%" PRIu64 " answers of %u people to %u tasks, %u labels\n", labels.answers, crowd->people, crowd->tasks,
           crowd->labels);
    printf("%u people replaced by liars with one story, %u tasks canaries, %" PRIu64 " seeds\n",
           crowd->people * setting.percent / 100, (uint32_t)((uint64_t)crowd->tasks * canaries / 100), seeds);
    printf(crowd_fits_family(crowd)
               ? "judged as a family of the machine\n"
               : "judged by the calibration alone: too large for a family, or without a quorum on every task\n");
    code = judge(invocation, crowd, setting, seeds);
    labels_free(&labels);
    return code;
}

static int run(const struct invocation *invocation) {
    static const uint32_t of_labels[] = {OPTION_LABELS, OPTION_TRUTH, OPTION_ADVERSARIES, OPTION_CANARIES};
    for (size_t i = 0; i < sizeof of_labels / sizeof *of_labels; i++) {
        if (option_given(invocation, of_labels[i])) return run_labels(invocation);
    }
    return option_given(invocation, OPTION_CHECK) ? run_check(invocation) : run_sweep(invocation);
}

const struct command command_lab = {
    .name = "lab",
    .arguments = "",
    .help = "Let liars loose on the belief, and measure",
    .more = "Evidence is drawn from a seed, some members lie in the way that an attack says, knowing all that honest "
            "members "
            "will say; the real machine decides, suspects and weighs. Beside it the same reports go through a plain "
            "sum, a "
            "median, a trimmed mean and the location without weights. With --labels real answers are judged instead.",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 0,
    .json = false,
    .run = run,
};
