/* Scripts: a scenario in a few lines, its trace as the outcome (tests/scenario). One command a line, '#' begins a comment:
 *
 *     members N [threshold a/b] [seed S] [network lan|wan|calm-wan] [every T]
 *                                           first; makes the world; every: everybody submits with this mean pause
 *     run T                                 T as 500ms or 3s
 *     ask M TITLE [T]                       member M asks a question, which closes after T
 *     tell M OBSERVATION LLR                member M tells about the newest question, whole nats
 *     crash M | restart M | forget M        forget: restart without its ledger
 *     cut M M .. | M M ..                   frames cross only within a side
 *     block A B | unblock A B               one direction
 *     flap T FOR M M .. | M M ..             the same cut comes and goes every T, for so long
 *     heal                                  whole again, nothing is lost
 *     lose KIND A B | carry KIND A B        frames of this kind from A to B, '*' is everybody; losses.c has the kinds
 *     watch votes|sent|nothing              what the trace tells of the agreement: sim_watch of sim.h
 *     clock M T                             M's wall clock steps by T, may be negative
 *     fault KIND M T [AMOUNT]               one of the faults below strikes M and is put right after T
 *     lie M ATTACK                          from now on M lies (sim/attacks)
 *     settle [T]                            heals, restarts, waits until everybody agrees on everything
 *     show                                  one line a member
 *     expect heights OP N                   OP is >=, = or <=; a failed expectation fails the script
 *     expect proofs OP N                    members that have a proof against a liar
 *     expect certified OP N                 the highest height that an honest member has certified
 *     expect provisional OP N               verdicts that some honest member has and none has certified
 *     expect uncovered OP N                 verdicts that some honest member has and not all have certified
 *     expect backlog OP N                   the most batches that an honest member has written and not executed
 *     expect threshold a/b                  in force at the highest final height
 *     await T WHAT OP N                     runs until that is met, which takes T at most, and says how long it took
 *     idle                                  after settle: nobody says anything but heartbeats
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

enum { LINE_BYTES = 1024, WORDS_MAX = 160 };
#define AWAIT_STEP_US UINT64_C(10000)

struct runner {
    struct sim *sim;
    struct sim_config config;
    const struct sim_disk *disk;
    FILE *out;
    const char *words[WORDS_MAX];
    uint32_t count;
};

static uint32_t member_of(const struct runner *r, uint32_t at) {
    if (at >= r->count) return UINT32_MAX;
    unsigned long value = strtoul(r->words[at], NULL, 10);
    return value < r->config.members ? (uint32_t)value : UINT32_MAX;
}

/* Microseconds of "500ms", "3s", "-1h"; false for anything else. */
static bool time_of(const char *text, int64_t *ret_us) {
    char *end;
    long long value = strtoll(text, &end, 10);
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (end == text || strcmp(end, units[i].unit) != 0) continue;
        *ret_us = value * units[i].us;
        return true;
    }
    return false;
}

/* One option of `members` and its value. */
static bool take_option(struct sim_config *config, const char *name, const char *value) {
    int64_t us;
    if (strcmp(name, "seed") == 0) {
        config->seed = strtoull(value, NULL, 10);
        return true;
    }
    if (strcmp(name, "threshold") == 0) return threshold_parse(slice_of_text(value), &config->threshold) == STATUS_OK;
    if (strcmp(name, "network") == 0) {
        config->network = strcmp(value, "wan") == 0        ? NETWORK_WAN
                          : strcmp(value, "calm-wan") == 0 ? NETWORK_CALM_WAN
                                                           : NETWORK_LAN;
        return config->network != NETWORK_LAN || strcmp(value, "lan") == 0;
    }
    if (strcmp(name, "every") != 0 || !time_of(value, &us) || us < 1) return false;
    config->submit_every_us = (uint64_t)us;
    return true;
}

static bool do_members(struct runner *r) {
    if (r->sim != NULL || r->count < 2 || r->count % 2 != 0) return false;
    r->config.members = (uint32_t)strtoul(r->words[1], NULL, 10);
    for (uint32_t i = 2; i < r->count; i += 2) {
        if (!take_option(&r->config, r->words[i], r->words[i + 1])) return false;
    }
    if (r->config.members < MEMBERS_MIN || r->config.members > MEMBERS_MAX) return false;
    r->config.trace = r->out;
    r->sim = sim_open(&r->config, r->disk);
    return true;
}

static bool do_run(struct runner *r) {
    int64_t us;
    return r->count == 2 && time_of(r->words[1], &us) && us >= 0 &&
           sim_run_until(r->sim, sim_now(r->sim) + (uint64_t)us);
}

static bool say(struct runner *r, enum status status) {
    if (status != STATUS_OK) fprintf(r->out, "refused: %s\n", status_text(status));
    return true;
}

static bool do_ask(struct runner *r) {
    uint32_t m = member_of(r, 1);
    int64_t us = 0;
    if (m == UINT32_MAX || r->count < 3 || r->count > 4) return false;
    if (r->count == 4 && (!time_of(r->words[3], &us) || us < 0)) return false;
    return say(r, sim_ask(r->sim, m, r->words[2], (uint64_t)us));
}

static bool do_tell(struct runner *r) {
    uint32_t m = member_of(r, 1);
    if (m == UINT32_MAX || r->count != 4) return false;
    return say(r, sim_tell(r->sim, m, r->words[2], strtoll(r->words[3], NULL, 10) * QUANTA_PER_NAT));
}

static bool do_crash(struct runner *r) {
    uint32_t m = member_of(r, 1);
    if (m == UINT32_MAX) return false;
    sim_crash(r->sim, m);
    return true;
}

static bool do_restart(struct runner *r) {
    uint32_t m = member_of(r, 1);
    if (m == UINT32_MAX) return false;
    sim_restart(r->sim, m, strcmp(r->words[0], "forget") == 0 ? START_FORGOTTEN : START_KEPT);
    return true;
}

/* "0 1 | 2 3" from word `at` on. */
static bool sides_of(const struct runner *r, uint32_t at, uint8_t *ret_side) {
    uint8_t current = 0;
    for (uint32_t i = at; i < r->count; i++) {
        uint32_t m = member_of(r, i);
        if (strcmp(r->words[i], "|") == 0) {
            current++;
        } else if (m == UINT32_MAX) {
            return false;
        } else {
            ret_side[m] = current;
        }
    }
    return true;
}

static bool do_cut(struct runner *r) {
    uint8_t side[MEMBERS_MAX] = {0};
    if (!sides_of(r, 1, side)) return false;
    sim_cut(r->sim, side);
    return true;
}

/* "flap 2s 60s 0 1 2 | 3" */
static bool do_flap(struct runner *r) {
    uint8_t side[MEMBERS_MAX] = {0};
    int64_t every_us, for_us;
    if (r->count < 4 || !time_of(r->words[1], &every_us) || !time_of(r->words[2], &for_us)) return false;
    if (every_us <= 0 || for_us <= 0 || !sides_of(r, 3, side)) return false;
    for (int64_t at_us = 0; at_us < for_us; at_us += 2 * every_us) {
        sim_cut(r->sim, side);
        if (!sim_run_until(r->sim, sim_now(r->sim) + (uint64_t)every_us)) return false;
        sim_heal(r->sim);
        if (!sim_run_until(r->sim, sim_now(r->sim) + (uint64_t)every_us)) return false;
    }
    return true;
}

static bool do_block(struct runner *r) {
    uint32_t a = member_of(r, 1), b = member_of(r, 2);
    if (a == UINT32_MAX || b == UINT32_MAX) return false;
    sim_block_link(r->sim, a, b, strcmp(r->words[0], "block") == 0);
    return true;
}

/* "lose nullify 0 *" */
static bool do_lose(struct runner *r) {
    bool lost = strcmp(r->words[0], "lose") == 0;
    if (r->count != 4) return false;
    bool all_from = strcmp(r->words[2], "*") == 0, all_to = strcmp(r->words[3], "*") == 0;
    uint32_t a = member_of(r, 2), b = member_of(r, 3);
    if ((a == UINT32_MAX && !all_from) || (b == UINT32_MAX && !all_to)) return false;
    for (uint32_t from = 0; from < r->config.members; from++) {
        for (uint32_t to = 0; to < r->config.members; to++) {
            bool meant = (all_from || from == a) && (all_to || to == b);
            if (meant && !sim_lose(r->sim, r->words[1], from, to, lost)) return false;
        }
    }
    return true;
}

static bool do_watch(struct runner *r) {
    static const char *const names[] = {[WATCH_NOTHING] = "nothing", [WATCH_VOTES] = "votes", [WATCH_SENT] = "sent"};
    for (int watch = WATCH_NOTHING; watch <= WATCH_SENT && r->count == 2; watch++) {
        if (strcmp(names[watch], r->words[1]) != 0) continue;
        sim_watch(r->sim, (enum sim_watch)watch);
        return true;
    }
    return false;
}

static bool do_heal(struct runner *r) {
    sim_lose_nothing(r->sim);
    sim_heal(r->sim);
    return true;
}

static bool do_clock(struct runner *r) {
    int64_t us;
    uint32_t m = member_of(r, 1);
    if (m == UINT32_MAX || r->count != 3 || !time_of(r->words[2], &us)) return false;
    sim_step_clock(r->sim, m, us);
    return true;
}

static bool do_fault(struct runner *r) {
    static const char *const names[FAULT_KINDS] = {[FAULT_CRASH] = "crash",
                                                   [FAULT_CRASH_WRITE] = "crash-at-write",
                                                   [FAULT_CRASH_TORN] = "torn",
                                                   [FAULT_CRASH_SENT] = "unsent",
                                                   [FAULT_FORGET] = "forget",
                                                   [FAULT_OLD_COPY] = "old-copy",
                                                   [FAULT_FLIP] = "flip",
                                                   [FAULT_IO] = "io",
                                                   [FAULT_FULL] = "full",
                                                   [FAULT_CUT] = "cut",
                                                   [FAULT_BRIDGE] = "bridge",
                                                   [FAULT_ONE_WAY] = "one-way",
                                                   [FAULT_CLOCK_STEP] = "clock-step",
                                                   [FAULT_CLOCK_DRIFT] = "clock-drift"};
    struct sim_fault fault = {.member = member_of(r, 2), .amount = 1, .dice = r->config.seed * 2 + 1};
    int64_t us;
    if (r->count < 4 || fault.member == UINT32_MAX || !time_of(r->words[3], &us) || us < 0) return false;
    fault.for_us = (uint64_t)us;
    if (r->count > 4 && !time_of(r->words[4], &fault.amount)) fault.amount = strtoll(r->words[4], NULL, 10);
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        if (strcmp(r->words[1], names[kind]) != 0) continue;
        fault.kind = (enum sim_fault_kind)kind;
        sim_fault(r->sim, &fault);
        return true;
    }
    return false;
}

static bool do_lie(struct runner *r) {
    uint32_t m = member_of(r, 1);
    return m != UINT32_MAX && r->count == 3 && sim_corrupt(r->sim, m, r->words[2]);
}

static bool do_idle(struct runner *r) { return sim_idle(r->sim); }

static bool do_settle(struct runner *r) {
    int64_t us = 60000000;
    if (r->count > 1 && !time_of(r->words[1], &us)) return false;
    sim_lose_nothing(r->sim);
    return sim_settle(r->sim, (uint64_t)us);
}

/* Nothing while all is as it should be. */
static void show_partition(const struct runner *r, struct replica *replica, uint32_t member,
                           struct threshold threshold) {
    struct replica_reach reach;
    enum level committed = machine_member(replica_machine(replica), member).level;
    replica_reach(replica, &reach);
    if (reach.level != LEVEL_CONNECTED) fprintf(r->out, " %s", level_name(reach.level));
    if (reach.level != committed) fprintf(r->out, ", committed %s", level_name(committed));
    if (threshold_compare(threshold, r->sim->config.threshold) != 0)
        fprintf(r->out, " threshold %u/%u", threshold.numerator, threshold.denominator);
    fprintf(r->out, "\n");
}

static bool do_show(struct runner *r) {
    for (uint32_t m = 0; m < r->config.members; m++) {
        struct replica *replica = sim_replica(r->sim, m);
        if (replica == NULL) {
            fprintf(r->out, "m%u is down\n", m);
            continue;
        }
        struct replica_status s;
        char root[17];
        replica_status(replica, &s);
        bytes_to_hex(s.checkpoint.root.bytes, 8, root);
        fprintf(r->out, "m%u view %" PRIu64 " height %" PRIu64 " certified %" PRIu64 " root %s%s", m, s.view,
                s.checkpoint.height, s.certified_height, root, s.recovering ? " recovering" : "");
        show_partition(r, replica, m, s.checkpoint.threshold);
    }
    return true;
}

static uint64_t heights(const struct sim *sim) { return sim->finals_count; }
static uint64_t proofs(const struct sim *sim) { return sim->report.proofs; }

static uint64_t certified(const struct sim *sim) {
    uint64_t highest = 0;
    for (uint32_t m = 0; m < sim->config.members; m++) {
        struct replica_status status;
        if (sim->liar[m] || sim->members[m].replica == NULL) continue;
        replica_status(sim->members[m].replica, &status);
        highest = num_max_u64(highest, status.certified_height);
    }
    return highest;
}

static uint64_t least_certified(const struct sim *sim) {
    uint64_t lowest = UINT64_MAX;
    for (uint32_t m = 0; m < sim->config.members; m++) {
        struct replica_status status;
        if (sim->liar[m] || sim->members[m].replica == NULL) continue;
        replica_status(sim->members[m].replica, &status);
        lowest = num_min_u64(lowest, status.certified_height);
    }
    return lowest == UINT64_MAX ? 0 : lowest;
}

/* Verdicts of the honest member that has most, that a certificate of this height does not cover. */
static uint64_t verdicts_past(const struct sim *sim, uint64_t height) {
    uint64_t size = height == 0 ? 1 : sim->finals[height - 1].size;
    uint64_t most = 0;
    for (uint32_t m = 0; m < sim->config.members; m++) {
        uint64_t count = 0, leaf;
        if (sim->liar[m] || sim->members[m].replica == NULL) continue;
        const struct machine *machine = replica_machine(sim->members[m].replica);
        for (uint64_t q = 0; q < machine_questions_count(machine); q++)
            count += machine_verdict_index(machine, q, &leaf) == STATUS_OK && leaf >= size;
        most = num_max_u64(most, count);
    }
    return most;
}

static uint64_t provisional(const struct sim *sim) { return verdicts_past(sim, certified(sim)); }
static uint64_t uncovered(const struct sim *sim) { return verdicts_past(sim, least_certified(sim)); }

static uint64_t backlog(const struct sim *sim) {
    uint64_t most = 0;
    for (uint32_t m = 0; m < sim->config.members; m++) {
        struct replica_status status;
        if (sim->liar[m] || sim->members[m].replica == NULL) continue;
        replica_status(sim->members[m].replica, &status);
        most = num_max_u64(most, status.outstanding);
    }
    return most;
}

static bool expect_threshold(const struct runner *r) {
    struct threshold wanted;
    if (r->count != 3 || threshold_parse(slice_of_text(r->words[2]), &wanted) != STATUS_OK) return false;
    struct threshold is =
        r->sim->finals_count == 0 ? r->sim->config.threshold : r->sim->finals[r->sim->finals_count - 1].threshold;
    if (threshold_compare(is, wanted) == 0) return true;
    fprintf(r->out, "EXPECTED threshold %s, it is %u/%u\n", r->words[2], is.numerator, is.denominator);
    return false;
}

/* WHAT OP N from word `at` on. False: not understood. */
static bool compare(const struct runner *r, uint32_t at, uint64_t *ret_is, bool *ret_met) {
    static const struct {
        const char *what;
        uint64_t (*count)(const struct sim *sim);
    } counts[] = {{"heights", heights},         {"proofs", proofs},       {"certified", certified},
                  {"provisional", provisional}, {"uncovered", uncovered}, {"backlog", backlog}};
    if (r->count != at + 3) return false;
    const char *op = r->words[at + 1];
    uint64_t wanted = strtoull(r->words[at + 2], NULL, 10);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (strcmp(r->words[at], counts[i].what) != 0) continue;
        *ret_is = counts[i].count(r->sim);
        *ret_met = strcmp(op, ">=") == 0   ? *ret_is >= wanted
                   : strcmp(op, "<=") == 0 ? *ret_is <= wanted
                                           : *ret_is == wanted;
        return true;
    }
    return false;
}

static bool do_expect(struct runner *r) {
    uint64_t is;
    bool met;
    if (r->count >= 2 && strcmp(r->words[1], "threshold") == 0) return expect_threshold(r);
    if (!compare(r, 1, &is, &met)) return false;
    if (!met)
        fprintf(r->out, "EXPECTED %s %s %s, there are %" PRIu64 "\n", r->words[1], r->words[2], r->words[3], is);
    return met;
}

static bool do_await(struct runner *r) {
    int64_t us;
    uint64_t is, began_us = sim_now(r->sim);
    bool met = false;
    if (r->count != 5 || !time_of(r->words[1], &us) || us < 0 || !compare(r, 2, &is, &met)) return false;
    while (!met && sim_now(r->sim) < began_us + (uint64_t)us) {
        if (!sim_run_until(r->sim, sim_now(r->sim) + AWAIT_STEP_US)) return false;
        compare(r, 2, &is, &met);
    }
    fprintf(r->out, "%s %" PRIu64 " ms, %s is %" PRIu64 "\n", met ? "after" : "NOT WITHIN",
            (sim_now(r->sim) - began_us) / 1000, r->words[2], is);
    return met;
}

static const struct {
    const char *name;
    bool (*run)(struct runner *runner);
} commands[] = {{"members", do_members}, {"run", do_run},         {"ask", do_ask},        {"tell", do_tell},
                {"crash", do_crash},     {"restart", do_restart}, {"forget", do_restart}, {"cut", do_cut},
                {"block", do_block},     {"unblock", do_block},   {"heal", do_heal},      {"clock", do_clock},
                {"fault", do_fault},     {"lie", do_lie},         {"settle", do_settle},  {"idle", do_idle},
                {"show", do_show},       {"expect", do_expect},   {"lose", do_lose},      {"carry", do_lose},
                {"watch", do_watch},     {"flap", do_flap},       {"await", do_await}};

static bool run_line(struct runner *r, char *line) {
    line[strcspn(line, "#\n")] = '\0';
    r->count = 0;
    for (char *save, *word = strtok_r(line, " \t", &save); word != NULL && r->count < WORDS_MAX;
         word = strtok_r(NULL, " \t", &save))
        r->words[r->count++] = word;
    if (r->count == 0) return true;
    if (r->sim == NULL && strcmp(r->words[0], "members") != 0) return false;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, r->words[0]) == 0) return commands[i].run(r);
    }
    return false;
}

bool sim_script(FILE *script, FILE *out, const struct sim_disk *disk) {
    struct runner runner = {.config = {.seed = 1}, .disk = disk, .out = out};
    char line[LINE_BYTES];
    bool good = true;
    for (uint32_t number = 1; good && fgets(line, sizeof line, script) != NULL; number++) {
        fprintf(out, "> %s", line);
        good = run_line(&runner, line) && (runner.sim == NULL || runner.sim->report.violation == NULL);
        if (!good) fprintf(out, "line %u failed\n", number);
    }
    sim_close(runner.sim);
    return good;
}
