/* credimus sim: a whole group in one process, with a virtual network and clock. One seed is one history. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/canary.h"
#include "base/limits.h"
#include "cmd/command.h"
#include "cmd/memory_disk.h"
#include "cmd/options.h"
#include "sim/sim.h"

enum {
    OPTION_MEMBERS,
    OPTION_SEED,
    OPTION_SEEDS,
    OPTION_SECONDS,
    OPTION_VIEWS,
    OPTION_FAULTS,
    OPTION_LOSS,
    OPTION_NETWORK,
    OPTION_EVERY,
    OPTION_CHANGES,
    OPTION_BYZANTINE,
    OPTION_ATTACK,
    OPTION_ONLY,
    OPTION_SHRINK,
    OPTION_TRACE,
    OPTION_SCRIPT,
#ifdef CREDIMUS_CANARIES
    OPTION_CANARY,
#endif
};
enum { MEMBERS_DEFAULT = 4, SEED_DEFAULT = 1, SECONDS_DEFAULT = 60, LOSS_DEFAULT = 20, EVERY_DEFAULT_MS = 1000 };
enum { SECONDS_MAX = 1000000, SEEDS_MAX = 1000000 };

static const struct option_spec options[] = {
    {"members", "N", "4 to 256 (default 4)", 0},
    {"seed", "S", "the same seed gives the same run (default 1)", 0},
    {"seeds", "N", "run so many seeds, from that one on (default 1)", 0},
    {"seconds", "T", "virtual seconds to run before everything is healed (default 60)", 0},
    {"views", "V", "stop earlier, at this height", 0},
    {"faults", "N", "faults a minute: crashes, disks, cuts, clocks; frames are lost, doubled and reordered, too", 0},
    {"loss", "N", "frames lost of a thousand, while there are faults (default 20)", 0},
    {"network", "lan|wan", "delays of one hall, or of five regions of the world (default lan)", 0},
    {"every", "MS", "mean pause of a member between two submissions (default 1000)", 0},
    {"changes", "N", "times a minute that the honest members end the epoch, for another threshold or key (default 0)",
     0},
    {"byzantine", "K", "so many members lie (default 0)", 0},
    {"attack", "NAME", "how they lie (default mix: now so, now so)", 0},
    {"only", "I,J...", "of the faults of this seed only these; a failure says which suffice", 0},
    {"shrink", "RUNS", "runs to spend on finding the faults that suffice for a failure (default 200)", 0},
    {"trace", NULL, "a line for each final height, fault and refusal", 0},
    {"script", "FILE", "run a scenario instead (tests/scenario has some)", 0},
#ifdef CREDIMUS_CANARIES
    {"canary", "NAME", "plant this bug (src/base/canary.h)", 0},
#endif
    {0},
};

static int run_script(const char *path) {
    FILE *script = fopen(path, "r");
    if (script == NULL) {
        fprintf(stderr, "credimus sim: %s can't be opened\n", path);
        return COMMAND_REFUSED;
    }
    bool good = sim_script(script, stdout, memory_disk());
    fclose(script);
    return good ? COMMAND_DONE : COMMAND_REFUSED;
}

/* --- what a run came to --- */

static void print_json(const struct sim_report *report, uint64_t seed, const char *root) {
    printf("{\"seed\": %" PRIu64 ", \"ok\": %s, \"violation\": \"%s\", \"virtual_us\": %" PRIu64
           ", \"events\": %" PRIu64 ", \"frames\": %" PRIu64 ", \"heights\": %" PRIu64 ", \"submitted\": %" PRIu64
           ", \"nullified\": %" PRIu64 ", \"faults\": %" PRIu64 ", \"crashes\": %" PRIu64 ", \"lies\": %" PRIu64
           ", \"proofs\": %" PRIu64 ", \"settled_views\": %" PRIu64 ", \"root\": \"%s\"}\n",
           seed, report->violation == NULL ? "true" : "false", report->violation != NULL ? report->violation : "",
           report->virtual_us, report->events, report->frames, report->heights, report->submitted, report->nullified,
           report->faults, report->crashes, report->lies, report->proofs, report->settled_views, root);
    fflush(stdout); /* so that whoever reads along knows which seed comes next */
}

static void print_text(const struct sim_report *report, uint64_t seed, const char *root) {
    printf("seed %" PRIu64 ": %s\n", seed, report->violation == NULL ? "nothing went wrong" : report->violation);
    if (report->violation != NULL) printf("  %s\n", report->detail);
    printf("  %.1f virtual seconds, %" PRIu64 " events, %" PRIu64 " frames\n", (double)report->virtual_us / 1e6,
           report->events, report->frames);
    printf("  %" PRIu64 " heights, %" PRIu64 " items submitted, %" PRIu64 " views nullified\n", report->heights,
           report->submitted, report->nullified);
    printf("  %" PRIu64 " faults, %" PRIu64 " crashes, %" PRIu64 " lies, %" PRIu64 " proofs, settled in %" PRIu64
           " views\n",
           report->faults, report->crashes, report->lies, report->proofs, report->settled_views);
    printf("  root of the last height: %s\n", root);
}

static void print(const struct sim_report *report, uint64_t seed, bool json) {
    char root[2 * HASH_BYTES + 1];
    bytes_to_hex(report->root.bytes, HASH_BYTES, root);
    if (json) {
        print_json(report, seed, root);
    } else {
        print_text(report, seed, root);
    }
}

/* An invariant of the code that breaks ends the process: then the seed is all there is to say. The words are made before, because a signal
 * handler may do next to nothing. */
static char last_words[64];
static size_t last_words_bytes;

static void say_seed(int signal_number) {
    ssize_t written = write(STDERR_FILENO, last_words, last_words_bytes);
    (void)written;
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void remember_seed(uint64_t seed) {
    int length = snprintf(last_words, sizeof last_words, "credimus sim: seed %" PRIu64 " broke an invariant\n", seed);
    last_words_bytes = length > 0 ? (size_t)length : 0;
    (void)signal(SIGABRT, say_seed);
}

/* --- schedules --- */

/* The faults that the seed draws. Returns how many. */
static uint32_t drawn(const struct sim_config *config, struct sim_fault *ret_faults) {
    uint32_t count;
    struct sim_config quiet = *config;
    quiet.trace = NULL;
    struct sim *sim = sim_open(&quiet, memory_disk());
    const struct sim_fault *faults = sim_schedule_of(sim, &count);
    memcpy(ret_faults, faults, count * sizeof *faults);
    sim_close(sim);
    return count;
}

/* Keeps the faults whose numbers the list names. False: the list can't be read. */
static bool keep_only(const char *list, struct sim_fault *faults, uint32_t *count) {
    uint32_t kept = 0;
    for (const char *at = list; *at != '\0';) {
        char *end;
        unsigned long number = strtoul(at, &end, 10);
        if (end == at || number >= *count || number < kept) return false;
        faults[kept++] = faults[number];
        at = *end == ',' ? end + 1 : end;
        if (*end != ',' && *end != '\0') return false;
    }
    *count = kept;
    return true;
}

/* Says which faults suffice for the failure, and how to see it again. */
static void explain(const struct sim_config *config, const struct sim_report *report, uint32_t runs) {
    static struct sim_fault faults[SIM_FAULTS_MAX];
    static uint32_t which[SIM_FAULTS_MAX];
    uint32_t count = drawn(config, faults);
    uint32_t left = sim_shrink(config, memory_disk(), report->violation, faults, which, count, runs);
    fprintf(stderr, "of %" PRIu32 " faults these suffice:\n", count);
    for (uint32_t i = 0; i < left; i++) sim_fault_print(stderr, &faults[i]);
    fprintf(stderr, "again, with a trace: add --trace --only '");
    for (uint32_t i = 0; i < left; i++) fprintf(stderr, "%s%" PRIu32, i > 0 ? "," : "", which[i]);
    fprintf(stderr, "'\n");
}

/* --- the command --- */

static int number(const struct invocation *invocation, uint32_t option, uint64_t low, uint64_t high,
                  uint64_t otherwise, uint64_t *ret_number, int code) {
    return code != COMMAND_DONE ? code : option_number(invocation, option, low, high, otherwise, ret_number);
}

static int read_config(const struct invocation *invocation, struct sim_config *ret_config, uint64_t *ret_runs) {
    static const char *const networks[] = {"lan", "wan", NULL};
    const char *network = "lan";
    uint64_t members, seconds, faults, loss, every, changes, byzantine;
    struct sim_config *c = ret_config;
    int code = number(invocation, OPTION_MEMBERS, MEMBERS_MIN, MEMBERS_MAX, MEMBERS_DEFAULT, &members, COMMAND_DONE);
    code = number(invocation, OPTION_SEED, 0, UINT64_MAX, SEED_DEFAULT, &c->seed, code);
    code = number(invocation, OPTION_SECONDS, 1, SECONDS_MAX, SECONDS_DEFAULT, &seconds, code);
    code = number(invocation, OPTION_VIEWS, 0, UINT32_MAX, 0, &c->heights, code);
    code = number(invocation, OPTION_FAULTS, 0, 60000, 0, &faults, code);
    code = number(invocation, OPTION_LOSS, 0, 1000, LOSS_DEFAULT, &loss, code);
    code = number(invocation, OPTION_EVERY, 0, 3600000, EVERY_DEFAULT_MS, &every, code);
    code = number(invocation, OPTION_CHANGES, 0, 600, 0, &changes, code);
    code = number(invocation, OPTION_SHRINK, 0, 100000, 200, ret_runs, code);
    if (code == COMMAND_DONE) code = number(invocation, OPTION_BYZANTINE, 0, members - 1, 0, &byzantine, code);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_NETWORK, networks, "lan", &network);
    if (code != COMMAND_DONE) return code;
    c->members = (uint32_t)members;
    c->run_us = seconds * 1000000;
    c->network = strcmp(network, "wan") == 0 ? NETWORK_WAN : NETWORK_LAN;
    c->submit_every_us = every * 1000;
    c->changes = (uint32_t)changes;
    c->byzantine = (uint32_t)byzantine;
    c->attack = option_text(invocation, OPTION_ATTACK, NULL);
    c->trace = option_given(invocation, OPTION_TRACE) ? stdout : NULL;
    if (faults > 0)
        c->faults = (struct sim_faults){.loss_thousandths = (uint32_t)loss,
                                        .duplicate_thousandths = 10,
                                        .reorder_thousandths = 10,
                                        .per_minute = (uint32_t)faults};
    return COMMAND_DONE;
}

static bool attack_known(const char *attack) {
    const char *name;
    for (uint32_t i = 0; (name = sim_attack_name(i, NULL)) != NULL; i++) {
        if (strcmp(name, attack) == 0) return true;
    }
    return false;
}

static int refuse_attack(const struct invocation *invocation, const char *attack) {
    const char *text, *name;
    for (uint32_t i = 0; (name = sim_attack_name(i, &text)) != NULL; i++) fprintf(stderr, "%-24s %s\n", name, text);
    return command_misuse(invocation, "there is no attack \"%s\"", attack);
}

/* One seed after another. All of them are run, whatever the earlier ones came to. */
static bool run_seeds(struct sim_config *config, uint64_t seeds, uint64_t runs, bool json) {
    bool all_good = true;
    for (; seeds > 0; seeds--, config->seed++) {
        struct sim_report report;
        remember_seed(config->seed);
        bool good = sim_run(config, memory_disk(), &report);
        print(&report, config->seed, json);
        if (!good && config->schedule == NULL && runs > 0) explain(config, &report, (uint32_t)runs);
        all_good = all_good && good;
    }
    return all_good;
}

static int run(const struct invocation *invocation) {
    static struct sim_fault faults[SIM_FAULTS_MAX];
    struct sim_config config = {0};
    uint64_t seeds, runs;
#ifdef CREDIMUS_CANARIES
    const char *canary = option_text(invocation, OPTION_CANARY, NULL);
    if (canary != NULL && !canary_plant(canary))
        return command_misuse(invocation, "there is no canary \"%s\"", canary);
#endif
    if (option_given(invocation, OPTION_SCRIPT)) return run_script(invocation->values[OPTION_SCRIPT]);
    int code = read_config(invocation, &config, &runs);
    code = number(invocation, OPTION_SEEDS, 1, SEEDS_MAX, 1, &seeds, code);
    if (code != COMMAND_DONE) return code;
    if (config.attack != NULL && strcmp(config.attack, "mix") == 0) config.attack = NULL;
    if (config.attack != NULL && !attack_known(config.attack)) return refuse_attack(invocation, config.attack);
    if (option_given(invocation, OPTION_ONLY)) {
        if (seeds > 1) return command_misuse(invocation, "--only is about one seed");
        remember_seed(config.seed);
        config.schedule_count = drawn(&config, faults);
        if (!keep_only(invocation->values[OPTION_ONLY], faults, &config.schedule_count))
            return command_misuse(invocation, "--only names faults by number, ascending");
        config.schedule = faults;
    }
    return run_seeds(&config, seeds, runs, invocation->json) ? COMMAND_DONE : COMMAND_REFUSED;
}

const struct command command_sim = {
    .name = "sim",
    .arguments = "",
    .help = "Run a group in a simulated world and check what it agreed on",
    .more =
        "Time is virtual, members are the real replica code, disks and network are simulated. In the end everything "
        "is healed, and everybody has to execute and certify everything. A failure names the seed that replays it "
        "and the faults that "
        "suffice for it.",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 0,
    .json = true,
    .run = run,
};
